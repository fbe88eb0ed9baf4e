//! Attachments of VPCs to transit gateways. Each puts a network interface into every subnet it names.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, object};
use super::tags::{specified, tag_set};
use super::{Subnet, add_interface, forgotten, free_addresses, home_of, release_interfaces, transit_gateway};
use crate::call::{Answer, Call, Fail, text_of};
use crate::date;
use crate::world::{Home, Tags, World};

/// The attachment of a VPC to a transit gateway.
#[derive(Clone, Debug, Serialize)]
pub struct TransitGatewayAttachment {
    /// Owner of the VPC, and Region.
    pub home: Home,
    /// `tgw-attach-…`.
    pub id: String,
    /// The transit gateway.
    pub transit_gateway_id: String,
    /// Owner of the transit gateway.
    pub transit_gateway_owner: String,
    /// The VPC.
    pub vpc_id: String,
    /// One subnet per zone.
    pub subnet_ids: Vec<String>,
    /// `enable` or `disable`.
    pub appliance_mode_support: String,
    /// When CreateTransitGatewayVpcAttachment took effect.
    pub created: Duration,
    /// When it was accepted; `None` while it waits for the owner of the transit gateway.
    pub accepted: Option<Duration>,
    /// When it was last modified.
    pub modified: Option<Duration>,
    /// When DeleteTransitGatewayVpcAttachment took effect.
    pub deleted: Option<Duration>,
    /// Tags.
    pub tags: Tags,
}

object!(
    TransitGatewayAttachment,
    "transit-gateway-attachment",
    "InvalidTransitGatewayAttachmentID.NotFound",
    "transitGatewayAttachment ID"
);

const LISTING: Listing = Listing {
    set: "transitGatewayVpcAttachments",
    ids: Some(Ids {
        parameter: "TransitGatewayAttachmentIds",
        member: "transitGatewayAttachmentId",
        missing: TransitGatewayAttachment::missing,
    }),
    filters: &[
        ("state", "state"),
        ("transit-gateway-attachment-id", "transitGatewayAttachmentId"),
        ("transit-gateway-id", "transitGatewayId"),
        ("vpc-id", "vpcId"),
    ],
};

impl TransitGatewayAttachment {
    /// Whether it is not yet deleted.
    pub(super) fn exists(&self, world: &World) -> bool {
        self.state(world) != "deleted"
    }

    /// Whether it keeps a VPC from being deleted.
    pub(super) fn holds(&self, world: &World, vpc_id: &str) -> bool {
        self.vpc_id == vpc_id && self.exists(world)
    }

    /// Whether traffic flows through it.
    pub(super) fn carries(&self, world: &World) -> bool {
        matches!(self.state(world), "available" | "modifying")
    }

    pub(crate) fn state(&self, world: &World) -> &'static str {
        let busy = |since: Duration, takes: Duration| world.now < since + takes;
        match (self.deleted, self.accepted, self.modified) {
            (Some(deleted), ..) if busy(deleted, world.timings.link_release) => "deleting",
            (Some(_), ..) => "deleted",
            (None, None, _) => "pendingAcceptance",
            (None, Some(accepted), _) if busy(accepted, world.timings.link) => "pending",
            (None, Some(_), Some(modified)) if busy(modified, world.timings.link) => "modifying",
            (None, Some(_), _) => "available",
        }
    }

    fn visible_to(&self, home: &Home) -> bool {
        self.home == *home || (self.home.region == home.region && self.transit_gateway_owner == home.account)
    }

    /// How AWS describes its network interfaces.
    fn interface_description(&self) -> String {
        format!("Network Interface for Transit Gateway Attachment {}", self.id)
    }
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let gateway = transit_gateway::usable(world, &home, &call.need("TransitGatewayId")?)?;
    let vpc_id = find(&world.ec2.vpcs, &home, &call.need("VpcId")?)?.id.clone();
    let subnet_ids = call.texts("SubnetIds");
    one_per_zone(world, &home, &vpc_id, &subnet_ids)?;
    room(world, &home, &subnet_ids)?;
    let mut others = world.ec2.transit_gateway_attachments.iter().filter(|each| each.holds(world, &vpc_id));
    if others.any(|each| each.transit_gateway_id == gateway.id) {
        let message = format!("{} has non-deleted Transit Gateway Attachments with same VPC ID.", gateway.id);
        return Err(Fail::new("DuplicateTransitGatewayAttachment", message));
    }
    let attachment = TransitGatewayAttachment {
        tags: specified::<TransitGatewayAttachment>(&call.list("TagSpecifications"))?,
        transit_gateway_id: gateway.id.clone(),
        transit_gateway_owner: gateway.home.account.clone(),
        accepted: (gateway.home == home || gateway.auto_accept).then_some(world.now),
        home,
        id: world.ids.resource("tgw-attach"),
        vpc_id,
        subnet_ids,
        appliance_mode_support: option(call, "ApplianceModeSupport").unwrap_or_else(|| "disable".to_owned()),
        created: world.now,
        modified: None,
        deleted: None,
    };
    for subnet_id in &attachment.subnet_ids {
        enter(world, &attachment, subnet_id);
    }
    let item = item(&attachment, world);
    world.ec2.transit_gateway_attachments.push(attachment);
    Ok(json!({"transitGatewayVpcAttachment": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let visible = world.ec2.transit_gateway_attachments.iter().filter(|each| each.visible_to(&home));
    LISTING.answer(call, visible.map(|attachment| item(attachment, world)).collect())
}

pub(super) fn modify(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let mut attachment = in_state(call, world, &["available"], |each| each.home == home)?;
    let (added, removed) = (call.texts("AddSubnetIds"), call.texts("RemoveSubnetIds"));
    if let Some(stranger) = removed.iter().find(|id| !attachment.subnet_ids.contains(id)) {
        return Err(Subnet::missing(stranger));
    }
    if let Some(known) = added.iter().find(|id| attachment.subnet_ids.contains(id)) {
        let message = format!("{known} is already part of {}", attachment.id);
        return Err(Fail::new("DuplicateSubnetsInSameZone", message));
    }
    attachment.subnet_ids.retain(|id| !removed.contains(id));
    attachment.subnet_ids.extend(added.iter().cloned());
    one_per_zone(world, &home, &attachment.vpc_id, &attachment.subnet_ids)?;
    room(world, &home, &added)?;
    if let Some(mode) = option(call, "ApplianceModeSupport") {
        attachment.appliance_mode_support = mode;
    }
    attachment.modified = Some(world.now);
    for subnet_id in &added {
        enter(world, &attachment, subnet_id);
    }
    leave(world, &attachment, &removed);
    store(world, attachment)
}

pub(super) fn accept(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let mut attachment =
        in_state(call, world, &["pendingAcceptance"], |each| each.transit_gateway_owner == home.account)?;
    attachment.accepted = Some(world.now);
    store(world, attachment)
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let states = ["available", "pending", "pendingAcceptance", "modifying"];
    let mut attachment = in_state(call, world, &states, |_| true)?;
    attachment.deleted = Some(world.now);
    let gone_at = world.now + world.timings.link_release;
    release_interfaces(world, &attachment.interface_description(), gone_at);
    store(world, attachment)
}

pub(super) fn advance(world: &mut World) {
    let (now, release) = (world.now, world.timings.link_release);
    world.ec2.transit_gateway_attachments.retain(|each| !forgotten(each.deleted.map(|at| at + release), now));
}

/// The attachment that a call names, if the caller may change it and its state allows that.
fn in_state(
    call: &Call,
    world: &World,
    states: &[&str],
    allowed: impl Fn(&TransitGatewayAttachment) -> bool,
) -> Result<TransitGatewayAttachment, Fail> {
    let home = home_of(call);
    let id = call.need("TransitGatewayAttachmentId")?;
    let all = &world.ec2.transit_gateway_attachments;
    let attachment = all.iter().find(|each| each.id == id && each.visible_to(&home) && allowed(each));
    let attachment = attachment.ok_or_else(|| TransitGatewayAttachment::missing(&id))?;
    let state = attachment.state(world);
    if !states.contains(&state) {
        return Err(Fail::new("IncorrectState", format!("{id} is in invalid state: {state}.")));
    }
    Ok(attachment.clone())
}

/// Puts a changed attachment back and answers with it.
fn store(world: &mut World, attachment: TransitGatewayAttachment) -> Answer {
    let item = item(&attachment, world);
    *find_mut(&mut world.ec2.transit_gateway_attachments, &attachment.home, &attachment.id)? = attachment.clone();
    Ok(json!({"transitGatewayVpcAttachment": item}))
}

fn enter(world: &mut World, attachment: &TransitGatewayAttachment, subnet_id: &str) {
    let description = attachment.interface_description();
    add_interface(world, &attachment.home, subnet_id, "transit_gateway", &description, &[]);
}

fn leave(world: &mut World, attachment: &TransitGatewayAttachment, subnet_ids: &[String]) {
    let gone_at = world.now + world.timings.link_release;
    let description = attachment.interface_description();
    for interface in &mut world.ec2.network_interfaces {
        if interface.description == description && subnet_ids.contains(&interface.subnet_id) {
            interface.gone_at = Some(gone_at);
        }
    }
}

fn one_per_zone(world: &World, home: &Home, vpc_id: &str, subnet_ids: &[String]) -> Result<(), Fail> {
    if subnet_ids.is_empty() {
        return Err(Fail::new("MissingParameter", "The request must contain the parameter SubnetIds"));
    }
    let mut zones: Vec<&str> = Vec::new();
    for id in subnet_ids {
        let subnet = find(&world.ec2.subnets, home, id)?;
        if subnet.vpc_id != vpc_id {
            let message = format!("Subnet {id} does not belong to VPC {vpc_id}");
            return Err(Fail::new("InvalidParameterValue", message));
        }
        if zones.contains(&subnet.zone_id.as_str()) {
            return Err(Fail::new("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ"));
        }
        zones.push(&subnet.zone_id);
    }
    Ok(())
}

fn room(world: &World, home: &Home, subnet_ids: &[String]) -> Result<(), Fail> {
    for id in subnet_ids {
        if free_addresses(world, find(&world.ec2.subnets, home, id)?) == 0 {
            let message = format!("insufficient free addresses in subnet '{id}'");
            return Err(Fail::new("InsufficientFreeAddressesInSubnet", message));
        }
    }
    Ok(())
}

fn option(call: &Call, name: &str) -> Option<String> {
    text_of(&call.input["Options"][name])
}

fn item(attachment: &TransitGatewayAttachment, world: &World) -> Value {
    json!({
        "transitGatewayAttachmentId": attachment.id,
        "transitGatewayId": attachment.transit_gateway_id,
        "vpcId": attachment.vpc_id,
        "vpcOwnerId": attachment.home.account,
        "state": attachment.state(world),
        "subnetIds": attachment.subnet_ids,
        "creationTime": date::iso(attachment.created),
        "options": {
            "dnsSupport": "enable",
            "ipv6Support": "disable",
            "applianceModeSupport": attachment.appliance_mode_support,
        },
        "tagSet": tag_set(&attachment.tags),
    })
}
