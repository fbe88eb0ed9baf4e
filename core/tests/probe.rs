//! The probe against the simulated proxy, over real sockets of this host. Nothing here measures time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use xkslink::probe::*;
use xkslink::spec::{
    Connectivity, Credential, Domain, HealthCheck, HealthProtocol, KeyStore, Link, Network, ProxyCredential,
};
use xkslink::{Client, ErrorKind};
use xkslink_simulator::proxy::{ACCESS_KEY_ID, Answers, Chain, KeyType, SECRET_ACCESS_KEY, Setup, Transport};
use xkslink_simulator::{Proxy, Simulator};

const NAME: &str = "xks.payments.example.com";
const PATH: &str = "/kms/xks/v1";

async fn start(change: impl FnOnce(&mut Setup)) -> Proxy {
    let mut setup = Setup::named(NAME);
    change(&mut setup);
    Proxy::start(setup).await.unwrap()
}

fn probe() -> Probe {
    Probe::of(NAME, "eu-central-1").unwrap()
}

fn credential() -> ProxyCredential {
    ProxyCredential::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY).unwrap()
}

/// A probe of TLS and the proxy API, which trusts the proxy's own root.
fn of(proxy: &Proxy) -> Probe {
    let roots = TrustedRoots::aws_kms().with_certificates(proxy.root_pem().as_bytes());
    probe().addresses([proxy.address()]).proxy(PATH, credential()).unwrap().trusted_roots(roots)
}

async fn tls(change: impl FnOnce(&mut Setup)) -> TlsOutcome {
    let proxy = start(change).await;
    let roots = TrustedRoots::aws_kms().with_certificates(proxy.root_pem().as_bytes());
    let mut report = probe().addresses([proxy.address()]).trusted_roots(roots).await;
    report.tls.remove(0)
}

async fn api(change: impl FnOnce(&mut Setup)) -> ProxyOutcome {
    let proxy = start(change).await;
    of(&proxy).external_key("key-1").unwrap().await.proxy.remove(0)
}

async fn certificate(change: impl FnOnce(&mut Setup)) -> CertificateOutcome {
    tls(change).await.certificate.unwrap()
}

#[tokio::test]
async fn a_healthy_proxy_is_seen_to_be_healthy() {
    let proxy = start(|_| ()).await;
    let report = of(&proxy).external_key("key-1").unwrap().await;
    let (tls, api) = (&report.tls[0], &report.proxy[0]);
    assert!(matches!(tls.connect, Connect::Connected { .. }));
    let Some(Handshake::Complete { version, suite, protocol, .. }) = &tls.handshake else { panic!("{tls:#?}") };
    assert_eq!((*version, suite.as_str()), (TlsVersion::Tls13, "TLS_AES_256_GCM_SHA384"));
    assert_eq!(protocol.as_deref(), Some("http/1.1"));
    assert_eq!(tls.client_certificate, Some(ClientCertificate::NotRequested));
    assert!(tls.versions.iter().all(|trial| trial.taken == Taken::Yes));
    // An ECDSA key takes all but the suite for RSA.
    let refused: Vec<_> = tls.suites.iter().filter(|trial| trial.taken == Taken::No).map(|trial| trial.suite).collect();
    assert_eq!(refused, [Suite::EcdheRsaAes256GcmSha384]);

    let certificate = tls.certificate.as_ref().unwrap();
    assert_eq!((certificate.common_name, certificate.alternative_name), (NameMatch::Exact, NameMatch::Exact));
    assert!(matches!(&certificate.trust, Trust::Listed { validity: Validity::Valid, .. }), "{:?}", certificate.trust);
    let leaf = certificate.leaf().unwrap();
    assert_eq!((leaf.validity, leaf.key.as_str(), leaf.authority), (Validity::Valid, "EC P-256", false));
    assert!((88..=90).contains(&leaf.days_left), "{}", leaf.days_left);

    assert_eq!(api.health.status(), Some(200));
    assert_eq!((api.samples_ms.len(), api.problems.as_slice()), (5, [].as_slice()));
    assert_eq!(api.fleet.as_ref().unwrap().key_managers.len(), 2);
    assert!(api.clock_skew_seconds.unwrap().abs() < 60);
    let status = |answer: &Option<Answer>| answer.as_ref().and_then(Answer::status);
    assert_eq!(
        (status(&api.wrong_path), status(&api.wrong_credential), status(&api.unsigned_get)),
        (Some(404), Some(401), Some(405))
    );
    let key = api.key.as_ref().unwrap();
    assert_eq!(key.metadata.as_ref().unwrap().spec, "AES_256");
    assert!(proxy.requests().iter().any(|call| call.kms_operation.as_deref() == Some("KmsHealthCheck")));
}

#[tokio::test]
async fn names_validity_and_chain_of_a_certificate_are_told_apart() {
    let wildcard = certificate(|setup| setup.certificate.common_name = Some("*.payments.example.com".into())).await;
    assert_eq!(wildcard.common_name, NameMatch::Wildcard);
    let other = certificate(|setup| setup.certificate.common_name = Some("proxy.example.com".into())).await;
    assert_eq!((other.common_name, other.alternative_name), (NameMatch::Different, NameMatch::Exact));
    let nameless = certificate(|setup| setup.certificate.common_name = None).await;
    assert_eq!((nameless.common_name, nameless.alternative_name), (NameMatch::Missing, NameMatch::Exact));
    let old = certificate(|setup| setup.certificate.alt_names.clear()).await;
    assert_eq!((old.common_name, old.alternative_name), (NameMatch::Exact, NameMatch::Missing));
    let rsa = certificate(|setup| setup.certificate.key = KeyType::Rsa).await;
    assert_eq!(rsa.leaf().unwrap().key, "RSA 2048");

    let validity = |certificate: CertificateOutcome| certificate.leaf().unwrap().validity;
    let expired =
        certificate(|setup| (setup.certificate.valid_from_days, setup.certificate.valid_until_days) = (-9, -1));
    assert_eq!(validity(expired.await), Validity::Expired);
    let early = certificate(|setup| setup.certificate.valid_from_days = 1);
    assert_eq!(validity(early.await), Validity::NotYet);
}

#[tokio::test]
async fn a_chain_ends_where_its_signatures_end() {
    let trust = |chain: Chain| async move { certificate(|setup| setup.certificate.chain = chain).await.trust };
    for chain in [Chain::Complete, Chain::WithRoot] {
        assert!(matches!(trust(chain).await, Trust::Listed { .. }), "{chain:?}");
    }
    assert!(
        matches!(trust(Chain::WithoutIntermediate).await, Trust::Incomplete { missing } if missing.contains("Intermediate"))
    );
    assert!(
        matches!(trust(Chain::UntrustedRoot).await, Trust::Incomplete { missing } if missing.contains("Untrusted Root"))
    );
    assert!(matches!(trust(Chain::ExpiredRoot).await, Trust::Listed { validity: Validity::Expired, .. }));
    assert!(matches!(trust(Chain::SelfSigned).await, Trust::SelfSigned { subject } if subject.contains(NAME)));
}

#[tokio::test]
async fn a_certificate_is_judged_from_a_file_without_any_connection() {
    let proxy = start(|_| ()).await;
    let roots = TrustedRoots::aws_kms().with_certificates(proxy.root_pem().as_bytes());
    let file = format!("some words before\n{}", proxy.chain_pem());
    let report = probe().certificate(file.as_bytes()).trusted_roots(roots).await;
    assert!(matches!(&report.certificate.as_ref().unwrap().trust, Trust::Listed { .. }));
    assert_eq!((report.tls.len(), report.proxy.len(), report.dns), (0, 0, None));
    // By AWS's own list nobody knows that root.
    let report = probe().certificate(proxy.chain_pem().as_bytes()).await;
    assert!(matches!(&report.certificate.unwrap().trust, Trust::Incomplete { .. }));
    assert_eq!(proxy.requests(), []);
}

#[tokio::test]
async fn versions_and_suites_are_tried_one_by_one() {
    let taken =
        |outcome: &TlsOutcome| outcome.versions.iter().map(|trial| trial.taken == Taken::Yes).collect::<Vec<_>>();
    assert_eq!(taken(&tls(|setup| setup.transport = Transport::Tls12Only).await), [false, true]);
    assert_eq!(taken(&tls(|setup| setup.transport = Transport::Tls13Only).await), [true, false]);

    let weak = tls(|setup| setup.cipher_suites = vec!["TLS_AES_128_GCM_SHA256".into()]).await;
    assert!(matches!(weak.handshake, Some(Handshake::Failed { failure: TlsFailure::Suite, .. })), "{weak:#?}");
    assert!(weak.suites.iter().all(|trial| trial.taken == Taken::No));
    // What KMS would never see is still worth showing.
    assert_eq!(weak.certificate.unwrap().common_name, NameMatch::Exact);

    let old = tls(|setup| setup.transport = Transport::Tls11Only).await;
    assert!(matches!(old.handshake, Some(Handshake::Failed { failure: TlsFailure::Version, .. })), "{old:#?}");
    assert_eq!(old.certificate, None);
}

#[tokio::test]
async fn a_demand_for_a_client_certificate_is_seen() {
    let outcome = tls(|setup| setup.transport = Transport::ClientCertificate).await;
    assert_eq!(outcome.client_certificate, Some(ClientCertificate::Required));
    assert_eq!(api(|setup| setup.transport = Transport::ClientCertificate).await.health.status(), None);
}

#[tokio::test]
async fn what_does_not_answer_is_told_apart() {
    let plain = tls(|setup| setup.transport = Transport::PlainHttp).await;
    assert!(matches!(plain.handshake, Some(Handshake::Failed { failure: TlsFailure::NotTls, .. })), "{plain:#?}");
    let closing = tls(|setup| setup.transport = Transport::Closing).await;
    assert!(matches!(closing.handshake, Some(Handshake::Failed { failure: TlsFailure::Closed, .. })), "{closing:#?}");
    let closed = {
        // A port that was free a moment ago.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let report = probe().addresses([closed]).proxy(PATH, credential()).unwrap().await;
    assert_eq!((&report.tls[0].connect, &report.tls[0].handshake), (&Connect::Refused, &None));
    assert!(matches!(&report.proxy[0].health, Answer::None { failure: HttpFailure::NotConnected, .. }));

    let silent = start(|setup| setup.transport = Transport::Silent).await;
    let report = of(&silent).timeout(Duration::from_millis(500)).await;
    assert!(matches!(report.tls[0].handshake, Some(Handshake::Failed { failure: TlsFailure::TimedOut, .. })));
    assert!(matches!(&report.proxy[0].health, Answer::None { failure: HttpFailure::NoTls, .. }));
}

#[tokio::test]
async fn every_error_of_the_proxy_api_is_shown_with_its_name() {
    for (status, name) in [
        (401, "AuthenticationFailedException"),
        (403, "AccessDeniedException"),
        (404, "InvalidUriPathException"),
        (429, "ThrottlingException"),
        (500, "InternalException"),
        (501, "UnsupportedOperationException"),
        (503, "DependencyTimeoutException"),
    ] {
        let outcome = api(|setup| setup.answers = Answers::Error(status)).await;
        let Answer::Status { status: got, error_name, .. } = outcome.health else { panic!("{outcome:#?}") };
        assert_eq!((got, error_name.as_deref()), (status, Some(name)));
    }
    let page = api(|setup| setup.answers = Answers::Page(502)).await;
    assert!(matches!(page.health, Answer::Status { status: 502, error_name: None, .. }));
}

#[tokio::test]
async fn a_body_is_checked_field_by_field() {
    for member in ["xksProxyFleetSize", "xksProxyVendor", "xksProxyModel", "ekmVendor", "ekmFleetDetails"] {
        let outcome = api(|setup| setup.answers = Answers::Without(member.into())).await;
        assert_eq!((outcome.problems[0].field.as_str(), outcome.problems[0].what.as_str()), (member, "is missing"));
        let outcome = api(|setup| setup.answers = Answers::Mistyped(member.into())).await;
        assert_eq!(outcome.problems[0].field, member);
        assert_eq!(outcome.fleet, None);
    }
    let outcome = api(|setup| setup.answers = Answers::Garbage).await;
    assert_eq!((outcome.problems[0].field.as_str(), outcome.health.status()), ("", Some(200)));
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let outcome = api(|setup| setup.answers = Answers::Oversized).await;
    assert!(matches!(outcome.health, Answer::None { failure: HttpFailure::TooLarge, .. }), "{:?}", outcome.health);
    let outcome = api(|setup| setup.answers = Answers::Endless).await;
    assert!(matches!(outcome.health, Answer::None { failure: HttpFailure::TooLarge, .. }), "{:?}", outcome.health);
}

#[tokio::test]
async fn key_managers_clock_and_external_key_are_told() {
    let down = api(|setup| setup.fleet.iter_mut().for_each(|each| each.health = "UNAVAILABLE".into())).await;
    let fleet = down.fleet.unwrap();
    assert!(fleet.key_managers.iter().all(|each| each.health == KeyManagerHealth::Unavailable));
    let degraded = api(|setup| setup.fleet[0].health = "DEGRADED".into()).await;
    assert_eq!(degraded.fleet.unwrap().key_managers[0].health, KeyManagerHealth::Degraded);
    let late = api(|setup| setup.clock_skew_seconds = -400).await;
    assert!(late.clock_skew_seconds.unwrap() < -300);
    let disabled = api(|setup| setup.stores[0].keys[0].enabled = false).await;
    assert_eq!(disabled.key.unwrap().metadata.unwrap().status, "DISABLED");
    let missing = api(|setup| setup.stores[0].keys.clear()).await.key.unwrap();
    assert!(
        matches!(&missing.answer, Answer::Status { status: 404, error_name: Some(name), .. } if name == "KeyNotFoundException")
    );
    let moved = api(|setup| setup.stores[0].prefix = "/elsewhere".into()).await;
    assert_eq!(moved.health.status(), Some(404));
}

#[tokio::test]
async fn a_health_check_of_the_target_group_is_sent_as_the_load_balancer_sends_it() {
    let proxy = start(|_| ()).await;
    let check = async |protocol, path: &str| {
        let report = probe().addresses([proxy.address()]).health_check(protocol, path).await;
        report.health_check[0].answer.clone()
    };
    assert_eq!(check(HealthProtocol::Https, "/ping").await.status(), Some(200));
    assert_eq!(check(HealthProtocol::Https, "/kms/xks/v1/health").await.status(), Some(405));
    proxy.change(|setup| setup.transport = Transport::Tls13Only).unwrap();
    let failed = check(HealthProtocol::Https, "/ping").await;
    assert!(matches!(failed, Answer::None { failure: HttpFailure::NoTls, .. }), "{failed:?}");
    proxy.change(|setup| setup.transport = Transport::PlainHttp).unwrap();
    assert_eq!(check(HealthProtocol::Http, "/ping").await.status(), Some(200));
    // A site by its name alone: the path is right, and the load balancer does not come to it.
    proxy.change(|setup| setup.ping_host = Some(NAME.to_owned())).unwrap();
    let report = probe().addresses([proxy.address()]).health_check(HealthProtocol::Http, "/ping").await;
    let outcome = &report.health_check[0];
    assert_eq!(outcome.answer.status(), Some(404));
    assert_eq!(outcome.by_name.as_ref().and_then(Answer::status), Some(200));
}

/// A server that writes these bytes to whoever connects, over and over for the whole of the connection.
async fn babbler(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut hello = [0; 512];
                let _ = stream.read(&mut hello).await;
                while stream.write_all(bytes).await.is_ok() {}
            });
        }
    });
    address
}

#[tokio::test]
async fn no_stranger_makes_the_probe_hang_or_panic() {
    for bytes in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".as_slice(),
        b"\x16\x03\x03\xff\xff\x02\xff\xff\xff",
        b"\x16\x03\x03\x00\x04\x02\x00\xff\xff",
        b"\x15\x03\x03\x00\x02\x01\x00",
        b"\0\0\0\0\0\0\0\0",
        b"x: y\r\n",
    ] {
        let address = babbler(bytes).await;
        let report = probe()
            .addresses([address])
            .proxy(PATH, credential())
            .unwrap()
            .health_check(HealthProtocol::Http, "/ping")
            .timeout(Duration::from_millis(500))
            .await;
        assert!(matches!(report.tls[0].handshake, Some(Handshake::Failed { .. })), "{bytes:?}");
        assert!(matches!(report.proxy[0].health, Answer::None { failure: HttpFailure::NoTls, .. }), "{bytes:?}");
        assert_eq!(report.proxy[0].wrong_path, None);
        assert!(!report.to_json().contains(SECRET_ACCESS_KEY));
    }
}

#[tokio::test]
async fn neither_text_nor_json_nor_debug_show_the_credential() {
    let proxy = start(|_| ()).await;
    let probe = of(&proxy);
    let before = format!("{probe:?}");
    let report = probe.await;
    for text in [before, report.to_string(), report.to_json(), format!("{report:?}")] {
        assert!(!text.contains(SECRET_ACCESS_KEY), "{text}");
    }
    let again: ProbeReport = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(again, report);
}

fn spec(credential: Credential) -> Connectivity {
    Connectivity::builder("payments-hsm", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(Link::new_vpn_gateway())
        .proxy(xkslink::spec::Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
        .private_dns_name(NAME)
        .domain(Domain::manual())
        .key_store(KeyStore::path("/payments/kms/xks/v1").credential(credential))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_client_fills_in_what_the_spec_and_aws_tell() {
    let proxy = start(|setup| setup.stores[0].prefix = "/payments".into()).await;
    let client = Client::new(&Simulator::new().sdk_config("eu-central-1"));
    let probe = client.probe(&spec(Credential::value(ACCESS_KEY_ID, SECRET_ACCESS_KEY))).await.unwrap();
    // The proxy of the spec is nowhere: this host's stands for it, and its clock for the simulated one.
    let nobody = "127.0.0.1:1".parse().unwrap();
    let probe = probe.addresses([proxy.address()]).resolvers([nobody]);
    let time = (SharedTimeSource::new(SystemTimeSource::new()), SharedAsyncSleep::new(TokioSleep::new()));
    let report = probe.time(time.0, time.1).await;
    assert_eq!((report.private_dns_name.as_str(), report.region.as_str()), (NAME, "eu-central-1"));
    assert_eq!((report.proxy[0].path.as_str(), report.proxy[0].health.status()), ("/payments/kms/xks/v1", Some(200)));
    assert_eq!(report.health_check[0].answer.status(), Some(200));
    assert!(report.dns.unwrap().trouble.is_some());
}

#[tokio::test]
async fn phases_can_be_left_out() {
    let proxy = start(|_| ()).await;
    let all = of(&proxy).dns().health_check(HealthProtocol::Https, "/ping");
    let none = all.without(Phase::Dns).without(Phase::Tls).without(Phase::Proxy).without(Phase::HealthCheck).await;
    assert_eq!((none.dns, none.tls, none.proxy, none.health_check), (None, vec![], vec![], vec![]));
    assert_eq!(proxy.requests(), []);
}

#[tokio::test]
async fn a_credential_that_cannot_be_read_is_said_before_anything_is_probed() {
    let client = Client::new(&Simulator::new().sdk_config("eu-central-1"));
    let error = client.probe(&spec(Credential::from_file("/nowhere.json"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSpec);
    let bad = probe().proxy("kms", credential()).unwrap_err();
    assert!(bad.to_string().contains("[KS-03]"), "{bad}");
    let bad = probe().external_key("no/key").unwrap_err();
    assert!(bad.to_string().contains("[KS-10]"), "{bad}");
}
