"""Chains of backups: a full one and what was saved since, restored one step after the other.

T36, T68 and T69 are the rules' own; the cases T7x_ belong to rules 7.1 to 7.4, by their number,
and to the contract's sections 1 and 3 and its ruling 33.
"""

import fcntl
import json
import os
import random
import shutil
import struct

from players import Players
from scenario import Document, Scenario, Told, equal, expect, run_rules

SCHEMA_DIFF_INCR, SCHEMA_EXCLUSIVE, SCHEMA_NEW_TARGET = 0x3, 0x4, 0x100


def one(s, **more):
    """A writer with one component of all files below C:\\d."""
    w = s.writer("Ledger", schema=SCHEMA_DIFF_INCR, **more)
    return w, w.component("db", lp="data").files(r"C:\d", "*")


def noise(seed, count):
    return random.Random(seed).randbytes(count)


def packed(s, type, component, *files, parent=None, stamp=None, previous=None, **more):
    """The set of a backup with these files (name, content) and no others. component: one or
    several."""
    for path in list(s.source.listing()):
        if s.source.listing().get(path) is not None:
            s.remove(path)
    for name, content in files:
        s.put("C:\\d\\" + name, content)
    b = s.backup(type)
    for c in component if isinstance(component, (list, tuple)) else [component]:
        b.include(c, stamp=stamp, previous_stamp=previous)
    return s.pack(*(("--parent", parent) if parent else ()), **more)


def full_and_two(s, c):
    """A full set and two incremental ones."""
    full = packed(s, "full", c, ("a", b"a0"), ("b", b"b0"), ("c", b"c0"))
    first = packed(s, "incremental", c, ("b", b"b1, longer"), ("n", b"n1"), parent=full)
    second = packed(s, "incremental", c, ("b", b"2"), ("c", b"c2"), parent=first)
    return full, first, second


LAST = {r"C:\d": None, r"C:\d\a": b"a0", r"C:\d\b": b"2", r"C:\d\c": b"c2", r"C:\d\n": b"n1"}


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


def T36_after_names_the_run_that_restored_it():
    with Scenario() as s:
        _, c = one(s, method="RESTORE_IF_NOT_THERE")
        full, first, second = full_and_two(s, c)
        run = s.run(full).must(0)
        equal(s.run(first, "--after", "/nonexistent").exit, 11)
        s.run([first]).must(3) # the full one is found and meets what it restored before
        after = s.run(first, "--after", run.folder).must(0)
        equal(after.status(c), "ALL")
        s.run(second, "--after", run.folder, "--after", after.folder).must(0)
        equal(s.listing(), LAST)


def T36_after_knows_a_place_whatever_the_way_there():
    with Scenario() as s:
        _, c = one(s, method="RESTORE_IF_NOT_THERE")
        full, first, _ = full_and_two(s, c)
        os.mkdir(os.path.join(s.folder, b"real"))
        link = os.path.join(s.folder, b"link")
        os.symlink(b"real", link)
        os.mkdir(os.path.join(link, b"C"))
        run = s.run(full, "--root", link).must(0)
        place = os.path.join(s.folder, b"real", b".", b"C")
        s.run(first, "--volume", b"C:=" + place, "--after", run.folder).must(0)
        with open(os.path.join(place, b"d", b"b"), "rb") as opened:
            equal(opened.read(), b"b1, longer")


def T36_after_is_of_the_same_place():
    with Scenario() as s:
        _, c = one(s)
        full, first, _ = full_and_two(s, c)
        places = [os.path.join(s.folder, name) for name in (b"one", b"two")]
        for place in places:
            os.mkdir(place)
        run = s.run(full, "--volume", b"C:=" + places[0]).must(0)
        for elsewhere in (["--volume", b"C:=" + places[1]], ["--private", places[0]],
                          ["--root", places[0]]):
            for told in (s.run(first, *elsewhere, "--after", run.folder),
                         s.plan(first, *elsewhere, "--after", run.folder)):
                told.must(11)
                expect(told.told_of(os.fsdecode(places[0]), "C:", "same place"), told.told())
        equal(sorted(os.listdir(places[0])), [b"d"])
        os.rename(places[0], places[1] + b"/C")
        s.run(first, "--volume", b"C:=" + places[1] + b"/C", "--after", run.folder).must(11)
        s.run(first, "--volume", b"D:=" + places[1], "--after", run.folder).must(3)
        os.symlink(places[1] + b"/C", places[0])
        s.run(first, "--volume", b"D:=" + places[1], "--root", places[1],
              "--after", run.folder).must(0)
        with open(places[0] + b"/d/b", "rb") as opened:
            equal(opened.read(), b"b1, longer")


def T36_after_minds_only_the_volumes_that_it_restores_to():
    with Scenario() as s:
        w, c = one(s)
        other = w.component("other").files(r"D:\e", "*")
        s.put(r"D:\e\x", b"x0")
        s.put(r"C:\d\a", b"a0")
        b = s.backup()
        b.include(c)
        b.include(other)
        full = s.pack()
        last = packed(s, "incremental", c, ("b", b"b1"), parent=full)
        run = s.run(full).must(0)
        s.place_folder("E:\\")
        s.run(last, "--root", s.dest.folder, "--volume", b"D:=" + s.dest.path("E:\\"),
              "--after", run.folder).must(0)
        equal((s.at(r"C:\d\b"), s.at(r"D:\e\x")), (b"b1", b"x0"))


def T36_a_report_is_read_with_distrust():
    with Scenario() as s:
        _, c = one(s, method="RESTORE_IF_NOT_THERE")
        full, first, _ = full_and_two(s, c)
        run = s.run(full).must(0)
        report = os.path.join(run.folder, b"report.jsonl")
        with open(report, "rb") as opened:
            rows = opened.read()
        for name, text in (("cut", rows[:-3]), ("word", b"none\n"), ("list", b"[]\n"),
                           ("long", b'"' + b"x" * (3 << 20) + b'"\n'), ("nul", b"\0\n"),
                           ("base64", b'{"t":"row","path":"/x","path_b64":"?","outcome":"RESTORED"}\n')):
            with open(report, "wb") as out:
                out.write(text)
            told = s.run(first, "--after", run.folder).must(11)
            expect(told.told_of("report.jsonl", "line"), f"{name}\n{told.told()}")
        os.unlink(report)
        os.mkfifo(report) # nobody writes into it, ever
        expect(s.run(first, "--after", run.folder).must(11).told_of("report.jsonl"), "not told")
        os.unlink(report)
        with open(report, "wb") as out: # others' places, and one that is gone
            out.write(b'{"t":"row","path":"relative","outcome":"RESTORED"}\n'
                      b'{"t":"row","path":"/nowhere/x","outcome":"RESTORED"}\n')
        equal(s.run(first, "--after", run.folder).must(3).unit(c)["error"], "PRESENT")
        os.unlink(os.path.join(run.folder, b"summary.json"))
        expect(s.run(first, "--after", run.folder).must(11).told_of("summary.json"), "not told")
        name = os.path.join(run.folder, b"run.json")
        with open(name, encoding="utf-8") as opened:
            identity = json.load(opened)
        for volume in ({}, {"spec": "C:"}, {"spec": "C:", "dir": ""}, {"spec": 1, "dir": "/"},
                       {"spec": "C:", "dir": "/", "dir_b64": "?"}):
            with open(name, "w", encoding="utf-8") as out:
                json.dump(dict(identity, volumes=[volume]), out)
            told = s.run(first, "--after", run.folder).must(11)
            expect(told.told_of("run.json", "volume"), told.told())


def T68_more_is_told_on_all_steps_but_the_last():
    with Scenario() as s:
        w, c = one(s)
        brief = w.component("brief", lp="data").files(r"C:\e", "*")
        s.source.path("C:\\e")
        full = packed(s, "full", [c, brief], ("a", b"a"))
        first = packed(s, "incremental", [c, brief], ("a", b"a1"), parent=full)
        second = packed(s, "incremental", c, ("a", b"a2"), parent=first)
        run = s.run([full, first, second]).must(0)
        equal([step.document.entry(c).get("additionalRestores") for step in run.steps],
              ["yes", "yes", "no"])
        equal([step.document.entry(brief).get("additionalRestores") for step in run.steps[:2]],
              ["yes", "no"])
        alone = s.run(full)
        equal(alone.document.entry(c).get("additionalRestores"), None)


def T68_the_caller_may_know_of_more():
    with Scenario() as s:
        _, c = one(s)
        full, first, _ = full_and_two(s, c)
        run = s.run([full, first], "--additional-restores", "yes").must(0)
        equal([step.document.entry(c).get("additionalRestores") for step in run.steps],
              ["yes", "yes"])
        run = s.run(full, "--additional-restores", "no").must(0)
        equal(run.document.entry(c).get("additionalRestores"), "no")


def T68_writers_are_told_before_they_restore():
    with Scenario() as s:
        w, c = one(s)
        brief = s.writer("Brief", schema=SCHEMA_DIFF_INCR)
        gone = brief.component("g").files(r"C:\g", "*")
        s.source.path("C:\\g")
        players = Players(s)
        keep = 'cp "$1" "$here/document-$(wc -l < "$here/diary")"'
        programs = [word for name in ("Ledger", "Brief") for word in (
            "--writer", os.fsencode(name + "=") + players.writer(name, pre=keep, post=keep))]
        full = packed(s, "full", [c, gone], ("a", b"a"))
        last = packed(s, "incremental", c, ("a", b"b"), parent=full)
        run = s.run([last], *programs).must(0)
        equal(players.diary, ["Ledger pre-restore", "Brief pre-restore", "Ledger post-restore",
                              "Brief post-restore", "Ledger pre-restore", "Ledger post-restore"])
        told = [Document(os.path.join(players.folder, b"document-%d" % number))
                for number in range(1, 7)]
        equal([document.entry(c).get("additionalRestores") for document in told],
              ["yes"] * 4 + ["no"] * 2)
        equal([document.entry(gone).get("additionalRestores") for document in told[:4]], ["no"] * 4)
        equal(s.at(r"C:\d\a"), b"b")
        for wrong in ("Nobody=/bin/true", "Brief=/nonexistent/program"):
            expect(s.run([last], "--writer", wrong).must(11).told_of(wrong.split("=")[0] if
                   wrong[0] == "N" else "/nonexistent"), wrong)


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


def T68_a_writer_that_fails_ends_its_chain():
    with Scenario() as s:
        _, c = one(s)
        full, first, second = full_and_two(s, c)
        players = Players(s)
        veto = os.fsencode("Ledger=") + players.writer(
            "Ledger", pre='[ "$(wc -l < "$here/diary")" -lt 3 ] || exit 1')
        run = s.run([second], "--writer", veto).must(3)
        equal([step.unit(c)["error"] for step in run.steps],
              [None, "WRITER_VETO", "CHAIN_INVALID"])
        equal((s.at(r"C:\d\b"), s.at(r"C:\d\n")), (b"b0", None))


def T69_the_previous_stamp_is_never_written():
    with Scenario() as s:
        _, c = one(s)
        full = packed(s, "full", c, ("a", b"a"), stamp="one")
        first = packed(s, "incremental", c, ("a", b"1"), parent=full, stamp="two", previous="one")
        bare = packed(s, "incremental", c, ("a", b"2"), parent=first, stamp="three")
        run = s.run([full, first, bare]).must(0)
        equal([step.document.entry(c).get("previousBackupStamp") for step in run.steps],
              [None, "one", None])
        equal([step.document.entry(c).get("backupStamp") for step in run.steps],
              ["one", "two", "three"])


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


def R74_a_moved_database_takes_its_differential_ranges_along():
    with Scenario() as s:
        w = s.writer("SqlServerWriter", schema=0x1 | SCHEMA_NEW_TARGET)
        c = w.component("db", lp="server", type="database")
        c.database(r"C:\sql", "db.mdf").log(r"C:\sql", "db.ldf")
        first = noise("first", 300000)
        s.put(r"C:\sql\db.mdf", first)
        s.put(r"C:\sql\db.ldf", b"log one")
        s.put_folder("D:\\")
        s.backup("full").include(c, stamp="1")
        full = s.pack()
        second = noise("second", 300000)
        s.put(r"C:\sql\db.mdf", second)
        s.put(r"C:\sql\db.ldf", b"log two, longer")
        s.backup("differential").include(c, stamp="2", previous_stamp="1").partial(
            r"C:\sql", "db.mdf", "65536:8192, 0x30000:0x2000")
        differential = s.pack("--parent", full)
        s.place(r"C:\sql\db.mdf", b"another database of that name")
        moves = [word for name in ("db.mdf", "db.ldf")
                 for word in ("--new-target", rf"{c.selector}|C:\sql|{name}|no|D:\moved")]
        s.run([differential], *moves, "--strict-chain").must(0)
        wanted = bytearray(first)
        for offset, length in ((65536, 8192), (0x30000, 0x2000)):
            wanted[offset:offset + length] = second[offset:offset + length]
        expect(s.at(r"D:\moved\db.mdf") == bytes(wanted), "the database is not what it should be")
        equal(s.at(r"D:\moved\db.ldf"), b"log two, longer")
        equal(s.at(r"C:\sql\db.mdf"), b"another database of that name")


# --- a full and an incremental backup of a made server, ranges and all (rules 7.5 to 7.10) ---

MADE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data",
                    "documents", "partial-directed-differenced")
LEDGER = "C:\\WriterData\\"
FAR = 0x1239E8577A # where Index.dat's second range begins: some 78 GB, mostly a hole
INDEX_RANGES = [(64, 448), (FAR, 65536)]
SMALL_RANGES = [(0, 5), (100, 20)]
HUGE_RANGES = [(4096, 10000), (1 << 20, 70000), (3 << 20, 1)] # the last one behind the base's end


BASE = {"Index.dat": {0: noise(1, 3000), FAR - 100: noise(2, 80000)}, "Small.dat": noise(3, 150),
        "Huge.dat": noise(4, (3 << 20) - 7), "Plain.dat": b"plain, the first"}


def pack_made(s, document, *arguments):
    media = os.path.join(s.folder, b"set-" + s.number())
    Told(["pack", "--documents", os.path.join(MADE, document), "--documents",
          os.path.join(MADE, "writer-ledger.xml"), "-o", media, *arguments, "--volume",
          b"C:=" + s.source.path("C:\\")]).must(0, 1)
    return media


def write_at(path, pieces):
    """{offset: bytes} into a file, which may be new."""
    with open(path, "r+b" if os.path.exists(path) else "w+b") as out:
        for offset, content in pieces.items():
            out.seek(offset)
            out.write(content)


def read_at(path, ranges):
    with open(path, "rb") as opened:
        return [os.pread(opened.fileno(), length, offset) for offset, length in ranges]


def made_full(s):
    """The server when it was backed up fully; what of it stays."""
    write_at(s.put(LEDGER + "Index.dat"), BASE["Index.dat"])
    for name in ("Small.dat", "Huge.dat", "Plain.dat"):
        s.put(LEDGER + name, BASE[name])
    s.put(LEDGER + r"Journal\one.jnl", b"one")
    s.put(LEDGER + r"Segments\same.seg", b"same")
    s.put(LEDGER + r"Segments\deep\changed.seg", b"before, and longer than after")
    return pack_made(s, "backup-components-full.xml")


def made_incremental(s, document, parent):
    """Changes inside the ranges and, to be left alone, outside; {place: {offset: bytes}}."""
    count = struct.pack("<Q", len(HUGE_RANGES))
    s.put(LEDGER + r"Journal\huge.rng", count + b"".join(struct.pack("<QQ", *one)
                                                         for one in HUGE_RANGES))
    new = {"Index.dat": INDEX_RANGES, "Small.dat": SMALL_RANGES, "Huge.dat": HUGE_RANGES}
    for name, ranges in new.items():
        new[name] = {offset: noise(name + str(offset), length) for offset, length in ranges}
        write_at(s.source.path(LEDGER + name), {**new[name], 30: b"outside"})
    s.put(LEDGER + "Plain.dat", b"plain, the second")
    s.remove(LEDGER + r"Segments\same.seg")
    s.put(LEDGER + r"Segments\deep\changed.seg", b"after")
    s.put(LEDGER + r"Segments\fresh.seg", b"fresh")
    s.put(LEDGER + r"New\n.seg", b"named by no file set")
    return pack_made(s, document, "--parent", parent), new


def check_made(s, new, names=("Small.dat", "Huge.dat")):
    for name in names:
        wanted = bytearray(BASE[name])
        for offset, piece in new[name].items():
            wanted.extend(bytes(max(0, offset + len(piece) - len(wanted))))
            wanted[offset:offset + len(piece)] = piece
        expect(s.at(LEDGER + name) == bytes(wanted), f"{name} is not what it should be")
    for name, content in (("Plain.dat", b"plain, the second"), (r"Journal\one.jnl", b"one"),
                          (r"Segments\same.seg", b"same"), (r"Segments\fresh.seg", b"fresh"),
                          (r"Segments\deep\changed.seg", b"after"),
                          (r"New\n.seg", b"named by no file set")):
        equal(s.at(LEDGER + name), content, name)


def check_index(s, new):
    """Bytes in and around what was written of a file that no one wants to read whole."""
    path = s.dest.path(LEDGER + "Index.dat")
    equal(os.path.getsize(path), FAR + 79900)
    image = {}
    for pieces in (BASE["Index.dat"], new):
        for offset, piece in pieces.items():
            image.update(zip(range(offset, offset + len(piece)), piece))
    for window in ((0, 8192), (FAR - 4096, 84000)):
        found = read_at(path, [window])[0]
        wanted = bytes(image.get(at, 0) for at in range(window[0], window[0] + len(found)))
        expect(found == wanted, f"Index.dat at {window[0]} is not what it should be")
    expect(os.stat(path).st_blocks * 512 < 4 << 20, "Index.dat has lost its hole")


def R77_ranges_come_over_the_full_backup():
    for more in ((), ("--in-place",)):
        with Scenario() as s:
            full = made_full(s)
            last, new = made_incremental(s, "backup-components.xml", full)
            run = s.run([last], *more).must(0)
            equal([unit["status"] for step in run.steps for unit in step.summary["units"]],
                  ["ALL", "ALL"])
            check_made(s, new)
            check_index(s, new["Index.dat"])


def R77_ranges_go_where_the_writer_sends_them():
    with Scenario() as s:
        full = made_full(s)
        last, new = made_incremental(s, "backup-components-restore.xml", full)
        s.put_folder("D:\\")
        s.run([last]).must(0)
        check_made(s, new, names=("Huge.dat",))
        near, far = new["Index.dat"].values()
        check_index(s, {0: near + far})
        equal(s.at(LEDGER + "Small.dat"), BASE["Small.dat"])
        equal(s.at(r"D:\Moved\SmallOld.dat"), b"".join(new["Small.dat"].values()))


def R77_ranges_need_their_base():
    with Scenario() as s:
        full = made_full(s)
        last, new = made_incremental(s, "backup-components.xml", full)
        s.run(last, "--after", s.run(full).must(0).folder).must(0)
        check_made(s, new)
        check_index(s, new["Index.dat"])
    with Scenario() as s:
        full = made_full(s)
        last, _ = made_incremental(s, "backup-components.xml", full)
        shutil.rmtree(full)
        s.run([last]).must(11)
        with open(os.path.join(last, b"set.json"), "rb") as opened:
            expect(b'"parent":"' in opened.read(), "the set names no parent")
        equal(s.listing(), {})


if __name__ == "__main__":
    run_rules(globals())
