"""Saved plans, in JSON lines as in the binary form: run, compared with what stands there now, and
distrusted.

Goal: `run --plan` does what `run SET` would have done; a unit whose answers have changed is refused
by name and the others restored; what another program wrote leads nowhere outside.
"""

import json
import os

from harness import Folder, expect, run_cases, vssrestore
from units import UNITS, make_set, rows_of

FILES = {name: (3, 1000) for name in UNITS}
# What the contract names, and no more: a plan that another front end wrote.
NAMED = {
    "plan": ("t", "v", "set", "set_path", "volumes", "units", "files", "bytes", "warnings"),
    "unit": ("t", "id", "writer", "instance", "writer_name", "logical_path", "component", "type",
             "subcomponents", "method", "target", "involve_writer", "verdict", "error", "rule",
             "files", "bytes"),
    "file": ("t", "unit", "component", "kind", "source", "dest", "path", "size", "place", "action",
             "ranges"),
    "end": ("t", "refused_units"),
}


def save_plan(folder, *options, form="lines"):
    options = options or ("--root", folder / "root")
    if form == "binary":
        vssrestore("plan", folder / "set", *options, "-o", folder / "plan")
    else:
        with open(folder / "plan", "wb") as out:
            out.write(vssrestore("plan", folder / "set", *options, "--jsonl").out)


def run_plan(folder, codes=(0,), run_dir="run"):
    return vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / run_dir, "--json",
                      codes=codes)


def edit_plan(folder, edit):
    """edit: a function from a record to a record, or None to leave it out."""
    with open(folder / "plan", encoding="utf-8") as lines:
        records = [edit(json.loads(line)) for line in lines]
    with open(folder / "plan", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(record) + "\n" for record in records if record is not None)


def restored(folder):
    found = {}
    for top, _, names in os.walk(folder / "root"):
        for name in names:
            with open(os.path.join(top, name), "rb") as content:
                found[os.path.relpath(os.path.join(top, name), folder / "root")] = content.read()
    return found


def sources(folder, units=UNITS):
    found = {}
    for unit in units:
        for name in os.listdir(folder / f"c/{unit}"):
            with open(folder / f"c/{unit}/{name.decode()}", "rb") as content:
                found[os.path.join(b"C", unit.encode(), name)] = content.read()
    return found


def a_plan_in_lines_runs_and_is_verified():
    with Folder() as folder:
        make_set(folder, FILES)
        save_plan(folder)
        summary = run_plan(folder).json()
        expect([unit["status"] for unit in summary["units"]] == ["ALL"] * 3, f"{summary}")
        expect(restored(folder) == sources(folder), "all is there")
        vssrestore("verify", "--plan", folder / "plan")
        with open(folder / "root/C/small/1", "ab") as changed:
            changed.write(b"!")
        result = vssrestore("verify", "--plan", folder / "plan", codes=(4,))
        expect(b"small/1" in result.err, result.told())


def both_forms_leave_the_same_document():
    with Folder() as folder:
        make_set(folder, FILES)
        documents = []
        for form in ("lines", "binary"):
            save_plan(folder, "--private", folder / form, form=form)
            run_plan(folder, run_dir=f"run {form}")
            with open(folder / f"run {form}/backup-components.xml", "rb") as document:
                documents.append(document.read())
        expect(documents[0] == documents[1], "the same document")


def a_stale_unit_is_refused_by_its_obstacle_and_the_others_are_restored():
    for form in ("lines", "binary"):
        with Folder() as folder:
            make_set(folder, FILES, method="RESTORE_IF_NOT_THERE")
            save_plan(folder, form=form)
            os.makedirs(folder / "root/C/large")
            with open(folder / "root/C/large/2", "wb") as out:
                out.write(b"in the way")
            summary = run_plan(folder, codes=(3,)).json()
            units = [(unit["status"], unit["error"]) for unit in summary["units"]]
            expect(units == [("ALL", None), ("NONE", "PRESENT"), ("ALL", None)], f"{form} {units}")
            refused = [row for row in rows_of(folder) if row["unit"] == 1]
            expect(len(refused) == 4 and {row["outcome"] for row in refused} == {"REFUSED"},
                   f"{form}: what was planned is told: {refused}")
            want = sources(folder, ("small", "tiny"))
            want[b"C/large/2"] = b"in the way"
            expect(restored(folder) == want, f"{form}: the others are there, this one as it was")


def a_folder_that_went_away_stops_its_unit_alone():
    for form in ("lines", "binary"):
        with Folder() as folder:
            make_set(folder, FILES)
            os.makedirs(folder / "root/C/large")
            save_plan(folder, form=form)
            os.rmdir(folder / "root/C/large")
            summary = run_plan(folder, codes=(3,)).json()
            units = [(unit["status"], unit["error"]) for unit in summary["units"]]
            expect(units == [("ALL", None), ("NONE", "DESTINATION_CHANGED"), ("ALL", None)],
                   f"{form} {units}")
            expect(restored(folder) == sources(folder, ("small", "tiny")), f"{form}: the others")


def a_plan_with_the_contracts_members_alone_runs():
    with Folder() as folder:
        make_set(folder, FILES)
        os.mkdir(folder / "root")
        save_plan(folder, "--volume", b"C:=" + folder / "root")
        edit_plan(folder, lambda record: {key: record[key] for key in NAMED[record["t"]]})
        run_plan(folder)
        expect({b"C/" + name: text for name, text in restored(folder).items()} == sources(folder),
               "all is there")


def what_leads_elsewhere_is_41():
    def edits(folder):
        outside = os.fsdecode(folder / "outside")
        def file_with(change):
            return lambda record: {**record, **change(record)} if record["t"] == "file" and \
                record["kind"] == "plain" else record
        yield file_with(lambda record: {"path": outside + "/x"})
        yield file_with(lambda record: {"path": record["path"] + "/../../../x"})
        yield file_with(lambda record: {"dest": record["dest"] + "\\..\\..\\x",
                                        "path": record["path"] + "/../../x"})
        yield file_with(lambda record: {"source": "C:\\no\\such"})
        yield file_with(lambda record: {"size": record["size"] + 1})
        yield lambda record: {**record, "set": "00000000-0000-4000-8000-000000000000"} \
            if record["t"] == "plan" else record
        yield lambda record: None if record["t"] == "end" else record
        yield lambda record: None if record["t"] == "file" and record["unit"] == 1 else record
    with Folder() as folder:
        make_set(folder, FILES)
        save_plan(folder)
        with open(folder / "plan", "rb") as plan:
            right = plan.read()
        for number, edit in enumerate(edits(folder)):
            with open(folder / "plan", "wb") as out:
                out.write(right)
            edit_plan(folder, edit)
            result = run_plan(folder, codes=(41,))
            expect(result.json()["exit_code"] == 41, f"edit {number}: {result.told()}")
            expect(not os.path.exists(folder / "root") and not os.path.exists(folder / "outside"),
                   f"edit {number}: nothing was written")


def what_the_documents_do_not_say_is_refused():
    """A file of one unit sent elsewhere on its own volume: legal paths, but no plan of theirs."""
    with Folder() as folder:
        make_set(folder, FILES)
        save_plan(folder)
        def edit(record):
            if record["t"] == "file" and record["source"] == "C:\\tiny\\0":
                record["dest"] = record["dest"].replace("tiny\\0", "tiny\\other")
                record["path"] = record["path"].replace("tiny/0", "tiny/other")
            return record
        edit_plan(folder, edit)
        summary = run_plan(folder, codes=(3,)).json()
        expect([unit["error"] for unit in summary["units"]] == [None, None, "DESTINATION_CHANGED"],
               f"{summary}")
        expect(restored(folder) == sources(folder, ("small", "large")), "the others are there")


def a_hyphen_is_standard_output():
    with Folder() as folder:
        make_set(folder, FILES)
        words = ("plan", folder / "set", "--root", folder / "root", "-o")
        vssrestore(*words, folder / "plan")
        with open(folder / "plan", "rb") as plan:
            saved = plan.read()
        os.mkdir(folder / "here")
        piped = vssrestore(*words, "-", cwd=folder / "here")
        expect(piped.out == saved, "the plan, and nothing else")
        refused = vssrestore(*words, "-", "--jsonl", codes=(2,), cwd=folder / "here")
        expect(not refused.out and b"--jsonl" in refused.err, refused.told())
        run_plan(folder)
        page = vssrestore("report", folder / "run", "-o", "-", cwd=folder / "here").out
        expect(page == vssrestore("report", folder / "run").out, "the page")
        expect(not os.listdir(folder / "here"), "a file called -")
        for verb in ("run", "verify"):
            refused = vssrestore(verb, "--plan", "-", "--json", codes=(2,), cwd=folder / "here")
            expect(b"write it into a file (one that is called - is ./-)" in refused.err,
                   refused.told())


if __name__ == "__main__":
    run_cases({case.__name__: case for case in (
        a_plan_in_lines_runs_and_is_verified, both_forms_leave_the_same_document,
        a_stale_unit_is_refused_by_its_obstacle_and_the_others_are_restored,
        a_folder_that_went_away_stops_its_unit_alone,
        a_plan_with_the_contracts_members_alone_runs, what_leads_elsewhere_is_41,
        what_the_documents_do_not_say_is_refused, a_hyphen_is_standard_output)})
