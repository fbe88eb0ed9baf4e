//! What security groups let through.

use ipnet::Ipv4Net;

use crate::facts::Permission;

/// Whether TCP on a port is let through by one of these permissions, from or to a whole range, or one address, whose
/// interfaces have these security groups. `None` when it depends: on a prefix list, whose ranges are not known, or on the
/// address, where a part of the range is let through.
pub(crate) fn admits<'a>(
    permissions: impl IntoIterator<Item = &'a Permission>,
    side: Ipv4Net,
    groups: &[String],
    port: u16,
) -> Option<bool> {
    let mut unsure = false;
    for permission in permissions {
        let tcp = matches!(permission.protocol.as_str(), "tcp" | "6" | "-1");
        if !tcp || permission.ports.is_some_and(|(from, to)| !(from..=to).contains(&port)) {
            continue;
        }
        let by_range = permission.ranges.iter().any(|range| range.contains(&side));
        if by_range || permission.groups.iter().any(|group| groups.contains(group)) {
            return Some(true);
        }
        unsure |= permission.prefix_lists || permission.ranges.iter().any(|range| side.contains(range));
    }
    if unsure { None } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_groups_let_in_and_prefix_lists_and_parts_of_a_range_leave_it_open() {
        let base = Permission { protocol: "tcp".to_owned(), ports: Some((443, 443)), ..Permission::default() };
        let range = Permission { ranges: vec!["10.0.0.0/8".parse().unwrap_or_default()], ..base.clone() };
        let group = Permission { groups: vec!["sg-1".to_owned()], ..base.clone() };
        let list = Permission { prefix_lists: true, ..base.clone() };
        let part = Permission { ranges: vec!["10.0.8.128/25".parse().unwrap_or_default()], ..base.clone() };
        let udp = Permission { protocol: "udp".to_owned(), ..range.clone() };
        let from = |permissions: &[&Permission], port| {
            admits(permissions.iter().copied(), "10.0.8.0/24".parse().unwrap_or_default(), &["sg-1".to_owned()], port)
        };
        assert_eq!(from(&[&range], 443), Some(true));
        assert_eq!(from(&[&range], 80), Some(false));
        assert_eq!(from(&[&group], 443), Some(true));
        assert_eq!(from(&[&udp], 443), Some(false));
        assert_eq!(from(&[&list], 443), None);
        assert_eq!(from(&[&part], 443), None);
        assert_eq!(from(&[&part], 80), Some(false));
        assert_eq!(from(&[&list, &range], 443), Some(true));
    }
}
