"""A system whose table of open files is full, whoever opens what (D-07).

Goal: who gets no descriptor says so, by the system's own words, and ends; no short or wrong file is
under a final name, each unit is there as a whole or not at all, media that cannot be opened are not
called damaged, and what was begun is gone on with when the table has room. Method: the calls that
want a descriptor are counted and get ENFILE in turn (opens_end.c), once, or all from there on.
VSSRESTORE_LONG=1 takes every call. Limits of one process: test_unwritable.py D07.
"""

import errno
import os
import random
import shutil
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from failing_disk import judge, judge_units, two_units  # noqa: E402
from scenario import (LONG, TRIM, Run, Scenario, Told, equal, expect, preloadable,  # noqa: E402
                      run_rules)
from town import Town, snapshot, statuses, tell_difference  # noqa: E402

TRIALS = 8 if TRIM else 20
SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
FULL = os.strerror(errno.ENFILE)
HOW = ({}, {"OPENS_ONCE": "1"})


def shim():
    return preloadable("VSSRESTORE_OPENS_END")


def full_at(number, how):
    return {**os.environ, "LD_PRELOAD": shim(), "OPENS_END": str(number), **how}


def count_opens(s, words):
    """How many there are in a call that nothing disturbs."""
    count = os.path.join(s.folder, b"opens")
    Told(words, env={**full_at(0, {}), "OPENS_COUNT": os.fsdecode(count)})
    with open(count, encoding="ascii") as opened:
        return int(opened.read())


def moments(count):
    """(number, how) of those that are tried."""
    all_of_them = [(number, how) for number in range(1, count + 1) for how in HOW]
    return all_of_them if LONG else random.Random(SEED).sample(all_of_them,
                                                               min(TRIALS, len(all_of_them)))


def told_why(told, what):
    """An end that is not what it should be is one that says why."""
    expect(told.exit > 1 and told.exit != 70, what)
    rows = getattr(told, "rows", [])
    expect(FULL in told.out + told.err or any(row["errno"] == errno.ENFILE for row in rows), what)


def judge_run(town, before, run, members, what):
    """A unit that is FAILED could not be taken back for want of descriptors, and says so."""
    judge(town, before, what)
    if run.exit not in (0, 1):
        told_why(run, what)
    units = {unit["component"]: unit["status"] for unit in run.summary["units"]}
    units = {name: units.get(name, "NONE") for name in members}
    judge_units(town, before, units, {name: top for name, top in members.items()
                                      if units[name] != "FAILED"}, what)


def told_apart(tree, run):
    """Without what a run has told of: a staging folder that it could not remove, and losses, which
    are the times of folders that it could not put back."""
    stays, lost = "remove it by hand" in run.err, run.summary["losses"] > 0
    return {path: what[:2] if lost and stat.S_ISDIR(what[0]) else what
            for path, what in tree[0].items()
            if not stays or b".vssrestore-" not in path}, tree[1]


def ends_well(town, run, what):
    """Gone on with, it ends as if nothing had been; or it had ended, is told so again, and another
    run ends so."""
    last = town.s.resume(town.folder())
    if run.summary["losses"] == 0 and last.exit in (0, 1):
        town.compare(last, what)
        return
    if last.exit not in (0, 1):
        equal((last.exit, statuses(last)), (run.exit, statuses(run)), f"{what}\n{last.told()}")
        words = [word if word != town.folder() else word + b"-anew" for word in town.call()]
        last = Run(words, town.folder() + b"-anew").must(0, 1)
    equal(statuses(last), town.wanted[2], f"{what}\n{last.told()}")
    tell_difference(told_apart(town.wanted[0], run), told_apart(snapshot(town.root), run),
                    f"{what}\n{last.told()}")


def of_a_run(*arguments):
    with Scenario() as s:
        members = two_units(s)
        town = Town(s, s.pack(), "--workers", "1", *arguments)
        town.copy()
        opens, refused = count_opens(s, town.call()), 0
        town.clear()
        expect(opens > 100, f"{opens} calls only")
        for number, how in moments(opens):
            before = snapshot(town.copy())
            run = Run(town.call(), town.folder(), env=full_at(number, how))
            what = f"full at call {number} of {opens} {how}\n{run.told()}"
            judge_run(town, before, run, members, what)
            refused += run.exit not in (0, 1)
            if town.is_begun():
                ends_well(town, run, what)
            town.clear()
        expect(refused > 5, f"{refused} were refused")


def D07_a_full_table_in_a_run():
    of_a_run()


def D07_a_full_table_in_a_run_by_calls():
    of_a_run("--ring", "sync")


def D07_a_full_table_when_gone_on_with():
    """Killed in the middle, and behind renames: nothing is made worse, and later it all ends."""
    with Scenario() as s:
        two_units(s)
        town = Town(s, s.pack(), "--workers", "1")
        calls, refused = town.count_calls(), 0
        for killed in (calls // 2, calls * 2 // 3, calls - 20):
            before = snapshot(s.dest.folder)
            town.kill_at(killed)
            opens = count_opens(s, ["resume", town.folder(), "--json"])
            town.clear()
            for number, how in moments(opens):
                town.kill_at(killed)
                expect(town.is_begun(), f"killed at call {killed}: it had not begun")
                run = Run(["resume", town.folder(), "--json"], town.folder(),
                          env=full_at(number, how))
                what = (f"killed at call {killed} of {calls}, full at {number} of {opens} {how}\n"
                        f"{run.told()}")
                judge(town, before, what)
                if run.exit not in (0, 1):
                    told_why(run, what)
                    refused += 1
                ends_well(town, run, what)
                town.clear()
        expect(refused > 5, f"{refused} were refused")


def D07_a_full_table_while_media_are_verified():
    with Scenario() as s:
        two_units(s)
        media = s.pack()
        opens = count_opens(s, ["verify", media])
        for number, how in moments(opens):
            told = Told(["verify", media], env=full_at(number, how))
            what = f"full at call {number} of {opens} {how}\n{told.told()}"
            if told.exit != 0:
                told_why(told, what)
                expect(told.exit != 20, f"they are not damaged: {what}")


def D07_a_full_table_while_a_set_is_made():
    with Scenario() as s:
        two_units(s)
        whole = s.pack()
        documents = s.write_documents(s.backups[-1])
        words = ["pack", "--documents", documents, "--volume",
                 b"C:=" + s.source.volumes["C:"], "-o"]
        opens = count_opens(s, [*words, os.path.join(s.folder, b"counted")])
        wanted = listed(whole)
        for number, how in moments(opens):
            media = os.path.join(s.folder, b"set-" + s.number())
            told = Told([*words, media], env=full_at(number, how))
            what = f"full at call {number} of {opens} {how}\n{told.told()}"
            if told.exit == 0:
                equal(listed(media), wanted, what)
            elif told.exit == 1:
                expect(FULL in told.out + told.err, what)
            else:
                told_why(told, what)
            shutil.rmtree(media, ignore_errors=True)


def listed(media):
    """What a set holds."""
    return Told(["plan", media, "--jsonl", "--root", "/nowhere"]).out.split('"t":"unit"', 1)[1]


if __name__ == "__main__":
    run_rules(dict(globals()))
