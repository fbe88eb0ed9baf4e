//! What the parameters of several operations have in common: names, tags, numbers, pages.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::call::{Answer, Call, Fail, text_of};
use crate::world::{Home, Tags};

/// Elastic Load Balancing's code for a parameter that breaks a rule of its own.
pub(super) fn invalid(message: impl Into<String>) -> Fail {
    Fail::new("ValidationError", message)
}

/// Its code for parameters that are well formed but do not go together.
pub(super) fn unfit(message: impl Into<String>) -> Fail {
    Fail::new("InvalidConfigurationRequest", message)
}

pub(super) fn home(call: &Call) -> Home {
    Home { account: call.account.clone(), region: call.region.clone() }
}

/// A list of texts. An empty list travels as one empty text, which is no item.
pub(super) fn texts(call: &Call, parameter: &str) -> Vec<String> {
    call.texts(parameter).into_iter().filter(|text| !text.is_empty()).collect()
}

/// The name of a new load balancer or target group.
pub(super) fn name(call: &Call, noun: &str) -> Result<String, Fail> {
    let name = call.need("Name")?;
    let broken = if name.is_empty() {
        "cannot be empty"
    } else if name.len() > 32 {
        "cannot be longer than '32' characters"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        "can only contain characters that are alphanumeric characters and hyphens(-)"
    } else if name.starts_with('-') || name.ends_with('-') {
        "cannot begin or end with a hyphen(-)"
    } else {
        return Ok(name);
    };
    Err(invalid(format!("The {noun} name '{name}' {broken}")))
}

/// A value out of a fixed set.
pub(super) fn one_of(parameter: &str, value: &str, allowed: &[&str]) -> Result<(), Fail> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: Member must \
         satisfy enum value set: [{}]",
        allowed.join(", ")
    )))
}

/// A number in a range, if given.
pub(super) fn number(call: &Call, parameter: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Fail> {
    match (call.text(parameter), call.number(parameter)) {
        (None, _) => Ok(None),
        (_, Some(number)) if range.contains(&number) => Ok(Some(number)),
        (Some(text), _) => Err(invalid(format!(
            "1 validation error detected: Value '{text}' at '{parameter}' failed to satisfy constraint: Member must \
             be between {} and {}",
            range.start(),
            range.end()
        ))),
    }
}

/// The parameter `Tags`.
pub(super) fn tags(call: &Call) -> Result<Tags, Fail> {
    let mut tags = Tags::new();
    for item in call.list("Tags") {
        let Some(key) = text_of(&item["Key"]) else { continue };
        let value = text_of(&item["Value"]).unwrap_or_default();
        if tags.insert(key.clone(), value).is_some() {
            return Err(Fail::new("DuplicateTagKeys", format!("Tag key '{key}' is specified more than once")));
        }
    }
    enough_tags(&tags)?;
    Ok(tags)
}

/// Refuses more tags than an object may carry.
pub(super) fn enough_tags(tags: &Tags) -> Result<(), Fail> {
    if tags.len() > 50 {
        return Err(Fail::new("TooManyTags", "The maximum number of tags on a resource is 50"));
    }
    Ok(())
}

/// One page of a listing, in the order of the ARNs: a marker stays valid whatever is created or deleted meanwhile.
pub(super) fn page<T>(
    call: &Call,
    member: &str,
    mut items: Vec<&T>,
    arn: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Answer {
    let size = number(call, "PageSize", 1..=400)?.unwrap_or(400);
    let size = usize::try_from(size).unwrap_or(400);
    let marker = call.text("Marker").unwrap_or_default();
    items.retain(|item| arn(item) > marker.as_str());
    items.sort_by(|a, b| arn(a).cmp(arn(b)));
    let next = if items.len() > size { items.get(size - 1).map(|last| arn(last).to_owned()) } else { None };
    let shown: Vec<Value> = items.into_iter().take(size).map(show).collect();
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(shown));
    answer.insert("NextMarker".to_owned(), json!(next));
    Ok(Value::Object(answer))
}
