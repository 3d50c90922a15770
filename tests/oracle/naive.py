"""What a restore should do, worked out a second time: slowly, and from the rules' text alone.

expected() takes documents, the source's nodes, the destination's tree and the choices, and gives
units, file records and the tree after the run, in the words of the plan. Where the rules do not
say which of several errors is named, a unit's `errors` holds all that may be.

Covered: selection (section 4), file sets (5), destinations, mappings, new targets, restore
targets and methods (6), partial, differenced and directed files (7), statuses (9). Not: ranges
files, chains (chains.py), reading from alternate paths.
"""

from types import SimpleNamespace

from chosen import Choice, Wrong
import meant
import placed
import ranges
from windows import Table, fold, folded, text_of


class World:
    """What every unit is asked against."""

    def __init__(self, documents, nodes, volumes, tree, choices):
        self.documents, self.choices, self.tree = documents, choices, tree
        self.captured = Table({fold(name): value for name, value in choices.captured.items()})
        self.places = Table({**self.captured, **{
            fold(name): value for name, value in choices.environment.items()}})
        self.captured.aliases = self.places.aliases = choices.aliases
        self.private, self.live = choices.private, choices.live
        self.never_overwrite = choices.never_overwrite
        everything = Choice(documents, SimpleNamespace(
            components=[], exclude=[], dependencies="ignore", widen=False, mandatory=False))
        self.media = meant.media_order(
            meant.packed(documents, everything.units(), nodes, self.captured), volumes)
        names = [n.links for n in self.media]
        for n in self.media: # the only name on the media is no link
            n.links = n.links if names.count(n.links) > 1 else None
        self.choice = Choice(documents, choices)
        self.new_targets = [self.new_target(*target) for target in choices.new_targets]
        self.targets = {}
        for writer, full, target in choices.restore_targets:
            part, c = self.component(writer, full)
            self.targets[part.number, part.root(c)] = target

    def component(self, writer, full):
        for part in self.choice.find((writer, full))[0]:
            c, _ = self.choice.named(part, full)
            if c is not None:
                return part, c
        raise Wrong("")

    def new_target(self, writer, full, triple):
        part, c = self.component(writer, full)
        root = part.root(c)
        if root is None or not part.scope(part.entry_of(root)):
            return SimpleNamespace(part=None, root=None, triple=None) # ruling 14: a warning
        if not part.stored.schema & 0x100:
            raise Wrong("NEW_TARGET_UNSUPPORTED")
        if not any(self.same_set(s, triple) for s in self.sets_of_root(part, root)):
            raise Wrong("NEW_TARGET_UNKNOWN_FILE_SET")
        return SimpleNamespace(part=part, root=root, triple=triple)

    @staticmethod
    def sets_of_root(part, root):
        return [s for c, component in enumerate(part.components) if part.root(c) == root
                for s in component.sets]

    def target_faults(self, chosen):
        stored = [] if self.private else chosen.entry.new_targets
        sets = self.sets_of_root(chosen.part, chosen.root)
        if stored and not chosen.part.stored.schema & 0x100:
            return {"NEW_TARGET_UNSUPPORTED"}
        if any(not any(self.same_set(s, triple) for s in sets) for triple in stored):
            return {"NEW_TARGET_UNKNOWN_FILE_SET"}
        return set()

    def target_of(self, chosen):
        stored = chosen.entry.target
        return self.targets.get((chosen.part.number, chosen.root),
                                "original" if stored is None else stored.lower())

    def same_set(self, s, triple):
        return meant.same_set(s, triple, self.captured, self.captured)

    def is_chosen(self, file):
        """By --file, which means files in one folder."""
        patterns = self.choices.files
        return not patterns or any(meant.member(file, pattern, self.captured)
                                   for pattern in patterns)

    def files_of(self, chosen):
        """The files of a unit; what --file leaves out makes it a partial one (ruling 18)."""
        found = meant.files_of(chosen, self.media, self.captured, self.directed_of(chosen),
                               self.documents.bit)
        taken = [file for file in found if self.is_chosen(file.node)]
        chosen.partial |= len(taken) < len(found)
        return taken

    def folders_of(self, chosen):
        return [] if self.choices.files else \
            meant.folders_of(chosen, self.media, self.captured)

    def partial_entries(self, chosen, file):
        return [entry for entry in chosen.entry.partial
                if meant.is_named(file.node, entry, self.captured)]

    def directed_of(self, chosen):
        """T42: directed entries count only where the target says so; never at reboot (6.8)."""
        counts = self.target_of(chosen) == "directed" and not self.private and \
            chosen.part.writer.method != 5
        return chosen.entry.directed if counts else []

    def missing(self, chosen):
        return meant.missing(chosen, self.media, self.captured, self.documents.bit,
                             self.is_chosen) or \
            meant.missing_named(chosen, self.media, self.captured, self.directed_of(chosen))


def going_to(unit, file):
    """The folded folder and the name that a file goes to, or would have; None: nowhere."""
    to = file.to or unit.intended(file)
    return None if to is None else (folded((to[0], to[1][:-1])), to[1][-1])


def share(units):
    """Rulings 8 and 28: of one file for one place the first unit's record counts."""
    first = {}
    for unit in units:
        for file in unit.files:
            place = going_to(unit, file)
            if place is None:
                continue
            if file.where == "directed" or file.directed:
                file.owner = None # each is its own unit's
                continue
            # ranges, known or not, and the whole are different content; so are different ranges
            key = (file.node.place, place[0], fold(place[1]), bool(file.partial),
                   repr(file.writes))
            owner = first.setdefault(key, file)
            file.owner = owner if owner is not file else None
            if file.owner and owner.unit.errors and not unit.errors:
                unit.errors = set(owner.unit.errors)


def conflict(units):
    """5.9: different files for one place refuse every unit that they are of."""
    wanted = {}
    for unit in units:
        for file in [] if unit.errors else unit.files:
            if not file.owner:
                wanted.setdefault(going_to(unit, file), []).append(file)
    for files in wanted.values():
        if len(files) > 1:
            for file in files:
                file.unit.errors = {"DESTINATION_CONFLICT"}


def where_folder_goes(world, unit, file):
    """(place, where) of a recursive set's folder; None: nowhere."""
    if unit.new_target(file.component, file.set):
        place, where = unit.destination(file, "new_target"), "new_target"
    elif unit.at == "alternate" or not unit.plain and unit.wants_mappings():
        place, where = unit.destination(file, "alternate"), "alternate"
    else:
        place, where = file.node.place, unit.at
    if place is None or isinstance(place, str) or place[0] not in world.tree:
        return None
    return place, where


class Made:
    """The folders that are made, each in the first unit that needs it."""

    def __init__(self, world):
        self.world, self.spelled, self.records = world, {}, []
        self.catalogue = {folded(n.place): n.place[1][-1] for n in world.media
                          if n.kind == "folder" and n.place[1]}

    def need(self, unit, place, where):
        """The place as it is spelled, or None where nothing can be made; its folders are there."""
        try:
            spelled, depth, stands = placed.walk(self.world.tree, place)
        except placed.Ambiguous:
            return None
        if stands not in (None, "folder"):
            return None
        for at in range(depth, len(spelled)):
            if stands == "folder":
                break
            key = folded((place[0], spelled[:at + 1]))
            if key not in self.spelled:
                self.spelled[key] = self.catalogue.get(key, spelled[at])
                self.records.append((unit, (place[0], (*spelled[:at], self.spelled[key])), where))
            spelled[at] = self.spelled[key]
        return place[0], tuple(spelled)


def items_of(unit, media):
    """The files and folders of a unit as they stand on the media."""
    order = {n.place: number for number, n in enumerate(media)}
    return sorted(unit.files + unit.folders, key=lambda item: order[item.node.place])


def in_plan_order(items):
    """7.4: what goes by ranges first."""
    ranged = [item for item in items if getattr(item, "partial", None) or
              getattr(item, "where", None) == "directed"]
    return ranged + [item for item in items if item not in ranged]


def copies_of(units, item):
    """All whole copies that are planned of what an item is a copy of, in order."""
    return [other for unit in units if not unit.errors for other in unit.files
            if other.node is item.node and other.to and not other.owner and not other.writes]


def links_with(units, item):
    """What the names that an item is linked to have in common. 5.11, ruling 8: a second copy of
    one name is, with all that its unit brings to such a place, a file of its own."""
    together = [other for other in item.unit.files if other.node.links == item.node.links and
                other.where == item.where and other.to and not other.owner and not other.writes]
    apart = any(copies_of(units, other)[0] is not other for other in together)
    return (item.node.links, item.unit if apart else None, item.where if apart else None)


def kind_of(units, item, linked):
    """5.11: the first planned name of a file brings its data, the others link to it."""
    if item.node.kind == "link":
        return "reparse"
    if item.node.links is None:
        return "plain"
    key = links_with(units, item)
    again = key in linked
    linked.append(key)
    return "hardlink" if again else "plain"


def records_of(world, units):
    made, files, linked = Made(world), [], []
    for number, unit in enumerate(units):
        items = [] if unit.errors else items_of(unit, world.media)
        for item in items:
            if item in unit.folders:
                found = where_folder_goes(world, unit, item)
                if found:
                    made.need(number, *found)
            elif not item.owner:
                to = made.need(number, (item.to[0], item.to[1][:-1]), item.where)
                item.to = (to[0], (*to[1], item.to[1][-1]))
        for item in in_plan_order(items):
            if item not in unit.folders and not item.owner:
                files.append(SimpleNamespace(
                    unit=number, component=unit.chosen.part.components[item.component].full,
                    kind="directed" if item.where == "directed" else
                    "partial" if item.partial else kind_of(units, item, linked),
                    source=text_of(item.node.place), dest=text_of(item.to), place=item.where,
                    action=item.action, node=item.node, to=item.to, writes=item.writes))
    return files, [SimpleNamespace(unit=unit, dest=text_of(place), place=where, to=place)
                   for unit, place, where in made.records]


def used_mappings(unit):
    """6.10: one for each set that has a file at its mapping, word for word."""
    chosen = unit.chosen
    used = [file.set for file in unit.plain] if unit.at == "alternate" else []
    return [(s.path, s.spec, s.recursive, unit.mapping(s).alternate)
            for _, s in meant.sets_of(chosen) if any(s is u for u in used)]


def tree_after(tree, files, folders):
    """A copy of the destination's tree with these records carried out."""
    def copy(names):
        return {name: (kind, copy(inside) if kind == "folder" else inside)
                for name, (kind, inside) in names.items()}
    after = {volume: copy(names) for volume, names in tree.items()}
    for record in folders:
        enter(after, record.to)
    for record in files:
        names = enter(after, (record.to[0], record.to[1][:-1]))
        name, content = record.to[1][-1], record.node.content
        if record.writes:
            before = names[name][1] if name in names else b""
            content = ranges.write(before, content, *record.writes)
        names[name] = (record.node.kind, content)
    return after


def enter(tree, place):
    names = tree[place[0]]
    for element in place[1]:
        names = names.setdefault(element, ("folder", {}))[1]
    return names


def expected(documents, nodes, volumes, tree, choices):
    """Raises Wrong for what exit 11 stands for."""
    world = World(documents, nodes, volumes, tree, choices)
    units = [placed.Unit(world, chosen) for chosen in world.choice.units()]
    for unit in units:
        unit.settle()
    for pattern in choices.files:
        if not any(meant.member(file.node, pattern, world.captured)
                   for unit in units for file in unit.files):
            raise Wrong("--file")
    share(units)
    conflict(units)
    share(units)
    for unit in units:
        if unit.errors and unit.verdict != "custom":
            unit.verdict = "refused"
    files, folders = records_of(world, units)
    return SimpleNamespace(
        files=files, folders=folders, tree=tree_after(tree, files, folders),
        private=world.private,
        units=[unit_record(world, unit, files, number) for number, unit in enumerate(units)])


def unit_record(world, unit, files, number):
    chosen = unit.chosen
    writer = chosen.part.writer
    involved = not world.private and (writer is None or writer.method != 7 and not writer.never)
    return SimpleNamespace(
        writer=chosen.part.stored.id, instance=chosen.part.stored.instance,
        logical_path=chosen.entry.lp, component=chosen.entry.name,
        subcomponents=[chosen.part.components[c].full for c in chosen.members
                       if c != chosen.root],
        involve_writer=involved, verdict=unit.verdict, errors=unit.errors,
        files=sum(file.unit == number for file in files), partial=chosen.partial,
        used=used_mappings(unit),
        cycle_missed=not world.private and not unit.errors and not chosen.partial and
        writer is not None and writer.method == 8 and not writer.service,
        subs=[(chosen.part.components[s].lp, chosen.part.components[s].name)
              for s in chosen.subs])
