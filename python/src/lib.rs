//! The native half of the Python package: documents in and out as JSON text, and the handles of `xkslink-embed`.
//!
//! What a Python author sees is written in Python, beside this crate. Nothing here blocks with the interpreter held.

mod client;
mod document;
mod raise;
mod simulator;
mod task;

use std::time::Duration;

use pyo3::prelude::*;

/// The native half of `xkslink`. Not for users: import `xkslink`.
#[pymodule(name = "_native", gil_used = false)]
mod native {
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::document::Document;
    #[pymodule_export]
    use super::simulator::Simulator;
    #[pymodule_export]
    use super::task::Task;
    #[pymodule_export]
    use super::{log_records, log_to_queue, schema, version};
}

/// The version of the library.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The JSON Schema of a sort of documents, as JSON.
#[pyfunction]
fn schema(py: Python<'_>, name: &str) -> PyResult<String> {
    raise::raising(py, || xkslink_embed::schema(name))
}

/// Keeps what is logged up to a level, for `log_records`. Answers whether it does.
#[pyfunction]
fn log_to_queue(level: &str) -> bool {
    xkslink_embed::logs::listen(level)
}

/// What was logged since the last call, as triples of level, target and message; waits for the first.
#[pyfunction]
fn log_records(py: Python<'_>, seconds: f64) -> Vec<(&'static str, String, String)> {
    let limit = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let records = py.detach(|| xkslink_embed::logs::take_within(limit));
    records.into_iter().map(|record| (record.level, record.target, record.message)).collect()
}
