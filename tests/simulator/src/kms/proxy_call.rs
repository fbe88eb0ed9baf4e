//! One call of KMS to a proxy: the connection and the certificate, the signed request, and how the answer reads.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::KeyStore;
use crate::clock::Clock;
use crate::proxy::{self, Answers, Certificate, Chain, Credential, KeyType, Setup, Transport};

/// How long KMS waits for an answer.
const PATIENCE_MS: u64 = 250;
/// More than any proper answer has.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The cipher suites that KMS offers. ChaCha20 is not among those of AWS GovCloud.
const SUITES: [&str; 4] = [
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
];

/// What goes wrong between KMS and a proxy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// No connection, or nobody behind the proxy to serve.
    NotReachable,
    /// No answer in time.
    TimedOut,
    /// No TLS connection, or a certificate that KMS does not accept.
    Tls,
    /// An answer that cannot be understood.
    InvalidResponse,
    /// An error of the proxy API, by its `errorName`.
    Refused(String),
    /// An external key that does not do for KMS.
    UnfitKey,
}

impl Trouble {
    pub(super) fn connection_error_code(&self) -> &'static str {
        match self {
            Self::NotReachable => "XKS_PROXY_NOT_REACHABLE",
            Self::TimedOut => "XKS_PROXY_TIMED_OUT",
            Self::Tls => "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            Self::InvalidResponse | Self::UnfitKey => "XKS_PROXY_INVALID_RESPONSE",
            Self::Refused(name) => match name.as_str() {
                "AuthenticationFailedException" => "INVALID_CREDENTIALS",
                "AccessDeniedException" => "XKS_PROXY_ACCESS_DENIED",
                "InvalidUriPathException" => "XKS_PROXY_INVALID_CONFIGURATION",
                "ThrottlingException" | "DependencyTimeoutException" => "XKS_PROXY_NOT_REACHABLE",
                _ => "XKS_PROXY_INVALID_RESPONSE",
            },
        }
    }
}

/// GetHealthStatus, as part of a KMS operation.
pub(super) fn health(proxy: &Setup, store: &KeyStore, operation: &str, at: Duration) -> Result<(), Trouble> {
    let answer = call(proxy, store, "health", operation, at)?;
    let texts = ["xksProxyVendor", "xksProxyModel", "ekmVendor"].iter().all(|name| answer[name].is_string());
    let fleet = answer["ekmFleetDetails"].as_array().filter(|fleet| (1..=10).contains(&fleet.len()));
    let size = answer["xksProxyFleetSize"].as_u64().filter(|size| *size > 0);
    let (true, Some(fleet), Some(_)) = (texts, fleet, size) else { return Err(Trouble::InvalidResponse) };
    let known = |manager: &Value| {
        let status = manager["healthStatus"].as_str().unwrap_or_default();
        manager["id"].is_string()
            && manager["model"].is_string()
            && ["ACTIVE", "DEGRADED", "UNAVAILABLE"].contains(&status)
    };
    if !fleet.iter().all(known) {
        return Err(Trouble::InvalidResponse);
    }
    if fleet.iter().all(|manager| manager["healthStatus"] == "UNAVAILABLE") {
        return Err(Trouble::NotReachable);
    }
    Ok(())
}

/// GetKeyMetadata, as part of CreateKey.
pub(super) fn metadata(proxy: &Setup, store: &KeyStore, key: &str, at: Duration) -> Result<(), Trouble> {
    let answer = call(proxy, store, &format!("keys/{key}/metadata"), "CreateKey", at)?;
    let (spec, status) = (answer["keySpec"].as_str(), answer["keyStatus"].as_str());
    let usage = answer["keyUsage"].as_array();
    let (Some(spec), Some(status), Some(usage)) = (spec, status, usage) else { return Err(Trouble::InvalidResponse) };
    let usable = |operation: &str| usage.iter().any(|each| each == operation);
    if spec == "AES_256" && status == "ENABLED" && usable("ENCRYPT") && usable("DECRYPT") {
        Ok(())
    } else {
        Err(Trouble::UnfitKey)
    }
}

fn call(proxy: &Setup, store: &KeyStore, path: &str, operation: &str, at: Duration) -> Result<Value, Trouble> {
    let host = store.uri_endpoint.trim_start_matches("https://");
    connect(proxy, host, &store.home.region)?;
    if proxy.delay_ms > PATIENCE_MS {
        return Err(Trouble::TimedOut);
    }
    let body = json!({"requestMetadata": {
        "awsPrincipalArn": format!("arn:aws:iam::{}:root", store.home.account),
        "kmsRequestId": "00000000-0000-0000-0000-000000000000",
        "kmsOperation": operation,
    }});
    let mut request = Request::new(Bytes::from(body.to_string()));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = format!("{}/{path}", store.uri_path).parse().map_err(|_| Trouble::InvalidResponse)?;
    request.headers_mut().insert("host", host.parse().map_err(|_| Trouble::InvalidResponse)?);
    let now = Clock::date(at).duration_since(UNIX_EPOCH).unwrap_or_default();
    let credential = Credential { access_key_id: store.access_key_id.clone(), secret_access_key: store.secret.clone() };
    proxy::sign(&mut request, &credential, &store.home.region, now);
    let answer = proxy::spoil(&proxy.answers, request.uri().path(), proxy::answer(proxy, &request, now));
    read(answer.status().as_u16(), answer.body(), &proxy.answers)
}

fn read(status: u16, body: &Bytes, answers: &Answers) -> Result<Value, Trouble> {
    if *answers == Answers::Endless {
        return Err(Trouble::TimedOut);
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Trouble::InvalidResponse)?;
    if body.len() > LONGEST_ANSWER {
        return Err(Trouble::InvalidResponse);
    }
    match (status, value["errorName"].as_str()) {
        (200, _) => Ok(value),
        (_, Some(name)) => Err(Trouble::Refused(name.to_owned())),
        (_, None) => Err(Trouble::InvalidResponse),
    }
}

/// TCP and TLS.
fn connect(proxy: &Setup, host: &str, region: &str) -> Result<(), Trouble> {
    match proxy.transport {
        Transport::ClosedPort | Transport::Closing => return Err(Trouble::NotReachable),
        Transport::Silent => return Err(Trouble::TimedOut),
        Transport::PlainHttp | Transport::Http2Only => return Err(Trouble::InvalidResponse),
        Transport::Tls11Only | Transport::ClientCertificate | Transport::UnknownName => return Err(Trouble::Tls),
        Transport::Tls | Transport::Tls12Only | Transport::Tls13Only => {}
    }
    let fits = is_accepted(&proxy.certificate, host) && has_a_common_suite(proxy, region);
    if fits { Ok(()) } else { Err(Trouble::Tls) }
}

pub(super) fn has_a_common_suite(proxy: &Setup, region: &str) -> bool {
    let old = |suite: &str| suite.contains("ECDHE");
    let offered = SUITES.iter().filter(|suite| !(region.starts_with("us-gov-") && suite.contains("CHACHA20")));
    let mut possible = offered.filter(|suite| match proxy.transport {
        Transport::Tls12Only => old(suite),
        Transport::Tls13Only => !old(suite),
        _ => true,
    });
    let signs = |suite: &str| match proxy.certificate.key {
        KeyType::Ecdsa => !suite.contains("ECDHE_RSA"),
        KeyType::Rsa => !suite.contains("ECDHE_ECDSA"),
    };
    let taken = |suite: &str| proxy.cipher_suites.is_empty() || proxy.cipher_suites.iter().any(|each| each == suite);
    possible.any(|suite| signs(suite) && taken(suite))
}

/// KMS compares the common name; that it looks at the subjectAltName as well, as every TLS client does, is not said.
fn is_accepted(certificate: &Certificate, host: &str) -> bool {
    let names_it = |name: &String| matches(name, host);
    certificate.common_name.as_ref().is_some_and(names_it)
        && certificate.alt_names.iter().any(names_it)
        && certificate.valid_from_days <= 0
        && certificate.valid_until_days > 0
        && matches!(certificate.chain, Chain::Complete | Chain::WithRoot)
}

/// The same name, or with `*` for its first label.
fn matches(name: &str, host: &str) -> bool {
    let below = |parent: &str| host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    name.eq_ignore_ascii_case(host) || name.strip_prefix("*.").is_some_and(below)
}
