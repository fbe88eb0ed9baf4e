"""`python -m xkslink` against a served world: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from conftest import KEY_ID, SECRET, connectivity
import xkslink
from xkslink.testing import ACCOUNT, SimulatedAws

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def aws() -> Iterator[SimulatedAws]:
    # Commands live in real time, so the world does too, and everything in it happens at once.
    with SimulatedAws(instant=True, speed=60, begins_now=True, hosted_zones=["example.com"]) as aws:
        yield aws


@pytest.fixture
def command(aws: SimulatedAws, tmp_path: pathlib.Path) -> Command:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.serve(),
        "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "XKS_KEY_ID": KEY_ID,
        "XKS_SECRET": SECRET,
        "AWS_MAX_ATTEMPTS": "1",
    }
    credential = xkslink.Credential.environment(access_key_id="XKS_KEY_ID", raw_secret_access_key="XKS_SECRET")
    spec = connectivity(key_store=xkslink.KeyStore(path="/payments/kms/xks/v1", credential=credential))
    (tmp_path / "store.toml").write_text(spec.to_toml(), encoding="utf-8")
    manual = spec.replace(domain=xkslink.Domain.manual())
    (tmp_path / "manual.yaml").write_text(manual.to_yaml(), encoding="utf-8")

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "xkslink", *arguments]
        given = {"stdin": subprocess.DEVNULL, **options} if "input" not in options else options
        return subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, **given)

    return run


def test_from_plan_to_teardown(command: Command, aws: SimulatedAws) -> None:
    plan = command("plan", "store.toml", "--out", "plan.json")
    assert plan.returncode == 0 and plan.stdout.startswith("Plan for `payments-hsm`"), plan.stderr
    refused = command("apply", "plan.json")
    assert refused.returncode == 3 and "say --yes" in refused.stderr and aws.census()["vpcs"] == 0
    applied = command("apply", "plan.json", "--yes", "--json")
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["outcome"]["status"] == "complete" and "VPC: created" in applied.stderr
    assert command("status", "store.toml").returncode == 0
    assert command("verify", "store.toml").returncode in (0, 5)
    diagnosed = command("diagnose", "store.toml", "--told", "XKS_PROXY_NOT_REACHABLE")
    assert diagnosed.returncode == 5 and diagnosed.stdout.startswith("Diagnosis of `payments-hsm`")
    wants = command("teardown", "payments-hsm", "--region", "eu-central-1", "--yes")
    assert wants.returncode == 3 and "disconnect" in wants.stderr
    gone = command("teardown", "payments-hsm", "--region", "eu-central-1", "--yes", "--consent", "disconnect")
    assert gone.returncode == 0 and aws.census()["vpcs"] == 0, gone.stderr


def test_a_record_to_publish_is_waited_for(command: Command) -> None:
    waiting = command("apply", "manual.yaml", "--yes")
    assert waiting.returncode == 4 and "IN TXT" in waiting.stdout, waiting.stderr


def test_ends_that_are_not_well(command: Command, aws: SimulatedAws, tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.toml").write_text("version = 1\nlinke = 1\n", encoding="utf-8")
    broken = command("plan", "broken.toml")
    assert broken.returncode == 2 and "linke" in broken.stderr and "network" in broken.stderr
    assert command("plan", "nowhere.toml").returncode == 2
    assert command("plan").returncode == 2
    aws.fault("deny", on="DescribeTags", times=99)
    denied = command("plan", "store.toml")
    assert denied.returncode == 1 and "ec2:DescribeTags" in denied.stderr
    aws.fault("none")
    aws.fault("throttle", times=9999)
    throttled = command("plan", "store.toml")
    assert throttled.returncode == 6 and "wait a little" in throttled.stderr, throttled.stderr


def test_what_needs_no_aws(command: Command) -> None:
    assert json.loads(command("schema").stdout)["title"] == "Connectivity"
    assert "steps" in json.loads(command("schema", "plan").stdout)["properties"]
    unknown = command("schema", "plans")
    assert unknown.returncode == 2 and "`plans` is no sort of documents" in unknown.stderr and "`plan`" in unknown.stderr
    told = command("diagnose", "--told", "-", "--json", input="XKS_PROXY_INVALID_TLS_CONFIGURATION")
    assert told.returncode == 5 and json.loads(told.stdout)["causes"]
    assert "exit codes" in command("--help").stdout and "--consent" in command("apply", "--help").stdout


def test_a_shell_completes_it(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("argcomplete")

    def completions(line: str) -> set[str]:
        said = tmp_path / "said"
        asking = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(said)}
        environment = {**os.environ, **asking, "_ARGCOMPLETE_IFS": "\n"}
        command = [str(pathlib.Path(sys.executable).with_name("xkslink"))]
        subprocess.run(command, env=environment, check=True, timeout=90)
        return {word.strip() for word in said.read_text(encoding="utf-8").split("\n")}

    assert {"diagnose"} <= completions("xkslink di") <= {"diagnose", ""}
    assert {"replace", "delete", "disconnect", "despite_rules"} <= completions("xkslink apply --consent ")


def test_a_world_is_served_until_interrupted() -> None:
    call = [sys.executable, "-m", "xkslink", "simulate", "--port", "0", "--hosted-zone", "example.com"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            url = served.stdout.readline().split("AWS_ENDPOINT_URL=")[1].split()[0]
            keys = {"AccessKeyId": f"AKIA{ACCOUNT}", "SecretAccessKey": "simulated"}
            client = xkslink.Client(endpoint_url=url, credentials=lambda: keys)
            assert client.plan(connectivity()).steps
            served.send_signal(signal.SIGINT)
            assert served.wait(10) == 0
        finally:
            served.kill()  # or what fails above is never told: Popen waits for the end
