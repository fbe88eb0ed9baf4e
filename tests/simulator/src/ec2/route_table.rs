//! Route tables: associations with subnets, routes, and routes that a virtual private gateway propagates.

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, mine, object};
use super::tags::{at_creation, tag_set};
use super::{Vpc, dependency_violation, done, home_of, token};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A route table.
#[derive(Clone, Debug, Serialize)]
pub struct RouteTable {
    /// Owner and Region.
    pub home: Home,
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Id of the association as the VPC's main table, if it is that.
    pub main_association: Option<String>,
    /// Subnets that use it explicitly.
    pub associations: Vec<Association>,
    /// Routes besides the local one and the propagated ones.
    pub routes: Vec<Route>,
    /// Virtual private gateways that propagate their routes.
    pub propagating: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// An explicit association of a route table.
#[derive(Clone, Debug, Serialize)]
pub struct Association {
    /// `rtbassoc-…`.
    pub id: String,
    /// The subnet.
    pub subnet_id: String,
}

/// A route made by CreateRoute.
#[derive(Clone, Debug, Serialize)]
pub struct Route {
    /// Destination.
    pub destination: Ipv4Net,
    /// Where it leads.
    pub target: RouteTarget,
}

/// Where a route leads, with the id of the target.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub enum RouteTarget {
    /// An internet gateway; it makes a subnet public.
    InternetGateway(String),
    /// A virtual private gateway.
    VpnGateway(String),
    /// A transit gateway.
    TransitGateway(String),
    /// A peering connection.
    Peering(String),
    /// A network interface.
    NetworkInterface(String),
}

object!(RouteTable, "route-table", "InvalidRouteTableID.NotFound", "routeTable ID");

const LISTING: Listing = Listing {
    set: "routeTableSet",
    ids: Some(Ids { parameter: "RouteTableId", member: "routeTableId", missing: RouteTable::missing }),
    filters: &[
        ("association.gateway-id", "associationSet.gatewayId"),
        ("association.main", "associationSet.main"),
        ("association.route-table-association-id", "associationSet.routeTableAssociationId"),
        ("association.route-table-id", "associationSet.routeTableId"),
        ("association.subnet-id", "associationSet.subnetId"),
        ("owner-id", "ownerId"),
        ("route-table-id", "routeTableId"),
        ("route.destination-cidr-block", "routeSet.destinationCidrBlock"),
        ("route.gateway-id", "routeSet.gatewayId"),
        ("route.nat-gateway-id", "routeSet.natGatewayId"),
        ("route.origin", "routeSet.origin"),
        ("route.state", "routeSet.state"),
        ("route.transit-gateway-id", "routeSet.transitGatewayId"),
        ("route.vpc-peering-connection-id", "routeSet.vpcPeeringConnectionId"),
        ("vpc-id", "vpcId"),
    ],
};

impl RouteTable {
    /// Whether subnets without an association of their own use it.
    pub(crate) fn is_main(&self) -> bool {
        self.main_association.is_some()
    }
}

/// Adds the main route table of a new VPC.
pub(super) fn add_main(world: &mut World, vpc: &Vpc) {
    let mut table = empty(world, vpc, Tags::new());
    table.main_association = Some(world.ids.resource("rtbassoc"));
    world.ec2.route_tables.push(table);
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let vpc = find(&world.ec2.vpcs, &home, &call.need("VpcId")?)?.clone();
    let tags = at_creation::<RouteTable>(call)?;
    let id = match token::earlier(call, world)? {
        Some(id) => id,
        None => {
            let table = empty(world, &vpc, tags);
            let id = table.id.clone();
            world.ec2.route_tables.push(table);
            token::remember(call, world, &id);
            id
        }
    };
    let table = find(&world.ec2.route_tables, &home, &id)?;
    Ok(json!({"routeTable": item(table, world), "clientToken": call.text("ClientToken")}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.route_tables, &home).map(|table| item(table, world)).collect())
}

pub(super) fn associate(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let table = find(&world.ec2.route_tables, &home, &call.need("RouteTableId")?)?;
    let subnet = find(&world.ec2.subnets, &home, &call.need("SubnetId")?)?;
    if table.vpc_id != subnet.vpc_id {
        return Err(other_network(&table.id, &format!("subnet {}", subnet.id)));
    }
    let (table_id, subnet_id) = (table.id.clone(), subnet.id.clone());
    let id = match association_of(world, &subnet_id) {
        Some((known, association)) if known.id == table_id => association.id.clone(),
        Some(_) => {
            let message =
                format!("the specified association for route table {table_id} conflicts with an existing association");
            return Err(Fail::new("Resource.AlreadyAssociated", message));
        }
        None => {
            let id = world.ids.resource("rtbassoc");
            let table = find_mut(&mut world.ec2.route_tables, &home, &table_id)?;
            table.associations.push(Association { id: id.clone(), subnet_id });
            id
        }
    };
    Ok(json!({"associationId": id, "associationState": {"state": "associated"}}))
}

pub(super) fn disassociate(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let id = call.need("AssociationId")?;
    for table in world.ec2.route_tables.iter_mut().filter(|table| table.home == home) {
        if table.main_association.as_deref() == Some(&id) {
            let message = format!("cannot disassociate the main route table association {id}");
            return Err(Fail::new("InvalidParameterValue", message));
        }
        if let Some(at) = table.associations.iter().position(|association| association.id == id) {
            table.associations.remove(at);
            return Ok(done());
        }
    }
    Err(Fail::new("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist")))
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let table = find(&world.ec2.route_tables, &home_of(call), &call.need("RouteTableId")?)?;
    let id = table.id.clone();
    let holders: Vec<String> =
        table.main_association.iter().chain(table.associations.iter().map(|each| &each.id)).cloned().collect();
    if !holders.is_empty() {
        let message = format!("The routeTable '{id}' has dependencies and cannot be deleted.");
        return Err(dependency_violation(message, &holders));
    }
    world.ec2.route_tables.retain(|table| table.id != id);
    token::forget(world, &id);
    Ok(done())
}

/// The refusal of two objects that do not belong to one VPC.
pub(super) fn other_network(table: &str, other: &str) -> Fail {
    Fail::new("InvalidParameterValue", format!("route table {table} and {other} belong to different networks"))
}

fn association_of<'a>(world: &'a World, subnet_id: &str) -> Option<(&'a RouteTable, &'a Association)> {
    world.ec2.route_tables.iter().find_map(|table| {
        table.associations.iter().find(|each| each.subnet_id == subnet_id).map(|association| (table, association))
    })
}

fn empty(world: &mut World, vpc: &Vpc, tags: Tags) -> RouteTable {
    RouteTable {
        home: vpc.home.clone(),
        id: world.ids.resource("rtb"),
        vpc_id: vpc.id.clone(),
        main_association: None,
        associations: Vec::new(),
        routes: Vec::new(),
        propagating: Vec::new(),
        tags,
    }
}

fn item(table: &RouteTable, world: &World) -> Value {
    let main = table.main_association.iter().map(|id| association(table, id, None));
    let explicit = table.associations.iter().map(|each| association(table, &each.id, Some(&each.subnet_id)));
    json!({
        "routeTableId": table.id,
        "vpcId": table.vpc_id,
        "ownerId": table.home.account,
        "associationSet": main.chain(explicit).collect::<Vec<_>>(),
        "propagatingVgwSet": table.propagating.iter().map(|id| json!({"gatewayId": id})).collect::<Vec<_>>(),
        "routeSet": super::route::items(table, world),
        "tagSet": tag_set(&table.tags),
    })
}

fn association(table: &RouteTable, id: &str, subnet: Option<&str>) -> Value {
    json!({
        "routeTableAssociationId": id,
        "routeTableId": table.id,
        "subnetId": subnet,
        "main": subnet.is_none(),
        "associationState": {"state": "associated"},
    })
}
