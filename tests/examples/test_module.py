"""The Python module over the library: its structs and functions against those of the C headers, its
nouns, what its callbacks may do.

    test_module.py LIBRARY-FOLDER        where libvssrestore.so stands
"""

import ctypes
import importlib
import os
import re
import shutil
import sys
import tempfile
import threading

from library import EXAMPLES, LIBRARY, MODULE, a_set, is_sanitized
from harness import SOURCE_ROOT, Failure, Folder, Skip, command, expect, run_cases
import schemas
from units import UNITS, flip, make_later_set, make_set

NOT_IN_PYTHON = {
    "vsr_ending_code": "for functions of at_quick_exit(), which Python has not",
    "vsr_plan_walk": "Plan.records() has the same, as dicts",
    "vsr_run_walk": "Report.rows() has the same, as dicts",
    "vsr_report_summary": "Report.summary has the same and more, as a dict",
    "vsr_report_unit": "Report.summary has the units",
    "vsr_report_render_none": "for a program's last word on a stream of events of its own",
    "vsr_text_json": "json.dumps()",
    "vsr_text_json_path": "json.dumps() and base64",
}


def module():
    if is_sanitized():
        raise Skip("the library is sanitized")
    os.environ["VSSRESTORE_LIBRARY"] = LIBRARY
    if MODULE not in sys.path:
        sys.path.insert(0, MODULE)
    return importlib.import_module("vssrestore")


def structs_are_those_of_the_headers():
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Skip("no C compiler here")
    module()
    library = importlib.import_module("vssrestore._library")
    structs = {value.__doc__: value for value in vars(library).values()
               if isinstance(value, type) and issubclass(value, ctypes.Structure)
               and value.__doc__.startswith("vsr_")}
    expect(len(structs) > 8, f"{structs}")
    lines = ["#include <stddef.h>", "#include <stdio.h>", "#include <vssrestore/vssrestore.h>",
             "int main(void) {"]
    wanted = []
    for name, struct in structs.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        wanted.append(f"{name} {ctypes.sizeof(struct)}")
        for field, *_ in struct._fields_:
            lines.append(f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), '
                         f"sizeof((({name} *)0)->{field}));")
            place = getattr(struct, field)
            wanted.append(f"{name}.{field} {place.offset} {place.size}")
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/sizes.c", "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        command([compiler, "-I", os.path.join(SOURCE_ROOT, "include"), folder + "/sizes.c", "-o",
                 folder + "/sizes"])
        found = command([folder + "/sizes"]).out.decode().splitlines()
    differences = [f"{a}, here {b}" for a, b in zip(found, wanted) if a != b]
    expect(not differences, "\n".join(differences[:20]))


def every_function_is_declared():
    """As many arguments as in the headers; or there is a reason."""
    module()
    calls = importlib.import_module("vssrestore._library").CALLS
    declared = {}
    folder = os.path.join(SOURCE_ROOT, "include", "vssrestore")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".h"):
            with open(os.path.join(folder, name), encoding="utf-8") as header:
                text = re.sub(r"/\*.*?\*/", "", header.read(), flags=re.S)
            for function, arguments in re.findall(r"VSR_API[^;(]*?(vsr_\w+)\(([^;]*)\);", text):
                declared[function] = 0 if arguments == "void" else arguments.count(",") + 1
    expect(len(declared) > 50, f"{declared}")
    expect(set(NOT_IN_PYTHON) <= set(declared), "a reason for a function that is none")
    found = {name: len(arguments) for name, (_, arguments) in calls.items()}
    wanted = {name: n for name, n in declared.items() if name not in NOT_IN_PYTHON}
    expect(wanted == found, f"not the same: {set(wanted.items()) ^ set(found.items())}")


def every_choice_can_be_made():
    vssrestore = module()
    library = importlib.import_module("vssrestore._library")
    for options, struct in ((vssrestore.Choices, library.ChoicesStruct),
                            (vssrestore.Options, library.RestoreOptionsStruct)):
        names = {name for name, *_ in struct._fields_ if not name.endswith("_count")}
        names -= {"size", "context", "cancel", *options.__dataclass_fields__}
        expect(not names, f"{options}: {names}")


def its_questions_are_answered():
    vssrestore = module()
    with Folder() as folder:
        a_set(folder)
        path, choices = folder / "set", vssrestore.Choices(root=folder / "root")
        expect(not vssrestore.Set.reindex(path), "the index is there")
        os.unlink(path + b"/index.bin")
        expect(vssrestore.Set.reindex(path), "the index is written anew")
        told = vssrestore.documents_inspect([folder / "documents"])
        expect("Three" in str(told["writers"]), f"{told}")
        numbers = {one["name"]: one["value"] for one in vssrestore.system_inspect(
            vssrestore.Options(workers=1))["numbers"]}
        expect(numbers["workers"] == 1, f"{numbers}")
        with vssrestore.Set(path) as backup:
            told = backup.explain(choices, "C:\\small\\0")
            expect(os.fsdecode(folder / "root") in str(told), f"{told}")
            plan = backup.plan(choices)
            plan.save(folder / "plan")
            with open(folder / "written", "wb") as file:
                plan.write(file)
            command(["cmp", folder / "plan", folder / "written"])
            expect(vssrestore.Plan.set_path(folder / "plan") == os.fsdecode(path), "its set")
            seen = []
            expect(plan.verify(seen.append) == len(seen) > 0, f"{seen}")
            report = plan.run(vssrestore.Options(run_dir=folder / "run", keep="more"))
            expect(report.exit_code == 0 and report.profile["pipeline_ns"] > 0, f"{report}")
            expect(plan.verify() == 0, "all is as planned")
        expect(vssrestore.run_inspect(folder / "run")["state"] == "ended", "its run")
        expect(vssrestore.run_kept(folder / "run") == "more", "what it keeps")
        expect(vssrestore.text_shown(b"a\x1b\xff") == "a\\x1b\\xff", "what steers a terminal")
        try:
            vssrestore.run_kept(path)
        except vssrestore.Error as error:
            expect(error.exit_code == 11 and error.name == "selection or places wrong",
                   f"{error.name}")
        else:
            raise Failure("a set is no run folder")


def a_chain_is_restored():
    vssrestore = module()
    with Folder() as folder:
        a_set(folder)
        with open(folder / "c/tiny/later", "wb") as out:
            out.write(b"later")
        make_later_set(folder, folder / "set", folder / "later")
        choices = vssrestore.Choices(root=folder / "root")
        with vssrestore.Chain([folder / "later"]) as chain: # its parent stands beside it
            expect(chain.paths == [os.fsdecode(folder / name) for name in ("set", "later")],
                   f"{chain.paths}")
            chain.check(choices, vssrestore.Writers())
            try:
                chain.note(len(chain), folder / "run")
            except IndexError:
                pass
            else:
                raise Failure("a step that is none")
            for step, path in enumerate(chain.paths):
                choices.chain, choices.chain_step = chain, step
                with vssrestore.Set(path) as backup:
                    report = backup.restore(choices, vssrestore.Options(
                        run_dir=folder / f"run{step}"))
                expect(report.exit_code == 0, f"{report}")
                chain.note(step, report if step == 0 else report.run_dir)
        command(["diff", "-r", folder / "c", folder / "root/C"])
        with vssrestore.Set(folder / "set") as full, vssrestore.Set(folder / "later") as later:
            expect(len(vssrestore.Chain.of_sets([full, later])) == 2, "two steps")
            try:
                vssrestore.Chain.of_sets([later, full])
            except vssrestore.Error as error:
                expect(error.exit_code == 11, f"{error}")
            else:
                raise Failure("a chain in the wrong order")


def what_waits_for_a_boot_is_carried_out():
    vssrestore = module()
    with Folder() as folder:
        make_set(folder, {name: (2, 100) for name in UNITS}, "RESTORE_AT_REBOOT")
        with vssrestore.Set(folder / "set") as backup:
            report = backup.restore(vssrestore.Choices(root=folder / "root", live_tree=True),
                                    vssrestore.Options(run_dir=folder / "run", pending_registry=""))
        expect(report.exit_code == 5, f"{report}")
        waits = vssrestore.pending_list([folder / "run"], registry="")
        expect(waits.totals["waiting"] == len(waits.records) > 0, f"{waits}")
        done = vssrestore.pending_apply([folder / "run"], registry="")
        expect(done.exit_code == 0 and done.totals["done"] == len(done.records) > 0, f"{done}")
        command(["diff", "-r", folder / "c", folder / "root/C"])
        expect(not vssrestore.pending_list([folder / "run"], registry="").records, "nothing waits")


def it_is_installed_where_python_looks():
    sys.path.insert(0, MODULE)
    place = importlib.import_module("place").place
    debian = ["/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages",
              "/usr/lib/python3.11/dist-packages"]
    for prefix, folders, where in (("/usr/local", debian, debian[0]), ("/usr", debian, debian[1]),
                                   ("/opt/vss", debian, ""), ("/", debian, ""), ("/usr", [], "")):
        expect(place(prefix, folders) == where, f"{prefix}: {place(prefix, folders)}")
    for python in filter(os.path.exists, (sys.executable, "/usr/bin/python3")):
        folders = command([python, "-c", "import site; print(site.getsitepackages())"]).out.decode()
        for prefix in ("/usr", "/usr/local"):
            found = command([python, os.path.join(MODULE, "place.py"), prefix]).out.decode().strip()
            expect(found in folders and found.startswith(prefix if found else ""), f"{found}")


def its_nouns_work():
    vssrestore = module()
    with Folder() as folder:
        a_set(folder)
        vssrestore.Set.verify(folder / "set")
        seen = []
        options = vssrestore.Options(run_dir=folder / "run", on_progress=seen.append, workers=1)
        with vssrestore.Set(folder / "set") as backup:
            expect(backup.inspect()["set"] == backup.uuid, "uuid")
            plan = backup.plan(vssrestore.Choices(root=folder / "root", components=["Three:small"]))
            expect(plan.totals["units"] == 1 and "Three: small" in str(plan), f"{plan}")
            records = list(plan.records())
            expect(records[0]["t"] == "plan" and records[-1]["t"] == "end", "records")
            plan.save(folder / "plan")
            report = backup.load_plan(folder / "plan").run(options)
        expect(report.exit_code == 0 and seen[-1].is_last, f"{report}")
        expect(seen[-1].files_done == seen[-1].files_total == len(list(report.rows())), f"{seen[-1]}")
        schemas.check_lines("events", (str(report.summary).encode() and
                                       __import__("json").dumps(report.summary).encode() + b"\n"))
        expect("Everything was restored" in vssrestore.report_page(report.run_dir), "the page")
        expect(vssrestore.resume(folder / "run").exit_code == 0, "a run that is over is repeated")


def a_run_folder_that_is_no_text_is_found():
    vssrestore = module()
    with Folder() as folder:
        a_set(folder)
        run = folder / b"run\xff"
        with vssrestore.Set(folder / "set") as backup:
            report = backup.restore(vssrestore.Choices(root=folder / "root"),
                                    vssrestore.Options(run_dir=run))
        expect(os.fsencode(report.run_dir) == run, f"{report.run_dir!r}")
        rows = [row["outcome"] for row in report.rows()]
        expect(rows == ["RESTORED"] * report.summary["files"]["restored"], f"{rows}")


def a_plan_brings_its_media():
    vssrestore = module()
    with Folder() as folder:
        os.makedirs(folder / "source/below")
        for name in ("media", "out"):
            os.makedirs(folder / name)
        for name, size in (("a", 3), ("below/b", 300000)):
            with open(folder / "source" + b"/" + name.encode(), "wb") as file:
                file.write(os.urandom(size))
        with open(folder / "plan", "wb") as out:
            out.write(command([sys.executable, os.path.join(EXAMPLES, "foreign_plan.py"),
                               folder / "source", folder / "media", folder / "out"]).out)
        with vssrestore.Set(folder / "plan") as media:
            report = media.load_plan(folder / "plan").run(
                vssrestore.Options(run_dir=folder / "run"))
        expect(report.exit_code == 0 and len(list(report.rows())) == 3, f"{report}")
        command(["diff", "-r", folder / "source", folder / "out"])


def what_fails_is_an_error():
    vssrestore = module()
    for fails, code in ((lambda: vssrestore.Set("/nowhere"), 11),
                        (lambda: vssrestore.control("/nowhere", "status"), 11),
                        (lambda: vssrestore.resume("/nowhere"), 11)):
        try:
            fails()
        except vssrestore.Error as error:
            expect(error.exit_code == code and "/nowhere" in str(error), f"{error}")
        else:
            raise Failure("it did not fail")


def what_a_callback_raises_comes_out():
    vssrestore = module()

    class Broken(vssrestore.Writers):
        def pre_restore(self, event):
            raise RuntimeError("the writer is broken")

    class Vetoing(vssrestore.Writers):
        def pre_restore(self, event):
            self.message = "not today"
            return 1

    class Meddling(vssrestore.Writers): # what it may not change is dropped with a warning
        def pre_restore(self, event):
            return event.document.replace(b'backupType="full"', b'backupType="copy"')

    def stop(_progress):
        raise KeyboardInterrupt

    def complain(_sentence):
        raise LookupError("the log is full")

    with Folder() as folder:
        a_set(folder)
        choices = vssrestore.Choices(root=folder / "root")
        with vssrestore.Set(folder / "set") as backup:
            for number, (how, kind) in enumerate((({"writers": Broken()}, RuntimeError),
                                                  ({"writers": Meddling(), "on_warning": complain},
                                                   LookupError),
                                                  ({"on_progress": stop}, KeyboardInterrupt))):
                try:
                    backup.restore(choices, vssrestore.Options(
                        run_dir=folder / f"run{number}", throttle_bytes_per_s=1 << 20, **how))
                except kind:
                    pass
                else:
                    raise Failure(f"{kind} is lost")
            report = backup.restore(choices, vssrestore.Options(run_dir=folder / "vetoed",
                                                                writers=Vetoing()))
        units = report.summary["units"]
        expect(all(u["error"] == "WRITER_VETO" and "not today" in u["detail"] for u in units),
               f"{units}")


def what_a_listener_raises_comes_out():
    vssrestore = module()

    def complain(_sentence):
        raise LookupError("the log is full")

    with Folder() as folder:
        a_set(folder)
        flip(folder / "set/packs/pack-000000.tar.lz4")
        for call in (lambda: vssrestore.Set.verify(folder / "set", on_finding=complain),
                     lambda: vssrestore.Set.pack(folder / "again", [folder / "documents"],
                                                 [b"D:=" + folder / "c"], on_warning=complain)):
            try:
                call()
            except LookupError:
                pass
            else:
                raise Failure("LookupError is lost")


class Memory:
    """A set in memory."""

    def __init__(self, folder):
        self.parts, self.threads, self.released, self.fails = {}, set(), set(), None
        for above, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(above, os.fsencode(name))
                with open(path, "rb") as file:
                    self.parts[os.fsdecode(os.path.relpath(path, folder))] = file.read()

    def read_at(self, name, offset, count):
        self.threads.add(threading.get_ident())
        if callable(self.fails):
            self.fails(name)
        elif self.fails is not None and name.startswith("packs/"):
            raise self.fails
        return self.parts[name][offset:offset + min(count, 70001)]

    def size(self, name):
        if name not in self.parts:
            raise FileNotFoundError(name)
        return len(self.parts[name])

    def release(self, name):
        self.released.add(name)


def nothing_raised_is_left_for_the_next_call(vssrestore, folder, memory):
    """What reads and what is told of progress fail in one call."""
    reads = []

    def fails(name):
        if name.startswith("packs/"):
            reads.append(name)
            raise RuntimeError("the store is broken")

    def stop(_progress):
        if reads:
            raise KeyboardInterrupt

    memory.fails = fails
    with vssrestore.Set.of_media(memory) as backup:
        try:
            backup.restore(vssrestore.Choices(root=folder / "both"),
                           vssrestore.Options(run_dir=folder / "both-run", on_progress=stop))
        except KeyboardInterrupt:
            pass
        else:
            raise Failure("what a callback raised is lost")
        expect(reads, "nothing was read")
        memory.fails = None
        expect(backup.inspect()["set"] == backup.uuid, "uuid")


def a_set_may_be_an_object():
    vssrestore = module()
    with Folder() as folder:
        a_set(folder)
        memory = Memory(os.fsencode(folder / "set"))
        for any_thread in (False, True):
            memory.threads.clear()
            memory.released.clear()
            vssrestore.Set.verify_media(memory, workers=2, any_thread=any_thread)
            where = folder / f"root{any_thread}"
            with vssrestore.Set.of_media(memory, "in memory", any_thread) as backup:
                expect(backup.inspect()["set"] == backup.uuid, "uuid")
                plan = backup.plan(vssrestore.Choices(root=where))
                expect(next(plan.records())["set_path"] is None, "a path")
                report = plan.run(vssrestore.Options(run_dir=folder / f"run{any_thread}", workers=2))
            expect(report.exit_code == 0, f"{report}")
            expect((len(memory.threads) > 1) == any_thread, f"{memory.threads}")
            expect(memory.released == set(memory.parts), f"{memory.released}")
        command(["diff", "-r", folder / "rootFalse", folder / "rootTrue"])
        memory.fails = OSError(5, "the drive")
        with vssrestore.Set.of_media(memory) as backup:
            report = backup.restore(vssrestore.Choices(root=folder / "unread"),
                                    vssrestore.Options(run_dir=folder / "unread-run"))
        expect(report.exit_code == 21, f"{report}")
        memory.fails = RuntimeError("the store is broken")
        with vssrestore.Set.of_media(memory) as backup:
            try:
                backup.restore(vssrestore.Choices(root=folder / "broken"),
                               vssrestore.Options(run_dir=folder / "broken-run"))
            except RuntimeError as error:
                expect(error is memory.fails, f"{error}")
            else:
                raise Failure("what it raised is lost")
            memory.fails = None
            try:
                vssrestore.resume(folder / "broken-run")
            except vssrestore.Error as error:
                expect(error.exit_code == 2, f"{error}")
            else:
                raise Failure("it was gone on with without its set")
            report = vssrestore.resume(folder / "broken-run", of=backup)
            expect(report.exit_code == 0, f"{report}")
        nothing_raised_is_left_for_the_next_call(vssrestore, folder, memory)
        del memory.parts["set.json"]
        try:
            vssrestore.Set.of_media(memory, "in memory")
        except vssrestore.Error as error:
            expect(error.exit_code == 11 and "in memory is no backup set" in str(error), f"{error}")
        else:
            raise Failure("a set without set.json")


run_cases({case.__name__: case for case in (
    structs_are_those_of_the_headers, every_function_is_declared, every_choice_can_be_made,
    it_is_installed_where_python_looks, its_nouns_work, its_questions_are_answered, a_chain_is_restored,
    what_waits_for_a_boot_is_carried_out, a_run_folder_that_is_no_text_is_found,
    a_plan_brings_its_media, what_fails_is_an_error, what_a_callback_raises_comes_out,
    what_a_listener_raises_comes_out, a_set_may_be_an_object)})
