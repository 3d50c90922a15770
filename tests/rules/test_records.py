"""What a run wrote down is torn, damaged or another's: K-04 of what a restore must survive.

Its journal, its rows and marks, and a destination that is a copy. Undo files: test_in_place.py; a
run folder that is full, breaks or goes while a run is at work: fault/test_run_folder.py.
"""

import os
import random
import shutil
import subprocess

from interrupted import inspected, journal_of, killed_in_the_middle
from scenario import Scenario, Told, equal, expect, run_rules
from town import Town, grown, replaced, replaced_and_grown, settled, snapshot, tell_difference

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))


def K04_a_copy_of_a_destination_is_not_taken_for_it():
    """Its staging folder is another one, and may hold anything."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        away = os.path.join(s.folder, b"away")
        os.rename(town.root, away)
        subprocess.run(["cp", "-a", away, town.root], check=True)
        before = settled(town.root)
        equal(s.resume(town.folder()).exit, 41)
        tell_difference(before, snapshot(town.root), "it changed something")


def K04_a_torn_record_is_passed_over():
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        for torn in (b"x", b"VSRJ", b"VSRJ" + bytes(27), os.urandom(200)):
            killed_in_the_middle(town)
            with open(journal_of(town), "ab") as opened:
                opened.write(torn)
            town.resume(f"{len(torn)} torn bytes")
            town.clear()


def K04_a_damaged_journal_is_refused():
    """One flipped bit anywhere but in the last record: nothing is touched."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        with open(journal_of(town), "rb") as opened:
            whole = opened.read()
        before = settled(town.root)
        for at in list(range(0, 200, 7)) + list(range(200, len(whole) // 2, 97)):
            with open(journal_of(town), "wb") as opened:
                opened.write(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            told = s.resume(town.folder())
            equal(told.exit, 41, f"byte {at}\n{told.told()}")
        tell_difference(before, snapshot(town.root), "it changed something")
        with open(journal_of(town), "wb") as opened:
            opened.write(whole)
        town.resume("with its own journal again")


def K04_a_journal_of_another_plan_is_refused():
    with Scenario() as s:
        s.backup().include(replaced(s))
        media = s.pack()
        town = Town(s, media)
        killed_in_the_middle(town)
        other = Town(s, media, "--file", r"C:\old\0.dat")
        killed_in_the_middle(other)
        shutil.copy(journal_of(other), journal_of(town))
        told = s.resume(town.folder())
        equal(told.exit, 41, told.told())
        expect(told.told_of("another plan"), told.told())


def rotten(path, chance, how):
    """One bit, or a whole sector, of that file is not what was written."""
    with open(path, "r+b") as opened:
        found = bytearray(opened.read())
        at = chance.randrange(len(found))
        if how == "bit":
            found[at] ^= 1 << chance.randrange(8)
        else:
            at -= at % 512
            found[at:at + 512] = (bytes, chance.randbytes)[how == "noise"](len(found[at:at + 512]))
        opened.seek(0)
        opened.write(found)


def K04_rows_and_marks_that_rot_are_found_out():
    """Whatever stands in rows.bin and pieces.bin, the tree is that of an undisturbed run; what is
    not known any more of components that had ended is said."""
    chance = random.Random(SEED)
    with Scenario() as s:
        replaced_and_grown(s)
        town = Town(s, s.pack(), "--workers", "1")
        count, told_lost = town.count_calls(), 0
        for number in range(count // 3, count):
            if town.kill_at(number) and town.is_begun():
                names = [name for name in (b"rows.bin", b"pieces.bin")
                         if os.path.exists(os.path.join(town.folder(), name))]
                name, how = chance.choice(names), chance.choice(("bit", "zeros", "noise"))
                rotten(os.path.join(town.folder(), name), chance, how)
                what = f"seed {SEED}, call {number} of {count}: {how} in {name}"
                over = inspected(town.folder())["state"] == "ended"
                run = s.resume(town.folder())
                lost = any("rows of" in note for note in run.summary["notes"])
                expect(not (over and lost), f"{what}\n{run.told()}")
                equal(run.exit, 1 if lost else 0, f"{what}\n{run.told()}")
                told_lost += lost
                tell_difference(town.wanted[0], snapshot(town.root), what)
            town.clear()
        expect(told_lost > 0, "no rows that had ended were hit")


def K04_a_pipe_in_a_record_s_place_is_told():
    """Nobody writes into it, ever: it is not waited for."""
    with Scenario() as s:
        replaced_and_grown(s)
        run = s.run(s.pack())
        for name in (b"journal", b"rows.bin", b"plan.bin"):
            place = os.path.join(run.folder, name)
            os.rename(place, place + b".away")
            os.mkfifo(place)
            for verb in ("inspect", "resume"):
                expect(Told([verb, run.folder, "--json"]).must(41).told_of(name.decode()), "not told")
            os.rename(place + b".away", place)


def K04_an_end_is_told_again_though_its_rows_rotted():
    """Summary and exit code are as they were, on the screen, too; a note says what is damaged."""
    chance = random.Random(SEED)
    with Scenario() as s:
        b = s.backup()
        b.include(replaced(s))
        for c in grown(s):
            b.include(c)
        media = s.pack()
        pack = os.path.join(media, b"packs", sorted(os.listdir(os.path.join(media, b"packs")))[0])
        rotten(pack, chance, "noise")
        run = s.run(media)
        equal(run.exit, 20, run.told())
        for how in ("bit", "noise", "zeros"):
            rotten(os.path.join(run.folder, b"rows.bin"), chance, how)
            again = s.resume(run.folder)
            equal(again.exit, 20, again.told())
            *notes, last = again.summary["notes"]
            expect("rows.bin" in last and "report.jsonl" in last, again.told())
            equal({**again.summary, "notes": notes}, run.summary)
        screen = Told(["resume", run.folder])
        equal(screen.exit, 20, screen.told())
        for word in (f"{run.summary['files']['restored']} restored", "media damaged", "rows.bin",
                     f"{run.summary['files']['failed']} failed"):
            expect(word in screen.out, f"{word}: {screen.told()}")


if __name__ == "__main__":
    run_rules(globals())
