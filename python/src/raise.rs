//! Failures as Python exceptions: a callback's own exception unchanged, everything else as a class of `xkslink.errors`.

use std::sync::Arc;

use pyo3::prelude::*;
use xkslink_embed::{Document as Data, Failure};

use crate::document::Document;

/// The exception for a failure.
pub(crate) fn exception(py: Python<'_>, failure: &Failure) -> PyErr {
    if let Some(own) = failure.thrown().and_then(|thrown| thrown.downcast_ref::<PyErr>()) {
        return own.clone_ref(py);
    }
    let report = failure.report.clone().map(|report| Document(Arc::new(Data::Report(Box::new(report)))));
    let made = py.import("xkslink.errors").and_then(|module| module.call_method1("_of", (failure.to_json(), report)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// Runs a call of the embedding crate, and raises what it fails with.
pub(crate) fn raising<T>(py: Python<'_>, call: impl FnOnce() -> xkslink_embed::Result<T>) -> PyResult<T> {
    xkslink_embed::guard(call).map_err(|failure| exception(py, &failure))
}
