//! VPCs. A new one comes with a main route table, a default security group and a default network ACL.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, mine, object};
use super::tags::{at_creation, tag_set};
use super::{State, cidr, dependency_violation, done, home_of, network_acl, route_table, security_group};
use crate::call::{Answer, Call, Fail, text_of};
use crate::world::{Home, Tags, World};

/// A VPC.
#[derive(Clone, Debug, Serialize)]
pub struct Vpc {
    /// Owner and Region.
    pub home: Home,
    /// `vpc-…`.
    pub id: String,
    /// Primary range.
    pub cidr: Ipv4Net,
    /// `enableDnsSupport`.
    pub dns_support: bool,
    /// `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// When CreateVpc took effect.
    pub created: Duration,
    /// Tags.
    pub tags: Tags,
}

object!(Vpc, "vpc", "InvalidVpcID.NotFound", "vpc ID");

const LISTING: Listing = Listing {
    set: "vpcSet",
    ids: Some(Ids { parameter: "VpcId", member: "vpcId", missing: Vpc::missing }),
    filters: &[
        ("cidr", "cidrBlock"),
        ("cidr-block-association.association-id", "cidrBlockAssociationSet.associationId"),
        ("cidr-block-association.cidr-block", "cidrBlockAssociationSet.cidrBlock"),
        ("cidr-block-association.state", "cidrBlockAssociationSet.cidrBlockState.state"),
        ("dhcp-options-id", "dhcpOptionsId"),
        ("is-default", "isDefault"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("vpc-id", "vpcId"),
    ],
};

/// Ranges that no VPC may lie in.
const RESERVED: [&str; 4] = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"];

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let range = range(call)?;
    let tags = at_creation::<Vpc>(call)?;
    if mine(&world.ec2.vpcs, &home).count() >= world.ec2.vpc_quota {
        return Err(Fail::new("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let vpc = Vpc {
        home,
        id: world.ids.resource("vpc"),
        cidr: range,
        dns_support: true,
        dns_hostnames: false,
        created: world.now,
        tags,
    };
    route_table::add_main(world, &vpc);
    security_group::add_default(world, &vpc);
    network_acl::add_default(world, &vpc);
    let item = item(&vpc, world);
    world.ec2.vpcs.push(vpc);
    Ok(json!({"vpc": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.vpcs, &home).map(|vpc| item(vpc, world)).collect())
}

pub(super) fn modify_attribute(call: &Call, world: &mut World) -> Answer {
    let vpc = find_mut(&mut world.ec2.vpcs, &home_of(call), &call.need("VpcId")?)?;
    let value = |name: &str| text_of(&call.input[name]["Value"]).map(|text| text.eq_ignore_ascii_case("true"));
    match (value("EnableDnsSupport"), value("EnableDnsHostnames"), value("EnableNetworkAddressUsageMetrics")) {
        (Some(on), None, None) => vpc.dns_support = on,
        (None, Some(true), None) if !vpc.dns_support => {
            return Err(Fail::new("InvalidParameterValue", "DNS hostnames need DNS support to be enabled first."));
        }
        (None, Some(on), None) => vpc.dns_hostnames = on,
        (None, None, Some(_)) => {}
        (None, None, None) => {
            return Err(Fail::new("MissingParameter", "The request must contain an attribute to modify"));
        }
        _ => {
            return Err(Fail::new("InvalidParameterCombination", "Fields for multiple attribute types specified"));
        }
    }
    Ok(done())
}

pub(super) fn describe_attribute(call: &Call, world: &World) -> Answer {
    let vpc = find(&world.ec2.vpcs, &home_of(call), &call.need("VpcId")?)?;
    let attribute = call.need("Attribute")?;
    let value = match attribute.as_str() {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => false,
        other => {
            let message = format!("Value ({other}) for parameter attribute is invalid. Unknown attribute.");
            return Err(Fail::new("InvalidParameterValue", message));
        }
    };
    Ok(json!({"vpcId": vpc.id, attribute: {"value": value}}))
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let id = find(&world.ec2.vpcs, &home_of(call), &call.need("VpcId")?)?.id.clone();
    let holders = holders(world, &id);
    if !holders.is_empty() {
        let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(dependency_violation(message, &holders));
    }
    let State { vpcs, route_tables, security_groups, network_acls, .. } = &mut world.ec2;
    vpcs.retain(|vpc| vpc.id != id);
    route_tables.retain(|table| table.vpc_id != id);
    security_groups.retain(|group| group.vpc_id != id);
    network_acls.retain(|acl| acl.vpc_id != id);
    Ok(done())
}

/// What keeps a VPC from being deleted. Its main route table and its defaults go with it.
fn holders(world: &World, vpc: &str) -> Vec<String> {
    let state = &world.ec2;
    let mut holders: Vec<&str> = Vec::new();
    holders.extend(state.subnets.iter().filter(|each| each.vpc_id == vpc).map(|each| each.id.as_str()));
    holders.extend(
        state.route_tables.iter().filter(|each| each.vpc_id == vpc && !each.is_main()).map(|each| each.id.as_str()),
    );
    holders.extend(
        state
            .security_groups
            .iter()
            .filter(|each| each.vpc_id == vpc && !each.is_default())
            .map(|each| each.id.as_str()),
    );
    holders.extend(state.network_interfaces.iter().filter(|each| each.vpc_id == vpc).map(|each| each.id.as_str()));
    holders.extend(
        state.internet_gateways.iter().filter(|each| each.vpc_id.as_deref() == Some(vpc)).map(|each| each.id.as_str()),
    );
    holders.extend(state.vpn_gateways.iter().filter(|each| each.holds(world, vpc)).map(|each| each.id.as_str()));
    holders.extend(
        state.transit_gateway_attachments.iter().filter(|each| each.holds(world, vpc)).map(|each| each.id.as_str()),
    );
    holders.extend(state.peerings.iter().filter(|each| each.holds(world, vpc)).map(|each| each.id.as_str()));
    holders.into_iter().map(str::to_owned).collect()
}

fn range(call: &Call) -> Result<Ipv4Net, Fail> {
    let text = call.need("CidrBlock")?;
    let range = cidr::parse(&text, "cidrBlock")?;
    let reserved = RESERVED.iter().filter_map(|text| text.parse().ok()).any(|each: Ipv4Net| each.contains(&range));
    if !(16..=28).contains(&range.prefix_len()) || reserved {
        return Err(Fail::new("InvalidVpc.Range", format!("The CIDR '{text}' is invalid.")));
    }
    Ok(range)
}

fn item(vpc: &Vpc, world: &World) -> Value {
    let suffix = vpc.id.trim_start_matches("vpc-");
    json!({
        "vpcId": vpc.id,
        "ownerId": vpc.home.account,
        "state": if world.now < vpc.created + world.timings.vpc { "pending" } else { "available" },
        "cidrBlock": vpc.cidr.to_string(),
        "cidrBlockAssociationSet": [{
            "associationId": format!("vpc-cidr-assoc-{suffix}"),
            "cidrBlock": vpc.cidr.to_string(),
            "cidrBlockState": {"state": "associated"},
        }],
        "dhcpOptionsId": "dopt-0a1b2c3d4e5f60718",
        "instanceTenancy": "default",
        "isDefault": false,
        "tagSet": tag_set(&vpc.tags),
    })
}
