"""Runs that are told to end, or stopped: K-02 and K-07 of what a restore must survive.

SIGINT, SIGTERM and SIGHUP end a run soon and in order, also while a disk answers no sync, a second
one at once; each is gone on with. Signals while writers are asked: test_asking_signalled.py; while
--salvage reads: fault/test_salvage.py.
"""

import fcntl
import glob
import json
import os
import signal
import stat
import struct
import subprocess
import time

from interrupted import (decoded, inspected, journal_of, killed_behind, large, marked, stopped)
from players import Players
from scenario import LONG, Failure, Scenario, Told, equal, expect, run_rules, schemas
from town import (MIB, DiskTown, Town, ends_at, on_disk, pattern, ranged, replaced_and_grown,
                  snapshot)



def K02_signals_end_a_run_in_order():
    with Scenario() as s:
        town = Town(s, large(s), "--workers", "2")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run = stopped(town, pieces=40)
            run.send_signal(number)
            moment = time.monotonic()
            run.send_signal(signal.SIGCONT)
            out, _ = run.communicate(timeout=30)
            took = time.monotonic() - moment
            expect(took < 5, f"{took} s after signal {number}")
            equal(run.returncode, 128 + number)
            summary = schemas.check_events(out)[-1]
            equal((summary["t"], summary["exit_code"]), ("summary", 128 + number))
            equal([unit["status"] for unit in summary["units"]], ["NONE"])
            expect(any("resume" in note for note in summary["notes"]), summary["notes"])
            found = snapshot(os.path.join(town.root, b"C"))[0]
            expect(not any(path.startswith(b"big") for path in found), "something is visible")
            done = marked(os.path.join(town.folder(), b"pieces.bin"))
            town.resume(f"after signal {number}")
            expect(decoded(town) <= 12 * 16 - done + 12, f"{decoded(town)} decoded, {done} done")
            town.clear()


def K02_a_signal_starts_services_again():
    """And tells writers the end, also of what is gone on with later."""
    with Scenario() as s:
        players = Players(s)
        c = s.writer("Ledger", method="STOP_RESTORE_START", service="LedgerSvc").component(
            "db").files(r"C:\db", "*")
        s.put(r"C:\db\large.bin", pattern(1, 48 * MIB), mtime=1500000000)
        s.put(r"C:\db\a.dat", b"a", mtime=1500000000)
        s.place(r"C:\db\a.dat", b"was there", mtime=1400000000)
        s.backup().include(c)
        town = Town(s, s.pack(), "--tree", "live", "--registry", "", "--workers", "1", "--writer",
                    b"Ledger=" + players.writer("w"), "--service-command", players.service(),
                    players=players)
        before, after = ["w pre-restore", "stop LedgerSvc"], ["start LedgerSvc", "w post-restore"]
        equal(players.diary, before + after)
        run = stopped(town)
        run.send_signal(signal.SIGTERM)
        run.send_signal(signal.SIGCONT)
        told = run.communicate(timeout=30)
        equal(run.returncode, 128 + signal.SIGTERM, told)
        equal(players.diary, before + after)
        town.resume("after a signal")
        equal(players.diary, before + after + before[1:] + after)


def K02_a_second_signal_ends_it_at_once():
    with Scenario() as s:
        town = Town(s, large(s), "--workers", "1")
        run = stopped(town)
        run.send_signal(signal.SIGINT) # the second of the same would be lost where it stands still
        run.send_signal(signal.SIGTERM)
        run.send_signal(signal.SIGCONT)
        out, _ = run.communicate(timeout=30)
        expect(run.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM), run.returncode)
        expect(b'"t":"summary"' not in out, "it ended in order")
        town.resume("after two signals")


class Held:
    """with Held(town, behind) as run: a process that waits for a sync of a disk that answers no
    more: the first one, or the one that comes once behind stands below the destination. With
    resumed, one that goes on with the run that was killed."""

    def __init__(self, town, behind, resumed=False):
        self.town, self.behind, self.resumed = town, behind, resumed

    def __enter__(self):
        town = self.town
        if not self.resumed:
            town.copy()
        self.hold = os.path.join(town.s.folder, b"hold")
        with open(self.hold, "wb"):
            pass
        behind = os.fsdecode(self.behind() if callable(self.behind)
                             else os.path.join(town.root, self.behind))
        self.run = subprocess.Popen(
            [os.environ["VSSRESTORE"],
             *(["resume", town.folder(), "--json"] if self.resumed else town.call())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "LD_PRELOAD": ends_at(), "SYNC_HELD": os.fsdecode(self.hold),
                 "SYNC_HELD_BEHIND": behind, "SYNC_HELD_BELOW": os.fsdecode(town.root)})
        # another one may sync while files move: who publishes is waited for
        while self.run.poll() is None and not self.waiting():
            time.sleep(0.005)
        expect(self.run.returncode is None, f"it ended with {self.run.returncode}")
        return self.run

    def __exit__(self, *ignored):
        os.unlink(self.hold)
        if self.run.poll() is None:
            self.run.kill()
        self.run.communicate()

    def waiting(self):
        with open(self.hold, "rb") as opened:
            told = opened.read()
        return set(struct.unpack(f"<{len(told) // 4}i", told[:len(told) // 4 * 4]))


SYNCS = (b"", b"C/old/3.dat") # before the renames, and behind them


def not_waited_for(town, behind):
    """Told to end while a sync does not: it does, with nothing but folders at any place, and who goes
    on ends as undisturbed."""
    before = snapshot(town.s.dest.folder)[0]
    with Held(town, behind) as run:
        moment = time.monotonic()
        run.send_signal(signal.SIGTERM)
        out, told = run.communicate(timeout=30)
        took = time.monotonic() - moment
    what = f"held once {behind} stood: {took} s\n{out}\n{told}"
    expect(1 < took < 5, what)
    equal(run.returncode, 128 + signal.SIGTERM, what)
    summary = schemas.check_events(out)[-1]
    equal((summary["t"], summary["exit_code"]), ("summary", 128 + signal.SIGTERM), what)
    equal({unit["status"] for unit in summary["units"]}, {"NONE"}, what)
    found = {path: facts for path, facts in snapshot(town.root)[0].items()
             if b".vssrestore-" not in path and facts[0] != stat.S_IFDIR}
    equal(found, {path: facts for path, facts in before.items()
                  if facts[0] != stat.S_IFDIR}, what)
    town.resume(what)


def K02_a_sync_that_does_not_end_is_not_waited_for():
    """What had begun to be published goes back, and is published by who goes on."""
    with Scenario() as s, on_disk(s) as top:
        replaced_and_grown(s)
        town = DiskTown(s, s.pack(), top)
        for behind in SYNCS:
            not_waited_for(town, behind)
            town.clear()


def K02_nor_is_one_of_the_run_folder():
    """Its disk answers no sync once the signal has come: what tells of the run is there all the same,
    and it is gone on with."""
    with Scenario() as s:
        town = Town(s, large(s), "--workers", "2", "--durability", "none")
        hold = os.path.join(s.folder, b"hold")
        run = stopped(town, pieces=40, env={
            "LD_PRELOAD": ends_at(), "SYNC_HELD": os.fsdecode(hold),
            "SYNC_HELD_BELOW": os.fsdecode(s.folder)})
        with open(hold, "wb"):
            pass
        try:
            run.send_signal(signal.SIGTERM)
            moment = time.monotonic()
            run.send_signal(signal.SIGCONT)
            out, _ = run.communicate(timeout=30)
            took = time.monotonic() - moment
        finally:
            os.unlink(hold)
            run.kill()
        expect(0.9 < took < 5, f"{took} s")
        equal(run.returncode, 128 + signal.SIGTERM, out)
        summary = schemas.check_events(out)[-1]
        with open(os.path.join(town.folder(), b"summary.json"), "rb") as opened:
            equal(json.load(opened)["exit_code"], summary["exit_code"])
        for name in (b"report.jsonl", b"backup-components.xml"):
            expect(os.path.getsize(os.path.join(town.folder(), name)) > 0, name)
        equal({unit["state"] for unit in inspected(town.folder())["units"]}, {"staging"})
        town.resume("after a signal, with a run folder that could not be synced")


def K02_nor_before_files_wait_for_the_boot():
    with Scenario() as s, on_disk(s) as top:
        c = s.writer("Boot", method="REPLACE_AT_REBOOT").component("sys").files(r"C:\sys", "*")
        for name in "ab":
            s.put(rf"C:\sys\{name}.dat", pattern(2, 3000), mtime=1500000600)
        s.place(r"C:\sys\a.dat", b"was", mtime=1400000600)
        s.backup().include(c)
        town = DiskTown(s, s.pack(), top, "--tree", "live", "--registry", "")
        not_waited_for(town, b"")
        listed = Told(["pending", "list", town.folder(), "--json", "--registry", ""]).must(0)
        equal(json.loads(listed.out.splitlines()[-1])["records"]["waiting"], 2, listed.out)


def K02_nor_behind_ranges_in_place():
    """They go back without a sync. Who goes on takes that for done, as long as nothing was cut: what
    somebody wrote into the file since is not undone, but refused. (Where numbers of mounts are given
    again, before Linux 6.8, he cannot know that.)"""
    knows = [int(word) for word in os.uname().release.split(".")[:2]] >= [6, 8]
    with Scenario() as s, on_disk(s) as top:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf",
                                              "0:100,1048570:20,3145700:28")
        town = DiskTown(s, s.pack(), top, "--in-place")
        for grown_by in ([b""] if LONG or not knows else []) + ([b"somebody's"] if knows else []):
            before = snapshot(s.dest.folder)[0]
            with Held(town, lambda: os.path.join(town.folder(), b"undo-0")) as run:
                run.send_signal(signal.SIGTERM)
                moment = time.monotonic()
                out, told = run.communicate(timeout=30)
                took = time.monotonic() - moment
            what = f"{took} s\n{out}\n{told}"
            expect(1 < took < 5, what)
            equal(run.returncode, 128 + signal.SIGTERM, what)
            equal([unit["status"] for unit in schemas.check_events(out)[-1]["units"]], ["NONE"],
                  what)
            place = os.path.join(town.root, b"C/db/big.mdf")
            equal(snapshot(town.root)[0][b"C/db/big.mdf"], before[b"C/db/big.mdf"], what)
            if not grown_by:
                town.resume(what)
            else:
                with open(place, "ab") as opened:
                    opened.write(grown_by)
                s.resume(town.folder())
                with open(place, "rb") as opened:
                    expect(opened.read().endswith(grown_by), "what was added is gone")
            expect(not glob.glob(os.path.join(town.folder(), b"undo*")), "an undo file is left")
            town.clear()


def K02_nor_by_a_second_signal():
    with Scenario() as s, on_disk(s) as top:
        replaced_and_grown(s)
        town = DiskTown(s, s.pack(), top)
        for behind in SYNCS:
            with Held(town, behind) as run:
                run.send_signal(signal.SIGINT)
                time.sleep(0.2) # it waits for two seconds
                expect(run.poll() is None, "it had not waited at all")
                moment = time.monotonic()
                run.send_signal(signal.SIGTERM)
                out, told = run.communicate(timeout=30)
                took = time.monotonic() - moment
            what = f"held once {behind} stood: {took} s\n{out}\n{told}"
            expect(took < 1, what)
            expect(run.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM), what)
            expect(b'"t":"summary"' not in out, what)
            town.resume(what)
            town.clear()


def K02_nor_where_what_a_resume_put_back_is_synced():
    with Scenario() as s, on_disk(s) as top:
        replaced_and_grown(s)
        town = DiskTown(s, s.pack(), top)
        killed_behind(town, lambda: os.path.exists(os.path.join(town.root, b"C/new/a/1.txt")))
        with Held(town, b"", resumed=True) as run:
            moment = time.monotonic()
            run.send_signal(signal.SIGTERM)
            try:
                _, told = run.communicate(timeout=6)
            except subprocess.TimeoutExpired:
                expect(False, "it waits for the sync")
            took = time.monotonic() - moment
        expect(1 < took < 5, f"{took} s")
        equal(run.returncode, 128 + signal.SIGTERM, told)
        expect(b"`vssrestore resume " in told, told)
        town.resume(f"not waited for: {told}")


def told_next(run, kind):
    """The next event of that kind that a process tells."""
    for line in run.stdout:
        event = json.loads(line)
        if event["t"] == kind:
            return event
    raise Failure(f"it ended without a {kind}")


def K02_a_read_that_does_not_end_is_told_and_ended_by_a_second_signal():
    """Media on a server that is gone: whoever waits knows what for, and what he can do."""
    with Scenario() as s:
        replaced_and_grown(s)
        town = Town(s, s.pack(), "--ring", "sync")
        town.copy()
        hold = os.path.join(s.folder, b"hold")
        with open(hold, "wb"):
            pass
        call = [word for word in town.call() if word != "--quiet"]
        run = subprocess.Popen([os.environ["VSSRESTORE"], *call], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={**os.environ, "LD_PRELOAD": ends_at(),
                                    "READ_HELD": os.fsdecode(hold)})
        told_next(run, "status") # a second later: its workers read
        run.send_signal(signal.SIGTERM)
        moment = time.monotonic()
        warning = told_next(run, "warning")["text"]
        took = time.monotonic() - moment
        expect(1 < took < 5 and run.poll() is None, f"{took} s: {warning}")
        expect("second signal" in warning and os.fsdecode(town.folder()) in warning, warning)
        run.send_signal(signal.SIGTERM)
        moment = time.monotonic()
        run.communicate(timeout=30)
        took = time.monotonic() - moment
        expect(took < 1, f"{took} s")
        os.unlink(hold)
        town.resume("a read did not end before")


def K02_what_was_published_outlives_a_resume_that_is_killed_in_a_sync():
    """Durability none: that sync was to cover what goes back, not what needs none to count."""
    with Scenario() as s, on_disk(s) as top:
        replaced_and_grown(s)
        town = DiskTown(s, s.pack(), top, "--durability", "none")
        count, states = town.count_calls(), {}
        for number in range(count, 0, -1):
            if town.kill_at(number) and town.is_begun():
                states = {unit["component"]: unit["state"]
                          for unit in inspected(town.folder())["units"]}
                if {"published", "publishing"} <= set(states.values()):
                    break
            town.clear()
        published = {"db1": b"C/old/0.dat", "site": b"C/new/a/1.txt", "logs": b"C/new/b/log.txt"}
        before = {place: os.stat(os.path.join(town.root, place)).st_ino
                  for component, place in published.items() if states.get(component) == "published"}
        expect(before, f"no run was killed between two units: {states}")
        for _ in range(2):
            held = Held(town, b"", resumed=True)
            with held as run: # and who syncs for it, as where a whole unit of systemd is killed
                for pid in [run.pid, *(held.waiting() - {run.pid})]: # or it notes a sync that failed
                    os.kill(pid, signal.SIGKILL)
            with open(journal_of(town), "rb") as opened: # until all of it has ended
                fcntl.flock(opened, fcntl.LOCK_EX)
        town.resume(f"killed in a sync: {states}")
        equal({place: os.stat(os.path.join(town.root, place)).st_ino for place in before}, before)


def K07_a_stopped_run_goes_on():
    with Scenario() as s:
        town = Town(s, large(s))
        run = stopped(town, pieces=20)
        time.sleep(1)
        run.send_signal(signal.SIGCONT)
        schemas.check_events(run.communicate(timeout=60)[0])
        equal(run.returncode, 0)
        found = snapshot(town.root)
        equal(sorted(found[0]), sorted(town.wanted[0][0]))


if __name__ == "__main__":
    run_rules(globals())
