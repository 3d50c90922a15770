"""sweeps.py - several corpora of one kind in turn, each a point with rows of its own: files of
other sizes, or more and more of the same files."""

from .corpora import Corpus
from .peers import UNSQUASHFS

SIZES = (0, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20)
GROWTH_SHARES = (16, 8, 4, 2, 1)
RESTORING = ("vssrestore, durability none", "vssrestore, durability unit", UNSQUASHFS, "bare write")
READING = ("vssrestore, sink null", "vssrestore verify")


def corpora_of(key, work, programs, share):
    """The corpora of `sweep` or `growth`, in turn."""
    if key == "sweep":
        return [Corpus("F", work, programs, share, size=size) for size in SIZES]
    return [Corpus("T", work, programs, share * more) for more in GROWTH_SHARES]


def size_words(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB" if size else "0"


def point_words(point):
    """What sets a point apart from the others."""
    if point.get("file_bytes") is not None:
        return size_words(point["file_bytes"])
    return f"{point['files']:,}"


def axis_words(told):
    return "size of a file" if told["corpus"] == "sweep" else "files"


def rows_by_name(point):
    return {row["row"]: row for row in point["rows"]}


def names_of(told):
    """The rows that tell the story, less what was not run; the first is the one that is held
    against its ceiling."""
    points = [rows_by_name(point) for point in told["points"]]
    names = RESTORING if RESTORING[0] in points[0] else READING
    return [name for name in names if any(name in rows for rows in points)]


def series_of(told):
    """[(name, [files a second at each point, or None])], the ceiling among them."""
    names = names_of(told)
    points = [rows_by_name(point) for point in told["points"]]
    series = [(name, [rows[name]["files_per_second"] if name in rows else None for rows in points])
              for name in names]
    ceiling = [point["files"] / rows[names[0]]["ceiling_seconds"]
               if rows.get(names[0], {}).get("ceiling_seconds") else None
               for point, rows in zip(told["points"], points)]
    return [(name, values) for name, values in series + [("ceiling", ceiling)] if any(values)]
