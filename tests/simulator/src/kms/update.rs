//! UpdateCustomKeyStore: some fields change at any time, the others only while disconnected.

use serde_json::json;

use super::connection::proxy_verdict;
use super::{KeyStore, endpoint_service, input, key_store, uniqueness};
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
        check_proxy(world, &changed)?;
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
    let renamed = KeyStore { name: changed.name.clone(), ..store.clone() };
    renamed.uri_endpoint != changed.uri_endpoint
        || renamed.uri_path != changed.uri_path
        || renamed.connectivity != changed.connectivity
        || renamed.service_name != changed.service_name
        || renamed.service_owner != changed.service_owner
        || renamed.access_key_id != changed.access_key_id
        || renamed.secret != changed.secret
}

/// The endpoint service always; the proxy itself only through an existing connection, since KMS has no other way there.
fn check_proxy(world: &World, changed: &KeyStore) -> Result<(), Fail> {
    endpoint_service::check(world, changed, world.now).map_err(endpoint_service::Flaw::exception)?;
    if changed.connection_state != "CONNECTED" {
        return Ok(());
    }
    proxy_verdict(world, changed).map_or(Ok(()), |code| Err(exception(&code)))
}

/// The exception that says during an update what a ConnectionErrorCode says after connecting.
fn exception(connection_error_code: &str) -> Fail {
    let exception = match connection_error_code {
        "INVALID_CREDENTIALS" => "XksProxyIncorrectAuthenticationCredentialException",
        "XKS_PROXY_INVALID_CONFIGURATION" => "XksProxyInvalidConfigurationException",
        "XKS_PROXY_INVALID_RESPONSE" => "XksProxyInvalidResponseException",
        "INTERNAL_ERROR" => return Fail::with_status(500, "KMSInternalException", "Try again"),
        _ => "XksProxyUriUnreachableException",
    };
    Fail::new(exception, format!("The external key store proxy did not answer as expected: {connection_error_code}"))
}
