"""The library and its plain structs. Field by field as in include/vssrestore; a test compares them
with what a C compiler makes of the headers."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import Any, Callable, Iterator

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
                ("throttle_bytes_per_s", ctypes.c_uint64), ("chain", ctypes.c_void_p)]


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
        self.errno: int | None = error.os_errno or None
        self.where: str | None = error.where.decode() if error.where else None


library = ctypes.CDLL(os.environ.get("VSSRESTORE_LIBRARY", "libvssrestore.so.0"))
_P, _S = ctypes.c_void_p, ctypes.c_char_p
_RENDER = [_P, ctypes.c_int, SINK, _P, ctypes.POINTER(ErrorStruct)]
_CALLS: dict[str, tuple[Any, list[Any]]] = {
    "vsr_version": (_S, []),
    "vsr_set_pack": (ctypes.c_int, [ctypes.POINTER(PackOptionsStruct),
                                    ctypes.POINTER(PackResultStruct), ctypes.POINTER(ErrorStruct)]),
    "vsr_set_open": (ctypes.c_int, [ctypes.POINTER(_P), _S, ctypes.POINTER(ErrorStruct)]),
    "vsr_set_open_media": (ctypes.c_int, [ctypes.POINTER(_P), ctypes.POINTER(MediaStruct),
                                          ctypes.POINTER(ErrorStruct)]),
    "vsr_set_close": (None, [_P]),
    "vsr_set_uuid": (_S, [_P]),
    "vsr_set_inspect": (ctypes.c_int, _RENDER),
    "vsr_set_verify": (ctypes.c_int, [_S, ctypes.c_uint, MESSAGE, _P,
                                      ctypes.POINTER(VerifyTotalsStruct),
                                      ctypes.POINTER(ErrorStruct)]),
    "vsr_set_verify_media": (ctypes.c_int, [ctypes.POINTER(MediaStruct), ctypes.c_uint, MESSAGE, _P,
                                            ctypes.POINTER(VerifyTotalsStruct),
                                            ctypes.POINTER(ErrorStruct)]),
    "vsr_plan_create": (ctypes.c_int, [ctypes.POINTER(_P), _P, ctypes.POINTER(ChoicesStruct),
                                       ctypes.POINTER(ErrorStruct)]),
    "vsr_plan_load": (ctypes.c_int, [ctypes.POINTER(_P), _P, _S, ctypes.POINTER(ErrorStruct)]),
    "vsr_plan_refresh": (ctypes.c_int, [_P, ctypes.POINTER(ErrorStruct)]),
    "vsr_plan_save": (ctypes.c_int, [_P, _S, ctypes.POINTER(ErrorStruct)]),
    "vsr_plan_free": (None, [_P]),
    "vsr_plan_count": (None, [_P, ctypes.POINTER(PlanTotalsStruct)]),
    "vsr_plan_warnings": (None, [_P, MESSAGE, _P]),
    "vsr_plan_render": (ctypes.c_int, _RENDER),
    "vsr_restore_set": (ctypes.c_int, [ctypes.POINTER(_P), _P, ctypes.POINTER(ChoicesStruct),
                                       ctypes.POINTER(RestoreOptionsStruct),
                                       ctypes.POINTER(ErrorStruct)]),
    "vsr_restore_run": (ctypes.c_int, [ctypes.POINTER(_P), _P,
                                       ctypes.POINTER(RestoreOptionsStruct),
                                       ctypes.POINTER(ErrorStruct)]),
    "vsr_resume": (ctypes.c_int, [ctypes.POINTER(_P), _S, ctypes.POINTER(RestoreOptionsStruct),
                                  ctypes.POINTER(ErrorStruct)]),
    "vsr_resume_set": (ctypes.c_int, [ctypes.POINTER(_P), _S, _P,
                                      ctypes.POINTER(RestoreOptionsStruct),
                                      ctypes.POINTER(ErrorStruct)]),
    "vsr_report_run_dir": (_S, [_P]),
    "vsr_report_render": (ctypes.c_int, _RENDER),
    "vsr_report_free": (None, [_P]),
    "vsr_report_page": (ctypes.c_int, [_S, SINK, _P, ctypes.POINTER(ErrorStruct)]),
    "vsr_control": (ctypes.c_int, [_S, _S, ctypes.c_int, SINK, _P, ctypes.POINTER(ErrorStruct)]),
    "vsr_writer_reply_document": (None, [_P, ctypes.c_char_p, ctypes.c_size_t]),
    "vsr_writer_reply_message": (None, [_P, ctypes.c_char_p]),
}
for _name, (_result, _arguments) in _CALLS.items():
    getattr(library, _name).restype = _result
    getattr(library, _name).argtypes = _arguments


def call(name: str, *arguments: Any) -> None:
    """A call whose last argument is a vsr_error; raises Error."""
    error = ErrorStruct()
    if getattr(library, name)(*arguments, ctypes.byref(error)) != 0:
        raise Error(error)


def gathered(name: str, *before: Any) -> bytes:
    """What a call hands to its sink."""
    parts: list[bytes] = []

    def take(_context: Any, text: Any, count: int) -> int:
        parts.append(ctypes.string_at(text, count))
        return 0

    call(name, *before, SINK(take), None)
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
