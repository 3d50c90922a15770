"""Section 5 of the rules: what the media hold, and which of it a unit means.

A node is one entry of a source volume: place (volume, elements with its name), kind ("file",
"folder", "link") and content. Every question is asked of every node.
"""

from types import SimpleNamespace

import ranges
from windows import (NoPath, Unknown, fold, folded, folder, is_filespec, is_literal,
                     matches)


def node(volume, elements, kind, content=None, links=None):
    """links: what all names of one file have in common, or None."""
    return SimpleNamespace(place=(volume, tuple(elements)), kind=kind, content=content, links=links)


def parent(place):
    return place[0], place[1][:-1]


def in_folder(place, top, recursive):
    """5.5: is this folder the set's, or (recursive) below it?"""
    place, top = folded(place), folded(top)
    return place == top or recursive and place[0] == top[0] and \
        place[1][:len(top[1])] == top[1]


def member(file, s, table):
    """5.5: does the file set s hold the file?"""
    try:
        top = folder(s.path, table)
    except (Unknown, NoPath):
        return False
    return in_folder(parent(file.place), top, s.recursive) and matches(s.spec, file.place[1][-1])


def excluded(file, writer, table):
    return any(member(file, exclude, table) for exclude in writer.excludes)


def holds_folder(s, place, table):
    """Is the folder one that a recursive set brings along?"""
    return s.recursive and in_folder(place, folder(s.path, table), True)


def wants(unit, n, table, bit):
    """Does a unit's file set, of this backup's type, ask for the file?"""
    return unit.part.writer and not excluded(n, unit.part.writer, table) and any(
        s.mask & bit and is_filespec(s.spec) and member(n, s, table) for _, s in sets_of(unit))


def is_ranged(n, units, table, bit):
    """Are only ranges of the file on the media: named as partial, and whole for nobody?"""
    lists = set()
    for unit in units:
        partial, differenced = named_of(unit, n, table)
        directed = any(is_named(n, entry, table) for entry in unit.entry.directed)
        if differenced or not partial and (directed or wants(unit, n, table, bit)):
            return False
        if partial:
            try:
                lists.add(tuple(piece for piece in ranges.parse(partial.ranges) if piece[1]))
            except ranges.NoRanges:
                return False # what is not understood is kept whole
    return len(lists) == 1


def packed(documents, units, nodes, table):
    """Rulings 1 and 37: what of the source's nodes is on the media. units: all there are; what
    an entry itself names is taken without the writer's document, too."""
    found, bit = [], documents.bit
    for n in nodes:
        if n.kind == "folder":
            wanted = any(holds_folder(s, n.place, table) for unit in units
                         for s in [s for _, s in sets_of(unit)
                                   if s.mask & bit and is_filespec(s.spec)] +
                         unit.entry.differenced)
        else:
            wanted = any(wants(unit, n, table, bit) or any(named_of(unit, n, table)) or
                         any(is_named(n, entry, table) for entry in unit.entry.directed)
                         for unit in units)
            n.ranged = wanted and is_ranged(n, units, table, bit)
        if wanted:
            found.append(n)
    tops = {n.place[:1] + (n.place[1][:depth],) for n in found for depth in range(len(n.place[1]))}
    return [n for n in nodes if n in found or n.kind == "folder" and n.place in tops]


def media_order(nodes, volumes):
    """Volumes as they were given; in a folder first what is none, then folders with all below
    them, each by the bytes of its name."""
    def key(n):
        names = [name.encode() for name in n.place[1]]
        last = [(1 if n.kind == "folder" else 0, names[-1])] if names else []
        return volumes.index(n.place[0]), [(1, name) for name in names[:-1]] + last
    return sorted(nodes, key=key)


def sets_of(unit):
    """(component, set) of a unit, in the order of the document."""
    return [(c, s) for c in unit.members for s in unit.part.components[c].sets]


def is_named(file, entry, table):
    """Is it the file that a partial or directed entry names?"""
    top, name = folder(entry.path, table), entry.name
    return folded(file.place) == folded((top[0], (*top[1], name)))


def stand_in(entry):
    """The set of a partial file that lies in none: it has no mapping and no new target."""
    return SimpleNamespace(path=entry.path, spec=entry.name, recursive=False, alone=True)


def named_of(unit, file, table):
    """(partial entry, differenced triple) that name the file, each or None."""
    return (next((p for p in unit.entry.partial if is_named(file, p, table)), None),
            next((d for d in unit.entry.differenced if member(file, d, table)), None))


def files_of(unit, media, table, directed, bit):
    """5.5, 5.9: the files that a unit means, each with the first set that holds it. What the
    document itself names is not excluded (5.7), and may lie outside every set, unless
    subcomponents were chosen (ruling 38). Both partial and differenced: whole (7.7)."""
    found = []
    for n in media:
        if n.kind == "folder":
            continue
        partial, differenced = named_of(unit, n, table)
        named = partial or differenced or any(is_named(n, d, table) for d in directed)
        holding = [(c, s) for c, s in sets_of(unit) if member(n, s, table) and
                   (named or not n.ranged or s.mask & bit)] # 7.9: others' ranges are no file
        if not holding and not unit.subs and (partial or differenced):
            holding = [(unit.root, differenced or stand_in(partial))]
        if holding and (named or not excluded(n, unit.part.writer, table)):
            found.append(SimpleNamespace(
                node=n, component=holding[0][0], set=holding[0][1], content=n.content,
                partial=None if differenced else partial,
                directed=[d for d in directed if is_named(n, d, table)]))
    return found


def missing_named(unit, media, table, directed):
    """Is a file that an entry names, and that is in scope, not on the media? A partial file that
    is differenced as well is one that is there only if it changed (7.7, 7.10)."""
    for entry in unit.entry.partial + directed:
        top = folder(entry.path, table)
        file = SimpleNamespace(place=(top[0], (*top[1], entry.name)))
        held = any(member(file, s, table) for _, s in sets_of(unit))
        wanted = held or entry in unit.entry.partial and not unit.subs
        if entry in unit.entry.partial and any(member(file, d, table)
                                               for d in unit.entry.differenced):
            continue
        if wanted and not any(is_named(n, entry, table) for n in media if n.kind != "folder"):
            return True
    return False


def folders_of(unit, media, table):
    """The folders of recursive sets, each with the first set that brings it."""
    found = []
    for n in media:
        holding = [(c, s) for c, s in sets_of(unit) if n.kind == "folder" and
                   holds_folder(s, n.place, table)]
        if holding:
            found.append(SimpleNamespace(node=n, component=holding[0][0], set=holding[0][1]))
    return found


def missing(unit, media, table, bit, chosen):
    """5.10, ruling 36: is a named file that must be there not on the media? chosen: of --file."""
    for _, s in sets_of(unit):
        if is_literal(s.spec) and s.mask & bit:
            there = any(n.kind != "folder" and member(n, s, table) for n in media)
            top = folder(s.path, table)
            named = SimpleNamespace(place=(top[0], (*top[1], s.spec)))
            narrowed = any(member(named, d, table) for d in unit.entry.differenced) # 7.10
            if not there and not narrowed and chosen(named) and not excluded(named, unit.part.writer, table):
                return True
    return False


def same_set(a, b, table, other_table):
    """6.3: do two triples name the same file set?"""
    try:
        one, other = folder(a.path, table), folder(b.path, other_table)
    except (Unknown, NoPath):
        return False
    return folded(one) == folded(other) and fold(a.spec) == fold(b.spec) and \
        a.recursive == b.recursive
