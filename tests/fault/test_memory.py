"""Memory that runs out, at each place where the program asks for some, and where its library does.

Goal: the process ends there and then with 50, whoever reads its events finds whole lines and a
summary at the end, and what was begun is gone on with, as after a kill. Method: the allocations are
counted and fail in turn, and from each on nobody gets any memory (memory_ends.c). The library's
are many: the first ones and some of the others (VSSRESTORE_LONG=1: all); what its readers do
without memory: tests/fuzz.
"""

import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import (LONG, PROGRAM, Failure, Scenario, equal, expect, preloadable,  # noqa: E402
                      run_cases, schemas, told_case)
from terminals import WAIT_S, fill # noqa: E402
from town import NOT_THERE, pattern # noqa: E402

LATE_S = 0.2
LIBRARY = {"MEMORY_LIBRARY": "1"}
FIRST, STEP = 12, 1 if LONG else 25


def starved(number):
    """The environment of a program that gets no memory from that allocation on."""
    shim = preloadable("VSSRESTORE_MEMORY_ENDS")
    return {**os.environ, "LD_PRELOAD": shim, "MEMORY_ENDS": str(number)}


def call(*words, **more):
    return subprocess.run([os.fsencode(PROGRAM), *map(os.fsencode, words)], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=WAIT_S, **more)


def own_calls(folder, *words, whose=None, **more):
    """How many allocations of its own a call has that nothing disturbs. whose: also LIBRARY's."""
    count = os.path.join(folder, b"count")
    done = call(*words, env={**starved(0), **(whose or {}), "MEMORY_COUNT": os.fsdecode(count)},
                **more)
    with open(count, encoding="ascii") as opened:
        return int(opened.read()), done


def check_ended(done, what):
    """It ended for want of memory, and said so."""
    told = f"{what}: {done}"
    expect(done.returncode == 50 and b"no memory" in done.stderr, told)
    try:
        events = schemas.check_events(done.stdout)
    except schemas.Wrong as wrong:
        raise Failure(f"{wrong}\n{told}") from wrong
    equal(events[-1]["exit_code"], 50, told)


def chain(s):
    """A full set and an incremental one."""
    c = s.writer("Ledger", method=NOT_THERE).component("db").files(r"C:\db", "*")
    s.backup().include(c, stamp="one")
    s.put(r"C:\db\a.dat", b"full", mtime=1500000000)
    s.put(r"C:\db\b.dat", pattern(1, 9000), mtime=1500000000)
    full = s.pack()
    s.backup(type="incremental").include(c, stamp="two")
    s.put(r"C:\db\a.dat", b"incremental", mtime=1500000001)
    return full, s.pack("--parent", full)


def place(s, name):
    """A folder to run in, and where the restore goes."""
    folder = os.path.join(s.folder, name)
    os.makedirs(os.path.join(folder, b"root"))
    return folder


def run_words(sets, *more):
    return ["run", *sets, "--root", "root", "--json", "--metrics", "metrics.prom", *more]


def last_run(folder):
    """The run folder of the step that was begun last, or None."""
    runs = [os.path.join(folder, name) for name in os.listdir(folder)
            if name.startswith(b"vssrestore-run-")]
    return max(runs, key=os.path.getmtime, default=None)


def read_all(descriptor, read):
    while data := os.read(descriptor, 1 << 16):
        read.append(data)


def restore_and_resume(whose, first, step):
    """A chain, whose steps keep what is left of it, with metrics."""
    with Scenario() as s:
        sets = chain(s)
        count, done = own_calls(s.folder, *run_words(sets), whose=whose, cwd=place(s, b"whole"))
        expect(done.returncode == 0 and count > 20, f"{count} allocations: {done}")
        resumed = 0
        for number in (*range(1, first), *range(first, count + 1, step)):
            folder = place(s, b"%d" % number)
            what = f"allocation {number} of {count}"
            check_ended(call(*run_words(sets), cwd=folder, env={**starved(number), **whose}), what)
            run = last_run(folder)
            if run is not None:
                again = call("resume", run, "--json")
                equal(again.returncode, 0, f"{what}, then resumed: {again}")
                resumed += 1
        expect(resumed > 5, f"{resumed} runs had begun")


def each_allocation_of_a_restore():
    restore_and_resume({}, 1, 1)


def allocations_of_the_library():
    restore_and_resume(LIBRARY, FIRST, STEP)


def each_allocation_of_a_resume():
    """What ends for want of memory is gone on with, for as far as that goes."""
    with Scenario() as s:
        sets = chain(s)
        folder = place(s, b"once")
        count, _ = own_calls(s.folder, *run_words(sets), cwd=place(s, b"whole"))
        begun = next(number for number in range(1, count + 1)
                     if call(*run_words(sets), cwd=folder, env=starved(number)).returncode == 50
                     and last_run(folder) is not None)
        ended = 0
        for number in range(1, count + 1):
            done = call("resume", last_run(folder), "--json", cwd=folder, env=starved(number))
            if done.returncode == 0:
                break
            check_ended(done, f"allocation {number} of a resume, of a run that had {begun}")
            ended += 1
        expect(ended > 10, f"{ended} ended so")


def each_allocation_of_a_call_that_is_wrong():
    for words in (["run", "x", "--no-such-option"], ["run"], ["resume", "/nowhere"],
                  ["run", "/nowhere", "--component", "x", "--component", "y"]):
        with Scenario() as s:
            count, _ = own_calls(s.folder, *words, "--json")
            for number in range(1, count + 1):
                check_ended(call(*words, "--json", env=starved(number)), f"{words}: {number}")
            expect(count > 1, f"{words}: {count}")


def a_reader_that_comes_late_reads_whole_lines():
    """What waits for it is written first, then the summary."""
    with Scenario() as s:
        words = ["run", chain(s)[0], "--root", "root"]
        count, _ = own_calls(s.folder, *words, "--json", cwd=place(s, b"whole"))
        for number in range(count // 3, count + 1, count // 5):
            ours, theirs = os.pipe()
            filled, read = fill(theirs), []
            late = threading.Timer(LATE_S, read_all, (ours, read))
            late.start()
            done = call(*words, "--events-fd", str(theirs), pass_fds=[theirs],
                        cwd=place(s, b"late %d" % number), env=starved(number))
            os.close(theirs)
            late.join(WAIT_S)
            os.close(ours)
            done.stdout = b"".join(read)[filled:]
            check_ended(done, f"allocation {number} of {count}")


if __name__ == "__main__":
    run_cases({case.__name__: told_case(case) for case in (
        each_allocation_of_a_restore, allocations_of_the_library, each_allocation_of_a_resume,
        each_allocation_of_a_call_that_is_wrong, a_reader_that_comes_late_reads_whole_lines)})
