//! The public zones of a simulated world, as its name servers show them at present.

use super::{Record, Zone};
use crate::route53::{public_records, text_of_txt};
use crate::world::World;

/// The public zones of Route 53, and one for each domain with records elsewhere.
pub(super) fn public_zones(world: &World) -> Vec<Zone> {
    let hosted = world.route53.zones.iter().filter(|zone| !zone.private);
    let mut zones: Vec<Zone> = hosted.map(|zone| from_records(&zone.name, public_records(zone, world.now))).collect();
    for (name, value) in &world.route53.elsewhere {
        let domain = registered_domain(name);
        let record = Record { name: name.clone(), kind: "TXT".to_owned(), values: vec![value.clone()] };
        match zones.iter_mut().find(|zone| zone.name == domain) {
            Some(zone) => zone.records.push(record),
            None => zones.push(Zone { records: vec![record], ..Zone::named(&domain) }),
        }
    }
    zones
}

/// A zone from (name, type, values) as Route 53 keeps them.
fn from_records<'a>(name: &str, records: impl Iterator<Item = (&'a str, &'a str, &'a [String])>) -> Zone {
    let plain = |name: &str| name.trim_end_matches('.').to_owned();
    let mut zone = Zone { servers: Vec::new(), ..Zone::named(&plain(name)) };
    for (owner, kind, values) in records {
        match kind {
            "NS" if owner == name => zone.servers = values.iter().map(|value| plain(value)).collect(),
            "SOA" => zone.negative_ttl = minimum(values).unwrap_or(zone.negative_ttl),
            _ => {
                let text = |value: &String| if kind == "TXT" { text_of_txt(value) } else { Some(value.clone()) };
                let values = values.iter().filter_map(text).collect();
                zone.records.push(Record { name: plain(owner), kind: kind.to_owned(), values });
            }
        }
    }
    zone
}

/// The last number of a SOA record.
fn minimum(values: &[String]) -> Option<u32> {
    values.first()?.rsplit(' ').next()?.parse().ok()
}

/// The last two labels of a name: enough for the domains of tests.
fn registered_domain(name: &str) -> String {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    labels[labels.len().saturating_sub(2)..].join(".")
}
