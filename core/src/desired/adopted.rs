//! Whether an existing network can carry a store: the NET rules that a spec alone cannot check.

use crate::observed::Observed;
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
    if *spec.link() == Link::None {
        let outside = spec.proxy().targets(&vpc.cidrs).into_iter().filter(|target| target.outside_vpc);
        problems.extend(outside.map(|target| {
            format!("proxy address `{}` is outside VPC `{vpc_id}`, but the link is `none` (NET-10)", target.address)
        }));
    }
    problems
}
