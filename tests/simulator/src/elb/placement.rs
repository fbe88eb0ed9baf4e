//! Where a load balancer stands: its subnets, one per zone and all in one VPC, and its security groups.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::LoadBalancerSubnet;
use super::input::{home, invalid, texts, unfit};
use super::interfaces::free_addresses;
use crate::call::{Call, Fail, text_of};
use crate::ec2::Subnet;
use crate::world::World;

/// Subnets that a call asks for.
pub(super) struct Placement {
    pub(super) vpc_id: String,
    pub(super) subnets: Vec<LoadBalancerSubnet>,
}

/// How many free addresses a subnet needs when AWS picks one.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/availability-zones.html>
const FREE_ADDRESSES: usize = 8;

impl Placement {
    /// Reads `Subnets` or `SubnetMappings`; the subnets exist, in different zones of one VPC.
    pub(super) fn read(call: &Call, world: &World) -> Result<Self, Fail> {
        let asked = asked(call)?;
        let mut subnets: Vec<LoadBalancerSubnet> = Vec::new();
        let mut vpcs = BTreeSet::new();
        for (id, address) in asked {
            let subnet = find(call, world, &id)?;
            if subnets.iter().any(|other| other.zone_id == subnet.zone_id) {
                return Err(unfit(
                    "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
                ));
            }
            if let Some(address) = address.filter(|address| !subnet.cidr.contains(address)) {
                return Err(unfit(format!("The address '{address}' is not in the range of the subnet '{id}'")));
            }
            vpcs.insert(subnet.vpc_id.clone());
            subnets.push(LoadBalancerSubnet {
                subnet_id: id,
                zone_name: subnet.zone_name.clone(),
                zone_id: subnet.zone_id.clone(),
                address,
            });
        }
        let vpc_id = vpcs.pop_first().ok_or_else(|| invalid("At least one subnet must be specified"))?;
        if !vpcs.is_empty() {
            return Err(unfit("All subnets must belong to the same VPC"));
        }
        Ok(Self { vpc_id, subnets })
    }
}

/// Refuses a subnet that has too few addresses left to take in a load balancer.
pub(super) fn check_room<'a>(
    world: &World,
    subnets: impl IntoIterator<Item = &'a LoadBalancerSubnet>,
) -> Result<(), Fail> {
    for place in subnets.into_iter().filter(|place| place.address.is_none()) {
        let subnet = world.ec2.subnets.iter().find(|subnet| subnet.id == place.subnet_id);
        if subnet.is_some_and(|subnet| free_addresses(world, subnet).take(FREE_ADDRESSES).count() < FREE_ADDRESSES) {
            let message = format!("Not enough IP space available in {}. ELB requires at least 8", place.subnet_id);
            return Err(Fail::new("InvalidSubnet", message));
        }
    }
    Ok(())
}

/// An address that the owner chose and somebody else has. AWS finds out only while it provisions.
pub(super) fn taken_address(world: &World, subnets: &[LoadBalancerSubnet]) -> Option<Ipv4Addr> {
    subnets.iter().find_map(|place| {
        let subnet = world.ec2.subnets.iter().find(|subnet| subnet.id == place.subnet_id)?;
        place.address.filter(|address| !free_addresses(world, subnet).any(|free| free == *address))
    })
}

/// The parameter `SecurityGroups`: groups of the load balancer's VPC.
pub(super) fn security_groups(call: &Call, world: &World, vpc_id: &str) -> Result<Vec<String>, Fail> {
    let (home, groups) = (home(call), texts(call, "SecurityGroups"));
    for id in &groups {
        let known = world.ec2.security_groups.iter().find(|group| group.id == *id && group.home == home);
        match known {
            None => return Err(no_group(format!("The security group '{id}' does not exist"))),
            Some(group) if group.vpc_id != vpc_id => {
                return Err(no_group(format!("The security group '{id}' does not belong to VPC '{vpc_id}'")));
            }
            Some(_) => {}
        }
    }
    Ok(groups)
}

/// Subnet ids and the addresses chosen in them.
fn asked(call: &Call) -> Result<Vec<(String, Option<Ipv4Addr>)>, Fail> {
    let subnets = texts(call, "Subnets");
    let mappings = call.list("SubnetMappings");
    if !subnets.is_empty() && !mappings.is_empty() {
        return Err(invalid("You must specify either subnets or subnet mappings, not both"));
    }
    let mut asked: Vec<_> = subnets.into_iter().map(|id| (id, None)).collect();
    for mapping in mappings {
        let Some(id) = text_of(&mapping["SubnetId"]) else { continue };
        let address = text_of(&mapping["PrivateIPv4Address"]);
        let address = address
            .map(|text| text.parse().map_err(|_| invalid(format!("The private IPv4 address '{text}' is not valid"))));
        asked.push((id, address.transpose()?));
    }
    Ok(asked)
}

fn find<'a>(call: &Call, world: &'a World, id: &str) -> Result<&'a Subnet, Fail> {
    let home = home(call);
    let found = world.ec2.subnets.iter().find(|subnet| subnet.id == id && subnet.home == home);
    found.ok_or_else(|| Fail::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist")))
}

fn no_group(message: String) -> Fail {
    Fail::new("InvalidSecurityGroup", message)
}
