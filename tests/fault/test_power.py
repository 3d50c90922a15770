"""Power cuts: what was reported durable is whole on the disk as it was at that moment (K-03).

Goal: a unit whose commit stands in the journal is whole after a cut at any later moment, and a unit
without one is as it was or as it should become, never a mixture. Method: the destination is an ext4
whose image lies on an XFS that can clone files; clones of the image are taken at random moments
while a run goes on, and between its calls (stops_at.c), one instant each. A clone holds what the
file system had given its disk, and nothing of what it held in memory: it is mounted, as after a
cut, and judged. So are moments of a resume, with the run folder as it was then, which nothing
happens to: each is gone on with, and has to end as a run that nobody disturbed. VSSRESTORE_LONG=1
takes ten runs at random, and all moments of a resume. What a disk's own cache loses is not shown:
nothing here stands between the two.
"""

import fcntl
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import (LONG, PROGRAM, Child, Scenario, Skip, Told, equal, expect,  # noqa: E402
                      run_rules)
from town import (CAN, MIB, pattern, replaced_and_grown, snapshot,  # noqa: E402
                  tell_difference, waited)

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
RUNS = 10 if LONG else 2
CLONES_MAX = 40
STOPS_AT, CALLS_STEP = os.environ.get("VSSRESTORE_STOPS_AT"), 20
RENAMES_STEP = 5
UNITS = 24
FICLONE = 0x40049409
JOURNAL_MAGIC = 0x4A525356 # "VSRJ", src/run/journal.h
JOURNAL_INTENT, JOURNAL_COMMIT, JOURNAL_READY, JOURNAL_UNCOMMIT = 3, 4, 11, 13
HEAD = struct.Struct("<IHHIIQ")


def failure_of(words):
    """What a command says of why it failed; empty if it did not."""
    done = subprocess.run(words, check=False, capture_output=True)
    said = done.stderr.decode(errors="replace").strip()
    return "" if done.returncode == 0 else f"{os.fsdecode(b' '.join(map(os.fsencode, words)))}: " \
        f"{said or done.returncode}"


def must(*words):
    said = failure_of(words)
    expect(not said, said)


def must_be_possible(*words):
    """What not every machine can do: the only reason to skip."""
    said = failure_of(words)
    if said:
        raise Skip(said)


def unmount(path):
    """Whoever looks at it keeps it busy, for a moment."""
    for _ in range(100):
        said = failure_of(("umount", path))
        if not said:
            return
        time.sleep(0.05)
    expect(False, said)


def records_in(journal):
    """(type, group, payload) of the whole records of a journal; it may not be there."""
    if not os.path.exists(journal):
        return
    with open(journal, "rb") as opened:
        whole = opened.read()
    at = 0
    while at + HEAD.size <= len(whole):
        magic, kind, _, count, group, _ = HEAD.unpack_from(whole, at)
        if magic != JOURNAL_MAGIC or at + HEAD.size + count + 8 > len(whole):
            break
        yield kind, group, whole[at + HEAD.size:at + HEAD.size + count]
        at += HEAD.size + count + 8


def commits_in(journal):
    """The units whose commits stand in a journal, and count."""
    groups = set()
    for kind, group, payload in records_in(journal):
        if kind == JOURNAL_COMMIT:
            groups.add(group)
        if kind == JOURNAL_UNCOMMIT:
            groups -= set(struct.unpack(f"<{len(payload) // 4}I", payload))
    return groups


class Disk:
    """An ext4 on an image that can be cloned, mounted; and clones of it, mounted elsewhere."""

    def __init__(self, folder):
        self.outer, self.root = os.path.join(folder, b"outer"), os.path.join(folder, b"disk")
        self.image, self.other = self.outer + b"/image", os.path.join(folder, b"after")
        self.cuts = 0

    def __enter__(self):
        for path in (self.outer, self.root, self.other):
            os.mkdir(path)
        outer_image = self.outer + b".image"
        with open(outer_image, "wb") as out:
            out.truncate(2048 * MIB)
        must("mkfs.xfs", "-q", "-m", "reflink=1", outer_image)
        must_be_possible("mount", "-o", "loop", outer_image, self.outer)
        with open(self.image, "wb") as out:
            out.truncate(160 * MIB)
        try:
            must("mkfs.ext4", "-q", "-F", "-J", "size=8", self.image)
            must_be_possible("mount", "-o", "loop", self.image, self.root)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ignored):
        for path in (self.other, self.root, self.outer):
            subprocess.run(["umount", "-l", path], check=False, capture_output=True)

    def cut(self, clone):
        """The power goes, and comes again: the disk is as that clone, and another one from here on
        (the clone stays as it is). Under a new name each time: a loop device that somebody still
        looks at would be taken again for the same one, with what it remembers."""
        unmount(self.root)
        self.cuts += 1
        self.image = clone + b".used-%d" % self.cuts
        subprocess.run(["cp", "--reflink=always", clone, self.image], check=True)
        must("mount", "-o", "loop", self.image, self.root)

    def clone(self, number):
        path = self.outer + b"/clone-%d" % number
        with open(self.image, "rb") as source, open(path, "wb") as target:
            fcntl.ioctl(target, FICLONE, source.fileno())
        return path


def unit_files(unit):
    """{windows path: content}: new in even units, replaced in odd ones."""
    return {rf"C:\u{unit}\{i}.bin": pattern(1000 * unit + i, 20000 + 50000 * i) for i in range(6)}


def old_content(unit, path):
    return f"what stood there: {unit} {path}".encode()


def fill(s):
    w, b = s.writer("Cut", method=CAN), s.backup()
    for unit in range(UNITS):
        b.include(w.component(f"u{unit}").files(rf"C:\u{unit}", "*"))
        for path, content in unit_files(unit).items():
            s.put(path, content, mtime=1500000000)
            if unit % 2 == 1:
                s.place(path, old_content(unit, path), mtime=1400000000)
    return s.pack()


def judge(top, unit, committed, what):
    """top: where volume C stands."""
    new, old, other = 0, 0, []
    for path, content in unit_files(unit).items():
        place = os.path.join(top, os.fsencode(path[3:].replace("\\", "/")))
        if not os.path.lexists(place):
            old += unit % 2 == 0
            other += [f"{path} is gone"] if unit % 2 == 1 else []
            continue
        expect(stat.S_ISREG(os.lstat(place).st_mode), place)
        with open(place, "rb") as opened:
            found = opened.read()
        if found == content:
            new += 1
        elif unit % 2 == 1 and found == old_content(unit, path):
            old += 1
        else:
            other.append(f"{path} is neither old nor new: {len(found)} bytes of {len(content)}")
    expect(not other, f"{what}: unit {unit}: {other}")
    expect(not committed or old == 0, f"{what}: unit {unit} was committed; {old} files are not there")
    return new, old


def look(disk, clone, committed, what):
    must("mount", "-o", "loop", clone, disk.other)
    try:
        for unit in range(UNITS):
            judge(os.path.join(disk.other, b"C"), unit, unit in committed, what)
    finally:
        unmount(disk.other)


def by_chance(words, dice):
    """A run; again and again, whatever it is at."""
    with Child(words, stdout=subprocess.DEVNULL) as child:
        for _ in range(CLONES_MAX):
            time.sleep(dice.uniform(0, 0.01))
            if child.poll() is not None:
                break
            yield
        expect(child.wait() == 0, "the run itself")


def is_stoppable():
    with open(PROGRAM, "rb") as opened:
        return STOPS_AT is not None and b"__asan_init" not in opened.read()


def stopped_calls(words):
    """The process, before each of its calls; it is let go on, unless it was killed."""
    with Child(words, stdout=subprocess.DEVNULL,
               env={**os.environ, "LD_PRELOAD": STOPS_AT, "STOPS_AT": "1",
                    "STOPS_STEP": "1"}) as child:
        status = waited(child)
        while os.WIFSTOPPED(status):
            yield child
            os.kill(child.pid, signal.SIGCONT)
            status = waited(child)
        child.returncode = os.waitstatus_to_exitcode(status)


def by_calls(words, journal):
    """A run that stands still before each of its calls: some of them, and each that comes behind a
    commit, since those of all units follow each other within some milliseconds."""
    before = 0
    for number, child in enumerate(stopped_calls(words)):
        known = len(commits_in(journal))
        if number % CALLS_STEP == 0 or known != before:
            yield
        before = known
    expect(child.returncode == 0, "the run itself")


def by_renames(words, journal, beside):
    """The same in the middle of units, and somebody else syncs a file of his there first: names
    that have changed are on the disk then, and bytes only if we have synced them."""
    taken = 0
    for number, child in enumerate(stopped_calls(words)):
        kinds = [kind for kind, _, _ in records_in(journal)]
        if kinds and kinds[-1] == JOURNAL_INTENT and number % RENAMES_STEP == 0:
            with open(beside, "wb") as out:
                out.write(b"%d" % number)
                os.fsync(out.fileno())
            taken += 1
            yield
    expect(child.returncode == 0, "the run itself")
    expect(taken > 5, f"{taken} moments in the middle of units")


def K03_a_cut_at_random_moments():
    """The places of a unit without a commit may be half old and half new: resume takes care of it
    (K-01); no single file may be anything else."""
    dice, looked, half_way = random.Random(SEED), 0, 0
    counted = is_stoppable()
    for number in range(RUNS + 2 * counted):
        with Scenario() as s:
            media = fill(s)
            with Disk(s.folder) as disk:
                subprocess.run(["cp", "-a", s.dest.folder + b"/.", disk.root], check=True)
                os.sync()
                folder, clones = os.path.join(s.folder, b"run-of-it"), []
                words = [PROGRAM, "run", media, "--root", disk.root, "--run-dir", folder, "--quiet",
                         "--workers", str(dice.choice((1, 2, 4)))]
                journal, beside = os.path.join(folder, b"journal"), os.path.join(disk.root, b"his")
                moments = by_chance(words, dice) if number < RUNS else by_calls(words, journal) \
                    if number == RUNS else by_renames(words, journal, beside)
                for _ in moments:
                    known = commits_in(journal)
                    clones.append((disk.clone(len(clones)), known))
                clones.append((disk.clone(len(clones)), set(range(UNITS))))
                for clone, known in clones:
                    looked += 1
                    half_way += 0 < len(known) < UNITS
                    look(disk, clone, known, f"run {number}, {os.fsdecode(clone)}, {sorted(known)}")
        shutil.rmtree(s.folder, ignore_errors=True)
    expect(looked > 2 * RUNS and (half_way > 15 or not counted), f"{half_way} of {looked} moments only")
    print(f"{looked} moments, {half_way} of them with some units committed")


# --- a cut while a run is gone on with ---

class Interrupted:
    """A run on a disk, cut behind its renames: the disk and the run folder as they were then."""

    def __init__(self, s, disk, media):
        self.disk, self.folder = disk, os.path.join(s.folder, b"run-of-it")
        self.call = [PROGRAM, "run", media, "--root", disk.root, "--run-dir", self.folder,
                     "--quiet", "--workers", "1"]
        self.copies = 0
        start = disk.clone(0)
        subprocess.run(self.call, check=True)
        self.wanted = snapshot(disk.root)
        shutil.rmtree(self.folder)
        for _ in range(20):
            disk.cut(start)
            self.moment = self.cut_run()
            if self.moment:
                return
            shutil.rmtree(self.folder)
        expect(False, "no run was cut behind its renames")

    def keep(self, number):
        """This moment: (the disk, the run folder)."""
        self.copies += 1
        kept = b"%s.%d" % (self.folder, self.copies)
        subprocess.run(["cp", "-a", self.folder, kept], check=True)
        return self.disk.clone(number), kept

    def go_back(self, moment):
        clone, kept = moment
        self.disk.cut(clone)
        shutil.rmtree(self.folder)
        subprocess.run(["cp", "-a", kept, self.folder], check=True)

    def cut_run(self):
        """A moment before its first commit, when all files are in place; or None."""
        moment = None
        for child in stopped_calls(self.call):
            kinds = {kind for kind, _, _ in records_in(self.folder + b"/journal")}
            tree = snapshot(self.disk.root)[0]
            if JOURNAL_INTENT in kinds and all(tree.get(path) == what
                                               for path, what in self.wanted[0].items()
                                               if stat.S_ISREG(what[0])):
                if JOURNAL_COMMIT not in kinds:
                    moment = self.keep(1)
                child.kill()
        return moment

    def cut_resume(self):
        """Moments of a resume of it: those around and behind its READY, or all."""
        moments, behind = [], 0
        self.go_back(self.moment)
        for child in stopped_calls([PROGRAM, "resume", self.folder, "--quiet"]):
            ready = [kind for kind, _, _ in records_in(self.folder + b"/journal")]
            behind += ready.count(JOURNAL_READY) > 1
            if LONG or behind in (1, 3):
                moments.append((self.keep(len(moments) + 2), behind))
            if not LONG and behind == 3:
                child.kill()
        expect(behind > 2, f"{behind} moments behind its READY")
        return moments

    def judge(self, moment, what):
        self.go_back(moment)
        told = Told(["resume", self.folder, "--json"])
        tell_difference(self.wanted, snapshot(self.disk.root), f"{what}\n{told.out}\n{told.err}")
        equal(told.exit, 0, f"{what}\n{told.out}\n{told.err}")


def K03_a_cut_in_a_resume():
    """What it has put back may not be on the disk yet, its journal always is."""
    if not is_stoppable():
        raise Skip("what stops a process is not there, or the address sanitizer is")
    judged = 0
    with Scenario() as s:
        replaced_and_grown(s)
        media = s.pack()
        with Disk(s.folder) as disk:
            subprocess.run(["cp", "-a", s.dest.folder + b"/.", disk.root], check=True)
            os.sync()
            run = Interrupted(s, disk, media)
            run.judge(run.moment, "cut behind the renames")
            for moment, behind in run.cut_resume():
                judged += 1
                run.judge(moment, f"the resume cut at moment {judged}, {behind} behind its READY")
    print(f"{judged} moments of a resume")


if __name__ == "__main__":
    run_rules(dict(globals()))
