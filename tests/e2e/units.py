"""A set of three units, C:\\small, C:\\large and C:\\tiny, of one writer."""

import json
import os

from harness import vssrestore

IDS = ('writerId="11111111-2222-4333-8444-555555555555" '
       'instanceId="66666666-7777-4888-9999-aaaaaaaaaaaa"')
UNITS = ("small", "large", "tiny")


def write_documents(folder, method):
    os.makedirs(folder)
    components = "".join(f'<COMPONENT componentName="{name}" componentType="filegroup"/>'
                         for name in UNITS)
    groups = "".join(f'<FILE_GROUP componentName="{name}" restoreMetadata="no" '
                     'notifyOnBackupComplete="no" selectable="yes" selectableForRestore="yes" '
                     f'componentFlags="0"><FILE_LIST path="C:\\{name}" filespec="*" '
                     'recursive="yes" filespecBackupType="3855"/></FILE_GROUP>' for name in UNITS)
    with open(folder + b"/bcd.xml", "w", encoding="utf-8") as out:
        out.write('<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" '
                  'bootableSystemStateBackup="no" selectComponents="yes" backupType="full" '
                  'partialFileSupport="no" snapshotSetId="6a2f5e1c-7d4b-4f0e-9a51-2b6c8d9e0f11">'
                  f'<WRITER_COMPONENTS {IDS} backupSchema="0">{components}</WRITER_COMPONENTS>'
                  '</BACKUP_COMPONENTS>')
    with open(folder + b"/writer.xml", "w", encoding="utf-8") as out:
        out.write('<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2">'
                  f'<IDENTIFICATION {IDS} friendlyName="Three" usage="USER_DATA" '
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


def rows_of(folder):
    with open(folder / "run/report.jsonl", encoding="utf-8") as rows:
        return [json.loads(row) for row in rows]
