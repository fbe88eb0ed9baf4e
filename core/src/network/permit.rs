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
