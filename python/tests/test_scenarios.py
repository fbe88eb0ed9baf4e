"""The shared scenarios from Python: the same bytes as from Rust, which wrote its documents to target/scenarios."""

from __future__ import annotations

import json
import pathlib
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

from words import FILES, at, base, edited, recorded, resolve


class Stage:
    """The world of a scenario, and who is in it."""

    def __init__(self, scenario: Mapping[str, Any]) -> None:
        self.aws = SimulatedAws(hosted_zones=scenario.get("hosted_zones", ["example.com"]))
        self.kms_account = scenario.get("kms_account")
        self.client = self.new_client()
        self.saved: dict[str, Any] = {}
        self.document = base(scenario["spec"])
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
        self.document = edited(self.document, words)

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
    broken = {"broken": error.broken} if error.broken else {}
    return {"version": 1, "kind": error.kind, **{name: getattr(error, name) for name in names}, **broken}


def text(document: Optional[Document]) -> Optional[str]:
    return None if document is None else document.to_json()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_the_scenario_brings_what_rust_brings(file: pathlib.Path) -> None:
    assert recorded(file).exists(), "run `make scenarios` first"
    expected = json.loads(recorded(file).read_text(encoding="utf-8"))
    scenario = tomllib.loads(file.read_text(encoding="utf-8"))
    assert len(expected) == len(scenario["runs"]), "recorded from another version of the file: run `make scenarios`"
    stage = Stage(scenario)
    with stage.aws:
        for number, (run, wanted) in enumerate(zip(scenario["runs"], expected), 1):
            took = stage.run(run)
            for name in ("plan", "report", "status", "verification"):
                assert text(took.get(name)) == wanted[name], f"run {number}: {name}"
            assert took.get("error") == wanted["error"], f"run {number}"
            assert took["events"] == wanted["events"], f"run {number}"
            assert took["cut"] == wanted["cut"], f"run {number}"
            assert SECRET not in json.dumps([took["events"], took.get("error")])
            stage.look_again(run)
