"""Destinations that fail: full, out of inodes, broken, read-only, of the wrong sort (D-01 to D-10).

Goal: whatever the destination refuses, at whatever moment, no short or wrong file is under a final
name, each unit is there as a whole or not at all and its status says which, the exit code is of
the right class; and once there is room, `resume` ends as if nothing had been. Method: the program
is stopped before one of the calls that take room (stops_at.c), the destination is changed in
earnest, and it goes on. VSSRESTORE_LONG=1 takes 200 fill levels.
"""

import errno
import fcntl
import json
import os
import random
import resource
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import (PROGRAM, Run, Scenario, Skip, equal, expect, run_rules, # noqa: E402
                      schemas)
from town import (CAN, MIB, Town, ends_at, pattern, replaced,  # noqa: E402
                  replaced_and_grown, snapshot)

LONG = os.environ.get("VSSRESTORE_LONG") == "1"
TRIM = os.environ.get("VSSRESTORE_TRIM") == "1"
FILLS = 200 if LONG else 3 if TRIM else 12
SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
SIZE = 48 * MIB
INODES = 400
SECONDS_MAX = 120
EXT4_SHUTDOWN = 0x8004587D # EXT4_IOC_SHUTDOWN, _IOR('X', 125, u32)
SHUTDOWN_NOLOGFLUSH = 2


def shim():
    path = os.environ.get("VSSRESTORE_STOPS_AT")
    if not path:
        raise Skip("VSSRESTORE_STOPS_AT does not name what is to be preloaded")
    with open(PROGRAM, "rb") as opened:
        if b"__asan_init" in opened.read():
            raise Skip("the address sanitizer wants to be loaded first")
    return path


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


class Small(Town):
    """A town whose copies stand on a small file system in memory."""

    def copy(self):
        super().copy()
        kept = self.root + b".kept"
        os.rename(self.root, kept)
        os.mkdir(self.root)
        mount("-t", "tmpfs", "-o", f"size={SIZE},nr_inodes={INODES}", "none", self.root)
        subprocess.run(["cp", "-a", kept + b"/.", self.root], check=True)
        return self.root

    def clear(self):
        subprocess.run(["umount", "-l", self.root], check=False)
        super().clear()


def run_stopped(town, number, change, **more):
    """Run, stopped before that call, when change() is called. The Run; None: there was no such."""
    words = [os.fsencode(PROGRAM), *map(os.fsencode, town.call())]
    environment = {**os.environ, "LD_PRELOAD": shim(), "STOPS_AT": str(number)}
    told = os.path.join(town.s.folder, b"told")
    with open(told, "w+b") as out, open(told + b"-to-people", "w+b") as err:
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                              env=environment, **more) as child:
            _, status = os.waitpid(child.pid, os.WUNTRACED)
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
    preloaded = shim()
    count = os.path.join(town.s.folder, b"calls")
    town.copy()
    Run(town.call(), town.folder(), env={**os.environ, "LD_PRELOAD": preloaded,
                                         "STOPS_COUNT": os.fsdecode(count)})
    town.clear()
    with open(count, encoding="ascii") as opened:
        return int(opened.read())


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


def fill_inodes(root, left):
    os.mkdir(root + b"/filler")
    number = 0
    while os.statvfs(root).f_favail > left:
        os.close(os.open(root + b"/filler/%d" % number, os.O_WRONLY | os.O_CREAT))
        number += 1


def unfill(root):
    subprocess.run(["rm", "-rf", root + b"/filler"], check=True)


def full_at_random(fill, lefts):
    dice = random.Random(SEED)
    shim()
    with Scenario() as s:
        members = two_units(s)
        town = Small(s, s.pack())
        town.clear()
        calls = count_calls(town)
        expect(calls > 50, f"{calls} calls only")
        ended_full = 0
        for trial in range(FILLS):
            number, left = dice.randrange(1, calls + 1), dice.choice(lefts)(dice)
            what = f"trial {trial}: {left} left before call {number} of {calls}"
            before = snapshot(town.copy())
            try:
                stopped, code, text = run_stopped(town, number,
                                                  lambda: fill(town.root, left))
                expect(stopped, f"{what}: there was no such call\n{text}")
                judge(town, before, what)
                if os.path.isdir(town.folder()):
                    units, summary = told_units(town)
                    equal(summary["exit_code"], code, what)
                    judge_units(town, before, units, members, f"{what}\n{text}")
                    ended_full += code == 30
                    expect(code in (0, 1, 30), f"{what}: ended with {code}\n{text}")
                unfill(town.root)
                if os.path.isdir(town.folder()):
                    town.resume(what)
            finally:
                town.clear()
        print(f"{ended_full} of {FILLS} trials ended for want of room")
        expect(ended_full >= max(1, FILLS // 10), f"{ended_full} of {FILLS} ended for want of room")


def D01_full_at_random_moments():
    full_at_random(fill_bytes, [lambda dice: 0, lambda dice: 4096,
                                lambda dice: dice.randrange(1, 3 * MIB)])


def D01_full_at_each_edge():
    """From the first byte on, around a block, and at each edge of a chunk: bytes up to there are
    written, and no more. The unit is not there, nothing short is, and who goes on ends it."""
    with Scenario() as s:
        c = s.writer("W", method=CAN).component("c").files(r"C:\big", "*")
        s.put(r"C:\big\5.bin", pattern(5, 5 * MIB + 77), mtime=1500000000)
        s.place_folder("C:\\")
        s.backup().include(c)
        town = Town(s, s.pack(), "--ring", "sync")
        town.clear()
        edges = {at * MIB + by for at in range(6) for by in (-1, 0)} - {-1}
        for edge in sorted(edges | {1, 4095, 4096}):
            town.copy()
            run = Run(town.call(), town.folder(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                                       "NO_ROOM_AT": str(edge)})
            what = f"full at byte {edge}\n{run.told()}"
            equal((run.exit, run.status("c")), (30, "NONE"), what)
            expect(not any(name.startswith(b"C/big") for name in snapshot(town.root)[0]), what)
            town.resume(what)
            town.clear()


def D02_out_of_inodes_at_random_moments():
    full_at_random(fill_inodes, [lambda dice: 0, lambda dice: dice.randrange(1, 40)])


def without_room_for(town, name):
    town.copy()
    return Run(town.call(), town.folder(),
               env={**os.environ, "LD_PRELOAD": ends_at(), "NO_ROOM_FOR": name})


def D02_no_room_for_a_name():
    """A rename that finds none, to a new name, over a file, and of a whole tree: the unit is as it
    was, and is restored by who goes on."""
    with Scenario() as s:
        members = two_units(s)
        town = Town(s, s.pack())
        for name, component in (("3.dat", "db1"), ("1.dat", "db1"), ("many", "many")):
            what, before = f"no room for {name}", snapshot(s.dest.folder)
            run = without_room_for(town, name)
            equal((run.exit, run.status(component)), (30, "NONE"), f"{what}\n{run.told()}")
            judge(town, before, what)
            units = {unit["component"]: unit["status"] for unit in run.summary["units"]}
            judge_units(town, before, units, members, what)
            town.resume(what)
            town.clear()


def D02_no_room_for_an_attribute():
    """It is a loss, which is counted and told; the file is whole."""
    with Scenario() as s:
        c = s.writer("W", method=CAN).component("c").files(r"C:\notes", "*")
        s.backup().include(c)
        place = s.put(r"C:\notes\a", b"with a note", mtime=1500000000)
        try:
            os.setxattr(place, "user.note", b"a note")
        except OSError as error:
            raise Skip(f"no user xattrs in {s.folder}") from error
        town = Town(s, s.pack())
        run = without_room_for(town, "user.note")
        equal((run.exit, run.status("c"), run.summary["losses"]), (1, "ALL", 1), run.told())
        expect(snapshot(town.root) == town.wanted[0], run.told())


def kill_stopped(town, number):
    """Run, killed before that call."""
    words = [os.fsencode(PROGRAM), *map(os.fsencode, town.call())]
    environment = {**os.environ, "LD_PRELOAD": shim(), "STOPS_AT": str(number)}
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env=environment) as child:
        os.waitpid(child.pid, os.WUNTRACED)
        child.kill()


def D02_what_was_published_stays_so_without_room():
    """Killed in its last calls, gone on with where not even a folder can be made: what stands at
    its places is not said to be missing, and what is missing is not said to be there."""
    shim()
    with Scenario() as s:
        members = two_units(s)
        town = Small(s, s.pack())
        town.clear()
        calls, seen = count_calls(town), set()
        for number in range(calls - 24, calls + 1):
            before, what = snapshot(town.copy()), f"killed before call {number} of {calls}"
            try:
                kill_stopped(town, number)
                fill_inodes(town.root, 0)
                run = town.s.resume(town.folder())
                units = {unit["component"]: unit["status"] for unit in run.summary["units"]}
                judge_units(town, before, units, members, f"{what}\n{run.told()}")
                seen |= set(units.values())
                unfill(town.root)
                town.resume(what)
            finally:
                town.clear()
        expect("ALL" in seen, f"{seen}")


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


def D04_a_disk_that_fails_when_synced():
    with Scenario() as s:
        w = s.writer("Large", method=CAN)
        c = w.component("many").files(r"C:\many", "*", recursive=True)
        s.backup().include(c)
        for i in range(20):
            s.put(rf"C:\many\{i}.bin", random.Random(i).randbytes(2 * MIB), mtime=1500000500 + i)
        media = s.pack()
        backing, root = ext4(s, 24 * MIB, 256 * MIB)
        try:
            with root as place:
                folder = os.path.join(s.folder, b"run-of-it")
                run = Run(["run", media, "--json", "--run-dir", folder, "--root", place], folder)
                expect(run.exit not in (0, 1), run.told())
                equal(run.status("many"), "NONE", run.told()) # nothing of it was ever seen
                expect(not os.path.exists(place + b"/C/many"), "nothing of it is seen")
        finally:
            backing.__exit__()


def shut_down(place):
    """An ext4 that gives its disk nothing more."""
    descriptor = os.open(place, os.O_RDONLY)
    fcntl.ioctl(descriptor, EXT4_SHUTDOWN, struct.pack("I", SHUTDOWN_NOLOGFLUSH))
    os.close(descriptor)


def umount(place):
    for _ in range(100): # whoever looks at it keeps it busy
        if subprocess.run(["umount", place], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.05)
    raise Skip("the destination stays busy")


def mount_when_gone(words, place):
    """A file system that has been shut down, new: once whoever else has the old one, in another
    mount namespace, has gone."""
    for _ in range(600):
        mount(*words, place)
        try:
            os.rmdir(tempfile.mkdtemp(dir=place))
            return
        except OSError as error:
            expect(error.errno == errno.EIO, f"{error}")
        umount(place)
        time.sleep(0.1)
    expect(False, "somebody keeps the lost file system")


def D06_a_file_system_that_shuts_down():
    with Scenario() as s:
        members = two_units(s)
        town = Town(s, s.pack())
        calls = count_calls(town)
        dice = random.Random(SEED)
        for trial in range(3):
            backing, root = ext4(s, 128 * MIB, 96 * MIB)
            try:
                with root as place:
                    subprocess.run(["cp", "-a", s.dest.folder + b"/.", place], check=True)
                    subprocess.run(["sync", "-f", place], check=True)
                    town.number, town.root = s.number(), place
                    before = snapshot(place)
                    number = dice.randrange(calls // 4, calls - 12) # the last are of the run folder
                    began = time.monotonic()
                    stopped, code, text = run_stopped(town, number, lambda: shut_down(place))
                    what = f"shut down before call {number} of {calls}"
                    expect(stopped, what)
                    expect(code not in (0, 1, 70) and code > 0, f"{what}: {code}\n{text}")
                    expect(time.monotonic() - began < 60, f"{what}: too long")
                    umount(place)
                    mount_when_gone(root.words, place)
                    judge(town, before, f"{what}, mounted anew")
                    if os.path.isdir(town.folder()): # what was not reported whole may be gone
                        units, summary = told_units(town)
                        equal(summary["exit_code"], code, what)
                        told = {name: top for name, top in members.items()
                                if units[name] == "ALL"}
                        judge_units(town, before, units, told, f"{what}\n{text}")
            finally:
                backing.__exit__()


def D06_a_file_system_that_becomes_read_only():
    """In the middle of a run, as ext4 does by itself when it meets an error: each unit is there or
    not, as it is told, then and when it is mounted anew."""
    with Scenario() as s:
        members = two_units(s)
        town = Town(s, s.pack())
        calls, dice, refused = count_calls(town), random.Random(SEED), 0
        for trial in range(12 if LONG else 4):
            backing, root = ext4(s, 128 * MIB, 96 * MIB, "remount-ro")
            try:
                with root as place:
                    subprocess.run(["cp", "-a", s.dest.folder + b"/.", place], check=True)
                    town.number, town.root = s.number(), place
                    before = snapshot(place)
                    number = dice.randrange(calls // 4, calls - 12)
                    what = f"trial {trial}: read-only before call {number} of {calls}"
                    stopped, code, text = run_stopped(town, number, lambda: becomes_read_only(place))
                    expect(stopped, what)
                    judge(town, before, what)
                    expect(code >= 0 and code != 70, f"{what}: {code}\n{text}")
                    refused += "EROFS" in text or "Read-only" in text
                    umount(place)
                    mount(*root.words, place)
                    judge(town, before, f"{what}, mounted anew")
                    if os.path.isdir(town.folder()):
                        units, summary = told_units(town)
                        equal(summary["exit_code"], code, what)
                        told = {name: top for name, top in members.items()
                                if units[name] != "FAILED"} # that one may be anything, and says so
                        judge_units(town, before, units, told, f"{what}\n{text}")
            finally:
                backing.__exit__()
            shutil.rmtree(town.folder(), ignore_errors=True)
        expect(refused > 0, "no run met a file system that takes nothing")


def becomes_read_only(place):
    """ext4 with errors=remount-ro, on an error."""
    with open("/proc/mounts", "rb") as mounts:
        device, = [line.split()[0] for line in mounts if line.split()[1] == place]
    trigger = b"/sys/fs/ext4/" + os.path.basename(device) + b"/trigger_fs_error"
    try:
        with open(trigger, "wb") as out:
            out.write(b"1")
    except OSError as error:
        raise Skip(f"no error can be made on an ext4 here: {error}") from error


def lost_content(unit, i):
    return pattern(100 * unit + i, 200000)


def lose_and_go_on(s, media, durability, folder, place, words):
    os.makedirs(place + b"/C")
    subprocess.run(["sync", "-f", place], check=True)
    with subprocess.Popen([PROGRAM, "run", media, "--quiet", "--run-dir", folder, "--root", place,
                           "--durability", durability, "--throttle", "20M", "--workers", "1"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None and not os.path.exists(place + b"/C/1"):
            time.sleep(0.002)
        child.kill()
    expect(child.returncode == -signal.SIGKILL, "it was not killed in the middle")
    shut_down(place)
    umount(place)
    mount_when_gone(words, place)
    run = s.resume(folder)
    equal({unit["status"] for unit in run.summary["units"]}, {"ALL"}, run.told())
    for unit in range(6):
        for i in range(40):
            found = place + b"/C/%d/%d.bin" % (unit, i)
            expect(os.path.exists(found), f"{durability}: {unit}/{i}.bin is missing")
            with open(found, "rb") as opened:
                expect(opened.read() == lost_content(unit, i), f"{durability}: {unit}/{i}.bin")


def D06_a_device_that_was_lost_and_mounted_again():
    """Between a kill and resume, in one boot: what no sync had covered is gone with it, and counts
    no more, whatever number the new mount has got."""
    with Scenario() as s:
        b, w = s.backup(), s.writer("Lost", method=CAN)
        for unit in range(6):
            b.include(w.component(f"u{unit}").files(rf"C:\{unit}", "*"))
            for i in range(40):
                s.put(rf"C:\{unit}\{i}.bin", lost_content(unit, i), mtime=1500000000)
        media = s.pack()
        for durability in ("end", "unit", "none"):
            backing, root = ext4(s, 200 * MIB, 160 * MIB)
            folder = os.path.join(s.folder, b"run-" + durability.encode())
            try:
                with root as place:
                    lose_and_go_on(s, media, durability, folder, place, root.words)
            finally:
                backing.__exit__()


def D07_a_limit_on_the_size_of_files():
    """RLIMIT_FSIZE: the signal does not kill, the file fails, the rest is restored."""
    with Scenario() as s:
        w = s.writer("Large", method=CAN)
        b = s.backup()
        for name, size in (("large", 3 * MIB), ("small", 100)):
            b.include(w.component(name).files("C:\\" + name, "*"))
            s.put(rf"C:\{name}\file", pattern(5, size))
        media = s.pack()
        folder = os.path.join(s.folder, b"run-of-it")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
        run = Run(["run", media, "--json", "--run-dir", folder, "--root", s.dest.folder], folder,
                  preexec_fn=limit)
        equal(run.status("small"), "ALL", run.told())
        equal(run.status("large"), "NONE", run.told())
        expect(run.exit not in (0, 1) and run.exit > 0, run.told())
        equal(s.at(r"C:\large\file"), None)


def D07_few_descriptors():
    """RLIMIT_NOFILE: all of it, or a clear end; nothing wrong is seen."""
    with Scenario() as s:
        members = two_units(s)
        media = s.pack()
        town = Town(s, media)
        for count in (8, 12, 16, 24, 32):
            before = snapshot(town.copy())
            limit = lambda count=count: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            run = Run(town.call(), town.folder(), preexec_fn=limit)
            what = f"{count} descriptors\n{run.told()}"
            expect(run.exit >= 0 and run.exit != 70, what)
            judge(town, before, what)
            if run.summary and run.summary["units"]:
                judge_units(town, before, {unit["component"]: unit["status"]
                                   for unit in run.summary["units"]}, members, what)
            town.clear()


def D08_a_file_that_may_not_be_changed():
    for flag in ("i", "a"): # immutable, append-only
        with Scenario() as s:
            may_not_be_changed(s, flag)


def may_not_be_changed(s, flag):
    s.backup().include(replaced(s))
    media = s.pack()
    victim = s.dest.path(r"C:\old\1.dat")
    done = subprocess.run(["chattr", "+" + flag, victim], check=False, capture_output=True)
    if done.returncode != 0:
        raise Skip(f"chattr +{flag} does nothing here: {done.stderr.decode().strip()}")
    try:
        run = s.run(media)
        equal(run.status("db1"), "NONE", run.told())
        equal(s.at(r"C:\old\0.dat"), b"was 0", "all or nothing")
        equal(s.at(r"C:\old\1.dat"), b"was 1")
        expect(run.exit not in (0, 1), run.told())
    finally:
        subprocess.run(["chattr", "-" + flag, victim], check=False)


def D09_something_else_where_a_file_goes():
    for kind in ("fifo", "socket", "device", "folder", "full folder"):
        with Scenario() as s:
            s.backup().include(replaced(s))
            media = s.pack()
            place = s.dest.path(r"C:\old\1.dat")
            os.unlink(place)
            if kind == "fifo":
                os.mkfifo(place)
            elif kind == "socket":
                here = os.getcwd()
                os.chdir(os.path.dirname(place))
                socket.socket(socket.AF_UNIX).bind(os.path.basename(place))
                os.chdir(here)
            elif kind == "device":
                try:
                    os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 3))
                except PermissionError:
                    continue
            else:
                os.mkdir(place)
                if kind == "full folder":
                    os.mkdir(place + b"/inner")
            mode = stat.S_IFMT(os.lstat(place).st_mode)
            run = s.run(media)
            equal(run.status("db1"), "NONE", f"{kind}\n{run.told()}")
            equal(stat.S_IFMT(os.lstat(place).st_mode), mode, f"a {kind} stays")
            equal(s.at(r"C:\old\0.dat"), b"was 0", f"{kind}: all or nothing")
            expect(run.exit not in (0, 1), run.told())


def D10_the_same_twice():
    with Scenario() as s:
        two_units(s)
        media = s.pack()
        equal(s.run(media).exit, 0)
        first = snapshot(s.dest.folder)
        equal(s.run(media).exit, 0)
        equal(snapshot(s.dest.folder), first, "the tree is the same")


if __name__ == "__main__":
    run_rules(dict(globals()))
