"""The examples of tools/examples, built and run on restores, one of them of tools/demo's server.

    test_examples.py LIBRARY-FOLDER      where libvssrestore.so stands
"""

import os
import re
import shutil
import subprocess
import sys

from library import EXAMPLES, LIBRARY, LIBRARY_FOLDER, MODULE, a_set, is_sanitized
from harness import (MAKE_VOLUME, PROGRAM, SOURCE_ROOT, Folder, Skip, command, expect, expect_none,
                     run_cases, vssrestore as program)
import schemas
from units import folder_below, rows_of, write_documents

LINES_MAX = {"front_end.c": 60, "front_end.py": 40, "front_end.sh": 40}
ENVIRONMENT = {**os.environ, "VSSRESTORE": os.path.abspath(PROGRAM), "VSSRESTORE_LIBRARY": LIBRARY,
               "PYTHONPATH": MODULE, "LD_LIBRARY_PATH": LIBRARY_FOLDER}


def the_demo_set(folder):
    """Of the server that tools/demo makes, but smaller."""
    with open(os.path.join(SOURCE_ROOT, "tools", "demo"), encoding="utf-8") as demo:
        documents = os.path.join(SOURCE_ROOT, re.search(r"^readonly documents=(\S+)", demo.read(), re.M)[1])
    command([MAKE_VOLUME, "--documents", documents, "--out", folder / "volumes"])
    with open(folder / "volumes/pack-options", "rb") as lines:
        program("pack", "--documents", documents, *lines.read().splitlines(), "-o", folder / "set",
                codes=(0, 1))


SETS = ((a_set, "Three"), (the_demo_set, "ADAM (instance1) Writer")) # and the writer that is asked


def lines_of(name):
    """As people count them: all that are not empty."""
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
        return sum(1 for line in file if line.strip())


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
        expect(lines_of(name) <= most, f"{name}: {lines_of(name)} lines")


def build(compiler, folder):
    command([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I",
             os.path.join(SOURCE_ROOT, "include"), os.path.join(EXAMPLES, "front_end.c"), LIBRARY,
             "-o", folder / "front_end"])


def the_one_in_c_plays_the_writers():
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Skip("no C compiler here")
    if is_sanitized():
        raise Skip("the library is sanitized")
    for make, writer in SETS:
        with Folder() as folder:
            make(folder)
            build(compiler, folder)
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


def nothing_steers_the_terminal():
    """Neither the name of a writer, nor of a component, nor what an error tells of a path."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or is_sanitized():
        raise Skip("no C compiler here, or the library is sanitized")
    trap = "\u009b2J\nINJECTED\u202e"
    with Folder() as folder:
        build(compiler, folder)
        write_documents(folder / "documents", "RESTORE_IF_CAN_BE_REPLACED",
                        {"fits" + trap: folder_below("fits"), "stands" + trap: folder_below("stands")},
                        "Writer" + trap)
        for name in ("fits", "stands"):
            os.makedirs(folder / f"c/{name}")
            with open(folder / f"c/{name}/a", "wb") as out:
                out.write(b"data")
        program("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c", "-o",
                folder / "set")
        for number, words in enumerate(([folder / "front_end"],
                                        [sys.executable, os.path.join(EXAMPLES, "front_end.py")])):
            os.makedirs(folder / f"root{number}/C/stands/a") # in the way of a file
            run = folder / f"run{number}{trap}"
            for code in (3, 40):
                done = subprocess.run([*words, folder / "set", folder / f"root{number}", run],
                                      check=False, env=ENVIRONMENT, capture_output=True, timeout=120)
                told = done.stdout + done.stderr
                expect(done.returncode == code, f"ended with {done.returncode}: {told!r}")
                expect(rb"2J\nINJECTED\u{202e}" in told, f"escapes that can be read: {told!r}")
                found = re.findall(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae|^INJECTED", told,
                                   re.M)
                expect_none(found, f"what comes out: {told!r}")


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
            warnings = [one["text"] for one in schemas.check_events(events.read())
                        if one["t"] == "warning"]
            expect_none([text for text in warnings if f"\nwarning: {text}\n" not in told],
                        f"told in part: {told}")
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


run_cases({case.__name__: case for case in (
    examples_are_short, the_one_in_c_plays_the_writers, the_one_in_python_plays_the_writers,
    the_one_in_shell_reads_events, nothing_steers_the_terminal)})
