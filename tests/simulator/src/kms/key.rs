//! KMS keys: those in external key stores, and plain ones beside them.

use std::time::Duration;

use serde_json::{Value, json};

use super::input::{self, home, invalid, missing, without_nulls};
use super::{Key, key_store, proxy};
use crate::call::{Answer, Call, Fail};
use crate::sts::partition;
use crate::world::World;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes the keys whose waiting period is over.
pub(super) fn advance(world: &mut World) {
    let now = world.now;
    world.kms.keys.retain(|key| key.deleted_at.is_none_or(|at| at > now));
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    check_kind(call)?;
    let external = match call.text("Origin").as_deref() {
        Some("EXTERNAL_KEY_STORE") => Some(external_key(call, world)?),
        None | Some("AWS_KMS") => None,
        Some(other) => return Err(unsupported(&format!("keys of origin {other}"))),
    };
    let (key_store, xks_key_id) = external.unzip();
    let key = Key {
        home: home(call),
        id: world.ids.uuid(),
        key_store,
        xks_key_id,
        state: "Enabled".to_owned(),
        description: call.text("Description").unwrap_or_default(),
        created: world.now,
        deleted_at: None,
    };
    let answer = json!({"KeyMetadata": metadata(&key, world)});
    world.kms.keys.push(key);
    Ok(answer)
}

pub(super) fn list(call: &Call, world: &World) -> Answer {
    let home = home(call);
    let mine = world.kms.keys.iter().filter(|key| key.home == home).collect();
    input::page(call, "Keys", mine, |key| &key.id, |key| json!({"KeyId": key.id, "KeyArn": arn(key)}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    Ok(json!({"KeyMetadata": metadata(named_by(call, world)?, world)}))
}

pub(super) fn schedule_deletion(call: &Call, world: &mut World) -> Answer {
    let days = match call.text("PendingWindowInDays") {
        None => 30,
        Some(text) => text
            .parse()
            .ok()
            .filter(|days| (7..=30).contains(days))
            .ok_or_else(|| invalid(format!("PendingWindowInDays is from 7 to 30, not '{text}'")))?,
    };
    let deleted_at = world.now + days * DAY;
    let key = named_by_mut(call, world)?;
    if key.state == "PendingDeletion" {
        return Err(Fail::new("KMSInvalidStateException", format!("{} is pending deletion.", arn(key))));
    }
    key.state = "PendingDeletion".to_owned();
    key.deleted_at = Some(deleted_at);
    Ok(json!({
        "KeyId": arn(key),
        "DeletionDate": input::date(deleted_at),
        "KeyState": key.state,
        "PendingWindowInDays": days,
    }))
}

/// Leaves the key disabled, as KMS does.
pub(super) fn cancel_deletion(call: &Call, world: &mut World) -> Answer {
    let key = named_by_mut(call, world)?;
    if key.state != "PendingDeletion" {
        return Err(Fail::new("KMSInvalidStateException", format!("{} is not pending deletion.", arn(key))));
    }
    key.state = "Disabled".to_owned();
    key.deleted_at = None;
    Ok(json!({"KeyId": arn(key)}))
}

/// The key that the parameter `KeyId` names, by id or ARN.
fn named_by<'a>(call: &Call, world: &'a World) -> Result<&'a Key, Fail> {
    let id = input::need(call, "KeyId")?;
    world.kms.keys.iter().find(|key| is_named(key, call, &id)).ok_or_else(|| not_found(&id))
}

fn named_by_mut<'a>(call: &Call, world: &'a mut World) -> Result<&'a mut Key, Fail> {
    let id = input::need(call, "KeyId")?;
    world.kms.keys.iter_mut().find(|key| is_named(key, call, &id)).ok_or_else(|| not_found(&id))
}

fn is_named(key: &Key, call: &Call, id: &str) -> bool {
    key.home == home(call) && (key.id == id || arn(key) == id)
}

fn not_found(id: &str) -> Fail {
    Fail::new("NotFoundException", format!("Key '{id}' does not exist"))
}

fn unsupported(what: &str) -> Fail {
    Fail::new("UnsupportedOperationException", format!("This simulated AWS does not support {what}"))
}

/// External key stores hold symmetric single-Region keys only, and so does this simulator.
fn check_kind(call: &Call) -> Result<(), Fail> {
    let is_other = |parameter: &str, only: &str| call.text(parameter).is_some_and(|value| value != only);
    if is_other("KeySpec", "SYMMETRIC_DEFAULT") || is_other("KeyUsage", "ENCRYPT_DECRYPT") {
        return Err(unsupported("other than symmetric encryption keys"));
    }
    if call.flag("MultiRegion") == Some(true) {
        return Err(unsupported("multi-Region keys"));
    }
    Ok(())
}

/// The key store and the external key of a new KMS key.
fn external_key(call: &Call, world: &World) -> Result<(String, String), Fail> {
    let xks_key_id = input::xks_key_id(call)?.ok_or_else(|| missing("XksKeyId"))?;
    let store = key_store::named_by(call, world)?;
    if store.connection_state != "CONNECTED" {
        return Err(key_store::invalid_state(store));
    }
    let taken = |key: &Key| key.key_store.as_ref() == Some(&store.id) && key.xks_key_id.as_ref() == Some(&xks_key_id);
    if world.kms.keys.iter().any(taken) {
        let message = format!("The external key '{xks_key_id}' is already associated with a KMS key");
        return Err(Fail::new("XksKeyAlreadyInUseException", message));
    }
    proxy::check_key(world, store, &xks_key_id)?;
    Ok((store.id.clone(), xks_key_id))
}

fn metadata(key: &Key, world: &World) -> Value {
    let origin = if key.key_store.is_some() { "EXTERNAL_KEY_STORE" } else { "AWS_KMS" };
    without_nulls(json!({
        "AWSAccountId": key.home.account,
        "KeyId": key.id,
        "Arn": arn(key),
        "CreationDate": input::date(key.created),
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": state(key, world),
        "DeletionDate": key.deleted_at.map(input::date),
        "Origin": origin,
        "CustomKeyStoreId": key.key_store,
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
        "XksKeyConfiguration": key.xks_key_id.as_ref().map(|id| json!({"Id": id})),
    }))
}

/// A key is unavailable while its key store is not connected.
fn state<'a>(key: &'a Key, world: &World) -> &'a str {
    let connected = key.key_store.as_ref().is_none_or(|id| {
        world.kms.key_stores.iter().any(|store| store.id == *id && store.connection_state == "CONNECTED")
    });
    if key.state == "Enabled" && !connected { "Unavailable" } else { &key.state }
}

fn arn(key: &Key) -> String {
    format!("arn:{}:kms:{}:{}:key/{}", partition(&key.home.region), key.home.region, key.home.account, key.id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::elb::fixture::{code, wait};
    use crate::kms::fixture::{connected, key_store, kms, world};
    use crate::world::World;

    fn create(world: &mut World, store: &str, external: &str) -> Result<Value, String> {
        let input = json!({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store, "XksKeyId": external});
        kms(world, "CreateKey", input).map(|mut answer| answer["KeyMetadata"].take()).map_err(|fail| fail.code)
    }

    #[test]
    fn a_key_needs_a_connected_key_store_and_an_external_key_of_its_own() {
        let mut world = world();
        assert_eq!(create(&mut world, "cks-1", "key-1").unwrap_err(), "CustomKeyStoreNotFoundException");
        let id = connected(&mut world);
        let key = create(&mut world, &id, "key-1").unwrap();
        assert_eq!((&key["CustomKeyStoreId"], &key["XksKeyConfiguration"]), (&json!(id), &json!({"Id": "key-1"})));
        assert_eq!(create(&mut world, &id, "key-1").unwrap_err(), "XksKeyAlreadyInUseException");
        assert_eq!(create(&mut world, &id, "key 2").unwrap_err(), "ValidationException");
        kms(&mut world, "DisconnectCustomKeyStore", json!({"CustomKeyStoreId": id})).unwrap();
        assert_eq!(create(&mut world, &id, "key-2").unwrap_err(), "CustomKeyStoreInvalidStateException");
        let described = kms(&mut world, "DescribeKey", json!({"KeyId": key["Arn"]})).unwrap();
        assert_eq!(described["KeyMetadata"]["KeyState"], "Unavailable");
    }

    #[test]
    fn keys_are_listed_in_pages() {
        let mut world = world();
        key_store(&mut world);
        for _ in 0..3 {
            kms(&mut world, "CreateKey", json!({})).unwrap();
        }
        let first = kms(&mut world, "ListKeys", json!({"Limit": 2})).unwrap();
        let second = kms(&mut world, "ListKeys", json!({"Limit": 2, "Marker": first["NextMarker"]})).unwrap();
        assert_eq!((first["Keys"].as_array().unwrap().len(), second["Keys"].as_array().unwrap().len()), (2, 1));
        assert_eq!(second["Truncated"], false);
    }

    #[test]
    fn a_deletion_waits_and_can_be_cancelled_until_then() {
        let mut world = world();
        let answer = kms(&mut world, "CreateKey", json!({})).unwrap();
        let key = json!({"KeyId": answer["KeyMetadata"]["KeyId"]});
        let soon = json!({"KeyId": key["KeyId"], "PendingWindowInDays": 6});
        assert_eq!(code(kms(&mut world, "ScheduleKeyDeletion", soon)), "ValidationException");
        let scheduled = kms(&mut world, "ScheduleKeyDeletion", key.clone()).unwrap();
        assert_eq!(scheduled["PendingWindowInDays"], 30);
        assert_eq!(code(kms(&mut world, "ScheduleKeyDeletion", key.clone())), "KMSInvalidStateException");
        kms(&mut world, "CancelKeyDeletion", key.clone()).unwrap();
        let described = kms(&mut world, "DescribeKey", key.clone()).unwrap();
        assert_eq!(described["KeyMetadata"]["KeyState"], "Disabled");
        kms(&mut world, "ScheduleKeyDeletion", key.clone()).unwrap();
        wait(&mut world, 30 * 24 * 60 * 60);
        assert_eq!(code(kms(&mut world, "DescribeKey", key)), "NotFoundException");
    }
}
