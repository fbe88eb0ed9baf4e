//! Virtual private gateways: the AWS side of a Site-to-Site VPN or of Direct Connect. A VPC has at most one.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, mine, object};
use super::tags::{at_creation, tag_set};
use super::{done, forgotten, home_of};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A virtual private gateway.
#[derive(Clone, Debug, Serialize)]
pub struct VpnGateway {
    /// Owner and Region.
    pub home: Home,
    /// `vgw-…`.
    pub id: String,
    /// BGP number of the AWS side.
    pub amazon_side_asn: String,
    /// The attachment, a past one included.
    pub attachment: Option<VpnAttachment>,
    /// Ranges that the data centre announces; they appear in route tables with propagation.
    pub announced: Vec<Ipv4Net>,
    /// When it was deleted.
    pub deleted: Option<Duration>,
    /// Tags.
    pub tags: Tags,
}

/// The attachment of a virtual private gateway to a VPC.
#[derive(Clone, Debug, Serialize)]
pub struct VpnAttachment {
    /// The VPC.
    pub vpc_id: String,
    /// When AttachVpnGateway took effect.
    pub began: Duration,
    /// When DetachVpnGateway took effect.
    pub ended: Option<Duration>,
}

object!(VpnGateway, "vpn-gateway", "InvalidVpnGatewayID.NotFound", "vpnGateway ID");

const LISTING: Listing = Listing {
    set: "vpnGatewaySet",
    ids: Some(Ids { parameter: "VpnGatewayId", member: "vpnGatewayId", missing: VpnGateway::missing }),
    filters: &[
        ("amazon-side-asn", "amazonSideAsn"),
        ("attachment.state", "attachments.state"),
        ("attachment.vpc-id", "attachments.vpcId"),
        ("availability-zone", "availabilityZone"),
        ("state", "state"),
        ("type", "type"),
        ("vpn-gateway-id", "vpnGatewayId"),
    ],
};

impl VpnGateway {
    /// Whether it carries traffic of a VPC.
    pub(super) fn attached_to(&self, world: &World, vpc_id: &str) -> bool {
        self.attachment.as_ref().is_some_and(|each| each.vpc_id == vpc_id && each.state(world) == "attached")
    }

    /// Whether it keeps a VPC from being deleted: attached, or about to be, or not yet detached.
    pub(super) fn holds(&self, world: &World, vpc_id: &str) -> bool {
        self.present(world).is_some_and(|attachment| attachment.vpc_id == vpc_id)
    }

    /// The attachment, unless it is over.
    fn present(&self, world: &World) -> Option<&VpnAttachment> {
        self.attachment.as_ref().filter(|attachment| attachment.state(world) != "detached")
    }
}

impl VpnAttachment {
    pub(crate) fn state(&self, world: &World) -> &'static str {
        match self.ended {
            Some(ended) if world.now < ended + world.timings.link_release => "detaching",
            Some(_) => "detached",
            None if world.now < self.began + world.timings.link => "attaching",
            None => "attached",
        }
    }

    fn item(&self, world: &World) -> Value {
        json!({"vpcId": self.vpc_id, "state": self.state(world)})
    }
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let kind = call.need("Type")?;
    if kind != "ipsec.1" {
        let message = format!("Value ({kind}) for parameter type is invalid. Invalid VPN gateway type.");
        return Err(Fail::new("InvalidParameterValue", message));
    }
    let gateway = VpnGateway {
        home: home_of(call),
        tags: at_creation::<VpnGateway>(call)?,
        id: world.ids.resource("vgw"),
        amazon_side_asn: call.text("AmazonSideAsn").unwrap_or_else(|| "64512".to_owned()),
        attachment: None,
        announced: Vec::new(),
        deleted: None,
    };
    let item = item(&gateway, world);
    world.ec2.vpn_gateways.push(gateway);
    Ok(json!({"vpnGateway": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.vpn_gateways, &home).map(|gateway| item(gateway, world)).collect())
}

pub(super) fn attach(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let vpc_id = find(&world.ec2.vpcs, &home, &call.need("VpcId")?)?.id.clone();
    let id = call.need("VpnGatewayId")?;
    let gateway = live(world, &home, &id)?;
    match gateway.present(world) {
        Some(attachment) if attachment.vpc_id == vpc_id && attachment.ended.is_none() => {
            return Ok(json!({"attachment": attachment.item(world)}));
        }
        Some(attachment) => {
            let message = format!("The vpnGateway '{id}' is already attached to {}", attachment.vpc_id);
            return Err(Fail::new("VpnGatewayAttachmentLimitExceeded", message));
        }
        None => {}
    }
    if world.ec2.vpn_gateways.iter().any(|other| other.holds(world, &vpc_id)) {
        let message = format!("The vpc '{vpc_id}' already has a virtual private gateway attached to it.");
        return Err(Fail::new("InvalidVpcState", message));
    }
    let attachment = VpnAttachment { vpc_id, began: world.now, ended: None };
    let item = attachment.item(world);
    find_mut(&mut world.ec2.vpn_gateways, &home, &id)?.attachment = Some(attachment);
    Ok(json!({"attachment": item}))
}

pub(super) fn detach(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let (id, vpc_id) = (call.need("VpnGatewayId")?, call.need("VpcId")?);
    if !live(world, &home, &id)?.holds(world, &vpc_id) {
        let message = format!("The attachment with vpn gateway ID '{id}' and vpc ID '{vpc_id}' does not exist");
        return Err(Fail::new("InvalidVpnGatewayAttachment.NotFound", message));
    }
    let now = world.now;
    if let Some(attachment) = &mut find_mut(&mut world.ec2.vpn_gateways, &home, &id)?.attachment {
        attachment.ended.get_or_insert(now);
    }
    for table in &mut world.ec2.route_tables {
        table.propagating.retain(|gateway| *gateway != id);
    }
    Ok(done())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let id = call.need("VpnGatewayId")?;
    if let Some(attachment) = live(world, &home, &id)?.present(world) {
        let message = format!("The vpnGateway '{id}' is {} to {}", attachment.state(world), attachment.vpc_id);
        return Err(Fail::new("IncorrectState", message));
    }
    if world.ec2.vpn_connections.iter().any(|each| each.vpn_gateway_id.as_ref() == Some(&id) && each.is_live(world)) {
        return Err(Fail::new("IncorrectState", format!("The vpnGateway '{id}' has VPN connections")));
    }
    let now = world.now;
    find_mut(&mut world.ec2.vpn_gateways, &home, &id)?.deleted = Some(now);
    Ok(done())
}

pub(super) fn advance(world: &mut World) {
    let now = world.now;
    world.ec2.vpn_gateways.retain(|gateway| !forgotten(gateway.deleted, now));
}

/// A gateway that is not deleted.
fn live<'a>(world: &'a World, home: &Home, id: &str) -> Result<&'a VpnGateway, Fail> {
    let gateway = find(&world.ec2.vpn_gateways, home, id)?;
    if gateway.deleted.is_some() { Err(VpnGateway::missing(id)) } else { Ok(gateway) }
}

fn item(gateway: &VpnGateway, world: &World) -> Value {
    let attachments = gateway.attachment.iter().map(|attachment| attachment.item(world));
    json!({
        "vpnGatewayId": gateway.id,
        "type": "ipsec.1",
        "state": if gateway.deleted.is_some() { "deleted" } else { "available" },
        "amazonSideAsn": gateway.amazon_side_asn,
        "attachments": attachments.collect::<Vec<_>>(),
        "tagSet": tag_set(&gateway.tags),
    })
}
