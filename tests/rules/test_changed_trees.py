"""New trees that somebody changed, and such that components share, when a run is gone on with: K-09
of what a restore must survive.

All stays as he left it; what he took is made again; what he brought is kept when the tree goes; and
nothing of a component that fails comes with a tree that it shares.
"""

import glob
import os
import random
import shutil

from interrupted import holds, inspected, killed_behind
from scenario import Failure, Scenario, equal, expect, run_rules
from town import CAN, MIB, Town, grown, pattern, snapshot, statuses


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


if __name__ == "__main__":
    run_rules(globals())
