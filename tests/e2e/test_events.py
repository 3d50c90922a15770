"""What a restore says while it goes on: events for programs, the line for people; to readers that
read, stop, go away, or were never there. None of them may hold it up.
"""

import os
import subprocess
import threading
import time

import schemas
from harness import (PROGRAM, SOURCE_ROOT, TRIM, Child, Failure, Folder, Skip, expect, expect_none,
                     path_of, run_cases, vssrestore)
from terminals import (WAIT_S, end_of_terminal, fill, frames_of, full_terminal,
                       on_a_terminal)
from units import flip, make_later_set, make_set, rows_of

NOT_READ = b"nobody reads it"
ATTEMPTS = 8
USAGE = (["run"], ["run", "x", "--no-such-option"], ["run", "x", "--ring", "wheel"],
         ["run", "x", "--plan", "y"], ["run", "--plan", "x", "--root", "y"], ["resume"],
         ["resume", "x", "y"], ["run", "x", "--memory"], ["frobnicate"], [])


def small_set(folder):
    make_set(folder, {"small": (40, 3000), "large": (2, 3 << 20), "tiny": (2, 100)})


def run_words(folder, *more):
    return [PROGRAM, "run", folder / "set", "--root", folder / "root", "--run-dir", folder / "run",
            *more]


def check_restored(folder):
    outcomes = {row["outcome"] for row in rows_of(folder)}
    expect(outcomes == {"RESTORED"}, f"{outcomes}")


def schemas_are_schemas():
    if schemas.jsonschema is None:
        raise Skip(schemas.MISSING)
    folder = os.path.join(SOURCE_ROOT, "tools", "schema")
    names = sorted(name[:-len(".schema.json")] for name in os.listdir(folder))
    expect({"control", "events", "foreign-plan", "plan", "rows", "system"} <= set(names), f"{names}")
    for name in names:
        schemas.jsonschema.Draft202012Validator.check_schema(schemas.load(name))


def rows_and_plans_fit_their_schemas():
    with Folder() as folder:
        small_set(folder)
        vssrestore("plan", folder / "set", "--root", folder / "root", "--jsonl")
        vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir", folder / "run",
                   "--json", "--profile")
        with open(folder / "run/report.jsonl", "rb") as rows:
            schemas.check_lines("rows", rows.read())


def usage_errors_are_summaries_too():
    for words in USAGE:
        result = vssrestore(*words, "--json", codes=(2,))
        events = schemas.check_events(result.out)
        expect(events[-1]["exit_code"] == 2 and events[-1]["units"] == [], result.told())
        expect(result.err, f"{words}: nothing for people")


def faults_are_told_as_events():
    with Folder() as folder:
        result = vssrestore("run", folder.path, "--json", codes=(11,))
        events = schemas.check_events(result.out)
        expect([e["t"] for e in events] == ["error", "summary"], f"{events}")
        expect(events[0]["code"] == 11 and "set" in events[0]["text"], f"{events[0]}")


def events_go_where_they_are_sent():
    with Folder() as folder:
        small_set(folder)
        for more, has_text in (((), True), (("--json",), False)):
            ours, theirs = os.pipe()
            reader = Reader(ours)
            done = subprocess.run(run_words(folder, "--events-fd", str(theirs), *more), check=False,
                                  pass_fds=[theirs], capture_output=True, timeout=WAIT_S)
            os.close(theirs)
            events = schemas.check_events(reader.all())
            expect(done.returncode == 0, f"{done}")
            expect(bool(done.stdout) == has_text, f"text: {done.stdout}")
            expect([e["t"] for e in events][0::len(events) - 1] == ["begin", "summary"], f"{events}")
            expect(events[0]["run_dir"] == os.fsdecode(folder / "run"), f"{events[0]}")
            last = events[-2]
            expect(last["t"] == "status" and last["last"], f"{last}")
            expect(last["files"]["done"] == last["files"]["total"] == sum(
                events[-1]["files"].values()), f"{last}, {events[-1]}")
            subprocess.run(["rm", "-rf", folder / "run", folder / "root"], check=True)


def folders_that_are_no_text_have_their_bytes():
    with Folder() as folder:
        small_set(folder)
        full, later = folder / b"full\xff", folder / b"later\xfe"
        os.rename(folder / "set", full)
        make_later_set(folder, full, later)
        result = vssrestore("run", full, later, "--root", folder / "root", "--json", cwd=folder.path,
                            codes=None)
        steps = [event for event in schemas.check_events(result.out) if event["t"] == "step"]
        expect([path_of(step, "set") for step in steps] == [full, later], result.told())
        run = folder / b"run\xfd"
        result = vssrestore("run", full, "--root", folder / "other", "--run-dir", run, "--json")
        events = [e for e in schemas.check_events(result.out) if e["t"] in ("begin", "summary")]
        events.append(vssrestore("resume", run, "--json").json())
        expect([path_of(event, "run_dir") for event in events] == [run] * 3, f"{events}")


def statuses_come_once_a_second():
    """Each within its bounds, none before its time: see schemas.check_events()."""
    with Folder() as folder:
        small_set(folder)
        result = vssrestore(*run_words(folder, "--json", "--throttle", "2M")[1:])
        statuses = [event for event in schemas.check_events(result.out) if event["t"] == "status"]
        expect(len(statuses) >= 3 and statuses[-1]["last"], f"{statuses}")
        took = statuses[-1]["elapsed_ms"] / 1000
        expect(len(statuses) <= took + 2, f"{len(statuses)} in {took} s")


def usage_errors_are_events_on_any_descriptor():
    for words in USAGE:
        ours, theirs = os.pipe()
        reader = Reader(ours)
        done = subprocess.run([PROGRAM, *words, "--events-fd", str(theirs)], check=False,
                              pass_fds=[theirs], capture_output=True, timeout=WAIT_S)
        os.close(theirs)
        events = schemas.check_events(reader.all())
        expect(done.returncode == 2 and [e["t"] for e in events] == ["summary"] and
               done.stdout == b"", f"{words}: {done}, {events}")


def a_descriptor_that_is_none_is_usage():
    with Folder() as folder:
        small_set(folder)
        with open(folder / "set/set.json", "rb") as read_only:
            for number in (9, 2, read_only.fileno()):
                done = subprocess.run(run_words(folder, "--events-fd", str(number)), check=False,
                                      pass_fds=[read_only.fileno()], capture_output=True)
                expect(done.returncode == 2 and b"--events-fd" in done.stderr, f"{done}")
                expect(not os.path.exists(folder / "run"), "something was begun")


class Reader:
    """Reads a descriptor to its end, beside, from when that file is there."""

    def __init__(self, fd, after=None):
        self.fd, self.after, self.data = fd, after, []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        end = time.monotonic() + WAIT_S
        while self.after and not os.path.exists(self.after) and time.monotonic() < end:
            time.sleep(0.02)
        while data := os.read(self.fd, 65536):
            self.data.append(data)

    def all(self):
        self.thread.join(WAIT_S)
        os.close(self.fd)
        return b"".join(self.data)


def a_reader_that_goes_away_changes_nothing():
    with Folder() as folder:
        small_set(folder)
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run(run_words(folder, "--json"), check=False, stdout=theirs,
                              stderr=subprocess.PIPE, timeout=WAIT_S)
        os.close(theirs)
        expect(done.returncode == 0 and b"summary stands in the run folder" in done.stderr, f"{done}")
        check_restored(folder)


def a_reader_that_goes_away_in_the_middle_changes_nothing():
    with Folder() as folder:
        small_set(folder)
        ours, theirs = os.pipe()
        with Child(run_words(folder, "--json", "--throttle", "3M"), stdout=theirs,
                   stderr=subprocess.PIPE) as child:
            os.close(theirs)
            expect(os.read(ours, 4096).startswith(b'{"t":"begin"'), "it has begun")
            os.close(ours)
            told = child.communicate(timeout=WAIT_S)[1]
        expect(child.returncode == 0 and b"summary stands in the run folder" in told, f"{told}")
        check_restored(folder)


def a_reader_that_stands_still_stops_nothing():
    with Folder() as folder:
        small_set(folder)
        ours, theirs = os.pipe()
        fill(theirs)
        began = time.monotonic() # a disk is not waited for, either
        with Child(run_words(folder, "--json", "--durability", "none"), stdout=theirs,
                   stderr=subprocess.PIPE) as child:
            summary = folder / "run/summary.json"
            while not os.path.exists(summary) and time.monotonic() - began < WAIT_S:
                time.sleep(0.05)
            expect(time.monotonic() - began < 8, "the restore waited for its reader")
            told = child.communicate(timeout=WAIT_S)[1]
        expect(child.returncode == 0 and NOT_READ in told, f"{child.returncode}: {told}")
        check_restored(folder)
        os.close(ours)
        os.close(theirs)


def a_reader_that_comes_late_misses_no_result():
    with Folder() as folder:
        small_set(folder)
        ours, theirs = os.pipe()
        filled = fill(theirs)
        reader = Reader(ours, after=folder / "run/summary.json")
        done = subprocess.run(run_words(folder, "--json", "--throttle", "3M"), check=False,
                              stdout=theirs, stderr=subprocess.PIPE, timeout=WAIT_S)
        os.close(theirs)
        data = reader.all()
        expect(done.returncode == 0 and done.stderr == b"", f"{done}")
        events = schemas.check_events(data[filled:])
        expect([e["t"] for e in events] == ["begin", "status", "summary"], f"{events}")
        expect(events[1]["last"] and events[1]["elapsed_ms"] > 1000, "one before it was dropped")


def until_it_is_full(folder, run):
    """run(slave): a restore to folder that writes to a terminal with little room. Tried again where
    the room was enough after all. What was drawn, and what run() gave."""
    for _ in range(ATTEMPTS):
        master, slave = full_terminal(has_room=True)
        done = run(slave)
        drawn, was_full = end_of_terminal(master, slave)
        check_restored(folder)
        subprocess.run(["rm", "-rf", folder / "run", folder / "root"], check=True)
        if drawn and was_full:
            return drawn, done
    raise Failure(f"{ATTEMPTS} times it was not full in the middle: {drawn}")


def draw(folder, slave, *more):
    """A restore whose line is drawn there."""
    began = time.monotonic()
    done = subprocess.run(run_words(folder, *more), check=False, stdout=subprocess.PIPE,
                          stderr=slave, timeout=WAIT_S, env={**os.environ, "TERM": "xterm"})
    expect(done.returncode == 0 and b"restored: all 3 units" in done.stdout, f"{done}")
    expect(time.monotonic() - began < 60, "it waited for the terminal")


def a_full_terminal_stops_nothing():
    with Folder() as folder:
        small_set(folder)
        master, slave = full_terminal()
        draw(folder, slave)
        expect(end_of_terminal(master, slave) == (b"", True), "it was full, and stayed so")
        check_restored(folder)


def a_terminal_that_becomes_full_stops_nothing():
    if TRIM:
        raise Skip("campaigns are trimmed: it waits long for a reader; events on one do, too")
    with Folder() as folder:
        small_set(folder)
        drawn, _ = until_it_is_full(folder, lambda slave: draw(folder, slave, "--throttle", "3M"))
        expect(b"%" in drawn, f"{drawn}")


def events_on_a_full_terminal_stop_nothing():
    with Folder() as folder:
        small_set(folder)
        drawn, done = until_it_is_full(folder, lambda slave: subprocess.run(
            run_words(folder, "--json", "--throttle", "3M"), check=False, stdout=slave,
            stderr=subprocess.PIPE, timeout=WAIT_S))
        expect(drawn.startswith(b'{"t":"begin"') and b'"t":"summary"' not in drawn, f"{drawn}")
        expect(done.returncode == 0 and NOT_READ in done.stderr, f"{done}")


# --- for people ---

def the_line_fits_the_terminal():
    with Folder() as folder:
        make_set(folder, {"small": (3000, 3000), "large": (2, 3 << 20), "tiny": (2, 100)})
        flip(folder / "set/packs/pack-000000.tar.lz4", 0.6)
        for number, columns in enumerate((10, 200) if TRIM else (10, 20, 40, 80, 200)):
            drawn = on_a_terminal([PROGRAM, "run", folder / "set", "--root", folder / f"r{number}",
                                   "--run-dir", folder / f"run{number}", "--throttle", "8M"], columns)
            frames = frames_of(drawn)
            expect(len(frames) > 2, f"{columns} columns: {drawn}")
            expect_none([f for f in frames if len(f) >= columns], f"wider than {columns}")
            expect(all("%" in f for f in frames), f"{frames}")
            if columns == 200:
                for word in ("files/s", "B/s", "left", "FAILED", "Three: ", "[#"):
                    expect(any(word in f for f in frames), f"no {word} in {frames[-3:]}")
                expect(b"\033[1;31m" in drawn, "failures are red")


def who_wants_no_colour_gets_none():
    with Folder() as folder:
        make_set(folder, {"small": (2000, 3000), "large": (1, 1000), "tiny": (2, 100)})
        flip(folder / "set/packs/pack-000000.tar.lz4")
        words = run_words(folder, "--throttle", "5M")
        drawn = on_a_terminal(words, 150, NO_COLOR="1")
        expect(b"FAILED" in drawn and b"\033[1;31m" not in drawn, f"{drawn[-500:]}")
        subprocess.run(["rm", "-rf", folder / "run", folder / "root"], check=True)
        drawn = on_a_terminal(words, 150, TERM="dumb")
        expect(b"\033" not in drawn and b"%" not in drawn, f"{drawn[-500:]}")
        subprocess.run(["rm", "-rf", folder / "run", folder / "root"], check=True)
        done = subprocess.run(words, check=False, capture_output=True)
        expect(b"%" not in done.stderr and b"\033" not in done.stderr + done.stdout, f"{done.stderr}")


run_cases({case.__name__: case for case in (
    schemas_are_schemas, rows_and_plans_fit_their_schemas, usage_errors_are_summaries_too,
    usage_errors_are_events_on_any_descriptor, faults_are_told_as_events,
    events_go_where_they_are_sent, folders_that_are_no_text_have_their_bytes, statuses_come_once_a_second,
    a_descriptor_that_is_none_is_usage, a_reader_that_goes_away_changes_nothing,
    a_reader_that_goes_away_in_the_middle_changes_nothing,
    a_reader_that_stands_still_stops_nothing, a_reader_that_comes_late_misses_no_result,
    a_full_terminal_stops_nothing, a_terminal_that_becomes_full_stops_nothing,
    events_on_a_full_terminal_stop_nothing,
    the_line_fits_the_terminal, who_wants_no_colour_gets_none)})
