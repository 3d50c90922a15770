"""targets.py - where to restore to: a fresh place for each run.

Creating files where many were just deleted is measured wrong by up to 20 times on ext4 without a
journal, so an emptied folder is for those who know their file system."""

import os
import shutil
import time

from .commands import Trouble, call

UNMOUNT_TRIES = 50
PAST_CACHE = " past the host's page cache" # of a loop device's name
MEMORY_KINDS = ("tmpfs", "ramfs") # file systems whose bytes are in memory alone


def file_system(path):
    return call("stat", "-f", "-c", "%T", path).strip()


class Target:
    """begin() makes it fresh, end() takes it away; between them stands a folder at path."""

    memory = False # are its bytes in memory alone?
    device = None  # the name below /sys/block of a device of its own, or None

    def __init__(self, path, name, kind):
        self.path, self.name, self.kind = path, name, kind

    def begin(self, bytes_needed):
        raise NotImplementedError

    def end(self):
        raise NotImplementedError

    def device_written(self):
        """Bytes that the device was given since it exists; None without one of its own."""
        if self.device is None:
            return None
        with open(f"/sys/block/{self.device}/stat", encoding="ascii") as numbers:
            return int(numbers.read().split()[6]) * 512

    def used(self):
        """Bytes in use, as the file system says."""
        status = os.statvfs(self.path)
        return (status.f_blocks - status.f_bfree) * status.f_frsize


class Directory(Target):
    """An emptied folder of whatever file system it is on."""

    def __init__(self, place):
        os.makedirs(place, exist_ok=True)
        place = os.path.abspath(place)
        kind = file_system(place)
        super().__init__(os.path.join(place, "vssrestore-bench-target"),
                         f"a folder in {place} ({kind})", kind)
        self.memory = kind in MEMORY_KINDS

    def begin(self, bytes_needed):
        self.end()
        os.mkdir(self.path)

    def end(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Memory(Target):
    """A tmpfs mounted for each run; where that is not allowed, an emptied folder in /dev/shm."""

    memory = True

    def __init__(self, work):
        self.mounts = os.geteuid() == 0 and self._may_mount(work)
        if self.mounts:
            super().__init__(os.path.join(work, "target-tmpfs"), "tmpfs", "tmpfs")
        else:
            super().__init__(f"/dev/shm/vssrestore-bench-target-{os.getpid()}",
                             "tmpfs (a folder in /dev/shm)", "tmpfs")

    @staticmethod
    def _may_mount(work):
        place = os.path.join(work, "target-tmpfs")
        os.makedirs(place, exist_ok=True)
        unmount(place)
        try:
            call("mount", "-t", "tmpfs", "-o", "size=1m", "bench", place)
            call("umount", place)
        except Trouble:
            return False
        return True

    def begin(self, bytes_needed):
        self.end()
        os.makedirs(self.path, exist_ok=True)
        if self.mounts:
            call("mount", "-t", "tmpfs", "-o", f"size={bytes_needed},nr_inodes=0", "bench",
                 self.path)

    def end(self):
        if self.mounts:
            unmount(self.path)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


# None may discard: that would punch holes into the image, and each run would allocate it anew.
MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-i", "8192", "-E",
             "nodiscard,lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-K"),
    "btrfs": ("mkfs.btrfs", "-q", "-f", "-K"),
}
MOUNT = {"btrfs": ("-o", "nodiscard")}


class Loop(Target):
    """A file system made anew for each run on a preallocated file behind a loop device."""

    def __init__(self, work, kind, direct, programs):
        if os.geteuid() != 0:
            raise Trouble(f"--target {kind} mounts an image, which only root can", 2)
        if programs.find(MAKE[kind][0]) is None:
            raise Trouble(f"--target {kind} needs {MAKE[kind][0]}", 2)
        journal = ", journaled" if kind == "ext4" else ""
        past = PAST_CACHE if direct else ""
        super().__init__(os.path.join(work, f"target-{kind}"),
                         f"{kind}{journal}, on a loop device{past}", kind)
        self.image = os.path.join(work, "target.image")
        self.make = (programs.find(MAKE[kind][0]),) + MAKE[kind][1:]
        self.direct = direct

    def begin(self, bytes_needed):
        self.end()
        os.makedirs(self.path, exist_ok=True)
        size = (bytes_needed + 0xFFFFF) & ~0xFFFFF
        if not is_allocated(self.image, size):
            call("fallocate", "-l", str(size), self.image)
            write_through(self.image)
        device = call("losetup", "--find", "--show", "--sizelimit", str(size),
                      f"--direct-io={'on' if self.direct else 'off'}", self.image).strip()
        self.device = os.path.basename(device)
        try:
            call(*self.make, device)
            call("mount", *MOUNT.get(self.kind, ()), device, self.path)
        finally:
            call("losetup", "--detach", device) # once it is unmounted, whoever does that

    def end(self):
        unmount(self.path)
        self.device = None


class Nowhere(Target):
    """The null sink: rows that write are left out."""

    def __init__(self):
        super().__init__(None, "none: decode and verify only", "null")

    def begin(self, bytes_needed):
        pass

    def end(self):
        pass


def is_allocated(path, size):
    """Is it there, that large, and without holes? A larger one, made for another corpus, does."""
    if not os.path.exists(path):
        return False
    status = os.stat(path)
    return status.st_size >= size and status.st_blocks * 512 >= status.st_size


def write_through(path):
    """Write every block of a preallocated file once: unwritten extents cost the first run."""
    zeros = bytes(4 << 20)
    with open(path, "r+b") as image:
        for _ in range(0, os.path.getsize(path), len(zeros)):
            image.write(zeros[:os.path.getsize(path) - image.tell()])
        os.fsync(image.fileno())


def unmount(path):
    """A program that was just ended may take a moment to let go."""
    for _ in range(UNMOUNT_TRIES):
        if not os.path.ismount(path):
            return
        try:
            call("umount", path)
            return
        except Trouble as trouble:
            last = trouble
        time.sleep(0.1)
    raise last


def make_target(word, work, direct, programs):
    """What --target names: null, memory (or tmpfs), ext4, xfs, btrfs, or a folder."""
    if word == "null":
        return Nowhere()
    if word in ("memory", "tmpfs"):
        return Memory(work)
    return Loop(work, word, direct, programs) if word in MAKE else Directory(word)
