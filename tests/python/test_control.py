"""The control of a served simulator, as programs in any language use it: one test for each word."""

import json
import time
import urllib.error
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

import servers
from aws import Aws, refused
from servers import look, meddle


def create_vpc(aws: Aws) -> str:
    return aws.ec2.create_vpc(CidrBlock="10.60.0.0/24")["Vpc"]["VpcId"]


def test_a_call_of_somebody_else_is_answered_and_not_logged(simulator: str, aws: Aws) -> None:
    made = meddle(simulator, {"call": "ec2:CreateVpc", "input": {"CidrBlock": "10.61.0.0/24"}, "account": aws.account})
    assert [vpc["VpcId"] for vpc in aws.ec2.describe_vpcs()["Vpcs"]] == [made["vpc"]["vpcId"]]
    assert [request["operation"] for request in look(simulator, "requests")] == ["DescribeVpcs"]


def test_the_log_tells_parameters_and_endings(simulator: str, aws: Aws) -> None:
    create_vpc(aws)
    with refused("InvalidVpcID.NotFound"):
        aws.ec2.describe_vpcs(VpcIds=["vpc-1"])
    first, second = look(simulator, "requests")
    assert (first["service"], first["operation"], first["account"]) == ("ec2", "CreateVpc", aws.account)
    assert first["input"]["CidrBlock"] == "10.60.0.0/24"
    assert first["error"] is None
    assert second["error"] == "InvalidVpcID.NotFound"
    assert first["sent"] <= second["sent"] <= second["answered"]


def test_the_census_counts_and_the_world_shows(simulator: str, aws: Aws) -> None:
    vpc = create_vpc(aws)
    assert look(simulator, "census")["vpcs"] == 1
    world = look(simulator, "world")
    assert [each["id"] for each in world["ec2"]["vpcs"]] == [vpc]
    assert world["began"] <= world["now"]


def test_the_world_holds_no_secret(simulator: str, aws: Aws) -> None:
    store = {
        "CustomKeyStoreName": "store",
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConnectivity": "PUBLIC_ENDPOINT",
        "XksProxyUriEndpoint": "https://xks.example.com",
        "XksProxyUriPath": "/kms/xks/v1",
        "XksProxyAuthenticationCredential": {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "c2Vj" * 12},
    }
    aws.kms.create_custom_key_store(**store)
    world = json.dumps(look(simulator, "world"))
    assert "ABCDEFGHIJKLMNOPQRST" in world
    assert "c2Vj" not in world + json.dumps(look(simulator, "requests"))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "throttle"}, "RequestLimitExceeded"),
        ({"fault": "server_error"}, "InternalError"),
        ({"fault": "deny"}, "UnauthorizedOperation"),
        ({"fault": "refuse", "code": "VpcLimitExceeded"}, "VpcLimitExceeded"),
    ],
)
def test_a_fault_hits_the_calls_that_it_names(simulator: str, aws: Aws, fault: dict[str, Any], code: str) -> None:
    meddle(simulator, fault | {"on": "CreateVpc", "skip": 1, "times": 1})
    create_vpc(aws)
    with refused(code):
        create_vpc(aws)
    create_vpc(aws)


@pytest.mark.parametrize(("fault", "effect"), [("drop_before", 0), ("drop_after", 1)])
def test_a_connection_breaks_before_or_after_the_effect(simulator: str, aws: Aws, fault: str, effect: int) -> None:
    meddle(simulator, {"fault": fault, "on": "CreateVpc"})
    with pytest.raises(ConnectionClosedError):
        create_vpc(aws)
    assert look(simulator, "census")["vpcs"] == effect


def test_an_answer_lacks_a_member_or_is_garbage(simulator: str, aws: Aws) -> None:
    meddle(simulator, {"fault": "without", "on": "CreateVpc", "member": "vpcId"})
    assert "VpcId" not in aws.ec2.create_vpc(CidrBlock="10.60.0.0/24")["Vpc"]
    meddle(simulator, {"fault": "garbage", "on": "DescribeVpcs"})
    with pytest.raises(Exception, match="syntax error|not well-formed|invalid"):
        aws.ec2.describe_vpcs()


def test_faults_at_random_hit_a_share_until_they_end(simulator: str, aws: Aws) -> None:
    meddle(simulator, {"fault": "random", "rate": 1.0, "seed": 7})
    with pytest.raises((ClientError, ConnectionClosedError)):
        create_vpc(aws)
    meddle(simulator, {"fault": "none"})
    create_vpc(aws)


def test_a_policy_allows_what_it_says_and_nothing_else(simulator: str, aws: Aws) -> None:
    statement = {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}
    meddle(simulator, {"allow": aws.account, "policy": {"Version": "2012-10-17", "Statement": [statement]}})
    aws.ec2.describe_vpcs()
    with refused("UnauthorizedOperation"):
        create_vpc(aws)


def test_a_lever_changes_the_world(simulator: str, aws: Aws) -> None:
    meddle(simulator, {"set": "vpc_quota", "to": 0})
    with refused("VpcLimitExceeded"):
        create_vpc(aws)


def test_time_passes_at_once() -> None:
    # In a world in real time, where a VPC takes a second and shows about as late.
    with servers.simulator("--speed", "1", "--latency-ms", "0") as address:
        meddle(address, {"set": "timings.vpc", "to": 86400})
        aws = Aws(address, "111122223333")
        vpc = create_vpc(aws)
        meddle(address, {"wait": 3600})
        state = lambda: aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"]  # noqa: E731
        assert state() == "pending"
        meddle(address, {"wait": 86400})
        assert state() == "available"


def test_a_new_object_shows_late_unless_the_world_is_strict() -> None:
    # A lag that no machine is too slow for.
    with servers.simulator("--speed", "1", "--latency-ms", "0") as address:
        meddle(address, {"set": "timings.consistency", "to": 600})
        aws = Aws(address, "111122223333")
        vpc = create_vpc(aws)
        assert aws.ec2.describe_vpcs()["Vpcs"] == []
        with refused("InvalidVpcID.NotFound"):
            aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.60.0.0/26")
        meddle(address, {"wait": 900})
        assert [each["VpcId"] for each in aws.ec2.describe_vpcs()["Vpcs"]] == [vpc]
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.60.0.0/26")
    with servers.simulator("--speed", "1", "--latency-ms", "0", "--strict") as address:
        aws = Aws(address, "111122223333")
        assert aws.ec2.describe_vpcs(VpcIds=[create_vpc(aws)])["Vpcs"]


def test_a_reset_leaves_an_empty_world(simulator: str, aws: Aws) -> None:
    create_vpc(aws)
    meddle(simulator, {"set": "vpc_quota", "to": 0})
    meddle(simulator, {"fault": "throttle", "on": "DescribeVpcs"})
    meddle(simulator, {"reset": True})
    assert look(simulator, "requests") == []
    assert aws.ec2.describe_vpcs()["Vpcs"] == []
    create_vpc(aws)


def test_the_world_begins_at_the_present(simulator: str) -> None:
    epoch = time.mktime(time.strptime("2026-01-01 UTC", "%Y-%m-%d %Z")) - time.timezone
    assert abs(look(simulator, "world")["began"] - (time.time() - epoch)) < 7200


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ({}, "a deed has one of `call`, `fault`, `allow`, `set`, `wait`, `reset`; there is none in {}"),
        ({"fault": "flood"}, "`flood` is not a fault"),
        ({"fault": "throttle", "operation": "CreateVpc"}, "a deed with `fault` has no `operation`"),
        ({"set": "weather", "to": 1}, "`weather` is not a lever of the world"),
        ({"call": "ec2:DeleteVpc", "input": {"VpcId": "vpc-1"}}, "DeleteVpc: InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist"),
        ({"allow": "111122223333", "policy": {}}, "a policy with no statement"),
        ({"wait": "long"}, '`"long"` is no number of seconds'),
    ],
)
def test_a_deed_that_is_not_understood_is_refused_with_the_reason(simulator: str, deed: dict[str, Any], said: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        meddle(simulator, deed)
    assert caught.value.code == 400
    assert json.load(caught.value) == {"error": said}


def test_an_unknown_path_and_a_wrong_method_are_refused(simulator: str) -> None:
    for what, code in (("weather", 404), ("deeds", 405)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            look(simulator, what)
        assert caught.value.code == code
        assert "`" in json.load(caught.value)["error"]
