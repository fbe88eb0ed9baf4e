//! Availability Zones. Each Region has three real ones and a local zone; `us-east-1` also one short of capacity.

use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use crate::call::{Answer, Call, Fail};

/// A zone of a Region.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    /// Name, such as `eu-central-1a`.
    pub(crate) name: String,
    /// Id, such as `euc1-az2`.
    pub(crate) id: String,
    /// `available` or `constrained`.
    pub(crate) state: &'static str,
    /// `availability-zone` or `local-zone`.
    pub(crate) kind: &'static str,
}

const LISTING: Listing = Listing {
    set: "availabilityZoneInfo",
    ids: Some(Ids { parameter: "ZoneName", member: "zoneName", missing: unknown }),
    filters: &[
        ("group-name", "groupName"),
        ("group-long-name", "groupLongName"),
        ("message", "messageSet.message"),
        ("opt-in-status", "optInStatus"),
        ("parent-zone-id", "parentZoneId"),
        ("parent-zone-name", "parentZoneName"),
        ("region-name", "regionName"),
        ("state", "zoneState"),
        ("zone-id", "zoneId"),
        ("zone-name", "zoneName"),
        ("zone-type", "zoneType"),
    ],
};

/// The zones of a Region. Names and ids are in different orders, as they are in most accounts.
pub(crate) fn zones(region: &str) -> Vec<Zone> {
    let code = region_code(region);
    let real = |letter: char, number: u8, state| Zone {
        name: format!("{region}{letter}"),
        id: format!("{code}-az{number}"),
        state,
        kind: "availability-zone",
    };
    let mut zones = vec![real('a', 2, "available"), real('b', 3, "available"), real('c', 1, "available")];
    if region == "us-east-1" {
        zones.push(real('d', 4, "constrained"));
    }
    zones.push(Zone {
        name: format!("{region}-lcl-1a"),
        id: format!("{code}-lcl1-az1"),
        state: "available",
        kind: "local-zone",
    });
    zones
}

pub(super) fn describe(call: &Call) -> Answer {
    let ids = call.texts("ZoneId");
    let all = zones(&call.region);
    if let Some(id) = ids.iter().find(|id| !all.iter().any(|zone| zone.id == **id)) {
        return Err(unknown(id));
    }
    let wanted = all.iter().filter(|zone| ids.is_empty() || ids.contains(&zone.id));
    LISTING.answer(call, wanted.map(|zone| item(zone, &call.region)).collect())
}

fn item(zone: &Zone, region: &str) -> Value {
    let local = zone.kind == "local-zone";
    let group = if local { format!("{region}-lcl-1") } else { region.to_owned() };
    json!({
        "zoneName": zone.name,
        "zoneId": zone.id,
        "zoneState": zone.state,
        "zoneType": zone.kind,
        "regionName": region,
        "groupName": group,
        "networkBorderGroup": group,
        "optInStatus": if local { "opted-in" } else { "opt-in-not-required" },
        "parentZoneName": local.then(|| format!("{region}a")),
        "parentZoneId": local.then(|| format!("{}-az2", region_code(region))),
        "messageSet": [],
    })
}

fn unknown(zone: &str) -> Fail {
    Fail::new("InvalidParameterValue", format!("Invalid availability zone: [{zone}]"))
}

/// `eu-central-1` → `euc1`, `ap-southeast-2` → `apse2`, `us-gov-west-1` → `usgw1`.
fn region_code(region: &str) -> String {
    region.split('-').enumerate().map(|(at, part)| if at == 0 { part } else { direction(part) }).collect()
}

fn direction(part: &str) -> &str {
    match part {
        "northeast" => "ne",
        "northwest" => "nw",
        "southeast" => "se",
        "southwest" => "sw",
        other => other.get(..1).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{region_code, zones};

    #[test]
    fn region_codes_are_those_of_aws() {
        for (region, code) in [("eu-central-1", "euc1"), ("ap-southeast-2", "apse2"), ("us-gov-west-1", "usgw1")] {
            assert_eq!(region_code(region), code);
        }
    }

    #[test]
    fn names_and_ids_are_in_different_orders() {
        let first = &zones("eu-central-1")[0];
        assert_eq!((first.name.as_str(), first.id.as_str()), ("eu-central-1a", "euc1-az2"));
    }
}
