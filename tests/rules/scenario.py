r"""One restore from end to end: documents, volumes, a destination, and what the program makes of
them.

    with Scenario() as s:
        w = s.writer("Ledger", method="RESTORE_IF_NOT_THERE")
        c = w.component("db1", lp="data")
        c.files(r"C:\db", "*.dat")
        s.backup().include(c)
        s.put(r"C:\db\a.dat", b"new")           # on the source volume
        s.place(r"C:\db\a.dat", b"old")         # at the destination
        run = s.run(s.pack())
        equal(run.unit(c)["error"], "PRESENT")
        equal(s.at(r"C:\db\a.dat"), b"old")

Documents are those of documents.py; recursive is True there unless told otherwise. Windows paths
are text. Every volume that a path names exists on both sides: the source's trees are given to
pack, the destination's stand below one --root. A file of tests ends with run_rules(globals());
its cases are the functions that are named T and two digits (python3 test_x.py T37 runs those
that begin so). VSSRESTORE_KEEP=1 keeps the folder of each scenario.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import traceback
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

# What tests of rules use of the harness is imported from here.
from harness import (LONG, PROGRAM, TRIM, Child, Failure, Skip, expect,  # noqa: E402, F401
                     expect_none, make_folder, run_cases)
import schemas  # noqa: E402
from documents import Backup, Component, Entry, Writer  # noqa: E402

SECONDS_MAX = 60
CASE = re.compile(r"[TQRKDSNC]\d\d") # as the rules and the list of README.md number them
VOLUME = re.compile(r"\\\\\?\\(Volume\{[0-9A-Fa-f-]+\})(?:\\|\Z)|([A-Za-z]):(?:\\|\Z)|"
                    r"\\\\([^\\?]+)\\([^\\]+)(?:\\|\Z)")


SHOWN_MAX = 2000 # characters of a value that is not what was wanted


def equal(found, wanted, what=""):
    if found != wanted:
        told = [text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]} ... ({len(text)})"
                for text in (repr(found), repr(wanted))]
        raise Failure(f"{what}\n  found  {told[0]}\n  wanted {told[1]}")


def volume_of(path):
    """('C:', folder below --root, elements of the rest) of an absolute Windows path."""
    match = VOLUME.match(path)
    expect(match, f"{path} is no absolute path")
    guid, letter, server, share = match.groups()
    spec = letter + ":" if letter else f"\\\\?\\{guid}\\" if guid else f"\\\\{server}\\{share}"
    folder = letter or guid or f"UNC/{server}/{share}"
    return spec, folder, [name for name in path[match.end():].split("\\") if name]


class Tree:
    """Volumes below a folder, as --root lays them out."""

    def __init__(self, folder):
        self.folder, self.volumes = folder, {}

    def path(self, windows_path):
        spec, below, elements = volume_of(windows_path)
        self.volumes[spec] = os.path.join(self.folder, os.fsencode(below))
        os.makedirs(self.volumes[spec], exist_ok=True)
        return os.path.join(self.volumes[spec], *map(os.fsencode, elements))

    def write(self, windows_path, content, mtime):
        path = self.path(windows_path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        return path

    def tops(self):
        """(spec, folder) of the volumes that are there, whoever made them."""
        for folder, folders, _ in os.walk(self.folder):
            below = os.fsdecode(os.path.relpath(folder, self.folder))
            if re.fullmatch(r"[A-Za-z]|Volume\{[^/]*\}|UNC/[^/]+/[^/]+", below):
                yield ("\\\\" + below[4:].replace("/", "\\") if below.startswith("UNC/") else
                       below + ":" if len(below) == 1 else "\\\\?\\" + below), folder
                folders.clear()

    def places(self):
        """{Windows path: where it stands}."""
        found = {}
        for spec, top in sorted(self.tops()):
            for folder, folders, files in os.walk(top):
                above = spec + os.fsdecode(folder[len(top):]).replace("/", "\\") + "\\"
                for name in folders + files:
                    found[above + os.fsdecode(name)] = folder + b"/" + name
        return found

    def listing(self):
        """{Windows path: content, None for a folder, ('->', text) for a link}."""
        return {path: read_entry(place) for path, place in self.places().items()}


def read_entry(path):
    if os.path.islink(path):
        return ("->", os.fsdecode(os.readlink(path)))
    if os.path.isfile(path):
        with open(path, "rb") as opened:
            return opened.read()
    return None


class Told:
    """What a call of the program left: exit, out, err (text)."""

    def __init__(self, arguments, **more):
        command = [os.fsencode(PROGRAM), *map(os.fsencode, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False, **more)
        self.exit = done.returncode
        if done.returncode >= 0: # a killed one may leave anything
            schemas.check_output(arguments, done.stdout)
        self.out = done.stdout.decode(errors="surrogateescape")
        self.err = done.stderr.decode(errors="surrogateescape")
        self.command = " ".join(os.fsdecode(word) for word in command)

    def told(self):
        return f"{self.command}\nended with {self.exit}\n{self.out[-3000:]}\n{self.err[-3000:]}"

    def must(self, *codes):
        expect(self.exit in codes, f"exit code {self.exit}, expected one of {codes}\n{self.told()}")
        return self

    def told_of(self, *words):
        """Is there a line for people that holds all these words, in any letter case?"""
        return any(all(word.lower() in line.lower() for word in words)
                   for line in self.err.splitlines())


def find_unit(units, component, told):
    """The unit of a Component or Entry, or of a component of that full name. A plan names the
    writer by its id, a summary by its name, or not at all when its document is missing."""
    if isinstance(component, Entry):
        component = component.component
    full, writers = component, None
    if isinstance(component, Component):
        full, writers = component.full, (component.writer.writer_id, component.writer.name)
    named = [unit for unit in units if full_name(unit) == full]
    found = [unit for unit in named if writers is None or unit["writer"] in writers] or \
        [unit for unit in named if unit["writer"] is None]
    expect(len(found) == 1, f"{len(found)} units of {full}\n{told.told()}")
    return found[0]


def full_name(unit):
    lp = (unit["logical_path"] or "").strip("\\")
    return lp + "\\" + unit["component"] if lp else unit["component"]


class Plan(Told):
    """plan --jsonl: head, units, files, end (the records)."""

    def __init__(self, arguments):
        super().__init__(arguments)
        lines = [json.loads(line) for line in self.out.splitlines()]
        by_kind = {kind: [line for line in lines if line["t"] == kind]
                   for kind in ("plan", "unit", "file", "end")}
        self.units, self.files = by_kind["unit"], by_kind["file"]
        self.head, self.end = ((by_kind[kind] or [None])[0] for kind in ("plan", "end"))

    def unit(self, component):
        return find_unit(self.units, component, self)

    def records(self, component=None, kind=None):
        """Files of a unit (None: all) and of a kind (None: all but directories)."""
        unit = None if component is None else self.unit(component)["id"]
        return [record for record in self.files if unit in (None, record["unit"]) and
                (record["kind"] == kind if kind else record["kind"] != "directory")]

    def places(self, component=None):
        """{source: dest} of these files."""
        return {record["source"]: record["dest"] for record in self.records(component)}


class Document:
    """The Backup Components Document after a run."""

    def __init__(self, path):
        with open(path, "rb") as opened:
            self.bytes = opened.read()
        self.root = ElementTree.fromstring(self.bytes)

    def entry(self, component):
        """The COMPONENT of a Component or Entry, as an element: .get(name)."""
        if isinstance(component, Entry):
            component = component.component
        for part in self.root:
            if (part.get("writerId") or "").lower() == component.writer.writer_id.lower() and \
                    part.get("instanceId").lower() == component.writer.instance_id.lower():
                for entry in part:
                    if (entry.get("logicalPath") or "") == (component.lp or "") and \
                            entry.get("componentName") == component.name:
                        return entry
        raise Failure(f"{component.full} is not in the document\n{self.bytes.decode()}")

    def children(self, component, name):
        """The attributes of an entry's children of that name."""
        return [dict(child.attrib) for child in self.entry(component)
                if child.tag.rpartition("}")[2] == name]

    def status(self, component):
        """fileRestoreStatus, or None."""
        return self.entry(component).get("fileRestoreStatus")


def rows_of(folder):
    """The rows of a run folder's report."""
    report = os.path.join(folder, b"report.jsonl")
    if not os.path.exists(report):
        return []
    with open(report, encoding="utf-8") as rows:
        return [row for row in map(json.loads, rows) if row["t"] == "row"]


class Run(Told):
    """run --json: summary, rows (of report.jsonl), document (after the run), folder."""

    def __init__(self, arguments, folder, **more):
        super().__init__(arguments, **more)
        self.folder = folder
        lines = [json.loads(line) for line in self.out.splitlines()]
        self.events = lines
        self.summaries = [line for line in lines if line["t"] == "summary"]
        self.summary = self.summaries[-1] if self.summaries else None
        self.rows = rows_of(folder)

    @property
    def steps(self):
        """Of a chain, in the order they ran."""
        return [Step(self, summary) for summary in self.summaries]

    @property
    def document(self):
        return Document(os.path.join(self.folder, b"backup-components.xml"))

    def unit(self, component):
        expect(self.summary, f"no summary\n{self.told()}")
        return find_unit(self.summary["units"], component, self)

    def status(self, component):
        return self.unit(component)["status"]

    def outcomes(self):
        """{source, else path: outcome}."""
        return {row["source"] or row["path"]: row["outcome"] for row in self.rows}


class Step(Run):
    """One step of a chain that was run: as a Run of its own."""

    def __init__(self, chain, summary):
        self.exit, self.out, self.err = summary["exit_code"], chain.out, chain.err
        self.command, self.events = chain.command, chain.events
        self.summary, self.summaries = summary, [summary]
        self.folder = os.path.join(chain.folder, os.fsencode(summary.get("run_dir") or "none"))
        self.rows = rows_of(self.folder)


def preloadable(variable):
    """The library that a variable names, to be loaded before the program's own; else a skip."""
    path = os.environ.get(variable)
    if not path:
        raise Skip(f"{variable} does not name what is to be preloaded")
    with open(PROGRAM, "rb") as opened:
        if b"__asan_init" in opened.read():
            raise Skip("the address sanitizer wants to be loaded first")
    return path


class Scenario:
    """Everything of one test, in a folder that goes with it."""

    def __enter__(self):
        self.folder = make_folder("vssrestore-rules-")
        self.source = Tree(os.path.join(self.folder, b"source"))
        self.dest = Tree(os.path.join(self.folder, b"root"))
        os.mkdir(self.dest.folder)
        self.all_writers, self.backups, self.count = [], [], 0
        self.keep = os.environ.get("VSSRESTORE_KEEP") == "1"
        self.rewrite = None # rewrite(name, text): the text of a document before it is written
        return self

    def __exit__(self, *ignored):
        if self.keep:
            print(f"kept: {os.fsdecode(self.folder)}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def number(self):
        self.count += 1
        return b"%d" % self.count

    # documents

    def writer(self, name, method="RESTORE_IF_CAN_BE_REPLACED", wre="always", service=None,
               schema=0, usage="USER_DATA", **more):
        self.all_writers.append(Writer(name, method, wre, service, schema, usage, **more))
        return self.all_writers[-1]

    def backup(self, type="full", select_components=True):
        self.backups.append(Backup(type, select_components))
        return self.backups[-1]

    def write_documents(self, backup):
        folder = os.path.join(self.folder, b"documents-" + self.number())
        os.mkdir(folder)
        texts = {"bcd.xml": backup.xml()}
        for number, writer in enumerate(self.all_writers):
            if writer.has_document:
                texts[f"writer-{number:03}.xml"] = writer.xml()
        for name, text in texts.items():
            text = self.rewrite(name, text) if self.rewrite else text
            with open(os.path.join(folder, os.fsencode(name)), "w", encoding="utf-8") as out:
                out.write(text)
        return folder

    # the source

    def put(self, path, content=b"", mtime=None):
        """A file on the source volume; its path on this machine."""
        return self.source.write(path, content, mtime)

    def put_folder(self, path):
        os.makedirs(self.source.path(path), exist_ok=True)

    def remove(self, path):
        """What was put there goes again."""
        place = self.source.path(path)
        shutil.rmtree(place) if os.path.isdir(place) else os.unlink(place)

    # the destination

    def place(self, path, content=b"", mtime=None):
        """A file at the destination; its path on this machine."""
        return self.dest.write(path, content, mtime)

    def place_folder(self, path):
        os.makedirs(self.dest.path(path), exist_ok=True)

    def block(self, path, how="folder"):
        """What no file may replace, whoever runs the test: a folder, a pipe or a link."""
        place = self.dest.path(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        {"folder": os.mkdir, "pipe": os.mkfifo,
         "link": lambda name: os.symlink("nowhere", name)}[how](place)

    def at(self, path):
        """The content of a file at the destination, spelled exactly so; None: there is none."""
        return read_entry(self.dest.path(path))

    def listing(self):
        """All that stands at the destination, as Tree.listing()."""
        return self.dest.listing()

    # the program

    def pack(self, *arguments, backup=None, codes=(0, 1), source=None):
        """A set of a backup (the last, unless told) and the source as it stands; its folder. A
        source volume that no put() named is made by put_folder('D:')."""
        return self.pack_told(*arguments, backup=backup, source=source).must(*codes).set

    def pack_told(self, *arguments, backup=None, source=None):
        documents = self.write_documents(backup or self.backups[-1])
        volumes = (source or self.source).volumes
        media = os.path.join(self.folder, b"set-" + self.number())
        told = Told(["pack", "--documents", documents, "-o", media, *arguments, *(
            word for spec, path in volumes.items()
            for word in ("--volume", os.fsencode(spec + "=") + path))])
        told.set = media
        return told

    def where(self, arguments):
        """--root, unless the test gives places of its own."""
        given = {os.fsdecode(word).partition("=")[0] for word in arguments}
        return [] if given & {"--root", "--volume"} else ["--root", self.dest.folder]

    def plan(self, media, *arguments):
        return Plan(["plan", media, "--jsonl", *self.where(arguments), *arguments])

    def warnings(self, media, *arguments):
        """What the plan warns of: in .err for Told.told_of()."""
        told = Told(["plan", media, *self.where(arguments), *arguments]).must(0)
        told.err += "\n".join(line for line in told.out.splitlines()
                              if line.startswith("  warning: "))
        return told

    def run(self, media, *arguments):
        """media: a set, or a list of them (a chain, whose run folders stand in .folder)."""
        folder = os.path.join(self.folder, b"run-" + self.number())
        chosen = [*self.where(arguments), *arguments]
        if isinstance(media, (list, tuple)):
            os.mkdir(folder)
            return Run(["run", *media, "--json", *chosen], folder, cwd=folder)
        return Run(["run", media, "--json", "--run-dir", folder, *chosen], folder)

    def run_ending_at(self, name, media, *arguments):
        """run(), on a file system that takes no renames from the first one to that name on."""
        shim = preloadable("VSSRESTORE_RENAMES_END")
        folder = os.path.join(self.folder, b"run-" + self.number())
        return Run(["run", media, "--json", "--run-dir", folder, *self.where(arguments),
                    *arguments], folder, env={**os.environ, "LD_PRELOAD": shim,
                                              "RENAMES_END_AT": name})

    def resume(self, folder, *arguments, **more):
        """What a run of that folder left is gone on with."""
        return Run(["resume", folder, "--json", *arguments], folder, **more)

    def run_plan(self, plan, *arguments):
        """run --plan: nothing is added to what the plan was made from."""
        folder = os.path.join(self.folder, b"run-" + self.number())
        return Run(["run", "--plan", plan, "--json", "--run-dir", folder, *arguments], folder)


def told_case(case):
    """A case whose every exception is a failure with its trace."""
    def run():
        try:
            case()
        except (Failure, Skip):
            raise
        except Exception as error:
            raise Failure(traceback.format_exc()) from error
    return run


def run_rules(names):
    """Run the cases among a module's names; the command line may name some of them."""
    cases = {name: told_case(case) for name, case in names.items()
             if CASE.match(name) and callable(case) and
             (not sys.argv[1:] or name.startswith(tuple(sys.argv[1:])))}
    run_cases(cases)
