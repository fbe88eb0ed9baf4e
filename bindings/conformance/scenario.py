"""One shared scenario, run through a driver: what `tests/scenarios/README.md` says, apart from what must hold."""

from __future__ import annotations

import json
import pathlib
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

from driver import Driver

sys.path.append(str(pathlib.Path(__file__).parents[2] / "tests" / "scenarios"))

from words import at, base, edited, recorded, resolve  # noqa: E402

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="


class Stage:
    """The world of a scenario, and who is in it."""

    def __init__(self, driver: Driver, scenario: Mapping[str, Any]) -> None:
        self.driver = driver
        self.kms_account = scenario.get("kms_account")
        self.saved: dict[str, Any] = {}
        self.document = base(scenario["spec"])
        driver.ok("world", hosted_zones=scenario.get("hosted_zones", ["example.com"]))
        driver.ok("client", kms_account=self.kms_account)
        self.edit(scenario)
        self.deeds(scenario.get("world", []))

    def edit(self, words: Mapping[str, Any]) -> None:
        self.document = edited(self.document, words)

    def deeds(self, deeds: list[dict[str, Any]]) -> None:
        for deed in deeds:
            answer = self.driver.ok("deed", deed=resolve(deed, self.saved))
            for name, path in deed.get("save", {}).items():
                self.saved[name] = at(answer, path)

    def run(self, run: Mapping[str, Any]) -> dict[str, Any]:
        self.edit(run)
        self.deeds(run.get("before", []))
        took: dict[str, Any] = {"plan": None, "events": []}
        took |= self.act(run, took)
        kept = took.get("report") or (took.get("ok") if run["verb"] in ("status", "apply", "teardown") else None)
        if kept:
            self.saved["ids"] = json.loads(kept)["ids"]
        self.driver.ok("deed", deed={"wait": 5})
        if run["verb"] in ("apply", "teardown"):
            took["report"] = took.get("report") or took.get("ok")
        else:
            took[run["verb"]] = took.get("ok")
        return took

    def target(self, run: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
        name = resolve(run.get("target"), self.saved) or (spec["name"] if run.get("by_name") else None)
        return {"name": name, "region": spec["region"]} if name else {"spec": spec}

    def act(self, run: Mapping[str, Any], took: dict[str, Any]) -> dict[str, Any]:
        spec, consent = resolve(self.document, self.saved), run.get("consent", [])
        if run["verb"] in ("plan", "status"):
            return self.driver.do(run["verb"], spec=spec)
        target = self.target(run, spec)
        if run["verb"] == "verify":
            return self.driver.do("verify", **target)
        if run["verb"] == "apply":
            planned = self.driver.do("plan", spec=spec)
            if "error" in planned:
                return planned
            took["plan"] = planned["ok"]
            self.deeds(run.get("between", []))
            through = None
            if run.get("through_json"):
                through = planned["ok"]
                self.driver.ok("client", kms_account=self.kms_account)
            self.script(run)
            return self.driver.do("apply", plan=through, consent=consent)
        took["plan"] = self.driver.do("plan_teardown", **target).get("ok")
        self.deeds(run.get("between", []))
        self.script(run)
        return self.driver.do("teardown", **target, consent=consent)

    def script(self, run: Mapping[str, Any]) -> None:
        during = [resolve(deed, self.saved) for deed in run.get("during", [])]
        script = {"during": during, "on_publish": run.get("on_publish", []), "cut_after": run.get("cut")}
        self.driver.ok("script", script=script)

    def look_again(self, run: Mapping[str, Any]) -> None:
        """Plans as Rust does when a file says what the next plan is."""
        if "next_plan" in run:
            verb = "plan_teardown" if run["verb"] == "teardown" else "plan"
            self.driver.do(verb, spec=resolve(self.document, self.saved))


def differences(driver: Driver, file: pathlib.Path) -> list[str]:
    """What a scenario brings that Rust does not bring, or the other way round."""
    if not recorded(file).exists():
        return ["nothing is recorded: run `make scenarios` first"]
    expected = json.loads(recorded(file).read_text(encoding="utf-8"))
    scenario = tomllib.loads(file.read_text(encoding="utf-8"))
    if len(expected) != len(scenario["runs"]):
        return ["recorded from another version of the file: run `make scenarios`"]
    stage, found = Stage(driver, scenario), []
    for number, (run, wanted) in enumerate(zip(scenario["runs"], expected), 1):
        took = stage.run(run)
        took["verification"] = took.get("verify")
        for name in ("plan", "report", "status", "verification"):
            if took.get(name) != wanted[name]:
                found.append(f"run {number}: another {name}")
        error, told = took.get("error") or {}, wanted["error"] or {}
        cut = error.get("kind") == "cancelled"
        fields = ("kind", "resource", "aws_code", "retryable", "message", "help", "request_id")
        # Where a language has no null for a text, it is empty.
        if not cut and any((error.get(field) or None) != (told.get(field) or None) for field in fields):
            found.append(f"run {number}: another error: {error}")
        if took["events"] != wanted["events"]:
            found.append(f"run {number}: other events")
        if cut != wanted["cut"]:
            found.append(f"run {number}: cut off: {cut}")
        if SECRET in json.dumps(took):
            found.append(f"run {number}: shows the secret")
        stage.look_again(run)
    return found
