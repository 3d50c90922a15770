"""Ranges as documents spell them (rule 7.5), and what they do to bytes (7.7, 7.8)."""

import re

OFFSET_MAX = 2**63 - 1
NUMBER = r"(0[xX][0-9A-Fa-f]+|[0-9]+)"
PAIR = re.compile(rf"{NUMBER}[ \t\r\n]*:[ \t\r\n]*{NUMBER}")


class NoRanges(Exception):
    """Not a list of ranges."""


def number(text):
    value = int(text, 16) if text[:2] in ("0x", "0X") else int(text)
    if value >= 2**64:
        raise NoRanges(text)
    return value


def parse(text):
    """[(offset, length)] of a list."""
    found = []
    for part in text.split(","):
        match = PAIR.fullmatch(part.lstrip(" \t\r\n") if found else part)
        if not match:
            raise NoRanges(text)
        offset, length = number(match[1]), number(match[2])
        if offset + length > OFFSET_MAX:
            raise NoRanges(text)
        found.append((offset, length))
    return found


def write(base, content, source, dest):
    """base with these pieces of content laid over it."""
    bytes_there = bytearray(base)
    for (at, length), (to, _) in zip(source, dest):
        if length:
            bytes_there.extend(bytes(max(0, to + length - len(bytes_there))))
            bytes_there[to:to + length] = content[at:at + length]
    return bytes(bytes_there)


def overlap(ranges):
    """Is there a byte in two of them?"""
    return any(a < b + m and b < a + n for i, (a, n) in enumerate(ranges)
               for b, m in ranges[:i] if n and m)


def covered(piece, saved):
    """Does every byte of the piece lie in one of the saved ranges?"""
    return all(any(o <= at < o + n for o, n in saved)
               for at in range(piece[0], piece[0] + piece[1]))
