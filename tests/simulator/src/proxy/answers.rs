//! Answers that are not as the specification says.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::Answers;
use super::api::{Refusal, json_response};

/// How long an oversized answer is.
const OVERSIZE: usize = 4 * 1024 * 1024;

/// A proper answer to a request for a path, or what has become of it. An endless one is its beginning.
pub(crate) fn spoil(answers: &Answers, path: &str, proper: Response<Bytes>) -> Response<Bytes> {
    match answers {
        Answers::Proper => proper,
        Answers::Error(status) => error(*status, path).response(),
        Answers::Page(status) => page(*status),
        Answers::Without(member) => edited(proper, member, |parent, name| {
            if let Some(members) = parent.as_object_mut() {
                members.remove(name);
            }
        }),
        Answers::Mistyped(member) => edited(proper, member, |parent, name| {
            let other = if parent[name].is_string() { json!(7) } else { json!("seven") };
            parent[name] = other;
        }),
        Answers::Garbage => with_body(proper, Bytes::from_static(b"\x00\xff{\"xksProxyFleetSize\": 1, \x80")),
        Answers::Oversized => edited(proper, "padding", |parent, name| parent[name] = json!("x".repeat(OVERSIZE))),
        Answers::Endless => with_body(proper, Bytes::from_static(b"{\"padding\": \"")),
    }
}

/// The error of the proxy API with a status.
fn error(status: u16, path: &str) -> Refusal {
    let name = match status {
        400 => "ValidationException",
        401 => "AuthenticationFailedException",
        403 => "AccessDeniedException",
        404 if path.ends_with("/health") => "InvalidUriPathException",
        404 => "KeyNotFoundException",
        429 => "ThrottlingException",
        501 => "UnsupportedOperationException",
        503 => "DependencyTimeoutException",
        _ => "InternalException",
    };
    Refusal::new(status, name, "this proxy was told to refuse")
}

fn page(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"<html><body>Something went wrong</body></html>"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    response
}

/// Changes the parent of a member of a successful answer; of a list, the first item is meant.
fn edited(proper: Response<Bytes>, member: &str, change: impl FnOnce(&mut Value, &str)) -> Response<Bytes> {
    let Ok(mut body) = serde_json::from_slice::<Value>(proper.body()) else { return proper };
    let (parent, name) = member.rsplit_once('.').map_or(("", member), |(parent, name)| (parent, name));
    let mut place = &mut body;
    for step in parent.split('.').filter(|step| !step.is_empty()) {
        let Some(next) = place.get_mut(step) else { return proper };
        place = next;
        if place.is_array() {
            let Some(first) = place.get_mut(0) else { return proper };
            place = first;
        }
    }
    change(place, name);
    json_response(proper.status().as_u16(), &body)
}

fn with_body(proper: Response<Bytes>, body: Bytes) -> Response<Bytes> {
    proper.map(|_| body)
}
