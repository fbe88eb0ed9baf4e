//! Site-to-Site VPN connections: a customer gateway and a virtual private gateway or transit gateway.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, mine, object};
use super::tags::{at_creation, tag_set};
use super::{CustomerGateway, TransitGateway, VpnGateway, done, forgotten, home_of};
use crate::call::{Answer, Call, Fail, text_of};
use crate::world::{Home, Tags, World};

/// A Site-to-Site VPN connection. Its tunnels are up as soon as it is available.
#[derive(Clone, Debug, Serialize)]
pub struct VpnConnection {
    /// Owner and Region.
    pub home: Home,
    /// `vpn-…`.
    pub id: String,
    /// The device at the other end.
    pub customer_gateway_id: String,
    /// Virtual private gateway on AWS's side.
    pub vpn_gateway_id: Option<String>,
    /// Or transit gateway.
    pub transit_gateway_id: Option<String>,
    /// Whether routes are static instead of announced by BGP.
    pub static_routes_only: bool,
    /// When CreateVpnConnection took effect.
    pub created: Duration,
    /// When DeleteVpnConnection took effect.
    pub deleted: Option<Duration>,
    /// Tags.
    pub tags: Tags,
}

object!(VpnConnection, "vpn-connection", "InvalidVpnConnectionID.NotFound", "vpnConnection ID");

const LISTING: Listing = Listing {
    set: "vpnConnectionSet",
    ids: Some(Ids { parameter: "VpnConnectionId", member: "vpnConnectionId", missing: VpnConnection::missing }),
    filters: &[
        ("customer-gateway-id", "customerGatewayId"),
        ("option.static-routes-only", "options.staticRoutesOnly"),
        ("state", "state"),
        ("transit-gateway-id", "transitGatewayId"),
        ("type", "type"),
        ("vpn-connection-id", "vpnConnectionId"),
        ("vpn-gateway-id", "vpnGatewayId"),
    ],
};

impl VpnConnection {
    /// Whether it exists and is not being deleted.
    pub(super) fn is_live(&self, world: &World) -> bool {
        matches!(self.state(world), "pending" | "available")
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

/// CreateVpnConnection. It is idempotent: what exists with the same ends is the answer.
pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    check_type(call)?;
    let home = home_of(call);
    let customer_gateway_id =
        find::<CustomerGateway>(&world.ec2.customer_gateways, &home, &call.need("CustomerGatewayId")?)?.id.clone();
    let (vpn_gateway_id, transit_gateway_id) = (call.text("VpnGatewayId"), call.text("TransitGatewayId"));
    match (&vpn_gateway_id, &transit_gateway_id) {
        (Some(id), None) => drop(find::<VpnGateway>(&world.ec2.vpn_gateways, &home, id)?),
        (None, Some(id)) => drop(find::<TransitGateway>(&world.ec2.transit_gateways, &home, id)?),
        (None, None) => return Err(Fail::new("MissingParameter", "The request must contain a gateway of AWS's side")),
        (Some(_), Some(_)) => {
            return Err(Fail::new(
                "InvalidParameterCombination",
                "Specify a VPN gateway or a transit gateway, not both",
            ));
        }
    }
    let tags = at_creation::<VpnConnection>(call)?;
    let same = |each: &&VpnConnection| {
        each.customer_gateway_id == customer_gateway_id
            && each.vpn_gateway_id == vpn_gateway_id
            && each.transit_gateway_id == transit_gateway_id
            && each.is_live(world)
    };
    if let Some(there) = mine(&world.ec2.vpn_connections, &home).find(same) {
        return Ok(json!({"vpnConnection": item(there, world)}));
    }
    let connection = VpnConnection {
        home,
        id: world.ids.resource("vpn"),
        customer_gateway_id,
        vpn_gateway_id,
        transit_gateway_id,
        static_routes_only: text_of(&call.input["Options"]["StaticRoutesOnly"]).as_deref() == Some("true"),
        created: world.now,
        deleted: None,
        tags,
    };
    let item = item(&connection, world);
    world.ec2.vpn_connections.push(connection);
    Ok(json!({"vpnConnection": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.vpn_connections, &home).map(|each| item(each, world)).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let (home, id, now) = (home_of(call), call.need("VpnConnectionId")?, world.now);
    if !find(&world.ec2.vpn_connections, &home, &id)?.is_live(world) {
        return Err(VpnConnection::missing(&id));
    }
    find_mut(&mut world.ec2.vpn_connections, &home, &id)?.deleted = Some(now);
    Ok(done())
}

pub(super) fn advance(world: &mut World) {
    let now = world.now;
    world.ec2.vpn_connections.retain(|connection| !forgotten(connection.deleted, now));
}

/// The only type of VPN that there is.
pub(super) fn check_type(call: &Call) -> Result<(), Fail> {
    let kind = call.need("Type")?;
    if kind == "ipsec.1" {
        return Ok(());
    }
    Err(Fail::new("InvalidParameterValue", format!("Value ({kind}) for parameter type is invalid.")))
}

fn item(connection: &VpnConnection, world: &World) -> Value {
    let state = connection.state(world);
    json!({
        "vpnConnectionId": connection.id,
        "state": state,
        "type": "ipsec.1",
        "category": "VPN",
        "customerGatewayId": connection.customer_gateway_id,
        "vpnGatewayId": connection.vpn_gateway_id,
        "transitGatewayId": connection.transit_gateway_id,
        "options": {"staticRoutesOnly": connection.static_routes_only, "tunnelInsideIpVersion": "ipv4"},
        "vgwTelemetry": [{"status": if state == "available" { "UP" } else { "DOWN" }, "acceptedRouteCount": 0}],
        "tagSet": tag_set(&connection.tags),
    })
}
