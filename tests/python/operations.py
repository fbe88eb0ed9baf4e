"""The operations of this job: what the engine calls, what an operator calls by hand, and what the simulator answers."""

import re
from pathlib import Path

import botocore.session

from servers import REPOSITORY

Operation = tuple[str, str]

SOURCE = REPOSITORY / "tests/simulator/src"
DISPATCHERS: dict[str, Path] = {
    "ec2": SOURCE / "ec2/mod.rs",
    "elbv2": SOURCE / "elb/mod.rs",
    "kms": SOURCE / "kms/mod.rs",
    "route53": SOURCE / "route53/mod.rs",
    "sts": SOURCE / "sts.rs",
    "service-quotas": SOURCE / "service_quotas.rs",
}

# What AWS's pages about this job tell to call, from the look before to the last deletion.
BY_HAND = {
    "sts": "GetCallerIdentity AssumeRole",
    "service-quotas": "GetServiceQuota ListServiceQuotas",
    "ec2": """
        DescribeAvailabilityZones DescribeAccountAttributes
        CreateVpc DescribeVpcs ModifyVpcAttribute DescribeVpcAttribute DeleteVpc
        CreateSubnet DescribeSubnets DeleteSubnet
        CreateRouteTable DescribeRouteTables AssociateRouteTable DisassociateRouteTable DeleteRouteTable
        CreateRoute DeleteRoute EnableVgwRoutePropagation
        CreateSecurityGroup DescribeSecurityGroups DeleteSecurityGroup
        AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupEgress
        DescribeNetworkAcls DescribeNetworkInterfaces DescribeInternetGateways
        CreateVpnGateway DescribeVpnGateways AttachVpnGateway DetachVpnGateway DeleteVpnGateway
        CreateCustomerGateway DescribeCustomerGateways DeleteCustomerGateway
        CreateVpnConnection DescribeVpnConnections DeleteVpnConnection
        CreateTransitGatewayVpcAttachment DescribeTransitGatewayVpcAttachments ModifyTransitGatewayVpcAttachment
        DeleteTransitGatewayVpcAttachment DescribeTransitGateways
        CreateVpcPeeringConnection DescribeVpcPeeringConnections AcceptVpcPeeringConnection DeleteVpcPeeringConnection
        CreateVpcEndpointServiceConfiguration DescribeVpcEndpointServiceConfigurations
        ModifyVpcEndpointServiceConfiguration DeleteVpcEndpointServiceConfigurations
        StartVpcEndpointServicePrivateDnsVerification
        DescribeVpcEndpointServicePermissions ModifyVpcEndpointServicePermissions
        DescribeVpcEndpointServices DescribeVpcEndpointConnections
        AcceptVpcEndpointConnections RejectVpcEndpointConnections
        CreateNetworkInsightsPath DescribeNetworkInsightsPaths DeleteNetworkInsightsPath
        StartNetworkInsightsAnalysis DescribeNetworkInsightsAnalyses DeleteNetworkInsightsAnalysis
        CreateTags DeleteTags DescribeTags""",
    "elbv2": """
        DescribeAccountLimits
        CreateTargetGroup DescribeTargetGroups ModifyTargetGroup DeleteTargetGroup
        DescribeTargetGroupAttributes ModifyTargetGroupAttributes
        RegisterTargets DeregisterTargets DescribeTargetHealth
        CreateLoadBalancer DescribeLoadBalancers DeleteLoadBalancer SetSecurityGroups SetSubnets
        DescribeLoadBalancerAttributes ModifyLoadBalancerAttributes
        CreateListener DescribeListeners ModifyListener DeleteListener DescribeListenerAttributes
        AddTags RemoveTags DescribeTags""",
    "kms": """
        CreateCustomKeyStore DescribeCustomKeyStores UpdateCustomKeyStore DeleteCustomKeyStore
        ConnectCustomKeyStore DisconnectCustomKeyStore
        CreateKey ListKeys DescribeKey ScheduleKeyDeletion CancelKeyDeletion""",
    "route53": """
        ListHostedZonesByName ListHostedZones ListResourceRecordSets ChangeResourceRecordSets GetChange""",
    "iam": "CreateServiceLinkedRole",
    "cloudwatch": "PutMetricAlarm DeleteAlarms DescribeAlarms GetMetricData ListMetrics",
    "directconnect": "CreateDirectConnectGatewayAssociation",
}

# Services that stand beside the job: nothing in it depends on their answers.
NOT_SIMULATED = {
    "iam": "the service-linked role of Elastic Load Balancing is made by AWS itself with the first load balancer",
    "cloudwatch": "alarms watch a store that works; they do not make it work",
    "directconnect": "the line to the data centre is there before this job begins",
}


def answered() -> set[Operation]:
    """What the simulator dispatches, read from the `match` of each service in its source."""
    arm = re.compile(r'^\s+"([A-Z]\w+)" => ', re.MULTILINE)
    return {(service, name) for service, path in DISPATCHERS.items() for name in arm.findall(path.read_text())}


def by_hand() -> set[Operation]:
    return {(service, name) for service, names in BY_HAND.items() for name in names.split()}


def of_the_engine() -> set[Operation]:
    """What the Rust SDK is asked for in the library's source: `cx.aws.ec2.create_vpc()` is CreateVpc."""
    text = "\n".join(path.read_text() for path in (REPOSITORY / "core/src").rglob("*.rs"))
    called = set(re.findall(r"\b(ec2|elb|kms|route53|sts)\s*\.\s*([a-z0-9_]+)\(\)", text))
    services = {"ec2": "ec2", "elb": "elbv2", "kms": "kms", "route53": "route53", "sts": "sts"}
    asked = {(services[client], name) for client, name in called}
    return {(service, name) for service in DISPATCHERS for name in modelled(service) if (service, snake(name)) in asked}


def modelled(service: str) -> list[str]:
    return botocore.session.get_session().get_service_model(service).operation_names


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
