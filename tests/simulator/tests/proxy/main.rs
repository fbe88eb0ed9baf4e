//! The simulated proxy over real TLS: who gets in, what is answered, and every way to misbehave.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod client;

use std::time::{Duration, SystemTime};

use aws_smithy_types::base64;
use client::{HEALTH, NAME, body, exchange, handshake, health, health_at, health_body, outcome, post, send, signed};
use http::Request;
use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, ProtocolVersion};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use xkslink_simulator::Proxy;
use xkslink_simulator::proxy::{
    ACCESS_KEY_ID, Answers, Certificate, Chain, Credential, KeyType, SECRET_ACCESS_KEY, Setup, Store, Transport,
};

/// Long enough for a handshake that succeeds to be over.
const A_MOMENT: Duration = Duration::from_millis(100);

type Change = fn(&mut Certificate);

async fn start(change: impl FnOnce(&mut Setup)) -> Proxy {
    let mut setup = Setup::named(NAME);
    change(&mut setup);
    Proxy::start(setup).await.unwrap()
}

fn transport(transport: Transport) -> impl FnOnce(&mut Setup) {
    move |setup| setup.transport = transport
}

#[tokio::test]
async fn a_healthy_proxy_says_so_to_whoever_signs() {
    let proxy = start(|_| ()).await;
    let response = send(&proxy, health()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        body(&response),
        json!({
            "xksProxyFleetSize": 2,
            "xksProxyVendor": "xkslink",
            "xksProxyModel": "Simulated XKS Proxy 1.0",
            "ekmVendor": "xkslink",
            "ekmFleetDetails": [
                {"id": "ekm-1", "model": "Simulated HSM 1.0", "healthStatus": "ACTIVE"},
                {"id": "ekm-2", "model": "Simulated HSM 1.0", "healthStatus": "ACTIVE"},
            ],
        })
    );
    let call = proxy.requests().remove(0);
    assert_eq!((call.access_key_id.as_deref(), call.status), (Some(ACCESS_KEY_ID), 200));
    assert_eq!(call.kms_operation.as_deref(), Some("KmsHealthCheck"));
}

#[tokio::test]
async fn a_request_that_is_not_authentic_is_refused() {
    let proxy = start(|_| ()).await;
    let (now, minutes) = (SystemTime::now(), |count: u64| Duration::from_secs(60 * count));
    let request = || post(HEALTH, &health_body());
    let mut changed = health();
    *changed.body_mut() = json!({"requestMetadata": {}}).to_string().into();
    let mut moved = health();
    moved.headers_mut().insert("host", "other.example.com".parse().unwrap());
    for (what, refused) in [
        ("unsigned", request()),
        ("another access key", signed(request(), "XKSSOMEBODYELSE23456", SECRET_ACCESS_KEY, now)),
        ("another secret", signed(request(), ACCESS_KEY_ID, "another", now)),
        ("too old", signed(request(), ACCESS_KEY_ID, SECRET_ACCESS_KEY, now - minutes(6))),
        ("too new", signed(request(), ACCESS_KEY_ID, SECRET_ACCESS_KEY, now + minutes(6))),
        ("another body", changed),
        ("another host", moved),
    ] {
        let response = send(&proxy, refused).await.unwrap();
        assert_eq!(outcome(&response), (401, "AuthenticationFailedException".to_owned()), "{what}");
    }
    let older = signed(request(), ACCESS_KEY_ID, SECRET_ACCESS_KEY, now - minutes(4));
    assert_eq!(send(&proxy, older).await.unwrap().status(), 200);
}

#[tokio::test]
async fn only_posts_are_answered_and_load_balancers_have_a_place_of_their_own() {
    let proxy = start(|_| ()).await;
    let get = |path: &str| Request::get(path).header("host", NAME).body(bytes::Bytes::new()).unwrap();
    assert_eq!(send(&proxy, get(HEALTH)).await.unwrap().status(), 405);
    assert_eq!(send(&proxy, get("/ping")).await.unwrap().status(), 200);
    assert_eq!(proxy.requests().iter().map(|call| call.status).collect::<Vec<_>>(), [405, 200]);
}

#[tokio::test]
async fn stores_have_their_own_paths_credentials_and_keys() {
    let proxy = start(|setup| {
        let credentials = vec![Credential::new("XKSOTHERSTORE2345672", "other")];
        setup.stores.push(Store { prefix: "/other".to_owned(), credentials, ..Store::default() });
    })
    .await;
    let other = "/other/kms/xks/v1/health";
    let refused = send(&proxy, health_at(other)).await.unwrap();
    assert_eq!(outcome(&refused), (401, "AuthenticationFailedException".to_owned()));
    let its_own = signed(post(other, &health_body()), "XKSOTHERSTORE2345672", "other", SystemTime::now());
    assert_eq!(send(&proxy, its_own).await.unwrap().status(), 200);
    for path in ["/nowhere/kms/xks/v1/health", "/kms/xks/v2/health", "/kms/xks/v1/wealth", "/"] {
        let lost = send(&proxy, health_at(path)).await.unwrap();
        assert_eq!(outcome(&lost), (404, "InvalidUriPathException".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn one_credential_takes_over_from_another() {
    let proxy = start(|_| ()).await;
    let new = || signed(post(HEALTH, &health_body()), "XKSNEWCREDENTIAL2345", "new", SystemTime::now());
    proxy.change(|setup| setup.stores[0].credentials.push(Credential::new("XKSNEWCREDENTIAL2345", "new"))).unwrap();
    assert_eq!(send(&proxy, health()).await.unwrap().status(), 200);
    assert_eq!(send(&proxy, new()).await.unwrap().status(), 200);
    proxy.change(|setup| drop(setup.stores[0].credentials.remove(0))).unwrap();
    assert_eq!(send(&proxy, health()).await.unwrap().status(), 401);
    assert_eq!(send(&proxy, new()).await.unwrap().status(), 200);
}

/// A signed request about a key.
fn about(key: &str, operation: &str, mut input: Value) -> Request<bytes::Bytes> {
    input["requestMetadata"] = json!({
        "awsPrincipalArn": "arn:aws:iam::123456789012:user/Alice",
        "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
        "kmsOperation": "SomethingNew",
        "kmsRequestId": "4112f4d6",
    });
    let path = format!("/kms/xks/v1/keys/{key}/{operation}");
    signed(post(&path, &input), ACCESS_KEY_ID, SECRET_ACCESS_KEY, SystemTime::now())
}

#[tokio::test]
async fn what_a_key_encrypts_only_the_same_key_and_context_decrypts() {
    let proxy = start(|setup| {
        let mut second = setup.stores[0].keys[0].clone();
        second.id = "key-2".to_owned();
        second.ciphertext_metadata = Some("key_version=1".to_owned());
        setup.stores[0].keys.push(second);
    })
    .await;
    for (key, metadata) in [("key-1", ""), ("key-2", "key_version=1")] {
        let input = json!({
            "plaintext": base64::encode("Hello World!"),
            "encryptionAlgorithm": "AES_GCM",
            "additionalAuthenticatedData": base64::encode("project=nile"),
            "ciphertextDataIntegrityValueAlgorithm": "SHA_256",
        });
        let sealed = body(&send(&proxy, about(key, "encrypt", input)).await.unwrap());
        let part = |name: &str| base64::decode(sealed[name].as_str().unwrap_or_default()).unwrap();
        let (iv, text, tag) = (part("initializationVector"), part("ciphertext"), part("authenticationTag"));
        assert_eq!((iv.len(), text.len(), tag.len()), (12, 12, 16));
        assert_eq!(part("ciphertextMetadata"), metadata.as_bytes());
        let whole = [b"project=nile", metadata.as_bytes(), &iv, &text, &tag].concat();
        let integrity = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &whole);
        assert_eq!(part("ciphertextDataIntegrityValue"), integrity.as_ref());

        let mut input = sealed.clone();
        input["encryptionAlgorithm"] = json!("AES_GCM");
        input["additionalAuthenticatedData"] = json!(base64::encode("project=nile"));
        let opened = send(&proxy, about(key, "decrypt", input.clone())).await.unwrap();
        assert_eq!(body(&opened), json!({"plaintext": base64::encode("Hello World!")}));
        for (member, other) in [
            ("additionalAuthenticatedData", "project=rhine"),
            ("ciphertextMetadata", "key_version=2"),
            ("ciphertext", "Hello World!"),
            ("authenticationTag", "sixteen letters."),
            ("initializationVector", "sixteen letters."),
        ] {
            let mut changed = input.clone();
            changed[member] = json!(base64::encode(other));
            let refused = send(&proxy, about(key, "decrypt", changed)).await.unwrap();
            assert_eq!(outcome(&refused), (400, "InvalidCiphertextException".to_owned()), "{member}");
        }
    }
}

#[tokio::test]
async fn keys_and_inputs_that_do_not_do_are_refused() {
    let proxy = start(|setup| {
        let key = &setup.stores[0].keys[0].clone();
        let variant = |id: &str| xkslink_simulator::proxy::Key { id: id.to_owned(), ..key.clone() };
        let mut more = [variant("disabled"), variant("one-way"), variant("other-way"), variant("short")];
        more[0].enabled = false;
        more[1].usage = vec!["DECRYPT".to_owned()];
        more[2].usage = vec!["ENCRYPT".to_owned()];
        more[3].spec = "AES_128".to_owned();
        setup.stores[0].keys.extend(more);
    })
    .await;
    let good = json!({"plaintext": "SGk=", "encryptionAlgorithm": "AES_GCM"});
    let with = |member: &str, value: Value| {
        let mut input = good.clone();
        input[member] = value;
        input
    };
    for (key, input, status, name) in [
        ("key-9", good.clone(), 404, "KeyNotFoundException"),
        ("disabled", good.clone(), 400, "InvalidStateException"),
        ("one-way", good.clone(), 400, "InvalidKeyUsageException"),
        ("short", good.clone(), 400, "InvalidKeyUsageException"),
        ("key-1", with("encryptionAlgorithm", json!("AES_CBC")), 400, "ValidationException"),
        ("key-1", with("plaintext", Value::Null), 400, "ValidationException"),
        ("key-1", with("plaintext", json!("S_-=")), 400, "ValidationException"),
        ("key-1", with("ciphertextDataIntegrityValueAlgorithm", json!("MD5")), 400, "ValidationException"),
        ("key-1", with("plaintext", json!(base64::encode([0; 4301]))), 501, "UnsupportedOperationException"),
    ] {
        let refused = send(&proxy, about(key, "encrypt", input.clone())).await.unwrap();
        assert_eq!(outcome(&refused), (status, name.to_owned()), "{key} {input}");
    }
    let sealed = body(&send(&proxy, about("other-way", "encrypt", good.clone())).await.unwrap());
    let sealed_with = |member: &str, value: Value| {
        let mut input = sealed.clone();
        input["encryptionAlgorithm"] = json!("AES_GCM");
        input[member] = value;
        input
    };
    let whole = sealed_with("additionalAuthenticatedData", Value::Null);
    for (key, input, status, name) in [
        ("key-9", whole.clone(), 404, "KeyNotFoundException"),
        ("disabled", whole.clone(), 400, "InvalidStateException"),
        ("other-way", whole.clone(), 400, "InvalidKeyUsageException"),
        // Made by another key.
        ("key-1", whole.clone(), 400, "InvalidCiphertextException"),
        ("key-1", sealed_with("authenticationTag", json!(base64::encode([0; 12]))), 400, "ValidationException"),
        ("key-1", sealed_with("initializationVector", Value::Null), 400, "ValidationException"),
    ] {
        let refused = send(&proxy, about(key, "decrypt", input.clone())).await.unwrap();
        assert_eq!(outcome(&refused), (status, name.to_owned()), "{key} {input}");
    }
    let longest = json!({
        "plaintext": base64::encode([0; 4300]),
        "encryptionAlgorithm": "AES_GCM",
        "additionalAuthenticatedData": base64::encode([0; 8192]),
    });
    assert_eq!(send(&proxy, about("key-1", "encrypt", longest)).await.unwrap().status(), 200);
    let metadata = send(&proxy, about("disabled", "metadata", json!({}))).await.unwrap();
    let expected = json!({"keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "DISABLED"});
    assert_eq!(body(&metadata), expected);
}

#[tokio::test]
async fn what_is_not_implemented_or_has_no_key_manager_serves_nobody() {
    let proxy = start(|setup| setup.unsupported = vec!["metadata".to_owned(), "decrypt".to_owned()]).await;
    let input = json!({"plaintext": "SGk=", "encryptionAlgorithm": "AES_GCM"});
    for operation in ["metadata", "decrypt"] {
        let refused = send(&proxy, about("key-1", operation, json!({}))).await.unwrap();
        assert_eq!(outcome(&refused), (501, "UnsupportedOperationException".to_owned()), "{operation}");
    }
    assert_eq!(send(&proxy, about("key-1", "encrypt", input.clone())).await.unwrap().status(), 200);
    let down = |setup: &mut Setup| setup.fleet.iter_mut().for_each(|each| each.health = "UNAVAILABLE".to_owned());
    proxy.change(down).unwrap();
    let refused = send(&proxy, about("key-1", "encrypt", input)).await.unwrap();
    assert_eq!(outcome(&refused), (503, "DependencyTimeoutException".to_owned()));
    assert_eq!(send(&proxy, health()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn every_error_of_the_api_can_be_had() {
    let proxy = start(|_| ()).await;
    for (status, name) in [
        (400, "ValidationException"),
        (401, "AuthenticationFailedException"),
        (403, "AccessDeniedException"),
        (404, "InvalidUriPathException"),
        (429, "ThrottlingException"),
        (500, "InternalException"),
        (501, "UnsupportedOperationException"),
        (503, "DependencyTimeoutException"),
    ] {
        proxy.change(|setup| setup.answers = Answers::Error(status)).unwrap();
        assert_eq!(outcome(&send(&proxy, health()).await.unwrap()), (status, name.to_owned()));
    }
    proxy.change(|setup| setup.answers = Answers::Page(502)).unwrap();
    let page = send(&proxy, health()).await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["content-type"].as_bytes()), (502, &b"text/html"[..]));
}

#[tokio::test]
async fn answers_can_be_spoilt() {
    let proxy = start(|_| ()).await;
    let spoil = async |answers: Answers| {
        proxy.change(|setup| setup.answers = answers).unwrap();
        send(&proxy, health()).await
    };
    let without = spoil(Answers::Without("ekmVendor".to_owned())).await.unwrap();
    assert_eq!((body(&without)["ekmVendor"].clone(), without.status().as_u16()), (Value::Null, 200));
    let without = body(&spoil(Answers::Without("ekmFleetDetails.healthStatus".to_owned())).await.unwrap());
    assert_eq!(without["ekmFleetDetails"][0], json!({"id": "ekm-1", "model": "Simulated HSM 1.0"}));
    let mistyped = body(&spoil(Answers::Mistyped("xksProxyFleetSize".to_owned())).await.unwrap());
    assert!(mistyped["xksProxyFleetSize"].is_string());
    let garbage = spoil(Answers::Garbage).await.unwrap();
    assert!(serde_json::from_slice::<Value>(garbage.body()).is_err());
    for answers in [Answers::Oversized, Answers::Endless] {
        assert_eq!(spoil(answers.clone()).await.unwrap_err(), "length limit exceeded", "{answers:?}");
    }
}

#[tokio::test]
async fn only_the_versions_of_tls_that_it_is_told_to_have() {
    let old = start(transport(Transport::Tls12Only)).await;
    assert!(handshake(&old, &[&TLS13]).await.is_err());
    let stream = handshake(&old, ALL_VERSIONS).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    let new = start(transport(Transport::Tls13Only)).await;
    assert!(handshake(&new, &[&TLS12]).await.is_err());
    assert!(handshake(&new, &[&TLS13]).await.is_ok());
    let ancient = start(transport(Transport::Tls11Only)).await;
    let error = handshake(&ancient, ALL_VERSIONS).await.unwrap_err();
    assert!(error.contains("incompatible"), "{error}");
}

#[tokio::test]
async fn only_the_cipher_suites_that_it_is_told_to_have() {
    let proxy = start(|setup| setup.cipher_suites = vec!["TLS_AES_128_GCM_SHA256".to_owned()]).await;
    let stream = handshake(&proxy, ALL_VERSIONS).await.unwrap();
    let suite = stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, rustls::CipherSuite::TLS13_AES_128_GCM_SHA256);
    assert!(handshake(&proxy, &[&TLS12]).await.is_err());
    assert!(Proxy::start(Setup { cipher_suites: vec!["TLS_NULL".to_owned()], ..Setup::named(NAME) }).await.is_err());
}

#[tokio::test]
async fn connections_can_come_to_nothing() {
    let demanding = start(transport(Transport::ClientCertificate)).await;
    let error = send(&demanding, health()).await.unwrap_err();
    assert!(demanding.requests().is_empty(), "{error}");
    let closed = start(transport(Transport::ClosedPort)).await;
    assert!(TcpStream::connect(closed.address()).await.is_err());
    let closing = start(transport(Transport::Closing)).await;
    assert!(handshake(&closing, ALL_VERSIONS).await.is_err());
    let silent = start(transport(Transport::Silent)).await;
    assert!(timeout(A_MOMENT, handshake(&silent, ALL_VERSIONS)).await.is_err());
    let slow = start(|setup| setup.delay_ms = 3_600_000).await;
    assert!(timeout(A_MOMENT, send(&slow, health())).await.is_err());
    let nameless = start(transport(Transport::UnknownName)).await;
    let error = handshake(&nameless, ALL_VERSIONS).await.unwrap_err();
    assert!(error.contains("UnrecognisedName"), "{error}");
    let newest = start(transport(Transport::Http2Only)).await;
    assert!(send(&newest, health()).await.is_err());
    assert!(newest.requests().is_empty());
    let plain = start(transport(Transport::PlainHttp)).await;
    assert!(handshake(&plain, ALL_VERSIONS).await.is_err());
    let stream = TcpStream::connect(plain.address()).await.unwrap();
    assert_eq!(exchange(stream, health()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn certificates_are_as_they_are_told_to_be() {
    let proxy = start(|_| ()).await;
    let first = proxy.chain_pem();
    let verdict = async |change: Change| {
        let mut certificate = Certificate::named(NAME);
        change(&mut certificate);
        proxy.change(|setup| setup.certificate = certificate).unwrap();
        let error = handshake(&proxy, ALL_VERSIONS).await.err().unwrap_or_default();
        error.to_lowercase().replace(' ', "")
    };
    let accepted: [Change; 5] = [
        |_| (),
        |certificate| certificate.common_name = None,
        |certificate| certificate.chain = Chain::WithRoot,
        |certificate| certificate.key = KeyType::Rsa,
        |certificate| certificate.alt_names = vec!["*.example.com".to_owned()],
    ];
    for change in accepted {
        assert_eq!(verdict(change).await, "");
    }
    let refused: [(Change, &str); 7] = [
        (|certificate| certificate.valid_until_days = 0, "expired"),
        (|certificate| certificate.valid_from_days = 1, "notvalidyet"),
        (|certificate| certificate.alt_names = vec!["other.example.com".to_owned()], "notvalidforname"),
        (|certificate| certificate.alt_names.clear(), "notvalidforname"),
        (|certificate| certificate.chain = Chain::UntrustedRoot, "unknownissuer"),
        (|certificate| certificate.chain = Chain::WithoutIntermediate, "unknownissuer"),
        (|certificate| certificate.chain = Chain::SelfSigned, "unknownissuer"),
    ];
    for (change, said) in refused {
        let verdict = verdict(change).await;
        assert!(verdict.contains(said), "{verdict} instead of {said}");
    }
    assert_eq!(first.matches("BEGIN CERTIFICATE").count(), 2);
    assert_ne!(proxy.chain_pem(), first);
}

#[tokio::test]
async fn a_wrong_clock_shows_in_the_date_and_refuses() {
    let proxy = start(|setup| setup.clock_skew_seconds = 86_400).await;
    let response = send(&proxy, health()).await.unwrap();
    assert_eq!(outcome(&response), (401, "AuthenticationFailedException".to_owned()));
    let right = start(|_| ()).await;
    let date = |response: http::Response<bytes::Bytes>| response.headers()["date"].to_str().unwrap()[..16].to_owned();
    assert_ne!(date(response), date(send(&right, health()).await.unwrap()));
}

#[tokio::test]
async fn a_setup_is_data_and_shows_no_secret() {
    let setup: Setup = serde_json::from_value(json!({
        "stores": [{"prefix": "/a", "credentials": [{"access_key_id": "ID", "secret_access_key": "do-not-show"}]}],
        "transport": "tls12_only",
        "answers": {"error": 429},
    }))
    .unwrap();
    assert_eq!((setup.transport, &setup.answers), (Transport::Tls12Only, &Answers::Error(429)));
    assert!(!format!("{setup:?}").contains("do-not-show"));
    assert!(!serde_json::to_string(&setup).unwrap().contains("do-not-show"));
    assert!(serde_json::from_value::<Setup>(json!({"weather": "fine"})).is_err());
}

#[tokio::test]
async fn a_proxy_ends_with_its_handle() {
    let proxy = start(|_| ()).await;
    let address = proxy.address();
    drop(proxy);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
