"""Writes types.go from the JSON Schemas in schema/, so that types and schemas say the same.

    python bindings/go/generate.py           writes
    python bindings/go/generate.py --check   says whether what is there is what would be written

A schema's words become constants of a string type. Cases become one struct with the fields of all, told apart by their tag.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import textwrap
from typing import Any

HOME = pathlib.Path(__file__).parent
SCHEMAS = HOME.parent.parent / "schema"
DOCUMENTS = {
    "connectivity": "Connectivity",
    "event": "Event",
    "plan": "PlanDocument",
    "report": "ReportDocument",
    "status": "StatusDocument",
    "verification": "VerificationDocument",
    "diagnosis": "DiagnosisDocument",
    "probe": "ProbeDocument",
}
RENAMED = {"Diagnosis": "DiagnosisDocument", "Kind": "ResourceKind"}
INITIALISMS = {"id", "ids", "dns", "vpc", "aws", "tls", "url", "cidr", "json", "http", "https", "tcp", "ttl", "kms", "ms", "txt"}


def camel(word: str) -> str:
    parts = word.replace(".", "_").replace("-", "_").split("_")
    return "".join(part.upper() if part.lower() in INITIALISMS else part[:1].upper() + part[1:] for part in parts)


def doc(name: str, text: str, indent: str = "") -> str:
    text = " ".join(text.replace("[`", "`").replace("`]", "`").split())
    words = textwrap.wrap(f"{name}: {text}" if name else text, 110)
    return "".join(f"{indent}// {line}\n" for line in words)


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object, with those of its cases merged in."""
    cases = schema.get("oneOf", [])
    fields = dict(schema.get("properties", {}))
    words: dict[str, list[str]] = {}
    for case in cases:
        for name, field in case["properties"].items():
            if "const" in field:
                words.setdefault(name, []).append(field["const"])
            known = fields.setdefault(name, dict(field))
            about = field.get("description", "")
            if about not in known.get("description", ""):
                known["description"] = f"{known.get('description', '')} {about}".strip()
    for name, each in words.items():
        fields[name] = {"type": "string", "description": "Which it is: " + ", ".join(f"`{word}`" for word in each) + "."}
    return fields


def sort_of(field: dict[str, Any]) -> tuple[str, bool]:
    """The type of a field, and whether it may be null."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return RENAMED.get(name, name), False
    if "anyOf" in field:
        return sort_of(field["anyOf"][0])[0], True
    null = isinstance(field["type"], list)
    sort = field["type"][0] if null else field["type"]
    if sort == "string":
        return ("Secret" if field.get("writeOnly") else "string"), null
    if sort == "array":
        return f"[]{sort_of(field['items'])[0]}", False
    if sort == "object":
        return f"map[string]{sort_of(field['additionalProperties'])[0]}", False
    return {"integer": "int", "number": "float64", "boolean": "bool"}[sort], null


def type_of(name: str, schema: dict[str, Any], words: set[str]) -> str:
    cases = schema.get("oneOf", [])
    about = doc(name, schema.get("description", "see the fields."))
    if cases and all("const" in case for case in cases):
        text = f"{about}type {name} string\n\nconst (\n"
        for case in cases:
            text += doc("", case.get("description", case["const"]), "\t")
            text += f'\t{name}{camel(case["const"].lower())} {name} = "{case["const"]}"\n'
        return text + ")\n\n"
    text = f"{about}type {name} struct {{\n"
    required = schema.get("required", [])
    for field, each in properties(schema).items():
        if field == "$schema":
            continue
        if "const" in each:
            each = {"type": "integer", "description": "Version of this form; the library fills it in."}
        sort, null = sort_of(each)
        plain = sort.startswith(("[]", "map[")) or sort in words or sort in ("string", "Secret", "bool")
        given = field in required and not null
        text += doc("", each.get("description", ""), "\t")
        pointer = "" if plain or given or sort in ("int", "float64") else "*"
        text += f'\t{camel(field)} {pointer}{sort} `json:"{field}{"" if given and field != "version" else ",omitempty"}"`\n'
    if name == "Event":
        text += "\t// The event as it came, with all that the schema has.\n\tJSON json.RawMessage `json:\"-\"`\n"
    return text + "}\n\n"


def written() -> str:
    types: dict[str, dict[str, Any]] = {}
    for file, name in DOCUMENTS.items():
        schema = json.loads((SCHEMAS / f"{file}.schema.json").read_text(encoding="utf-8"))
        types |= {RENAMED.get(each, each): found for each, found in schema.get("$defs", {}).items()}
        types[name] = schema
    words = {name for name, schema in types.items() if all("const" in case for case in schema.get("oneOf", [{}]))}
    text = "// Code generated by generate.py from the JSON Schemas. DO NOT EDIT.\n\npackage xkslink\n\nimport \"encoding/json\"\n\n"
    text += "".join(type_of(name, types[name], words) for name in sorted(types))
    return subprocess.run(["gofmt"], input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    file = HOME / "types.go"
    if "--check" not in sys.argv:
        file.write_text(written(), encoding="utf-8")
    elif file.read_text(encoding="utf-8") != written():
        sys.exit("bindings/go/types.go is not what the schemas say: run python bindings/go/generate.py")
