"""A set's packs, read by arithmetic on their bytes and by lz4 and tar: where a byte can be flipped,
and which members it may hurt."""

import bisect
import os
import struct
import subprocess
import tarfile
import tempfile

FRAME_MAGIC = 0x184D2204
HEADER_BYTES = 15  # magic, FLG, BD, u64 plain bytes, header checksum
BLOCK_CHECKSUM = 0x10  # in FLG


class Frame:
    """One LZ4 frame of a pack: its block's place, and which plain bytes it holds."""

    def __init__(self, block_offset, block_bytes, plain_offset, plain_bytes):
        self.block_offset, self.block_bytes = block_offset, block_bytes
        self.plain_offset, self.plain_bytes = plain_offset, plain_bytes


def frames(pack):
    """All frames of the pack's bytes, up to its trailer."""
    found, at, plain = [], 0, 0
    while struct.unpack_from("<I", pack, at)[0] == FRAME_MAGIC:
        plain_bytes = struct.unpack_from("<Q", pack, at + 6)[0]
        block_bytes = struct.unpack_from("<I", pack, at + HEADER_BYTES)[0] & 0x7FFFFFFF
        found.append(Frame(at + HEADER_BYTES + 4, block_bytes, plain, plain_bytes))
        plain += plain_bytes
        checksum_bytes = 4 if pack[at + 4] & BLOCK_CHECKSUM else 0
        at += HEADER_BYTES + 4 + block_bytes + checksum_bytes + 8  # end mark, content checksum
    return found


class Member:
    """A member of the archive, from its first header's byte to the next member's."""

    def __init__(self, name, begin, end, data, is_file):
        self.name, self.begin, self.end, self.data, self.is_file = name, begin, end, data, is_file


def members(path):
    """All members of a pack, by lz4 and Python's tar."""
    with tempfile.TemporaryFile() as plain:
        subprocess.run([b"lz4", b"-dc", path], stdout=plain, check=True)
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as archive:
            infos = archive.getmembers()
            end = archive.offset
    ends = [info.offset for info in infos[1:]] + [end]
    return [Member(os.fsencode(info.name), info.offset, until, info.offset_data, info.isreg())
            for info, until in zip(infos, ends)]


def members_of(frame, all_members):
    """The regular files that have bytes of their own in the frame."""
    end = frame.plain_offset + frame.plain_bytes
    at = bisect.bisect_right(all_members, frame.plain_offset, key=lambda member: member.end)
    found = []
    while at < len(all_members) and all_members[at].begin < end:
        found += [all_members[at]] if all_members[at].is_file else []
        at += 1
    return found


def flip(path, offset):
    with open(path, "r+b") as pack:
        pack.seek(offset)
        byte = pack.read(1)[0]
        pack.seek(offset)
        pack.write(bytes([byte ^ 0x10]))
