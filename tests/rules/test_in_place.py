"""Undo files, which hold what ranges written in place have covered: K-03 to K-05 of what a restore
must survive.

They are kept while they are all that is left of those bytes, and never written over what somebody
wrote since. Kills at each call of such runs: test_resume.py; signals: test_signals.py.
"""

import os
import shutil
import signal

from interrupted import copied, inspected, killed_behind, seen, staging_of
from scenario import Scenario, Told, equal, expect, run_rules
from town import Town, ends_at, ranged, replaced


def K05_an_old_copy_of_an_in_place_run_takes_nothing_back():
    """The run has ended, and its file has been written to since: an undo file is no reason to put
    bytes of long ago into it."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        town, seen = Town(s, s.pack(), "--in-place"), 0
        for number in range(1, town.count_calls() + 1):
            if town.kill_at(number) and town.is_begun() and any(
                    name.startswith(b"undo-") for name in os.listdir(town.folder())):
                old = copied(town)
                town.resume(f"call {number}")
                place = os.path.join(town.root, b"C/db/big.mdf")
                with open(place, "r+b") as opened:
                    opened.write(b"what an application wrote")
                with open(place, "rb") as opened:
                    before = opened.read()
                published = inspected(old)["units"][0]["state"] == "published"
                run = s.resume(old)
                with open(place, "rb") as opened:
                    expect(opened.read() == before, f"call {number}: it was written to")
                if published: # and killed before the undo file went
                    equal(run.exit, 0, f"call {number}\n{run.told()}")
                else:
                    equal(run.exit, 4, f"call {number}\n{run.told()}")
                    expect(any("undo-" in note for note in run.summary["notes"]), run.told())
                    expect(any(name.startswith(b"undo-") for name in os.listdir(old)), "it is gone")
                    seen += 1
                shutil.rmtree(old)
            town.clear()
        expect(seen > 1, f"{seen} had an undo file")


def undo_files(folder):
    """{name: content} of what ranges written in place have covered."""
    found = {}
    for name in os.listdir(folder):
        if name.startswith(b"undo-"):
            with open(os.path.join(folder, name), "rb") as opened:
                found[name] = opened.read()
    return found


def K05_the_undo_file_of_a_failed_component_stays():
    """Also with whoever goes on after the one that failed it: it is all that is left of the bytes
    that its ranges had covered."""
    with Scenario() as s:
        b = s.backup()
        b.include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        b.include(replaced(s))
        town, seen = Town(s, s.pack(), "--in-place"), 0
        for number in range(1, town.count_calls() + 1):
            if not (town.kill_at(number) and town.is_begun() and undo_files(town.folder())):
                town.clear()
                continue
            kept = undo_files(town.folder())
            for name in staging_of(town): # nothing can be taken back without it
                shutil.rmtree(os.path.join(town.root, b"C", name))
            again = Told(["resume", town.folder()],
                         env={**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(10 + number % 30)})
            states = {unit["component"]: unit["state"]
                      for unit in inspected(town.folder())["units"]}
            if again.exit == -signal.SIGKILL and states["db"] == "failed":
                what = f"killed before call {number}, and again"
                equal(undo_files(town.folder()), kept, what)
                run = s.resume(town.folder()).must(4)
                equal((run.status("db"), run.status("db1")), ("FAILED", "ALL"), run.told())
                equal(undo_files(town.folder()), kept, what)
                seen += 1
            town.clear()
        expect(seen > 0, "nobody went on after a component had failed")


def put_back_without_a_sync(s):
    """A town with a run that was killed when the first byte was written in place, and whose undo
    file says that this was put back; what is in the file is what a cut would leave."""
    s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
    town = Town(s, s.pack(), "--in-place")
    before = seen(s.dest.path(r"C:\db\big.mdf"))
    killed_behind(town, lambda: seen(os.path.join(town.root, b"C/db/big.mdf")) != before)
    name, = undo_files(town.folder())
    os.utime(os.path.join(town.folder(), name)) # when it was put back
    os.rename(os.path.join(town.folder(), name), undone_file(town))
    return town


def undone_file(town):
    return os.path.join(town.folder(), b"undone-0")


def K05_what_was_put_back_without_a_sync_is_not_forgotten():
    """Where nothing can be put back any more, it is kept, and named."""
    with Scenario() as s:
        town = put_back_without_a_sync(s)
        expect("undone-N" in Told(["inspect", town.folder()]).must(0).out, "nobody is told")
        for name in staging_of(town):
            shutil.rmtree(os.path.join(town.root, b"C", name))
        left = seen(os.path.join(town.root, b"C/db/big.mdf"))
        run = s.resume(town.folder()).must(4)
        equal(run.status("db"), "FAILED", run.told())
        equal(seen(os.path.join(town.root, b"C/db/big.mdf")), left, run.told())
        name, = undo_files(town.folder())
        expect(any(os.fsdecode(name) in note for note in run.summary["notes"]), run.told())


def K05_what_was_put_back_and_cannot_be_synced_is_put_back_again():
    """The failure is told once: the next sync says nothing about those bytes."""
    with Scenario() as s:
        town = put_back_without_a_sync(s)
        told = Told(["resume", town.folder(), "--json"],
                    env={**os.environ, "LD_PRELOAD": ends_at(), "NOT_SYNCED": "/big.mdf"})
        equal(told.exit, 32, told.told())
        expect(undo_files(town.folder()), "there is no undo file")
        town.resume("a sync failed before")


def K05_what_was_put_back_before_a_failed_sync_is_put_back_again_on_a_full_disk():
    """A sync of another file has failed since: no good one of this file's says that it is there."""
    with Scenario() as s:
        town = put_back_without_a_sync(s)
        with open(os.path.join(town.folder(), b"checkpoint"), "r+b") as opened:
            opened.seek(3 * 512) # a sync was begun, and nobody has told its end
            opened.write(b"\1")
        told = Told(["resume", town.folder(), "--json"],
                    env={**os.environ, "LD_PRELOAD": ends_at(), "NO_FOLDER": "session-"})
        equal(told.exit, 30, told.told())
        equal(seen(os.path.join(town.root, b"C/db/big.mdf")),
              seen(s.dest.path(r"C:\db\big.mdf")), told.told())
        town.resume("the disk was full before")


def K05_what_somebody_wrote_since_it_was_put_back_stays():
    """Though a failed sync leaves it unknown whether the bytes before are on the disk: it is kept
    what he wrote, and what could be put back."""
    with Scenario() as s:
        town = put_back_without_a_sync(s)
        place = os.path.join(town.root, b"C/db/big.mdf")
        with open(place, "ab") as opened:
            opened.write(b"somebody's")
        left, kept = seen(place), seen(undone_file(town))
        told = Told(["resume", town.folder(), "--json"],
                    env={**os.environ, "LD_PRELOAD": ends_at(), "NOT_SYNCED": "/big.mdf"})
        equal((told.exit, seen(place) == left), (32, True), told.told())
        for _ in range(2):
            run = s.resume(town.folder()).must(4)
            equal((run.status("db"), seen(place) == left), ("FAILED", True), run.told())
            equal(seen(undone_file(town)), kept, run.told())
            expect(any("undone-0;" in note for note in run.summary["notes"]), run.told())


def K03_what_ranges_replace_goes_when_their_result_is_durable():
    """With durability end, too: the rest of its bytes is nowhere else. No sync succeeds."""
    for more in ((), ("--in-place",)):
        with Scenario() as s:
            s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf",
                                                  "0:100,1048570:20,3145700:28")
            town = Town(s, s.pack(), "--durability", "end", *more)
            town.copy()
            told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                          "SYNC_FAILS": os.fsdecode(os.path.join(s.folder, b"told"))})
            equal(told.exit, 32, told.told())
            equal(seen(os.path.join(town.root, b"C/db/big.mdf")),
                  seen(s.dest.path(r"C:\db\big.mdf")), told.told())


def K05_an_undo_file_that_rotted_is_kept():
    """It is all that is left of what was covered, unless nothing had been written yet."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        town, seen_before, seen_behind = Town(s, s.pack(), "--in-place"), 0, 0
        for number in range(1, town.count_calls() + 1):
            if not (town.kill_at(number) and town.is_begun() and undo_files(town.folder())):
                town.clear()
                continue
            place = os.path.join(town.root, b"C/db/big.mdf")
            untouched = seen(place) == seen(s.dest.path(r"C:\db\big.mdf"))
            name, = undo_files(town.folder())
            undo = os.path.join(town.folder(), name)
            with open(undo, "r+b") as opened:
                opened.seek(os.path.getsize(undo) // 2)
                opened.write(b"rotten")
            kept, left = undo_files(town.folder()), seen(place)
            what = f"call {number}, untouched: {untouched}"
            if untouched:
                town.resume(what)
                seen_before += 1
            elif inspected(town.folder())["units"][0]["state"] != "published":
                run = s.resume(town.folder()).must(4)
                equal(run.status("db"), "FAILED", what)
                equal((undo_files(town.folder()), seen(place) == left), (kept, True), what)
                expect(any(os.fsdecode(name) in note for note in run.summary["notes"]), run.told())
                seen_behind += 1
            town.clear()
        expect(seen_before > 0 and seen_behind > 1, f"{seen_before}, {seen_behind}")


if __name__ == "__main__":
    run_rules(globals())
