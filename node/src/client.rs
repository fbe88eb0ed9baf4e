//! The verbs.

use std::collections::HashMap;
use std::sync::Arc;

use napi::Status;
use napi::bindgen_prelude::{ClassInstance, Either, Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde_json::json;
use xkslink::TxtRecord;
use xkslink_embed::logs::{Listener, Record};
use xkslink_embed::{Accounts, Callbacks, Client as Inner, ProbeRequest, Target, consents};

use crate::callback::{Question, callback};
use crate::document::Document;
use crate::failure::{Outcome, outcome};
use crate::simulator::Simulator;
use crate::task::Task;

/// A client of AWS or of a simulated one.
#[napi]
#[derive(Debug)]
pub struct Client {
    inner: Inner,
}

/// The functions of a caller, each answering with JSON.
type Functions<'a> = HashMap<String, Function<'a, Question, ()>>;

/// One thing that was logged.
#[napi(object)]
#[derive(Debug)]
pub struct Logged {
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
    /// Where: `xkslink::apply`.
    pub target: String,
    /// What, with its fields.
    pub message: String,
}

/// A function that is told what is logged. It does not keep the process alive.
type Log = ThreadsafeFunction<Logged, (), Logged, Status, false, true>;

fn listener(function: &Function<'_, Logged, ()>) -> Result<Listener> {
    let log: Log = function.build_threadsafe_function().weak::<true>().build()?;
    Ok(Arc::new(move |Record { level, target, message }| {
        log.call(Logged { level: level.to_owned(), target, message }, ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

/// A client with accounts as JSON. Of the functions, `network`, `dns` and `kms` give AWS credentials, `publish` and `withdraw`
/// take a record, and `credential` gives that of the proxy. `log` is told what its verbs log.
///
/// # Errors
/// The environment of JavaScript cannot keep a function.
#[napi]
pub fn client(
    accounts: String,
    functions: Functions<'_>,
    log: Option<Function<'_, Logged, ()>>,
    simulator: Option<ClassInstance<'_, Simulator>>,
) -> Result<Outcome<Client>> {
    let nothing = |()| String::from("null");
    let record = |record: TxtRecord| json!(record).to_string();
    let keys = |name| functions.get(name).map(|function| callback(function, nothing)).transpose();
    let (network, dns, kms) = (keys("network")?, keys("dns")?, keys("kms")?);
    let callbacks = Callbacks {
        publish: functions.get("publish").map(|function| callback(function, record)).transpose()?,
        withdraw: functions.get("withdraw").map(|function| callback(function, record)).transpose()?,
        credential: functions.get("credential").map(|function| callback(function, nothing)).transpose()?,
        log: log.as_ref().map(listener).transpose()?,
    };
    let simulator = simulator.map(|simulator| simulator.inner.clone());
    Ok(outcome(|| {
        let mut accounts = Accounts::from_json(&accounts)?;
        accounts.network.source = network;
        if dns.is_some() {
            accounts.dns.get_or_insert_default().source = dns;
        }
        if kms.is_some() {
            accounts.kms.get_or_insert_default().source = kms;
        }
        Ok(Client { inner: Inner::new(accounts, callbacks, simulator)? })
    }))
}

/// A store without its spec.
#[napi(object)]
#[derive(Debug)]
pub struct Named {
    /// Its name or id.
    pub store: String,
    /// Its Region.
    pub region: String,
}

/// A spec, or a store without one.
type What<'a> = Either<ClassInstance<'a, Document>, Named>;

fn target(what: &What<'_>) -> Target {
    match what {
        Either::A(spec) => Target::Spec(Arc::clone(&spec.data)),
        Either::B(Named { store, region }) => Target::Named { store: store.clone(), region: region.clone() },
    }
}

fn request(probe: Option<&str>) -> xkslink_embed::Result<Option<ProbeRequest>> {
    probe.map(ProbeRequest::from_json).transpose()
}

#[napi]
impl Client {
    /// What would change.
    #[napi]
    pub fn plan(&self, spec: ClassInstance<'_, Document>) -> Outcome<Task> {
        outcome(|| self.inner.plan(Arc::clone(&spec.data)).map(Task::of))
    }

    /// Makes a plan true.
    #[napi]
    pub fn apply(&self, plan: ClassInstance<'_, Document>, consent: Vec<String>) -> Outcome<Task> {
        outcome(|| self.inner.apply(Arc::clone(&plan.data), consents(&consent)?).map(Task::of))
    }

    /// What a teardown would do.
    #[napi]
    pub fn plan_teardown(&self, what: What<'_>) -> Outcome<Task> {
        outcome(|| self.inner.plan_teardown(target(&what)).map(Task::of))
    }

    /// Takes a store down.
    #[napi]
    pub fn teardown(&self, what: What<'_>, consent: Vec<String>) -> Outcome<Task> {
        outcome(|| self.inner.teardown(target(&what), consents(&consent)?).map(Task::of))
    }

    /// How a store stands.
    #[napi]
    pub fn status(&self, spec: ClassInstance<'_, Document>) -> Outcome<Task> {
        outcome(|| self.inner.status(Arc::clone(&spec.data)).map(Task::of))
    }

    /// Which rules hold.
    #[napi]
    pub fn verify(&self, what: What<'_>) -> Outcome<Task> {
        outcome(|| self.inner.verify(target(&what)).map(Task::of))
    }

    /// What AWS tells, and a probe if its request is given as JSON.
    #[napi]
    pub fn facts(&self, what: What<'_>, probe: Option<String>) -> Outcome<Task> {
        outcome(|| self.inner.facts(target(&what), request(probe.as_deref())?).map(Task::of))
    }

    /// Why a store does not connect.
    #[napi]
    pub fn diagnose(&self, what: What<'_>, told: String, probe: Option<String>) -> Outcome<Task> {
        outcome(|| self.inner.diagnose(target(&what), told, request(probe.as_deref())?).map(Task::of))
    }

    /// Looks at what no AWS API tells.
    #[napi]
    pub fn probe(&self, spec: ClassInstance<'_, Document>, probe: String) -> Outcome<Task> {
        outcome(|| self.inner.probe(Arc::clone(&spec.data), ProbeRequest::from_json(&probe)?).map(Task::of))
    }
}

/// Path, access key id and secret of a proxy's API.
#[napi(object)]
pub struct ProxyApi {
    /// Where on the proxy.
    pub path: String,
    /// The access key id.
    pub access_key_id: String,
    /// The secret.
    pub raw_secret_access_key: String,
}

/// A probe without AWS and without a spec.
#[napi]
#[must_use]
pub fn probe_name(name: String, region: String, proxy: Option<ProxyApi>, probe: String) -> Outcome<Task> {
    outcome(|| {
        let proxy = proxy.map(|proxy| (proxy.path, proxy.access_key_id, proxy.raw_secret_access_key));
        Inner::probe_name(&name, &region, proxy, &ProbeRequest::from_json(&probe)?).map(Task::of)
    })
}
