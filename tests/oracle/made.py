"""A random restore from a seed: documents, source, destination, choices, put into a Scenario.

Small vocabularies, so that things meet: the same folders, names and patterns come again and
again, in other letter case and other spellings.
"""

import os
import random
from types import SimpleNamespace

from scenario import read_entry

METHODS = (*["RESTORE_IF_CAN_BE_REPLACED"] * 4, *["RESTORE_IF_NOT_THERE"] * 4,
           *["RESTORE_TO_ALTERNATE_LOCATION"] * 3, *["STOP_RESTORE_START"] * 2,
           *["RESTORE_STOP_START"] * 2, "REPLACE_AT_REBOOT", "RESTORE_AT_REBOOT",
           "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", "RESTORE_IF_CAN_REPLACE", "CUSTOM", "UNDEFINED",
           "SOME_OTHER", None)
TARGETS = (*[None] * 12, "original", "alternate", "ALTERNATE", "original_location", "undefined",
           "sideways")
FOLDERS = ("data", "Data2", "db", "\u00e9t\u00e9")
NAMES = ("a.dat", "b.dat", "c.log", "readme", "file.txt", "file1.txt", "x.tmp", ".hid",
         "stra\u00dfe.dat", "two words.log")
SPECS = (*["*"] * 6, "*.*", "*.dat", "*.log", "a.dat", "A.DAT", "file?.txt", "?.dat", "*.",
         "read*.*", "f*", "README", "*.tmp", "none.bin")
LOGICAL = ("", "", "top", "Set", "Set\\deep", "top\\mid", "\\top")
COMPONENTS = ("top", "mid", "Set", "deep", "low", "db")
GUID = "\\\\?\\Volume{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}" # D: by another name
RANGES = (*["0:5"] * 4, "3:4,0x2:1", "0:1, 5:2", "4:0", "2:3,1:4", "0:6", "0:999", "", "1:2,")
PAIRS = (("0:5", "0:5"), ("0:5", "7:5"), ("0:3,3:2", "10:3,0x0:2"), ("2:2", "3:2"), ("0:0", "0:0"),
         ("0:5", "0:4"), ("0:3", "0:3,3:1"), ("0:2,2:2", "0:2,1:2"), ("0:999", "0:999"), ("x", "0:1"))
ENVIRONMENT = {"Data": "C:\\data", "SystemDrive": "C:", "LOGS": "D:\\logs"}


def is_regular(path):
    return os.path.isfile(path) and not os.path.islink(path)


class Maker:
    """Fills a Scenario; the same seed gives the same."""

    def __init__(self, scenario, seed):
        self.s, self.random = scenario, random.Random(seed)
        self.choices = SimpleNamespace(
            components=[], exclude=[], widen=False, dependencies="auto", new_targets=[],
            restore_targets=[], private=False, live=False, never_overwrite=False,
            captured=ENVIRONMENT, environment={}, aliases={GUID.upper(): "D:"}, files=[],
            mandatory=False)
        self.volumes = ("C:", "D:", "E:")
        self.options = []

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, *values):
        return self.random.choice(values)

    def known_folder(self):
        """One of the source's, or one above it."""
        path = self.pick(*self.s.source.places(), "C:\\", "C:\\", "D:\\")
        elements = path.rstrip("\\").split("\\")
        elements = elements[:self.pick(1, len(elements), max(1, len(elements) - 1))]
        return "\\".join(elements) + ("\\" if len(elements) == 1 else "")

    def set_folder(self):
        """For file sets, excludes, --file: most speak of what is there."""
        return self.known_folder() if self.chance(0.7) else self.folder()

    def folder(self, drives="CCD"):
        depth = self.pick(0, 1, 1, 1, 2, 2, 3)
        return "\\".join([self.pick(*drives) + ":",
                          *(self.pick(*FOLDERS) for _ in range(depth))]) + \
            ("" if depth else "\\")

    def other_case(self, text):
        return self.pick(text, text, text, text.upper(), text.lower())

    def spelled(self, path):
        """The same folder in another spelling that documents may use."""
        path = self.other_case(path)
        if not path.endswith("\\"):
            path += self.pick("", "", "", "\\")
        if path.upper().startswith("D:\\") and self.chance(0.15):
            return self.other_case(GUID) + path[2:]
        for name, value in ENVIRONMENT.items():
            if self.chance(0.3) and path.lower().startswith(value.lower() + "\\"):
                return f"%{self.other_case(name)}%" + path[len(value):]
        return self.pick("", "", "", "\\\\?\\") + path if self.chance(0.9) else \
            path.replace("\\", "/")

    # documents

    def make_sets(self, component):
        for _ in range(self.pick(0, 1, 1, 1, 2, 2, 3)):
            path, spec = self.spelled(self.set_folder()), self.pick(*SPECS)
            mask = self.pick(*[None] * 8, 3855, 0x101, 0x808, 0)
            if component.type == "database":
                self.pick(component.database, component.log)(path, spec, mask=mask)
                self.sets.append((component, path, spec, False))
            else:
                recursive = self.chance(0.6)
                component.files(path, spec, recursive=recursive, mask=mask)
                self.sets.append((component, path, spec, recursive))

    def make_components(self, writer):
        taken = set()
        for _ in range(self.pick(1, 2, 3, 4, 5)):
            lp, name = self.pick(*LOGICAL), self.pick(*COMPONENTS)
            if (lp.strip("\\").lower(), name.lower()) in taken:
                continue
            taken.add((lp.strip("\\").lower(), name.lower()))
            component = writer.component(
                name, lp=lp or None, type=self.pick("filegroup", "filegroup", "database"),
                selectable=self.chance(0.6), selectable_for_restore=self.chance(0.4))
            self.make_sets(component)
            if component.type == "filegroup" and self.chance(0.02):
                component.files("C:\\data", "a\\b")

    def make_mappings(self, writer):
        often = self.pick(0, 0.5, 1, 1)
        for component, path, spec, recursive in self.sets:
            if component.writer is writer and self.chance(often):
                to = self.pick("D:\\alt", "E:\\alt\\", "E:\\", "%Alt%\\x", "E:\\One\\Two",
                               self.folder("CDE"), f"E:\\{component.name}", f"E:\\{len(path)}")
                plain = path if path.startswith("%") else self.other_case(path)
                writer.mapping(plain, self.other_case(spec), to,
                               recursive if self.chance(0.95) else not recursive)

    def make_writers(self):
        self.sets = []
        for number in range(self.pick(1, 1, 2, 3)):
            writer = self.s.writer(
                f"Writer {number}", method=self.pick(*METHODS),
                wre=self.pick("always", "always", "never", "ifReplaceFails"),
                service=self.pick("svc", "svc", None), schema=self.pick(0, 0x100, 0x371))
            self.make_components(writer)
            self.make_mappings(writer)
            for _ in range(self.pick(0, 0, 1, 2)):
                writer.exclude(self.spelled(self.set_folder()), self.pick(*SPECS[6:]),
                               recursive=self.chance(0.6))
        everyone = [c for writer in self.s.all_writers for c in writer.components]
        for component in everyone:
            if self.chance(0.15):
                to = self.pick(*everyone)
                component.depends(to.writer, to.lp or self.pick(None, "\\"), to.name)
            if self.chance(0.03):
                component.depends(self.s.all_writers[0], self.pick("\\\\HOST\\x", "nowhere"), "c")

    def make_backup(self):
        backup = self.s.backup(self.pick("full", "full", "full", "copy", "log", "incremental"))
        everyone = [c for writer in self.s.all_writers for c in writer.components]
        chosen = [c for c in everyone if self.chance(0.6)] or [self.pick(*everyone)]
        for component in chosen:
            type = component.type if self.chance(0.97) else "database"
            more = {"surprise": "yes"} if self.chance(0.02) else {}
            entry = backup.include(component, type=type, target=self.pick(*TARGETS),
                                   succeeded=self.pick(None, None, True, True, True,
                                                       *([False] if self.chance(0.2) else [])),
                                   **more)
            if self.chance(0.05):
                entry.subcomponent(component.lp, component.name)
            own = [s for s in self.sets if s[0] is component]
            if own and self.chance(0.08):
                _, path, spec, recursive = self.pick(*own)
                entry.new_target(path, spec, self.pick("E:\\new", "D:\\new"),
                                 recursive if self.chance(0.9) else not recursive)
        if self.chance(0.3):
            for entry in backup.entries:
                self.make_named(entry)
        for writer in self.s.all_writers:
            writer.has_document = self.chance(0.97)

    def make_named(self, entry):
        """Partial, differenced and directed files."""
        files = [path for path, place in self.s.source.places().items() if is_regular(place)]
        for _ in range(self.pick(0, 1, 1, 2)):
            folder, _, name = self.pick(*files).rpartition("\\") if files else ("C:", "", "none")
            kind = self.pick("partial", "partial", "differenced", "directed", "directed")
            if self.chance(0.05):
                name = "none.bin"
            folder = self.spelled(folder + "\\" if folder.endswith(":") else folder)
            if kind == "partial":
                entry.partial(folder, self.other_case(name), self.pick(*RANGES))
            elif kind == "differenced":
                entry.differenced(folder, self.pick(name, "*", *SPECS), self.chance(0.5))
            else:
                pair = self.pick(*PAIRS)
                entry.attributes["restoreTarget"] = self.pick("directed", "directed", "original")
                entry.directed(folder, name, pair[0], self.pick("E:\\dir", "%Alt%", folder),
                               self.pick(name, "one", "*"[self.chance(0.97):] or "two"), pair[1])

    # trees

    def make_source(self):
        for _ in range(self.pick(5, 12, 25, 40)):
            path = self.folder().rstrip("\\") + "\\" + self.pick(*NAMES)
            if not self.clashes(self.s.source, path):
                self.make_entry(path)
        for _ in range(self.pick(0, 1, 3)):
            path = self.folder()
            if not self.clashes(self.s.source, path):
                self.s.put_folder(path)
        for drive in "CD":
            self.s.put_folder(drive + ":\\")

    def make_entry(self, path):
        place = self.s.put(path, path.encode())
        regular = [name for name, at in self.s.source.places().items()
                   if name[:2] == path[:2] and is_regular(at)]
        if self.chance(0.06):
            os.unlink(place)
            os.symlink(self.pick("nowhere", "../a.dat"), place)
        elif self.chance(0.06) and len(regular) > 1:
            os.unlink(place)
            os.link(self.s.source.path(self.pick(*(name for name in regular if name != path))), place)

    @staticmethod
    def clashes(tree, path):
        """Is something there already that differs by case, or of another kind?"""
        return path.lower() in {name.lower() for name in tree.places()}

    def make_destination(self):
        alike = [path for path in self.s.source.places() if not path.endswith("\\")]
        for _ in range(self.pick(0, 0, 0, 1, 1, 2, 4)):
            path = self.pick(*alike) if alike and self.chance(0.7) else \
                self.pick("E:\\alt", "E:", "D:\\alt", self.folder("CDE").rstrip("\\")) + "\\" + \
                self.pick(*NAMES)
            self.place(path[:3] + self.other_case(path[3:]) if self.chance(0.2) else path)

    def place(self, path):
        if self.clashes(self.s.dest, path):
            return
        try:
            stored = self.s.source.places().get(path)
            if self.chance(0.2):
                self.s.block(path, self.pick("folder", "pipe", "link"))
            elif stored is not None and read_entry(stored) is None:
                self.s.place_folder(path)
            else:
                self.s.place(path, b"old " + path.encode())
        except OSError:
            pass # a file stands above it

    # choices

    def option(self, name, value):
        self.options += [name, value]

    def make_choices(self):
        choices = self.choices
        entries = self.s.backups[-1].entries
        parts = [entry.component.writer for entry in entries]
        known = [c for writer in parts for c in writer.components] # named more often if it has more
        if self.chance(0.35):
            for _ in range(self.pick(1, 1, 2)):
                self.select("--component", choices.components, self.pick(*known))
        if self.chance(0.12):
            self.select("--exclude-component", choices.exclude, self.pick(*known))
        choices.widen = self.chance(0.3)
        self.options += ["--widen"] if choices.widen else []
        choices.dependencies = self.pick("auto", "auto", "auto", "refuse", "ignore")
        self.option("--with-dependencies", choices.dependencies)
        if self.chance(0.2):
            component = self.pick(*entries).component
            target = self.pick("original", "alternate", "original_location", "directed")
            choices.restore_targets.append((component.writer.name, component.full, target))
            self.option("--restore-target", f"{component.selector}={target}")
        if self.chance(0.1):
            choices.private = True
            self.option("--private", self.s.dest.folder)
        elif self.sets and self.chance(0.2):
            self.choose_target(*self.pick(*self.sets))
        if self.chance(0.1):
            choices.mandatory = True
            self.options.append("--force-mandatory")
        if self.chance(0.1):
            self.choose_files()
        if not choices.private and self.chance(0.1):
            self.volumes = ("C:", self.pick("D:", "E:"))
            for volume in self.volumes:
                self.s.place_folder(volume + "\\")
                self.option("--volume", os.fsencode(volume + "=") + self.s.dest.path(volume + "\\"))
        if self.chance(0.15):
            choices.never_overwrite = True
            self.option("--alm-overwrite", "never")
        if self.chance(0.7):
            choices.environment = {"ALT": "E:\\env"}
            self.option("--env", "ALT=E:\\env")

    def choose_files(self):
        for _ in range(self.pick(1, 1, 2)):
            path, spec = self.set_folder(), self.pick("*", "*", "*.dat", *NAMES)
            self.choices.files.append(SimpleNamespace(path=path, spec=spec, recursive=False))
            self.option("--file", path.rstrip("\\") + "\\" + spec)

    def select(self, option, chosen, component):
        whole = self.chance(0.15)
        chosen.append((component.writer.name, None if whole else component.full))
        self.option(option, component.writer.name if whole else component.selector)

    def choose_target(self, component, path, spec, recursive):
        to = self.pick("E:\\moved", "D:\\moved", self.folder("CDE"))
        if self.chance(0.1):
            recursive = not recursive
        self.choices.new_targets.append((component.writer.name, component.full, SimpleNamespace(
            path=path, spec=spec, recursive=recursive, alternate=to)))
        word = "yes" if recursive else "no"
        self.option("--new-target", f"{component.selector}|{path}|{spec}|{word}|{to}")

    def make(self):
        self.make_source()
        self.make_writers()
        self.make_backup()
        self.make_destination()
        self.make_choices()
        return self
