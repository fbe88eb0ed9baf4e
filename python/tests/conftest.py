"""What the tests share: a spec, and clients of a simulated AWS."""

from __future__ import annotations

import signal
from typing import Any, Callable

import pytest

import xkslink
from xkslink.testing import SimulatedAws

KEY_ID = "ABCDEFGHIJKLMNOPQRSTUVWX"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="

# A shell that runs the tests in the background makes them ignore ctrl-C, and with them the programs that they start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)


def connectivity(**changes: Any) -> xkslink.Connectivity:
    fields: dict[str, Any] = {
        "name": "payments-hsm",
        "region": "eu-central-1",
        "network": xkslink.Network.create(cidr="10.60.0.0/24"),
        "data_center": ["10.0.0.0/16"],
        "link": xkslink.Link.vpn_gateway(),
        "proxy": xkslink.Proxy(addresses=["10.0.8.10", "10.0.8.11"]),
        "private_dns_name": "xks.payments.example.com",
        "domain": xkslink.Domain.route53(),
        "key_store": xkslink.KeyStore(path="/payments/kms/xks/v1", credential=xkslink.Credential.callback()),
        **changes,
    }
    return xkslink.Connectivity(**fields)


@pytest.fixture
def spec() -> xkslink.Connectivity:
    return connectivity()


@pytest.fixture
def client(simulated_aws: SimulatedAws) -> xkslink.Client:
    return simulated_aws.client(credential=lambda: (KEY_ID, SECRET))


@pytest.fixture
def make(client: xkslink.Client) -> Callable[[xkslink.Connectivity], xkslink.Report]:
    """Makes a store."""
    return lambda spec: client.apply(client.plan(spec)).result()
