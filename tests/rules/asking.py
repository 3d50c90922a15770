"""Runs that ended while they asked writers and services: nothing was written, and whoever may have
heard of it is owed the end. Who is asked kills the run that asks him, or signals to it. Shared by
the tests of what becomes of such runs.
"""

import json
import os

from interrupted import inspected
from scenario import Told, equal, expect
from town import CAN, snapshot

LIVE = ("--tree", "live", "--registry", "")


def first(times, name, line):
    """A shell line that is done so many times and no more."""
    return (f'n=$(cat "$here/done-{name}" 2>/dev/null || echo 0); '
            f'[ "$n" -ge {times} ] || {{ echo $((n + 1)) > "$here/done-{name}"; {line}; }}')


def kills(players, times, name):
    """A shell line by which a program kills the run that called it, so many times."""
    return first(times, name, "kill -9 $PPID")


def signals(players, times, name, then="sleep 60 & wait"):
    """The same with SIGTERM; then it waits to be ended itself."""
    return first(times, name, f"kill -TERM $PPID; {then}")


def ledger(s, service=None):
    method = {"method": "STOP_RESTORE_START", "service": service} if service else {"method": CAN}
    c = s.writer("Ledger", **method).component("db").files(r"C:\db", "*", recursive=True)
    s.put(r"C:\db\a.dat", b"restored", mtime=1500000500)
    s.put(r"C:\db\new\b.dat", b"restored, too", mtime=1500000500)
    s.place(r"C:\db\a.dat", b"was there", mtime=1400000500)
    s.backup().include(c)
    return s.pack()


def killed(s, *call, **more):
    """A run that whoever it asked has killed; its folder."""
    folder = os.path.join(s.folder, b"run-" + s.number())
    before = snapshot(s.dest.folder)
    equal(Told(["run", *call, "--json", "--run-dir", folder], **more).exit, -9)
    equal(snapshot(s.dest.folder), before, "it only asked")
    equal(state(folder), "killed")
    return folder


def signalled(s, *call, **more):
    """A run that whoever it asked has ended; its folder, and what it told."""
    folder = os.path.join(s.folder, b"run-" + s.number())
    before = snapshot(s.dest.folder)
    told = Told(["run", *call, "--json", "--run-dir", folder], **more).must(143)
    events = [json.loads(line) for line in told.out.splitlines()]
    equal((events[-1]["t"], events[-1]["exit_code"]), ("summary", 143), told.told())
    expect(told.told_of("resume", os.fsdecode(folder)), told.told())
    equal(snapshot(s.dest.folder), before, "it only asked")
    equal(state(folder), "interrupted")
    return folder


def state(folder):
    return inspected(folder)["state"]


def owes(folder, writers, services, state="killed"):
    """Who is owed the end of a run that asked, and what people are told of it."""
    found = inspected(folder)
    equal((found["state"], found["asking"], found["resumable"], found["staging"]),
          (state, True, True, None))
    equal((found["owed_writers"], found["owed_services"]), (writers, services))
    text = Told(["inspect", folder]).must(0)
    expect("staged" not in text.out and "nothing was written" in text.out, text.told())
    owed = ", ".join(writers + ["the service " + name for name in services])
    expect(("owed to " + owed + "\n" if owed else "written\n`") in text.out, text.told())
    expect(f"`vssrestore resume {os.fsdecode(folder)}`" in text.out, text.told())


def takes_place(s, folder):
    """Something of somebody else's stands where that run will stage; its path."""
    name = b".vssrestore-" + os.fsencode(inspected(folder)["run"])
    path = os.path.join(s.dest.path("C:\\"), name)
    os.mkdir(path)
    return path


def restored(s, run):
    equal((s.at(r"C:\db\a.dat"), s.at(r"C:\db\new\b.dat")), (b"restored", b"restored, too"),
          run.told())
    equal(run.status("db"), "ALL")
    expect(not any(name.startswith(b".vssrestore-") for name in
                   os.listdir(s.folder) + os.listdir(s.dest.folder)), "something is left hidden")
