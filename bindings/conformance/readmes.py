"""Holds that the code in the README of each language is part of its example, which is compiled and run; indentation may differ.

    python bindings/conformance/readmes.py
"""

from __future__ import annotations

import pathlib
import re
import sys

HOME = pathlib.Path(__file__).resolve().parents[1]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def within(part: list[str], whole: list[str]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def main() -> int:
    wrong = 0
    for folder in sorted(HOME.glob("*/example")):
        example = [line for file in sorted(folder.iterdir()) for line in lines(file.read_text(encoding="utf-8"))]
        readme = folder.parent / "README.md"
        snippets = re.findall(r"^```\w+\n(.*?)^```", readme.read_text(encoding="utf-8"), re.M | re.S)
        for snippet in snippets:
            if not within(lines(snippet), example):
                wrong += 1
                print(f"{readme}: this is no part of the example:\n{snippet}")
        if not snippets:
            wrong += 1
            print(f"{readme}: shows nothing of the example")
    return 1 if wrong else 0


sys.exit(main())
