"""A chain that was cut between two of its steps: K-01 and K-02 of what a restore must survive.

Killed, or told to end, at each call from the last of one step to the first of the next; by `run`,
by `resume`, and as a service. The newest run folder is all that whoever goes on knows. In the
middle of a step: test_going_on.py.
"""

import fcntl
import glob
import json
import os
import shutil
import signal
import subprocess

from chain import full_and_two, one
from interrupted import inspected
from scenario import Scenario, Told, equal, expect, run_rules
from town import ends_at

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
INSTANCE = os.path.join(TOOLS, "vssrestore-instance")
WANTED = {"a": b"a0", "b": b"2", "c": b"c2", "n": b"n1"}
DISK_FAILED, RUN_BUSY = 32, 40
NOT_TRIED = 69 # what the script makes of a run that is over with 21 or 32


class Place:
    """A folder that chains are run in, again and again from nothing."""

    def __init__(self, s):
        _, c = one(s)
        self.sets = full_and_two(s, c)
        self.top = os.path.join(s.folder, b"place")
        self.root = os.path.join(self.top, b"root")

    def clear(self):
        shutil.rmtree(self.top, ignore_errors=True)
        os.makedirs(self.root)

    def call(self, *words, at=None, by=signal.SIGKILL, program=None, **more):
        """The program, ended before that call. more: what else becomes of it (ends_at.c)."""
        env = {**os.environ, **more}
        if at is not None or more:
            env.update(LD_PRELOAD=ends_at(), ENDS_AT=str(at or 0))
            if by != signal.SIGKILL:
                env["ENDS_BY"] = str(int(by))
        if program:
            env["VSSRESTORE"] = os.environ["VSSRESTORE"]
            done = subprocess.run([program, *words], cwd=self.top, env=env, check=False,
                                  stdin=subprocess.DEVNULL, capture_output=True)
            return done.returncode
        return Told(words, cwd=self.top, env=env).exit

    def run(self, **more):
        return self.call("run", *self.sets, "--json", "--root", self.root, **more)

    def serve(self, **more):
        return self.call("--json", "--", *self.sets, "--root", self.root, program=INSTANCE, **more)

    def resume(self, **more):
        return self.call("resume", self.runs()[-1], "--json", **more)

    def runs(self):
        """Their folders, the newest last."""
        return sorted(glob.glob(os.path.join(self.top, b"vssrestore-run-*")), key=os.path.getmtime)

    def state(self):
        """How many steps have begun, and whether the last of them has ended."""
        runs = self.runs()
        return len(runs), bool(runs) and inspected(runs[-1])["state"] == "ended"

    def tree(self):
        top = os.path.join(self.root, b"C", b"d")
        found = {}
        for name in os.listdir(top) if os.path.isdir(top) else []:
            with open(os.path.join(top, name), "rb") as opened:
                found[os.fsdecode(name)] = opened.read()
        return found


def first_cut(place, begin, end, ended):
    """The number of the first call behind that."""
    low, high = 1, 1000
    while low < high:
        half = (low + high) // 2
        place.clear()
        begin()
        end(at=half)
        low, high = (low, half) if ended() else (half + 1, high)
    return low


def cut(place, steps, begin, end, then, by=signal.SIGKILL):
    """begin(), then end(at=...) at each call between two steps, then then()."""
    number = first_cut(place, begin, end, lambda: place.state() >= (steps, True))
    expect(number < 1000, "it has no such step")
    seen = 0
    for at in range(number - 1, number + 100):
        place.clear()
        begin()
        code = end(at=at, by=by)
        state = place.state()
        if state[0] > steps:
            break
        what = f"call {at}, {state}, ended with {code}"
        expect(code != 0, f"{what}: it is not whole")
        equal(then(), 0, what)
        equal(place.tree(), WANTED, what)
        equal(len(place.runs()), len(place.sets), what)
        seen += state == (steps, True)
    expect(seen > 1, f"{seen} were cut between the steps")


def nothing():
    pass


def K01_a_chain_killed_between_two_steps_is_gone_on_with():
    with Scenario() as s:
        place = Place(s)
        for steps in (1, 2):
            cut(place, steps, nothing, place.run, place.resume)


def K01_a_resume_killed_between_two_steps_is_gone_on_with():
    with Scenario() as s:
        place = Place(s)

        def begin():
            equal(place.run(at=30), -signal.SIGKILL)
            equal(place.state(), (1, False))

        cut(place, 1, begin, place.resume, place.resume)


def K01_a_service_killed_between_two_steps_goes_on():
    with Scenario() as s:
        place = Place(s)
        cut(place, 1, nothing, place.serve, place.serve)


def K02_a_chain_told_to_end_between_two_steps_says_so():
    """Also by a signal that comes when a step has ended, and changes nothing of it."""
    with Scenario() as s:
        place = Place(s)
        cut(place, 1, nothing, place.run, place.resume, by=signal.SIGTERM)


def K01_a_chain_that_went_on_is_told_alone():
    """The folder of an earlier step: its end is repeated, and who reads is told where to look."""
    with Scenario() as s:
        place = Place(s)
        place.clear()
        equal(place.run(), 0)
        before = place.runs()
        told = Told(["resume", before[0], "--json"], cwd=place.top).must(0)
        equal(len(told.out.splitlines()), 1, told.told())
        expect(told.told_of("went on in", os.fsdecode(before[1])), told.told())
        equal(place.runs(), before)
        shutil.rmtree(place.sets[0])
        Told(["resume", before[2], "--json"], cwd=place.top).must(0)


def K10_what_came_behind_a_step_without_room_does_not_count():
    """It was gone on with, and killed when it had ended: the steps behind it are to come."""
    with Scenario() as s:
        place = Place(s)

        def begin():
            equal(place.run(NO_ROOM_AT="1"), 30)
            equal((len(place.runs()), place.tree()), (3, {}))

        def resume(**more):
            return place.call("resume", place.runs()[0], "--json", **more)

        def ended():
            found = [inspected(run) for run in place.runs()]
            return any(one["state"] == "ended" and one["exit_code"] == 0 for one in found)

        number = first_cut(place, begin, resume, ended)
        place.clear()
        begin()
        equal(resume(at=number + 1), -signal.SIGKILL)
        equal((len(place.runs()), place.tree()["b"]), (3, b"b0"))
        equal(place.resume(), 0)
        equal((len(place.runs()), place.tree()), (5, WANTED))


def K10_a_service_goes_on_where_there_was_no_room():
    """In the first of three steps; the last of them has the newest folder."""
    with Scenario() as s:
        place = Place(s)
        place.clear()
        equal(place.serve(NO_ROOM_AT="1"), 30)
        equal((len(place.runs()), place.tree()), (3, {}))
        equal((place.serve(), place.tree()), (0, WANTED))


def D04_a_service_tells_of_each_step_that_is_not_tried_again():
    """The last of its steps had no trouble: it is no success all the same. The program is played:
    what inspect says, and how resume ends."""
    for states, resumed, code in (((DISK_FAILED, 0), 0, NOT_TRIED), ((0, DISK_FAILED), 32, NOT_TRIED),
                                  ((0, 0), 0, 0), ((0, 0), DISK_FAILED, DISK_FAILED),
                                  ((DISK_FAILED, 0), 143, 143), ((DISK_FAILED, 3), 3, 3)):
        with Scenario() as s:
            for number, ended in enumerate(states):
                folder = os.path.join(s.folder, b"vssrestore-run-%d" % number)
                os.mkdir(folder)
                os.utime(folder, (1500000000 + number,) * 2)
                with open(os.path.join(folder, b"said"), "w", encoding="ascii") as out:
                    out.write(f'{{"state":"ended","exit_code":{ended},"resumable":false,}}\n')
            played = os.path.join(s.folder, b"played")
            with open(played, "w", encoding="ascii") as out:
                out.write('#!/bin/sh\ncase $1 in inspect) cat "$2/said" ;; '
                          f'resume) [ "$2" = vssrestore-run-1 ] && exit {resumed} ;; esac\n')
            os.chmod(played, 0o755)
            done = subprocess.run([INSTANCE, "--", "set"], cwd=s.folder, check=False,
                                  capture_output=True,
                                  env={**os.environ, "VSSRESTORE": os.fsdecode(played)})
            equal(done.returncode, code, f"{states}, {resumed}")


def K05_a_chain_between_two_steps_is_one_process_s():
    """While its next step is planned, nobody else begins that."""
    with Scenario() as s:
        place = Place(s)
        number = first_cut(place, nothing, place.run, lambda: place.state() >= (1, True)) + 2
        place.clear()
        equal(place.run(at=number), -signal.SIGKILL)
        held = os.open(place.runs()[0], os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        told = Told(["resume", place.runs()[0], "--json"], cwd=place.top).must(RUN_BUSY)
        os.close(held)
        equal(json.loads(told.out.splitlines()[-1])["exit_code"], RUN_BUSY, told.told())
        equal(place.state(), (1, True))
        equal(place.resume(), 0)
        equal(place.tree(), WANTED)


if __name__ == "__main__":
    run_rules(globals())
