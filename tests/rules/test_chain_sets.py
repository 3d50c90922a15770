"""Which sets make a chain, and which components come back in each step: rules 7.1 to 7.3.

Sets are found, put in order and refused before anything is written; what does not mix, does not
follow or has failed in a step is left out of the others. The cases R7x_ are named by the number of
their rule; the contract's sections 1 and 3 and its ruling 33 say more.
"""

import json
import os

from chain import LAST, SCHEMA_DIFF_INCR, SCHEMA_EXCLUSIVE, full_and_two, one, packed
from scenario import Scenario, Told, equal, expect, run_rules


def R71_the_last_set_alone_stands_for_its_chain():
    with Scenario() as s:
        _, c = one(s)
        full, first, second = full_and_two(s, c)
        run = s.run([second]).must(0)
        equal((len(run.steps), s.listing()), (3, LAST))
        folders = [step.folder for step in run.steps]
        equal(len(set(folders)), 3)
        for step, media in zip(run.steps, (full, first, second)):
            with open(os.path.join(step.folder, b"run.json"), encoding="utf-8") as opened:
                equal(json.load(opened)["set_path"], os.fsdecode(media))


def R71_parents_elsewhere_are_looked_for_where_is_said():
    with Scenario() as s:
        _, c = one(s)
        full, first, second = full_and_two(s, c)
        away = os.path.join(s.folder, b"away")
        os.mkdir(away)
        os.rename(full, os.path.join(away, b"full"))
        with open(os.path.join(away, b"full", b"set.json"), encoding="utf-8") as opened:
            uuid = json.loads(opened.read().rsplit("\n", 2)[0])["uuid"]
        told = s.run([second]).must(11)
        expect(told.told_of(uuid, os.fsdecode(s.folder)), told.told())
        equal(len(told.summaries), 1)
        equal(s.listing(), {})
        s.run([second], "--sets", os.path.join(s.folder, b"nowhere")).must(11)
        run = s.run([second], "--sets", away).must(0)
        equal((len(run.steps), s.listing()), (3, LAST))


def R71_a_plan_looks_at_the_chain():
    with Scenario() as s:
        _, c = one(s)
        full = packed(s, "full", c, ("a", b"a0"), stamp="one")
        last = packed(s, "incremental", c, ("b", b"b1"), parent=full, stamp="two",
                      previous="other")
        file = r"C:\d\b"
        for verb, more in (("plan", ["--jsonl"]), ("explain", [file])):
            told = Told([verb, last, *s.where([]), *more]).must(0)
            expect(told.told_of("adds to", os.fsdecode(full), "run"), told.told())
            expect(told.told_of("7.3", "one", "other"), told.told())
            told = Told([verb, last, *s.where([]), *more, "--strict-chain"]).must(0)
            expect("CHAIN_INVALID" in told.out, told.told())
            Told([verb, last, *s.where([]), *more, "--component", "Nobody"]).must(11)
            Told([verb, last, *s.where([]), *more, "--file", r"C:\d\no"]).must(11)
        plan = s.plan(last)
        equal((plan.unit(c)["error"], [record["source"] for record in plan.records(c)]),
              (None, [file]))
        away = os.path.join(s.folder, b"away")
        os.mkdir(away)
        os.rename(full, os.path.join(away, b"full"))
        told = s.plan(last).must(0)
        expect(told.told_of("--sets") and not told.told_of("7.3"), told.told())
        equal(told.unit(c)["error"], None)
        told = s.plan(last, "--sets", away).must(0)
        expect(told.told_of("7.3") and not told.told_of("--sets"), told.told())
        s.plan(last, "--sets", os.path.join(s.folder, b"nowhere")).must(11)
        equal(s.plan(os.path.join(away, b"full"), "--sets", away).must(0).err, "")
        equal(s.listing(), {})


def R71_one_place_for_several_runs_is_a_usage_error():
    with Scenario() as s:
        _, c = one(s)
        sets = full_and_two(s, c)
        for media in (sets, sets[-1:]):
            s.run(media, "--run-dir", os.path.join(s.folder, b"r")).must(2)
            s.run(media, "--bcd-out", os.path.join(s.folder, b"b")).must(2)
        plan = os.path.join(s.folder, b"plan")
        Told(["plan", sets[0], "-o", plan, *s.where([])]).must(0)
        Told(["run", "--plan", plan, "--sets", s.folder]).must(2)
        Told(["run", "--plan", plan, sets[0], sets[1]]).must(2)
        equal(s.listing(), {})


def R71_wrong_orders_are_refused_before_anything_is_written():
    with Scenario() as s:
        _, c = one(s)
        full, first, second = full_and_two(s, c)
        differential = packed(s, "differential", c, ("b", b"d"), parent=full)
        later = packed(s, "differential", c, ("b", b"e"), parent=full)
        copy = packed(s, "copy", c, ("b", b"e"))
        log = packed(s, "log", c, ("b", b"l"), parent=first)
        for media in ([first, full], [full, second], [full, second, first], [full, full],
                      [full, differential, later], [copy, first], [full, copy],
                      [full, first, log, second], [first, second]):
            told = s.run(media).must(11)
            equal(len(told.summaries), 1, told.told())
        equal(s.listing(), {})
        s.run([full, later]).must(0)
        equal((s.at(r"C:\d\a"), s.at(r"C:\d\b")), (b"a0", b"e"))
        s.run([log]).must(0)
        equal((s.at(r"C:\d\b"), s.at(r"C:\d\n")), (b"l", b"n1"))
        s.run([copy]).must(0)


def R71_parents_that_cannot_be_are_refused_when_packing():
    with Scenario() as s:
        _, c = one(s)
        other = s.writer("Other").component("x").files(r"C:\d", "*")
        full, first, _ = full_and_two(s, c)
        s.backup("full").include(c)
        for parent in (full, first):
            s.pack_told("--parent", parent).must(11)
        s.backup("differential").include(c)
        s.pack_told("--parent", first).must(11)
        s.backup("incremental").include(other)
        expect(s.pack_told("--parent", full).must(0).told_of("writers"), "not told")
        s.pack_told("--parent", s.folder).must(11)


def R71_writers_that_do_not_mix_are_left_out():
    with Scenario() as s:
        w, c = one(s)
        x = s.writer("Strict", schema=SCHEMA_DIFF_INCR | SCHEMA_EXCLUSIVE)
        strict = x.component("s").files(r"C:\x", "*")
        s.source.path("C:\\x")
        full = packed(s, "full", [c, strict], ("a", b"0"))
        first = packed(s, "incremental", [c, strict], ("a", b"1"), parent=full)
        second = packed(s, "differential", [c, strict], ("a", b"2"), parent=full)
        run = s.run([full, first, second]).must(3)
        equal([(step.status(c), step.unit(strict)["error"]) for step in run.steps],
              [("ALL", "CHAIN_INVALID")] * 3)
        equal(s.at(r"C:\d\a"), b"2")
        s.run([full, first]).must(0)


def R72_what_failed_in_a_step_is_refused_in_the_later_ones():
    with Scenario() as s:
        w, c = one(s)
        other = w.component("other").files(r"C:\o", "*")
        s.source.path("C:\\o")
        full = packed(s, "full", [c, other], ("a", b"0"), ("b", b"0"))
        first = packed(s, "incremental", [c, other], ("b", b"1"), parent=full)
        second = packed(s, "incremental", [c, other], ("a", b"2"), parent=first)
        s.block(r"C:\d\b")
        run = s.run([full, first, second]).must(3)
        equal([(step.exit, step.unit(c)["error"], step.status(other)) for step in run.steps],
              [(3, "NOT_REPLACEABLE", "ALL"), (3, "CHAIN_INVALID", "ALL"),
               (3, "CHAIN_INVALID", "ALL")])
        equal([step.document.status(c) for step in run.steps], ["none"] * 3)
        equal(s.at(r"C:\d\a"), None)
        again = s.run(second, "--after", run.steps[0].folder).must(3)
        equal(again.unit(c)["error"], "CHAIN_INVALID")


def R72_only_some_files_is_no_failure():
    with Scenario() as s:
        _, c = one(s)
        sets = full_and_two(s, c)
        run = s.run(sets, "--file", r"C:\d\b").must(1)
        equal([step.unit(c)["error"] for step in run.steps], [None] * 3)
        equal(s.listing(), {r"C:\d": None, r"C:\d\b": b"2"})
        s.run(sets, "--file", r"C:\d\n").must(1) # of the second set alone
        equal(s.at(r"C:\d\n"), b"n1")
        s.run(sets, "--file", r"C:\d\none").must(11)


def R72_a_component_need_not_be_in_every_step():
    with Scenario() as s:
        w, c = one(s)
        other = w.component("other").files(r"C:\o", "*")
        s.source.path("C:\\o")
        full = packed(s, "full", [c, other], ("a", b"0"))
        s.put(r"C:\o\x", b"x")
        first = packed(s, "incremental", c, ("a", b"1"), parent=full)
        run = s.run([full, first], "--component", other.selector).must(0)
        equal([len(step.summary["units"]) for step in run.steps], [1, 0])
        equal(s.at(r"C:\d\a"), None)
        run = s.run([full, first], "--exclude-component", other.selector).must(0)
        equal(s.at(r"C:\d\a"), b"1")
        told = s.run([full, first], "--component", "Ledger:nothing").must(11)
        expect(told.told_of("Ledger:nothing"), told.told())


def R73_stamps_that_do_not_follow_are_told():
    with Scenario() as s:
        w, c = one(s)
        other = w.component("other").files(r"C:\o", "*")
        s.source.path("C:\\o")
        full = packed(s, "full", [c, other], ("a", b"0"), stamp="monday")
        s.backup("incremental").include(c, stamp="x", previous_stamp="tuesday")
        s.backups[-1].include(other, stamp="x", previous_stamp="monday")
        s.put(r"C:\d\a", b"1")
        told = s.pack_told("--parent", full)
        told.must(0)
        expect(told.told_of("tuesday", "monday"), told.told())
        run = s.run([full, told.set]).must(0)
        expect(run.told_of("7.3", "tuesday", "monday"), run.told())
        equal(s.at(r"C:\d\a"), b"1")
        run = s.run([full, told.set], "--strict-chain").must(3)
        equal([(step.unit(c)["error"], step.status(other)) for step in run.steps],
              [("CHAIN_INVALID", "ALL")] * 2)


if __name__ == "__main__":
    run_rules(globals())
