"""rounds.py - every row once in each round, in an order that is drawn anew for each, so that what
changes on the machine meanwhile, and what the row before leaves behind, meets all rows alike."""

import os
import random

from . import trees
from .commands import Trouble, tell
from .rows import PEER, PRODUCT


class Rounds:
    """samples: {row name: [Sample]}; failed: {peer: why}; holes: of checked trees with holes."""

    def __init__(self, runner, rows):
        self.runner, self.rows = runner, rows
        self.samples = {row.name: [] for row in rows}
        self.failed, self.holes = {}, {}

    def run(self, count):
        for number in range(count):
            for row in random.Random(number).sample(self.rows, len(self.rows)): # the same each time
                if row.name not in self.failed:
                    self._run_row(row, number)
            tell(f"round {number + 1} of {count}: " + ", ".join(
                f"{name} {taken[-1].seconds:.3f}" for name, taken in self.samples.items() if taken))
        self.rows = [row for row in self.rows if row.name not in self.failed]

    def _run_row(self, row, number):
        """A peer that fails is named and left out; anything else that fails ends the program."""

        corpus = self.runner.corpus

        def check(place):
            if row.kind == PRODUCT:
                self.holes[row.name] = trees.compare(os.path.join(corpus.tree, "Corpus"),
                                                     os.path.join(place, "C", "Corpus"))
            elif row.kind == PEER and trees.files_in(place) != corpus.files:
                raise Trouble(f"{trees.files_in(place)} files came of {corpus.files}")

        try:
            sample = self.runner.run(row, check if row.writes and number == 0 else None)
        except Trouble as trouble:
            if row.kind != PEER:
                raise
            tell(f"{row.name} is left out: {trouble}")
            self.failed[row.name] = str(trouble).splitlines()[0]
            self.samples.pop(row.name)
            return
        self.samples[row.name].append(sample)
