//! AWS KMS: external key stores and the keys in them.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod connection;
mod endpoint_service;
#[cfg(test)]
mod fixture;
mod input;
mod key;
mod key_store;
mod proxy;
mod proxy_call;
mod uniqueness;
mod update;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call, Fail};
use crate::world::{Home, World};

/// What KMS keeps.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// Key stores.
    pub key_stores: Vec<KeyStore>,
    /// KMS keys.
    pub keys: Vec<Key>,
    /// When set, the next connections end FAILED with this ConnectionErrorCode.
    pub connection_error: Option<String>,
    /// How many key stores an account may have in a Region.
    pub key_store_quota: usize,
}

impl Default for State {
    fn default() -> Self {
        Self { key_stores: Vec::new(), keys: Vec::new(), connection_error: None, key_store_quota: 10 }
    }
}

/// A custom key store of type `EXTERNAL_KEY_STORE`.
#[derive(Clone, Debug, Serialize)]
pub struct KeyStore {
    /// Owner and Region.
    pub home: Home,
    /// `cks-…`.
    pub id: String,
    /// Name, unique in account and Region.
    pub name: String,
    /// `VPC_ENDPOINT_SERVICE` or `PUBLIC_ENDPOINT`.
    pub connectivity: String,
    /// `https://…`.
    pub uri_endpoint: String,
    /// `…/kms/xks/v1`.
    pub uri_path: String,
    /// Endpoint service.
    pub service_name: Option<String>,
    /// Its owner, when another account.
    pub service_owner: Option<String>,
    /// Access key id of the proxy credential.
    pub access_key_id: String,
    /// The secret part. Kept to check rotation; never part of an answer, a log or a page.
    #[serde(skip)]
    pub secret: Secret,
    /// `CONNECTED`, `CONNECTING`, `FAILED`, `DISCONNECTED`, `DISCONNECTING`.
    pub connection_state: String,
    /// Present when FAILED.
    pub connection_error_code: Option<String>,
    /// When a running connect or disconnect ends.
    pub changes_at: Option<Duration>,
    /// When it was created.
    pub created: Duration,
}

/// A secret that never prints.
#[derive(Clone, Deserialize, Eq, PartialEq)]
pub struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A KMS key.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// Owner and Region.
    pub home: Home,
    /// UUID.
    pub id: String,
    /// The key store it lives in, if any.
    pub key_store: Option<String>,
    /// `XksKeyId`, if any.
    pub xks_key_id: Option<String>,
    /// `Enabled`, `Disabled` or `PendingDeletion`. Answers say `Unavailable` for the first while the key store is not
    /// connected.
    pub state: String,
    /// Description.
    pub description: String,
    /// When it was created.
    pub created: Duration,
    /// When a scheduled deletion takes effect.
    pub deleted_at: Option<Duration>,
}

/// Lets everything happen in KMS that is due.
pub(crate) fn advance(world: &mut World) {
    connection::advance(world);
    key::advance(world);
}

/// Handles one KMS call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    match call.operation.as_str() {
        "CreateCustomKeyStore" => key_store::create(call, world),
        "DescribeCustomKeyStores" => key_store::describe(call, world),
        "DeleteCustomKeyStore" => key_store::delete(call, world),
        "UpdateCustomKeyStore" => update::update(call, world),
        "ConnectCustomKeyStore" => connection::connect(call, world),
        "DisconnectCustomKeyStore" => connection::disconnect(call, world),
        "CreateKey" => key::create(call, world),
        "ListKeys" => key::list(call, world),
        "DescribeKey" => key::describe(call, world),
        "ScheduleKeyDeletion" => key::schedule_deletion(call, world),
        "CancelKeyDeletion" => key::cancel_deletion(call, world),
        other => Err(Fail::new("UnknownOperationException", other)),
    }
}
