//! The network interfaces of a load balancer: one in each of its subnets, gone some time after it.

use std::net::Ipv4Addr;

use super::{LoadBalancer, LoadBalancerSubnet, arn};
use crate::ec2::{NetworkInterface, Subnet};
use crate::world::World;

/// Addresses of a subnet that nobody has. AWS keeps the first four and the last one.
pub(super) fn free_addresses(world: &World, subnet: &Subnet) -> impl Iterator<Item = Ipv4Addr> {
    let all = u32::from(subnet.cidr.network()) + 4..u32::from(subnet.cidr.broadcast());
    let taken: Vec<Ipv4Addr> = world
        .ec2
        .network_interfaces
        .iter()
        .filter(|each| each.subnet_id == subnet.id && each.gone_at.is_none_or(|at| at > world.now))
        .map(|each| each.address)
        .collect();
    all.map(Ipv4Addr::from).filter(move |address| !taken.contains(address))
}

/// Makes the interface of a load balancer in one of its subnets.
pub(super) fn add(world: &mut World, balancer: &LoadBalancer, place: &LoadBalancerSubnet) {
    let Some(subnet) = world.ec2.subnets.iter().find(|subnet| subnet.id == place.subnet_id) else { return };
    let wanted = |address: &Ipv4Addr| place.address.is_none_or(|chosen| chosen == *address);
    let Some(address) = free_addresses(world, subnet).find(wanted) else { return };
    let interface = NetworkInterface {
        home: balancer.home.clone(),
        id: world.ids.resource("eni"),
        interface_type: format!("{}_load_balancer", balancer.kind),
        description: description(&balancer.arn),
        subnet_id: place.subnet_id.clone(),
        vpc_id: balancer.vpc_id.clone(),
        address,
        security_groups: balancer.security_groups.clone(),
        gone_at: None,
    };
    world.ec2.network_interfaces.push(interface);
}

/// Lets the interfaces of a load balancer go that are in none of the subnets it keeps.
pub(super) fn release(world: &mut World, load_balancer_arn: &str, keeps: &[LoadBalancerSubnet]) {
    let gone_at = world.now + world.timings.load_balancer_release;
    for interface in of(world, load_balancer_arn) {
        if !keeps.iter().any(|place| place.subnet_id == interface.subnet_id) {
            interface.gone_at = Some(gone_at);
        }
    }
}

/// Gives the interfaces of a load balancer other security groups.
pub(super) fn set_security_groups(world: &mut World, load_balancer_arn: &str, groups: &[String]) {
    for interface in of(world, load_balancer_arn) {
        interface.security_groups = groups.to_vec();
    }
}

/// The living interfaces of a load balancer.
fn of<'a>(world: &'a mut World, load_balancer_arn: &str) -> impl Iterator<Item = &'a mut NetworkInterface> {
    let description = description(load_balancer_arn);
    let all = world.ec2.network_interfaces.iter_mut();
    all.filter(move |each| each.description == description && each.gone_at.is_none())
}

fn description(load_balancer_arn: &str) -> String {
    format!("ELB {}", arn::path(load_balancer_arn))
}
