"""tables.py - a result as text."""

from . import profiles, sweeps

COLUMNS = (
    # heading, width, how a row's cell is made (None: empty)
    ("median s", 9, lambda row: f"{row['median']:.3f}"),
    ("min", 8, lambda row: f"{row['min']:.3f}"),
    ("max", 8, lambda row: f"{row['max']:.3f}"),
    ("MB/s", 8, lambda row: f"{row['mb_per_second']:.0f}"),
    ("files/s", 9, lambda row: number(row, "files_per_second", ".0f")),
    ("CPU s", 7, lambda row: number(row, "cpu_seconds", ".2f")),
    ("peak MiB", 9, lambda row: mebibytes(row, "peak_bytes")),
    ("own MiB", 8, lambda row: mebibytes(row, "anonymous_bytes")),
    ("read x", 7, lambda row: number(row, "read_amplification", ".2f")),
    ("written x", 10, lambda row: number(row, "write_amplification", ".2f")),
    ("x unsquashfs", 13, lambda row: number(row, "against_unsquashfs", ".2f")),
    ("of ceiling", 11, lambda row: number(row, "of_ceiling", ".2f")),
)
NAME_WIDTH_MIN = 28


def number(row, key, form):
    return format(row[key], form) if row.get(key) is not None else None


def mebibytes(row, key):
    return f"{row[key] / (1 << 20):.0f}" if row.get(key) else None


def shown_columns(rows):
    """Those that some row has something in."""
    return [column for column in COLUMNS if any(column[2](row) for row in rows)]


def row_lines(rows):
    columns = shown_columns(rows)
    wide = max([NAME_WIDTH_MIN] + [len(row["row"]) + 1 for row in rows])
    lines = [f"{'':{wide}}" + "".join(f"{heading:>{width}}" for heading, width, _ in columns)]
    for i, row in enumerate(rows):
        if i > 0 and row.get("kind") != rows[i - 1].get("kind"):
            lines.append("")
        lines.append((f"{row['row']:{wide}}" + "".join(
            f"{make(row) or '':>{width}}" for _, width, make in columns)).rstrip())
    return lines


def ratio_lines(rows):
    """In words, what the ratios of a row are ratios to."""
    lines = []
    for row in rows:
        parts = []
        if row.get("against_beside") is not None:
            parts.append(f"{row['against_beside']:.2f} {row['beside']}")
        if row.get("against_unsquashfs") is not None:
            synced = ", synced" if row.get("durability") == "unit" else ""
            parts.append(f"{row['against_unsquashfs']:.2f} x unsquashfs lz4{synced}")
        if row.get("of_ceiling") is not None:
            parts.append(f"{row['of_ceiling']:.2f} of the ceiling: {row['ceiling']} "
                         f"= {row['ceiling_seconds']:.3f} s")
        if parts:
            lines.append(f"{row['row']}: " + "; ".join(parts))
    return lines


def spread_lines(rows):
    """Rows whose largest time is more than 1.2 of the smallest."""
    wide = [f"{row['row']} {row['max'] / row['min']:.2f}" for row in rows
            if row["min"] > 0 and row["max"] > 1.2 * row["min"]]
    return ["spread beyond 1.2 (largest to smallest): " + ", ".join(wide)] if wide else []


def head_lines(told):
    archives = [f"set {told['set_bytes'] / 1e6:.1f} MB, packed in {told['pack_seconds']:.2f} s"]
    if told.get("squashfs_block"):
        archives.append(f"unsquashfs with blocks of {told['squashfs_block']}")
    return [
        f"corpus {told['corpus']} ({told['description']}; share 1/{told['share']}): "
        f"{told['files']} files, {told['data_bytes'] / 1e6:.1f} MB"
        + (f" of {told['bytes'] / 1e6:.1f}" if told["bytes"] > 1.01 * told["data_bytes"] else "")
        + f"; target {told['target']}; media {told['media']}",
        "; ".join(archives) + f"; {told['rounds']} round{'' if told['rounds'] == 1 else 's'}",
    ] + origin_lines(told)


def origin_lines(told):
    """Where a result comes from, and by which command."""
    lines = [
        f"{told['machine']}, {told['memory']}, kernel {told['kernel']}, commit {told['commit']}, "
        + (f"{told['busy_before']:.2f} cores busy before the rounds"
           if told.get("busy_before") is not None else f"load before {told['load_before']:.2f}")]
    return lines + ([f"command: {told['command']}"] if told.get("command") else [])


def missing_lines(told):
    lines = []
    if told.get("missing"):
        lines.append("not installed: " + ", ".join(told["missing"]))
    for name, why in told.get("failed", {}).items():
        lines.append(f"failed: {name} ({why})")
    for name, more in told.get("holes", {}).items():
        if more != 0:
            lines.append(f"holes: {name} left {more} more bytes allocated than the source has")
    return lines


NOTES = (
    "x unsquashfs: times as fast as that (1: the same); of ceiling: 1 is the end of the road.",
    "peak: the largest process, mapped files included; own: the program less mapped files, as",
    "sampled. read x: from storage, of what the row's input has; written x: {by}, of the data.",
)
WRITTEN_BY = {"device": "to the device until synced", "space taken": "space taken in memory",
              "process": "by the program's account"}


def table(told):
    """The whole of one measured corpus."""
    rows = told["rows"]
    written = next((row["written_by"] for row in rows if row.get("written_by")), None)
    notes = [note.format(by=WRITTEN_BY.get(written, "-")) for note in NOTES]
    parts = [head_lines(told), row_lines(rows), ratio_lines(rows), profiles.lines(rows),
             spread_lines(rows) + missing_lines(told), notes]
    return "\n\n".join("\n".join(part) for part in parts if part)


def sweep_lead(told):
    """The columns in front of the rows': heading, width, how the cell of a point's row is made. Of
    growth, how much longer it took than before: 2 is in proportion, files being twice as many."""
    lead = [("median s", 10, lambda row, before: f"{row['median']:.3f}"),
            ("x before", 10, lambda row, before: f"{row['median'] / before:.2f}" if before else ""),
            ("own MiB", 9, lambda row, before: mebibytes(row, "anonymous_bytes")),
            ("of ceiling", 12, lambda row, before: number(row, "of_ceiling", ".2f"))]
    return lead if told["corpus"] == "growth" else lead[:1] + lead[2:]


def sweep_table(told):
    """What the first of the rows that matter took at each point, and files a second of all."""
    names, lead = sweeps.names_of(told), sweep_lead(told)
    lines = [f"files a second; target {told['points'][0]['target']}; in front, {names[0]}",
             f"{sweeps.axis_words(told):>14}"
             + "".join(f"{heading:>{width}}" for heading, width, _ in lead)
             + "".join(f"{name:>{len(name) + 3}}" for name in names)]
    before = None
    for point in told["points"]:
        rows = sweeps.rows_by_name(point)
        first = rows[names[0]]
        cells = [number(rows[name], "files_per_second", ".0f") if name in rows else ""
                 for name in names]
        lines.append(f"{sweeps.point_words(point):>14}"
                     + "".join(f"{make(first, before) or '':>{width}}" for _, width, make in lead)
                     + "".join(f"{cell:>{len(name) + 3}}" for name, cell in zip(names, cells)))
        before = first["median"]
    return "\n".join(lines + missing_lines(told["points"][0]) + origin_lines(told["points"][0]))
