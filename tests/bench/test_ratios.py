#!/usr/bin/env python3
"""test_ratios.py - the benchmark says what was measured.

Goal: ceilings are put together as promised, ratios are ratios of the right rows. Method: results
made by hand, with the answer known. Nothing is timed."""

import os
import tempfile
import unittest

from made_results import LZ4, NONE, UNIT, row # knows where harness is

from harness import ceilings, results, tables
from harness.rows import CEILING, PEER, PRODUCT, Row, Sample


class Ceilings(unittest.TestCase):
    MEDIANS = {"bare write": (0.6, 1.2), "LZ4 decode": (0.2, None), "raw write": (0.3, 0.9),
               "LZ4 decode + XXH3": (0.25, None)}

    def floor(self, corpus, memory, durability, against="restore"):
        return ceilings.floor_of(corpus, memory, against, durability, self.MEDIANS)

    def test_each_corpus_has_the_ceiling_that_was_promised(self):
        for corpus, memory, durability, seconds, text in (
                ("S", True, "none", 0.8, "bare write + LZ4 decode"),
                ("S", False, "unit", 1.4, "bare write, synced + LZ4 decode"),
                ("T", False, "none", 0.8, "bare write + LZ4 decode"),
                ("M", True, "none", 0.6, "bare write"),
                ("M", False, "unit", 1.2, "bare write, synced"),
                ("L", True, "none", 0.5, "LZ4 decode + raw write"),
                ("Z", True, "unit", 1.1, "LZ4 decode + raw write, synced"),
                ("L", False, "unit", 0.9, "the slower of LZ4 decode and raw write, synced"),
                ("Z", False, "none", 0.3, "the slower of LZ4 decode and raw write")):
            floor = self.floor(corpus, memory, durability)
            self.assertEqual((round(floor.seconds, 9), floor.text), (seconds, text), corpus)

    def test_reading_alone_is_held_against_decoding_and_hashing(self):
        floor = self.floor("L", False, None, "verify")
        self.assertEqual((floor.seconds, floor.text), (0.25, "LZ4 decode + XXH3"))

    def test_cold_media_must_be_read(self):
        medians = {**self.MEDIANS, "media read": (1.0, None)}
        floor = ceilings.floor_of("S", True, "restore", "none", medians, cold=True)
        self.assertEqual((floor.seconds, floor.text),
                         (1.0, "the slower of bare write + LZ4 decode and media read"))
        floor = ceilings.floor_of("L", False, "restore", "unit", medians, cold=True)
        self.assertEqual((floor.seconds, floor.text), (
            1.0, "the slowest of LZ4 decode and raw write, synced and media read"))

    def test_large_files_in_memory_take_the_faster_of_two_ways_to_write(self):
        medians = {**self.MEDIANS, "raw write": (0.7, 0.9)}
        floor = ceilings.floor_of("L", True, "restore", "none", medians)
        self.assertEqual((round(floor.seconds, 9), floor.text), (0.8, "LZ4 decode + bare write"))
        del medians["raw write"]
        self.assertEqual(ceilings.floor_of("L", True, "restore", "none", medians), floor)

    def test_no_ceiling_without_its_terms(self):
        self.assertIsNone(ceilings.floor_of("L", False, "restore", "unit", {}))
        self.assertIsNone(ceilings.floor_of("L", True, "restore", "unit",
                                            {"LZ4 decode": (0.2, None)}))

    def test_best_ways_of_writing_with_and_without_sync(self):
        tried = {"buffered": [1.0, 4.0], "uncached": [2.0, 3.0], "direct-16": [2.2, 2.3]}
        self.assertEqual(ceilings.best_raw_modes(tried), ["buffered", "direct-16"])
        rows = [row(f"raw write, {mode}{synced}", CEILING, [tried[mode][i]])
                for mode in ("buffered", "direct-16") for i, synced in enumerate(("", ", synced"))]
        self.assertEqual(results.ceiling_medians(rows), {"raw write": (1.0, 2.3)})


    def test_way_past_the_page_cache_is_always_among_the_rounds(self):
        tried = {"buffered": [2.0, 2.5], "uncached": [2.6, 2.7], "direct-16": [3.2, 3.1],
                 "direct-64": [3.1, 3.5]}
        self.assertEqual(ceilings.best_raw_modes(tried), ["buffered", "direct-16"])
        for mode in ("direct-16", "direct-64"): # a target may take none of them
            del tried[mode]
        self.assertEqual(ceilings.best_raw_modes(tried), ["buffered"])


class Ratios(unittest.TestCase):
    def test_unit_is_held_against_what_is_synced(self):
        def made(name, kind, seconds, synced, **more):
            return Row(name, kind, None, **more), [Sample(seconds, synced)] * 3

        pairs = [made(NONE, PRODUCT, 1.0, 1.5, durability="none", against="restore"),
                 made(UNIT, PRODUCT, 2.0, 2.0, durability="unit", against="restore"),
                 made("bare write", CEILING, 0.6, 1.2, own_clock=True),
                 made("LZ4 decode", CEILING, 0.2, None, writes=False, own_clock=True),
                 made(LZ4, PEER, 3.0, 5.0)]
        rows = [pair[0] for pair in pairs]
        samples = {pair[0].name: pair[1] for pair in pairs}

        class Corpus:
            files, data_bytes, set_bytes, set = 1000, 500000000, 300000000, "set"

        found = results.rows_of(Corpus, rows, samples)
        results.add_ratios(found, "S", True)
        by_name = {line["row"]: line for line in found}
        self.assertEqual([line["row"] for line in found],
                         [NONE, UNIT, "bare write", "bare write, synced", "LZ4 decode", LZ4,
                          LZ4 + ", synced"])
        self.assertAlmostEqual(by_name[NONE]["against_unsquashfs"], 3.0)
        self.assertAlmostEqual(by_name[UNIT]["against_unsquashfs"], 2.5)
        self.assertAlmostEqual(by_name[NONE]["of_ceiling"], 0.8)
        self.assertAlmostEqual(by_name[UNIT]["of_ceiling"], 0.7)

    def test_read_amplification_of_a_folder_is_of_all_files_in_it(self):
        class Corpus:
            files, data_bytes, set_bytes, set = 1, 5000, 3000, "set"

        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "sub"))
            for name in ("one", "sub/other"):
                with open(os.path.join(folder, name), "wb") as out:
                    out.write(b"x" * 5000)
                    out.flush()
                    os.fsync(out.fileno())
            os.link(os.path.join(folder, "one"), os.path.join(folder, "sub/again"))
            rows = [Row("restic", PEER, None, [folder]), Row("vssrestore", PRODUCT, None, ["set"])]
            samples = {row.name: [Sample(1.0, read_bytes=20000)] for row in rows}
            found = results.rows_of(Corpus, rows, samples)
        self.assertEqual([round(line["read_amplification"], 3) for line in found], [2.0, 6.667])

    def test_row_is_held_beside_the_one_that_differs_in_one_thing(self):
        rows = [Row("a, 1 worker", PRODUCT, None, writes=False, against="verify"),
                Row("a, 2 workers", PRODUCT, None, writes=False, against="verify",
                    beside=("a, 1 worker", "x one worker"))]
        samples = {"a, 1 worker": [Sample(1.9)], "a, 2 workers": [Sample(1.0)]}

        class Corpus:
            files, data_bytes, set_bytes, set = 1000, 500000000, 300000000, "set"

        found = results.rows_of(Corpus, rows, samples)
        results.add_beside(found, rows)
        results.add_ratios(found, "S", True)
        self.assertEqual(tables.ratio_lines(found), ["a, 2 workers: 1.90 x one worker"])

    def test_timeline_is_thinned_and_keeps_its_end(self):
        line = [[i, i, i] for i in range(5001)]
        thin = results.thinned(line)
        self.assertEqual((len(thin), thin[0], thin[-1]), (200, line[0], line[-1]))


if __name__ == "__main__":
    unittest.main()
