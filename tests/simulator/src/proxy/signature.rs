//! AWS Signature Version 4 as KMS signs its requests to a proxy: made, and checked.

use std::time::Duration;

use aws_lc_rs::{constant_time, digest, hmac};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use http::{HeaderValue, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Credential;

/// The service in the scope of a signature.
const SERVICE: &str = "kms-xks-proxy";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a request's date may be from the proxy's clock.
const TOLERANCE: i64 = 300;
/// What stays as it is in a canonical path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Signs a request that has a `host` header.
pub(crate) fn sign(request: &mut Request<Bytes>, credential: &Credential, region: &str, now: Duration) {
    let date = amz_date(now);
    let scope = format!("{}/{region}/{SERVICE}/aws4_request", &date[..8]);
    insert(request, "x-amz-date", &date);
    let names = "host;x-amz-date";
    let text = string_to_sign(request, names, &scope, &date, None);
    let signature = signature(credential.secret_access_key.0.as_bytes(), &scope, &text);
    let id = &credential.access_key_id;
    let authorization =
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={}", hex::encode(signature));
    insert(request, "authorization", &authorization);
}

/// Why a request is not authentic, if it is not. `host` is what its `Host` header has become on the way.
pub(super) fn verify(
    request: &Request<Bytes>,
    credentials: &[Credential],
    now: i64,
    host: Option<&str>,
) -> Result<(), &'static str> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").ok_or("the request is not signed")?;
    let claim = Claim::read(authorization).ok_or("the Authorization header is malformed")?;
    let credential = credentials.iter().find(|each| each.access_key_id == claim.access_key_id);
    let credential = credential.ok_or("the access key id is unknown")?;
    let date = header("x-amz-date").ok_or("the request has no X-Amz-Date")?;
    let sent = seconds(date).ok_or("the X-Amz-Date is malformed")?;
    let [day, _, SERVICE, "aws4_request"] = claim.scope.split('/').collect::<Vec<_>>()[..] else {
        return Err("the credential's scope is not that of the XKS proxy API");
    };
    if !date.starts_with(day) {
        return Err("the credential's date is not that of the request");
    }
    if (now - sent).abs() > TOLERANCE {
        return Err("the request's date is more than five minutes off");
    }
    if !["host", "x-amz-date"].iter().all(|needed| claim.signed_headers.split(';').any(|name| name == *needed)) {
        return Err("the headers host and x-amz-date must be signed");
    }
    let text = string_to_sign(request, claim.signed_headers, claim.scope, date, host);
    let expected = signature(credential.secret_access_key.0.as_bytes(), claim.scope, &text);
    let given = hex::decode(claim.signature).unwrap_or_default();
    constant_time::verify_slices_are_equal(&expected, &given).map_err(|_| "the signature does not match")
}

/// The access key id that a request claims to come from.
pub(super) fn access_key_id(request: &Request<Bytes>) -> Option<&str> {
    let authorization = request.headers().get("authorization")?.to_str().ok()?;
    Claim::read(authorization).map(|claim| claim.access_key_id)
}

/// `20260101T000000Z`
fn amz_date(at: Duration) -> String {
    let whole = DateTime::from_secs(i64::try_from(at.as_secs()).unwrap_or(i64::MAX));
    whole.fmt(Format::DateTime).unwrap_or_default().replace(['-', ':'], "")
}

/// Seconds since 1970 of an `X-Amz-Date`.
fn seconds(amz_date: &str) -> Option<i64> {
    let part = |from: usize, to: usize| amz_date.get(from..to);
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    DateTime::from_str(&iso, Format::DateTime).ok().map(|date| date.secs())
}

/// What an Authorization header says.
struct Claim<'a> {
    access_key_id: &'a str,
    /// Date, Region, service and `aws4_request`.
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let parts = authorization.strip_prefix(ALGORITHM)?;
        let part = |name: &str| parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let (access_key_id, scope) = part("Credential")?.split_once('/')?;
        Some(Self { access_key_id, scope, signed_headers: part("SignedHeaders")?, signature: part("Signature")? })
    }
}

fn string_to_sign(request: &Request<Bytes>, names: &str, scope: &str, date: &str, host: Option<&str>) -> String {
    let value = |name: &str| match host {
        Some(host) if name == "host" => host.to_owned(),
        _ => {
            let values = request.headers().get_all(name).iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
            values.collect::<Vec<_>>().join(",")
        }
    };
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", value(name))).collect();
    let path = utf8_percent_encode(request.uri().path(), IN_PATH);
    let canonical = format!("{}\n{path}\n\n{headers}\n{names}\n{}", request.method(), sha256(request.body()));
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()))
}

fn signature(secret: &[u8], scope: &str, text: &str) -> Vec<u8> {
    let begin = [b"AWS4", secret].concat();
    let key = scope.split('/').fold(begin, |key, part| hmac_sha256(&key, part));
    hmac_sha256(&key, text)
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn insert(request: &mut Request<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        request.headers_mut().insert(name, value);
    }
}
