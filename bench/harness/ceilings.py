"""ceilings.py - the machine's limits, measured in the same rounds, and which of them a row is held
against."""

import os
from dataclasses import dataclass

from .commands import Trouble
from .rows import CEILING, Row, Runner

BARE, READ, COPY, HASH = "bare write", "media read", "memory copy", "XXH3"
DECODE, VERIFY, RAW = "LZ4 decode", "LZ4 decode + XXH3", "raw write"
CHECK = "read, LZ4 decode, every sum"
RAW_MODES = ("buffered", "uncached", "direct-16", "direct-64")
RAW_FILES = 4
EXIT_NO_MODE = 3 # of ceilings.c
COPY_BYTES = 4 << 30
RAW_BYTES_MAX = 8 << 30


def raw_bytes(corpus):
    """Of each file of the raw writes: as many bytes in all as the corpus has data."""
    whole = min(max(corpus.data_bytes, 1 << 20), RAW_BYTES_MAX)
    return max(4096, whole // RAW_FILES)


def raw_row(corpus, programs, threads, mode):
    return Row(f"{RAW}, {mode}", CEILING,
               lambda place: [programs.instrument("ceilings"), "write", str(threads), place,
                              str(RAW_FILES), str(raw_bytes(corpus)), mode], own_clock=True)


def raw_modes_tried(corpus, target, programs, threads, tries):
    """{mode: [least seconds, least synced seconds]} of those that the target takes."""
    found = {}
    runner = Runner(corpus, target, programs)
    for mode in RAW_MODES:
        row = raw_row(corpus, programs, threads, mode)
        try:
            samples = [runner.run(row) for _ in range(tries)]
        except Trouble as trouble:
            if trouble.ended != EXIT_NO_MODE: # the target does not take it
                raise
            continue
        found[mode] = [min(sample.seconds for sample in samples),
                       min(sample.synced_seconds for sample in samples)]
    return found


def best_raw_modes(tried):
    """The mode that is fastest as it ends, and the one that is until all is on stable storage; and
    the best past the page cache, which few tries may have met at a bad moment."""
    direct = {mode: seconds for mode, seconds in tried.items() if mode.startswith("direct")}
    best = {min(tried, key=lambda mode: tried[mode][i]) for i in (0, 1)}
    return sorted(best | ({min(direct, key=lambda mode: direct[mode][1])} if direct else set()))


def ceiling_rows(corpus, programs, threads, raw_modes):
    """raw_modes none: there is nowhere to write to."""
    ceilings, count = programs.instrument("ceilings"), str(threads)

    def frames(kind):
        return lambda _: [ceilings, kind, count, *corpus.packs()]

    rows = [
        Row(COPY, CEILING, lambda _: [ceilings, "copy", count, str(COPY_BYTES // corpus.share)],
            writes=False, own_clock=True),
        Row(HASH, CEILING, lambda _: [ceilings, "hash", count, str(max(corpus.data_bytes, 4096))],
            writes=False, own_clock=True),
        Row(READ, CEILING, frames("read"), [corpus.set], writes=False, own_clock=True),
        Row(DECODE, CEILING, frames("decode"), [corpus.set], writes=False, own_clock=True),
        Row(VERIFY, CEILING, frames("verify"), [corpus.set], writes=False, own_clock=True),
        Row(CHECK, CEILING, frames("check"), [corpus.set], writes=False, own_clock=True),
    ]
    if raw_modes:
        rows.append(Row(BARE, CEILING,
                        lambda place: [programs.instrument("bare_write"), corpus.tree,
                                       os.path.join(place, "bare"), count], own_clock=True))
    return rows + [raw_row(corpus, programs, threads, mode) for mode in raw_modes]


@dataclass
class Floor:
    """Seconds that no restore of this corpus can pass: of terms, their sum or the slowest."""

    text: str
    seconds: float


# What a restore is held against: how the terms are put together, and the terms. Nobody restores
# small files in less than it takes to create and to decode them; of large ones on a disk, decoding
# and writing go on at once, and the slower of the two is the end of the road. In memory both take
# the processor, and large files are written there at the rate of whichever ceiling was faster.
FASTER_WRITE = (RAW, BARE)
FLOORS = {
    ("S", True): (sum, (BARE, DECODE)), ("S", False): (sum, (BARE, DECODE)),
    ("T", True): (sum, (BARE, DECODE)), ("T", False): (sum, (BARE, DECODE)),
    ("F", True): (sum, (BARE, DECODE)), ("F", False): (sum, (BARE, DECODE)),
    ("M", True): (sum, (BARE,)), ("M", False): (sum, (BARE,)),
    ("L", True): (sum, (DECODE, FASTER_WRITE)), ("L", False): (max, (DECODE, RAW)),
    ("Z", True): (sum, (DECODE, FASTER_WRITE)), ("Z", False): (max, (DECODE, RAW)),
}


def seconds_of(median, synced):
    return median[1] if synced and median[1] is not None else median[0]


def term_of(term, medians, synced):
    """A ceiling's name; of several (FASTER_WRITE) that which took less. None: not measured."""
    names = [name for name in (term if isinstance(term, tuple) else (term,)) if name in medians]
    return min(names, key=lambda name: seconds_of(medians[name], synced), default=None)


def floor_of(corpus_key, in_memory, against, durability, medians, cold=False):
    """The Floor of a row of the product. medians: {ceiling: (seconds, synced seconds or None)}, raw
    writes under RAW. Cold media must be read, too, while the rest goes on. None: a term was not
    measured."""
    if against == "verify":
        together, terms = sum, (VERIFY,)
    else:
        together, terms = FLOORS[corpus_key, in_memory]
    synced = durability == "unit"
    terms = [term_of(term, medians, synced) for term in terms]
    if None in terms:
        return None
    values = [seconds_of(medians[term], synced) for term in terms]
    named = [term + (", synced" if synced and medians[term][1] is not None else "")
             for term in terms]
    seconds = together(values)
    if together is sum:
        named = [" + ".join(named)]
    if cold and READ in medians:
        named.append(READ)
        seconds = max(seconds, medians[READ][0])
    slower = "the slower of " if len(named) == 2 else "the slowest of " if len(named) > 2 else ""
    return Floor(slower + " and ".join(named), seconds)
