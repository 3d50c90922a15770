"""corpora.py - the trees that are restored, and the sets packed of them. All stand in --work."""

import os
import shutil
import time

from .commands import Trouble, call, tell

CORPORA = {
    "S": "100,000 files of 1-16 KiB in 1,000 folders",
    "T": "1,000,000 files of 0-2 KiB in 10,000 folders",
    "M": "a copy of a source tree (/usr), links kept",
    "L": "4 files of 1.5 GiB, like databases",
    "Z": "4 files of 2 GiB, three quarters holes",
    "sweep": "files of one size, 0 to 1 MiB, in turn",
    "growth": "a sixteenth of T, an eighth ... all of it, in turn",
}
SWEEP_BYTES, SWEEP_FILES_MAX = 256 << 20, 100000
SEED = "1"


def sweep_files(size, share):
    """How many files of a size: 256 MiB of them, but not more than 100,000; less by share."""
    return max(1, min(SWEEP_FILES_MAX, SWEEP_BYTES // max(size, 1)) // share)


class Corpus:
    """A tree and its documents (made once), and the set (packed for each run of the program)."""

    def __init__(self, key, work, programs, share=1, source="/usr", size=None):
        self.key, self.share, self.size, self.source = key, share, size, source
        self.work, self.programs = work, programs
        name = key if key == "M" else f"{key}{size}-{share}" if key == "F" else f"{key}-{share}"
        self.name = name
        self.top = os.path.join(work, f"corpus-{name}")
        self.tree = os.path.join(self.top, "volume")
        self.set = os.path.join(work, f"set-{name}")
        self.files = self.bytes = self.data_bytes = self.set_bytes = 0
        self.pack_seconds = 0.0

    def describe(self):
        if self.key == "F":
            return f"files of {self.size} bytes, 100 a folder"
        if self.key == "M":
            return f"a copy of {self.source}, links kept"
        return CORPORA[self.key]

    def arguments(self):
        if self.key == "M":
            return [self.source]
        if self.key == "F":
            return [SEED, str(sweep_files(self.size, self.share)), str(self.size)]
        return [SEED, str(self.share)]

    def make(self):
        made = self.top + ".made"
        if not os.path.exists(made):
            tell(f"making corpus {self.name}")
            shutil.rmtree(self.top, ignore_errors=True)
            call(self.programs.instrument("make_corpus"), self.key, self.top, *self.arguments())
            with open(made, "w", encoding="utf-8") as out:
                out.write(self.describe())
        with open(made, encoding="utf-8") as text:
            other = text.read()
        if self.key == "M" and other not in ("", self.describe()):
            raise Trouble(f"{self.top} is {other}: name another --work", 2)
        self.count()

    def count(self):
        """Files with all their names, bytes as their sizes say, bytes that a restore must write."""
        self.files = self.bytes = self.data_bytes = 0
        linked = set()
        for folder, _, names in os.walk(self.tree):
            for name in names:
                status = os.lstat(os.path.join(folder, name))
                self.files += 1
                self.bytes += status.st_size
                if status.st_nlink > 1:
                    if status.st_ino in linked:
                        continue
                    linked.add(status.st_ino)
                self.data_bytes += min(status.st_size, status.st_blocks * 512) \
                    if self.key == "Z" else status.st_size

    def pack(self):
        shutil.rmtree(self.set, ignore_errors=True)
        tell(f"packing corpus {self.name}")
        begin = time.monotonic()
        call(self.programs.vssrestore, "pack", "--documents", os.path.join(self.top, "documents"),
             "--volume", f"C:={self.tree}", "-o", self.set)
        self.pack_seconds = time.monotonic() - begin
        self.set_bytes = sum(os.path.getsize(path) for path in self.set_files())

    def set_files(self):
        return files_below(self.set)

    def packs(self):
        return sorted(files_below(os.path.join(self.set, "packs")))

    def bytes_needed(self):
        """What a target must hold: the tree in blocks of 4 KiB, its inodes, and room."""
        return (self.bytes + self.files * 6144) * 5 // 4 + (1 << 30)


def files_below(top):
    """The regular files at or below a path."""
    if not os.path.isdir(top):
        return [top]
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]
    return [path for path in paths if os.path.isfile(path) and not os.path.islink(path)]
