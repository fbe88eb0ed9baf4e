"""What the Python package costs: importing it beside boto3, crossing into it, its wheel, and the memory of an apply.

    python tests/bench/package.py             a release build, as it is shipped
    python tests/bench/package.py --debug     the installed build, for a quick look

Medians of several fresh processes. Importing is measured twice: the bare package, and with a client, which loads the native
library.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HOME = Path(__file__).resolve().parents[2]
ROUNDS = 9

IMPORTS = {
    "import xkslink": ("import xkslink", 25.0),
    "the same, and a Client": ("import xkslink; xkslink.Client(region='eu-central-1')", None),
    "boto3 and three clients": (
        "import boto3\nfor name in ('ec2', 'elbv2', 'kms'): boto3.client(name, region_name='eu-central-1')",
        None,
    ),
}

CROSSING = """
import json, time
from xkslink.testing import SimulatedAws
with SimulatedAws(instant=True) as aws:
    aws.now
    began = time.perf_counter()
    for _ in range(10_000): aws.now
    print(json.dumps((time.perf_counter() - began) / 10_000 * 1e6))
"""

APPLY = """
import json, resource, sys
import xkslink
client = xkslink.Client(endpoint_url=sys.argv[1], credential=lambda: ("ABCDEFGHIJKLMNOPQRSTUVWX", "B" * 43),
    credentials=lambda: {"AccessKeyId": "AKIA111122223333", "SecretAccessKey": "simulated"})
spec = xkslink.Connectivity.from_file(sys.argv[2])
report = client.apply(client.plan(spec)).result()
assert report.complete
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""

SPEC = """
version = 1
name = "payments-hsm"
region = "eu-central-1"
private_dns_name = "xks.payments.example.com"
data_center = ["10.0.0.0/16"]
domain = { type = "route53" }
link = { type = "vpn_gateway" }
network = { type = "create", cidr = "10.60.0.0/24" }
proxy = { addresses = ["10.0.8.10", "10.0.8.11"] }
key_store = { path = "/kms/xks/v1", credential = { type = "callback" } }
"""


def run(python: str, code: str, *arguments: str) -> str:
    done = subprocess.run([python, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def import_time(python: str, code: str) -> float:
    """Milliseconds of the code itself; starting Python is not in it."""
    timed = f"import time; began = time.perf_counter()\n{code}\nprint((time.perf_counter() - began) * 1e3)"
    return median(float(run(python, timed)) for _ in range(ROUNDS))


def row(what: str, value: str, reach: str = "") -> None:
    print(f"| {what} | {value} | {reach} |")


def release_build(folder: str) -> tuple[str, float]:
    """An environment with the release wheel and boto3; the size of the wheel in MB."""
    maturin = Path(sys.executable).with_name("maturin")
    manifest = str(HOME / "python" / "Cargo.toml")
    subprocess.run([maturin, "build", "--release", "--locked", "-q", "-m", manifest, "--out", folder], check=True)
    (wheel,) = Path(folder).glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
    python = f"{folder}/venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel, "boto3==1.44.5"], check=True)
    return python, wheel.stat().st_size / 1e6


def main() -> None:
    debug = "--debug" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        python, size = (sys.executable, None) if debug else release_build(folder)
        print(f"Python {sys.version.split()[0]}, {'debug' if debug else 'release'} build\n")
        print("| what | measured | reach |\n| --- | --- | --- |")
        times = {what: import_time(python, code) for what, (code, _) in IMPORTS.items()}
        for what, (_, reach) in IMPORTS.items():
            row(what, f"{times[what]:.1f} ms", "" if reach is None else f"{reach:.0f} ms")
        share = times["boto3 and three clients"] / times["import xkslink"]
        row("boto3 and three clients, times import xkslink", f"{share:.0f}", "10")
        row("a call that does nothing", f"{json.loads(run(python, CROSSING)):.1f} µs")
        if size is not None:
            row("wheel", f"{size:.1f} MB", "12 MB")
        spec = Path(folder) / "store.toml"
        spec.write_text(SPEC, encoding="utf-8")
        serve = [python, "-m", "xkslink", "simulate", "--port", "0", "--speed", "600", "--hosted-zone", "example.com"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as world:
            assert world.stdout is not None
            url = world.stdout.readline().split("AWS_ENDPOINT_URL=")[1].split()[0]
            row("peak memory of a process that applies", f"{json.loads(run(python, APPLY, url, str(spec))):.0f} MB", "40 MB")
            world.terminate()


if __name__ == "__main__":
    main()
