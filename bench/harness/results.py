"""results.py - what was measured, as one object: medians and spread, ratios, facts. Written as
JSON, read back by tables, plots and comparison."""

import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time

from . import ceilings
from .commands import Trouble, call
from .corpora import files_below
from .peers import UNSQUASHFS
from .rows import CEILING, PRODUCT
from .targets import MEMORY_KINDS

FORMAT = 2
TIMELINE_MAX = 200
SYNCED = ", synced"
HERE = os.path.dirname(os.path.abspath(__file__))


def first_line(path, start):
    with open(path, encoding="utf-8") as lines:
        found = [line.split(":", 1)[1].strip() for line in lines if line.startswith(start)]
    return found[0] if found else "?"


def commit():
    """Of the source tree that this runs from, or "unknown"."""
    done = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty", "--abbrev=12"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
    return done.stdout.strip() or "unknown"


def machine_facts(programs):
    return {
        "version": call(programs.vssrestore, "--version").strip(),
        "machine": f"{os.cpu_count()} x {first_line('/proc/cpuinfo', 'model name')}",
        "memory": first_line("/proc/meminfo", "MemTotal"), "kernel": platform.release(),
        "load_before": os.getloadavg()[0], "commit": commit(), "command": shlex.join(sys.argv),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def cpu_ticks(text):
    """(busy, all) of /proc/stat's first line: user, nice, system, idle, iowait, irq, softirq,
    steal; guests are among user."""
    ticks = [int(word) for word in text.split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def busy_cores(seconds):
    """How many cores something else keeps busy, while this waits so long. What earlier runs left
    to write is written first."""
    os.sync()
    seen = []
    for pause in (seconds, 0):
        with open("/proc/stat", encoding="ascii") as text:
            seen.append(cpu_ticks(text.read()))
        time.sleep(pause)
    busy, passed = (after - before for before, after in zip(*seen))
    return os.cpu_count() * busy / passed if passed > 0 else 0.0


def median_of(samples, attribute):
    values = [getattr(sample, attribute) for sample in samples]
    return None if any(value is None for value in values) else statistics.median(values)


def thinned(timeline):
    """At most so many points, evenly taken, the last among them."""
    if len(timeline) <= TIMELINE_MAX:
        return timeline
    step = (len(timeline) - 1) / (TIMELINE_MAX - 1)
    return [timeline[round(i * step)] for i in range(TIMELINE_MAX)]


def row_result(row, samples, corpus, synced=False):
    """One row. synced: until what it wrote is on stable storage; else until it ended."""
    key = "synced_seconds" if synced else "seconds"
    values = [getattr(sample, key) for sample in samples]
    median = statistics.median(values)
    passed = samples[0].bytes if samples[0].bytes is not None else corpus.data_bytes
    found = {"row": row.name + (SYNCED if synced else ""), "kind": row.kind, "seconds": values,
             "median": median, "min": min(values), "max": max(values),
             "mb_per_second": passed / 1e6 / median}
    if row.kind != CEILING or row.name == ceilings.BARE:
        found["files_per_second"] = corpus.files / median
    for name in ("cpu_seconds", "peak_bytes", "anonymous_bytes", "read_bytes", "written_bytes"):
        value = median_of(samples, name)
        if value is not None:
            found[name] = value
    if "written_bytes" in found:
        found["written_by"] = samples[0].written_by
        found["write_amplification"] = found["written_bytes"] / max(corpus.data_bytes, 1)
    if not synced:
        middle = min(samples, key=lambda sample: abs(sample.seconds - median))
        if middle.profile is not None:
            found["profile"] = middle.profile
        if middle.timeline:
            found["timeline"] = thinned(middle.timeline)
    return found


def stored_bytes(paths):
    """Of all files at or below these: holes, and further names of a file, are not stored."""
    files = {}
    for top in paths:
        for path in files_below(top):
            status = os.stat(path)
            files[status.st_dev, status.st_ino] = min(status.st_size, status.st_blocks * 512)
    return sum(files.values())


def rows_of(corpus, rows, samples):
    """Results of all rows; what writes and makes no promise of its own also as synced."""
    results = []
    for row in rows:
        taken = samples[row.name]
        found = row_result(row, taken, corpus)
        input_bytes = corpus.set_bytes if row.inputs == [corpus.set] else stored_bytes(row.inputs)
        if found.get("read_bytes") is not None and input_bytes:
            found["read_amplification"] = found["read_bytes"] / input_bytes
        if row.durability is not None:
            found["durability"] = row.durability
        results.append(found)
        if row.writes and row.kind != PRODUCT and taken[0].synced_seconds is not None:
            results.append(row_result(row, taken, corpus, synced=True))
    return results


def add_beside(results, rows):
    """Rows that differ from another in one thing are held beside that."""
    by_name = {result["row"]: result for result in results}
    for row in rows:
        if row.beside is not None:
            result, other = by_name[row.name], by_name[row.beside[0]]
            result["beside"] = row.beside[1]
            result["against_beside"] = other["median"] / result["median"]


def ceiling_medians(results):
    """{ceiling: (seconds, synced seconds or None)}; of the raw writes the best of each."""
    medians = {}
    seconds = {result["row"]: result["median"] for result in results
               if result.get("kind") == CEILING}
    for row, median in seconds.items():
        if row.endswith(SYNCED):
            continue
        name = ceilings.RAW if row.startswith(ceilings.RAW) else row
        found = (median, seconds.get(row + SYNCED))
        if name in medians:
            found = tuple(min(pair) for pair in zip(medians[name], found))
        medians[name] = found
    return medians


def add_ratios(results, corpus_key, in_memory, cold=False):
    """x unsquashfs (lz4), that one synced for durability unit; and of the ceiling."""
    medians = ceiling_medians(results)
    by_name = {result["row"]: result for result in results}
    for result in results:
        if result.get("kind") != PRODUCT:
            continue
        durability = result.get("durability") # what promises none writes nothing
        peer = by_name.get(UNSQUASHFS + (SYNCED if durability == "unit" else ""))
        if durability is not None and peer is not None:
            result["against_unsquashfs"] = peer["median"] / result["median"]
        floor = ceilings.floor_of(corpus_key, in_memory, "restore" if durability else "verify",
                                  durability, medians, cold)
        if floor is not None:
            result["ceiling"] = floor.text
            result["ceiling_seconds"] = floor.seconds
            result["of_ceiling"] = floor.seconds / result["median"]


def renewed(told):
    """A kept result with its ratios made anew of its times: what a row is held against may have
    changed since. One of the first format stays as it is."""
    for point in told.get("points", [told]):
        if "target_kind" in point:
            add_ratios(point["rows"], point["corpus"], point["target_kind"] in MEMORY_KINDS,
                       point.get("media") == "cold")
    return told


def write(told, path):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(told, out, indent=1)
        out.write("\n")


def read(path):
    """A result of this program, of this format or the one before (which has no "format"), held
    against the ceilings of now."""
    try:
        with open(path, encoding="utf-8") as text:
            told = json.load(text)
        if told.get("format", 1) in (1, FORMAT) and ("points" in told or told["rows"]):
            return renewed(told)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Trouble(f"{path} is no result of this program: {error}", 2) from error
    raise Trouble(f"{path} is a result of another version of this program", 2)
