"""Restore what a Windows server backed up under VSS: libvssrestore from Python.

    import vssrestore

    with vssrestore.Set("/backup/set") as backup:
        report = backup.restore(vssrestore.Choices(root="/mnt/restore"))
    print(report.exit_code, report.summary["files"])

The nouns are those of the C headers (vssrestore(3)): Set, Media, Choices, Plan, Writers, Report. A call
that fails raises Error, whose exit_code is what the program would have ended with. Nothing is built:
this is ctypes over libvssrestore.so.0 (or what VSSRESTORE_LIBRARY names).
"""

from ._handles import Plan, Report, Set, control, report_page, resume, version
from ._library import Error
from ._media import Media
from ._options import (RETRY, STABLE, Choices, Options, Progress, WriterEvent, Writers)

__all__ = ["RETRY", "STABLE", "Choices", "Error", "Media", "Options", "Plan", "Progress", "Report",
           "Set", "WriterEvent", "Writers", "control", "report_page", "resume", "version"]
