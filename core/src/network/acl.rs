//! Network ACLs, and what they let through.

use std::net::Ipv4Addr;

use aws_sdk_ec2::types;
use ipnet::Ipv4Net;
use serde::Serialize;

/// A network ACL.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct NetworkAcl {
    pub(crate) id: String,
    /// Subnets that have it.
    pub(crate) subnets: Vec<String>,
    pub(crate) entries: Vec<AclEntry>,
}

/// An IPv4 rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AclEntry {
    /// Lower numbers decide first.
    pub(crate) number: i32,
    /// Whether it is about what leaves the subnet.
    pub(crate) egress: bool,
    /// Protocol number as text: `6` is TCP, `-1` all.
    pub(crate) protocol: String,
    /// The other side.
    pub(crate) range: Ipv4Net,
    /// First and last port; `None` for all.
    pub(crate) ports: Option<(u16, u16)>,
    pub(crate) allow: bool,
}

impl NetworkAcl {
    pub(crate) fn read(acl: &types::NetworkAcl) -> Option<Self> {
        Some(Self {
            id: acl.network_acl_id()?.to_owned(),
            subnets: acl.associations().iter().filter_map(|each| each.subnet_id()).map(str::to_owned).collect(),
            entries: acl.entries().iter().filter_map(AclEntry::read).collect(),
        })
    }
}

impl AclEntry {
    fn read(entry: &types::NetworkAclEntry) -> Option<Self> {
        let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
        let ports = entry.port_range().and_then(|range| port(range.from()).zip(port(range.to())));
        Some(Self {
            number: entry.rule_number()?,
            egress: entry.egress()?,
            protocol: entry.protocol()?.to_owned(),
            range: entry.cidr_block()?.parse().ok()?,
            ports,
            allow: *entry.rule_action()? == types::RuleAction::Allow,
        })
    }

    fn is_about(&self, egress: bool, address: Ipv4Addr, port: u16) -> bool {
        self.egress == egress
            && matches!(self.protocol.as_str(), "6" | "-1")
            && self.range.contains(&address)
            && self.ports.is_none_or(|(first, last)| (first..=last).contains(&port))
    }
}

/// Whether TCP passes on every port from the first to the last, to an address (`egress`) or from it. Each port is decided
/// by the lowest number that is about it; what no rule is about is denied.
pub(crate) fn admits(entries: &[AclEntry], egress: bool, address: Ipv4Addr, ports: (u16, u16)) -> bool {
    let allowed = |port: u16| {
        let about = entries.iter().filter(|entry| entry.is_about(egress, address, port));
        about.min_by_key(|entry| entry.number).is_some_and(|entry| entry.allow)
    };
    // Between the ports where a rule begins or has ended, all ports fare alike.
    let turns =
        entries.iter().filter_map(|entry| entry.ports).flat_map(|(first, last)| [first, last.saturating_add(1)]);
    turns.chain([ports.0]).filter(|port| (ports.0..=ports.1).contains(port)).all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i32, range: &str, ports: Option<(u16, u16)>, allow: bool) -> AclEntry {
        let range = range.parse().unwrap_or_default();
        AclEntry { number, egress: true, protocol: "6".to_owned(), range, ports, allow }
    }

    #[test]
    fn the_lowest_number_decides() {
        let rules = [
            entry(200, "0.0.0.0/0", None, true),
            entry(100, "10.0.8.0/24", Some((443, 443)), false),
            entry(50, "10.0.8.10/32", None, true),
        ];
        let to = |address: [u8; 4], ports| admits(&rules, true, address.into(), ports);
        assert!(to([10, 0, 8, 10], (443, 443)));
        assert!(!to([10, 0, 8, 11], (443, 443)));
        assert!(to([10, 0, 9, 11], (443, 443)));
        assert!(!to([10, 0, 8, 11], (400, 500)), "one port in the middle is denied");
        assert!(to([10, 0, 8, 11], (444, 65535)));
    }

    #[test]
    fn what_no_rule_is_about_is_denied() {
        let rules = [entry(100, "10.0.0.0/8", Some((1024, 65535)), true)];
        assert!(admits(&rules, true, [10, 0, 8, 10].into(), (1024, 65535)));
        assert!(!admits(&rules, true, [10, 0, 8, 10].into(), (1023, 65535)));
        assert!(!admits(&rules, false, [10, 0, 8, 10].into(), (1024, 65535)), "the other direction");
        assert!(!admits(
            &[AclEntry { protocol: "17".to_owned(), ..rules[0].clone() }],
            true,
            [10, 0, 8, 10].into(),
            (2000, 2000)
        ));
    }
}
