"""Damaged media: whatever is flipped, cut, exchanged or from another day, no wrong byte is ever
under a final name, the exit code is of the media class, and what is damaged is named (V-01 to
V-07).

    test_media.py [CASE...] [--seed N] [--count N]

A set with every sort of record is damaged in place, restored to an empty place and to one where
files stand, verified, and mended again. --seed N --count M makes these random flips alone.
"""

import argparse
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import (LONG, TRIM, Failure, Scenario, Told, equal, expect, preloadable,  # noqa: E402
                      run_cases)
import media_map  # noqa: E402

FLIPS = 1000 if LONG else 10 if TRIM else 60
KIB = 1 << 10
MEDIA_CODES = (20, 21)
FRAME_HEAD_BYTES = 19 # what stands before its block


def noise(seed, count):
    return random.Random(seed).randbytes(count)


def text(seed, count):
    words = [b"alpha", b"beta", b"gamma", b"delta", b"\n", b"epsilon"]
    draw = random.Random(seed)
    return b" ".join(draw.choice(words) for _ in range(count // 4))[:count]


FILES = {
    r"C:\one\a.txt": text(1, 3000), r"C:\one\b.bin": noise(2, 3000), r"C:\one\empty": b"",
    r"C:\one\byte": b"x", r"C:\one\sub\text": text(3, 90 * KIB), r"C:\one\sub\noise": noise(4, 40 * KIB),
    r"C:\two\large": noise(5, 1100 * KIB) + text(6, 200 * KIB), r"C:\two\deep\er\c.txt": text(7, 500),
    r"C:\two\holes": text(8, 4 * KIB),
}
HOLE_AT, HOLES_END = 512 * KIB, 1024 * KIB


class Media:
    """The set, what it should give, and one place of damage at a time."""

    def __init__(self, scenario):
        s = self.s = scenario
        w = s.writer("Damage", wre="never")
        self.components = [w.component(name) for name in ("one", "two")]
        backup = s.backup()
        for component in self.components:
            component.files("C:\\" + component.name, "*")
            backup.include(component)
        for path, content in FILES.items():
            place = s.put(path, content, mtime=1_700_000_000)
            if path.endswith("holes"):
                with open(place, "r+b") as out:
                    out.seek(HOLE_AT)
                    out.write(noise(9, 8 * KIB))
                    out.truncate(HOLES_END)
            if path.endswith("a.txt"):
                os.setxattr(place, "user.note", b"an attribute") if can_note(place) else None
                os.link(place, place + b".link")
                os.symlink("a.txt", place + b".symlink")
        self.want = {path: content for path, content in s.source.listing().items()}
        self.set, self.named = s.pack(), 0 # and how often the damaged files were compared
        self.old = b"what stood here before\n"
        with open(self.path(b"index.bin"), "rb") as opened:
            self.index = opened.read()

    def restore(self, *arguments):
        run = self.s.run(self.set, *arguments)
        shutil.rmtree(run.folder, ignore_errors=True)
        return run

    def clear(self):
        shutil.rmtree(self.s.dest.folder)
        os.mkdir(self.s.dest.folder)

    def judge(self, what, must_fail=False, present=False):
        """Restore to an empty place (or over old files), and see that nothing is wrong there."""
        self.clear()
        if present:
            for path in FILES:
                self.s.place(path, self.old)
        run = self.restore("--durability", "none")
        told = f"{what}\n{run.told()}"
        expect(run.exit == 0 or run.exit in MEDIA_CODES, f"exit code {run.exit}: {told}")
        expect(run.exit != 0 or not must_fail, f"damage that was not noticed: {told}")
        found = self.s.listing()
        for path, content in found.items():
            if content is None:
                continue
            if present and content == self.old and path in FILES:
                continue
            expect(path in self.want, f"{path} is no file of the set: {told}")
            expect(content == self.want[path], f"wrong bytes in {path}: {told}")
        if run.exit == 0:
            missing = [path for path, content in self.want.items() if path not in found or
                       content is not None and found[path] != content]
            expect(not missing, f"exit 0, and not there: {missing}\n{told}")
        else:
            self.judge_units(run, found, present, told)
        return run

    def judge_units(self, run, found, present, told):
        """A unit that is not ALL left nothing of its own; somebody was named."""
        damaged = [row for row in run.rows if row["outcome"].startswith("MEDIA_")]
        named = damaged or any(word in run.err for word in (
            "set.json", "index.bin", "documents/", ".xml", "pack"))
        expect(named, f"nothing is named: {told}")
        if not run.summary:
            expect(not [p for p, c in found.items() if c is not None and c != self.old],
                   f"files without a summary: {told}")
            return
        for unit in run.summary["units"]:
            top = "C:\\" + unit["component"] + "\\"
            files = [path for path, content in found.items()
                     if path.startswith(top) and content is not None]
            new = [path for path in files if not present or found[path] != self.old]
            whole = [path for path, content in self.want.items()
                     if path.startswith(top) and content is not None]
            expect(unit["status"] in ("ALL", "NONE"), f"{unit}: {told}")
            equal(len(new), len(whole) if unit["status"] == "ALL" else 0,
                  f"files of {unit['component']}: {told}")

    def judge_files(self, run, file, offset, kind, what):
        """Of a frame: the files that are said to be damaged are those that have bytes in it. Where
        its block can still be read, those alone whose bytes came out wrong."""
        if run.exit == 0:
            return 0
        frame = max(region.begin for region in media_map.regions(self.set)
                    if region.file == file and region.kind == "frame magic" and
                    region.begin <= offset)
        pack = int(os.path.basename(file).partition(b".")[0].strip(b"pack-"))
        plain = offset - frame - FRAME_HEAD_BYTES if kind == "frame block as it is" else None
        wanted = {self.s.dest.path("C:\\" + name)
                  for name in media_map.files_of_frame(self.index, pack, frame, plain)}
        named = {os.fsencode(row["path"]) for row in run.rows
                 if row["outcome"].startswith("MEDIA_")}
        told = f"files named for {what}: {named}, not {wanted}\n{run.told()}"
        expect(named == wanted or kind == "frame block" and named and named < wanted, told)
        return 1

    def verify(self, what):
        """verify finds everything, and names where."""
        told = Told(["verify", self.set])
        expect(told.exit in MEDIA_CODES, f"verify ends with {told.exit}: {what}\n{told.told()}")
        expect(told.out or told.err, f"verify says nothing: {what}")
        return told

    def path(self, file):
        return os.path.join(self.set, file)

    def flip(self, file, offset, bit):
        with open(self.path(file), "r+b") as out:
            out.seek(offset)
            byte = out.read(1)[0]
            out.seek(offset)
            out.write(bytes([byte ^ 1 << bit]))

    def flipped(self, file, offset, bit, kind, present=False):
        what = f"bit {bit} of byte {offset} of {os.fsdecode(file)} ({kind})"
        self.flip(file, offset, bit)
        try:
            run = self.judge(what, present=present)
            self.verify(what)
        finally:
            self.flip(file, offset, bit)
        kind = kind.partition(",")[0]
        if kind.startswith("frame "):
            self.named += self.judge_files(run, file, offset, kind, what)
        return run


def can_note(place):
    try:
        os.setxattr(place, "user.vssrestore-test", b"1")
        os.removexattr(place, "user.vssrestore-test")
    except OSError:
        return False
    return True


class Damage:
    """with Damage() as media"""

    def __enter__(self):
        self.scenario = Scenario()
        media = Media(self.scenario.__enter__())
        media.judge("undamaged")
        Told(["verify", media.set]).must(0)
        return media

    def __exit__(self, *ignored):
        self.scenario.__exit__()


def V01_a_flip_in_every_class_of_region():
    """Each class once at least (V-01); which run needs a byte and which does not shows here, too."""
    with Damage() as media:
        classes = {}
        for region in media_map.regions(media.set):
            classes.setdefault(region.kind, []).append(region)
        expect(len(classes) > 60, f"only {len(classes)} classes: {sorted(classes)}")
        draw = random.Random(1)
        noticed = 0
        for number, (kind, found) in enumerate(sorted(classes.items())):
            region = draw.choice(found)
            offset = draw.randrange(region.begin, region.end)
            run = media.flipped(region.file, offset, draw.randrange(8), kind, number % 4 == 1)
            noticed += run.exit != 0
            if kind.startswith(("index", "set.json", "document")):
                expect(run.exit == 20, f"{kind}: exit code {run.exit}\n{run.told()}")
        expect(noticed > len(classes) // 2, "run needs most of a set")
        expect(media.named > 5, f"the files of {media.named} frames were named")
        print(f"{len(classes)} classes, noticed by run: {noticed}, by verify: all")


def random_flips(seed, count):
    with Damage() as media:
        all_regions = media_map.regions(media.set)
        sizes = [region.end - region.begin for region in all_regions]
        for number in range(seed, seed + count):
            draw = random.Random(number)
            # half by bytes, half by structures: most bytes are data
            region = draw.choices(all_regions, sizes)[0] if number % 2 else draw.choice(all_regions)
            offset = draw.randrange(region.begin, region.end)
            media.flipped(region.file, offset, draw.randrange(8),
                          f"{region.kind}, --seed {number}", number % 5 == 0)


def V01_flips_at_random_places():
    random_flips(1000, FLIPS)


def V02_media_cut_at_borders():
    """At borders between structures, and a byte to either side of them (V-02); at each with
    VSSRESTORE_LONG=1."""
    with Damage() as media:
        borders = {}
        for region in media_map.regions(media.set):
            borders.setdefault(region.file, {})[region.begin] = region.kind
        draw = random.Random(2)
        for file, places in sorted(borders.items()):
            with open(media.path(file), "rb") as opened:
                whole = opened.read()
            cuts = sorted({(place + step, kind) for place, kind in places.items()
                           for step in (-1, 0, 1) if 0 <= place + step < len(whole)})
            if not LONG: # a cut at each class, as many as there is time for
                by_kind = {}
                for cut in cuts:
                    by_kind.setdefault(cut[1], []).append(cut)
                cuts = [draw.choice(found) for found in by_kind.values()]
                cuts = draw.sample(cuts, min(len(cuts), 4 if TRIM else 14))
            for place, kind in cuts + [(len(whole) - 1, "the end")]:
                what = f"{os.fsdecode(file)} cut at {place} of {len(whole)} ({kind})"
                os.truncate(media.path(file), place)
                try:
                    media.judge(what, must_fail=not file.startswith(b"packs/"))
                    media.verify(what)
                finally:
                    with open(media.path(file), "wb") as out:
                        out.write(whole)


def frames_of(media):
    """[(begin, end, as it is)] of the only pack."""
    found, begin, kept = [], None, False
    for region in media_map.regions(media.set):
        if region.kind == "frame magic":
            begin = region.begin
        elif region.kind.startswith("frame block as"):
            kept = True
        elif region.kind == "frame content checksum":
            found.append((begin, region.end, kept))
            kept = False
    return found


def V03_two_frames_exchanged():
    """Whole frames with all their own checksums right, at each other's place (V-03)."""
    with Scenario() as s:
        w = s.writer("Twins", wre="never")
        c = w.component("one")
        c.files("C:\\one", "*")
        s.backup().include(c)
        big = noise(20, 3 << 20) # three frames of one length, kept as they are
        s.put(r"C:\one\big", big)
        media = s.pack()
        pack = os.path.join(media, b"packs/pack-000000.tar.lz4")
        holder = type("Only", (), {"set": media})
        kept = [frame for frame in frames_of(holder) if frame[2] and frame[1] - frame[0] > 1 << 20]
        expect(len(kept) == 3, f"{len(kept)} frames of a piece each")
        with open(pack, "r+b") as opened:
            whole = bytearray(opened.read())
            (a, a_end, _), (b, b_end, _) = kept[0], kept[2]
            whole[a:a_end], whole[b:b_end] = whole[b:b_end], whole[a:a_end]
            opened.seek(0)
            opened.write(whole)
        run = s.run(media).must(20)
        equal(run.outcomes(), {r"C:\one": "WITHDRAWN", r"C:\one\big": "MEDIA_CORRUPT"})
        equal([path for path, content in s.listing().items() if content is not None], [])
        Told(["verify", media]).must(20)


def V04_a_pack_of_an_older_set():
    """The same files on another day: every frame right, of another set (V-04)."""
    with Scenario() as s:
        w = s.writer("Days", wre="never")
        c = w.component("one")
        c.files("C:\\one", "*")
        s.backup().include(c)
        s.put(r"C:\one\a", noise(30, 5000), mtime=1_600_000_000)
        older = s.pack()
        s.put(r"C:\one\a", noise(31, 5000), mtime=1_600_000_000)
        newer = s.pack()
        name = b"packs/pack-000000.tar.lz4"
        shutil.copyfile(os.path.join(older, name), os.path.join(newer, name))
        run = s.run(newer).must(20)
        equal(run.outcomes()[r"C:\one\a"], "MEDIA_CORRUPT")
        equal(s.at(r"C:\one\a"), None)
        Told(["verify", newer]).must(20)


def V05_a_byte_that_changes_on_its_way_to_the_disk():
    """Memory that flips a bit behind the check is found by reading back (V-05)."""
    shim = preloadable("VSSRESTORE_WRITES_FLIP")
    with Scenario() as s:
        w = s.writer("Bits", wre="never")
        c = w.component("one")
        c.files("C:\\one", "*")
        s.backup().include(c)
        for name, content in (("small", text(40, 2000)), ("large", noise(41, 3 << 20))):
            s.put("C:\\one\\" + name, content)
        media = s.pack()
        plan = os.path.join(s.folder, b"plan")
        Told(["plan", media, "--root", s.dest.folder, "-o", plan]).must(0)
        for name, content in (("small", text(40, 2000)), ("large", noise(41, 3 << 20))):
            shutil.rmtree(s.dest.path("C:\\one"), ignore_errors=True)
            folder = os.path.join(s.folder, b"run-" + s.number())
            Told(["run", "--plan", plan, "--run-dir", folder, "--ring", "sync"],
                 env={**os.environ, "LD_PRELOAD": shim,
                      "WRITES_FLIP_AFTER": content[:16].hex()}).must(0)
            expect(s.at("C:\\one\\" + name) != content, f"the shim flipped nothing in {name}")
            told = Told(["verify", "--plan", plan])
            expect(told.exit == 4 and name in told.out + told.err,
                   f"reading back does not find {name}\n{told.told()}")


def V06_sizes_at_every_edge():
    """Empty, one byte, and a byte to either side of each bound of the format (V-06)."""
    edges = [512, 4096, 256 * KIB, 768 * KIB - 1536, 768 * KIB, 1024 * KIB, 2048 * KIB]
    sizes = sorted({0, 1, *(edge + step for edge in edges for step in (-1, 0, 1))})
    with Scenario() as s:
        w = s.writer("Edges", wre="never")
        c = w.component("one")
        c.files("C:\\one", "*")
        s.backup().include(c)
        for size in sizes:
            s.put(f"C:\\one\\noise-{size}", noise(size, size))
            s.put(f"C:\\one\\text-{size}", text(size, size))
        media = s.pack()
        for ring in ("sync", "uring"):
            shutil.rmtree(s.dest.folder)
            os.mkdir(s.dest.folder)
            s.run(media, "--ring", ring).must(0)
            for size in sizes:
                expect(s.at(f"C:\\one\\noise-{size}") == noise(size, size), f"noise of {size}")
                expect(s.at(f"C:\\one\\text-{size}") == text(size, size), f"text of {size}")
        Told(["verify", media]).must(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--count", type=int, default=1)
    options = parser.parse_args()
    if options.seed is not None:
        run_cases({f"flips from {options.seed}": lambda: random_flips(options.seed, options.count)})
    cases = {name: case for name, case in globals().items() if name.startswith("V0") and
             (not options.case or name.startswith(tuple(options.case)))}
    run_cases(cases)


if __name__ == "__main__":
    main()
