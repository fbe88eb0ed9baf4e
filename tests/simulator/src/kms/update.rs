//! UpdateCustomKeyStore: some fields change at any time, the others only while disconnected.

use serde_json::json;

use super::endpoint_service::Flaw;
use super::{KeyStore, endpoint_service, input, key_store, proxy, uniqueness};
use crate::call::{Answer, Call, Fail};
use crate::world::World;

/// Fields that need a disconnected key store.
const BOUND: [&str; 4] = [
    "XksProxyConnectivity",
    "XksProxyUriEndpoint",
    "XksProxyVpcEndpointServiceName",
    "XksProxyVpcEndpointServiceOwner",
];

pub(super) fn update(call: &Call, world: &mut World) -> Answer {
    let store = key_store::named_by(call, world)?;
    let changed = change(call, store)?;
    if BOUND.iter().any(|field| !call.input[*field].is_null()) && store.connection_state != "DISCONNECTED" {
        return Err(key_store::invalid_state(store));
    }
    uniqueness::check(world, &changed)?;
    if touches_the_proxy(store, &changed) {
        endpoint_service::check(world, &changed, world.now).map_err(Flaw::exception)?;
        proxy::check(world, &changed, "UpdateCustomKeyStore")?;
    }
    *key_store::named_by_mut(call, world)? = changed;
    Ok(json!({}))
}

/// The key store as the call wants it.
fn change(call: &Call, store: &KeyStore) -> Result<KeyStore, Fail> {
    let mut changed = store.clone();
    if let Some(name) = input::store_name(call, "NewCustomKeyStoreName")? {
        changed.name = name;
    }
    if let Some((access_key_id, secret)) = input::credential(call)? {
        (changed.access_key_id, changed.secret) = (access_key_id, secret);
    }
    if let Some(path) = input::uri_path(call)? {
        changed.uri_path = path;
    }
    if let Some(endpoint) = input::uri_endpoint(call)? {
        changed.uri_endpoint = endpoint;
    }
    let service_name = input::service_name(call)?;
    if let Some(connectivity) = input::connectivity(call)?.filter(|wanted| *wanted != store.connectivity) {
        check_switch(store, &changed)?;
        (changed.connectivity, changed.service_name, changed.service_owner) = (connectivity, None, None);
    }
    changed.service_name = service_name.or(changed.service_name);
    changed.service_owner = input::service_owner(call)?.or(changed.service_owner);
    key_store::check_connectivity(&changed)?;
    Ok(changed)
}

/// Another kind of connectivity comes with another endpoint.
fn check_switch(store: &KeyStore, changed: &KeyStore) -> Result<(), Fail> {
    if store.uri_endpoint == changed.uri_endpoint {
        return Err(input::invalid("A change of XksProxyConnectivity needs a new XksProxyUriEndpoint"));
    }
    Ok(())
}

/// A new name is KMS's own affair; everything else KMS tries out first.
fn touches_the_proxy(store: &KeyStore, changed: &KeyStore) -> bool {
    store.uri_endpoint != changed.uri_endpoint
        || store.uri_path != changed.uri_path
        || store.connectivity != changed.connectivity
        || store.service_name != changed.service_name
        || store.service_owner != changed.service_owner
        || store.access_key_id != changed.access_key_id
        || store.secret != changed.secret
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::elb::fixture::code;
    use crate::kms::fixture::{SECRET, add_service, connected, key_store, kms, service, world};
    use crate::world::World;

    fn update(world: &mut World, id: &str, mut input: Value) -> String {
        input["CustomKeyStoreId"] = json!(id);
        code(kms(world, "UpdateCustomKeyStore", input))
    }

    fn credential() -> Value {
        json!({"XksProxyAuthenticationCredential":
            {"AccessKeyId": "ZYXWVUTSRQPONMLKJIHG", "RawSecretAccessKey": SECRET}})
    }

    #[test]
    fn name_credential_and_path_change_while_connected() {
        let mut world = world();
        let id = connected(&mut world);
        assert_eq!(update(&mut world, &id, json!({"NewCustomKeyStoreName": "renamed"})), "ok");
        assert_eq!(update(&mut world, &id, json!({"XksProxyUriPath": "/x/kms/xks/v1"})), "ok");
        assert_eq!(update(&mut world, &id, credential()), "ok");
        let store = &world.kms.key_stores[0];
        assert_eq!((store.name.as_str(), store.access_key_id.as_str()), ("renamed", "ZYXWVUTSRQPONMLKJIHG"));
    }

    #[test]
    fn a_new_credential_is_tried_over_the_connection() {
        let mut world = world();
        let id = connected(&mut world);
        world.kms.connection_error = Some("INVALID_CREDENTIALS".to_owned());
        assert_eq!(update(&mut world, &id, credential()), "XksProxyIncorrectAuthenticationCredentialException");
        assert_eq!(world.kms.key_stores[0].access_key_id, "ABCDEFGHIJKLMNOPQRST");
    }

    #[test]
    fn the_endpoint_changes_only_while_disconnected() {
        let mut world = world();
        let arn = world.ec2.endpoint_services[0].load_balancer_arns[0].clone();
        add_service(&mut world, &arn, 1);
        let moved = json!({"XksProxyUriEndpoint": "https://1.example.com",
            "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.eu-central-1.vpce-svc-1"});
        let id = connected(&mut world);
        assert_eq!(update(&mut world, &id, moved.clone()), "CustomKeyStoreInvalidStateException");
        world.kms.key_stores[0].connection_state = "DISCONNECTED".to_owned();
        assert_eq!(update(&mut world, &id, moved), "ok");
    }

    #[test]
    fn a_change_needs_a_service_that_kms_can_use() {
        let mut world = world();
        let id = key_store(&mut world);
        service(&mut world).principals.clear();
        assert_eq!(update(&mut world, &id, credential()), "XksProxyVpcEndpointServiceNotFoundException");
        assert_eq!(update(&mut world, &id, json!({"NewCustomKeyStoreName": "renamed"})), "ok");
    }

    #[test]
    fn another_connectivity_comes_with_another_endpoint() {
        let mut world = world();
        let id = key_store(&mut world);
        let mut input = json!({"XksProxyConnectivity": "PUBLIC_ENDPOINT", "XksProxyVpcEndpointServiceName": ""});
        assert_eq!(update(&mut world, &id, input.clone()), "ValidationException");
        input["XksProxyUriEndpoint"] = json!("https://public.example.com");
        assert_eq!(update(&mut world, &id, input), "ok");
        assert_eq!(world.kms.key_stores[0].service_name, None);
    }
}
