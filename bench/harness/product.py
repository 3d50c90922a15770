"""product.py - the rows of vssrestore itself."""

import os
import re
import shlex

from .commands import tell
from .rows import PRODUCT, Row

DURABILITIES = ("none", "unit")


def restore_row(corpus, programs, durability, words=(), name="", beside=None):
    run_folder = run_folder_of(corpus)

    def command(place):
        return [programs.vssrestore, "run", corpus.set, "--root", place, "--run-dir", run_folder,
                "--durability", durability, "--quiet", *words]

    return Row(f"vssrestore, durability {durability}{name}", PRODUCT, command, [corpus.set],
               clean=run_folder, durability=durability, against="restore", beside=beside)


def verify_row(corpus, programs, workers=None):
    words = [] if workers is None else ["--workers", str(workers)]
    return Row("vssrestore verify" + workers_words(workers), PRODUCT,
               lambda _: [programs.vssrestore, "verify", corpus.set, *words],
               [corpus.set], writes=False, against="verify",
               beside=beside_one("vssrestore verify", workers))


def reading_rows(corpus, programs, workers=None):
    """What writes nothing; without the null sink where an older vssrestore has none."""
    rows = [verify_row(corpus, programs, workers)]
    if programs.run_has("--sink"):
        rows.insert(0, null_row(corpus, programs, workers))
    return rows


def null_row(corpus, programs, workers=None):
    words = [] if workers is None else ["--workers", str(workers)]
    run_folder, nowhere = run_folder_of(corpus), os.path.join(corpus.work, "nowhere")

    def command(_):
        return [programs.vssrestore, "run", corpus.set, "--root", nowhere, "--run-dir", run_folder,
                "--sink", "null", "--quiet", *words]

    return Row("vssrestore, sink null" + workers_words(workers), PRODUCT, command, [corpus.set],
               writes=False, clean=run_folder, succeeded=all_verified, against="verify",
               beside=beside_one("vssrestore, sink null", workers))


def all_verified(code, output):
    """A run into nothing restored nothing (exit 3); it says how many files it verified of all."""
    return code in (0, 3) and re.search(r"\b(\d+) of \1 files verified", output) is not None


def run_folder_of(corpus):
    return os.path.join(corpus.work, "run")


def workers_words(workers):
    return "" if workers is None else f", {count_of(workers, 'worker')}"


def beside_one(name, workers):
    return None if workers in (None, 1) else (f"{name}, 1 worker", "x one worker")


def count_of(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def worker_counts(cores):
    """1, 2, 4 ... and all of them."""
    counts = [1]
    while counts[-1] * 2 < cores:
        counts.append(counts[-1] * 2)
    return sorted(set(counts + [cores]))


def scaling_rows(corpus, programs, writes, cores):
    rows = []
    for workers in worker_counts(cores):
        rows += reading_rows(corpus, programs, workers)
        if writes:
            rows.append(restore_row(corpus, programs, "none", ("--workers", str(workers)),
                                    workers_words(workers),
                                    beside_one("vssrestore, durability none", workers)))
    return rows


def variant_rows(corpus, programs, variants):
    """Rows with further options of `run`; one that this build does not know is left out."""
    rows = []
    for text in variants:
        words = shlex.split(text)
        unknown = [word for word in words
                   if word.startswith("--") and not programs.run_has(word)]
        if unknown:
            tell(f"left out: `vssrestore run` here has no {unknown[0]}")
            continue
        rows += [restore_row(corpus, programs, durability, words, f", {text}",
                             (f"vssrestore, durability {durability}", "x without these options"))
                 for durability in DURABILITIES]
    return rows


def product_rows(corpus, programs, writes, scaling, variants, cores):
    rows = [restore_row(corpus, programs, durability) for durability in DURABILITIES] \
        if writes else []
    rows += reading_rows(corpus, programs)
    if writes:
        rows += variant_rows(corpus, programs, variants)
    if scaling:
        rows += scaling_rows(corpus, programs, writes, cores)
    return rows
