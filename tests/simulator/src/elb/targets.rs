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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::elb::fixture::{code, elb, listener, load_balancer, register, target_group, wait, world};
    use crate::world::World;

    fn health(world: &mut World, group: &str) -> Value {
        let answer = elb(world, "DescribeTargetHealth", json!({"TargetGroupArn": group})).unwrap();
        answer["TargetHealthDescriptions"].clone()
    }

    fn in_use(world: &mut World) -> String {
        let (balancer, group) = (load_balancer(world, "nlb"), target_group(world, "tg"));
        listener(world, &balancer, &group);
        group
    }

    #[test]
    fn a_target_without_listener_is_unused() {
        let mut world = world();
        let group = target_group(&mut world, "tg");
        register(&mut world, &group, json!({"Id": "10.0.0.20"})).unwrap();
        let health = &health(&mut world, &group)[0];
        assert_eq!(health["TargetHealth"]["Reason"], "Target.NotInUse");
        assert_eq!(health["Target"], json!({"Id": "10.0.0.20", "Port": 443, "AvailabilityZone": "eu-central-1a"}));
    }

    #[test]
    fn the_first_checks_take_their_time_from_the_later_of_target_and_listener() {
        let mut world = world();
        let (balancer, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        register(&mut world, &group, json!({"Id": "10.0.0.20"})).unwrap();
        wait(&mut world, 60);
        listener(&mut world, &balancer, &group);
        wait(&mut world, 29);
        let state = |world: &mut World| health(world, &group)[0]["TargetHealth"]["State"].clone();
        assert_eq!(state(&mut world), "initial");
        wait(&mut world, 1);
        assert_eq!(state(&mut world), "healthy");
        world.elb.dead_targets.push("10.0.0.20".to_owned());
        assert_eq!(state(&mut world), "unhealthy");
    }

    #[test]
    fn a_zone_that_the_load_balancer_is_not_in_gets_no_traffic() {
        let mut world = world();
        let group = in_use(&mut world);
        register(&mut world, &group, json!({"Id": "10.0.2.10"})).unwrap();
        assert_eq!(health(&mut world, &group)[0]["TargetHealth"]["Reason"], "Target.NotInUse");
    }

    #[test]
    fn a_load_balancers_own_address_is_unusable() {
        let mut world = world();
        let group = in_use(&mut world);
        register(&mut world, &group, json!({"Id": "10.0.0.4"})).unwrap();
        assert_eq!(health(&mut world, &group)[0]["TargetHealth"]["Reason"], "Target.IpUnusable");
    }

    #[test]
    fn addresses_outside_the_vpc_are_private_and_for_all_zones() {
        let mut world = world();
        let group = target_group(&mut world, "tg");
        let mut with = |target: Value| code(register(&mut world, &group, target));
        assert_eq!(with(json!({"Id": "8.8.8.8", "AvailabilityZone": "all"})), "InvalidTarget");
        assert_eq!(with(json!({"Id": "192.168.7.1"})), "ValidationError");
        assert_eq!(with(json!({"Id": "192.168.7.1", "AvailabilityZone": "all"})), "ok");
        assert_eq!(with(json!({"Id": "proxy.example.com"})), "ValidationError");
    }

    #[test]
    fn registering_again_changes_nothing() {
        let mut world = world();
        let group = in_use(&mut world);
        register(&mut world, &group, json!({"Id": "10.0.0.20"})).unwrap();
        wait(&mut world, 30);
        register(&mut world, &group, json!({"Id": "10.0.0.20", "Port": "443"})).unwrap();
        let health = health(&mut world, &group);
        assert_eq!((health.as_array().unwrap().len(), &health[0]["TargetHealth"]["State"]), (1, &json!("healthy")));
    }

    #[test]
    fn a_deregistered_target_drains_and_goes() {
        let mut world = world();
        let group = in_use(&mut world);
        register(&mut world, &group, json!({"Id": "10.0.0.20"})).unwrap();
        let input = json!({"TargetGroupArn": group, "Targets": [{"Id": "10.0.0.20"}, {"Id": "10.0.0.99"}]});
        elb(&mut world, "DeregisterTargets", input).unwrap();
        wait(&mut world, 299);
        assert_eq!(health(&mut world, &group)[0]["TargetHealth"]["State"], "draining");
        wait(&mut world, 1);
        assert_eq!(health(&mut world, &group), json!([]));
    }

    #[test]
    fn a_question_about_an_unknown_target_has_an_answer() {
        let mut world = world();
        let group = target_group(&mut world, "tg");
        let input = json!({"TargetGroupArn": group, "Targets": [{"Id": "10.0.0.20"}]});
        let answer = elb(&mut world, "DescribeTargetHealth", input).unwrap();
        assert_eq!(answer["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"], "Target.NotRegistered");
    }
}
