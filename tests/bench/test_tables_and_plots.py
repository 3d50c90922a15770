#!/usr/bin/env python3
"""test_tables_and_plots.py - the benchmark shows what was measured.

Goal: tables tell all that was measured, what was not and where it comes from; pictures hold every
row. Method: results made by hand, with the answer known. Nothing is timed."""

import json
import os
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from made_results import LZ4, NONE, UNIT, result, row, usual # knows where harness is

from harness import plots, profiles, results, svg, sweeps, tables
from harness.rows import PEER, PRODUCT

SVG = "{http://www.w3.org/2000/svg}"


class Tables(unittest.TestCase):
    def test_ratios_and_what_is_missing_are_printed(self):
        text = tables.table(usual())
        for words in ("2.00 x unsquashfs lz4; 0.80 of the ceiling: bare write + LZ4 decode = "
                      "0.800 s",
                      "1.50 x unsquashfs lz4, synced;", "not installed: borg lz4",
                      "spread beyond 1.2 (largest to smallest): unsquashfs lz4 1.30", "peak MiB",
                      "to the device until synced"):
            self.assertIn(words, text)

    def test_where_it_comes_from_is_told(self):
        command = "bench/restore_bench --corpus S"
        told = {**usual(), "command": command}
        swept = {"corpus": "sweep", "points": [{**told, "file_bytes": 0}]}
        for text in (tables.table(told), tables.sweep_table(swept)):
            self.assertIn("2 x a machine, 24 GB, kernel 6.1, commit abc, load before 0.10\n"
                          f"command: {command}", text)
        self.assertNotIn("command:", tables.table(usual())) # of results that have kept none

    def test_column_of_nothing_is_left_out(self):
        text = tables.table(usual())
        self.assertNotIn("own MiB ", text)
        self.assertNotIn("CPU s", text)

    def test_what_else_ran_is_told(self):
        self.assertIn("load before 0.10", tables.table(usual())) # of results that have no other
        text = tables.table({**usual(), "busy_before": 0.25})
        self.assertIn("commit abc, 0.25 cores busy before the rounds", text)
        self.assertNotIn("load before", text)

    def test_cores_are_busy_by_what_neither_waits_nor_idles(self):
        self.assertEqual(results.cpu_ticks("cpu  1 2 4 800 1600 8 16 32 64 128\ncpu0 9\n"),
                         (63, 2463))
        self.assertTrue(0 <= results.busy_cores(0.01) <= os.cpu_count())

    def test_holes_that_were_filled_are_told(self):
        told = usual()
        told["holes"] = {NONE: 4096, UNIT: 0}
        text = tables.table(told)
        self.assertIn(f"holes: {NONE} left 4096 more bytes", text)
        self.assertNotIn(f"holes: {UNIT}", text)

    def test_profile_is_told_without_what_took_no_time(self):
        told = {"elapsed_ns": 3000000000,
                "control": {"plan": {"ns": 5000000, "count": 1}, "ask": {"ns": 90, "count": 1}},
                "workers": [{"read_wait": {"ns": 1000000000, "count": 1},
                             "idle": {"ns": 1000, "count": 1}},
                            {"read_wait": {"ns": 500000000, "count": 1},
                             "idle": {"ns": 500000, "count": 1}}]}
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(profiles.read(folder))
            with open(os.path.join(folder, "profile.json"), "w", encoding="utf-8") as out:
                json.dump(told, out)
            profile = profiles.read(folder)
        self.assertEqual(profile, {"elapsed": 3.0, "busy": [1.0, 0.5],
                                   "workers": {"read_wait": 1.5, "idle": 0.000501},
                                   "control": {"plan": 0.005, "ask": 9e-8}})
        self.assertEqual([line.split() for line in profiles.lines([{"row": "a", "profile": profile},
                                                                   {"row": "b"}])],
                         [["s", "of", "all", "workers", "read", "wait"], ["a", "1.500"], [],
                          ["s", "busy,", "of", "each", "worker", "least", "most", "apart"],
                          ["a", "0.500", "1.000", "50.0", "%"], [],
                          ["s", "of", "the", "control", "thread", "plan"], ["a", "0.005"]])

    def test_profile_that_was_kept_without_each_worker_has_no_balance(self):
        kept = {"elapsed": 1.0, "workers": {"write": 1.0}, "control": {"plan": 1.0}}
        self.assertNotIn("apart", "\n".join(profiles.lines([{"row": "a", "profile": kept}])))

    def test_sweep_has_a_line_for_each_size(self):
        points = [{**usual(), "file_bytes": size} for size in (0, 1024)]
        lines = tables.sweep_table({"corpus": "sweep", "points": points}).splitlines()
        self.assertEqual([line.split()[0] for line in lines[2:4]], ["0", "1"])
        self.assertIn("not installed: borg lz4", lines)

    def test_growth_says_how_much_longer_each_point_took(self):
        points = [{**usual(1.0), "files": 1000}, {**usual(2.1), "files": 2000}]
        lines = tables.sweep_table({"corpus": "growth", "points": points}).splitlines()
        self.assertEqual(lines[3].split()[:3], ["2,000", "2.100", "2.10"])

    def test_sweep_has_no_column_of_what_was_not_run(self):
        point = {**usual(), "file_bytes": 0}
        point["rows"] = [line for line in point["rows"] if line["kind"] != PEER]
        text = tables.sweep_table({"corpus": "sweep", "points": [point]})
        self.assertNotIn(LZ4, text)
        self.assertIn("bare write", text)

    def test_sweep_without_a_target(self):
        told = {"corpus": "sweep", "points": [result(
            row("vssrestore, sink null", PRODUCT, [1.0], of_ceiling=0.5, ceiling="x",
                ceiling_seconds=0.5), file_bytes=0)]}
        self.assertIn("0.50", tables.sweep_table(told))
        self.assertEqual([name for name, _ in sweeps.series_of(told)],
                         ["vssrestore, sink null", "ceiling"])


class Plots(unittest.TestCase):
    def test_every_row_has_a_bar_and_every_ceiling_a_mark(self):
        page = ElementTree.fromstring(plots.bars(usual()))
        names = [bar.find(SVG + "title").text for bar in page.iter(SVG + "rect")
                 if bar.find(SVG + "title") is not None]
        self.assertEqual(sorted(names), sorted(line["row"] for line in usual()["rows"]))
        marks = [line for line in page.iter(SVG + "line") if line.get("class") == "s-c5"]
        self.assertEqual(len(marks), 3 + 1) # and one in the legend

    def test_no_bar_leaves_the_page(self):
        page = ElementTree.fromstring(plots.bars(usual()))
        for bar in page.iter(SVG + "rect"):
            self.assertLessEqual(float(bar.get("x") or 0) + float(bar.get("width")), plots.WIDTH)

    def test_throughput_is_the_slope_of_what_is_there(self):
        points = plots.slopes(usual()["rows"][0]["timeline"], 1.0)
        self.assertTrue(points)
        for _, rate in points:
            self.assertAlmostEqual(rate, 500e6, delta=1)
        page = ElementTree.fromstring(plots.timeline(usual()))
        self.assertEqual(len(list(page.iter(SVG + "polyline"))), 2)

    def test_scaling_wants_rows_of_several_workers(self):
        self.assertIsNone(plots.scaling(usual()))
        told = usual()
        told["rows"] += [row("vssrestore verify, 1 worker", PRODUCT, [1.0]),
                         row("vssrestore verify, 2 workers", PRODUCT, [0.5])]
        self.assertEqual(plots.scaling_series(told), {"vssrestore verify": {1: 1.0, 2: 0.5}})
        page = ElementTree.fromstring(plots.scaling(told))
        self.assertIn("2.00", [words.text for words in page.iter(SVG + "text")])

    def test_sweep_draws_the_ceiling_too(self):
        points = [{**usual(), "file_bytes": size} for size in (0, 1024, 1 << 20)]
        page = ElementTree.fromstring(plots.sweep({"corpus": "sweep", "points": points}))
        self.assertEqual(len(list(page.iter(SVG + "polyline"))), 5)
        self.assertIn("1 MiB", [words.text for words in page.iter(SVG + "text")])

    def test_words_are_quoted(self):
        page = svg.Page(10, 10, 'a "title" & <more>')
        page.text(0, 0, "a < b & c")
        self.assertEqual(ElementTree.fromstring(page.render()).find(SVG + "text").text, "a < b & c")

    def test_ticks_reach_the_largest(self):
        for largest in (0.003, 1, 7, 99.9, 12345):
            self.assertGreaterEqual(svg.ticks(largest)[-1], largest)
            self.assertLessEqual(len(svg.ticks(largest)), 8)

    def test_only_what_there_is_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            plots.write(usual(), folder)
            self.assertEqual(sorted(os.listdir(folder)), ["bars.svg", "timeline.svg"])


if __name__ == "__main__":
    unittest.main()
