"""Somebody who is faster than a run: K-09 of what a restore must survive.

He puts a file of his own at a place in the moment before something is exchanged with what stands
there (ends_at.c): by a run that lives or is killed then, that takes a unit back, or is gone on
with. His file is left alone, and the original is kept.
"""

import errno
import json
import os
import signal

from interrupted import seen
from scenario import Scenario, Told, equal, expect, run_rules
from town import Town, ends_at, replaced, replaced_and_grown


class Faster:
    """Somebody who puts a file of his own at C:\\old\\1.dat, in the moment before something is
    exchanged with what stands there."""

    def __init__(self, town, kind):
        self.town = town
        self.place = os.path.join(town.root, b"C/old/1.dat")
        self.away = os.path.join(town.s.folder, b"somebodys")
        if kind == "link":
            os.symlink(b"elsewhere", self.away)
        else: # as long as what is restored, and as old, or neither
            with open(self.away, "wb") as out:
                out.write(b"S" * (3001 if kind == "alike" else 17))
            os.utime(self.away, (1500000001, 1500000001 if kind == "alike" else 1600000000))
        self.his = seen(self.away)

    def during(self, arguments, comes=True, time_of_it=1, **more):
        """The program; comes: he does, else nobody."""
        return Told(arguments, env={
            **os.environ, "LD_PRELOAD": ends_at(), "OVERTAKEN_TIME": str(time_of_it),
            "OVERTAKEN_AT": os.fsdecode(self.place),
            "OVERTAKEN_BY": os.fsdecode(self.away) if comes else "", **more})

    def killed_run(self, comes):
        """Killed when the exchange was made, with his file or with the original."""
        told = self.during(self.town.call(), comes, OVERTAKEN_ENDS="1")
        equal(told.exit, -signal.SIGKILL, told.told())
        equal(seen(self.place), self.town.wanted[0][0][b"C/old/1.dat"][3], "no exchange was made")

    def must_stand(self, told, code, status):
        """His file, as he left it; the others are originals."""
        equal(seen(self.place), self.his, told.told())
        expect(not os.path.lexists(self.away), "he had not come")
        summary = json.loads(told.out.splitlines()[-1])
        equal((told.exit, summary["units"][0]["status"]), (code, status), told.told())
        equal(summary["files"]["restored"], 0, told.told())
        for i in (0, 2):
            equal(seen(os.path.join(self.town.root, b"C/old/%d.dat" % i)), b"was %d" % i)
        expect(not os.path.exists(os.path.join(self.town.root, b"C/old/3.dat")), "a new file")

    def original_is_kept(self):
        kept = [seen(os.path.join(folder, name))
                for folder, _, names in os.walk(os.path.join(self.town.root, b"C"))
                if b".vssrestore-" in folder for name in names]
        expect(b"was 1" in kept, "the original is gone")


def K09_who_is_faster_than_an_exchange_keeps_his_file():
    """Also where the run is killed then: it is never taken for ours, and never lost."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        for kind in ("alike", "other", "link"):
            town.copy()
            he = Faster(town, kind)
            he.must_stand(he.during(town.call()), 3, "NONE")
            town.clear()
            town.copy()
            he = Faster(town, kind)
            he.killed_run(comes=True)
            he.must_stand(Told(["resume", town.folder(), "--json"]), 4, "FAILED")
            town.clear()


def K09_who_is_faster_than_what_goes_back_keeps_his_file():
    """And the original that had stood there before is kept: where a unit is taken back that fails
    in its renames, and by who goes on with a run."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        town.copy()
        he = Faster(town, "alike")
        he.must_stand(he.during(town.call(), time_of_it=2, NO_ROOM_FOR="2.dat"), 32, "FAILED")
        he.original_is_kept()
        town.clear()
        town.copy()
        he = Faster(town, "alike")
        he.killed_run(comes=False)
        he.must_stand(he.during(["resume", town.folder(), "--json"]), 4, "FAILED")
        he.original_is_kept()


def K09_an_original_is_kept_where_the_last_sync_then_fails():
    """One component could not be taken back, the others are not known to be on the disk: both is
    said."""
    with Scenario() as s:
        replaced_and_grown(s)
        town = Town(s, s.pack(), "--durability", "end")
        town.copy()
        he = Faster(town, "alike")
        told = he.during(town.call(), time_of_it=2, NO_ROOM_FOR="2.dat",
                         SYNC_FAILS=os.fsdecode(os.path.join(s.folder, b"told")))
        he.must_stand(told, 32, "FAILED")
        he.original_is_kept()
        summary = json.loads(told.out.splitlines()[-1])
        equal({unit["status"] for unit in summary["units"]}, {"FAILED"}, told.told())
        for words in ("are kept", "not known to be on the disk"):
            equal(sum(words in note for note in summary["notes"]), 1, f"{words}\n{told.told()}")


def K09_an_original_is_kept_where_a_resume_then_finds_no_room():
    """Its component has failed, and nothing else needs the staging folder."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        town.copy()
        he = Faster(town, "alike")
        he.killed_run(comes=False)
        he.must_stand(he.during(["resume", town.folder(), "--json"], NOT_SYNCED="/rows.bin",
                                NOT_SYNCED_FAULT=str(errno.ENOSPC)), 30, "FAILED")
        he.original_is_kept()
        he.must_stand(Told(["resume", town.folder(), "--json"]), 4, "FAILED")
        he.original_is_kept()


if __name__ == "__main__":
    run_rules(globals())
