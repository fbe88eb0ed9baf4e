//! Route tables, and which of their routes a packet takes.

use std::net::Ipv4Addr;

use aws_sdk_ec2::types;
use ipnet::Ipv4Net;
use serde::Serialize;

/// A route table.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct RouteTable {
    pub(crate) id: String,
    /// Whether it is the main table of the VPC: that of subnets without a table of their own.
    pub(crate) main: bool,
    /// Subnets that have it explicitly.
    pub(crate) subnets: Vec<String>,
    pub(crate) routes: Vec<Route>,
}

/// An IPv4 route.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Route {
    pub(crate) destination: Ipv4Net,
    /// What it leads over: `local`, `igw-…`, `vgw-…`, `tgw-…`, `pcx-…`, `eni-…` …
    pub(crate) over: String,
    /// Whether what it leads over is gone.
    pub(crate) blackhole: bool,
}

impl RouteTable {
    pub(crate) fn read(table: &types::RouteTable) -> Option<Self> {
        let associations = table.associations();
        Some(Self {
            id: table.route_table_id()?.to_owned(),
            main: associations.iter().any(|each| each.main() == Some(true)),
            subnets: associations.iter().filter_map(|each| each.subnet_id()).map(str::to_owned).collect(),
            routes: table.routes().iter().filter_map(Route::read).collect(),
        })
    }
}

impl Route {
    /// An IPv4 route; those to prefix lists have no range that could be compared.
    fn read(route: &types::Route) -> Option<Self> {
        let over = route
            .transit_gateway_id()
            .or(route.vpc_peering_connection_id())
            .or(route.nat_gateway_id())
            .or(route.network_interface_id())
            .or(route.local_gateway_id())
            .or(route.carrier_gateway_id())
            .or(route.core_network_arn())
            .or(route.gateway_id())?;
        Some(Self {
            destination: route.destination_cidr_block()?.parse().ok()?,
            over: over.to_owned(),
            blackhole: route.state() == Some(&types::RouteState::Blackhole),
        })
    }

    /// Whether it leads to the internet. Private addresses are not reached that way.
    pub(crate) fn is_public(&self) -> bool {
        self.over.starts_with("igw-")
    }
}

/// The table that a subnet uses: its own, else the main one.
pub(crate) fn effective<'a>(tables: &'a [RouteTable], subnet: &str) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnets.iter().any(|id| id == subnet));
    own.or_else(|| tables.iter().find(|table| table.main))
}

/// The route to an address: the longest prefix that contains it, also when what it leads over is gone.
pub(crate) fn longest_prefix(routes: &[Route], address: Ipv4Addr) -> Option<&Route> {
    let fitting = routes.iter().filter(|route| route.destination.contains(&address));
    fitting.max_by_key(|route| (route.destination.prefix_len(), !route.blackhole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(destination: &str, over: &str, blackhole: bool) -> Route {
        Route { destination: destination.parse().unwrap_or_default(), over: over.to_owned(), blackhole }
    }

    #[test]
    fn the_longest_prefix_wins_even_when_it_leads_nowhere() {
        let routes = [
            route("10.20.0.0/16", "local", false),
            route("0.0.0.0/0", "igw-1", false),
            route("10.0.0.0/8", "vgw-1", false),
            route("10.9.0.0/16", "tgw-1", true),
        ];
        let over = |address: [u8; 4]| longest_prefix(&routes, address.into()).map(|route| route.over.as_str());
        assert_eq!(over([10, 20, 0, 1]), Some("local"));
        assert_eq!(over([10, 8, 0, 1]), Some("vgw-1"));
        assert_eq!(over([10, 9, 0, 1]), Some("tgw-1"));
        assert_eq!(over([192, 168, 0, 1]), Some("igw-1"));
        assert!(longest_prefix(&routes[2..], [192, 168, 0, 1].into()).is_none());
    }

    #[test]
    fn a_subnet_without_a_table_of_its_own_has_the_main_one() {
        let main = RouteTable { id: "main".to_owned(), main: true, ..RouteTable::default() };
        let own = RouteTable { id: "own".to_owned(), subnets: vec!["one".to_owned()], ..RouteTable::default() };
        let tables = [main, own];
        let of = |subnet| effective(&tables, subnet).map(|table| table.id.as_str());
        assert_eq!(of("one"), Some("own"));
        assert_eq!(of("two"), Some("main"));
    }
}
