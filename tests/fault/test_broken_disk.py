"""Disks that break: when they are synced (D-04), or in the middle, by shutting down, becoming
read-only, or being lost and mounted again (D-06).

Goal: whatever becomes of the disk, at whatever moment, no wrong file is under a final name, each
unit is there as a whole or not at all and its status says which, then and when it is mounted anew.
Method: an ext4 in a file; the program is stopped before one of its calls (stops_at.c), the file
system is broken in earnest, and it goes on. Processes that end within a sync: test_sync.py.
"""

import errno
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

from failing_disk import (count_calls, ext4, judge, judge_units, mount, run_stopped, shut_down,
                          told_units, two_units) # knows where scenario.py is
from scenario import LONG, PROGRAM, Child, Run, Scenario, Skip, equal, expect, run_rules
from town import CAN, MIB, Town, pattern, snapshot

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))


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
    with Child([PROGRAM, "run", media, "--quiet", "--run-dir", folder, "--root", place,
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


if __name__ == "__main__":
    run_rules(dict(globals()))
