//! Load balancers: made in minutes, changed in place, deleted when nothing holds them.

use std::time::Duration;

use serde_json::{Value, json};

use super::input::{self, home, invalid, one_of, texts, unfit};
use super::placement::{self, Placement};
use super::{LoadBalancer, LoadBalancerSubnet, arn, attributes, interfaces, limits};
use crate::call::{Answer, Call, Fail};
use crate::date;
use crate::world::{Home, World};

/// The zone that holds the DNS names of Network Load Balancers in eu-central-1. Nothing here depends on it.
const HOSTED_ZONE: &str = "Z3F0SRJ5LGBH90";

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let mut balancer = wanted(call, world)?;
    if let Some(existing) = mine(world, &balancer.home).find(|each| each.name == balancer.name) {
        return if same(existing, &balancer) { Ok(one(existing, world)) } else { Err(duplicate(&balancer.name)) };
    }
    let count = mine(world, &balancer.home).count();
    limits::room_for_one(count, world.elb.limits.load_balancers, "TooManyLoadBalancers")?;
    placement::check_room(world, &balancer.subnets)?;
    balancer.arn = arn::load_balancer(&balancer.home, &balancer.kind, &balancer.name, &world.ids.hex(16));
    balancer.failure = placement::taken_address(world, &balancer.subnets)
        .map(|address| format!("The address '{address}' is already in use"));
    for place in &balancer.subnets {
        interfaces::add(world, &balancer, place);
    }
    let answer = one(&balancer, world);
    world.elb.load_balancers.push(balancer);
    Ok(answer)
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let (home, names, arns) = (home(call), texts(call, "Names"), texts(call, "LoadBalancerArns"));
    if names.len() > 20 || arns.len() > 20 {
        return Err(invalid("You can describe up to 20 load balancers in one call"));
    }
    let missing_name = names.iter().find(|name| !mine(world, &home).any(|each| each.name == **name));
    let missing_arn = arns.iter().find(|arn| !mine(world, &home).any(|each| each.arn == **arn));
    if let Some(missing) = missing_name.or(missing_arn) {
        return Err(not_found(missing));
    }
    let asked = |each: &&LoadBalancer| {
        (names.is_empty() && arns.is_empty()) || names.contains(&each.name) || arns.contains(&each.arn)
    };
    let found = mine(world, &home).filter(asked).collect();
    input::page(call, "LoadBalancers", found, |each| &each.arn, |each| show(each, world))
}

pub(super) fn describe_attributes(call: &Call, world: &World) -> Answer {
    Ok(attributes::show(&named_by(call, world)?.attributes))
}

pub(super) fn modify_attributes(call: &Call, world: &mut World) -> Answer {
    let balancer = named_by_mut(call, world)?;
    attributes::modify(call, &mut balancer.attributes, "Load balancer")
}

pub(super) fn set_security_groups(call: &Call, world: &mut World) -> Answer {
    let balancer = named_by(call, world)?;
    let groups = placement::security_groups(call, world, &balancer.vpc_id)?;
    if balancer.security_groups.is_empty() {
        return Err(unfit("Security groups cannot be set on a load balancer that was created without security groups"));
    }
    if groups.is_empty() {
        return Err(unfit("At least one security group must be specified"));
    }
    let arn = balancer.arn.clone();
    let enforce = call.text("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic");
    if let Some(enforce) = &enforce {
        one_of("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", enforce, &["on", "off"])?;
    }
    interfaces::set_security_groups(world, &arn, &groups);
    let balancer = named_by_mut(call, world)?;
    balancer.security_groups = groups;
    balancer.enforce_private_link_rules = enforce.unwrap_or_else(|| balancer.enforce_private_link_rules.clone());
    Ok(json!({
        "SecurityGroupIds": balancer.security_groups,
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": balancer.enforce_private_link_rules,
    }))
}

pub(super) fn set_subnets(call: &Call, world: &mut World) -> Answer {
    let balancer = named_by(call, world)?.clone();
    let placement = Placement::read(call, world)?;
    if placement.vpc_id != balancer.vpc_id {
        return Err(unfit("The subnets must belong to the VPC of the load balancer"));
    }
    let stays = |place: &LoadBalancerSubnet| placement.subnets.iter().any(|each| each.subnet_id == place.subnet_id);
    if !balancer.subnets.iter().all(stays) && has_endpoints(world, &balancer.arn) {
        return Err(unfit("Subnets cannot be removed while VPC endpoints use the load balancer"));
    }
    let is_new = |place: &&LoadBalancerSubnet| balancer.subnets.iter().all(|each| each.subnet_id != place.subnet_id);
    placement::check_room(world, placement.subnets.iter().filter(is_new))?;
    interfaces::release(world, &balancer.arn, &placement.subnets);
    for place in placement.subnets.iter().filter(is_new) {
        interfaces::add(world, &balancer, place);
    }
    let balancer = named_by_mut(call, world)?;
    balancer.subnets = placement.subnets;
    Ok(json!({"AvailabilityZones": zones(balancer), "IpAddressType": balancer.ip_address_type}))
}

pub(super) fn set_ip_address_type(call: &Call, world: &mut World) -> Answer {
    let wanted = ip_address_type(call)?;
    let balancer = named_by_mut(call, world)?;
    balancer.ip_address_type = wanted;
    Ok(json!({"IpAddressType": balancer.ip_address_type}))
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    call.need("LoadBalancerArn")?;
    // A load balancer that is gone counts as deleted.
    let Ok(balancer) = named_by(call, world) else { return Ok(json!({})) };
    let arn = balancer.arn.clone();
    if balancer.attributes.get("deletion_protection.enabled").is_some_and(|value| value == "true") {
        let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(Fail::new("OperationNotPermitted", message));
    }
    if held(world, &arn) {
        let message =
            format!("Load balancer '{arn}' cannot be deleted because it is currently associated with another service");
        return Err(Fail::new("ResourceInUse", message));
    }
    world.elb.listeners.retain(|listener| listener.load_balancer_arn != arn);
    world.elb.load_balancers.retain(|each| each.arn != arn);
    interfaces::release(world, &arn, &[]);
    Ok(json!({}))
}

/// The load balancers of an account and Region.
pub(super) fn mine<'a>(world: &'a World, home: &Home) -> impl Iterator<Item = &'a LoadBalancer> {
    world.elb.load_balancers.iter().filter(move |each| each.home == *home)
}

/// The load balancer that the parameter `LoadBalancerArn` names.
pub(super) fn named_by<'a>(call: &Call, world: &'a World) -> Result<&'a LoadBalancer, Fail> {
    let (home, arn) = (home(call), call.need("LoadBalancerArn")?);
    mine(world, &home).find(|each| each.arn == arn).ok_or_else(|| not_found(&arn))
}

pub(super) fn not_found(name: &str) -> Fail {
    Fail::new("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found"))
}

/// Whether a load balancer takes connections at a time.
pub(super) fn is_active(balancer: &LoadBalancer, world: &World, at: Duration) -> bool {
    state(balancer, world, at) == "active"
}

fn named_by_mut<'a>(call: &Call, world: &'a mut World) -> Result<&'a mut LoadBalancer, Fail> {
    let (home, arn) = (home(call), call.need("LoadBalancerArn")?);
    let found = world.elb.load_balancers.iter_mut().find(|each| each.home == home && each.arn == arn);
    found.ok_or_else(|| not_found(&arn))
}

/// The load balancer that CreateLoadBalancer asks for, without an ARN.
fn wanted(call: &Call, world: &World) -> Result<LoadBalancer, Fail> {
    let (name, kind) = (name(call)?, kind(call)?);
    let scheme = scheme(call, &kind)?;
    let placement = Placement::read(call, world)?;
    let static_address = placement.subnets.iter().any(|place| place.address.is_some());
    if static_address && scheme != "internal" {
        return Err(unfit("Private IPv4 addresses can only be specified for internal load balancers"));
    }
    Ok(LoadBalancer {
        home: home(call),
        arn: String::new(),
        name,
        attributes: attributes::of_a_load_balancer(&kind),
        kind,
        scheme,
        ip_address_type: if call.text("IpAddressType").is_some() { ip_address_type(call)? } else { "ipv4".to_owned() },
        security_groups: placement::security_groups(call, world, &placement.vpc_id)?,
        vpc_id: placement.vpc_id,
        subnets: placement.subnets,
        enforce_private_link_rules: "on".to_owned(),
        created: world.now,
        failure: None,
        tags: input::tags(call)?,
    })
}

fn name(call: &Call) -> Result<String, Fail> {
    let name = input::name(call, "load balancer")?;
    if name.starts_with("internal-") {
        return Err(invalid(format!("The load balancer name '{name}' cannot begin with 'internal-'")));
    }
    Ok(name)
}

fn kind(call: &Call) -> Result<String, Fail> {
    let kind = call.text("Type").unwrap_or_else(|| "application".to_owned());
    one_of("type", &kind, &["application", "network", "gateway"])?;
    if kind == "application" {
        return Err(invalid("Application Load Balancers, the default type, are not part of this simulated AWS"));
    }
    Ok(kind)
}

/// AWS's default is the public one.
fn scheme(call: &Call, kind: &str) -> Result<String, Fail> {
    match (kind, call.text("Scheme")) {
        ("gateway", None) => Ok(String::new()),
        ("gateway", Some(_)) => Err(Fail::new("InvalidScheme", "A gateway load balancer has no scheme")),
        (_, None) => Ok("internet-facing".to_owned()),
        (_, Some(scheme)) => {
            one_of("scheme", &scheme, &["internet-facing", "internal"])?;
            Ok(scheme)
        }
    }
}

fn ip_address_type(call: &Call) -> Result<String, Fail> {
    let wanted = call.need("IpAddressType")?;
    one_of("ipAddressType", &wanted, &["ipv4", "dualstack"])?;
    Ok(wanted)
}

/// Whether a repeated CreateLoadBalancer asks for what is there.
fn same(there: &LoadBalancer, wanted: &LoadBalancer) -> bool {
    let sorted = |groups: &[String]| {
        let mut groups = groups.to_vec();
        groups.sort();
        groups
    };
    there.kind == wanted.kind
        && there.scheme == wanted.scheme
        && there.ip_address_type == wanted.ip_address_type
        && there.subnets.len() == wanted.subnets.len()
        && there.subnets.iter().all(|place| wanted.subnets.contains(place))
        && sorted(&there.security_groups) == sorted(&wanted.security_groups)
        && there.tags == wanted.tags
}

/// Whether an endpoint service still holds a load balancer.
fn held(world: &World, arn: &str) -> bool {
    world.ec2.endpoint_services.iter().any(|service| {
        service.gone_at.is_none_or(|at| at > world.now) && service.load_balancer_arns.iter().any(|each| each == arn)
    })
}

/// Whether interface endpoints are connected to a service in front of a load balancer.
fn has_endpoints(world: &World, arn: &str) -> bool {
    let services = world.ec2.endpoint_services.iter();
    services.filter(|service| service.load_balancer_arns.iter().any(|each| each == arn)).any(|service| {
        world.ec2.endpoint_connections.iter().any(|each| each.service_id == service.id && each.state == "available")
    })
}

pub(super) fn state(balancer: &LoadBalancer, world: &World, at: Duration) -> &'static str {
    match balancer.failure {
        _ if at < balancer.created + world.timings.load_balancer => "provisioning",
        Some(_) => "failed",
        None => "active",
    }
}

fn one(balancer: &LoadBalancer, world: &World) -> Value {
    json!({"LoadBalancers": [show(balancer, world)]})
}

fn show(balancer: &LoadBalancer, world: &World) -> Value {
    let code = state(balancer, world, world.now);
    let network = balancer.kind == "network";
    let grouped = !balancer.security_groups.is_empty();
    json!({
        "LoadBalancerArn": balancer.arn,
        "DNSName": network.then(|| dns_name(balancer)),
        "CanonicalHostedZoneId": network.then_some(HOSTED_ZONE),
        "CreatedTime": date::iso(balancer.created),
        "LoadBalancerName": balancer.name,
        "Scheme": network.then_some(&balancer.scheme),
        "VpcId": balancer.vpc_id,
        "State": {"Code": code, "Reason": balancer.failure.as_ref().filter(|_| code == "failed")},
        "Type": balancer.kind,
        "AvailabilityZones": zones(balancer),
        "SecurityGroups": grouped.then_some(&balancer.security_groups),
        "IpAddressType": balancer.ip_address_type,
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic":
            grouped.then_some(&balancer.enforce_private_link_rules),
    })
}

fn zones(balancer: &LoadBalancer) -> Vec<Value> {
    let zone = |place: &LoadBalancerSubnet| {
        let addresses = place.address.map(|address| json!([{"PrivateIPv4Address": address.to_string()}]));
        json!({
            "ZoneName": place.zone_name,
            "SubnetId": place.subnet_id,
            "LoadBalancerAddresses": addresses.unwrap_or_else(|| json!([])),
        })
    };
    balancer.subnets.iter().map(zone).collect()
}

fn dns_name(balancer: &LoadBalancer) -> String {
    let id = balancer.arn.rsplit('/').next().unwrap_or_default();
    format!("{}-{id}.elb.{}.amazonaws.com", balancer.name, balancer.home.region)
}

fn duplicate(name: &str) -> Fail {
    let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
    Fail::new("DuplicateLoadBalancerName", message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::ec2::EndpointService;
    use crate::elb::fixture::{
        code, elb, home, listener, load_balancer, load_balancer_input, target_group, wait, world,
    };
    use crate::world::{Tags, World};

    fn input(changed: &[(&str, Value)]) -> Value {
        let mut input = load_balancer_input("nlb");
        for (name, value) in changed {
            input[*name] = value.clone();
        }
        input
    }

    fn create(world: &mut World, changed: &[(&str, Value)]) -> String {
        code(elb(world, "CreateLoadBalancer", input(changed)))
    }

    fn described(world: &mut World, arn: &str) -> Value {
        let answer = elb(world, "DescribeLoadBalancers", json!({"LoadBalancerArns": [arn]})).unwrap();
        answer["LoadBalancers"][0].clone()
    }

    fn endpoint_service(arn: &str) -> EndpointService {
        EndpointService {
            home: home(),
            id: "vpce-svc-1".to_owned(),
            name: "com.amazonaws.vpce.eu-central-1.vpce-svc-1".to_owned(),
            load_balancer_arns: vec![arn.to_owned()],
            zones: Vec::new(),
            acceptance_required: false,
            ip_address_types: vec!["ipv4".to_owned()],
            private_dns_name: None,
            principals: Vec::new(),
            created: Duration::ZERO,
            gone_at: None,
            tags: Tags::new(),
        }
    }

    #[test]
    fn a_load_balancer_is_provisioned_before_it_is_active() {
        let mut world = world();
        let arn = load_balancer(&mut world, "nlb");
        assert!(arn.starts_with("arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/nlb/"));
        wait(&mut world, 149);
        assert_eq!(described(&mut world, &arn)["State"]["Code"], "provisioning");
        wait(&mut world, 1);
        assert_eq!(described(&mut world, &arn)["State"]["Code"], "active");
        assert_eq!(described(&mut world, &arn)["CreatedTime"], "2026-01-01T00:00:00Z");
    }

    #[test]
    fn the_default_scheme_is_internet_facing() {
        let mut world = world();
        let input = json!({"Name": "nlb", "Type": "network", "Subnets": ["subnet-a"]});
        let answer = elb(&mut world, "CreateLoadBalancer", input).unwrap();
        assert_eq!(answer["LoadBalancers"][0]["Scheme"], "internet-facing");
    }

    #[test]
    fn only_an_identical_repeat_returns_the_existing_one() {
        let mut world = world();
        let arn = load_balancer(&mut world, "nlb");
        assert_eq!(load_balancer(&mut world, "nlb"), arn);
        assert_eq!(world.elb.load_balancers.len(), 1);
        assert_eq!(create(&mut world, &[("Scheme", json!("internet-facing"))]), "DuplicateLoadBalancerName");
    }

    #[test]
    fn names_follow_the_rules() {
        let mut world = world();
        for name in ["internal-nlb", "-nlb", "nlb-", "n_lb", "a-name-with-more-than-thirty-two-c"] {
            assert_eq!(create(&mut world, &[("Name", json!(name))]), "ValidationError", "{name}");
        }
    }

    #[test]
    fn subnets_are_real_and_one_per_zone_of_one_vpc() {
        let mut world = world();
        let mut with = |subnets: &[&str]| create(&mut world, &[("Subnets", json!(subnets))]);
        assert_eq!(with(&["subnet-a", "subnet-x"]), "SubnetNotFound");
        assert_eq!(with(&["subnet-a", "subnet-a2"]), "InvalidConfigurationRequest");
        assert_eq!(with(&["subnet-a", "subnet-z"]), "InvalidConfigurationRequest");
        assert_eq!(with(&[]), "ValidationError");
    }

    #[test]
    fn a_subnet_needs_eight_free_addresses() {
        let mut world = world();
        // A /28 has eleven.
        for name in ["one", "two", "three", "four"] {
            let answer = create(&mut world, &[("Name", json!(name)), ("Subnets", json!(["subnet-c"]))]);
            assert_eq!(answer, "ok", "{name}");
        }
        assert_eq!(create(&mut world, &[("Subnets", json!(["subnet-c"]))]), "InvalidSubnet");
    }

    #[test]
    fn each_subnet_gets_an_interface_until_some_time_after_the_deletion() {
        let mut world = world();
        let arn = load_balancer(&mut world, "nlb");
        let interfaces = &world.ec2.network_interfaces;
        assert_eq!(interfaces.len(), 2);
        assert_eq!(interfaces[0].interface_type, "network_load_balancer");
        assert_eq!(interfaces[0].description, format!("ELB net/nlb/{}", arn.rsplit('/').next().unwrap()));
        assert_eq!(interfaces[0].address.to_string(), "10.0.0.4");
        elb(&mut world, "DeleteLoadBalancer", json!({"LoadBalancerArn": arn})).unwrap();
        assert_eq!(world.ec2.network_interfaces[1].gone_at, Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_taken_address_ends_in_failed() {
        let mut world = world();
        load_balancer(&mut world, "first");
        let mappings = json!([{"SubnetId": "subnet-a", "PrivateIPv4Address": "10.0.0.4"}]);
        let input = json!({"Name": "nlb", "Type": "network", "Scheme": "internal", "SubnetMappings": mappings});
        let answer = elb(&mut world, "CreateLoadBalancer", input).unwrap();
        wait(&mut world, 150);
        let arn = answer["LoadBalancers"][0]["LoadBalancerArn"].as_str().unwrap();
        assert_eq!(described(&mut world, arn)["State"]["Code"], "failed");
    }

    #[test]
    fn security_groups_come_at_creation_or_never() {
        let mut world = world();
        let bare = load_balancer(&mut world, "nlb");
        let set = |arn: &str| {
            json!({"LoadBalancerArn": arn, "SecurityGroups": ["sg-1"],
                "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off"})
        };
        assert_eq!(code(elb(&mut world, "SetSecurityGroups", set(&bare))), "InvalidConfigurationRequest");
        let changed = [("Name", json!("grouped")), ("SecurityGroups", json!(["sg-1"]))];
        let answer = elb(&mut world, "CreateLoadBalancer", input(&changed)).unwrap();
        let made = &answer["LoadBalancers"][0];
        assert_eq!(made["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"], "on");
        let arn = made["LoadBalancerArn"].as_str().unwrap();
        let answer = elb(&mut world, "SetSecurityGroups", set(arn)).unwrap();
        assert_eq!(answer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"], "off");
    }

    #[test]
    fn what_an_endpoint_service_holds_cannot_be_deleted() {
        let mut world = world();
        let arn = load_balancer(&mut world, "nlb");
        world.ec2.endpoint_services.push(endpoint_service(&arn));
        let delete = json!({"LoadBalancerArn": arn});
        assert_eq!(code(elb(&mut world, "DeleteLoadBalancer", delete.clone())), "ResourceInUse");
        world.ec2.endpoint_services[0].gone_at = Some(Duration::from_secs(20));
        assert_eq!(code(elb(&mut world, "DeleteLoadBalancer", delete.clone())), "ResourceInUse");
        world.now = Duration::from_secs(20);
        assert_eq!(code(elb(&mut world, "DeleteLoadBalancer", delete)), "ok");
    }

    #[test]
    fn deletion_protection_protects() {
        let mut world = world();
        let arn = load_balancer(&mut world, "nlb");
        let protect = json!([{"Key": "deletion_protection.enabled", "Value": "true"}]);
        let input = json!({"LoadBalancerArn": arn, "Attributes": protect});
        elb(&mut world, "ModifyLoadBalancerAttributes", input).unwrap();
        let answer = elb(&mut world, "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
        assert_eq!(code(answer), "OperationNotPermitted");
    }

    #[test]
    fn deleting_takes_the_listeners_along_and_may_be_repeated() {
        let mut world = world();
        let (arn, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        listener(&mut world, &arn, &group);
        for _ in 0..2 {
            assert_eq!(code(elb(&mut world, "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}))), "ok");
        }
        assert!(world.elb.listeners.is_empty());
    }

    #[test]
    fn another_zone_gets_an_interface_and_a_dropped_one_loses_it() {
        let mut world = world();
        let arn = load_balancer(&mut world, "nlb");
        let input = json!({"LoadBalancerArn": arn, "Subnets": ["subnet-b", "subnet-c"]});
        let answer = elb(&mut world, "SetSubnets", input).unwrap();
        assert_eq!(answer["AvailabilityZones"][1]["ZoneName"], "eu-central-1c");
        let gone: Vec<&str> = world
            .ec2
            .network_interfaces
            .iter()
            .filter(|each| each.gone_at.is_some())
            .map(|each| each.subnet_id.as_str())
            .collect();
        assert_eq!((world.ec2.network_interfaces.len(), gone), (3, vec!["subnet-a"]));
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let mut world = world();
        for name in ["one", "two", "three"] {
            load_balancer(&mut world, name);
        }
        let first = elb(&mut world, "DescribeLoadBalancers", json!({"PageSize": "2"})).unwrap();
        assert_eq!(first["LoadBalancers"].as_array().unwrap().len(), 2);
        let second =
            elb(&mut world, "DescribeLoadBalancers", json!({"PageSize": "2", "Marker": first["NextMarker"]})).unwrap();
        assert_eq!(second["LoadBalancers"].as_array().unwrap().len(), 1);
        assert_eq!(second["NextMarker"], Value::Null);
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let answer = elb(&mut world(), "DescribeLoadBalancers", json!({"Names": ["nobody"]}));
        assert_eq!(code(answer), "LoadBalancerNotFound");
    }
}
