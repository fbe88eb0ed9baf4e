//! The proxy API as AWS KMS calls it: GetHealthStatus with every answer checked, deliberate mistakes, and GetKeyMetadata.
//!
//! KMS signs with SigV4 for the service `kms-xks-proxy`. The proxy holds the secret too, so a hostile one could put it into
//! any text; texts of the proxy pass [`withhold`].

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, Method, Request, StatusCode, header};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use http_body_util::Full;
use zeroize::Zeroizing;

use super::clock::Clock;
use super::http::{Answered, Connection, Unanswered};
use super::outcome::{Answer, Connect, Handshake, HealthCheckOutcome, HttpFailure, KeyOutcome, ProxyOutcome};
use super::tls::{Attempt, Offer, Server, connect};
use super::{body, provider};
use crate::spec::{ProxyCredential, Secret, WITHHELD};

/// A credential that keeps the rules of KMS (KS-05), and that no proxy has given out.
const NOBODYS: (&str, &str) = ("XKSLINKWRONGCREDENTIAL", "TheProbeExpectsThatThisSecretIsRefused00000");
/// A path that no store has.
const NOWHERE: &str = "/xkslink-probe-nowhere/kms/xks/v1";

/// What to ask a proxy.
#[derive(Clone, Debug)]
pub(super) struct Questions {
    /// `XksProxyUriPath`.
    pub(super) path: String,
    pub(super) region: String,
    pub(super) credential: ProxyCredential,
    /// How often GetHealthStatus is asked for its time.
    pub(super) samples: usize,
    /// The external key to be used.
    pub(super) key: Option<String>,
}

/// An unsigned GET as a load balancer's health check sends it.
#[derive(Clone, Debug)]
pub(super) struct Ping {
    pub(super) path: String,
    pub(super) tls: bool,
    /// The port to check, if it is not that of the traffic.
    pub(super) port: Option<u16>,
}

/// Asks everything over two connections: the first, as KMS; the second, as somebody who makes mistakes.
pub(super) async fn probe(server: &Server, questions: &Questions, clock: &Clock) -> ProxyOutcome {
    let began = clock.now();
    let secret = &questions.credential.raw_secret_access_key;
    let (mut right, opened) = Session::open(server, &[b"http/1.1"], clock).await;
    let first = match opened {
        Ok(()) => right.ask(&questions.health(server, clock, &questions.path, &questions.credential), clock).await,
        Err(error) => Err(error),
    };
    let mut outcome = ProxyOutcome {
        address: server.address,
        path: questions.path.clone(),
        health: answer(&first, secret),
        samples_ms: first.iter().map(|answered| answered.took_ms).collect(),
        problems: Vec::new(),
        fleet: None,
        clock_skew_seconds: first.as_ref().ok().and_then(skew),
        wrong_path: None,
        wrong_credential: None,
        unsigned_get: None,
        key: None,
        took_ms: 0.0,
    };
    if let Ok(answered) = &first {
        if answered.response.status() == StatusCode::OK {
            let (fleet, problems) = body::health(&withhold(answered.response.body(), secret));
            (outcome.fleet, outcome.problems) = (fleet, problems);
        }
        for _ in 1..questions.samples {
            let request = questions.health(server, clock, &questions.path, &questions.credential);
            match right.ask(&request, clock).await {
                Ok(answered) => outcome.samples_ms.push(answered.took_ms),
                Err(_) => break,
            }
        }
        if let Some(key) = &questions.key {
            let asked = right.ask(&questions.metadata(server, clock, key), clock).await;
            outcome.key = Some(key_outcome(key, &asked, secret));
        }
        // PXY-02: HTTP/1.1 must be there for who offers no protocol at all, too.
        let (mut wrong, _) = Session::open(server, &[], clock).await;
        let request = questions.health(server, clock, NOWHERE, &questions.credential);
        outcome.wrong_path = Some(answer(&wrong.ask(&request, clock).await, secret));
        if let Ok(nobody) = ProxyCredential::new(NOBODYS.0, NOBODYS.1) {
            let request = questions.health(server, clock, &questions.path, &nobody);
            outcome.wrong_credential = Some(answer(&wrong.ask(&request, clock).await, secret));
        }
        let request = unsigned_get(&server.name, &format!("{}/health", questions.path));
        outcome.unsigned_get = Some(answer(&wrong.ask(&request, clock).await, secret));
    }
    outcome.took_ms = clock.since(began);
    outcome
}

/// The health check of a target group: `Host` is the address (TGT-15), TLS is 1.2 at most (TGT-14).
pub(super) async fn health_check(server: &Server, ping: &Ping, clock: &Clock) -> HealthCheckOutcome {
    let address = SocketAddr::new(server.address.ip(), ping.port.unwrap_or(server.address.port()));
    let server = Server { address, name: server.name.clone() };
    let (mut session, opened) = match ping.tls {
        true => Session::open_with(&server, Offer::version(&rustls::version::TLS12), clock).await,
        false => Session::open_plain(&server, clock).await,
    };
    let nothing = Secret::new("");
    let asked = match opened {
        Ok(()) => session.ask(&unsigned_get(&address.to_string(), &ping.path), clock).await,
        Err(error) => Err(error),
    };
    let by_address = answer(&asked, &nothing);
    // Is it the path, or the `Host`?
    let by_name = match by_address.status().filter(|_| !by_address.is_healthy()) {
        Some(_) => Some(answer(&session.ask(&unsigned_get(&server.name, &ping.path), clock).await, &nothing)),
        None => None,
    };
    HealthCheckOutcome { address, path: ping.path.clone(), tls: ping.tls, answer: by_address, by_name }
}

/// A connection that is opened again when the proxy has closed it.
struct Session<'a> {
    server: &'a Server,
    how: How,
    connection: Option<Connection>,
    /// Whether an answer came over this connection already.
    used: bool,
}

enum How {
    Plain,
    Tls(Offer),
}

impl<'a> Session<'a> {
    async fn open(server: &'a Server, protocols: &[&[u8]], clock: &Clock) -> (Self, Result<(), Unanswered>) {
        Self::open_with(server, Offer::of_kms(protocols), clock).await
    }

    async fn open_with(server: &'a Server, offer: Offer, clock: &Clock) -> (Self, Result<(), Unanswered>) {
        let mut session = Self { server, how: How::Tls(offer), connection: None, used: false };
        let opened = session.connect(clock).await;
        (session, opened)
    }

    async fn open_plain(server: &'a Server, clock: &Clock) -> (Self, Result<(), Unanswered>) {
        let mut session = Self { server, how: How::Plain, connection: None, used: false };
        let opened = session.connect(clock).await;
        (session, opened)
    }

    async fn connect(&mut self, clock: &Clock) -> Result<(), Unanswered> {
        let (outcome, stream) = connect(self.server.address, clock).await;
        let Some(stream) = stream else {
            let reason = match outcome {
                Connect::TimedOut { .. } => "the TCP connection timed out".to_owned(),
                Connect::Failed { reason } => reason,
                _ => "the TCP connection was refused".to_owned(),
            };
            return Err(Unanswered::new(HttpFailure::NotConnected, reason));
        };
        let connection = match &self.how {
            How::Plain => Connection::open(stream).await?,
            How::Tls(offer) => {
                let attempt = Attempt::start(self.server, stream, offer, clock).await;
                match (attempt.stream, attempt.handshake) {
                    (Some(stream), _) => Connection::open(stream).await?,
                    (None, Handshake::Failed { reason, .. }) => {
                        return Err(Unanswered::new(HttpFailure::NoTls, reason));
                    }
                    (None, Handshake::Complete { .. }) => {
                        return Err(Unanswered::new(HttpFailure::NoTls, "the TLS connection is gone"));
                    }
                }
            }
        };
        (self.connection, self.used) = (Some(connection), false);
        Ok(())
    }

    async fn ask(&mut self, request: &Request<Bytes>, clock: &Clock) -> Result<Answered, Unanswered> {
        let used = self.used;
        match self.ask_once(request, clock).await {
            // A server may close a connection after any answer, without a word.
            Err(Unanswered { failure: HttpFailure::Closed, .. }) if used => self.ask_once(request, clock).await,
            other => other,
        }
    }

    async fn ask_once(&mut self, request: &Request<Bytes>, clock: &Clock) -> Result<Answered, Unanswered> {
        if self.connection.is_none() {
            self.connect(clock).await?;
        }
        let Some(connection) = &mut self.connection else {
            return Err(Unanswered::new(HttpFailure::NotConnected, "there is no connection"));
        };
        let (parts, body) = request.clone().into_parts();
        let asked = connection.ask(Request::from_parts(parts, Full::new(body)), clock).await;
        self.used = asked.as_ref().is_ok_and(|answered| keeps_alive(answered.response.headers()));
        if !self.used {
            self.connection = None;
        }
        asked
    }
}

fn keeps_alive(headers: &HeaderMap) -> bool {
    let close = |value: &header::HeaderValue| value.as_bytes().to_ascii_lowercase().windows(5).any(|w| w == b"close");
    !headers.get_all(header::CONNECTION).iter().any(close)
}

impl Questions {
    fn health(&self, server: &Server, clock: &Clock, path: &str, credential: &ProxyCredential) -> Request<Bytes> {
        let body = serde_json::json!({
            "requestMetadata": { "kmsRequestId": request_id(), "kmsOperation": "KmsHealthCheck" },
        });
        self.signed(server, clock.now(), &format!("{path}/health"), body.to_string(), credential)
    }

    fn metadata(&self, server: &Server, clock: &Clock, key: &str) -> Request<Bytes> {
        let body = serde_json::json!({
            "requestMetadata": {
                "awsPrincipalArn": "arn:aws:iam::000000000000:role/xkslink-probe",
                "kmsOperation": "CreateKey",
                "kmsRequestId": request_id(),
            },
        });
        let path = format!("{}/keys/{key}/metadata", self.path);
        self.signed(server, clock.now(), &path, body.to_string(), &self.credential)
    }

    fn signed(
        &self,
        server: &Server,
        now: SystemTime,
        path: &str,
        body: String,
        credential: &ProxyCredential,
    ) -> Request<Bytes> {
        let (date, authorization) = signature(&server.name, path, &self.region, body.as_bytes(), now, credential);
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().unwrap_or_default();
        for (name, value) in [
            (header::HOST, server.name.as_str()),
            (header::CONTENT_TYPE, "application/json"),
            (header::HeaderName::from_static("x-amz-date"), date.as_str()),
            (header::AUTHORIZATION, authorization.as_str()),
        ] {
            if let Ok(mut value) = header::HeaderValue::from_str(value) {
                value.set_sensitive(name == header::AUTHORIZATION);
                request.headers_mut().insert(name, value);
            }
        }
        request
    }
}

/// `X-Amz-Date` and `Authorization` of a POST, as KMS makes them: host and date are signed, with the hash of the body.
fn signature(
    host: &str,
    path: &str,
    region: &str,
    body: &[u8],
    now: SystemTime,
    credential: &ProxyCredential,
) -> (String, String) {
    let secret = credential.raw_secret_access_key.expose();
    let identity = Credentials::new(&credential.access_key_id, secret, None, None, "xks-proxy").into();
    let mut settings = SigningSettings::default();
    // The path goes into the signature as it is sent.
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let parameters = SigningParams::builder().identity(&identity).region(region).name("kms-xks-proxy").time(now);
    let uri = format!("https://{host}{path}");
    let signed = parameters.settings(settings).build().ok().and_then(|parameters| {
        let headers = std::iter::once(("host", host));
        let request = SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(body)).ok()?;
        let (instructions, _) = sign(request, &parameters.into()).ok()?.into_parts();
        let header =
            |wanted: &str| instructions.headers().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        Some((header("x-amz-date")?, header("authorization")?))
    });
    // A request that cannot be signed is sent without: the proxy refuses it, and the outcome shows that.
    signed.unwrap_or_default()
}

fn unsigned_get(host: &str, path: &str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = path.parse().unwrap_or_default();
    if let Ok(host) = header::HeaderValue::from_str(host) {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}

/// A random UUID, as KMS sends one with each request.
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without chance all requests have the same id, which no proxy minds.
    let _ = provider().secure_random.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

fn answer(asked: &Result<Answered, Unanswered>, secret: &Secret) -> Answer {
    match asked {
        Err(Unanswered { failure, reason }) => Answer::None { failure: *failure, reason: withheld(reason, secret) },
        Ok(Answered { response, took_ms, .. }) => {
            let (error_name, error_message) = match response.status().is_success() {
                true => (None, None),
                false => body::error(&withhold(response.body(), secret)),
            };
            Answer::Status {
                status: response.status().as_u16(),
                error_name,
                error_message,
                version: format!("{:?}", response.version()),
                took_ms: *took_ms,
            }
        }
    }
}

fn key_outcome(key: &str, asked: &Result<Answered, Unanswered>, secret: &Secret) -> KeyOutcome {
    let good = asked.as_ref().ok().filter(|answered| answered.response.status() == StatusCode::OK);
    let read = good.map(|answered| body::key_metadata(&withhold(answered.response.body(), secret)));
    let (metadata, problems) = read.unwrap_or_default();
    KeyOutcome { id: key.to_owned(), answer: answer(asked, secret), metadata, problems }
}

/// The proxy's clock less ours, against the middle of the exchange.
fn skew(answered: &Answered) -> Option<i64> {
    let date = answered.response.headers().get(header::DATE)?.to_str().ok()?;
    let theirs = DateTime::from_str(date, Format::HttpDate).ok()?.secs();
    let middle = answered.sent + Duration::from_secs_f64(answered.took_ms.max(0.0) / 2000.0);
    let ours = i64::try_from(super::certificate::seconds(middle)).ok()?;
    Some(theirs.saturating_sub(ours))
}

/// The bytes of an answer without the secret.
fn withhold(bytes: &[u8], secret: &Secret) -> Vec<u8> {
    withheld(&String::from_utf8_lossy(bytes), secret).into_bytes()
}

fn withheld(text: &str, secret: &Secret) -> String {
    // JSON may write the `/` of a secret in two ways.
    let (plain, escaped) = (secret.expose(), Zeroizing::new(secret.expose().replace('/', "\\/")));
    match plain.is_empty() {
        true => text.to_owned(),
        false => text.replace(plain, WITHHELD).replace(escaped.as_str(), WITHHELD),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG+/=";

    #[test]
    fn a_request_is_signed_as_kms_signs_it() -> Result<(), crate::spec::CredentialError> {
        let body = br#"{"requestMetadata":{"kmsRequestId":"4112f4d6-db54-4af4-ae30-c55a22a8dfae","kmsOperation":"KmsHealthCheck"}}"#;
        let credential = ProxyCredential::new("XKSTESTKEYABCDEFGH22", SECRET)?;
        let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let path = "/payments/kms/xks/v1/health";
        let (date, authorization) = signature("xks.payments.example.com", path, "eu-central-1", body, now, &credential);
        assert_eq!(date, "20260102T030405Z");
        // Made by hand with another implementation of HMAC, from the description of SigV4.
        let right = "AWS4-HMAC-SHA256 \
            Credential=XKSTESTKEYABCDEFGH22/20260102/eu-central-1/kms-xks-proxy/aws4_request, \
            SignedHeaders=host;x-amz-date, \
            Signature=34d242bd48501478572a172e28fd0427597a1d10c68262cca19ce7e3d91f6b1e";
        assert_eq!(authorization, right);
        Ok(())
    }

    #[test]
    fn the_credential_that_nobody_has_keeps_the_rules_of_kms() {
        assert!(ProxyCredential::new(NOBODYS.0, NOBODYS.1).is_ok());
    }

    #[test]
    fn the_secret_is_withheld_from_what_a_proxy_says() {
        let secret = Secret::new(SECRET);
        let said = format!("{{\"errorMessage\":\"{SECRET} or {}\"}}", SECRET.replace('/', "\\/"));
        let (_, message) = body::error(&withhold(said.as_bytes(), &secret));
        assert_eq!(message.as_deref(), Some("<withheld> or <withheld>"));
    }

    #[test]
    fn ids_of_requests_are_random_uuids() {
        let (one, other) = (request_id(), request_id());
        assert_ne!(one, other);
        let shape: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!((shape, one.as_bytes()[14]), (vec![8, 4, 4, 4, 12], b'4'));
    }
}
