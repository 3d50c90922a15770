"""run --after: a step of a chain behind a run that was made before, which its run folder tells of:
trap T36 of the rules.

It is of the same place, whatever the way there, and its report is read with distrust.
"""

import json
import os

from chain import LAST, full_and_two, one, packed
from scenario import Scenario, equal, expect, run_rules


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


if __name__ == "__main__":
    run_rules(globals())
