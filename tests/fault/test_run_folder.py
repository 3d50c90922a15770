"""Run folders that fail: full, broken, read-only, deleted under a run (D-12).

Goal: whatever becomes of the run folder, at whatever moment, each unit is at the destination as a
whole or not at all, the end is told with the right exit code and a sentence; and once it can be
written again, `resume` ends as if nothing had been. Method: it stands on a file system of its own;
the program is stopped before one of its calls (stops_at.c), that file system is changed in earnest,
and it goes on. VSSRESTORE_LONG=1 takes every call.
"""

import errno
import json
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from failing_disk import (Mount, count_calls, ext4, fill_bytes, judge, judge_units,  # noqa: E402
                          kill_stopped, run_stopped, shim, shut_down, two_units, unfill)
from scenario import LONG, Scenario, Told, equal, expect, run_rules  # noqa: E402
from town import MIB, Town, ends_at, snapshot, tell_difference, when_free  # noqa: E402

TRIALS = 15
SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))


class Apart(Town):
    """A town whose run folders stand on a file system of their own."""

    def folder(self):
        return os.path.join(self.s.folder, b"apart", b"run-of-" + self.number)


def apart(s, *words):
    return Mount(os.path.join(s.folder, b"apart"),
                 *(words or ("-t", "tmpfs", "-o", "size=8m,mode=755", "none")))


def moments(count):
    if LONG:
        return range(1, count + 1)
    return sorted(random.Random(SEED).sample(range(1, count + 1), TRIALS))


def units_of(text):
    """{component: status} of the summary on standard output; none: it did not begin."""
    summaries = [json.loads(line) for line in text.splitlines() if line.startswith('{"t":"summary"')]
    return {unit["component"]: unit["status"] for one in summaries for unit in one["units"]}


def judge_run(town, before, members, text, what):
    judge(town, before, what)
    units = units_of(text)
    judge_units(town, before, {name: units.get(name, "NONE") for name in members}, members, what)


def told_why(code, text, what):
    """A sentence for people, and no exit code that says that all is well."""
    expect(code in (30, 31, 32, 40, 41), f"{what}: ended with {code}\n{text}")
    expect(any("cannot" in line for line in text.splitlines() if not line.startswith("{")),
           f"{what}: no sentence\n{text}")


def D12_full_at_each_moment():
    shim()
    with Scenario() as s, apart(s) as top:
        members = two_units(s)
        town = Apart(s, s.pack())
        town.clear()
        calls, ended_full = count_calls(town), 0
        for number in moments(calls):
            what = f"full before call {number} of {calls}"
            before = snapshot(town.copy())
            stopped, code, text = run_stopped(town, number, lambda: fill_bytes(top, 0))
            expect(stopped, f"{what}: there was no such call\n{text}")
            judge_run(town, before, members, text, f"{what}\n{text}")
            if code not in (0, 1):
                equal(code, 30, f"{what}\n{text}")
                told_why(code, text, what)
                ended_full += 1
            unfill(top)
            if town.is_begun():
                town.resume(what)
            else:
                tell_difference(before, snapshot(town.root), what)
            expect(not any(name.startswith(b".vssrestore") for name in os.listdir(top)),
                   f"{what}: {os.listdir(top)}")
            town.clear()
        expect(ended_full > 3, f"{ended_full} ended for want of room")


def D12_full_when_gone_on_with():
    """Killed, and no room in the run folder when it is gone on with: nothing changes, or what was in
    the middle goes back; then there is room."""
    shim()
    with Scenario() as s, apart(s) as top:
        members = two_units(s)
        town = Apart(s, s.pack())
        town.clear()
        calls, refused = count_calls(town), 0
        for number in moments(calls):
            what = f"killed before call {number} of {calls}"
            before = snapshot(town.copy())
            kill_stopped(town, number)
            if town.is_begun():
                fill_bytes(top, 0)
                told = Told(["resume", town.folder(), "--json"])
                if told.exit not in (0, 1):
                    told_why(told.exit, told.out + told.err, what)
                    refused += 1
                judge(town, before, what)
                unfill(top)
                town.resume(what)
            for name in os.listdir(top):
                shutil.rmtree(os.path.join(top, name))
            town.clear()
        expect(refused > 3, f"{refused} were refused")
        expect(members, "no units")


def D12_a_disk_that_breaks():
    """Its file system is shut down: every write to it fails."""
    shim()
    with Scenario() as s:
        members = two_units(s)
        calls = count_calls(Town(s, s.pack()))
        town, broken = None, 0
        for number in moments(calls)[::3]:
            backing, root = ext4(s, 64 * MIB, 48 * MIB)
            try:
                with root as place:
                    kept = os.path.join(s.folder, b"apart")
                    if not os.path.islink(kept):
                        os.symlink(place, kept)
                    town = town or Apart(s, s.pack())
                    before = snapshot(town.copy())
                    stopped, code, text = run_stopped(town, number, lambda: shut_down(place))
                    what = f"broken before call {number} of {calls}"
                    expect(stopped, what)
                    judge_run(town, before, members, text, f"{what}\n{text}")
                    if code not in (0, 1):
                        told_why(code, text, what)
                        broken += 1
                    shutil.rmtree(town.root)
            finally:
                backing.__exit__()
        expect(broken > 1, f"{broken} were broken")


def D12_deleted_under_a_run():
    shim()
    with Scenario() as s, apart(s):
        members = two_units(s)
        town = Apart(s, s.pack())
        town.clear()
        calls, told = count_calls(town), 0
        for number in moments(calls):
            what = f"deleted before call {number} of {calls}"
            before = snapshot(town.copy())
            stopped, code, text = run_stopped(
                town, number, lambda: shutil.rmtree(town.folder(), ignore_errors=True))
            expect(stopped, f"{what}\n{text}")
            judge_run(town, before, members, text, f"{what}\n{text}")
            expect(code >= 0 and code != 70, f"{what}: ended with {code}\n{text}")
            if code not in (0, 1):
                told_why(code, text, what)
                told += 1
            town.clear()
        expect(told > 3, f"{told} were told")


def D12_what_fails_at_the_end_is_in_the_summary():
    """Everything is restored, and then the run folder cannot hold how it ended: the last event, and
    summary.json, say the exit code of the process; the run is gone on with."""
    with Scenario() as s:
        two_units(s)
        town = Town(s, s.pack())
        for name, behind in (("rows.bin", b"report.jsonl"), ("", b"backup-components.xml"),
                             ("", b"summary.json"), ("journal", b"summary.json")):
            for fault, code in ((errno.ENOSPC, 30), (errno.EIO, 32)):
                town.copy()
                unsynced = name or os.fsdecode(os.path.basename(town.folder()))
                told = Told(town.call(), env={
                    **os.environ, "LD_PRELOAD": ends_at(), "NOT_SYNCED": f"/{unsynced}",
                    "NOT_SYNCED_BEHIND": os.fsdecode(os.path.join(town.folder(), behind)),
                    "NOT_SYNCED_FAULT": str(fault)})
                summary = json.loads(told.out.splitlines()[-1])
                equal((told.exit, summary["exit_code"]), (code, code), told.told())
                equal({unit["status"] for unit in summary["units"]}, {"ALL"}, told.told())
                told_why(told.exit, told.out + told.err, told.told())
                with open(os.path.join(town.folder(), b"summary.json"), encoding="utf-8") as kept:
                    equal(json.load(kept), summary, told.told())
                town.resume(f"{unsynced} could not be synced")
                town.clear()


def D12_a_file_system_whose_renames_take_no_flags():
    """Such as NFS: the folder is shown by a plain rename, and takes nobody's place."""
    with Scenario() as s:
        two_units(s)
        media, folder = s.pack(), os.path.join(s.folder, b"shown")
        call = ["run", media, "--json", "--run-dir", folder, "--root", s.dest.folder]
        env = {**os.environ, "LD_PRELOAD": ends_at(), "NO_FLAGS": "1"}
        Told(call, env=env).must(0)
        equal(json.loads(Told(["inspect", folder, "--json"]).must(0).out)["state"], "ended")
        equal([name for name in os.listdir(s.folder) if name.startswith(b".vssrestore")], [])
        again = Told(call, env=env).must(40)
        expect(again.told_of("run folder", os.fsdecode(folder)), again.told())


def D12_read_only():
    with Scenario() as s, apart(s) as top:
        two_units(s)
        town = Apart(s, s.pack())
        before = snapshot(town.copy())
        when_free("mount", "-o", "remount,ro", top)
        run = Told(town.call())
        told_why(run.exit, run.err, run.told())
        equal(run.exit, 31, run.told())
        tell_difference(before, snapshot(town.root), "nothing was begun")
        subprocess.run(["mount", "-o", "remount,rw", top], check=True)
        calls = count_calls(town)
        town.copy()
        kill_stopped(town, calls // 2)
        before = snapshot(town.root)
        when_free("mount", "-o", "remount,ro", top)
        again = Told(["resume", town.folder(), "--json"])
        told_why(again.exit, again.err, again.told())
        equal(again.exit, 31, again.told())
        tell_difference(before, snapshot(town.root), "nothing was gone on with")
        subprocess.run(["mount", "-o", "remount,rw", top], check=True)
        town.resume("when it can be written again")


if __name__ == "__main__":
    run_rules(dict(globals()))
