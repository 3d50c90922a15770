"""Every row of the decision tables (rules 6.6 to 6.9), through the real planner.

One writer, one component of two file sets with one file each; all combinations of restore
method, restore target, what stands at the original places, mappings, what stands there, new
targets and what stands there, on offline and live trees. What the program plans (plan_texts) is
held against the second implementation: a third of them, drawn by a seed (VSSRESTORE_SEED).
VSSRESTORE_LONG=1 takes all, and adds --alm-overwrite never, private restores and methods without a
service.
"""

import functools
import itertools
import json
import os
import random
import subprocess
import sys
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "rules")]

from scenario import LONG, expect, told_case  # noqa: E402
from harness import TRIM, run_cases  # noqa: E402
from documents import Backup, Writer  # noqa: E402
from meant import node  # noqa: E402
from naive import expected  # noqa: E402
from stored import Documents  # noqa: E402

PLAN_TEXTS = os.environ.get("VSSRESTORE_PLAN_TEXTS", "plan_texts")
BATCH = 2000
SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
PART, TRIM_PART = 3, 15
SHOWN_MAX = 10

METHODS = ("RESTORE_IF_NOT_THERE", "RESTORE_IF_CAN_BE_REPLACED", "STOP_RESTORE_START",
           "RESTORE_TO_ALTERNATE_LOCATION", "REPLACE_AT_REBOOT",
           "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", "CUSTOM", "RESTORE_STOP_START", "UNDEFINED",
           "NO_SUCH_METHOD", None)
TARGETS = (None, "original", "alternate", "directed", "original_location", "undefined",
           "no_such_target")
# What stands where the two files go: nothing, a file, a file that cannot be replaced.
ORIGINAL = ((None, None), ("file", None), ("file", "file"), (None, "locked"), ("locked", "file"),
            ("locked", "locked"))
MAPPED = (0, 1, 2)
AT_MAPPING = (None, "file", "locked") # of the second file
RETARGETED = (0, 1, 2)
AT_TARGET = (None, "file", "locked") # of the first file
TREES = ("offline", "live")
MORE = (("default", False, True), ("never", False, True), ("default", True, True),
        ("default", False, False)) if LONG else (("default", False, True),)
FOLDERS = ("one", "two")


@functools.cache
def texts_of(method, target, mapped, service):
    writer = Writer("W", method, "always", "svc" if service else None, 0x100, "USER_DATA")
    component = writer.component("c")
    for number, name in enumerate(FOLDERS):
        component.files("C:\\" + name, "*", recursive=False)
        if number < mapped:
            writer.mapping("C:\\" + name, "*", "D:\\" + name, recursive=False)
    backup = Backup("full")
    backup.include(component, target=target)
    return backup.xml(), writer.xml()


@functools.cache
def documents_of(texts):
    return Documents(texts)


class Case:
    """One combination, as texts for the planner and as objects for the second implementation."""

    def __init__(self, values):
        self.values = values
        (self.method, self.target, self.original, self.mapped, at_mapping, self.retargeted,
         at_target, self.tree, (self.overwrite, self.private, self.service)) = values
        self.stands = {} # (volume, folder): kind of the file there
        for name, kind in zip(FOLDERS, self.original):
            self.stands["C:", name] = kind
        self.stands["D:", FOLDERS[self.mapped == 2]] = at_mapping
        self.stands["E:", FOLDERS[0]] = at_target
        self.stands = {place: kind for place, kind in self.stands.items() if kind}

    @staticmethod
    def is_needed(values):
        """What cannot matter is not varied; what cannot be asked for together (6.2) neither."""
        mapped, at_mapping, retargeted, at_target = values[3:7]
        private = values[8][1]
        return ((mapped or not at_mapping) and (retargeted or not at_target) and
                not (private and retargeted))

    def texts(self):
        return texts_of(self.method, self.target, self.mapped, self.service)

    def targets(self):
        return [SimpleNamespace(path="C:\\" + name, spec="*", recursive=False,
                                alternate="E:\\" + name) for name in FOLDERS[:self.retargeted]]

    def catalog(self):
        return "volume C:\n" + "".join(f"file C:\\{name}\\f 10\n" for name in FOLDERS)

    def options(self):
        lines = [f"--volume {drive}:=/{drive}" for drive in "CDE"] + [f"--tree {self.tree}"]
        lines += [f"--new-target W:c|{t.path}|*|no|{t.alternate}" for t in self.targets()]
        if self.overwrite == "never":
            lines.append("--alm-overwrite never")
        if self.private:
            lines.append("--private /private")
        for (volume, name), kind in self.stands.items():
            lines.append(f"have file {volume}\\{name}\\f" + " locked" * (kind == "locked"))
        return "\n".join(lines) + "\n"

    def input(self):
        parts = [("document", text) for text in self.texts()] + \
            [("catalog", self.catalog()), ("options", self.options())]
        return b"".join(b"%s %d\n%s" % (kind.encode(), len(text), text.encode())
                        for kind, text in parts) + b"plan 0\n"

    def wanted(self):
        nodes = [node("C:", (), "folder")]
        for name in FOLDERS:
            nodes += [node("C:", (name,), "folder"), node("C:", (name, "f"), "file", b"f")]
        tree = {"C:": {}, "D:": {}, "E:": {}}
        for (volume, name), kind in self.stands.items():
            tree[volume][name] = ("folder", {"f": (kind, b"")})
        choices = SimpleNamespace(
            components=[], exclude=[], widen=False, dependencies="auto",
            new_targets=[("W", "c", target) for target in self.targets()], restore_targets=[],
            private=self.private, live=self.tree == "live",
            never_overwrite=self.overwrite == "never", captured={}, environment={}, aliases={},
            files=[], mandatory=False)
        return expected(documents_of(self.texts()), nodes, ["C:"], tree, choices)

    def differences(self, lines):
        if lines[0].startswith("error"):
            return [lines[0]]
        records = [json.loads(line) for line in lines]
        unit = next(record for record in records if record["t"] == "unit")
        wanted = self.wanted()
        meant = wanted.units[0]
        found = []
        if unit["error"] not in (meant.errors or {None}):
            found.append(f"error {unit['error']} ({unit['rule']}), second {meant.errors or None}")
        if unit["verdict"] != meant.verdict and len(meant.errors) < 2:
            found.append(f"verdict {unit['verdict']} ({unit['rule']}), second {meant.verdict}")
        files = [(r["dest"], r["place"], r["action"]) for r in records
                 if r["t"] == "file" and r["kind"] != "directory"]
        other = [(r.dest, r.place, r.action) for r in wanted.files]
        if files != other:
            found.append(f"records {files}, second {other}")
        return found


def plans_of(cases):
    """The lines of each case's plan."""
    done = subprocess.run([PLAN_TEXTS], input=b"".join(case.input() for case in cases),
                          stdout=subprocess.PIPE, check=False)
    plans = done.stdout.decode().split("\n.\n")
    expect(done.returncode == 0 and len(plans) == len(cases) + 1 and not plans.pop(),
           f"plan_texts ended with {done.returncode} after {len(plans)} of {len(cases)} plans")
    return [plan.split("\n") for plan in plans]


def every_combination_is_decided_alike():
    combinations = itertools.product(METHODS, TARGETS, ORIGINAL, MAPPED, AT_MAPPING, RETARGETED,
                                     AT_TARGET, TREES, MORE)
    cases = [Case(values) for values in combinations if Case.is_needed(values)]
    if not LONG:
        cases = random.Random(SEED).sample(cases, len(cases) // (TRIM_PART if TRIM else PART))
    differing = []
    for first in range(0, len(cases), BATCH):
        batch = cases[first:first + BATCH]
        for case, lines in zip(batch, plans_of(batch)):
            found = case.differences(lines)
            if found:
                differing.append((case.values, found))
    print(f"{len(cases)} cases, seed {SEED}, {len(differing)} differ")
    expect(not differing, "\n".join(f"{values}\n  " + "\n  ".join(found)
                                    for values, found in differing[:SHOWN_MAX]))


if __name__ == "__main__":
    run_cases({"every_combination_is_decided_alike":
               told_case(every_combination_is_decided_alike)})
