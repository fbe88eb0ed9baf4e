"""boto3, a client that we did not write, does by hand what the AWS page tells, against our simulator.

From CreateVpc to CreateKey in the order of the page, then everything down again in the reverse order; and each refusal
on the way that a script would run into.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

import servers
from aws import REGION, Aws, driven, refused
from operations import answered

DOMAIN = "payments.example.com"
NAME = f"xks.{DOMAIN}"
KMS = f"cks.kms.{REGION}.amazonaws.com"
CREDENTIAL = {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "c2ltdWxhdGVk" * 4}


def tags(kind: str, store: str = "payments-hsm") -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "store", "Value": store}]}]


def values(items: list[dict[str, Any]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in items}


def only(items: list[Any]) -> Any:
    [item] = items
    return item


# The steps of the page. Each does one thing and checks what AWS answers.


@dataclass
class Network:
    vpc: str
    subnets: list[str]
    route_table: str
    associations: list[str]


def make_network(aws: Aws, cidr: str = "10.60.0") -> Network:
    vpc = aws.ec2.create_vpc(CidrBlock=f"{cidr}.0/24", TagSpecifications=tags("vpc"))["Vpc"]
    vpc_id = vpc["VpcId"]
    aws.ec2.get_waiter("vpc_available").wait(VpcIds=[vpc_id])
    aws.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True})
    aws.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})

    real = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    zones = aws.ec2.describe_availability_zones(Filters=real)["AvailabilityZones"][:2]
    subnets = []
    for number, zone in enumerate(zones):
        block = f"{cidr}.{64 * number}/26"
        made = aws.ec2.create_subnet(
            VpcId=vpc_id, CidrBlock=block, AvailabilityZoneId=zone["ZoneId"], TagSpecifications=tags("subnet")
        )
        subnets.append(made["Subnet"]["SubnetId"])
    aws.ec2.get_waiter("subnet_available").wait(SubnetIds=subnets)

    table = aws.ec2.create_route_table(VpcId=vpc_id, ClientToken="table", TagSpecifications=tags("route-table"))
    table_id = table["RouteTable"]["RouteTableId"]
    associate = lambda subnet: aws.ec2.associate_route_table(RouteTableId=table_id, SubnetId=subnet)  # noqa: E731
    return Network(vpc_id, subnets, table_id, [associate(subnet)["AssociationId"] for subnet in subnets])


@dataclass
class Service:
    network: Network
    security_group: str
    target_group: str
    load_balancer: str
    listener: str
    id: str
    name: str


TARGETS = [{"Id": address, "Port": 443, "AvailabilityZone": "all"} for address in ("10.0.8.10", "10.0.8.11")]


def make_service(aws: Aws, network: Network, name: str = "payments-hsm", private_dns_name: str = NAME) -> Service:
    group = aws.ec2.create_security_group(
        GroupName=name, Description="XKS", VpcId=network.vpc, TagSpecifications=tags("security-group")
    )["GroupId"]
    target_group = only(
        aws.elb.create_target_group(
            Name=name,
            Protocol="TCP",
            Port=443,
            VpcId=network.vpc,
            TargetType="ip",
            HealthCheckProtocol="TCP",
            Tags=[{"Key": "store", "Value": name}],
        )["TargetGroups"]
    )["TargetGroupArn"]
    aws.elb.register_targets(TargetGroupArn=target_group, Targets=TARGETS)
    load_balancer = only(
        aws.elb.create_load_balancer(
            Name=name,
            Type="network",
            Scheme="internal",
            IpAddressType="ipv4",
            Subnets=network.subnets,
            SecurityGroups=[group],
            Tags=[{"Key": "store", "Value": name}],
        )["LoadBalancers"]
    )["LoadBalancerArn"]
    aws.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[load_balancer])
    aws.elb.set_security_groups(
        LoadBalancerArn=load_balancer,
        SecurityGroups=[group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    listener = only(
        aws.elb.create_listener(
            LoadBalancerArn=load_balancer,
            Protocol="TCP",
            Port=443,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
        )["Listeners"]
    )["ListenerArn"]
    made = aws.ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[load_balancer],
        AcceptanceRequired=False,
        PrivateDnsName=private_dns_name,
        SupportedIpAddressTypes=["ipv4"],
        ClientToken=name,
        TagSpecifications=tags("vpc-endpoint-service"),
    )["ServiceConfiguration"]
    return Service(network, group, target_group, load_balancer, listener, made["ServiceId"], made["ServiceName"])


def service_of(aws: Aws, id: str) -> dict[str, Any]:
    return only(aws.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[id])["ServiceConfigurations"])


def change_record(aws: Aws, zone: str, action: str, service: str) -> str:
    """UPSERT or DELETE of the TXT record that AWS looks for. The id of the change."""
    challenge = service_of(aws, service)["PrivateDnsNameConfiguration"]
    record = {
        "Name": f"{challenge['Name']}.{DOMAIN}.",
        "Type": "TXT",
        "TTL": 1800,
        "ResourceRecords": [{"Value": f'"{challenge["Value"]}"'}],
    }
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    return aws.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]["Id"]


def make_zone(aws: Aws) -> str:
    made = aws.route53.create_hosted_zone(Name=DOMAIN, CallerReference="by hand")
    return made["HostedZone"]["Id"]


def verify(aws: Aws, service: str) -> str:
    """The hosted zone that holds the proof."""
    zone = make_zone(aws)
    change = change_record(aws, zone, "UPSERT", service)
    aws.route53.get_waiter("resource_record_sets_changed").wait(Id=change)
    aws.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service)
    assert service_of(aws, service)["PrivateDnsNameConfiguration"]["State"] == "verified"
    return zone


def allow_kms(aws: Aws, service: str) -> None:
    aws.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, AddAllowedPrincipals=[KMS])


def make_store(aws: Aws, service: Service, **other: Any) -> str:
    wanted = {
        "CustomKeyStoreName": "payments-hsm",
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
        "XksProxyUriEndpoint": f"https://{NAME}",
        "XksProxyUriPath": "/payments/kms/xks/v1",
        "XksProxyVpcEndpointServiceName": service.name,
        "XksProxyAuthenticationCredential": CREDENTIAL,
    }
    return aws.kms.create_custom_key_store(**wanted | other)["CustomKeyStoreId"]


def store_of(aws: Aws, id: str) -> dict[str, Any]:
    return only(aws.kms.describe_custom_key_stores(CustomKeyStoreId=id)["CustomKeyStores"])


@dataclass
class Everything:
    service: Service
    zone: str
    store: str


def make_everything(aws: Aws) -> Everything:
    service = make_service(aws, make_network(aws))
    zone = verify(aws, service.id)
    allow_kms(aws, service.id)
    store = make_store(aws, service)
    aws.kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert store_of(aws, store)["ConnectionState"] == "CONNECTED"
    return Everything(service, zone, store)


def delete_service(aws: Aws, service: Service) -> None:
    answer = aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service.id])
    assert answer["Unsuccessful"] == []
    aws.elb.delete_listener(ListenerArn=service.listener)
    aws.elb.delete_load_balancer(LoadBalancerArn=service.load_balancer)
    aws.elb.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[service.load_balancer])
    aws.elb.deregister_targets(TargetGroupArn=service.target_group, Targets=TARGETS)
    aws.elb.delete_target_group(TargetGroupArn=service.target_group)
    aws.ec2.delete_security_group(GroupId=service.security_group)


def delete_network(aws: Aws, network: Network) -> None:
    inside = [{"Name": "subnet-id", "Values": network.subnets}]
    assert aws.ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"] == []
    for association in network.associations:
        aws.ec2.disassociate_route_table(AssociationId=association)
    aws.ec2.delete_route_table(RouteTableId=network.route_table)
    for subnet in network.subnets:
        aws.ec2.delete_subnet(SubnetId=subnet)
    aws.ec2.delete_vpc(VpcId=network.vpc)
    with refused("InvalidVpcID.NotFound"):
        aws.ec2.describe_vpcs(VpcIds=[network.vpc])


# The page from its first step to its last, and back.


def test_the_page_ends_in_a_connected_store_and_goes_back_to_nothing(aws: Aws) -> None:
    made = make_everything(aws)

    configuration = store_of(aws, made.store)["XksProxyConfiguration"]
    assert configuration["VpcEndpointServiceName"] == made.service.name
    assert configuration["UriEndpoint"] + configuration["UriPath"] == f"https://{NAME}/payments/kms/xks/v1"
    assert configuration["AccessKeyId"] == CREDENTIAL["AccessKeyId"]
    by_service = [{"Name": "service-id", "Values": [made.service.id]}]
    endpoint = only(aws.ec2.describe_vpc_endpoint_connections(Filters=by_service)["VpcEndpointConnections"])
    assert endpoint["VpcEndpointState"] == "available"

    aws.kms.disconnect_custom_key_store(CustomKeyStoreId=made.store)
    assert store_of(aws, made.store)["ConnectionState"] == "DISCONNECTED"
    aws.kms.delete_custom_key_store(CustomKeyStoreId=made.store)
    with refused("CustomKeyStoreNotFoundException"):
        aws.kms.describe_custom_key_stores(CustomKeyStoreId=made.store)
    assert aws.ec2.describe_vpc_endpoint_connections(Filters=by_service)["VpcEndpointConnections"] == []
    change_record(aws, made.zone, "DELETE", made.service.id)
    delete_service(aws, made.service)
    delete_network(aws, made.service.network)
    aws.route53.delete_hosted_zone(Id=made.zone)
    assert aws.route53.list_hosted_zones()["HostedZones"] == []


def test_a_key_lives_in_a_connected_store_and_keeps_it_from_being_deleted(aws: Aws) -> None:
    store = make_everything(aws).store
    key = aws.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="key-1")["KeyMetadata"]
    assert (key["KeyState"], key["XksKeyConfiguration"]) == ("Enabled", {"Id": "key-1"})
    with refused("XksKeyAlreadyInUseException"):
        aws.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="key-1")
    assert [each["KeyId"] for each in aws.kms.list_keys()["Keys"]] == [key["KeyId"]]

    aws.kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    aws.kms.cancel_key_deletion(KeyId=key["KeyId"])
    aws.kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    aws.kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert aws.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CustomKeyStoreId"] == store
    with refused("CustomKeyStoreHasCMKsException"):
        aws.kms.delete_custom_key_store(CustomKeyStoreId=store)
    with refused("CustomKeyStoreInvalidStateException"):
        aws.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="key-2")


def test_a_store_can_go_when_the_waiting_period_of_its_keys_is_over() -> None:
    # A week takes less than a second here.
    with servers.simulator("--instant", "--latency-ms", "0", "--speed", "1000000") as address:
        aws = Aws(address, "111122223333")
        store = make_everything(aws).store
        key = aws.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="key-1")["KeyMetadata"]
        aws.kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
        aws.kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        deadline = time.monotonic() + 30
        while aws.kms.list_keys()["Keys"]:
            assert time.monotonic() < deadline
        aws.kms.delete_custom_key_store(CustomKeyStoreId=store)
        assert aws.kms.describe_custom_key_stores()["CustomKeyStores"] == []


def test_a_store_changes_what_it_may_in_each_state(aws: Aws) -> None:
    store = make_everything(aws).store
    other = CREDENTIAL | {"AccessKeyId": "ZYXWVUTSRQPONMLKJIHG"}
    aws.kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyAuthenticationCredential=other)
    assert store_of(aws, store)["XksProxyConfiguration"]["AccessKeyId"] == other["AccessKeyId"]
    with refused("CustomKeyStoreInvalidStateException"):
        aws.kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyUriEndpoint="https://other.example.com")
    with refused("CustomKeyStoreInvalidStateException"):
        aws.kms.connect_custom_key_store(CustomKeyStoreId=store)
    with refused("CustomKeyStoreInvalidStateException"):
        aws.kms.delete_custom_key_store(CustomKeyStoreId=store)


def test_kms_refuses_a_service_that_is_not_ready(aws: Aws) -> None:
    service = make_service(aws, make_network(aws))
    with refused("XksProxyVpcEndpointServiceNotFoundException"):
        make_store(aws, service)
    allow_kms(aws, service.id)
    with refused("XksProxyVpcEndpointServiceInvalidConfigurationException"):
        make_store(aws, service)
    verify(aws, service.id)
    store = make_store(aws, service)
    with refused("CustomKeyStoreNameInUseException"):
        make_store(aws, service)
    aws.kms.delete_custom_key_store(CustomKeyStoreId=store)


def test_verification_fails_without_the_record(aws: Aws) -> None:
    service = make_service(aws, make_network(aws)).id
    assert service_of(aws, service)["PrivateDnsNameConfiguration"]["State"] == "pendingVerification"
    aws.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service)
    assert service_of(aws, service)["PrivateDnsNameConfiguration"]["State"] == "failed"


# Ways to the data centre.


def test_a_transit_gateway_is_attached_in_more_zones_later(aws: Aws) -> None:
    network = make_network(aws)
    gateway = aws.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    made = aws.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway,
        VpcId=network.vpc,
        SubnetIds=network.subnets[:1],
        TagSpecifications=tags("transit-gateway-attachment"),
    )["TransitGatewayVpcAttachment"]
    id = made["TransitGatewayAttachmentId"]
    assert values(made["Tags"]) == {"store": "payments-hsm"}
    # Only the owner of a shared gateway has something to accept.
    with refused("IncorrectState"):
        aws.ec2.accept_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=id)
    aws.ec2.modify_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=id, AddSubnetIds=network.subnets[1:])
    shown = aws.ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[id])
    attachment = only(shown["TransitGatewayVpcAttachments"])
    assert (attachment["State"], set(attachment["SubnetIds"])) == ("available", set(network.subnets))

    route = {"RouteTableId": network.route_table, "DestinationCidrBlock": "10.0.0.0/16"}
    aws.ec2.create_route(**route, TransitGatewayId=gateway)
    with refused("RouteAlreadyExists"):
        aws.ec2.create_route(**route, TransitGatewayId=gateway)
    with refused("IncorrectState"):
        aws.ec2.delete_transit_gateway(TransitGatewayId=gateway)
    aws.ec2.delete_route(**route)
    aws.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=id)
    aws.ec2.delete_transit_gateway(TransitGatewayId=gateway)
    delete_network(aws, network)
    left = aws.ec2.describe_transit_gateways(TransitGatewayIds=[gateway])["TransitGateways"]
    assert [each["State"] for each in left] == ["deleted"]


def test_a_vpn_gateway_hands_its_routes_to_the_table(aws: Aws) -> None:
    network = make_network(aws)
    made = aws.ec2.create_vpn_gateway(Type="ipsec.1", TagSpecifications=tags("vpn-gateway"))
    gateway = made["VpnGateway"]["VpnGatewayId"]
    aws.ec2.attach_vpn_gateway(VpcId=network.vpc, VpnGatewayId=gateway)
    aws.ec2.enable_vgw_route_propagation(GatewayId=gateway, RouteTableId=network.route_table)
    table = only(aws.ec2.describe_route_tables(RouteTableIds=[network.route_table])["RouteTables"])
    assert table["PropagatingVgws"] == [{"GatewayId": gateway}]
    aws.ec2.disable_vgw_route_propagation(GatewayId=gateway, RouteTableId=network.route_table)
    aws.ec2.detach_vpn_gateway(VpcId=network.vpc, VpnGatewayId=gateway)
    aws.ec2.delete_vpn_gateway(VpnGatewayId=gateway)
    left = aws.ec2.describe_vpn_gateways(Filters=[{"Name": "state", "Values": ["available"]}])["VpnGateways"]
    assert left == []
    delete_network(aws, network)


def test_a_vpn_connection_holds_both_its_ends(aws: Aws) -> None:
    device = aws.ec2.create_customer_gateway(
        Type="ipsec.1", IpAddress="203.0.113.10", BgpAsn=65010, TagSpecifications=tags("customer-gateway")
    )["CustomerGateway"]["CustomerGatewayId"]
    gateway = aws.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ends = {"Type": "ipsec.1", "CustomerGatewayId": device, "VpnGatewayId": gateway}
    vpn = aws.ec2.create_vpn_connection(**ends, TagSpecifications=tags("vpn-connection"))["VpnConnection"]
    again = aws.ec2.create_vpn_connection(**ends)["VpnConnection"]
    assert vpn["VpnConnectionId"] == again["VpnConnectionId"], "it is idempotent"
    aws.ec2.get_waiter("vpn_connection_available").wait(VpnConnectionIds=[vpn["VpnConnectionId"]])
    assert only(aws.ec2.describe_customer_gateways()["CustomerGateways"])["IpAddress"] == "203.0.113.10"
    with refused("IncorrectState"):
        aws.ec2.delete_customer_gateway(CustomerGatewayId=device)
    with refused("IncorrectState"):
        aws.ec2.delete_vpn_gateway(VpnGatewayId=gateway)
    aws.ec2.delete_vpn_connection(VpnConnectionId=vpn["VpnConnectionId"])
    aws.ec2.get_waiter("vpn_connection_deleted").wait(VpnConnectionIds=[vpn["VpnConnectionId"]])
    aws.ec2.delete_customer_gateway(CustomerGatewayId=device)
    aws.ec2.delete_vpn_gateway(VpnGatewayId=gateway)


def test_reachability_follows_the_routes(aws: Aws) -> None:
    service = make_service(aws, make_network(aws))
    interface = aws.ec2.describe_network_interfaces()["NetworkInterfaces"][0]["NetworkInterfaceId"]
    found = {}
    for address in ("10.60.0.70", "10.0.8.10"):
        path = aws.ec2.create_network_insights_path(
            Source=interface,
            Protocol="tcp",
            ClientToken=address,
            FilterAtSource={"DestinationAddress": address, "DestinationPortRange": {"FromPort": 443, "ToPort": 443}},
            TagSpecifications=tags("network-insights-path"),
        )["NetworkInsightsPath"]["NetworkInsightsPathId"]
        analysis = aws.ec2.start_network_insights_analysis(NetworkInsightsPathId=path, ClientToken=address)
        id = analysis["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]
        seen = aws.ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[id])["NetworkInsightsAnalyses"]
        found[address] = only(seen)
        with refused("AnalysisExistsForNetworkInsightsPath"):
            aws.ec2.delete_network_insights_path(NetworkInsightsPathId=path)
        aws.ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=id)
        aws.ec2.delete_network_insights_path(NetworkInsightsPathId=path)
    assert [each["NetworkPathFound"] for each in found.values()] == [True, False], "there is no link yet"
    assert only(found["10.0.8.10"]["Explanations"])["ExplanationCode"] == "NO_ROUTE_TO_DESTINATION"
    assert aws.ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []
    delete_service(aws, service)


def test_a_peering_is_active_once_the_other_account_accepts(account: Callable[[], Aws]) -> None:
    aws, other = account(), account()
    ours, theirs = make_network(aws), make_network(other, "10.0.8")
    asked = aws.ec2.create_vpc_peering_connection(
        VpcId=ours.vpc,
        PeerVpcId=theirs.vpc,
        PeerOwnerId=other.account,
        TagSpecifications=tags("vpc-peering-connection"),
    )["VpcPeeringConnection"]
    id = asked["VpcPeeringConnectionId"]
    with refused("OperationNotPermitted"):
        aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    other.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    seen = aws.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[id])["VpcPeeringConnections"]
    assert only(seen)["Status"]["Code"] == "active"
    aws.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)


def test_an_internet_gateway_holds_its_vpc(aws: Aws) -> None:
    network = make_network(aws)
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    attached = [{"Name": "attachment.vpc-id", "Values": [network.vpc]}]
    found = aws.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    assert [each["InternetGatewayId"] for each in found] == [gateway]
    with refused("DependencyViolation"):
        aws.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    aws.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    delete_network(aws, network)


# What a script reads and changes on the way.


def test_permissions_and_acceptance_decide_who_connects(account: Callable[[], Aws]) -> None:
    aws, store_account = account(), account()
    service = make_service(aws, make_network(aws))
    seen = lambda: store_account.ec2.describe_vpc_endpoint_services()["ServiceNames"]  # noqa: E731
    assert service.name not in seen()
    principals = [KMS, f"arn:aws:iam::{store_account.account}:root"]
    changed = aws.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service.id, AddAllowedPrincipals=principals)
    assert {added["Principal"] for added in changed["AddedPrincipals"]} == set(principals)
    kinds = [{"Name": "principal-type", "Values": ["Service"]}]
    allowed = aws.ec2.describe_vpc_endpoint_service_permissions(ServiceId=service.id, Filters=kinds)
    assert [each["Principal"] for each in allowed["AllowedPrincipals"]] == [KMS]
    assert service.name in seen()

    aws.ec2.modify_vpc_endpoint_service_configuration(ServiceId=service.id, AcceptanceRequired=True)
    verify(aws, service.id)
    with refused("XksProxyVpcEndpointServiceInvalidConfigurationException"):
        make_store(aws, service)


def test_a_rejected_endpoint_is_rejected_for_good(aws: Aws) -> None:
    service = make_everything(aws).service
    shown = aws.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    endpoint = only(shown)["VpcEndpointId"]
    with_endpoint = {"ServiceId": service.id, "VpcEndpointIds": [endpoint]}
    deleted = aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service.id])
    assert only(deleted["Unsuccessful"])["Error"]["Code"] == "ExistingVpcEndpointConnections"
    assert aws.ec2.reject_vpc_endpoint_connections(**with_endpoint)["Unsuccessful"] == []
    again = only(aws.ec2.accept_vpc_endpoint_connections(**with_endpoint)["Unsuccessful"])
    assert (again["ResourceId"], again["Error"]["Code"]) == (endpoint, "InvalidState")


def test_security_group_rules_are_added_and_taken_away(aws: Aws) -> None:
    network = make_network(aws)
    group = aws.ec2.create_security_group(GroupName="nlb", Description="XKS", VpcId=network.vpc)["GroupId"]
    with refused("InvalidGroup.Duplicate"):
        aws.ec2.create_security_group(GroupName="nlb", Description="XKS", VpcId=network.vpc)
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    made = aws.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[https])
    assert only(made["SecurityGroupRules"])["IsEgress"] is True
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
    with refused("InvalidPermission.Duplicate"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
    seen = only(aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"])
    assert [only(seen[way])["FromPort"] for way in ("IpPermissions", "IpPermissionsEgress")] == [443, 443]
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[https])
    with refused("InvalidPermission.NotFound"):
        aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[https])


def test_a_vpc_comes_with_its_defaults_and_shows_its_attributes(aws: Aws) -> None:
    network = make_network(aws)
    inside = [{"Name": "vpc-id", "Values": [network.vpc]}]
    acl = only(aws.ec2.describe_network_acls(Filters=inside)["NetworkAcls"])
    assert acl["IsDefault"] and {each["SubnetId"] for each in acl["Associations"]} == set(network.subnets)
    entry: dict[str, Any] = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 50, "Egress": True}
    rule = {**entry, "Protocol": "6", "CidrBlock": "10.0.8.0/24", "PortRange": {"From": 443, "To": 443}}
    aws.ec2.create_network_acl_entry(**rule, RuleAction="deny")
    entries = only(aws.ec2.describe_network_acls(Filters=inside)["NetworkAcls"])["Entries"]
    assert [each["RuleAction"] for each in entries if each["RuleNumber"] == 50] == ["deny"]
    with refused("NetworkAclEntryAlreadyExists"):
        aws.ec2.create_network_acl_entry(**rule, RuleAction="allow")
    aws.ec2.delete_network_acl_entry(**entry)
    with refused("InvalidNetworkAclEntry.NotFound"):
        aws.ec2.delete_network_acl_entry(**entry)
    own = aws.ec2.create_network_interface(SubnetId=network.subnets[0], PrivateIpAddress="10.60.0.20")["NetworkInterface"]
    assert (own["PrivateIpAddress"], own["RequesterManaged"]) == ("10.60.0.20", False)
    with refused("InvalidParameterValue"):
        aws.ec2.create_network_interface(SubnetId=network.subnets[0], PrivateIpAddress="10.60.0.20")
    names = aws.ec2.describe_vpc_attribute(VpcId=network.vpc, Attribute="enableDnsHostnames")
    assert names["EnableDnsHostnames"] == {"Value": True}
    limits = aws.ec2.describe_account_attributes(AttributeNames=["supported-platforms"])["AccountAttributes"]
    assert [each["AttributeName"] for each in limits] == ["supported-platforms"]
    assert aws.sts.get_caller_identity()["Account"] == aws.account


def test_load_balancing_shows_and_changes_its_attributes(aws: Aws) -> None:
    made = make_service(aws, make_network(aws))
    balancer = {"LoadBalancerArn": made.load_balancer}
    group = {"TargetGroupArn": made.target_group}
    listener = {"ListenerArn": made.listener}

    cross_zone = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    aws.elb.modify_load_balancer_attributes(**balancer, Attributes=cross_zone)
    shown = values(aws.elb.describe_load_balancer_attributes(**balancer)["Attributes"])
    assert shown["load_balancing.cross_zone.enabled"] == "true"

    shown = values(aws.elb.describe_target_group_attributes(**group)["Attributes"])
    assert shown["preserve_client_ip.enabled"] == "false"
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    aws.elb.modify_target_group_attributes(**group, Attributes=delay)
    changed = aws.elb.modify_target_group(**group, HealthCheckIntervalSeconds=10)["TargetGroups"]
    assert only(changed)["HealthCheckIntervalSeconds"] == 10

    idle = [{"Key": "tcp.idle_timeout.seconds", "Value": "400"}]
    aws.elb.modify_listener_attributes(**listener, Attributes=idle)
    assert values(aws.elb.describe_listener_attributes(**listener)["Attributes"])["tcp.idle_timeout.seconds"] == "400"
    aws.elb.modify_listener(**listener, Port=443, Protocol="TCP")
    assert only(aws.elb.describe_listeners(**balancer)["Listeners"])["Port"] == 443

    aws.elb.set_ip_address_type(**balancer, IpAddressType="ipv4")
    aws.elb.set_subnets(**balancer, Subnets=made.network.subnets)
    health = aws.elb.describe_target_health(**group)["TargetHealthDescriptions"]
    assert {each["TargetHealth"]["State"] for each in health} == {"healthy"}
    assert aws.elb.describe_account_limits()["Limits"]


def test_load_balancing_is_deleted_from_the_service_down(aws: Aws) -> None:
    made = make_service(aws, make_network(aws))
    with refused("ResourceInUse"):
        aws.elb.delete_load_balancer(LoadBalancerArn=made.load_balancer)
    with refused("ResourceInUse"):
        aws.elb.delete_target_group(TargetGroupArn=made.target_group)
    with refused("DependencyViolation"):
        aws.ec2.delete_subnet(SubnetId=made.network.subnets[0])
    with refused("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=made.network.vpc)
    delete_service(aws, made)
    delete_network(aws, made.network)


def test_roles_of_other_accounts_can_be_assumed(aws: Aws) -> None:
    role = "arn:aws:iam::444455556666:role/keys"
    lent = aws.sts.assume_role(RoleArn=role, RoleSessionName="by-hand")["Credentials"]
    assert lent["Expiration"] > datetime.now(UTC) + timedelta(minutes=55), "clients look at a clock of their own"
    session = boto3.Session(
        lent["AccessKeyId"], lent["SecretAccessKey"], lent["SessionToken"], region_name=aws.region
    )
    identity = session.client("sts", endpoint_url=aws.sts.meta.endpoint_url).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::444455556666:assumed-role/keys/by-hand"


def test_quotas_are_told(aws: Aws) -> None:
    quota = aws.quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]
    assert (quota["QuotaName"], quota["Adjustable"]) == ("VPCs per Region", True)
    with refused("NoSuchResourceException"):
        aws.quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-00000000")
    pages = aws.quotas.get_paginator("list_service_quotas").paginate(ServiceCode="kms", PaginationConfig={"PageSize": 2})
    listed = [quota for page in pages for quota in page["Quotas"]]
    assert [quota["Value"] for quota in listed if quota["QuotaName"] == "Custom key stores"] == [10]
    assert len({quota["QuotaCode"] for quota in listed}) == len(listed) > 2
    with refused("NoSuchResourceException"):
        aws.quotas.list_service_quotas(ServiceCode="nothing")


def test_hosted_zones_are_found_by_name(aws: Aws) -> None:
    zone = make_zone(aws)
    listed = aws.route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    assert [each["Name"] for each in listed] == [f"{DOMAIN}."]
    assert aws.route53.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    records = aws.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [record["Type"] for record in records] == ["NS", "SOA"]
    with refused("NoSuchHostedZone"):
        aws.route53.get_hosted_zone(Id="Z0000000000000")


# Manners that all operations share.


def test_tags_come_with_the_object_and_are_found_again(aws: Aws) -> None:
    network = make_network(aws)
    balancer = make_service(aws, network).load_balancer
    ours = [{"Name": "tag:store", "Values": ["payments-hsm"]}]
    found = {tag["ResourceId"] for tag in aws.ec2.describe_tags(Filters=ours)["Tags"]}
    assert {network.vpc, network.route_table, *network.subnets} <= found
    assert [each["VpcId"] for each in aws.ec2.describe_vpcs(Filters=ours)["Vpcs"]] == [network.vpc]

    aws.ec2.create_tags(Resources=[network.vpc], Tags=[{"Key": "team", "Value": "payments"}])
    aws.ec2.delete_tags(Resources=[network.vpc], Tags=[{"Key": "store"}])
    assert values(only(aws.ec2.describe_vpcs(VpcIds=[network.vpc])["Vpcs"])["Tags"]) == {"team": "payments"}
    assert aws.ec2.describe_vpcs(Filters=ours)["Vpcs"] == []

    aws.elb.add_tags(ResourceArns=[balancer], Tags=[{"Key": "team", "Value": "payments"}])
    aws.elb.remove_tags(ResourceArns=[balancer], TagKeys=["store"])
    shown = only(aws.elb.describe_tags(ResourceArns=[balancer])["TagDescriptions"])
    assert values(shown["Tags"]) == {"team": "payments"}


@pytest.mark.parametrize(
    ("filter", "value", "expected"),
    [
        ("cidr-block", "10.60.0.0/26", 1),
        ("cidr-block", "10.60.0.*", 2),
        ("tag-key", "store", 2),
        ("tag:store", "someone-else", 0),
        ("availability-zone", f"{REGION}?", 2),
    ],
)
def test_filters_narrow_a_listing(aws: Aws, filter: str, value: str, expected: int) -> None:
    make_network(aws)
    found = aws.ec2.describe_subnets(Filters=[{"Name": filter, "Values": [value]}])["Subnets"]
    assert len(found) == expected


def test_an_unknown_filter_is_refused(aws: Aws) -> None:
    with refused("InvalidParameterValue"):
        aws.ec2.describe_vpcs(Filters=[{"Name": "colour", "Values": ["blue"]}])


def pages(client: Any, operation: str, size: int, key: str, **inputs: Any) -> Iterator[list[Any]]:
    for page in client.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **inputs):
        yield page[key]


def test_listings_come_in_pages(aws: Aws) -> None:
    for number in range(7):
        aws.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/24")
        aws.route53.create_hosted_zone(Name=f"zone{number}.example", CallerReference=str(number))
        vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        aws.elb.create_target_group(Name=f"group-{number}", Protocol="TCP", Port=443, VpcId=vpc, TargetType="ip")
        aws.kms.create_key()
    sizes = {
        "EC2": [len(page) for page in pages(aws.ec2, "describe_vpcs", 5, "Vpcs")],
        "ELBv2": [len(page) for page in pages(aws.elb, "describe_target_groups", 3, "TargetGroups")],
        "Route 53": [len(page) for page in pages(aws.route53, "list_hosted_zones", 3, "HostedZones")],
        "KMS": [len(page) for page in pages(aws.kms, "list_keys", 3, "Keys")],
    }
    assert sizes == {"EC2": [5, 2], "ELBv2": [3, 3, 1], "Route 53": [3, 3, 1], "KMS": [3, 3, 1]}
    with refused("InvalidPaginationToken"):
        aws.ec2.describe_vpcs(NextToken="page 2")


def test_a_dry_run_says_what_would_happen_and_does_nothing(aws: Aws) -> None:
    with refused("DryRunOperation"):
        aws.ec2.create_vpc(CidrBlock="10.60.0.0/24", DryRun=True)
    with refused("InvalidVpc.Range"):
        aws.ec2.create_vpc(CidrBlock="10.60.0.0/8", DryRun=True)
    assert aws.ec2.describe_vpcs()["Vpcs"] == []


def test_a_client_token_makes_one_object(aws: Aws) -> None:
    network = make_network(aws)
    again = aws.ec2.create_route_table(VpcId=network.vpc, ClientToken="table", TagSpecifications=tags("route-table"))
    assert again["RouteTable"]["RouteTableId"] == network.route_table
    with refused("IdempotentParameterMismatch"):
        aws.ec2.create_route_table(VpcId=network.vpc, ClientToken="table")


REFUSALS: dict[str, Callable[[Aws, Network], Any]] = {
    "InvalidVpc.Range": lambda aws, _: aws.ec2.create_vpc(CidrBlock="10.0.0.0/8"),
    "InvalidSubnet.Range": lambda aws, n: aws.ec2.create_subnet(VpcId=n.vpc, CidrBlock="10.99.0.0/26"),
    "InvalidSubnet.Conflict": lambda aws, n: aws.ec2.create_subnet(VpcId=n.vpc, CidrBlock="10.60.0.0/26"),
    "InvalidSubnetID.NotFound": lambda aws, _: aws.ec2.delete_subnet(SubnetId="subnet-0123456789abcdef0"),
    "InvalidRouteTableID.NotFound": lambda aws, n: aws.ec2.associate_route_table(
        RouteTableId="rtb-0123456789abcdef0", SubnetId=n.subnets[0]
    ),
    "InvalidGroup.NotFound": lambda aws, _: aws.ec2.delete_security_group(GroupId="sg-0123456789abcdef0"),
    "Resource.AlreadyAssociated": lambda aws, n: aws.ec2.associate_route_table(
        RouteTableId=aws.ec2.create_route_table(VpcId=n.vpc)["RouteTable"]["RouteTableId"], SubnetId=n.subnets[0]
    ),
    "DependencyViolation": lambda aws, n: aws.ec2.delete_vpc(VpcId=n.vpc),
    "TargetGroupNotFound": lambda aws, _: aws.elb.describe_target_groups(Names=["nobody"]),
    "LoadBalancerNotFound": lambda aws, _: aws.elb.describe_load_balancers(Names=["nobody"]),
    "SubnetNotFound": lambda aws, _: aws.elb.create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=["subnet-0123456789abcdef0"]
    ),
    "InvalidVpcEndpointServiceId.NotFound": lambda aws, _: aws.ec2.describe_vpc_endpoint_service_configurations(
        ServiceIds=["vpce-svc-0123456789abcdef0"]
    ),
    "CustomKeyStoreNotFoundException": lambda aws, _: aws.kms.connect_custom_key_store(CustomKeyStoreId="cks-0"),
    "NotFoundException": lambda aws, _: aws.kms.describe_key(KeyId="11111111-2222-3333-4444-555555555555"),
    "NoSuchChange": lambda aws, _: aws.route53.get_change(Id="C0000000000000"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_boto3_understands_a_refusal(aws: Aws, code: str) -> None:
    network = make_network(aws)
    with refused(code):
        REFUSALS[code](aws, network)


# And nothing is left out.


def test_every_operation_is_driven(request: pytest.FixtureRequest) -> None:
    """Last in the file, because it judges what the tests above did."""
    here = [item for item in request.session.items if item.module is request.module]
    if len({item.originalname for item in here}) < sum(name.startswith("test_") for name in vars(request.module)):
        pytest.skip("says something only when the whole file runs")
    assert answered() - driven == set()
