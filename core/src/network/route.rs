//! Which route a packet takes.

use std::net::Ipv4Addr;

use crate::facts::{Route, RouteTable};

/// The table that a subnet uses: its own, else the main one.
pub(crate) fn effective<'a>(tables: &'a [RouteTable], subnet: &str) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnets.iter().any(|id| id == subnet));
    own.or_else(|| tables.iter().find(|table| table.main))
}

/// The route with the longest prefix that contains the address: EC2 takes this one, also when it is a black hole. The
/// VPC's own route wins over every other that contains the address.
pub(crate) fn longest_prefix(routes: &[Route], address: Ipv4Addr) -> Option<&Route> {
    let fitting = routes.iter().filter(|route| route.destination.contains(&address));
    fitting.max_by_key(|route| (route.over == "local", route.destination.prefix_len(), !route.blackhole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(destination: &str, over: &str) -> Route {
        Route { destination: destination.parse().unwrap_or_default(), over: over.to_owned(), blackhole: false }
    }

    #[test]
    fn the_longest_prefix_wins_and_the_own_range_before_all() {
        let routes = [
            route("0.0.0.0/0", "igw-1"),
            route("10.0.0.0/8", "vgw-1"),
            route("10.0.8.0/24", "tgw-1"),
            route("10.60.0.0/24", "local"),
            route("10.60.0.0/26", "pcx-1"),
        ];
        let over = |address: [u8; 4]| longest_prefix(&routes, address.into()).map(|route| route.over.as_str());
        assert_eq!(over([10, 0, 8, 10]), Some("tgw-1"));
        assert_eq!(over([10, 9, 0, 1]), Some("vgw-1"));
        assert_eq!(over([10, 60, 0, 7]), Some("local"));
        assert_eq!(over([8, 8, 8, 8]), Some("igw-1"));
        assert!(longest_prefix(&routes[1..], [8, 8, 8, 8].into()).is_none());
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
