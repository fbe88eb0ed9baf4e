//! VPC peering connections, between VPCs of one account or two, in one Region or two.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, object};
use super::tags::{at_creation, tag_set};
use super::{cidr, done, forgotten, home_of};
use crate::call::{Answer, Call, Fail};
use crate::date;
use crate::world::{Home, Tags, World};

/// A VPC peering connection.
#[derive(Clone, Debug, Serialize)]
pub struct Peering {
    /// Owner and Region of the VPC that asks.
    pub home: Home,
    /// `pcx-…`.
    pub id: String,
    /// The VPC that asks.
    pub vpc_id: String,
    /// Its range.
    pub cidr: Ipv4Net,
    /// Owner and Region of the VPC that is asked.
    pub peer: Home,
    /// The VPC that is asked.
    pub peer_vpc_id: String,
    /// Its range; `None` when there is no such VPC or the ranges overlap, so that the request failed.
    pub peer_cidr: Option<Ipv4Net>,
    /// When CreateVpcPeeringConnection took effect.
    pub created: Duration,
    /// When it was accepted.
    pub accepted: Option<Duration>,
    /// When it was deleted.
    pub deleted: Option<Duration>,
    /// Tags of the side that asks.
    pub tags: Tags,
}

object!(Peering, "vpc-peering-connection", "InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID");

/// A request that nobody accepts expires after a week.
const EXPIRES: Duration = Duration::from_secs(7 * 24 * 3600);

const LISTING: Listing = Listing {
    set: "vpcPeeringConnectionSet",
    ids: Some(Ids { parameter: "VpcPeeringConnectionId", member: "vpcPeeringConnectionId", missing: Peering::missing }),
    filters: &[
        ("accepter-vpc-info.cidr-block", "accepterVpcInfo.cidrBlock"),
        ("accepter-vpc-info.owner-id", "accepterVpcInfo.ownerId"),
        ("accepter-vpc-info.vpc-id", "accepterVpcInfo.vpcId"),
        ("expiration-time", "expirationTime"),
        ("requester-vpc-info.cidr-block", "requesterVpcInfo.cidrBlock"),
        ("requester-vpc-info.owner-id", "requesterVpcInfo.ownerId"),
        ("requester-vpc-info.vpc-id", "requesterVpcInfo.vpcId"),
        ("status-code", "status.code"),
        ("status-message", "status.message"),
        ("vpc-peering-connection-id", "vpcPeeringConnectionId"),
    ],
};

impl Peering {
    /// Whether it is a live one of a VPC, on either side.
    pub(super) fn holds(&self, world: &World, vpc_id: &str) -> bool {
        let live = matches!(self.status(world), "pending-acceptance" | "provisioning" | "active" | "deleting");
        live && (self.vpc_id == vpc_id || self.peer_vpc_id == vpc_id)
    }

    /// Whether traffic flows through it.
    pub(super) fn is_active(&self, world: &World) -> bool {
        self.status(world) == "active"
    }

    pub(crate) fn status(&self, world: &World) -> &'static str {
        match (self.deleted, self.accepted) {
            (Some(deleted), _) if world.now < deleted + world.timings.link_release => "deleting",
            (Some(_), _) => "deleted",
            (None, _) if self.peer_cidr.is_none() => "failed",
            (None, None) if world.now < self.created + EXPIRES => "pending-acceptance",
            (None, None) => "expired",
            (None, Some(accepted)) if world.now < accepted + world.timings.link => "provisioning",
            (None, Some(_)) => "active",
        }
    }
}

/// A peering that the caller sees: one of its VPCs asks or is asked.
pub(super) fn visible<'a>(world: &'a World, home: &Home, id: &str) -> Result<&'a Peering, Fail> {
    let peering = world.ec2.peerings.iter().find(|each| each.id == id && (each.home == *home || each.peer == *home));
    peering.ok_or_else(|| Peering::missing(id))
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let vpc = find(&world.ec2.vpcs, &home, &call.need("VpcId")?)?;
    let peer_vpc_id = call.need("PeerVpcId")?;
    let peer = Home {
        account: call.text("PeerOwnerId").unwrap_or_else(|| home.account.clone()),
        region: call.text("PeerRegion").unwrap_or_else(|| home.region.clone()),
    };
    // In another account or Region a wrong VPC shows only later, as a failed connection.
    let other = match find(&world.ec2.vpcs, &peer, &peer_vpc_id) {
        Ok(other) => Some(other),
        Err(fail) if peer == home => return Err(fail),
        Err(_) => None,
    };
    let mut pairs = world.ec2.peerings.iter().filter(|each| each.holds(world, &vpc.id));
    if let Some(known) = pairs.find(|each| each.vpc_id == peer_vpc_id || each.peer_vpc_id == peer_vpc_id) {
        let message = format!("A VPC peering connection between the VPCs already exists: {}", known.id);
        return Err(Fail::new("VpcPeeringConnectionAlreadyExists", message));
    }
    let peering = Peering {
        tags: at_creation::<Peering>(call)?,
        vpc_id: vpc.id.clone(),
        cidr: vpc.cidr,
        peer_cidr: other.map(|other| other.cidr).filter(|range| !cidr::overlap(range, &vpc.cidr)),
        home,
        id: world.ids.resource("pcx"),
        peer,
        peer_vpc_id,
        created: world.now,
        accepted: None,
        deleted: None,
    };
    let item = item(&peering, world);
    world.ec2.peerings.push(peering);
    Ok(json!({"vpcPeeringConnection": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let visible = world.ec2.peerings.iter().filter(|each| each.home == home || each.peer == home);
    LISTING.answer(call, visible.map(|peering| item(peering, world)).collect())
}

pub(super) fn accept(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let id = call.need("VpcPeeringConnectionId")?;
    let peering = visible(world, &home, &id)?;
    if peering.peer != home {
        let message = format!("User {} cannot accept peering {id}", home.account);
        return Err(Fail::new("OperationNotPermitted", message));
    }
    let status = peering.status(world);
    match status {
        "provisioning" | "active" => {}
        "pending-acceptance" => {
            let now = world.now;
            change(world, &id, |peering| peering.accepted = Some(now));
        }
        _ => {
            let message = format!("{id} is {status}; only a pending peering connection can be accepted");
            return Err(Fail::new("InvalidStateTransition", message));
        }
    }
    Ok(json!({"vpcPeeringConnection": item(visible(world, &home, &id)?, world)}))
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let id = call.need("VpcPeeringConnectionId")?;
    let status = visible(world, &home_of(call), &id)?.status(world);
    match status {
        "deleting" | "deleted" => {}
        "pending-acceptance" | "provisioning" | "active" => {
            let now = world.now;
            change(world, &id, |peering| peering.deleted = Some(now));
        }
        _ => {
            let message =
                format!("Invalid state transition for {id}, attempted to transition from {status} to deleting");
            return Err(Fail::new("InvalidStateTransition", message));
        }
    }
    Ok(done())
}

pub(super) fn advance(world: &mut World) {
    let (now, release) = (world.now, world.timings.link_release);
    world.ec2.peerings.retain(|peering| !forgotten(peering.deleted.map(|at| at + release), now));
}

fn change(world: &mut World, id: &str, change: impl FnOnce(&mut Peering)) {
    if let Some(peering) = world.ec2.peerings.iter_mut().find(|each| each.id == id) {
        change(peering);
    }
}

fn item(peering: &Peering, world: &World) -> Value {
    let status = peering.status(world);
    let side = |home: &Home, vpc_id: &str, range: Option<Ipv4Net>| {
        let blocks = range.iter().map(|range| json!({"cidrBlock": range.to_string()}));
        json!({
            "vpcId": vpc_id,
            "ownerId": home.account,
            "region": home.region,
            "cidrBlock": range.map(|range| range.to_string()),
            "cidrBlockSet": blocks.collect::<Vec<_>>(),
        })
    };
    json!({
        "vpcPeeringConnectionId": peering.id,
        "requesterVpcInfo": side(&peering.home, &peering.vpc_id, Some(peering.cidr)),
        "accepterVpcInfo": side(&peering.peer, &peering.peer_vpc_id, peering.peer_cidr),
        "expirationTime": (status == "pending-acceptance").then(|| date::iso(peering.created + EXPIRES)),
        "status": {"code": status, "message": message(status, &peering.peer.account)},
        "tagSet": tag_set(&peering.tags),
    })
}

fn message(status: &str, accepter: &str) -> String {
    match status {
        "pending-acceptance" => format!("Pending Acceptance by {accepter}"),
        "failed" => "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range".to_owned(),
        other => {
            let mut letters = other.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
        }
    }
}
