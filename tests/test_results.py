#!/usr/bin/env python3
"""test_results.py - a skip or a crash must never be counted as a pass.

Goal: each way in which a program tells how its tests ended is read as meant. Method: outputs as
cmocka 1.1.5 and meson 1.0 write them, each with the results that it stands for."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import results


def outcome(result, stdout="", returncode=0):
    program = {"name": "vssrestore:unit / base", "result": result, "stdout": stdout}
    program.update(stderr="", returncode=returncode, command=["test_base"])
    return results.program_results(program)


CASES = """[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
a line of the case
no user xattrs here
[  SKIPPED ] two
[==========] 2 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] two
"""


class Reading(unittest.TestCase):
    def test_skip_in_a_program_that_passes_is_found_with_its_reason(self):
        self.assertEqual(
            outcome("OK", CASES),
            [
                ("unit/base: one", "passed", ""),
                ("unit/base: two", "skipped", "no user xattrs here"),
            ],
        )

    def test_case_that_never_ended_failed(self):
        crash = CASES + "[ RUN      ] three\n"
        self.assertIn(("unit/base: three", "failed", "fail, exit -11"), outcome("FAIL", crash, -11))

    def test_program_that_fails_beside_its_cases_failed(self):
        self.assertIn(("unit/base", "failed", "fail, exit 1"), outcome("FAIL", CASES, 1))
        self.assertIn(("unit/base", "failed", "timeout, exit -9"), outcome("TIMEOUT", "", -9))

    def test_program_without_cases_is_one_test(self):
        self.assertEqual(outcome("OK"), [("unit/base", "passed", "")])
        self.assertEqual(
            outcome("SKIP", "skip: needs root\n", 77), [("unit/base", "skipped", "needs root")]
        )

    def test_script_that_tells_of_a_skip(self):
        told = "[  SKIPPED ] as root: no user namespaces\n"
        self.assertEqual(
            outcome("OK", told),
            [
                ("unit/base", "passed", ""),
                ("unit/base: as root", "skipped", "no user namespaces"),
            ],
        )

    def test_output_of_a_forked_child_counts_once(self):
        twice = "[ RUN      ] one\n[ RUN      ] one\n[       OK ] one\n"
        self.assertEqual(outcome("OK", twice), [("unit/base: one", "passed", "")])


class Summary(unittest.TestCase):
    def test_test_counts_once_and_failure_wins(self):
        lines = [
            "gcc\tpassed\ta\t",
            "asan\tfailed\ta\tfail, exit 1",
            "gcc\tpassed\tb\t",
            "asan\tskipped\tb\tno ring",
            "gcc\tskipped\tc\tno root",
            "asan\tskipped\tc\tno root",
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.tsv")
            with open(path, "w", encoding="utf-8") as out:
                out.write("\n".join(lines) + "\n")
            shown = io.StringIO()
            with contextlib.redirect_stdout(shown):
                results.summary(path)
        text = shown.getvalue()
        self.assertEqual(text.splitlines()[-1], "1 passed, 1 failed, 1 skipped")
        self.assertIn("  c (gcc, asan): no root\n", text)
        self.assertIn("  b (asan): no ring\n", text)
        self.assertIn("  a (asan): fail, exit 1\n", text)


if __name__ == "__main__":
    unittest.main()
