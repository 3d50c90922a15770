"""profiles.py - where the time of a restore went, as `vssrestore run` tells in its run folder."""

import json
import os

WAITING = ("pace", "idle") # stages in which a worker does nothing


def read(folder):
    """{"elapsed": s, "workers": {stage: s, of all}, "busy": [s, of each worker, all but
    WAITING], "control": {step: s}}; or None."""
    path = os.path.join(folder, "profile.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as text:
        told = json.load(text)
    workers = {}
    for worker in told["workers"]:
        for stage, spent in worker.items():
            workers[stage] = workers.get(stage, 0) + spent["ns"] / 1e9
    busy = [sum(spent["ns"] for stage, spent in worker.items() if stage not in WAITING) / 1e9
            for worker in told["workers"]]
    return {"elapsed": told["elapsed_ns"] / 1e9, "workers": workers, "busy": busy,
            "control": {step: spent["ns"] / 1e9 for step, spent in told["control"].items()}}


def part_lines(rows, part, heading):
    """One line a row; steps on which no row spent a millisecond are left out."""
    names = dict.fromkeys(name for row in rows for name in row["profile"][part])
    names = [name for name in names
             if any(row["profile"][part].get(name, 0) >= 0.001 for row in rows)]
    wide = max([len(heading)] + [len(row["row"]) for row in rows]) + 1
    lines = [f"{heading:{wide}}" + "".join(f"{name.replace('_', ' '):>11}" for name in names)]
    for row in rows:
        spent = row["profile"][part]
        lines.append(f"{row['row']:{wide}}"
                     + "".join(f"{spent.get(name, 0):>11.3f}" for name in names))
    return lines


def balance_lines(rows):
    """How far apart the workers were; of results that kept each worker's time."""
    rows = [row for row in rows if row["profile"].get("busy")]
    if not rows:
        return []
    heading = "s busy, of each worker"
    wide = max([len(heading)] + [len(row["row"]) for row in rows]) + 1
    lines = ["", f"{heading:{wide}}{'least':>11}{'most':>11}{'apart':>11}"]
    for row in rows:
        least, most = min(row["profile"]["busy"]), max(row["profile"]["busy"])
        apart = f"{(1 - least / most) * 100:.1f} %" if most > 0 else "-"
        lines.append(f"{row['row']:{wide}}{least:>11.3f}{most:>11.3f}{apart:>11}")
    return lines


def lines(results):
    """Of all rows that have a profile: seconds of the workers together, how far apart they were,
    of the control thread."""
    rows = [row for row in results if row.get("profile")]
    if not rows:
        return []
    return part_lines(rows, "workers", "s of all workers") + balance_lines(rows) + [""] + \
        part_lines(rows, "control", "s of the control thread")
