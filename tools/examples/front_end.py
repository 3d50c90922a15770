#!/usr/bin/env python3
"""front_end.py SET ROOT RUNDIR - a restore from Python: writers played by a class, progress, report."""

import sys

import vssrestore
from vssrestore import text_shown as shown # what is fit for a terminal


class Players(vssrestore.Writers):
    """Says what each writer is told; a real one would stop and start its application."""

    def pre_restore(self, event):
        print(f"pre-restore: {shown(event.name)}, a document of {len(event.document)} bytes")

    def post_restore(self, event):
        print(f"post-restore: {shown(event.name)}")


def main(path, root, run_dir):
    options = vssrestore.Options(
        run_dir=run_dir, writers=Players(),
        on_progress=lambda p: print(f"\r{p.files_done} of {p.files_total} files", file=sys.stderr))
    try:
        with vssrestore.Set(path) as backup:
            plan = backup.plan(vssrestore.Choices(root=root))
            for unit in (one for one in plan.records() if one["t"] == "unit" and one["error"]):
                print(f"refused: {shown(unit['component'])}: {unit['error']}")
            report = backup.restore(vssrestore.Choices(root=root), options)
    except vssrestore.Error as error:
        print(shown(str(error)), file=sys.stderr)
        return error.exit_code
    print(f"{report.summary['files']['restored']} files restored, exit code {report.exit_code}")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]) if len(sys.argv) == 4 else 2)
