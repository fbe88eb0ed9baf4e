"""The simulated AWS as users of the package have it: boto3 in the same world, faults, time, people, a proxy."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

import xkslink
from conftest import KEY_ID, SECRET, connectivity
from xkslink import errors, progress
from xkslink.testing import SimulatedAws


def test_boto3_sees_what_was_made(
    client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws
) -> None:
    ec2, kms = simulated_aws.boto3_client("ec2"), simulated_aws.boto3_client("kms")
    assert ec2.describe_vpcs()["Vpcs"] == []
    report = client.apply(client.plan(spec)).result()
    assert [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [report.ids["vpc"]]
    (store,) = kms.describe_custom_key_stores()["CustomKeyStores"]
    assert (store["CustomKeyStoreId"], store["ConnectionState"]) == (report.ids["key_store"], "CONNECTED")
    kms.disconnect_custom_key_store(CustomKeyStoreId=store["CustomKeyStoreId"])
    simulated_aws.wait(600)
    assert not client.status(spec).as_wanted


def test_faults_and_time(client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    simulated_aws.fault("refuse", on="CreateVpc", code="VpcLimitExceeded")
    with pytest.raises(errors.LimitExceeded):
        client.apply(client.plan(spec)).result()
    simulated_aws.reset()
    before = simulated_aws.now
    simulated_aws.wait(60)
    assert simulated_aws.now >= before + 60
    simulated_aws.allow("111122223333", {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}],
    })
    with pytest.raises(errors.AccessDenied):
        client.plan(spec)
    with pytest.raises(errors.InvalidArgument, match="fault"):
        simulated_aws.fault("earthquake")


def test_a_person_publishes_the_record(client: xkslink.Client, simulated_aws: SimulatedAws) -> None:
    spec = connectivity(domain=xkslink.Domain.manual(wait=True))
    plan = client.plan(spec)
    simulated_aws.publishes_records()
    run = client.apply(plan)
    records = [event.record for event in run.events() if event.record]
    assert run.result().complete and records and "IN TXT" in str(records[0])


def test_something_happens_during_a_run(
    client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws
) -> None:
    plan = client.plan(spec)
    simulated_aws.during_run({"at": 60, "fault": "throttle", "on": "CreateListener", "times": 2})
    client.apply(plan).result()
    throttled = [request for request in simulated_aws.requests() if request["error"] and "hrottl" in request["error"]]
    assert len(throttled) == 2


def test_a_proxy_is_probed(simulated_aws: SimulatedAws) -> None:
    proxy = simulated_aws.start_proxy()
    spec = connectivity(private_dns_name="xks.example.com")
    client = simulated_aws.client(credential=lambda: (KEY_ID, SECRET))
    report = client.probe(
        spec,
        addresses=[proxy["address"]],
        trusted_roots=proxy["root"],
        name_servers=[simulated_aws.start_dns()],
        timeout_seconds=5,
    )
    assert proxy["address"] in report.to_json() and str(report)


def test_a_proxy_is_probed_before_anything_is_built(simulated_aws: SimulatedAws) -> None:
    proxy = simulated_aws.start_proxy()
    asked: dict[str, Any] = {
        "region": "eu-central-1",
        "addresses": [proxy["address"]],
        "trusted_roots": proxy["root"],
        "health_check": xkslink.HealthCheck(type="https", path="/ping"),
        "without": ["dns"],
        "timeout_seconds": 5,
    }
    credential: dict[str, Any] = {"path": "/kms/xks/v1", "access_key_id": KEY_ID, "raw_secret_access_key": SECRET}
    report = xkslink.Client.probe_name("xks.example.com", **asked, **credential)
    awaited = asyncio.run(xkslink.AsyncClient.probe_name("xks.example.com", **asked, **credential))
    for each in (report, awaited):
        assert proxy["address"] in each.to_json() and SECRET not in each.to_json()
    with pytest.raises(errors.InvalidArgument, match="raw_secret_access_key: is missing"):
        xkslink.Client.probe_name("xks.example.com", region="eu-central-1", path="/kms/xks/v1", access_key_id=KEY_ID)
    with pytest.raises(errors.InvalidArgument, match="path"):
        xkslink.Client.probe_name("xks.example.com", **{**asked, "health_check": xkslink.HealthCheck(type="https")})


def test_lines_are_shown_where_there_is_no_terminal(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    shown = io.StringIO()
    with progress.rich(shown) as show:
        client.apply(client.plan(spec), on_event=show).result()
    assert "VPC: created" in shown.getvalue() and "complete" in shown.getvalue()


def test_a_live_view_in_a_terminal(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    pytest.importorskip("rich")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    with progress.rich(shown) as show:
        assert isinstance(show, progress.Live)
        client.apply(client.plan(spec), on_event=show).result()
    assert "VPC: created" in shown.getvalue()
