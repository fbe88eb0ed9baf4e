//! The verbs, and Python functions as callbacks.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;
use serde_json::json;
use xkslink::TxtRecord;
use xkslink_embed::{Accounts, Callback, Callbacks, Client as Inner, Keys, ProbeRequest, Target, Thrown, consents};

use crate::document::Document;
use crate::raise::raising;
use crate::simulator::Simulator;
use crate::task::Task;

/// A client of AWS or of a simulated one. Targets are a spec, or a name and a Region.
#[pyclass(frozen, module = "xkslink._native")]
pub(crate) struct Client(Inner);

/// A Python function as a callback. What it raises travels as it is.
fn callback<I, A, O>(function: Py<PyAny>, input: fn(I) -> A) -> Callback<I, O>
where
    I: 'static,
    A: for<'py> pyo3::call::PyCallArgs<'py> + 'static,
    O: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr> + 'static,
{
    Arc::new(move |given| {
        Python::attach(|py| {
            let answer = function.bind(py).call1(input(given)).and_then(|answer| answer.extract::<O>());
            answer.map_err(|raised| Thrown { text: raised.to_string(), value: Box::new(raised) })
        })
    })
}

/// Access key id, secret, session token, and when they end in seconds since 1970.
type KeyTuple = (String, String, Option<String>, Option<u64>);

fn keys(function: Py<PyAny>) -> Callback<(), Keys> {
    let ask: Callback<(), KeyTuple> = callback(function, |()| ());
    Arc::new(move |()| {
        let (access_key_id, secret_access_key, session_token, expires_at) = ask(())?;
        Ok(Keys { access_key_id, secret_access_key, session_token, expires_at })
    })
}

fn record(record: TxtRecord) -> (String,) {
    (json!(record).to_string(),)
}

/// Whatever a function answers that is asked for nothing.
struct Anything;

impl<'a, 'py> FromPyObject<'a, 'py> for Anything {
    type Error = PyErr;

    fn extract(_: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self)
    }
}

fn nothing(function: Py<PyAny>) -> Callback<TxtRecord, ()> {
    let ask: Callback<TxtRecord, Anything> = callback(function, record);
    Arc::new(move |given| ask(given).map(|Anything| ()))
}

fn target(spec: Option<&Document>, name: Option<(String, String)>) -> xkslink_embed::Result<Target> {
    match (spec, name) {
        (Some(spec), _) => Ok(Target::Spec(Arc::clone(&spec.0))),
        (None, Some((store, region))) => Ok(Target::Named { store, region }),
        (None, None) => Err(xkslink_embed::Failure::argument("target", "is missing", "give a spec or a name")),
    }
}

fn request(probe: Option<&str>) -> xkslink_embed::Result<Option<ProbeRequest>> {
    probe.map(ProbeRequest::from_json).transpose()
}

type Name = Option<(String, String)>;

#[pymethods]
impl Client {
    /// A client with accounts as JSON; `sources` gives functions for the credentials of `network`, `dns` and `kms`.
    #[new]
    #[pyo3(signature = (accounts, sources, publish=None, withdraw=None, credential=None, simulator=None))]
    fn new(
        py: Python<'_>,
        accounts: &str,
        mut sources: HashMap<String, Py<PyAny>>,
        publish: Option<Py<PyAny>>,
        withdraw: Option<Py<PyAny>>,
        credential: Option<Py<PyAny>>,
        simulator: Option<&Simulator>,
    ) -> PyResult<Self> {
        raising(py, || {
            let mut accounts = Accounts::from_json(accounts)?;
            accounts.network.source = sources.remove("network").map(keys);
            if let Some(source) = sources.remove("dns") {
                accounts.dns.get_or_insert_default().source = Some(keys(source));
            }
            if let Some(source) = sources.remove("kms") {
                accounts.kms.get_or_insert_default().source = Some(keys(source));
            }
            let callbacks = Callbacks {
                publish: publish.map(nothing),
                withdraw: withdraw.map(nothing),
                credential: credential.map(|function| callback(function, |()| ())),
                ..Callbacks::default()
            };
            Inner::new(accounts, callbacks, simulator.map(|simulator| simulator.0.clone())).map(Self)
        })
    }

    /// What would change.
    fn plan(&self, py: Python<'_>, spec: &Document) -> PyResult<Task> {
        raising(py, || self.0.plan(Arc::clone(&spec.0))).map(Task::of)
    }

    /// Makes a plan true.
    fn apply(&self, py: Python<'_>, plan: &Document, consent: Vec<String>) -> PyResult<Task> {
        raising(py, || self.0.apply(Arc::clone(&plan.0), consents(&consent)?)).map(Task::of)
    }

    /// What a teardown would do.
    #[pyo3(signature = (spec, name))]
    fn plan_teardown(&self, py: Python<'_>, spec: Option<&Document>, name: Name) -> PyResult<Task> {
        raising(py, || self.0.plan_teardown(target(spec, name)?)).map(Task::of)
    }

    /// Takes a store down.
    #[pyo3(signature = (spec, name, consent))]
    fn teardown(&self, py: Python<'_>, spec: Option<&Document>, name: Name, consent: Vec<String>) -> PyResult<Task> {
        raising(py, || self.0.teardown(target(spec, name)?, consents(&consent)?)).map(Task::of)
    }

    /// How a store stands.
    fn status(&self, py: Python<'_>, spec: &Document) -> PyResult<Task> {
        raising(py, || self.0.status(Arc::clone(&spec.0))).map(Task::of)
    }

    /// Which rules hold.
    #[pyo3(signature = (spec, name))]
    fn verify(&self, py: Python<'_>, spec: Option<&Document>, name: Name) -> PyResult<Task> {
        raising(py, || self.0.verify(target(spec, name)?)).map(Task::of)
    }

    /// What AWS tells, and a probe if its request is given as JSON.
    #[pyo3(signature = (spec, name, probe=None))]
    fn facts(&self, py: Python<'_>, spec: Option<&Document>, name: Name, probe: Option<&str>) -> PyResult<Task> {
        raising(py, || self.0.facts(target(spec, name)?, request(probe)?)).map(Task::of)
    }

    /// Why a store does not connect.
    #[pyo3(signature = (spec, name, told, probe=None))]
    fn diagnose(
        &self,
        py: Python<'_>,
        spec: Option<&Document>,
        name: Name,
        told: String,
        probe: Option<&str>,
    ) -> PyResult<Task> {
        raising(py, || self.0.diagnose(target(spec, name)?, told, request(probe)?)).map(Task::of)
    }

    /// Looks at what no AWS API tells.
    fn probe(&self, py: Python<'_>, spec: &Document, probe: &str) -> PyResult<Task> {
        raising(py, || self.0.probe(Arc::clone(&spec.0), ProbeRequest::from_json(probe)?)).map(Task::of)
    }

    /// The same without AWS and without a spec; `proxy` is the path, the access key id and the secret of its API.
    #[staticmethod]
    #[pyo3(signature = (name, region, proxy, probe))]
    fn probe_name(
        py: Python<'_>,
        name: &str,
        region: &str,
        proxy: Option<(String, String, String)>,
        probe: &str,
    ) -> PyResult<Task> {
        raising(py, || Inner::probe_name(name, region, proxy, &ProbeRequest::from_json(probe)?)).map(Task::of)
    }
}
