//! Subnets.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, mine, object};
use super::tags::{at_creation, tag_set};
use super::zone::Zone;
use super::{Vpc, arn, cidr, dependency_violation, done, free_addresses, home_of, zones};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A subnet.
#[derive(Clone, Debug, Serialize)]
pub struct Subnet {
    /// Owner and Region.
    pub home: Home,
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Range.
    pub cidr: Ipv4Net,
    /// Zone name, such as `eu-central-1a`.
    pub zone_name: String,
    /// Zone id, such as `euc1-az1`.
    pub zone_id: String,
    /// When CreateSubnet took effect.
    pub created: Duration,
    /// Tags.
    pub tags: Tags,
}

object!(Subnet, "subnet", "InvalidSubnetID.NotFound", "subnet ID");

/// Subnets per VPC.
const LIMIT: usize = 200;

const LISTING: Listing = Listing {
    set: "subnetSet",
    ids: Some(Ids { parameter: "SubnetId", member: "subnetId", missing: Subnet::missing }),
    filters: &[
        ("availability-zone", "availabilityZone"),
        ("availabilityZone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("availabilityZoneId", "availabilityZoneId"),
        ("available-ip-address-count", "availableIpAddressCount"),
        ("cidr-block", "cidrBlock"),
        ("cidr", "cidrBlock"),
        ("cidrBlock", "cidrBlock"),
        ("default-for-az", "defaultForAz"),
        ("ipv6-native", "ipv6Native"),
        ("map-public-ip-on-launch", "mapPublicIpOnLaunch"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("subnet-arn", "subnetArn"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
};

/// A subnet of the caller.
pub(crate) fn subnet<'a>(world: &'a World, home: &Home, id: &str) -> Option<&'a Subnet> {
    find(&world.ec2.subnets, home, id).ok()
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let vpc = find(&world.ec2.vpcs, &home, &call.need("VpcId")?)?;
    let siblings: Vec<&Subnet> = world.ec2.subnets.iter().filter(|each| each.vpc_id == vpc.id).collect();
    let range = range(call, vpc, &siblings)?;
    let zone = zone(call)?;
    let tags = at_creation::<Subnet>(call)?;
    if siblings.len() >= LIMIT {
        return Err(Fail::new("SubnetLimitExceeded", "The maximum number of subnets has been reached."));
    }
    let subnet = Subnet {
        home,
        vpc_id: vpc.id.clone(),
        id: world.ids.resource("subnet"),
        cidr: range,
        zone_name: zone.name,
        zone_id: zone.id,
        created: world.now,
        tags,
    };
    let item = item(&subnet, world);
    world.ec2.subnets.push(subnet);
    Ok(json!({"subnet": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.subnets, &home).map(|subnet| item(subnet, world)).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let id = find(&world.ec2.subnets, &home_of(call), &call.need("SubnetId")?)?.id.clone();
    let interfaces = world.ec2.network_interfaces.iter().filter(|each| each.subnet_id == id);
    let holders: Vec<String> = interfaces.map(|each| each.id.clone()).collect();
    if !holders.is_empty() {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(dependency_violation(message, &holders));
    }
    world.ec2.subnets.retain(|subnet| subnet.id != id);
    for table in &mut world.ec2.route_tables {
        table.associations.retain(|association| association.subnet_id != id);
    }
    Ok(done())
}

fn range(call: &Call, vpc: &Vpc, siblings: &[&Subnet]) -> Result<Ipv4Net, Fail> {
    let text = call.need("CidrBlock")?;
    let range = cidr::parse(&text, "cidrBlock")?;
    if !(16..=28).contains(&range.prefix_len()) || !vpc.cidr.contains(&range) {
        return Err(Fail::new("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid.")));
    }
    if siblings.iter().any(|other| cidr::overlap(&other.cidr, &range)) {
        return Err(Fail::new("InvalidSubnet.Conflict", format!("The CIDR '{text}' conflicts with another subnet")));
    }
    Ok(range)
}

/// The zone by name or id. Without either AWS picks one, here always the first.
fn zone(call: &Call) -> Result<Zone, Fail> {
    let all = zones(&call.region);
    let (parameter, wanted) = match (call.text("AvailabilityZone"), call.text("AvailabilityZoneId")) {
        (Some(_), Some(_)) => {
            let message = "Only one of availabilityZone and availabilityZoneId may be specified";
            return Err(Fail::new("InvalidParameterCombination", message));
        }
        (Some(name), None) => ("availabilityZone", name),
        (None, Some(id)) => ("availabilityZoneId", id),
        (None, None) => ("availabilityZone", all[0].name.clone()),
    };
    let names: Vec<&str> = all.iter().map(|zone| zone.name.as_str()).collect();
    let refusal = format!(
        "Value ({wanted}) for parameter {parameter} is invalid. Subnets can currently only be created in the following availability zones: {}.",
        names.join(", ")
    );
    let by_id = parameter == "availabilityZoneId";
    all.into_iter()
        .find(|zone| if by_id { zone.id == wanted } else { zone.name == wanted })
        .ok_or_else(|| Fail::new("InvalidParameterValue", refusal))
}

fn item(subnet: &Subnet, world: &World) -> Value {
    json!({
        "subnetId": subnet.id,
        "subnetArn": arn(&subnet.home, &format!("subnet/{}", subnet.id)),
        "ownerId": subnet.home.account,
        "state": if world.now < subnet.created + world.timings.vpc { "pending" } else { "available" },
        "vpcId": subnet.vpc_id,
        "cidrBlock": subnet.cidr.to_string(),
        "availabilityZone": subnet.zone_name,
        "availabilityZoneId": subnet.zone_id,
        "availableIpAddressCount": free_addresses(world, subnet),
        "defaultForAz": false,
        "mapPublicIpOnLaunch": false,
        "assignIpv6AddressOnCreation": false,
        "ipv6Native": false,
        "tagSet": tag_set(&subnet.tags),
    })
}
