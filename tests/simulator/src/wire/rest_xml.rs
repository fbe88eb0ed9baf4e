//! The REST-XML protocol of Route 53: the operation is in method and path, parameters in path, query and body.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value};

use super::xml;
use crate::call::Fail;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Lists of Route 53 and the name of their elements.
fn item(list: &str) -> &'static str {
    match list {
        "HostedZones" => "HostedZone",
        "ResourceRecordSets" => "ResourceRecordSet",
        "ResourceRecords" => "ResourceRecord",
        "NameServers" => "NameServer",
        "VPCs" => "VPC",
        _ => "member",
    }
}

pub(crate) fn decode(request: &Request<Bytes>, body: &str) -> Result<(String, Value), Fail> {
    let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').skip(1).collect();
    let (operation, id) = match (request.method(), path.as_slice()) {
        (&Method::POST, ["hostedzone"]) => ("CreateHostedZone", None),
        (&Method::GET, ["hostedzone"]) => ("ListHostedZones", None),
        (&Method::GET, ["hostedzonesbyname"]) => ("ListHostedZonesByName", None),
        (&Method::GET, ["hostedzone", id]) => ("GetHostedZone", Some(*id)),
        (&Method::DELETE, ["hostedzone", id]) => ("DeleteHostedZone", Some(*id)),
        (&Method::GET, ["hostedzone", id, "rrset"]) => ("ListResourceRecordSets", Some(*id)),
        (&Method::POST, ["hostedzone", id, "rrset"]) => ("ChangeResourceRecordSets", Some(*id)),
        (&Method::GET, ["change", id]) => ("GetChange", Some(*id)),
        _ => return Err(Fail::with_status(404, "UnknownOperation", request.uri().path().to_owned())),
    };
    let mut input = Map::new();
    if !body.trim().is_empty() {
        let document =
            roxmltree::Document::parse(body).map_err(|error| Fail::new("InvalidInput", error.to_string()))?;
        if let Value::Object(members) = xml::read(document.root_element(), &["Changes", "ResourceRecords", "VPCs"]) {
            input.extend(members);
        }
    }
    for pair in request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        input.insert(name.to_owned(), Value::String(value));
    }
    if let Some(id) = id {
        input.insert("Id".to_owned(), Value::String(id.to_owned()));
    }
    Ok((operation.to_owned(), Value::Object(input)))
}

pub(crate) fn answer(operation: &str, output: &Value) -> String {
    format!(
        "{}<{operation}Response xmlns=\"{NAMESPACE}\">{}</{operation}Response>",
        xml::HEAD,
        xml::members(output, &item)
    )
}

pub(crate) fn error(request_id: &str, fail: &Fail) -> String {
    format!(
        "{}<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        xml::HEAD,
        xml::escape(&fail.code),
        xml::escape(&fail.message)
    )
}
