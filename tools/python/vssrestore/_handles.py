"""Sets, plans and reports: what must be closed is closed by `with`, or when nobody holds it."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
from typing import IO, Any, Callable, Iterator, Sequence

from ._library import (Error, ErrorStruct, Handle, PackOptionsStruct, PackResultStruct,
                       PlanTotalsStruct, VerifyTotalsStruct, call, gathered, heard, library)
from ._media import Functions, Media
from ._options import Choices, Options, Path, texts

_TEXT, JSON = 0, 1
_PATH_BYTES = 4096


def found_by(name: str, *before: Any, after: Sequence[Any] = ()) -> dict[str, Any]:
    """The one JSON object that a call hands out."""
    found: dict[str, Any] = json.loads(gathered(name, *before, after=after))
    return found


class Report(Handle):
    """What became of a restore."""
    _free = "vsr_report_free"

    @property
    def summary(self) -> dict[str, Any]:
        """The `summary` event (vssrestore-events(5))."""
        return found_by("vsr_report_render", self.pointer, JSON)

    @property
    def exit_code(self) -> int:
        return int(self.summary["exit_code"])

    @property
    def run_dir(self) -> str:
        """The run folder, for os.path and open(): one that is no text as os.fsdecode() has it."""
        return os.fsdecode(library.vsr_report_run_dir(self.pointer))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each planned file and how it ended."""
        with open(os.path.join(self.run_dir, "report.jsonl"), encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    @property
    def profile(self) -> dict[str, Any] | None:
        """Where the run's time went (profile.json); None: it ended before that was measured."""
        text = gathered("vsr_report_profile", self.pointer, JSON)
        return json.loads(text) if text else None

    def __str__(self) -> str:
        return gathered("vsr_report_render", self.pointer, _TEXT).decode()


def _restore(name: str, *before: Any, options: Options | None, keep: list[Any],
             functions: Functions | None = None) -> Report:
    """Run it; a report exists whenever the run had begun, and is raised with nothing but what
    callbacks raised."""
    made, error, how = ctypes.c_void_p(), ErrorStruct(), options or Options()
    struct = how.struct(keep)
    if functions is not None:
        functions.cancel = how.cancel
    code = getattr(library, name)(ctypes.byref(made), *before, ctypes.byref(struct),
                                  ctypes.byref(error))
    report = Report(made) if made.value is not None else None
    if functions is not None: # nothing of this call is left for the next one
        functions.cancel = None
        how.raised.extend(functions.raised)
        functions.raised.clear()
    if how.raised:
        raise how.raised[0]
    if report is None:
        raise Error(error)
    del code # the report tells it
    return report


@contextlib.contextmanager
def reading(*sets: Functions | None) -> Iterator[None]:
    """Calls in which functions may be called: what they raise comes out behind them."""
    try:
        yield
    finally:
        for functions in sets:
            if functions is not None:
                functions.come_out()


class Plan(Handle):
    """One record for each file, before anything is written. Borrows its set."""
    _free = "vsr_plan_free"

    def __init__(self, pointer: Any, of: "Set") -> None:
        super().__init__(pointer)
        self.of = of

    def records(self) -> Iterator[dict[str, Any]]:
        """As vssrestore-plan(5) has them."""
        for line in gathered("vsr_plan_render", self.pointer, JSON).splitlines():
            yield json.loads(line)

    @property
    def totals(self) -> dict[str, int]:
        totals = PlanTotalsStruct()
        library.vsr_plan_count(self.pointer, ctypes.byref(totals))
        return {name: getattr(totals, name) for name, *_ in totals._fields_}

    @property
    def warnings(self) -> list[str]:
        found: list[str] = []
        with heard(found.append) as warned:
            library.vsr_plan_warnings(self.pointer, warned, None)
        return found

    def save(self, path: Path) -> None:
        call("vsr_plan_save", self.pointer, os.fsencode(path))

    def write(self, to: IO[bytes]) -> None:
        """What save() saves, into a file that is open; load_plan() wants one by its name."""
        to.write(gathered("vsr_plan_write", self.pointer))

    @staticmethod
    def set_path(path: Path) -> str:
        """The set's folder as the saved plan in file path names it; to be opened and given to
        load_plan()."""
        out = ctypes.create_string_buffer(_PATH_BYTES)
        call("vsr_plan_set_path", os.fsencode(path), out, len(out))
        return os.fsdecode(out.value)

    def verify(self, on_difference: Callable[[str], None] | None = None) -> int:
        """Compare what stands at the destinations with the plan: how many differences there are."""
        differences = ctypes.c_uint64(0)
        with heard(on_difference) as found, reading(self.of.functions):
            call("vsr_plan_verify", self.pointer, found, None, ctypes.byref(differences))
        return differences.value

    def run(self, options: Options | None = None) -> Report:
        return _restore("vsr_restore_run", self.pointer, options=options, keep=[],
                        functions=self.of.functions)

    def __str__(self) -> str:
        return gathered("vsr_plan_render", self.pointer, _TEXT).decode()


class Set(Handle):
    """A backup set; or a plan with media of its own, by its file, to be given to load_plan()."""
    _free = "vsr_set_close"

    functions: Functions | None = None #: what reads it, if it is no folder

    def __init__(self, path: Path) -> None:
        made = ctypes.c_void_p()
        call("vsr_set_open", ctypes.byref(made), os.fsencode(path))
        super().__init__(made)

    @classmethod
    def of_media(cls, media: Media, name: str | None = None, any_thread: bool = False,
                 index_folder: Path | None = None) -> "Set":
        """A set that is no folder: media reads it. any_thread: on any thread, several at once; else
        on the caller's alone. index_folder: where the index is held meanwhile; None: in memory."""
        made, functions = ctypes.c_void_p(), Functions(media, name, any_thread, index_folder)
        with reading(functions):
            call("vsr_set_open_media", ctypes.byref(made), ctypes.byref(functions.struct))
        opened = cls.__new__(cls)
        Handle.__init__(opened, made)
        opened.functions = functions
        return opened

    @staticmethod
    def pack(output: Path, documents: Sequence[Path], volumes: Sequence[Path],
             environment: Sequence[str] = (), parent: Path | Set | None = None,
             include_all: bool = False,
             workers: int = 0, on_warning: Callable[[str], None] | None = None) -> dict[str, Any]:
        """Make a set; what it holds."""
        keep: list[Any] = []
        options = PackOptionsStruct(
            size=ctypes.sizeof(PackOptionsStruct), documents=texts(documents, keep),
            document_count=len(documents), volumes=texts(volumes, keep), volume_count=len(volumes),
            environment=texts(environment, keep), environment_count=len(environment),
            parent=os.fsencode(parent) if not isinstance(parent, (Set, type(None))) else None,
            parent_set=parent.pointer if isinstance(parent, Set) else None,
            output=os.fsencode(output), include_all=int(include_all), workers=workers)
        result = PackResultStruct()
        with heard(on_warning) as options.on_warning:
            call("vsr_set_pack", ctypes.byref(options), ctypes.byref(result))
        found = {name: getattr(result, name) for name, *_ in result._fields_}
        found["uuid"] = result.uuid.decode()
        return found

    @staticmethod
    def verify(path: Path, workers: int = 0,
               on_finding: Callable[[str], None] | None = None) -> dict[str, int]:
        """Check every byte; raises Error where something is wrong."""
        totals = VerifyTotalsStruct()
        with heard(on_finding) as found:
            call("vsr_set_verify", os.fsencode(path), workers, found, None, ctypes.byref(totals))
        return {name: getattr(totals, name) for name, *_ in totals._fields_}

    @staticmethod
    def verify_media(media: Media, workers: int = 0,
                     on_finding: Callable[[str], None] | None = None,
                     any_thread: bool = False) -> dict[str, int]:
        """The same of a set that is no folder."""
        totals, functions = VerifyTotalsStruct(), Functions(media, None, any_thread, None)
        with heard(on_finding) as found, reading(functions):
            call("vsr_set_verify_media", ctypes.byref(functions.struct), workers, found, None,
                 ctypes.byref(totals))
        return {name: getattr(totals, name) for name, *_ in totals._fields_}

    @staticmethod
    def reindex(path: Path) -> bool:
        """Rebuild a lost or damaged index from the packs: was it written anew?"""
        rebuilt = ctypes.c_int(0)
        call("vsr_set_reindex", os.fsencode(path), ctypes.byref(rebuilt))
        return bool(rebuilt.value)

    @property
    def uuid(self) -> str:
        return str(library.vsr_set_uuid(self.pointer).decode())

    def inspect(self) -> dict[str, Any]:
        """Writers, components as a tree, file sets, methods, mappings, sizes."""
        with reading(self.functions):
            return found_by("vsr_set_inspect", self.pointer, JSON)

    def explain(self, choices: Choices, path: str) -> dict[str, Any]:
        """Why one file (a Windows path) goes where these choices send it, or why it is left out."""
        keep: list[Any] = []
        with reading(self.functions):
            return found_by("vsr_explain", self.pointer, ctypes.byref(choices.struct(keep)),
                            path.encode(), JSON, after=(None,))

    def plan(self, choices: Choices) -> Plan:
        made, keep = ctypes.c_void_p(), list[Any]()
        with reading(self.functions):
            call("vsr_plan_create", ctypes.byref(made), self.pointer,
                 ctypes.byref(choices.struct(keep)))
        return Plan(made, self)

    def load_plan(self, path: Path) -> Plan:
        """A plan that was saved, or one in JSON lines; places are looked at again."""
        made = ctypes.c_void_p()
        call("vsr_plan_load", ctypes.byref(made), self.pointer, os.fsencode(path))
        plan = Plan(made, self)
        with reading(self.functions):
            call("vsr_plan_refresh", plan.pointer)
        return plan

    def restore(self, choices: Choices, options: Options | None = None) -> Report:
        """Plan, ask the writers, plan again, run, tell them."""
        keep: list[Any] = []
        return _restore("vsr_restore_set", self.pointer, ctypes.byref(choices.struct(keep)),
                        options=options, keep=keep, functions=self.functions)


def resume(run_dir: Path, options: Options | None = None, of: Set | None = None) -> Report:
    """Go on with a run that was interrupted. of: its set, if that is no folder, or has moved."""
    if of is None:
        return _restore("vsr_resume", os.fsencode(run_dir), options=options, keep=[])
    return _restore("vsr_resume_set", os.fsencode(run_dir), of.pointer, options=options, keep=[],
                    functions=of.functions)
