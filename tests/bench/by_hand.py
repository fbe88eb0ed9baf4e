"""The AWS page as a script: what an engineer writes with boto3, one call after the other.

    by_hand.py create | check | teardown

From the network to the permission for AWS KMS, as in run.py's spec. Like every careful script it finds what it made by
tags and names, so that `check` and `teardown` need no notes.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import boto3

REGION = "eu-central-1"
STORE = "by-hand"
DOMAIN = "example.com"
NAME = f"{STORE}.{DOMAIN}"
KMS = f"cks.kms.{REGION}.amazonaws.com"
TAGS = [{"Key": "store", "Value": STORE}]
OURS = [{"Name": "tag:store", "Values": [STORE]}]
TARGETS = [{"Id": address, "Port": 443, "AvailabilityZone": "all"} for address in ("10.0.8.10", "10.0.8.11")]

session = boto3.Session(region_name=REGION)
ec2, elb, route53 = session.client("ec2"), session.client("elbv2"), session.client("route53")


def tagged(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS}]


def until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(1)


def create() -> None:
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/24", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    until(lambda: ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"] == "available")
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    real = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    zones = ec2.describe_availability_zones(Filters=real)["AvailabilityZones"]
    subnets = [create_subnet(vpc, f"10.60.0.{64 * number}/26", zones[number]["ZoneId"]) for number in range(2)]
    until(lambda: all(each["State"] == "available" for each in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]))
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    security_group = ec2.create_security_group(
        GroupName=STORE, Description="XKS", VpcId=vpc, TagSpecifications=tagged("security-group")
    )["GroupId"]

    group = elb.create_target_group(
        Name=STORE, Protocol="TCP", Port=443, VpcId=vpc, TargetType="ip", HealthCheckProtocol="TCP", Tags=TAGS
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=TARGETS)
    balancer = elb.create_load_balancer(
        Name=STORE, Type="network", Scheme="internal", Subnets=subnets, SecurityGroups=[security_group], Tags=TAGS
    )["LoadBalancers"][0]["LoadBalancerArn"]
    elb.set_security_groups(
        LoadBalancerArn=balancer,
        SecurityGroups=[security_group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    until(lambda: load_balancer()["State"]["Code"] == "active")
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="TCP",
        Port=443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )

    service = ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer],
        AcceptanceRequired=False,
        PrivateDnsName=NAME,
        SupportedIpAddressTypes=["ipv4"],
        TagSpecifications=tagged("vpc-endpoint-service"),
    )["ServiceConfiguration"]["ServiceId"]
    until(lambda: endpoint_service()["ServiceState"] == "Available")
    change = change_record("UPSERT")
    until(lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC")
    ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service)
    until(lambda: endpoint_service()["PrivateDnsNameConfiguration"]["State"] == "verified")
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, AddAllowedPrincipals=[KMS])


def check() -> None:
    vpc = ec2.describe_vpcs(Filters=OURS)["Vpcs"][0]["VpcId"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        shown = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        assert shown[attribute[0].upper() + attribute[1:]]["Value"]
    assert len(ec2.describe_subnets(Filters=OURS)["Subnets"]) == 2
    assert len(ec2.describe_route_tables(Filters=OURS)["RouteTables"][0]["Associations"]) == 2
    assert len(ec2.describe_security_groups(Filters=OURS)["SecurityGroups"]) == 1
    group = target_group()
    attributes = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": "preserve_client_ip.enabled", "Value": "false"} in attributes
    assert len(elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]) == 2
    balancer = load_balancer()
    assert balancer["State"]["Code"] == "active"
    arn = balancer["LoadBalancerArn"]
    tags = elb.describe_tags(ResourceArns=[arn, group])["TagDescriptions"]
    assert all(each["Tags"] == TAGS for each in tags)
    assert elb.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]["Port"] == 443
    service = endpoint_service()
    assert service["PrivateDnsNameConfiguration"]["State"] == "verified"
    allowed = ec2.describe_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"])["AllowedPrincipals"]
    assert [each["Principal"] for each in allowed] == [KMS]
    records = route53.list_resource_record_sets(HostedZoneId=hosted_zone())["ResourceRecordSets"]
    assert any(record["Type"] == "TXT" for record in records)


def teardown() -> None:
    change_record("DELETE")
    service = endpoint_service()["ServiceId"]
    assert not ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service])["Unsuccessful"]
    until(lambda: endpoint_service() is None)
    balancer = load_balancer()["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    elb.delete_listener(ListenerArn=listener)
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    elb.delete_target_group(TargetGroupArn=target_group())
    vpc = ec2.describe_vpcs(Filters=OURS)["Vpcs"][0]["VpcId"]
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    until(lambda: not ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"])
    for group in ec2.describe_security_groups(Filters=OURS)["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])
    for table in ec2.describe_route_tables(Filters=OURS)["RouteTables"]:
        for association in table["Associations"]:
            ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        ec2.delete_route_table(RouteTableId=table["RouteTableId"])
    for subnet in ec2.describe_subnets(Filters=OURS)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc)


def create_subnet(vpc: str, cidr: str, zone: str) -> str:
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock=cidr, AvailabilityZoneId=zone, TagSpecifications=tagged("subnet")
    )
    return made["Subnet"]["SubnetId"]


def load_balancer() -> dict[str, Any]:
    return elb.describe_load_balancers(Names=[STORE])["LoadBalancers"][0]


def target_group() -> str:
    return elb.describe_target_groups(Names=[STORE])["TargetGroups"][0]["TargetGroupArn"]


def endpoint_service() -> dict[str, Any] | None:
    found = ec2.describe_vpc_endpoint_service_configurations(Filters=OURS)["ServiceConfigurations"]
    return next((service for service in found if service["ServiceState"] not in ("Deleting", "Deleted")), None)


def hosted_zone() -> str:
    return route53.list_hosted_zones_by_name(DNSName=DOMAIN)["HostedZones"][0]["Id"]


def change_record(action: str) -> str:
    challenge = endpoint_service()["PrivateDnsNameConfiguration"]
    record = {
        "Name": f"{challenge['Name']}.{DOMAIN}.",
        "Type": "TXT",
        "TTL": 1800,
        "ResourceRecords": [{"Value": f'"{challenge["Value"]}"'}],
    }
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    return route53.change_resource_record_sets(HostedZoneId=hosted_zone(), ChangeBatch=batch)["ChangeInfo"]["Id"]


{"create": create, "check": check, "teardown": teardown}[sys.argv[1]]()
