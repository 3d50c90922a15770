"""The examples of tools/examples, built and run on restores, one of them of tools/demo's server; and
the Python module: its structs against those of the C headers, its nouns, what its callbacks may do.

    test_examples.py LIBRARY-FOLDER      where libvssrestore.so stands
"""

import ctypes
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import (MAKE_VOLUME, PROGRAM, SOURCE_ROOT, Failure, Folder, Skip, command, # noqa: E402
                     expect, run_cases, vssrestore as program)
import schemas # noqa: E402
from units import flip, make_set, rows_of # noqa: E402

LIBRARY_FOLDER = os.path.abspath(sys.argv[1])
EXAMPLES = os.path.join(SOURCE_ROOT, "tools", "examples")
MODULE = os.path.join(SOURCE_ROOT, "tools", "python")
LIBRARY = os.path.join(LIBRARY_FOLDER, "libvssrestore.so.0")
LINES_MAX = {"front_end.c": 60, "front_end.py": 40, "front_end.sh": 40}
ENVIRONMENT = {**os.environ, "VSSRESTORE": os.path.abspath(PROGRAM), "VSSRESTORE_LIBRARY": LIBRARY,
               "PYTHONPATH": MODULE, "LD_LIBRARY_PATH": LIBRARY_FOLDER}


def a_set(folder):
    make_set(folder, {"small": (5, 3000), "large": (2, 2 << 20), "tiny": (1, 100)})


def the_demo_set(folder):
    """Of the server that tools/demo makes, but smaller."""
    with open(os.path.join(SOURCE_ROOT, "tools", "demo"), encoding="utf-8") as demo:
        documents = os.path.join(SOURCE_ROOT, re.search(r"^readonly documents=(\S+)", demo.read(), re.M)[1])
    command([MAKE_VOLUME, "--documents", documents, "--out", folder / "volumes"])
    with open(folder / "volumes/pack-options", "rb") as lines:
        program("pack", "--documents", documents, *lines.read().splitlines(), "-o", folder / "set",
                codes=(0, 1))


SETS = ((a_set, "Three"), (the_demo_set, "ADAM (instance1) Writer")) # and the writer that is asked


def is_sanitized():
    """A library under a sanitizer wants its runtime first: nothing but such a program loads it."""
    with open(LIBRARY, "rb") as file:
        return b"__asan_init" in file.read() or b"__tsan_init" in file.read()


def statements(name):
    """Lines that are neither empty nor the comment at the top."""
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S) if name.endswith(".c") else text
    return sum(1 for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#"))


def check(folder, words, **environment):
    """Run an example on the set of a folder: 0, and all is there. What it printed."""
    environment = {**ENVIRONMENT, **environment}
    done = subprocess.run([*words, folder / "set", folder / "root", folder / "run"], check=False,
                          env=environment, capture_output=True, timeout=120)
    told = (done.stdout + done.stderr).decode(errors="replace")
    expect(done.returncode == 0, f"ended with {done.returncode}: {told}")
    expect({row["outcome"] for row in rows_of(folder)} == {"RESTORED"}, "all is there")
    again = subprocess.run([*words, folder / "set", folder / "root", folder / "run"], check=False,
                           env=environment, capture_output=True, timeout=120)
    expect(again.returncode == 40, f"a run folder that is there: {again.returncode}")
    return done.stdout.decode()


def check_played(told, writer):
    """That writer was asked, then told, and no other."""
    asked = re.findall(r"^(pre|post)-restore: (.*?)(?:, a document of [1-9]\d* bytes)?$", told, re.M)
    expect(asked == [("pre", writer), ("post", writer)], f"{asked}: {told}")


def examples_are_short():
    for name, most in LINES_MAX.items():
        expect(statements(name) <= most, f"{name}: {statements(name)} lines")


def the_one_in_c_plays_the_writers():
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Skip("no C compiler here")
    if is_sanitized():
        raise Skip("the library is sanitized")
    for make, writer in SETS:
        with Folder() as folder:
            make(folder)
            command([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I",
                     os.path.join(SOURCE_ROOT, "include"), os.path.join(EXAMPLES, "front_end.c"),
                     LIBRARY, "-o", folder / "front_end"])
            told = check(folder, [folder / "front_end"])
            check_played(told, writer)
            expect("exit code 0, 0 writers not told" in told, told)


def the_one_in_python_plays_the_writers():
    if is_sanitized():
        raise Skip("the library is sanitized")
    for make, writer in SETS:
        with Folder() as folder:
            make(folder)
            told = check(folder, [sys.executable, os.path.join(EXAMPLES, "front_end.py")])
            check_played(told, writer)
            expect("exit code 0" in told, told)


def read_events(folder):
    """The one in shell, with what the program told it held against the schema."""
    os.mkdir(folder / "events")
    with open(folder / "program", "w", encoding="utf-8") as out: # keeps what it passes on
        out.write(f"""#!/bin/bash
copy=$(mktemp -p '{os.fsdecode(folder / "events")}')
'{os.path.abspath(PROGRAM)}' "$@" 3>"$copy"
code=$?
cat "$copy" >&3
exit $code
""")
    os.chmod(folder / "program", 0o755)
    told = check(folder, ["bash", os.path.join(EXAMPLES, "front_end.sh")],
                 VSSRESTORE=os.fsdecode(folder / "program"))
    for name in os.listdir(folder / "events"):
        with open(folder / "events" + b"/" + name, "rb") as events:
            schemas.check_events(events.read())
    expect(len(os.listdir(folder / "events")) == 2, "each run told its events")
    told = re.sub(r"^warning: .*\n", "", told, flags=re.M) # of a service: the demo's tree is offline
    expect(re.search(r"begun: \d+ files are planned\n(\d+ ms\n)+ended with 0\n$", told), told)


def the_one_in_shell_reads_events():
    if shutil.which("bash") is None:
        raise Skip("no bash here")
    for make, _ in SETS:
        with Folder() as folder:
            make(folder)
            read_events(folder)


# --- the module ---

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
    examples_are_short, the_one_in_c_plays_the_writers, the_one_in_python_plays_the_writers,
    the_one_in_shell_reads_events, structs_are_those_of_the_headers, its_nouns_work,
    a_run_folder_that_is_no_text_is_found, a_plan_brings_its_media, what_fails_is_an_error, what_a_callback_raises_comes_out,
    what_a_listener_raises_comes_out, a_set_may_be_an_object)})
