#!/usr/bin/env python3
"""test_harness.py - the benchmark says what was measured, and finds what became slower.

Goal: ceilings are put together as promised, ratios are ratios of the right rows, a fall beyond the
noise is a regression and one within it is not, pictures hold every row, a tree that differs is
noticed. Method: results made by hand, with the answer known. Nothing is timed."""

import copy
import json
import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE_ROOT, "bench"))

from harness import (bench, ceilings, comparison, conformance, options, peers, plots, profiles,
                     results, svg, sweeps, tables, targets, trees)
from harness.commands import Trouble
from harness.product import all_verified, worker_counts
from harness.rows import CEILING, PEER, PRODUCT, Row, Sample

NONE, UNIT, LZ4 = "vssrestore, durability none", "vssrestore, durability unit", "unsquashfs lz4"
SVG = "{http://www.w3.org/2000/svg}"


def row(name, kind, seconds, **more):
    middle = sorted(seconds)[len(seconds) // 2]
    return {"row": name, "kind": kind, "seconds": list(seconds), "median": middle,
            "min": min(seconds), "max": max(seconds), "mb_per_second": 500 / middle,
            "files_per_second": 1000 / middle, **more}


def result(*rows, **more):
    return {"format": 2, "corpus": "S", "share": 1, "description": "small files", "files": 1000,
            "bytes": 500000000, "data_bytes": 500000000, "set_bytes": 300000000,
            "pack_seconds": 1.0, "threads": 2, "drop_caches": False,
            "target": "tmpfs", "target_kind": "tmpfs", "media": "warm",
            "rounds": 3, "squashfs_block": "1M", "missing": ["borg lz4"],
            "failed": {}, "holes": {}, "machine": "2 x a machine", "memory": "24 GB",
            "kernel": "6.1", "commit": "abc", "load_before": 0.1, "time": "now",
            "rows": list(rows), **more}


def usual(seconds=1.0):
    """The product at so many seconds, with its peer at 2 and its ceiling at 0.8."""
    line = [[0.1 * i, 50000000 * i, 100 * i] for i in range(11)]
    return result(
        row(NONE, PRODUCT, [seconds] * 3, durability="none", against_unsquashfs=2.0 / seconds,
            of_ceiling=0.8 / seconds, ceiling="bare write + LZ4 decode", ceiling_seconds=0.8,
            timeline=line, peak_bytes=40 << 20, written_bytes=1, written_by="device",
            write_amplification=1.02),
        row(UNIT, PRODUCT, [2 * seconds] * 3, durability="unit", against_unsquashfs=1.5,
            of_ceiling=0.7, ceiling="bare write, synced + LZ4 decode", ceiling_seconds=1.4),
        row("vssrestore verify", PRODUCT, [0.5] * 3, of_ceiling=0.9, ceiling="LZ4 decode + XXH3",
            ceiling_seconds=0.45),
        row("bare write", CEILING, [0.6] * 3), row("bare write, synced", CEILING, [1.2] * 3),
        row("LZ4 decode", CEILING, [0.2] * 3),
        row(LZ4, PEER, [2.0, 2.0, 2.6], timeline=line), row(LZ4 + ", synced", PEER, [3.0] * 3))


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
