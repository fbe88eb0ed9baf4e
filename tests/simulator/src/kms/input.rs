//! Parameters and what KMS's service model demands of them. A value that may be secret never enters a message.

use std::ops::RangeInclusive;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::Secret;
use crate::call::{Answer, Call, Fail, text_of};
use crate::clock::Clock;
use crate::world::Home;

/// KMS's code for a parameter that does not fit the service model.
pub(super) fn invalid(message: impl Into<String>) -> Fail {
    Fail::new("ValidationException", message)
}

pub(super) fn home(call: &Call) -> Home {
    Home { account: call.account.clone(), region: call.region.clone() }
}

/// A text that must be given.
pub(super) fn need(call: &Call, parameter: &str) -> Result<String, Fail> {
    call.text(parameter).ok_or_else(|| missing(parameter))
}

/// The name of a key store under one of the two parameters that carry it.
pub(super) fn store_name(call: &Call, parameter: &str) -> Result<Option<String>, Fail> {
    checked(call.text(parameter), parameter, 1..=256, |_| true)
}

pub(super) fn connectivity(call: &Call) -> Result<Option<String>, Fail> {
    let known = |text: &str| ["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"].contains(&text);
    checked(call.text("XksProxyConnectivity"), "XksProxyConnectivity", 1..=20, known)
}

pub(super) fn uri_endpoint(call: &Call) -> Result<Option<String>, Fail> {
    let host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let fits =
        |text: &str| text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(host));
    checked(call.text("XksProxyUriEndpoint"), "XksProxyUriEndpoint", 10..=128, fits)
}

pub(super) fn uri_path(call: &Call) -> Result<Option<String>, Fail> {
    checked(call.text("XksProxyUriPath"), "XksProxyUriPath", 10..=128, is_uri_path)
}

/// The endpoint service; an empty name is none, as an update to a public endpoint says it.
pub(super) fn service_name(call: &Call) -> Result<Option<String>, Fail> {
    let name = call.text("XksProxyVpcEndpointServiceName").filter(|name| !name.is_empty());
    checked(name, "XksProxyVpcEndpointServiceName", 20..=64, is_service_name)
}

pub(super) fn service_owner(call: &Call) -> Result<Option<String>, Fail> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    checked(call.text("XksProxyVpcEndpointServiceOwner"), "XksProxyVpcEndpointServiceOwner", 12..=12, digits)
}

/// Both parts of the proxy credential: they only come together.
pub(super) fn credential(call: &Call) -> Result<Option<(String, Secret)>, Fail> {
    let credential = &call.input["XksProxyAuthenticationCredential"];
    if credential.is_null() {
        return Ok(None);
    }
    let part = |name: &str, length, fits: fn(u8) -> bool| {
        let text = text_of(&credential[name]).ok_or_else(|| missing(name))?;
        let valid = RangeInclusive::contains(&length, &text.len()) && text.bytes().all(fits);
        if valid { Ok(text) } else { Err(unfit(name, "***")) }
    };
    let access_key_id = part("AccessKeyId", 20..=30, |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))?;
    let secret =
        part("RawSecretAccessKey", 43..=64, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'='))?;
    Ok(Some((access_key_id, Secret(secret))))
}

/// The id that an external key has in the key manager.
pub(super) fn xks_key_id(call: &Call) -> Result<Option<String>, Fail> {
    let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    checked(call.text("XksKeyId"), "XksKeyId", 1..=128, fits)
}

pub(super) fn missing(parameter: &str) -> Fail {
    invalid(format!(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
        lower_camel(parameter)
    ))
}

/// One page of a listing in the order of the ids, so that a marker stays valid whatever happens meanwhile.
pub(super) fn page<T>(
    call: &Call,
    member: &str,
    mut items: Vec<&T>,
    id: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Answer {
    let limit = match call.text("Limit") {
        None => 100,
        Some(text) => {
            text.parse().ok().filter(|limit| (1..=1000).contains(limit)).ok_or_else(|| unfit("Limit", &text))?
        }
    };
    let marker = call.text("Marker").unwrap_or_default();
    items.retain(|item| id(item) > marker.as_str());
    items.sort_by(|a, b| id(a).cmp(id(b)));
    let next = if items.len() > limit { items.get(limit - 1).map(|last| id(last).to_owned()) } else { None };
    let shown: Vec<Value> = items.into_iter().take(limit).map(show).collect();
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(shown));
    answer.insert("Truncated".to_owned(), json!(next.is_some()));
    if let Some(next) = next {
        answer.insert("NextMarker".to_owned(), json!(next));
    }
    Ok(Value::Object(answer))
}

/// Removes the members that are not set: KMS leaves them out, where JSON would say null.
pub(super) fn without_nulls(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}

/// A date as KMS writes it: seconds since 1970, with fraction.
pub(super) fn date(at: Duration) -> f64 {
    Clock::date(at).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn checked(
    value: Option<String>,
    parameter: &str,
    length: RangeInclusive<usize>,
    fits: impl Fn(&str) -> bool,
) -> Result<Option<String>, Fail> {
    match value {
        Some(text) if !length.contains(&text.len()) || !fits(&text) => Err(unfit(parameter, &text)),
        value => Ok(value),
    }
}

fn unfit(parameter: &str, value: &str) -> Fail {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{}' failed to satisfy constraint",
        lower_camel(parameter)
    ))
}

/// Messages of KMS name parameters with a small first letter.
fn lower_camel(parameter: &str) -> String {
    let mut letters = parameter.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// `[/prefix]/kms/xks/v1`
fn is_uri_path(text: &str) -> bool {
    let Some((prefix, version)) = text.rsplit_once("/kms/xks/v") else { return false };
    let in_prefix = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    (1..=2).contains(&version.len())
        && version.bytes().all(|byte| byte.is_ascii_digit())
        && (prefix.is_empty() || prefix.len() > 1 && prefix.starts_with('/') && prefix.bytes().all(in_prefix))
}

/// `com.amazonaws.vpce.<region>.vpce-svc-<id>`
fn is_service_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let [top, "amazonaws", "vpce", region, id] = parts[..] else { return false };
    let lower = |byte: u8| byte.is_ascii_lowercase();
    let words: Vec<&str> = region.split('-').collect();
    let Some((number, words)) = words.split_last() else { return false };
    let region = (2..=3).contains(&words.len())
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(lower))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    let id = id.strip_prefix("vpce-svc-").unwrap_or_default();
    matches!(top, "com" | "eu")
        && region
        && !id.is_empty()
        && id.bytes().all(|byte| lower(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{is_service_name, is_uri_path};

    #[test]
    fn a_path_ends_in_the_version_of_the_proxy_api() {
        for path in ["/kms/xks/v1", "/a/b_c-d/kms/xks/v1", "/x/kms/xks/v12"] {
            assert!(is_uri_path(path), "{path}");
        }
        for path in ["kms/xks/v1", "/kms/xks/v", "/kms/xks/v123", "/kms/xks/v1/", "/a.b/kms/xks/v1", "a/kms/xks/v1"] {
            assert!(!is_uri_path(path), "{path}");
        }
    }

    #[test]
    fn a_service_name_names_region_and_service() {
        for name in ["com.amazonaws.vpce.us-gov-west-1.vpce-svc-0a", "eu.amazonaws.vpce.eusc-de-east-1.vpce-svc-0a"] {
            assert!(is_service_name(name), "{name}");
        }
        for name in ["com.amazonaws.vpce.eu.vpce-svc-0a", "com.amazonaws.vpce.eu-central-1.svc-0a", "vpce-svc-0a"] {
            assert!(!is_service_name(name), "{name}");
        }
    }
}
