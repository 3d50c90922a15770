"""comparison.py - was it faster before? A row of vssrestore is held against the same row of an
older result by what does not depend on the machine: its share of the ceiling, and how many times as
fast as unsquashfs it is. Where a result lacks these, by seconds, if machine and kernel are the
same."""

import statistics
from dataclasses import dataclass

from . import sweeps
from .targets import PAST_CACHE

LEAST = 0.05 # what two runs of the same program differ by anyhow
RATIOS = (("of_ceiling", "of the ceiling"), ("against_unsquashfs", "x unsquashfs"))

BESIDES = ( # how a result came about: what both must have, or neither
    ("with cold media", lambda told: told.get("media", "warm") == "cold"),
    ("with the page cache emptied before each run", lambda told: bool(told.get("drop_caches"))),
    ("with its loop device" + PAST_CACHE, lambda told: told.get("target", "").endswith(PAST_CACHE)),
)


@dataclass
class Change:
    row: str
    what: str         # "of the ceiling", "x unsquashfs", "files or bytes a second"
    old: float
    new: float
    allowed: float    # a fall by more than this part is a regression

    @property
    def factor(self):
        return self.new / self.old

    @property
    def regressed(self):
        return self.factor < 1 - self.allowed

    @property
    def improved(self):
        return self.factor > 1 + self.allowed


def spread(row):
    """Half of what lies between the quartiles (of few runs: the extremes), a part of the median."""
    seconds = row["seconds"]
    low, high = (min(seconds), max(seconds))
    if len(seconds) > 3:
        low, _, high = statistics.quantiles(seconds, n=4)
    return (high - low) / 2 / row["median"]


def comparable(old, new):
    """Why two results cannot be compared, or None."""
    for key, text in (("corpus", "corpora"), ("share", "shares of the corpus"),
                      ("description", "corpora"), ("threads", "numbers of threads")):
        if key in old and key in new and old[key] != new[key]:
            return f"different {text}: {old[key]} and {new[key]}"
    kind = "target_kind" if "target_kind" in old and "target_kind" in new else "target"
    if old.get(kind) != new.get(kind):
        return f"different targets: {old.get('target')} and {new.get('target')}"
    for words, of in BESIDES:
        if of(old) != of(new):
            return f"one {words}, the other not"
    return None


def row_changes(old, new, same_machine):
    allowed = max(LEAST, spread(old) + spread(new))
    changes = [Change(new["row"], text, old[key], new[key], allowed) for key, text in RATIOS
               if old.get(key) is not None and new.get(key) is not None]
    if not changes and same_machine:
        changes = [Change(new["row"], "MB a second", old["mb_per_second"], new["mb_per_second"],
                          allowed)]
    return changes


def changes_of(old, new):
    """Of each row of the product that both results have."""
    same_machine = all(old.get(key) == new.get(key) for key in ("machine", "kernel"))
    before = {row["row"]: row for row in old["rows"]}
    found = []
    for row in new["rows"]:
        if row["row"].startswith("vssrestore") and row["row"] in before:
            found += row_changes(before[row["row"]], row, same_machine)
    return found


def gone_of(old, new):
    """Rows of the product that the older result has alone; of sweeps, whole points, too."""
    if "points" in old and "points" in new:
        after = {sweeps.point_words(point): point for point in new["points"]}
        found = []
        for point in old["points"]:
            words = sweeps.point_words(point)
            at = f"{sweeps.axis_words(old)} {words}"
            found += [f"{row}, {at}" for row in gone_of(point, after[words])] \
                if words in after else [f"all of {at}"]
        return found
    names = {row["row"] for row in new.get("rows", ())}
    return [row["row"] for row in old.get("rows", ())
            if row["row"].startswith("vssrestore") and row["row"] not in names]


def compare(old, new):
    """([Change], [why something was not compared]). Of sweeps, point by point."""
    if "points" in old and "points" in new:
        before = {sweeps.point_words(point): point for point in old["points"]}
        found, whys = [], []
        for point in new["points"]:
            words = sweeps.point_words(point)
            if words in before:
                changes, why = compare(before[words], point)
                for change in changes:
                    change.row += f", {sweeps.axis_words(new)} {words}"
                found, whys = found + changes, whys + why
        return found, whys
    if ("points" in old) != ("points" in new):
        return [], ["one is a sweep, the other is not"]
    why = comparable(old, new)
    return ([], [why]) if why else (changes_of(old, new), [])


def lines(old, new, changes, whys):
    found = [f"against {old.get('commit', '?')} of {old.get('time', '?')}, "
             f"{old.get('machine', '?')}, kernel {old.get('kernel', '?')}:"]
    found += [f"  not compared: {why}" for why in whys]
    for change in changes:
        verdict = "REGRESSION" if change.regressed else "better" if change.improved else "the same"
        found.append(f"  {change.row}: {change.what} {change.old:.2f} -> {change.new:.2f} "
                     f"({(change.factor - 1) * 100:+.1f} %, within {change.allowed * 100:.0f} % is "
                     f"noise): {verdict}")
    if not whys:
        found += [f"  only there, not measured now: {row}" for row in gone_of(old, new)]
    if not changes and not whys:
        found.append("  no row that both have")
    return found
