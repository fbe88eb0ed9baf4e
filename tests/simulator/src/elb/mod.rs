//! Elastic Load Balancing v2: Network Load Balancers, listeners, target groups.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// What Elastic Load Balancing keeps.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Load balancers.
    pub load_balancers: Vec<LoadBalancer>,
    /// Listeners.
    pub listeners: Vec<Listener>,
    /// Target groups.
    pub target_groups: Vec<TargetGroup>,
    /// Target addresses that do not answer health checks, for failure scenarios.
    pub dead_targets: Vec<String>,
}

/// A load balancer.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// Owner and Region.
    pub home: Home,
    /// ARN, `…:loadbalancer/net/<name>/<id>`.
    pub arn: String,
    /// Name.
    pub name: String,
    /// `network` or `gateway`.
    pub kind: String,
    /// `internal` or `internet-facing`.
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
    /// Tags.
    pub tags: Tags,
}

/// A zone of a load balancer.
#[derive(Clone, Debug)]
pub struct LoadBalancerSubnet {
    /// Subnet.
    pub subnet_id: String,
    /// Zone name.
    pub zone_name: String,
    /// Zone id.
    pub zone_id: String,
}

/// A listener.
#[derive(Clone, Debug)]
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
    /// Tags.
    pub tags: Tags,
}

/// A target group.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
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

/// Lets everything happen in Elastic Load Balancing that is due.
pub(crate) fn advance(world: &mut World) {
    let _ = world;
}

/// Handles one Elastic Load Balancing call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    let _ = world;
    Err(Fail::new("InvalidAction", format!("The action {} is not valid for this web service.", call.operation)))
}
