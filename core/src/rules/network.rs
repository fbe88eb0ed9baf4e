//! VPC, subnets, routes and network ACLs (NET-01 … NET-12).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::seen::{Open, Seen, each, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Fact, Facts, Gap, Interface, NetworkAcl, Route, RouteTable, Subnet};
use crate::network::acl;
use crate::network::route::{effective, longest_prefix};

/// Addresses that a load balancer wants free in each of its subnets.
const FREE_ADDRESSES: u32 = 8;

/// Ports from which connections are made, where answers go.
const EPHEMERAL: (u16, u16) = (1024, 65535);

/// Ranges that a VPC cannot have.
const NOT_FOR_A_VPC: [Ipv4Net; 4] = [
    Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4),
];

/// A range that a VPC can have, though services of AWS use it inside of theirs.
const USED_BY_SERVICES: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(172, 17, 0, 0), 16);

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "NET-01",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "The load balancer must have two or more subnets, in different Availability Zones",
        outcomes: &[Outcome::SERVICE_INVALID],
        follows: &["NLB-04"],
        remedy: "Make a private subnet in another Availability Zone, and add it to the load balancer",
        check: Some(|facts| {
            let subnets = facts.used_subnets()?;
            let zones: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.zone_id.as_str()).collect();
            let seen = saw("Availability Zones", zones.len(), zones.len() >= 2);
            Ok(seen.join(each(subnets.iter().map(|subnet| (&subnet.id, &subnet.zone_id, true)))))
        }),
        ..RULE
    },
    Rule {
        id: "NET-02",
        owner: Owner::Network,
        text: "The subnets should be private: no route to an internet gateway",
        symptom: "The way to the proxy lies in a network that the internet can reach; KMS does not look at this",
        remedy: "Give the subnets a route table of their own without a route to `igw-...`",
        check: Some(|facts| {
            let seen = |subnet: &Subnet, table: &RouteTable| match table.routes.iter().find(|route| is_public(route)) {
                Some(route) => {
                    (subnet.id.clone(), format!("{}: {} over {}", table.id, route.destination, route.over), false)
                }
                None => (subnet.id.clone(), format!("{}: no internet gateway", table.id), true),
            };
            Ok(each(tables(facts)?.into_iter().map(|(subnet, table)| seen(subnet, table))))
        }),
        ..RULE
    },
    Rule {
        id: "NET-03",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "The subnets must have IPv4: KMS reaches no proxy over IPv6",
        outcomes: &[Outcome::SERVICE_INVALID, Outcome::UNREACHABLE],
        remedy: "Use subnets with an IPv4 range",
        check: Some(|facts| {
            Ok(each(facts.used_subnets()?.into_iter().map(|subnet| {
                let range = subnet.range.map_or_else(|| "IPv6 only".to_owned(), |range| range.to_string());
                (&subnet.id, range, subnet.range.is_some() && !subnet.ipv6_only)
            })))
        }),
        ..RULE
    },
    Rule {
        id: "NET-04",
        owner: Owner::Network,
        text: "No range of the VPC should overlap the data centre: the VPC's own route always wins",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "Packets for the proxy stay in the VPC; targets are `unhealthy`",
        remedy: "Use a VPC with another range; the first range of a VPC cannot be changed",
        needs_disconnect: true,
        check: Some(|facts| {
            let vpc = facts.vpc()?;
            let remote: Vec<(String, Ipv4Net, bool)> = match &facts.wanted {
                Some(wanted) => {
                    let overlaps = |range| vpc.ranges.iter().any(|own| overlap(*own, range));
                    wanted
                        .data_center
                        .iter()
                        .map(|range| ("data centre".to_owned(), *range, !overlaps(*range)))
                        .collect()
                }
                // A route wider than the VPC may well be one for many networks.
                None => {
                    let within = |range: &Ipv4Net| vpc.ranges.iter().any(|own| own.contains(range));
                    remote_routes(facts)?.into_iter().map(|(what, range)| (what, range, !within(&range))).collect()
                }
            };
            if remote.is_empty() {
                return Err(Open::NotApplicable("nothing lies outside of the VPC"));
            }
            let seen = each(remote);
            Ok(vpc.ranges.iter().fold(seen, |seen, range| seen.note(&vpc.id, range)))
        }),
        ..RULE
    },
    Rule {
        id: "NET-05",
        owner: Owner::Network,
        text: "`enableDnsSupport` and `enableDnsHostnames` of the VPC should both be true",
        remedy: "Turn on `enableDnsSupport`, then `enableDnsHostnames`; EC2 takes one of them in a call",
        check: Some(|facts| {
            let vpc = facts.vpc()?;
            let support = *vpc.dns_support.or("the VPC is gone")?;
            let names = *vpc.dns_host_names.or("the VPC is gone")?;
            Ok(saw("enableDnsSupport", support, support).and("enableDnsHostnames", names, names).note("VPC", &vpc.id))
        }),
        ..RULE
    },
    Rule {
        id: "NET-06",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "The ranges of the VPC must be /16 to /28, and not in 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16 or \
               224.0.0.0/4; 172.17.0.0/16 is better avoided",
        outcomes: &[Outcome::refused("InvalidVpc.Range")],
        remedy: "Choose another range for the VPC",
        source: source::VPC_RANGES,
        check: Some(|facts| {
            let vpc = facts.vpc()?;
            let seen = each(vpc.ranges.iter().map(|range| (&vpc.id, range, fits_vpc(*range))));
            let shared = vpc.ranges.iter().filter(|range| overlap(**range, USED_BY_SERVICES));
            Ok(shared.fold(seen, |seen, range| seen.note("range that some AWS services use, too", range)))
        }),
        ..RULE
    },
    Rule {
        id: "NET-07",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "The ranges of the subnets must lie in the VPC's, be /16 to /28, and not overlap",
        outcomes: &[Outcome::refused("InvalidSubnet.Range"), Outcome::refused("InvalidSubnet.Conflict")],
        remedy: "Choose other ranges for the subnets",
        source: source::SUBNETS,
        check: Some(|facts| {
            let (vpc, subnets) = (facts.vpc()?, facts.used_subnets()?);
            let ranges: Vec<(&str, Ipv4Net)> =
                subnets.iter().filter_map(|subnet| Some((subnet.id.as_str(), subnet.range?))).collect();
            let seen = each(ranges.iter().map(|(id, range)| {
                let inside = vpc.ranges.iter().any(|own| own.contains(range));
                let alone = !ranges.iter().any(|(other, theirs)| other != id && overlap(*range, *theirs));
                (*id, range, inside && alone && (16..=28).contains(&range.prefix_len()))
            }));
            Ok(vpc.ranges.iter().fold(seen, |seen, range| seen.note(&vpc.id, range)))
        }),
        ..RULE
    },
    Rule {
        id: "NET-08",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "Each subnet must have 8 free addresses when the load balancer is created in it",
        outcomes: &[Outcome::refused("InvalidSubnet")],
        remedy: "Use larger subnets, or free addresses in these; an empty /28 has 11",
        source: source::NLB_ZONES,
        check: Some(|facts| {
            if facts.load_balancers.known().is_some() {
                return Err(Open::NotApplicable("the load balancer has its addresses already"));
            }
            let free =
                |subnet: &Subnet| (subnet.id.clone(), format!("{} free", subnet.free), subnet.free >= FREE_ADDRESSES);
            Ok(each(facts.used_subnets()?.into_iter().map(free)))
        }),
        ..RULE
    },
    Rule {
        id: "NET-09",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "The zones must be Availability Zones that are available: no Local or Wavelength Zones, none constrained",
        outcomes: &[Outcome::refused("AvailabilityZoneNotSupported"), Outcome::refused("InvalidSubnet")],
        remedy: "Use subnets in other Availability Zones",
        source: source::NLB_ZONES,
        check: Some(|facts| {
            let zones = facts.zones.or("there are no zones")?;
            // A zone may be constrained after a load balancer came to stand in it.
            let stands = facts.load_balancers.known().is_some();
            Ok(each(facts.used_subnets()?.into_iter().map(|subnet| {
                let zone = zones.iter().find(|zone| zone.id == subnet.zone_id);
                let said = zone.map_or_else(
                    || format!("{}: not an available zone of the Region", subnet.zone_id),
                    |zone| format!("{}: {}, {}", zone.id, zone.sort, zone.state),
                );
                let real =
                    zone.is_some_and(|zone| zone.sort == "availability-zone" && (stands || zone.state == "available"));
                (&subnet.id, said, real)
            })))
        }),
        ..RULE
    },
    Rule {
        id: "NET-10",
        owner: Owner::Network,
        text: "The subnets should have a live route to every proxy address outside of the VPC",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "Targets are `unhealthy` with `Target.Timeout` or `Target.FailedHealthChecks`",
        follows: &["TGT-06", "NET-04"],
        remedy: "Add a route to the data centre to the route table of the subnets, or turn on route propagation of the \
                 virtual private gateway; replace a route that is a black hole",
        check: Some(|facts| {
            let (tables, outside) = (tables(facts)?, facts.proxies_outside()?);
            let seen = |(subnet, table): &(&Subnet, &RouteTable)| {
                each(outside.iter().map(|address| {
                    let what = format!("{} to {address}", subnet.id);
                    match longest_prefix(&table.routes, *address) {
                        Some(route) if route.over == "local" => {
                            (what, format!("{}: stays in the VPC", table.id), false)
                        }
                        // The address is private.
                        Some(route) if is_public(route) => {
                            (what, format!("{}: only to the internet, over {}", table.id, route.over), false)
                        }
                        Some(route) => {
                            let dead = if route.blackhole { ", a black hole" } else { "" };
                            (
                                what,
                                format!("{}: {} over {}{dead}", table.id, route.destination, route.over),
                                !route.blackhole,
                            )
                        }
                        None => (what, format!("{}: no route", table.id), false),
                    }
                }))
            };
            Ok(tables.iter().map(seen).fold(Seen::default(), Seen::join))
        }),
        ..RULE
    },
    Rule {
        id: "NET-11",
        owner: Owner::Network,
        text: "The network ACLs of the load balancer's subnets, and of a target's subnet in the VPC, should let it \
               reach the targets on their ports, and let answers back on 1024 to 65535",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "Targets are `unhealthy` with `Target.Timeout`",
        remedy: "Allow, in the network ACL of each subnet of the load balancer, TCP out to the ports of the targets and TCP \
                 in on 1024 to 65535; in that of a target's subnet, the reverse",
        source: source::NLB_REGISTER,
        check: Some(|facts| {
            let (acls, proxies) = (facts.network_acls.or("there are no network ACLs")?, facts.proxies()?);
            let mut seen = Seen::default();
            for subnet in facts.used_subnets()? {
                let Some(acl) = acls.iter().find(|acl| acl.subnets.contains(&subnet.id)) else {
                    seen = seen.but(Gap::NotSaid { what: format!("no network ACL is shown for {}", subnet.id) });
                    continue;
                };
                for (address, ports) in &proxies {
                    // Within a subnet, no network ACL is asked.
                    if subnet.range.is_some_and(|range| range.contains(address)) {
                        continue;
                    }
                    for port in ports {
                        let out = acl::admits(&acl.entries, true, *address, (*port, *port));
                        seen = seen.and(format!("{} out to {address}:{port}", acl.id), word(out), out);
                    }
                    let back = acl::admits(&acl.entries, false, *address, EPHEMERAL);
                    seen = seen.and(format!("{} back from {address}", acl.id), word(back), back);
                }
            }
            for (address, ports) in &proxies {
                seen = seen.join(before_the_target(facts, acls, *address, ports)?);
            }
            Ok(seen)
        }),
        ..RULE
    },
    Rule {
        id: "NET-12",
        text: "Each key store should have an endpoint service and a private DNS name of its own; a VPC may be shared",
        outcomes: &[
            Outcome::refused("XksProxyVpcEndpointServiceInUseException"),
            Outcome::refused("XksProxyUriEndpointInUseException"),
        ],
        follows: &["EPS-10", "DNS-02"],
        remedy: "Make a load balancer, an endpoint service and a private DNS name for each key store",
        needs_disconnect: true,
        check: Some(|facts| {
            let (service, endpoint) = (facts.service_name().ok(), facts.uri_endpoint()?);
            let shares = |other: &crate::facts::KeyStore| {
                service.is_some_and(|service| other.service_name.as_deref() == Some(service))
                    || other.uri_endpoint.eq_ignore_ascii_case(&endpoint)
            };
            let sharing: Vec<&str> =
                facts.others()?.iter().filter(|other| shares(other)).map(|other| other.name.as_str()).collect();
            let seen = saw("key stores that share them", sharing.len(), sharing.is_empty());
            Ok(each(sharing.into_iter().map(|name| ("key store", name, false))).join(seen))
        }),
        ..RULE
    },
];

/// The route table of each subnet: its own, else the main one of the VPC.
fn tables(facts: &Facts) -> Result<Vec<(&Subnet, &RouteTable)>, Open> {
    let tables = facts.route_tables.or("there are no route tables")?;
    let found = facts.used_subnets()?.into_iter().map(|subnet| {
        effective(tables, &subnet.id)
            .map(|table| (subnet, table))
            .ok_or_else(|| Open::Unknown(Gap::NotSaid { what: format!("no route table is shown for {}", subnet.id) }))
    });
    found.collect()
}

/// What the network ACL of a target's own subnet, if that is in the VPC, lets through from the load balancer's nodes in
/// other subnets, and back.
fn before_the_target(facts: &Facts, acls: &[NetworkAcl], target: Ipv4Addr, ports: &[u16]) -> Result<Seen, Open> {
    let subnets = facts.subnets.or("there are no subnets yet")?;
    let contains = |subnet: &&Subnet| subnet.range.is_some_and(|range| range.contains(&target));
    let Some(home) = subnets.iter().find(contains) else { return Ok(Seen::default()) };
    let Some(acl) = acls.iter().find(|acl| acl.subnets.contains(&home.id)) else {
        return Ok(Seen::default().but(Gap::NotSaid { what: format!("no network ACL is shown for {}", home.id) }));
    };
    let mut seen = Seen::default();
    for subnet in facts.used_subnets()?.into_iter().filter(|subnet| subnet.id != home.id) {
        let nodes: Vec<Ipv4Addr> = match &facts.interfaces {
            Fact::Known(all) => nodes_in(all, &subnet.id).collect(),
            Fact::Absent => Vec::new(),
            Fact::Unknown(gap) => return Ok(seen.but(gap.clone())),
        };
        if nodes.is_empty() {
            let what = format!("no network interface of the load balancer is shown in {}", subnet.id);
            seen = seen.but(Gap::NotSaid { what });
        }
        for node in nodes {
            for port in ports {
                let into = acl::admits(&acl.entries, false, node, (*port, *port));
                seen = seen.and(format!("{} in from {node} to {target}:{port}", acl.id), word(into), into);
            }
            let back = acl::admits(&acl.entries, true, node, EPHEMERAL);
            seen = seen.and(format!("{} back to {node}", acl.id), word(back), back);
        }
    }
    Ok(seen)
}

fn nodes_in<'a>(interfaces: &'a [Interface], subnet: &'a str) -> impl Iterator<Item = Ipv4Addr> + 'a {
    let nodes = interfaces.iter().filter(move |each| each.sort == "network_load_balancer" && each.subnet == subnet);
    nodes.flat_map(|node| node.addresses.iter().copied())
}

/// Without a spec, the data centre is where routes out of the VPC lead; a default route leads anywhere.
fn remote_routes(facts: &Facts) -> Result<Vec<(String, Ipv4Net)>, Open> {
    let routes = tables(facts)?.into_iter().flat_map(|(_, table)| &table.routes);
    let remote = routes.filter(|route| route.over != "local" && route.destination.prefix_len() > 0);
    Ok(remote.map(|route| (format!("route over {}", route.over), route.destination)).collect())
}

/// Whether it leads to the internet.
fn is_public(route: &Route) -> bool {
    route.over.starts_with("igw-")
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

fn fits_vpc(range: Ipv4Net) -> bool {
    let forbidden = NOT_FOR_A_VPC.iter().any(|forbidden| overlap(*forbidden, range));
    !forbidden && (16..=28).contains(&range.prefix_len())
}

fn word(admits: bool) -> &'static str {
    if admits { "allowed" } else { "denied" }
}
