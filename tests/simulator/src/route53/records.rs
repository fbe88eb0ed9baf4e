//! Record sets: listed in Route 53's order, changed in batches that take effect as a whole or not at all.

use std::time::Duration;

use serde_json::{Value, json};

use super::{HostedZone, RecordSet, change_info, changes, names, page_size, txt, zone_of};
use crate::call::{Answer, Call, Fail, list_of, text_of};
use crate::world::World;

/// Record sets per page, at most.
const PAGE: usize = 300;

pub(super) fn list(call: &Call, world: &mut World) -> Answer {
    let size = page_size(call, PAGE)?;
    let start = start(call)?;
    let zone = zone_of(call, &mut world.route53.zones)?;
    let records: Vec<&RecordSet> =
        zone.records.iter().filter(|each| start.as_ref().is_none_or(|start| position(each) >= *start)).collect();
    let next = records.get(size);
    Ok(json!({
        "ResourceRecordSets": records.iter().take(size).map(|each| describe(each)).collect::<Vec<_>>(),
        "IsTruncated": next.is_some(),
        "NextRecordName": next.map(|each| &each.name),
        "NextRecordType": next.map(|each| &each.kind),
        "NextRecordIdentifier": next.and_then(|each| each.routing.get("SetIdentifier")),
        "MaxItems": size.to_string(),
    }))
}

/// Where a record set stands in a list: by name, type, and set identifier.
type Position = (Vec<String>, String, String);

fn position(record: &RecordSet) -> Position {
    at(&record.name, &record.kind, record.identifier())
}

fn at(name: &str, kind: &str, identifier: &str) -> Position {
    let labels = names::order(name).into_iter().map(str::to_owned).collect();
    (labels, kind.to_owned(), identifier.to_owned())
}

fn start(call: &Call) -> Result<Option<Position>, Fail> {
    match (call.text("name"), call.text("type"), call.text("identifier")) {
        (None, Some(_), _) => Err(Fail::new("InvalidInput", "A record type was given without a record name")),
        (_, None, Some(_)) => Err(Fail::new("InvalidInput", "A set identifier was given without a record type")),
        (None, None, None) => Ok(None),
        (name, kind, identifier) => Ok(Some(at(
            &names::normalize(&name.unwrap_or_default()),
            &kind.unwrap_or_default(),
            &identifier.unwrap_or_default(),
        ))),
    }
}

fn describe(record: &RecordSet) -> Value {
    let values: Vec<Value> = record.values.iter().map(|value| json!({"Value": value})).collect();
    let mut members = record.routing.clone();
    members.insert("Name".to_owned(), record.name.clone().into());
    members.insert("Type".to_owned(), record.kind.clone().into());
    if let Some(ttl) = record.ttl {
        members.insert("TTL".to_owned(), ttl.into());
        members.insert("ResourceRecords".to_owned(), values.into());
    }
    Value::Object(members)
}

pub(super) fn change(call: &Call, world: &mut World) -> Answer {
    let zone = zone_of(call, &mut world.route53.zones)?;
    let batch = &call.input["ChangeBatch"];
    let edits = edits(batch)?;
    // Changes go to a copy, so that a refused batch leaves no trace.
    let mut changed = zone.clone();
    let problems = apply(&edits, &mut changed);
    if !problems.is_empty() {
        return Err(Fail::new("InvalidChangeBatch", format!("[{}]", problems.join(", "))));
    }
    let visible_at = call.now + world.timings.dns_change;
    publish(&edits, &mut changed, call.now, visible_at);
    *zone = changed;
    let comment = batch["Comment"].as_str().map(str::to_owned);
    let change = changes::submit(call, world, comment);
    Ok(json!({"ChangeInfo": change_info(&change, call.now)}))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Action {
    Create,
    Delete,
    Upsert,
}

struct Edit {
    action: Action,
    record: RecordSet,
}

fn edits(batch: &Value) -> Result<Vec<Edit>, Fail> {
    let changes: Vec<Value> = list_of(&batch["Changes"]).into_iter().filter(Value::is_object).collect();
    if changes.is_empty() {
        return Err(Fail::new("InvalidInput", "Invalid request: the change batch holds no changes"));
    }
    changes.iter().map(edit).collect()
}

fn edit(change: &Value) -> Result<Edit, Fail> {
    let action = match change["Action"].as_str() {
        Some("CREATE") => Action::Create,
        Some("DELETE") => Action::Delete,
        Some("UPSERT") => Action::Upsert,
        other => {
            let message = format!("Invalid request: Unknown action '{}'", other.unwrap_or_default());
            return Err(Fail::new("InvalidInput", message));
        }
    };
    Ok(Edit { action, record: record(change)? })
}

fn record(change: &Value) -> Result<RecordSet, Fail> {
    let Some(mut members) = change["ResourceRecordSet"].as_object().cloned() else {
        return Err(Fail::new("InvalidInput", "Invalid request: a change needs a ResourceRecordSet"));
    };
    let mut text = |name: &str| members.remove(name).as_ref().and_then(text_of);
    let (name, kind, ttl) = (text("Name").unwrap_or_default(), text("Type").unwrap_or_default(), text("TTL"));
    let ttl = ttl.and_then(|text| text.parse().ok());
    let values: Vec<String> = list_of(&members.remove("ResourceRecords").unwrap_or_default())
        .iter()
        .filter_map(|each| text_of(&each["Value"]))
        .collect();
    let alias = members.contains_key("AliasTarget");
    if name.is_empty() || kind.is_empty() || (alias == ttl.is_some()) || (alias != values.is_empty()) {
        return Err(Fail::new(
            "InvalidInput",
            format!(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
                 TrafficPolicyInstanceId], but found none in Change with [Action={}, Name={name}, Type={kind}]",
                change["Action"].as_str().unwrap_or_default()
            ),
        ));
    }
    Ok(RecordSet { name: names::normalize(&name), kind, ttl, values, routing: members })
}

/// Applies all edits and tells everything that is wrong with them.
fn apply(edits: &[Edit], zone: &mut HostedZone) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let again = edits[..index].iter().any(|earlier| {
            earlier.record.same_set(&edit.record) && (earlier.action != Action::Delete || edit.action == Action::Delete)
        });
        let outcome = if again {
            Err(format!(
                "The request contains an invalid set of changes for a resource record set '{} {}'",
                edit.record.kind, edit.record.name
            ))
        } else {
            apply_one(edit, zone)
        };
        problems.extend(outcome.err());
    }
    if problems.is_empty() {
        problems.extend(zone.lacks());
    }
    problems
}

fn apply_one(edit: &Edit, zone: &mut HostedZone) -> Result<(), String> {
    let record = &edit.record;
    let existing = zone.records.iter().position(|each| each.same_set(record));
    let set = format!("resource record set [name='{}', type='{}'{}]", record.name, record.kind, record.suffix());
    match (edit.action, existing) {
        (Action::Create, Some(_)) => return Err(format!("Tried to create {set} but it already exists")),
        (Action::Delete, None) => return Err(format!("Tried to delete {set} but it was not found")),
        (Action::Delete, Some(index)) if !zone.records[index].equals(record) => {
            return Err(format!("Tried to delete {set} but the values provided do not match the current values"));
        }
        (Action::Delete, Some(index)) => {
            zone.records.remove(index);
        }
        (Action::Create | Action::Upsert, existing) => {
            check(record, zone)?;
            if let Some(index) = existing {
                zone.records.remove(index);
            }
            let place = zone.records.partition_point(|each| position(each) < position(record));
            zone.records.insert(place, record.clone());
        }
    }
    Ok(())
}

/// Whether a zone takes a record set.
fn check(record: &RecordSet, zone: &HostedZone) -> Result<(), String> {
    if !names::contains(&zone.name, &record.name) {
        return Err(format!("RRSet with DNS name {} is not permitted in zone {}", record.name, zone.name));
    }
    if let Some(twice) = record.values.iter().enumerate().find(|(at, value)| record.values[..*at].contains(value)) {
        return Err(format!("Duplicate Resource Record: '{}'", twice.1));
    }
    if record.kind == "TXT" {
        record.values.iter().try_for_each(|value| txt::unquote(value).map(drop))?;
    }
    check_cname(record, zone)
}

/// A CNAME is alone under its name.
fn check_cname(record: &RecordSet, zone: &HostedZone) -> Result<(), String> {
    let (name, kind) = (&record.name, &record.kind);
    let others: Vec<&RecordSet> = zone.records.iter().filter(|each| each.name == *name && each.kind != *kind).collect();
    if kind == "CNAME" && !others.is_empty() {
        return Err(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the \
             same DNS name in zone {}",
            zone.name
        ));
    }
    if others.iter().any(|each| each.kind == "CNAME") {
        return Err(format!(
            "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME \
             with the same DNS name already exists in zone {}",
            zone.name
        ));
    }
    Ok(())
}

/// The name servers learn what the edits left behind.
fn publish(edits: &[Edit], zone: &mut HostedZone, now: Duration, visible_at: Duration) {
    for edit in edits {
        zone.publish(&edit.record.name, &edit.record.kind, now, visible_at);
    }
}

impl HostedZone {
    /// What a zone may not be without.
    fn lacks(&self) -> Option<String> {
        let has = |kind: &str| self.records.iter().any(|each| each.kind == kind && each.name == self.name);
        match (has("SOA"), has("NS")) {
            (false, _) => Some("A HostedZone must contain exactly one SOA record.".to_owned()),
            (_, false) => Some("A HostedZone must contain at least one NS record for the zone itself.".to_owned()),
            _ => None,
        }
    }
}

impl RecordSet {
    fn identifier(&self) -> &str {
        self.routing.get("SetIdentifier").and_then(Value::as_str).unwrap_or_default()
    }

    fn same_set(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.identifier() == other.identifier()
    }

    /// Whether everything is equal; the order of values does not count.
    fn equals(&self, other: &Self) -> bool {
        let sorted = |record: &Self| {
            let mut record = record.clone();
            record.values.sort();
            record
        };
        sorted(self) == sorted(other)
    }

    /// How messages name a set with an identifier.
    fn suffix(&self) -> String {
        match self.identifier() {
            "" => String::new(),
            identifier => format!(", set-identifier='{identifier}'"),
        }
    }
}
