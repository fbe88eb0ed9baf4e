//! Transit gateways. One may be shared with other accounts, which then attach their VPCs.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, object};
use super::tags::{at_creation, tag_set};
use super::{arn, forgotten, home_of};
use crate::call::{Answer, Call, Fail, text_of};
use crate::date;
use crate::world::{Home, Tags, World};

/// A transit gateway.
#[derive(Clone, Debug, Serialize)]
pub struct TransitGateway {
    /// Owner and Region.
    pub home: Home,
    /// `tgw-…`.
    pub id: String,
    /// Description.
    pub description: String,
    /// Whether attachments of other accounts need no acceptance.
    pub auto_accept: bool,
    /// Accounts that it is shared with (in AWS by Resource Access Manager).
    pub shared_with: Vec<String>,
    /// When CreateTransitGateway took effect.
    pub created: Duration,
    /// When DeleteTransitGateway took effect.
    pub deleted: Option<Duration>,
    /// Tags.
    pub tags: Tags,
}

object!(TransitGateway, "transit-gateway", "InvalidTransitGatewayID.NotFound", "transitGateway ID");

const LISTING: Listing = Listing {
    set: "transitGatewaySet",
    ids: Some(Ids { parameter: "TransitGatewayIds", member: "transitGatewayId", missing: TransitGateway::missing }),
    filters: &[
        ("options.amazon-side-asn", "options.amazonSideAsn"),
        ("options.auto-accept-shared-attachments", "options.autoAcceptSharedAttachments"),
        ("options.default-route-table-association", "options.defaultRouteTableAssociation"),
        ("options.default-route-table-propagation", "options.defaultRouteTablePropagation"),
        ("options.dns-support", "options.dnsSupport"),
        ("options.vpn-ecmp-support", "options.vpnEcmpSupport"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("transit-gateway-id", "transitGatewayId"),
    ],
};

impl TransitGateway {
    fn visible_to(&self, home: &Home) -> bool {
        self.home.region == home.region && (self.home == *home || self.shared_with.contains(&home.account))
    }

    fn state(&self, world: &World) -> &'static str {
        match self.deleted {
            Some(deleted) if world.now < deleted + world.timings.link_release => "deleting",
            Some(_) => "deleted",
            None if world.now < self.created + world.timings.link => "pending",
            None => "available",
        }
    }
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let tags = at_creation::<TransitGateway>(call)?;
    let gateway = TransitGateway {
        home: home_of(call),
        id: world.ids.resource("tgw"),
        description: call.text("Description").unwrap_or_default(),
        auto_accept: text_of(&call.input["Options"]["AutoAcceptSharedAttachments"]).as_deref() == Some("enable"),
        shared_with: Vec::new(),
        created: world.now,
        deleted: None,
        tags,
    };
    let item = item(&gateway, world);
    world.ec2.transit_gateways.push(gateway);
    Ok(json!({"transitGateway": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let visible = world.ec2.transit_gateways.iter().filter(|gateway| gateway.visible_to(&home));
    LISTING.answer(call, visible.map(|gateway| item(gateway, world)).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let id = call.need("TransitGatewayId")?;
    let gateway = find(&world.ec2.transit_gateways, &home, &id)?;
    if gateway.deleted.is_some() {
        return Err(TransitGateway::missing(&id));
    }
    let attachments = &world.ec2.transit_gateway_attachments;
    let of_gateway = attachments.iter().filter(|each| each.transit_gateway_id == id);
    let held: Vec<&str> = of_gateway.filter(|each| each.exists(world)).map(|each| each.id.as_str()).collect();
    if !held.is_empty() {
        let message = format!("{id} has non-deleted Transit Gateway Attachments: {}.", held.join(", "));
        return Err(Fail::new("IncorrectState", message));
    }
    let now = world.now;
    find_mut(&mut world.ec2.transit_gateways, &home, &id)?.deleted = Some(now);
    let gateway = find(&world.ec2.transit_gateways, &home, &id)?;
    Ok(json!({"transitGateway": item(gateway, world)}))
}

pub(super) fn advance(world: &mut World) {
    let (now, release) = (world.now, world.timings.link_release);
    world.ec2.transit_gateways.retain(|gateway| !forgotten(gateway.deleted.map(|at| at + release), now));
}

/// A transit gateway that the caller may attach to.
pub(super) fn usable<'a>(world: &'a World, home: &Home, id: &str) -> Result<&'a TransitGateway, Fail> {
    let gateway = world.ec2.transit_gateways.iter().find(|each| each.id == id && each.visible_to(home));
    let gateway = gateway.ok_or_else(|| TransitGateway::missing(id))?;
    match gateway.state(world) {
        "available" => Ok(gateway),
        state => Err(Fail::new("IncorrectState", format!("{id} is in invalid state: {state}."))),
    }
}

fn item(gateway: &TransitGateway, world: &World) -> Value {
    let suffix = gateway.id.trim_start_matches("tgw-");
    json!({
        "transitGatewayId": gateway.id,
        "transitGatewayArn": arn(&gateway.home, &format!("transit-gateway/{}", gateway.id)),
        "state": gateway.state(world),
        "ownerId": gateway.home.account,
        "description": gateway.description,
        "creationTime": date::iso(gateway.created),
        "options": {
            "amazonSideAsn": 64512,
            "autoAcceptSharedAttachments": if gateway.auto_accept { "enable" } else { "disable" },
            "defaultRouteTableAssociation": "enable",
            "associationDefaultRouteTableId": format!("tgw-rtb-{suffix}"),
            "defaultRouteTablePropagation": "enable",
            "propagationDefaultRouteTableId": format!("tgw-rtb-{suffix}"),
            "vpnEcmpSupport": "enable",
            "dnsSupport": "enable",
            "multicastSupport": "disable",
        },
        "tagSet": tag_set(&gateway.tags),
    })
}
