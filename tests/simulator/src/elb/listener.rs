//! Listeners: a port of a load balancer and the one target group that it forwards to.

use serde_json::{Value, json};

use super::input::{self, home, invalid, texts, unfit};
use super::{Listener, LoadBalancer, TargetGroup, arn, attributes, limits, load_balancer, target_group};
use crate::call::{Answer, Call, Fail, list_of, text_of};
use crate::world::World;

/// Protocols that a Network Load Balancer listens for.
const PROTOCOLS: &[&str] = &["TCP", "TLS", "UDP", "TCP_UDP"];

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let balancer = load_balancer::named_by(call, world)?;
    let listener = Listener {
        arn: String::new(),
        load_balancer_arn: balancer.arn.clone(),
        protocol: protocol(call)?.ok_or_else(|| invalid("A listener protocol must be specified"))?,
        port: port(call)?.ok_or_else(|| invalid("A listener port must be specified"))?,
        target_group_arn: target(call)?.ok_or_else(|| invalid("A default action must be specified"))?,
        attached: world.now,
        certificates: certificates(call),
        attributes: attributes::Attributes::new(),
        tags: input::tags(call)?,
    };
    check(world, balancer, &listener)?;
    let siblings = || world.elb.listeners.iter().filter(|each| each.load_balancer_arn == listener.load_balancer_arn);
    if let Some(there) = siblings().find(|each| each.port == listener.port) {
        return if same(there, &listener) { Ok(one(there)) } else { Err(duplicate(&listener.load_balancer_arn)) };
    }
    limits::room_for_one(siblings().count(), world.elb.limits.listeners, "TooManyListeners")?;
    let listener = Listener {
        arn: arn::listener(&listener.load_balancer_arn, &world.ids.hex(16)),
        attributes: attributes::of_a_listener(&listener.protocol),
        ..listener
    };
    let answer = one(&listener);
    world.elb.listeners.push(listener);
    Ok(answer)
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let arns = texts(call, "ListenerArns");
    let found: Vec<&Listener> = if arns.is_empty() {
        if call.text("LoadBalancerArn").is_none() {
            return Err(invalid("You must specify either listener ARNs or a load balancer ARN"));
        }
        let balancer = load_balancer::named_by(call, world)?;
        world.elb.listeners.iter().filter(|each| each.load_balancer_arn == balancer.arn).collect()
    } else {
        arns.iter().map(|arn| find(call, world, arn)).collect::<Result<_, _>>()?
    };
    input::page(call, "Listeners", found, |each| &each.arn, show)
}

pub(super) fn modify(call: &Call, world: &mut World) -> Answer {
    let there = named_by(call, world)?;
    let mut listener = there.clone();
    listener.port = port(call)?.unwrap_or(listener.port);
    if let Some(protocol) = protocol(call)? {
        listener.protocol = protocol;
        listener.certificates.retain(|_| listener.protocol == "TLS");
    }
    if !certificates(call).is_empty() {
        listener.certificates = certificates(call);
    }
    if let Some(target) = target(call)?.filter(|target| *target != there.target_group_arn) {
        listener.target_group_arn = target;
        listener.attached = world.now;
    }
    if listener.protocol != there.protocol {
        listener.attributes = attributes::of_a_listener(&listener.protocol);
    }
    let balancer = balancer_of(world, there)?;
    check(world, balancer, &listener)?;
    let clashes = |each: &Listener| {
        each.load_balancer_arn == listener.load_balancer_arn && each.port == listener.port && each.arn != listener.arn
    };
    if world.elb.listeners.iter().any(clashes) {
        return Err(duplicate(&listener.load_balancer_arn));
    }
    let answer = one(&listener);
    *named_by_mut(call, world)? = listener;
    Ok(answer)
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let arn = named_by(call, world)?.arn.clone();
    world.elb.listeners.retain(|each| each.arn != arn);
    Ok(json!({}))
}

pub(super) fn describe_attributes(call: &Call, world: &World) -> Answer {
    Ok(attributes::show(&named_by(call, world)?.attributes))
}

pub(super) fn modify_attributes(call: &Call, world: &mut World) -> Answer {
    attributes::modify(call, &mut named_by_mut(call, world)?.attributes, "Listener")
}

pub(super) fn not_found() -> Fail {
    Fail::new("ListenerNotFound", "One or more listeners not found")
}

/// Whether a listener belongs to the caller: it is where its load balancer is.
pub(super) fn is_mine(call: &Call, world: &World, listener: &Listener) -> bool {
    let home = home(call);
    balancer_of(world, listener).is_ok_and(|balancer| balancer.home == home)
}

fn balancer_of<'a>(world: &'a World, listener: &Listener) -> Result<&'a LoadBalancer, Fail> {
    let found = world.elb.load_balancers.iter().find(|each| each.arn == listener.load_balancer_arn);
    found.ok_or_else(|| load_balancer::not_found(&listener.load_balancer_arn))
}

fn find<'a>(call: &Call, world: &'a World, arn: &str) -> Result<&'a Listener, Fail> {
    let found = world.elb.listeners.iter().find(|each| each.arn == arn && is_mine(call, world, each));
    found.ok_or_else(not_found)
}

fn named_by<'a>(call: &Call, world: &'a World) -> Result<&'a Listener, Fail> {
    find(call, world, &call.need("ListenerArn")?)
}

fn named_by_mut<'a>(call: &Call, world: &'a mut World) -> Result<&'a mut Listener, Fail> {
    let arn = named_by(call, world)?.arn.clone();
    world.elb.listeners.iter_mut().find(|each| each.arn == arn).ok_or_else(not_found)
}

fn protocol(call: &Call) -> Result<Option<String>, Fail> {
    let Some(protocol) = call.text("Protocol") else { return Ok(None) };
    if !PROTOCOLS.contains(&protocol.as_str()) {
        return Err(invalid(format!("Listener protocol '{protocol}' must be one of '{}'", PROTOCOLS.join(", "))));
    }
    Ok(Some(protocol))
}

fn port(call: &Call) -> Result<Option<i64>, Fail> {
    input::number(call, "Port", 1..=65535)
}

fn certificates(call: &Call) -> Vec<String> {
    call.list("Certificates").iter().filter_map(|item| text_of(&item["CertificateArn"])).collect()
}

/// The target group of the one forward action, said directly or in its `ForwardConfig`.
fn target(call: &Call) -> Result<Option<String>, Fail> {
    let actions = call.list("DefaultActions");
    let Some(action) = actions.first() else { return Ok(None) };
    let no_action = |message: &str| Fail::new("InvalidLoadBalancerAction", message);
    if actions.len() > 1 || text_of(&action["Type"]).as_deref() != Some("forward") {
        return Err(no_action("A listener of a Network Load Balancer has one action, of type forward"));
    }
    let weighted = list_of(&action["ForwardConfig"]["TargetGroups"]);
    let [only] = weighted.as_slice() else {
        if weighted.is_empty() {
            let direct = text_of(&action["TargetGroupArn"]);
            return direct.map(Some).ok_or_else(|| invalid("A target group ARN must be specified"));
        }
        return Err(no_action("The action forwards to more than one target group"));
    };
    Ok(text_of(&only["TargetGroupArn"]))
}

/// What a listener asks of its load balancer and its target group.
fn check(world: &World, balancer: &LoadBalancer, listener: &Listener) -> Result<(), Fail> {
    let group = target_group::find(world, &balancer.home, &listener.target_group_arn)?;
    if group.settings.get("VpcId") != Some(&balancer.vpc_id) {
        return Err(unfit(format!("The target group '{}' is not in the VPC of the load balancer", group.arn)));
    }
    if balancer.ip_address_type == "ipv4" && group.settings.get("IpAddressType").is_some_and(|kind| kind == "ipv6") {
        return Err(unfit(format!("The target group '{}' needs a dualstack load balancer", group.arn)));
    }
    if listener.protocol == "TLS" && listener.certificates.is_empty() {
        return Err(invalid("A certificate must be specified for TLS listeners"));
    }
    if !compatible(&listener.protocol, group) {
        let message = format!("The listener protocol '{}' does not go with the target group", listener.protocol);
        return Err(Fail::new("IncompatibleProtocols", message));
    }
    let elsewhere =
        |each: &Listener| each.target_group_arn == group.arn && each.load_balancer_arn != listener.load_balancer_arn;
    if world.elb.listeners.iter().any(elsewhere) {
        let message =
            format!("The following target groups cannot be associated with more than one load balancer: {}", group.arn);
        return Err(Fail::new("TargetGroupAssociationLimit", message));
    }
    Ok(())
}

fn compatible(listener: &str, group: &TargetGroup) -> bool {
    let group = group.settings.get("Protocol").map(String::as_str).unwrap_or_default();
    match listener {
        "TLS" => matches!(group, "TCP" | "TLS"),
        "TCP" | "UDP" => group == listener || group == "TCP_UDP",
        _ => group == listener,
    }
}

fn same(there: &Listener, wanted: &Listener) -> bool {
    there.protocol == wanted.protocol
        && there.target_group_arn == wanted.target_group_arn
        && there.certificates == wanted.certificates
}

fn one(listener: &Listener) -> Value {
    json!({"Listeners": [show(listener)]})
}

fn show(listener: &Listener) -> Value {
    let certificate = listener.certificates.first().map(|arn| json!([{"CertificateArn": arn}]));
    json!({
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "Certificates": certificate,
        "DefaultActions": [{
            "Type": "forward",
            "TargetGroupArn": listener.target_group_arn,
            "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": listener.target_group_arn}]},
        }],
    })
}

fn duplicate(load_balancer_arn: &str) -> Fail {
    let message = format!("A listener already exists on this port for this load balancer '{load_balancer_arn}'");
    Fail::new("DuplicateListener", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::elb::fixture::{
        code, elb, listener, listener_input, load_balancer, target_group, target_group_input, world,
    };

    #[test]
    fn a_port_is_taken_once_and_an_identical_repeat_returns_the_listener() {
        let mut world = world();
        let balancer = load_balancer(&mut world, "nlb");
        let (one, two) = (target_group(&mut world, "one"), target_group(&mut world, "two"));
        let arn = listener(&mut world, &balancer, &one);
        assert_eq!(listener(&mut world, &balancer, &one), arn);
        let clash = elb(&mut world, "CreateListener", listener_input(&balancer, &two, 443));
        assert_eq!(code(clash), "DuplicateListener");
    }

    #[test]
    fn a_group_serves_one_load_balancer() {
        let mut world = world();
        let (one, two) = (load_balancer(&mut world, "one"), load_balancer(&mut world, "two"));
        let group = target_group(&mut world, "tg");
        listener(&mut world, &one, &group);
        let answer = elb(&mut world, "CreateListener", listener_input(&two, &group, 443));
        assert_eq!(code(answer), "TargetGroupAssociationLimit");
    }

    #[test]
    fn group_and_load_balancer_exist_in_one_vpc() {
        let mut world = world();
        let balancer = load_balancer(&mut world, "nlb");
        let missing = elb(&mut world, "CreateListener", listener_input(&balancer, "arn:nothing", 443));
        assert_eq!(code(missing), "TargetGroupNotFound");
        let mut input = target_group_input("elsewhere");
        input["VpcId"] = json!("vpc-2");
        let answer = elb(&mut world, "CreateTargetGroup", input).unwrap();
        let group = answer["TargetGroups"][0]["TargetGroupArn"].as_str().unwrap();
        let answer = elb(&mut world, "CreateListener", listener_input(&balancer, group, 443));
        assert_eq!(code(answer), "InvalidConfigurationRequest");
        let answer = elb(&mut world, "CreateListener", listener_input("arn:nothing", group, 443));
        assert_eq!(code(answer), "LoadBalancerNotFound");
    }

    #[test]
    fn a_forward_config_names_the_group_as_well() {
        let mut world = world();
        let (balancer, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        let mut input = listener_input(&balancer, &group, 443);
        input["DefaultActions"] =
            json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group}]}}]);
        let answer = elb(&mut world, "CreateListener", input).unwrap();
        assert_eq!(answer["Listeners"][0]["DefaultActions"][0]["TargetGroupArn"], group);
    }

    #[test]
    fn a_listener_moves_to_another_group_and_port() {
        let mut world = world();
        let balancer = load_balancer(&mut world, "nlb");
        let (one, two) = (target_group(&mut world, "one"), target_group(&mut world, "two"));
        let arn = listener(&mut world, &balancer, &one);
        let actions = json!([{"Type": "forward", "TargetGroupArn": two}]);
        let input = json!({"ListenerArn": arn, "Port": "8443", "DefaultActions": actions});
        elb(&mut world, "ModifyListener", input).unwrap();
        let answer = elb(&mut world, "DescribeListeners", json!({"LoadBalancerArn": balancer})).unwrap();
        let shown = &answer["Listeners"][0];
        assert_eq!((&shown["Port"], &shown["DefaultActions"][0]["TargetGroupArn"]), (&json!(8443), &json!(two)));
    }

    #[test]
    fn connections_idle_out_after_350_seconds_unless_told_otherwise() {
        let mut world = world();
        let (balancer, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        let arn = listener(&mut world, &balancer, &group);
        let answer = elb(&mut world, "DescribeListenerAttributes", json!({"ListenerArn": arn})).unwrap();
        assert_eq!(answer, json!({"Attributes": [{"Key": "tcp.idle_timeout.seconds", "Value": "350"}]}));
    }

    #[test]
    fn a_deleted_listener_is_not_found() {
        let mut world = world();
        let (balancer, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        let arn = listener(&mut world, &balancer, &group);
        elb(&mut world, "DeleteListener", json!({"ListenerArn": arn})).unwrap();
        assert_eq!(code(elb(&mut world, "DeleteListener", json!({"ListenerArn": arn}))), "ListenerNotFound");
    }
}
