#!/usr/bin/env python3
"""Writes upcase_table.c: NTFS's $UpCase as every volume formatted since Windows Vista has it.

    python3 src/vss/upcase_gen.py > src/vss/upcase_table.c

The rule, found by comparing Unicode's tables with the $UpCase of such a volume, unit by unit
(tests/unit/vss/test_upcase.c repeats the comparison; it is the proof, this is the origin):

  * only the BMP; one unit to one unit; surrogates stay;
  * a unit goes to its simple upper case; where that is the unit itself, to its title case
    (Greek letters with iota subscript: U+1F80 -> U+1F88);
  * but only if the way back leads to the same unit: long s, dotless i, final sigma, micro
    sign, Greek symbol letters, title case digraphs, and the Cyrillic variants stay;
  * and only what Unicode 5.1 (2008) had: a pair whose upper half came later stays, whatever
    the age of the Python that runs this.
"""
import sys

BLOCK = 64

# Upper halves that Unicode got after 5.1. Ranges, both ends included.
LATER = [
    (0x037F, 0x037F),  # Greek yot, 7.0
    (0x0524, 0x052F),  # Cyrillic, 5.2 to 7.0
    (0x10C7, 0x10CD),  # Georgian Yn and Aen, 6.1
    (0x13A0, 0x13F5),  # Cherokee got its small letters in 8.0
    (0x1C89, 0x1C8A),  # Cyrillic Tje, 16.0
    (0x1C90, 0x1CBF),  # Georgian Mtavruli, 11.0
    (0x2C2F, 0x2C2F),  # Glagolitic Caudate Chrivi, 14.0
    (0x2C70, 0x2C70),  # Turned Alpha, 5.2
    (0x2C7E, 0x2C7F),  # S and Z with swash tail, 5.2
    (0x2CEB, 0x2CF3),  # Coptic, 5.2 and 6.1
    (0xA660, 0xA660),  # Cyrillic Reversed Tse, 6.0
    (0xA698, 0xA69B),  # Cyrillic Double O, Crossed O, 7.0
    (0xA78D, 0xA7FF),  # Latin Extended-D, 6.0 and later
]


def upcase(unit):
    if 0xD800 <= unit <= 0xDFFF:
        return unit
    small = chr(unit)
    upper = small.upper()
    if len(upper) != 1 or upper == small:
        upper = small.title()
    if len(upper) != 1 or ord(upper) > 0xFFFF or upper.lower() != small:
        return unit
    if any(first <= ord(upper) <= last for first, last in LATER):
        return unit
    return ord(upper)


def table_rows(values, width):
    for at in range(0, len(values), width):
        yield "    " + " ".join("%s," % v for v in values[at : at + width])


def main():
    deltas = [(upcase(unit) - unit) & 0xFFFF for unit in range(0x10000)]
    blocks, index = [], []
    for at in range(0, 0x10000, BLOCK):
        block = deltas[at : at + BLOCK]
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    out = [
        "/* upcase_table.c - NTFS's upcase rule as two small tables. Written by upcase_gen.py, which",
        " * says where it comes from; not to be edited. */",
        '#include "vss/upcase.h"',
        "",
        "/* clang-format off */",
        "const uint8_t upcase_block[0x10000 / UPCASE_BLOCK_UNITS] = {",
        *table_rows(index, 24),
        "};",
        "",
        "/* What is added to a unit, modulo 2^16. */",
        "const uint16_t upcase_delta[][UPCASE_BLOCK_UNITS] = {",
    ]
    for block in blocks:
        used = len(block)
        while used > 1 and block[used - 1] == 0:
            used -= 1
        rows = list(table_rows(["0x%04X" % v if v else "0" for v in block[:used]], 12))
        out.append("    {" + rows[0].strip())
        out.extend("     " + row.strip() for row in rows[1:])
        out[-1] = out[-1].rstrip(",") + "},"
    out += ["};", "/* clang-format on */"]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
