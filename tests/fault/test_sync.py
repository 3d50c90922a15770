"""Syncs whose end nobody tells: the process that syncs dies, the run does, or both (D-04, K-03).

Goal: an error of a sync is final, whoever met it: no unit is whole because a later sync has met
none. Method: an ext4 on a loop device, in earnest on a disk that is smaller than it says; and the
process that syncs held where a sync begins (sync_ends.c), so that the run ends within one.
"""

import os
import random
import signal
import subprocess
import time

from failing_disk import Mount # noqa: E402  (knows where scenario.py is)
from scenario import (PROGRAM, Child, Run, Scenario, equal, expect, # noqa: E402
                      preloadable, run_rules)
from town import CAN, MIB # noqa: E402

SECONDS_MAX = 60
FILES = 400 # of a tenth of a MB: more than a small disk takes
SMALL, LARGE = 24 * MIB, 200 * MIB


def preloaded(**words):
    path = preloadable("VSSRESTORE_SYNC_ENDS")
    return {**os.environ, "LD_PRELOAD": path, **{key: os.fsdecode(word) for key, word in words.items()}}


class Disk:
    """An ext4 whose image lies, with holes, on a file system in memory of that size."""

    def __init__(self, s, size):
        self.place, self.back = os.path.join(s.folder, b"ext4"), os.path.join(s.folder, b"backing")
        self.size, self.mounts = size, []

    def __enter__(self):
        try:
            self.mount(self.back, "-t", "tmpfs", "-o", f"size={self.size}", "none")
            image = self.back + b"/image"
            with open(image, "wb") as out:
                out.truncate(256 * MIB)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-N", "2048", image],
                           check=True, capture_output=True)
            self.mount(self.place, "-o", "loop,errors=continue", image)
        except BaseException:
            self.__exit__()
            raise
        return self

    def mount(self, *words):
        mount = Mount(*words)
        mount.__enter__()
        self.mounts.append(mount)

    def __exit__(self, *ignored):
        while self.mounts:
            self.mounts.pop().__exit__()

    def grow(self):
        subprocess.run(["mount", "-o", f"remount,size={LARGE}", self.back], check=True)


def content(i):
    return random.Random(i).randbytes(100000)


def media_of(s, files):
    s.backup().include(s.writer("Large", method=CAN).component("many")
                       .files(r"C:\many", "*", recursive=True))
    for i in range(files):
        s.put(rf"C:\many\{i}.bin", content(i), mtime=1500000500 + i)
    return s.pack()


def judge(place, files, what):
    """All of it is on the disk, not only in memory."""
    wrong = 0
    for i in range(files):
        descriptor = os.open(place + b"/C/many/%d.bin" % i, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            with open(descriptor, "rb", closefd=False) as opened:
                wrong += opened.read() != content(i)
        finally:
            os.close(descriptor)
    equal(wrong, 0, f"{what}: files that are wrong on the disk, of {files}")


def count(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def wait_until(true, what):
    end = time.monotonic() + SECONDS_MAX
    while not true():
        expect(time.monotonic() < end, f"never: {what}")
        time.sleep(0.005)


def is_caught(process, number):
    """Does it catch that signal yet?"""
    with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as opened:
        told = next(line for line in opened if line.startswith("SigCgt:"))
    return int(told.split()[1], 16) >> number - 1 & 1 == 1


class Held:
    """A run that was ended while processes which sync for it are held where that begins."""

    def __init__(self, s, disk, media, durability, ended_by, **words):
        self.folder = os.path.join(s.folder, b"run-" + s.number())
        self.tells, self.gate = self.folder + b".tells", self.folder + b".gate"
        call = ["run", media, "--quiet", "--durability", durability, "--run-dir", self.folder,
                "--root", disk.place]
        with Child([os.fsencode(PROGRAM), *map(os.fsencode, call)],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL,
                   env=preloaded(SYNC_TELLS=self.tells, SYNC_GATE=self.gate,
                                 **words)) as child:
            try:
                wait_until(lambda: count(self.tells) > 0 or child.poll() is not None, "a sync")
                # all is staged, and waits for a sync: sooner does no harm
                end = time.monotonic() + 1
                while count(self.tells) < 2 and time.monotonic() < end:
                    time.sleep(0.01)
                for number in ended_by:
                    child.send_signal(number)
                    time.sleep(0.05)
                child.wait(SECONDS_MAX)
            finally:
                child.kill()
        expect(child.returncode != 0, "it was ended in the middle")

    def open_gate(self):
        with open(self.gate, "wb"):
            pass

    def wait(self):
        """Those processes have made their syncs."""
        self.open_gate()
        wait_until(lambda: count(self.tells + b".ended") >= count(self.tells), "an orphan's end")


def D04_the_process_that_syncs_dies_with_the_error():
    """And tells nobody: on a disk that is full in earnest."""
    for durability in ("unit", "end"):
        with Scenario() as s:
            media = media_of(s, FILES)
            with Disk(s, SMALL) as disk:
                folder = os.path.join(s.folder, b"run-of-it")
                run = Run(["run", media, "--json", "--durability", durability, "--run-dir", folder,
                           "--root", disk.place], folder, env=preloaded(SYNC_DIES="1"))
                expect(run.exit not in (0, 1) and run.exit > 0, f"{durability}: {run.told()}")
                expect(run.status("many") != "ALL", f"{durability}: {run.told()}")


def D04_an_error_that_an_orphan_has_met():
    """The run is killed within a sync, which fails in earnest; then there is room."""
    with Scenario() as s:
        media = media_of(s, FILES)
        with Disk(s, SMALL) as disk:
            held = Held(s, disk, media, "unit", [signal.SIGKILL])
            held.wait()
            disk.grow()
            run = s.resume(held.folder)
            if run.exit == 0: # an ext4 that has lost so much may be good for nothing
                equal(run.status("many"), "ALL", run.told())
                judge(disk.place, FILES, "gone on with")
            else:
                expect(run.exit > 0 and run.status("many") != "ALL", run.told())


def spoil_below(top):
    """What a sync has failed for: of the right size, and with nothing in it."""
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            with open(path, "r+b") as opened:
                opened.write(bytes(facts.st_size))
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def ended_in_a_sync_that_fails(durability, ended_by, **words):
    what = f"{durability}, ended by {ended_by}"
    with Scenario() as s:
        media = media_of(s, 40)
        with Disk(s, LARGE) as disk:
            held = Held(s, disk, media, durability, ended_by, SYNC_FAULT="1", **words)
            held.wait()
            spoil_below(disk.place)
            run = s.resume(held.folder)
            equal(run.exit, 0, f"{what}\n{run.told()}")
            equal(run.status("many"), "ALL", f"{what}\n{run.told()}")
            judge(disk.place, 40, what)


def K03_killed_within_a_sync_that_fails():
    for durability in ("unit", "end"):
        ended_in_a_sync_that_fails(durability, [signal.SIGKILL])
    ended_in_a_sync_that_fails("unit", [signal.SIGKILL], SYNC_DIES="1") # both are


def K03_ended_within_a_sync_that_fails():
    """By a signal, when it was waited for long enough; and by a second one."""
    ended_in_a_sync_that_fails("unit", [signal.SIGTERM])
    ended_in_a_sync_that_fails("end", [signal.SIGTERM, signal.SIGTERM])


def inodes_below(top):
    return {os.lstat(os.path.join(folder, name)).st_ino
            for folder, _, names in os.walk(top) for name in names if name.endswith(b".bin")}


def K03_an_orphan_is_waited_for():
    """What it syncs without an error is kept; a signal ends the waiting."""
    with Scenario() as s:
        media = media_of(s, 40)
        with Disk(s, LARGE) as disk:
            held = Held(s, disk, media, "unit", [signal.SIGKILL])
            staged = inodes_below(disk.place)
            expect(staged, "something is staged")
            call = [os.fsencode(PROGRAM), b"resume", held.folder, b"--quiet"]
            for gone_on in (False, True):
                with Child(call, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE) as child:
                    wait_until(lambda: is_caught(child, signal.SIGTERM) or
                               child.poll() is not None, "a process that has begun")
                    time.sleep(0.3)
                    equal(child.poll(), None, "it waits")
                    if gone_on:
                        held.open_gate()
                    else:
                        child.terminate()
                    told = child.communicate(timeout=SECONDS_MAX)[1]
                equal(child.returncode, 0 if gone_on else 128 + signal.SIGTERM, told)
                expect(b"nothing was written" not in told, told)
            judge(disk.place, 40, "waited for")
            expect(staged <= inodes_below(disk.place), "nothing was staged twice")


NOTER_EARLY, NOTER_PUBLISH = b"1", b"0" # dest/sync_note.h


def content_of(path):
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as opened:
        return opened.read()


class Early:
    """A run whose early sync does not end before a gate is open, and fails then; its own are good.
    It was waited for that one of those has been made while that one was under way."""

    def __init__(self, s, disk, media, durability):
        for throttle in ("8M", "4M", "2M", "1M"): # one is begun, however busy the machine is
            self.folder = os.path.join(s.folder, b"run-" + s.number())
            self.tells, self.gate = self.folder + b".tells", self.folder + b".gate"
            call = ["run", media, "--json", "--quiet", "--durability", durability, "--throttle",
                    throttle, "--run-dir", self.folder, "--root", disk.place]
            words = preloaded(SYNC_TELLS=self.tells, SYNC_GATE=self.gate, SYNC_NOTER=NOTER_EARLY,
                              SYNC_FAULT="1")
            self.child = subprocess.Popen([os.fsencode(PROGRAM), *map(os.fsencode, call)],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, env=words)
            try:
                wait_until(lambda: NOTER_PUBLISH in content_of(self.tells + b".ended") or
                           self.child.poll() is not None, "a sync of its own")
            except BaseException:
                self.child.kill()
                raise
            if NOTER_EARLY in content_of(self.tells):
                return
            self.open_gate()
            self.end()
        raise AssertionError("no early sync was begun")

    def open_gate(self):
        with open(self.gate, "wb"):
            pass

    def end(self):
        try:
            out = self.child.communicate(timeout=SECONDS_MAX)[0].decode(errors="replace")
        finally:
            self.child.kill()
        return self.child.returncode, out


def D04_an_early_sync_that_ends_last():
    """It was told an error that the last sync was not: no unit is whole."""
    for durability in ("unit", "end"):
        with Scenario() as s:
            media = media_of(s, 40)
            with Disk(s, LARGE) as disk:
                early = Early(s, disk, media, durability)
                time.sleep(0.3)
                waits = early.child.poll() is None
                early.open_gate()
                code, out = early.end()
                what = f"{durability}, ended with {code}\n{out[-3000:]}"
                expect(waits, f"it does not wait: {what}")
                expect(code not in (0, 1) and code > 0, what)
                expect('"status":"ALL"' not in out.replace(" ", ""), what)


def K03_ended_while_an_early_sync_is_waited_for():
    """It is not waited for long; who goes on counts nothing of what it was about."""
    for durability in ("unit", "end"):
        with Scenario() as s:
            media = media_of(s, 40)
            with Disk(s, LARGE) as disk:
                early = Early(s, disk, media, durability)
                began = time.monotonic()
                early.child.terminate()
                code, out = early.end()
                what = f"{durability}, ended with {code}\n{out[-3000:]}"
                equal(code, 128 + signal.SIGTERM, what)
                expect(time.monotonic() - began < 5, what)
                early.open_gate()
                wait_until(lambda: NOTER_EARLY in content_of(early.tells + b".ended"), "its end")
                spoil_below(disk.place)
                run = s.resume(early.folder)
                equal((run.exit, run.status("many")), (0, "ALL"), f"{durability}\n{run.told()}")
                judge(disk.place, 40, durability)


def D12_a_sync_that_cannot_be_noted():
    """No room for that in the run folder, which is told, not in the destination; no unit is said to
    be durable, and whoever goes on when there is some ends as undisturbed."""
    for durability in ("unit", "end"):
        with Scenario() as s:
            media = media_of(s, 40)
            with Disk(s, LARGE) as disk:
                folder = os.path.join(s.folder, b"run-of-it")
                run = Run(["run", media, "--json", "--durability", durability, "--run-dir", folder,
                           "--root", disk.place], folder, env=preloaded(SYNC_NOTE_FULL="1"))
                what = f"{durability}: {run.told()}"
                equal(run.exit, 30, what)
                expect(run.status("many") != "ALL", what)
                expect(run.told_of("cannot", "`checkpoint` of the run folder", "resume"), what)
                if durability == "unit":
                    expect(not os.path.exists(disk.place + b"/C/many"), what)
                run = s.resume(folder)
                equal((run.exit, run.status("many")), (0, "ALL"), run.told())
                judge(disk.place, 40, durability)


if __name__ == "__main__":
    run_rules(dict(globals()))
