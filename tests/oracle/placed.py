"""Section 6 of the rules: where each file of a unit goes, or why the unit is refused.

A destination is a tree of {name: (kind, {names below})} for each volume that is mapped; kinds
are "file", "folder", "link" and "other". Nothing is remembered: each question walks the tree.
"""

from types import SimpleNamespace

import ranges
from windows import NoPath, Unknown, fold, folded, folder

PRESENT, REPLACEABLE, UNMAPPED = "PRESENT", "NOT_REPLACEABLE", "VOLUME_UNMAPPED"
COLLISION, ENVIRONMENT = "CASE_COLLISION", "ENVIRONMENT_UNKNOWN"


class Ambiguous(Exception):
    """Two entries differ only by case, and neither is meant exactly."""


def find(names, name):
    """The entry that is meant: (spelling, entry), or (name, None)."""
    alike = [spelled for spelled in names if fold(spelled) == fold(name)]
    if name in alike:
        return name, names[name]
    if len(alike) > 1:
        raise Ambiguous(name)
    return (alike[0], names[alike[0]]) if alike else (name, None)


def walk(tree, place):
    """(spelled elements, how many of them exist, kind of the first that is no folder)."""
    volume, elements = place
    names, spelled = tree[volume], []
    for depth, element in enumerate(elements):
        spelling, entry = find(names, element)
        if entry is None:
            return spelled + list(elements[depth:]), depth, None
        spelled.append(spelling)
        if entry[0] != "folder":
            return spelled + list(elements[depth + 1:]), depth, entry[0]
        names = entry[1]
    return spelled, len(elements), "folder"


def look(tree, place, kind):
    """6.5: what stands in the way of one file. creating: the obstacle for a method that wants
    nothing there; writing: for one that may replace; never: nothing may be decided on it."""
    try:
        if place[0] not in tree:
            return SimpleNamespace(creating=UNMAPPED, writing=UNMAPPED, never=True, there=False)
        spelled, depth, stands = walk(tree, place)
    except Ambiguous:
        return SimpleNamespace(creating=COLLISION, writing=COLLISION, never=True, there=False)
    found = SimpleNamespace(creating=None, writing=None, never=False, there=False,
                            place=(place[0], tuple(spelled)))
    if stands is None:
        return found
    if depth < len(place[1]) - 1 or stands == "folder":
        found.creating = found.writing = REPLACEABLE # a file above it, or a folder in its place
        return found
    found.creating, found.there = PRESENT, True
    if not (stands == "file" or stands == "link" and kind == "link"):
        found.writing = REPLACEABLE
    return found


def look_partial(seen):
    """Ruling 12: a partial file's base hinders no method; that none stands there decides no
    place, and is an error at the place that was decided."""
    if not seen.never:
        seen.baseless = not seen.there and not seen.writing
        seen.creating = seen.writing
    return seen


def below(destination, top, place):
    """6.3, 6.4: the place below a mapping or new target that a place below the set's path has."""
    return destination[0], destination[1] + place[1][len(top[1]):]


class Unit:
    """One root's files on their way to places."""

    def __init__(self, world, chosen):
        self.world, self.chosen = world, chosen
        self.errors = set(chosen.errors)
        self.verdict, self.files, self.folders = "refused", [], []
        self.plain, self.moved, self.directed, self.at = [], [], [], "original"
        self.faults = set() # of ranges: they stop what copies files, in any method that does

    # what is known before anything is looked at

    def mapping(self, s):
        """The first mapping with the set's whole triple."""
        if hasattr(s, "alone"):
            return None
        return next((m for m in self.chosen.part.writer.mappings
                     if self.world.same_set(s, m)), None)

    def new_target(self, component, s):
        own = [target for target in self.world.new_targets if target.part is self.chosen.part and
               self.names_unit(target) and self.world.same_set(s, target.triple)]
        stored = [triple for triple in self.chosen.entry.new_targets
                  if self.chosen.part.stored.schema & 0x100 and self.world.same_set(s, triple)]
        if self.world.private or hasattr(s, "alone"):
            return None
        return own[0].triple if own else stored[0] if stored else None

    def names_unit(self, target):
        return target.root == self.chosen.root

    def destination(self, file, place):
        """Where a file would go, or the name of an error."""
        top = folder(file.set.path, self.world.captured)
        if place == "alternate":
            triple = self.mapping(file.set)
        elif place == "new_target":
            triple = self.new_target(file.component, file.set)
        else:
            return file.node.place
        if triple is None:
            return None
        try:
            return below(folder(triple.alternate, self.world.places), top, file.node.place)
        except Unknown:
            return ENVIRONMENT
        except NoPath:
            return "DOCUMENT_INVALID"

    def survey(self, files, place):
        """The obstacles of these files at a place, in their order; behind them those folders of
        recursive sets for which there is no place at all (9.1: they belong to ALL)."""
        moved = place == "new_target"
        folders = [f for f in self.folders
                   if (self.new_target(f.component, f.set) is not None) == moved]
        return self.look_at(files, place) + [
            seen for seen in self.look_at(folders, place) if seen.never]

    def look_at(self, files, place):
        found = []
        for file in files:
            to = self.destination(file, place)
            if to is None:
                continue # a folder of a set without a mapping
            if isinstance(to, str):
                seen = SimpleNamespace(creating=to, writing=to, never=True, there=False)
            else:
                seen = look(self.world.tree, to, file.node.kind)
                if getattr(file, "partial", None):
                    seen = look_partial(seen)
            found.append(seen)
        return found

    # the decision

    def refuse(self, *errors):
        self.errors |= set(errors)
        self.verdict = "refused"

    def go(self, verdict, place, seen):
        if any(getattr(s, "baseless", False) for s in seen):
            return self.refuse("BASE_MISSING")
        self.verdict, self.at = verdict, place
        for file, where in zip(self.plain, seen):
            file.to, file.where = where.place, place
            file.action = "write_ranges" if file.writes else \
                "replace" if where.there else "create"
        return None

    def first(self, seen, how):
        """The first obstacle; with it, a base that is missing may be named."""
        if any(getattr(s, "baseless", False) for s in seen):
            self.errors.add("BASE_MISSING")
        return next((getattr(s, how) for s in seen if getattr(s, how)), None)

    def decide(self):
        method, target = self.chosen.part.writer.method, self.world.target_of(self.chosen)
        if self.world.private:
            return self.at_original("private")
        if method == 7:
            self.refuse("METHOD_CUSTOM")
            if self.errors == {"METHOD_CUSTOM"}:
                self.verdict = "custom"
            return None
        if method in (0, 9):
            self.refuse("METHOD_UNDEFINED" if method == 0 else "DOCUMENT_UNKNOWN_WORD")
        if target == "undefined":
            self.refuse("TARGET_UNDEFINED")
        elif target not in ("original", "alternate", "directed", "original_location"):
            self.refuse("DOCUMENT_UNKNOWN_WORD")
        if self.errors:
            return None
        if method == 3 and (not self.chosen.part.writer.service or self.world.live):
            return self.refuse("SERVICE_STOP_FAILED")
        if not self.plain:
            self.verdict = "original"
            return None
        if method == 5:
            return self.at_reboot()
        if target == "alternate":
            return self.at_mappings(method, demanded=True)
        if target == "original_location":
            return self.at_original("original_location", staged=method == 6)
        if method == 4:
            return self.at_mappings(method, demanded=True)
        if method == 1:
            return self.if_not_there()
        if method == 6:
            return self.at_original("original", staged=True)
        return self.if_can_replace(method)

    def stage(self, seen):
        """Live trees, 6.6/5 and 6: everything to the original place, later."""
        if any(s.never for s in seen):
            return self.refuse(self.first(seen, "writing"))
        self.go("staged", "original", seen)
        for file in self.plain:
            file.action = "stage"
        return None

    def at_reboot(self):
        if self.world.live:
            return self.stage(self.survey(self.plain, "original"))
        return self.at_original("original")

    def at_original(self, verdict, staged=False):
        """Replace or create at the place of the backup, without another way."""
        seen = self.survey(self.plain, "original")
        if not any(s.writing for s in seen):
            return self.go(verdict, verdict, seen)
        if staged and self.world.live:
            return self.stage(seen)
        return self.refuse(self.first(seen, "writing"))

    def if_not_there(self):
        seen = self.survey(self.plain, "original")
        if any(s.never for s in seen):
            return self.refuse(self.first(seen, "creating"))
        if not any(s.creating for s in seen):
            return self.go("original", "original", seen)
        if not self.all_mapped():
            return self.refuse(self.first(seen, "creating"))
        return self.at_mappings(1, demanded=False)

    def if_can_replace(self, method):
        seen = self.survey(self.plain, "original")
        if any(s.never for s in seen):
            return self.refuse(self.first(seen, "writing"))
        if not any(s.writing for s in seen):
            return self.go("original", "original", seen)
        if not self.all_mapped():
            return self.refuse(self.first(seen, "writing"))
        return self.at_mappings(method, demanded=False)

    def all_mapped(self):
        return all(self.mapping(file.set) for file in self.plain)

    def at_mappings(self, method, demanded):
        """All to their mappings; method 1 wants nothing there (Q5), unless a target demands it."""
        if not self.all_mapped():
            return self.refuse("MAPPING_MISSING")
        seen = self.survey(self.plain, "alternate")
        how = "creating" if not demanded and method == 1 or self.world.never_overwrite else "writing"
        if any(s.never for s in seen):
            return self.refuse(*(s.writing for s in seen if s.never))
        if any(getattr(s, how) for s in seen):
            if method == 6 and self.world.live:
                return self.stage(self.survey(self.plain, "original"))
            return self.refuse("MAPPING_BLOCKED")
        return self.go("alternate", "alternate", seen)

    def settle(self):
        """Files, decision, and the sub-unit of new targets (6.1, 6.9)."""
        if self.chosen.part.writer is None or self.chosen.root is None:
            return
        self.files = self.world.files_of(self.chosen)
        self.folders = self.world.folders_of(self.chosen)
        for file in self.files:
            file.to, file.where, file.action, file.unit = None, "original", "create", self
            file.writes = None
            self.read_ranges(file)
        self.directed = [entry for file in self.files for entry in self.direct(file)]
        self.files = [file for file in self.files if not file.directed] + self.directed
        for file in self.files:
            if not file.directed:
                self.sort(file)
        if not self.errors:
            self.errors |= self.world.target_faults(self.chosen)
            if self.world.missing(self.chosen):
                self.errors.add("FILE_MISSING_ON_MEDIA")
            self.errors |= self.faults
            if any("*" in entry.to_name for entry in self.world.directed_of(self.chosen)):
                self.errors.add("DIRECTED_RANGES_INVALID")
            self.decide()
        if self.moved and self.verdict != "custom":
            self.settle_moved()
        if self.directed and self.verdict != "custom":
            self.settle_directed()
        if self.errors and self.verdict != "custom":
            self.verdict = "refused"

    # ranges

    def read_ranges(self, file):
        """7.5, 7.7: the ranges of a partial file, which the media must hold."""
        for entry in self.world.partial_entries(self.chosen, file) if file.partial else []:
            try:
                pieces = ranges.parse(entry.ranges)
                if any(o + n > len(file.node.content) for o, n in pieces):
                    raise ranges.NoRanges(entry.ranges)
                file.writes = file.writes or (pieces, pieces)
            except ranges.NoRanges: # what cannot be understood was perhaps not packed
                self.faults |= {"RANGES_INVALID", "FILE_MISSING_ON_MEDIA"}

    def direct(self, file):
        """7.8: a record for each directed entry of the file, which is then not copied."""
        for entry in file.directed:
            try:
                source, dest = ranges.parse(entry.source), ranges.parse(entry.dest)
            except ranges.NoRanges:
                self.faults.add("DIRECTED_RANGES_INVALID")
                continue
            saved = file.writes[0] if file.writes else [(0, len(file.node.content))]
            if [n for _, n in source] != [n for _, n in dest] or ranges.overlap(dest) or \
                    not all(ranges.covered(piece, saved) for piece in source):
                self.faults.add("DIRECTED_RANGES_INVALID")
                continue
            if self.new_target(file.component, file.set):
                self.faults.add("TARGET_CONFLICT")
            yield SimpleNamespace(node=file.node, component=file.component, set=file.set, to=None,
                                  where="directed", action="write_ranges", unit=self, partial=None,
                                  directed=[entry], writes=(source, dest))

    def settle_directed(self):
        for file in self.directed:
            entry = file.directed[0]
            try:
                top = folder(entry.to_path, self.world.places)
            except Unknown:
                self.refuse(ENVIRONMENT)
                continue
            seen = look(self.world.tree, (top[0], (*top[1], entry.to_name)), "file")
            if seen.writing:
                self.refuse(seen.writing)
            else:
                file.to = seen.place
        if not self.errors:
            self.join_directed()
            self.verdict = "mixed"

    def join_directed(self):
        """Several entries for one file are one record; none may write another's bytes."""
        first = {}
        for file in self.directed:
            owner = first.setdefault(folded(file.to), file)
            if owner is not file:
                owner.writes = tuple(a + b for a, b in zip(owner.writes, file.writes))
                self.files.remove(file)
                if ranges.overlap(owner.writes[1]):
                    self.refuse("DIRECTED_RANGES_INVALID")

    def sort(self, file):
        target = self.new_target(file.component, file.set)
        (self.plain if target is None else self.moved).append(file)

    def settle_moved(self):
        seen = self.survey(self.moved, "new_target")
        if any(s.writing for s in seen):
            return self.refuse(self.first(seen, "writing"))
        if any(getattr(s, "baseless", False) for s in seen):
            return self.refuse("BASE_MISSING")
        for file, where in zip(self.moved, seen):
            file.to, file.where = where.place, "new_target"
            file.action = "write_ranges" if file.writes else \
                "replace" if where.there else "create"
        if not self.errors:
            self.verdict = "mixed"
        return None

    def wants_mappings(self):
        """Do method and target ask for the mappings, whatever stands at the original place?"""
        method, target = self.chosen.part.writer.method, self.world.target_of(self.chosen)
        return not self.world.private and method != 5 and target != "original_location" and \
            (method == 4 or target == "alternate")

    def intended(self, file):
        """Where a refused unit's file would have gone (ruling 28), or None."""
        if file in self.moved:
            to = self.destination(file, "new_target")
        elif self.wants_mappings():
            to = self.destination(file, "alternate")
        else:
            to = file.node.place
        return None if to is None or isinstance(to, str) else to
