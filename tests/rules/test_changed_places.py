"""Places that somebody changed before a run is gone on with: K-09 of what a restore must survive.

What he put there is left alone, originals are kept, and nothing is a mixture; a staging folder that
was lost is made again. Places that change in the moment of an exchange: test_overtaken.py; files of
new folders: test_changed_trees.py; what a disk loses: test_unsynced.py; links that a neighbour
plants: fault/test_planted.py.
"""

import json
import os
import shutil

from interrupted import journal_of, killed_in_the_middle
from scenario import Scenario, Told, equal, expect, run_rules
from town import (CAN, Town, ends_at, grown, pattern, replaced, snapshot, statuses,
                  tell_difference)


def K09_a_place_that_somebody_changed_is_left_alone():
    """Ours was exchanged in, then somebody put a file of his own there."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        seen = False
        for number in range(1, town.count_calls() + 1):
            town.kill_at(number)
            place = os.path.join(town.root, b"C/old/0.dat")
            if not town.is_begun() or not os.path.exists(place):
                town.clear()
                continue
            with open(place, "rb") as opened:
                ours = opened.read() != b"was 0"
            staged = [name for name in os.listdir(os.path.join(town.root, b"C"))
                      if name.startswith(b".vssrestore-")]
            with open(journal_of(town), "rb") as opened:
                ended = opened.read()
            if ours and staged and not os.path.exists(os.path.join(town.folder(),
                                                                   b"summary.json")):
                os.rename(place, os.path.join(s.folder, b"away-%d" % number))
                with open(place, "wb") as out:
                    out.write(b"somebody's")
                run = s.resume(town.folder())
                with open(place, "rb") as opened:
                    equal(opened.read(), b"somebody's", f"call {number}, {len(ended)}")
                status = run.summary["units"][0]["status"]
                expect(status in ("FAILED", "ALL"), run.told())
                if status == "FAILED":
                    seen = True
                    equal(run.exit, 4, run.told())
                    expect(any("was changed by somebody or has rotted" in note
                               for note in run.summary["notes"]), run.told())
                    kept = [open(os.path.join(folder, name), "rb").read()
                            for folder, _, names in os.walk(os.path.join(town.root, b"C"))
                            if b".vssrestore-" in folder for name in names]
                    expect(b"was 0" in kept, "the original is gone")
                    for i in (1, 2): # the others are originals again
                        with open(os.path.join(town.root, b"C/old/%d.dat" % i), "rb") as opened:
                            equal(opened.read(), b"was %d" % i)
            town.clear()
        expect(seen, "no run was killed where this shows")


def K09_what_somebody_did_after_a_run_had_ended_is_no_failure():
    """No room for one of its renames: all of it went back, and was told so. What he saves after that
    is replaced when there is room, as if no run had been before."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        for how in ("saved", "gone"):
            town.copy()
            told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                          "NO_ROOM_FOR": "2.dat"})
            equal((told.exit, json.loads(told.out.splitlines()[-1])["units"][0]["status"]),
                  (30, "NONE"), told.told())
            place = os.path.join(town.root, b"C/old/1.dat")
            os.unlink(place)
            if how == "saved":
                with open(place, "wb") as out:
                    out.write(b"saved by somebody")
            run = s.resume(town.folder()).must(0)
            equal(statuses(run)[0][1], "ALL", run.told())
            tell_difference(town.wanted[0], snapshot(town.root), how)
            town.clear()


def two_folders(s):
    """Files that stand there are replaced, in two folders."""
    c = s.writer("Ledger", method=CAN).component("db").files(r"C:\a", "*").files(r"C:\b", "*")
    for name in (r"a\0", r"a\1", r"b\0", r"b\1"):
        s.put(rf"C:\{name}.dat", pattern(len(name), 3000), mtime=1500000000)
        s.place(rf"C:\{name}.dat", b"was " + name.encode(), mtime=1400000000)
    return c


def K09_a_folder_that_somebody_moved_leaves_no_mixture():
    """What is no more to be reached stays as it is, wherever it is; the rest is taken back."""
    with Scenario() as s:
        s.backup().include(two_folders(s))
        town = Town(s, s.pack())
        b, away = None, os.path.join(s.folder, b"away")
        seen = set()
        for number in range(1, town.count_calls() + 1):
            how = ("gone", "file", "link")[number % 3]
            if town.kill_at(number) and town.is_begun():
                b = os.path.join(town.root, b"C/b")
                os.rename(b, away)
                if how == "file":
                    open(b, "wb").close()
                elif how == "link":
                    os.symlink(away, b)
                run = s.resume(town.folder())
                units = run.summary["units"] # none: it did not begin, and nothing had
                status = units[0]["status"] if units else "NONE"
                olds = []
                for name in (b"0", b"1"):
                    with open(os.path.join(town.root, b"C/a/%s.dat" % name), "rb") as opened:
                        olds.append(opened.read() == b"was a\\" + name)
                equal(olds, [status != "ALL"] * 2, f"call {number}, {how}\n{run.told()}")
                if status == "FAILED":
                    expect(run.exit == 4 and run.summary["notes"], run.told())
                seen.add(status)
                if os.path.lexists(b) and not os.path.isdir(b) or os.path.islink(b):
                    os.unlink(b)
                shutil.rmtree(away)
            town.clear()
        equal(seen, {"NONE", "FAILED", "ALL"})


def K09_a_lost_staging_folder_is_made_again():
    with Scenario() as s:
        c, d = grown(s)
        b = s.backup()
        b.include(c)
        b.include(d)
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        for name in os.listdir(os.path.join(town.root, b"C")):
            if name.startswith(b".vssrestore-"):
                shutil.rmtree(os.path.join(town.root, b"C", name))
        town.resume("without its staging folder")


if __name__ == "__main__":
    run_rules(globals())
