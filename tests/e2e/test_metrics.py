"""--metrics: what the file says, read by Prometheus' own parser."""

import os
import stat
import subprocess
import sys
import threading
import time

from harness import PROGRAM, Folder, Skip, expect, run_cases, vssrestore
from units import make_set

sys.path.append("/usr/lib/python3/dist-packages") # Debian's, whichever python3 this is
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None


def read(path):
    """{(name, labels): value}, by the real parser."""
    if text_string_to_metric_families is None:
        raise Skip("no python3-prometheus-client here")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    expect(text.endswith("\n"), "the last line is whole")
    found = {}
    for family in text_string_to_metric_families(text):
        expect(family.documentation and family.type == "gauge", f"{family}")
        for sample in family.samples:
            key = (sample.name.removeprefix("vssrestore_"), *sample.labels.values())
            expect(sample.name.startswith("vssrestore_") and key not in found, f"{sample}")
            found[key] = sample.value
    return found


def what_a_restore_did_is_told():
    with Folder() as folder:
        make_set(folder, {"small": (20, 1000), "large": (1, 2 << 20), "tiny": (2, 100)})
        prom = folder / "restore.prom"
        vssrestore("run", folder / "set", "--root", folder / "r", "--run-dir", folder / "run",
                   "--metrics", prom)
        told = read(prom)
        expect(told["running",] == 0 and told["exit_code",] == 0, f"{told}")
        expect(told["files", "restored"] == 26 and told["components", "all"] == 3, f"{told}")
        expect(told["restored_bytes",] == 20 * 1000 + (2 << 20) + 200, f"{told}")
        expect(told["progress_files", "done"] == told["progress_files", "total"] == 26, f"{told}")
        success = told["last_success_timestamp_seconds",]
        expect(told["start_timestamp_seconds",] <= success <= time.time(), f"{told}")
        os.makedirs(folder / "q/C/tiny/0")
        vssrestore("run", folder / "set", "--root", folder / "q", "--run-dir", folder / "run2",
                   "--metrics", prom, codes=(3,))
        told = read(prom)
        expect(told["exit_code",] == 3 and told["components", "none"] == 1, f"{told}")
        expect(told["last_success_timestamp_seconds",] == success, "the success of before is kept")
        expect([n for n in os.listdir(folder.path) if b".prom" in n] == [b"restore.prom"], "leftovers")


def a_run_that_never_began_is_told_too():
    with Folder() as folder:
        prom = folder / "restore.prom"
        vssrestore("run", folder / "nowhere", "--root", folder.path, "--metrics", prom, codes=(11,))
        told = read(prom)
        expect(told["exit_code",] == 11 and ("last_success_timestamp_seconds",) not in told, f"{told}")
        vssrestore("run", folder / "nowhere", "--metrics", folder / "no/such/folder.prom", "--json",
                   codes=(11,))


def nobody_reads_half_a_file():
    with Folder() as folder:
        make_set(folder, {"small": (20, 1000), "large": (1, 2 << 20), "tiny": (2, 100)})
        prom, faults, ended = folder / "restore.prom", [], threading.Event()

        def watch():
            while not ended.is_set():
                try:
                    read(prom)
                except FileNotFoundError:
                    pass
                except Exception as error: # pylint: disable=broad-except
                    faults.append(error)
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for number in range(10):
                subprocess.run([PROGRAM, "run", folder / "set", "--root", folder / f"r{number}",
                                "--run-dir", folder / f"run{number}", "--metrics", prom],
                               check=True, capture_output=True)
        finally:
            ended.set()
            watcher.join()
        if faults:
            raise faults[0]


def what_others_put_there_is_left_alone():
    with Folder() as folder:
        make_set(folder, {"small": (1, 1), "large": (1, 1), "tiny": (2, 100)})
        shared, victim = folder / "shared", folder / "victim"
        os.mkdir(shared)
        with open(victim, "wb") as file:
            file.write(b"precious")
        prom, page = os.path.join(shared, b"m.prom"), os.path.join(shared, b"page.html")
        os.symlink(victim, os.path.join(shared, b".m.prom.part"))
        os.link(victim, os.path.join(shared, b".page.html.part"))
        run = folder / "run" # below: whoever knows the process' number, too
        subprocess.run(["sh", "-c", 'ln -s "$1" "$2.$$" && exec "$3" run "$4" --root "$5" --run-dir '
                        '"$6" --metrics "$2"', "sh", victim, prom, PROGRAM, folder / "set",
                        folder / "r", run], check=True, capture_output=True)
        vssrestore("report", run, "-o", page)
        with open(victim, "rb") as file:
            expect(file.read() == b"precious", "what was linked to stays")
        expect(not os.path.islink(prom) and read(prom)["exit_code",] == 0, "and the file is ours")
        for path in (prom, page):
            os.unlink(path)
            os.mkfifo(path)
            vssrestore("run", folder / "set", "--root", folder / "no", "--metrics", path, codes=(11,))
            vssrestore("report", run, "-o", path, codes=(11,))
            expect(stat.S_ISFIFO(os.lstat(path).st_mode), "a pipe is no file")
            os.unlink(path)
            os.symlink(victim, path)
            vssrestore("run", folder / "set", "--root", folder / "no", "--metrics", path, codes=(11,))
            vssrestore("report", run, "-o", path, codes=(11,))
            expect(os.path.islink(path), "nor is a link")
        vssrestore("run", folder / "set", "--root", folder / "no", "--metrics", victim, codes=(11,))
        with open(victim, "rb") as file:
            expect(file.read() == b"precious", "no file of another sort is replaced")


run_cases({case.__name__: case for case in (
    what_a_restore_did_is_told, a_run_that_never_began_is_told_too, nobody_reads_half_a_file,
    what_others_put_there_is_left_alone)})
