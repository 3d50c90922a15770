"""What the end-to-end tests share: running the program, temporary folders, cases.

A case is a function; it fails by raising Failure with a text that names paths, and is skipped by
raising Skip with the reason. Cases are told in cmocka's words, so that tools/check counts them.
Paths are bytes everywhere: names need not be any text.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import schemas

PROGRAM = os.environ.get("VSSRESTORE", "vssrestore")
MAKE_VOLUME = os.environ.get("VSSRESTORE_MAKE_VOLUME", "make_volume")
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("VSSRESTORE_SHARED", os.path.join(SOURCE_ROOT, "..", "shared"))
DOCUMENTS = os.path.join(SOURCE_ROOT, "tests", "data", "documents")
SHOWN_MAX = 20
LONG = os.environ.get("VSSRESTORE_LONG") == "1"
TRIM = os.environ.get("VSSRESTORE_TRIM") == "1" # fewer of the same: another stage runs them all
ROOMY_BYTES = 3 << 30


class Failure(Exception):
    """What was expected and was not so."""


class Skip(Exception):
    """Why a case cannot run here."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def expect_none(found, text):
    """found: a list of bytes or text, which should be empty."""
    if found:
        shown = [entry.decode(errors="backslashreplace") if isinstance(entry, bytes) else str(entry)
                 for entry in found[:SHOWN_MAX]]
        more = f"\n  ... and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
        raise Failure(f"{text}: {len(found)}\n  " + "\n  ".join(shown) + more)


class Result:
    """What a command left: exit code, standard output and error as bytes."""

    def __init__(self, command, done):
        self.command, self.code = b" ".join(map(os.fsencode, command)), done.returncode
        self.out, self.err = done.stdout, done.stderr

    def told(self):
        whole = b"%s\nended with %d\n%s\n%s" % (self.command, self.code, self.out[-2000:],
                                                self.err[-3000:])
        return whole.decode(errors="backslashreplace")

    def json(self):
        """The last line of the standard output."""
        lines = self.out.splitlines()
        try:
            return json.loads(lines[-1])
        except (IndexError, ValueError) as error:
            raise Failure(f"no JSON in the last line: {error}\n{self.told()}") from error

    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def command(arguments, codes=(0,), **more):
    """Run it; codes: the exit codes that are right (None: any)."""
    done = subprocess.run([os.fsencode(a) for a in arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    result = Result(arguments, done)
    if codes is not None and result.code not in codes:
        raise Failure(f"exit code {result.code}, expected one of {codes}\n{result.told()}")
    return result


def vssrestore(*arguments, codes=(0,), **more):
    """Run it. What it prints for programs is held against the schemas."""
    result = command([PROGRAM, *arguments], codes, **more)
    try:
        schemas.check_output(arguments, result.out)
    except schemas.Wrong as wrong:
        raise Failure(f"{wrong}\n{result.told()}") from wrong
    return result


class Child(subprocess.Popen):
    """with Child(words) as child: a process whose end is waited for. Where something goes wrong
    meanwhile it is killed first: it may stand still, or wait for what does not come any more."""

    def __exit__(self, wrong, *more):
        if wrong is not None:
            self.kill()
        super().__exit__(wrong, *more)


def path_of(record, key):
    """A path of a JSON record as bytes; KEY_b64 holds what is no text."""
    if record.get(key + "_b64") is not None:
        return base64.b64decode(record[key + "_b64"])
    return record[key].encode()


def make_folder(prefix, place=None):
    """Below VSSRESTORE_E2E_FOLDER when it is set, else in place, else below TMPDIR."""
    return os.fsencode(tempfile.mkdtemp(prefix=prefix,
                                        dir=os.environ.get("VSSRESTORE_E2E_FOLDER") or place))


def roomy_place():
    """Where much can be written and removed quickly: memory, unless $TMPDIR says otherwise."""
    try:
        if "TMPDIR" not in os.environ and shutil.disk_usage("/dev/shm").free > ROOMY_BYTES:
            return "/dev/shm"
    except OSError:
        pass
    return None


class Folder:
    """A temporary folder, gone afterwards."""

    def __init__(self, place=None):
        self.place, self.path = place, None

    def __enter__(self):
        self.path = make_folder("vssrestore-e2e-", self.place)
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return os.path.join(self.path, os.fsencode(name))


def run_cases(cases):
    """cases: {name: function}. Ends the process."""
    # A test that takes too long is ended by SIGTERM; its folders go all the same.
    signal.signal(signal.SIGTERM, lambda *ignored: sys.exit(1))
    failed = passed = 0
    if schemas.jsonschema is None:
        print(f"[ RUN      ] events_are_valid\n{schemas.MISSING}\n[  SKIPPED ] events_are_valid")
    for name, case in cases.items():
        print(f"[ RUN      ] {name}", flush=True)
        try:
            case()
        except Skip as reason:
            print(f"{reason}\n[  SKIPPED ] {name}", flush=True)
        except Failure as failure:
            failed += 1
            print(f"{failure}\n[  FAILED  ] {name}", flush=True)
        else:
            passed += 1
            print(f"[       OK ] {name}", flush=True)
    sys.exit(1 if failed else 77 if not passed else 0)
