"""Ten thousand components (two thousand where campaigns are trimmed): every verb tells of them, in a time and a memory that can be had.

Method: one file for each; the processor time and the peak of resident memory of each call, as the
kernel counted them. The bounds are far above what is needed, and far below what something
quadratic would need.
"""

import json
import os
import subprocess
import sys
import tempfile

from harness import PROGRAM, TRIM, Child, Folder, Result, command, expect, run_cases, vssrestore
import schemas
from terminals import frames_of, on_a_terminal
from units import write_documents

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "report"))
from chromium import Chromium, program # noqa: E402

UNITS = 2000 if TRIM else 10000
SECONDS_MAX = 30
PEAK_MAX_KIB = 300 << 10


def is_sanitized():
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


def measured(*words, codes=(0,)):
    """vssrestore, within the bounds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with Child([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=out,
                   stderr=err) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        result = Result([PROGRAM, *words], subprocess.CompletedProcess(
            words, child.returncode, out.read(), err.read()))
    expect(result.code in codes, result.told())
    schemas.check_output(words, result.out)
    seconds = usage.ru_utime + usage.ru_stime
    print(f"{words[0]} {words[2] if len(words) > 2 else ''!s}: {seconds:.2f} s, "
          f"{usage.ru_maxrss >> 10} MiB, {len(result.out) >> 10} KiB told", flush=True)
    expect(seconds < SECONDS_MAX * (10 if is_sanitized() else 1), f"{seconds} s: {words}")
    expect(usage.ru_maxrss < PEAK_MAX_KIB or is_sanitized(), f"{usage.ru_maxrss} KiB: {words}")
    return result


def make_set(folder):
    os.makedirs(folder / "c/all")
    units = {}
    for number in range(UNITS):
        name = f"unit {number:05}"
        units[name] = (f'<FILE_LIST path="C:\\all" filespec="{name}" recursive="no" '
                       'filespecBackupType="3855"/>')
        with open(folder / f"c/all/{name}", "wb") as out:
            out.write(b"x" * 100)
    write_documents(folder / "documents", "RESTORE_IF_CAN_BE_REPLACED", units, "Many")
    measured("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c", "-o",
             folder / "set")


def each_verb_tells_of_all():
    with Folder() as folder:
        make_set(folder)
        text = measured("inspect", folder / "set").out
        expect(text.count("─ unit ".encode()) == UNITS, "the tree has all")
        told = measured("inspect", folder / "set", "--json").json()
        expect(len(told["writers"][0]["components"]) == UNITS, "and so has the object")
        places = ("--root", folder / "root")
        text = measured("plan", folder / "set", *places, "-o", folder / "plan").out
        expect(text.count(b"Many: unit ") == UNITS, "the table has all")
        lines = measured("plan", folder / "set", "--jsonl", *places).out
        expect(lines.count(b'{"t":"unit"') == UNITS, "and so have the lines")
        measured("explain", folder / "set", *places, "C:\\all\\unit 01711")
        result = measured("run", folder / "set", "--json", *places, "--run-dir", folder / "run",
                          "--metrics", folder / "m.prom")
        units = result.json()["units"]
        expect(len(units) == UNITS and {unit["status"] for unit in units} == {"ALL"}, "all are whole")
        with open(folder / "m.prom", encoding="utf-8") as file:
            expect(f'vssrestore_components{{status="all"}} {UNITS}\n' in file.read(), "metrics")
        text = measured("inspect", folder / "run").out
        expect(text.count(b"  published ") == UNITS, "the run folder has all")
        measured("resume", folder / "run", "--json")
        measured("verify", "--plan", folder / "plan")
        page = measured("report", folder / "run").out
        expect(page.count(b"<tr data-kind=\"Whole\"") == UNITS, "all are on the page")
        with open(folder / "page.html", "wb") as file:
            file.write(page)
        look_at_the_page(os.fsdecode(folder / "page.html"))


def subcomponents_are_told():
    """All of them below one component that was asked for."""
    with Folder() as folder:
        write_documents(folder / "documents", "RESTORE_IF_CAN_BE_REPLACED", {"root": ""}, "Many")
        path = folder / "documents/writer.xml"
        with open(path, encoding="utf-8") as file:
            text = file.read()
        groups = "".join(f'<FILE_GROUP logicalPath="root" componentName="unit {number:05}" '
                         'restoreMetadata="no" notifyOnBackupComplete="no" selectable="no" '
                         'selectableForRestore="yes" componentFlags="0"/>' for number in range(UNITS))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("</BACKUP_LOCATIONS>", groups + "</BACKUP_LOCATIONS>"))
        told = measured("inspect", "--documents", folder / "documents", codes=(0,)).out
        expect(told.count(b", implicit]") == UNITS, "all came with their root")


def look_at_the_page(path):
    """A browser loads it, sorts and searches."""
    if program() is None:
        return
    with Chromium() as browser:
        page = browser.open(path)
        shown = page.run("""(() => {
            const section = document.querySelector("section[data-table]");
            section.querySelector("th button").click();
            const search = section.querySelector("input");
            search.value = "unit 01711"; search.dispatchEvent(new Event("input"));
            return Array.from(section.querySelectorAll("tbody tr")).filter((r) => !r.hidden).length;
        })()""")
        expect(shown == 1, f"the search leaves {shown}")
        expect(page.errors() == [], f"{page.errors()}")


def the_line_names_one_after_another():
    with Folder() as folder:
        make_set(folder)
        vssrestore("plan", folder / "set", "--root", folder / "root", "-o", folder / "plan")
        drawn = on_a_terminal([PROGRAM, "run", "--plan", folder / "plan", "--run-dir", folder / "run",
                               "--throttle", str(800 * UNITS)], 120)
        frames = frames_of(drawn)
        expect(len(frames) > 3 and all(len(frame) < 120 for frame in frames), f"{frames[:5]}")
        expect(sum("Many: unit " in frame for frame in frames) > 2, f"{frames[:5]}")
        rows = command(["wc", "-l", folder / "run/report.jsonl"]).out
        expect(int(rows.split()[0]) >= UNITS, rows)
        with open(folder / "run/report.jsonl", encoding="utf-8") as file:
            expect(json.loads(next(file))["outcome"] == "RESTORED", "the first row")


run_cases({case.__name__: case for case in (
    each_verb_tells_of_all, subcomponents_are_told, the_line_names_one_after_another)})
