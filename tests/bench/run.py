"""xkslink beside a boto3 script: from nothing to a permitted endpoint service, a check that finds all done, and back.

Over HTTP on loopback, signed and parsed, 50 ms added to every call, and a cloud that provisions at once: so the numbers
are the tools' own. Median of five rounds, each in a fresh cloud. `--debug` measures a debug build, for a quick look.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "python"))

import boto3  # noqa: E402
import servers  # noqa: E402

ROUNDS = 5
LATENCY = ["--instant", "--latency-ms", "50", "--speed", "1"]

SPEC = """
version = 1
name = "xkslink"
region = "eu-central-1"
private_dns_name = "xkslink.example.com"
data_center = ["10.0.0.0/16"]
domain = { type = "route53" }
# Like the script, it finds the way to the data centre there already.
link = { type = "routed" }

[network]
type = "create"
cidr = "10.60.0.0/24"

[proxy]
addresses = ["10.0.8.10", "10.0.8.11"]
"""


class Cost(NamedTuple):
    wall: float
    cpu: float
    peak: float
    calls: float


# Phase -> what we want to stay below. A teardown takes the calls it takes.
REACH = {
    "create": Cost(0.70, 0.05, 20, 26),
    "check": Cost(0.25, 0.05, 20, 16),
    "teardown": Cost(0.45, 0.05, 20, float("nan")),
}


def main() -> None:
    profile = "debug" if "--debug" in sys.argv else "release"
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as spec:
        spec.write(SPEC)
        spec.flush()
        xkslink = str(servers.program("from_document", profile))
        verbs = {"create": "apply", "check": "plan", "teardown": "teardown"}
        tools = {
            "xkslink": {phase: [xkslink, verb, spec.name] for phase, verb in verbs.items()},
            "boto3": {phase: [sys.executable, str(HERE / "by_hand.py"), phase] for phase in verbs},
        }
        rounds = [one_round(tools, profile) for _ in range(ROUNDS)]
    print(f"{'':10}{'':9}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'calls':>7}")
    for phase, reach in REACH.items():
        for tool in tools:
            row(phase, tool, Cost(*map(median, zip(*(each[tool, phase] for each in rounds)))))
        row(phase, "reach", reach)


def one_round(tools: dict[str, dict[str, list[str]]], profile: str) -> dict[tuple[str, str], Cost]:
    """Each tool through all phases, in one cloud."""
    with servers.simulator(*LATENCY, profile=profile) as address:
        environment = servers.environment(address)
        session = boto3.Session("AKIA111122223333", "simulated", region_name="eu-central-1")
        session.client("route53", endpoint_url=address).create_hosted_zone(Name="example.com", CallerReference="bench")
        return {
            (tool, phase): measure(command, address, environment)
            for tool, phases in tools.items()
            for phase, command in phases.items()
        }


def measure(command: list[str], address: str, environment: dict[str, str]) -> Cost:
    before = len(servers.requests_of(address))
    # -I and -S: without site packages the measuring process stays small.
    measured = [sys.executable, "-I", "-S", str(HERE / "measure.py"), *command]
    run = subprocess.run(measured, env=environment, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    wall, cpu, peak = map(float, run.stdout.splitlines()[-1].split())
    return Cost(wall, cpu, peak, len(servers.requests_of(address)) - before)


def row(phase: str, tool: str, cost: Cost) -> None:
    calls = "" if cost.calls != cost.calls else f"{cost.calls:.0f}"
    print(f"{phase:10}{tool:9}{cost.wall:8.2f}{cost.cpu:8.3f}{cost.peak:9.1f}{calls:>7}")


if __name__ == "__main__":
    main()
