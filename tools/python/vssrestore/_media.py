"""Sets that are no folders: an object of the caller's reads them."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any, Callable, Protocol

from ._library import READ_AT, RELEASE, SIZE_OF, MediaStruct
from ._options import Path

_ANY_THREAD = 1


class Media(Protocol):
    """What reads a set. name is a part's in the set: "set.json", "index.bin", "documents/...",
    "packs/pack-000000.tar.lz4". An OSError makes what is read unreadable (FileNotFoundError: there
    is no such part); any other exception ends what was begun, and comes out of it. An object may
    also have release(name): that part is not read any more."""

    def read_at(self, name: str, offset: int, count: int) -> bytes:
        """At most count bytes at offset; none: the part ends there."""

    def size(self, name: str) -> int:
        """How long the part is."""


class Functions:
    """vsr_media whose functions are those of a Python object."""

    def __init__(self, media: Media, name: str | None, any_thread: bool,
                 index_folder: Path | None) -> None:
        self.raised: list[BaseException] = []
        self.cancel: Callable[[], None] | None = None #: of the run that is at work
        self._media = media
        self.struct = MediaStruct(
            size=ctypes.sizeof(MediaStruct), name=name.encode() if name is not None else None,
            flags=_ANY_THREAD if any_thread else 0, read_at=READ_AT(self._guarded(self._read)),
            size_of=SIZE_OF(self._guarded(self._size)),
            index_folder=os.fsencode(index_folder) if index_folder is not None else None)
        if hasattr(media, "release"):
            released = self._guarded(self._release)
            self.struct.release = RELEASE(lambda context, part: released(context, part) and None)

    def _read(self, name: bytes, offset: int, to: int, count: int) -> int:
        data = bytes(self._media.read_at(name.decode(), offset, count))
        if len(data) > count:
            return -errno.EPROTO
        ctypes.memmove(to, data, len(data))
        return len(data)

    def _size(self, name: bytes, size: Any) -> int:
        size[0] = self._media.size(name.decode())
        return 0

    def _release(self, name: bytes) -> int:
        getattr(self._media, "release")(name.decode())
        return 0

    def _guarded(self, function: Callable[..., int]) -> Callable[..., int]:
        def guard(_context: Any, *arguments: Any) -> int:
            try:
                return function(*arguments)
            except OSError as error:
                missing = isinstance(error, FileNotFoundError)
                return -(error.errno or (errno.ENOENT if missing else errno.EIO))
            except BaseException as error: # pylint: disable=broad-exception-caught
                self.raised.append(error)
                if self.cancel is None:
                    return -errno.EIO
                self.cancel()
                return -errno.ECANCELED # of the run: it can be gone on with
        return guard

    def come_out(self) -> None:
        """Raise what an object's function raised."""
        if self.raised:
            first = self.raised[0]
            self.raised.clear()
            raise first
