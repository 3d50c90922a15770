#!/usr/bin/env python3
"""Counts tests, for tools/check.

    results.py read STAGE TESTLOG.json      one line for each test: STAGE, STATUS, NAME, REASON
    results.py failures TESTLOG.json        what the failed tests of a log wrote
    results.py summary RESULTS.tsv          the end of a check, over the lines of all stages

TESTLOG.json is meson's: one JSON object a line. STATUS is passed, failed or skipped. The lines
are separated by tabs.

A test is a cmocka case, or the whole program where it is none. A skipped case hides inside a
program that passes, so the program's output is read, not its exit code alone. In the summary a
test counts once, however many stages ran it: failed if it failed in any, else passed if it
passed in any, else skipped.
"""

import json
import re
import sys

RUN = re.compile(r"\[ RUN      \] (.+)")
PASSED = re.compile(r"\[       OK \] (.+)")
SKIPPED = re.compile(r"\[  SKIPPED \] (.+)")
# The group's closing list repeats the names of the skipped; its heading is no name.
SKIPPED_HEADING = re.compile(r"\d+ test\(s\), listed below:")

PROGRAM_STATUS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}
SHOWN_LINES = 60


def read_log(path):
    """The programs of a log; none when there is no log."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        return []


def program_name(program):
    """'vssrestore:unit / base' is shown as 'unit/base'."""
    return program["name"].split(":", 1)[-1].replace(" / ", "/")


def last_line(lines):
    """The last line that says something, as the reason of a skip."""
    spoken = [line.strip() for line in lines if line.strip() and not line.startswith("[")]
    reason = spoken[-1] if spoken else "no reason given"
    return re.sub(r"^skip(ped)?:\s*", "", reason, flags=re.IGNORECASE).replace("\t", " ")


def case_results(stdout):
    """(name, status, reason) of each cmocka case. A case that began and never ended failed."""
    cases = {}
    current, since = None, []
    for line in stdout.splitlines():
        began, passed, skipped = RUN.match(line), PASSED.match(line), SKIPPED.match(line)
        if began:
            current, since = began[1], []
            cases.setdefault(current, ("failed", ""))
        elif passed and passed[1] in cases:
            cases[passed[1]] = ("passed", "")
            current = None
        elif skipped and skipped[1] == current:
            cases[current] = ("skipped", last_line(since))
            current = None
        else:
            since.append(line)
    return [(name, status, reason) for name, (status, reason) in cases.items()]


def told_skips(stdout):
    """What a program that is not cmocka's tells in its words: '[  SKIPPED ] case: reason'."""
    for line in stdout.splitlines():
        skipped = SKIPPED.match(line)
        if skipped and not SKIPPED_HEADING.match(skipped[1]):
            name, _, reason = skipped[1].partition(": ")
            yield name, "skipped", reason or "no reason given"


def program_results(program):
    """(name, status, reason) of all tests of one program."""
    name = program_name(program)
    stdout = program.get("stdout") or ""
    status = PROGRAM_STATUS.get(program["result"], "failed")
    cases = case_results(stdout)
    reason = ""
    if status == "skipped":
        reason = last_line(stdout.splitlines() or (program.get("stderr") or "").splitlines())
    elif status == "failed":
        reason = f"{program['result'].lower()}, exit {program['returncode']}"
    if not cases:
        cases = list(told_skips(stdout))
        return [(name, status, reason)] + [(f"{name}: {case}", s, r) for case, s, r in cases]
    results = [(f"{name}: {case}", s, r or (reason if s == "failed" else "")) for case, s, r in cases]
    if status != "passed" and not any(s == status for _, s, _ in cases):
        results.append((name, status, reason))  # the program, beside its cases
    return results


def read(stage, path):
    for program in read_log(path):
        for name, status, reason in program_results(program):
            print(stage, status, name, reason, sep="\t")


def failures(path):
    for program in read_log(path):
        if PROGRAM_STATUS.get(program["result"]) is not None:
            continue
        print(f"--- {program_name(program)}: {program['result'].lower()},"
              f" exit {program['returncode']}: {' '.join(program['command'])}")
        for stream in "stdout", "stderr":
            lines = (program.get(stream) or "").splitlines()
            if len(lines) > SHOWN_LINES:
                print(f"    ... {len(lines) - SHOWN_LINES} lines of {stream} before these")
            for line in lines[-SHOWN_LINES:]:
                print(f"    {line}")


def show(title, rows):
    """The tests of one status, by name, each reason with the stages that gave it."""
    if rows:
        print(f"{title}:")
    for (name, reason), stages in rows.items():
        print(f"  {name} ({', '.join(stages)}){': ' + reason if reason else ''}")


def summary(path):
    told = {"failed": {}, "skipped": {}}
    by_test = {}
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            stage, status, name, reason = line.rstrip("\n").split("\t", 3)
            by_test.setdefault(name, set()).add(status)
            if status in told:
                stages = told[status].setdefault((name, reason), [])
                if stage not in stages:
                    stages.append(stage)
    show("skipped", told["skipped"])
    show("failed", told["failed"])
    count = {"failed": 0, "passed": 0, "skipped": 0}
    for statuses in by_test.values():
        count[next(status for status in count if status in statuses)] += 1
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")


def main(arguments):
    verbs = {"read": (read, 2), "failures": (failures, 1), "summary": (summary, 1)}
    if not arguments or arguments[0] not in verbs or len(arguments) - 1 != verbs[arguments[0]][1]:
        sys.exit(__doc__)
    verbs[arguments[0]][0](*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
