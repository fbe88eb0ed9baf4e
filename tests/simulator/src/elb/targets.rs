//! Targets of a group: registered, checked, drained.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::input::invalid;
use super::{Target, TargetGroup, health, target_group};
use crate::call::{Answer, Call, Fail, text_of};
use crate::world::World;

/// Ranges outside the VPC in which a target may be: RFC 1918 and RFC 6598.
const PRIVATE: [(Ipv4Addr, u8); 4] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// Lets drained targets go.
pub(super) fn advance(world: &mut World) {
    let now = world.now;
    for group in &mut world.elb.target_groups {
        group.targets.retain(|target| target.drained_at.is_none_or(|at| at > now));
    }
}

pub(super) fn register(call: &Call, world: &mut World) -> Answer {
    let group = target_group::named_by(call, world)?;
    let asked = asked(call, group)?;
    for target in &asked {
        check(world, group, target)?;
    }
    let (now, limit) = (world.now, world.elb.limits.targets);
    let group = target_group::named_by_mut(call, world)?;
    let mut targets = group.targets.clone();
    for Asked { id, port, zone } in asked {
        match targets.iter_mut().find(|each| each.id == id && each.port == port) {
            Some(there) if there.drained_at.is_none() => there.zone = zone,
            Some(there) => *there = Target { id, port, zone, registered: now, drained_at: None },
            None => targets.push(Target { id, port, zone, registered: now, drained_at: None }),
        }
    }
    if targets.len() > limit {
        return Err(Fail::new("TooManyTargets", format!("A target group can have at most '{limit}' targets")));
    }
    group.targets = targets;
    Ok(json!({}))
}

/// Starts draining; targets of a group without traffic go at once, unknown ones are no mistake.
pub(super) fn deregister(call: &Call, world: &mut World) -> Answer {
    let group = target_group::named_by(call, world)?;
    let asked = asked(call, group)?;
    let in_use = health::attached(world, &group.arn).is_some();
    let now = world.now;
    let group = target_group::named_by_mut(call, world)?;
    let delay = group.attributes.get("deregistration_delay.timeout_seconds").and_then(|value| value.parse().ok());
    let drained_at = now + Duration::from_secs(if in_use { delay.unwrap_or_default() } else { 0 });
    for target in &mut group.targets {
        let named = asked.iter().any(|each| each.id == target.id && each.port == target.port);
        if named && target.drained_at.is_none() {
            target.drained_at = Some(drained_at);
        }
    }
    group.targets.retain(|target| target.drained_at.is_none_or(|at| at > now));
    Ok(json!({}))
}

pub(super) fn describe_health(call: &Call, world: &World) -> Answer {
    let group = target_group::named_by(call, world)?;
    let asked = asked(call, group)?;
    let shown: Vec<Value> = if asked.is_empty() {
        group.targets.iter().map(|target| show(world, group, target)).collect()
    } else {
        asked.iter().map(|each| show_asked(world, group, each)).collect()
    };
    Ok(json!({"TargetHealthDescriptions": shown}))
}

/// A target as a call names it.
struct Asked {
    id: String,
    port: i64,
    zone: Option<String>,
}

fn asked(call: &Call, group: &TargetGroup) -> Result<Vec<Asked>, Fail> {
    let default = group.settings.get("Port").and_then(|port| port.parse().ok()).unwrap_or_default();
    let read = |item: &Value| {
        let id = text_of(&item["Id"]).ok_or_else(|| invalid("A target ID must be specified"))?;
        let port = match text_of(&item["Port"]) {
            None => default,
            Some(text) => text
                .parse()
                .ok()
                .filter(|port| (1..=65535).contains(port))
                .ok_or_else(|| invalid(format!("Port '{text}' must be in the range 1-65535")))?,
        };
        Ok(Asked { id, port, zone: text_of(&item["AvailabilityZone"]) })
    };
    call.list("Targets").iter().filter(|item| item.is_object()).map(read).collect()
}

fn check(world: &World, group: &TargetGroup, target: &Asked) -> Result<(), Fail> {
    let Asked { id, zone, .. } = target;
    if group.settings.get("TargetType").is_some_and(|kind| kind != "ip") {
        return Ok(());
    }
    let address: Ipv4Addr =
        id.parse().map_err(|_| invalid(format!("The IP address '{id}' is not a valid IPv4 address")))?;
    let vpc = world.ec2.vpcs.iter().find(|vpc| group.settings.get("VpcId") == Some(&vpc.id));
    if vpc.is_some_and(|vpc| vpc.cidr.contains(&address)) {
        return Ok(());
    }
    let private = PRIVATE.iter().any(|(net, prefix)| Ipv4Net::new_assert(*net, *prefix).contains(&address));
    if !private {
        let message = format!("The IP address '{id}' is not within a range that targets may have");
        return Err(Fail::new("InvalidTarget", message));
    }
    if zone.as_deref() != Some("all") {
        return Err(invalid(format!(
            "The IP address '{id}' is outside the VPC of the target group: its Availability Zone must be 'all'"
        )));
    }
    Ok(())
}

fn show_asked(world: &World, group: &TargetGroup, asked: &Asked) -> Value {
    let there = group.targets.iter().find(|target| target.id == asked.id && target.port == asked.port);
    there.map_or_else(
        || description(group, &asked.id, asked.port, asked.zone.as_deref(), &health::NOT_REGISTERED),
        |target| show(world, group, target),
    )
}

fn show(world: &World, group: &TargetGroup, target: &Target) -> Value {
    let zone = health::zone(world, group, target);
    let health = health::of(world, group, target, world.now);
    description(group, &target.id, target.port, zone.as_deref(), &health)
}

fn description(group: &TargetGroup, id: &str, port: i64, zone: Option<&str>, health: &health::Health) -> Value {
    let check_port = group.settings.get("HealthCheckPort").filter(|port| *port != "traffic-port");
    json!({
        "Target": {"Id": id, "Port": port, "AvailabilityZone": zone},
        "HealthCheckPort": check_port.cloned().unwrap_or_else(|| port.to_string()),
        "TargetHealth": {"State": health.state, "Reason": health.reason, "Description": health.description},
    })
}
