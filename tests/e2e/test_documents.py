"""From documents to a restored server: volumes are made to fit them, packed, restored, compared.

    test_documents.py real          the documents of a real server: 20,000 files, a flipped byte
    test_documents.py made          each folder of tests/data/documents

For each: the plan means exactly the files that the oracle finds; every planned file then is
byte-identical with its source on the volume, and has its time; nothing else was written; the
statuses, the rows and the exit code say so. A damaged byte is named, and reaches no final name.
"""

import functools
import glob
import json
import os
import shutil
import stat
import sys

from harness import (DOCUMENTS, LONG, MAKE_VOLUME, SHARED, Failure, Folder, Skip, command, expect,
                     expect_none, path_of, roomy_place, run_cases, vssrestore)
from oracle import Backup, Volumes, fold
import packs
import trees

REAL = os.path.join(SHARED, "documents", "real-diskshadow-sql")

# What is refused, by the documents' own words: {"writer: component": error}. The rest is restored
# whole.
MADE = {
    "dc-ntds-sysvol": {},
    "exchange-subcomponents": {},
    "file-server": {"Contoso File Server Writer: Quota": "BACKUP_FAILED"},
    "hyper-v": {},
    "multi-instance": {"ADAM (instance2) Writer: adamntds": "BACKUP_FAILED"},
    "partial-directed-differenced": {},
    "restore-methods": {"Method writer custom: Data": "METHOD_CUSTOM",
                        "Method writer unknown: Data": "DOCUMENT_UNKNOWN_WORD"},
    "sql-three-databases": {},
    "system-state-iis-registry": {},
}
BCD = {"partial-directed-differenced": "backup-components-full.xml"}


class Server:
    """A made server with its set, its plan and its restored tree, in a folder."""

    def __init__(self, folder, documents):
        self.folder, self.documents = folder, documents
        self.arguments = [word for path in documents for word in ("--documents", path)]

    def make(self, *options):
        made = command([MAKE_VOLUME, *self.arguments, "--out", self.folder / "volumes", *options])
        self.totals = made.json()
        with open(self.folder / "volumes/pack-options", "rb") as lines:
            self.options = lines.read().splitlines()
        self.volumes = Volumes(self.options)

    def pack(self):
        self.packed = vssrestore("pack", *self.arguments, *self.options, "-o", self.folder / "set",
                                 "--json", codes=(0, 1))

    def plan(self):
        lines = vssrestore("plan", self.folder / "set", "--root", self.folder / "root",
                           "--jsonl").json_lines()
        expect(lines[0]["t"] == "plan" and lines[-1]["t"] == "end", "a plan has a head and an end")
        self.units = [line for line in lines if line["t"] == "unit"]
        self.files = [line for line in lines if line["t"] == "file"]
        expect(lines[0]["units"] == len(self.units), "the plan's head counts its units")
        expect(lines[0]["files"] == len(self.files), "the plan's head counts its files")
        expect(lines[-1]["refused_units"] == len(self.refused()), "the plan's end counts refusals")

    def run(self, codes=(0,), root="root", run_dir="run", **more):
        self.ran = vssrestore("run", more.get("set_path", self.folder / "set"), "--root",
                              self.folder / root, "--run-dir", self.folder / run_dir, "--json",
                              codes=codes)
        self.summary = self.ran.json()
        with open(self.folder / run_dir + b"/report.jsonl", "rb") as rows:
            lines = [json.loads(line) for line in rows]
        self.rows = [line for line in lines if line["t"] == "row"]

    @functools.cached_property
    def first_pack(self):
        """(path, frames, members)"""
        pack = os.path.join(self.folder / "set", b"packs", b"pack-000000.tar.lz4")
        with open(pack, "rb") as opened:
            return pack, packs.frames(opened.read()), packs.members(pack)

    def refused(self):
        return [unit for unit in self.units if unit["error"] is not None]

    def source(self, windows_path):
        """Where a file of the plan stands on the made volumes."""
        folder, _, name = windows_path.rpartition("\\")
        place = self.volumes.find(folder if folder.count("\\") else folder + "\\")
        found = None if place is None else self.volumes.listing(place).get(fold(name))
        return None if found is None else os.path.join(place, found)


def place_below(root, windows_path):
    """Where --root puts a Windows path."""
    if windows_path.startswith("\\\\?\\"):
        elements = windows_path[4:].split("\\")
    elif windows_path.startswith("\\\\"):
        elements = ["UNC", *windows_path[2:].split("\\")]
    else:
        elements = [windows_path[0], *windows_path[3:].split("\\")]
    return os.path.join(root, *(os.fsencode(element) for element in elements))


def check_plan_means(server, documents):
    """The plan's files are the oracle's: none more, none less."""
    backup = Backup(documents, server.volumes)
    meant = {}
    for (writer, instance, path, name), files in backup.units().items():
        for unit in server.units:
            same = (unit["writer"].lower(), unit["instance"].lower(),
                    fold((unit["logical_path"] or "").strip("\\")), fold(unit["component"]))
            if same == (writer, instance, fold(path), fold(name)) and unit["error"] is None:
                meant.update(files)
    planned = {fold(record["source"]) for record in server.files if record["kind"] != "directory"}
    expect_none(sorted(meant.keys() - planned), "files that the documents mean are not planned")
    expect_none(sorted(planned - meant.keys()), "planned files that the documents do not mean")
    return meant


def check_file(record, source, path):
    """Differences of one restored file, as lines."""
    if not os.path.lexists(path):
        return [b"not there: " + path]
    entry, origin = trees.Entry(path), trees.Entry(source)
    found = list(trees.entry_differences(path, origin, entry))
    if stat.S_ISREG(entry.type) and not trees.same_content(source, path):
        found.append(b"content of " + path)
    if record["kind"] == "plain" and entry.status.st_size != record["size"]:
        found.append(b"size in the plan of " + path)
    return found


def check_restored(server, meant, root="root", left_out=frozenset()):
    """Every planned file that is not in left_out stands at its place as its source does."""
    found = []
    for record in server.files:
        path = path_of(record, "path")
        expected = place_below(server.folder / "root", record["dest"])
        if fold(os.fsdecode(path)) != fold(os.fsdecode(expected)):
            found.append(b"place of " + path)
        path = path.replace(server.folder / "root", server.folder / root, 1)
        if record["source"] is not None and fold(record["source"]) in left_out:
            continue
        if record["kind"] == "directory":
            if not os.path.isdir(path):
                found.append(b"no folder " + path)
        else:
            found += check_file(record, meant[fold(record["source"])], path)
    expect_none(found, "restored, but not as on the volume")


def check_folder_times(server):
    """A folder that was made has the time of the one that it stands for."""
    found = []
    for record in server.files:
        source = None
        if record["kind"] == "directory" and record["source"] == record["dest"]:
            source = server.source(record["source"])
        if source is not None:
            path = path_of(record, "path")
            if os.lstat(path).st_mtime_ns != os.lstat(source).st_mtime_ns:
                found.append(path)
    expect_none(found, "folders without the time of their source")


def check_nothing_else(server, root="root"):
    """The destination holds what was planned, the folders above it, and no more."""
    top = server.folder / root
    planned = {path_of(record, "path").replace(server.folder / "root", top, 1)
               for record in server.files}
    volumes = {os.path.join(top, os.path.relpath(place, server.folder / "volumes"))
               for _, place in server.volumes.places}
    known = set()
    for path in planned | volumes:
        while path != top and path not in known:
            known.add(path)
            path = os.path.dirname(path)
    found = [os.path.join(folder, name) for folder, folders, files in os.walk(top)
             for name in folders + files if os.path.join(folder, name) not in known]
    expect_none(found, "written, but not planned")


def check_accounts(server, refused):
    """Summary, rows and exit code agree with the plan."""
    summary = server.summary
    expect(summary["t"] == "summary" and summary["exit_code"] == server.ran.code,
           f"the summary's exit code is the program's\n{server.ran.told()}")
    for unit, told in zip(server.units, summary["units"], strict=True):
        expect(told["status"] == ("NONE" if unit["error"] else "ALL"),
               f"status of {told}, planned as {unit}")
        expect(told["error"] == unit["error"], f"error of {told}, planned as {unit}")
    expect(sum(summary["files"].values()) == len(server.files), f"sums of {summary['files']}")
    expect(len(server.rows) == len(server.files), f"{len(server.rows)} rows")
    wrong = [row for row in server.rows if row["outcome"] != "RESTORED"]
    expect_none(wrong, "rows that are not RESTORED")
    paths = sorted(path_of(row, "path") for row in server.rows)
    expect(paths == sorted(path_of(record, "path") for record in server.files),
           "each planned file has one row")
    expect(not summary["pending_reboot"], "nothing waits for a reboot on an offline tree")
    expect(bool(refused) == (server.ran.code == 3), "exit 3 says that a unit was refused")


def whole_restore(documents, refused, *options, place=None):
    """One server from documents to a restored tree; the Server stays in its folder."""
    with Folder(place) as folder:
        server = Server(folder, documents)
        server.make(*options)
        server.pack()
        vssrestore("verify", folder / "set")
        server.plan()
        errors = {f"{unit['writer_name']}: {unit['component']}": unit["error"]
                  for unit in server.refused()}
        expect(errors == refused, f"refused units: {errors}, expected {refused}")
        meant = check_plan_means(server, documents)
        server.run(codes=(3,) if refused else (0,))
        check_restored(server, meant)
        check_folder_times(server)
        check_nothing_else(server)
        check_accounts(server, refused)
        yield server, meant


def documents_of(folder, bcd):
    """The Backup Components Document and all writers' documents of a folder."""
    return [os.path.join(folder, bcd), *sorted(glob.glob(os.path.join(folder, "writer-*.xml")))]


def check_marked(documents, refused):
    """What documents say already before they are in a set."""
    shown = vssrestore("inspect", "--json", *(w for path in documents for w in ("--documents", path)))
    marked = {f"{writer['writer_name']}: {component['component']}": component["refused"]
              for writer in shown.json()["writers"] for component in writer["components"]
              if component["refused"] is not None}
    expect(marked == refused, f"inspect marks {marked}")


def made_case(name):
    def case():
        documents = documents_of(os.path.join(DOCUMENTS, name),
                                 BCD.get(name, "backup-components.xml"))
        check_marked(documents, MADE[name])
        for _ in whole_restore(documents, MADE[name], "--sizes", "small", "--seed", "7"):
            pass
    return case


def damaged_frame(server, shared):
    """A frame in the middle of the first pack that holds several files (shared) or a part of
    one: (pack, frame, members)."""
    pack, frames, members = server.first_pack
    middle = len(frames) // 2
    for frame in frames[middle:] + frames[:middle]:
        hurt = packs.members_of(frame, members)
        if hurt and shared == (len(hurt) > 1) and frame.block_bytes > 1000 and not \
                (not shared and frame.plain_offset < hurt[0].data):
            return pack, frame, hurt
    raise Failure(f"no {'shared' if shared else 'large'} frame in {pack!r}")


def check_damage(server, meant, shared):
    """Flip a byte in a copy of the set: verify and run name the file; nothing wrong is visible."""
    copy, root, run_dir = (f"{name}-{shared}" for name in ("set", "root", "run"))
    shutil.copytree(server.folder / "set", server.folder / copy)
    pack, frame, hurt = damaged_frame(server, shared)
    packs.flip(pack.replace(server.folder / "set", server.folder / copy, 1),
               frame.block_offset + frame.block_bytes // 2)
    names = {os.path.basename(member.name) for member in hurt}
    verified = vssrestore("verify", server.folder / copy, codes=(20,))
    expect(any(name in verified.err for name in names),
           f"verify names one of {names}\n{verified.told()}")
    server.run(codes=(20,), root=root, run_dir=run_dir, set_path=server.folder / copy)
    corrupt = [row for row in server.rows if row["outcome"] == "MEDIA_CORRUPT"]
    expect(corrupt, "some row is MEDIA_CORRUPT")
    expect_none([row for row in corrupt if fold(os.fsdecode(
        os.path.basename(path_of(row, "path")))) not in {fold(os.fsdecode(n)) for n in names}],
        f"rows MEDIA_CORRUPT beside {names}")
    hurt_units = {row["unit"] for row in corrupt}
    expect_none([unit for unit in server.summary["units"]
                 if unit["status"] != ("NONE" if unit["id"] in hurt_units else "ALL")],
                f"statuses, units {hurt_units} being hurt")
    left_out = {fold(record["source"]) for record in server.files if record["unit"] in hurt_units}
    check_restored(server, meant, root, left_out)
    check_nothing_else(server, root)
    visible = [path_of(row, "path") for row in server.rows
               if row["outcome"] != "RESTORED" and row["unit"] in hurt_units
               and os.path.isfile(path_of(row, "path"))]
    expect_none(visible, "a hurt unit's files are visible")
    shutil.rmtree(server.folder / copy)
    shutil.rmtree(server.folder / root)


def real_case():
    if not os.path.isdir(REAL):
        raise Skip(f"no {REAL} (VSSRESTORE_SHARED)")
    documents = sorted(glob.glob(os.path.join(REAL, "*.xml")))
    documents = [path for path in documents if not path.endswith("Manifest.xml")]
    for server, meant in whole_restore(documents, {}, place=roomy_place()):
        shutil.rmtree(server.folder / "root")
        expect(server.totals["files"] >= 20000, f"only {server.totals} were made")
        expect(len(meant) >= 20000, f"only {len(meant)} files of components")
        for shared in (True, False) if LONG else (True,):
            check_damage(server, meant, shared)


if __name__ == "__main__":
    if sys.argv[1:] == ["real"]:
        run_cases({"real_documents_come_back_whole_and_damage_is_caught": real_case})
    else:
        run_cases({f"made_{name.replace('-', '_')}_comes_back": made_case(name) for name in MADE})
