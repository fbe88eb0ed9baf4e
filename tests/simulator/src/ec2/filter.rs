//! Filters of Describe operations. A filter name stands for a path into the answer, so a table is all an operation needs.

use serde_json::Value;

use crate::call::{Call, Fail, list_of, text_of};

/// Filter names and where their values stand in an answer item (`routeSet.gatewayId`); lists are walked through.
pub(super) type Filters = &'static [(&'static str, &'static str)];

/// Keeps the items that satisfy every filter of a call.
pub(super) fn apply(call: &Call, filters: Filters, items: &mut Vec<Value>) -> Result<(), Fail> {
    for filter in call.list("Filter") {
        let name = text_of(&filter["Name"]).unwrap_or_default();
        let wanted: Vec<String> = list_of(&filter["Value"]).iter().filter_map(text_of).collect();
        let values = reader(&name, filters)?;
        items.retain(|item| values(item).iter().any(|value| wanted.iter().any(|pattern| matches(pattern, value))));
    }
    Ok(())
}

type Reader = Box<dyn Fn(&Value) -> Vec<String>>;

/// How to read the values that a filter name stands for.
fn reader(name: &str, filters: Filters) -> Result<Reader, Fail> {
    if let Some(key) = name.strip_prefix("tag:") {
        let key = key.to_owned();
        return Ok(Box::new(move |item| tag_values(item, &key)));
    }
    if name == "tag-key" {
        return Ok(Box::new(|item| at(item, "tagSet.key")));
    }
    let (_, path) = filters
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Fail::new("InvalidParameterValue", format!("The filter '{name}' is invalid")))?;
    Ok(Box::new(|item| at(item, path)))
}

fn tag_values(item: &Value, key: &str) -> Vec<String> {
    let tags = list_of(&item["tagSet"]);
    tags.iter().filter(|tag| tag["key"] == key).filter_map(|tag| text_of(&tag["value"])).collect()
}

/// The texts at a path.
fn at(item: &Value, path: &str) -> Vec<String> {
    let step = |values: Vec<Value>, member: &str| values.iter().flat_map(|value| list_of(&value[member])).collect();
    path.split('.').fold(vec![item.clone()], step).iter().filter_map(text_of).collect()
}

/// Whether a text matches a pattern with `*` (any text) and `?` (any character); `\` takes the next one literally.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches_from(&pattern, &text)
}

fn matches_from(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skipped| matches_from(rest, &text[skipped..])),
        ['?', rest @ ..] => text.split_first().is_some_and(|(_, tail)| matches_from(rest, tail)),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            text.split_first().is_some_and(|(head, tail)| head == literal && matches_from(rest, tail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_match_as_in_ec2() {
        assert!(matches("ELB net/*", "ELB net/payments/0123"));
        assert!(matches("eu-central-1?", "eu-central-1a"));
        assert!(matches(r"a\*b", "a*b"));
        assert!(!matches("eu-central-1?", "eu-central-1"));
        assert!(!matches(r"a\*b", "axb"));
    }
}
