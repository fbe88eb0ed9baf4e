"""moto with the few repairs that our runs against it need; each says what AWS does and moto does not."""

from typing import Any

from moto.ec2.models.tags import TagBackend
from moto.ec2.models.vpc_service_configuration import VPCServiceConfiguration
from moto.ec2.responses import EC2Response
from moto.elbv2.models import FakeTargetGroup
from moto.elbv2.responses import ELBV2Response
from pytest import MonkeyPatch


def repair(patch: MonkeyPatch) -> None:
    show_the_address_types_of_endpoint_services(patch)
    keep_whether_rules_hold_for_private_link(patch)
    give_target_groups_the_attributes_of_tcp(patch)
    filter_tags_by_key_and_value(patch)
    see_no_endpoint_connections(patch)


def show_the_address_types_of_endpoint_services(patch: MonkeyPatch) -> None:
    """AWS shows SupportedIpAddressTypes; moto leaves it out, whatever was asked for."""
    patch.setattr(VPCServiceConfiguration, "supported_ip_address_types", ["ipv4"], raising=False)


def keep_whether_rules_hold_for_private_link(patch: MonkeyPatch) -> None:
    """AWS keeps and shows EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic; moto ignores it."""
    original = ELBV2Response.set_security_groups

    def set_security_groups(response: ELBV2Response) -> Any:
        answer = original(response)
        balancer = response.elbv2_backend.load_balancers[response._get_param("LoadBalancerArn")]
        flag = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
        balancer.enforce_security_group_inbound_rules_on_private_link_traffic = response._get_param(flag)
        return answer

    patch.setattr(ELBV2Response, "set_security_groups", set_security_groups)


def give_target_groups_the_attributes_of_tcp(patch: MonkeyPatch) -> None:
    """In AWS a TCP group has these attributes from the start; in moto every group starts like an HTTP one."""
    original = FakeTargetGroup.__init__

    def init(group: FakeTargetGroup, *arguments: Any, **named: Any) -> None:
        original(group, *arguments, **named)
        group.attributes |= {"preserve_client_ip.enabled": "false", "proxy_protocol_v2.enabled": "false"}

    patch.setattr(FakeTargetGroup, "__init__", init)


def see_no_endpoint_connections(patch: MonkeyPatch) -> None:
    """AWS has DescribeVpcEndpointConnections; moto lacks it. Nobody connects to the services of these tests."""

    def describe_vpc_endpoint_connections(_: EC2Response) -> str:
        return "<DescribeVpcEndpointConnectionsResponse><vpcEndpointConnectionSet/></DescribeVpcEndpointConnectionsResponse>"

    patch.setattr(
        EC2Response, "describe_vpc_endpoint_connections", describe_vpc_endpoint_connections, raising=False
    )


def filter_tags_by_key_and_value(patch: MonkeyPatch) -> None:
    """In AWS DescribeTags takes the filter `tag:<key>`; moto ignores it and shows all tags of the account."""
    original = TagBackend.describe_tags

    def describe_tags(backend: TagBackend, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        wanted = {name.removeprefix("tag:"): values for name, values in (filters or {}).items() if "tag:" in name}
        tags = original(backend, filters)
        return [tag for tag in tags if all(tag["key"] == key and tag["value"] in wanted[key] for key in wanted)]

    patch.setattr(TagBackend, "describe_tags", describe_tags)
