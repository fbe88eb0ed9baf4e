//! Elastic Load Balancing v2: Network Load Balancers, listeners, target groups.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod arn;
mod attributes;
#[cfg(test)]
pub(crate) mod fixture;
mod health;
mod input;
mod interfaces;
mod limits;
mod listener;
mod load_balancer;
mod placement;
mod tags;
mod target_group;
mod targets;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;

pub(crate) use self::health::healthy_targets;
use self::limits::Limits;
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// What Elastic Load Balancing keeps.
#[derive(Clone, Debug, Default, Serialize)]
pub struct State {
    /// Load balancers.
    pub load_balancers: Vec<LoadBalancer>,
    /// Listeners.
    pub listeners: Vec<Listener>,
    /// Target groups.
    pub target_groups: Vec<TargetGroup>,
    /// Target addresses that do not answer health checks, for failure scenarios.
    pub dead_targets: Vec<String>,
    /// Quotas of each account and Region.
    pub limits: Limits,
}

/// A load balancer.
#[derive(Clone, Debug, Serialize)]
pub struct LoadBalancer {
    /// Owner and Region.
    pub home: Home,
    /// ARN, `…:loadbalancer/net/<name>/<id>`.
    pub arn: String,
    /// Name.
    pub name: String,
    /// `network` or `gateway`.
    pub kind: String,
    /// `internal` or `internet-facing`; empty for a gateway, which has none.
    pub scheme: String,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    /// Its VPC.
    pub vpc_id: String,
    /// One subnet per zone.
    pub subnets: Vec<LoadBalancerSubnet>,
    /// Security groups; empty means never possible.
    pub security_groups: Vec<String>,
    /// `on` or `off`; only meaningful with security groups.
    pub enforce_private_link_rules: String,
    /// Attributes such as `deletion_protection.enabled`.
    pub attributes: BTreeMap<String, String>,
    /// When CreateLoadBalancer took effect.
    pub created: Duration,
    /// Why it will be `failed` instead of `active`.
    pub failure: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// A zone of a load balancer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LoadBalancerSubnet {
    /// Subnet.
    pub subnet_id: String,
    /// Zone name.
    pub zone_name: String,
    /// Zone id.
    pub zone_id: String,
    /// The private address that the owner chose, if any.
    pub address: Option<Ipv4Addr>,
}

/// A listener.
#[derive(Clone, Debug, Serialize)]
pub struct Listener {
    /// ARN.
    pub arn: String,
    /// Its load balancer.
    pub load_balancer_arn: String,
    /// `TCP` …
    pub protocol: String,
    /// Port.
    pub port: i64,
    /// The group that the default action forwards to.
    pub target_group_arn: String,
    /// Since when it forwards there.
    pub attached: Duration,
    /// Certificates of a TLS listener, the default one first.
    pub certificates: Vec<String>,
    /// Attributes such as `tcp.idle_timeout.seconds`.
    pub attributes: BTreeMap<String, String>,
    /// Tags.
    pub tags: Tags,
}

/// A target group.
#[derive(Clone, Debug, Serialize)]
pub struct TargetGroup {
    /// Owner and Region.
    pub home: Home,
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Every other member of `TargetGroup` that CreateTargetGroup sets (Protocol, Port, VpcId, TargetType,
    /// IpAddressType, HealthCheck…), under AWS's names and as texts.
    pub settings: BTreeMap<String, String>,
    /// Attributes such as `preserve_client_ip.enabled`.
    pub attributes: BTreeMap<String, String>,
    /// Registered targets.
    pub targets: Vec<Target>,
    /// Tags.
    pub tags: Tags,
}

/// A registered target.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// Address.
    pub id: String,
    /// Port.
    pub port: i64,
    /// `all` or a zone name, if given.
    pub zone: Option<String>,
    /// When it was registered.
    pub registered: Duration,
    /// When draining ends; `None` while registered.
    pub drained_at: Option<Duration>,
}

impl LoadBalancer {
    /// `provisioning`, `active` or `failed`.
    pub(crate) fn state(&self, world: &World) -> &'static str {
        load_balancer::state(self, world, world.now)
    }
}

impl TargetGroup {
    /// The health of one of its targets, such as `healthy`.
    pub(crate) fn health(&self, target: &Target, world: &World) -> &'static str {
        health::of(world, self, target, world.now).state
    }
}

/// Lets everything happen in Elastic Load Balancing that is due.
pub(crate) fn advance(world: &mut World) {
    targets::advance(world);
}

/// Handles one Elastic Load Balancing call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    match call.operation.as_str() {
        "CreateLoadBalancer" => load_balancer::create(call, world),
        "DescribeLoadBalancers" => load_balancer::describe(call, world),
        "DescribeLoadBalancerAttributes" => load_balancer::describe_attributes(call, world),
        "ModifyLoadBalancerAttributes" => load_balancer::modify_attributes(call, world),
        "SetSecurityGroups" => load_balancer::set_security_groups(call, world),
        "SetSubnets" => load_balancer::set_subnets(call, world),
        "SetIpAddressType" => load_balancer::set_ip_address_type(call, world),
        "DeleteLoadBalancer" => load_balancer::delete(call, world),
        "CreateListener" => listener::create(call, world),
        "DescribeListeners" => listener::describe(call, world),
        "ModifyListener" => listener::modify(call, world),
        "DeleteListener" => listener::delete(call, world),
        "DescribeListenerAttributes" => listener::describe_attributes(call, world),
        "ModifyListenerAttributes" => listener::modify_attributes(call, world),
        "CreateTargetGroup" => target_group::create(call, world),
        "DescribeTargetGroups" => target_group::describe(call, world),
        "ModifyTargetGroup" => target_group::modify(call, world),
        "DescribeTargetGroupAttributes" => target_group::describe_attributes(call, world),
        "ModifyTargetGroupAttributes" => target_group::modify_attributes(call, world),
        "DeleteTargetGroup" => target_group::delete(call, world),
        "RegisterTargets" => targets::register(call, world),
        "DeregisterTargets" => targets::deregister(call, world),
        "DescribeTargetHealth" => targets::describe_health(call, world),
        "AddTags" => tags::add(call, world),
        "RemoveTags" => tags::remove(call, world),
        "DescribeTags" => tags::describe(call, world),
        "DescribeAccountLimits" => limits::describe(world),
        other => Err(Fail::new("InvalidAction", format!("The action {other} is not valid for this web service."))),
    }
}
