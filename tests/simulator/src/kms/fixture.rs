//! A world for tests in which a key store can be created and connected, and short ways to call KMS.

use std::time::Duration;

use serde_json::{Value, json};

use super::handle;
use crate::call::Answer;
use crate::ec2::{EndpointService, PrivateDnsName};
use crate::elb::fixture as elb;
use crate::world::{Tags, World};

pub(super) const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=";

/// An endpoint service that meets every demand, in front of a healthy target.
pub(super) fn world() -> World {
    let mut world = elb::world();
    let (balancer, group) = (elb::load_balancer(&mut world, "nlb"), elb::target_group(&mut world, "tg"));
    elb::listener(&mut world, &balancer, &group);
    elb::register(&mut world, &group, json!({"Id": "10.0.0.20"})).unwrap();
    add_service(&mut world, &balancer, 0);
    elb::wait(&mut world, 150);
    world
}

/// Adds endpoint service `vpce-svc-<number>` with the private DNS name `<number>.example.com`.
pub(super) fn add_service(world: &mut World, load_balancer: &str, number: usize) {
    let zone = |letter: &str| (format!("eu-central-1{letter}"), format!("euc1-az-{letter}"));
    world.ec2.endpoint_services.push(EndpointService {
        home: elb::home(),
        id: format!("vpce-svc-{number}"),
        name: format!("com.amazonaws.vpce.eu-central-1.vpce-svc-{number}"),
        load_balancer_arns: vec![load_balancer.to_owned()],
        zones: vec![zone("a"), zone("b")],
        acceptance_required: false,
        ip_address_types: vec!["ipv4".to_owned()],
        private_dns_name: Some(PrivateDnsName {
            name: format!("{number}.example.com"),
            challenge_name: "_challenge".to_owned(),
            challenge_value: "vpce:challenge".to_owned(),
            set: Duration::ZERO,
            state: "verified".to_owned(),
            verifies_at: None,
        }),
        principals: vec![("cks.kms.eu-central-1.amazonaws.com".to_owned(), "vpce-svc-perm-1".to_owned())],
        created: Duration::ZERO,
        gone_at: None,
        tags: Tags::new(),
    });
}

pub(super) fn service(world: &mut World) -> &mut EndpointService {
    &mut world.ec2.endpoint_services[0]
}

pub(super) fn kms(world: &mut World, operation: &str, input: Value) -> Answer {
    handle(&elb::call(world, operation, input), world)
}

/// CreateCustomKeyStore in front of endpoint service `number`.
pub(super) fn input(name: &str, number: usize) -> Value {
    json!({
        "CustomKeyStoreName": name,
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
        "XksProxyUriEndpoint": format!("https://{number}.example.com"),
        "XksProxyUriPath": "/kms/xks/v1",
        "XksProxyVpcEndpointServiceName": format!("com.amazonaws.vpce.eu-central-1.vpce-svc-{number}"),
        "XksProxyAuthenticationCredential": {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": SECRET},
    })
}

/// A new key store; its id.
pub(super) fn key_store(world: &mut World) -> String {
    let answer = kms(world, "CreateCustomKeyStore", input("store", 0)).unwrap();
    answer["CustomKeyStoreId"].as_str().unwrap().to_owned()
}

/// A new key store, connected; its id.
pub(super) fn connected(world: &mut World) -> String {
    let id = key_store(world);
    connect(world, &id);
    assert_eq!(state(world), ("CONNECTED".to_owned(), None));
    id
}

/// Connects a key store and waits for the end.
pub(super) fn connect(world: &mut World, id: &str) {
    kms(world, "ConnectCustomKeyStore", json!({"CustomKeyStoreId": id})).unwrap();
    elb::wait(world, 300);
}

/// ConnectionState and ConnectionErrorCode of the first key store.
pub(super) fn state(world: &mut World) -> (String, Option<String>) {
    let answer = kms(world, "DescribeCustomKeyStores", json!({})).unwrap();
    let store = &answer["CustomKeyStores"][0];
    let text = |name: &str| store[name].as_str().map(str::to_owned);
    (text("ConnectionState").unwrap(), text("ConnectionErrorCode"))
}
