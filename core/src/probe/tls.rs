//! TCP and TLS to one address: what is agreed on, what would be taken, and the certificate, whatever it is worth.
//!
//! The certificate is captured and judged, never relied on: a probe must go on where KMS would stop, to see the rest.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join, join_all};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, CipherSuite, ClientConfig, DigitallySignedStruct, PeerIncompatible, ProtocolVersion,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::judge;
use super::clock::Clock;
use super::outcome::{
    ClientCertificate, Connect, Handshake, Suite, SuiteTrial, Taken, TlsFailure, TlsOutcome, TlsVersion, VersionTrial,
};
use super::roots::TrustedRoots;
use super::{provider, shown};

const SUITES: [Suite; 4] = [
    Suite::Aes256GcmSha384,
    Suite::Chacha20Poly1305Sha256,
    Suite::EcdheRsaAes256GcmSha384,
    Suite::EcdheEcdsaAes256GcmSha384,
];

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

impl Suite {
    fn code(self) -> CipherSuite {
        match self {
            Self::Aes256GcmSha384 => CipherSuite::TLS13_AES_256_GCM_SHA384,
            Self::Chacha20Poly1305Sha256 => CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            Self::EcdheRsaAes256GcmSha384 => CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            Self::EcdheEcdsaAes256GcmSha384 => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        }
    }
}

/// What to connect to, and by which name.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) name: String,
}

/// Connects, shakes hands as KMS would, and tries what else the server takes.
pub(super) async fn probe(server: &Server, roots: &TrustedRoots, clock: &Clock) -> TlsOutcome {
    let began = clock.now();
    let mut outcome = TlsOutcome {
        address: server.address,
        server_name: server.name.clone(),
        connect: Connect::Refused,
        handshake: None,
        certificate: None,
        suites: Vec::new(),
        versions: Vec::new(),
        client_certificate: None,
        took_ms: 0.0,
    };
    let (connect, stream) = connect(server.address, clock).await;
    outcome.connect = connect;
    if let Some(stream) = stream {
        let mut first = Attempt::start(server, stream, &Offer::of_kms(&[b"h2", b"http/1.1"]), clock).await;
        let trials = join(
            join_all(SUITES.map(|suite| trial(server, Offer::suite(suite), clock))),
            join_all(VERSIONS.map(|version| trial(server, Offer::version(version), clock))),
        );
        let (client_certificate, (suites, versions)) = join(first.client_certificate(server, clock), trials).await;
        let others = suites.iter().chain(&versions);
        let chain = std::iter::once(&first).chain(others.filter_map(Option::as_ref)).find_map(Attempt::chain);
        outcome.certificate = chain.map(|chain| judge(&chain, &server.name, roots, clock.now()));
        outcome.client_certificate = client_certificate;
        outcome.suites = SUITES
            .iter()
            .zip(&suites)
            .map(|(suite, trial)| SuiteTrial { suite: *suite, taken: taken(trial) })
            .collect();
        let both = [TlsVersion::Tls13, TlsVersion::Tls12];
        outcome.versions = both
            .iter()
            .zip(&versions)
            .map(|(version, trial)| VersionTrial { version: *version, taken: taken(trial) })
            .collect();
        outcome.handshake = Some(first.handshake);
    }
    outcome.took_ms = clock.since(began);
    outcome
}

/// A TCP connection, timed.
pub(super) async fn connect(address: SocketAddr, clock: &Clock) -> (Connect, Option<TcpStream>) {
    let began = clock.now();
    match clock.bounded(TcpStream::connect(address)).await {
        None => (Connect::TimedOut { after_ms: clock.limit_ms() }, None),
        Some(Ok(stream)) => {
            let took_ms = clock.since(began);
            // Small requests must not wait for one another; without it the probe is only slower.
            let _ = stream.set_nodelay(true);
            (Connect::Connected { took_ms }, Some(stream))
        }
        Some(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => (Connect::Refused, None),
        Some(Err(error)) => (Connect::Failed { reason: shown(&error.to_string()) }, None),
    }
}

/// What a handshake offers.
pub(super) struct Offer {
    provider: CryptoProvider,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<Vec<u8>>,
}

impl Offer {
    /// The versions and suites of KMS, with these application protocols.
    pub(super) fn of_kms(protocols: &[&[u8]]) -> Self {
        let mut offer = Self { provider: provider().clone(), versions: VERSIONS.to_vec(), protocols: Vec::new() };
        offer.provider.cipher_suites.retain(|offered| SUITES.iter().any(|suite| suite.code() == offered.suite()));
        offer.protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        offer
    }

    fn suite(suite: Suite) -> Self {
        let mut offer = Self::of_kms(&[]);
        offer.provider.cipher_suites.retain(|offered| offered.suite() == suite.code());
        offer.versions = offer.provider.cipher_suites.iter().map(|suite| suite.version()).collect();
        offer
    }

    /// One version, with every suite that there is.
    pub(super) fn version(version: &'static SupportedProtocolVersion) -> Self {
        Self { provider: provider().clone(), versions: vec![version], protocols: Vec::new() }
    }
}

/// One handshake, and what it learnt about the server.
pub(super) struct Attempt {
    pub(super) handshake: Handshake,
    pub(super) stream: Option<TlsStream<TcpStream>>,
    witness: Arc<Witness>,
}

impl Attempt {
    pub(super) async fn start(server: &Server, stream: TcpStream, offer: &Offer, clock: &Clock) -> Self {
        let witness = Arc::new(Witness { provider: offer.provider.clone(), ..Witness::default() });
        let began = clock.now();
        let failed = |failure, reason: &str, took_ms| Handshake::Failed { took_ms, failure, reason: shown(reason) };
        let (config, name) = match (config(offer, &witness), ServerName::try_from(server.name.clone())) {
            (Ok(config), Ok(name)) => (config, name),
            (Err(error), _) => {
                return Self { handshake: failed(TlsFailure::Other, &error.to_string(), 0.0), stream: None, witness };
            }
            (_, Err(error)) => {
                return Self { handshake: failed(TlsFailure::Other, &error.to_string(), 0.0), stream: None, witness };
            }
        };
        let connector = TlsConnector::from(Arc::new(config));
        let (handshake, stream) = match clock.bounded(connector.connect(name, stream)).await {
            None => (failed(TlsFailure::TimedOut, "no end of the handshake in time", clock.limit_ms()), None),
            Some(Err(error)) => {
                let failure = failure(&error, witness.asked.load(Ordering::Relaxed));
                let reason = match failure {
                    // Of bytes that are no TLS the library says which of them it disliked.
                    TlsFailure::NotTls => "what answers does not speak TLS".to_owned(),
                    _ => error.to_string(),
                };
                (failed(failure, &reason, clock.since(began)), None)
            }
            Some(Ok(stream)) => (complete(&stream, clock.since(began)), Some(stream)),
        };
        Self { handshake, stream, witness }
    }

    fn chain(&self) -> Option<Vec<CertificateDer<'static>>> {
        let chain = self.witness.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (!chain.is_empty()).then_some(chain)
    }

    /// Whether the server goes on without a certificate of the client. With TLS 1.3 it says so only after the handshake, so
    /// that something must be read; a small unsigned request makes any server say something.
    async fn client_certificate(&mut self, server: &Server, clock: &Clock) -> Option<ClientCertificate> {
        let asked = self.witness.asked.load(Ordering::Relaxed);
        match (&mut self.stream, asked) {
            (None, true) => Some(ClientCertificate::Required),
            (None, false) => None,
            (Some(_), false) => Some(ClientCertificate::NotRequested),
            (Some(stream), true) => {
                // A server that took HTTP/2 may be silent or close on this; it is asked for its word, not for an answer.
                let request = format!("HEAD / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.name);
                let said = clock.bounded(async {
                    stream.write_all(request.as_bytes()).await?;
                    stream.flush().await?;
                    stream.read(&mut [0; 64]).await
                });
                match said.await {
                    Some(Err(_)) => Some(ClientCertificate::Required),
                    Some(Ok(_)) => Some(ClientCertificate::Optional),
                    None => None,
                }
            }
        }
    }
}

/// One more connection with another offer; `None` when there was no TCP connection this time.
async fn trial(server: &Server, offer: Offer, clock: &Clock) -> Option<Attempt> {
    let (_, stream) = connect(server.address, clock).await;
    Some(Attempt::start(server, stream?, &offer, clock).await)
}

fn taken(trial: &Option<Attempt>) -> Taken {
    match trial.as_ref().map(|attempt| &attempt.handshake) {
        None => Taken::Unknown { reason: "no TCP connection".to_owned() },
        Some(Handshake::Complete { .. }) => Taken::Yes,
        // The hello was taken: what the server wants is another thing.
        Some(Handshake::Failed { failure: TlsFailure::ClientCertificate, .. }) => Taken::Yes,
        Some(Handshake::Failed { failure: TlsFailure::Version | TlsFailure::Suite, .. }) => Taken::No,
        Some(Handshake::Failed { reason, .. }) => Taken::Unknown { reason: reason.clone() },
    }
}

fn complete(stream: &TlsStream<TcpStream>, took_ms: f64) -> Handshake {
    let (_, connection) = stream.get_ref();
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
        _ => TlsVersion::Tls12,
    };
    // The crate says `TLS13_…` where IANA says `TLS_…`.
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let suite = suite.unwrap_or_default().replace("TLS13_", "TLS_");
    let protocol = connection.alpn_protocol().map(|protocol| shown(&String::from_utf8_lossy(protocol)));
    Handshake::Complete { took_ms, version, suite, protocol }
}

fn failure(error: &std::io::Error, asked_for_certificate: bool) -> TlsFailure {
    use std::io::ErrorKind;
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::AlertReceived(alert)) => match alert {
            AlertDescription::ProtocolVersion => TlsFailure::Version,
            AlertDescription::UnrecognisedName => TlsFailure::ServerName,
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => TlsFailure::ClientCertificate,
            // Servers of TLS 1.2 have no alert of its own for a client certificate that is missing.
            AlertDescription::HandshakeFailure | AlertDescription::BadCertificate if asked_for_certificate => {
                TlsFailure::ClientCertificate
            }
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => TlsFailure::Suite,
            _ => TlsFailure::Other,
        },
        Some(rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )) => TlsFailure::Version,
        Some(rustls::Error::PeerIncompatible(_)) => TlsFailure::Suite,
        Some(rustls::Error::InvalidMessage(_)) => TlsFailure::NotTls,
        Some(_) => TlsFailure::Other,
        None => match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => TlsFailure::Closed,
            _ => TlsFailure::Other,
        },
    }
}

fn config(offer: &Offer, witness: &Arc<Witness>) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(offer.provider.clone()))
        .with_protocol_versions(&offer.versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Witness>::clone(witness))
        .with_client_cert_resolver(Arc::<Witness>::clone(witness));
    config.alpn_protocols.clone_from(&offer.protocols);
    // Each handshake stands for itself.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Sees the chain and whether a client certificate is asked for. It takes any chain, but only if the server has the key.
#[derive(Debug)]
struct Witness {
    provider: CryptoProvider,
    chain: Mutex<Vec<CertificateDer<'static>>>,
    asked: AtomicBool,
}

impl Default for Witness {
    fn default() -> Self {
        Self { provider: provider().clone(), chain: Mutex::default(), asked: AtomicBool::new(false) }
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(others).map(|certificate| certificate.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
