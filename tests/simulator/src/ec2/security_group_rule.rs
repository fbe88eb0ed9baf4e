//! Rules of security groups. Callers and answers bundle sources per protocol and ports; here a rule has one source.

use std::hash::{DefaultHasher, Hash, Hasher};

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::home_of;
use super::object::{Object, find, find_mut};
use super::security_group::SecurityGroup;
use crate::call::{Answer, Call, Fail, list_of, text_of};
use crate::world::World;

/// Rules per direction.
const LIMIT: usize = 60;

/// Which rules of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

/// One rule: protocol, ports and a single source (or destination).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Rule {
    protocol: String,
    ports: Option<(i64, i64)>,
    cidr: Option<String>,
    /// The group on the other side.
    pub(super) group: Option<String>,
    user: Option<String>,
    description: Option<String>,
}

impl Rule {
    /// The rules in a permission of an answer (and of [`SecurityGroup`]).
    pub(super) fn all_of(permission: &Value) -> Vec<Self> {
        let number = |name: &str| text_of(&permission[name]).and_then(|text| text.parse().ok());
        let rule = |source: &Value| Self {
            protocol: text_of(&permission["ipProtocol"]).unwrap_or_default(),
            ports: number("fromPort").zip(number("toPort")),
            cidr: text_of(&source["cidrIp"]),
            group: text_of(&source["groupId"]),
            user: text_of(&source["userId"]),
            description: text_of(&source["description"]),
        };
        list_of(&permission["ipRanges"]).iter().chain(&list_of(&permission["groups"])).map(rule).collect()
    }

    /// The same rule apart from its description, which is no part of its identity.
    fn is(&self, other: &Self) -> bool {
        let same = |one: &Self, other: &Self| one.cidr == other.cidr && one.group == other.group;
        self.protocol == other.protocol && self.ports == other.ports && same(self, other)
    }

    /// `sgr-…`. Made from what the rule says, so it stays the same as long as the rule does.
    fn id(&self, group: &str, direction: Direction) -> String {
        let mut hasher = DefaultHasher::new();
        (group, direction == Direction::Egress, &self.protocol, self.ports, &self.cidr, &self.group).hash(&mut hasher);
        format!("sgr-0{:016x}", hasher.finish())
    }

    fn item(&self, group: &SecurityGroup, direction: Direction) -> Value {
        let other = self.group.as_ref().map(|id| json!({"groupId": id, "userId": self.user}));
        json!({
            "securityGroupRuleId": self.id(&group.id, direction),
            "groupId": group.id,
            "groupOwnerId": group.home.account,
            "isEgress": direction == Direction::Egress,
            "ipProtocol": self.protocol,
            "fromPort": self.ports.map_or(-1, |(from, _)| from),
            "toPort": self.ports.map_or(-1, |(_, to)| to),
            "cidrIpv4": self.cidr,
            "referencedGroupInfo": other,
            "description": self.description,
            "tagSet": [],
        })
    }

    fn revoked_item(&self, group: &SecurityGroup, direction: Direction) -> Value {
        let mut item = self.item(group, direction);
        if let Some(members) = item.as_object_mut() {
            members.retain(|name, _| !matches!(name.as_str(), "groupOwnerId" | "referencedGroupInfo" | "tagSet"));
            members.insert("referencedGroupId".to_owned(), json!(self.group));
        }
        item
    }

    /// How EC2's messages spell a rule.
    fn words(&self) -> String {
        let peer = self.cidr.as_ref().or(self.group.as_ref()).cloned().unwrap_or_default();
        let ports = self.ports.map(|(from, to)| format!(", from port: {from}, to port: {to}")).unwrap_or_default();
        let protocol = if self.protocol == "-1" { "ALL".to_owned() } else { self.protocol.to_uppercase() };
        format!("peer: {peer}, {protocol}{ports}, ALLOW")
    }
}

pub(super) fn authorize(call: &Call, world: &mut World, direction: Direction) -> Answer {
    let home = home_of(call);
    let group = find(&world.ec2.security_groups, &home, &call.need("GroupId")?)?.clone();
    let mut rules = rules_of(&group, direction);
    let added = asked(call, world, &group)?;
    if added.is_empty() {
        return Err(Fail::new("MissingParameter", "The request must contain the parameter ipPermissions"));
    }
    for rule in &added {
        if rules.iter().any(|known| known.is(rule)) {
            let message = format!("the specified rule \"{}\" already exists", rule.words());
            return Err(Fail::new("InvalidPermission.Duplicate", message));
        }
        rules.push(rule.clone());
    }
    if rules.len() > LIMIT {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(Fail::new("RulesPerSecurityGroupLimitExceeded", message));
    }
    store(call, world, direction, &rules)?;
    let items: Vec<Value> = added.iter().map(|rule| rule.item(&group, direction)).collect();
    Ok(json!({"return": true, "securityGroupRuleSet": items}))
}

pub(super) fn revoke(call: &Call, world: &mut World, direction: Direction) -> Answer {
    let home = home_of(call);
    let group = find(&world.ec2.security_groups, &home, &call.need("GroupId")?)?.clone();
    let mut rules = rules_of(&group, direction);
    let mut revoked = by_id(call, &group, direction)?;
    revoked.extend(asked(call, world, &group)?);
    for rule in &revoked {
        let Some(at) = rules.iter().position(|known| known.is(rule)) else {
            let message = "The specified rule does not exist in this security group.";
            return Err(Fail::new("InvalidPermission.NotFound", message));
        };
        rules.remove(at);
    }
    store(call, world, direction, &rules)?;
    let items: Vec<Value> = revoked.iter().map(|rule| rule.revoked_item(&group, direction)).collect();
    Ok(json!({"return": true, "revokedSecurityGroupRuleSet": items}))
}

fn rules_of(group: &SecurityGroup, direction: Direction) -> Vec<Rule> {
    let permissions = match direction {
        Direction::Ingress => &group.ingress,
        Direction::Egress => &group.egress,
    };
    permissions.iter().flat_map(Rule::all_of).collect()
}

fn by_id(call: &Call, group: &SecurityGroup, direction: Direction) -> Result<Vec<Rule>, Fail> {
    let rules = rules_of(group, direction);
    let find = |id: &String| {
        let found = rules.iter().find(|rule| rule.id(&group.id, direction) == *id).cloned();
        found.ok_or_else(|| {
            let message = format!("The security group rule ID '{id}' does not exist");
            Fail::new("InvalidSecurityGroupRuleId.NotFound", message)
        })
    };
    call.texts("SecurityGroupRuleId").iter().map(find).collect()
}

/// The rules that a call describes, in `IpPermissions` or in the older parameters for a single one.
fn asked(call: &Call, world: &World, group: &SecurityGroup) -> Result<Vec<Rule>, Fail> {
    let mut permissions = call.list("IpPermissions");
    if let Some(cidr) = call.text("CidrIp") {
        permissions.push(json!({
            "IpProtocol": call.input["IpProtocol"],
            "FromPort": call.input["FromPort"],
            "ToPort": call.input["ToPort"],
            "IpRanges": [{"CidrIp": cidr}],
        }));
    }
    let mut rules = Vec::new();
    for permission in &permissions {
        rules.extend(in_permission(permission, world, group)?);
    }
    Ok(rules)
}

fn in_permission(permission: &Value, world: &World, group: &SecurityGroup) -> Result<Vec<Rule>, Fail> {
    let protocol = protocol(permission)?;
    let ports = ports(permission, &protocol)?;
    let template = |source: &Value| Rule {
        protocol: protocol.clone(),
        ports,
        cidr: None,
        group: None,
        user: None,
        description: text_of(&source["Description"]),
    };
    let mut rules = Vec::new();
    for source in list_of(&permission["IpRanges"]) {
        let text = text_of(&source["CidrIp"]).unwrap_or_default();
        let range: Ipv4Net =
            text.parse().map_err(|_| Fail::new("InvalidParameterValue", format!("CIDR block {text} is malformed")))?;
        rules.push(Rule { cidr: Some(range.trunc().to_string()), ..template(&source) });
    }
    for source in list_of(&permission["Groups"]) {
        let id = text_of(&source["GroupId"]).unwrap_or_default();
        let other =
            world.ec2.security_groups.iter().find(|other| other.id == id && other.home.region == group.home.region);
        let other = other.ok_or_else(|| SecurityGroup::missing(&id))?;
        rules.push(Rule { group: Some(id), user: Some(other.home.account.clone()), ..template(&source) });
    }
    Ok(rules)
}

fn protocol(permission: &Value) -> Result<String, Fail> {
    let text = text_of(&permission["IpProtocol"])
        .ok_or_else(|| Fail::new("MissingParameter", "The request must contain the parameter ipProtocol"))?;
    Ok(match text.to_ascii_lowercase().as_str() {
        "1" => "icmp".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "all" => "-1".to_owned(),
        other => other.to_owned(),
    })
}

fn ports(permission: &Value, protocol: &str) -> Result<Option<(i64, i64)>, Fail> {
    let number = |name: &str| text_of(&permission[name]).and_then(|text| text.parse::<i64>().ok());
    match (protocol, number("FromPort").zip(number("ToPort"))) {
        ("-1", _) => Ok(None),
        ("tcp" | "udp", None) => {
            let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
            Err(Fail::new("InvalidParameterValue", message))
        }
        ("tcp" | "udp", Some((from, to))) if from > to || from < 0 || to > 65535 => {
            let message = format!("Invalid port range {from}-{to}");
            Err(Fail::new("InvalidParameterValue", message))
        }
        (_, ports) => Ok(ports),
    }
}

/// Writes the rules back, bundled by protocol and ports as EC2 shows them.
fn store(call: &Call, world: &mut World, direction: Direction, rules: &[Rule]) -> Result<(), Fail> {
    let group = find_mut(&mut world.ec2.security_groups, &home_of(call), &call.need("GroupId")?)?;
    let permissions = bundled(rules);
    match direction {
        Direction::Ingress => group.ingress = permissions,
        Direction::Egress => group.egress = permissions,
    }
    Ok(())
}

fn bundled(rules: &[Rule]) -> Vec<Value> {
    let mut bundles: Vec<Vec<&Rule>> = Vec::new();
    for rule in rules {
        match bundles.iter_mut().find(|bundle| bundle[0].protocol == rule.protocol && bundle[0].ports == rule.ports) {
            Some(bundle) => bundle.push(rule),
            None => bundles.push(vec![rule]),
        }
    }
    bundles.iter().map(|bundle| permission(bundle)).collect()
}

fn permission(bundle: &[&Rule]) -> Value {
    let ranges = bundle
        .iter()
        .filter_map(|rule| rule.cidr.as_ref().map(|cidr| json!({"cidrIp": cidr, "description": rule.description})));
    let groups = bundle.iter().filter_map(|rule| {
        rule.group.as_ref().map(|id| json!({"groupId": id, "userId": rule.user, "description": rule.description}))
    });
    json!({
        "ipProtocol": bundle[0].protocol,
        "fromPort": bundle[0].ports.map(|(from, _)| from),
        "toPort": bundle[0].ports.map(|(_, to)| to),
        "ipRanges": ranges.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
    })
}
