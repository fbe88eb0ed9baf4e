//! The health of targets, computed from when they were registered and when a listener began to forward to them.

use std::time::Duration;

use super::{Target, TargetGroup, load_balancer};
use crate::world::World;

/// State of a target and why, in AWS's words.
pub(super) struct Health {
    pub(super) state: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) description: Option<&'static str>,
}

const fn because(state: &'static str, reason: &'static str, description: &'static str) -> Health {
    Health { state, reason: Some(reason), description: Some(description) }
}

pub(super) const NOT_REGISTERED: Health =
    because("unused", "Target.NotRegistered", "Target is not registered to the target group");
const DRAINING: Health = because("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress");
const NOT_IN_USE: Health =
    because("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer");
const ZONE_NOT_ENABLED: Health =
    because("unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer");
const UNUSABLE: Health = because("unused", "Target.IpUnusable", "Target IP address is in use by a load balancer");
const INITIAL: Health = because("initial", "Elb.InitialHealthChecking", "Initial health checks in progress");
const FAILED: Health = because("unhealthy", "Target.FailedHealthChecks", "Health checks failed");
const HEALTHY: Health = Health { state: "healthy", reason: None, description: None };

/// The health of a target at a time.
pub(super) fn of(world: &World, group: &TargetGroup, target: &Target, at: Duration) -> Health {
    if target.drained_at.is_some() {
        return DRAINING;
    }
    let Some(attached) = attached(world, &group.arn) else { return NOT_IN_USE };
    if is_a_load_balancers(world, group, target) {
        return UNUSABLE;
    }
    if !in_an_enabled_zone(world, group, target) {
        return ZONE_NOT_ENABLED;
    }
    if at < attached.max(target.registered) + world.timings.target_health {
        return INITIAL;
    }
    let dead = world.elb.dead_targets.contains(&target.id) || !answers_checks(world, group, target);
    if dead { FAILED } else { HEALTHY }
}

/// Since when a listener forwards to a group.
pub(super) fn attached(world: &World, group_arn: &str) -> Option<Duration> {
    let listeners = world.elb.listeners.iter().filter(|listener| listener.target_group_arn == group_arn);
    listeners.map(|listener| listener.attached).min()
}

/// The zone of a target: as registered, else the one of its subnet.
pub(super) fn zone(world: &World, group: &TargetGroup, target: &Target) -> Option<String> {
    let detected = || {
        let address = target.id.parse().ok()?;
        let mut subnets = world.ec2.subnets.iter().filter(|subnet| group.settings.get("VpcId") == Some(&subnet.vpc_id));
        subnets
            .find(|subnet| subnet.cidr.contains::<&std::net::Ipv4Addr>(&address))
            .map(|subnet| subnet.zone_name.clone())
    };
    target.zone.clone().or_else(detected)
}

/// The addresses of the healthy targets that a connection to port 443 of these load balancers can come to: the listener
/// passes TCP on, since the certificate is the proxy's.
pub(crate) fn healthy_targets<'a>(world: &'a World, load_balancer_arns: &[String], at: Duration) -> Vec<&'a str> {
    let active = |arn: &String| {
        let mut all = world.elb.load_balancers.iter();
        all.any(|balancer| balancer.arn == *arn && load_balancer::is_active(balancer, world, at))
    };
    let listeners = world.elb.listeners.iter().filter(|listener| {
        listener.protocol == "TCP" && listener.port == 443 && load_balancer_arns.contains(&listener.load_balancer_arn)
    });
    let listeners = listeners.filter(|listener| active(&listener.load_balancer_arn));
    let groups = listeners.filter_map(|listener| {
        let mut groups = world.elb.target_groups.iter();
        groups.find(|group| group.arn == listener.target_group_arn)
    });
    let healthy = |group: &&TargetGroup, target: &&Target| of(world, group, target, at).state == HEALTHY.state;
    groups
        .flat_map(|group| group.targets.iter().filter(move |target| healthy(&group, target)))
        .map(|target| target.id.as_str())
        .collect()
}

/// Whether the described proxy at a target's address, if there is one, answers the group's health checks.
fn answers_checks(world: &World, group: &TargetGroup, target: &Target) -> bool {
    let setting = |name: &str| group.settings.get(name).map(String::as_str).unwrap_or_default();
    let mut here = world.proxies.iter().filter(|proxy| proxy.addresses.contains(&target.id));
    here.all(|proxy| proxy.answers_check(setting("HealthCheckProtocol"), setting("HealthCheckPath")))
}

fn is_a_load_balancers(world: &World, group: &TargetGroup, target: &Target) -> bool {
    world.ec2.network_interfaces.iter().any(|interface| {
        interface.interface_type == "network_load_balancer"
            && group.settings.get("VpcId") == Some(&interface.vpc_id)
            && interface.address.to_string() == target.id
    })
}

fn in_an_enabled_zone(world: &World, group: &TargetGroup, target: &Target) -> bool {
    let Some(zone) = zone(world, group, target).filter(|zone| zone != "all") else { return true };
    let listeners = world.elb.listeners.iter().filter(|listener| listener.target_group_arn == group.arn);
    let arns: Vec<&String> = listeners.map(|listener| &listener.load_balancer_arn).collect();
    let mut balancers = world.elb.load_balancers.iter().filter(|balancer| arns.contains(&&balancer.arn));
    balancers.any(|balancer| balancer.subnets.iter().any(|place| place.zone_name == zone))
}
