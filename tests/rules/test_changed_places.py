"""Places that somebody changed before a run is gone on with: K-09 of what a restore must survive.

What he put there is left alone, originals are kept, and nothing is a mixture; a staging folder that
was lost is made again; what was staged of a component that is refused since goes. Places that
change in the moment of an exchange: test_overtaken.py; files of new folders: test_changed_trees.py;
what a disk loses: test_unsynced.py; links that a neighbour plants: fault/test_planted.py.
"""

import errno
import json
import os
import shutil
import signal

from interrupted import (holds, inspected, journal_of, killed_behind, killed_in_the_middle,
                         staging_of)
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


def staged_of(town, volume):
    """Is something staged at the volume's top, and nothing of it published or about to be?"""
    top = os.path.join(town.root, volume)
    return (any(b".vssrestore-" in folder and b"session-" not in folder and names
                for folder, _, names in os.walk(top))
            and not {unit["state"] for unit in inspected(town.folder())["units"]}
            & {"published", "publishing"})


def killed_again(town, number):
    Told(["resume", town.folder()],
         env={**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(number)})


def K09_what_was_staged_of_a_component_that_is_refused_goes():
    """It is the only one, and the folder of what it replaces is gone; so it is where whoever refuses
    it is killed then."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town, done = Town(s, s.pack()), 0
        for number in range(town.count_calls(), 0, -1):
            if town.kill_at(number) and town.is_begun() and staged_of(town, b"C"):
                shutil.rmtree(os.path.join(town.root, b"C/old"))
                if done > 0:
                    killed_again(town, done)
                run = s.resume(town.folder())
                what = f"call {number}, then {done}\n{run.told()}"
                unit, = run.summary["units"]
                equal((run.exit, unit["status"], unit["error"]), (3, "NONE", "DESTINATION_CHANGED"),
                      what)
                equal((staging_of(town), run.summary["notes"]), ([], []), what)
                done += 1
            town.clear()
        expect(done > 10, f"{done} were killed with something staged")


def K09_a_volume_of_refused_components_keeps_what_another_one_needs():
    """Both lie on one file system, where the first one's top has the staging folder, and with it the
    originals of the second one."""
    with Scenario() as s:
        b, w = s.backup(), s.writer("Web", method=CAN)
        for volume in "CD":
            b.include(w.component(volume).files(volume + r":\old", "*"))
            for i in range(3):
                s.put(rf"{volume}:\old\{i}.dat", pattern(ord(volume) + i, 3000), mtime=1500000000)
                s.place(rf"{volume}:\old\{i}.dat", b"was %d" % i, mtime=1400000000)
        town, seen = Town(s, s.pack()), []
        packs, away = os.path.join(town.media, b"packs"), os.path.join(s.folder, b"packs")
        last = next(number for number in range(town.count_calls(), 0, -1)
                    if town.kill_at(number) and town.is_begun() and staged_of(town, b"C")
                    or town.clear())
        while len(seen) < 2 or seen[-1] != seen[-2]: # until it was not killed any more
            town.clear()
            town.kill_at(last)
            expect(staged_of(town, b"C"), "nothing is staged")
            shutil.rmtree(os.path.join(town.root, b"C/old"))
            killed_again(town, len(seen) + 1)
            over = inspected(town.folder())["state"] == "ended"
            os.rename(packs, away)
            run = s.resume(town.folder())
            os.rename(away, packs)
            what = f"{len(seen) + 1}: {run.told()}"
            units = {unit["component"]: unit["status"] for unit in run.summary["units"]}
            expect(units["C"] == "NONE" and units["D"] in ("ALL", "NONE"), what)
            for i in range(3):
                expect(holds(os.path.join(town.root, b"D/old/%d.dat" % i), b"was %d" % i
                             if units["D"] == "NONE" else pattern(ord("D") + i, 3000)), what)
            equal([name for volume in (b"C", b"D")
                   for name in os.listdir(os.path.join(town.root, volume))], [b"old"], what)
            equal(run.summary["notes"], [], what)
            seen.append("over" if over else len(seen))
        expect(len(seen) > 20, f"{seen}")


def K09_what_failed_is_kept_where_staging_is_laid_out_twice():
    """Somebody changed a place of one component, and the folder of another one went; what is made in
    staging goes, too, in that moment, so that all is done again without the latter. Killed behind
    that: whoever goes on knows of both, and of no other one."""
    with Scenario() as s:
        b, w = s.backup(), s.writer("Ledger", method=CAN)
        for name in ("new", "old", "gone"):
            b.include(w.component(name).files(rf"C:\{name}", "*"))
            s.put(rf"C:\{name}\0.dat", pattern(1, 3000), mtime=1500000000)
            if name != "new":
                s.place(rf"C:\{name}\0.dat", b"was 0", mtime=1400000000)
        town = Town(s, s.pack(), "--workers", "1")
        place = b"C/old/0.dat"
        number = killed_behind(town, lambda: holds(os.path.join(town.root, place),
                                                   pattern(1, 3000)))
        killed, ended = 0, False
        while not ended:
            killed += 1
            town.clear()
            town.kill_at(number)
            changed = os.path.join(town.root, place)
            expect(holds(changed, pattern(1, 3000)), "it was not exchanged")
            os.unlink(changed)
            with open(changed, "wb") as out:
                out.write(b"somebody's")
            shutil.rmtree(os.path.join(town.root, b"C/gone"))
            words = ["resume", town.folder(), "--json"]
            told = Told(words, env={**os.environ, "LD_PRELOAD": ends_at(), "NO_FOLDER": "t",
                                    "NO_FOLDER_FAULT": str(errno.ENOENT), "ENDS_AT": str(killed)})
            ended = told.exit != -signal.SIGKILL
            told = told if ended else Told(words)
            units = {unit["component"]: unit["status"]
                     for unit in json.loads(told.out.splitlines()[-1])["units"]}
            equal(units, {"new": "ALL", "old": "FAILED", "gone": "NONE"},
                  f"call {killed}\n{told.told()}")
            expect(holds(changed, b"somebody's"), f"call {killed}\n{told.told()}")
        expect(killed > 30, f"{killed - 1} were killed")


if __name__ == "__main__":
    run_rules(globals())
