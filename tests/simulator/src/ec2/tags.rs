//! Tags: given at creation, added and removed later, described across all objects.

use serde_json::{Value, json};

use super::listing::Listing;
use super::object::Object;
use super::{State, done, home_of};
use crate::call::{Answer, Call, Fail, list_of, text_of};
use crate::world::{Home, Tags, World};

/// Tags per object.
const LIMIT: usize = 50;

const LISTING: Listing = Listing {
    set: "tagSet",
    ids: None,
    filters: &[("key", "key"), ("value", "value"), ("resource-id", "resourceId"), ("resource-type", "resourceType")],
};

/// The tags that a create call gives to an object of type `T`.
pub(super) fn at_creation<T: Object>(call: &Call) -> Result<Tags, Fail> {
    specified::<T>(&call.list("TagSpecification"))
}

/// The same from a list of tag specifications, for the operations that name the parameter differently.
pub(super) fn specified<T: Object>(specifications: &[Value]) -> Result<Tags, Fail> {
    let mut tags = Tags::new();
    for specification in specifications {
        let kind = text_of(&specification["ResourceType"]).unwrap_or_default();
        if kind != T::TYPE {
            return Err(invalid(format!("'{kind}' is not a valid taggable resource type for this operation.")));
        }
        tags.extend(pairs(&list_of(&specification["Tag"]))?);
    }
    limited(&tags)?;
    Ok(tags)
}

/// Tags as answers show them.
pub(super) fn tag_set(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let added = pairs(&call.list("Tag"))?;
    if added.is_empty() {
        return Err(Fail::new("MissingParameter", "The request must contain the parameter tagSet"));
    }
    let home = home_of(call);
    let ids = resources(call, &world.ec2, &home)?;
    for (_, _, tags) in world.ec2.tagged(&home).iter().filter(|(_, id, _)| ids.iter().any(|wanted| wanted == id)) {
        limited(&tags.iter().chain(&added).map(|(key, value)| (key.clone(), value.clone())).collect())?;
    }
    for (_, tags) in world.ec2.tagged_mut(&home).into_iter().filter(|(id, _)| ids.contains(id)) {
        tags.extend(added.clone());
    }
    Ok(done())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let ids = resources(call, &world.ec2, &home)?;
    let removed = call.list("Tag");
    for (_, tags) in world.ec2.tagged_mut(&home).into_iter().filter(|(id, _)| ids.contains(id)) {
        // Without a list of tags all of them go.
        tags.retain(|key, value| !removed.is_empty() && !removed.iter().any(|tag| names(tag, key, value)));
    }
    Ok(done())
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let row = |(kind, id, tags): (&str, &str, &Tags)| -> Vec<Value> {
        // `tagSet` is what the tag filters read.
        tags.iter()
            .map(|(key, value)| {
                json!({"resourceId": id, "resourceType": kind, "key": key, "value": value,
                       "tagSet": [{"key": key, "value": value}]})
            })
            .collect()
    };
    let rows = world.ec2.tagged(&home).into_iter().flat_map(row).collect();
    let (mut rows, next) = LISTING.page(call, rows)?;
    rows.iter_mut().filter_map(Value::as_object_mut).for_each(|row| {
        row.remove("tagSet");
    });
    Ok(json!({"tagSet": rows, "nextToken": next}))
}

impl State {
    /// Every object of a home that can have tags: resource type, id, tags.
    fn tagged(&self, home: &Home) -> Vec<(&'static str, &str, &Tags)> {
        let mut rows = Vec::new();
        read(&self.vpcs, home, &mut rows);
        read(&self.subnets, home, &mut rows);
        read(&self.route_tables, home, &mut rows);
        read(&self.security_groups, home, &mut rows);
        read(&self.network_acls, home, &mut rows);
        read(&self.internet_gateways, home, &mut rows);
        read(&self.vpn_gateways, home, &mut rows);
        read(&self.customer_gateways, home, &mut rows);
        read(&self.vpn_connections, home, &mut rows);
        read(&self.transit_gateways, home, &mut rows);
        read(&self.transit_gateway_attachments, home, &mut rows);
        read(&self.peerings, home, &mut rows);
        read(&self.endpoint_services, home, &mut rows);
        read(&self.network_insights_paths, home, &mut rows);
        read(&self.network_insights_analyses, home, &mut rows);
        rows
    }

    /// The same to change the tags.
    fn tagged_mut(&mut self, home: &Home) -> Vec<(String, &mut Tags)> {
        let mut rows = Vec::new();
        write(&mut self.vpcs, home, &mut rows);
        write(&mut self.subnets, home, &mut rows);
        write(&mut self.route_tables, home, &mut rows);
        write(&mut self.security_groups, home, &mut rows);
        write(&mut self.network_acls, home, &mut rows);
        write(&mut self.internet_gateways, home, &mut rows);
        write(&mut self.vpn_gateways, home, &mut rows);
        write(&mut self.customer_gateways, home, &mut rows);
        write(&mut self.vpn_connections, home, &mut rows);
        write(&mut self.transit_gateways, home, &mut rows);
        write(&mut self.transit_gateway_attachments, home, &mut rows);
        write(&mut self.peerings, home, &mut rows);
        write(&mut self.endpoint_services, home, &mut rows);
        write(&mut self.network_insights_paths, home, &mut rows);
        write(&mut self.network_insights_analyses, home, &mut rows);
        rows
    }
}

fn read<'a, T: Object>(all: &'a [T], home: &Home, rows: &mut Vec<(&'static str, &'a str, &'a Tags)>) {
    rows.extend(all.iter().filter(|each| each.home() == home).map(|each| (T::TYPE, each.id(), each.tags())));
}

fn write<'a, T: Object>(all: &'a mut [T], home: &Home, rows: &mut Vec<(String, &'a mut Tags)>) {
    let mine = all.iter_mut().filter(|each| each.home() == home);
    rows.extend(mine.map(|each| (each.id().to_owned(), each.tags_mut())));
}

/// Whether a tag of DeleteTags names a key (and, if it says so, a value).
fn names(tag: &Value, key: &str, value: &str) -> bool {
    tag["Key"] == key && text_of(&tag["Value"]).is_none_or(|wanted| wanted == value)
}

/// The ids that a call names, all of which exist.
fn resources(call: &Call, state: &State, home: &Home) -> Result<Vec<String>, Fail> {
    let ids = call.texts("ResourceId");
    if ids.is_empty() {
        return Err(Fail::new("MissingParameter", "The request must contain the parameter resourceIdSet"));
    }
    let tagged = state.tagged(home);
    match ids.iter().find(|id| !tagged.iter().any(|(_, known, _)| known == id)) {
        Some(unknown) => Err(Fail::new("InvalidID", format!("The ID '{unknown}' is not valid"))),
        None => Ok(ids),
    }
}

fn pairs(tags: &[Value]) -> Result<Tags, Fail> {
    tags.iter().map(pair).collect()
}

fn pair(tag: &Value) -> Result<(String, String), Fail> {
    let key = text_of(&tag["Key"]).unwrap_or_default();
    let value = text_of(&tag["Value"]).unwrap_or_default();
    if key.starts_with("aws:") {
        return Err(invalid("Tag keys starting with 'aws:' are reserved for internal use".to_owned()));
    }
    if key.is_empty() || key.chars().count() > 127 {
        return Err(invalid(format!("Tag key '{key}' is invalid. Tag keys must be between 1 and 127 characters.")));
    }
    if value.chars().count() > 255 {
        return Err(invalid("Tag value exceeds the maximum length of 255 characters".to_owned()));
    }
    Ok((key, value))
}

fn limited(tags: &Tags) -> Result<(), Fail> {
    if tags.len() > LIMIT {
        return Err(Fail::new("TagLimitExceeded", "The maximum number of Tags for a resource has been reached."));
    }
    Ok(())
}

fn invalid(message: String) -> Fail {
    Fail::new("InvalidParameterValue", message)
}
