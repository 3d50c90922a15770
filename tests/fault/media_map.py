"""Where each structure of a set lies: every byte of every file of it, by class (FORMAT.md).

    regions(set) -> [Region(file, class, begin, end)], file below the set, in its order

Written from the format's text alone, so that it is also a second reader of it.
"""

import collections
import os
import struct

Region = collections.namedtuple("Region", "file kind begin end")

FRAME, TRAILER_PIECE, LAST_PIECE = 0x184D2204, 0x184D2A5E, 0x184D2A5F
SECTIONS = ("volumes", "entries", "chunks", "ranges", "descriptors", "blobs")
# Fields of the index's records: name and bytes, in order.
RECORDS = {
    "volumes": (("root_entry", 4), ("prefix_bytes", 4), ("prefix_offset", 8)),
    "entries": (("parent", 4), ("volume", 4), ("name_offset", 8), ("name_bytes", 2), ("kind", 1),
                ("flags", 1), ("mode", 4), ("size", 8), ("first", 8), ("second", 8),
                ("chunk_count", 4), ("range_count", 4), ("link_group", 4), ("descriptor", 4),
                ("times_s", 32), ("times_ns", 16), ("uid", 4), ("gid", 4), ("dos_attributes", 4),
                ("attribute_bytes", 4), ("attribute_offset", 8), ("xxh3_128", 16),
                ("reserved", 8)),
    "chunks": (("frame_offset", 8), ("pack", 4), ("frame_bytes", 4), ("frame_plain_bytes", 4),
               ("offset_in_frame", 4), ("length", 4), ("reserved", 4), ("file_offset", 8),
               ("xxh3_64", 8)),
    "ranges": (("offset", 8), ("length", 8)),
    "descriptors": (("offset", 8), ("bytes", 4), ("attribute_bytes", 4)),
}


def index_places(content):
    """Where each section of an index begins, and how many records it has."""
    header = 8 + 4 + 4 + 16 + 8 + 8
    return {name: struct.unpack_from("<QQ", content, header + 24 * i)
            for i, name in enumerate(SECTIONS)}


def index_records(content, section):
    """[{field: bytes}] of one section; fields of up to 8 bytes as numbers."""
    (offset, count), found = index_places(content)[section], []
    for _ in range(count):
        record = {}
        for field, field_bytes in RECORDS[section]:
            value = content[offset:offset + field_bytes]
            record[field] = int.from_bytes(value, "little") if field_bytes <= 8 else value
            offset += field_bytes
        found.append(record)
    return found


NO_PARENT, OF_A_FILE = 0xFFFFFFFF, 2


def files_of_frame(content, pack, frame_offset, plain_offset=None):
    """The paths, below their volume, of an index's files that have bytes in one frame; or of those
    alone that have that one of its plain bytes."""
    entries, chunks = index_records(content, "entries"), index_records(content, "chunks")
    blobs, _ = index_places(content)["blobs"]

    def name(entry):
        at = blobs + entry["name_offset"]
        own = content[at:at + entry["name_bytes"]].decode()
        above = entries[entry["parent"]] if entry["parent"] != NO_PARENT else None
        return name(above) + "\\" + own if above and above["parent"] != NO_PARENT else own

    def concerned(chunk):
        at = chunk["offset_in_frame"]
        return (chunk["pack"], chunk["frame_offset"]) == (pack, frame_offset) and (
            plain_offset is None or at <= plain_offset < at + chunk["length"])

    numbers = {number for number, entry in enumerate(entries)
               if entry["kind"] == OF_A_FILE and any(map(
                   concerned, chunks[entry["first"]:entry["first"] + entry["chunk_count"]]))}
    return {name(entry) for number, entry in enumerate(entries)
            if number in numbers or entry["link_group"] in numbers}


class Cutter:
    """Regions of one file, end to end."""

    def __init__(self, file, content, found):
        self.file, self.content, self.found, self.at = file, content, found, 0

    def take(self, kind, count):
        if count > 0:
            self.found.append(Region(self.file, kind, self.at, self.at + count))
        self.at += count

    def u32(self, offset=0):
        return struct.unpack_from("<I", self.content, self.at + offset)[0]

    def u64(self, offset=0):
        return struct.unpack_from("<Q", self.content, self.at + offset)[0]


def cut_index(cut):
    header = 8 + 4 + 4 + 16 + 8 + 8
    places = [struct.unpack_from("<QQII", cut.content, header + 24 * i) for i in range(6)]
    for name, count in (("magic", 8), ("format", 4), ("header_bytes", 4), ("set_uuid", 16),
                        ("file_bytes", 8), ("reserved", 8)):
        cut.take("index header " + name, count)
    for name in SECTIONS:
        cut.take("index header section " + name, 24)
    cut.take("index header zero", 512 - cut.at)
    for name, (offset, count, record_bytes, _) in zip(SECTIONS, places):
        cut.take("index padding", offset - cut.at)
        if name == "blobs":
            cut.take("index blobs", count)
            continue
        assert record_bytes == sum(bytes for _, bytes in RECORDS[name])
        for _ in range(count):
            for field, field_bytes in RECORDS[name]:
                cut.take(f"index {name} {field}", field_bytes)
    cut.take("index hash", 16)


def cut_frame(cut):
    plain = cut.u64(6)
    word = cut.u32(15)
    kept = " as it is" if word >> 31 else ""
    for name, count in (("magic", 4), ("FLG", 1), ("BD", 1), ("content size", 8),
                        ("header checksum", 1), ("block size", 4)):
        cut.take("frame " + name, count)
    cut.take(f"frame block{kept}", word & 0x7FFFFFFF)
    for name in ("block checksum", "end mark", "content checksum"):
        cut.take("frame " + name, 4)
    return plain


def cut_trailer(cut):
    """One piece: packs of tests are small."""
    content_bytes = cut.u32(4)
    begin = cut.at
    cut.take("trailer piece magic", 4)
    cut.take("trailer piece length", 4)
    for name, count in (("magic", 8), ("format", 4), ("pack", 4), ("uuid", 16),
                        ("plain bytes", 8), ("stored bytes", 8)):
        cut.take("trailer head " + name, count)
    for name in SECTIONS:
        cut.take("trailer slice " + name, 16)
    cut.take("trailer hash", 16)
    cut.take("trailer slices", begin + 8 + content_bytes - cut.at)


def cut_pack(cut):
    while cut.u32() == FRAME:
        cut_frame(cut)
    while cut.u32() == TRAILER_PIECE:
        cut_trailer(cut)
    assert cut.u32() == LAST_PIECE
    for name, count in (("magic", 4), ("length", 4), ("text", 8), ("offset", 8)):
        cut.take("pack end " + name, count)


def cut_json(cut):
    seal = len(cut.content) - 33
    cut.take("set.json text", seal)
    cut.take("set.json hash", 32)
    cut.take("set.json newline", 1)


def cut_document(cut):
    root = b"BACKUP_COMPONENTS" if b"<BACKUP_COMPONENTS" in cut.content else b"WRITER_METADATA"
    cut.take("document " + root.decode(), len(cut.content))


def regions(media):
    found = []
    for folder, folders, names in sorted(os.walk(media)):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as opened:
                content = opened.read()
            cut = Cutter(os.path.relpath(path, media), content, found)
            {b"set.json": cut_json, b"index.bin": cut_index}.get(
                name, cut_pack if name.endswith(b".lz4") else cut_document)(cut)
            assert cut.at == len(content), (name, cut.at, len(content))
    return found
