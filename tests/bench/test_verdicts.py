#!/usr/bin/env python3
"""test_verdicts.py - the benchmark judges what was restored.

Goal: a tree that differs is noticed, and so is each fault of the product that a trial found.
Method: trees and findings made by hand. Nothing is timed."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE_ROOT, "bench"))

from harness import conformance, trees
from harness.commands import Trouble


class Trees(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.source, self.restored = (os.path.join(self.folder.name, name) for name in "ab")
        for top in (self.source, self.restored):
            os.makedirs(os.path.join(top, "d"))
            self.put(top, "d/file", b"bytes")
            os.symlink("file", os.path.join(top, "d/link"))
            self.settle(top)

    def tearDown(self):
        self.folder.cleanup()

    @staticmethod
    def put(top, name, content):
        with open(os.path.join(top, name), "wb") as out:
            out.write(content)

    @staticmethod
    def settle(top):
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                os.utime(os.path.join(folder, name), (5, 5), follow_symlinks=False)

    def differs(self):
        with self.assertRaises(Trouble):
            trees.compare(self.source, self.restored)

    def test_same_is_the_same(self):
        self.assertEqual(trees.compare(self.source, self.restored), 0)

    def test_other_bytes(self):
        self.put(self.restored, "d/file", b"BYTES")
        self.settle(self.restored)
        self.differs()

    def test_other_length(self):
        self.put(self.restored, "d/file", b"bytes and more")
        self.settle(self.restored)
        self.differs()

    def test_other_time(self):
        os.utime(os.path.join(self.restored, "d/file"), (5, 6))
        self.differs()

    def test_name_too_many(self):
        self.put(self.restored, "more", b"")
        self.differs()

    def test_other_link(self):
        os.unlink(os.path.join(self.restored, "d/link"))
        os.symlink("d", os.path.join(self.restored, "d/link"))
        self.settle(self.restored)
        self.differs()

    def sparse(self, top, fill=False, last=b"end"):
        with open(os.path.join(top, "holes"), "wb") as out:
            if fill:
                out.write(bytes(1 << 20))
            out.seek(1 << 20)
            out.write(last)
        self.settle(top)

    def test_filled_hole_is_counted(self):
        self.sparse(self.source)
        if not trees.has_holes(os.stat(os.path.join(self.source, "holes"))):
            self.skipTest("no holes here")
        self.sparse(self.restored)
        self.assertEqual(trees.compare(self.source, self.restored), 0)
        self.sparse(self.restored, fill=True)
        self.assertEqual(trees.compare(self.source, self.restored), 1 << 20)

    def test_bytes_behind_a_hole_count(self):
        self.sparse(self.source)
        self.sparse(self.restored, last=b"END")
        self.differs()


class Conformance(unittest.TestCase):
    """What the product left or said decides the exit code."""

    @staticmethod
    def found():
        return {"flips": {"trials": 6, "wrong files left": 0, "wrong, exit 0": 0,
                          "missing, exit 0": 0, "told by exit code": 5, "no file touched": 1},
                "full disk": {"trials": 2, "wrong files left": 0, "exit 0": 0,
                              "right after room was made": 2},
                "kills": {"trials": 3, "ended before": 1, "wrong files left": 0,
                          "right when done again": 3},
                "links": {"folder: written outside": False, "folder: exit": 5,
                          "file: written outside": False, "file: exit": 5}}

    def test_nothing_is_wrong(self):
        self.assertEqual(conformance.faults_of(self.found()), [])
        self.assertEqual(conformance.faults_of({**self.found(), "full disk": None}), [])

    def test_each_fault_counts(self):
        for part, what, count in (
                ("flips", "wrong files left", 1), ("flips", "missing, exit 0", 1),
                ("full disk", "wrong files left", 1), ("full disk", "exit 0", 1),
                ("full disk", "right after room was made", 1), ("kills", "wrong files left", 1),
                ("kills", "right when done again", 2), ("links", "file: written outside", True),
                ("links", "folder: written outside", True)):
            found = self.found()
            found[part][what] = count
            self.assertEqual(len(conformance.faults_of(found)), 1, (part, what))


if __name__ == "__main__":
    unittest.main()
