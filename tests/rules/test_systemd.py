"""tools/vssrestore-service-systemd, with a systemctl that is played: what it is asked, what its
answers become."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from harness import SOURCE_ROOT, Folder, run_cases  # noqa: E402
from scenario import equal, expect  # noqa: E402

COMMAND = os.path.join(SOURCE_ROOT, "tools", "vssrestore-service-systemd")
MAP = """# Windows name        unit here
MSSQLSERVER           mssql-server.service
  SQL Server (PROD)\tmssql@prod.service   # with blanks
lonely
gone                  gone.service
stuck                 stuck.service
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$DIARY"
for unit; do :; done
case $1 in
show)
    case $unit in
    gone.service) echo LoadState=not-found; echo ActiveState=inactive ;;
    *) echo LoadState=loaded; cat "$STATES/$unit" 2>/dev/null || echo ActiveState=active ;;
    esac ;;
*) [ "$unit" != stuck.service ] ;;
esac
"""


class Played:
    """The command in a folder with its map, its systemctl and a diary."""

    def __init__(self, folder):
        self.folder = folder
        for name, text in (("systemctl", SYSTEMCTL), ("services.map", MAP)):
            with open(folder / name, "w", encoding="utf-8") as out:
                out.write(text)
        os.chmod(folder / "systemctl", 0o755)

    def state(self, unit, text):
        with open(self.folder / unit, "w", encoding="utf-8") as out:
            out.write("ActiveState=" + text + "\n")

    def run(self, *words, services="services.map"):
        path = os.fsdecode(self.folder.path) + ":/usr/bin:/bin"
        told = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False, env={
            "PATH": path, "DIARY": os.fsdecode(self.folder / "diary"),
            "STATES": os.fsdecode(self.folder.path),
            "VSSRESTORE_SERVICES_MAP": os.fsdecode(self.folder / services)})
        return told.returncode, told.stdout.strip(), told.stderr.strip().splitlines()[-1:]

    @property
    def asked(self):
        """The changes that systemctl was asked for."""
        if not os.path.exists(self.folder / "diary"):
            return []
        with open(self.folder / "diary", encoding="utf-8") as diary:
            return [line.strip() for line in diary if not line.startswith("show")]


def a_running_service_is_stopped_and_started():
    with Folder() as folder:
        played = Played(folder)
        equal(played.run("stop", "mssqlserver"), (0, "", []))
        played.state("mssql-server.service", "inactive")
        equal(played.run("start", "MSSQLSERVER"), (0, "", []))
        equal(played.run("stop", "SQL Server (PROD)"), (0, "", []))
        equal(played.asked, ["stop -- mssql-server.service", "start -- mssql-server.service",
                             "stop -- mssql@prod.service"])


def what_is_so_already_is_told():
    with Folder() as folder:
        played = Played(folder)
        equal(played.run("start", "MSSQLSERVER")[:2], (0, "already"))
        played.state("mssql-server.service", "failed")
        equal(played.run("stop", "MSSQLSERVER")[:2], (0, "already"))
        equal(played.asked, [])


def one_that_is_being_stopped_is_waited_for():
    with Folder() as folder:
        played = Played(folder)
        played.state("mssql-server.service", "deactivating")
        equal(played.run("stop", "MSSQLSERVER")[:2], (0, "already"))
        equal(played.asked, ["stop -- mssql-server.service"])
        equal(played.run("start", "MSSQLSERVER")[:2], (0, ""))


def what_is_not_here_is_4():
    with Folder() as folder:
        played = Played(folder)
        for name in ("Unknown", "lonely", "gone", "--now", "MSSQL", ""):
            equal(played.run("stop", name)[0], 4, name)
        equal(played.run("stop", "MSSQLSERVER", services="no-such-map")[0], 4)
        equal(played.asked, [])


def a_failure_says_why():
    with Folder() as folder:
        played = Played(folder)
        code, _, last = played.run("stop", "stuck")
        expect(code == 1 and "stuck.service failed" in last[0], f"{code} {last}")
        equal(played.run("restart", "stuck")[0], 2)
        equal(played.run("stop")[0], 2)


if __name__ == "__main__":
    run_cases({name: case for name, case in list(globals().items())
               if callable(case) and case.__module__ == "__main__" and name[0].islower()
               and not isinstance(case, type)})
