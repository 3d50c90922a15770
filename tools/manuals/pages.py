"""Manual pages in man(7), from prose in a small part of Markdown and from the option table.

Prose knows: `## HEADING`, paragraphs, `code` (bold), *word* (italic), lines indented by four blanks
(as they stand), `- item`, `term` followed by lines that begin with `: `, and `@headers@`, which
stands for the declarations of the public headers.
"""

import importlib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH_PARSERS = {"vssrestore-bench": "harness.options", "vssrestore-conformance": "harness.conformance"}


def escape(text):
    """Plain text for man(7): nothing in it is an instruction."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def inline(text, stars=True):
    """`code` and, if stars mean that, *word*; everything else is plain."""
    out = []
    for part in re.split(r"(`[^`]+`|\*[^*\s][^*]*\*)" if stars else r"(`[^`]+`)", text):
        if len(part) > 2 and part[0] == "`" and part[-1] == "`":
            out.append("\\fB" + escape(part[1:-1]) + "\\fR")
        elif stars and len(part) > 2 and part[0] == "*" and part[-1] == "*":
            out.append("\\fI" + escape(part[1:-1]) + "\\fR")
        else:
            out.append(escape(part).replace("\\-", "-"))
    return re.sub(r"^([.'])", r"\\&\1", "".join(out))


def verbatim(lines):
    return [".RS 4", ".nf", *(escape(line) if line else "\\&" for line in lines), ".fi",
            ".RE"]


def prose(text, substitutes=None):
    """Blocks of prose as lines of man(7)."""
    out = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        if substitutes and line in substitutes:
            out += substitutes[line]
        elif line.startswith("## "):
            out.append(f'.SH "{line[3:].upper()}"')
        elif line.startswith("    "):
            block = []
            while at < len(lines) and (lines[at].startswith("    ") or
                                       not lines[at] and at + 1 < len(lines) and
                                       lines[at + 1].startswith("    ")):
                block.append(lines[at][4:])
                at += 1
            out += ([] if out and out[-1].startswith(".SH") else [".PP"]) + verbatim(block)
            continue
        elif line.startswith("- "):
            out += [".IP \\(bu 2", inline(line[2:])]
        elif at + 1 < len(lines) and lines[at + 1].startswith(": "):
            out += [".TP", inline(line), inline(lines[at + 1][2:])]
            at += 1
        elif line.startswith("  ") and line.strip():
            out.append(inline(line.strip())) # goes on with an item
        elif line:
            if at == 0 or not lines[at - 1]:
                if out and not out[-1].startswith(".SH"):
                    out.append(".PP")
            out.append(inline(line))
        at += 1
    return out


def option_heading(option):
    names = [option["brief"], option["name"]] if option["brief"] else [option["name"]]
    heading = ", ".join("\\fB" + escape(name) + "\\fR" for name in names)
    value = option["value"]
    return heading if value is None else heading + " \\fI" + escape(value) + "\\fR"


def sections_of(text):
    """The text before the first heading, and {heading: text}, in order."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return parts[0].strip("\n"), list(zip(parts[1::2], (part.strip("\n") for part in parts[2::2])))


class Book:
    """All pages. table: what `vssrestore --describe` prints."""

    def __init__(self, table, root):
        self.table, self.root = table, root
        self.verbs = {verb["name"]: verb for verb in table["verbs"]}

    def source(self, name):
        with open(os.path.join(HERE, name + ".md"), encoding="utf-8") as file:
            return file.read()

    def page(self, name):
        title, section = name.rsplit(".", 1)
        summary, _, text = self.source(name).partition("\n")
        opening, sections = sections_of(text)
        verb = self.verbs.get(title.removeprefix("vssrestore-"))
        lines = [f'.TH {escape(title).upper()} {section} "" "vssrestore {self.table["version"]}" '
                 '"vssrestore manual"', ".SH NAME", f"{escape(title)} \\- {inline(summary)}"]
        if verb is not None:
            lines += self.synopsis(verb)
        lines += [".SH DESCRIPTION", *prose(opening.strip("\n"), self.substitutes())] if opening else []
        if verb is not None:
            lines += self.options(verb["options"])
        elif title == "vssrestore":
            lines += self.verb_list()
        elif title in BENCH_PARSERS:
            lines += self.options(self.bench_options(BENCH_PARSERS[title]))
        for heading, part in sections:
            lines += prose(f"## {heading}\n{part}", self.substitutes())
        if verb is not None or title == "vssrestore":
            lines += self.exit_status()
        return "\n".join(lines + self.see_also(title)) + "\n"

    def synopsis(self, verb):
        lines = [".SH SYNOPSIS"]
        for one in verb["synopsis"].split(" | ") if verb["name"] != "pending" else [verb["synopsis"]]:
            lines += [f"\\fBvssrestore {verb['name']}\\fR {escape(one)}", ".br"]
        return lines[:-1]

    def options(self, options):
        lines, group = [".SH OPTIONS"], None
        for option in options:
            if option["group"] != group and option["group"] is not None:
                group = option["group"]
                lines.append(f'.SS "{group.capitalize()}"')
            more = ""
            if option["kind"] == "list" and "may repeat" not in option["help"]:
                more = " (may repeat)"
            lines += [".TP", option_heading(option), inline(option["help"] + more)]
        return lines

    def verb_list(self):
        lines = [".SH VERBS"]
        for verb in self.table["verbs"]:
            lines += [".TP", f"\\fBvssrestore\\-{verb['name']}\\fR(1)", inline(verb["summary"])]
        return lines

    def exit_status(self):
        lines = [".SH EXIT STATUS"]
        for meaning in self.table["exit_codes"]:
            lines += [".TP 8", f"\\fB{escape(meaning['code'])}\\fR", inline(meaning["text"])]
        return lines + [".PP", "Where several hold, the first in this order: 128+N, 70, the cause "
                        "(20 to 50) of a", "component that is not restored whole, 4, 3, 5, 1, 0."]

    def see_also(self, title):
        names = [("vssrestore", 1)] + [(f"vssrestore-{name}", 1) for name in self.verbs]
        names += [("vssrestore-bench", 1), ("vssrestore-conformance", 1),
                  ("vssrestore-service-systemd", 1), ("libvssrestore", 3), ("vssrestore-events", 5),
                  ("vssrestore-plan", 5), ("vssrestore-set", 5), ("vssrestore@.service", 8)]
        names = [(name, section) for name, section in names
                 if name != title and os.path.exists(os.path.join(HERE, f"{name}.{section}.md"))]
        lines = [f"\\fB{escape(name)}\\fR({section})," for name, section in names]
        return [".SH SEE ALSO", *lines[:-1], lines[-1].rstrip(",")]

    def bench_options(self, module):
        sys.path.insert(0, os.path.join(self.root, "bench"))
        parser = importlib.import_module(module).parser_make()
        rows = []
        for action in parser._actions: # argparse tells them in no other way
            value = action.metavar or ("|".join(action.choices) if action.choices else
                                       None if action.nargs == 0 else action.dest.upper())
            rows.append({"group": None, "name": action.option_strings[-1],
                         "brief": action.option_strings[0] if len(action.option_strings) > 1 else None,
                         "kind": "text", "value": value, "help": action.help or ""})
        return rows

    def substitutes(self):
        return {"@headers@": self.headers()}

    def headers(self):
        """Each function of the public headers with what its header says of it."""
        folder = os.path.join(self.root, "include", "vssrestore")
        order = ["error", "set", "plan", "chain", "writers", "restore", "control", "report",
                 "walk", "media", "pending", "vssrestore"]
        names = sorted((name for name in os.listdir(folder) if name.endswith(".h")),
                       key=lambda name: order.index(name[:-2]) if name[:-2] in order else 99)
        lines = []
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                lines += header_lines(name, file.read())
        return lines


def comment_text(comment):
    text = re.sub(r"^/\*\*?|\*/$", "", comment.strip())
    lines = [re.sub(r"^\s*\* ?", "", line).strip() for line in text.strip().split("\n")]
    text = " ".join(lines)
    return re.sub(r"@param(\[out\])? ", "", text).replace("@retval ", "Returns ")


def header_lines(name, text):
    lines = [f'.SS "<vssrestore/{name}>"']
    item = re.compile(r"(?P<comment>/\*\*(?:(?!\*/).)*\*/\s*)?VSR_API (?P<call>[^;]+);", re.S)
    for match in item.finditer(text):
        call = re.sub(r"\s+", " ", match["call"]).strip()
        if match["comment"] or not lines[-1].startswith(".SS"):
            lines.append(".TP" if match["comment"] else ".PP")
        lines.append("\\fB" + escape(call) + "\\fR")
        if match["comment"]:
            lines.append(inline(comment_text(match["comment"]), stars=False)) # a star: a pointer
    return lines
