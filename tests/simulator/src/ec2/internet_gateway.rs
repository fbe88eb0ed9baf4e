//! Internet gateways: only so that a subnet can be public.

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, mine, object};
use super::tags::{at_creation, tag_set};
use super::{dependency_violation, done, home_of};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// An internet gateway.
#[derive(Clone, Debug, Serialize)]
pub struct InternetGateway {
    /// Owner and Region.
    pub home: Home,
    /// `igw-…`.
    pub id: String,
    /// The VPC it is attached to.
    pub vpc_id: Option<String>,
    /// Tags.
    pub tags: Tags,
}

object!(InternetGateway, "internet-gateway", "InvalidInternetGatewayID.NotFound", "internetGateway ID");

const LISTING: Listing = Listing {
    set: "internetGatewaySet",
    ids: Some(Ids { parameter: "InternetGatewayId", member: "internetGatewayId", missing: InternetGateway::missing }),
    filters: &[
        ("attachment.state", "attachmentSet.state"),
        ("attachment.vpc-id", "attachmentSet.vpcId"),
        ("internet-gateway-id", "internetGatewayId"),
        ("owner-id", "ownerId"),
    ],
};

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let tags = at_creation::<InternetGateway>(call)?;
    let gateway = InternetGateway { home: home_of(call), id: world.ids.resource("igw"), vpc_id: None, tags };
    let item = item(&gateway);
    world.ec2.internet_gateways.push(gateway);
    Ok(json!({"internetGateway": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.internet_gateways, &home).map(item).collect())
}

pub(super) fn attach(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let vpc = find(&world.ec2.vpcs, &home, &call.need("VpcId")?)?.id.clone();
    let taken = mine(&world.ec2.internet_gateways, &home).any(|each| each.vpc_id.as_deref() == Some(&vpc));
    let gateway = find_mut(&mut world.ec2.internet_gateways, &home, &call.need("InternetGatewayId")?)?;
    if let Some(other) = &gateway.vpc_id {
        let message = format!("resource {} is already attached to network {other}", gateway.id);
        return Err(Fail::new("Resource.AlreadyAssociated", message));
    }
    if taken {
        let message = format!("Network {vpc} already has an internet gateway attached");
        return Err(Fail::new("InvalidParameterValue", message));
    }
    gateway.vpc_id = Some(vpc);
    Ok(done())
}

pub(super) fn detach(call: &Call, world: &mut World) -> Answer {
    let vpc = call.need("VpcId")?;
    let id = call.need("InternetGatewayId")?;
    let gateway = find_mut(&mut world.ec2.internet_gateways, &home_of(call), &id)?;
    if gateway.vpc_id.as_ref() != Some(&vpc) {
        let message = format!("resource {id} is not attached to network {vpc}");
        return Err(Fail::new("Gateway.NotAttached", message));
    }
    gateway.vpc_id = None;
    Ok(done())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let gateway = find(&world.ec2.internet_gateways, &home_of(call), &call.need("InternetGatewayId")?)?;
    let id = gateway.id.clone();
    if let Some(vpc) = &gateway.vpc_id {
        let message = format!("The internetGateway '{id}' has dependencies and cannot be deleted.");
        return Err(dependency_violation(message, std::slice::from_ref(vpc)));
    }
    world.ec2.internet_gateways.retain(|gateway| gateway.id != id);
    Ok(done())
}

fn item(gateway: &InternetGateway) -> Value {
    let attachments = gateway.vpc_id.iter().map(|vpc| json!({"vpcId": vpc, "state": "available"}));
    json!({
        "internetGatewayId": gateway.id,
        "ownerId": gateway.home.account,
        "attachmentSet": attachments.collect::<Vec<_>>(),
        "tagSet": tag_set(&gateway.tags),
    })
}
