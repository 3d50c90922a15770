"""What the program prints for programs, against its published schemas (tools/schema).

Whatever runs the program for a test hands its events here. Stricter than the schemas: in a test no
field may be there that they do not name. Without python3-jsonschema only what a schema cannot say
is checked - lines, order, counts - and each test program tells of that as a skipped case.
"""

import json
import os
import sys

sys.path.append("/usr/lib/python3/dist-packages") # Debian's, whichever python3 this is
try:
    import jsonschema
except ImportError:
    jsonschema = None

MISSING = "no python3-jsonschema here: no event is held against its schema"

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                      "tools", "schema")
CHECKED_MAX = 2000 # rows and records of one file: more lines of a kind say nothing more
_validators = {}


class Wrong(Exception):
    """A line that the schema does not allow."""


def load(name):
    with open(os.path.join(FOLDER, name + ".schema.json"), encoding="utf-8") as file:
        return json.load(file)


def strict(schema):
    """The same, with nothing allowed that it does not name."""
    if isinstance(schema, dict):
        made = {key: strict(value) for key, value in schema.items()}
        if "properties" in made:
            made["additionalProperties"] = False
        return made
    return [strict(one) for one in schema] if isinstance(schema, list) else schema


def validator(name, kind):
    if (name, kind) not in _validators:
        whole = strict(load(name))
        if kind not in whole["$defs"]:
            raise Wrong(f"the schema of {name} knows no \"t\":\"{kind}\"")
        _validators[name, kind] = jsonschema.Draft202012Validator(
            {"$defs": whole["$defs"], "$ref": f"#/$defs/{kind}"})
    return _validators[name, kind]


def check_lines(name, data):
    """data: bytes of JSON lines. Raises Wrong; returns the records."""
    records, counts = [], {}
    if data and not data.endswith(b"\n"):
        raise Wrong(f"the last line is broken: {data[-200:]}")
    for line in data.splitlines():
        try:
            record = json.loads(line)
        except ValueError as error:
            raise Wrong(f"no JSON: {line[:300]}") from error
        records.append(record)
        kind = record.get("t")
        counts[kind] = counts.get(kind, 0) + 1
        if jsonschema is None or (name != "events" and counts[kind] > CHECKED_MAX):
            continue
        fault = next(validator(name, kind).iter_errors(record), None)
        if fault is not None:
            raise Wrong(f"{fault.json_path}: {fault.message}\n{line[:600]}")
    return records


def check_events(data):
    """A stream of events: each valid, the counts of statuses as promised, a summary at the end."""
    records = check_lines("events", data)
    if not records or records[-1]["t"] != "summary":
        raise Wrong(f"the last event is no summary: {records[-1:]}")
    before = None
    for record in records:
        if record["t"] in ("begin", "step", "summary"):
            before = None
        if record["t"] != "status":
            continue
        for what in ("files", "bytes", "units"):
            now = record[what]
            if not 0 <= now["done"] <= now["total"]:
                raise Wrong(f"more is done than there is: {record}")
            if before is not None and (now["done"] < before[what]["done"] or
                                       now["total"] != before[what]["total"]):
                raise Wrong(f"a count fell: {before}, then {record}")
            if record["last"] and now["done"] != now["total"]:
                raise Wrong(f"the last status does not add up: {record}")
        if before is not None and not record["last"] and \
                record["elapsed_ms"] - before["elapsed_ms"] < 999:
            raise Wrong(f"more than one status a second: {before}, then {record}")
        before = record
    return records


def check_output(arguments, out):
    """What a call printed, where it is for programs: events of run and resume, plans."""
    words = [os.fsencode(word) for word in arguments]
    if words and words[0] in (b"run", b"resume") and b"--json" in words and b"--help" not in words \
            and not any(word.startswith(b"--events-fd") for word in words):
        check_events(out)
    elif words and words[0] == b"plan" and b"--jsonl" in words and out:
        check_lines("plan", out)
    elif words[:1] == [b"inspect"] and b"--system" in words and b"--json" in words and out:
        check_lines("system", out)
