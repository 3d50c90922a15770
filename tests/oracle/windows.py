"""Windows paths, %NAMES% and wildcards, as sections 5.3 and 5.4 of the rules have them.

A folder is (volume, tuple of elements), a volume "C:", "\\\\?\\Volume{guid}" or
"\\\\server\\share". Naive: everything is compared by folding it.
"""

import functools
import re


class Unknown(Exception):
    """A %NAME% without a value."""


class NoPath(Exception):
    """Not the absolute path of a folder."""


class Table(dict):
    """{folded name: value} for %NAMES%; aliases: {folded volume: the volume that it is}. Neither
    changes once a folder was asked for."""

    aliases = {}

    def __init__(self, names):
        super().__init__(names)
        self.folders = {} # asked for again and again


@functools.cache
def fold(text):
    """Upper case, character by character, where that is one character."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def expand(text, table):
    def value(match):
        if fold(match[1]) not in table:
            raise Unknown(match[1])
        return table[fold(match[1])]
    return re.sub(r"%([^%\\/]+)%", value, text)


def folder(text, table):
    """5.3: the folder that a document's text names."""
    if text not in table.folders:
        table.folders[text] = resolved(text, table)
    return table.folders[text]


def resolved(text, table):
    text = expand(text, table).replace("/", "\\")
    for prefix, instead in (("\\\\?\\UNC\\", "\\\\"), ("\\??\\UNC\\", "\\\\"), ("\\??\\", ""),
                            ("\\\\?\\", "")):
        if fold(text).startswith(prefix.upper()):
            rest = text[len(prefix):]
            text = "\\\\?\\" + rest if fold(rest).startswith("VOLUME{") else instead + rest
            break
    if fold(text).startswith("\\\\?\\VOLUME{"):
        volume, _, rest = text[4:].partition("\\")
        volume = "\\\\?\\" + volume
    elif text.startswith("\\\\"):
        server, _, rest = text[2:].partition("\\")
        share, _, rest = rest.partition("\\")
        if not server or not share:
            raise NoPath(text)
        volume = f"\\\\{server}\\{share}"
    elif re.match(r"[A-Za-z]:\\", text):
        volume, rest = text[:2], text[3:]
    else:
        raise NoPath(text)
    elements = [element for element in rest.split("\\") if element]
    if any(element in (".", "..") or set(element) & set("*?") for element in elements):
        raise NoPath(text)
    return table.aliases.get(fold(volume), fold(volume)), tuple(elements)


def folded(place):
    volume, elements = place
    return volume, tuple(fold(element) for element in elements)


def text_of(place, name=None):
    volume, elements = place
    return "\\".join([volume, *elements, *([] if name is None else [name])]) + \
        ("\\" if not elements and name is None else "")


def is_filespec(spec):
    """5.1: a name or a pattern, never a path."""
    return "\\" not in spec and "/" not in spec


def is_literal(spec):
    return spec != "" and "*" not in spec and "?" not in spec


def tokens(spec):
    """5.4: QM, DOT, STAR_NODOT, STAR, or a character."""
    if spec in ("", "*", "*.*"):
        return ["STAR"]
    found = []
    at = 0
    while at < len(spec):
        char, rest = spec[at], spec[at + 1:]
        if char == "*" and rest == ".":
            found.append("STAR_NODOT")
            at += 1
        elif char == "*":
            found.append("STAR")
        elif char == "?":
            found.append("QM")
        elif char == "." and rest[:1] in ("*", "?"):
            found.append("DOT")
        else:
            found.append(fold(char))
        at += 1
    return found


def matches(spec, name):
    """Does a Win32 directory search for spec find this name?"""
    return rest_matches(tokens(spec), fold(name))


def rest_matches(pattern, name):
    if not pattern:
        return name == ""
    first, rest = pattern[0], pattern[1:]
    if first == "STAR":
        return any(rest_matches(rest, name[at:]) for at in range(len(name) + 1))
    if first == "STAR_NODOT":  # up to the last dot, or all of a name without one
        end = name.rfind(".") if "." in name else len(name)
        return any(rest_matches(rest, name[at:]) for at in range(end + 1))
    if first == "QM":
        if name and name[0] != ".":
            return rest_matches(rest, name[1:]) or False
        return rest_matches(rest, name)
    if first == "DOT":
        return rest_matches(rest, name[1:]) if name[:1] == "." else \
            name == "" and rest_matches(rest, name)
    return name[:1] == first and rest_matches(rest, name[1:])
