"""Section 5 of the rules: what the media hold, and which of it a unit means.

A node is one entry of a source volume: place (volume, elements with its name), kind ("file",
"folder", "link") and content. Every question is asked of every node.
"""

from types import SimpleNamespace

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


def packed(documents, scopes, nodes, table):
    """Ruling 1: what of the source's nodes is on the media. scopes: [(writer, component)]."""
    found = []
    for n in nodes:
        for writer, component in scopes:
            sets = [s for s in component.sets if s.mask & documents.bit and is_filespec(s.spec)]
            if n.kind == "folder" and any(holds_folder(s, n.place, table) for s in sets) or \
                    n.kind != "folder" and not excluded(n, writer, table) and \
                    any(member(n, s, table) for s in sets):
                found.append(n)
                break
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


def files_of(unit, media, table):
    """5.5, 5.9: the files that a unit means, each with the first set that holds it."""
    found = []
    for n in media:
        holding = [] if n.kind == "folder" else [
            (c, s) for c, s in sets_of(unit) if member(n, s, table)]
        if holding and not excluded(n, unit.part.writer, table):
            found.append(SimpleNamespace(node=n, component=holding[0][0], set=holding[0][1]))
    return found


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
            if not there and chosen(named) and not excluded(named, unit.part.writer, table):
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
