"""What waits for the next boot where somebody is stopped: the run, who goes on with it, or who
carries it out - by a kill, a signal, a disk that does not sync, a reader that goes away.

Goal: a unit is at its places as a whole, or still waits as a whole and says so; and whoever goes on
ends it. Method: ends_at.c is preloaded and ends, signals or fails at a given call; what is carried
out at a boot: next_boot.py.
"""

import contextlib
import json
import os
import signal
import subprocess
import time

from interrupted import holds, killed_behind
from next_boot import AT_REBOOT, LIVE, PENDING, files_of, live, one, pending, tops_with_pending
from scenario import Child, Scenario, Told, equal, expect, run_rules
from town import Town, ends_at

APPLY = ("--json", "--registry", "")


def several(s, count):
    """A component of files that wait, all of which stand there already, packed."""
    _, c, _ = one(s, AT_REBOOT)
    c.files(r"C:\db", "*")
    for number in range(count):
        s.put(f"C:\\db\\{number}", b"new")
        s.place(f"C:\\db\\{number}", b"old")
    return s.pack()


def folder_of(top):
    """The pending folder at a volume's top, and the names in it."""
    found = [os.path.join(top, name) for name in os.listdir(top) if name.startswith(PENDING)]
    return (found[0], os.listdir(found[0])) if found else (None, [])


def kept(town):
    """Do files wait in the town, with a record of each?"""
    folder, names = folder_of(os.path.join(town.root, b"C"))
    return len(names) > 1 and os.path.getsize(os.path.join(folder, b"journal")) > 200


def T71_killed_when_it_was_recorded_and_did_not_count_yet():
    """Who goes on stages it again; records of the killed one are no reason to keep the folder."""
    with Scenario() as s:
        town = Town(s, several(s, 2), *LIVE, "--registry", "")
        killed_behind(town, lambda: kept(town))
        town.resume("killed behind its records")
        told = Told(["pending", "apply", town.folder(), *APPLY]).must(0)
        equal(told.err, "", told.told())
        equal(folder_of(os.path.join(town.root, b"C")), (None, []), told.told())
        expect(holds(os.path.join(town.root, b"C/db/0"), b"new"), told.told())


def T71_told_to_end_while_it_takes_over_what_waited():
    """It ends there, with the rest still in the pending folder, and is gone on with."""
    with Scenario() as s:
        town = Town(s, several(s, 6), *LIVE, "--registry", "")
        killed_behind(town, lambda: kept(town))
        left, number = 7, 0 # the journal, too
        while left == 7:
            number += 1
            told = Told(["resume", town.folder(), "--json"], env={
                **os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(number),
                "ENDS_BY": str(signal.SIGTERM)}).must(128 + signal.SIGTERM)
            left = len(folder_of(os.path.join(town.root, b"C"))[1])
        expect(1 < left < 7, f"{left} left when told to end before call {number}\n{told.told()}")
        town.resume(f"told to end before call {number}")


def T71_a_sync_that_fails_leaves_it_waiting():
    with Scenario() as s:
        run = live(s, several(s, 2)).must(5)
        failed = os.path.join(s.folder, b"failed")
        told = Told(["pending", "apply", run.folder, *APPLY], env={
            **os.environ, "LD_PRELOAD": ends_at(), "SYNC_FAILS": os.fsdecode(failed)}).must(32)
        expect(os.path.exists(failed), told.told())
        equal(len(tops_with_pending(s)), 1, told.told())
        sums = pending("list", run.folder)[1]
        equal((sums["units"]["all"], sums["records"]["done"]), (1, 0))
        records, sums = pending("apply", run.folder)
        equal((sums["units"], sums["records"]["done"]), ({"all": 1, "done": 1, "failed": 0}, 2))
        equal(files_of(s), {r"C:\db\0": b"new", r"C:\db\1": b"new"}, records)
        equal(tops_with_pending(s), [])


def T71_a_reader_that_goes_away_cuts_no_unit():
    with Scenario() as s:
        run = live(s, several(s, 60)).must(5) # more lines than are gathered
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([os.environ["VSSRESTORE"], "pending", "apply", run.folder, *APPLY],
                              stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
                              check=False)
        os.close(writer)
        expect(done.returncode >= 0, f"{done}")
        equal(set(files_of(s).values()), {b"new"}, f"{done}")
        equal(tops_with_pending(s), [], f"{done}")


def told_to_end_while_it_syncs(*signals):
    """All is at its place then, and nothing of it written down. What it has said."""
    with Scenario() as s:
        run = live(s, several(s, 2)).must(5)
        held = os.path.join(s.folder, b"held")
        places = [os.path.join(s.dest.path("C:\\"), b"db", name) for name in (b"0", b"1")]
        with open(held, "wb"):
            pass
        with Child(
                [os.environ["VSSRESTORE"], "pending", "apply", run.folder, *APPLY],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, "LD_PRELOAD": ends_at(), "SYNC_HELD": os.fsdecode(held)}) as done:
            try:
                while not all(holds(place, b"new") for place in places) and done.poll() is None:
                    time.sleep(0.001)
                for number in signals:
                    done.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    done.wait(30)
            finally:
                os.unlink(held) # or it never ends
            code, out = done.wait(), done.stdout.read()
        expect(code in (128 + signal.SIGTERM, 128 + signal.SIGINT), f"{code} {out}")
        equal(len(tops_with_pending(s)), 1)
        equal(pending("apply", run.folder)[1]["units"], {"all": 1, "done": 1, "failed": 0})
        equal((set(files_of(s).values()), tops_with_pending(s)), ({b"new"}, []))
        return out


def T71_a_second_signal_ends_it_at_once():
    equal(told_to_end_while_it_syncs(signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT),
          b"")


def T71_a_signal_does_not_wait_for_a_sync():
    sums = json.loads(told_to_end_while_it_syncs(signal.SIGTERM).splitlines()[-1])
    equal((sums["exit_code"], sums["records"]),
          (128 + signal.SIGTERM, {"all": 2, "done": 0, "failed": 0, "waiting": 2}))


def T71_what_cannot_be_noted_in_the_run_folder_is_named():
    with Scenario() as s:
        media = several(s, 2)
        folder = os.path.join(s.folder, b"noted")
        told = Told(["run", media, "--json", "--run-dir", folder, "--root", s.dest.folder, *LIVE,
                     "--registry", ""],
                    env={**os.environ, "LD_PRELOAD": ends_at(), "NO_FOLDER": "pending"}).must(30)
        path, names = folder_of(s.dest.path("C:\\"))
        equal(len(names), 3, told.told())
        expect(told.told_of("cannot note", "vssrestore pending apply", os.fsdecode(path)),
               told.told())
        pending("apply", path)
        equal((set(files_of(s).values()), tops_with_pending(s)), ({b"new"}, []))


if __name__ == "__main__":
    run_rules(globals())
