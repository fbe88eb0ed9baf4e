//! The key store being CONNECTED: a process, seen as a resource whose existence is a state (KS-07).

use std::time::Duration;

use aws_sdk_kms::types::{ConnectionStateType as State, CustomKeyStoresListEntry};
use serde::Serialize;

use super::key_store::KeyStore;
use super::target_group::TargetGroup;
use super::{Change, Kind, Resource, targets};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::fresh::known;
use crate::aws::wait::{Look, Wait, until};
use crate::desired::Desired;
use crate::diagnose::symptom;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The connection.
pub(crate) struct Connection;

#[derive(Clone, Debug)]
pub(crate) struct Want;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) state: String,
    /// Why it FAILED.
    pub(crate) error_code: Option<String>,
}

impl Seen {
    /// The connection of a store; `None` when DISCONNECTED.
    pub(crate) fn read(store: &CustomKeyStoresListEntry) -> Option<Self> {
        let state = store.connection_state()?;
        (*state != State::Disconnected).then(|| Self {
            state: state.as_str().to_owned(),
            error_code: store.connection_error_code().map(|code| code.as_str().to_owned()),
        })
    }

    pub(crate) fn connected(&self) -> bool {
        self.state == State::Connected.as_str()
    }
}

/// Connecting and disconnecting usually take about five minutes each.
pub(crate) const USUAL: Duration = Duration::from_secs(300);

impl Resource for Connection {
    const KIND: Kind = Kind::Connection;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.connection.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.connection.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.connection = seen;
    }

    fn describe(_: &Want) -> String {
        "KMS connects the key store to the proxy".to_owned()
    }

    fn id(_: &Seen) -> String {
        String::new()
    }

    fn differences(_: &Want, seen: &Seen, _: &Observed) -> Vec<Change> {
        let state = seen.error_code.as_ref().map_or(seen.state.clone(), |code| format!("{} ({code})", seen.state));
        if seen.connected() { Vec::new() } else { vec![Change::new("state", state, State::Connected.as_str())] }
    }

    async fn create(cx: &Context, _: &str, _: &Want) -> Result<Seen> {
        healthy(cx).await?;
        let store = cx.parent::<KeyStore>()?;
        connected(cx, &store.id).await
    }

    async fn update(cx: &Context, want: &Want, _: &Seen) -> Result<Seen> {
        let store = cx.parent::<KeyStore>()?;
        // Minutes may have passed since the observation, and somebody may have connected the store meanwhile.
        let now = look(cx, &store.id).await?;
        match now.as_ref().map(|now| State::from(now.state.as_str())) {
            Some(State::Connected | State::Connecting) => return connected(cx, &store.id).await,
            // FAILED allows nothing but a disconnect.
            Some(State::Failed | State::Disconnecting) => disconnect(cx, &store.id).await?,
            _ => {}
        }
        Self::create(cx, "", want).await
    }

    async fn delete(cx: &Context, _: &Seen) -> Result<()> {
        disconnect(cx, &cx.parent::<KeyStore>()?.id).await
    }
}

const CONNECTED: Wait = Wait { until: "the key store is CONNECTED", usual: USUAL, limit: Duration::from_secs(20 * 60) };

const DISCONNECTED: Wait =
    Wait { until: "the key store is DISCONNECTED", usual: USUAL, limit: Duration::from_secs(20 * 60) };

const HEALTHY: Wait =
    Wait { until: "a proxy address is healthy", usual: Duration::from_secs(60), limit: Duration::from_secs(5 * 60) };

/// KMS would need five minutes to say that it reaches nobody; the target group knows sooner (TGT-09).
async fn healthy(cx: &Context) -> Result<()> {
    let group = &cx.parent::<TargetGroup>()?.arn;
    let waited = until(cx, HEALTHY, || async {
        let output = known(cx, &[Kind::TargetGroup], || async {
            let sent = cx.aws.elb.describe_target_health().target_group_arn(group).send().await;
            sent.or_fail("look at the health of the targets", "elasticloadbalancing:DescribeTargetHealth")
        })
        .await?;
        let seen = targets::Seen::read(output.target_health_descriptions()).unwrap_or_default();
        Ok(if seen.any_healthy() { Look::Done(()) } else { Look::NotYet(seen.to_string()) })
    });
    waited.await.map_err(|error| match error.kind() {
        ErrorKind::TimedOut => Error::new(
            ErrorKind::TimedOut,
            format!("KMS would not reach the proxy: {error}"),
            "check route, firewall and the proxy's health check path between the subnets and the proxy, then apply again",
        ),
        _ => error,
    })
}

/// Disconnects from whatever state the store is in, and waits until it is DISCONNECTED.
async fn disconnect(cx: &Context, id: &str) -> Result<()> {
    until(cx, DISCONNECTED, || async {
        let Some(now) = look(cx, id).await? else { return Ok(Look::Done(())) };
        if now.state == State::Disconnecting.as_str() {
            return Ok(Look::NotYet(now.state));
        }
        let sent = cx.aws.kms.disconnect_custom_key_store().custom_key_store_id(id).send().await;
        match sent.or_fail("disconnect the key store", "kms:DisconnectCustomKeyStore") {
            // The state changed since the look, or KMS wants to finish connecting first: the next look will tell.
            Err(error) if error.is_code(&["CustomKeyStoreInvalidStateException"]) => Ok(Look::NotYet(now.state)),
            other => other.map(|_| Look::NotYet(State::Disconnecting.as_str().to_owned())),
        }
    })
    .await
}

/// Connects the store if it is DISCONNECTED, and waits until it is CONNECTED.
async fn connected(cx: &Context, id: &str) -> Result<Seen> {
    let seen = until(cx, CONNECTED, || async {
        Ok(match look(cx, id).await? {
            Some(now) if now.connected() || now.state == State::Failed.as_str() => Look::Done(now),
            Some(now) => Look::NotYet(now.state),
            None => Look::NotYet(connect(cx, id).await?.as_str().to_owned()),
        })
    })
    .await?;
    if seen.connected() {
        return Ok(seen);
    }
    // Nothing but a disconnect is legal in FAILED: leave the store ready for the next try.
    disconnect(cx, id).await?;
    Err(failed(seen.error_code.as_deref().unwrap_or("INTERNAL_ERROR")))
}

/// Asks KMS to connect; the state to expect then.
async fn connect(cx: &Context, id: &str) -> Result<State> {
    let request = cx.aws.kms.connect_custom_key_store().custom_key_store_id(id);
    let connect =
        || async { request.clone().send().await.or_fail("connect the key store", "kms:ConnectCustomKeyStore") };
    match known(cx, &[Kind::KeyStore], connect).await {
        // KMS is connecting already, or still disconnecting inside although it says DISCONNECTED: the next look will tell.
        Err(error) if error.is_code(&["CustomKeyStoreInvalidStateException"]) => Ok(State::Disconnected),
        other => other.map(|_| State::Connecting),
    }
}

async fn look(cx: &Context, id: &str) -> Result<Option<Seen>> {
    let sent = cx.aws.kms.describe_custom_key_stores().custom_key_store_id(id).send().await;
    match sent.or_fail("look at the connection", "kms:DescribeCustomKeyStores") {
        Ok(output) => Ok(output.custom_key_stores().first().and_then(Seen::read)),
        Err(error) if error.is_code(&["CustomKeyStoreNotFoundException"]) => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(code: &str) -> Error {
    let unknown = ("a code that this library does not know", "look it up in the AWS KMS developer guide");
    let (meaning, help) = symptom::named(code).map_or(unknown, |known| (known.meaning, known.help));
    Error::new(ErrorKind::ConnectionFailed, format!("KMS could not connect the key store: {code}: {meaning}"), help)
        .with_aws(Some(code), None)
}
