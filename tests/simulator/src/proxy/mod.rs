//! The simulated external key store proxy, as data: what it serves, what certificate it shows, and how it misbehaves.
//!
//! The same [`Setup`] runs as a server over real TLS ([`Proxy`]) and stands in a [`World`](crate::World), where the
//! simulated KMS draws from it what a connection comes to.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod answers;
mod api;
mod certificate;
mod handshake;
mod keys;
mod server;
mod signature;

use serde::{Deserialize, Serialize};

pub(crate) use self::answers::spoil;
pub(crate) use self::api::answer;
pub use self::certificate::{Certificate, Chain, KeyType};
pub use self::server::{LoggedCall, Proxy};
pub(crate) use self::signature::sign;
use crate::kms::Secret;

/// The access key id that a proxy accepts unless it is told otherwise.
pub const ACCESS_KEY_ID: &str = "XKSSIMULATEDPROXY234";
/// The secret that goes with it.
pub const SECRET_ACCESS_KEY: &str = "simulated+simulated+simulated+simulated+1234=";

/// A proxy as data.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// Where it stands in the simulated world: addresses of targets, or the host name of a public endpoint.
    pub addresses: Vec<String>,
    /// The key stores that it serves.
    pub stores: Vec<Store>,
    /// `xksProxyFleetSize`.
    pub fleet_size: u32,
    /// The key managers behind it.
    pub fleet: Vec<KeyManager>,
    /// What it shows in the TLS handshake.
    pub certificate: Certificate,
    /// How it takes connections.
    pub transport: Transport,
    /// The only cipher suites that it takes, under their IANA names; none means all.
    pub cipher_suites: Vec<String>,
    /// Operations that it does not implement: `metadata`, `encrypt`, `decrypt`.
    pub unsupported: Vec<String>,
    /// What becomes of its answers.
    pub answers: Answers,
    /// How long it thinks before it answers.
    pub delay_ms: u64,
    /// How far its clock is ahead.
    pub clock_skew_seconds: i64,
    /// What an intermediary before it makes of the `Host` header, which breaks the signature.
    pub rewritten_host: Option<String>,
    /// The only `Host` under which it has `/ping`, as a proxy that chooses sites by name; without one, any does.
    pub ping_host: Option<String>,
}

/// A key store that a proxy serves.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// What comes before `/kms/xks/v1` in its paths: empty, or `/` and more.
    pub prefix: String,
    /// The credentials that it accepts: two while one takes over from the other.
    pub credentials: Vec<Credential>,
    /// The external keys.
    pub keys: Vec<Key>,
}

/// A SigV4 credential of a proxy.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Access key id.
    pub access_key_id: String,
    /// The secret part. It is read and never written.
    #[serde(skip_serializing)]
    pub secret_access_key: Secret,
}

/// An external key: AES-256, made from its id.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Key {
    /// `XksKeyId`.
    pub id: String,
    /// `keySpec`; only `AES_256` works with KMS.
    pub spec: String,
    /// `keyUsage`.
    pub usage: Vec<String>,
    /// Whether the key manager lets it be used.
    pub enabled: bool,
    /// `ciphertextMetadata` of what it encrypts.
    pub ciphertext_metadata: Option<String>,
}

/// One of the key managers behind a proxy.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyManager {
    /// Id.
    pub id: String,
    /// Model.
    pub model: String,
    /// `ACTIVE`, `DEGRADED` or `UNAVAILABLE`.
    pub health: String,
}

/// How a proxy takes connections.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls,
    /// TLS 1.2 and nothing newer.
    Tls12Only,
    /// TLS 1.3 and nothing older.
    Tls13Only,
    /// TLS 1.1 and nothing newer.
    Tls11Only,
    /// TLS for other names than the one that is asked for: the handshake ends with an alert that says so.
    UnknownName,
    /// TLS with HTTP/2 behind it and nothing older.
    Http2Only,
    /// TLS with a demand for a client certificate.
    ClientCertificate,
    /// HTTP without TLS.
    PlainHttp,
    /// Nobody listens.
    ClosedPort,
    /// Connections are closed at once.
    Closing,
    /// Connections are taken, and nothing is ever said.
    Silent,
}

/// What becomes of the answers of the proxy API.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// They are as the specification says.
    #[default]
    Proper,
    /// All are the error with this HTTP status.
    Error(u16),
    /// All are a web page with this HTTP status, as from an intermediary.
    Page(u16),
    /// They lack this member. `ekmFleetDetails.id` is the first key manager's.
    Without(String),
    /// This member is of another type.
    Mistyped(String),
    /// They are bytes that are no JSON.
    Garbage,
    /// They are megabytes long.
    Oversized,
    /// They never end.
    Endless,
}

impl Setup {
    /// A healthy proxy under a name, with one key store without prefix, which has the credential [`ACCESS_KEY_ID`] and
    /// [`SECRET_ACCESS_KEY`] and the key `key-1`.
    pub fn named(name: &str) -> Self {
        Self {
            addresses: Vec::new(),
            stores: vec![Store::default()],
            fleet_size: 2,
            fleet: (1..=2).map(|number| KeyManager { id: format!("ekm-{number}"), ..KeyManager::default() }).collect(),
            certificate: Certificate::named(name),
            transport: Transport::default(),
            cipher_suites: Vec::new(),
            unsupported: Vec::new(),
            answers: Answers::default(),
            delay_ms: 0,
            clock_skew_seconds: 0,
            rewritten_host: None,
            ping_host: None,
        }
    }

    /// Whether a load balancer's health check succeeds. Its checks over HTTPS end with TLS 1.2, and no request without
    /// signature gets a good answer but at `/ping`.
    pub(crate) fn answers_check(&self, protocol: &str, path: &str) -> bool {
        match (protocol, self.transport) {
            (_, Transport::ClosedPort) => false,
            // The load balancer sends its own address.
            ("HTTP" | "HTTPS", _) if self.ping_host.is_some() => false,
            ("HTTP", transport) => transport == Transport::PlainHttp && path == "/ping",
            ("HTTPS", transport) => {
                // Checks are sent without the name, and take an answer in HTTP/2 for none.
                let answers = [Transport::Tls, Transport::Tls12Only, Transport::Tls11Only, Transport::UnknownName];
                answers.contains(&transport) && path == "/ping"
            }
            _ => true,
        }
    }

    /// Whether no key manager can serve.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.fleet.iter().all(|each| each.health == "UNAVAILABLE")
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::named("xks.example.com")
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            credentials: vec![Credential::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY)],
            keys: vec![Key::default()],
        }
    }
}

impl Credential {
    /// A credential.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self { access_key_id: access_key_id.into(), secret_access_key: Secret(secret_access_key.into()) }
    }
}

impl Default for Key {
    fn default() -> Self {
        Self {
            id: "key-1".to_owned(),
            spec: "AES_256".to_owned(),
            usage: vec!["ENCRYPT".to_owned(), "DECRYPT".to_owned()],
            enabled: true,
            ciphertext_metadata: None,
        }
    }
}

impl Default for KeyManager {
    fn default() -> Self {
        Self { id: "ekm-1".to_owned(), model: "Simulated HSM 1.0".to_owned(), health: "ACTIVE".to_owned() }
    }
}
