//! External key stores: created, described, deleted. Connecting is in `connection`, changing in `update`.

use serde_json::{Value, json};

use super::endpoint_service::Flaw;
use super::input::{self, home, invalid, missing, without_nulls};
use super::{KeyStore, endpoint_service, proxy, uniqueness};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, World};

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let store = wanted(call, world)?;
    if mine(world, &store.home).count() >= world.kms.key_store_quota {
        let message = format!("The quota of {} custom key stores has been reached", world.kms.key_store_quota);
        return Err(Fail::new("LimitExceededException", message));
    }
    uniqueness::check(world, &store)?;
    endpoint_service::check(world, &store, world.now).map_err(Flaw::exception)?;
    proxy::check(world, &store)?;
    let store = KeyStore { id: world.ids.resource("cks"), ..store };
    let answer = json!({"CustomKeyStoreId": store.id});
    world.kms.key_stores.push(store);
    Ok(answer)
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let (home, id, name) = (home(call), call.text("CustomKeyStoreId"), call.text("CustomKeyStoreName"));
    if id.is_some() && name.is_some() {
        return Err(invalid("Specify either CustomKeyStoreId or CustomKeyStoreName, not both"));
    }
    let asked = |store: &&KeyStore| {
        id.as_ref().is_none_or(|id| store.id == *id) && name.as_ref().is_none_or(|name| store.name == *name)
    };
    let found: Vec<&KeyStore> = mine(world, &home).filter(asked).collect();
    match id.as_ref().or(name.as_ref()) {
        Some(wanted) if found.is_empty() => Err(not_found(wanted)),
        _ => input::page(call, "CustomKeyStores", found, |store| &store.id, show),
    }
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let store = named_by(call, world)?;
    if store.connection_state != "DISCONNECTED" {
        return Err(invalid_state(store));
    }
    // A key that waits for its deletion still counts.
    if world.kms.keys.iter().any(|key| key.key_store.as_ref() == Some(&store.id)) {
        let message = format!("The custom key store '{}' contains KMS keys", store.id);
        return Err(Fail::new("CustomKeyStoreHasCMKsException", message));
    }
    let id = store.id.clone();
    world.kms.key_stores.retain(|store| store.id != id);
    Ok(json!({}))
}

/// The key stores of an account and Region.
pub(super) fn mine<'a>(world: &'a World, home: &Home) -> impl Iterator<Item = &'a KeyStore> {
    world.kms.key_stores.iter().filter(move |store| store.home == *home)
}

/// The key store that the parameter `CustomKeyStoreId` names.
pub(super) fn named_by<'a>(call: &Call, world: &'a World) -> Result<&'a KeyStore, Fail> {
    let (home, id) = (home(call), input::need(call, "CustomKeyStoreId")?);
    mine(world, &home).find(|store| store.id == id).ok_or_else(|| not_found(&id))
}

pub(super) fn named_by_mut<'a>(call: &Call, world: &'a mut World) -> Result<&'a mut KeyStore, Fail> {
    let (home, id) = (home(call), input::need(call, "CustomKeyStoreId")?);
    let found = world.kms.key_stores.iter_mut().find(|store| store.home == home && store.id == id);
    found.ok_or_else(|| not_found(&id))
}

pub(super) fn invalid_state(store: &KeyStore) -> Fail {
    let message = format!("The custom key store '{}' is {}", store.id, store.connection_state);
    Fail::new("CustomKeyStoreInvalidStateException", message)
}

/// Whether connectivity and endpoint service go together.
pub(super) fn check_connectivity(store: &KeyStore) -> Result<(), Fail> {
    match (store.connectivity.as_str(), &store.service_name) {
        ("VPC_ENDPOINT_SERVICE", None) => Err(missing("XksProxyVpcEndpointServiceName")),
        ("PUBLIC_ENDPOINT", Some(_)) => {
            Err(invalid("XksProxyVpcEndpointServiceName does not go with a PUBLIC_ENDPOINT"))
        }
        _ => Ok(()),
    }
}

/// The key store that CreateCustomKeyStore asks for, without an id.
fn wanted(call: &Call, world: &World) -> Result<KeyStore, Fail> {
    if call.text("CustomKeyStoreType").as_deref() != Some("EXTERNAL_KEY_STORE") {
        return Err(invalid("AWS CloudHSM key stores, the default type, are not part of this simulated AWS"));
    }
    let (access_key_id, secret) =
        input::credential(call)?.ok_or_else(|| missing("XksProxyAuthenticationCredential"))?;
    let store = KeyStore {
        home: home(call),
        id: String::new(),
        name: input::store_name(call, "CustomKeyStoreName")?.ok_or_else(|| missing("CustomKeyStoreName"))?,
        connectivity: input::connectivity(call)?.ok_or_else(|| missing("XksProxyConnectivity"))?,
        uri_endpoint: input::uri_endpoint(call)?.ok_or_else(|| missing("XksProxyUriEndpoint"))?,
        uri_path: input::uri_path(call)?.ok_or_else(|| missing("XksProxyUriPath"))?,
        service_name: input::service_name(call)?,
        service_owner: input::service_owner(call)?,
        access_key_id,
        secret,
        connection_state: "DISCONNECTED".to_owned(),
        connection_error_code: None,
        changes_at: None,
        created: world.now,
    };
    check_connectivity(&store)?;
    Ok(store)
}

fn not_found(wanted: &str) -> Fail {
    Fail::new("CustomKeyStoreNotFoundException", format!("The custom key store '{wanted}' does not exist"))
}

fn show(store: &KeyStore) -> Value {
    let service = store.service_name.as_ref();
    without_nulls(json!({
        "CustomKeyStoreId": store.id,
        "CustomKeyStoreName": store.name,
        "ConnectionState": store.connection_state,
        "ConnectionErrorCode": store.connection_error_code,
        "CreationDate": input::date(store.created),
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConfiguration": without_nulls(json!({
            "Connectivity": store.connectivity,
            "AccessKeyId": store.access_key_id,
            "UriEndpoint": store.uri_endpoint,
            "UriPath": store.uri_path,
            "VpcEndpointServiceName": service,
            "VpcEndpointServiceOwner":
                service.map(|_| store.service_owner.as_ref().unwrap_or(&store.home.account)),
        })),
    }))
}
