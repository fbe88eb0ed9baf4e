//! Network interfaces in subnets, most of them made by services. They hold subnets, security groups and VPCs until they are gone.

use std::net::Ipv4Addr;
use std::ops::Range;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::find;
use super::{Subnet, home_of, subnet};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, World};

/// A network interface.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkInterface {
    /// Owner and Region.
    pub home: Home,
    /// `eni-…`.
    pub id: String,
    /// `network_load_balancer`, `transit_gateway`, `interface` for one of the account's own …
    pub interface_type: String,
    /// `ELB net/<name>/<id>` for load balancers.
    pub description: String,
    /// Its subnet.
    pub subnet_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Private address.
    pub address: Ipv4Addr,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// When it disappears; `None` while its owner lives.
    pub gone_at: Option<Duration>,
}

const LISTING: Listing = Listing {
    set: "networkInterfaceSet",
    ids: Some(Ids { parameter: "NetworkInterfaceId", member: "networkInterfaceId", missing }),
    filters: &[
        ("addresses.primary", "privateIpAddressesSet.primary"),
        ("addresses.private-ip-address", "privateIpAddressesSet.privateIpAddress"),
        ("attachment.attachment-id", "attachment.attachmentId"),
        ("attachment.instance-owner-id", "attachment.instanceOwnerId"),
        ("attachment.status", "attachment.status"),
        ("availability-zone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("description", "description"),
        ("group-id", "groupSet.groupId"),
        ("group-name", "groupSet.groupName"),
        ("interface-type", "interfaceType"),
        ("mac-address", "macAddress"),
        ("network-interface-id", "networkInterfaceId"),
        ("owner-id", "ownerId"),
        ("private-ip-address", "privateIpAddress"),
        ("requester-id", "requesterId"),
        ("requester-managed", "requesterManaged"),
        ("source-dest-check", "sourceDestCheck"),
        ("status", "status"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Makes a network interface at the first free private address; its id, or `None` when the subnet does not exist or
/// is full.
pub(crate) fn add_interface(
    world: &mut World,
    home: &Home,
    subnet_id: &str,
    interface_type: &str,
    description: &str,
    security_groups: &[String],
) -> Option<String> {
    let subnet = subnet(world, home, subnet_id)?;
    let address = usable(subnet).map(Ipv4Addr::from).find(|address| !taken(world, subnet_id, *address))?;
    let vpc_id = subnet.vpc_id.clone();
    let id = world.ids.resource("eni");
    world.ec2.network_interfaces.push(NetworkInterface {
        home: home.clone(),
        id: id.clone(),
        interface_type: interface_type.to_owned(),
        description: description.to_owned(),
        subnet_id: subnet_id.to_owned(),
        vpc_id,
        address,
        security_groups: security_groups.to_vec(),
        gone_at: None,
    });
    Some(id)
}

/// A network interface of the caller's own, such as a proxy in the VPC has.
pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let id = call.need("SubnetId")?;
    let subnet = find(&world.ec2.subnets, &home, &id)?;
    let wanted = call.text("PrivateIpAddress").map(|text| {
        let address: Option<Ipv4Addr> = text.parse().ok();
        let fits = |address: &Ipv4Addr| usable(subnet).contains(&u32::from(*address)) && !taken(world, &id, *address);
        address.filter(fits).ok_or_else(|| {
            Fail::new("InvalidParameterValue", format!("Address {text} is in use, or not an address of {id}"))
        })
    });
    let wanted = wanted.transpose()?;
    let groups = call.texts("SecurityGroupId");
    for group in &groups {
        find(&world.ec2.security_groups, &home, group)?;
    }
    let made = add_interface(world, &home, &id, "interface", &call.text("Description").unwrap_or_default(), &groups);
    let made =
        made.ok_or_else(|| Fail::new("InsufficientFreeAddressesInSubnet", format!("{id} has no free address")))?;
    for interface in world.ec2.network_interfaces.iter_mut().filter(|each| each.id == made) {
        interface.address = wanted.unwrap_or(interface.address);
    }
    let found = world.ec2.network_interfaces.iter().find(|each| each.id == made);
    Ok(json!({"networkInterface": found.map(|interface| item(interface, world))}))
}

/// Lets the network interfaces with a description disappear at a time.
pub(crate) fn release_interfaces(world: &mut World, description: &str, at: Duration) {
    for interface in &mut world.ec2.network_interfaces {
        if interface.description == description {
            interface.gone_at = Some(at);
        }
    }
}

/// How many private addresses of a subnet are free: its size less AWS's five and the network interfaces in it.
pub(crate) fn free_addresses(world: &World, subnet: &Subnet) -> usize {
    let interfaces = world.ec2.network_interfaces.iter().filter(|each| each.subnet_id == subnet.id).count();
    usable(subnet).len().saturating_sub(interfaces)
}

pub(super) fn advance(world: &mut World) {
    let now = world.now;
    world.ec2.network_interfaces.retain(|interface| interface.gone_at.is_none_or(|at| now < at));
}

pub(super) fn missing(id: &str) -> Fail {
    Fail::new("InvalidNetworkInterfaceID.NotFound", format!("The networkInterface ID '{id}' does not exist"))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let mine = world.ec2.network_interfaces.iter().filter(|interface| interface.home == home);
    LISTING.answer(call, mine.map(|interface| item(interface, world)).collect())
}

/// AWS keeps the first four addresses of a subnet and the last one.
fn usable(subnet: &Subnet) -> Range<u32> {
    u32::from(subnet.cidr.network()) + 4..u32::from(subnet.cidr.broadcast())
}

fn taken(world: &World, subnet_id: &str, address: Ipv4Addr) -> bool {
    world.ec2.network_interfaces.iter().any(|each| each.subnet_id == subnet_id && each.address == address)
}

fn item(interface: &NetworkInterface, world: &World) -> Value {
    let requester = if interface.interface_type.contains("load_balancer") { "amazon-elb" } else { "amazon-aws" };
    let suffix = interface.id.trim_start_matches("eni-");
    let subnet = subnet(world, &interface.home, &interface.subnet_id);
    let [_, b, c, d] = interface.address.octets();
    json!({
        "networkInterfaceId": interface.id,
        "interfaceType": interface.interface_type,
        "description": interface.description,
        "subnetId": interface.subnet_id,
        "vpcId": interface.vpc_id,
        "availabilityZone": subnet.map(|subnet| &subnet.zone_name),
        "availabilityZoneId": subnet.map(|subnet| &subnet.zone_id),
        "ownerId": interface.home.account,
        "requesterId": requester,
        "requesterManaged": interface.interface_type != "interface",
        "status": "in-use",
        "macAddress": format!("02:00:00:{b:02x}:{c:02x}:{d:02x}"),
        "privateIpAddress": interface.address.to_string(),
        "privateIpAddressesSet": [{"privateIpAddress": interface.address.to_string(), "primary": true}],
        "sourceDestCheck": false,
        "groupSet": interface.security_groups.iter().map(|id| group(id, world)).collect::<Vec<_>>(),
        "attachment": {
            "attachmentId": format!("ela-attach-{suffix}"),
            "deleteOnTermination": false,
            "deviceIndex": 1,
            "instanceOwnerId": requester,
            "status": "attached",
        },
        "tagSet": [],
    })
}

fn group(id: &str, world: &World) -> Value {
    let name = world.ec2.security_groups.iter().find(|group| group.id == id).map(|group| &group.name);
    json!({"groupId": id, "groupName": name})
}
