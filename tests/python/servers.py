"""The programs under test, and the two simulated AWS: ours over HTTP, and moto. Loopback and free ports only."""

import json
import logging
import os
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


def program(name: str, profile: str = "debug") -> Path:
    """A binary that cargo has built; the Makefile builds them before it starts Python."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    path = target / profile / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `make build`")
    return path


@contextmanager
def simulator(*options: str, profile: str = "debug") -> Iterator[str]:
    """The address of a running simulator. It stops when its standard input closes, so also when we are killed."""
    command = [program("xkslink-simulator", profile), "--listen", "127.0.0.1:0", "--stop-with-stdin", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        announced = process.stdout.readline()
        yield re.search(r"http://[\d.]+:\d+", announced).group()
        process.stdin.close()
        process.wait(timeout=30)


def look(address: str, what: str) -> Any:
    """What the simulator tells under `/_`: `requests`, `census`, `world`."""
    with urllib.request.urlopen(f"{address}/_{what}") as answer:
        return json.load(answer)


def meddle(address: str, deed: dict[str, Any]) -> Any:
    """Does what somebody else does, or what goes wrong. `docs/simulator.md` has the vocabulary."""
    with urllib.request.urlopen(f"{address}/_deeds", data=json.dumps(deed).encode()) as answer:
        return json.load(answer)


def requests_of(address: str) -> list[dict[str, Any]]:
    """The simulator's request log."""
    return look(address, "requests")


@contextmanager
def moto() -> Iterator[str]:
    """The address of an empty moto, served by a thread of this process."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    # All moto servers of a process share one world.
    urllib.request.urlopen(f"{address}/moto-api/reset", data=b"").close()
    yield address
    server.shutdown()


def environment(address: str, account: str = "111122223333") -> dict[str, str]:
    """What every AWS tool reads. The simulators take the account from the access key."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": f"AKIA{account}",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
