"""Restore what a Windows server backed up under VSS: libvssrestore from Python.

    import vssrestore

    with vssrestore.Set("/backup/set") as backup:
        report = backup.restore(vssrestore.Choices(root="/mnt/restore"))
    print(report.exit_code, report.summary["files"])

The nouns are those of the C headers (libvssrestore(3)): Set, Media, Choices, Plan, Chain, Writers,
Report. A function of a noun is its method, any other has its name without the prefix:
vsr_plan_verify() is Plan.verify(), vsr_run_inspect() is run_inspect(). A call that fails raises
Error, whose exit_code is what the program would have ended with. Nothing is built: this is ctypes
over libvssrestore.so.0 (or what VSSRESTORE_LIBRARY names).
"""

from ._chain import Chain
from ._handles import Plan, Report, Set, resume
from ._library import Error
from ._look import (control, documents_inspect, report_page, run_inspect, run_kept, system_inspect,
                    text_shown, version)
from ._media import Media
from ._options import (RETRY, STABLE, Choices, Options, Progress, WriterEvent, Writers)
from ._pending import Pending, pending_apply, pending_list

__all__ = ["RETRY", "STABLE", "Chain", "Choices", "Error", "Media", "Options", "Pending", "Plan",
           "Progress", "Report", "Set", "WriterEvent", "Writers", "control", "documents_inspect",
           "pending_apply", "pending_list", "report_page", "resume", "run_inspect", "run_kept",
           "system_inspect", "text_shown", "version"]
