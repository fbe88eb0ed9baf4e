//! The AWS query protocols: form-encoded requests, XML answers (EC2's dialect, and the one of ELBv2 and STS).

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::xml;
use crate::call::Fail;

/// `A.1.B=x&A.2.B=y` → `{"A": [{"B": "x"}, {"B": "y"}]}`. The word `member` that ELBv2 puts before an index is dropped.
pub(crate) fn decode(body: &str) -> Value {
    let mut root = Value::Object(Map::new());
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (unescape(key), unescape(value));
        let path: Vec<&str> = key.split('.').filter(|part| *part != "member").collect();
        put(&mut root, &path, value);
    }
    settle_lists(&mut root);
    root
}

fn unescape(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn put(node: &mut Value, path: &[&str], value: String) {
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    let (Some((first, rest)), Some(map)) = (path.split_first(), node.as_object_mut()) else { return };
    let child = map.entry((*first).to_owned()).or_insert(Value::Null);
    if rest.is_empty() {
        *child = Value::String(value);
    } else {
        put(child, rest, value);
    }
}

/// Objects whose keys are all numbers are lists; their order is the numeric one.
fn settle_lists(node: &mut Value) {
    let Value::Object(map) = node else { return };
    map.values_mut().for_each(settle_lists);
    if !map.is_empty() && map.keys().all(|key| key.parse::<u32>().is_ok()) {
        let mut items: Vec<(u32, Value)> =
            map.iter().map(|(key, value)| (key.parse().unwrap_or(0), value.clone())).collect();
        items.sort_by_key(|(index, _)| *index);
        *node = Value::Array(items.into_iter().map(|(_, value)| value).collect());
    }
}

pub(crate) fn ec2_answer(operation: &str, request_id: &str, output: &Value) -> String {
    let body = xml::members(output, &|_| "item");
    format!(
        "{}<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{request_id}</requestId>{body}</{operation}Response>",
        xml::HEAD
    )
}

pub(crate) fn ec2_error(request_id: &str, fail: &Fail) -> String {
    format!(
        "{}<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
        xml::HEAD,
        xml::escape(&fail.code),
        xml::escape(&fail.message)
    )
}

pub(crate) fn member_answer(namespace: &str, operation: &str, request_id: &str, output: &Value) -> String {
    let body = xml::members(output, &|_| "member");
    format!(
        "{}<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{body}</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
        xml::HEAD
    )
}

pub(crate) fn member_error(namespace: &str, request_id: &str, fail: &Fail) -> String {
    format!(
        "{}<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        xml::HEAD,
        if fail.status < 500 { "Sender" } else { "Receiver" },
        xml::escape(&fail.code),
        xml::escape(&fail.message)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::decode;

    #[test]
    fn indexed_parameters_become_lists_in_numeric_order() {
        let body = "Action=X&Filter.2.Name=b&Filter.1.Name=a&Filter.1.Value.1=v%20w&Names.member.1=n&Names.member.10=z&Names.member.2=m";
        assert_eq!(
            decode(body),
            json!({"Action": "X", "Filter": [{"Name": "a", "Value": ["v w"]}, {"Name": "b"}], "Names": ["n", "m", "z"]})
        );
    }
}
