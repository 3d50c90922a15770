"""trees.py - is it the same tree? Names, types, contents, modify times, texts of links, holes."""

import os

from .commands import Trouble

PIECE_BYTES = 4 << 20


def compare(source, restored):
    """The first difference is Trouble. Else: data bytes that the restored tree has more than the
    source, which is what became of its holes (negative: it has more of them)."""
    names, found = tree_names(source), tree_names(restored)
    if names != found:
        raise Trouble(f"names differ, for one: {sorted(names ^ found)[0]!r}")
    more = 0
    for name in sorted(names): # as it lies on the disk, not as it hashes
        one, other = os.path.join(source, name), os.path.join(restored, name)
        a, b = os.lstat(one), os.lstat(other)
        if (a.st_mode >> 12, a.st_mtime_ns) != (b.st_mode >> 12, b.st_mtime_ns):
            raise Trouble(f"type or time differs: {name!r}")
        if os.path.islink(one):
            if os.readlink(one) != os.readlink(other):
                raise Trouble(f"text of a link differs: {name!r}")
        elif os.path.isfile(one):
            if a.st_size != b.st_size or not same_bytes(one, other, a):
                raise Trouble(f"content differs: {name!r}")
            if has_holes(a):
                more += data_bytes(other) - data_bytes(one)
    return more


def tree_names(top):
    return {os.path.relpath(os.path.join(folder, name), top)
            for folder, folders, files in os.walk(top) for name in folders + files}


def files_in(top):
    return sum(len(names) for _, _, names in os.walk(top))


def has_holes(status):
    return status.st_blocks * 512 < status.st_size


def extents(descriptor):
    """[(offset, end)] of a file's data, as its file system tells."""
    found, at = [], 0
    while True:
        try:
            at = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError: # ENXIO: no data from here on
            return found
        end = os.lseek(descriptor, at, os.SEEK_HOLE)
        found.append((at, end))
        at = end


def data_bytes(path):
    with open(path, "rb", buffering=0) as opened:
        return sum(end - at for at, end in extents(opened.fileno()))


def same_bytes(one, other, status):
    """All of it; of a file with holes, what is data in either."""
    with open(one, "rb", buffering=0) as a, open(other, "rb", buffering=0) as b:
        if not has_holes(status):
            parts = [(0, status.st_size)]
        else:
            parts = sorted(extents(a.fileno()) + extents(b.fileno()))
        done = 0 # what lies before was compared
        for at, end in parts:
            at = max(at, done)
            while at < end:
                left = os.pread(a.fileno(), min(PIECE_BYTES, end - at), at)
                if left != os.pread(b.fileno(), len(left), at) or not left:
                    return False
                at += len(left)
            done = max(done, end)
    return True
