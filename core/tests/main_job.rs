//! The main job against the simulated AWS: plan, apply to CONNECTED, plan nothing, tear down, nothing left.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use xkslink::spec::{Connectivity, Credential, Domain, HealthCheck, KeyStore, Link, Network, Proxy};
use xkslink::{CallbackFuture, Client, Consent, ErrorKind, Publisher, TxtRecord};
use xkslink_simulator::Simulator;

const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

fn spec() -> Connectivity {
    Connectivity::builder("payments-hsm", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(Link::new_vpn_gateway())
        .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
        .private_dns_name("xks.payments.example.com")
        .domain(Domain::route53())
        .key_store(
            KeyStore::path("/payments/kms/xks/v1").credential(Credential::value("ABCDEFGHIJKLMNOPQRSTUVWX", SECRET)),
        )
        .build()
        .unwrap()
}

async fn zone(simulator: &Simulator, name: &str) {
    let route53 = aws_sdk_route53::Client::new(&simulator.sdk_config("eu-central-1"));
    route53.create_hosted_zone().name(name).caller_reference(name).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_spec_becomes_a_connected_key_store_and_nothing_again() {
    let simulator = Simulator::new();
    zone(&simulator, "example.com").await;
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let spec = spec();

    let plan = client.plan(&spec).await.unwrap();
    println!("{plan}");
    let report = client.apply(&plan).on_event(|event| println!("{event}")).await.unwrap();
    assert!(report.connected(), "{}", report.to_json());

    let again = client.plan(&spec).await.unwrap();
    assert!(again.is_empty(), "{again}");
    println!("{}", client.status(&spec).await.unwrap());

    let refused = client.teardown(&spec).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NeedsConsent, "{refused}");
    println!("{}", client.plan_teardown(&spec).await.unwrap());
    let report =
        client.teardown(&spec).consent(Consent::Disconnect).on_event(|event| println!("{event}")).await.unwrap();
    assert!(report.complete());
    assert!(client.plan_teardown(&spec).await.unwrap().is_empty());
    simulator.world(|world| {
        assert!(world.ec2.vpcs.is_empty());
        assert!(world.elb.load_balancers.is_empty() && world.elb.target_groups.is_empty());
        assert!(world.kms.key_stores.is_empty());
    });
}

#[tokio::test(start_paused = true)]
async fn a_delete_is_tried_while_its_holder_leaves_and_refused_once_at_most() {
    let simulator = Simulator::new();
    zone(&simulator, "example.com").await;
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let spec = spec();
    client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    let before = simulator.requests().len();
    client.teardown(&spec).consent(Consent::Disconnect).await.unwrap();

    let calls = simulator.requests().split_off(before);
    let refused: Vec<String> = calls
        .iter()
        .filter(|call| call.operation.starts_with("Delete") && call.error.is_some())
        .map(|call| format!("{} {}", call.operation, call.input))
        .collect();
    assert!(refused.iter().any(|call| call.starts_with("DeleteLoadBalancer")), "{refused:?}");
    assert!(refused.iter().any(|call| call.starts_with("DeleteSubnet")), "{refused:?}");
    let distinct: BTreeSet<&String> = refused.iter().collect();
    assert_eq!(distinct.len(), refused.len(), "{refused:?}");
    // Every delete is proved: nothing of EC2 is deleted after the last look at it.
    let last = |start: &str| calls.iter().rposition(|call| call.operation.starts_with(start));
    for (delete, describe) in [
        ("DeleteVpc", "DescribeVpcs"),
        ("DeleteSubnet", "DescribeSubnets"),
        ("DeleteLoad", "DescribeNetworkInterfaces"),
    ] {
        assert!(last(delete) < last(describe), "{delete} is not proved");
    }
}

/// Says that it published, and never does; remembers what it was asked.
#[derive(Clone, Default)]
struct Forgetful(Arc<Mutex<Vec<String>>>);

impl Publisher for Forgetful {
    fn publish<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        self.0.lock().unwrap().push(format!("publish {}", record.name));
        Box::pin(async { Ok(()) })
    }

    fn withdraw<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        self.0.lock().unwrap().push(format!("withdraw {}", record.name));
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_aws_never_found_is_withdrawn_by_a_teardown() {
    let simulator = Simulator::new();
    let asked = Forgetful::default();
    let client = Client::builder(&simulator.sdk_config("eu-central-1")).publisher(asked.clone()).build();
    let spec = spec().to_builder().domain(Domain::callback()).build().unwrap();

    let failed = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::TimedOut, "{failed}");
    client.teardown(&spec).await.unwrap();

    let asked = asked.0.lock().unwrap();
    let (first, last) = (asked.first().unwrap(), asked.last().unwrap());
    assert!(first.starts_with("publish _") && first.ends_with(".payments.example.com"), "{first}");
    assert_eq!(last.strip_prefix("withdraw "), first.strip_prefix("publish "));
}
