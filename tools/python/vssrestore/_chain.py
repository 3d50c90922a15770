"""Several sets that make one restore: a full one, then what was saved since."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Callable, Sequence

from ._handles import Report, Set, reading
from ._library import ChainOptionsStruct, Handle, call, heard, library
from ._options import Choices, Options, Path, Writers, texts, writers_struct


class Chain(Handle):
    """Each set is a step with a plan, a run and a report of its own:

        with vssrestore.Chain(["/backup/full", "/backup/monday"]) as chain:
            chain.check(choices)
            for step, path in enumerate(chain.paths):
                choices.chain, choices.chain_step = chain, step
                with vssrestore.Set(path) as backup:
                    chain.note(step, backup.restore(choices, vssrestore.Options()))
    """
    _free = "vsr_chain_close"

    def __init__(self, paths: Sequence[Path], set_folders: Sequence[Path] = (),
                 strict: bool = False, continues: bool = False, look_only: bool = False,
                 on_warning: Callable[[str], None] | None = None) -> None:
        """paths: oldest first; or one set alone, whose parents are looked for beside it and in
        set_folders. strict: backup stamps that do not follow each other refuse. continues: a run
        of before has restored what the first step adds to. look_only: the last set alone is
        planned, on what stands at the destinations now."""
        made, keep, self.sets = ctypes.c_void_p(), list[Any](), list[Set]()
        options = ChainOptionsStruct(size=ctypes.sizeof(ChainOptionsStruct),
                                     set_folders=texts(set_folders, keep),
                                     set_folder_count=len(set_folders), strict=int(strict),
                                     continues=int(continues), look_only=int(look_only))
        with heard(on_warning) as options.on_warning:
            call("vsr_chain_open", ctypes.byref(made), texts(paths, keep), len(paths),
                 ctypes.byref(options))
        super().__init__(made)

    @classmethod
    def of_sets(cls, sets: Sequence[Set], strict: bool = False, continues: bool = False,
                look_only: bool = False,
                on_warning: Callable[[str], None] | None = None) -> "Chain":
        """The same of sets that are open, all of them, and stay so as long as the chain."""
        made = ctypes.c_void_p()
        pointers = (ctypes.c_void_p * max(1, len(sets)))(*(one.pointer for one in sets))
        options = ChainOptionsStruct(size=ctypes.sizeof(ChainOptionsStruct), strict=int(strict),
                                     continues=int(continues), look_only=int(look_only))
        with heard(on_warning) as options.on_warning, reading(*(one.functions for one in sets)):
            call("vsr_chain_open_sets", ctypes.byref(made), pointers, len(sets),
                 ctypes.byref(options))
        opened = cls.__new__(cls)
        Handle.__init__(opened, made)
        opened.sets = list(sets)
        return opened

    def __len__(self) -> int:
        """How many steps there are; 1: a set that stands alone."""
        return int(library.vsr_chain_count(self.pointer))

    @property
    def paths(self) -> list[str]:
        """The folder of each step's set; of sets that are no folders, what they are called."""
        return [os.fsdecode(library.vsr_chain_path(self.pointer, step))
                for step in range(len(self))]

    def check(self, choices: Choices, writers: Writers | None = None) -> None:
        """Before anything is written: do the choices fit the steps? Nobody is asked yet."""
        keep, options = list[Any](), Options()
        struct = ctypes.byref(writers_struct(writers, options, keep)) if writers else None
        with reading(*(one.functions for one in self.sets)):
            call("vsr_chain_check", self.pointer, ctypes.byref(choices.struct(keep)), struct)
        if options.raised:
            raise options.raised[0]

    def note(self, step: int, run: Report | Path) -> None:
        """The step has run. run: its report; or its run folder, where another process ran it."""
        if not 0 <= step < len(self):
            raise IndexError(f"there is no step {step} among {len(self)}")
        if isinstance(run, Report):
            library.vsr_chain_note(self.pointer, step, run.pointer)
        else:
            library.vsr_chain_note_run(self.pointer, step, os.fsencode(run))
