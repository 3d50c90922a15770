"""plots.py - a result as pictures: what each row reaches beside its ceiling, throughput over time,
scaling with workers, files a second against their size or number."""

import os
import re

from . import sweeps
from .peers import UNSQUASHFS
from .rows import CEILING, PEER, PRODUCT
from .svg import SERIES, Chart, Page, short, ticks

WIDTH = 960
BY_FILES = ("S", "T", "M", "F") # corpora whose cost is the file's; of the others it is the byte's
BAR, GAP, LABEL_WIDTH, VALUE_WIDTH = 16, 8, 300, 150
WORKERS = re.compile(r"^(.*), (\d+) workers?$")


def rate_of(told):
    """(the rate of so many seconds, its unit)."""
    if told["corpus"] in BY_FILES:
        return (lambda seconds: told["files"] / seconds), "files/s"
    return (lambda seconds: told["data_bytes"] / 1e6 / seconds), "MB/s"


def caption(told):
    return (f"corpus {told['corpus']}, target {told['target']}, media {told.get('media', 'warm')}, "
            f"{told['rounds']} rounds")


def under(told):
    return f"{told['machine']}, kernel {told['kernel']}, commit {told['commit']}"


def bar_groups(told):
    """[(heading, rows)]: as a program ends, on stable storage, without a target."""
    plain, stable, reading = [], [], []
    for row in told["rows"]:
        if WORKERS.match(row["row"]):
            continue
        writes = row["kind"] == PEER or row["row"].startswith(("bare", "raw")) or \
            row.get("durability") is not None
        if not writes:
            if row["kind"] == PRODUCT or row["row"].startswith("LZ4"):
                reading.append(row)
        elif row["row"].endswith(", synced") or row.get("durability") == "unit":
            stable.append(row)
        else:
            plain.append(row)
    groups = (("as each program ends", plain), ("on stable storage", stable),
              ("decoded and verified, nothing written", reading))
    return [(heading, sorted(rows, key=lambda row: row["median"]))
            for heading, rows in groups if rows]


def draw_bar(page, row, y, width_of, rate, unit):
    colour = "c0" if row["kind"] == PRODUCT else "c3" if row["kind"] == CEILING else "c1"
    width = width_of(row["median"])
    page.text(LABEL_WIDTH - 10, y + BAR - 4, row["row"], "ink", 12, "end",
              row["kind"] == PRODUCT)
    page.rect(LABEL_WIDTH, y, width, BAR, colour, row["row"])
    low, high = LABEL_WIDTH + width_of(row["max"]), LABEL_WIDTH + width_of(row["min"])
    page.line(low, y + BAR / 2, high, y + BAR / 2, "ink", 1.5)
    end = max(high, LABEL_WIDTH + width)
    words = f"{short(rate(row['median']))} {unit}"
    if row.get("of_ceiling") is not None:
        at = LABEL_WIDTH + width_of(row["ceiling_seconds"])
        page.line(at, y - 3, at, y + BAR + 3, "c5", 3)
        words += f", {row['of_ceiling']:.2f}"
        end = max(end, at)
    page.text(end + 8, y + BAR - 4, words, "dim", 11)


def bars(told):
    """Every row's rate; a red mark where the ceiling of a row of the product is."""
    rate, unit = rate_of(told)
    groups = bar_groups(told)
    height = 112 + sum(34 + len(rows) * (BAR + GAP) + 10 for _, rows in groups)
    page = Page(WIDTH, height, f"rates and ceilings: {caption(told)}")
    page.text(20, 28, "Rates, and the ceiling of each", "ink", 17, bold=True)
    page.text(20, 48, caption(told), "dim", 12)
    page.line(20, 64, 20, 76, "c5", 3)
    page.text(30, 74, "ceiling of the row, measured in the same rounds; the number is the share of "
              "it that is reached; thin line: slowest to fastest run", "dim", 11)
    y = 92
    for heading, rows in groups:
        best = max([rate(row["min"]) for row in rows] +
                   [rate(row["ceiling_seconds"]) for row in rows if row.get("ceiling_seconds")])
        room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
        page.text(20, y + 16, heading, "ink", 13, bold=True)
        y += 34
        for row in rows:
            draw_bar(page, row, y, lambda seconds: rate(seconds) / best * room, rate, unit)
            y += BAR + GAP
        y += 10
    page.text(20, height - 8, under(told), "dim", 10)
    return page.render()


def slopes(timeline, seconds):
    """[(time, bytes a second)] over steps of a fortieth of the run, at least three samples wide."""
    wide = max(seconds / 40, 0.06)
    points, last = [], [0.0, 0]
    for at, used, _ in timeline:
        if at - last[0] >= wide:
            points.append(((at + last[0]) / 2, max(0, used - last[1]) / (at - last[0])))
            last = [at, used]
    return points


def timeline_rows(told):
    wanted = ["vssrestore, durability none", "vssrestore, durability unit", UNSQUASHFS, "tar + lz4",
              "cp"]
    rows = {row["row"]: row for row in told["rows"] if row.get("timeline")}
    return [rows[name] for name in wanted if name in rows]


def timeline(told):
    """MB a second at the target over time, of the run nearest to each row's median."""
    found = [(row, slopes(row["timeline"], row["median"])) for row in timeline_rows(told)]
    found = [(row, points) for row, points in found if len(points) >= 2]
    if not found:
        return None
    page = Page(WIDTH, 440, f"throughput over time: {caption(told)}")
    page.text(20, 28, "Throughput over time", "ink", 17, bold=True)
    page.text(20, 48, caption(told) + "; space taken at the target, of the median run", "dim", 12)
    longest = ticks(max(row["median"] for row, _ in found))
    chart = Chart(page, (90, 100, WIDTH - 30, 360), longest[-1],
                  ticks(max(rate for _, points in found for _, rate in points) / 1e6))
    for value in longest:
        chart.label_x(value, f"{value:g}")
    chart.name_axes("seconds", "MB/s")
    for (row, points), colour in zip(found, SERIES):
        page.curve([chart.at(min(at, longest[-1]), rate / 1e6) for at, rate in points], colour)
    page.legend(90, 72, [(colour, row["row"], None) for (row, _), colour in zip(found, SERIES)])
    page.text(20, 430, under(told), "dim", 10)
    return page.render()


def scaling_series(told):
    """{name: {workers: median seconds}} of rows that were run with several numbers of workers."""
    series = {}
    for row in told["rows"]:
        match = WORKERS.match(row["row"])
        if match:
            series.setdefault(match.group(1), {})[int(match.group(2))] = row["median"]
    return {name: found for name, found in series.items() if len(found) > 1 and 1 in found}


def scaling(told):
    """How many times as fast with N workers as with one."""
    series = scaling_series(told)
    if not series:
        return None
    most = max(max(found) for found in series.values())
    page = Page(WIDTH, 440, f"scaling with workers: {caption(told)}")
    page.text(20, 28, "Scaling with workers", "ink", 17, bold=True)
    page.text(20, 48, caption(told), "dim", 12)
    fastest = max(found[1] / seconds for found in series.values() for seconds in found.values())
    chart = Chart(page, (90, 100, WIDTH - 30, 360), most - 1, ticks(max(most, fastest)))
    for workers in sorted({count for found in series.values() for count in found}):
        chart.label_x(workers - 1, str(workers))
    chart.name_axes("workers", "times as fast as one worker")
    page.curve([chart.at(0, 1), chart.at(most - 1, most)], "dim", "5 5")
    for (name, found), colour in zip(series.items(), SERIES):
        page.curve([chart.at(count - 1, found[1] / found[count]) for count in sorted(found)],
                   colour, dots=True)
        x, y = chart.at(max(found) - 1, found[1] / found[max(found)])
        page.text(x - 10, y - 8, f"{found[1] / found[max(found)]:.2f}", "dim", 11, "end")
    page.legend(90, 72, [("dim", "proportional", "5 5")] +
                [(colour, name, None) for name, colour in zip(series, SERIES)])
    page.text(20, 430, under(told), "dim", 10)
    return page.render()


def sweep(told):
    """Files a second at each point, in powers: flat where nothing but the number of files grows."""
    series, axis = sweeps.series_of(told), sweeps.axis_words(told)
    values = [value for _, found in series for value in found if value]
    low, high = 10 ** (len(str(int(min(values)))) - 1), 10 ** len(str(int(max(values))))
    decades = [low]
    while decades[-1] < high:
        decades.append(decades[-1] * 10)
    first = told["points"][0]
    title = f"Files a second against the {'number of ' if axis == 'files' else ''}{axis}"
    page = Page(WIDTH, 480, title)
    page.text(20, 28, title, "ink", 17, bold=True)
    page.text(20, 48, f"target {first['target']}, media {first['media']}, {first['rounds']} rounds",
              "dim", 12)
    chart = Chart(page, (90, 100, WIDTH - 30, 400), max(len(told["points"]) - 1, 1), decades, "log")
    for i, point in enumerate(told["points"]):
        chart.label_x(i, sweeps.point_words(point))
    chart.name_axes(axis, "files/s")
    for (name, found), colour in zip(series, SERIES):
        page.curve([chart.at(i, value) for i, value in enumerate(found) if value], colour,
                   "5 5" if name == "ceiling" else None, dots=True)
    page.legend(90, 72, [(colour, name, "5 5" if name == "ceiling" else None)
                         for (name, _), colour in zip(series, SERIES)])
    page.text(20, 470, under(first), "dim", 10)
    return page.render()


PLOTS = {"bars": bars, "timeline": timeline, "scaling": scaling}


def write(told, folder):
    """Each picture that the result has something for, as NAME.svg; their paths."""
    os.makedirs(folder, exist_ok=True)
    drawn = {told["corpus"]: sweep(told)} if "points" in told else \
        {name: draw(told) for name, draw in PLOTS.items()}
    paths = []
    for name, picture in drawn.items():
        if picture is not None:
            paths.append(os.path.join(folder, name + ".svg"))
            with open(paths[-1], "w", encoding="utf-8") as out:
                out.write(picture)
    return paths
