"""What a restore says while it goes on: events for programs, the line for people; to readers that
read, stop, go away, or were never there. None of them may hold it up.
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time

import schemas
from harness import PROGRAM, Folder, Skip, expect, expect_none, run_cases, vssrestore
from units import IDS, make_set, rows_of

WAIT_S = 120
NOT_READ = b"nobody reads it"
USAGE = (["run"], ["run", "x", "--no-such-option"], ["run", "x", "--ring", "wheel"],
         ["run", "x", "--plan", "y"], ["run", "--plan", "x", "--root", "y"], ["resume"],
         ["resume", "x", "y"], ["run", "x", "--memory"])


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
        raise Skip("no python3-jsonschema here: nothing is held against the schemas")
    for name in ("events", "rows", "plan"):
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
    """Reads a descriptor to its end, beside."""

    def __init__(self, fd, after_s=0.0):
        self.fd, self.after_s, self.data = fd, after_s, []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        time.sleep(self.after_s)
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


def fill(fd):
    """Until nothing more goes in."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    filled = 0
    for size in (4096, 1):
        try:
            while True:
                filled += os.write(fd, b"\n" * size)
        except BlockingIOError:
            pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    return filled


def a_reader_that_stands_still_stops_nothing():
    with Folder() as folder:
        small_set(folder)
        ours, theirs = os.pipe()
        fill(theirs)
        began = time.monotonic()
        with subprocess.Popen(run_words(folder, "--json"), stdout=theirs,
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
        reader = Reader(ours, after_s=2)
        done = subprocess.run(run_words(folder, "--json"), check=False, stdout=theirs,
                              stderr=subprocess.PIPE, timeout=WAIT_S)
        os.close(theirs)
        data = reader.all()
        expect(done.returncode == 0 and done.stderr == b"", f"{done}")
        events = schemas.check_events(data[filled:])
        expect([e["t"] for e in events] == ["begin", "status", "summary"], f"{events}")


def a_full_terminal_stops_nothing():
    with Folder() as folder:
        small_set(folder)
        master, slave = pty.openpty()
        fill(slave)
        began = time.monotonic()
        done = subprocess.run(run_words(folder), check=False, stdout=subprocess.PIPE, stderr=slave,
                              timeout=WAIT_S, env={**os.environ, "TERM": "xterm"})
        expect(done.returncode == 0 and b"restored: all 3 units" in done.stdout, f"{done}")
        expect(time.monotonic() - began < 60, "it waited for the terminal")
        os.close(master)
        os.close(slave)
        check_restored(folder)


# --- for people ---

def on_a_terminal(words, columns, **environment):
    """What the program draws on a terminal as wide as that: bytes of its standard error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
                          env={**os.environ, "TERM": "xterm", **environment}) as child:
        os.close(slave)
        drawn = b""
        while child.poll() is None or select.select([master], [], [], 0)[0]:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    drawn += os.read(master, 65536)
                except OSError: # its last user has gone
                    break
        code = child.wait(WAIT_S)
        expect(code in (0, 3, 20), f"{code}: {drawn}")
    os.close(master)
    return drawn


def hostile_set(folder):
    """A unit whose name, and whose files' names, would steer a terminal."""
    make_set(folder, {"small": (3, 3000), "large": (2, 6 << 20), "tiny": (2, 100)},
             seed=lambda: [write(folder / f"c/tiny/{name}") for name in
                           ("a\nb", "red\x1b[31m", "\u202eexe", "back\rward", "bell\a\x9b2J")])


def write(path):
    with open(path, "wb") as file:
        file.write(b"x" * 100)


def no_name_steers_a_terminal():
    with Folder() as folder:
        hostile_set(folder)
        os.makedirs(folder / "root/C/tiny/0")
        os.makedirs(folder / "root/C/tiny/red\x1b[31m")
        told = []
        places = ("--root", folder / "root")
        told.append(vssrestore("inspect", folder / "set"))
        told.append(vssrestore("plan", folder / "set", *places))
        told.append(vssrestore("explain", folder / "set", *places, "C:\\tiny\\a\nb"))
        told.append(vssrestore("run", folder / "set\x1b[2J", *places, codes=(11,)))
        told.append(vssrestore("run", folder / "set", *places, "--run-dir", folder / "run",
                               codes=(3,)))
        flip(folder / "set/packs/pack-000000.tar.lz4")
        told.append(vssrestore("verify", folder / "set", codes=(20,)))
        told.append(vssrestore("run", folder / "set", "--root", folder / "other", "--run-dir",
                               folder / "run2", codes=(20,)))
        for result in told:
            found = re.findall(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae",
                               result.out + result.err)
            expect(not found, f"{found} is printed by\n{result.told()!r}")


def flip(path, begin=0.0):
    """In each kilobyte one bit, so that every name is told; from that share of the file on."""
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        for at in range(100 + int(begin * size), size - 2000, 1 << 10):
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))


def frames_of(drawn):
    """What stood on the line, one after another."""
    text = re.sub(r"\033\[1;31m|\033\[0m", "", drawn.decode())
    return [frame for frame in text.replace("\r", "\n").replace("\033[K", "").split("\n") if frame]


def the_line_fits_the_terminal():
    with Folder() as folder:
        make_set(folder, {"small": (3000, 3000), "large": (2, 3 << 20), "tiny": (2, 100)})
        flip(folder / "set/packs/pack-000000.tar.lz4", 0.6)
        for number, columns in enumerate((10, 20, 40, 80, 200)):
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


# --- many ---

UNITS_MANY = 10000


def write_many(folder):
    os.makedirs(folder / "documents")
    os.makedirs(folder / "c/all")
    names = [f"unit {number:05}" for number in range(UNITS_MANY)]
    for name in names:
        write(folder / f"c/all/{name}")
    with open(folder / "documents/bcd.xml", "w", encoding="utf-8") as out:
        out.write('<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" '
                  'bootableSystemStateBackup="no" selectComponents="yes" backupType="full" '
                  'partialFileSupport="no" snapshotSetId="6a2f5e1c-7d4b-4f0e-9a51-2b6c8d9e0f11">'
                  f'<WRITER_COMPONENTS {IDS} backupSchema="0">' + "".join(
                      f'<COMPONENT componentName="{name}" componentType="filegroup"/>'
                      for name in names) + "</WRITER_COMPONENTS></BACKUP_COMPONENTS>")
    groups = "".join(f'<FILE_GROUP componentName="{name}" restoreMetadata="no" '
                     'notifyOnBackupComplete="no" selectable="yes" selectableForRestore="yes" '
                     f'componentFlags="0"><FILE_LIST path="C:\\all" filespec="{name}" '
                     'recursive="no" filespecBackupType="3855"/></FILE_GROUP>' for name in names)
    with open(folder / "documents/writer.xml", "w", encoding="utf-8") as out:
        out.write('<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2">'
                  f'<IDENTIFICATION {IDS} friendlyName="Many" usage="USER_DATA" dataSource="OTHER" '
                  'majorVersion="0" minorVersion="0"/><RESTORE_METHOD '
                  'method="RESTORE_IF_CAN_BE_REPLACED" writerRestore="always" rebootRequired="no"/>'
                  f'<BACKUP_LOCATIONS>{groups}</BACKUP_LOCATIONS></WRITER_METADATA>')
    vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
               "-o", folder / "set")


def ten_thousand_units_are_told():
    with Folder() as folder:
        write_many(folder)
        result = vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir",
                            folder / "run", "--json")
        units = result.json()["units"]
        expect(len(units) == UNITS_MANY and {u["status"] for u in units} == {"ALL"}, "all are whole")
        page = vssrestore("report", folder / "run").out
        expect(page.count(b"<tr data-kind=\"Whole\"") == UNITS_MANY, "all are on the page")
        plan = vssrestore("plan", folder / "set", "--root", folder / "root2", "--json")
        expect(len(json.loads(plan.out.splitlines()[0])["choices"]) > 0, "the plan is told")


run_cases({case.__name__: case for case in (
    schemas_are_schemas, rows_and_plans_fit_their_schemas, usage_errors_are_summaries_too,
    faults_are_told_as_events, events_go_where_they_are_sent, a_descriptor_that_is_none_is_usage,
    a_reader_that_goes_away_changes_nothing, a_reader_that_stands_still_stops_nothing,
    a_reader_that_comes_late_misses_no_result, a_full_terminal_stops_nothing,
    no_name_steers_a_terminal, the_line_fits_the_terminal, who_wants_no_colour_gets_none,
    ten_thousand_units_are_told)})
