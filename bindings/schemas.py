"""The JSON Schemas in schema/, as those see them who write a language's types from them."""

from __future__ import annotations

import json
import pathlib
from typing import Any

HOME = pathlib.Path(__file__).parents[1] / "schema"

#: The document of each schema, under the name that its type gets.
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

#: Names that would clash with the handles of documents, or say too little by themselves.
RENAMED = {"Diagnosis": "DiagnosisDocument", "Kind": "ResourceKind"}


def types() -> dict[str, dict[str, Any]]:
    """The schema of each type."""
    found: dict[str, dict[str, Any]] = {}
    for file, name in DOCUMENTS.items():
        schema = json.loads((HOME / f"{file}.schema.json").read_text(encoding="utf-8"))
        found |= {RENAMED.get(each, each): schema for each, schema in schema.get("$defs", {}).items()}
        found[name] = schema
    return found


def is_words(schema: dict[str, Any]) -> bool:
    """Whether it is one of several words."""
    return all("const" in case for case in schema.get("oneOf", [{}]))


def about(schema: dict[str, Any]) -> str:
    """What it is, in one line, without links of the documentation in Rust."""
    return " ".join(schema.get("description", "").replace("[`", "`").replace("`]", "`").split())


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
            told = field.get("description", "")
            if told not in known.get("description", ""):
                known["description"] = f"{known.get('description', '')} {told}".strip()
    for name, each in words.items():
        fields[name] = {"type": "string", "description": "Which it is: " + ", ".join(f"`{word}`" for word in each) + "."}
    return fields


def sort_of(field: dict[str, Any], sorts: dict[str, str]) -> tuple[str, bool]:
    """The type of a field in a language with such names for the plain ones, and whether it may be null."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return RENAMED.get(name, name), False
    if "anyOf" in field:
        return sort_of(field["anyOf"][0], sorts)[0], True
    null = isinstance(field["type"], list)
    sort = field["type"][0] if null else field["type"]
    if sort == "string" and field.get("writeOnly"):
        sort = "secret"
    inner = {"array": "items", "object": "additionalProperties"}.get(sort)
    return (sorts[sort].format(sort_of(field[inner], sorts)[0]) if inner else sorts[sort]), null
