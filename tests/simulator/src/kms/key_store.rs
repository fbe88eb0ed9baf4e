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
    proxy::check(world, &store, "CreateCustomKeyStore")?;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::elb::fixture::code;
    use crate::kms::fixture::{SECRET, add_service, connected, input, key_store, kms, world};
    use crate::world::World;

    fn create(world: &mut World, changed: &[(&str, Value)]) -> String {
        let mut input = input("store", 0);
        for (name, value) in changed {
            input[*name] = value.clone();
        }
        code(kms(world, "CreateCustomKeyStore", input))
    }

    #[test]
    fn a_new_key_store_is_disconnected_and_shows_no_secret() {
        let mut world = world();
        let id = key_store(&mut world);
        let answer = kms(&mut world, "DescribeCustomKeyStores", json!({"CustomKeyStoreName": "store"})).unwrap();
        assert_eq!(
            answer["CustomKeyStores"][0],
            json!({
                "CustomKeyStoreId": id,
                "CustomKeyStoreName": "store",
                "ConnectionState": "DISCONNECTED",
                "CreationDate": 1_767_225_750.0,
                "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
                "XksProxyConfiguration": {
                    "Connectivity": "VPC_ENDPOINT_SERVICE",
                    "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
                    "UriEndpoint": "https://0.example.com",
                    "UriPath": "/kms/xks/v1",
                    "VpcEndpointServiceName": "com.amazonaws.vpce.eu-central-1.vpce-svc-0",
                    "VpcEndpointServiceOwner": "111122223333",
                },
            })
        );
        assert!(!format!("{:?}", world.kms).contains(SECRET));
    }

    #[test]
    fn parameters_fit_the_service_model() {
        let mut world = world();
        let credential = |id: &str, secret: &str| json!({"AccessKeyId": id, "RawSecretAccessKey": secret});
        for (parameter, value) in [
            ("CustomKeyStoreName", json!("")),
            ("XksProxyUriEndpoint", json!("https://0.example.com/")),
            ("XksProxyUriEndpoint", json!("http://0.example.com")),
            ("XksProxyUriPath", json!("/kms/xks/v1/")),
            ("XksProxyVpcEndpointServiceName", json!("vpce-svc-00000000000000000")),
            ("XksProxyVpcEndpointServiceName", Value::Null),
            ("XksProxyVpcEndpointServiceOwner", json!("1111")),
            ("XksProxyConnectivity", json!("PRIVATE")),
            ("XksProxyAuthenticationCredential", credential("abcdefghijklmnopqrst", SECRET)),
            ("XksProxyAuthenticationCredential", json!({"AccessKeyId": "ABCDEFGHIJKLMNOPQRST"})),
        ] {
            assert_eq!(create(&mut world, &[(parameter, value.clone())]), "ValidationException", "{parameter} {value}");
        }
    }

    #[test]
    fn a_refused_secret_is_not_repeated() {
        let mut input = input("store", 0);
        input["XksProxyAuthenticationCredential"]["RawSecretAccessKey"] = json!("too-short-a-secret");
        let fail = kms(&mut world(), "CreateCustomKeyStore", input).unwrap_err();
        assert!(!fail.message.contains("too-short-a-secret"), "{}", fail.message);
    }

    #[test]
    fn key_stores_share_neither_name_nor_address_nor_service() {
        let mut world = world();
        key_store(&mut world);
        let arn = world.ec2.endpoint_services[0].load_balancer_arns[0].clone();
        add_service(&mut world, &arn, 1);
        let other = json!("other");
        assert_eq!(create(&mut world, &[]), "CustomKeyStoreNameInUseException");
        assert_eq!(create(&mut world, &[("CustomKeyStoreName", other.clone())]), "XksProxyUriInUseException");
        let changed = [("CustomKeyStoreName", other.clone()), ("XksProxyUriPath", json!("/x/kms/xks/v1"))];
        assert_eq!(create(&mut world, &changed), "XksProxyUriEndpointInUseException");
        let changed = [("CustomKeyStoreName", other), ("XksProxyUriEndpoint", json!("https://1.example.com"))];
        assert_eq!(create(&mut world, &changed), "XksProxyVpcEndpointServiceInUseException");
        assert_eq!(code(kms(&mut world, "CreateCustomKeyStore", input("other", 1))), "ok");
    }

    #[test]
    fn the_quota_counts() {
        let mut world = world();
        world.kms.key_store_quota = 0;
        assert_eq!(create(&mut world, &[]), "LimitExceededException");
    }

    #[test]
    fn an_unknown_key_store_is_refused_and_an_empty_account_is_not() {
        let mut world = world();
        let describe = |world: &mut World, input| kms(world, "DescribeCustomKeyStores", input);
        for input in [json!({"CustomKeyStoreId": "cks-1"}), json!({"CustomKeyStoreName": "nobody"})] {
            assert_eq!(code(describe(&mut world, input)), "CustomKeyStoreNotFoundException");
        }
        let none = describe(&mut world, json!({})).unwrap();
        assert_eq!(none, json!({"CustomKeyStores": [], "Truncated": false}));
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let mut world = world();
        let arn = world.ec2.endpoint_services[0].load_balancer_arns[0].clone();
        key_store(&mut world);
        add_service(&mut world, &arn, 1);
        kms(&mut world, "CreateCustomKeyStore", input("other", 1)).unwrap();
        let first = kms(&mut world, "DescribeCustomKeyStores", json!({"Limit": 1})).unwrap();
        assert_eq!(first["Truncated"], true);
        let next = json!({"Limit": 1, "Marker": first["NextMarker"]});
        let second = kms(&mut world, "DescribeCustomKeyStores", next).unwrap();
        assert_eq!((&second["Truncated"], second["CustomKeyStores"].as_array().unwrap().len()), (&json!(false), 1));
    }

    #[test]
    fn only_a_disconnected_key_store_without_keys_can_be_deleted() {
        let mut world = world();
        let id = connected(&mut world);
        let store = json!({"CustomKeyStoreId": id});
        let delete = |world: &mut World| code(kms(world, "DeleteCustomKeyStore", store.clone()));
        assert_eq!(delete(&mut world), "CustomKeyStoreInvalidStateException");
        let key = json!({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": id, "XksKeyId": "key-1"});
        let answer = kms(&mut world, "CreateKey", key).unwrap();
        kms(&mut world, "DisconnectCustomKeyStore", store.clone()).unwrap();
        crate::elb::fixture::wait(&mut world, 300);
        assert_eq!(delete(&mut world), "CustomKeyStoreHasCMKsException");
        let key = json!({"KeyId": answer["KeyMetadata"]["KeyId"], "PendingWindowInDays": 7});
        kms(&mut world, "ScheduleKeyDeletion", key).unwrap();
        assert_eq!(delete(&mut world), "CustomKeyStoreHasCMKsException");
        crate::elb::fixture::wait(&mut world, 7 * 24 * 60 * 60);
        assert_eq!(delete(&mut world), "ok");
        assert_eq!(delete(&mut world), "CustomKeyStoreNotFoundException");
    }

    #[test]
    fn a_public_endpoint_is_asked_at_once() {
        let mut world = world();
        world.kms.connection_error = Some("INVALID_CREDENTIALS".to_owned());
        let public =
            [("XksProxyConnectivity", json!("PUBLIC_ENDPOINT")), ("XksProxyVpcEndpointServiceName", Value::Null)];
        assert_eq!(create(&mut world, &public), "XksProxyIncorrectAuthenticationCredentialException");
        assert_eq!(create(&mut world, &[]), "ok");
    }
}
