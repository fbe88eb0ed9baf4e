//! Security groups. Their rules live in `security_group_rule`.

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, mine, object};
use super::security_group_rule::Rule;
use super::tags::{at_creation, tag_set};
use super::{Vpc, arn, dependency_violation, home_of};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A security group.
#[derive(Clone, Debug, Serialize)]
pub struct SecurityGroup {
    /// Owner and Region.
    pub home: Home,
    /// `sg-…`.
    pub id: String,
    /// Name, unique in the VPC.
    pub name: String,
    /// Description.
    pub description: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Inbound rules as `IpPermissions` members in EC2's output names.
    pub ingress: Vec<Value>,
    /// Outbound rules, likewise.
    pub egress: Vec<Value>,
    /// Tags.
    pub tags: Tags,
}

object!(SecurityGroup, "security-group", "InvalidGroup.NotFound", "security group");

const LISTING: Listing = Listing {
    set: "securityGroupInfo",
    ids: Some(Ids { parameter: "GroupId", member: "groupId", missing: SecurityGroup::missing }),
    filters: &[
        ("description", "groupDescription"),
        ("egress.ip-permission.cidr", "ipPermissionsEgress.ipRanges.cidrIp"),
        ("egress.ip-permission.from-port", "ipPermissionsEgress.fromPort"),
        ("egress.ip-permission.group-id", "ipPermissionsEgress.groups.groupId"),
        ("egress.ip-permission.protocol", "ipPermissionsEgress.ipProtocol"),
        ("egress.ip-permission.to-port", "ipPermissionsEgress.toPort"),
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("ip-permission.cidr", "ipPermissions.ipRanges.cidrIp"),
        ("ip-permission.from-port", "ipPermissions.fromPort"),
        ("ip-permission.group-id", "ipPermissions.groups.groupId"),
        ("ip-permission.protocol", "ipPermissions.ipProtocol"),
        ("ip-permission.to-port", "ipPermissions.toPort"),
        ("owner-id", "ownerId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Name of the group that every VPC has.
const DEFAULT: &str = "default";

impl SecurityGroup {
    /// Whether it is the default group of its VPC, which lives and goes with the VPC.
    pub(crate) fn is_default(&self) -> bool {
        self.name == DEFAULT
    }
}

/// Adds the default security group of a new VPC: its members may talk to each other, and to everyone outside.
pub(super) fn add_default(world: &mut World, vpc: &Vpc) {
    let id = world.ids.resource("sg");
    let members = json!({"ipProtocol": "-1", "groups": [{"groupId": id, "userId": vpc.home.account}]});
    world.ec2.security_groups.push(SecurityGroup {
        home: vpc.home.clone(),
        id,
        name: DEFAULT.to_owned(),
        description: "default VPC security group".to_owned(),
        vpc_id: vpc.id.clone(),
        ingress: vec![members],
        egress: vec![allow_all()],
        tags: Tags::new(),
    });
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let (name, description) = (call.need("GroupName")?, call.need("GroupDescription")?);
    let Some(vpc_id) = call.text("VpcId") else {
        return Err(Fail::new("VPCIdNotSpecified", "No default VPC for this user."));
    };
    let vpc_id = find(&world.ec2.vpcs, &home, &vpc_id)?.id.clone();
    allowed_name(&name)?;
    let tags = at_creation::<SecurityGroup>(call)?;
    if world.ec2.security_groups.iter().any(|group| group.vpc_id == vpc_id && group.name == name) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
        return Err(Fail::new("InvalidGroup.Duplicate", message));
    }
    let group = SecurityGroup {
        id: world.ids.resource("sg"),
        home,
        name,
        description,
        vpc_id,
        ingress: Vec::new(),
        egress: vec![allow_all()],
        tags,
    };
    let answer = json!({"groupId": group.id, "securityGroupArn": group_arn(&group), "tagSet": tag_set(&group.tags)});
    world.ec2.security_groups.push(group);
    Ok(answer)
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    if let Some(name) = call.texts("GroupName").first() {
        // Names are for the default VPC, and this AWS has none.
        let message = format!("The security group '{name}' does not exist in default VPC 'none'");
        return Err(Fail::new("InvalidGroup.NotFound", message));
    }
    LISTING.answer(call, mine(&world.ec2.security_groups, &home).map(item).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let group = find(&world.ec2.security_groups, &home_of(call), &call.need("GroupId")?)?;
    let id = group.id.clone();
    if group.is_default() {
        let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Fail::new("CannotDelete", message));
    }
    let holders = holders(world, &id);
    if !holders.is_empty() {
        return Err(dependency_violation(format!("resource {id} has a dependent object"), &holders));
    }
    world.ec2.security_groups.retain(|group| group.id != id);
    Ok(json!({"return": true, "groupId": id}))
}

/// What uses a group: network interfaces, load balancers, rules of other groups.
fn holders(world: &World, id: &str) -> Vec<String> {
    let interfaces =
        world.ec2.network_interfaces.iter().filter(|each| each.security_groups.iter().any(|used| used == id));
    let balancers = world.elb.load_balancers.iter().filter(|each| each.security_groups.iter().any(|used| used == id));
    let groups = world.ec2.security_groups.iter().filter(|each| each.id != id && refers_to(each, id));
    let interfaces = interfaces.map(|each| each.id.clone());
    interfaces.chain(balancers.map(|each| each.arn.clone())).chain(groups.map(|each| each.id.clone())).collect()
}

fn refers_to(group: &SecurityGroup, id: &str) -> bool {
    let mut rules = group.ingress.iter().chain(&group.egress).flat_map(Rule::all_of);
    rules.any(|rule| rule.group.as_deref() == Some(id))
}

fn allowed_name(name: &str) -> Result<(), Fail> {
    let problem = if name == DEFAULT {
        "Cannot use reserved security group name: default".to_owned()
    } else if name.starts_with("sg-") {
        format!("Group names may not be in the format sg-*: {name}")
    } else if name.chars().count() > 255 {
        "Character sets beyond 255 characters are not supported for group names.".to_owned()
    } else {
        return Ok(());
    };
    Err(Fail::new("InvalidParameterValue", problem))
}

fn allow_all() -> Value {
    json!({"ipProtocol": "-1", "ipRanges": [{"cidrIp": "0.0.0.0/0"}]})
}

fn group_arn(group: &SecurityGroup) -> String {
    arn(&group.home, &format!("security-group/{}", group.id))
}

fn item(group: &SecurityGroup) -> Value {
    json!({
        "groupId": group.id,
        "groupName": group.name,
        "groupDescription": group.description,
        "ownerId": group.home.account,
        "vpcId": group.vpc_id,
        "securityGroupArn": group_arn(group),
        "ipPermissions": group.ingress,
        "ipPermissionsEgress": group.egress,
        "tagSet": tag_set(&group.tags),
    })
}
