"""Nothing that a name holds reaches a terminal, and no name breaks a line.

Files, folders, components, writers and what was typed have names that would erase the screen, set
its title, turn the text or begin a line of their own. Every verb is called, for people and for
programs, where it tells of them: no control character comes out but the ends of our own lines, no
line begins with what a name says, and JSON is as the schemas want it.
"""

import os
import re
import subprocess
import time

import schemas
from harness import PROGRAM, Child, Folder, command, expect, expect_none, run_cases, vssrestore
from terminals import WAIT_S, on_a_terminal
from units import flip, folder_below, write_documents

TRAP = "INJECTED" # begins a line where a newline gets through
WRITER = f"Evil\u009b2J\n{TRAP} writer"
COMPONENTS = ("plain", f"a\n{TRAP} b", "red\u009b31m", "\u202eexe", f"tab\tand\r{TRAP}")
NAMES = (b"a\nINJECTED b", b"red\x1b[31m", "\u202eexe".encode(), b"back\rINJECTED", b"bell\a",
         b"c1\xc2\x9b2J", b"none\xff\x1b[2J", b"title\x1b]0;x\x07", b"plain")
TYPED = f"x\x1b[2J\n{TRAP}"
STEERS = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]")
OURS = re.compile(rb"\r|\n|\x1b\[K|\x1b\[1;31m|\x1b\[0m") # of the progress line


def check_shown(data, where):
    found = STEERS.findall(data)
    expect(not found, f"{where}: {found} comes out: {data[-3000:]!r}")
    broken = [line for line in data.split(b"\n") if line.lstrip().startswith(TRAP.encode())]
    expect_none(broken, f"{where}: a name begins a line")
    data.decode() # text, whatever the names are


def told(*words, codes=(0,)):
    """Call it; what it says to people is looked at."""
    result = vssrestore(*words, codes=codes)
    where = result.command.decode(errors="backslashreplace")[:300]
    check_shown(result.err, where)
    if b"--json" not in result.command and b"--jsonl" not in result.command:
        check_shown(result.out, where)
    else:
        check_json(result.out, where)
    return result


def check_json(data, where):
    found = re.findall(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", data)
    expect(not found, f"{where}: {found} in JSON: {data[:3000]!r}")


def hostile_set(folder, large=0):
    units = {name: folder_below(f"unit{number}") for number, name in enumerate(COMPONENTS)}
    write_documents(folder / "documents", "RESTORE_IF_CAN_BE_REPLACED", units, WRITER)
    for number in range(len(COMPONENTS)):
        for below in (b"", b"/in\x1b[2J\nINJECTED"):
            os.makedirs(folder / f"c/unit{number}" + below)
            for name in NAMES:
                with open(folder / f"c/unit{number}" + below + b"/" + name, "wb") as out:
                    out.write(os.urandom(2000 + large))
    told("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c", "-o",
         folder / f"set {TYPED}")
    os.rename(folder / f"set {TYPED}", folder / "set")


def nothing_in_what_is_planned():
    with Folder() as folder:
        hostile_set(folder)
        places = ("--root", folder / f"root {TYPED}")
        os.makedirs(folder / f"root {TYPED}/C/unit0" + b"/red\x1b[31m") # in the way of a file
        for words in (("inspect", folder / "set"), ("inspect", "--documents", folder / "documents")):
            told(*words)
            told(*words, "--json")
        for name in NAMES:
            told("explain", folder / "set", *places, b"C:\\unit0\\" + name, codes=(0, 11))
            told("explain", folder / "set", *places, b"C:\\unit1\\gone\\" + name, codes=(11,))
        told("explain", folder / "set", *places, "--json", b"C:\\unit0\\" + NAMES[0], codes=(0, 11))
        plan = told("plan", folder / "set", *places, "-o", folder / "plan")
        expect(b"NOT_REPLACEABLE" in plan.out, plan.told())
        told("plan", folder / "set", *places, "--jsonl")
        told("plan", folder / "set", *places, "--file", b"C:\\unit0\\" + NAMES[0])


def nothing_in_what_is_restored():
    with Folder() as folder:
        hostile_set(folder)
        root, run = folder / f"root {TYPED}", folder / f"run {TYPED}"
        os.makedirs(root + b"/C/unit0/red\x1b[31m")
        prom = folder / f"m {TYPED}.prom"
        told("run", folder / "set", "--root", root, "--run-dir", run, "--metrics", prom, "--profile",
             codes=(3,))
        with open(prom, "rb") as file:
            check_shown(file.read(), "metrics")
        for words in (("inspect", run), ("resume", run), ("report", run), ("pending", "list", run),
                      ("ctl", run, "status")):
            told(*words, codes=(0, 3, 11))
        told("resume", run, "--json", codes=(3,))
        told("inspect", run, "--json")
        told("plan", folder / "set", "--root", root, "-o", folder / "plan")
        for names in os.walk(root + b"/C/unit1"):
            for name in names[2]:
                os.unlink(os.path.join(names[0], name))
        told("verify", "--plan", folder / "plan", codes=(4,))
        told("run", folder / "set", "--root", root, "--run-dir", run, codes=(40,))
        told("run", "--plan", folder / f"no {TYPED}", "--run-dir", run, codes=(11,))
        told("run", folder / "set", "--root", root, "--metrics", folder / f"no {TYPED}/x.prom",
             codes=(11,))


def nothing_in_what_is_damaged():
    with Folder() as folder:
        hostile_set(folder)
        flip(folder / "set/packs/pack-000000.tar.lz4")
        told("verify", folder / "set", codes=(20,))
        told("run", folder / "set", "--root", folder / "root", "--run-dir", folder / "run",
             "--salvage", codes=(20,))
        told("report", folder / "run")
        told("inspect", folder / "run")


def nothing_in_what_was_typed():
    with Folder() as folder:
        path = folder / TYPED
        for words, code in (((TYPED,), 2), (("run", TYPED), 11), (("run", "x", "--" + TYPED), 2),
                            (("run", "x", "--ring", TYPED), 2), (("run", "x", "--workers", TYPED), 2),
                            (("run", "x", "--ionice", TYPED), 2), (("resume", path), 11),
                            (("run", "x", "--quiet=" + TYPED), 2), (("resume", "x", TYPED), 2),
                            (("inspect", path), 11), (("verify", path), 11), (("reindex", path), 11),
                            (("report", path), 11), (("ctl", path, "status"), 11),
                            (("ctl", path, TYPED), 2), (("ctl", path, "throttle", TYPED), 2),
                            (("pending", TYPED, path), 2), (("pending", "list", path), 11),
                            (("report", path, "-o", path + b"/no"), 11),
                            (("plan", path, "--root", TYPED), 11)):
            told(*words, codes=(code,))


def nothing_on_the_progress_line_and_in_status():
    with Folder() as folder:
        hostile_set(folder, large=40000)
        words = [PROGRAM, "run", folder / "set", "--root", folder / "root", "--run-dir", folder / "run",
                 "--throttle", "1M"]
        drawn = on_a_terminal(words, 250)
        expect(b"\\u{9b}2J" in drawn, f"no unit is named: {drawn[-600:]!r}")
        check_shown(OURS.sub(b"", drawn), "the progress line")
        with Child([*words[:3], "--root", folder / "root2", "--run-dir", folder / "run2",
                    "--throttle", "500K", "--json"], stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE) as child:
            end, status = time.monotonic() + WAIT_S, None
            while (status is None or b", in " not in status.out) and time.monotonic() < end:
                time.sleep(0.02)
                if os.path.exists(folder / "run2/control"): # of a file that is at work
                    status = told("ctl", folder / "run2", "status", codes=(0, 11))
            told("ctl", folder / "run2", "status", "--json")
            told("ctl", folder / "run2", TYPED, codes=(2,))
            command([PROGRAM, "ctl", folder / "run2", "cancel"])
            out, err = child.communicate(timeout=WAIT_S)
        expect(status is not None and b", in " in status.out, "no status names a unit")
        check_json(out, "events")
        check_shown(err, "sentences of a cancelled run")
        schemas.check_events(out)


run_cases({case.__name__: case for case in (
    nothing_in_what_is_planned, nothing_in_what_is_restored, nothing_in_what_is_damaged,
    nothing_in_what_was_typed, nothing_on_the_progress_line_and_in_status)})
