"""The examples, run as users run them, against a simulated AWS."""

from __future__ import annotations

import asyncio
import os
import pathlib
import subprocess
import sys

import pytest

import automation
import service
import xkslink
from test_rotation import OLD, key_store, spec
from xkslink.testing import ACCOUNT, SimulatedAws

HOME = pathlib.Path(__file__).parent


def write(path: pathlib.Path, **changes: object) -> str:
    callback = xkslink.KeyStore(path="/kms/xks/v1", credential=xkslink.Credential.callback())
    path.write_text(spec(**{"key_store": callback, **changes}).to_toml(), encoding="utf-8")
    return str(path)


def test_the_automation_script(
    simulated_aws: SimulatedAws, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = simulated_aws.client(credential=lambda: OLD)
    store = write(tmp_path / "store.toml")
    assert automation.main(store, client) == 0 and "complete" in capsys.readouterr().out
    assert automation.main(store, client) == 0 and "as it should be" in capsys.readouterr().out
    moved = write(tmp_path / "moved.toml", network=xkslink.Network.create(cidr="10.61.0.0/24"))
    assert automation.main(moved, client) == 3 and "agree to replace" in capsys.readouterr().out
    (tmp_path / "broken.toml").write_text("version = 1\n", encoding="utf-8")
    assert automation.main(str(tmp_path / "broken.toml"), client) == 2
    simulated_aws.fault("deny", on="CreateVpc")
    other = write(tmp_path / "other.toml", name="other", private_dns_name="other.payments.example.com")
    assert automation.main(other, client) == 1 and "ec2:CreateVpc" in capsys.readouterr().out


def test_the_service(simulated_aws: SimulatedAws) -> None:
    def numbered(n: int) -> xkslink.Connectivity:
        own = key_store(OLD).replace(name=f"store-{n}")
        return spec(name=f"store-{n}", private_dns_name=f"xks{n}.payments.example.com", key_store=own)

    specs = [numbered(n) for n in range(3)]

    async def main() -> None:
        keeper = service.Keeper(simulated_aws.async_client(), specs)
        assert set((await keeper.once()).values()) == {"complete"}
        assert set((await keeper.once()).values()) == {"as wanted"}
        keeping = asyncio.ensure_future(keeper.forever(3600))
        await asyncio.sleep(0.5)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping

    asyncio.run(main())


def test_manual_dns_in_two_processes(tmp_path: pathlib.Path) -> None:
    # The processes live in real time, so the world does too, and everything in it happens at once.
    simulated_aws = SimulatedAws(instant=True, speed=60, begins_now=True)
    credential = xkslink.Credential.environment(access_key_id="XKS_KEY_ID", raw_secret_access_key="XKS_SECRET")
    key_store = xkslink.KeyStore(path="/kms/xks/v1", credential=credential)
    path = write(tmp_path / "store.toml", domain=xkslink.Domain.manual(), key_store=key_store)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": simulated_aws.serve(),
        "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "XKS_KEY_ID": OLD[0],
        "XKS_SECRET": OLD[1],
    }

    def half(name: str) -> str:
        call = [sys.executable, str(HOME / "manual_dns.py"), name, path]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    record = half("begin")
    name, value = record.split(". ")[0], record.split('"')[1]
    simulated_aws.set("elsewhere", [{"name": name, "value": value}])
    assert half("finish") == "complete"


def test_the_notebook_is_executed() -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(HOME / "notebook.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = {cell["id"]: cell["outputs"][0]["data"] for cell in notebook.cells if cell.get("outputs")}
    assert set(shown) == {"plan", "apply", "verify", "blocking"}
    assert "<svg" in shown["plan"]["text/html"] and "<svg" in shown["apply"]["text/html"]
    assert "Verification" in shown["verify"]["text/html"] and "Diagnosis" in shown["blocking"]["text/html"]
