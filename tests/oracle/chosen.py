"""Section 4 of the rules: which components are restored, under which root."""

from types import SimpleNamespace

from windows import fold


class Wrong(Exception):
    """What was typed cannot be (exit 11): the name of the error, or ''."""


def is_ancestor(a, b):
    """4.3: by whole elements, without regard to case."""
    own, lp = fold(a.full), fold(b.lp.strip("\\"))
    return lp == own or lp.startswith(own + "\\")


class Part:
    """One writer's part of the backup while components are asked for."""

    def __init__(self, stored, number):
        self.stored, self.writer, self.number = stored, stored.writer, number
        self.components = self.writer.components if self.writer else []
        self.entries = stored.entries
        self.whole, self.dropped = set(), set()     # entries, by index
        self.subs, self.left_out = set(), set()     # components, by index

    def entry_of(self, c):
        """The index of a component's own entry, or None: exact, else the only one that folds."""
        component = self.components[c]
        exact = [e for e, entry in enumerate(self.entries) if entry.full == component.full]
        alike = [e for e, entry in enumerate(self.entries)
                 if fold(entry.full) == fold(component.full)]
        return exact[0] if exact else alike[0] if len(alike) == 1 else None

    def component_of(self, e):
        for c in range(len(self.components)):
            if self.entry_of(c) == e:
                return c
        return None

    def root(self, c):
        """The index of the nearest explicit component that is c or above it, or None."""
        if self.entry_of(c) is not None:
            return c
        above = [a for a in range(len(self.components)) if self.entry_of(a) is not None and
                 is_ancestor(self.components[a], self.components[c])]
        return max(above, key=lambda a: len(self.components[a].full), default=None)

    def below(self, a, c):
        return a == c or is_ancestor(self.components[a], self.components[c])

    def asked(self, e):
        """4.6: the components of an entry's scope, by index, whatever was excluded of them."""
        root = self.component_of(e)
        if root is None or e in self.dropped:
            return []
        own = [c for c in range(len(self.components)) if self.root(c) == root]
        subs = [s for s in self.subs if self.root(s) == root]
        return [c for c in own if e in self.whole or any(self.below(s, c) for s in subs)]

    def scope(self, e):
        return [c for c in self.asked(e) if not any(self.below(x, c) for x in self.left_out)]

    def holds(self, c):
        root = self.root(c)
        return root is not None and c in self.scope(self.entry_of(root))

    def request(self, c, widen):
        """4.5; the name of an error, or None."""
        root = self.root(c)
        if root is None:
            return "COMPONENT_NOT_IN_BACKUP"
        e = self.entry_of(root)
        if c == root:
            self.whole.add(e)
        elif self.components[c].alone:
            self.subs.add(c)
        elif not widen:
            return "NOT_RESTORABLE_ALONE"
        else:
            between = [a for a in range(len(self.components)) if self.components[a].alone and
                       is_ancestor(self.components[a], self.components[c]) and
                       is_ancestor(self.components[root], self.components[a])]
            if between:
                self.subs.add(max(between, key=lambda a: len(self.components[a].full)))
            else:
                self.whole.add(e)
        return None


class Choice:
    """What is restored: units, in the order of the Backup Components Document."""

    def __init__(self, documents, choices):
        self.documents, self.choices = documents, choices
        self.parts = [Part(stored, number) for number, stored in enumerate(documents.parts)]
        self.missing = {} # (part number, entry): a dependency that refuses it
        for selector in choices.exclude:
            self.exclude(selector)
        if not choices.components:
            for part in self.parts:
                part.whole |= set(range(len(part.entries)))
        for selector in choices.components:
            self.ask(selector)
        again = True
        while again:
            again = choices.mandatory and self.force()
            again = choices.dependencies != "ignore" and self.follow() or again

    def find(self, selector):
        """The parts that WRITER means, and FULL\\NAME or None. Selectors are (writer, name)."""
        writer, full = selector
        parts = [part for part in self.parts if writer.lower() == part.stored.id or
                 part.writer and fold(writer) == fold(part.writer.name)]
        if not parts:
            raise Wrong("")
        return parts, full

    def ask(self, selector):
        parts, full = self.find(selector)
        if full is None:
            for part in parts:
                part.whole |= set(range(len(part.entries)))
            return
        for part in parts:
            c, e = self.named(part, full)
            if c is not None:
                error = part.request(c, self.choices.widen)
                if error:
                    raise Wrong(error)
                return
            if e is not None:
                part.whole.add(e)
                return
        raise Wrong("")

    @staticmethod
    def named(part, full):
        """(component, entry) of that name: the second where the writer's document lacks it."""
        for same in (lambda text: text == full, lambda text: fold(text) == fold(full)):
            found = [c for c, component in enumerate(part.components) if same(component.full)]
            if len(found) == 1:
                return found[0], None
            found = [e for e, entry in enumerate(part.entries) if same(entry.full)]
            if len(found) == 1:
                return None, found[0]
        return None, None

    def exclude(self, selector):
        parts, full = self.find(selector)
        for part in parts:
            if full is None:
                part.dropped |= set(range(len(part.entries)))
                continue
            c, e = self.named(part, full)
            if c is not None and part.root(c) is None:
                raise Wrong("COMPONENT_NOT_IN_BACKUP")
            if c is not None and part.entry_of(c) is not None:
                e = part.entry_of(c)
            if e is not None:
                part.dropped.add(e)
            elif c is not None:
                part.left_out.add(c)
            else:
                raise Wrong("")

    def force(self):
        """4.7: what must come along with anything of its writer; True: something was added."""
        added = False
        for part in self.parts:
            touched = any(part.holds(c) for c in range(len(part.components)))
            for c, component in enumerate(part.components):
                e = part.entry_of(c)
                below = any(a.selectable and is_ancestor(a, component) for a in part.components)
                if touched and e is not None and not component.selectable and not below and \
                        e not in part.whole | part.dropped:
                    part.whole.add(e)
                    added = True
        return added

    def follow(self):
        """4.9, one round; True: something was added."""
        for part in self.parts:
            for c, component in enumerate(part.components):
                if not part.holds(c) or self.faults(part, part.entry_of(part.root(c)), [c]):
                    continue
                for dependency in component.dependencies:
                    if self.follow_one(part, c, dependency):
                        return True
        return False

    def follow_one(self, part, c, dependency):
        if dependency.name.startswith("\\\\") or dependency.lp.startswith("\\\\") or \
                dependency.writer == part.stored.id:
            return False
        lp = dependency.lp.strip("\\")
        full = lp + "\\" + dependency.name if lp else dependency.name
        key = (part.number, part.entry_of(part.root(c)))
        for other in self.parts:
            if other.stored.id != dependency.writer or not other.writer:
                continue
            t, _ = self.named(other, full)
            if t is None or other.root(t) is None:
                continue
            if other.holds(t):
                return False
            if self.choices.dependencies == "refuse":
                self.missing[key] = True
                return False
            before = (set(other.whole), set(other.subs))
            other.request(t, True)
            return other.holds(t) and before != (other.whole, other.subs)
        if self.choices.dependencies == "refuse":
            self.missing[key] = True
        return False

    def faults(self, part, e, members):
        """Every error that the documents alone give an entry's unit."""
        entry, root = part.entries[e], part.component_of(e)
        if part.writer is None:
            return {"WRITER_DOCUMENT_MISSING"}
        found = set(entry.faults)
        if root is None or entry.type != part.components[root].type:
            found.add("DOCUMENT_INVALID")
        for c in members:
            found |= set(part.components[c].faults)
        return found or ({"BACKUP_FAILED"} if entry.failed else set())

    def units(self):
        found = []
        for part in self.parts:
            for e, entry in enumerate(part.entries):
                asked = e in part.whole or any(
                    part.root(s) is not None and part.entry_of(part.root(s)) == e
                    for s in part.subs)
                members = part.scope(e)
                if not asked or e in part.dropped or not members and e not in part.whole:
                    continue
                root = part.component_of(e)
                errors = self.faults(part, e, members)
                if not errors and (part.number, e) in self.missing:
                    errors = {"DEPENDENCY_MISSING"}
                found.append(SimpleNamespace(
                    part=part, entry=entry, root=root, members=members, errors=errors,
                    partial=len(members) < len(part.asked(e)),
                    subs=[] if e in part.whole else [s for s in sorted(part.subs)
                                                     if s in members]))
        if not found and self.choices.exclude:
            raise Wrong("") # nothing is left of the selection
        return self.without_dependents(found)

    def without_dependents(self, units):
        """Ruling 15: under refuse, a unit whose dependency is refused is refused with it."""
        again = self.choices.dependencies == "refuse"
        while again:
            again = False
            for unit in units:
                if not unit.errors and any(
                        self.in_refused(units, unit, dependency) for c in unit.members
                        for dependency in unit.part.components[c].dependencies):
                    unit.errors, again = {"DEPENDENCY_MISSING"}, True
        return units

    def in_refused(self, units, unit, dependency):
        lp = dependency.lp.strip("\\")
        full = lp + "\\" + dependency.name if lp else dependency.name
        return any(other.errors and other.part.stored.id == dependency.writer and
                   other.part.stored.id != unit.part.stored.id and
                   self.named(other.part, full)[0] in other.members for other in units)
