"""A program in one of the languages, which does with the package of its language what it is told: a JSON object on each line
in, a JSON object on each line out, `ok` or `error`. README.md lists the words."""

from __future__ import annotations

import json
import subprocess
from typing import Any


class Driver:
    def __init__(self, language: str, command: str) -> None:
        self.language = language
        self._process = subprocess.Popen(
            command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def do(self, word: str, **what: Any) -> dict[str, Any]:
        """Has something done, and gives the whole answer."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": word, **what}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.language}: the program ended at `{word}`")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ok(self, word: str, **what: Any) -> Any:
        """The same for what must go well."""
        answer = self.do(word, **what)
        if "ok" not in answer:
            raise SystemExit(f"{self.language}: `{word}` failed: {answer}")
        return answer["ok"]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        if self._process.wait(60) != 0:
            raise SystemExit(f"{self.language}: the program ended with {self._process.returncode}")
