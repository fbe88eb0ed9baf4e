"""The engine against moto: a second opinion on EC2, ELBv2 and Route 53 from people who do not know us.

Where moto differs from AWS (moto 5.2.5):
 - Repaired in moto_repaired.py, because the engine would go on repairing them for ever: SupportedIpAddressTypes of an
   endpoint service, the PrivateLink flag of a load balancer's security groups, attributes of TCP target groups, and
   the filter `tag:<key>` of DescribeTags. DescribeVpcEndpointConnections is missing.
 - Domains are `verified` from the start, without a TXT record; StartVpcEndpointServicePrivateDnsVerification is
   missing. The engine still publishes the record, but has nothing to verify.
 - ListHostedZonesByName takes DNSName for a filter; in AWS it says where the list begins. Hence the zone `example.com`.
 - CreateTransitGatewayVpcAttachment ignores tags. The engine sees that and tags the attachment.
 - DescribeTags shows tags of what is deleted for ever; in AWS that ends after a while.
 - It lacks EnableVgwRoutePropagation, so no run here has a link of type `vpn_gateway`.
 - DescribeTargetHealth leaves out the zone `all` of targets outside the VPC.
 - Network Load Balancers have ARNs of Application Load Balancers.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import engine
import moto_repaired
import servers

REGION = "eu-central-1"


class Cloud:
    """A fresh moto, with a hosted zone and whatever the link leads to."""

    def __init__(self, address: str) -> None:
        self.address = address
        session = boto3.Session("AKIA111122223333", "simulated", region_name=REGION)
        self.ec2 = session.client("ec2", endpoint_url=address)
        self.elb = session.client("elbv2", endpoint_url=address)
        self.route53 = session.client("route53", endpoint_url=address)
        zone = self.route53.create_hosted_zone(Name="example.com.", CallerReference="test")
        self.zone_id = zone["HostedZone"]["Id"]

    def link(self, kind: str) -> str:
        match kind:
            case "transit_gateway":
                gateway = self.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
                return f'{{ type = "transit_gateway", id = "{gateway}" }}'
            case "peering":
                vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
                return f'{{ type = "peering", vpc_id = "{vpc}" }}'
            case _:
                return f'{{ type = "{kind}" }}'

    def texts(self) -> dict[str, list[str]]:
        """TXT records of the zone."""
        records = self.route53.list_resource_record_sets(HostedZoneId=self.zone_id)["ResourceRecordSets"]
        texts = [record for record in records if record["Type"] == "TXT"]
        return {text["Name"]: [value["Value"] for value in text["ResourceRecords"]] for text in texts}

    def ours(self) -> dict[str, list[Any]]:
        """Everything that a run makes, kind by kind."""
        tagged = {"Filters": [{"Name": "tag:xkslink:store", "Values": ["payments-hsm"]}]}
        attachments = self.ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]
        peerings = self.ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
        return {
            "vpcs": self.ec2.describe_vpcs(**tagged)["Vpcs"],
            "subnets": self.ec2.describe_subnets(**tagged)["Subnets"],
            "route tables": self.ec2.describe_route_tables(**tagged)["RouteTables"],
            "security groups": self.ec2.describe_security_groups(**tagged)["SecurityGroups"],
            "endpoint services": self.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"],
            "load balancers": self.elb.describe_load_balancers()["LoadBalancers"],
            "target groups": self.elb.describe_target_groups()["TargetGroups"],
            "attachments": [each for each in attachments if each["State"] not in ("deleting", "deleted")],
            "peerings": [each for each in peerings if each["Status"]["Code"] != "deleted"],
        }


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    moto_repaired.repair(monkeypatch)
    with servers.moto() as address:
        yield Cloud(address)


LINKS = {
    "transit_gateway": "attachments",
    "peering": "peerings",
    "none": None,
}


@pytest.mark.parametrize("link", LINKS)
def test_a_run_ends_in_an_empty_plan_and_a_teardown_in_nothing(cloud: Cloud, link: str, tmp_path: Path) -> None:
    addresses = '["10.60.0.10", "10.60.0.70"]' if link == "none" else engine.REMOTE
    spec = engine.document(tmp_path, cloud.link(link), addresses)

    applied = engine.run(cloud.address, "apply", spec)
    assert applied.returncode == 0, applied.stderr
    made = {kind: len(items) for kind, items in cloud.ours().items() if items}
    expected = {
        "vpcs": 1,
        "subnets": 2,
        "route tables": 1,
        "security groups": 1,
        "endpoint services": 1,
        "load balancers": 1,
        "target groups": 1,
    }
    assert made == expected | ({LINKS[link]: 1} if LINKS[link] else {})
    assert cloud.texts() == {"n.example.com.": ['"val"']}

    planned = engine.run(cloud.address, "plan", spec, "--json")
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["steps"] == [], planned.stdout

    torn_down = engine.run(cloud.address, "teardown", spec)
    assert torn_down.returncode == 0, torn_down.stderr
    assert not any(cloud.ours().values()), cloud.ours()
    assert cloud.texts() == {}

def test_moto_agrees_with_what_was_asked_for(cloud: Cloud, tmp_path: Path) -> None:
    spec = engine.document(tmp_path, cloud.link("transit_gateway"))
    assert engine.run(cloud.address, "apply", spec).returncode == 0

    made = cloud.ours()
    service = made["endpoint services"][0]
    balancer = made["load balancers"][0]
    group = made["target groups"][0]
    assert (service["AcceptanceRequired"], service["PrivateDnsName"]) == (False, "xks.payments.example.com")
    assert service["NetworkLoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("TCP", 443, "ip")
    health = cloud.elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert {each["Target"]["Id"]: each["Target"]["Port"] for each in health} == {"10.0.8.10": 443, "10.0.8.11": 443}
    allowed = cloud.ec2.describe_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"])["AllowedPrincipals"]
    assert [each["Principal"] for each in allowed] == ["cks.kms.eu-central-1.amazonaws.com"]


def test_what_carries_the_tag_of_another_store_stays(cloud: Cloud, tmp_path: Path) -> None:
    stranger = cloud.ec2.create_vpc(
        CidrBlock="10.61.0.0/24",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "xkslink:store", "Value": "ledger"}]}],
    )["Vpc"]["VpcId"]
    spec = engine.document(tmp_path, cloud.link("transit_gateway"))
    assert engine.run(cloud.address, "apply", spec).returncode == 0
    assert engine.run(cloud.address, "teardown", spec).returncode == 0
    left = [vpc["VpcId"] for vpc in cloud.ec2.describe_vpcs()["Vpcs"]]
    assert stranger in left


def test_tags_of_what_is_deleted_do_not_confuse_the_next_plan(cloud: Cloud, tmp_path: Path) -> None:
    spec = engine.document(tmp_path, cloud.link("transit_gateway"))
    assert engine.run(cloud.address, "apply", spec).returncode == 0
    assert engine.run(cloud.address, "teardown", spec).returncode == 0
    again = engine.run(cloud.address, "plan", spec, "--json")
    assert again.returncode == 0, again.stderr
    assert {step["action"] for step in json.loads(again.stdout)["steps"]} == {"create"}
