"""Destinations that are not as a run left them: places that somebody changed, also in the moment of
an exchange, what cannot be put back or synced for now, staging folders and volumes that went.

What somebody put there is left alone, originals are kept, and nothing is a mixture. What a disk
loses of it all: test_unsynced.py; links that a neighbour plants: fault/test_confinement.py.
"""

import errno
import glob
import json
import os
import random
import shutil
import signal
import subprocess

from interrupted import (holds, inspected, journal_of, killed_behind, killed_in_the_middle, seen,
                         staging_of)
from scenario import Failure, Scenario, Skip, Told, equal, expect, run_rules
from town import (CAN, MIB, Town, ends_at, grown, pattern, replaced, replaced_and_grown, snapshot,
                  statuses, tell_difference)


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


def file_of_his(s, path):
    """As long as ours, and younger."""
    his = os.path.join(s.folder, b"his")
    with open(his, "wb") as out:
        out.write(b"S" * os.lstat(path).st_size)
    os.rename(his, path)


def link_of_his(s, path):
    """As old as ours."""
    his = os.path.join(s.folder, b"his")
    os.symlink("elsewhere", his)
    os.utime(his, ns=(0, os.lstat(path).st_mtime_ns), follow_symlinks=False)
    os.rename(his, path)


def words_of_his(_, path):
    with open(path, "ab") as out:
        out.write(b" and his")


def folder_of_his(_, path):
    os.unlink(path)
    os.mkdir(path)


def way_of_his(s, path):
    """A file where a folder of ours was."""
    os.rename(path, os.path.join(s.folder, b"away-" + s.number()))
    with open(path, "wb") as out:
        out.write(b"his")


def new_tree(s):
    """A town of a new tree that two components share, killed when it stands at its place."""
    b = s.backup()
    for c in grown(s):
        b.include(c)
    return Town(s, s.pack())


def tree_stands(town):
    killed_behind(town, lambda: os.path.exists(os.path.join(town.root, b"C/new/a/1.txt")))


def K09_a_new_tree_that_somebody_changed_is_left_alone():
    """Killed behind its rename; then a file in it is replaced by another one of its length, by a
    link or a folder, or written to. All stays as he left it, and both its components fail."""
    with Scenario() as s:
        town = new_tree(s)
        for below, change in ((b"in/2.txt", file_of_his), (b"large.bin", link_of_his),
                              (b"link", link_of_his), (b"link", file_of_his),
                              (b"1.txt", words_of_his), (b"large.bin", folder_of_his),
                              (b"in", way_of_his)):
            tree_stands(town)
            place = os.path.join(town.root, b"C/new/a", below)
            change(s, place)
            left = snapshot(os.path.join(town.root, b"C/new"))
            run = s.resume(town.folder())
            what = f"{below}, {change.__name__}: {run.told()}"
            equal(snapshot(os.path.join(town.root, b"C/new")), left, what)
            equal([status for _, status, _ in statuses(run)], ["FAILED"] * 2, what)
            equal((run.exit, run.summary["files"]["restored"]), (4, 0), what)
            note, = run.summary["notes"]
            expect(f"'{os.fsdecode(place)}" in note and "was changed by somebody" in note, what)
            stands_is_told(town, run, note, os.fsencode(note.split("'")[1]))
            town.clear()


def stands_is_told(town, run, note, his):
    """The folder is named, and no file that nobody changed; rows of what stands in it say so."""
    new = os.path.join(town.root, b"C/new")
    expect(f"the new folder '{os.fsdecode(new)}'" in note and "stands there" in note, note)
    equal(note.count(f"'{os.fsdecode(new)}/"), his.startswith(new + b"/"), note)
    for row in run.rows:
        place = os.fsencode(row["path"])
        stands = os.path.lexists(place) and not (
            his and os.path.samestat(os.lstat(place), os.lstat(his))) # or another name of it
        equal((row["outcome"], "stands at its place" in str(row["detail"])),
              ("REFUSED" if place == his else "WITHDRAWN", stands), f"{row}\n{run.told()}")


def K09_a_new_tree_that_somebody_took_a_file_from_goes_back():
    """What is not there is nobody's: it is made again."""
    with Scenario() as s:
        town = new_tree(s)
        tree_stands(town)
        shutil.rmtree(os.path.join(town.root, b"C/new/a/in"))
        os.unlink(os.path.join(town.root, b"C/new/b/log.txt"))
        town.resume("files were taken out of the tree")


def K09_a_tree_that_somebody_is_in_the_way_of_fails():
    """It stands at its place, and where it was staged stands something of his: no file of it is said
    not to be there."""
    with Scenario() as s:
        town = new_tree(s)
        tree_stands(town)
        for name in os.listdir(os.path.join(town.root, b"C")):
            for tree in range(16 if name.startswith(b".vssrestore-") else 0):
                os.makedirs(os.path.join(town.root, b"C", name, b"t%x" % tree), exist_ok=True)
        run = s.resume(town.folder())
        place = os.path.join(town.root, b"C/new/a/1.txt")
        expect(holds(place, b"one"), run.told())
        equal([status for _, status, _ in statuses(run)], ["FAILED"] * 2, run.told())
        equal(run.exit, 4, run.told())
        expect("was changed by somebody" in run.summary["notes"][0], run.told())
        stands_is_told(town, run, run.summary["notes"][0], b"")


STORED = random.Random(1).randbytes(3001) # as it is, since it cannot be made shorter


def shared_tree(s):
    """Two components bring a new folder together; one of them replaces files, too."""
    b = s.backup()
    w = s.writer("Web", method=CAN)
    b.include(w.component("site").files(r"C:\old", "*").files(r"C:\new\a", "*", recursive=True))
    b.include(w.component("logs").files(r"C:\new\b", "*", recursive=True))
    s.put(r"C:\old\0.dat", pattern(0, 3000), mtime=1500000000)
    s.place(r"C:\old\0.dat", b"was 0", mtime=1400000000)
    s.put(r"C:\new\a\large.bin", pattern(1, 3 * MIB), mtime=1500000001)
    s.put(r"C:\new\a\in\1.dat", STORED, mtime=1500000002)
    s.put(r"C:\new\b\log.txt", b"log", mtime=1500000003)
    return s.pack()


def only_logs_are_there(s, town, code, status):
    """Gone on with, the other component comes to that, and nothing of it is to be seen."""
    run = s.resume(town.folder()).must(code)
    equal((run.status("site"), run.status("logs")), (status, "ALL"), run.told())
    equal(run.summary["bytes"], len(b"log"), run.told())
    equal(os.listdir(os.path.join(town.root, b"C/new")), [b"b"], run.told())
    expect(holds(os.path.join(town.root, b"C/new/b/log.txt"), b"log"), run.told())


def K09_nothing_of_a_component_that_fails_comes_with_a_tree_that_it_shares():
    with Scenario() as s:
        town, done = Town(s, shared_tree(s), "--workers", "1"), 0
        for number in range(1, town.count_calls() + 1):
            town.kill_at(number)
            place = os.path.join(town.root, b"C/old/0.dat")
            if town.is_begun() and holds(place, pattern(0, 3000)) and "published" not in {
                    unit["state"] for unit in inspected(town.folder())["units"]}:
                os.unlink(place)
                with open(place, "wb") as out:
                    out.write(b"somebody's")
                only_logs_are_there(s, town, 4, "FAILED")
                expect(holds(place, b"somebody's"), f"call {number}")
                done += 1
            town.clear()
        expect(done > 1, f"{done} were killed behind the exchange")


def K09_nothing_of_a_component_that_is_refused_comes_with_a_tree_that_it_shares():
    """The folder of what it replaces is gone; what was staged of it, whole or in part, stays unseen."""
    with Scenario() as s:
        town, done = Town(s, shared_tree(s), "--workers", "1"), 0
        for number in range(1, town.count_calls() + 1):
            town.kill_at(number)
            old = os.path.join(town.root, b"C/old")
            if town.is_begun() and holds(os.path.join(old, b"0.dat"), b"was 0") and any(
                    b".vssrestore-" in folder and b"large.bin" in names
                    for folder, _, names in os.walk(os.path.join(town.root, b"C"))):
                if "publishing" not in {unit["state"]
                                        for unit in inspected(town.folder())["units"]}:
                    shutil.rmtree(old)
                    only_logs_are_there(s, town, 3, "NONE")
                    done += 1
            town.clear()
        expect(done > 0, "no run was killed with something of it staged")


def K09_nothing_of_damaged_media_comes_with_a_tree_that_it_shares():
    """What an earlier process has staged does not count any more, and cannot be made again."""
    with Scenario() as s:
        media = shared_tree(s)
        town = Town(s, media, "--workers", "1")
        pack, = glob.glob(os.path.join(media, b"packs", b"*"))
        for number in range(town.count_calls(), 0, -1): # all of it is staged, nothing is seen
            town.kill_at(number)
            if town.is_begun() and not os.path.exists(os.path.join(town.root, b"C/new")) and holds(
                    os.path.join(town.root, b"C/old/0.dat"), b"was 0"):
                break
            town.clear()
        for name in (b"rows.bin", b"pieces.bin"):
            kept = os.path.join(town.folder(), name)
            with open(kept, "r+b") as opened:
                opened.write(bytes(os.path.getsize(kept)))
        with open(pack, "r+b") as opened:
            opened.seek(opened.read().index(STORED[1000:1100]))
            opened.write(b"damaged")
        run = s.resume(town.folder()).must(20)
        equal((run.status("site"), run.status("logs")), ("NONE", "ALL"), run.told())
        equal(os.listdir(os.path.join(town.root, b"C/new")), [b"b"], run.told())


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


def K09_what_came_into_a_tree_that_goes_back_is_kept():
    """Killed behind the rename of a tree; then somebody takes a file out of it and puts another one
    in, and the media are lost, so that what is gone on with fails. The tree goes; what is not of it
    stays, and is told of."""
    with Scenario() as s:
        c = s.writer("W", method=CAN).component("c").files(r"C:\new", "*", recursive=True)
        s.put(r"C:\new\in\a.dat", pattern(1, 3000), mtime=1500000000)
        s.put(r"C:\new\b.dat", pattern(2, 3000), mtime=1500000000)
        s.place_folder("C:\\")
        s.backup().include(c)
        town = Town(s, s.pack())
        for number in range(20, town.count_calls()):
            if town.kill_at(number) and os.path.exists(os.path.join(town.root, b"C/new/in/a.dat")):
                break
            town.clear()
        else:
            raise Failure("it was never killed behind the rename")
        with open(os.path.join(town.root, b"C/new/in/theirs.txt"), "wb") as out:
            out.write(b"somebody's")
        os.unlink(os.path.join(town.root, b"C/new/b.dat"))
        for pack in glob.glob(os.path.join(town.media, b"packs", b"*")):
            os.unlink(pack)
        run = s.resume(town.folder())
        equal([unit["status"] for unit in run.summary["units"]], ["FAILED"], run.told())
        found = [path for path, what in snapshot(town.root)[0].items()
                 if what[-1] == b"somebody's"]
        expect(len(found) == 1 and found[0].startswith(b"C/.vssrestore-"), f"{found}")
        expect(not os.path.exists(os.path.join(town.root, b"C/new")), "it is at its place")
        folder = os.fsdecode(found[0].split(b"/")[1])
        expect(any(folder in note for note in run.summary["notes"]), run.told())


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
