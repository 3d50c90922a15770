#!/usr/bin/env python3
"""test_choices.py - the benchmark measures what it was asked to.

Goal: peers, variants, media and threads that are chosen are those that are run, and what cannot be
measured is refused or named. Method: command lines, and a machine that is played. Nothing is
timed."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE_ROOT, "bench"))

from harness import bench, options, peers, targets
from harness.commands import Trouble
from harness.product import all_verified, worker_counts


class Choices(unittest.TestCase):
    def test_peers_by_name(self):
        self.assertEqual(options.read(["--peers", "tar,cp"]).peers, ["tar", "cp"])
        self.assertEqual(options.read(["--peers", "none"]).peers, ())
        self.assertEqual(options.read([]).peers, peers.KEYS)

    def test_variants_of_several_words_and_of_one(self):
        read = options.read(["--variant", "--memory 64M", "--variant=--salvage"])
        self.assertEqual(read.variant, ["--memory 64M", "--salvage"])

    def test_smoke_is_one_round_of_little(self):
        read = options.read(["--smoke", "--rounds", "9"])
        self.assertEqual((read.rounds, read.share), (1, options.SMOKE_SHARE))

    def test_media_in_memory_cannot_be_cold(self):
        kinds = targets.file_system
        self.addCleanup(setattr, targets, "file_system", kinds)
        with tempfile.TemporaryDirectory() as folder:
            for kind in targets.MEMORY_KINDS:
                targets.file_system = lambda _, kind=kind: kind
                with self.assertRaises(Trouble) as refused:
                    bench.run(options.read(["--media", "cold", "--work", folder, "--build", "/"]))
                self.assertIn("never out of memory", str(refused.exception))
                self.assertEqual(refused.exception.code, 2)
            bench.refuse_cold_in_memory(options.read(["--work", folder]))
            targets.file_system = lambda _: "ext2/ext3"
            bench.refuse_cold_in_memory(options.read(["--media", "cold", "--work", folder]))

    def test_peer_that_is_not_installed_is_named(self):
        class Programs:
            @staticmethod
            def find(name):
                return None if name == "borg" else "/usr/bin/" + name

        class Corpus:
            key, top, work, tree = "S", "/top", "/made", "/tree"

        found = peers.Peers(Corpus, Programs, ("borg", "cp"))
        self.assertEqual(found.missing, ["borg lz4"])
        self.assertEqual([peer.name for peer in found.present], ["cp"])
        self.assertEqual(found.row(found.present[0]).command("/place"),
                         ["cp", "-a", "/tree/.", "/place"])

    def test_run_into_nothing_must_have_verified_all(self):
        told = "nothing was restored, as asked (sink null): %s files verified\n"
        self.assertTrue(all_verified(3, told % "506 of 506"))
        for code, text in ((3, told % "505 of 506"), (3, told % "6 of 506"), (3, ""),
                           (20, told % "506 of 506")):
            self.assertFalse(all_verified(code, text), text)

    def test_as_many_threads_as_a_restore_has_workers(self):
        usable = os.sched_getaffinity(0)
        self.assertEqual(bench.cores(), min(len(usable), 256))
        try:
            os.sched_setaffinity(0, [min(usable)]) # a container, or taskset
            self.assertEqual(bench.cores(), 1)
        finally:
            os.sched_setaffinity(0, usable)

    def test_workers_double_up_to_all_cores(self):
        self.assertEqual([worker_counts(cores) for cores in (1, 2, 6, 8)],
                         [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]])


if __name__ == "__main__":
    unittest.main()
