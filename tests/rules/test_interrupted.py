"""Runs that did not end by themselves, beside kills at each call (test_resume.py): K-02, K-04, K-05 and
K-07 of what a restore must survive, and what a resume finds that is not as it was left.
"""

import errno
import fcntl
import glob
import json
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import threading
import time

from players import Players
from scenario import (Failure, Scenario, Skip, Told, equal, expect, run_rules, schemas)
from town import (CAN, MIB, NOT_THERE, DiskTown, Town, ends_at, grown, on_disk, pattern, ranged,
                  replaced, replaced_and_grown, settled, snapshot, statuses, tell_difference)

LONG = os.environ.get("VSSRESTORE_LONG") == "1"
SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))


def large(s, count=12):
    """Large files of one component, so that a run takes a while."""
    c = s.writer("W", method=CAN).component("c").files(r"C:\big", "*", recursive=True)
    for i in range(count):
        s.put(rf"C:\big\{i}.bin", pattern(i, 16 * MIB), mtime=1500000000 + i)
    s.backup().include(c)
    return s.pack()


def stopped(town, pieces=0):
    """A process that runs, has come so far, and stands still until SIGCONT. It has a limit, so that
    a busy machine does not miss the moment; it is tried again if it did."""
    for limit in ("100M", "20M", "5M"):
        town.copy()
        run = subprocess.Popen([os.environ["VSSRESTORE"], *town.call(), "--throttle", limit],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        rows = os.path.join(town.folder(), b"pieces.bin")
        while run.poll() is None and not (os.path.exists(rows) and marked(rows) > pieces):
            time.sleep(0.001)
        run.send_signal(signal.SIGSTOP)
        if run.returncode is None and os.WIFSTOPPED(os.waitpid(run.pid, os.WUNTRACED)[1]):
            return run
        run.communicate()
        town.clear()
    raise Failure("it was over before it was stopped")


def marked(path):
    """How many pieces are marked as written in pieces.bin."""
    with open(path, "rb") as opened:
        found = opened.read()
    _, segments, _, pieces = struct.unpack_from("<QIIQ", found)
    return sum(word != 0 for word in struct.unpack_from(f"<{pieces}Q", found, 24 + 16 * segments))


def decoded(town):
    """How many frames the last process of a run has decoded."""
    with open(os.path.join(town.folder(), b"profile.json"), encoding="utf-8") as opened:
        return sum(worker["decode"]["count"] for worker in json.load(opened)["workers"])


def journal_of(town):
    return os.path.join(town.folder(), b"journal")


def killed_in_the_middle(town):
    """A run folder with something to go on with."""
    count = town.count_calls()
    for number in range(count * 2 // 3, 0, -1):
        if town.kill_at(number) and town.is_begun():
            return
        town.clear()
    expect(False, "it was not killed in the middle")


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


def K04_a_copy_of_a_destination_is_not_taken_for_it():
    """Its staging folder is another one, and may hold anything."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        away = os.path.join(s.folder, b"away")
        os.rename(town.root, away)
        subprocess.run(["cp", "-a", away, town.root], check=True)
        before = settled(town.root)
        equal(s.resume(town.folder()).exit, 41)
        tell_difference(before, snapshot(town.root), "it changed something")


def K04_a_torn_record_is_passed_over():
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        for torn in (b"x", b"VSRJ", b"VSRJ" + bytes(27), os.urandom(200)):
            killed_in_the_middle(town)
            with open(journal_of(town), "ab") as opened:
                opened.write(torn)
            town.resume(f"{len(torn)} torn bytes")
            town.clear()


def K04_a_damaged_journal_is_refused():
    """One flipped bit anywhere but in the last record: nothing is touched."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        with open(journal_of(town), "rb") as opened:
            whole = opened.read()
        before = settled(town.root)
        for at in list(range(0, 200, 7)) + list(range(200, len(whole) // 2, 97)):
            with open(journal_of(town), "wb") as opened:
                opened.write(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            told = s.resume(town.folder())
            equal(told.exit, 41, f"byte {at}\n{told.told()}")
        tell_difference(before, snapshot(town.root), "it changed something")
        with open(journal_of(town), "wb") as opened:
            opened.write(whole)
        town.resume("with its own journal again")


def K04_a_journal_of_another_plan_is_refused():
    with Scenario() as s:
        s.backup().include(replaced(s))
        media = s.pack()
        town = Town(s, media)
        killed_in_the_middle(town)
        other = Town(s, media, "--file", r"C:\old\0.dat")
        killed_in_the_middle(other)
        shutil.copy(journal_of(other), journal_of(town))
        told = s.resume(town.folder())
        equal(told.exit, 41, told.told())
        expect(told.told_of("another plan"), told.told())


def rotten(path, chance, how):
    """One bit, or a whole sector, of that file is not what was written."""
    with open(path, "r+b") as opened:
        found = bytearray(opened.read())
        at = chance.randrange(len(found))
        if how == "bit":
            found[at] ^= 1 << chance.randrange(8)
        else:
            at -= at % 512
            found[at:at + 512] = (bytes, chance.randbytes)[how == "noise"](len(found[at:at + 512]))
        opened.seek(0)
        opened.write(found)


def K04_rows_and_marks_that_rot_are_found_out():
    """Whatever stands in rows.bin and pieces.bin, the tree is that of an undisturbed run; what is
    not known any more of components that had ended is said."""
    chance = random.Random(SEED)
    with Scenario() as s:
        replaced_and_grown(s)
        town = Town(s, s.pack(), "--workers", "1")
        count, told_lost = town.count_calls(), 0
        for number in range(count // 3, count):
            if town.kill_at(number) and town.is_begun():
                names = [name for name in (b"rows.bin", b"pieces.bin")
                         if os.path.exists(os.path.join(town.folder(), name))]
                name, how = chance.choice(names), chance.choice(("bit", "zeros", "noise"))
                rotten(os.path.join(town.folder(), name), chance, how)
                what = f"seed {SEED}, call {number} of {count}: {how} in {name}"
                over = inspected(town.folder())["state"] == "ended"
                run = s.resume(town.folder())
                lost = any("rows of" in note for note in run.summary["notes"])
                expect(not (over and lost), f"{what}\n{run.told()}")
                equal(run.exit, 1 if lost else 0, f"{what}\n{run.told()}")
                told_lost += lost
                tell_difference(town.wanted[0], snapshot(town.root), what)
            town.clear()
        expect(told_lost > 0, "no rows that had ended were hit")


def K04_an_end_is_told_again_though_its_rows_rotted():
    """Summary and exit code are as they were, on the screen, too; a note says what is damaged."""
    chance = random.Random(SEED)
    with Scenario() as s:
        b = s.backup()
        b.include(replaced(s))
        for c in grown(s):
            b.include(c)
        media = s.pack()
        pack = os.path.join(media, b"packs", sorted(os.listdir(os.path.join(media, b"packs")))[0])
        rotten(pack, chance, "noise")
        run = s.run(media)
        equal(run.exit, 20, run.told())
        for how in ("bit", "noise", "zeros"):
            rotten(os.path.join(run.folder, b"rows.bin"), chance, how)
            again = s.resume(run.folder)
            equal(again.exit, 20, again.told())
            *notes, last = again.summary["notes"]
            expect("rows.bin" in last and "report.jsonl" in last, again.told())
            equal({**again.summary, "notes": notes}, run.summary)
        screen = Told(["resume", run.folder])
        equal(screen.exit, 20, screen.told())
        for word in (f"{run.summary['files']['restored']} restored", "media damaged", "rows.bin",
                     f"{run.summary['files']['failed']} failed"):
            expect(word in screen.out, f"{word}: {screen.told()}")


def K05_the_second_of_two_at_once_is_refused():
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        with open(journal_of(town), "rb") as first:
            fcntl.flock(first, fcntl.LOCK_EX)
            before = settled(town.root)
            told = s.resume(town.folder())
            equal(told.exit, 40, told.told())
            tell_difference(before, snapshot(town.root), "it changed something")
        town.resume("when the first has gone")


def K05_a_lock_that_goes_soon_is_waited_for():
    """A process that was killed may leave one of its own that holds it for a moment."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        first = os.open(journal_of(town), os.O_RDONLY)
        fcntl.flock(first, fcntl.LOCK_EX)
        gone = threading.Event()

        def let_go():
            while not others_have(journal_of(town)):
                time.sleep(0.01)
            time.sleep(0.1) # so that it has asked for the lock, and in vain
            os.close(first)
            gone.set()

        threading.Thread(target=let_go, daemon=True).start()
        town.resume("while the lock goes")
        expect(gone.is_set(), "it did not wait for the lock")


def others_have(path):
    """Has another process opened that file?"""
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(os.fsencode(link)) == path and f"/{os.getpid()}/" not in link:
                return True
        except OSError: # it was closed meanwhile
            pass
    return False


def K05_so_is_one_from_a_copy_of_the_run_folder():
    """It has a journal of its own, but not a staging folder."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        top = os.path.join(town.root, b"C")
        staging, = [name for name in os.listdir(top) if name.startswith(b".vssrestore-")]
        first = os.open(os.path.join(top, staging), os.O_RDONLY)
        fcntl.flock(first, fcntl.LOCK_EX)
        before = settled(town.root)
        told = s.resume(town.folder())
        equal(told.exit, 40, told.told())
        tell_difference(before, snapshot(town.root), "it changed something")
        os.close(first)
        town.resume("when the first has gone")


def copied(town):
    """A copy of the run folder, as somebody makes one to be safe."""
    other = town.folder() + b".copy"
    subprocess.run(["cp", "-a", town.folder(), other], check=True)
    return other


def K05_an_old_copy_of_a_run_folder_is_refused():
    """The run was gone on with since, and was killed again: what the copy knows is not what stands."""
    with Scenario() as s:
        replaced_and_grown(s)
        town, seen = Town(s, s.pack()), 0
        count = town.count_calls()
        for number in range(count // 3, count, 3):
            if town.kill_at(number) and town.is_begun():
                old = copied(town)
                again = Told(["resume", town.folder()],
                             env={**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": "40"})
                if again.exit == -signal.SIGKILL and staging_of(town):
                    before = settled(town.root)
                    for _ in range(2): # what it wrote down when it was refused makes it no newer
                        told = s.resume(old)
                        equal(told.exit, 41, f"call {number}\n{told.told()}")
                        expect(told.told_of("old copy"), told.told())
                    tell_difference(before, snapshot(town.root), "it changed something")
                    seen += 1
                town.resume(f"call {number}, beside an old copy")
                shutil.rmtree(old)
            town.clear()
        expect(seen > 3, f"{seen} were killed twice")


def staging_of(town):
    top = os.path.join(town.root, b"C")
    return [name for name in os.listdir(top) if name.startswith(b".vssrestore-")]


def K05_an_old_copy_of_an_in_place_run_takes_nothing_back():
    """The run has ended, and its file has been written to since: an undo file is no reason to put
    bytes of long ago into it."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        town, seen = Town(s, s.pack(), "--in-place"), 0
        for number in range(1, town.count_calls() + 1):
            if town.kill_at(number) and town.is_begun() and any(
                    name.startswith(b"undo-") for name in os.listdir(town.folder())):
                old = copied(town)
                town.resume(f"call {number}")
                place = os.path.join(town.root, b"C/db/big.mdf")
                with open(place, "r+b") as opened:
                    opened.write(b"what an application wrote")
                with open(place, "rb") as opened:
                    before = opened.read()
                published = inspected(old)["units"][0]["state"] == "published"
                run = s.resume(old)
                with open(place, "rb") as opened:
                    expect(opened.read() == before, f"call {number}: it was written to")
                if published: # and killed before the undo file went
                    equal(run.exit, 0, f"call {number}\n{run.told()}")
                else:
                    equal(run.exit, 4, f"call {number}\n{run.told()}")
                    expect(any("undo-" in note for note in run.summary["notes"]), run.told())
                    expect(any(name.startswith(b"undo-") for name in os.listdir(old)), "it is gone")
                    seen += 1
                shutil.rmtree(old)
            town.clear()
        expect(seen > 1, f"{seen} had an undo file")


def undo_files(folder):
    """{name: content} of what ranges written in place have covered."""
    found = {}
    for name in os.listdir(folder):
        if name.startswith(b"undo-"):
            with open(os.path.join(folder, name), "rb") as opened:
                found[name] = opened.read()
    return found


def K05_the_undo_file_of_a_failed_component_stays():
    """Also with whoever goes on after the one that failed it: it is all that is left of the bytes
    that its ranges had covered."""
    with Scenario() as s:
        b = s.backup()
        b.include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        b.include(replaced(s))
        town, seen = Town(s, s.pack(), "--in-place"), 0
        for number in range(1, town.count_calls() + 1):
            if not (town.kill_at(number) and town.is_begun() and undo_files(town.folder())):
                town.clear()
                continue
            kept = undo_files(town.folder())
            for name in staging_of(town): # nothing can be taken back without it
                shutil.rmtree(os.path.join(town.root, b"C", name))
            again = Told(["resume", town.folder()],
                         env={**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(10 + number % 30)})
            states = {unit["component"]: unit["state"]
                      for unit in inspected(town.folder())["units"]}
            if again.exit == -signal.SIGKILL and states["db"] == "failed":
                what = f"killed before call {number}, and again"
                equal(undo_files(town.folder()), kept, what)
                run = s.resume(town.folder()).must(4)
                equal((run.status("db"), run.status("db1")), ("FAILED", "ALL"), run.told())
                equal(undo_files(town.folder()), kept, what)
                seen += 1
            town.clear()
        expect(seen > 0, "nobody went on after a component had failed")


def put_back_without_a_sync(s):
    """A town with a run that was killed when the first byte was written in place, and whose undo
    file says that this was put back; what is in the file is what a cut would leave."""
    s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
    town = Town(s, s.pack(), "--in-place")
    before = seen(s.dest.path(r"C:\db\big.mdf"))
    killed_behind(town, lambda: seen(os.path.join(town.root, b"C/db/big.mdf")) != before)
    name, = undo_files(town.folder())
    os.rename(os.path.join(town.folder(), name),
              os.path.join(town.folder(), name.replace(b"undo", b"undone")))
    return town


def K05_what_was_put_back_without_a_sync_is_not_forgotten():
    """Where nothing can be put back any more, it is kept, and named."""
    with Scenario() as s:
        town = put_back_without_a_sync(s)
        expect("undone-N" in Told(["inspect", town.folder()]).must(0).out, "nobody is told")
        for name in staging_of(town):
            shutil.rmtree(os.path.join(town.root, b"C", name))
        left = seen(os.path.join(town.root, b"C/db/big.mdf"))
        run = s.resume(town.folder()).must(4)
        equal(run.status("db"), "FAILED", run.told())
        equal(seen(os.path.join(town.root, b"C/db/big.mdf")), left, run.told())
        name, = undo_files(town.folder())
        expect(any(os.fsdecode(name) in note for note in run.summary["notes"]), run.told())


def K05_what_was_put_back_and_cannot_be_synced_is_put_back_again():
    """The failure is told once: the next sync says nothing about those bytes."""
    with Scenario() as s:
        town = put_back_without_a_sync(s)
        told = Told(["resume", town.folder(), "--json"],
                    env={**os.environ, "LD_PRELOAD": ends_at(), "NOT_SYNCED": "/big.mdf"})
        equal(told.exit, 32, told.told())
        expect(undo_files(town.folder()), "there is no undo file")
        town.resume("a sync failed before")


def K05_an_undo_file_that_rotted_is_kept():
    """It is all that is left of what was covered, unless nothing had been written yet."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        town, seen_before, seen_behind = Town(s, s.pack(), "--in-place"), 0, 0
        for number in range(1, town.count_calls() + 1):
            if not (town.kill_at(number) and town.is_begun() and undo_files(town.folder())):
                town.clear()
                continue
            place = os.path.join(town.root, b"C/db/big.mdf")
            untouched = seen(place) == seen(s.dest.path(r"C:\db\big.mdf"))
            name, = undo_files(town.folder())
            undo = os.path.join(town.folder(), name)
            with open(undo, "r+b") as opened:
                opened.seek(os.path.getsize(undo) // 2)
                opened.write(b"rotten")
            kept, left = undo_files(town.folder()), seen(place)
            what = f"call {number}, untouched: {untouched}"
            if untouched:
                town.resume(what)
                seen_before += 1
            elif inspected(town.folder())["units"][0]["state"] != "published":
                run = s.resume(town.folder()).must(4)
                equal(run.status("db"), "FAILED", what)
                equal((undo_files(town.folder()), seen(place) == left), (kept, True), what)
                expect(any(os.fsdecode(name) in note for note in run.summary["notes"]), run.told())
                seen_behind += 1
            town.clear()
        expect(seen_before > 0 and seen_behind > 1, f"{seen_before}, {seen_behind}")


def K05_two_runs_at_once_on_one_destination():
    """Each stages in a folder of its own; who comes second meets what stands there. No file is of
    both, or of neither. Who is overtaken in the middle of a unit leaves it to the other, says so,
    and keeps what it had replaced."""
    with Scenario() as s:
        b = s.backup()
        for unit in range(8):
            c = s.writer(f"W{unit}", method=CAN).component("c").files(rf"C:\{unit}", "*")
            b.include(c)
            for i in range(40):
                s.put(rf"C:\{unit}\{i}.dat", pattern(unit * 40 + i, 5000), mtime=1500000000)
                if unit % 2 == 0:
                    s.place(rf"C:\{unit}\{i}.dat", b"was there", mtime=1400000000)
        town = Town(s, s.pack())
        for _ in range(3):
            town.copy()
            calls = [[*town.call()], [*town.call()]]
            calls[1][calls[1].index(town.folder())] = town.folder() + b"-second"
            both = [subprocess.Popen([os.environ["VSSRESTORE"], *call], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                    for call in calls]
            ends = [json.loads(run.communicate(timeout=60)[0].splitlines()[-1]) for run in both]
            for run, end in zip(both, ends):
                equal(run.returncode, end["exit_code"], end)
            told = [{unit["writer"]: unit["status"] for unit in end["units"]} for end in ends]
            for unit in range(8):
                statuses = [one.get(f"W{unit}") for one in told]
                expect("FAILED" not in statuses or "ALL" in statuses, ends)
                for i in range(40):
                    place = os.path.join(town.root, b"C/%d/%d.dat" % (unit, i))
                    found = open(place, "rb").read() if os.path.exists(place) else None
                    wanted = pattern(unit * 40 + i, 5000) if "ALL" in statuses else \
                        b"was there" if unit % 2 == 0 else None
                    expect(found == wanted, f"{unit}/{i}.dat: {statuses}")
            notes = [" ".join(end["notes"]) for end, one in zip(ends, told) if "FAILED" in one.values()]
            kept = [os.fsdecode(name) for name in staging_of(town)]
            expect(len(kept) == len(notes) and
                   all(any(name in note for note in notes) for name in kept), f"{kept}, {ends}")
            shutil.rmtree(town.folder() + b"-second", ignore_errors=True)
            town.clear()


def K05_a_resume_of_a_run_at_work_is_refused():
    with Scenario() as s:
        town = Town(s, large(s), "--workers", "1")
        run = stopped(town)
        equal(s.resume(town.folder()).exit, 40)
        run.send_signal(signal.SIGCONT)
        schemas.check_events(run.communicate(timeout=60)[0])
        equal(run.returncode, 0)


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


def K08_a_finished_run_is_told_again():
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        town.copy()
        first = Told(town.call())
        before = settled(town.root)
        again = s.resume(town.folder())
        equal(again.exit, first.exit)
        equal(again.out.splitlines()[-1], first.out.splitlines()[-1])
        tell_difference(before, snapshot(town.root), "it changed something")
        text = Told(["resume", town.folder()]).must(0)
        expect("restored: all 1 units" in text.out, text.told())


def inspected(folder):
    return json.loads(Told(["inspect", folder, "--json"]).must(0).out)


def K08_inspect_says_what_stands_where():
    with Scenario() as s:
        c, d = grown(s)
        b = s.backup()
        b.include(replaced(s))
        b.include(c)
        b.include(d)
        town = Town(s, s.pack())
        states = set()
        for number in range(1, town.count_calls() + 1):
            if town.kill_at(number) and town.is_begun():
                before = settled(town.root)
                found = inspected(town.folder())
                states |= {(found["state"], unit["state"]) for unit in found["units"]}
                expect(Told(["inspect", town.folder()]).must(0).out, "nothing is said")
                tell_difference(before, snapshot(town.root), "it changed something")
                equal(found["resumable"], found["state"] == "killed")
                with open(journal_of(town), "rb") as held:
                    fcntl.flock(held, fcntl.LOCK_EX)
                    equal(inspected(town.folder())["state"], "running")
                town.resume(f"inspected after call {number}")
                found = inspected(town.folder())
                equal((found["state"], found["exit_code"]), ("ended", 0))
                equal({unit["state"] for unit in found["units"]}, {"published"})
            town.clear()
        for state in ("not started", "publishing", "published"):
            expect(("killed", state) in states, f"{state} is not among {states}")


def K08_no_run_folder_is_a_selection_error():
    with Scenario() as s:
        equal(Told(["resume", s.folder]).exit, 11)
        equal(Told(["resume", os.path.join(s.folder, b"none")]).exit, 11)
        equal(Told(["resume"]).exit, 2)
        equal(Told(["resume", s.folder, "--volume", "C:=/tmp"]).exit, 2)


def K08_a_folder_of_somebody_else_is_not_trusted():
    if os.geteuid() != 0:
        raise Skip("only root can give a folder to somebody")
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        killed_in_the_middle(town)
        os.chown(town.folder(), 12345, 12345)
        told = s.resume(town.folder())
        equal(told.exit, 41, told.told())
        os.chown(town.folder(), 0, 0)
        os.chmod(town.folder(), 0o777)
        equal(s.resume(town.folder()).exit, 41)


def K08_hidden_folders_of_killed_runs_go():
    """The next run beside them removes them, but none that is new, locked or not ours to know."""
    with Scenario() as s:
        s.backup().include(replaced(s))
        town = Town(s, s.pack())
        town.copy()
        made = {}
        for number, suffix in enumerate((b".part", b".asked", b".part", b".part", b".other")):
            name = b".vssrestore-run-%08d-0000-4000-8000-000000000000%s" % (number, suffix)
            made[number] = os.path.join(s.folder, name)
            os.mkdir(made[number], 0o700)
            with open(os.path.join(made[number], b"plan.bin"), "wb") as out:
                out.write(b"x")
            if number != 2:
                os.utime(made[number], (1500000000, 1500000000))
        held = os.open(made[3], os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        Told(town.call()).must(0)
        equal([os.path.exists(made[number]) for number in range(5)],
              [False, False, True, True, True])
        os.close(held)


def killed_behind(town, stands):
    """Killed before the first call at which stands() is true: a rename was the one before it, and
    nothing is committed."""
    first, last = 1, town.count_calls()
    while first < last:
        half = (first + last) // 2
        town.kill_at(half)
        first, last = (first, half) if town.is_begun() and stands() else (half + 1, last)
        town.clear()
    for number in range(first, first + 20): # some calls come a little earlier or later
        if town.kill_at(number) and town.is_begun() and stands():
            return
        town.clear()
    expect(False, "no run was killed behind the rename")


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


def seen(path):
    """A file's bytes, a link's text."""
    if os.path.islink(path):
        return os.readlink(path)
    with open(path, "rb") as opened:
        return opened.read()


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
        units = json.loads(told.out.splitlines()[-1])["units"]
        equal((told.exit, units[0]["status"]), (code, status), told.told())
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


def holds(path, content):
    """Is that what stands there?"""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as opened:
        return opened.read() == content


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


def K09_a_tree_that_somebody_is_in_the_way_of_fails():
    """It stands at its place, and where it was staged stands something of his: no file of it is said
    not to be there."""
    with Scenario() as s:
        b = s.backup()
        for c in grown(s):
            b.include(c)
        town = Town(s, s.pack())
        killed_behind(town, lambda: os.path.exists(os.path.join(town.root, b"C/new/a/1.txt")))
        for name in os.listdir(os.path.join(town.root, b"C")):
            for tree in range(16 if name.startswith(b".vssrestore-") else 0):
                os.makedirs(os.path.join(town.root, b"C", name, b"t%x" % tree), exist_ok=True)
        run = s.resume(town.folder())
        place = os.path.join(town.root, b"C/new/a/1.txt")
        expect(holds(place, b"one"), run.told())
        equal([status for _, status, _ in statuses(run)], ["FAILED"] * 2, run.told())
        equal(run.exit, 4, run.told())
        expect(any("was changed by somebody" in note for note in run.summary["notes"]), run.told())


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


def K09_another_folder_in_a_volumes_stead_is_refused():
    """As when it is not mounted: what was published is not there, and the rest belongs elsewhere."""
    with Scenario() as s:
        w, b = s.writer("Web", method=CAN), s.backup()
        for name in ("a", "b"):
            b.include(w.component(name).files("C:\\" + name, "*"))
            s.put(rf"C:\{name}\1.txt", name.encode(), mtime=1500000000)
        s.place_folder("C:\\")
        town, seen = Town(s, s.pack()), set()
        for number in range(1, town.count_calls() + 1):
            if town.kill_at(number) and town.is_begun():
                whole, away = os.path.join(town.root, b"C"), os.path.join(s.folder, b"away")
                published = {unit["state"] for unit in inspected(town.folder())["units"]}
                os.rename(whole, away)
                os.mkdir(whole)
                if "published" in published:
                    told = s.resume(town.folder())
                    seen.add(told.exit)
                    expect(told.exit in (0, 41), told.told()) # 0: it had ended
                    equal(os.listdir(whole), [], told.told())
                os.rmdir(whole)
                os.rename(away, whole)
                town.resume(f"call {number}, when it was mounted again")
            town.clear()
        expect(41 in seen, f"{seen}")


def K09_another_file_system_at_the_same_path_is_refused():
    """Nothing had been published yet: what was staged, and the rest, belongs on the first one."""
    with Scenario() as s:
        s.put(r"C:\a\1.bin", pattern(1, 2 * MIB), mtime=1500000000)
        s.backup().include(s.writer("Web", method=CAN).component("a").files(r"C:\a", "*"))
        s.place_folder("C:\\")
        town, seen = Town(s, s.pack()), 0
        for number in range(1, town.count_calls() + 1):
            if town.kill_at(number) and town.is_begun() and staging_of(town):
                top = os.fsdecode(os.path.join(town.root, b"C"))
                done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "none",
                                       top], check=False, capture_output=True)
                if done.returncode != 0:
                    raise Skip("no tmpfs can be mounted here")
                try:
                    told = s.resume(town.folder())
                    found = os.listdir(top)
                finally:
                    subprocess.run(["umount", top], check=True)
                what = f"call {number}\n{told.told()}"
                expect(told.exit in (0, 41), what) # 0: it had ended, or nothing had been begun
                expect(told.exit == 0 or (not found and told.told_of("is it mounted")), what)
                seen += told.exit == 41
                if told.exit == 41:
                    town.resume(f"call {number}, when it was mounted again")
            town.clear()
        expect(seen > 5, f"{seen} were refused")


def in_another_boot(arguments, boot):
    """Run the program where the system says that it has booted since."""
    told = Told(["--version"])
    command = ["unshare", "-m", "sh", "-c",
               'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
               boot, os.environ["VSSRESTORE"], *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    told.exit, told.out, told.err = (done.returncode, done.stdout.decode(), done.stderr.decode())
    return told


def K03_after_a_boot_only_what_was_synced_counts():
    """As if the system had booted: staged files without a checkpoint are spoilt, as a power cut
    leaves them, and nothing of that is seen."""
    with Scenario() as s:
        boot = os.path.join(s.folder, b"boot")
        with open(boot, "w", encoding="ascii") as out:
            out.write("11111111-2222-3333-4444-555555555555\n")
        if in_another_boot(["--version"], boot).exit != 0:
            raise Skip("no namespace can be made here")
        replaced_and_grown(s)
        for durability in ("unit", "end", "none"):
            town = Town(s, s.pack(), "--durability", durability)
            count = town.count_calls()
            for number in range(1, count + 1, 2):
                if town.kill_at(number) and town.is_begun():
                    spoil_below(town.root, b".vssrestore-")
                    in_another_boot(["resume", town.folder(), "--json"], boot)
                    town.resume(f"{durability}: booted after call {number} of {count}")
                town.clear()


def failure_is_noted(town):
    """The slot of the checkpoint that says that a sync failed (src/run/checkpoint.c)."""
    place = os.path.join(town.folder(), b"checkpoint")
    if not os.path.exists(place):
        return False
    with open(place, "rb") as opened:
        return opened.read()[1024 + 8:1024 + 12] == b"\1\0\0\0"


def K03_what_a_failed_sync_was_to_cover_counts_no_more():
    """Killed when a sync had failed, and again when it was gone on with: what it was to cover may
    never have reached the disk, whatever a later sync says. All that was published is spoilt."""
    with Scenario() as s:
        replaced_and_grown(s)
        town = Town(s, s.pack(), "--durability", "end")
        count, dice, seen = town.count_calls(), random.Random(SEED), 0
        failed = os.path.join(s.folder, b"failed")
        for number in range(count - 24, count + 1):
            town.copy()
            told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(number),
                                          "SYNC_FAILS": os.fsdecode(failed)})
            state = inspected(town.folder())["state"] if town.is_begun() else ""
            if told.exit == -signal.SIGKILL and failure_is_noted(town) and state == "killed":
                spoil_below(town.root)
                for _ in range(2):
                    Told(["resume", town.folder()],
                         env={**os.environ, "LD_PRELOAD": ends_at(),
                              "ENDS_AT": str(dice.randrange(1, 60))})
                if inspected(town.folder())["state"] == "killed":
                    town.resume(f"killed before call {number} of {count}")
                    seen += 1
            town.clear()
            if os.path.exists(failed):
                os.unlink(failed)
        expect(seen > 3, f"{seen} were killed when a sync had failed")


def spoil(path):
    """What was never synced: its length, and nothing in it. Originals were synced long ago."""
    facts = os.lstat(path)
    if os.path.islink(path) or facts.st_mtime_ns < 1450000000 * 10**9:
        return
    with open(path, "r+b") as opened:
        opened.write(bytes(facts.st_size))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def spoil_below(top, within=b""):
    """All that stands in folders whose path has that in it."""
    for folder, _, names in os.walk(top):
        for name in names if within in folder else ():
            spoil(os.path.join(folder, name))


def alike(s):
    """Files, one of them large, and a link, that replace others of the same lengths and times."""
    c = s.writer("W", method=CAN).component("c").files(r"C:\old", "*")
    s.backup().include(c)
    for name, size in (("0.dat", 3000), ("1.dat", 3000), ("large.bin", 3 * MIB + 77)):
        s.put(rf"C:\old\{name}", pattern(name, size), mtime=1500000000)
        s.place(rf"C:\old\{name}", pattern("was " + name, size), mtime=1500000000)
    s.put(r"C:\old\new", b"nobody was there", mtime=1500000000)
    for tree, text in ((s.source, b"new text"), (s.dest, b"old text")):
        os.symlink(text, tree.path(r"C:\old\link"))
        os.utime(tree.path(r"C:\old\link"), (1500000000, 1500000000), follow_symlinks=False)
    return s.pack()


def lose_the_way_back(town):
    """What goes back to its place, and what comes from there, is as it was before; how many."""
    staged = [os.path.join(folder, name)
              for folder, _, names in os.walk(os.path.join(town.root, b"C"))
              if b".vssrestore-" in folder for name in names]
    count = 0
    for path, wanted in town.wanted[0][0].items():
        place = os.path.join(town.root, path)
        ours = [one for one in staged if len(wanted) > 3 and seen(one) == wanted[3]]
        if ours and wanted[0] != stat.S_IFDIR:
            staged.remove(ours[0])
            there = os.path.lexists(place)
            if there:
                os.rename(place, place + b".away")
            os.rename(ours[0], place)
            if there:
                os.rename(place + b".away", ours[0])
            count += 1
    return count


def way_back_is_lost(s, durability):
    """A town whose run was killed when all was renamed, and a resume behind what it took back."""
    town = Town(s, alike(s), "--workers", "1", "--durability", durability)
    for number in range(town.count_calls(), 0, -1):
        if not town.kill_at(number) or not town.is_begun() or {
                unit["state"] for unit in inspected(town.folder())["units"]} != {"publishing"}:
            town.clear()
            continue
        for last in range(12, 60): # until nothing was to be taken back any more
            told = Told(["resume", town.folder()], env={
                **os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(last)})
            equal(told.exit, -signal.SIGKILL, told.told())
            if "publishing" not in {
                    unit["state"] for unit in inspected(town.folder())["units"]}:
                break
        equal(lose_the_way_back(town), 5, f"call {number}, {last}")
        return town
    raise Failure("no run was killed when all was renamed")


def K03_an_original_is_never_taken_for_what_was_staged():
    """A disk may lose that it was taken back, and keep what was written down behind that."""
    for durability in ("unit", "none"):
        with Scenario() as s:
            way_back_is_lost(s, durability).resume(f"the way back was lost, {durability}")


def K03_an_original_that_cannot_go_back_is_kept():
    """A disk has lost that it was taken back, and something of somebody stands at its place."""
    with Scenario() as s:
        town = way_back_is_lost(s, "unit")
        place = os.path.join(town.root, b"C/old/0.dat")
        os.unlink(place)
        with open(place, "wb") as out:
            out.write(b"somebody's")
        run = s.resume(town.folder())
        equal(statuses(run)[0][1], "FAILED", run.told())
        expect(holds(place, b"somebody's"), "his stays")
        kept = [name for folder, _, names in os.walk(os.path.join(town.root, b"C")) for name in names
                if holds(os.path.join(folder, name), pattern("was 0.dat", 3000))]
        equal(len(kept), 1, "the original is kept")


def K03_what_somebody_put_into_a_tree_is_never_taken_for_ours():
    """While it stood at its place, before it goes back: a file of the same length, another link."""
    with Scenario() as s:
        b = s.backup()
        for c in grown(s):
            b.include(c)
        town, done = Town(s, s.pack()), 0
        for number in range(town.count_calls(), 0, -1):
            town.kill_at(number)
            new = os.path.join(town.root, b"C/new/a")
            states = {unit["state"] for unit in inspected(town.folder())["units"]} \
                if os.path.isdir(new) and town.is_begun() else ()
            if "publishing" in states and "published" not in states:
                his = os.path.join(s.folder, b"his")
                with open(his, "wb") as out:
                    out.write(b"S" * 70000)
                os.rename(his, os.path.join(new, b"in/2.txt"))
                os.symlink("elsewhere", his)
                os.utime(his, (1500000000, 1500000000), follow_symlinks=False)
                os.rename(his, os.path.join(new, b"link"))
                town.resume(f"killed before call {number}")
                done += 1
            town.clear()
            if done > 0:
                return
        expect(False, "no run was killed when its tree stood at its place")


def K11_a_chain_is_gone_on_with_to_its_end():
    """Killed in the first of two steps: resume ends that one and runs the other."""
    with Scenario() as s:
        c = s.writer("Ledger", method=NOT_THERE).component("db").files(r"C:\db", "*")
        s.backup().include(c, stamp="one")
        s.put(r"C:\db\a.dat", b"full", mtime=1500000000)
        s.put(r"C:\db\big.bin", pattern(1, 2 * MIB), mtime=1500000000)
        full = s.pack()
        s.backup(type="incremental").include(c, stamp="two")
        s.put(r"C:\db\a.dat", b"incremental", mtime=1500000001)
        step = s.pack("--parent", full)
        wanted = s.run([full, step]).must(0)
        whole = snapshot(s.dest.folder)
        seen = 0
        for number in range(20, 90, 5):
            shutil.rmtree(s.dest.folder)
            os.mkdir(s.dest.folder)
            folder = os.path.join(s.folder, b"chain-%d" % number)
            os.mkdir(folder)
            told = Told(["run", full, step, "--json", "--root", s.dest.folder], cwd=folder,
                        env={**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(number)})
            runs = [name for name in os.listdir(folder) if name.startswith(b"vssrestore-run-")]
            if told.exit != -signal.SIGKILL or len(runs) != 1:
                continue
            if inspected(os.path.join(folder, runs[0]))["state"] != "killed":
                continue # between the steps
            again = Told(["resume", os.path.join(folder, runs[0]), "--json"]).must(0)
            lines = [json.loads(line) for line in again.out.splitlines()]
            summaries = [line for line in lines if line["t"] == "summary"]
            equal([one["exit_code"] for one in summaries], [0, 0], again.told())
            equal([one["units"][0]["status"] for one in summaries],
                  [one["units"][0]["status"] for one in wanted.summaries])
            equal(snapshot(s.dest.folder)[0].keys(), whole[0].keys())
            equal(s.at(r"C:\db\a.dat"), b"incremental")
            seen += 1
            once = Told(["resume", os.path.join(folder, runs[0]), "--json"]).must(0)
            equal(len(once.out.splitlines()), 1, "a finished run is told again, alone")
        expect(seen > 2, f"{seen} were killed in the first step")


def K11_a_chain_that_is_told_to_end_ends():
    """By the control line, in its first step: no step begins behind it, and resume does the rest."""
    with Scenario() as s:
        c = s.writer("Ledger", method=NOT_THERE).component("db").files(r"C:\db", "*")
        s.backup().include(c, stamp="one")
        s.put(r"C:\db\a.dat", b"full", mtime=1500000000)
        s.put(r"C:\db\big.bin", os.urandom(3 * MIB), mtime=1500000000)
        full = s.pack()
        s.backup(type="incremental").include(c, stamp="two")
        s.put(r"C:\db\a.dat", b"incremental", mtime=1500000001)
        step = s.pack("--parent", full)
        folder = os.path.join(s.folder, b"chain")
        os.mkdir(folder)
        with subprocess.Popen([os.environ["VSSRESTORE"], "run", full, step, "--json", "--throttle", "256K",
                               "--root", s.dest.folder], cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as run:
            ends = time.monotonic() + 20
            asked = None
            while time.monotonic() < ends and (asked is None or asked.exit != 0):
                time.sleep(0.05)
                runs = [name for name in os.listdir(folder) if name.startswith(b"vssrestore-run-")]
                if runs:
                    asked = Told(["ctl", os.path.join(folder, runs[0]), "cancel"])
            schemas.check_events(run.stdout.read())
        equal(run.returncode, 128 + signal.SIGTERM)
        equal(len(os.listdir(folder)), 1, "runs")
        equal(inspected(os.path.join(folder, runs[0]))["state"], "interrupted")
        again = Told(["resume", os.path.join(folder, runs[0]), "--json"]).must(0)
        equal(again.out.count('"t":"summary"'), 2, again.told())
        equal(s.at(r"C:\db\a.dat"), b"incremental")


def K03_what_a_sync_covered_is_kept():
    """A checkpoint is noted while the run goes on; after a boot its files and pieces are not read
    again, and what is behind it is."""
    with Scenario() as s:
        boot = os.path.join(s.folder, b"boot")
        with open(boot, "w", encoding="ascii") as out:
            out.write("11111111-2222-3333-4444-555555555555\n")
        if in_another_boot(["--version"], boot).exit != 0:
            raise Skip("no namespace can be made here")
        kind = subprocess.run(["stat", "-f", "-c", "%T", s.folder], capture_output=True, check=True)
        if kind.stdout.strip() == b"tmpfs":
            raise Skip("TMPDIR is in memory, which no sync reaches")
        town = Town(s, large(s, count=40), "--workers", "1", "--ring", "sync")
        run = stopped(town, pieces=40)
        time.sleep(1.2) # the next sync is one that is noted
        run.send_signal(signal.SIGCONT)
        began = time.monotonic()
        epoch, deadline = 0, began + 20
        while epoch == 0 and run.poll() is None and time.monotonic() < deadline:
            epoch = checkpoint_of(town)
        run.kill()
        took = time.monotonic() - began
        run.communicate()
        expect(epoch > 0, "no checkpoint was noted before the run ended")
        with open(os.path.join(town.folder(), b"pieces.bin"), "rb") as opened:
            found = opened.read()
        _, segments, _, pieces = struct.unpack_from("<QIIQ", found)
        words = struct.unpack_from(f"<{pieces}Q", found, 24 + 16 * segments)
        kept = sum(0 < word % 2**32 <= checkpoint_of(town) for word in words)
        expect(kept >= 40, f"{kept} of {pieces} pieces were kept")
        # what came since the epoch ended: in that time, at the run's limit, and a second before
        rate = int(run.args[run.args.index("--throttle") + 1].removesuffix("M"))
        lost = sum(word > 0 for word in words) - kept
        print(f"{lost} pieces lost, {kept} kept, {took:.2f} s at {rate} a second")
        expect(lost <= rate * (took + 1), f"{lost} pieces in {took} s, {rate} a second")
        in_another_boot(["resume", town.folder(), "--json"], boot)
        read = decoded(town)
        expect(pieces - kept <= read <= pieces - kept + segments,
               f"{read} decoded, {kept} of {pieces} kept")
        town.resume("after a boot, with a checkpoint")


def checkpoint_of(town):
    """The last epoch that is kept; 0: none."""
    with open(os.path.join(town.folder(), b"checkpoint"), "rb") as opened:
        found = opened.read()
    return max([struct.unpack_from("<QI", found, at)[1]
                for at in (0, 512) if len(found) >= at + 24], default=0)


def K10_space_made_ends_all():
    """A disk that is full for one of two components, then larger."""
    with Scenario() as s:
        b = s.backup()
        for name, size in (("small", 2), ("large", 30)):
            c = s.writer(name, method=CAN).component("c").files(rf"C:\both\{name}", "*")
            s.put(rf"C:\both\{name}\x.bin", pattern(size, size * MIB), mtime=1500000000)
            b.include(c)
        media = s.pack()
        top = s.dest.path("C:\\")
        town = Town(s, media)
        options = ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "none", os.fsdecode(top)]
        if subprocess.run(options, check=False, capture_output=True).returncode != 0:
            raise Skip("no tmpfs can be mounted here")
        try:
            run = s.run(media)
            equal(run.exit, 30, run.told())
            equal([unit["status"] for unit in run.summary["units"]], ["ALL", "NONE"], run.told())
            again = s.resume(run.folder)
            equal(again.exit, 30, again.told())
            subprocess.run(["mount", "-o", "remount,size=200m", os.fsdecode(top)], check=True)
            last = s.resume(run.folder)
            equal(last.exit, 0, last.told())
            equal([unit["status"] for unit in last.summary["units"]], ["ALL", "ALL"], last.told())
            equal(s.at(r"C:\both\large\x.bin"), pattern(30, 30 * MIB))
            found = snapshot(s.dest.folder)[0]
            for path, what in town.wanted[0][0].items():
                if path != b"C":
                    equal(found[path], what, f"{path}")
        finally:
            subprocess.run(["umount", "-l", os.fsdecode(top)], check=False)


if __name__ == "__main__":
    run_rules(globals())
