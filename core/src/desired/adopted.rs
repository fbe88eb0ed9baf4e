//! Whether an existing network can carry a store: what makes the spec impossible, and which rules do not hold in it.

use super::Note;
use crate::facts::{Fact, Facts, LoadBalancer, Subnet, Vpc, Wanted, Zone};
use crate::observed::Observed;
use crate::spec::{Connectivity, Link, Network};
use crate::verify::Verification;

/// What makes the spec impossible in the adopted VPC and subnets; nothing for a network of our own.
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
    for id in subnet_ids {
        match observed.subnets.values().find(|subnet| subnet.id == *id) {
            None => problems.push(format!(
                "subnet `{id}` does not exist, or shares its zone with another one of the spec (NET-01)"
            )),
            Some(subnet) if subnet.vpc_id != vpc.id => {
                problems.push(format!("subnet `{id}` is in another VPC, `{}`", subnet.vpc_id))
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

/// The rules that do not hold in the adopted network, those first for which KMS would refuse. Planning goes on; the
/// pre-flight of apply stops there, over facts that are fresh.
pub(super) fn notes(spec: &Connectivity, observed: &Observed) -> Vec<Note> {
    let Network::Existing { .. } = spec.network() else { return Vec::new() };
    let verification = Verification::of(&facts(spec, observed));
    let mut notes: Vec<Note> =
        verification.failures().filter(|check| check.rule.starts_with("NET-")).map(Note::of).collect();
    notes.sort_by_key(|note| !note.refuses());
    notes
}

/// The network as rules see it, of what planning has looked at anyway.
fn facts(spec: &Connectivity, observed: &Observed) -> Facts {
    let subnet = |subnet: &crate::resource::subnet::Seen| Subnet {
        id: subnet.id.clone(),
        zone_id: subnet.zone_id.clone(),
        range: Some(subnet.cidr),
        free: u32::try_from(subnet.free_addresses).unwrap_or_default(),
        ..Subnet::default()
    };
    let zone = |id: &String| Zone {
        id: id.clone(),
        sort: "availability-zone".to_owned(),
        state: "available".to_owned(),
        ..Zone::default()
    };
    let vpc = observed.vpc.as_ref().map(|vpc| Vpc {
        id: vpc.id.clone(),
        ranges: vpc.cidrs.clone(),
        dns_support: Fact::Known(vpc.dns_support),
        dns_host_names: Fact::Known(vpc.dns_hostnames),
    });
    let balancer = observed.load_balancer.as_ref().map(|balancer| {
        let zones = balancer.subnets.iter().map(|id| (id.clone(), id.clone())).collect();
        vec![LoadBalancer { zones, ..LoadBalancer::default() }]
    });
    // A load balancer that stands shows that its zones can carry one.
    let standing = observed.load_balancer.iter().flat_map(|balancer| &balancer.subnets);
    let standing = standing.filter_map(|id| observed.subnets.values().find(|subnet| subnet.id == *id));
    let zones = observed.zones.iter().chain(standing.map(|subnet| &subnet.zone_id));
    Facts {
        wanted: Some(Wanted::of(spec)),
        vpc: vpc.into(),
        subnets: Fact::Known(observed.subnets.values().map(subnet).collect()),
        route_tables: Fact::Known(observed.surroundings.route_tables.clone()),
        network_acls: Fact::Known(observed.surroundings.network_acls.clone()),
        zones: Fact::Known(zones.map(zone).collect()),
        load_balancers: balancer.into(),
        ..Facts::default()
    }
}
