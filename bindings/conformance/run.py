"""Runs the shared scenarios and the features through the drivers of several languages, two at a time, and writes what came of
it to docs/languages.md.

    python bindings/conformance/run.py [--share] [--only PART] [--write | --apart] LANGUAGE=COMMAND ...

With `--share` each language runs its share of the scenarios, so that together they run all. `--only` takes the scenarios whose
path holds PART. The table is written with `--write`, left alone with `--apart`, and compared with the file without.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from driver import Driver
from features import FEATURES
from scenario import differences
from words import FILES, HOME, SCENARIOS

TABLE = HOME / "docs" / "languages.md"
FAILS = "FAILS"

#: What a language has nothing of.
HAS_NOT = {"Swift": ["null_for_a_spec", "a_client_that_is_closed"]}

MARK = "<!-- what follows is written by bindings/conformance/run.py -->\n"


def claim(name: str) -> str:
    return name.replace("_", " ").replace("aws", "AWS").replace("json", "JSON").replace("toml", "TOML").replace("yaml", "YAML")


def run(language: str, command: str, files: list[pathlib.Path], features: bool) -> dict[str, str]:
    """Rows of the table: what was run, and how it went."""
    began, rows, wrong = time.monotonic(), {}, 0
    driver = Driver(language, command)
    for file in files:
        for difference in differences(driver, file):
            wrong += 1
            print(f"{language}: {file.relative_to(SCENARIOS)}: {difference}", flush=True)
    rows["the shared scenarios, as in Rust"] = "yes" if not wrong else FAILS
    for feature in FEATURES if features else []:
        if feature.__name__ in HAS_NOT.get(language, ()):
            continue
        try:
            feature(driver)
            rows[claim(feature.__name__)] = "yes"
        except Exception:
            print(f"{language}: {feature.__name__}\n{traceback.format_exc()}", flush=True)
            rows[claim(feature.__name__)] = FAILS
    driver.close()
    failed = sum(each == FAILS for each in rows.values())
    print(f"{language}: {len(files)} scenarios; {len(rows) - failed} passed, {failed} failed, in {time.monotonic() - began:.0f} s", flush=True)
    return rows


def table(results: dict[str, dict[str, str]]) -> str:
    rows = next(iter(results.values()))
    lines = [["Tested", *results], ["---"] * (len(results) + 1)]
    lines += [[row, *(result[row] for result in results.values())] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--share", action="store_true")
    arguments.add_argument("--only", default="")
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--apart", action="store_true")
    arguments.add_argument("drivers", nargs="+")
    given = arguments.parse_args()
    commands = dict(driver.split("=", 1) for driver in given.drivers)
    with ThreadPoolExecutor(2) as pool:
        files = [file for file in FILES if given.only in str(file)]
        shares = len(commands) if given.share else 1
        running = {
            language: pool.submit(run, language, command, files[number % shares :: shares], not given.only)
            for number, (language, command) in enumerate(commands.items())
        }
        results = {language: future.result() for language, future in running.items()}
    if any(each == FAILS for result in results.values() for each in result.values()):
        return 1
    if not given.only and not given.apart:
        text = TABLE.read_text(encoding="utf-8")
        wanted = text.split(MARK)[0] + MARK + table(results)
        if given.write:
            TABLE.write_text(wanted, encoding="utf-8")
        elif text != wanted:
            print("docs/languages.md is not what this run brings: run `make bindings`")
            return 1
    return 0


sys.exit(main())
