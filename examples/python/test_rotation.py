"""How code of your own is tested: the fixture `simulated_aws` comes with the package."""

from __future__ import annotations

import pytest

import xkslink
from rotation import rotate
from xkslink.testing import SimulatedAws

OLD = ("ABCDEFGHIJKLMNOPQRSTUVWX", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==")
NEW = ("ZYXWVUTSRQPONMLKJIHGFEDC", "bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldy1zZWNyZXQtbmV3LQ==")


def key_store(credential: tuple[str, str]) -> xkslink.KeyStore:
    key_id, secret = credential
    value = xkslink.Credential.value(access_key_id=key_id, raw_secret_access_key=secret)
    return xkslink.KeyStore(path="/kms/xks/v1", credential=value)


def spec(**changes: object) -> xkslink.Connectivity:
    whole = xkslink.Connectivity(
        name="payments-hsm",
        region="eu-central-1",
        network=xkslink.Network.create(cidr="10.60.0.0/24"),
        data_center=["10.0.0.0/16"],
        link=xkslink.Link.vpn_gateway(),
        proxy=xkslink.Proxy(addresses=["10.0.8.10", "10.0.8.11"]),
        private_dns_name="xks.payments.example.com",
        domain=xkslink.Domain.route53(),
        key_store=key_store(OLD),
    )
    return whole.replace(**changes)


@pytest.fixture
def client(simulated_aws: SimulatedAws) -> xkslink.Client:
    """A client of a world in which the store is made."""
    client = simulated_aws.client()
    client.apply(client.plan(spec())).result()
    return client


def test_a_new_credential_reaches_kms(client: xkslink.Client, simulated_aws: SimulatedAws) -> None:
    assert rotate(client, spec(key_store=key_store(NEW)))
    (store,) = simulated_aws.boto3_client("kms").describe_custom_key_stores()["CustomKeyStores"]
    assert store["ConnectionState"] == "CONNECTED"
    assert store["XksProxyConfiguration"]["AccessKeyId"] == NEW[0]


def test_nothing_else_is_changed(client: xkslink.Client) -> None:
    proxy = xkslink.Proxy(addresses=["10.0.8.10", "10.0.8.12"])
    with pytest.raises(RuntimeError, match="more than the credential differs"):
        rotate(client, spec(key_store=key_store(NEW), proxy=proxy))
