"""What an older run staged for the next boot, and a newer one that meets it: rule 8.5.

Places that are awaited hold a newer restore back, or it waits behind the older one; what waits is
carried out in the order in which it was staged.
"""

import json
import os
import shutil

from next_boot import (AT_REBOOT, IF_IN_USE, LIVE, PENDING, files_of, live, one, pending,
                       tops_with_pending, waiting)
from scenario import Scenario, Told, equal, expect, run_rules


def two_runs(s, newer):
    """A component of two files, staged as they were first; then the set of them as they are later,
    of a writer with another method."""
    w, c, _ = one(s, AT_REBOOT)
    c.files(r"C:\db", "*")
    for name in "ab":
        s.put("C:\\db\\" + name, b"first")
    older = live(s, s.pack()).must(5)
    for name in "ab":
        s.put("C:\\db\\" + name, b"later")
    w.method = newer
    return c, older, s.pack()


def held_back(s, run, c, older):
    """Refused by name, and told by which run and what to do; nothing was touched."""
    run.must(3)
    unit = run.unit(c)
    equal((unit["status"], unit["error"]), ("NONE", "NOT_REPLACEABLE"), run.told())
    waits = os.fsdecode(tops_with_pending(s)[0])
    with open(os.path.join(older.folder, b"run.json"), encoding="utf-8") as opened:
        expect(json.load(opened)["run"] in waits, waits)
    for word in ("pending apply", waits):
        expect(word in unit["detail"], f"{word} is not told\n{run.told()}")


def R85_what_waits_for_a_boot_holds_a_newer_restore_back():
    for present in (False, True):
        with Scenario() as s:
            if present:
                s.place(r"C:\db\a", b"old")
            c, older, media = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
            before = files_of(s)
            for arguments in (LIVE, ()): # it is the boot of that tree, whoever writes now
                held_back(s, s.run(media, "--registry", "", *arguments), c, older)
            plan = s.plan(media)
            equal((plan.unit(c)["error"], plan.unit(c)["rule"]), ("NOT_REPLACEABLE", "6.6/2"))
            equal(files_of(s), before)
            pending("apply", older.folder)
            equal(s.at(r"C:\db\b"), b"first")
            s.run(media).must(0)
            equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_whatever_the_way_to_the_place():
    with Scenario() as s:
        c, older, media = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        link = os.path.join(s.folder, b"link")
        os.symlink(s.dest.path("C:\\"), link)
        held_back(s, s.run(media, "--volume", b"C:=" + link), c, older)
        pending("apply", older.folder)
    with Scenario() as s: # staged from above, restored into a volume below; and the other way
        _, c, _ = one(s, AT_REBOOT, schema=0x100)
        c.files(r"C:\m\db", "*")
        s.put(r"C:\m\db\a", b"first")
        s.place_folder(r"C:\m")
        whole, below = s.dest.path("C:\\"), s.dest.path(r"C:\m")
        older = live(s, s.pack(), "--volume", b"C:=" + whole).must(5)
        s.all_writers[0].method = "RESTORE_IF_CAN_BE_REPLACED"
        media = s.pack()
        inside = ("--volume", b"C:=" + whole, "--volume", b"D:=" + below,
                  "--new-target", r"W:db|C:\m\db|*|yes|D:\db")
        held_back(s, s.run(media, *inside), c, older)
        pending("apply", older.folder)
        os.unlink(s.dest.path(r"C:\m\db\a"))
        s.all_writers[0].method = AT_REBOOT
        s.put(r"D:\x", b"x")
        other = s.writer("Other", method=AT_REBOOT).component("o")
        other.files(r"D:\db", "*")
        s.put(r"D:\db\a", b"of another")
        s.backup().include(other)
        older = live(s, s.pack(), "--volume", b"D:=" + below).must(5)
        equal([name for name in os.listdir(below) if name.startswith(PENDING)] != [], True)
        run = s.run(media, "--volume", b"C:=" + whole).must(3)
        equal(run.unit(c)["error"], "NOT_REPLACEABLE", run.told())


def R85_other_places_are_free():
    with Scenario() as s:
        c, older, _ = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        other = s.writer("Other").component("o").files(r"C:\db", "c*")
        s.put(r"C:\db\c", b"c")
        s.backup().include(other)
        equal(s.run(s.pack()).must(0).status(other), "ALL")
        equal(files_of(s), {r"C:\db\c": b"c"})
        pending("apply", older.folder)
        equal(files_of(s), {r"C:\db\a": b"first", r"C:\db\b": b"first", r"C:\db\c": b"c"})


def R85_a_mapping_is_the_way_round_a_place_that_is_awaited():
    with Scenario() as s:
        c, older, _ = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        s.all_writers[0].mapping(r"C:\db", "*", r"D:\alt")
        s.put_folder("D:\\")
        run = s.run(s.pack()).must(0)
        equal(run.unit(c)["verdict"], "alternate")
        equal(files_of(s), {r"D:\alt\a": b"later", r"D:\alt\b": b"later"})


def R85_what_waits_is_carried_out_in_the_order_queued():
    for method in (AT_REBOOT, IF_IN_USE):
        with Scenario() as s:
            c, older, media = two_runs(s, method)
            newer = live(s, media)
            waiting(s, newer, c) # of method 6 because the place is awaited
            records, sums = pending("apply", newer.folder, codes=(3,))
            equal((sums["units"]["failed"], records[0]["detail"]), (1, "Device or resource busy"))
            told = Told(["pending", "apply", newer.folder, "--registry", ""]).must(3)
            expect(told.told_of("older", os.fsdecode(PENDING)), told.told())
            equal(files_of(s), {})
            pending("apply", older.folder)
            equal(files_of(s), {r"C:\db\a": b"first", r"C:\db\b": b"first"})
            pending("apply", newer.folder)
            equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})
            equal(tops_with_pending(s), [])
    with Scenario() as s: # both at once
        c, older, media = two_runs(s, AT_REBOOT)
        waiting(s, live(s, media), c)
        pending("apply", os.path.dirname(s.dest.path(r"C:\db")))
        equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_a_unit_that_cannot_be_moved_holds_back_what_comes_behind_it():
    with Scenario() as s:
        c, older, media = two_runs(s, AT_REBOOT)
        newer = live(s, media).must(5)
        s.block(r"C:\db\b") # gone before the second try
        pending("apply", older.folder, newer.folder, codes=(3,))
        equal(files_of(s), {})
        os.rmdir(s.dest.path(r"C:\db\b"))
        pending("apply", older.folder, newer.folder)
        equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_what_is_removed_waits_no_more():
    with Scenario() as s:
        c, older, media = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        top = s.dest.path("C:\\")
        shutil.rmtree(os.path.join(top, tops_with_pending(s)[0]))
        equal(s.run(media).must(0).status(c), "ALL")
        equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_a_plan_that_was_made_before_meets_it():
    with Scenario() as s:
        w, c, _ = one(s, "RESTORE_IF_CAN_BE_REPLACED")
        c.files(r"C:\db", "*")
        s.put(r"C:\db\a", b"later")
        s.dest.path("C:\\")
        plan = os.path.join(s.folder, b"plan")
        s.plan(s.pack(), "-o", plan).must(0)
        w.method = AT_REBOOT
        s.put(r"C:\db\a", b"first")
        older = live(s, s.pack()).must(5)
        held = s.run_plan(plan).must(3)
        equal(held.unit(c)["error"], "NOT_REPLACEABLE", held.told())
        pending("apply", older.folder)


def R85_what_waits_is_not_packed():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT)
        c.files("C:\\", "*")
        s.put(r"C:\db\a", b"first")
        live(s, s.pack()).must(5)
        s.place(r"C:\db\b", b"b")
        told = s.pack_told(source=s.dest).must(0, 1) # the tree that is in use
        expect(told.told_of("left out", os.fsdecode(PENDING)), told.told())
        root = os.path.join(s.folder, b"fresh")
        os.mkdir(root)
        s.run(told.set, "--root", root).must(0)
        equal(os.listdir(os.path.join(root, b"C")), [b"db"])


if __name__ == "__main__":
    run_rules(globals())
