#!/usr/bin/env python3
"""test_comparison.py - the benchmark finds what became slower.

Goal: a fall beyond the noise is a regression and one within it is not; kept results can be
compared, and nothing else is taken for one. Method: results made by hand, with the answer known.
Nothing is timed."""

import copy
import json
import tempfile
import unittest

from made_results import NONE, UNIT, row, usual # knows where harness is

from harness import comparison, results
from harness.commands import Trouble
from harness.rows import PRODUCT


class Comparison(unittest.TestCase):
    def verdicts(self, old, new):
        changes, whys = comparison.compare(old, new)
        return {(c.row, c.what): "slower" if c.regressed else "faster" if c.improved else "same"
                for c in changes}, whys

    def test_fall_beyond_the_noise_is_a_regression(self):
        found, whys = self.verdicts(usual(1.0), usual(1.2))
        self.assertEqual(whys, [])
        self.assertEqual(found[NONE, "of the ceiling"], "slower")
        self.assertEqual(found[NONE, "x unsquashfs"], "slower")
        self.assertEqual(found[UNIT, "of the ceiling"], "same")

    def test_small_fall_is_none(self):
        self.assertNotIn("slower", self.verdicts(usual(1.0), usual(1.03))[0].values())

    def test_wide_spread_allows_more(self):
        old, new = usual(1.0), usual(1.2)
        for told in (old, new):
            told["rows"][0]["seconds"] = [0.8, 0.9, 1.0, 1.1, 1.3]
        self.assertEqual(self.verdicts(old, new)[0][NONE, "of the ceiling"], "same")

    def test_gain_is_told(self):
        self.assertEqual(self.verdicts(usual(1.2), usual(1.0))[0][NONE, "x unsquashfs"], "faster")

    def test_seconds_count_only_on_the_same_machine(self):
        old, new = usual(1.0), usual(1.5)
        for told in (old, new):
            for line in told["rows"]:
                for key in ("of_ceiling", "against_unsquashfs"):
                    line.pop(key, None)
        self.assertEqual(self.verdicts(old, new)[0][NONE, "MB a second"], "slower")
        new["kernel"] = "6.2"
        self.assertEqual(self.verdicts(old, new)[0], {})

    def test_what_differs_in_kind_is_not_compared(self):
        for key, value in (("corpus", "L"), ("share", 10), ("target_kind", "ext4"),
                           ("media", "cold"), ("description", "a copy of /opt, links kept"),
                           ("threads", 4), ("drop_caches", True),
                           ("target", "tmpfs past the host's page cache")):
            other = {**usual(), key: value}
            for old, new in ((usual(), other), (other, usual())):
                found, whys = self.verdicts(old, new)
                self.assertEqual((found, len(whys)), ({}, 1), key)

    def test_row_that_is_gone_is_told(self):
        def told(old, new):
            lines = comparison.lines(old, new, *comparison.compare(old, new))
            return [line.split(": ", 1)[1] for line in lines if "not measured now" in line]

        gone = "vssrestore, durability none, --memory 12M"
        old, new = usual(), usual()
        old["rows"].append(row(gone, PRODUCT, [1.0]))
        self.assertEqual((told(old, new), told(new, old)), ([gone], []))
        old = {"corpus": "growth", "points": [{**old, "files": 1000}, {**usual(), "files": 2000}]}
        new = {"corpus": "growth", "points": [{**new, "files": 1000}]}
        self.assertEqual(told(old, new), [gone + ", files 1,000", "all of files 2,000"])

    def test_sweeps_are_compared_size_by_size(self):
        def swept(seconds):
            return {"corpus": "sweep", "points": [{**usual(1.0), "file_bytes": 0},
                                                  {**usual(seconds), "file_bytes": 1024}]}

        old, new = swept(1.0), swept(2.0)
        found, _ = self.verdicts(old, new)
        self.assertEqual(found[NONE + ", size of a file 0", "of the ceiling"], "same")
        self.assertEqual(found[NONE + ", size of a file 1 KiB", "of the ceiling"], "slower")


class Reading(unittest.TestCase):
    def read(self, told):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as out:
            out.write(told if isinstance(told, str) else json.dumps(told))
            out.flush()
            return results.read(out.name)

    def test_result_comes_back(self):
        self.assertEqual(self.read(usual()), usual())

    def test_kept_results_of_the_first_format_can_still_be_compared(self):
        old = copy.deepcopy(usual())
        for key in ("format", "target_kind", "media", "threads", "drop_caches"):
            del old[key]
        self.assertEqual(comparison.compare(self.read(old), usual(2.0))[1], [])

    def test_kept_result_is_held_against_the_ceilings_of_now(self):
        old = usual()
        old["rows"][0].update(of_ceiling=2.0, ceiling="another", ceiling_seconds=2.0)
        found = self.read(old)["rows"][0]
        self.assertEqual((found["ceiling"], found["of_ceiling"]), ("bare write + LZ4 decode", 0.8))

    def test_anything_else_is_refused(self):
        for told in ("", "[]", "{}", '{"format": 3, "rows": []}', '{"rows": []}'):
            with self.assertRaises(Trouble):
                self.read(told)


if __name__ == "__main__":
    unittest.main()
