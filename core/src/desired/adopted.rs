//! Whether an existing network can carry a store: the NET rules that a spec alone cannot check.

use std::net::Ipv4Addr;

use super::Note;
use crate::facts::Route;
use crate::network::acl;
use crate::network::route::{effective, longest_prefix};
use crate::observed::Observed;
use crate::resource::subnet;
use crate::spec::{Connectivity, Link, Network};

/// Addresses that a Network Load Balancer needs in each subnet (NET-08).
const FREE_ADDRESSES: i32 = 8;

/// What is wrong with the adopted VPC and subnets; nothing for a network of our own.
pub(super) fn problems(spec: &Connectivity, observed: &Observed) -> Vec<String> {
    let Network::Existing { vpc_id, subnet_ids } = spec.network() else { return Vec::new() };
    let Some(vpc) = &observed.vpc else {
        return vec![format!("VPC `{vpc_id}` does not exist in this account and Region")];
    };
    let mut problems = Vec::new();
    if spec.link().makes_routes() {
        let link = match spec.link() {
            Link::TransitGateway { .. } => "transit_gateway",
            Link::VpnGateway { .. } => "vpn_gateway",
            _ => "peering",
        };
        problems.push(format!(
            "link `{link}` would change the routes of an adopted VPC; link it yourself and say `routed`"
        ));
    }
    if !vpc.dns_support || !vpc.dns_hostnames {
        problems.push(format!("VPC `{vpc_id}` needs `enableDnsSupport` and `enableDnsHostnames` both true (NET-05)"));
    }
    for range in spec.data_center() {
        for cidr in vpc.cidrs.iter().filter(|cidr| cidr.contains(range) || range.contains(*cidr)) {
            problems.push(format!("range `{cidr}` of VPC `{vpc_id}` overlaps `{range}` of the data centre (NET-04)"));
        }
    }
    let seen = |id: &String| observed.subnets.values().find(|subnet| subnet.id == *id);
    for id in subnet_ids {
        match seen(id) {
            None => problems.push(format!(
                "subnet `{id}` does not exist, or shares its zone with another one of the spec (NET-01)"
            )),
            Some(subnet) if subnet.vpc_id != vpc.id => {
                problems.push(format!("subnet `{id}` is in another VPC, `{}`", subnet.vpc_id))
            }
            // A load balancer that stands already has its addresses.
            Some(subnet) if subnet.free_addresses < FREE_ADDRESSES && observed.load_balancer.is_none() => {
                let free = subnet.free_addresses;
                problems.push(format!(
                    "subnet `{id}` has {free} free addresses, a load balancer needs {FREE_ADDRESSES} (NET-08)"
                ));
            }
            Some(_) => {}
        }
    }
    let targets = spec.proxy().targets(&vpc.cidrs);
    let (outside, inside): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| target.outside_vpc);
    if *spec.link() == Link::None {
        problems.extend(outside.iter().map(|target| {
            format!("proxy address `{}` is outside VPC `{vpc_id}`, but the link is `none` (NET-10)", target.address)
        }));
    }
    for subnet in subnet_ids.iter().filter_map(seen) {
        problems.extend(unreal_zone(subnet, observed));
        for target in &outside {
            if *spec.link() == Link::Routed {
                problems.extend(no_route(subnet, target.address, observed));
            }
        }
        for target in outside.iter().chain(&inside) {
            problems.extend(shut_out(subnet, target.address, &ports(spec), observed));
        }
    }
    problems
}

/// Risks of the adopted network that stop nobody.
pub(super) fn notes(spec: &Connectivity, observed: &Observed) -> Vec<Note> {
    let Network::Existing { .. } = spec.network() else { return Vec::new() };
    let public = observed.subnets.values().filter_map(|subnet| {
        let table = effective(&observed.surroundings.route_tables, &subnet.id)?;
        let route = table.routes.iter().find(|route| is_public(route) && !route.blackhole)?;
        let (id, over) = (&subnet.id, &route.over);
        let text = format!(
            "subnet `{id}` is public: its route table `{}` leads to the internet over `{over}`; give it a table without",
            table.id
        );
        Some(Note::new("NET-02", text))
    });
    public.collect()
}

/// NET-09. Zones that can carry load balancers are those of the Region that are real and available.
fn unreal_zone(subnet: &subnet::Seen, observed: &Observed) -> Option<String> {
    let real = observed.zones.is_empty() || observed.zones.contains(&subnet.zone_id);
    let standing = observed.load_balancer.as_ref().is_some_and(|each| each.subnets.contains(&subnet.id));
    (!real && !standing).then(|| {
        let (id, zone) = (&subnet.id, &subnet.zone_id);
        format!("subnet `{id}` is in zone `{zone}`, which is not an available zone of the Region itself (NET-09)")
    })
}

/// NET-10. An address outside the VPC needs a route that lives and leads to private addresses.
fn no_route(subnet: &subnet::Seen, address: Ipv4Addr, observed: &Observed) -> Option<String> {
    let table = effective(&observed.surroundings.route_tables, &subnet.id)?;
    let (id, table_id) = (&subnet.id, &table.id);
    let why = match longest_prefix(&table.routes, address) {
        Some(Route { over, blackhole: true, .. }) => format!("the route over `{over}` is a black hole"),
        Some(route) if is_public(route) => format!("the only route is to the internet over `{}`", route.over),
        Some(_) => return None,
        None => "no route leads there".to_owned(),
    };
    Some(format!("route table `{table_id}` of subnet `{id}` does not reach proxy address `{address}`: {why} (NET-10)"))
}

/// Whether it leads to the internet. Private addresses are not reached that way.
fn is_public(route: &Route) -> bool {
    route.over.starts_with("igw-")
}

/// NET-11. The proxy must be let out to on its ports, and let back in on those that the load balancer calls from.
fn shut_out(subnet: &subnet::Seen, address: Ipv4Addr, ports: &[u16], observed: &Observed) -> Option<String> {
    // A network ACL is about what crosses the border of a subnet.
    if subnet.cidr.contains(&address) {
        return None;
    }
    let acl = observed.surroundings.network_acls.iter().find(|acl| acl.subnets.contains(&subnet.id))?;
    let closed = ports.iter().find(|port| !acl::admits(&acl.entries, true, address, (**port, **port)));
    let (id, acl_id) = (&subnet.id, &acl.id);
    let what = match closed {
        Some(port) => format!("TCP {port} out to proxy address `{address}`"),
        None if acl::admits(&acl.entries, false, address, CALLERS) => return None,
        None => format!("TCP {}-{} back from proxy address `{address}`", CALLERS.0, CALLERS.1),
    };
    Some(format!("network ACL `{acl_id}` of subnet `{id}` does not let through {what} (NET-11)"))
}

/// Ports that the nodes of a load balancer call from.
const CALLERS: (u16, u16) = (1024, 65535);

/// The ports that the load balancer calls at the proxy.
fn ports(spec: &Connectivity) -> Vec<u16> {
    let proxy = spec.proxy();
    let mut ports = vec![proxy.port];
    ports.extend(proxy.health_check.port.filter(|port| *port != proxy.port));
    ports
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{AclEntry, NetworkAcl};

    fn rule(number: i32, egress: bool, ports: (u16, u16), allow: bool) -> AclEntry {
        let range = "10.0.0.0/8".parse().unwrap_or_default();
        AclEntry { number, egress, protocol: "6".to_owned(), range, ports: Some(ports), allow }
    }

    /// What is shut out to and from a proxy on 443 whose health check is on 8080, in a subnet with these rules.
    fn told(entries: Vec<AclEntry>, address: [u8; 4]) -> Option<String> {
        let subnet = subnet::Seen {
            id: "subnet-1".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            cidr: "10.20.1.0/24".parse().unwrap_or_default(),
            zone_id: "euc1-az1".to_owned(),
            free_addresses: 250,
            tags: Default::default(),
        };
        let mut observed = Observed::default();
        let acl = NetworkAcl { id: "acl-1".to_owned(), subnets: vec![subnet.id.clone()], entries };
        observed.surroundings.network_acls.push(acl);
        shut_out(&subnet, address.into(), &[443, 8080], &observed)
    }

    #[test]
    fn a_network_acl_lets_out_to_both_ports_and_back_in() {
        let out = || vec![rule(100, true, (443, 443), true), rule(110, true, (8080, 8080), true)];
        let back = rule(100, false, (1024, 65535), true);
        let with = |more: AclEntry| out().into_iter().chain([more]).collect::<Vec<_>>();
        assert_eq!(told(with(back.clone()), [10, 0, 8, 10]), None);
        insta::assert_snapshot!(
            told(vec![rule(100, true, (443, 443), true), back.clone()], [10, 0, 8, 10]).unwrap_or_default(),
            @"network ACL `acl-1` of subnet `subnet-1` does not let through TCP 8080 out to proxy address `10.0.8.10` (NET-11)"
        );
        insta::assert_snapshot!(
            told(with(rule(100, false, (32768, 65535), true)), [10, 0, 8, 10]).unwrap_or_default(),
            @"network ACL `acl-1` of subnet `subnet-1` does not let through TCP 1024-65535 back from proxy address `10.0.8.10` (NET-11)"
        );
        let denied = out().into_iter().chain([back, rule(50, true, (443, 443), false)]).collect();
        assert!(
            told(denied, [10, 0, 8, 10]).is_some_and(|told| told.contains("TCP 443 out")),
            "the lower number decides"
        );
        assert_eq!(told(Vec::new(), [10, 20, 1, 9]), None, "inside the subnet no network ACL is asked");
    }
}
