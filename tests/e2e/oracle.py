"""Which files a backup's documents mean, worked out a second time and in another way.

It reads the documents with Python's own XML, walks the volumes, and follows the rules of file
sets: logical paths, excludes, wildcards, %NAMES%, alternate paths. It knows nothing of partial and
differenced files. What vssrestore packs and plans is held against it.
"""

import functools
import os
import re
import xml.etree.ElementTree as ElementTree

BACKUP_BITS = {"full": 1, "copy": 1, "differential": 2, "incremental": 4, "log": 8}


@functools.cache
def fold(text):
    """Upper case, one character for one."""
    if text.isascii():
        return text.upper()
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


@functools.cache
def spec_pattern(spec):
    """The names that a search for spec finds on Windows, as a regular expression."""
    if spec in ("", "*", "*.*"):
        return re.compile(".*", re.DOTALL)
    pattern = ""
    for at, char in enumerate(spec):
        rest = spec[at + 1:]
        if char == "*":
            pattern += r"(?:.*\.)?[^.]*" if rest == "." else ".*"
        elif char == "?":
            pattern += r"(?:[^.]|(?=\.|\Z))"
        elif char == "." and rest[:1] in ("*", "?"):
            pattern += r"(?:\.|\Z)"
        elif char == "." and rest == "" and spec[at - 1:at] == "*":
            pass
        else:
            pattern += re.escape(fold(char))
    return re.compile(pattern + r"\Z", re.DOTALL)


class Volumes:
    """The volumes as make_volume left them: their places, the environment, and what is there."""

    def __init__(self, options):
        self.places, self.environment, self.listings = [], {}, {}
        for option, value in zip(options[::2], options[1::2]):
            name, _, rest = os.fsdecode(value).partition("=")
            if option == b"--volume":
                self.places.append((fold(name.rstrip("\\")), os.fsencode(rest)))
            else:
                self.environment[fold(name)] = rest
        self.places.sort(key=lambda place: -len(place[0]))

    def expand(self, text):
        def value(match):
            return self.environment[fold(match[1])]
        return re.sub("%([^%\\\\/]+)%", value, text)

    def normal(self, text):
        """A folder of a document as an absolute path without a backslash at its end."""
        text = self.expand(text).replace("/", "\\")
        start = "\\\\" if text.startswith("\\\\") else ""
        return start + re.sub(r"\\+", r"\\", text[len(start):]).rstrip("\\")

    def find(self, path):
        """Where an absolute Windows folder stands, whatever the letter case; None: nowhere."""
        for spec, place in self.places:
            if fold(path) == spec or fold(path).startswith(spec + "\\"):
                below = path[len(spec):].strip("\\")
                for element in below.split("\\") if below else []:
                    place = os.path.join(place, self.listing(place).get(fold(element), b"\0"))
                    if b"\0" in place or not os.path.isdir(place):
                        return None
                return place
        return None

    def listing(self, place):
        """{folded name: name} of a folder."""
        if place not in self.listings:
            self.listings[place] = {fold(os.fsdecode(name)): name for name in os.listdir(place)}
        return self.listings[place]


class FileSet:
    """A file set or exclude: a folder, a file specification, recursion."""

    def __init__(self, element, volumes):
        self.path = volumes.normal(element.get("path"))
        self.read_from = volumes.normal(element.get("alternatePath") or element.get("path"))
        self.spec = element.get("filespec")
        self.pattern = spec_pattern(self.spec)
        self.literal = not set(self.spec) & set("*?") and self.spec != ""
        self.recursive = element.get("recursive") == "yes"
        self.mask = int(element.get("filespecBackupType") or 3855)

    def holds(self, folder, name):
        """folder: folded, absolute."""
        path = fold(self.path)
        return (folder == path or self.recursive and folder.startswith(path + "\\")) and \
            self.pattern.match(fold(name)) is not None

    def files(self, volumes):
        """(normal folder, name, place) of each file on the volumes that fits."""
        top = volumes.find(self.read_from)
        pending = [(self.path, top)] if top is not None else []
        while pending:
            folder, place = pending.pop()
            listing = volumes.listing(place)
            wanted = [fold(self.spec)] if self.literal and not self.recursive else list(listing)
            for folded in wanted:
                name = listing.get(folded)
                if name is None:
                    continue
                below = os.path.join(place, name)
                if os.path.isdir(below):
                    if self.recursive:
                        pending.append((folder + "\\" + os.fsdecode(name), below))
                elif self.pattern.match(folded):
                    yield folder, os.fsdecode(name), below


def local(element):
    return element.tag.rpartition("}")[2]


class Backup:
    """The documents of one backup."""

    def __init__(self, paths, volumes):
        self.volumes, self.writers = volumes, {}
        for path in paths:
            root = ElementTree.parse(path).getroot()
            if local(root) == "BACKUP_COMPONENTS":
                self.bcd = root
            elif local(root) == "WRITER_METADATA":
                identity = next(e for e in root if local(e) == "IDENTIFICATION")
                self.writers[self.key(identity)] = root

    @staticmethod
    def key(element):
        return element.get("writerId").lower(), element.get("instanceId").lower()

    def units(self):
        """{(writer, instance, logical path, name): {folded normal path: place}}."""
        units = {}
        bit = BACKUP_BITS[self.bcd.get("backupType")]
        for part in self.bcd:
            if local(part) != "WRITER_COMPONENTS":
                continue
            writer = self.writers[self.key(part)]
            for component in (e for e in part if local(e) == "COMPONENT"):
                path = (component.get("logicalPath") or "").strip("\\")
                name = component.get("componentName")
                units[(*self.key(part), path, name)] = self.files(writer, path, name, bit)
        return units

    def files(self, writer, path, name, bit):
        locations = next(e for e in writer if local(e) == "BACKUP_LOCATIONS")
        excludes = [FileSet(e, self.volumes) for e in locations if local(e) == "EXCLUDE_FILES"]
        full = fold(path + "\\" + name if path else name)
        found = {}
        for component in locations:
            if local(component) not in ("FILE_GROUP", "DATABASE"):
                continue
            own_path = fold((component.get("logicalPath") or "").strip("\\"))
            itself = own_path == fold(path) and fold(component.get("componentName")) == fold(name)
            if itself or own_path == full or own_path.startswith(full + "\\"):
                for element in component:
                    if local(element) in ("FILE_LIST", "DATABASE_FILES", "DATABASE_LOGFILES"):
                        found.update(self.set_files(FileSet(element, self.volumes), excludes, bit))
        return found

    def set_files(self, file_set, excludes, bit):
        if not file_set.mask & bit:
            return
        for folder, name, place in file_set.files(self.volumes):
            folded = fold(folder)
            if not any(exclude.holds(folded, name) for exclude in excludes):
                yield folded + "\\" + fold(name), place
