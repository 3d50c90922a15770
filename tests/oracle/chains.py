"""Random chains of backups, restored by the program and told by a model of a few rules.

    chains.py                    as many cases as the environment asks for
    chains.py SEED [COUNT]       these cases: one that differs tells how, and keeps its folder

A case: one or two writers with components of one folder each, a full backup and what may follow
it, whole files and ranges of files, obstacles at the destination; restored as a list of sets, by
the last set alone, or one run after the other with --after. Compared: every file at the
destination, each component's status, additionalRestores, and the exit code of each step. The model
knows rules 6.6 (methods 1, 2 and 4), 7.1 to 7.4 and 7.7, ruling 12 and T36. VSSRESTORE_LONG=1:
1,000 cases; VSSRESTORE_SEED: where to begin.
"""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "rules")]

from scenario import LONG, Scenario, expect, told_case  # noqa: E402
from harness import TRIM, run_cases  # noqa: E402

SEED = int(os.environ.get("VSSRESTORE_SEED", "1"))
COUNT = 1000 if LONG else 12 if TRIM else 40

THERE, CAN, ALTERNATE = ("RESTORE_IF_NOT_THERE", "RESTORE_IF_CAN_BE_REPLACED",
                         "RESTORE_TO_ALTERNATE_LOCATION")
NAMES = ("a", "b", "n", r"deep\c", r"deep\d")


class Part:
    """A component in the model: where its chain stands."""

    def __init__(self, random, writer, number):
        self.writer, self.folder = writer, f"C:\\c{number}"
        self.component = writer.component(f"c{number}", lp="data").files(self.folder, "*")
        self.alternate = f"C:\\alt{number}" if writer.method == ALTERNATE or \
            random.random() < 0.5 else None
        if self.alternate:
            writer.mapping(self.folder, "*", self.alternate)
        self.target = f"C:\\new{number}" if random.random() < 0.15 else None
        self.failed = False
        self.base = None # the folder that its files went to
        self.known = {} # name: content, as the chain's backups have it

    def decide(self, there, laid, files, ranges):
        """The folder that a step's files go to, or None: refused."""
        def free(folder, absent):
            for name in (*files, *ranges):
                path = folder + "\\" + name
                if path in there and (there[path] is None or
                                      absent and name in files and path not in laid):
                    return False
            return True

        def based(folder):
            return all(folder + "\\" + name in there for name in ranges)

        if self.target:
            return self.target if free(self.target, False) and based(self.target) else None
        method = self.writer.method
        original = method != ALTERNATE and self.base in (None, self.folder) and \
            free(self.folder, method == THERE)
        if original:
            return self.folder if based(self.folder) else None
        if self.alternate and self.base in (None, self.alternate) and \
                free(self.alternate, method == THERE):
            return self.alternate if based(self.alternate) else None
        return None


class Step:
    """One backup: its type, and what is new in each part that it has."""

    def __init__(self, type):
        self.type, self.parts = type, {} # Part: ({name: content}, {name: {offset: bytes}})


class Case:
    def __init__(self, s, seed):
        self.s, self.random = s, random.Random(seed)
        self.there, self.laid = {}, set() # at the destination: path: content, None for a folder
        methods = [self.random.choice((THERE, CAN, CAN, ALTERNATE))
                   for _ in range(self.random.randint(1, 2))]
        writers = [s.writer(f"W{number}", method=method, schema=0x10B)
                   for number, method in enumerate(methods)]
        self.parts = [Part(self.random, self.random.choice(writers), number)
                      for number in range(self.random.randint(1, 3))]
        self.steps = self.make_steps()

    def bytes(self, count_max=200):
        return self.random.randbytes(self.random.randint(0, count_max))

    def make_steps(self):
        types = ["full"]
        types += self.random.choice((["incremental"] * self.random.randint(0, 3),
                                     ["differential"]))
        types += ["log"] * self.random.choice((0, 0, 0, 1, 2))
        steps = [Step(type) for type in types]
        for step in steps:
            for part in self.parts:
                if step.type == "full" or self.random.random() < 0.8:
                    step.parts[part] = self.changes(part, step.type)
        return steps

    def changes(self, part, type):
        files, ranges = {}, {}
        for name in NAMES:
            chance = self.random.random()
            if chance < (0.7 if type == "full" else 0.3):
                files[name] = part.known[name] = self.bytes()
            elif chance < 0.5 and type != "full" and len(part.known.get(name, b"")) > 20:
                ranges[name] = self.some_ranges(len(part.known[name]))
        return files, ranges

    def some_ranges(self, size):
        """{offset: bytes}, apart from each other; the last may lie behind the end."""
        found, at = {}, self.random.randint(0, 10)
        while at < size + 30 and len(found) < 3:
            found[at] = self.random.randbytes(self.random.randint(1, 12))
            at += len(found[at]) + self.random.randint(1, 40)
        return found

    def pack(self):
        """The sets of all steps; each source holds what its step has."""
        sets = []
        for step in self.steps:
            for path, content in list(self.s.source.listing().items()):
                if content is not None:
                    self.s.remove(path)
            backup = self.s.backup(step.type)
            for part, (files, ranges) in step.parts.items():
                entry = backup.include(part.component)
                for name, content in files.items():
                    self.s.put(part.folder + "\\" + name, content)
                for name, pieces in ranges.items():
                    self.put_ranges(part, entry, name, pieces)
            self.s.put_folder("C:\\")
            sets.append(self.s.pack(*(("--parent", sets[-1 if step.type != "differential" else 0])
                                      if sets else ())))
        return sets

    def put_ranges(self, part, entry, name, pieces):
        end = max(offset + len(piece) for offset, piece in pieces.items())
        image = bytearray(self.random.randbytes(end + self.random.randint(0, 50)))
        for offset, piece in pieces.items():
            image[offset:offset + len(piece)] = piece
        folder, _, last = (part.folder + "\\" + name).rpartition("\\")
        entry.partial(folder, last, ", ".join(f"{offset}:{len(piece)}"
                                              for offset, piece in pieces.items()))
        self.s.put(part.folder + "\\" + name, bytes(image))

    def obstruct(self):
        """Files and folders in the way, before the restore."""
        for part in self.parts:
            for folder in (part.folder, part.alternate, part.target):
                if folder and self.random.random() < 0.3:
                    path = folder + "\\" + self.random.choice(NAMES)
                    if self.random.random() < 0.3:
                        self.s.place_folder(path)
                        self.there[path] = None
                    else:
                        self.there[path] = b"stood there"
                        self.s.place(path, b"stood there")

    def model(self):
        """For each step {component: whole}; the destination follows."""
        told = []
        for step in self.steps:
            told.append({})
            for part, (files, ranges) in step.parts.items():
                folder = None if part.failed else part.decide(self.there, self.laid, files, ranges)
                part.failed = folder is None
                told[-1][part.component.full] = not part.failed
                if folder and (files or ranges):
                    part.base = part.base or (folder if folder != part.target else None)
                    self.lay(folder, files, ranges)
        return told

    def lay(self, folder, files, ranges):
        for name, content in files.items():
            self.there[folder + "\\" + name] = content
            self.laid.add(folder + "\\" + name)
        for name, pieces in ranges.items():
            image = bytearray(self.there[folder + "\\" + name])
            for offset, piece in pieces.items():
                image.extend(bytes(max(0, offset + len(piece) - len(image))))
                image[offset:offset + len(piece)] = piece
            self.there[folder + "\\" + name] = bytes(image)
            self.laid.add(folder + "\\" + name)

    def restore(self, sets):
        """A Run for each step."""
        options = ["--durability", "none"]
        for part in self.parts:
            if part.target:
                options += ["--new-target",
                            f"{part.component.selector}|{part.folder}|*|yes|{part.target}"]
        way = self.random.randint(0, 2)
        if way == 0:
            return self.s.run(sets, *options).steps
        if way == 1 and self.steps[-1].type != "differential":
            return self.s.run(sets[-1:], *options).steps
        runs = []
        for media, step in zip(sets, self.steps):
            after = [word for run in runs for word in ("--after", run.folder)]
            chosen = [word for part in self.parts if part.target and part in step.parts
                      for word in ("--new-target",
                                   f"{part.component.selector}|{part.folder}|*|yes|{part.target}")]
            runs.append(self.s.run(media, "--durability", "none", *after, *chosen))
        return runs

    def check(self):
        sets = self.pack()
        self.obstruct()
        runs = self.restore(sets)
        wanted = self.model()
        expect(len(runs) == len(wanted), f"{len(runs)} steps for {len(wanted)}\n{runs[-1].told()}")
        for number, (run, told) in enumerate(zip(runs, wanted)):
            found = {(u["logical_path"] + "\\" + u["component"]): u["status"] == "ALL"
                     for u in run.summary["units"]}
            expect(found == told, f"step {number}: program {found}, model {told}\n{run.told()}")
            code = 0 if all(told.values()) else 3
            expect(run.summary["exit_code"] == code,
                   f"step {number}: exit code {run.summary['exit_code']}\n{run.told()}")
        listing = self.s.listing()
        files = {path: content for path, content in listing.items() if content is not None}
        model = {path: content for path, content in self.there.items() if content is not None}
        expect(files == model, "the destination differs:\n" + "\n".join(
            f"  {path}: program {files.get(path)}, model {model.get(path)}"
            for path in sorted(files.keys() | model.keys()) if files.get(path) != model.get(path)) +
            "\n" + runs[-1].told())


def chains_end_as_the_model_says(first, count):
    for seed in range(first, first + count):
        with Scenario() as s:
            try:
                Case(s, seed).check()
            except Exception:
                s.keep = True
                print(f"seed {seed}: kept: {os.fsdecode(s.folder)}")
                raise
    print(f"{count} chains, from seed {first}")


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]]
    first, count = (chosen + [1])[:2] if chosen else (SEED, COUNT)
    run_cases({"chains_end_as_the_model_says": told_case(
        lambda: chains_end_as_the_model_says(first, count))})
