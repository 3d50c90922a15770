"""Destinations without room, for bytes, inodes, names or attributes (D-01, D-02).

Goal: wherever the room ends, no short or wrong file is under a final name, each unit is there as a
whole or not at all and its status says which, the exit code is of the right class; and once there
is room, `resume` ends as if nothing had been. Method: the program is stopped before one of the
calls that take room (stops_at.c), the destination is filled, and it goes on. VSSRESTORE_LONG=1
takes 200 fill levels.
"""

import os
import random
import subprocess

from failing_disk import (count_calls, fill_bytes, judge, judge_units, kill_stopped, mount,
                          run_stopped, shim, told_units, two_units,
                          unfill) # knows where scenario.py is
from scenario import LONG, TRIM, Run, Scenario, Skip, equal, expect, run_rules
from town import CAN, MIB, Town, ends_at, pattern, snapshot

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
FILLS = 200 if LONG else 3 if TRIM else 12
SIZE = 48 * MIB
INODES = 400


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


def fill_inodes(root, left):
    os.mkdir(root + b"/filler")
    number = 0
    while os.statvfs(root).f_favail > left:
        os.close(os.open(root + b"/filler/%d" % number, os.O_WRONLY | os.O_CREAT))
        number += 1


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


if __name__ == "__main__":
    run_rules(dict(globals()))
