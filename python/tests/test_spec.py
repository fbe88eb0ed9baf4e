"""Objects of a spec: checked by the library, frozen, compared, copied, pickled and shown without secrets."""

from __future__ import annotations

import ipaddress
import pathlib
import pickle
import subprocess
import sys

import pytest

import xkslink
from conftest import KEY_ID, SECRET, connectivity

HOME = pathlib.Path(__file__).parent.parent
DOCUMENTS = HOME.parent / "examples" / "documents"


def with_secret() -> xkslink.Connectivity:
    credential = xkslink.Credential.value(access_key_id=KEY_ID, raw_secret_access_key=SECRET)
    return connectivity(key_store=xkslink.KeyStore(path="/kms/xks/v1", credential=credential))


def test_the_objects_are_those_of_the_schema() -> None:
    subprocess.run([sys.executable, str(HOME / "generate.py"), "--check"], check=True)


def test_all_problems_come_at_once() -> None:
    with pytest.raises(xkslink.InvalidSpec) as raised:
        connectivity(name="", region="nowhere", proxy=xkslink.Proxy(addresses=["8.8.8.8"]))
    assert isinstance(raised.value, ValueError) and isinstance(raised.value, xkslink.XksError)
    fields = {problem["field"] for problem in raised.value.problems}
    assert {"name", "region", "proxy.addresses", "proxy.addresses[0]"} <= fields, raised.value
    assert all(problem["help"] for problem in raised.value.problems)


def test_a_value_of_the_wrong_type_is_named() -> None:
    with pytest.raises(xkslink.InvalidSpec, match="proxy.port: is a text, not a whole number"):
        connectivity(proxy=xkslink.Proxy(addresses=["10.0.8.10", "10.0.8.11"], port="443"))  # type: ignore[arg-type]
    with pytest.raises(xkslink.InvalidSpec, match="name: is of the type `object`"):
        connectivity(name=object())
    with pytest.raises(TypeError, match="adresses"):
        xkslink.Proxy(adresses=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_defaults_are_written_out_by_the_library() -> None:
    spec = connectivity()
    assert (spec.proxy.port, spec.key_store and spec.key_store.name) == (443, "payments-hsm")
    assert spec.data_center == ("10.0.0.0/16",)


def test_addresses_may_be_of_ipaddress() -> None:
    proxy = xkslink.Proxy(addresses=[ipaddress.IPv4Address("10.0.8.10"), ipaddress.IPv4Address("10.0.8.11")])
    network = xkslink.Network.create(cidr=ipaddress.IPv4Network("10.60.0.0/24"))
    assert connectivity(proxy=proxy, network=network) == connectivity()


def test_specs_are_frozen_compared_and_copied() -> None:
    spec = connectivity()
    with pytest.raises(AttributeError, match="replace"):
        spec.name = "other"
    other = spec.replace(name="other", tags={"team": "payments"})
    assert other != spec and other.replace(name="payments-hsm", tags=None) == spec
    assert spec == connectivity() and hash(spec) == hash(connectivity())
    assert xkslink.Domain.manual() != xkslink.Link.none()
    with pytest.raises(xkslink.InvalidSpec):
        spec.replace(region="nowhere")


@pytest.mark.parametrize("form", ["json", "toml", "yaml"])
def test_a_spec_comes_back_from_every_form(form: str) -> None:
    spec = connectivity(tags={"team": "payments"})
    text = getattr(spec, f"to_{form}")()
    assert getattr(xkslink.Connectivity, f"from_{form}")(text) == spec
    assert xkslink.Connectivity.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize("file", sorted(DOCUMENTS.iterdir()), ids=lambda file: file.name)
def test_sample_documents_are_read(file: pathlib.Path) -> None:
    spec = xkslink.Connectivity.from_file(file)
    assert xkslink.Connectivity.from_dict(spec.to_dict()) == spec


def test_a_secret_is_kept_and_never_shown() -> None:
    spec = with_secret()
    assert spec.key_store is not None and spec.key_store.credential.raw_secret_access_key == SECRET
    shown = [repr(spec), str(spec), spec.to_json(), spec.to_toml(), spec.to_yaml(), str(spec.key_store.to_dict())]
    assert not any(SECRET in text for text in shown)
    assert SECRET.encode() not in pickle.dumps(spec)
    assert xkslink.Connectivity.from_dict({**spec.to_dict(), "key_store": {
        "path": "/kms/xks/v1",
        "credential": {"type": "value", "access_key_id": KEY_ID, "raw_secret_access_key": SECRET},
    }}) == spec
    assert spec.replace(name="other").key_store == spec.key_store.replace(name="payments-hsm")


def test_a_pickled_spec_is_the_same_but_for_the_secret(client: xkslink.Client) -> None:
    assert pickle.loads(pickle.dumps(connectivity(tags={"a": "b"}))) == connectivity(tags={"a": "b"})
    without = pickle.loads(pickle.dumps(with_secret()))
    with pytest.raises(xkslink.InvalidSpec, match="put the secret back"):
        client.plan(without)
    credential = xkslink.Credential.value(access_key_id=KEY_ID, raw_secret_access_key=SECRET)
    assert without.replace(key_store=without.key_store.replace(credential=credential)) == with_secret()


def test_policies_for_reading() -> None:
    roles = [policy["role"] for policy in connectivity().policies("verify")]
    assert "network" in roles
