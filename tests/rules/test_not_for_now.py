"""What cannot be put back or synced for now, when a run is gone on with: K-09 of what a restore
must survive.

Nobody has changed it: the run stays as it is, says why, nobody is told that he is as he was before
that is on the disk, and it is gone on with when its cause is mended.
"""

import errno
import json
import os

from interrupted import holds, killed_behind
from scenario import Scenario, Told, equal, expect, run_rules
from town import Town, ends_at, pattern, replaced_and_grown


def K09_what_cannot_go_back_for_now_ends_nothing():
    """Nobody has changed it: the run stays as it is, says why, and is gone on with."""
    with Scenario() as s:
        replaced_and_grown(s)
        town = Town(s, s.pack())
        for denied, below, content, faults in (
                ("0.dat", b"C/old/0.dat", pattern(0, 3000), ("DENIED", "NO_ROOM_FOR")),
                ("new", b"C/new/a/1.txt", b"one", ("DENIED",))):
            killed_behind(town, lambda: holds(os.path.join(town.root, below), content))
            for fault in faults * 2:
                told = Told(["resume", town.folder(), "--json"],
                            env={**os.environ, "LD_PRELOAD": ends_at(), fault: denied})
                exit_code, reason = {"DENIED": (31, "Operation not permitted"),
                                     "NO_ROOM_FOR": (30, "No space left on device")}[fault]
                equal(told.exit, exit_code, f"{denied}: {told.out}\n{told.err}")
                place = os.fsdecode(os.path.join(town.root, below[:below.index(denied.encode())]))
                expect(f"{place}{denied}," in told.err and reason in told.err
                       and f"`vssrestore resume {os.fsdecode(town.folder())}`" in told.err, told.err)
                expect('"t":"summary"' not in told.out or '"units":[]' in told.out, told.out)
                expect(holds(os.path.join(town.root, below), content), f"{denied}: it went back")
            town.resume(f"denied before: {denied}")
            town.clear()


def K09_what_was_put_back_and_cannot_be_synced_ends_nothing():
    """Its journal does not say that it is back: whoever goes on finds its intents."""
    with Scenario() as s:
        replaced_and_grown(s)
        media = s.pack()
        for durability in ("unit", "none"): # what goes back is synced whatever a run asked for
            town = Town(s, media, "--durability", durability)
            killed_behind(town, lambda: os.path.exists(os.path.join(town.root, b"C/new/a/1.txt")))
            told = Told(["resume", town.folder(), "--json"],
                        env={**os.environ, "LD_PRELOAD": ends_at(),
                             "SYNC_FAILS": os.fsdecode(os.path.join(s.folder, b"told"))})
            equal(told.exit, 32, f"{durability}: {told.out}\n{told.err}")
            expect("cannot sync" in told.err and "`vssrestore resume " in told.err, told.err)
            equal(json.loads(told.out.splitlines()[-1])["units"], [], told.out)
            for fault, exit_code in ((errno.EIO, 32), (errno.ENOSPC, 30)):
                told = Told(["resume", town.folder(), "--json"],
                            env={**os.environ, "LD_PRELOAD": ends_at(), "NOTE_FAULT": str(fault)})
                equal(told.exit, exit_code, f"{durability}: {told.out}\n{told.err}")
                expect("cannot note in `checkpoint`" in told.err and "cannot sync" not in told.err
                       and os.fsdecode(town.folder()) in told.err, told.err)
            town.resume(f"a sync failed before: {durability}")
            town.clear()


def K09_what_goes_back_on_a_full_disk_is_synced_before_it_is_told():
    """No room to stage: nobody is told that he is as he was before that is on the disk."""
    with Scenario() as s:
        replaced_and_grown(s)
        media = s.pack()
        town = Town(s, media)
        killed_behind(town, lambda: os.path.exists(os.path.join(town.root, b"C/new/a/1.txt")))
        full = {**os.environ, "LD_PRELOAD": ends_at(), "NO_FOLDER": "session-"}
        told = Told(["resume", town.folder(), "--json"],
                    env={**full, "SYNC_FAILS": os.fsdecode(os.path.join(s.folder, b"told"))})
        equal(told.exit, 32, f"{told.out}\n{told.err}")
        equal(json.loads(told.out.splitlines()[-1])["units"], [], told.out)
        told = Told(["resume", town.folder(), "--json"], env=full)
        equal(told.exit, 30, f"{told.out}\n{told.err}")
        equal({unit["status"] for unit in json.loads(told.out.splitlines()[-1])["units"]}, {"NONE"})
        town.resume("the disk was full before")


def K09_a_run_whose_sync_cannot_be_noted_is_gone_on_with():
    """Whatever the reason is: it says that it can be."""
    with Scenario() as s:
        replaced_and_grown(s)
        media = s.pack()
        for durability in ("unit", "end"):
            town = Town(s, media, "--durability", durability)
            town.copy()
            told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                          "NOTE_FAULT": str(errno.EIO)})
            equal(told.exit, 32, f"{durability}: {told.out}\n{told.err}")
            expect("cannot note in `checkpoint`" in told.err, told.err)
            town.resume(f"{durability}: no sync could be noted before")
            town.clear()


if __name__ == "__main__":
    run_rules(globals())
