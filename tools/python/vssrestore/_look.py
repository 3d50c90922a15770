"""What can be asked without a handle: of documents, of run folders, of this machine."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Sequence

from ._handles import JSON, found_by
from ._library import gathered, library
from ._options import Options, Path, texts


def version() -> str:
    return str(library.vsr_version().decode())


def documents_inspect(paths: Sequence[Path]) -> dict[str, Any]:
    """Set.inspect() of documents that are in no set yet (folders or files), without sizes."""
    keep: list[Any] = []
    return found_by("vsr_documents_inspect", texts(paths, keep), len(paths), JSON)


def run_inspect(run_dir: Path) -> dict[str, Any]:
    """What a run folder says of its run, which may be at work meanwhile."""
    return found_by("vsr_run_inspect", os.fsencode(run_dir), JSON)


def run_kept(run_dir: Path) -> str | None:
    """The text that Options.keep gave to the run, be it over or not; None: there was none."""
    return gathered("vsr_run_kept", os.fsencode(run_dir)).decode() or None


def system_inspect(options: Options | None = None) -> dict[str, Any]:
    """Every number that a run with these options would use here, and why."""
    keep: list[Any] = []
    struct = (options or Options()).struct(keep)
    return found_by("vsr_system_inspect", ctypes.byref(struct), JSON)


def control(run_dir: Path, command: str) -> dict[str, Any]:
    """Ask a run that goes on: "status", "pause", "resume", "throttle N", "cancel"."""
    return found_by("vsr_control", os.fsencode(run_dir), command.encode(), JSON)


def report_page(run_dir: Path) -> str:
    """The HTML page of a run."""
    return gathered("vsr_report_page", os.fsencode(run_dir)).decode()


def text_shown(text: Path) -> str:
    """text for people: what steers a terminal, breaks a line or is no UTF-8 becomes escapes."""
    plain = os.fsencode(text)
    out = ctypes.create_string_buffer(library.vsr_text_shown(None, 0, plain) + 1)
    library.vsr_text_shown(out, len(out), plain)
    return out.value.decode()
