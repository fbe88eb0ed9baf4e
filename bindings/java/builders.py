"""Writes a builder for each type that a Java author makes, from the bindings in Kotlin: what has named arguments and defaults there.

    python bindings/java/builders.py xkslink.kt Builders.kt
"""

from __future__ import annotations

import pathlib
import re
import sys

#: Where it begins; what their fields are made of follows.
ROOTS = ["Connectivity", "Account", "ProbeRequest", "AwsCredentials", "ProxyApi"]

HEAD = '''// Written by builders.py.

package io.github.xkslink.java

import io.github.xkslink.*

/** Builders of what goes into the library. `build` throws an [IllegalArgumentException] that names what is missing. */
object Xks {
'''

DOC = r"(?:/\*\*\n(?P<doc>(?:\s*\*(?!/).*\n)*)\s*\*/\s*)?"
FIELD = re.compile(DOC + r"val `(?P<name>\w+)`: (?P<type>[\w.]+(?:<[\w., ]+>)?\??)\s*(?:= (?P<default>[^,\n]+?))?\s*(?:,|$)")


def types(source: str) -> dict[str, str]:
    """The constructor's text of each record and of each case with fields."""
    found = {name: fields for name, fields in re.findall(r"^data class (\w+) \(\n(.*?)^\)", source, re.M | re.S)}
    for name, body in re.findall(r"^sealed class (\w+)[^\n]*\{\n(.*?)^\}", source, re.M | re.S):
        for case, fields in re.findall(r"^    data class (\w+)\(\n(.*?)\) : ", body, re.M | re.S):
            found[f"{name}.{case}"] = fields
    return found


def wanted(types: dict[str, str]) -> list[str]:
    left, found = list(ROOTS), []
    while left:
        name = left.pop(0)
        for each in [each for each in types if each == name or each.startswith(f"{name}.")]:
            if each not in found:
                found.append(each)
                left += re.findall(r"\b[A-Z]\w+", re.sub(r"/\*\*.*?\*/", "", types[each], flags=re.S))
    return found


def builder(name: str, text: str) -> tuple[str, str]:
    """The function of a type, and the class that it gives."""
    short = name.replace(".", "")
    function = short[0].lower() + short[1:]
    held, setters, passed = [], [], []
    for field in FIELD.finditer(text.strip()):
        each, sort, default = field["name"], field["type"].replace("kotlin.", "").strip(), field["default"]
        plain = sort.rstrip("?")
        doc = " ".join(line.strip(" *") for line in (field["doc"] or "").splitlines()).strip()
        if default is None:
            held.append(f"    private var {each}: {plain}? = null\n")
            passed.append(f'        {each} = requireNotNull({each}) {{ "{each} is missing: give it to the builder of {name}" }},\n')
        else:
            held.append(f"    private var {each}: {sort} = {default}\n")
            passed.append(f"        {each} = {each},\n")
        setters.append(f"\n    /** {doc} */\n    fun {each}({each}: {plain}) = apply {{ this.{each} = {each} }}\n")
    made = "".join(held + setters)
    cls = f"\n/** Builds a [{name}]. */\nclass {short}Builder internal constructor() {{\n{made}"
    cls += f"\n    /** Makes it. */\n    fun build() = {name}(\n{''.join(passed)}    )\n}}\n"
    return f"    /** A builder of [{name}]. */\n    @JvmStatic fun {function}() = {short}Builder()\n\n", cls


def main() -> None:
    source, to = map(pathlib.Path, sys.argv[1:3])
    known = types(source.read_text(encoding="utf-8"))
    made = [builder(name, known[name]) for name in wanted(known)]
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(HEAD + "".join(function for function, _ in made) + "}\n" + "".join(cls for _, cls in made), encoding="utf-8")


main()
