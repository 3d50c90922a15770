"""The library and its plain structs. Field by field as in include/vssrestore; a test compares them
with what a C compiler makes of the headers."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import Any, Callable, Iterator, Sequence

Texts = ctypes.POINTER(ctypes.c_char_p)
SINK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char),
                        ctypes.c_size_t)
MESSAGE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


READ_AT = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64,
                           ctypes.c_void_p, ctypes.c_size_t)
SIZE_OF = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p,
                           ctypes.POINTER(ctypes.c_uint64))
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


class ErrorStruct(ctypes.Structure):
    """vsr_error"""
    _fields_ = [("code", ctypes.c_int), ("os_errno", ctypes.c_int32), ("where", ctypes.c_char_p),
                ("what", ctypes.c_char * 488)]


class ChoicesStruct(ctypes.Structure):
    """vsr_choices"""
    _fields_ = [("size", ctypes.c_size_t),
                ("components", Texts), ("component_count", ctypes.c_size_t),
                ("exclude_components", Texts), ("exclude_component_count", ctypes.c_size_t),
                ("files", Texts), ("file_count", ctypes.c_size_t),
                ("volumes", Texts), ("volume_count", ctypes.c_size_t),
                ("root", ctypes.c_char_p),
                ("environment", Texts), ("environment_count", ctypes.c_size_t),
                ("new_targets", Texts), ("new_target_count", ctypes.c_size_t),
                ("restore_targets", Texts), ("restore_target_count", ctypes.c_size_t),
                ("restore_options", Texts), ("restore_option_count", ctypes.c_size_t),
                ("private_dir", ctypes.c_char_p), ("dependencies", ctypes.c_int),
                ("widen", ctypes.c_int), ("force_mandatory", ctypes.c_int),
                ("mapping_overwrite_never", ctypes.c_int), ("live_tree", ctypes.c_int),
                ("unprotected", ctypes.c_int), ("overwrite", ctypes.c_int),
                ("cross_mounts", ctypes.c_int), ("in_use", ctypes.c_int),
                ("files_not_to_backup", ctypes.c_char_p), ("in_place", ctypes.c_int),
                ("additional_restores", ctypes.c_int), ("after", Texts),
                ("after_count", ctypes.c_size_t), ("chain", ctypes.c_void_p),
                ("chain_step", ctypes.c_size_t), ("services", ctypes.c_int),
                ("force_failed_backup", ctypes.c_int)]


class ChainOptionsStruct(ctypes.Structure):
    """vsr_chain_options"""
    _fields_ = [("size", ctypes.c_size_t),
                ("set_folders", Texts), ("set_folder_count", ctypes.c_size_t),
                ("strict", ctypes.c_int), ("continues", ctypes.c_int), ("on_warning", MESSAGE),
                ("context", ctypes.c_void_p), ("look_only", ctypes.c_int)]


class PendingOptionsStruct(ctypes.Structure):
    """vsr_pending_options"""
    _fields_ = [("size", ctypes.c_size_t), ("registry", ctypes.c_char_p), ("on_warning", MESSAGE),
                ("context", ctypes.c_void_p), ("cancel", ctypes.POINTER(ctypes.c_int))]


class PendingTotalsStruct(ctypes.Structure):
    """vsr_pending_totals"""
    _fields_ = [("folders", ctypes.c_uint64), ("records", ctypes.c_uint64),
                ("done", ctypes.c_uint64), ("failed", ctypes.c_uint64),
                ("waiting", ctypes.c_uint64), ("units", ctypes.c_uint64),
                ("units_done", ctypes.c_uint64), ("units_failed", ctypes.c_uint64),
                ("exit_code", ctypes.c_int)]


class ProgressStruct(ctypes.Structure):
    """vsr_progress"""
    _fields_ = [("files_total", ctypes.c_uint64), ("files_done", ctypes.c_uint64),
                ("files_failed", ctypes.c_uint64), ("bytes_total", ctypes.c_uint64),
                ("bytes_done", ctypes.c_uint64), ("units_total", ctypes.c_uint64),
                ("units_done", ctypes.c_uint64), ("elapsed_ns", ctypes.c_uint64),
                ("unit", ctypes.c_char_p), ("run_dir", ctypes.c_char_p), ("paused", ctypes.c_int),
                ("is_last", ctypes.c_int)]


PROGRESS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ProgressStruct))


class WriterEventStruct(ctypes.Structure):
    """vsr_writer_event"""
    _fields_ = [("writer", ctypes.c_char_p), ("instance", ctypes.c_char_p), ("name", ctypes.c_char_p),
                ("run_dir", ctypes.c_char_p), ("document", ctypes.POINTER(ctypes.c_char)),
                ("document_bytes", ctypes.c_size_t)]


PLAYS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
ASK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(WriterEventStruct),
                       ctypes.c_void_p)
SERVICE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class WritersStruct(ctypes.Structure):
    """vsr_writers"""
    _fields_ = [("size", ctypes.c_size_t), ("programs", Texts), ("program_count", ctypes.c_size_t),
                ("service_command", ctypes.c_char_p), ("path", ctypes.c_char_p),
                ("lang", ctypes.c_char_p), ("limit_s", ctypes.c_uint), ("plays", PLAYS),
                ("pre_restore", ASK), ("post_restore", ASK), ("service_stop", SERVICE),
                ("service_start", SERVICE), ("context", ctypes.c_void_p)]


class RestoreOptionsStruct(ctypes.Structure):
    """vsr_restore_options"""
    _fields_ = [("size", ctypes.c_size_t), ("run_dir", ctypes.c_char_p),
                ("bcd_out", ctypes.c_char_p), ("workers", ctypes.c_uint),
                ("queue_depth", ctypes.c_uint), ("memory_bytes", ctypes.c_uint64),
                ("ring", ctypes.c_int), ("durability", ctypes.c_int), ("owner", ctypes.c_int),
                ("on_progress", PROGRESS), ("context", ctypes.c_void_p),
                ("cancel", ctypes.POINTER(ctypes.c_int)), ("pending_registry", ctypes.c_char_p),
                ("writers", ctypes.POINTER(WritersStruct)), ("on_warning", MESSAGE),
                ("write_mode", ctypes.c_int), ("discard", ctypes.c_int), ("profile", ctypes.c_int),
                ("keep", ctypes.c_char_p), ("salvage", ctypes.c_int),
                ("throttle_bytes_per_s", ctypes.c_uint64), ("chain", ctypes.c_void_p),
                ("own_file", ctypes.c_char_p)]


class PackOptionsStruct(ctypes.Structure):
    """vsr_pack_options"""
    _fields_ = [("size", ctypes.c_size_t), ("documents", Texts), ("document_count", ctypes.c_size_t),
                ("volumes", Texts), ("volume_count", ctypes.c_size_t), ("environment", Texts),
                ("environment_count", ctypes.c_size_t), ("parent", ctypes.c_char_p),
                ("output", ctypes.c_char_p), ("include_all", ctypes.c_int),
                ("workers", ctypes.c_uint), ("on_warning", MESSAGE), ("context", ctypes.c_void_p),
                ("parent_set", ctypes.c_void_p)]


class PackResultStruct(ctypes.Structure):
    """vsr_pack_result"""
    _fields_ = [("files", ctypes.c_uint64), ("bytes", ctypes.c_uint64),
                ("stored_bytes", ctypes.c_uint64), ("warnings", ctypes.c_uint64),
                ("incomplete", ctypes.c_uint64), ("uuid", ctypes.c_char * 37)]


class MediaStruct(ctypes.Structure):
    """vsr_media"""
    _fields_ = [("size", ctypes.c_size_t), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint),
                ("read_at", READ_AT), ("size_of", SIZE_OF), ("release", RELEASE),
                ("context", ctypes.c_void_p), ("index_folder", ctypes.c_char_p)]


class VerifyTotalsStruct(ctypes.Structure):
    """vsr_verify_totals"""
    _fields_ = [("files", ctypes.c_uint64), ("bytes", ctypes.c_uint64), ("frames", ctypes.c_uint64),
                ("damaged_files", ctypes.c_uint64), ("findings", ctypes.c_uint64)]


class PlanTotalsStruct(ctypes.Structure):
    """vsr_plan_totals"""
    _fields_ = [("units", ctypes.c_uint64), ("refused_units", ctypes.c_uint64),
                ("files", ctypes.c_uint64), ("bytes", ctypes.c_uint64),
                ("warnings", ctypes.c_uint64)]


class Error(Exception):
    """A call that failed: a sentence, and what the program would have ended with."""

    def __init__(self, error: ErrorStruct) -> None:
        super().__init__(error.what.decode(errors="replace"))
        self.exit_code: int = -error.code
        self.name: str = library.vsr_code_text(error.code).decode() #: "media damaged"
        self.errno: int | None = error.os_errno or None
        self.where: str | None = error.where.decode() if error.where else None


library = ctypes.CDLL(os.environ.get("VSSRESTORE_LIBRARY", "libvssrestore.so.0"))
_P, _S, _N, _I, _U = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_uint)
_TO = ctypes.POINTER
_MADE, _ERROR, _CODE = _TO(_P), _TO(ErrorStruct), ctypes.c_int
_CHOICES, _OPTIONS, _MEDIA = _TO(ChoicesStruct), _TO(RestoreOptionsStruct), _TO(MediaStruct)
_SINK = [SINK, _P, _ERROR]
_RENDER = [_P, _I, *_SINK]
_PENDING = [Texts, _N, _TO(PendingOptionsStruct), _I, SINK, _P, _TO(PendingTotalsStruct), _ERROR]
CALLS: dict[str, tuple[Any, list[Any]]] = {
    "vsr_version": (_S, []),
    "vsr_code_text": (_S, [_CODE]),
    "vsr_text_shown": (_N, [_S, _N, _S]),
    "vsr_file_replace": (_CODE, [_S, _S, _N, _ERROR]),
    "vsr_set_pack": (_CODE, [_TO(PackOptionsStruct), _TO(PackResultStruct), _ERROR]),
    "vsr_set_open": (_CODE, [_MADE, _S, _ERROR]),
    "vsr_set_open_media": (_CODE, [_MADE, _MEDIA, _ERROR]),
    "vsr_set_close": (None, [_P]),
    "vsr_set_uuid": (_S, [_P]),
    "vsr_set_inspect": (_CODE, _RENDER),
    "vsr_set_verify": (_CODE, [_S, _U, MESSAGE, _P, _TO(VerifyTotalsStruct), _ERROR]),
    "vsr_set_verify_media": (_CODE, [_MEDIA, _U, MESSAGE, _P, _TO(VerifyTotalsStruct), _ERROR]),
    "vsr_set_reindex": (_CODE, [_S, _TO(_I), _ERROR]),
    "vsr_documents_inspect": (_CODE, [Texts, _N, _I, *_SINK]),
    "vsr_explain": (_CODE, [_P, _CHOICES, _S, _I, SINK, _P, _TO(_I), _ERROR]),
    "vsr_plan_create": (_CODE, [_MADE, _P, _CHOICES, _ERROR]),
    "vsr_plan_load": (_CODE, [_MADE, _P, _S, _ERROR]),
    "vsr_plan_refresh": (_CODE, [_P, _ERROR]),
    "vsr_plan_save": (_CODE, [_P, _S, _ERROR]),
    "vsr_plan_write": (_CODE, [_P, *_SINK]),
    "vsr_plan_set_path": (_CODE, [_S, _S, _N, _ERROR]),
    "vsr_plan_free": (None, [_P]),
    "vsr_plan_count": (None, [_P, _TO(PlanTotalsStruct)]),
    "vsr_plan_warnings": (None, [_P, MESSAGE, _P]),
    "vsr_plan_render": (_CODE, _RENDER),
    "vsr_plan_verify": (_CODE, [_P, MESSAGE, _P, _TO(ctypes.c_uint64), _ERROR]),
    "vsr_chain_open": (_CODE, [_MADE, Texts, _N, _TO(ChainOptionsStruct), _ERROR]),
    "vsr_chain_open_sets": (_CODE, [_MADE, _TO(_P), _N, _TO(ChainOptionsStruct), _ERROR]),
    "vsr_chain_close": (None, [_P]),
    "vsr_chain_count": (_N, [_P]),
    "vsr_chain_path": (_S, [_P, _N]),
    "vsr_chain_check": (_CODE, [_P, _CHOICES, _TO(WritersStruct), _ERROR]),
    "vsr_chain_note": (None, [_P, _N, _P]),
    "vsr_chain_note_run": (None, [_P, _N, _S]),
    "vsr_restore_set": (_CODE, [_MADE, _P, _CHOICES, _OPTIONS, _ERROR]),
    "vsr_restore_run": (_CODE, [_MADE, _P, _OPTIONS, _ERROR]),
    "vsr_resume": (_CODE, [_MADE, _S, _OPTIONS, _ERROR]),
    "vsr_resume_set": (_CODE, [_MADE, _S, _P, _OPTIONS, _ERROR]),
    "vsr_run_inspect": (_CODE, [_S, _I, *_SINK]),
    "vsr_run_kept": (_CODE, [_S, *_SINK]),
    "vsr_system_inspect": (_CODE, [_OPTIONS, _I, *_SINK]),
    "vsr_report_run_dir": (_S, [_P]),
    "vsr_report_render": (_CODE, _RENDER),
    "vsr_report_profile": (_CODE, _RENDER),
    "vsr_report_free": (None, [_P]),
    "vsr_report_page": (_CODE, [_S, *_SINK]),
    "vsr_control": (_CODE, [_S, _S, _I, *_SINK]),
    "vsr_pending_list": (_CODE, _PENDING),
    "vsr_pending_apply": (_CODE, _PENDING),
    "vsr_writer_reply_document": (None, [_P, _S, _N]),
    "vsr_writer_reply_message": (None, [_P, _S]),
}
for _name, (_result, _arguments) in CALLS.items():
    getattr(library, _name).restype = _result
    getattr(library, _name).argtypes = _arguments


def call(name: str, *arguments: Any) -> None:
    """A call whose last argument is a vsr_error; raises Error."""
    error = ErrorStruct()
    if getattr(library, name)(*arguments, ctypes.byref(error)) != 0:
        raise Error(error)


def gathered(name: str, *before: Any, after: Sequence[Any] = ()) -> bytes:
    """What a call hands to its sink. after: what it wants behind the sink's context."""
    parts: list[bytes] = []

    def take(_context: Any, text: Any, count: int) -> int:
        parts.append(ctypes.string_at(text, count))
        return 0

    call(name, *before, SINK(take), None, *after)
    return b"".join(parts)


def message(function: Callable[[str], Any]) -> Any:
    """A Python function as vsr_message."""
    return MESSAGE(lambda _context, sentence: function(sentence.decode(errors="replace")) and None)


@contextlib.contextmanager
def heard(function: Callable[[str], None] | None) -> Iterator[Any]:
    """A Python function as vsr_message of the calls inside. The first exception that it raises ends
    its part, and comes out behind them."""
    raised: list[BaseException] = []

    def tell(sentence: str) -> None:
        try:
            if function is not None and not raised:
                function(sentence)
        except BaseException as error: # pylint: disable=broad-exception-caught
            raised.append(error)

    try:
        yield message(tell) if function is not None else MESSAGE()
    finally:
        if raised:
            raise raised[0]


class Handle:
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
