"""Writes the types of documents from the JSON Schemas in schema/, so that types and schemas say the same.

    python bindings/csharp/generate.py Types.cs

Words become an enum, of which the serializer knows nothing: a private text is read into it. Cases become one class with the fields
of all, told apart by their tag.
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

sys.path.append(str(pathlib.Path(__file__).parents[1]))

from schemas import about, is_words, properties, sort_of, types  # noqa: E402

HEAD = """// Written by generate.py from the JSON Schemas.
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace Xkslink
{
"""
SORTS = {
    "string": "string", "secret": "string", "integer": "long", "number": "double", "boolean": "bool", "array": "List<{}>",
    "object": "Dictionary<string, {}>",
}
PLAIN = ("long", "double", "bool")
#: Names that a program's `using System` or a class of the package has.
RENAMED = {"Action": "StepAction", "Event": "EventDocument"}


def camel(word: str) -> str:
    parts = [part.lower() if part.isupper() else part for part in word.replace(".", "_").split("_")]
    joined = "".join(part[:1].upper() + part[1:] for part in parts)
    return f"V{joined}" if joined[0].isdigit() else joined


def doc(text: str, indent: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;") or "See its fields."
    return f"{indent}/// <summary>{text}</summary>\n"


def renamed(sort: str) -> str:
    for old, new in RENAMED.items():
        sort = sort.replace(f"<{old}>", f"<{new}>") if "<" in sort else new if sort == old else sort
    return sort


def words_of(name: str, schema: dict[str, Any]) -> str:
    text = f"{doc(about(schema), '    ')}    public enum {name}\n    {{\n"
    for case in schema["oneOf"]:
        text += doc(about(case) or f"`{case['const']}`", "        ")
        text += f'        [EnumMember(Value = "{case["const"]}")] {camel(case["const"])},\n'
    return text + "    }\n\n"


def field_of(owner: str, name: str, field: dict[str, Any], given: bool, words: set[str]) -> str:
    sort, null = sort_of(field, SORTS)
    sort, may_be_null = renamed(sort), null or not given
    called = camel(name) if camel(name) != owner else "Which"
    told, member = doc(about(field), "        "), f'[DataMember(Name = "{name}")]'
    inner = sort[len("List<") : -1] if sort.startswith("List<") else ""
    if sort in words or inner in words:
        held, read = ("List<string>", "ReadAll") if inner else ("string", "Read")
        kept, sort = f"{name}_word", f"IReadOnlyList<{inner}>" if inner else f"{sort}?" if may_be_null else sort
        read = f"Words<{inner or sort.rstrip('?')}>.{read}({kept})"
        if may_be_null and not inner:
            read = f"{kept} == null ? ({sort})null : {read}"
        return f"        {member} {held} {kept} = null;\n{told}        public {sort} {called} {{ get {{ return {read}; }} }}\n"
    if sort in PLAIN and may_be_null:
        sort += "?"
    return f"{told}        {member} public {sort} {called} {{ get; private set; }}\n"


def class_of(name: str, schema: dict[str, Any], words: set[str]) -> str:
    text = f"{doc(about(schema), '    ')}    [DataContract]\n    public sealed class {name}\n    {{\n"
    required = schema.get("required", [])
    for field, each in properties(schema).items():
        if field != "$schema" and "const" not in each:
            text += field_of(name, field, each, field in required, words)
    return text + "    }\n\n"


def main() -> None:
    known = {RENAMED.get(name, name): schema for name, schema in types().items()}
    words = {name for name, schema in known.items() if is_words(schema)}
    made = "".join(words_of(name, known[name]) if name in words else class_of(name, known[name], words) for name in sorted(known))
    file = pathlib.Path(sys.argv[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD + made.rstrip() + "\n}\n", encoding="utf-8")


main()
