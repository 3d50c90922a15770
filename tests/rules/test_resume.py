"""Killed runs gone on with: K-01 of what a restore must survive.

A run is killed before each call in turn that changes something which outlives it (ends_at.c), or at
a random moment, gone on with, and compared with one that nobody disturbed (town.py).
VSSRESTORE_LONG=1 takes 300 random moments.
"""

import json
import os
import random
import signal
import struct
import subprocess
import time

from players import Players
from scenario import LONG, Child, Failure, Scenario, Told, equal, expect, run_rules
from town import (CAN, MIB, Town, each_call, ends_at, grown, pattern, ranged, replaced,
                  waited)

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
LIVE = ("--tree", "live", "--registry", "")


def K01_kill_at_each_call_of_a_replacing_run():
    with Scenario() as s:
        s.backup().include(replaced(s))
        each_call(Town(s, s.pack()))


def K01_kill_at_each_call_of_a_growing_run():
    with Scenario() as s:
        c, d = grown(s)
        b = s.backup()
        b.include(c)
        b.include(d)
        each_call(Town(s, s.pack()))


def K01_kill_at_each_call_with_ranges():
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        each_call(Town(s, s.pack()), step=2)


def K01_kill_at_each_call_with_ranges_in_place():
    ranges_in_place(half=False)


def K01_kill_in_the_middle_of_each_write_in_place():
    ranges_in_place(half=True)


def ranges_in_place(half):
    """Killed between two ranges and inside one, and inside the file that keeps what they cover."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        town = Town(s, s.pack(), "--in-place")
        kept, mixed = set(), set()
        old, new = pattern(10, 3 * MIB), town.wanted[0][0][b"C/db/big.mdf"][-1]

        def killed():
            for name in os.listdir(town.folder()):
                if name.startswith(b"undo-"):
                    kept.add(os.path.getsize(os.path.join(town.folder(), name)))
            with open(os.path.join(town.root, b"C/db/big.mdf"), "rb") as opened:
                found = opened.read()
            if found not in (old, new):
                mixed.add(found)

        each_call(town, half=half, killed=killed)
        expect(len(kept) > 3, f"killed with undo files of {kept} bytes only")
        expect(len(mixed) > 1 + half, f"{len(mixed)} kills were between ranges")


def K01_what_ranges_covered_comes_back():
    """Killed while ranges are written in place, and gone on with on a disk that cannot be synced
    any more: all of the file is as it was."""
    with Scenario() as s:
        s.backup().include(ranged(s)).partial("C:\\db\\", "big.mdf", "0:100,1048570:20,3145700:28")
        town, back = Town(s, s.pack(), "--in-place"), 0
        old, new = pattern(10, 3 * MIB), town.wanted[0][0][b"C/db/big.mdf"][-1]
        failing = {**os.environ, "LD_PRELOAD": ends_at(),
                   "SYNC_FAILS": os.fsdecode(os.path.join(s.folder, b"synced"))}
        count = town.count_calls()
        for number in range(count // 3, count + 1):
            if town.kill_at(number, half=number % 2 == 0) and town.is_begun():
                place, what = os.path.join(town.root, b"C/db/big.mdf"), f"killed before call {number}"
                mixed = read_file(place) not in (old, new)
                run = s.resume(town.folder(), env=failing)
                units = run.summary["units"] # none: it ended before it began anything again
                expect(len(units) == 1 or run.exit == 32, f"{what}\n{run.told()}")
                status = units[0]["status"] if units else "NONE"
                equal(read_file(place) == new, status == "ALL", f"{what}\n{run.told()}")
                equal(read_file(place) == old, status == "NONE", f"{what}\n{run.told()}")
                back += mixed and status == "NONE"
                if not units:
                    town.resume(f"{what}, and not synced")
            town.clear()
        expect(back > 1, f"{back} files that were mixed came back")


def read_file(path):
    with open(path, "rb") as opened:
        return opened.read()


def K01_kill_at_each_call_by_half_a_record():
    with Scenario() as s:
        b = s.backup()
        b.include(replaced(s))
        b.include(grown(s)[0])
        each_call(Town(s, s.pack(), "--durability", "none"), half=True, step=2)


def K01_kill_at_each_call_with_a_writer_and_a_service():
    with Scenario() as s:
        players = Players(s)
        w = s.writer("Ledger", method="STOP_RESTORE_START", service="LedgerSvc")
        c = w.component("db").files(r"C:\db", "*", recursive=True)
        for name in ("a", "b", r"in\c"):
            s.put(rf"C:\db\{name}.dat", pattern(1, 2000), mtime=1500000500)
        s.place(r"C:\db\a.dat", b"was", mtime=1400000500)
        s.backup().include(c)
        keeps = 'echo kept > "$VSSRESTORE_RUN/kept"; mkdir -p "$VSSRESTORE_RUN/more/in"'
        told = '''
grep -q pre-restore "$here/diary" && [ ! -s "$VSSRESTORE_RUN/kept" ] && echo lost >> "$here/diary"
echo said >&2; exit 1'''
        program = players.writer("w", pre=keeps, post=told)
        town = Town(s, s.pack(), *LIVE, "--writer", b"Ledger=" + program,
                    "--service-command", players.service(), players=players)
        expect(town.wanted_diary == ["w pre-restore", "stop LedgerSvc", "start LedgerSvc",
                                     "w post-restore"], town.wanted_diary)

        def each(what):
            ends_in_order(players.diary, what)
            expect("lost" not in players.diary, f"{what}: what the writer kept for its end is lost")
            for name in (b"kept", b"more/in"):
                expect(os.path.exists(os.path.join(town.folder(), name)), f"{what}: {name} is lost")
            with open(os.path.join(town.folder(), b"run.json"), "rb") as opened:
                run = json.load(opened)["run"].encode()
            equal([name for name in os.listdir(s.folder) if run in name], [],
                  f"{what}: something of this run is left hidden")

        each_call(town, each=each, step=3)


def ends_in_order(diary, what):
    """Whoever was asked is told the end, and what was stopped runs, before either happens again:
    also where the run was killed when it was only about to ask or to stop."""
    told = [line for line in diary if line.startswith("w ")]
    services = [line for line in diary if line.endswith("LedgerSvc")]
    again = "w pre-restore, w pre-restore"
    expect(told.count("w pre-restore") <= 2 and again not in ", ".join(told), f"{what}: {diary}")
    expect(told[-1] == "w post-restore", f"{what}: {diary}")
    expect(services[-1] == "start LedgerSvc", f"{what}: {diary}")


def K01_kill_at_each_call_of_what_waits_for_the_boot():
    with Scenario() as s:
        w = s.writer("Boot", method="REPLACE_AT_REBOOT")
        c = w.component("sys").files(r"C:\sys", "*", recursive=True)
        for name in ("a", "b", r"new\c"):
            s.put(rf"C:\sys\{name}.dat", pattern(2, 3000), mtime=1500000600)
        s.place(r"C:\sys\a.dat", b"was", mtime=1400000600)
        d = s.writer("Web").component("site").files(r"C:\web", "*", recursive=True)
        s.put(r"C:\web\x.txt", b"x", mtime=1500000601)
        b = s.backup()
        b.include(c)
        b.include(d)
        town = Town(s, s.pack(), *LIVE)
        wanted = waiting(town)
        expect(len(wanted) >= 3, f"{wanted}")
        each_call(town, each=lambda what: equal(waiting(town), wanted, what), step=2)


def waiting(town):
    told = Told(["pending", "list", town.folder(), "--json", "--registry", ""]).must(0)
    lines = [json.loads(line) for line in told.out.splitlines()][:-1]
    return sorted((line["unit"], line["op"], os.path.basename(line["dst"]), line["size"],
                   line["xxh3_128"] or "", line["state"]) for line in lines)


# --- random moments ---

def busy(s):
    """Many small files and some large ones, in five units, some of which share a tree."""
    b = s.backup()
    for u in range(5):
        c = s.writer(f"W{u}", method=CAN).component("c").files(
            rf"C:\{'shared' if u < 2 else 'own'}\{u}", "*", recursive=True)
        b.include(c)
        for i in range(60):
            s.put(rf"C:\{'shared' if u < 2 else 'own'}\{u}\{i % 7}\{i}.dat",
                  pattern(u * 100 + i, 1000 * (i % 20) + 1), mtime=1500000000 + i)
        s.put(rf"C:\{'shared' if u < 2 else 'own'}\{u}\large.bin", pattern(u, 20 * MIB + u),
              mtime=1500000000)
    for i in range(0, 60, 3):
        s.place(rf"C:\own\3\{i % 7}\{i}.dat", b"was there", mtime=1400000000 + i)
    return s.pack()


def killed_after(arguments, seconds):
    """True: it was killed before it ended."""
    with Child([os.environ["VSSRESTORE"], *arguments], stdin=subprocess.DEVNULL,
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.kill()
        return run.wait() == -signal.SIGKILL


def K01_kill_at_random_moments():
    chance = random.Random(SEED)
    rounds = 300 if LONG else 20
    with Scenario() as s:
        media = busy(s)
        town = Town(s, media)
        whole = town.seconds
        town.run_once() # the first one read cold media
        whole = min(whole, town.seconds)
        killed, kills, number = 0, 0, 0
        while killed < rounds:
            expect(number < 10 * rounds, f"{killed} of {number} were killed in the middle")
            durability = chance.choice(("unit", "end", "none"))
            town.arguments = ("--durability", durability, "--workers", str(chance.randint(1, 4)))
            town.copy()
            moments = [chance.uniform(0.1, 1) * whole for _ in range(chance.randint(1, 3))]
            what = f"seed {SEED}, round {number}: {durability}, killed after {moments}"
            began = time.monotonic()
            hits = int(killed_after(town.call(), moments[0]) and town.is_begun())
            if town.is_begun() and not hits: # the machine is less busy now: sooner, then
                whole = min(whole, time.monotonic() - began)
            for moment in moments[1:]:
                if hits:
                    hits += killed_after(["resume", town.folder(), "--quiet"], moment)
            if town.is_begun(): # also one that had ended: it is told again
                town.resume(what)
            killed, kills, number = killed + (hits > 0), kills + hits, number + 1
            town.clear()
        print(f"{killed} of {number} runs were killed in the middle, by {kills} kills, and judged")


# --- little is moved twice ---

def marked(folder):
    """How many pieces of large files are marked as written."""
    with open(os.path.join(folder, b"pieces.bin"), "rb") as opened:
        found = opened.read()
    _, segments, _, pieces = struct.unpack_from("<QIIQ", found)
    words = struct.unpack_from(f"<{pieces}Q", found, 24 + 16 * segments)
    return sum(word != 0 for word in words), pieces


def frames_decoded(town):
    """By the last process of a run."""
    with open(os.path.join(town.folder(), b"profile.json"), encoding="utf-8") as opened:
        return sum(worker["decode"]["count"] for worker in json.load(opened)["workers"])


def K01_little_is_moved_twice():
    with Scenario() as s:
        c = s.writer("W").component("c").files(r"C:\big", "*", recursive=True)
        s.put(r"C:\big\one.bin", pattern(1, 200 * MIB), mtime=1500000000)
        s.backup().include(c)
        town = Town(s, s.pack(), "--workers", "2")
        for limit in ("100M", "20M", "5M"): # slower, should the machine be so busy that it ended
            town.copy()
            with Child([os.environ["VSSRESTORE"], *town.call(), "--throttle", limit],
                       stdout=subprocess.DEVNULL) as run:
                done = 0
                while run.poll() is None and done < 60:
                    time.sleep(0.001)
                    if os.path.exists(os.path.join(town.folder(), b"pieces.bin")):
                        done, _ = marked(town.folder())
                run.kill()
            done, pieces = marked(town.folder())
            if run.returncode == -signal.SIGKILL and done < pieces:
                break
            town.clear()
        expect(60 <= done < pieces, f"{done} of {pieces} pieces when it was killed")
        town.resume("killed in the middle of a large file")
        decoded = frames_decoded(town)
        expect(decoded <= pieces - done + 1, f"{decoded} decoded, {done} of {pieces} were there")


SMALL_BYTES, SMALL_COUNT, MEMORY_MIB = 40000, 2400, 16


def staged_whole(root):
    """How many small files stand in staging, with all their bytes."""
    count = 0
    for folder, _, names in os.walk(root):
        for name in names if b".vssrestore-" in folder else []:
            try:
                count += os.lstat(os.path.join(folder, name)).st_size == SMALL_BYTES
            except FileNotFoundError: # it goes to its place
                pass
    return count


def K01_little_of_small_files_is_moved_twice():
    """Killed when a quarter, a half and most of them are staged: what is decoded again is what was
    left, and no more than the memory beside."""
    with Scenario() as s:
        c = s.writer("W").component("c").files(r"C:\many", "*", recursive=True)
        block = random.Random(SEED).randbytes(SMALL_BYTES)
        for i in range(SMALL_COUNT):
            s.put(rf"C:\many\{i % 50}\{i}.bin", i.to_bytes(8, "little") + block[8:],
                  mtime=1500000000)
        s.backup().include(c)
        town = Town(s, s.pack(), "--workers", "2", "--memory", f"{MEMORY_MIB}M")
        frames, whole = frames_decoded(town), SMALL_COUNT * SMALL_BYTES / MIB
        for part in (4, 2, 1.2):
            what = small_files_killed(town, SMALL_COUNT // part)
            done = staged_whole(town.root)
            town.resume(what)
            again = frames_decoded(town) * whole / frames
            left = (SMALL_COUNT - done) * SMALL_BYTES / MIB
            print(f"{what}: {again:.0f} MiB decoded again, {left:.0f} were left")
            expect(0 < left and again <= left + MEMORY_MIB, f"{what}: {again} again, {left} left")
            town.clear()


def stood_still_with(run, town, wanted):
    """Whether it ran until so many are staged, and not to its end: it stands still then, as it does
    while they are counted, which may take longer than the rest of it."""
    while True:
        run.send_signal(signal.SIGSTOP)
        if not os.WIFSTOPPED(waited(run)):
            return False
        if staged_whole(town.root) >= wanted:
            return True
        run.send_signal(signal.SIGCONT)
        time.sleep(0.001)


def small_files_killed(town, wanted):
    for limit in ("100M", "40M", "10M"): # slower, should the machine be so busy that it ended
        town.copy()
        with Child([os.environ["VSSRESTORE"], *town.call(), "--throttle", limit],
                   stdout=subprocess.DEVNULL) as run:
            stood = stood_still_with(run, town, wanted)
            run.kill()
        if stood and staged_whole(town.root) < SMALL_COUNT:
            return f"killed with {wanted:.0f} of {SMALL_COUNT} staged"
        town.clear()
    raise Failure("it was over before it was killed")


def K01_what_waits_for_the_boot_is_staged_once():
    """Killed after its files were kept, before they counted: they go back into staging."""
    with Scenario() as s:
        w = s.writer("Boot", method="REPLACE_AT_REBOOT")
        for i in range(3):
            s.put(rf"C:\sys\{i}.bin", pattern(i, 3 * MIB), mtime=1500000600)
        s.place_folder("C:\\")
        s.backup().include(w.component("sys").files(r"C:\sys", "*", recursive=True))
        town, seen = Town(s, s.pack(), *LIVE), 0
        wanted, count = waiting(town), town.count_calls()
        for number in range(count // 3, count):
            if town.kill_at(number) and town.is_begun() and kept(town):
                state = json.loads(Told(["inspect", town.folder(), "--json"]).must(0).out)
                town.resume(f"killed before call {number} of {count}")
                equal(waiting(town), wanted)
                if state["units"][0]["state"] in ("staging", "publishing"):
                    equal(frames_decoded(town), 0,
                          f"decoded again, killed before call {number} of {count}")
                    seen += 1
            town.clear()
        expect(seen > 3, f"{seen} were killed in between")


def kept(town):
    """Files that wait in a pending folder."""
    return [name for folder, _, names in os.walk(town.root) for name in names
            if b".vssrestore-pending-" in folder and name.startswith(b"p")]


if __name__ == "__main__":
    run_rules(globals())
