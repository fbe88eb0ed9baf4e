"""The words of scenario files that mean the same in every language whose runner is written in Python: README.md has them."""

from __future__ import annotations

import pathlib
import re
import tomllib
from collections.abc import Mapping
from typing import Any

SCENARIOS = pathlib.Path(__file__).parent
HOME = SCENARIOS.parents[1]
FILES = sorted(file for file in SCENARIOS.glob("*/*.toml") if file.parent.name != "specs")


def base(name: str) -> dict[str, Any]:
    """The spec that a scenario begins with."""
    return tomllib.loads((SCENARIOS / "specs" / f"{name}.toml").read_text(encoding="utf-8"))


def recorded(file: pathlib.Path) -> pathlib.Path:
    """What Rust brought."""
    return HOME / "target" / "scenarios" / file.parent.name / f"{file.stem}.json"


def merge(old: Any, new: Any) -> Any:
    """Merges an edit; a table with another `type` takes the place of the old one."""
    if isinstance(old, dict) and isinstance(new, dict) and new.get("type", old.get("type")) == old.get("type"):
        return {**old, **{key: merge(old.get(key), value) for key, value in new.items()}}
    return new


def edited(document: Any, words: Mapping[str, Any]) -> Any:
    """A spec after `edit` and `drop`."""
    document = merge(document, words.get("edit", {}))
    for path in words.get("drop", []):
        *outer, last = path.split(".")
        table = at(document, ".".join(outer)) if outer else document
        table.pop(last, None)
    return document


def at(value: Any, path: str) -> Any:
    """The value at a path."""
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


def resolve(value: Any, saved: Mapping[str, Any]) -> Any:
    """Puts saved values in the place of references."""
    if isinstance(value, dict):
        return {key: resolve(each, saved) for key, each in value.items()}
    if isinstance(value, list):
        return [resolve(each, saved) for each in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$([A-Za-z0-9._]+)", value)
    if whole:
        return at(saved, whole[1])
    return re.sub(r"\$([A-Za-z0-9._]+)", lambda found: str(at(saved, found[1])), value)
