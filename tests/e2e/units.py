"""Sets of one writer: of three units, C:\\small, C:\\large and C:\\tiny, or of others."""

import json
import os
from xml.sax.saxutils import quoteattr

from harness import vssrestore

IDS = ('writerId="11111111-2222-4333-8444-555555555555" '
       'instanceId="66666666-7777-4888-9999-aaaaaaaaaaaa"')
UNITS = ("small", "large", "tiny")


def folder_below(name):
    """A FILE_LIST of all below a folder of C:."""
    return f"<FILE_LIST path={quoteattr('C:' + chr(92) + name)} filespec=\"*\" " \
        'recursive="yes" filespecBackupType="3855"/>'


def write_documents(folder, method, units=None, writer="Three"):
    """units: {name: FILE_LIST elements}, unless told otherwise what UNITS names."""
    os.makedirs(folder)
    units = units or {name: folder_below(name) for name in UNITS}
    components = "".join(f"<COMPONENT componentName={quoteattr(name)} "
                         'componentType="filegroup"/>' for name in units)
    groups = "".join(f'<FILE_GROUP componentName={quoteattr(name)} restoreMetadata="no" '
                     'notifyOnBackupComplete="no" selectable="yes" selectableForRestore="yes" '
                     f'componentFlags="0">{files}</FILE_GROUP>' for name, files in units.items())
    with open(folder + b"/bcd.xml", "w", encoding="utf-8") as out:
        out.write('<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" '
                  'bootableSystemStateBackup="no" selectComponents="yes" backupType="full" '
                  'partialFileSupport="no" snapshotSetId="6a2f5e1c-7d4b-4f0e-9a51-2b6c8d9e0f11">'
                  f'<WRITER_COMPONENTS {IDS} backupSchema="0">{components}</WRITER_COMPONENTS>'
                  '</BACKUP_COMPONENTS>')
    with open(folder + b"/writer.xml", "w", encoding="utf-8") as out:
        out.write('<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2">'
                  f'<IDENTIFICATION {IDS} friendlyName={quoteattr(writer)} usage="USER_DATA" '
                  'dataSource="OTHER" majorVersion="0" minorVersion="0"/><RESTORE_METHOD '
                  f'method="{method}" writerRestore="always" '
                  f'rebootRequired="no"/><BACKUP_LOCATIONS>{groups}</BACKUP_LOCATIONS>'
                  '</WRITER_METADATA>')


def make_set(folder, files, method="RESTORE_IF_CAN_BE_REPLACED", seed=None):
    """files: how many each unit has, of what size; seed() puts more below folder/c. The set is
    folder/set, what it is made from c."""
    write_documents(folder / "documents", method)
    for name in UNITS:
        os.makedirs(folder / f"c/{name}", exist_ok=True)
        count, size = files[name]
        for number in range(count):
            with open(folder / f"c/{name}/{number}", "wb") as out:
                out.write(os.urandom(size))
    if seed is not None:
        seed()
    vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
               "-o", folder / "set")


def make_later_set(folder, parent, output):
    """An incremental one of the same units, as they are now, to the set parent."""
    with open(folder / "documents/bcd.xml", "r+", encoding="utf-8") as document:
        text = document.read().replace('backupType="full"', 'backupType="incremental"')
        document.seek(0)
        document.truncate()
        document.write(text)
    vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
               "--parent", parent, "-o", output)


def rows_of(folder):
    with open(folder / "run/report.jsonl", encoding="utf-8") as rows:
        return [json.loads(row) for row in rows]


def flip(path, begin=0.0):
    """In each kilobyte one bit, so that every name is told; from that share of the file on."""
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        for at in range(100 + int(begin * size), size - 2000, 1 << 10):
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))
