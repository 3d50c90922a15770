"""What tests of killed runs share: a plan that is run as often as is wanted, each time to a copy of
the destination, killed, gone on with, and compared with a run that nobody disturbed: tree with
modes, times and links, rows, statuses, exit code, document.
"""

import contextlib
import os
import random
import shutil
import signal
import stat
import subprocess
import time

from scenario import LONG, Run, Skip, Told, equal, expect, preloadable

MIB = 1 << 20
CAN = "RESTORE_IF_CAN_BE_REPLACED"
NOT_THERE = "RESTORE_IF_NOT_THERE"


def pattern(seed, count):
    block = random.Random(seed).randbytes(4096)
    return b"".join((block + i.to_bytes(8, "little")) for i in range(count // 4096 + 1))[:count]


# --- what stands somewhere ---

def snapshot(top):
    """{path below top: what stands there}, but for what waits for the next boot."""
    found, names = {}, {}
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(b".vssrestore-pending-")]
        for name in folders + files:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            below = os.path.relpath(path, top)
            what = (stat.S_IFMT(facts.st_mode), stat.S_IMODE(facts.st_mode), facts.st_mtime_ns)
            if stat.S_ISLNK(facts.st_mode):
                what += (os.readlink(path),)
            elif stat.S_ISREG(facts.st_mode):
                with open(path, "rb") as opened:
                    what += (opened.read(),)
                names.setdefault((facts.st_dev, facts.st_ino), []).append(below)
            found[below] = what
    links = sorted(tuple(sorted(group)) for group in names.values() if len(group) > 1)
    return found, links


def settled(top):
    """Of a run that was killed: what the kernel had in flight for it may still come to an end."""
    found = None
    while True:
        try:
            again = snapshot(top)
        except FileNotFoundError:
            again = None
        if again is not None and again == found:
            return found
        found = again
        time.sleep(0.05)


def tell_difference(wanted, found, what):
    lines = []
    for path in sorted(set(wanted[0]) | set(found[0])):
        a, b = wanted[0].get(path), found[0].get(path)
        if a != b:
            lines.append(f"  {path}: wanted {str(a)[:120]}, found {str(b)[:120]}")
    if wanted[1] != found[1]:
        lines.append(f"  links: wanted {wanted[1]}, found {found[1]}")
    expect(not lines, what + "\n" + "\n".join(lines[:20]))


def rows_below(run, root):
    prefix = os.fsdecode(root)
    rows = []
    for row in run.rows:
        expect(row["path"].startswith(prefix), row["path"])
        rows.append({**row, "path": row["path"][len(prefix):]})
    return rows


def statuses(run):
    return [(unit["component"], unit["status"], unit["error"]) for unit in run.summary["units"]]


# --- one plan, run as often as is wanted ---

class Town:
    """A media set and a destination as it was, to be restored to copies of it."""

    def __init__(self, s, media, *arguments, players=None):
        self.s, self.media, self.arguments, self.players = s, media, arguments, players
        self.number = None
        self.root = None
        self.wanted = self.run_once()
        self.wanted_diary = players.diary if players else None

    def copy(self):
        """A destination as the scenario's; its path."""
        self.number = self.s.number()
        self.root = os.path.join(self.s.folder, b"copy-" + self.number)
        subprocess.run(["cp", "-a", self.s.dest.folder, self.root], check=True)
        if self.players and os.path.exists(os.path.join(self.players.folder, b"diary")):
            os.unlink(os.path.join(self.players.folder, b"diary"))
        return self.root

    def folder(self):
        return os.path.join(self.s.folder, b"run-of-" + self.number)

    def call(self):
        return ["run", self.media, "--json", "--quiet", "--run-dir", self.folder(),
                "--root", self.root, *self.arguments]

    def told(self, run):
        return (snapshot(self.root), rows_below(run, self.root), statuses(run), run.exit,
                run.document.bytes)

    def run_once(self):
        self.copy()
        began = time.monotonic()
        run = Run(self.call(), self.folder())
        self.seconds = time.monotonic() - began
        expect(run.summary, run.told())
        return self.told(run)

    def count_calls(self):
        """How many calls a run has that could be its last."""
        count = os.path.join(self.s.folder, b"count")
        self.copy()
        Told(self.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                               "ENDS_COUNT": os.fsdecode(count)})
        with open(count, encoding="ascii") as opened:
            self.clear()
            return int(opened.read())

    def clear(self):
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.folder(), ignore_errors=True)

    def compare(self, run, what):
        tree, rows, units, code, document = self.told(run)
        tell_difference(self.wanted[0], tree, f"{what}: the tree differs\n{run.told()}")
        equal(units, self.wanted[2], f"{what}: statuses\n{run.told()}")
        equal(code, self.wanted[3], f"{what}: exit code\n{run.told()}")
        equal(rows, self.wanted[1], f"{what}: rows")
        equal(document, self.wanted[4], f"{what}: document")

    def kill_at(self, number, half=False):
        """Run, and be killed before that call; True: there was such a call."""
        before = snapshot(self.copy())
        told = Told(self.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                      "ENDS_AT": str(number),
                                      **({"ENDS_HALF": "1"} if half else {})})
        if told.exit == -signal.SIGKILL and not os.path.isdir(self.folder()):
            tell_difference(before, snapshot(self.root), f"call {number}: without a run folder")
            expect(not self.players or not self.players.diary, f"call {number}: somebody was asked")
        return told.exit == -signal.SIGKILL

    def is_begun(self):
        return os.path.isdir(self.folder())

    def resume(self, what, **more):
        run = self.s.resume(self.folder(), **more)
        expect(run.summary and run.summary["units"], f"{what}\n{run.told()}")
        self.compare(run, what)
        return run


class DiskTown(Town):
    """A town whose copies stand in a folder of a disk (on_disk)."""

    def __init__(self, s, media, top, *arguments):
        self.top = top
        super().__init__(s, media, *arguments)

    def copy(self):
        made = super().copy()
        self.root = os.path.join(self.top, os.path.basename(made))
        subprocess.run(["cp", "-a", made, self.root], check=True)
        shutil.rmtree(made)
        return self.root


@contextlib.contextmanager
def on_disk(s):
    """A folder of the scenario's on a file system that a sync reaches, or an ext4 mounted there."""
    image, top = os.path.join(s.folder, b"image"), os.path.join(s.folder, b"disk")
    os.mkdir(top)
    kind = subprocess.run(["stat", "-f", "-c", "%T", top], capture_output=True, check=True)
    if kind.stdout.strip() != b"tmpfs":
        yield top
        return
    with open(image, "wb") as out:
        out.truncate(64 * MIB)
    for words in (["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, top]):
        done = subprocess.run(words, check=False, capture_output=True)
        if done.returncode != 0:
            raise Skip(f"TMPDIR is in memory, which no sync reaches: {done.stderr}")
    try:
        yield top
    finally:
        subprocess.run(["umount", "-l", top], check=False, capture_output=True)


def when_free(*words):
    """A command that unmounts, or mounts as read-only, once nobody keeps that busy. What the kernel
    still holds for a process that has ended may, and so may who synced for it."""
    for _ in range(200):
        done = subprocess.run(words, check=False, capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.05)
    expect(False, f"{words}: {done.stderr.decode(errors='replace')}")


def ends_at():
    return preloadable("VSSRESTORE_ENDS_AT")


def moments(count, step):
    """Which of so many calls are a run's last ones: every step-th, or with VSSRESTORE_LONG=1 each."""
    return range(1, count + 1, 1 if LONG else step)


def each_call(town, half=False, each=None, killed=None, step=1):
    """Killed before each call in turn, or every step-th, resumed, compared; each(what) looks at more
    then, killed() before it is gone on with."""
    count = town.count_calls()
    expect(count > 20, f"{count} calls only")
    begun = 0
    for number in moments(count, step):
        if town.kill_at(number, half) and town.is_begun():
            what = f"killed before call {number} of {count}"
            if killed:
                killed()
            town.resume(what)
            if each:
                each(what)
            begun += 1
        town.clear()
    expect(begun > 10, f"{begun} of {count} runs had begun")


STAND_SECONDS, MOMENT_SECONDS = 2, 0.002


def stands(process):
    """Its first thread does."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as opened:
        return opened.read().rpartition(")")[2].split()[0] == "T"


def waited(process):
    """Its status once it stands still, or has ended. Where a thread of it just ends, that waits for
    the kernel's workers of its ring, and those stand still: so the kernel never says that all do.
    It is let go on for a moment then, and stopped again."""
    until = time.monotonic() + STAND_SECONDS
    while True:
        pid, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if pid != 0:
            return status
        if time.monotonic() > until and stands(process):
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(MOMENT_SECONDS)
            os.kill(process.pid, signal.SIGSTOP) # no second stop where it stands at its next call
            until = time.monotonic() + STAND_SECONDS
        time.sleep(0.0003)


# --- places of every kind ---

def replaced(s):
    """Files that stand there are replaced, others come to them."""
    w = s.writer("Ledger", method=CAN)
    c = w.component("db1").files(r"C:\old", "*", recursive=True)
    for i in range(4):
        s.put(rf"C:\old\{i}.dat", pattern(i, 3000 + i), mtime=1500000000 + i)
        if i != 3:
            s.place(rf"C:\old\{i}.dat", b"was %d" % i, mtime=1400000000 + i)
    s.put(r"C:\old\deep\x.dat", b"deep", mtime=1500000100)
    s.place(r"C:\old\deep\x.dat", b"was deep", mtime=1400000100)
    s.place(r"C:\old\mine.txt", b"stays", mtime=1300000000)
    os.utime(s.dest.path(r"C:\old"), (1200000000, 1200000000))
    os.utime(s.dest.path(r"C:\old\deep"), (1200000001, 1200000001))
    return c


def grown(s):
    """Whole new subtrees, which two units share."""
    w = s.writer("Web", method=CAN)
    c = w.component("site").files(r"C:\new\a", "*", recursive=True)
    d = w.component("logs").files(r"C:\new\b", "*", recursive=True)
    s.put(r"C:\new\a\1.txt", b"one", mtime=1500000200)
    s.put(r"C:\new\a\in\2.txt", pattern(7, 70000), mtime=1500000201)
    s.put(r"C:\new\a\large.bin", pattern(8, 3 * MIB + 77), mtime=1500000202)
    s.put(r"C:\new\b\log.txt", b"log", mtime=1500000203)
    s.put_folder(r"C:\new\b\empty")
    os.link(s.source.path(r"C:\new\a\1.txt"), s.source.path(r"C:\new\a\in\one again.txt"))
    os.symlink("1.txt", s.source.path(r"C:\new\a\link"))
    for folder in (r"C:\new\b\empty", r"C:\new\b", r"C:\new\a\in", r"C:\new\a", r"C:\new"):
        os.utime(s.source.path(folder), (1500000300, 1500000300))
    os.chmod(s.source.path(r"C:\new\a\in"), 0o750)
    return c, d


def replaced_and_grown(s):
    """A backup of both kinds, which more may be included in."""
    b = s.backup()
    for c in (replaced(s), *grown(s)):
        b.include(c)
    return b


def ranged(s):
    """Ranges laid over a file that stands there."""
    w = s.writer("Sql", method=CAN)
    c = w.component("db").files(r"C:\db", "*.mdf", recursive=False)
    s.put(r"C:\db\big.mdf", pattern(9, 3 * MIB), mtime=1500000400)
    s.place(r"C:\db\big.mdf", pattern(10, 3 * MIB), mtime=1400000400)
    os.utime(s.dest.path(r"C:\db"), (1200000002, 1200000002))
    return c
