//! The simulated proxy over real TLS: who gets in, what is answered, and every way to misbehave.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::time::{Duration, SystemTime};

use serde_json::json;
use support::{HEALTH, NAME, body, health, health_body, outcome, post, send, signed};
use xkslink_simulator::Proxy;
use xkslink_simulator::proxy::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Setup};

async fn start(change: impl FnOnce(&mut Setup)) -> Proxy {
    let mut setup = Setup::named(NAME);
    change(&mut setup);
    Proxy::start(setup).await.unwrap()
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
