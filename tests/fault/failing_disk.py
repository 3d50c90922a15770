"""A destination that changes in the middle of a run: the program is stopped before one of its calls
(stops_at.c), a file system is filled, shut down or mounted anew in earnest, and it goes on; what
stands there then is judged. Shared by the tests of disks that fail.
"""

import fcntl
import json
import os
import signal
import stat
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import (PROGRAM, Child, Run, Skip, equal, expect, preloadable, # noqa: E402
                      schemas)
from town import CAN, pattern, replaced_and_grown, snapshot, waited # noqa: E402

SECONDS_MAX = 120
EXT4_SHUTDOWN = 0x8004587D # EXT4_IOC_SHUTDOWN, _IOR('X', 125, u32)
SHUTDOWN_NOLOGFLUSH = 2


def shim():
    return preloadable("VSSRESTORE_STOPS_AT")


def mount(*words):
    done = subprocess.run(["mount", *words], check=False, capture_output=True)
    if done.returncode != 0:
        raise Skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")


class Mount:
    """Unmounted in the end, come what may."""

    def __init__(self, path, *words):
        self.path, self.words = path, words

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        mount(*self.words, self.path)
        return self.path

    def __exit__(self, *ignored):
        subprocess.run(["umount", "-l", self.path], check=False)


def run_stopped(town, number, change, **more):
    """Run, stopped before that call, when change() is called. The Run; None: there was no such."""
    words = [os.fsencode(PROGRAM), *map(os.fsencode, town.call())]
    environment = {**os.environ, "LD_PRELOAD": shim(), "STOPS_AT": str(number)}
    told = os.path.join(town.s.folder, b"told")
    with open(told, "w+b") as out, open(told + b"-to-people", "w+b") as err:
        with Child(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                   env=environment, **more) as child:
            status = waited(child)
            stopped = os.WIFSTOPPED(status)
            if stopped:
                try:
                    change()
                finally:
                    os.kill(child.pid, signal.SIGCONT)
                code = child.wait(SECONDS_MAX)
            else:
                child.returncode = code = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        events = out.read()
        text = (events + err.read()).decode(errors="replace")
    if code >= 0: # a killed one may leave anything
        told = schemas.check_events(events)[-1]
        equal(told["exit_code"], code, f"the summary, and how it ended\n{text}")
    return stopped, code, text


def count_calls(town):
    """How many calls every run has: one that takes longer notes more syncs."""
    preloaded, least = shim(), None
    count = os.path.join(town.s.folder, b"calls")
    for _ in range(2):
        town.copy()
        Run(town.call(), town.folder(), env={**os.environ, "LD_PRELOAD": preloaded,
                                             "STOPS_COUNT": os.fsdecode(count)})
        town.clear()
        with open(count, encoding="ascii") as opened:
            counted = int(opened.read())
        least = counted if least is None else min(least, counted)
    return least


def judge(town, before, what):
    """Every name is as it was before, as it should become, or not there."""
    after, wanted = snapshot(town.root)[0], town.wanted[0][0]
    for path, found in after.items():
        if path.startswith(b".vssrestore-") or b"/.vssrestore-" in path or path.startswith(b"filler"):
            continue
        if stat.S_ISREG(found[0]):
            right = [there[path][3:] for there in (before[0], wanted) if path in there]
            expect(found[3:] in right, f"{what}: {path} is neither the old nor the new file")


def told_units(town):
    """{component: status} of the summary in the run folder, and that."""
    with open(os.path.join(town.folder(), b"summary.json"), encoding="utf-8") as opened:
        summary = json.load(opened)
    return {unit["component"]: unit["status"] for unit in summary["units"]}, summary


def judge_units(town, before, units, members, what):
    """A unit that is ALL has all its files, one that is NONE has none that is new."""
    after, wanted = snapshot(town.root)[0], town.wanted[0][0]
    for component, prefix in members.items():
        paths = [path for path in wanted if path.startswith(prefix) and
                 stat.S_ISREG(wanted[path][0]) and
                 (path not in before[0] or before[0][path][3:] != wanted[path][3:])]
        new = [path for path in paths if path in after and after[path][3:] == wanted[path][3:]]
        if units[component] == "ALL":
            equal(len(new), len(paths), f"{what}: {component} is ALL")
        else:
            equal(new, [], f"{what}: {component} is {units[component]}")


def two_units(s):
    """One that replaces, one that is new and larger than what is left in the end."""
    b = replaced_and_grown(s)
    w = s.writer("Large", method=CAN)
    b.include(w.component("many").files(r"C:\many", "*", recursive=True))
    for i in range(40):
        s.put(rf"C:\many\{i % 7}\{i}.bin", pattern(100 + i, 100000 + i), mtime=1500000500 + i)
    return {"db1": b"C/old/", "site": b"C/new/a/", "logs": b"C/new/b/", "many": b"C/many/"}


def fill_bytes(root, left):
    """Leave so many bytes."""
    status = os.statvfs(root)
    room = status.f_bavail * status.f_frsize - left
    if room > 0:
        descriptor = os.open(root + b"/filler", os.O_WRONLY | os.O_CREAT)
        os.posix_fallocate(descriptor, 0, room)
        os.close(descriptor)


def unfill(root):
    subprocess.run(["rm", "-rf", root + b"/filler"], check=True)


def kill_stopped(town, number):
    """Run, killed before that call."""
    words = [os.fsencode(PROGRAM), *map(os.fsencode, town.call())]
    environment = {**os.environ, "LD_PRELOAD": shim(), "STOPS_AT": str(number)}
    with Child(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
               stderr=subprocess.DEVNULL, env=environment) as child:
        waited(child)
        child.kill()


def ext4(s, backing_size, image_size, errors="continue"):
    """An ext4 whose image lies, with holes, on a file system that may be smaller: its mount."""
    backing = Mount(os.path.join(s.folder, b"backing"), "-t", "tmpfs", "-o",
                    f"size={backing_size}", "none")
    image = backing.__enter__() + b"/image"
    with open(image, "wb") as out:
        out.truncate(image_size)
    done = subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1",
                           image], check=False, capture_output=True)
    expect(done.returncode == 0, done.stderr)
    root = Mount(os.path.join(s.folder, b"ext4"), "-o", "loop,errors=" + errors, image)
    return backing, root


def shut_down(place):
    """An ext4 that gives its disk nothing more."""
    descriptor = os.open(place, os.O_RDONLY)
    fcntl.ioctl(descriptor, EXT4_SHUTDOWN, struct.pack("I", SHUTDOWN_NOLOGFLUSH))
    os.close(descriptor)
