"""The shared scenarios from Python: the same outcomes as from Rust, which wrote its documents to target/scenarios, and the same
bytes wherever AWS refused no call."""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Mapping
from typing import Any, Optional

import pytest

import xkslink
from conftest import KEY_ID, SECRET
from xkslink import errors
from xkslink.documents import Document
from xkslink.testing import SimulatedAws

if sys.version_info < (3, 11):
    pytest.skip("scenarios are TOML, which this Python does not read", allow_module_level=True)

import tomllib

HOME = pathlib.Path(__file__).parents[2]
SCENARIOS = HOME / "tests" / "scenarios"
FILES = sorted(file for file in SCENARIOS.glob("*/*.toml") if file.parent.name != "specs")


def merge(old: Any, new: Any) -> Any:
    """Merges an edit; a table with another `type` takes the place of the old one."""
    if isinstance(old, dict) and isinstance(new, dict) and new.get("type", old.get("type")) == old.get("type"):
        return {**old, **{key: merge(old.get(key), value) for key, value in new.items()}}
    return new


def at(value: Any, path: str) -> Any:
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


class Stage:
    """The world of a scenario, and who is in it."""

    def __init__(self, scenario: Mapping[str, Any]) -> None:
        self.aws = SimulatedAws(hosted_zones=scenario.get("hosted_zones", ["example.com"]))
        self.kms_account = scenario.get("kms_account")
        self.client = self.new_client()
        self.saved: dict[str, Any] = {}
        self.document = tomllib.loads((SCENARIOS / "specs" / f"{scenario['spec']}.toml").read_text(encoding="utf-8"))
        self.edit(scenario)
        self.deeds(scenario.get("world", []))

    def new_client(self) -> xkslink.Client:
        kms = xkslink.Account(account=self.kms_account) if self.kms_account else None
        return self.aws.client(
            kms=kms, credential=lambda: (KEY_ID, SECRET), publish=self.publish, withdraw=self.withdraw
        )

    def elsewhere(self) -> list[dict[str, str]]:
        served = self.aws.world()["route53"]["elsewhere"]
        return [{"name": name, "value": value} for name, value in served]

    def publish(self, record: xkslink.TxtRecord) -> None:
        served = {"name": record.name, "value": record.value}
        others = self.elsewhere()
        if served not in others:
            self.aws.set("elsewhere", [*others, served])

    def withdraw(self, record: xkslink.TxtRecord) -> None:
        self.aws.set("elsewhere", [each for each in self.elsewhere() if each["value"] != record.value])

    def edit(self, words: Mapping[str, Any]) -> None:
        self.document = merge(self.document, words.get("edit", {}))
        for path in words.get("drop", []):
            *outer, last = path.split(".")
            table = at(self.document, ".".join(outer)) if outer else self.document
            table.pop(last, None)

    def deeds(self, deeds: list[dict[str, Any]]) -> None:
        for deed in deeds:
            answer = self.aws.deed(**resolve(deed, self.saved))
            for name, path in deed.get("save", {}).items():
                self.saved[name] = at(answer, path)

    def spec(self) -> xkslink.Connectivity:
        return xkslink.Connectivity.from_dict(resolve(self.document, self.saved))

    def run(self, run: Mapping[str, Any]) -> dict[str, Any]:
        self.edit(run)
        self.deeds(run.get("before", []))
        took: dict[str, Any] = {"events": [], "cut": False}
        try:
            self.act(run, took)
        except xkslink.Cancelled:
            took["cut"] = True
        except xkslink.XksError as error:
            took["report"], took["error"] = error.report, details(error)
        for kept in (took.get("status"), took.get("report")):
            if kept is not None:
                self.saved["ids"] = kept.ids
        self.aws.wait(5)
        return took

    def act(self, run: Mapping[str, Any], took: dict[str, Any]) -> None:
        spec, region = self.spec(), self.spec().region
        target = spec.name if run.get("by_name") else spec
        if run["verb"] == "plan":
            took["plan"] = self.client.plan(spec)
        elif run["verb"] == "status":
            took["status"] = self.client.status(spec)
        elif run["verb"] == "verify":
            named = resolve(run.get("target"), self.saved)
            took["verification"] = self.client.verify(named or target, region=region)
        elif run["verb"] == "apply":
            plan = took["plan"] = self.client.plan(spec)
            self.deeds(run.get("between", []))
            client = self.client
            if run.get("through_json"):
                plan, client = xkslink.Plan.from_json(plan.to_json()), self.new_client()
            self.script(run)
            self.go(client.apply(plan, consent=run.get("consent", [])), took)
        else:
            try:
                took["plan"] = self.client.plan_teardown(target, region=region)
            except xkslink.XksError:
                pass
            self.deeds(run.get("between", []))
            self.script(run)
            self.go(self.client.teardown(target, region=region, consent=run.get("consent", [])), took)

    def script(self, run: Mapping[str, Any]) -> None:
        deeds = [resolve(deed, self.saved) for deed in run.get("during", [])]
        self.aws.during_run(*deeds, on_publish=run.get("on_publish", []), cut_after=run.get("cut"))

    def go(self, started: xkslink.Run, took: dict[str, Any]) -> None:
        took["events"] = [event.to_dict() for event in started.events()]
        took["report"] = started.result()

    def look_again(self, run: Mapping[str, Any]) -> None:
        """Plans as Rust does when a file says what the next plan is."""
        if "next_plan" in run:
            try:
                self.client.plan_teardown(self.spec()) if run["verb"] == "teardown" else self.client.plan(self.spec())
            except errors.XksError:
                pass


def details(error: xkslink.XksError) -> dict[str, Any]:
    names = ("message", "help", "resource", "aws_code", "request_id", "retryable")
    return {"version": 1, "kind": error.kind, **{name: getattr(error, name) for name in names}}


def outcome(name: str, written: Optional[str]) -> Any:
    """What a document says apart from times and ids. The AWS SDK waits for a random time before it repeats a call, so a run in
    which it did takes other times from run to run, in Rust as well, and ids are invented in another order."""
    if written is None:
        return None
    document = json.loads(written)
    if name == "verification":
        return [(check["rule"], check["verdict"]) for check in document["checks"]]
    if name == "status":
        return document["resources"]
    told = [[step["action"], step["resource"], (step.get("error") or {}).get("kind")] for step in document["steps"]]
    return sorted(told, key=str), document.get("outcome", {}).get("status"), document.get("skipped")


def text(document: Optional[Document]) -> Optional[str]:
    return None if document is None else document.to_json()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_the_scenario_brings_what_rust_brings(file: pathlib.Path) -> None:
    recorded = HOME / "target" / "scenarios" / file.parent.name / f"{file.stem}.json"
    assert recorded.exists(), "run `make scenarios` first"
    expected = json.loads(recorded.read_text(encoding="utf-8"))
    scenario = tomllib.loads(file.read_text(encoding="utf-8"))
    assert len(expected) == len(scenario["runs"]), "recorded from another version of the file: run `make scenarios`"
    stage, repeated = Stage(scenario), False
    with stage.aws:
        for number, (run, wanted) in enumerate(zip(scenario["runs"], expected), 1):
            took = stage.run(run)
            repeated = repeated or any(request["error"] for request in stage.aws.requests())
            for name in ("plan", "report", "status", "verification"):
                found = text(took.get(name))
                if repeated:
                    assert outcome(name, found) == outcome(name, wanted[name]), f"run {number}: {name}"
                else:
                    assert found == wanted[name], f"run {number}: {name}"
            error, told = took.get("error") or {}, wanted["error"] or {}
            if repeated:
                same = ("kind", "resource", "aws_code", "retryable")
                assert [error.get(field) for field in same] == [told.get(field) for field in same], f"run {number}"
            else:
                assert error == told, f"run {number}"
                assert took["events"] == wanted["events"], f"run {number}"
            assert took["cut"] == wanted["cut"], f"run {number}"
            assert SECRET not in json.dumps([took["events"], took.get("error")])
            stage.look_again(run)
