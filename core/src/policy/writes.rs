//! What each step of a plan does in AWS.

use super::Role;
use super::grant::{Grant, allow};
use super::scope::{Scope, Sort};
use crate::plan::{Action, Step};
use crate::resource::{Change, Kind};
use crate::spec::{Connectivity, Link};

/// The permissions of one step.
pub(super) fn of(step: &Step, scope: &Scope<'_>) -> Vec<Grant> {
    match step.action {
        Action::Create => create(step, scope),
        Action::Update => update(step, scope),
        Action::Delete => delete(step, scope),
        Action::Replace => delete(step, scope).into_iter().chain(create(step, scope)).collect(),
    }
}

fn elb(operation: &str, reason: &str) -> Grant {
    allow(&format!("elasticloadbalancing:{operation}"), reason)
}

impl Scope<'_> {
    /// An action on objects of ours in EC2.
    fn ours(&self, action: &str, reason: &str, kinds: &[&str]) -> Grant {
        let grant = allow(&format!("ec2:{action}"), reason).owned(self);
        kinds.iter().fold(grant, |grant, kind| grant.on(self.ec2(&format!("{kind}/*"))))
    }

    /// An action in the VPC, which is ours or one that stays as it is.
    fn in_vpc(&self, action: &str, reason: &str) -> Grant {
        match self.existing_vpc() {
            Some(id) => allow(&format!("ec2:{action}"), reason).on(self.ec2(&format!("vpc/{id}"))),
            None => self.ours(action, reason, &["vpc"]),
        }
    }

    /// Creating in EC2: the object gets our mark, and tagging is allowed as a part of this call only.
    fn creating(&self, action: &str, reason: &str, kind: &str) -> [Grant; 2] {
        let object = self.ec2(&format!("{kind}/*"));
        let tagging = allow("ec2:CreateTags", "to tag what is created").marked(self);
        [
            allow(&format!("ec2:{action}"), reason).on(object.clone()).marked(self),
            tagging.when("StringEquals", "ec2:CreateAction", [action]).on(object),
        ]
    }

    /// The same in Elastic Load Balancing.
    fn balancing(&self, action: &str, sort: &str) -> Grant {
        let tagging = elb("AddTags", "to tag what is created").marked(self);
        tagging.when("StringEquals", "elasticloadbalancing:CreateAction", [action]).on(self.elb(sort))
    }

    /// An action on load balancer, listener or target group of ours.
    fn ours_balancing(&self, action: &str, reason: &str, sort: &str) -> Grant {
        elb(action, reason).owned(self).on(self.elb(sort))
    }
}

const NLB: &str = "loadbalancer/net";
const LISTENER: &str = "listener/net";
const GROUP: &str = "targetgroup";
const SERVICE: &str = "vpc-endpoint-service";

fn create(step: &Step, scope: &Scope<'_>) -> Vec<Grant> {
    let mut grants = Vec::new();
    match step.resource.kind {
        Kind::Vpc => {
            grants.extend(scope.creating("CreateVpc", "to create the VPC", "vpc"));
            grants.push(scope.ours("ModifyVpcAttribute", "to turn on DNS host names of the VPC", &["vpc"]));
        }
        Kind::Subnet => {
            grants.extend(scope.creating("CreateSubnet", "to create the subnets", "subnet"));
            grants.push(scope.ours("CreateSubnet", "to create the subnets", &["vpc"]));
        }
        Kind::RouteTable => {
            grants.extend(scope.creating("CreateRouteTable", "to create the route table", "route-table"));
            grants.push(scope.ours("CreateRouteTable", "to create the route table", &["vpc"]));
            grants.push(associating(scope));
        }
        Kind::Link => grants.extend(create_link(scope)),
        Kind::Routes => grants.extend(routing(scope)),
        Kind::SecurityGroup => {
            let reason = "to create the security group";
            grants.extend(scope.creating("CreateSecurityGroup", reason, "security-group"));
            grants.push(scope.in_vpc("CreateSecurityGroup", reason));
        }
        Kind::TargetGroup => {
            grants.push(elb("CreateTargetGroup", "to create the target group").on(scope.elb(GROUP)).marked(scope));
            grants.push(scope.balancing("CreateTargetGroup", GROUP));
            let other_than_usual = scope.spec.is_none_or(|spec| spec.load_balancer().cross_zone);
            grants.extend(other_than_usual.then(|| group_attributes(scope)));
            grants.push(service_linked_role(scope));
        }
        Kind::Targets => {
            grants.push(scope.ours_balancing("RegisterTargets", "to register the proxy addresses", GROUP));
        }
        Kind::LoadBalancer => {
            let create = elb("CreateLoadBalancer", "to create the load balancer").on(scope.elb(NLB)).marked(scope);
            let create = create.when("StringEquals", "elasticloadbalancing:Scheme", ["internal"]);
            grants.push(match scope.existing_subnets() {
                Some(ids) => create.when("ForAllValues:StringEquals", "elasticloadbalancing:Subnet", ids),
                None => create,
            });
            grants.push(scope.balancing("CreateLoadBalancer", NLB));
            grants.extend(scope.wants_security_group().then(|| let_private_link_in(scope)));
            // AWS does not say which of these it asks in the caller's name.
            const ASKED: [&str; 5] = ["Subnets", "Vpcs", "SecurityGroups", "InternetGateways", "AccountAttributes"];
            let reason = "to create the load balancer, when AWS looks at the VPC in the caller's name";
            grants.extend(ASKED.map(|what| allow(&format!("ec2:Describe{what}"), reason).sometimes()));
            grants.push(service_linked_role(scope));
        }
        Kind::Listener => {
            let create = scope.ours_balancing("CreateListener", "to create the listener", NLB);
            grants.push(create.when("StringEquals", "elasticloadbalancing:ListenerProtocol", ["TCP"]));
            grants.push(scope.balancing("CreateListener", LISTENER));
        }
        Kind::EndpointService => {
            let [create, tagging] =
                scope.creating("CreateVpcEndpointServiceConfiguration", "to create the endpoint service", SERVICE);
            let name = scope.spec.map(|spec| spec.private_dns_name().as_str().to_owned());
            grants.push(create.when("StringEquals", "ec2:VpceServicePrivateDnsName", name));
            grants.push(tagging);
        }
        Kind::Permission => grants.push(principals(scope)),
        Kind::DomainRecord => grants.extend(publish(scope)),
        Kind::DomainVerification => grants.push(scope.ours(
            "StartVpcEndpointServicePrivateDnsVerification",
            "to start the domain verification",
            &[SERVICE],
        )),
        Kind::KeyStore => {
            grants.push(allow("kms:CreateCustomKeyStore", "to create the key store"));
            grants.push(seeing_the_service(scope));
        }
        Kind::Connection => {
            grants.push(allow("kms:ConnectCustomKeyStore", "to connect the key store"));
            grants.push(seeing_the_service(scope));
            let reason = "to leave the key store ready for the next try, when KMS could not connect it";
            grants.push(allow("kms:DisconnectCustomKeyStore", reason).sometimes());
        }
    }
    grants
}

fn update(step: &Step, scope: &Scope<'_>) -> Vec<Grant> {
    let changes = |begin: &str| step.changes.iter().any(|change| change.field.starts_with(begin));
    let beyond_tags = step.changes.iter().any(|change| !change.field.starts_with("tags."));
    let gets = step.changes.iter().any(|change| !change.to.is_empty());
    let loses = step.changes.iter().any(|change| !change.from.is_empty());
    let mut grants = Vec::new();
    if changes("tags.") {
        grants.push(tags(step.resource.kind, scope));
    }
    match step.resource.kind {
        Kind::Vpc if beyond_tags => {
            grants.push(scope.ours("ModifyVpcAttribute", "to turn on the DNS attributes of the VPC", &["vpc"]));
        }
        Kind::RouteTable if beyond_tags => grants.push(associating(scope)),
        Kind::Link if beyond_tags => {
            // In any other state AWS is at it already.
            let waits_for_us = |change: &Change| {
                change.field == "state" && ["detached", "pending-acceptance"].contains(&change.from.as_str())
            };
            let stands_still = step.changes.iter().any(waits_for_us);
            let finish = finish_link(scope).into_iter();
            grants.extend(finish.map(|grant| if stands_still { grant } else { grant.sometimes() }));
        }
        Kind::Routes => {
            grants.extend(gets.then(|| routing(scope)).into_iter().flatten());
            grants.extend(loses.then(|| scope.ours("DeleteRoute", "to delete routes", &["route-table"])));
        }
        Kind::TargetGroup => {
            if changes("health_check.") {
                grants.push(scope.ours_balancing("ModifyTargetGroup", "to change the health check", GROUP));
            }
            let attributes = step.changes.iter().any(|change| change.field.contains(".enabled"));
            grants.extend(attributes.then(|| group_attributes(scope)));
        }
        Kind::Targets => {
            let register = || scope.ours_balancing("RegisterTargets", "to register the proxy addresses", GROUP);
            let reason = "to deregister addresses that are no longer wanted";
            grants.extend(gets.then(register));
            grants.extend(loses.then(|| scope.ours_balancing("DeregisterTargets", reason, GROUP)));
        }
        Kind::LoadBalancer => {
            if changes("inbound_rules_on_private_link") {
                grants.push(let_private_link_in(scope));
            }
            if changes("ip_address_type") {
                let reason = "to set the IP address type of the load balancer";
                grants.push(scope.ours_balancing("SetIpAddressType", reason, NLB));
            }
            if changes("zone") {
                let reason = "to set the subnets of the load balancer";
                grants.push(scope.ours_balancing("SetSubnets", reason, NLB));
            }
        }
        Kind::Listener if beyond_tags => {
            grants.push(scope.ours_balancing("ModifyListener", "to change the listener", LISTENER));
        }
        Kind::EndpointService => {
            let waits_only = step.changes.iter().all(|change| change.field == "state");
            if beyond_tags && !waits_only {
                grants.push(scope.ours(
                    "ModifyVpcEndpointServiceConfiguration",
                    "to change the endpoint service",
                    &[SERVICE],
                ));
            }
            if changes("private_dns_name") {
                let reason = "to remember the TXT record of the former name, when it is known";
                grants.push(scope.ours("CreateTags", reason, &[SERVICE]).sometimes());
                let reason = "to forget the TXT record of the former name, when it was known";
                grants.push(scope.ours("DeleteTags", reason, &[SERVICE]).sometimes());
            }
        }
        Kind::Permission => grants.push(principals(scope)),
        Kind::DomainRecord => {
            grants.extend(withdraw(scope));
            grants.extend(publish(scope));
            let reason = "to forget the TXT record of a former name, when a tag remembers it";
            grants.push(scope.ours("DeleteTags", reason, &[SERVICE]).sometimes());
        }
        Kind::KeyStore => {
            grants.push(allow("kms:UpdateCustomKeyStore", "to change the key store"));
            grants.push(seeing_the_service(scope));
        }
        Kind::Connection => {
            grants.push(allow("kms:ConnectCustomKeyStore", "to connect the key store"));
            grants.push(seeing_the_service(scope));
            let reason = "to disconnect the key store, when it is FAILED";
            grants.push(allow("kms:DisconnectCustomKeyStore", reason).sometimes());
        }
        Kind::Vpc
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::Link
        | Kind::Listener
        | Kind::SecurityGroup
        | Kind::DomainVerification => {}
    }
    grants
}

fn delete(step: &Step, scope: &Scope<'_>) -> Vec<Grant> {
    let mut grants = Vec::new();
    match step.resource.kind {
        Kind::Vpc => grants.push(scope.ours("DeleteVpc", "to delete the VPC", &["vpc"])),
        Kind::Subnet => grants.push(scope.ours("DeleteSubnet", "to delete subnets", &["subnet"])),
        Kind::RouteTable => {
            let both = ["route-table", "subnet"];
            let off = scope.ours("DisassociateRouteTable", "to take the route table off the subnets", &both);
            // No subnet need use a second one.
            grants.push(if step.resource.is_duplicate() { off.sometimes() } else { off });
            grants.push(scope.ours("DeleteRouteTable", "to delete the route table", &["route-table"]));
        }
        Kind::Link => grants.extend(delete_link(step, scope)),
        Kind::Routes => {
            grants
                .push(scope.ours("DeleteRoute", "to delete routes, when there are any", &["route-table"]).sometimes());
            grants.push(
                scope
                    .ours(
                        "DisableVgwRoutePropagation",
                        "to turn off route propagation, when it is on",
                        &["route-table"],
                    )
                    .on(scope.ec2("vpn-gateway/*"))
                    .sometimes(),
            );
        }
        Kind::SecurityGroup => {
            grants.push(scope.ours("DeleteSecurityGroup", "to delete the security group", &["security-group"]));
        }
        Kind::TargetGroup => {
            grants.push(scope.ours_balancing("DeleteTargetGroup", "to delete the target group", GROUP));
        }
        Kind::Targets => {
            grants.push(scope.ours_balancing("DeregisterTargets", "to deregister the proxy addresses", GROUP));
        }
        Kind::LoadBalancer => {
            grants.push(scope.ours_balancing("DeleteLoadBalancer", "to delete the load balancer", NLB));
            let reason = "to turn off deletion protection, when somebody turned it on";
            grants.push(scope.ours_balancing("ModifyLoadBalancerAttributes", reason, NLB).sometimes());
        }
        Kind::Listener => grants.push(scope.ours_balancing("DeleteListener", "to delete the listener", LISTENER)),
        Kind::EndpointService => {
            let reason = "to delete the endpoint service";
            grants.push(scope.ours("DeleteVpcEndpointServiceConfigurations", reason, &[SERVICE]));
            let reason = "to reject endpoints that are left, when there are any";
            grants.push(scope.ours("RejectVpcEndpointConnections", reason, &[SERVICE]).sometimes());
        }
        Kind::Permission => grants.push(principals(scope)),
        Kind::DomainRecord => {
            grants.extend(withdraw(scope));
            let reason = "to forget the TXT record of a former name, when a tag remembers it";
            grants.push(scope.ours("DeleteTags", reason, &[SERVICE]).sometimes());
        }
        Kind::KeyStore => grants.push(allow("kms:DeleteCustomKeyStore", "to delete the key store")),
        Kind::Connection => grants.push(allow("kms:DisconnectCustomKeyStore", "to disconnect the key store")),
        Kind::DomainVerification => {}
    }
    grants
}

fn create_link(scope: &Scope<'_>) -> Vec<Grant> {
    let Some(link) = scope.spec.map(Connectivity::link) else { return Vec::new() };
    let mut grants = finish_link(scope);
    match link {
        Link::VpnGateway { id: None } => {
            grants.extend(scope.creating("CreateVpnGateway", "to create the virtual private gateway", "vpn-gateway"));
        }
        Link::TransitGateway { id } => {
            let (action, reason) = ("CreateTransitGatewayVpcAttachment", "to attach the VPC to the transit gateway");
            grants.extend(scope.creating(action, reason, "transit-gateway-attachment"));
            grants.push(scope.ours(action, reason, &["vpc", "subnet"]));
            grants.push(allow(&format!("ec2:{action}"), reason).on(scope.ec2(&format!("transit-gateway/{id}"))));
        }
        Link::Peering(peering) => {
            let (action, reason) = ("CreateVpcPeeringConnection", "to request the VPC peering");
            grants.extend(scope.creating(action, reason, "vpc-peering-connection"));
            grants.push(scope.ours(action, reason, &["vpc"]));
            let region = peering.region.as_deref().unwrap_or(scope.region);
            let peer = scope.ec2_in(region, &format!("vpc/{}", peering.vpc_id));
            grants.push(allow(&format!("ec2:{action}"), reason).on(peer));
        }
        Link::VpnGateway { id: Some(_) } | Link::Routed | Link::None => {}
    }
    grants
}

/// What follows the creation of a link: attaching, accepting.
fn finish_link(scope: &Scope<'_>) -> Vec<Grant> {
    match scope.spec.map(Connectivity::link) {
        Some(Link::VpnGateway { id }) => {
            let (action, reason) = ("AttachVpnGateway", "to attach the virtual private gateway to the VPC");
            let gateway = match id {
                Some(id) => allow(&format!("ec2:{action}"), reason).on(scope.ec2(&format!("vpn-gateway/{id}"))),
                None => scope.ours(action, reason, &["vpn-gateway"]),
            };
            vec![gateway, scope.ours(action, reason, &["vpc"])]
        }
        Some(Link::TransitGateway { .. }) => {
            let reason = "to add subnets to the transit gateway attachment, when it lacks any";
            let both = ["transit-gateway-attachment", "subnet"];
            vec![scope.ours("ModifyTransitGatewayVpcAttachment", reason, &both).sometimes()]
        }
        Some(Link::Peering(peering)) => {
            let accept = || allow("ec2:AcceptVpcPeeringConnection", "to accept the VPC peering");
            let region = peering.region.as_deref().unwrap_or(scope.region);
            let peer = scope.ec2_in(region, &format!("vpc/{}", peering.vpc_id));
            let there = scope.ec2_in(region, "vpc-peering-connection/*");
            // Tags of a peering are those of its own Region and account.
            let grants = if peering.region.is_none() {
                vec![accept().on(there).owned(scope), accept().on(peer)]
            } else {
                vec![accept().on(there).on(peer).when("StringEquals", "aws:RequestedRegion", [region])]
            };
            let by_others = peering.owner.is_some();
            grants.into_iter().map(|grant| if by_others { grant.sometimes() } else { grant }).collect()
        }
        Some(Link::Routed | Link::None) | None => Vec::new(),
    }
}

fn delete_link(step: &Step, scope: &Scope<'_>) -> Vec<Grant> {
    let id = step.id.as_str();
    let exactly = |action: &str, reason: &str, kind: &str| {
        allow(&format!("ec2:{action}"), reason).on(scope.ec2(&format!("{kind}/{id}")))
    };
    match Sort::of_id(id) {
        Some(Sort::VpnGateway) => {
            let (action, reason) = ("DetachVpnGateway", "to detach the virtual private gateway from the VPC");
            let reason_of_deletion = "to delete the virtual private gateway, when it is ours";
            let detach = [exactly(action, reason, "vpn-gateway"), scope.ours(action, reason, &["vpc"])];
            // A duplicate is attached to nothing, and neither is what outlived its VPC.
            let attached = !step.resource.is_duplicate() && scope.exists(Kind::Vpc);
            let detach = detach.into_iter().filter(|_| attached);
            let delete = scope.ours("DeleteVpnGateway", reason_of_deletion, &["vpn-gateway"]).sometimes();
            detach.chain([delete]).collect()
        }
        Some(Sort::TransitGateway) => {
            let reason = "to delete the transit gateway attachment";
            vec![exactly("DeleteTransitGatewayVpcAttachment", reason, "transit-gateway-attachment")]
        }
        Some(Sort::Peering) => {
            vec![exactly("DeleteVpcPeeringConnection", "to delete the VPC peering", "vpc-peering-connection")]
        }
        None => Vec::new(),
    }
}

fn associating(scope: &Scope<'_>) -> Grant {
    scope.ours("AssociateRouteTable", "to associate the route table with the subnets", &["route-table", "subnet"])
}

fn routing(scope: &Scope<'_>) -> Vec<Grant> {
    let (action, reason) = ("EnableVgwRoutePropagation", "to turn on route propagation");
    match scope.spec.map(Connectivity::link) {
        Some(Link::VpnGateway { id: None }) => vec![scope.ours(action, reason, &["route-table", "vpn-gateway"])],
        Some(Link::VpnGateway { id: Some(id) }) => vec![
            scope.ours(action, reason, &["route-table"]),
            allow(&format!("ec2:{action}"), reason).on(scope.ec2(&format!("vpn-gateway/{id}"))),
        ],
        _ => vec![scope.ours("CreateRoute", "to create routes to the data center", &["route-table"])],
    }
}

fn group_attributes(scope: &Scope<'_>) -> Grant {
    let reason = "to set the attributes of the target group";
    scope.ours_balancing("ModifyTargetGroupAttributes", reason, GROUP)
}

fn let_private_link_in(scope: &Scope<'_>) -> Grant {
    let reason = "to let PrivateLink traffic into the load balancer, whose inbound rules cannot know it";
    scope.ours_balancing("SetSecurityGroups", reason, NLB)
}

fn service_linked_role(scope: &Scope<'_>) -> Grant {
    let service = "elasticloadbalancing.amazonaws.com";
    allow("iam:CreateServiceLinkedRole", "to create the first load balancer or target group of the account")
        .on(format!("arn:{}:iam::*:role/aws-service-role/{service}/*", scope.partition()))
        .when("StringEquals", "iam:AWSServiceName", [service])
        .sometimes()
}

/// KMS looks for an endpoint service of another account in the caller's name (ACC-05). Whether it is of another is known
/// from a spec that names the account; a client may have two accounts without.
fn seeing_the_service(scope: &Scope<'_>) -> Grant {
    let action = "ec2:DescribeVpcEndpointServices";
    if scope.in_two_accounts() {
        return allow(action, "to let KMS find the endpoint service, which is of another account").by(Role::Kms);
    }
    let reason = "to let KMS find the endpoint service, when it is of another account";
    allow(action, reason).by(Role::Kms).sometimes()
}

fn principals(scope: &Scope<'_>) -> Grant {
    scope.ours("ModifyVpcEndpointServicePermissions", "to let KMS connect to the endpoint service", &[SERVICE])
}

fn publish(scope: &Scope<'_>) -> Vec<Grant> {
    if !scope.in_route53() {
        return Vec::new();
    }
    let changes = format!("arn:{}:route53:::change/*", scope.partition());
    vec![
        change_record(scope, "to publish the TXT record"),
        allow("route53:GetChange", "to see when the TXT record is served everywhere").on(changes),
    ]
}

fn withdraw(scope: &Scope<'_>) -> Vec<Grant> {
    let grant = || change_record(scope, "to remove our value of the TXT record");
    scope.in_route53().then(grant).into_iter().collect()
}

fn change_record(scope: &Scope<'_>, reason: &str) -> Grant {
    const KEY: &str = "route53:ChangeResourceRecordSets";
    allow("route53:ChangeResourceRecordSets", reason)
        .on(scope.hosted_zone())
        .when("ForAllValues:StringLike", &format!("{KEY}NormalizedRecordNames"), scope.record_names())
        .when("ForAllValues:StringEquals", &format!("{KEY}RecordTypes"), ["TXT"])
        // Values of others under the same name stay, so taking ours out may be a change of the record.
        .when("ForAllValues:StringEquals", &format!("{KEY}Actions"), ["CREATE", "UPSERT", "DELETE"])
}

fn tags(kind: Kind, scope: &Scope<'_>) -> Grant {
    let reason = "to set tags";
    let ec2 = |resource: &str| scope.ours("CreateTags", reason, &[resource]);
    match kind {
        Kind::TargetGroup => scope.ours_balancing("AddTags", reason, GROUP),
        Kind::LoadBalancer => scope.ours_balancing("AddTags", reason, NLB),
        Kind::Listener => scope.ours_balancing("AddTags", reason, LISTENER),
        Kind::Subnet => ec2("subnet"),
        Kind::RouteTable => ec2("route-table"),
        Kind::SecurityGroup => ec2("security-group"),
        Kind::EndpointService => ec2(SERVICE),
        Kind::Link => match scope.spec.and_then(|spec| Sort::of(spec.link())) {
            Some(Sort::TransitGateway) => ec2("transit-gateway-attachment"),
            Some(Sort::Peering) => ec2("vpc-peering-connection"),
            _ => ec2("vpn-gateway"),
        },
        _ => ec2("vpc"),
    }
}
