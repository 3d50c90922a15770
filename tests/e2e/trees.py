"""Random trees, and what is to be the same of two trees."""

import os
import random
import stat

EDGES = (0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 768 * 1024 - 1, 768 * 1024,
         768 * 1024 + 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024 + 7)
STEMS = ("file", "FILE", "two words", "Übergröße", "報告書", "📷", "line\nbreak", "dot.", "a.b.c",
         " lead", "trail ", "quote'\"", "back\\slash", "star*", "colon:", "CON", "-rf", "~$tmp",
         "%PATH%", "tab\t")
RAW_NAMES = (b"lone \xed\xa0\x80 high", b"lone \xed\xb0\x80 low", b"no text \xff\xfe")
LINK_TEXTS = (b"../x", b"/etc/passwd", b"nowhere\xff", b"f" * 200, "報告書".encode())
HOLE_SLACK_BYTES = 64 * 1024
PAGE = 4096


class Generator:
    """A tree from a seed; the same seed gives the same tree."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.folders, self.files = [], []

    def name(self):
        draw = self.random.random()
        if draw < 0.08:
            return self.random.choice(RAW_NAMES) + b"%d" % self.random.randrange(10)
        if draw < 0.12:
            return (b"n" * 300 + b"%d" % self.random.randrange(1000))[-255:]
        suffix = self.random.choice(("", "", ".txt", ".dat", str(self.random.randrange(100))))
        return (self.random.choice(STEMS) + suffix).encode()

    def data(self, count):
        """Half of it repeats, so that it shrinks; some of it does not at all."""
        if self.random.random() < 0.3:
            return self.random.randbytes(count)
        line = self.random.randbytes(64) + bytes(64)
        return (line * (count // 128 + 1))[:count]

    def size(self):
        draw = self.random.random()
        if draw < 0.08:
            return self.random.choice(EDGES)
        return self.random.choice((0, 1, 100, 511, 512, 513, 4096)) if draw < 0.4 else \
            int(10 ** self.random.uniform(1, 4.5))

    def time(self):
        """From 1922 to 2223, to the nanosecond."""
        return self.random.randrange(-1500000000, 8000000000) * 10**9 + \
            self.random.randrange(10**9)

    def make_file(self, path):
        with open(path, "xb") as out:
            if self.random.random() < 0.15:
                self.make_sparse(out)
            else:
                out.write(self.data(self.size()))
        self.files.append(path)

    def make_sparse(self, out):
        """Holes at the start, between, at the end; or nothing but a hole."""
        at = 0
        for _ in range(self.random.randrange(4)):
            at += self.random.randrange(40) * PAGE + self.random.choice((0, 0, 1, 777))
            out.seek(at)
            data = self.data(self.random.choice((1, PAGE, 3 * PAGE, 70000)))
            out.write(data)
            at += len(data)
        out.truncate(at + self.random.choice((0, 1, 64 * 1024, 5 << 20)))

    def make_entry(self, folder):
        path = os.path.join(folder, self.name())
        draw = self.random.random()
        try:
            if draw < 0.2 and path.count(b"/") - self.root.count(b"/") < 7:
                os.mkdir(path)
                self.folders.append(path)
            elif draw < 0.28:
                os.symlink(self.random.choice(LINK_TEXTS), path)
                os.utime(path, ns=(self.time(), self.time()), follow_symlinks=False)
            elif draw < 0.38 and self.files:
                os.link(self.random.choice(self.files), path)
            else:
                self.make_file(path)
        except FileExistsError:
            pass

    def make(self, root):
        self.root = root
        os.mkdir(root)
        self.folders.append(root)
        for _ in range(self.random.choice((0, 1, 5, 12, 25, 60))):
            self.make_entry(self.random.choice(self.folders))
        for path in self.files:
            os.chmod(path, self.random.choice((0o644, 0o600, 0o755, 0o444, 0o640)))
            os.utime(path, ns=(self.time(), self.time()))
        for path in reversed(self.folders):
            os.chmod(path, self.random.choice((0o755, 0o700, 0o775)))
            os.utime(path, ns=(self.time(), self.time()))


class Entry:
    """What is compared of one name."""

    def __init__(self, path):
        self.status = os.lstat(path)
        self.type = stat.S_IFMT(self.status.st_mode)
        self.link = os.readlink(path) if stat.S_ISLNK(self.status.st_mode) else None


def snapshot(root):
    """{path below root: Entry}, the root itself as b'.'."""
    found = {b".": Entry(root)}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = Entry(path)
    return found


def same_content(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        while True:
            left, right = a.read(1 << 20), b.read(1 << 20)
            if left != right:
                return False
            if not left:
                return True


def link_groups(entries):
    groups = {}
    for name, entry in entries.items():
        if stat.S_ISREG(entry.type) and entry.status.st_nlink > 1:
            groups.setdefault((entry.status.st_dev, entry.status.st_ino), set()).add(name)
    return {frozenset(group) for group in groups.values() if len(group) > 1}


def entry_differences(name, a, b):
    """What differs of one name, content aside. Symbolic links have no mode of their own."""
    if a.type != b.type:
        yield b"type of " + name
        return
    if a.link != b.link:
        yield b"link text of " + name
    if a.status.st_mtime_ns != b.status.st_mtime_ns:
        yield b"time of %s: %d, not %d" % (name, b.status.st_mtime_ns, a.status.st_mtime_ns)
    if a.link is None and (a.status.st_mode ^ b.status.st_mode) & 0o777:
        yield b"mode of %s: %o, not %o" % (name, b.status.st_mode & 0o777, a.status.st_mode & 0o777)
    if stat.S_ISREG(a.type):
        if a.status.st_size != b.status.st_size:
            yield b"size of %s: %d, not %d" % (name, b.status.st_size, a.status.st_size)
        if b.status.st_blocks * 512 > a.status.st_blocks * 512 + HOLE_SLACK_BYTES:
            yield b"holes of %s: %d blocks, not %d" % (name, b.status.st_blocks, a.status.st_blocks)


def differences(source, restored):
    """All that differs between two trees, as lines."""
    a, b = snapshot(source), snapshot(restored)
    found = [b"missing " + name for name in a.keys() - b.keys()]
    found += [b"added " + name for name in b.keys() - a.keys()]
    for name in sorted(a.keys() & b.keys()):
        found += entry_differences(name, a[name], b[name])
        if stat.S_ISREG(a[name].type) and stat.S_ISREG(b[name].type) and not \
                same_content(os.path.join(source, name), os.path.join(restored, name)):
            found.append(b"content of " + name)
    found += [b"hard links: " + b", ".join(sorted(group))
              for group in link_groups(a) ^ link_groups(b)]
    return found
