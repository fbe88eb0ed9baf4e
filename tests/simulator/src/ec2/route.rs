//! Routes in route tables: what they may lead to, when they are a `blackhole`, and propagation from a gateway.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::network_interface;
use super::object::{Object, find, find_mut};
use super::route_table::{Route, RouteTable, RouteTarget, other_network};
use super::{TransitGateway, VpnGateway, cidr, done, home_of, peering};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, World};

/// Routes per table.
const LIMIT: usize = 500;

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let table = find(&world.ec2.route_tables, &home, &call.need("RouteTableId")?)?;
    let destination = cidr::parse(&call.need("DestinationCidrBlock")?, "destinationCidrBlock")?;
    let target = target(call, world, table)?;
    let inside = local(table, world).is_some_and(|local| local.contains(&destination));
    if inside && !matches!(target, RouteTarget::NetworkInterface(_)) {
        let message = format!(
            "The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        );
        return Err(Fail::new("InvalidParameterValue", message));
    }
    if table.routes.iter().any(|route| route.destination == destination) {
        return Err(Fail::new("RouteAlreadyExists", format!("The route identified by {destination} already exists.")));
    }
    if table.routes.len() >= LIMIT {
        return Err(Fail::new("RouteLimitExceeded", "The maximum number of routes has been reached."));
    }
    let id = table.id.clone();
    find_mut(&mut world.ec2.route_tables, &home, &id)?.routes.push(Route { destination, target });
    Ok(done())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let table = find(&world.ec2.route_tables, &home, &call.need("RouteTableId")?)?;
    let destination = cidr::parse(&call.need("DestinationCidrBlock")?, "destinationCidrBlock")?;
    let id = table.id.clone();
    if local(table, world) == Some(destination) {
        let message = format!("cannot remove local route {destination} in route table {id}");
        return Err(Fail::new("InvalidParameterValue", message));
    }
    let table = find_mut(&mut world.ec2.route_tables, &home, &id)?;
    let before = table.routes.len();
    table.routes.retain(|route| route.destination != destination);
    if table.routes.len() == before {
        let message = format!("no route with destination-cidr-block {destination} in route table {id}");
        return Err(Fail::new("InvalidRoute.NotFound", message));
    }
    Ok(done())
}

pub(super) fn enable_propagation(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let table = find(&world.ec2.route_tables, &home, &call.need("RouteTableId")?)?;
    let gateway = find(&world.ec2.vpn_gateways, &home, &call.need("GatewayId")?)?;
    if !gateway.attached_to(world, &table.vpc_id) {
        let message = format!("resource {} is not attached to {}", gateway.id, table.vpc_id);
        return Err(Fail::new("Gateway.NotAttached", message));
    }
    let (table, gateway) = (table.id.clone(), gateway.id.clone());
    let propagating = &mut find_mut(&mut world.ec2.route_tables, &home, &table)?.propagating;
    if !propagating.contains(&gateway) {
        propagating.push(gateway);
    }
    Ok(done())
}

pub(super) fn disable_propagation(call: &Call, world: &mut World) -> Answer {
    let gateway = call.need("GatewayId")?;
    let table = find_mut(&mut world.ec2.route_tables, &home_of(call), &call.need("RouteTableId")?)?;
    table.propagating.retain(|id| *id != gateway);
    Ok(done())
}

/// The routes of a table as answers show them: the local one, those made by hand, those that gateways propagate.
pub(crate) fn items(table: &RouteTable, world: &World) -> Vec<Value> {
    let local = local(table, world).map(|range| {
        json!({"destinationCidrBlock": range.to_string(), "gatewayId": "local", "origin": "CreateRouteTable", "state": "active"})
    });
    let made = table.routes.iter().map(|route| item(route, state(route, table, world)));
    local.into_iter().chain(made).chain(propagated(table, world)).collect()
}

fn item(route: &Route, state: &str) -> Value {
    let (member, id) = match &route.target {
        RouteTarget::InternetGateway(id) | RouteTarget::VpnGateway(id) => ("gatewayId", id),
        RouteTarget::TransitGateway(id) => ("transitGatewayId", id),
        RouteTarget::Peering(id) => ("vpcPeeringConnectionId", id),
        RouteTarget::NetworkInterface(id) => ("networkInterfaceId", id),
    };
    json!({"destinationCidrBlock": route.destination.to_string(), member: id, "origin": "CreateRoute", "state": state})
}

/// A route by hand wins over a propagated one with the same destination.
fn propagated(table: &RouteTable, world: &World) -> Vec<Value> {
    let attached = |gateway: &&VpnGateway| {
        gateway.home == table.home
            && table.propagating.contains(&gateway.id)
            && gateway.attached_to(world, &table.vpc_id)
    };
    let mut routes = Vec::new();
    for gateway in world.ec2.vpn_gateways.iter().filter(attached) {
        for range in &gateway.announced {
            if !table.routes.iter().any(|route| route.destination == *range) {
                routes.push(json!({
                    "destinationCidrBlock": range.to_string(),
                    "gatewayId": gateway.id,
                    "origin": "EnableVgwRoutePropagation",
                    "state": "active",
                }));
            }
        }
    }
    routes
}

/// The range of the table's VPC: its local route.
fn local(table: &RouteTable, world: &World) -> Option<Ipv4Net> {
    world.ec2.vpcs.iter().find(|vpc| vpc.id == table.vpc_id).map(|vpc| vpc.cidr)
}

/// `blackhole` as soon as the target no longer serves the VPC.
fn state(route: &Route, table: &RouteTable, world: &World) -> &'static str {
    let (ec2, vpc) = (&world.ec2, table.vpc_id.as_str());
    let active = match &route.target {
        RouteTarget::InternetGateway(id) => {
            ec2.internet_gateways.iter().any(|each| each.id == *id && each.vpc_id.as_deref() == Some(vpc))
        }
        RouteTarget::VpnGateway(id) => {
            ec2.vpn_gateways.iter().any(|each| each.id == *id && each.attached_to(world, vpc))
        }
        RouteTarget::TransitGateway(id) => transit_serves(world, id, vpc),
        RouteTarget::Peering(id) => ec2.peerings.iter().any(|each| each.id == *id && each.is_active(world)),
        RouteTarget::NetworkInterface(id) => ec2.network_interfaces.iter().any(|each| each.id == *id),
    };
    if active { "active" } else { "blackhole" }
}

fn transit_serves(world: &World, gateway: &str, vpc: &str) -> bool {
    let attachments = &world.ec2.transit_gateway_attachments;
    attachments.iter().any(|each| each.transit_gateway_id == gateway && each.vpc_id == vpc && each.carries(world))
}

const TARGETS: [&str; 5] =
    ["GatewayId", "TransitGatewayId", "VpcPeeringConnectionId", "NetworkInterfaceId", "NatGatewayId"];

/// The one target that a call names, which must exist and serve the VPC of the table.
fn target(call: &Call, world: &World, table: &RouteTable) -> Result<RouteTarget, Fail> {
    let given: Vec<(&str, String)> = TARGETS.iter().filter_map(|name| call.text(name).map(|id| (*name, id))).collect();
    let [(parameter, id)] = given.as_slice() else {
        let code = if given.is_empty() { "MissingParameter" } else { "InvalidParameterCombination" };
        let message = "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, transitGatewayId";
        return Err(Fail::new(code, message));
    };
    match *parameter {
        "GatewayId" => gateway(id, world, table),
        "TransitGatewayId" if transit_serves(world, id, &table.vpc_id) => Ok(RouteTarget::TransitGateway(id.clone())),
        // AWS says the same whether the gateway is unknown or merely not attached to this VPC.
        "TransitGatewayId" => Err(TransitGateway::missing(id)),
        "VpcPeeringConnectionId" => peer(id, world, table),
        "NetworkInterfaceId" => interface(id, world, table),
        _ => {
            let message = format!("The natGateway ID '{id}' does not exist");
            Err(Fail::new("InvalidNatGatewayID.NotFound", message))
        }
    }
}

fn gateway(id: &str, world: &World, table: &RouteTable) -> Result<RouteTarget, Fail> {
    let home: &Home = &table.home;
    let target = if let Ok(gateway) = find(&world.ec2.internet_gateways, home, id) {
        (gateway.vpc_id.as_deref() == Some(&table.vpc_id)).then(|| RouteTarget::InternetGateway(id.to_owned()))
    } else if let Ok(gateway) = find(&world.ec2.vpn_gateways, home, id) {
        gateway.attached_to(world, &table.vpc_id).then(|| RouteTarget::VpnGateway(id.to_owned()))
    } else {
        return Err(Fail::new("InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist")));
    };
    target.ok_or_else(|| other_network(&table.id, &format!("network gateway {id}")))
}

/// A peering that waits for acceptance is a target already; the route is a `blackhole` until then.
fn peer(id: &str, world: &World, table: &RouteTable) -> Result<RouteTarget, Fail> {
    let peering = peering::visible(world, &table.home, id)?;
    if !peering.holds(world, &table.vpc_id) {
        return Err(other_network(&table.id, &format!("vpc peering connection {id}")));
    }
    Ok(RouteTarget::Peering(id.to_owned()))
}

fn interface(id: &str, world: &World, table: &RouteTable) -> Result<RouteTarget, Fail> {
    let interface = world.ec2.network_interfaces.iter().find(|each| each.id == id && each.home == table.home);
    match interface {
        None => Err(network_interface::missing(id)),
        Some(interface) if interface.vpc_id != table.vpc_id => {
            Err(other_network(&table.id, &format!("network interface {id}")))
        }
        Some(_) => Ok(RouteTarget::NetworkInterface(id.to_owned())),
    }
}
