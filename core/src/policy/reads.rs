//! What looks read: planning and status, what a plan reads beyond that, and verify.

use super::Role;
use super::grant::{Grant, allow};
use super::scope::{Scope, Sort};
use crate::plan::{Action, Plan, Purpose};
use crate::resource::Kind;

const ELB: &str = "elasticloadbalancing";

/// The look that planning, status and every apply begin with.
pub(super) fn look(scope: &Scope<'_>) -> Vec<Grant> {
    let elb = |operation: &str, reason: &str| allow(&format!("{ELB}:{operation}"), reason);
    let of = |kind: Kind, grant: Grant| if scope.exists(kind) { grant } else { grant.sometimes() };
    let ec2 = |operation: &str, reason: &str| allow(&format!("ec2:{operation}"), reason);
    let mut grants = vec![
        ec2("DescribeTags", "to find what carries the tag of the store"),
        elb("DescribeLoadBalancers", "to look at the load balancer"),
        elb("DescribeTargetGroups", "to look at the target group"),
        of(Kind::Vpc, ec2("DescribeVpcs", "to look at the VPC")),
        of(Kind::Vpc, ec2("DescribeVpcAttribute", "to look at the DNS attributes of the VPC").on(scope.ec2("vpc/*"))),
        of(Kind::Subnet, ec2("DescribeSubnets", "to look at the subnets")),
        of(Kind::LoadBalancer, elb("DescribeListeners", "to look at the listener")),
        of(Kind::LoadBalancer, elb("DescribeTags", "to see whether load balancer and target group are ours")),
        of(Kind::TargetGroup, elb("DescribeTargetGroupAttributes", "to look at the attributes of the target group")),
        of(Kind::TargetGroup, elb("DescribeTargetHealth", "to look at the targets")),
    ];
    let service = [
        ec2("DescribeVpcEndpointServiceConfigurations", "to look at the endpoint service"),
        ec2("DescribeVpcEndpointServicePermissions", "to look at the allowed principals")
            .on(scope.ec2("vpc-endpoint-service/*")),
    ];
    grants.extend(service.map(|grant| of(Kind::EndpointService, grant)));
    if scope.existing_vpc().is_some() && !scope.tears_down() {
        let reason = "to see whether the existing network fits";
        let around = ["DescribeAvailabilityZones", "DescribeRouteTables", "DescribeNetworkAcls"];
        grants.extend(around.map(|operation| ec2(operation, reason)));
    }
    if scope.existing_vpc().is_none() {
        grants.push(of(Kind::RouteTable, ec2("DescribeRouteTables", "to look at the route table")));
    }
    if scope.has_security_group() {
        grants.push(of(Kind::SecurityGroup, ec2("DescribeSecurityGroups", "to look at the security group")));
    }
    let links = scope.links().into_iter().map(|sort| match sort {
        Sort::VpnGateway => ec2("DescribeVpnGateways", "to look at the virtual private gateway"),
        Sort::TransitGateway => {
            ec2("DescribeTransitGatewayVpcAttachments", "to look at the transit gateway attachment")
        }
        Sort::Peering => ec2("DescribeVpcPeeringConnections", "to look at the VPC peering"),
    });
    grants.extend(links.map(|grant| of(Kind::Link, grant)));
    if scope.in_route53() {
        let zones = allow("route53:ListHostedZonesByName", "to look for the hosted zone");
        let records = allow("route53:ListResourceRecordSets", "to look for the TXT record").on(scope.hosted_zone());
        // Without a spec nobody knows whether the domain is in Route 53.
        let known = |grant: Grant| if scope.spec.is_none() { grant.sometimes() } else { grant };
        // The tags of an endpoint service that exists tell where its record is.
        let looked_for = scope.tears_down() || scope.makes_the_first(Kind::EndpointService);
        let zones = if looked_for { zones } else { zones.sometimes() };
        // A teardown takes the record out without asking what else is there, while it is ours alone.
        let records = if scope.tears_down() { records.sometimes() } else { records };
        grants.extend([known(zones), known(of(Kind::EndpointService, records))]);
    }
    if scope.has_key_store() {
        grants.push(allow("kms:DescribeCustomKeyStores", "to look at the key store"));
    }
    grants
}

/// What a plan reads beyond the look.
pub(super) fn plan(plan: &Plan, scope: &Scope<'_>) -> Vec<Grant> {
    let any = |kind: Kind, actions: &[Action]| scope.steps_of(kind).any(|(action, _)| actions.contains(&action));
    let mut grants = Vec::new();
    if plan.has_preflight() {
        let reason = "to check beforehand whether KMS would refuse; a rule that cannot be read is not checked";
        grants.extend(verify(scope).into_iter().map(|grant| grant.because(reason).sometimes()));
    }
    if any(Kind::Subnet, &[Action::Create, Action::Replace]) {
        let zones = allow("ec2:DescribeAvailabilityZones", "to choose zones for the subnets, when there are too few");
        grants.push(if scope.makes_the_first(Kind::Subnet) { zones } else { zones.sometimes() });
    }
    if plan.removed_vpc().is_some() || any(Kind::LoadBalancer, &[Action::Delete, Action::Replace]) {
        let reason = "to see that nothing is left in the VPC";
        grants.push(allow("ec2:DescribeNetworkInterfaces", reason));
    }
    if plan.purpose() == Purpose::Teardown {
        if any(Kind::KeyStore, &[Action::Delete]) {
            grants.push(allow("kms:ListKeys", "to see whether keys are in the key store"));
            let keys = allow("kms:DescribeKey", "to see which key store a key is in, when the account has keys");
            grants.push(keys.on(format!("arn:{}:kms:{}:*:key/*", scope.partition(), scope.region)).sometimes());
        }
        // The tags of a deleted service live on for a while, and it is looked for like one that exists.
        let reason = "to see whether others use the endpoint service, when its tags are still there";
        let endpoints = allow("ec2:DescribeVpcEndpointConnections", reason);
        grants.push(if any(Kind::EndpointService, &[Action::Delete]) { endpoints } else { endpoints.sometimes() });
    }
    grants
}

/// What verify reads. A read that is denied leaves rules unknown.
pub(super) fn verify(scope: &Scope<'_>) -> Vec<Grant> {
    const EC2: [(&str, &str); 12] = [
        ("DescribeVpcEndpointServiceConfigurations", "the endpoint service"),
        ("DescribeVpcEndpointServicePermissions", "the allowed principals"),
        ("DescribeVpcEndpointConnections", "the endpoints of KMS"),
        ("DescribeAvailabilityZones", "the zones"),
        ("DescribeVpcs", "the VPC"),
        ("DescribeVpcAttribute", "the DNS attributes of the VPC"),
        ("DescribeSubnets", "the subnets"),
        ("DescribeRouteTables", "the route tables"),
        ("DescribeNetworkAcls", "the network ACLs"),
        ("DescribeSecurityGroups", "the security groups"),
        (
            "DescribeNetworkInterfaces",
            "the network interfaces of load balancer and targets, when targets are in the VPC",
        ),
        ("DescribeVpcEndpointServices", "the endpoint service as its consumers see it, when it is of another account"),
    ];
    const BALANCING: [(&str, &str); 7] = [
        ("DescribeLoadBalancers", "the load balancer"),
        ("DescribeLoadBalancerAttributes", "the attributes of the load balancer"),
        ("DescribeListeners", "the listeners"),
        ("DescribeListenerAttributes", "the attributes of the listeners"),
        ("DescribeTargetGroups", "the target groups"),
        ("DescribeTargetGroupAttributes", "the attributes of the target groups"),
        ("DescribeTargetHealth", "the targets"),
    ];
    let ec2 = EC2.iter().map(|(operation, what)| {
        let grant = allow(&format!("ec2:{operation}"), format!("to look at {what}"));
        match *operation {
            // Asked in the account of the key store, where that is another one.
            "DescribeVpcEndpointServices" if scope.in_two_accounts() => grant.by(Role::Kms),
            "DescribeVpcEndpointServices" => grant.by(Role::Kms).sometimes(),
            "DescribeNetworkInterfaces" => grant.sometimes(),
            "DescribeVpcAttribute" => grant.on(scope.ec2("vpc/*")),
            "DescribeVpcEndpointServicePermissions" => grant.on(scope.ec2("vpc-endpoint-service/*")),
            _ => grant,
        }
    });
    let balancing =
        BALANCING.iter().map(|(operation, what)| allow(&format!("{ELB}:{operation}"), format!("to look at {what}")));
    let store = allow("kms:DescribeCustomKeyStores", "to look at the key stores");
    let quota = allow(
        "servicequotas:ListServiceQuotas",
        "to look at the quota of custom key stores, while the key store is not there",
    );
    ec2.chain(balancing).chain([store, quota.sometimes()]).collect()
}
