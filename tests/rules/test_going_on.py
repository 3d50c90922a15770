"""Who goes on with a run, and with which: K-05 of what a restore must survive.

Two at once on one run or on one destination, an old copy of a run folder, one that has ended or is
somebody else's, what inspect says, what killed runs left hidden, chains, a disk that was made
larger. Damaged run folders: test_records.py; kills at each call: test_resume.py.
"""

import errno
import fcntl
import glob
import json
import os
import shutil
import signal
import subprocess
import threading
import time

from interrupted import (copied, inspected, journal_of, killed_in_the_middle, large, staging_of,
                         stopped)
from scenario import PROGRAM, Child, Run, Scenario, Skip, Told, equal, expect, run_rules, schemas
from town import (CAN, MIB, NOT_THERE, Town, ends_at, grown, moments, pattern, ranged, replaced,
                  replaced_and_grown, settled, snapshot, tell_difference)


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
            while not program_has(journal_of(town)):
                time.sleep(0.01)
            time.sleep(0.1) # so that it has asked for the lock, and in vain
            os.close(first)
            gone.set()

        threading.Thread(target=let_go, daemon=True).start()
        town.resume("while the lock goes")
        expect(gone.is_set(), "it did not wait for the lock")


def program_has(path):
    """Has a process of the program opened that file? Of others nothing is looked at: there may be
    many, and a lock is waited for for a second."""
    for process in glob.iglob("/proc/[0-9]*"):
        try:
            if os.path.samefile(process + "/exe", PROGRAM) and path in [
                    os.readlink(os.fsencode(link)) for link in glob.iglob(process + "/fd/*")]:
                return True
        except OSError: # it has ended, or closed something, meanwhile
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


def K08_a_staging_folder_that_stands_again_is_warned_of():
    """As a power cut leaves it, with an original in it; where nobody needs it, and nothing else."""
    with Scenario() as s:
        replaced_and_grown(s)
        media = s.pack()
        for durability, denied, told in (("unit", False, True), ("end", False, True),
                                          ("none", False, False), ("unit", True, False)):
            what = f"{durability}, denied: {denied}"
            town = Town(s, media, "--durability", durability)
            town.copy()
            env = {"LD_PRELOAD": ends_at(), "DENIED": "2.dat"} if denied else {}
            run = Run(town.call(), town.folder(), env={**os.environ, **env})
            equal(run.exit == 0, not denied, f"{what}\n{run.told()}")
            again = s.resume(town.folder())
            equal((again.exit, again.err), (run.exit, ""), f"{what}\n{again.told()}")
            kept = os.path.join(town.root, b"C", b".vssrestore-" + run_of(town))
            os.mkdir(kept, 0o700)
            with open(os.path.join(kept, b"f0"), "wb") as out:
                out.write(b"was 0")
            found = snapshot(town.root)
            again = s.resume(town.folder())
            equal(again.told_of(os.fsdecode(kept), "remove it by hand"), told, f"{what}\n{again.told()}")
            equal((again.exit, again.summary), (run.exit, run.summary), f"{what}\n{again.told()}")
            tell_difference(found, snapshot(town.root), what)
            town.clear()


def run_of(town):
    with open(os.path.join(town.folder(), b"run.json"), "rb") as opened:
        return os.fsencode(json.load(opened)["run"])


def K08_inspect_says_what_stands_where():
    with Scenario() as s:
        c, d = grown(s)
        b = s.backup()
        b.include(replaced(s))
        b.include(c)
        b.include(d)
        town = Town(s, s.pack())
        states = set()
        for number in moments(town.count_calls(), 3):
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


def K08_inspect_says_what_stands_where_after_each_end():
    """Whether a last sync failed or was not begun, the disk was full, or a signal came: of what is
    not durable, and of staging folders that are there, and no others."""
    with Scenario() as s:
        replaced_and_grown(s)
        media = s.pack()
        failed = os.fsdecode(os.path.join(s.folder, b"failed"))
        for durability, how, state, units in (
                ("end", {"SYNC_FAILS": failed}, "ended", "not durable"),
                ("end", {"NOTE_FAULT": str(errno.EIO)}, "interrupted", "published"),
                ("none", {}, "ended", "published"), ("end", {}, "ended", "published"),
                ("unit", {"NO_ROOM_FOR": "2.dat"}, "interrupted", None),
                ("unit", {"ENDS_BY": str(int(signal.SIGTERM))}, "interrupted", None)):
            town = Town(s, media, "--durability", durability)
            number, told = town.count_calls() // 2, None
            while told is None or (state == "interrupted" and told.exit == 0 and number > 1):
                if told: # the signal came when the last publish had begun, which is finished
                    town.clear()
                    number -= 2
                town.copy()
                told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                              "ENDS_AT": str(number), "ENDS_BY": "0", **how})
            found, text = inspected(town.folder()), Told(["inspect", town.folder()]).must(0)
            what = f"{durability}, {how}: {told.told()}\n{found}\n{text.out}"
            equal((found["state"], found["exit_code"]), (state, told.exit), what)
            if units:
                equal({unit["state"] for unit in found["units"]}, {units}, what)
            equal([found["staging"]] if found["staging"] else [],
                  [os.fsdecode(name) for name in staging_of(town)], what)
            equal(text.out.count("what is staged stands in "), bool(found["staging"]), what)
            equal(text.out.count("nothing is staged any more"),
                  found["resumable"] and not found["staging"], what)
            if found["resumable"]:
                town.resume(what)
            town.clear()


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
        with Child([os.environ["VSSRESTORE"], "run", full, step, "--json", "--throttle", "256K",
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


def grow(path):
    with open(path, "ab") as out:
        out.write(b"somebody's")


def rewrite(path):
    with open(path, "r+b") as out:
        out.write(b"somebody's")


def exchange(path):
    """By a longer one, as old as it was; so is its folder."""
    facts, folder = os.lstat(path), os.lstat(os.path.dirname(path))
    os.unlink(path)
    with open(path, "wb") as out:
        out.write(pattern(11, 3 * MIB + 1))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    os.utime(os.path.dirname(path), ns=(folder.st_atime_ns, folder.st_mtime_ns))


def K10_ranges_are_laid_into_the_file_that_the_run_found():
    """The disk was full, and all went back. What somebody does to the file then is his, whatever
    is killed since, as it is while a run lives; a new run takes it as it is."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        media = s.pack()
        for more, full in (((), {"NO_ROOM_FOR": "big.mdf"}), ((), {"NO_ROOM_AT": "0"}),
                           (("--in-place",), {"NO_ROOM_AT": "0"})):
            town = Town(s, media, *more)
            for change in (None, grow, rewrite, exchange):
                for number in range(0, 40, 3) if change is grow else (0,):
                    town.copy()
                    told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(), **full})
                    what = f"{more}, {full}, {change}, {number}: {told.told()}"
                    equal((told.exit, staging_of(town)), (30, []), what)
                    place = os.path.join(town.root, b"C/db/big.mdf")
                    if change:
                        change(place)
                    his = settled(town.root)
                    if number:
                        Told(["resume", town.folder()], env={
                            **os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(number)})
                    if not change:
                        town.resume(what)
                    else:
                        run = s.resume(town.folder())
                        unit, = run.summary["units"]
                        equal((run.exit, unit["status"], unit["error"]),
                              (3, "NONE", "DESTINATION_CHANGED"), what + run.told())
                        expect("'C:\\db\\big.mdf' was changed" in unit["detail"] or
                               f"'{os.fsdecode(place)}' was changed" in unit["detail"], run.told())
                        now = snapshot(town.root)
                        if number: # it may have been killed before it put back the top's time
                            now[0][b"C"] = his[0][b"C"]
                        tell_difference(his, now, what)
                        call = town.call()
                        call[call.index("--run-dir") + 1] += b"-anew"
                        Told(call).must(0)
                        shutil.rmtree(town.folder() + b"-anew")
                    town.clear()


if __name__ == "__main__":
    run_rules(globals())
