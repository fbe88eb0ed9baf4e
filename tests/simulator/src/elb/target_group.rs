//! Target groups: what is fixed when they are made, and their health checks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::input::{self, home, invalid, one_of, texts};
use super::{TargetGroup, arn, attributes, limits, load_balancer};
use crate::call::{Answer, Call, Fail, text_of};
use crate::world::{Home, World};

type Settings = BTreeMap<String, String>;

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let group = wanted(call, world)?;
    if let Some(there) = mine(world, &group.home).find(|each| each.name == group.name) {
        let same = there.settings == group.settings && there.tags == group.tags;
        return if same { Ok(one(there, world)) } else { Err(duplicate(&group.name)) };
    }
    let count = mine(world, &group.home).count();
    limits::room_for_one(count, world.elb.limits.target_groups, "TooManyTargetGroups")?;
    let group = TargetGroup { arn: arn::target_group(&group.home, &group.name, &world.ids.hex(16)), ..group };
    let answer = one(&group, world);
    world.elb.target_groups.push(group);
    Ok(answer)
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let (home, names, arns) = (home(call), texts(call, "Names"), texts(call, "TargetGroupArns"));
    let known = |test: &dyn Fn(&TargetGroup) -> bool| mine(world, &home).any(test);
    if !names.iter().all(|name| known(&|each| each.name == *name))
        || !arns.iter().all(|arn| known(&|each| each.arn == *arn))
    {
        return Err(not_found());
    }
    let balancer = call.text("LoadBalancerArn").map(|_| load_balancer::named_by(call, world)).transpose()?;
    let asked = |each: &&TargetGroup| {
        balancer.is_none_or(|balancer| load_balancers(world, &each.arn).contains(balancer.arn.as_str()))
            && (names.is_empty() || names.contains(&each.name))
            && (arns.is_empty() || arns.contains(&each.arn))
    };
    let found = mine(world, &home).filter(asked).collect();
    input::page(call, "TargetGroups", found, |each| &each.arn, |each| show(each, world))
}

/// Changes the health check; everything else is fixed.
pub(super) fn modify(call: &Call, world: &mut World) -> Answer {
    let mut changed = named_by(call, world)?.settings.clone();
    let protocol = changed.get("HealthCheckProtocol").cloned().unwrap_or_default();
    let asked = call.text("HealthCheckProtocol").unwrap_or_else(|| protocol.clone());
    if asked != protocol {
        // The defaults follow the protocol; numbers that were set stay.
        changed.retain(|name, _| !matches!(name.as_str(), "HealthCheckPath" | "Matcher"));
        for (name, value) in health_check_defaults(&asked) {
            changed.entry(name).or_insert(value);
        }
    }
    take_health_check(call, &asked, &mut changed)?;
    let group = named_by_mut(call, world)?;
    group.settings = changed;
    let group = group.clone();
    Ok(one(&group, world))
}

pub(super) fn describe_attributes(call: &Call, world: &World) -> Answer {
    Ok(attributes::show(&named_by(call, world)?.attributes))
}

pub(super) fn modify_attributes(call: &Call, world: &mut World) -> Answer {
    attributes::modify(call, &mut named_by_mut(call, world)?.attributes, "Target group")
}

/// A target group that is gone counts as deleted.
pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let (home, arn) = (home(call), call.need("TargetGroupArn")?);
    if world.elb.listeners.iter().any(|listener| listener.target_group_arn == arn) {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(Fail::new("ResourceInUse", message));
    }
    world.elb.target_groups.retain(|group| group.home != home || group.arn != arn);
    Ok(json!({}))
}

/// The target groups of an account and Region.
pub(super) fn mine<'a>(world: &'a World, home: &Home) -> impl Iterator<Item = &'a TargetGroup> {
    world.elb.target_groups.iter().filter(move |each| each.home == *home)
}

pub(super) fn find<'a>(world: &'a World, home: &Home, arn: &str) -> Result<&'a TargetGroup, Fail> {
    mine(world, home).find(|each| each.arn == arn).ok_or_else(not_found)
}

/// The target group that the parameter `TargetGroupArn` names.
pub(super) fn named_by<'a>(call: &Call, world: &'a World) -> Result<&'a TargetGroup, Fail> {
    find(world, &home(call), &call.need("TargetGroupArn")?)
}

pub(super) fn named_by_mut<'a>(call: &Call, world: &'a mut World) -> Result<&'a mut TargetGroup, Fail> {
    let (home, arn) = (home(call), call.need("TargetGroupArn")?);
    let found = world.elb.target_groups.iter_mut().find(|each| each.home == home && each.arn == arn);
    found.ok_or_else(not_found)
}

pub(super) fn not_found() -> Fail {
    Fail::new("TargetGroupNotFound", "One or more target groups not found")
}

fn wanted(call: &Call, world: &World) -> Result<TargetGroup, Fail> {
    let name = input::name(call, "target group")?;
    let protocol = call.text("Protocol").ok_or_else(|| invalid("A protocol must be specified"))?;
    one_of("protocol", &protocol, &["TCP", "TLS", "UDP", "TCP_UDP"])?;
    let port = input::number(call, "Port", 1..=65535)?.ok_or_else(|| invalid("A port must be specified"))?;
    let target_type = call.text("TargetType").unwrap_or_else(|| "instance".to_owned());
    one_of("targetType", &target_type, &["instance", "ip", "alb"])?;
    let ip_address_type = call.text("IpAddressType").unwrap_or_else(|| "ipv4".to_owned());
    one_of("ipAddressType", &ip_address_type, &["ipv4", "ipv6"])?;
    let health_check = call.text("HealthCheckProtocol").unwrap_or_else(|| "TCP".to_owned());
    let mut settings = health_check_defaults(&health_check);
    take_health_check(call, &health_check, &mut settings)?;
    settings.extend([
        ("Port".to_owned(), port.to_string()),
        ("VpcId".to_owned(), vpc(call, world)?),
        ("IpAddressType".to_owned(), ip_address_type),
    ]);
    let attributes = attributes::of_a_target_group(&protocol, &target_type);
    settings.insert("Protocol".to_owned(), protocol);
    settings.insert("TargetType".to_owned(), target_type);
    let tags = input::tags(call)?;
    Ok(TargetGroup { home: home(call), arn: String::new(), name, settings, attributes, targets: Vec::new(), tags })
}

fn vpc(call: &Call, world: &World) -> Result<String, Fail> {
    let id = call.text("VpcId").ok_or_else(|| invalid("A VPC ID must be specified"))?;
    let home = home(call);
    if !world.ec2.vpcs.iter().any(|vpc| vpc.id == id && vpc.home == home) {
        return Err(invalid(format!("The VPC ID '{id}' is not found")));
    }
    Ok(id)
}

/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html>
fn health_check_defaults(protocol: &str) -> Settings {
    let http = matches!(protocol, "HTTP" | "HTTPS");
    let mut settings: Settings = [
        ("HealthCheckEnabled", "true"),
        ("HealthCheckPort", "traffic-port"),
        ("HealthCheckIntervalSeconds", "30"),
        ("HealthCheckTimeoutSeconds", if protocol == "HTTP" { "6" } else { "10" }),
        ("HealthyThresholdCount", "5"),
        ("UnhealthyThresholdCount", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if http {
        settings.insert("HealthCheckPath".to_owned(), "/".to_owned());
        settings.insert("Matcher".to_owned(), "200-399".to_owned());
    }
    settings
}

/// Takes over the health check parameters of the call.
fn take_health_check(call: &Call, protocol: &str, settings: &mut Settings) -> Result<(), Fail> {
    one_of("healthCheckProtocol", protocol, &["TCP", "HTTP", "HTTPS"])?;
    settings.insert("HealthCheckProtocol".to_owned(), protocol.to_owned());
    let numbers = [
        ("HealthCheckIntervalSeconds", 5..=300),
        ("HealthCheckTimeoutSeconds", 2..=120),
        ("HealthyThresholdCount", 2..=10),
        ("UnhealthyThresholdCount", 2..=10),
    ];
    for (name, range) in numbers {
        if let Some(number) = input::number(call, name, range)? {
            settings.insert(name.to_owned(), number.to_string());
        }
    }
    for name in ["HealthCheckEnabled", "HealthCheckPort", "HealthCheckPath"] {
        if let Some(value) = call.text(name) {
            settings.insert(name.to_owned(), value);
        }
    }
    if let Some(codes) = text_of(&call.input["Matcher"]["HttpCode"]) {
        settings.insert("Matcher".to_owned(), codes);
    }
    check_health_check(protocol, settings)
}

fn check_health_check(protocol: &str, settings: &Settings) -> Result<(), Fail> {
    let number = |name: &str| settings.get(name).and_then(|value| value.parse::<i64>().ok()).unwrap_or_default();
    let (timeout, interval) = (number("HealthCheckTimeoutSeconds"), number("HealthCheckIntervalSeconds"));
    // Unlike other load balancers, a Network Load Balancer lets the two be equal.
    if timeout > interval {
        return Err(invalid(format!(
            "Health check timeout '{timeout}' must be smaller than or equal to the interval '{interval}'"
        )));
    }
    let port = settings.get("HealthCheckPort").map(String::as_str).unwrap_or_default();
    if port != "traffic-port" && !port.parse().is_ok_and(|port: u16| port > 0) {
        return Err(invalid(format!("Health check port '{port}' must be in the range 1-65535")));
    }
    if protocol == "TCP" && (settings.contains_key("HealthCheckPath") || settings.contains_key("Matcher")) {
        return Err(invalid("Health check paths and matchers are not supported for health checks with protocol TCP"));
    }
    Ok(())
}

/// The load balancers whose listeners forward to a group.
fn load_balancers<'a>(world: &'a World, arn: &str) -> BTreeSet<&'a str> {
    let listeners = world.elb.listeners.iter().filter(|listener| listener.target_group_arn == arn);
    listeners.map(|listener| listener.load_balancer_arn.as_str()).collect()
}

fn one(group: &TargetGroup, world: &World) -> Value {
    json!({"TargetGroups": [show(group, world)]})
}

fn show(group: &TargetGroup, world: &World) -> Value {
    let mut shown = json!({
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "LoadBalancerArns": load_balancers(world, &group.arn),
    });
    for (name, value) in &group.settings {
        shown[name] = if name == "Matcher" { json!({"HttpCode": value}) } else { json!(value) };
    }
    shown
}

fn duplicate(name: &str) -> Fail {
    let message = format!("A target group with the same name '{name}' exists, but with different settings");
    Fail::new("DuplicateTargetGroupName", message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::elb::fixture::{code, elb, listener, load_balancer, target_group, target_group_input, world};

    #[test]
    fn health_checks_have_the_defaults_of_their_protocol() {
        let mut world = world();
        let answer = elb(&mut world, "CreateTargetGroup", target_group_input("tcp")).unwrap();
        let tcp = &answer["TargetGroups"][0];
        assert_eq!((&tcp["HealthCheckTimeoutSeconds"], &tcp["Matcher"]), (&json!("10"), &Value::Null));
        let mut input = target_group_input("http");
        input["HealthCheckProtocol"] = json!("HTTP");
        let answer = elb(&mut world, "CreateTargetGroup", input).unwrap();
        let http = &answer["TargetGroups"][0];
        assert_eq!((&http["HealthCheckTimeoutSeconds"], &http["HealthCheckPath"]), (&json!("6"), &json!("/")));
        assert_eq!(http["Matcher"]["HttpCode"], "200-399");
    }

    #[test]
    fn only_an_identical_repeat_returns_the_existing_one() {
        let mut world = world();
        let arn = target_group(&mut world, "tg");
        assert_eq!(target_group(&mut world, "tg"), arn);
        let mut other = target_group_input("tg");
        other["Port"] = json!("8443");
        assert_eq!(code(elb(&mut world, "CreateTargetGroup", other)), "DuplicateTargetGroupName");
    }

    #[test]
    fn the_health_check_may_change_and_keeps_its_rules() {
        let mut world = world();
        let arn = target_group(&mut world, "tg");
        let input = json!({"TargetGroupArn": arn, "HealthCheckProtocol": "HTTPS", "HealthCheckPath": "/ping",
            "HealthCheckIntervalSeconds": "10", "HealthCheckTimeoutSeconds": "10"});
        let answer = elb(&mut world, "ModifyTargetGroup", input).unwrap();
        assert_eq!(answer["TargetGroups"][0]["HealthCheckPath"], "/ping");
        let input = json!({"TargetGroupArn": arn, "HealthCheckIntervalSeconds": "5"});
        assert_eq!(code(elb(&mut world, "ModifyTargetGroup", input)), "ValidationError");
    }

    #[test]
    fn a_group_in_use_knows_its_load_balancer_and_cannot_be_deleted() {
        let mut world = world();
        let (balancer, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        target_group(&mut world, "idle");
        listener(&mut world, &balancer, &group);
        let answer = elb(&mut world, "DescribeTargetGroups", json!({"LoadBalancerArn": balancer})).unwrap();
        assert_eq!(answer["TargetGroups"].as_array().unwrap().len(), 1);
        assert_eq!(answer["TargetGroups"][0]["LoadBalancerArns"], json!([balancer]));
        let delete = json!({"TargetGroupArn": group});
        assert_eq!(code(elb(&mut world, "DeleteTargetGroup", delete.clone())), "ResourceInUse");
        elb(&mut world, "DeleteLoadBalancer", json!({"LoadBalancerArn": balancer})).unwrap();
        assert_eq!(code(elb(&mut world, "DeleteTargetGroup", delete)), "ok");
    }

    #[test]
    fn attributes_have_defaults_and_known_keys() {
        let mut world = world();
        let arn = target_group(&mut world, "tg");
        let answer = elb(&mut world, "DescribeTargetGroupAttributes", json!({"TargetGroupArn": arn})).unwrap();
        let attributes = answer["Attributes"].as_array().unwrap();
        assert!(attributes.contains(&json!({"Key": "preserve_client_ip.enabled", "Value": "false"})));
        let mut set = |key: &str, value: &str| {
            let input = json!({"TargetGroupArn": arn, "Attributes": [{"Key": key, "Value": value}]});
            code(elb(&mut world, "ModifyTargetGroupAttributes", input))
        };
        assert_eq!(set("deregistration_delay.timeout_seconds", "120"), "ok");
        assert_eq!(set("deregistration_delay.timeout_seconds", "3601"), "ValidationError");
        assert_eq!(set("no.such.attribute", "1"), "ValidationError");
    }
}
