//! What a probe found, as plain data for rules, reports and other languages. Nothing here uses the network or a clock.
//!
//! An outcome says what was seen and not whether it is right; [`crate::probe`] makes outcomes, rules judge them. Times are
//! milliseconds as seen from the host that probed, which is not where AWS KMS stands.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All that a probe found, and where it ran from.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProbeReport {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// The private DNS name of the endpoint service.
    pub private_dns_name: String,
    /// The Region of the key store.
    pub region: String,
    /// The host that probed: reachability and times are its own, not those of AWS KMS.
    pub ran_from: String,
    /// When it began, such as `2026-11-24T17:00:00Z`.
    pub began: String,
    /// Total time.
    pub took_ms: f64,
    /// Public DNS; `None` when it was not asked.
    pub dns: Option<DnsOutcome>,
    /// The certificate of a PEM file; `None` when none was given.
    pub certificate: Option<CertificateOutcome>,
    /// One for each address; empty when none was given.
    pub tls: Vec<TlsOutcome>,
    /// One for each address; empty when no credential was given.
    pub proxy: Vec<ProxyOutcome>,
    /// One for each address; empty when no HTTP or HTTPS health check was given.
    pub health_check: Vec<HealthCheckOutcome>,
}

impl ProbeReport {
    /// Every certificate that was seen, from the file and from servers.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateOutcome> {
        self.certificate.iter().chain(self.tls.iter().filter_map(|tls| tls.certificate.as_ref()))
    }

    /// The report as a JSON document. Holds no secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Public DNS around the private DNS name (DNS-01, DNS-03, DNS-07, DNS-08).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DnsOutcome {
    /// Time of the whole phase.
    pub took_ms: f64,
    /// The zones that hold the parents of the name, nearest first. Empty with `trouble` `None`: there is no public zone.
    pub zones: Vec<ZoneOutcome>,
    /// Addresses that public DNS has for the private DNS name, and none are needed (DNS-08); `None` when it did not say.
    pub public_addresses: Option<Vec<IpAddr>>,
    /// The TXT record; `None` when the probe was not told which one.
    pub txt: Option<TxtOutcome>,
    /// Why DNS could not be asked at all, or not completely.
    pub trouble: Option<String>,
}

/// A zone of public DNS.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ZoneOutcome {
    /// Its name.
    pub name: String,
    /// Its name servers.
    pub servers: Vec<String>,
    /// How long resolvers remember that a name is not there, in seconds.
    pub negative_cache_seconds: Option<u32>,
}

/// The TXT record that proves ownership of the domain, at every place where AWS or a mistake may have it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TxtOutcome {
    /// The value that AWS wants, case and all.
    pub wanted: String,
    /// What the places add up to.
    pub finding: TxtFinding,
    /// Every owner name that was asked, in the order in which AWS looks, then those of common mistakes.
    pub places: Vec<TxtPlace>,
}

/// What the answers about the TXT record add up to.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
#[non_exhaustive]
pub enum TxtFinding {
    /// Every server that answered has the value at a name where AWS looks.
    Published {
        /// The owner name.
        at: String,
    },
    /// The value is at the domain itself, without the `_…` label. AWS takes that too.
    PublishedWithoutLabel {
        /// The owner name.
        at: String,
    },
    /// Some servers of the zone have the value, others do not yet.
    ServersDisagree {
        /// The owner name.
        at: String,
        /// The servers without it.
        without: Vec<String>,
    },
    /// The value is there in other case, which AWS does not take.
    WrongCase {
        /// The owner name.
        at: String,
        /// What is there.
        value: String,
    },
    /// The value is there, but below the zone's name twice: the provider appended the zone.
    AppendedZone {
        /// The owner name.
        at: String,
    },
    /// There are TXT records at the name, and none is the wanted one.
    OtherValues {
        /// The owner name.
        at: String,
        /// What is there.
        values: Vec<String>,
    },
    /// No such record at any place.
    Missing,
    /// No server of the zone answered.
    Unknown,
}

/// One owner name that was asked for TXT records.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TxtPlace {
    /// The owner name.
    pub name: String,
    /// What kind of place it is.
    pub place: Place,
    /// What each server said.
    pub answers: Vec<TxtAnswer>,
}

/// Which kind of place an owner name is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Place {
    /// The `_…` label below a parent of the private DNS name: where AWS looks first.
    Label,
    /// A parent itself, for providers that take no underscore.
    Domain,
    /// The label with the zone's name twice: where providers put it that append the zone.
    AppendedZone,
}

/// What one server said to one question.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TxtAnswer {
    /// The server that was asked: its name and address.
    pub server: String,
    /// What it said.
    #[serde(flatten)]
    pub answer: DnsAnswer,
}

/// What a DNS server said.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
#[non_exhaustive]
pub enum DnsAnswer {
    /// There are records.
    Values {
        /// Their texts, the parts of one record joined.
        values: Vec<String>,
        /// Time to live in seconds.
        ttl_seconds: u32,
    },
    /// There is no such record.
    Nothing,
    /// It refused, or failed, or is not responsible for the zone.
    Refused {
        /// The DNS response code, such as `REFUSED`.
        code: String,
    },
    /// It did not answer in time, or not with DNS.
    Silent {
        /// What happened instead.
        reason: String,
    },
}

/// A certificate and the chain that came with it (TLS-03 to TLS-09), from a server or a file.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CertificateOutcome {
    /// The Common Names in the leaf's subject; usually one.
    pub common_names: Vec<String>,
    /// Whether a Common Name is one that KMS takes for the private DNS name (TLS-03, TLS-05).
    pub common_name: NameMatch,
    /// The DNS names among the leaf's alternative names.
    pub alternative_names: Vec<String>,
    /// Whether one of them is right for the private DNS name (TLS-04).
    pub alternative_name: NameMatch,
    /// The certificates as they came, the leaf first. Those after the first unreadable one are left out.
    pub chain: Vec<ChainCertificate>,
    /// What the chain ends in.
    pub trust: Trust,
    /// What could not be read, such as a broken certificate.
    pub trouble: Option<String>,
}

impl CertificateOutcome {
    /// The certificate of the proxy itself.
    pub fn leaf(&self) -> Option<&ChainCertificate> {
        self.chain.first()
    }
}

/// How names of a certificate and the private DNS name fit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NameMatch {
    /// The same name.
    Exact,
    /// A wildcard for the first label alone.
    Wildcard,
    /// Other names only.
    Different,
    /// There is none.
    Missing,
}

impl NameMatch {
    /// Whether the name is right.
    pub fn fits(self) -> bool {
        matches!(self, Self::Exact | Self::Wildcard)
    }
}

/// One certificate of a chain.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChainCertificate {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// SHA-256 of the whole certificate, hexadecimal.
    pub sha256: String,
    /// First moment of validity, such as `2026-01-31T00:00:00Z`.
    pub not_before: String,
    /// Last moment of validity.
    pub not_after: String,
    /// How it stood at the time of the probe (TLS-08).
    pub validity: Validity,
    /// Whole days until it expires; negative once it has.
    pub days_left: i64,
    /// The key, such as `RSA 2048` or `EC P-256`.
    pub key: String,
    /// Whether it may sign certificates.
    pub authority: bool,
}

/// Whether a certificate is valid at the time of the probe.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Validity {
    /// Valid.
    Valid,
    /// Not yet valid.
    NotYet,
    /// Expired.
    Expired,
}

/// What a chain ends in, as far as it can be proved (TLS-06, TLS-07, TLS-09).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "trust")]
#[non_exhaustive]
pub enum Trust {
    /// In a root of the list: every signature up to it was verified.
    Listed {
        /// The root.
        root: Root,
        /// How the root itself stood at the time of the probe (TLS-07).
        validity: Validity,
    },
    /// Its last issuer has the name of a root of the list whose certificate this library does not hold, so that the
    /// signature could not be verified. Serving the root too would prove it.
    ListedByName {
        /// The roots of that name.
        roots: Vec<Root>,
        /// SHA-256 of a public root with that name which did sign it, but is not the certificate on the list: authorities
        /// issue roots anew for the same key.
        signed_by: Option<String>,
    },
    /// In a public root that is not on the list.
    NotListed {
        /// The subject of the root.
        root: String,
    },
    /// In a self-signed certificate that is not on the list: a private authority.
    SelfSigned {
        /// Its subject.
        subject: String,
    },
    /// The issuer of the last certificate is neither served nor a known root: an intermediate certificate is missing, or
    /// the authority is private.
    Incomplete {
        /// The issuer that is missing.
        missing: String,
    },
    /// A certificate names another one as its issuer that did not sign it, or may not sign.
    Broken {
        /// What is wrong.
        reason: String,
    },
    /// There is no chain that could be read.
    Unreadable,
}

/// A root certificate that a chain may end in.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Root {
    /// The name that the list has for it, or its own.
    pub name: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// Last day of validity, such as `2038-01-16`.
    pub expires: String,
    /// Whether the caller added it: it is not on the list of AWS KMS.
    #[serde(default)]
    pub added: bool,
}

/// A TCP connection and TLS handshakes with one address (ACC-08, PXY-01, TLS-01, TLS-02, TLS-10, TLS-11, TGT-14).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TlsOutcome {
    /// The address that was connected to.
    pub address: SocketAddr,
    /// The name that was asked for in the handshake.
    pub server_name: String,
    /// The TCP connection.
    pub connect: Connect,
    /// The handshake with just the versions and suites that KMS offers; `None` without a connection.
    pub handshake: Option<Handshake>,
    /// The certificate, from any handshake that came that far.
    pub certificate: Option<CertificateOutcome>,
    /// Each accepted suite offered alone (TLS-01, TLS-02).
    pub suites: Vec<SuiteTrial>,
    /// Each version offered alone, with all suites that this library has (TGT-14).
    pub versions: Vec<VersionTrial>,
    /// Whether the server wants a certificate of the client (TLS-10); `None` when no handshake came that far.
    pub client_certificate: Option<ClientCertificate>,
    /// Time of the whole phase.
    pub took_ms: f64,
}

/// How a TCP connection went.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "connect")]
#[non_exhaustive]
pub enum Connect {
    /// Connected: one round trip to whoever answers for the address.
    Connected {
        /// Time.
        took_ms: f64,
    },
    /// Refused: nobody listens on the port.
    Refused,
    /// No answer: a route or a firewall swallows it.
    TimedOut {
        /// How long it was waited for.
        after_ms: f64,
    },
    /// Anything else, such as no route from this host.
    Failed {
        /// What the system said.
        reason: String,
    },
}

/// How a TLS handshake went.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "handshake")]
#[non_exhaustive]
pub enum Handshake {
    /// Complete.
    Complete {
        /// Time of the handshake alone.
        took_ms: f64,
        /// The version that was agreed on.
        version: TlsVersion,
        /// The suite that was agreed on, by its IANA name.
        suite: String,
        /// The application protocol that was agreed on, such as `http/1.1`; `None` when the server chose none.
        protocol: Option<String>,
    },
    /// Not complete.
    Failed {
        /// Time until it failed.
        took_ms: f64,
        /// Why.
        failure: TlsFailure,
        /// In words.
        reason: String,
    },
}

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TlsFailure {
    /// The server has no TLS version in common with what was offered.
    Version,
    /// The server has no cipher suite, group or signature in common with what was offered.
    Suite,
    /// The server does not know the name that was asked for (TLS-11).
    ServerName,
    /// The server wants a certificate of the client (TLS-10).
    ClientCertificate,
    /// What answers does not speak TLS, such as plain HTTP (NLB-07).
    NotTls,
    /// The connection was closed or reset.
    Closed,
    /// No answer in time.
    TimedOut,
    /// Anything else.
    Other,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// A cipher suite that KMS offers to a proxy (TLS-01).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Suite {
    /// TLS 1.3.
    #[serde(rename = "TLS_AES_256_GCM_SHA384")]
    Aes256GcmSha384,
    /// TLS 1.3; not in AWS GovCloud (TLS-02).
    #[serde(rename = "TLS_CHACHA20_POLY1305_SHA256")]
    Chacha20Poly1305Sha256,
    /// TLS 1.2, for RSA certificates.
    #[serde(rename = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")]
    EcdheRsaAes256GcmSha384,
    /// TLS 1.2, for ECDSA certificates.
    #[serde(rename = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")]
    EcdheEcdsaAes256GcmSha384,
}

/// One suite offered alone.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SuiteTrial {
    /// The suite.
    pub suite: Suite,
    /// Whether the server took it.
    #[serde(flatten)]
    pub taken: Taken,
}

/// One version offered alone.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VersionTrial {
    /// The version.
    pub version: TlsVersion,
    /// Whether the server took it.
    #[serde(flatten)]
    pub taken: Taken,
}

/// Whether a server took what was offered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "taken")]
#[non_exhaustive]
pub enum Taken {
    /// It did.
    Yes,
    /// It refused.
    No,
    /// The trial ended otherwise, so nothing is known.
    Unknown {
        /// How it ended.
        reason: String,
    },
}

/// Whether a server wants a certificate of the client.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientCertificate {
    /// It does not ask for one.
    NotRequested,
    /// It asks, and goes on without.
    Optional,
    /// It asks, and refuses to go on without.
    Required,
}

/// What the proxy API at one address answered (PXY-02 to PXY-13, KS-10).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProxyOutcome {
    /// The address that was connected to.
    pub address: SocketAddr,
    /// `XksProxyUriPath`.
    pub path: String,
    /// GetHealthStatus, signed as KMS signs it. The first request of a connection: its time has no handshake in it.
    pub health: Answer,
    /// Times of GetHealthStatus, the first included, over one connection (PXY-09: each within 250 ms; ACC-08: 35 ms).
    pub samples_ms: Vec<f64>,
    /// What is wrong with the body of a 200 (PXY-08); empty when it is right, or when there is none.
    pub problems: Vec<BodyProblem>,
    /// The fleet that the body told; `None` when it could not be read.
    pub fleet: Option<Fleet>,
    /// The proxy's clock less ours, in seconds, from its `Date` (PXY-06); `None` when it sent none.
    pub clock_skew_seconds: Option<i64>,
    /// GetHealthStatus at a path that no store has: 404 is right. This and the next two go over a connection for which no
    /// application protocol was named (PXY-02).
    pub wrong_path: Option<Answer>,
    /// GetHealthStatus signed with a credential that nobody has: 401 is right.
    pub wrong_credential: Option<Answer>,
    /// An unsigned GET of the health path: 405 is right.
    pub unsigned_get: Option<Answer>,
    /// GetKeyMetadata of the external key to be used (KS-10, PXY-13); `None` when no key was named.
    pub key: Option<KeyOutcome>,
    /// Time of the whole phase.
    pub took_ms: f64,
}

/// How one HTTP request ended.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
#[non_exhaustive]
pub enum Answer {
    /// With an answer.
    Status {
        /// HTTP status code.
        status: u16,
        /// `errorName` of an error body, such as `InvalidUriPathException`.
        error_name: Option<String>,
        /// `errorMessage` of an error body, cut off at 512 characters.
        error_message: Option<String>,
        /// HTTP version of the answer, such as `HTTP/1.1`.
        version: String,
        /// Time from the request to the end of the answer.
        took_ms: f64,
    },
    /// Without one.
    None {
        /// Why.
        failure: HttpFailure,
        /// In words.
        reason: String,
    },
}

impl Answer {
    /// Whether it is one that a health check takes unless it was told another: 200 to 399.
    pub(crate) fn is_healthy(&self) -> bool {
        self.status().is_some_and(|status| (200..400).contains(&status))
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::None { .. } => None,
        }
    }
}

/// Why an HTTP request has no answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HttpFailure {
    /// There was no TCP connection.
    NotConnected,
    /// There was no TLS.
    NoTls,
    /// The connection was closed before the end of the answer.
    Closed,
    /// No answer, or no end of it, in time.
    TimedOut,
    /// More than the library reads.
    TooLarge,
    /// What came is not HTTP/1.1.
    NotHttp,
}

/// What is wrong with one field of a body.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BodyProblem {
    /// The field, such as `ekmFleetDetails[0].healthStatus`; empty for the body as a whole.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

/// The proxies and external key managers, as GetHealthStatus tells them (PXY-07, PXY-12).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fleet {
    /// Number of proxies.
    pub size: u64,
    /// Vendor of the proxy.
    pub vendor: String,
    /// Model of the proxy.
    pub model: String,
    /// Vendor of the external key manager.
    pub key_manager_vendor: String,
    /// The instances of the external key manager.
    pub key_managers: Vec<KeyManager>,
}

/// One instance of the external key manager.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KeyManager {
    /// Its id.
    pub id: String,
    /// Its model.
    pub model: String,
    /// How it is.
    pub health: KeyManagerHealth,
}

/// How an instance of the external key manager is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum KeyManagerHealth {
    /// Healthy.
    Active,
    /// Unhealthy, but serving.
    Degraded,
    /// Not serving.
    Unavailable,
}

/// GetKeyMetadata of one external key (KS-10).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KeyOutcome {
    /// The id of the external key.
    pub id: String,
    /// How the request ended.
    pub answer: Answer,
    /// What the proxy told of the key; `None` when the answer was no 200 that could be read.
    pub metadata: Option<KeyMetadata>,
    /// What is wrong with the body of a 200.
    pub problems: Vec<BodyProblem>,
}

/// What the proxy tells of an external key; KMS takes `AES_256`, `ENABLED`, with `ENCRYPT` and `DECRYPT`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KeyMetadata {
    /// `keySpec`.
    pub spec: String,
    /// `keyUsage`.
    pub usage: Vec<String>,
    /// `keyStatus`.
    pub status: String,
}

/// The health check of the target group, sent as the load balancer sends it (TGT-13, TGT-14, TGT-15): without signature,
/// with the address as `Host`, over TLS 1.2 at most, whatever the certificate.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HealthCheckOutcome {
    /// The address that was connected to.
    pub address: SocketAddr,
    /// The path.
    pub path: String,
    /// Whether over TLS.
    pub tls: bool,
    /// How it ended.
    pub answer: Answer,
    /// How the same ended with the private DNS name as `Host`; `None` when it was not sent, since the load balancer's own
    /// check was answered well or not at all.
    #[serde(default)]
    pub by_name: Option<Answer>,
}
