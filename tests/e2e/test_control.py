"""The control line: a run that goes on is asked, paused, slowed down and ended from outside."""

import contextlib
import ctypes
import errno
import json
import os
import platform
import shutil
import socket
import stat
import subprocess
import threading
import time

import schemas
from harness import PROGRAM, Folder, Skip, expect, run_cases, vssrestore
from units import make_set, rows_of

WAIT_S = 60


class Running:
    """A slow run of a set in folder/set, in folder/run."""

    def __init__(self, folder, *more):
        self.folder, self.dir = folder, folder / "run"
        self.child = subprocess.Popen( # pylint: disable=consider-using-with
            [PROGRAM, "run", folder / "set", "--root", folder / "root", "--run-dir", self.dir, "--json",
             *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        try:
            self.until(self.listens, "there is no control line")
        except BaseException:
            self.__exit__()
            raise
        return self

    def listens(self):
        """Its socket has a name a moment before anybody listens."""
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), \
                socket.socket(socket.AF_UNIX) as client:
            self.connect(client)
            return True
        return False

    def __exit__(self, *ignored):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def until(self, so, text):
        end = time.monotonic() + WAIT_S
        while not so():
            expect(time.monotonic() < end and self.child.poll() is None, text)
            time.sleep(0.02)

    def has_workers(self):
        return len(os.listdir(f"/proc/{self.child.pid}/task")) > 2

    def ask(self, *words, codes=(0,)):
        result = vssrestore("ctl", self.dir, *words, "--json", codes=codes)
        records = schemas.check_lines("control", result.out)
        return records[-1] if records else None

    def connect(self, client):
        """By a name: its path may be longer than an address can say."""
        here = os.getcwd()
        os.chdir(self.dir)
        try:
            client.connect("control")
        finally:
            os.chdir(here)

    def ask_until_it_stands(self):
        """What was in flight when it was paused may take any time to end, and nothing comes behind it:
        two answers a second apart are the same."""
        end, before = time.monotonic() + WAIT_S, self.ask("status")
        while True:
            time.sleep(1)
            after = self.ask("status")
            if after["bytes"] == before["bytes"]:
                return after
            expect(time.monotonic() < end, f"it is paused and goes on: {before}, {after}")
            before = after

    def end(self, code):
        out, err = self.child.communicate(timeout=WAIT_S)
        expect(self.child.returncode == code, f"{self.child.returncode}: {out[-500:]} {err}")
        return schemas.check_events(out)


def slow_set(folder):
    make_set(folder, {"small": (200, 1000), "large": (2, 8 << 20), "tiny": (2, 100)})


def a_paused_run_stands_still_and_goes_on():
    """What it counts goes on many times a second, if it does: one small frame at a time."""
    with Folder() as folder:
        make_set(folder, {"small": (160, 100 << 10), "large": (1, 100), "tiny": (2, 100)})
        with Running(folder, "--throttle", "2M", "--workers", "1", "--queue-depth", "1") as run:
            expect(run.ask("pause")["state"] == "paused", "it says so")
            after = run.ask_until_it_stands()
            moved = after["bytes"]
            expect(after["state"] == "paused" and moved["done"] < moved["total"], f"{after}")
            expect(after["throttle_bytes_per_s"] == 2 << 20, f"{after}")
            expect(run.ask("throttle", "off")["throttle_bytes_per_s"] is None, "no limit")
            expect(run.ask("resume")["state"] == "running", "it goes on")
            events = run.end(0)
            expect(any(e["t"] == "status" and e["state"] == "paused" for e in events) or
                   len(events) < 5, f"{events}")
        expect({row["outcome"] for row in rows_of(folder)} == {"RESTORED"}, "all is there")
        expect(not os.path.exists(run.dir + b"/control"), "the socket is gone")


def a_limit_holds():
    with Folder() as folder:
        slow_set(folder)
        began = time.monotonic()
        vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir", folder / "run",
                   "--throttle", "8M", "--workers", "2")
        took = time.monotonic() - began
        expect(1.7 < took < WAIT_S, f"16 MiB at 8 MiB a second took {took:.1f} s")


def a_limit_can_be_changed():
    with Folder() as folder:
        slow_set(folder)
        began = time.monotonic()
        with Running(folder, "--throttle", "100K") as run:
            for word, number in (("3k", 3072), ("3KiB/s", 3072), ("2KB", 2000), ("1MB/s", 10**6),
                                 ("70000", 70000), ("70000/s", 70000), ("1G", 1 << 30)):
                expect(run.ask("throttle", word)["throttle_bytes_per_s"] == number, word)
            run.end(0)
        expect(time.monotonic() - began < WAIT_S, "the old limit went on")


def a_cancelled_run_can_be_resumed():
    with Folder() as folder:
        slow_set(folder)
        with Running(folder, "--throttle", "500K") as run:
            expect(run.ask("cancel")["state"] == "stopping", "it says so")
            events = run.end(143)
            expect(events[-1]["exit_code"] == 143, f"{events[-1]}")
        result = vssrestore("ctl", run.dir, "status", codes=(11,))
        expect(b"no run goes on" in result.err, result.told())
        vssrestore("resume", run.dir)
        expect({row["outcome"] for row in rows_of(folder)} == {"RESTORED"}, "all is there")


def a_paused_run_can_be_cancelled():
    with Folder() as folder:
        slow_set(folder)
        with Running(folder, "--throttle", "500K") as run:
            run.ask("pause")
            run.ask("cancel")
            run.end(143)


def an_index_that_is_cut_ends_the_run_with_21():
    """Whoever maps a file cannot be told by a call that it ends: it is told by the program, and the
    run is gone on with, as after a kill, when the index is there again."""
    with Folder() as folder:
        slow_set(folder)
        with open(folder / "set/index.bin", "rb") as opened:
            whole = opened.read()
        with Running(folder, "--throttle", "500K") as run:
            run.ask("pause")
            run.ask_until_it_stands()
            os.truncate(folder / "set/index.bin", 0)
            run.ask("throttle", "off")
            run.ask("resume")
            out, err = run.child.communicate(timeout=WAIT_S)
            expect(run.child.returncode == 21, f"{run.child.returncode}: {out[-500:]} {err}")
            last = json.loads(out.splitlines()[-1])
            expect(last["t"] == "summary" and last["exit_code"] == 21, f"{last}")
            expect(b"set/index.bin" in err and b"cut short" in err, f"{err}")
            with open(folder / "set/index.bin", "wb") as opened:
                opened.write(whole)
            vssrestore("resume", run.dir)
        expect({row["outcome"] for row in rows_of(folder)} == {"RESTORED"}, "all is there")


def what_is_no_command_is_2():
    with Folder() as folder:
        slow_set(folder)
        with Running(folder, "--throttle", "500K") as run:
            for words in (["frobnicate"], ["throttle"], ["throttle", "lots"],
                          ["throttle", "1X"], ["throttle", "1iB"], ["throttle", "1KBs"],
                          ["throttle", "0"], ["throttle", "1M/h"], ["throttle", "99999999TB"],
                          ["status", "x"], []):
                run.ask(*words, codes=(2,))
            said = vssrestore("ctl", run.dir, "status")
            expect(b"running: " in said.out and b"at most" in said.out, said.told())
            run.ask("throttle", "off")
            run.end(0)
        vssrestore("ctl", folder.path, "status", codes=(11,))
        vssrestore("ctl", folder / "nowhere", "status", codes=(11,))


def a_client_holds_up_nobody():
    with Folder() as folder:
        slow_set(folder)
        with Running(folder, "--throttle", "500K") as run:
            mode = os.stat(run.dir + b"/control").st_mode
            expect(stat.S_IMODE(mode) == 0o600, "nobody else may enter")
            clients = [socket.socket(socket.AF_UNIX) for _ in range(8)]
            for client in clients:
                client.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    run.connect(client)
            clients[0].send(b"x" * 1000) # no line ever ends
            clients[1].send(b"stat")
            time.sleep(0.3)
            clients[1].send(b"us\nstatus\n\nstatus\n")
            clients[2].send(b"status\n" * 500)  # and never reads
            clients[3].close()
            clients[1].settimeout(WAIT_S)
            with clients[1].makefile("rb") as lines:
                answers = [json.loads(lines.readline() or b"{}") for _ in range(4)]
            expect([a.get("ok") for a in answers] == [True, True, False, True], f"{answers}")
            for client in clients:
                client.close()
            run.ask("throttle", "off")
            run.end(0)


def a_flood_drowns_nobody():
    """One client asks as fast as it can and reads all it is told; beside it others ask once."""
    with Folder() as folder:
        slow_set(folder)
        with Running(folder, "--throttle", "500K") as run:
            flood = socket.socket(socket.AF_UNIX)
            run.connect(flood)
            told = [0]

            def drain():
                with contextlib.suppress(OSError):
                    while got := flood.recv(1 << 20):
                        told[0] += got.count(b"\n")

            def pour():
                with contextlib.suppress(OSError):
                    while True:
                        flood.sendall(b"status\n" * 1000)
            threads = [threading.Thread(target=what, daemon=True) for what in (drain, pour)]
            for thread in threads:
                thread.start()
            for _ in range(5):
                expect(run.ask("status")["state"] == "running", "a guest is answered")
            run.ask("throttle", "off")
            run.end(0)
            for thread in threads:
                thread.join(WAIT_S)
            flood.close()
            expect(told[0] > 0, "and so is the flood")


def io_priorities(pid):
    """Of every thread: class and level, as ioprio_get() tells them; by its number."""
    number = {"x86_64": 252, "aarch64": 31}.get(platform.machine())
    if number is None:
        raise Skip(f"no number of ioprio_get() on {platform.machine()}")
    call = ctypes.CDLL(None, use_errno=True).syscall
    found = set()
    for thread in os.listdir(f"/proc/{pid}/task"):
        priority = call(number, 1, int(thread))
        if priority < 0 and ctypes.get_errno() == errno.ESRCH:
            continue # one of the kernel's, which has gone
        expect(priority >= 0, f"errno {ctypes.get_errno()}")
        found.add((priority >> 13, priority & 7))
    return found


def every_thread_of_a_nice_run_is_nice():
    with Folder() as folder:
        slow_set(folder)
        for nice, so in (("idle", {(3, 0)}), ("best-effort", {(2, 4)}), ("best-effort:7", {(2, 7)})):
            with Running(folder, "--throttle", "500K", "--workers", "2", "--ionice", nice) as run:
                run.ask("pause")
                run.until(run.has_workers, "there are no workers")
                found = io_priorities(run.child.pid)
                run.ask("cancel")
                run.end(143)
            expect(found == so, f"{nice}: {found}")
            shutil.rmtree(folder / "run")


def a_nice_run_is_no_other():
    with Folder() as folder:
        slow_set(folder)
        for number, nice in enumerate(("idle", "best-effort", "best-effort:7")):
            vssrestore("run", folder / "set", "--root", folder / f"root{number}", "--run-dir",
                       folder / f"run{number}", "--ionice", nice)
        for wrong in ("realtime", "best-effort:8", "best-effort:", "idle:1", ""):
            vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir", folder / "run",
                       "--ionice", wrong, "--json", codes=(2,))


run_cases({case.__name__: case for case in (
    a_paused_run_stands_still_and_goes_on, a_limit_holds, a_limit_can_be_changed,
    a_cancelled_run_can_be_resumed, a_paused_run_can_be_cancelled,
    an_index_that_is_cut_ends_the_run_with_21, what_is_no_command_is_2,
    a_client_holds_up_nobody, a_flood_drowns_nobody, every_thread_of_a_nice_run_is_nice,
    a_nice_run_is_no_other)})
