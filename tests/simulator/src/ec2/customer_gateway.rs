//! Customer gateways: what AWS is told about the device at the other end of a Site-to-Site VPN.

use std::net::Ipv4Addr;

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, mine, object};
use super::tags::{at_creation, tag_set};
use super::{done, home_of, vpn_connection};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A customer gateway.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerGateway {
    /// Owner and Region.
    pub home: Home,
    /// `cgw-…`.
    pub id: String,
    /// Public address of the device.
    pub address: Ipv4Addr,
    /// Its BGP number.
    pub asn: String,
    /// Tags.
    pub tags: Tags,
}

object!(CustomerGateway, "customer-gateway", "InvalidCustomerGatewayID.NotFound", "customerGateway ID");

const LISTING: Listing = Listing {
    set: "customerGatewaySet",
    ids: Some(Ids { parameter: "CustomerGatewayId", member: "customerGatewayId", missing: CustomerGateway::missing }),
    filters: &[
        ("bgp-asn", "bgpAsn"),
        ("customer-gateway-id", "customerGatewayId"),
        ("ip-address", "ipAddress"),
        ("state", "state"),
        ("type", "type"),
    ],
};

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    vpn_connection::check_type(call)?;
    let address = call.text("IpAddress").or_else(|| call.text("PublicIp"));
    let address = address.ok_or_else(|| Fail::new("MissingParameter", "The request must contain an IP address"))?;
    let gateway = CustomerGateway {
        home: home_of(call),
        tags: at_creation::<CustomerGateway>(call)?,
        address: address.parse().map_err(|_| {
            let message = format!("Value ({address}) for parameter ipAddress is invalid. Invalid IP address.");
            Fail::new("InvalidParameterValue", message)
        })?,
        asn: call.text("BgpAsn").unwrap_or_else(|| "65000".to_owned()),
        id: world.ids.resource("cgw"),
    };
    let item = item(&gateway);
    world.ec2.customer_gateways.push(gateway);
    Ok(json!({"customerGateway": item}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.customer_gateways, &home).map(item).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let id = find(&world.ec2.customer_gateways, &home_of(call), &call.need("CustomerGatewayId")?)?.id.clone();
    if world.ec2.vpn_connections.iter().any(|each| each.customer_gateway_id == id && each.is_live(world)) {
        return Err(Fail::new("IncorrectState", format!("The customer gateway '{id}' is in use")));
    }
    world.ec2.customer_gateways.retain(|gateway| gateway.id != id);
    Ok(done())
}

fn item(gateway: &CustomerGateway) -> Value {
    json!({
        "customerGatewayId": gateway.id,
        "state": "available",
        "type": "ipsec.1",
        "ipAddress": gateway.address.to_string(),
        "bgpAsn": gateway.asn,
        "tagSet": tag_set(&gateway.tags),
    })
}
