//! What security groups let through.

use std::net::Ipv4Addr;

use crate::facts::Permission;

/// Whether TCP on a port is let through by one of these permissions, from or to an address whose interface has these
/// security groups. `None` when a prefix list may decide, whose ranges are not known.
pub(crate) fn admits<'a>(
    permissions: impl IntoIterator<Item = &'a Permission>,
    address: Ipv4Addr,
    groups: &[String],
    port: u16,
) -> Option<bool> {
    let mut unsure = false;
    for permission in permissions {
        let tcp = matches!(permission.protocol.as_str(), "tcp" | "6" | "-1");
        if !tcp || permission.ports.is_some_and(|(from, to)| !(from..=to).contains(&port)) {
            continue;
        }
        let by_range = permission.ranges.iter().any(|range| range.contains(&address));
        if by_range || permission.groups.iter().any(|group| groups.contains(group)) {
            return Some(true);
        }
        unsure |= permission.prefix_lists;
    }
    if unsure { None } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_groups_let_in_and_prefix_lists_leave_it_open() {
        let base = Permission { protocol: "tcp".to_owned(), ports: Some((443, 443)), ..Permission::default() };
        let range = Permission { ranges: vec!["10.0.0.0/8".parse().unwrap_or_default()], ..base.clone() };
        let group = Permission { groups: vec!["sg-1".to_owned()], ..base.clone() };
        let list = Permission { prefix_lists: true, ..base.clone() };
        let udp = Permission { protocol: "udp".to_owned(), ..range.clone() };
        let from = |permissions: &[&Permission], port| {
            admits(permissions.iter().copied(), [10, 0, 8, 10].into(), &["sg-1".to_owned()], port)
        };
        assert_eq!(from(&[&range], 443), Some(true));
        assert_eq!(from(&[&range], 80), Some(false));
        assert_eq!(from(&[&group], 443), Some(true));
        assert_eq!(from(&[&udp], 443), Some(false));
        assert_eq!(from(&[&list], 443), None);
        assert_eq!(from(&[&list, &range], 443), Some(true));
    }
}
