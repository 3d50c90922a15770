"""The unit that carries out at boot what restores staged: it says what it must.

Method: read as systemd reads it; where systemd-analyze is there, it verifies the unit, with the
program that was built in place of the installed one.
"""

import os
import re
import shutil
import sys

from harness import PROGRAM, Folder, Skip, command, expect, run_cases

UNIT = sys.argv.pop(1)


def unit_values():
    """{(section, key): [values]}."""
    found, section = {}, None
    with open(UNIT, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            header = re.fullmatch(r"\[(\w+)\]", line)
            if header:
                section = header.group(1)
            elif line and not line.startswith("#"):
                key, _, value = line.partition("=")
                found.setdefault((section, key), []).extend(value.split())
    return found


def runs_after_mounts_and_before_services():
    found = unit_values()
    expect(found[("Unit", "DefaultDependencies")] == ["no"], "it would wait for sysinit.target")
    expect("local-fs.target" in found[("Unit", "After")], "file systems are not mounted yet")
    expect("sysinit.target" in found[("Unit", "Before")], "services may have begun")
    expect("sysinit.target" in found[("Install", "WantedBy")], "nobody begins it")
    expect(found[("Service", "Type")] == ["oneshot"], "nobody waits for its end")


def carries_out_what_is_registered():
    found = unit_values()
    expect(found[("Service", "ExecStart")][1:] == ["pending", "apply", "--all"],
           f"it runs {found[('Service', 'ExecStart')]}")
    expect(found[("Unit", "ConditionDirectoryNotEmpty")] == ["/var/lib/vssrestore/pending"],
           "it looks for another registry")


def systemd_understands_it():
    if shutil.which("systemd-analyze") is None:
        raise Skip("no systemd-analyze here")
    with Folder() as folder:
        copy = folder / "vssrestore-pending.service"
        with open(UNIT, encoding="utf-8") as unit, open(copy, "w", encoding="utf-8") as out:
            out.write(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={os.path.abspath(PROGRAM)}",
                             unit.read()))
        command(["systemd-analyze", "verify", copy])


if __name__ == "__main__":
    run_cases({"runs_after_mounts_and_before_services": runs_after_mounts_and_before_services,
               "carries_out_what_is_registered": carries_out_what_is_registered,
               "systemd_understands_it": systemd_understands_it})
