//! What a network ACL lets through.

use std::net::Ipv4Addr;

use crate::facts::AclEntry;

/// Whether TCP on all of these ports (first and last) is let through, to the address or from it. The entry with the lowest
/// number that fits decides; what none fits is denied.
pub(crate) fn admits(entries: &[AclEntry], egress: bool, address: Ipv4Addr, ports: (u16, u16)) -> bool {
    let mut fitting: Vec<&AclEntry> = entries
        .iter()
        .filter(|entry| entry.egress == egress && entry.range.contains(&address))
        .filter(|entry| entry.protocol == "-1" || entry.protocol == "6")
        .collect();
    fitting.sort_by_key(|entry| entry.number);
    // The verdict changes only where a range of ports begins or has ended.
    let edges = fitting.iter().filter_map(|entry| entry.ports).flat_map(|(from, to)| [Some(from), to.checked_add(1)]);
    let asked = edges.flatten().chain([ports.0]).filter(|port| (ports.0..=ports.1).contains(port));
    let verdict = |port: u16| {
        let first = fitting.iter().find(|entry| entry.ports.is_none_or(|(from, to)| (from..=to).contains(&port)));
        first.is_some_and(|entry| entry.allow)
    };
    asked.into_iter().all(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i32, range: &str, ports: Option<(u16, u16)>, allow: bool) -> AclEntry {
        AclEntry {
            number,
            egress: true,
            protocol: "6".to_owned(),
            range: range.parse().unwrap_or_default(),
            ports,
            allow,
        }
    }

    #[test]
    fn the_lowest_number_decides_and_nothing_is_denied() {
        let entries = [
            entry(200, "0.0.0.0/0", None, true),
            entry(100, "10.0.8.0/24", Some((443, 443)), false),
            entry(50, "10.0.8.10/32", Some((443, 443)), true),
        ];
        let admits = |address: [u8; 4], ports| admits(&entries, true, address.into(), ports);
        assert!(admits([10, 0, 8, 10], (443, 443)));
        assert!(!admits([10, 0, 8, 11], (443, 443)));
        assert!(!admits([10, 0, 8, 11], (1, 1024)), "a hole in the range denies");
        assert!(admits([10, 0, 8, 11], (444, 65535)));
        assert!(!super::admits(&entries, false, [10, 0, 8, 10].into(), (443, 443)), "nothing is said of the other way");
    }
}
