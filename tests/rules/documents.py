"""VSS documents as a test builds them: writers and their components, a backup and its entries.

What stands in the XML and nothing else: no rule is known here. The names of elements and
attributes are those of real documents where one was seen, else the spellings that the program
proposes. A flag that is None is left out of the document.
"""

import uuid
from xml.sax.saxutils import quoteattr

NAMESPACE = uuid.UUID("8c1f7e52-6f0d-4b7e-9d0a-3b5f2c6d7e81")


def identity(text):
    """The same id for the same text."""
    return str(uuid.uuid5(NAMESPACE, text))


def yes_no(flag):
    return flag if flag is None or isinstance(flag, str) else "yes" if flag else "no"


def element(name, attributes, inside=""):
    """Attributes that are None are left out."""
    text = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items()
                   if value is not None)
    return f"<{name}{text}>{inside}</{name}>" if inside else f"<{name}{text}/>"


def triple(path, spec, recursive, **more):
    return {"path": path, "filespec": spec, "recursive": yes_no(recursive), **more}


class Component:
    """A component of a Writer Metadata Document."""

    def __init__(self, writer, name, lp, type, selectable, selectable_for_restore, flags):
        self.writer, self.name, self.lp, self.type = writer, name, lp, type
        self.inside = []
        self.attributes = {"logicalPath": lp, "componentName": name, "caption": name,
                           "restoreMetadata": "no", "notifyOnBackupComplete": "no",
                           "selectable": yes_no(selectable),
                           "selectableForRestore": yes_no(selectable_for_restore),
                           "componentFlags": flags if flags is not None else 0}

    @property
    def full(self):
        """Logical path, backslash, name."""
        lp = (self.lp or "").strip("\\")
        return lp + "\\" + self.name if lp else self.name

    @property
    def selector(self):
        """For --component."""
        return f"{self.writer.name}:{self.full}"

    def add(self, name, **attributes):
        self.inside.append((name, attributes))
        return self

    def files(self, path, spec, recursive=True, alternate=None, mask=None):
        return self.add("FILE_LIST", **triple(path, spec, recursive), alternatePath=alternate,
                        filespecBackupType=mask)

    def database(self, path, spec, mask=None):
        return self.add("DATABASE_FILES", path=path, filespec=spec, filespecBackupType=mask)

    def log(self, path, spec, mask=None):
        return self.add("DATABASE_LOGFILES", path=path, filespec=spec, filespecBackupType=mask)

    def depends(self, writer, lp, name):
        """writer: a Writer, or the id of one."""
        writer_id = writer.writer_id if isinstance(writer, Writer) else writer
        return self.add("DEPENDENCY", writerId=writer_id, logicalPath=lp, componentName=name)

    def xml(self):
        kind = {"filegroup": "FILE_GROUP", "database": "DATABASE"}.get(self.type, self.type)
        return element(kind, self.attributes, "".join(element(*part) for part in self.inside))


class Writer:
    """A Writer Metadata Document. method None: no RESTORE_METHOD at all."""

    def __init__(self, name, method, wre, service, schema, usage, reboot=False, instance_name=None,
                 writer_id=None, instance_id=None):
        self.name, self.method, self.schema, self.usage = name, method, schema, usage
        self.wre, self.service, self.reboot = wre, service, reboot
        self.instance_name = instance_name
        self.writer_id = writer_id or identity(name)
        self.instance_id = instance_id or identity(name + " instance " + (instance_name or ""))
        self.components, self.mappings, self.excludes = [], [], []
        self.has_document = True

    def component(self, name, lp=None, type="filegroup", selectable=True,
                  selectable_for_restore=False, flags=None):
        self.components.append(Component(self, name, lp, type, selectable, selectable_for_restore,
                                         flags))
        return self.components[-1]

    def mapping(self, path, spec, dest, recursive=True):
        """An alternate location mapping."""
        self.mappings.append(triple(path, spec, recursive, alternatePath=dest))

    def exclude(self, path, spec, recursive=True, of_snapshot=False):
        name = "EXCLUDE_FILES_FROM_SNAPSHOT" if of_snapshot else "EXCLUDE_FILES"
        self.excludes.append((name, triple(path, spec, recursive)))

    def xml(self):
        identification = element("IDENTIFICATION", {
            "writerId": self.writer_id, "instanceId": self.instance_id,
            "instanceName": self.instance_name, "friendlyName": self.name, "usage": self.usage,
            "dataSource": "OTHER", "majorVersion": 0, "minorVersion": 0})
        method = "" if self.method is None else element("RESTORE_METHOD", {
            "method": self.method, "service": self.service, "writerRestore": self.wre,
            "rebootRequired": yes_no(self.reboot)}, "".join(
                element("ALTERNATE_LOCATION_MAPPING", mapping) for mapping in self.mappings))
        locations = element("BACKUP_LOCATIONS", {}, "".join(
            [component.xml() for component in self.components] +
            [element(*exclude) for exclude in self.excludes]))
        return element("WRITER_METADATA", {
            "xmlns": "x-schema:#VssWriterMetadataInfo", "version": "1.2",
            "backupSchema": self.schema or None}, identification + method + locations)


class Entry:
    """A component in the Backup Components Document."""

    def __init__(self, component, attributes):
        self.component, self.attributes, self.inside = component, attributes, []

    def add(self, name, **attributes):
        self.inside.append((name, attributes))
        return self

    def partial(self, path, name, ranges, metadata=None):
        return self.add("PARTIAL_FILE", path=path, filespec=name, ranges=ranges, metadata=metadata)

    def differenced(self, path, spec, recursive=True, time=0):
        return self.add("DIFFERENCED_FILE", **triple(path, spec, recursive), lastModifyTime=time)

    def directed(self, src_path, src_name, src_ranges, dst_path, dst_name, dst_ranges):
        return self.add("DIRECTED_TARGET", sourcePath=src_path, sourceFilename=src_name,
                        sourceRangeList=src_ranges, destinationPath=dst_path,
                        destinationFilename=dst_name, destinationRangeList=dst_ranges)

    def new_target(self, path, spec, dest, recursive=True):
        return self.add("NEW_TARGET", **triple(path, spec, recursive), alternatePath=dest)

    def used_mapping(self, path, spec, dest, recursive=True):
        return self.add("ALTERNATE_LOCATION_MAPPING", **triple(path, spec, recursive),
                        alternatePath=dest)

    def subcomponent(self, lp, name):
        return self.add("RESTORE_SUBCOMPONENT", logicalPath=lp, componentName=name, repair="no")

    def xml(self):
        return element("COMPONENT", self.attributes, "".join(element(*part)
                                                             for part in self.inside))


class Backup:
    """A Backup Components Document."""

    def __init__(self, type, select_components=True):
        self.type, self.select_components = type, select_components
        self.entries = []

    def include(self, component, stamp=None, succeeded=None, target=None, options=None, type=None,
                previous_stamp=None, **more):
        """Add a component explicitly. type: another than the writer's document says (T74); more:
        further attributes as they are spelled."""
        self.entries.append(Entry(component, {
            "logicalPath": component.lp, "componentName": component.name,
            "componentType": type or component.type, "backupStamp": stamp,
            "previousBackupStamp": previous_stamp, "backupSucceeded": yes_no(succeeded),
            "restoreTarget": target, "restoreOptions": options, **more}))
        return self.entries[-1]

    def writers(self):
        """Those with an entry, in the order of their first."""
        found = []
        for entry in self.entries:
            if entry.component.writer not in found:
                found.append(entry.component.writer)
        return found

    def xml(self):
        parts = "".join(element("WRITER_COMPONENTS", {
            "instanceId": writer.instance_id, "writerId": writer.writer_id,
            "instanceName": writer.instance_name, "backupSchema": writer.schema}, "".join(
                entry.xml() for entry in self.entries if entry.component.writer is writer))
                        for writer in self.writers())
        return element("BACKUP_COMPONENTS", {
            "xmlns": "x-schema:#VssComponentMetadata", "version": "1.2",
            "bootableSystemStateBackup": "no", "selectComponents": yes_no(self.select_components),
            "backupType": self.type, "partialFileSupport": "yes",
            "snapshotSetId": identity("snapshot set")}, parts)
