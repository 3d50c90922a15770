"""What restores of live trees left for the next boot: list it, carry it out."""

from __future__ import annotations

import ctypes
import json
import os
from dataclasses import dataclass
from typing import Any, Callable, Sequence

from ._handles import JSON
from ._library import PendingOptionsStruct, PendingTotalsStruct, gathered, heard
from ._options import Path, texts


@dataclass
class Pending:
    """records: as `vssrestore pending --json` has them; totals: of folders, records and units."""
    records: list[dict[str, Any]]
    totals: dict[str, int]
    exit_code: int


def _asked(name: str, dirs: Sequence[Path], registry: Path | None,
           on_warning: Callable[[str], None] | None) -> Pending:
    keep, totals, cancel = list[Any](), PendingTotalsStruct(), ctypes.c_int(0)
    options = PendingOptionsStruct(
        size=ctypes.sizeof(PendingOptionsStruct), cancel=ctypes.pointer(cancel),
        registry=os.fsencode(registry) if registry is not None else None)

    def warn(sentence: str) -> None:
        try:
            if on_warning is not None:
                on_warning(sentence)
        except BaseException:
            cancel.value = 15 # as SIGTERM: it ends between two units
            raise

    with heard(warn) as options.on_warning:
        text = gathered(name, texts(dirs, keep), len(dirs), ctypes.byref(options), JSON,
                        after=(ctypes.byref(totals),))
    counts = {name: getattr(totals, name) for name, *_ in totals._fields_}
    return Pending([json.loads(line) for line in text.splitlines()], counts,
                   counts.pop("exit_code"))


def pending_list(dirs: Sequence[Path] = (), registry: Path | None = None,
                 on_warning: Callable[[str], None] | None = None) -> Pending:
    """What waits below these folders (a run folder, a mapped volume's); none: what the registry
    names. Changes nothing."""
    return _asked("vsr_pending_list", dirs, registry, on_warning)


def pending_apply(dirs: Sequence[Path] = (), registry: Path | None = None,
                  on_warning: Callable[[str], None] | None = None) -> Pending:
    """Carry it out; the records that were settled by this call. What fails is in totals and
    exit_code. An exception of on_warning ends it between two units. Never boots the machine."""
    return _asked("vsr_pending_apply", dirs, registry, on_warning)
