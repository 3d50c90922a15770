"""What a caller chooses, as dataclasses; and the writers' part, as a class to derive from."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Callable, Sequence, Union

from ._library import (ASK, PLAYS, PROGRESS, SERVICE, ChoicesStruct, Handle, ProgressStruct,
                       RestoreOptionsStruct, Texts, WritersStruct, library, message)

if TYPE_CHECKING:
    from ._chain import Chain

Path = Union[str, bytes, "os.PathLike[str]"]

STABLE = 0 #: the writer's answer stands
RETRY = 75 #: ask again a second later; at most four times in all

_NUMBERS: dict[str, tuple[str, ...]] = { # a choice by word is its place in the C enumeration
    "dependencies": ("auto", "refuse", "ignore"),
    "overwrite": ("never", "if-newer", "always"),
    "in_use": ("strict", "lease", "ignore"),
    "additional_restores": ("known", "yes", "no"),
    "ring": ("auto", "uring", "sync"),
    "durability": ("unit", "end", "none"),
    "owner": ("default", "media", "mine"),
    "write_mode": ("auto", "direct", "buffered", "uncached"),
}


def texts(items: Sequence[Path], keep: list[Any]) -> Any:
    """A C array of strings; keep: what must live as long as the struct that borrows it."""
    array = (ctypes.c_char_p * max(1, len(items)))(*(os.fsencode(item) for item in items))
    keep.append(array)
    return ctypes.cast(array, Texts)


def fill(struct: Any, source: Any, counts: dict[str, str], keep: list[Any]) -> None:
    """Fields of a dataclass into a struct's of the same name."""
    names = {name for name, *_ in struct._fields_}
    for one in fields(source):
        value = getattr(source, one.name)
        if one.name not in names or value is None:
            continue
        if one.name in counts:
            setattr(struct, one.name, texts(value, keep))
            setattr(struct, counts[one.name], len(value))
        elif one.name in _NUMBERS:
            setattr(struct, one.name, _NUMBERS[one.name].index(value))
        elif isinstance(value, Handle):
            setattr(struct, one.name, value.pointer)
        elif isinstance(value, (str, bytes, os.PathLike)):
            setattr(struct, one.name, os.fsencode(value))
        else:
            setattr(struct, one.name, int(value))


@dataclass
class Choices:
    """What is restored and where to, in the forms of the command line (vssrestore-run(1))."""
    components: Sequence[str] = ()
    exclude_components: Sequence[str] = ()
    files: Sequence[str] = ()
    volumes: Sequence[str] = () #: "C:=/mnt/c"
    root: Path | None = None
    environment: Sequence[str] = ()
    new_targets: Sequence[str] = ()
    restore_targets: Sequence[str] = ()
    restore_options: Sequence[str] = ()
    private_dir: Path | None = None
    dependencies: str = "auto"
    widen: bool = False
    force_mandatory: bool = False
    mapping_overwrite_never: bool = False
    live_tree: bool = False
    unprotected: bool = False
    overwrite: str = "never"
    cross_mounts: bool = False
    in_use: str = "strict"
    files_not_to_backup: Path | None = None
    in_place: bool = False
    additional_restores: str = "known"
    after: Sequence[Path] = ()
    chain: Chain | None = None #: that the set is a step of
    chain_step: int = 0
    services: bool = False
    force_failed_backup: bool = False

    def struct(self, keep: list[Any]) -> ChoicesStruct:
        made = ChoicesStruct(size=ctypes.sizeof(ChoicesStruct))
        fill(made, self, {"components": "component_count", "files": "file_count",
                          "exclude_components": "exclude_component_count",
                          "volumes": "volume_count", "environment": "environment_count",
                          "new_targets": "new_target_count",
                          "restore_targets": "restore_target_count",
                          "restore_options": "restore_option_count", "after": "after_count"}, keep)
        return made


@dataclass
class Progress:
    """How far a run is. No count falls; none exceeds its total."""
    files_total: int
    files_done: int
    files_failed: int
    bytes_total: int
    bytes_done: int
    units_total: int
    units_done: int
    elapsed_ns: int
    unit: str | None
    run_dir: str
    paused: bool
    is_last: bool

    @classmethod
    def of(cls, struct: ProgressStruct) -> "Progress":
        values = {name: getattr(struct, name) for name, *_ in struct._fields_}
        values["unit"] = struct.unit.decode(errors="replace") if struct.unit else None
        values["run_dir"] = os.fsdecode(struct.run_dir)
        values["paused"], values["is_last"] = bool(struct.paused), bool(struct.is_last)
        return cls(**values)


@dataclass
class WriterEvent:
    """What a writer is told. document: the Backup Components Document, UTF-8."""
    writer: str
    instance: str
    name: str
    run_dir: str
    document: bytes


Reply = Union[int, bytes, None] #: a code; or the edited document; or None: no change


class Writers:
    """Plays writers and services: derive from it, and define what is played. pre_restore() and
    post_restore() return None (no change), the edited document, STABLE, RETRY, or any other code:
    it failed, and self.message says why."""
    message: str | None = None

    def plays(self, writer: str, instance: str) -> bool:
        return True

    def pre_restore(self, event: WriterEvent) -> Reply:
        return None

    def post_restore(self, event: WriterEvent) -> Reply:
        return None

    def service_stop(self, name: str) -> int:
        return 4 # there is no such service

    def service_start(self, name: str) -> int:
        return 4


@dataclass
class Options:
    """How a restore is carried out."""
    run_dir: Path | None = None
    bcd_out: Path | None = None
    workers: int = 0
    queue_depth: int = 0
    memory_bytes: int = 0
    ring: str = "auto"
    durability: str = "unit"
    owner: str = "default"
    pending_registry: Path | None = None
    write_mode: str = "auto"
    discard: bool = False
    profile: bool = False
    keep: str | None = None #: a text of the caller's that the run folder keeps
    salvage: bool = False
    throttle_bytes_per_s: int = 0
    chain: Chain | None = None #: of resume(): that the run was a step of; None: it knows its sets
    own_file: Path | None = None #: that the caller writes: nothing may be restored to it
    writers: Writers | None = None
    on_progress: Callable[[Progress], None] | None = None #: about ten times a second
    on_warning: Callable[[str], None] | None = None
    raised: list[BaseException] = field(default_factory=list, init=False, repr=False)
    _cancel: Any = field(default_factory=lambda: ctypes.c_int(0), init=False, repr=False)

    def cancel(self) -> None:
        """The run ends soon; from a callback, or from any thread."""
        self._cancel.value = 15

    def guarded(self, function: Callable[..., int]) -> Callable[..., int]:
        """An exception of a callback cancels the run, and is raised when it has ended."""
        def guard(*arguments: Any) -> int:
            try:
                return function(*arguments)
            except BaseException as error: # pylint: disable=broad-exception-caught
                self.raised.append(error)
                self.cancel()
                return 1
        return guard

    def struct(self, keep: list[Any]) -> RestoreOptionsStruct:
        self.raised.clear()
        self._cancel.value = 0
        made = RestoreOptionsStruct(size=ctypes.sizeof(RestoreOptionsStruct))
        plain = _Plain(self)
        fill(made, plain, {}, keep)
        made.cancel = ctypes.pointer(self._cancel)
        if self.on_warning is not None:
            made.on_warning = message(self.guarded(lambda text: self.on_warning(text) or 0))
        if self.on_progress is not None:
            told = self.guarded(lambda p: self.on_progress(Progress.of(p.contents)) or 0)
            made.on_progress = PROGRESS(lambda _context, p: told(p) and None)
        if self.writers is not None:
            made.writers = ctypes.pointer(writers_struct(self.writers, self, keep))
        keep.append(made)
        return made


class _Plain:
    """The options that are no functions; for fill()."""

    def __init__(self, options: Options) -> None:
        self.__dict__.update({one.name: getattr(options, one.name) for one in fields(options)
                              if one.name not in ("writers", "on_progress", "on_warning", "raised",
                                                  "_cancel")})
        self.__dataclass_fields__ = {name: options.__dataclass_fields__[name]
                                     for name in self.__dict__}


def _answer(writers: Writers, reply: Any, said: Reply) -> int:
    if writers.message is not None:
        library.vsr_writer_reply_message(reply, writers.message.encode())
        writers.message = None
    if isinstance(said, bytes):
        library.vsr_writer_reply_document(reply, said, len(said))
        return STABLE
    return STABLE if said is None else said


def writers_struct(writers: Writers, options: Options, keep: list[Any]) -> WritersStruct:
    """vsr_writers whose functions are those of a Python object."""
    def event_of(event: Any) -> WriterEvent:
        told = event.contents
        return WriterEvent(told.writer.decode(), told.instance.decode(), told.name.decode(),
                           os.fsdecode(told.run_dir or b""),
                           ctypes.string_at(told.document, told.document_bytes))

    def asking(function: Callable[[WriterEvent], Reply]) -> Any:
        return ASK(options.guarded(lambda _context, event, reply:
                                   _answer(writers, reply, function(event_of(event)))))

    def serving(function: Callable[[str], int]) -> Any:
        return SERVICE(options.guarded(lambda _context, name, reply:
                                       _answer(writers, reply, function(name.decode()))))

    made = WritersStruct(size=ctypes.sizeof(WritersStruct))
    made.plays = PLAYS(options.guarded(lambda _context, writer, instance: int(
        writers.plays(writer.decode(), instance.decode()))))
    made.pre_restore = asking(writers.pre_restore)
    made.post_restore = asking(writers.post_restore)
    if type(writers).service_stop is not Writers.service_stop:
        made.service_stop = serving(writers.service_stop)
        made.service_start = serving(writers.service_start)
    keep.append(made)
    return made
