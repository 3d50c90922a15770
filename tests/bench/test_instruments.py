#!/usr/bin/env python3
"""test_instruments.py - what measures is right itself.

Goal: observe gives what a program took and ends as it did; corpora are what their names say, and
the same for the same seed; ceilings say what passed, refuse media that are none, and tell when a
target does not take a way of writing. Method: programs whose cost is known, in a folder of
its own; bounds wide enough for any machine. VSSRESTORE_BENCH_INSTRUMENTS is the folder of the programs."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
INSTRUMENTS = os.environ["VSSRESTORE_BENCH_INSTRUMENTS"]
MIB = 1 << 20


def run(name, *words, **more):
    return subprocess.run([os.path.join(INSTRUMENTS, name), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True,
                          **more)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.top = self.folder.name

    def tearDown(self):
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.top, *names)


class Observe(Case):
    def observe(self, code, *words):
        done = run("observe", self.path("out"), *words, "--", sys.executable, "-c", code)
        with open(self.path("out"), encoding="ascii") as text:
            return done, json.load(text)

    def test_ends_as_the_program_did(self):
        self.assertEqual(self.observe("raise SystemExit(7)")[0].returncode, 7)
        done, _ = self.observe("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
        self.assertEqual(done.returncode, 128 + signal.SIGTERM)

    def test_output_is_the_programs(self):
        self.assertEqual(self.observe("print('told')")[0].stdout, "told\n")

    def test_memory_of_the_largest_process(self):
        small = self.observe("pass")[1]["peak_bytes"]
        large = self.observe(f"held = bytearray(b'x') * (64 * {MIB})")[1]["peak_bytes"]
        self.assertGreater(large - small, 60 * MIB)
        self.assertLess(large - small, 140 * MIB)

    def test_processor_time_of_children_counts(self):
        spin = "import time\nwhile time.process_time() < 0.3: pass"
        done, seen = self.observe(f"import subprocess, sys\n"
                                  f"subprocess.run([sys.executable, '-c', {spin!r}], check=True)")
        self.assertEqual(done.returncode, 0)
        self.assertGreaterEqual(seen["user_s"] + seen["system_s"], 0.3)
        self.assertGreaterEqual(seen["seconds"], 0.2)

    def test_target_is_sampled_to_the_end_and_synced(self):
        write = f"open({self.path('file')!r}, 'wb').write(bytes(8 * {MIB}))"
        _, seen = self.observe(write, "--target", self.top, "--interval", "5")
        self.assertGreaterEqual(len(seen["samples"]), 2)
        self.assertGreaterEqual(seen["samples"][-1][0], seen["samples"][0][0])
        self.assertGreaterEqual(seen["synced_seconds"], seen["seconds"])

    def test_usage(self):
        self.assertEqual(run("observe").returncode, 2)
        self.assertEqual(run("observe", self.path("out"), "--target").returncode, 2)


class Corpora(Case):
    def make(self, name, kind, *numbers):
        done = run("make_corpus", kind, self.path(name), *numbers)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for folder, _, files in os.walk(self.path(name, "volume")):
            for file in files:
                path = os.path.join(folder, file)
                with open(path, "rb") as content:
                    found[os.path.relpath(path, self.path(name))] = (
                        os.path.getsize(path), hashlib.sha256(content.read()).digest())
        return found

    def test_same_seed_same_tree(self):
        self.assertEqual(self.make("a", "S", "1", "1000"), self.make("b", "S", "1", "1000"))
        self.assertNotEqual(self.make("c", "S", "2", "1000"), self.make("d", "S", "1", "1000"))

    def test_sizes_are_those_of_the_name(self):
        for kind, files, least, most in (("S", 100, 1024, 16384), ("T", 1000, 0, 2048)):
            sizes = [size for size, _ in self.make(kind, kind, "1", "1000").values()]
            self.assertEqual(len(sizes), files)
            self.assertGreaterEqual(min(sizes), least)
            self.assertLessEqual(max(sizes), most)
        sizes = [size for size, _ in self.make("F", "F", "1", "150", "4096").values()]
        self.assertEqual(sizes, [4096] * 150)

    def test_three_quarters_of_z_are_holes(self):
        self.make("Z", "Z", "1", "64")
        sizes = blocks = 0
        for folder, _, files in os.walk(self.path("Z", "volume")):
            for file in files:
                status = os.stat(os.path.join(folder, file))
                sizes, blocks = sizes + status.st_size, blocks + status.st_blocks * 512
        self.assertEqual(sizes, 8 << 30 >> 6)
        if blocks == sizes:
            self.skipTest("no holes here")
        self.assertLess(abs(blocks / sizes - 0.25), 0.1)

    def test_bare_write_makes_the_same_names_sizes_and_holes(self):
        self.make("Z", "Z", "1", "512")
        source, target = self.path("Z", "volume", "Corpus"), self.path("bare")
        done = run("bare_write", source, target, "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(float(done.stdout), 0)
        for name in os.listdir(source):
            one, other = (os.stat(os.path.join(top, name)) for top in (source, target))
            self.assertEqual((one.st_size, one.st_mtime_ns), (other.st_size, other.st_mtime_ns))
            self.assertLessEqual(other.st_blocks, one.st_blocks + 8)

    def test_bare_write_makes_links(self):
        source, target = self.path("linked"), self.path("bare")
        os.makedirs(os.path.join(source, "sub"))
        with open(os.path.join(source, "one"), "wb") as out:
            out.write(b"x" * 5000)
        os.link(os.path.join(source, "one"), os.path.join(source, "sub", "again"))
        os.symlink("../one", os.path.join(source, "sub", "other"))
        done = run("bare_write", source, target, "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        one, again = (os.stat(os.path.join(target, name)) for name in ("one", "sub/again"))
        self.assertEqual((one.st_size, one.st_ino, one.st_nlink), (5000, again.st_ino, 2))
        self.assertEqual(os.readlink(os.path.join(target, "sub", "other")), "../one")

    def test_usage(self):
        for words in ((), ("X", "out"), ("S", "out", "x"), ("S", "out", "1", "0"), ("M", "out"),
                      ("F", "out", "1", "2")):
            self.assertEqual(run("make_corpus", *words, cwd=self.top).returncode, 2, words)


class Ceilings(Case):
    def told(self, *words):
        done = run("ceilings", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertGreater(found["seconds"], 0)
        return found

    def test_memory(self):
        for kind in ("copy", "hash"):
            self.assertEqual(self.told(kind, "2", "1000000")["bytes"], 1000000)

    def test_every_frame_of_a_pack_is_decoded(self):
        plain = b"".join(b"%d bytes of a file\n" % i for i in range(40000))
        frames = []
        for at in range(0, len(plain), 200000):
            with open(self.path("plain"), "wb") as out:
                out.write(plain[at:at + 200000])
            frames.append(subprocess.run(["lz4", "-q", "-c", "-B6", "-BI", "-BX", "--content-size",
                                          self.path("plain")],
                                         stdout=subprocess.PIPE, check=True).stdout)
        skippable = (0x184D2A5E).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"trail"
        with open(self.path("pack"), "wb") as out:
            out.write(b"".join(frames) + skippable)
        self.assertEqual(self.told("decode", "2", self.path("pack"))["bytes"], len(plain))
        self.assertEqual(self.told("verify", "1", self.path("pack"))["bytes"], len(plain))
        self.assertEqual(self.told("read", "2", self.path("pack"))["bytes"],
                         os.path.getsize(self.path("pack")))

    def test_what_is_no_pack_is_refused(self):
        with open(self.path("pack"), "wb") as out:
            out.write(b"these are no frames, whatever else they are")
        self.assertEqual(run("ceilings", "decode", "1", self.path("pack")).returncode, 1)
        self.assertEqual(run("ceilings", "read", "1", self.path("none")).returncode, 1)

    def test_files_are_written_whole(self):
        for number, mode in enumerate(("buffered", "uncached", "direct-4")):
            place = self.path(str(number))
            os.mkdir(place)
            done = run("ceilings", "write", "2", place, "3", "3000001", mode)
            if done.returncode == 3: # not here
                self.assertEqual(os.listdir(place), [])
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual(found["bytes"], 9000003)
            self.assertGreaterEqual(found["synced_seconds"], found["seconds"])
            for name in ("raw-0", "raw-1", "raw-2"):
                with open(os.path.join(place, name), "rb") as content:
                    self.assertEqual(content.read(), b"Z" * 3000001)

    def test_one_file_by_two_threads(self):
        done = run("ceilings", "write", "2", self.top, "1", str(5 * MIB + 1), "buffered")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("raw-0"), "rb") as content:
            self.assertEqual(content.read(), b"Z" * (5 * MIB + 1))

    def test_usage(self):
        for words in ((), ("copy", "0", "1"), ("copy", "1", "x"), ("spin", "1", "1"),
                      ("write", "1", "here", "1", "1", "direct-0"), ("write", "1", "here", "1")):
            self.assertEqual(run("ceilings", *words, cwd=self.top).returncode, 2, words)


if __name__ == "__main__":
    unittest.main()
