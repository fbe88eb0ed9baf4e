//! The XKS proxy API, version 1: who may ask, what for, and GetHealthStatus. Keys are in `keys`.
//!
//! <https://github.com/aws/aws-kms-xksproxy-api-spec>

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Setup, Store, keys, signature};

/// An error of the proxy API.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    name: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    pub(super) fn response(&self) -> Response<Bytes> {
        json_response(self.status, &json!({"errorName": self.name, "errorMessage": self.message}))
    }
}

/// What a path asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operation<'a> {
    Health,
    Metadata(&'a str),
    Encrypt(&'a str),
    Decrypt(&'a str),
}

impl Operation<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Metadata(_) => "metadata",
            Self::Encrypt(_) => "encrypt",
            Self::Decrypt(_) => "decrypt",
        }
    }
}

/// Answers a request, at a time since 1970 that a right clock would show.
pub(crate) fn answer(setup: &Setup, request: &Request<Bytes>, now: Duration) -> Response<Bytes> {
    // Load balancers ask here: the paths of the API take signed requests only.
    if request.uri().path() == "/ping" {
        let host = request.headers().get("host").and_then(|host| host.to_str().ok());
        if setup.ping_host.as_deref().is_some_and(|wanted| host != Some(wanted)) {
            return Refusal::new(404, "InvalidUriPathException", "no site has this name").response();
        }
        return Response::new(Bytes::from_static(b"pong"));
    }
    match asked(setup, request.uri().path()) {
        Err(refusal) => refusal.response(),
        Ok(_) if request.method() != Method::POST => method_not_allowed(),
        Ok((store, operation)) => match perform(setup, store, operation, request, now) {
            Ok(answer) => json_response(200, &answer),
            Err(refusal) => refusal.response(),
        },
    }
}

fn perform(
    setup: &Setup,
    store: &Store,
    operation: Operation<'_>,
    request: &Request<Bytes>,
    now: Duration,
) -> Result<Value, Refusal> {
    let clock = i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_add(setup.clock_skew_seconds);
    signature::verify(request, &store.credentials, clock, setup.rewritten_host.as_deref())
        .map_err(|why| Refusal::new(401, "AuthenticationFailedException", why))?;
    let input: Value = serde_json::from_slice(request.body()).map_err(|_| Refusal::invalid("the body is not JSON"))?;
    for member in ["kmsRequestId", "kmsOperation"] {
        let given = input["requestMetadata"][member].is_string();
        given.then_some(()).ok_or_else(|| Refusal::invalid(format!("requestMetadata lacks {member}")))?;
    }
    if setup.unsupported.iter().any(|name| name == operation.name()) {
        return Err(Refusal::new(501, "UnsupportedOperationException", "this proxy does not implement the operation"));
    }
    match operation {
        Operation::Health => Ok(health(setup)),
        Operation::Metadata(key) => keys::metadata(setup, store, key),
        Operation::Encrypt(key) => keys::encrypt(setup, store, key, &input),
        Operation::Decrypt(key) => keys::decrypt(setup, store, key, &input),
    }
}

/// The store and the operation of a path.
fn asked<'a>(setup: &'a Setup, path: &'a str) -> Result<(&'a Store, Operation<'a>), Refusal> {
    let found = path.rsplit_once("/kms/xks/v1/").and_then(|(prefix, rest)| {
        let store = setup.stores.iter().find(|store| store.prefix == prefix)?;
        Some((store, operation(rest)?))
    });
    found.ok_or_else(|| Refusal::new(404, "InvalidUriPathException", "no key store is served under this path"))
}

/// The operation that stands behind `/kms/xks/v1/`.
pub(super) fn operation(rest: &str) -> Option<Operation<'_>> {
    match rest.split('/').collect::<Vec<_>>()[..] {
        ["health"] => Some(Operation::Health),
        ["keys", key, "metadata"] => Some(Operation::Metadata(key)),
        ["keys", key, "encrypt"] => Some(Operation::Encrypt(key)),
        ["keys", key, "decrypt"] => Some(Operation::Decrypt(key)),
        _ => None,
    }
}

fn health(setup: &Setup) -> Value {
    let fleet: Vec<Value> = setup
        .fleet
        .iter()
        .map(|each| json!({"id": each.id, "model": each.model, "healthStatus": each.health}))
        .collect();
    json!({
        "xksProxyFleetSize": setup.fleet_size,
        "xksProxyVendor": "xkslink",
        "xksProxyModel": "Simulated XKS Proxy 1.0",
        "ekmVendor": "xkslink",
        "ekmFleetDetails": fleet,
    })
}

fn method_not_allowed() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert("allow", HeaderValue::from_static("POST"));
    response
}

pub(super) fn json_response(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
