"""Plans of other front ends whose run was interrupted, killed or met a full disk: it goes on, with
the plan and the media that it had begun with, and makes nothing twice.
"""

import os
import shutil
import signal
import subprocess
import time

import schemas
from foreign import Plan, chunk, flip, lz4_block, text
from harness import PROGRAM, Child, Failure, Folder, expect, run_cases, vssrestore
from test_space import Memory

WAIT_S = 60


def killed(plan, share):
    """Run it slowly, and kill it when so much of its bytes is there; slower still, if it ended."""
    run, told, enough = plan.folder / "run", b"", share * plan.records()[0]["bytes"]
    plan.write()
    for limit in ("15M", "3M", "500K"):
        with Child([PROGRAM, "run", "--plan", plan.folder / "plan", "--run-dir", run,
                    "--throttle", limit, "--quiet"], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            while running.poll() is None and done_of(run) < enough:
                time.sleep(0.02)
            running.kill()
        told += b"at most %s a second: ended with %d; " % (limit.encode(), running.returncode)
        if running.returncode == -signal.SIGKILL:
            return
        for path in (run, plan.folder / "out"):
            shutil.rmtree(path)
        os.mkdir(plan.folder / "out")
    raise Failure(f"it was not killed in the middle: {told}")


def done_of(run):
    """How many bytes a run that goes on has restored; 0: it does not answer."""
    if not os.path.exists(run + b"/control"):
        return 0
    told = vssrestore("ctl", run, "status", "--json", codes=None)
    return told.json()["bytes"]["done"] if told.code == 0 else 0


def pause(run):
    """It stands still. Its first event may come before it listens to anybody."""
    end = time.monotonic() + WAIT_S
    while vssrestore("ctl", run, "pause", codes=(0, 11)).code != 0:
        expect(time.monotonic() < end, "no run listens")
        time.sleep(0.02)


def stopped(plan):
    """Run it until it copies, and kill it while it stands still: nothing depends on the moment."""
    plan.write()
    with Child([PROGRAM, "run", "--plan", plan.folder / "plan", "--run-dir",
                plan.folder / "run", "--throttle", "1M", "--json"],
               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        pause(plan.folder / "run")
        running.send_signal(signal.SIGKILL)


def large_plan(folder):
    plan = Plan(folder)
    pieces = [text(2000000) for _ in range(10)]
    plan.file("chunks", b"".join(pieces),
              [chunk(plan.store(stored), piece, "lz4-frame", len(stored)) for piece, stored in
               ((piece, plan.lz4(piece)) for piece in pieces)])
    plan.plain("one", text(12000000))
    plan.unit("second")
    plan.plain("two", text(3000000))
    return plan


def a_killed_run_goes_on():
    for share in (0.2, 0.5, 0.75):
        with Folder() as folder:
            plan = large_plan(folder)
            killed(plan, share)
            vssrestore("resume", folder / "run", "--json")
            plan.check()
            plan.verify()


def what_was_staged_is_not_made_again():
    """Also where no file's time is told."""
    for timed in (True, False):
        with Folder() as folder:
            plan, held = Plan(folder), []
            for number in range(60):
                record = plan.plain(f"f{number}", text(100000))
                if not timed:
                    del record["modify_s"], record["modify_ns"]
            killed(plan, 0.6)
            try: # open, so that no other file gets their numbers
                for at, _, names in os.walk(folder / "out"):
                    held += [os.open(os.path.join(at, name), os.O_RDONLY) for name in names]
                before = {os.fstat(one).st_ino for one in held}
                vssrestore("resume", folder / "run", "--json")
                kept = sum(os.stat(plan.path(f"f{number}")).st_ino in before
                           for number in range(60))
            finally:
                for one in held:
                    os.close(one)
            expect(kept >= 20, f"{kept} of {len(before)} were kept, timed: {timed}")
            plan.verify()


def what_changed_meanwhile_is_refused():
    def the_plan(plan):
        plan.units[0]["component"] = "another"
        plan.write()

    def a_stored_file(plan):
        flip(plan, plan.folder / "media/stored-3", None)
    for change, told in ((the_plan, b"is another plan"), (a_stored_file, b"a stored file")):
        with Folder() as folder:
            plan = large_plan(folder)
            stopped(plan)
            change(plan)
            result = vssrestore("resume", folder / "run", "--json", codes=(41,))
            expect(told in result.err, f"what changed is told: {result.told()}")


def filled(path):
    """A file that leaves little room where it is."""
    with open(path, "wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                pass
        out.truncate(max(0, out.tell() - (64 << 10)))


def fill_it_up(plan):
    """Run it, and fill its disk when it has begun, and stands still: its exit code."""
    with Child([PROGRAM, "run", "--plan", plan.folder / "plan", "--run-dir",
                plan.folder / "run", "--throttle", "256K", "--json"],
               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        pause(plan.folder / "run")
        filled(plan.folder / "out/filler")
        for words in (("throttle", "off"), ("resume",)):
            vssrestore("ctl", plan.folder / "run", *words)
        schemas.check_events(running.stdout.read())
    return running.returncode


def a_full_disk_is_told_and_gone_on_with():
    """Each codec in a unit of its own, streamed and in chunks; each needs more than there is."""
    with Folder() as folder, Memory(folder / "out", "size=24m"):
        plan = Plan(folder)
        data = [text(5 << 20) for _ in range(3)]
        plan.unit("none")
        plan.plain("none", data[0])
        plan.unit("frame")
        stored = plan.lz4(data[1])
        plan.file("frame", data[1], [chunk(plan.store(stored), data[1], "lz4-frame", len(stored))])
        plan.unit("block")
        pieces = [data[2][at:at + (2 << 20)] for at in range(0, len(data[2]), 2 << 20)]
        blocks = [(piece, lz4_block(piece)) for piece in pieces]
        plan.file("block", data[2], [chunk(plan.store(block), piece, "lz4-block", len(block))
                                     for piece, block in blocks])
        plan.write()
        expect(fill_it_up(plan) == 30, "a full disk is told as one")
        rows = {os.path.basename(path): row for path, row in plan.rows().items()}
        for name in (b"none", b"frame", b"block"):
            expect((rows[name]["outcome"], rows[name]["errno"]) == ("DEST_FULL", 28), f"{rows}")
        found = [name for name in os.listdir(folder / "out") if not name.startswith(b".vssrestore")]
        expect(found == [b"filler"], f"nothing short is seen: {found}")
        os.remove(folder / "out/filler")
        vssrestore("resume", folder / "run", "--json")
        plan.check()
        plan.verify()


CASES = {case.__name__.replace("_", " "): case for case in (
    a_killed_run_goes_on, what_was_staged_is_not_made_again, a_full_disk_is_told_and_gone_on_with,
    what_changed_meanwhile_is_refused)}

if __name__ == "__main__":
    run_cases(CASES)
