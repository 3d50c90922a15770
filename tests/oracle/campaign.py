"""Random restores, planned and run by the program and by the second implementation.

    campaign.py                    as many cases as the environment asks for
    campaign.py SEED [COUNT]       these cases: one that differs tells how, and keeps its folder

Compared: units (verdict, error, members), file records, directories to be made; after the run
the destination's tree, statuses, exit code, and what the document says. VSSRESTORE_LONG=1: 2,000
cases; VSSRESTORE_SEED: where to begin.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "rules")]

from scenario import LONG, Failure, Scenario, expect, told_case  # noqa: E402
from harness import TRIM, run_cases  # noqa: E402
from chosen import Wrong  # noqa: E402
from made import GUID, Maker  # noqa: E402
from meant import node  # noqa: E402
from naive import expected  # noqa: E402
from stored import Documents, full_name  # noqa: E402
from windows import text_of  # noqa: E402

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
COUNT = 2000 if LONG else 30 if TRIM else 120
SHOWN_MAX = 12


def kind_of(path):
    return "link" if os.path.islink(path) else "folder" if os.path.isdir(path) else \
        "file" if os.path.isfile(path) else "other"


def content_of(path):
    if kind_of(path) == "file":
        with open(path, "rb") as opened:
            return opened.read()
    return os.readlink(path) if os.path.islink(path) else None


def nodes_of(tree):
    """All that stands on a Tree's volumes."""
    found = []
    for spec, top in tree.tops():
        found.append(node(spec, (), "folder"))
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                path = os.path.join(folder, name)
                below = os.fsdecode(os.path.relpath(path, top)).split("/")
                status = os.lstat(path)
                links = status.st_ino if status.st_nlink > 1 and kind_of(path) == "file" else None
                found.append(node(spec, below, kind_of(path), content_of(path), links))
    return found


def tree_of(top):
    """{name: (kind, what is below, or the content)}."""
    found = {}
    for name in os.listdir(top):
        path = os.path.join(top, name)
        kind = kind_of(path)
        found[os.fsdecode(name)] = (kind, tree_of(path) if kind == "folder" else content_of(path))
    return found


def volumes_of(tree, more=()):
    found = {spec: tree_of(top) for spec, top in tree.tops()}
    return {**{spec: {} for spec in more}, **found}


class Differences(list):
    def compare(self, what, found, wanted):
        if found != wanted:
            self.append(f"{what}\n    program {found!r}\n    second  {wanted!r}")

    def compare_sets(self, what, found, wanted):
        for word, rest in (("program only", found - wanted), ("second only", wanted - found)):
            self.extend(f"{what}, {word}: {item!r}" for item in sorted(rest, key=repr))


def compare_units(differences, units, wanted):
    differences.compare("units", [(u["writer"], u["logical_path"] or "", u["component"])
                                  for u in units],
                        [(u.writer, u.logical_path, u.component) for u in wanted])
    for u, w in zip(units, wanted):
        name = full_name(u["logical_path"], u["component"])
        if (u["error"] is not None) != bool(w.errors) or w.errors and u["error"] not in w.errors:
            differences.append(f"error of {name}: program {u['error']}, second {w.errors or None}"
                               f" ({u['rule']}: {u['detail']})")
        if u["verdict"] != w.verdict and not (w.errors and "METHOD_CUSTOM" in w.errors):
            differences.append(f"verdict of {name}: program {u['verdict']}, second {w.verdict}")
        if "WRITER_DOCUMENT_MISSING" not in w.errors:
            differences.compare(f"members of {name}", u["subcomponents"], w.subcomponents)
        differences.compare(f"involve_writer of {name}", u["involve_writer"], w.involve_writer)


def compare_plan(differences, plan, wanted):
    compare_units(differences, plan.units, wanted.units)
    plain = [r for r in plan.files if r["kind"] != "directory"]
    keys = ("unit", "kind", "component", "source", "dest", "place", "action")
    found = [tuple(r[key] for key in keys) for r in plain]
    meant = [tuple(getattr(r, key) for key in keys) for r in wanted.files]
    differences.compare_sets("record", set(found), set(meant))
    if sorted(found) == sorted(meant):
        differences.compare("order of records", found, meant)
    differences.compare_sets(
        "directory", {(r["unit"], r["dest"], r["place"]) for r in plan.files
                      if r["kind"] == "directory"},
        {(r.unit, r.dest, r.place) for r in wanted.folders})


def compare_document(differences, s, run, wanted):
    document = run.document
    if wanted.private: # nothing is recorded: the same bytes (T47)
        differences.compare("document of a private restore", document.bytes.decode(),
                            s.backups[-1].xml())
        return
    for entry in s.backups[-1].entries:
        element = document.entry(entry)
        unit = next((u for u in wanted.units
                     if u.writer == entry.component.writer.writer_id and
                     full_name(u.logical_path, u.component) == entry.component.full), None)
        name = entry.component.full
        told = unit is not None and unit.involve_writer
        status = "none" if told and (unit.errors or unit.partial) else "all" if told else None
        differences.compare(f"document: status of {name}", element.get("fileRestoreStatus"), status)
        differences.compare(f"document: selection of {name}", element.get("selectedForRestore"),
                            "yes" if told else None)
        used = [(m["path"], m["filespec"], m["recursive"] == "yes", m["alternatePath"])
                for m in document.children(entry, "ALTERNATE_LOCATION_MAPPING")]
        differences.compare(f"document: mappings of {name}", used,
                            unit.used if told and not unit.errors and not unit.partial else [])
        subs = [(m.get("logicalPath") or "", m["componentName"])
                for m in document.children(entry, "RESTORE_SUBCOMPONENT")]
        differences.compare(f"document: subcomponents of {name}", subs, unit.subs if told else [])


def compare_run(differences, s, run, wanted):
    units = run.summary["units"] if run.summary else []
    differences.compare("statuses", [(u["status"], u["error"] is None) for u in units],
                        [("NONE" if u.errors or u.partial else "ALL", not u.errors)
                         for u in wanted.units])
    code = 3 if any(u.errors for u in wanted.units) else \
        1 if any(u.partial or u.cycle_missed for u in wanted.units) else 0 # ruling 34
    differences.compare("exit code", run.exit, code)
    after = volumes_of(s.dest)
    differences.compare_sets("tree", set(paths_of(after)), set(paths_of(
        {volume: after.get(volume, {}) for volume in after} | wanted.tree)))
    compare_document(differences, s, run, wanted)


def shown(differences, seed, s):
    text = "\n  ".join(differences[:SHOWN_MAX])
    print(f"seed {seed}: {len(differences)} differences; kept: {os.fsdecode(s.folder)}\n"
          f"  {text}\n  {differences.call}")


def paths_of(tree):
    def walk(volume, names, above):
        for name, (kind, inside) in names.items():
            yield text_of((volume, (*above, name))), kind, None if kind == "folder" else inside
            if kind == "folder":
                yield from walk(volume, inside, (*above, name))
    for volume, names in tree.items():
        yield from walk(volume, names, ())


def one(s, seed):
    """The differences of one case."""
    differences = Differences()
    made = Maker(s, seed).make()
    media = s.pack(*(word for name, value in made.choices.captured.items()
                     for word in ("--env", f"{name}={value}")),
                   "--volume", os.fsencode(GUID + "\\=") + s.source.path("D:\\"))
    texts = [s.backups[-1].xml(), *(w.xml() for w in s.all_writers if w.has_document)]
    tree = {volume: names for volume, names in volumes_of(s.dest, more=made.volumes).items()
            if volume in made.volumes}
    plan = s.plan(media, *made.options)
    differences.call = plan.command
    try:
        # pack is told of D: first, by its other name
        wanted = expected(Documents(texts), nodes_of(s.source), ["D:", "C:"], tree, made.choices)
    except Wrong as error:
        # several things typed wrong: either may be named
        if plan.exit != 11 or not (made.choices.files or plan.told_of(*error.args)):
            differences.append(f"exit code: program {plan.exit}, second 11 {error}\n{plan.err}")
        return differences
    if plan.exit != 0:
        differences.append(f"plan: {plan.told()}")
        return differences
    compare_plan(differences, plan, wanted)
    if not differences:
        compare_run(differences, s, s.run(media, *made.options, "--durability", "none"), wanted)
    return differences


def case(seed):
    """True: no difference."""
    with Scenario() as s:
        try:
            differences = one(s, seed)
        except Exception as error:
            s.keep = True
            print(f"seed {seed}: {error!r}; kept: {os.fsdecode(s.folder)}")
            raise
        if differences:
            s.keep = True
            shown(differences, seed, s)
        return not differences


def both_implementations_agree(first, count):
    differing = [seed for seed in range(first, first + count) if not case(seed)]
    print(f"{count} cases, seeds {first} to {first + count - 1}, {len(differing)} differ")
    expect(not differing, f"seeds that differ: {differing}")


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]]
    first, count = (chosen + [1])[:2] if chosen else (SEED, COUNT)
    run_cases({"both_implementations_agree": told_case(
        lambda: both_implementations_agree(first, count))})
