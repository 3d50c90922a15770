"""What tests of runs that did not end by themselves share, beside town.py: a run that is caught in
the middle, stopped or killed there, and what stands then in its run folder and at the destination.
"""

import json
import os
import signal
import struct
import subprocess
import time

from scenario import Failure, Told, expect
from town import CAN, MIB, pattern, waited


def large(s, count=12):
    """Large files of one component, so that a run takes a while."""
    c = s.writer("W", method=CAN).component("c").files(r"C:\big", "*", recursive=True)
    for i in range(count):
        s.put(rf"C:\big\{i}.bin", pattern(i, 16 * MIB), mtime=1500000000 + i)
    s.backup().include(c)
    return s.pack()


def stopped(town, pieces=0, env=None, limits=("100M", "20M", "5M")):
    """A process that runs, has come so far, and stands still until SIGCONT. It has a limit, so that
    a busy machine does not miss the moment; it is tried again if it did."""
    for limit in limits:
        town.copy()
        run = subprocess.Popen([os.environ["VSSRESTORE"], *town.call(), "--throttle", limit],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        rows = os.path.join(town.folder(), b"pieces.bin")
        while run.poll() is None and not (os.path.exists(rows) and marked(rows) > pieces):
            time.sleep(0.001)
        run.send_signal(signal.SIGSTOP)
        if run.returncode is None and os.WIFSTOPPED(waited(run)):
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


def killed_behind(town, stands):
    """Killed before the first call at which stands() is true: a rename was the one before it, and
    nothing is committed. The number of that call."""
    first, last = 1, town.count_calls()
    while first < last:
        half = (first + last) // 2
        town.kill_at(half)
        first, last = (first, half) if town.is_begun() and stands() else (half + 1, last)
        town.clear()
    for number in range(first, first + 20): # some calls come a little earlier or later
        if town.kill_at(number) and town.is_begun() and stands():
            return number
        town.clear()
    raise Failure("no run was killed behind the rename")


def staging_of(town):
    top = os.path.join(town.root, b"C")
    return [name for name in os.listdir(top) if name.startswith(b".vssrestore-")]


def copied(town):
    """A copy of the run folder, as somebody makes one to be safe."""
    other = town.folder() + b".copy"
    subprocess.run(["cp", "-a", town.folder(), other], check=True)
    return other


def inspected(folder):
    return json.loads(Told(["inspect", folder, "--json"]).must(0).out)


def seen(path):
    """A file's bytes, a link's text."""
    if os.path.islink(path):
        return os.readlink(path)
    with open(path, "rb") as opened:
        return opened.read()


def holds(path, content):
    """Is that what stands there? Somebody may be at work there."""
    try:
        with open(path, "rb") as opened:
            return opened.read() == content
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
