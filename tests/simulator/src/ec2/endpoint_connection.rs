//! Interface endpoints of consumers, seen from the endpoint service. KMS makes them when a key store connects.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::endpoint_service::{own, unsuccessful};
use super::listing::Listing;
use super::object::mine;
use super::{EndpointService, home_of};
use crate::call::{Answer, Call, Fail};
use crate::date;
use crate::world::World;

/// An interface endpoint connected to an endpoint service.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointConnection {
    /// The service.
    pub service_id: String,
    /// `vpce-…`.
    pub endpoint_id: String,
    /// Account of the consumer; KMS's own for key stores.
    pub owner: String,
    /// `available`, `pendingAcceptance`, `rejected` …
    pub state: String,
    /// When it was made.
    pub created: Duration,
    /// The key store behind it, if KMS made it.
    pub key_store: Option<String>,
}

const LISTING: Listing = Listing {
    set: "vpcEndpointConnectionSet",
    ids: None,
    filters: &[
        ("ip-address-type", "ipAddressType"),
        ("service-id", "serviceId"),
        ("vpc-endpoint-id", "vpcEndpointId"),
        ("vpc-endpoint-owner", "vpcEndpointOwner"),
        ("vpc-endpoint-region", "vpcEndpointRegion"),
        ("vpc-endpoint-state", "vpcEndpointState"),
    ],
};

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let mut items = Vec::new();
    for service in mine(&world.ec2.endpoint_services, &home) {
        let connections = world.ec2.endpoint_connections.iter().filter(|each| each.service_id == service.id);
        items.extend(connections.map(|connection| item(connection, service)));
    }
    LISTING.answer(call, items)
}

pub(super) fn accept(call: &Call, world: &mut World) -> Answer {
    change(call, world, &["pendingAcceptance"], "available")
}

pub(super) fn reject(call: &Call, world: &mut World) -> Answer {
    change(call, world, &["pendingAcceptance", "pending", "available"], "rejected")
}

/// Moves connections to a state. It succeeds as a whole and lists the connections that it did not change.
fn change(call: &Call, world: &mut World, from: &[&str], to: &str) -> Answer {
    let service = own(call, world)?.id.clone();
    let ids = call.texts("VpcEndpointId");
    if ids.is_empty() {
        return Err(Fail::new("MissingParameter", "The request must contain the parameter VpcEndpointId"));
    }
    let refused = |id: &String| change_one(world, &service, id, from, to).err().map(|fail| unsuccessful(id, &fail));
    let unsuccessful: Vec<Value> = ids.iter().filter_map(refused).collect();
    Ok(json!({"unsuccessful": unsuccessful}))
}

fn change_one(world: &mut World, service: &str, id: &str, from: &[&str], to: &str) -> Result<(), Fail> {
    let mut connections = world.ec2.endpoint_connections.iter_mut().filter(|each| each.service_id == service);
    let Some(connection) = connections.find(|each| each.endpoint_id == id) else {
        let message = format!("The Vpc Endpoint Id '{id}' does not exist");
        return Err(Fail::new("InvalidVpcEndpointId.NotFound", message));
    };
    if !from.contains(&connection.state.as_str()) {
        let message = format!("The endpoint {id} is {} and cannot become {to}.", connection.state);
        return Err(Fail::new("InvalidState", message));
    }
    to.clone_into(&mut connection.state);
    Ok(())
}

fn item(connection: &EndpointConnection, service: &EndpointService) -> Value {
    let suffix = connection.endpoint_id.trim_start_matches("vpce-");
    json!({
        "vpcEndpointConnectionId": format!("vpce-con-{suffix}"),
        "serviceId": connection.service_id,
        "vpcEndpointId": connection.endpoint_id,
        "vpcEndpointOwner": connection.owner,
        "vpcEndpointRegion": service.home.region,
        "vpcEndpointState": connection.state,
        "creationTimestamp": date::iso(connection.created),
        "networkLoadBalancerArnSet": service.load_balancer_arns,
        "ipAddressType": "ipv4",
        "tagSet": [],
    })
}
