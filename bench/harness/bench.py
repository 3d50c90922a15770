"""bench.py - one measurement from its corpus to its result, and what is made of results."""

import os

from . import ceilings, comparison, options as command_line, plots, results, sweeps, tables, targets
from .commands import Trouble, tell
from .corpora import Corpus
from .peers import Peers
from .product import product_rows
from .programs import Programs
from .rounds import Rounds
from .rows import Runner

EXIT_REGRESSION = 3
PAUSE_SECONDS = 2 # to see, ahead of the rounds, what else runs
THREADS_MAX = 256 # of a restore, as of the instruments


def cores():
    """As many as this process may use: so many workers a restore has by default, too."""
    return min(len(os.sched_getaffinity(0)), THREADS_MAX)


def measure(options, corpus, target, programs):
    """All rows of one corpus on one target: a result."""
    facts = results.machine_facts(programs)
    threads = cores()
    writes = target.path is not None
    corpus.make()
    corpus.pack()
    peers = Peers(corpus, programs, options.peers if writes else ())
    raw_tried, tries = {}, 1 if options.smoke else 2
    if writes:
        peers.choose_block_size(target, programs, tries)
        raw_tried = ceilings.raw_modes_tried(corpus, target, programs, threads, tries)
    raw_modes = ceilings.best_raw_modes(raw_tried) if raw_tried else []
    rows = product_rows(corpus, programs, writes, options.scaling, options.variant, threads) \
        + ceilings.ceiling_rows(corpus, programs, threads, raw_modes) + peers.rows()
    rounds = Rounds(Runner(corpus, target, programs, options.media == "cold", options.drop_caches),
                    rows)
    busy_before = results.busy_cores(PAUSE_SECONDS / (10 if options.smoke else 1))
    rounds.run(options.rounds)
    found = results.rows_of(corpus, rounds.rows, rounds.samples)
    results.add_beside(found, rounds.rows)
    results.add_ratios(found, corpus.key, target.memory, options.media == "cold")
    return {
        "format": results.FORMAT, "corpus": corpus.key, "share": corpus.share,
        "description": corpus.describe(), "file_bytes": corpus.size, "files": corpus.files,
        "bytes": corpus.bytes, "data_bytes": corpus.data_bytes, "set_bytes": corpus.set_bytes,
        "pack_seconds": corpus.pack_seconds, "target": target.name, "target_kind": target.kind,
        "media": options.media, "drop_caches": options.drop_caches, "rounds": options.rounds,
        "threads": threads, "raw_tried": raw_tried,
        "squashfs_block": peers.block_size if peers.block_seconds else None,
        "squashfs_tried": peers.block_seconds, "missing": peers.missing, "failed": rounds.failed,
        "holes": rounds.holes, "busy_before": busy_before, **facts, "rows": found,
    }


def sweep(options, target, programs):
    """The same, of each corpus of a sweep."""
    points = [measure(options, corpus, target, programs) for corpus in
              sweeps.corpora_of(options.corpus, options.work, programs, options.share)]
    return {"format": results.FORMAT, "corpus": options.corpus, "share": options.share,
            **results.machine_facts(programs), "points": points}


def refuse_cold_in_memory(options):
    """What stands in memory alone never leaves it: nothing there is ever cold."""
    kind = targets.file_system(options.work)
    if options.media == "cold" and kind in targets.MEMORY_KINDS:
        raise Trouble(f"--media cold: {options.work} is {kind}, which is never out of memory: name "
                      "a --work on a disk", 2)


def run(options):
    """What the options ask to be measured."""
    os.makedirs(options.work, exist_ok=True)
    refuse_cold_in_memory(options)
    programs = Programs(options.build)
    target = targets.make_target(options.target, options.work, options.loop_direct, programs)
    try:
        if options.corpus in ("sweep", "growth"):
            return sweep(options, target, programs)
        corpus = Corpus(options.corpus, options.work, programs, options.share, options.source)
        return measure(options, corpus, target, programs)
    finally:
        target.end()


def text_of(told):
    return tables.sweep_table(told) if "points" in told else tables.table(told)


def main(words=None):
    """The program; its exit code."""
    options = command_line.read(words)
    old = results.read(options.compare) if options.compare else None
    told = results.read(options.measured) if options.measured else run(options)
    if options.json:
        results.write(told, options.json)
    print(text_of(told), flush=True)
    if options.plots:
        for path in plots.write(told, options.plots):
            tell(f"drawn: {path}")
    if old is None:
        return 0
    changes, whys = comparison.compare(old, told)
    print("\n" + "\n".join(comparison.lines(old, told, changes, whys)))
    return EXIT_REGRESSION if any(change.regressed for change in changes) else 0
