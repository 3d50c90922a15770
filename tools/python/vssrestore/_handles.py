"""Sets, plans and reports: what must be closed is closed by `with`, or when nobody holds it."""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any, Callable, Iterator, Sequence

from ._library import (SINK, Error, ErrorStruct, PackOptionsStruct, PackResultStruct,
                       PlanTotalsStruct, VerifyTotalsStruct, call, gathered, heard, library)
from ._media import Functions, Media
from ._options import Choices, Options, Path, texts

_TEXT, _JSON = 0, 1


def version() -> str:
    return str(library.vsr_version().decode())


class _Handle:
    """An opaque handle of the library."""
    _free: str

    def __init__(self, pointer: Any) -> None:
        self._pointer: Any = pointer

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_ignored: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise ValueError("it is closed")
        return self._pointer

    def close(self) -> None:
        if getattr(self, "_pointer", None) is not None:
            getattr(library, self._free)(self._pointer)
            self._pointer = None


class Report(_Handle):
    """What became of a restore."""
    _free = "vsr_report_free"

    @property
    def summary(self) -> dict[str, Any]:
        """The `summary` event (vssrestore-events(5))."""
        found: dict[str, Any] = json.loads(gathered("vsr_report_render", self.pointer, _JSON))
        return found

    @property
    def exit_code(self) -> int:
        return int(self.summary["exit_code"])

    @property
    def run_dir(self) -> str:
        """The run folder, for os.path and open(): a name that is no text as os.fsdecode() has it."""
        return os.fsdecode(library.vsr_report_run_dir(self.pointer))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each planned file and how it ended."""
        with open(os.path.join(self.run_dir, "report.jsonl"), encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

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


def _guarded(functions: Functions | None, name: str, *arguments: Any) -> None:
    """A call in which functions may be called: what they raise comes out of it."""
    try:
        call(name, *arguments)
    finally:
        if functions is not None:
            functions.come_out()


class Plan(_Handle):
    """One record for each file, before anything is written. Borrows its set."""
    _free = "vsr_plan_free"

    def __init__(self, pointer: Any, of: "Set") -> None:
        super().__init__(pointer)
        self.of = of

    def records(self) -> Iterator[dict[str, Any]]:
        """As vssrestore-plan(5) has them."""
        for line in gathered("vsr_plan_render", self.pointer, _JSON).splitlines():
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

    def run(self, options: Options | None = None) -> Report:
        return _restore("vsr_restore_run", self.pointer, options=options, keep=[],
                        functions=self.of.functions)

    def __str__(self) -> str:
        return gathered("vsr_plan_render", self.pointer, _TEXT).decode()


class Set(_Handle):
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
        _guarded(functions, "vsr_set_open_media", ctypes.byref(made), ctypes.byref(functions.struct))
        opened = cls.__new__(cls)
        _Handle.__init__(opened, made)
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
        with heard(on_finding) as found:
            _guarded(functions, "vsr_set_verify_media", ctypes.byref(functions.struct), workers,
                     found, None, ctypes.byref(totals))
        return {name: getattr(totals, name) for name, *_ in totals._fields_}

    @property
    def uuid(self) -> str:
        return str(library.vsr_set_uuid(self.pointer).decode())

    def inspect(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(gathered("vsr_set_inspect", self.pointer, _JSON))
        finally:
            if self.functions is not None:
                self.functions.come_out()
        return found

    def plan(self, choices: Choices) -> Plan:
        made, keep = ctypes.c_void_p(), list[Any]()
        _guarded(self.functions, "vsr_plan_create", ctypes.byref(made), self.pointer,
                 ctypes.byref(choices.struct(keep)))
        return Plan(made, self)

    def load_plan(self, path: Path) -> Plan:
        """A plan that was saved, or one in JSON lines; places are looked at again."""
        made = ctypes.c_void_p()
        call("vsr_plan_load", ctypes.byref(made), self.pointer, os.fsencode(path))
        plan = Plan(made, self)
        _guarded(self.functions, "vsr_plan_refresh", plan.pointer)
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


def control(run_dir: Path, command: str) -> dict[str, Any]:
    """Ask a run that goes on: "status", "pause", "resume", "throttle N", "cancel"."""
    found: dict[str, Any] = json.loads(gathered("vsr_control", os.fsencode(run_dir),
                                                command.encode(), _JSON))
    return found


def report_page(run_dir: Path) -> str:
    """The HTML page of a run."""
    parts: list[bytes] = []

    def take(_context: Any, text: Any, count: int) -> int:
        parts.append(ctypes.string_at(text, count))
        return 0

    call("vsr_report_page", os.fsencode(run_dir), SINK(take), None)
    return b"".join(parts).decode()
