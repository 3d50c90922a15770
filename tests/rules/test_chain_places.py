"""Where the steps of a chain put their files: trap T36 of the rules, and rule 7.4.

What an earlier step laid down is no obstacle, all else is one; what fell back stays together, and
what waits for the boot is not overtaken.
"""

import fcntl
import os

from chain import LAST, SCHEMA_DIFF_INCR, SCHEMA_NEW_TARGET, full_and_two, one, packed
from scenario import Scenario, Told, equal, expect, run_rules


def T36_what_an_earlier_step_laid_down_is_no_obstacle():
    for method in ("RESTORE_IF_NOT_THERE", "RESTORE_IF_CAN_BE_REPLACED"):
        with Scenario() as s:
            _, c = one(s, method=method)
            run = s.run(full_and_two(s, c)).must(0)
            equal([step.status(c) for step in run.steps], ["ALL"] * 3)
            equal(s.listing(), LAST)


def T36_what_stood_there_before_the_chain_is_one():
    with Scenario() as s:
        _, c = one(s, method="RESTORE_IF_NOT_THERE")
        sets = full_and_two(s, c)
        s.place(r"C:\d\b", b"older")
        run = s.run(sets).must(3)
        equal([step.unit(c)["error"] for step in run.steps],
              ["PRESENT", "CHAIN_INVALID", "CHAIN_INVALID"])
        equal(s.listing(), {r"C:\d": None, r"C:\d\b": b"older"})


def T36_a_file_that_only_a_later_step_meets_is_one():
    with Scenario() as s:
        _, c = one(s, method="RESTORE_IF_NOT_THERE")
        sets = full_and_two(s, c)
        s.place(r"C:\d\n", b"not of this chain")
        run = s.run(sets).must(3)
        equal([(step.status(c), step.unit(c)["error"]) for step in run.steps],
              [("ALL", None), ("NONE", "PRESENT"), ("NONE", "CHAIN_INVALID")])
        equal((s.at(r"C:\d\b"), s.at(r"C:\d\n")), (b"b0", b"not of this chain"))


def R74_a_step_without_files_forgets_no_place():
    with Scenario() as s:
        w, c = one(s, method="RESTORE_IF_NOT_THERE")
        w.mapping(r"C:\d", "*", r"C:\alt")
        full = packed(s, "full", c, ("a", b"a0"))
        first = packed(s, "incremental", c, parent=full)
        second = packed(s, "incremental", c, ("n", b"n2"), parent=first)
        s.place(r"C:\d\a", b"stood there")
        run = s.run([full, first, second]).must(0)
        equal([step.status(c) for step in run.steps], ["ALL"] * 3)
        equal((s.at(r"C:\d\a"), s.at(r"C:\d\n")), (b"stood there", None))
        equal((s.at(r"C:\alt\a"), s.at(r"C:\alt\n")), (b"a0", b"n2"))


def R74_new_targets_hold_in_each_step():
    with Scenario() as s:
        w = s.writer("Ledger", schema=SCHEMA_DIFF_INCR | SCHEMA_NEW_TARGET)
        c = w.component("db", lp="data").files(r"C:\d", "*")
        sets = full_and_two(s, c)
        s.run(sets, "--new-target", c.selector + r"|C:\d|*|yes|C:\moved").must(0)
        equal(s.listing(), {path.replace(r"C:\d", r"C:\moved"): content
                            for path, content in LAST.items()})


def R74_what_fell_back_stays_together():
    for method in ("RESTORE_IF_NOT_THERE", "RESTORE_IF_CAN_BE_REPLACED"):
        with Scenario() as s:
            w, c = one(s, method=method)
            w.mapping(r"C:\d", "*", r"C:\alt")
            full = packed(s, "full", c, ("a", b"a0"), ("b", b"b0"))
            last = packed(s, "incremental", c, ("b", b"b1"), ("n", b"n1"), parent=full)
            s.block(r"C:\d\a") # nothing that the second step would meet
            run = s.run([full, last]).must(0)
            equal([step.document.children(c, "ALTERNATE_LOCATION_MAPPING")[0]["alternatePath"]
                   for step in run.steps], [r"C:\alt"] * 2)
            equal({path: content for path, content in s.listing().items() if content},
                  {r"C:\alt\a": b"a0", r"C:\alt\b": b"b1", r"C:\alt\n": b"n1"})


def R74_what_waits_for_the_boot_is_not_overtaken():
    with Scenario() as s:
        _, c = one(s, method="REPLACE_AT_REBOOT_IF_CANNOT_REPLACE")
        full = packed(s, "full", c, ("a", b"a0"), ("b", b"b0"))
        last = packed(s, "incremental", c, ("b", b"b1"), ("n", b"n1"), parent=full)
        empty = packed(s, "incremental", c, parent=last)
        live = ("--tree", "live", "--registry", "")
        with open(s.place(r"C:\d\a", b"in use"), "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            run = s.run([empty], *live).must(5)
        equal([(step.exit, step.unit(c)["error"], step.unit(c)["verdict"]) for step in run.steps],
              [(5, None, "staged"), (5, None, "staged"), (0, None, None)])
        equal((s.at(r"C:\d\a"), s.at(r"C:\d\b")), (b"in use", None))
        first, second = (step.folder for step in run.steps[:2])
        waits = s.run(last, "--after", first).must(3) # offline: there is no later boot
        equal(waits.unit(c)["error"], "CHAIN_INVALID")
        expect(os.fsdecode(first) in waits.unit(c)["detail"], waits.told())
        Told(["pending", "apply", second, "--registry", ""]).must(3) # not before the first
        Told(["pending", "apply", first, second, "--registry", ""]).must(0)
        equal((s.at(r"C:\d\a"), s.at(r"C:\d\b"), s.at(r"C:\d\n")), (b"a0", b"b1", b"n1"))
        s.run(last, "--after", first, *live).must(0)


def R74_ranges_do_not_wait_behind_what_waits():
    with Scenario() as s:
        _, c = one(s, method="REPLACE_AT_REBOOT")
        full = packed(s, "full", c, ("a", b"0123456789"))
        s.backup("incremental").include(c).partial(r"C:\d", "a", "2:3")
        s.put(r"C:\d\a", b"abcdefghij")
        last = s.pack("--parent", full)
        live = ("--tree", "live", "--registry", "")
        run = s.run([last], *live).must(3)
        first, second = run.steps
        equal((first.exit, second.unit(c)["error"]), (5, "NOT_REPLACEABLE"))
        expect(os.fsdecode(first.folder) in second.unit(c)["detail"], second.unit(c))
        Told(["pending", "apply", first.folder, "--registry", ""]).must(0)
        s.run(last, "--after", first.folder).must(0)
        equal(s.at(r"C:\d\a"), b"01cde56789")


def R74_no_files_went_to_no_place():
    with Scenario() as s:
        w, c = one(s, method="RESTORE_IF_NOT_THERE")
        w.mapping(r"C:\d", "*", r"C:\alt")
        s.put_folder("C:\\")
        full = packed(s, "full", c)
        last = packed(s, "incremental", c, ("n", b"n1"), parent=full)
        s.place(r"C:\d\n", b"in the way")
        s.run([full, last]).must(0)
        equal((s.at(r"C:\d\n"), s.at(r"C:\alt\n")), (b"in the way", b"n1"))


def R74_files_of_no_component_follow_each_other():
    with Scenario() as s:
        w, c = one(s)
        sets = []
        for type, content in (("full", b"first"), ("incremental", b"second")):
            s.put(r"C:\free\x", content, mtime=1000000000)
            s.put(r"C:\d\a", content)
            s.backup(type).include(c)
            sets.append(s.pack("--all", *(("--parent", sets[0]) if sets else ())))
        s.place(r"C:\free\y", b"other")
        for overwrite in ("never", "if-newer"):
            s.run(sets, "--unprotected", "--overwrite", overwrite).must(0, 1)
            equal((s.at(r"C:\free\x"), s.at(r"C:\free\y")), (b"second", b"other"))
            os.unlink(s.dest.path(r"C:\free\x"))
        s.place(r"C:\free\x", b"mine")
        s.run(sets, "--unprotected").must(1)
        equal(s.at(r"C:\free\x"), b"mine")


def R74_what_did_not_fall_back_does_not_either():
    with Scenario() as s:
        w, c = one(s)
        w.mapping(r"C:\d", "*", r"C:\alt")
        full = packed(s, "full", c, ("a", b"a0"), ("b", b"b0"))
        last = packed(s, "incremental", c, ("b", b"b1"), ("n", b"n1"), parent=full)
        s.block(r"C:\d\n")
        run = s.run([full, last]).must(3)
        equal([(step.status(c), step.unit(c)["error"]) for step in run.steps],
              [("ALL", None), ("NONE", "CHAIN_INVALID")])
        equal((s.at(r"C:\d\b"), s.at(r"C:\alt\b")), (b"b0", None))


if __name__ == "__main__":
    run_rules(globals())
