"""rows.py - a row of the table: a command, and what one run of it gave.

Every program is run by `observe`, so that seconds, CPU, memory and bytes of all rows are taken in
one way; the ceilings have clocks of their own, which leave out what they read beforehand."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field

from . import profiles
from .commands import Trouble, call
from .corpora import files_below

INTERVAL_MS = 20
PRODUCT, PEER, CEILING = "product", "peer", "ceiling"


@dataclass
class Sample:
    """One run. Seconds until the program ended, and until all of it was on stable storage."""

    seconds: float
    synced_seconds: float = None
    cpu_seconds: float = None
    peak_bytes: int = None      # resident, of the largest process
    anonymous_bytes: int = None # of the program itself, less mapped files
    read_bytes: int = None      # from storage; cold media alone tell something by it
    written_bytes: int = None   # to the device, or what stands for it: see written_by
    written_by: str = None
    bytes: int = None           # that passed, if it is not the corpus
    profile: dict = None        # of the product: where the time went (profiles.py)
    timeline: list = field(default_factory=list) # [seconds, bytes, names] at the target


@dataclass
class Row:
    """What is run. command(place) gives its words; place is the fresh target, or None."""

    name: str
    kind: str
    command: object
    inputs: list = field(default_factory=list) # files and folders that it reads
    writes: bool = True                        # needs a target
    environment: dict = field(default_factory=dict)
    in_target: bool = False                    # runs with the target as its working folder
    own_clock: bool = False                    # prints what it took itself
    clean: str = None                          # a path that must not be there before
    succeeded: object = None                   # (exit code, output) -> bool; None: exit 0
    durability: str = None                     # of the product: what it promised at its end
    against: str = None                        # of the product: "restore", "verify" or None
    beside: tuple = None                       # (row that differs in one thing, what: "one worker")


class Runner:
    """Runs rows on a target, with the media warm or cold."""

    def __init__(self, corpus, target, programs, cold=False, drop_caches=False):
        self.corpus, self.target, self.programs = corpus, target, programs
        self.cold, self.drop_caches = cold, drop_caches

    def run(self, row, check=None):
        """One run: a Sample. check(place) is called while the target still stands."""
        if row.clean is not None:
            shutil.rmtree(row.clean, ignore_errors=True)
        if row.writes:
            self.target.begin(self.corpus.bytes_needed())
        try:
            self._settle(row)
            place = self.target.path if row.writes else None
            sample = self._own_clock(row, place) if row.own_clock else self._observed(row, place)
            if row.clean is not None:
                sample.profile = profiles.read(row.clean)
            if check is not None:
                check(place)
        finally:
            if row.writes:
                self.target.end()
            if row.clean is not None:
                shutil.rmtree(row.clean, ignore_errors=True)
        return sample

    def _settle(self, row):
        """What earlier runs left is not this one's to write; the input is read, or forgotten."""
        os.sync()
        if (self.drop_caches or self.cold) and os.geteuid() == 0:
            with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as drop:
                drop.write("3\n")
        for path in row.inputs:
            for name in files_below(path):
                touch(name, self.cold)

    def _observed(self, row, place):
        used, written = self._before(place)
        seen = self._observe(row, place)
        sample = Sample(seen["seconds"], seen["synced_seconds"] or None,
                        seen["user_s"] + seen["system_s"], seen["peak_bytes"],
                        seen["anonymous_bytes"], seen["read_bytes"] if self.cold else None)
        sample.timeline = [[at, bytes_then - used, names]
                           for at, bytes_then, names in seen["samples"]]
        if place is not None:
            self._written(sample, seen, used, written)
        return sample

    def _observe(self, row, place):
        """What `observe` tells of a row's command."""
        out = os.path.join(self.corpus.work, f"observed-{os.getpid()}.json")
        words = [self.programs.instrument("observe"), out, "--interval", str(INTERVAL_MS)]
        if place is not None:
            words += ["--target", place]
        try:
            done = subprocess.run(words + ["--"] + row.command(place), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                  text=True, errors="replace",
                                  env={**os.environ, **row.environment},
                                  cwd=place if row.in_target else None)
            succeeded = row.succeeded or (lambda code, _: code == 0)
            if not succeeded(done.returncode, done.stdout):
                raise Trouble(f"{row.name}: ended with {done.returncode}: {done.stdout[-2000:]}")
            with open(out, encoding="ascii") as lines:
                return json.load(lines)
        finally:
            if os.path.exists(out):
                os.unlink(out)

    def _before(self, place):
        return (0, None) if place is None else (self.target.used(), self.target.device_written())

    def _written(self, sample, seen, used, written):
        """Bytes that the run had written when all was synced, by the best account there is."""
        if written is not None:
            sample.written_by = "device"
            sample.written_bytes = self.target.device_written() - written
        elif self.target.memory:
            sample.written_by = "space taken"
            sample.written_bytes = self.target.used() - used
        else:
            sample.written_by = "process"
            sample.written_bytes = seen["write_bytes"]

    def _own_clock(self, row, place):
        told = json.loads(call(*row.command(place)))
        if isinstance(told, float):
            told = {"seconds": told}
        sample = Sample(told["seconds"], told.get("synced_seconds"), bytes=told.get("bytes"))
        if place is not None and sample.synced_seconds is None:
            seen = self._observe(Row("sync", CEILING, lambda _: ["true"]), place)
            sample.synced_seconds = sample.seconds + seen["synced_seconds"] - seen["seconds"]
        return sample


def touch(path, cold):
    """Read a file once, so that it is in the page cache; or have it forgotten."""
    with open(path, "rb", buffering=0) as opened:
        if cold:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        else:
            while opened.read(4 << 20):
                pass
