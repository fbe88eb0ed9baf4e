//! Network ACLs: the default one of each VPC, which every subnet of the VPC is associated with, and its entries.

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find_mut, mine, object};
use super::tags::tag_set;
use super::{Vpc, cidr, done, home_of};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A network ACL.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkAcl {
    /// Owner and Region.
    pub home: Home,
    /// `acl-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Rules, besides the final one that denies everything.
    pub entries: Vec<NetworkAclEntry>,
    /// Tags.
    pub tags: Tags,
}

/// A rule of a network ACL.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkAclEntry {
    /// Rule number; lower ones decide first.
    pub number: i64,
    /// Whether it is about traffic that leaves.
    pub egress: bool,
    /// IP protocol number as text, `-1` for all.
    pub protocol: String,
    /// Range of the other side.
    pub cidr: Ipv4Net,
    /// First and last port; `None` for all.
    pub ports: Option<(u16, u16)>,
    /// Whether it allows or denies.
    pub allow: bool,
}

object!(NetworkAcl, "network-acl", "InvalidNetworkAclID.NotFound", "networkAcl ID");

const LISTING: Listing = Listing {
    set: "networkAclSet",
    ids: Some(Ids { parameter: "NetworkAclId", member: "networkAclId", missing: NetworkAcl::missing }),
    filters: &[
        ("association.association-id", "associationSet.networkAclAssociationId"),
        ("association.network-acl-id", "associationSet.networkAclId"),
        ("association.subnet-id", "associationSet.subnetId"),
        ("default", "default"),
        ("entry.cidr", "entrySet.cidrBlock"),
        ("entry.egress", "entrySet.egress"),
        ("entry.port-range.from", "entrySet.portRange.from"),
        ("entry.port-range.to", "entrySet.portRange.to"),
        ("entry.protocol", "entrySet.protocol"),
        ("entry.rule-action", "entrySet.ruleAction"),
        ("entry.rule-number", "entrySet.ruleNumber"),
        ("network-acl-id", "networkAclId"),
        ("owner-id", "ownerId"),
        ("vpc-id", "vpcId"),
    ],
};

/// The number under which EC2 shows the final rule, `*` in the console.
const FINAL_RULE: i64 = 32767;

/// Adds the default network ACL of a new VPC: it allows everything.
pub(super) fn add_default(world: &mut World, vpc: &Vpc) {
    let allow_all = |egress| NetworkAclEntry {
        number: 100,
        egress,
        protocol: "-1".to_owned(),
        cidr: Ipv4Net::default(),
        ports: None,
        allow: true,
    };
    world.ec2.network_acls.push(NetworkAcl {
        home: vpc.home.clone(),
        id: world.ids.resource("acl"),
        vpc_id: vpc.id.clone(),
        entries: vec![allow_all(true), allow_all(false)],
        tags: Tags::new(),
    });
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.network_acls, &home).map(|acl| item(acl, world)).collect())
}

pub(super) fn create_entry(call: &Call, world: &mut World) -> Answer {
    let flag = |name: &str| call.flag(name).ok_or_else(|| missing_parameter(name));
    let port = |name: &str| call.input["PortRange"][name].as_str().and_then(|port| port.parse().ok());
    let entry = NetworkAclEntry {
        number: call.number("RuleNumber").ok_or_else(|| missing_parameter("RuleNumber"))?,
        egress: flag("Egress")?,
        protocol: call.need("Protocol")?,
        cidr: cidr::parse(&call.need("CidrBlock")?, "cidrBlock")?,
        ports: port("From").zip(port("To")),
        allow: call.need("RuleAction")? == "allow",
    };
    let acl = find_mut(&mut world.ec2.network_acls, &home_of(call), &call.need("NetworkAclId")?)?;
    if acl.entries.iter().any(|other| (other.number, other.egress) == (entry.number, entry.egress)) {
        let message = format!("The network acl entry identified by {} already exists.", entry.number);
        return Err(Fail::new("NetworkAclEntryAlreadyExists", message));
    }
    acl.entries.push(entry);
    Ok(done())
}

pub(super) fn delete_entry(call: &Call, world: &mut World) -> Answer {
    let (number, egress) = (call.number("RuleNumber"), call.flag("Egress"));
    let acl = find_mut(&mut world.ec2.network_acls, &home_of(call), &call.need("NetworkAclId")?)?;
    let before = acl.entries.len();
    acl.entries.retain(|entry| (Some(entry.number), Some(entry.egress)) != (number, egress));
    if acl.entries.len() == before {
        let message = "The specified network acl entry does not exist.";
        return Err(Fail::new("InvalidNetworkAclEntry.NotFound", message));
    }
    Ok(done())
}

fn missing_parameter(name: &str) -> Fail {
    Fail::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

fn item(acl: &NetworkAcl, world: &World) -> Value {
    let subnets = world.ec2.subnets.iter().filter(|subnet| subnet.vpc_id == acl.vpc_id);
    let association = |subnet: &super::Subnet| {
        json!({
            "networkAclAssociationId": subnet.id.replace("subnet-", "aclassoc-"),
            "networkAclId": acl.id,
            "subnetId": subnet.id,
        })
    };
    let mut entries: Vec<Value> = acl.entries.iter().map(entry).collect();
    entries.extend([true, false].map(deny_all));
    json!({
        "networkAclId": acl.id,
        "vpcId": acl.vpc_id,
        "ownerId": acl.home.account,
        "default": true,
        "associationSet": subnets.map(association).collect::<Vec<_>>(),
        "entrySet": entries,
        "tagSet": tag_set(&acl.tags),
    })
}

fn entry(entry: &NetworkAclEntry) -> Value {
    json!({
        "ruleNumber": entry.number,
        "egress": entry.egress,
        "protocol": entry.protocol,
        "cidrBlock": entry.cidr.to_string(),
        "portRange": entry.ports.map(|(from, to)| json!({"from": from, "to": to})),
        "ruleAction": if entry.allow { "allow" } else { "deny" },
    })
}

fn deny_all(egress: bool) -> Value {
    json!({"ruleNumber": FINAL_RULE, "egress": egress, "protocol": "-1", "cidrBlock": "0.0.0.0/0", "ruleAction": "deny"})
}
