//! Connecting and disconnecting: both take minutes, and only the end shows whether a connection holds.

use std::time::Duration;

use serde_json::json;

use super::{KeyStore, endpoint_service, key_store, proxy};
use crate::call::{Answer, Call};
use crate::ec2::EndpointConnection;
use crate::elb;
use crate::world::World;

/// The account in which KMS makes its interface endpoints.
const KMS_ACCOUNT: &str = "888877776666";

/// Ends what is due, oldest first.
pub(super) fn advance(world: &mut World) {
    let now = world.now;
    let mut due: Vec<(Duration, String)> = world
        .kms
        .key_stores
        .iter()
        .filter_map(|store| Some((store.changes_at.filter(|at| *at <= now)?, store.id.clone())))
        .collect();
    due.sort();
    for (at, id) in due {
        let Some(store) = world.kms.key_stores.iter().find(|store| store.id == id).cloned() else { continue };
        let ended = if store.connection_state == "CONNECTING" {
            end_connecting(world, store, at)
        } else {
            end_disconnecting(world, store)
        };
        if let Some(there) = world.kms.key_stores.iter_mut().find(|store| store.id == id) {
            *there = ended;
        }
    }
}

/// KMS's guide demands DISCONNECTED; the exception's text would also let a connected store pass.
pub(super) fn connect(call: &Call, world: &mut World) -> Answer {
    let done = world.now + world.timings.connect;
    let store = key_store::named_by_mut(call, world)?;
    if store.connection_state != "DISCONNECTED" {
        return Err(key_store::invalid_state(store));
    }
    store.connection_state = "CONNECTING".to_owned();
    store.changes_at = Some(done);
    Ok(json!({}))
}

pub(super) fn disconnect(call: &Call, world: &mut World) -> Answer {
    let done = world.now + world.timings.disconnect;
    let store = key_store::named_by_mut(call, world)?;
    if matches!(store.connection_state.as_str(), "DISCONNECTED" | "DISCONNECTING") {
        return Err(key_store::invalid_state(store));
    }
    store.connection_state = "DISCONNECTING".to_owned();
    store.connection_error_code = None;
    store.changes_at = Some(done);
    Ok(json!({}))
}

fn end_connecting(world: &mut World, store: KeyStore, at: Duration) -> KeyStore {
    match outcome(world, &store, at) {
        Ok(service_id) => {
            if let Some(service_id) = service_id {
                add_endpoint(world, &store, service_id, at);
            }
            KeyStore { connection_state: "CONNECTED".to_owned(), changes_at: None, ..store }
        }
        Err(code) => KeyStore {
            connection_state: "FAILED".to_owned(),
            connection_error_code: Some(code),
            changes_at: None,
            ..store
        },
    }
}

/// The endpoint service that a connection goes through, if any, or the code with which it fails.
fn outcome(world: &World, store: &KeyStore, at: Duration) -> Result<Option<String>, String> {
    let service = endpoint_service::check(world, store, at).map_err(|flaw| flaw.connection_error_code().to_owned())?;
    if service.is_some_and(|service| elb::healthy_targets(world, &service.load_balancer_arns, at).is_empty()) {
        return Err("XKS_PROXY_NOT_REACHABLE".to_owned());
    }
    match proxy::health(world, store, "ConnectCustomKeyStore", at) {
        Some(code) => Err(code),
        None => Ok(service.map(|service| service.id.clone())),
    }
}

fn add_endpoint(world: &mut World, store: &KeyStore, service_id: String, at: Duration) {
    let endpoint_id = world.ids.resource("vpce");
    world.ec2.endpoint_connections.push(EndpointConnection {
        service_id,
        endpoint_id,
        owner: KMS_ACCOUNT.to_owned(),
        state: "available".to_owned(),
        created: at,
        key_store: Some(store.id.clone()),
    });
}

fn end_disconnecting(world: &mut World, store: KeyStore) -> KeyStore {
    world.ec2.endpoint_connections.retain(|each| each.key_store.as_ref() != Some(&store.id));
    KeyStore { connection_state: "DISCONNECTED".to_owned(), changes_at: None, ..store }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::elb::fixture::{code, wait};
    use crate::kms::fixture::{connect, connected, key_store, kms, state, world};
    use crate::world::World;

    fn ask(world: &mut World, operation: &str, id: &str) -> String {
        code(kms(world, operation, json!({"CustomKeyStoreId": id})))
    }

    #[test]
    fn connecting_takes_its_time_and_makes_an_endpoint() {
        let mut world = world();
        let id = key_store(&mut world);
        assert_eq!(ask(&mut world, "ConnectCustomKeyStore", &id), "ok");
        wait(&mut world, 299);
        assert_eq!(state(&mut world), ("CONNECTING".to_owned(), None));
        assert!(world.ec2.endpoint_connections.is_empty());
        wait(&mut world, 1);
        assert_eq!(state(&mut world), ("CONNECTED".to_owned(), None));
        let endpoint = &world.ec2.endpoint_connections[0];
        assert_eq!((endpoint.owner.as_str(), endpoint.state.as_str()), ("888877776666", "available"));
    }

    #[test]
    fn disconnecting_takes_its_time_and_removes_the_endpoint() {
        let mut world = world();
        let id = connected(&mut world);
        assert_eq!(ask(&mut world, "DisconnectCustomKeyStore", &id), "ok");
        wait(&mut world, 299);
        assert_eq!(state(&mut world), ("DISCONNECTING".to_owned(), None));
        assert_eq!(world.ec2.endpoint_connections.len(), 1);
        wait(&mut world, 1);
        assert_eq!(state(&mut world), ("DISCONNECTED".to_owned(), None));
        assert!(world.ec2.endpoint_connections.is_empty());
    }

    #[test]
    fn without_a_way_to_a_healthy_target_the_proxy_is_not_reachable() {
        let unreachable = ("FAILED".to_owned(), Some("XKS_PROXY_NOT_REACHABLE".to_owned()));
        let breaks: [fn(&mut World); 4] = [
            |world| world.elb.dead_targets.push("10.0.0.20".to_owned()),
            |world| world.elb.target_groups[0].targets.clear(),
            |world| world.elb.listeners[0].port = 8443,
            |world| world.elb.listeners[0].protocol = "UDP".to_owned(),
        ];
        for change in breaks {
            let mut world = world();
            let id = key_store(&mut world);
            change(&mut world);
            connect(&mut world, &id);
            assert_eq!(state(&mut world), unreachable);
        }
    }

    #[test]
    fn after_a_failure_only_disconnecting_helps() {
        let mut world = world();
        let id = key_store(&mut world);
        world.kms.connection_error = Some("INVALID_CREDENTIALS".to_owned());
        connect(&mut world, &id);
        assert_eq!(state(&mut world), ("FAILED".to_owned(), Some("INVALID_CREDENTIALS".to_owned())));
        for operation in ["ConnectCustomKeyStore", "DeleteCustomKeyStore"] {
            assert_eq!(ask(&mut world, operation, &id), "CustomKeyStoreInvalidStateException");
        }
        assert_eq!(ask(&mut world, "DisconnectCustomKeyStore", &id), "ok");
        wait(&mut world, 300);
        assert_eq!(state(&mut world), ("DISCONNECTED".to_owned(), None));
        world.kms.connection_error = None;
        connect(&mut world, &id);
        assert_eq!(state(&mut world), ("CONNECTED".to_owned(), None));
    }

    #[test]
    fn a_call_that_does_not_fit_the_state_is_refused() {
        let mut world = world();
        let id = key_store(&mut world);
        let refused = "CustomKeyStoreInvalidStateException";
        assert_eq!(ask(&mut world, "DisconnectCustomKeyStore", &id), refused);
        connect(&mut world, &id);
        assert_eq!(ask(&mut world, "ConnectCustomKeyStore", &id), refused);
        assert_eq!(ask(&mut world, "DisconnectCustomKeyStore", &id), "ok");
        assert_eq!(ask(&mut world, "DisconnectCustomKeyStore", &id), refused);
        assert_eq!(ask(&mut world, "ConnectCustomKeyStore", &id), refused);
        assert_eq!(ask(&mut world, "ConnectCustomKeyStore", "cks-1"), "CustomKeyStoreNotFoundException");
    }
}
