//! Hosted zones: created with NS and SOA, listed by id or by name, deleted when nothing else is left.

use serde_json::{Map, Value, json};

use super::{HostedZone, RecordSet, bare_id, change_info, changes, names, page_size, zone_of};
use crate::call::{Answer, Call, Fail};
use crate::world::World;

/// Hosted zones per page, at most.
const PAGE: usize = 100;

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let given = call.need("Name")?;
    let caller_reference = call.need("CallerReference")?;
    check_new(call, world, &given, &caller_reference)?;
    let change = changes::submit(call, world, None);
    let config = &call.input["HostedZoneConfig"];
    let mut zone = HostedZone {
        account: call.account.clone(),
        id: format!("Z{}", world.ids.token(20).to_uppercase()),
        name: names::normalize(&given),
        caller_reference,
        comment: config["Comment"].as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        vpcs: vpc_of(&call.input["VPC"]).into_iter().collect(),
        private: call.input["VPC"].is_object(),
        records: Vec::new(),
        publications: Vec::new(),
    };
    zone.records = required_records(&zone);
    for kind in ["NS", "SOA"] {
        let name = zone.name.clone();
        zone.publish(&name, kind, call.now, change.in_sync_at);
    }
    let mut answer = json!({
        "HostedZone": describe(&zone),
        "ChangeInfo": change_info(&change, call.now),
        "VPC": vpc_members(&zone).first(),
    });
    if !zone.private {
        answer["DelegationSet"] = delegation_set(&zone);
    }
    world.route53.zones.push(zone);
    Ok(answer)
}

fn check_new(call: &Call, world: &World, name: &str, caller_reference: &str) -> Result<(), Fail> {
    let bare = name.trim_end_matches('.');
    if bare.len() > 255 || bare.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(Fail::new("InvalidDomainName", format!("{name} is not a valid domain name")));
    }
    let mut mine = world.route53.zones.iter().filter(|zone| zone.account == call.account);
    if mine.any(|zone| zone.caller_reference == caller_reference) {
        let message =
            format!("A hosted zone has already been created with the specified caller reference: {caller_reference}");
        return Err(Fail::with_status(409, "HostedZoneAlreadyExists", message));
    }
    Ok(())
}

fn vpc_of(vpc: &Value) -> Option<(String, String)> {
    Some((vpc["VPCRegion"].as_str()?.to_owned(), vpc["VPCId"].as_str()?.to_owned()))
}

pub(super) fn get(call: &Call, world: &mut World) -> Answer {
    let zone = zone_of(call, &mut world.route53.zones)?;
    let mut answer = json!({"HostedZone": describe(zone)});
    if zone.private {
        answer["VPCs"] = vpc_members(zone).into();
    } else {
        answer["DelegationSet"] = delegation_set(zone);
    }
    Ok(answer)
}

pub(super) fn list(call: &Call, world: &World) -> Answer {
    let size = page_size(call, PAGE)?;
    let marker = call.text("marker");
    let mut zones: Vec<&HostedZone> = mine(call, world);
    zones.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(marker) = &marker {
        zones.retain(|zone| zone.id >= *marker);
    }
    Ok(json!({
        "HostedZones": described(&zones, size),
        "Marker": marker,
        "IsTruncated": zones.len() > size,
        "NextMarker": zones.get(size).map(|zone| &zone.id),
        "MaxItems": size.to_string(),
    }))
}

pub(super) fn list_by_name(call: &Call, world: &World) -> Answer {
    let size = page_size(call, PAGE)?;
    let (name, id) = (call.text("dnsname"), call.text("hostedzoneid"));
    if id.is_some() && name.is_none() {
        return Err(Fail::new("InvalidInput", "A DNS name must be given together with a hosted zone ID"));
    }
    let mut zones = mine(call, world);
    zones.sort_by_cached_key(|zone| position(&zone.name, &zone.id));
    if let Some(name) = &name {
        let start = position(&names::normalize(name), id.as_deref().unwrap_or_default());
        zones.retain(|zone| position(&zone.name, &zone.id) >= start);
    }
    let next = zones.get(size);
    Ok(json!({
        "HostedZones": described(&zones, size),
        "DNSName": name,
        "HostedZoneId": id,
        "IsTruncated": next.is_some(),
        "NextDNSName": next.map(|zone| &zone.name),
        "NextHostedZoneId": next.map(|zone| &zone.id),
        "MaxItems": size.to_string(),
    }))
}

/// Where a zone stands in a list by name.
fn position(name: &str, id: &str) -> (Vec<String>, String) {
    (names::order(name).into_iter().map(str::to_owned).collect(), id.to_owned())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let zone = zone_of(call, &mut world.route53.zones)?;
    if zone.records.len() > required_records(zone).len() {
        let message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(Fail::new("HostedZoneNotEmpty", message));
    }
    let id = bare_id(call);
    world.route53.zones.retain(|zone| zone.id != id);
    let change = changes::submit(call, world, None);
    Ok(json!({"ChangeInfo": change_info(&change, call.now)}))
}

fn mine<'a>(call: &Call, world: &'a World) -> Vec<&'a HostedZone> {
    world.route53.zones.iter().filter(|zone| zone.account == call.account).collect()
}

fn described(zones: &[&HostedZone], size: usize) -> Vec<Value> {
    zones.iter().take(size).map(|zone| describe(zone)).collect()
}

fn describe(zone: &HostedZone) -> Value {
    json!({
        "Id": format!("/hostedzone/{}", zone.id),
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
        "ResourceRecordSetCount": zone.records.len(),
    })
}

fn vpc_members(zone: &HostedZone) -> Vec<Value> {
    zone.vpcs.iter().map(|(region, id)| json!({"VPCRegion": region, "VPCId": id})).collect()
}

fn delegation_set(zone: &HostedZone) -> Value {
    json!({"NameServers": name_servers(zone)})
}

/// Four names that depend on the zone, as those of AWS do.
fn name_servers(zone: &HostedZone) -> Vec<String> {
    let number = zone.id.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 512);
    ["com", "net", "org", "co.uk"]
        .iter()
        .enumerate()
        .map(|(index, top)| format!("ns-{}.awsdns-{:02}.{top}", number + 512 * index as u32, number % 64))
        .collect()
}

/// The record sets that every zone has.
fn required_records(zone: &HostedZone) -> Vec<RecordSet> {
    let servers = name_servers(zone);
    let soa = format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", servers[0]);
    let record = |kind: &str, ttl, values| RecordSet {
        name: zone.name.clone(),
        kind: kind.to_owned(),
        ttl: Some(ttl),
        values,
        routing: Map::new(),
    };
    let servers = servers.iter().map(|server| format!("{server}.")).collect();
    vec![record("NS", 172_800, servers), record("SOA", 900, vec![soa])]
}
