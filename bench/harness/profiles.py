"""profiles.py - where the time of a restore went, as `vssrestore run` tells in its run folder."""

import json
import os


def read(folder):
    """{"elapsed": s, "workers": {stage: s, of all}, "control": {step: s}}; or None."""
    path = os.path.join(folder, "profile.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as text:
        told = json.load(text)
    workers = {}
    for worker in told["workers"]:
        for stage, spent in worker.items():
            workers[stage] = workers.get(stage, 0) + spent["ns"] / 1e9
    return {"elapsed": told["elapsed_ns"] / 1e9, "workers": workers,
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


def lines(results):
    """Of all rows that have a profile: seconds of the workers together, of the control thread."""
    rows = [row for row in results if row.get("profile")]
    if not rows:
        return []
    return part_lines(rows, "workers", "s of all workers") + [""] + \
        part_lines(rows, "control", "s of the control thread")
