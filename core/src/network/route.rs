//! Which route a packet takes.

use std::net::Ipv4Addr;

use crate::facts::Route;

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
}
