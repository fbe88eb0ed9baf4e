//! A small world for tests: one VPC with subnets in three zones, and short ways to call the service.

use std::time::Duration;

use serde_json::{Value, json};

use super::handle;
use crate::ACCOUNT;
use crate::call::{Answer, Call};
use crate::ec2::{SecurityGroup, Subnet, Vpc};
use crate::timings::Timings;
use crate::world::{Home, Tags, World};

pub(crate) const REGION: &str = "eu-central-1";

/// VPC `vpc-1` (10.0.0.0/16) with `subnet-a`, `subnet-b`, `subnet-c` in as many zones, `subnet-a2` beside the first,
/// the security group `sg-1`, and `subnet-z` in another VPC.
pub(crate) fn world() -> World {
    let mut world = World::new(Timings::default(), 1);
    for (id, cidr) in [("vpc-1", "10.0.0.0/16"), ("vpc-2", "10.1.0.0/16")] {
        world.ec2.vpcs.push(Vpc {
            home: home(),
            id: id.to_owned(),
            cidr: cidr.parse().unwrap(),
            dns_support: true,
            dns_hostnames: true,
            created: Duration::ZERO,
            tags: Tags::new(),
        });
    }
    let subnets = [
        ("subnet-a", "vpc-1", "10.0.0.0/24", "a"),
        ("subnet-b", "vpc-1", "10.0.1.0/24", "b"),
        ("subnet-c", "vpc-1", "10.0.2.0/28", "c"),
        ("subnet-a2", "vpc-1", "10.0.3.0/24", "a"),
        ("subnet-z", "vpc-2", "10.1.0.0/24", "b"),
    ];
    for (id, vpc_id, cidr, zone) in subnets {
        world.ec2.subnets.push(Subnet {
            home: home(),
            id: id.to_owned(),
            vpc_id: vpc_id.to_owned(),
            cidr: cidr.parse().unwrap(),
            zone_name: format!("{REGION}{zone}"),
            zone_id: format!("euc1-az-{zone}"),
            created: Duration::ZERO,
            tags: Tags::new(),
        });
    }
    world.ec2.security_groups.push(SecurityGroup {
        home: home(),
        id: "sg-1".to_owned(),
        name: "nlb".to_owned(),
        description: String::new(),
        vpc_id: "vpc-1".to_owned(),
        ingress: Vec::new(),
        egress: Vec::new(),
        tags: Tags::new(),
    });
    world
}

pub(crate) fn home() -> Home {
    Home { account: ACCOUNT.to_owned(), region: REGION.to_owned() }
}

pub(crate) fn call(world: &World, operation: &str, input: Value) -> Call {
    let (account, region) = (ACCOUNT.to_owned(), REGION.to_owned());
    Call { account, region, operation: operation.to_owned(), input, now: world.now }
}

pub(crate) fn elb(world: &mut World, operation: &str, input: Value) -> Answer {
    handle(&call(world, operation, input), world)
}

/// The code of a refusal, or `ok`.
pub(crate) fn code(answer: Answer) -> String {
    answer.map_or_else(|fail| fail.code, |_| "ok".to_owned())
}

/// Lets simulated seconds pass.
pub(crate) fn wait(world: &mut World, seconds: u64) {
    world.advance(world.now + Duration::from_secs(seconds));
}

/// An internal load balancer in zones a and b; its ARN.
pub(crate) fn load_balancer(world: &mut World, name: &str) -> String {
    let answer = elb(world, "CreateLoadBalancer", load_balancer_input(name)).unwrap();
    arn(&answer["LoadBalancers"][0]["LoadBalancerArn"])
}

pub(crate) fn load_balancer_input(name: &str) -> Value {
    json!({"Name": name, "Type": "network", "Scheme": "internal", "Subnets": ["subnet-a", "subnet-b"]})
}

/// A TCP group on port 443 of addresses; its ARN.
pub(crate) fn target_group(world: &mut World, name: &str) -> String {
    let answer = elb(world, "CreateTargetGroup", target_group_input(name)).unwrap();
    arn(&answer["TargetGroups"][0]["TargetGroupArn"])
}

pub(crate) fn target_group_input(name: &str) -> Value {
    json!({"Name": name, "Protocol": "TCP", "Port": "443", "VpcId": "vpc-1", "TargetType": "ip"})
}

/// A listener for TCP 443; its ARN.
pub(crate) fn listener(world: &mut World, load_balancer: &str, target_group: &str) -> String {
    let answer = elb(world, "CreateListener", listener_input(load_balancer, target_group, 443)).unwrap();
    arn(&answer["Listeners"][0]["ListenerArn"])
}

pub(crate) fn listener_input(load_balancer: &str, target_group: &str, port: i64) -> Value {
    json!({
        "LoadBalancerArn": load_balancer,
        "Protocol": "TCP",
        "Port": port,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": target_group}],
    })
}

pub(crate) fn register(world: &mut World, target_group: &str, target: Value) -> Answer {
    elb(world, "RegisterTargets", json!({"TargetGroupArn": target_group, "Targets": [target]}))
}

fn arn(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
