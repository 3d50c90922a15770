"""The two kinds of documents as plain objects: what they say, and what is wrong in them."""

import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

from windows import is_filespec

METHODS = {
    "UNDEFINED": 0, "RESTORE_IF_NOT_THERE": 1, "RESTORE_IF_CAN_BE_REPLACED": 2,
    "RESTORE_IF_CAN_REPLACE": 2, "STOP_RESTORE_START": 3, "RESTORE_TO_ALTERNATE_LOCATION": 4,
    "REPLACE_AT_REBOOT": 5, "RESTORE_AT_REBOOT": 5, "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE": 6,
    "RESTORE_AT_REBOOT_IF_CANNOT_REPLACE": 6, "CUSTOM": 7, "RESTORE_STOP_START": 8}
UNKNOWN = 9
BITS = {"full": 1, "copy": 1, "differential": 2, "incremental": 4, "log": 8}
SETS = ("FILE_LIST", "DATABASE_FILES", "DATABASE_LOGFILES")
ENTRY_ATTRIBUTES = {
    "logicalPath", "componentName", "componentType", "backupStamp", "previousBackupStamp",
    "backupSucceeded", "restoreTarget", "restoreOptions", "backupOptions", "selectedForRestore",
    "additionalRestores", "fileRestoreStatus", "componentCaption", "prepareForBackupFailureMsg",
    "postSnapshotFailureMsg", "preRestoreFailureMsg", "postRestoreFailureMsg"}
TARGETS = ("undefined", "original", "alternate", "directed", "original_location")
INVALID, UNKNOWN_WORD = "DOCUMENT_INVALID", "DOCUMENT_UNKNOWN_WORD"


def local(element):
    return element.tag.rpartition("}")[2]


def children(element, *names):
    return [child for child in element if local(child) in names]


def identity(element):
    return element.get("writerId").lower(), element.get("instanceId").lower()


def normal(lp):
    """4.1: a backslash, nothing and no logical path are the root."""
    return (lp or "").strip("\\")


def full_name(lp, name):
    return normal(lp) + "\\" + name if normal(lp) else name


def read_set(element):
    return SimpleNamespace(
        path=element.get("path"), spec=element.get("filespec"),
        recursive=element.get("recursive") == "yes", alternate=element.get("alternatePath"),
        mask=int(element.get("filespecBackupType") or 3855))


def read_component(element):
    sets = [read_set(child) for child in children(element, *SETS)]
    faults = [INVALID for s in sets if not is_filespec(s.spec) or
              set(s.path.removeprefix("\\\\?\\")) & set("*?")]
    return SimpleNamespace(
        lp=element.get("logicalPath") or "", name=element.get("componentName"),
        full=full_name(element.get("logicalPath"), element.get("componentName")),
        type="database" if local(element) == "DATABASE" else "filegroup",
        selectable=element.get("selectable") == "yes",
        alone=element.get("selectableForRestore") == "yes", sets=sets, faults=faults,
        dependencies=[SimpleNamespace(writer=child.get("writerId").lower(),
                                      lp=child.get("logicalPath") or "",
                                      name=child.get("componentName"))
                      for child in children(element, "DEPENDENCY")])


def read_writer(root):
    """A Writer Metadata Document."""
    identification = children(root, "IDENTIFICATION")[0]
    method = (children(root, "RESTORE_METHOD") or [None])[0]
    locations = children(root, "BACKUP_LOCATIONS")[0]
    word = "" if method is None else method.get("method")
    return SimpleNamespace(
        id=identity(identification)[0], instance=identity(identification)[1],
        instance_name=identification.get("instanceName") or "",
        name=identification.get("friendlyName"), word=word,
        method=METHODS.get(word, UNKNOWN) if word else 0,
        service="" if method is None else method.get("service") or "",
        never=method is not None and method.get("writerRestore").lower() == "never",
        schema=int(root.get("backupSchema") or 0),
        mappings=[] if method is None else [
            read_set(child) for child in children(method, "ALTERNATE_LOCATION_MAPPING")],
        components=[read_component(child)
                    for child in children(locations, "FILE_GROUP", "DATABASE")],
        excludes=[read_set(child) for child in children(locations, "EXCLUDE_FILES")])


def read_entry(element):
    faults = [UNKNOWN_WORD for name in element.attrib if name not in ENTRY_ATTRIBUTES]
    if (element.get("restoreTarget") or "original").lower() not in TARGETS:
        faults.append(UNKNOWN_WORD)
    return SimpleNamespace(
        lp=element.get("logicalPath") or "", name=element.get("componentName"),
        full=full_name(element.get("logicalPath"), element.get("componentName")),
        type=element.get("componentType"), failed=element.get("backupSucceeded") == "no",
        target=element.get("restoreTarget"), faults=faults,
        new_targets=[read_set(child) for child in children(element, "NEW_TARGET")],
        partial=[SimpleNamespace(path=child.get("path"), name=child.get("filespec"),
                                 ranges=child.get("ranges"))
                 for child in children(element, "PARTIAL_FILE")],
        differenced=[read_set(child) for child in children(element, "DIFFERENCED_FILE")],
        directed=[SimpleNamespace(path=child.get("sourcePath"), name=child.get("sourceFilename"),
                                  source=child.get("sourceRangeList"),
                                  to_path=child.get("destinationPath"),
                                  to_name=child.get("destinationFilename"),
                                  dest=child.get("destinationRangeList"))
                  for child in children(element, "DIRECTED_TARGET")])


class Documents:
    """Not to be changed. bcd, and for each writer's part of it: entries and the writer's document (or None)."""

    def __init__(self, texts):
        roots = [ElementTree.fromstring(text) for text in texts]
        self.bcd = next(root for root in roots if local(root) == "BACKUP_COMPONENTS")
        self.writers = [read_writer(root) for root in roots if local(root) == "WRITER_METADATA"]
        self.type = self.bcd.get("backupType")
        self.bit = BITS[self.type]
        self.parts = []
        for element in children(self.bcd, "WRITER_COMPONENTS"):
            part = SimpleNamespace(
                id=identity(element)[0], instance=identity(element)[1],
                instance_name=element.get("instanceName") or "",
                schema=int(element.get("backupSchema") or 0),
                entries=[read_entry(child) for child in children(element, "COMPONENT")])
            part.writer = self.join(part)
            self.parts.append(part)

    def join(self, part):
        """2.3: by class id, then by instance id, then by who has the components."""
        same = [writer for writer in self.writers if writer.id == part.id]
        for writer in same:
            if writer.instance == part.instance:
                return writer
        holding = [writer for writer in same
                   if any(c.full == part.entries[0].full for c in writer.components)]
        return holding[0] if len(holding) == 1 else None
