//! A running verb, for a thread that blocks and looks after signals, and for an event loop that is told.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use xkslink_embed::{Next, Task as Running};

use crate::document::Document;
use crate::raise::{exception, raising};

/// How long a signal waits at most until Python's handler of it runs.
const SIGNALS: Duration = Duration::from_millis(100);

/// How long a cancelled verb is waited for, so that nothing is sent to AWS after the exception.
const LEAVING: Duration = Duration::from_millis(500);

/// A running verb. Letting go of it cancels it.
#[pyclass(frozen, module = "xkslink._native")]
pub(crate) struct Task(Arc<Running>);

impl Task {
    pub(crate) fn of(running: Running) -> Self {
        Self(Arc::new(running))
    }

    /// Waits with the interpreter released until there is something. A signal handler that raises cancels the verb.
    fn wait<T: Send>(&self, py: Python<'_>, look: impl Fn() -> Option<T> + Send + Sync) -> PyResult<T> {
        loop {
            if let Some(found) = py.detach(&look) {
                return Ok(found);
            }
            if let Err(raised) = py.check_signals() {
                self.0.cancel();
                py.detach(|| self.0.result_within(LEAVING));
                return Err(raised);
            }
        }
    }
}

#[pymethods]
impl Task {
    /// The next event as its JSON and its line for people; `None` when there are no more.
    fn next_event(&self, py: Python<'_>) -> PyResult<Option<(String, String)>> {
        let next = self.wait(py, || match self.0.next_within(SIGNALS) {
            Next::Event(event) => Some(Some(event)),
            Next::Ended => Some(None),
            Next::Nothing => None,
        })?;
        next.map(|event| raising(py, || xkslink_embed::event(&event))).transpose()
    }

    /// The next event if there is one: see `next_event`.
    fn next_event_now(&self, py: Python<'_>) -> PyResult<Option<(String, String)>> {
        match self.0.next_within(Duration::ZERO) {
            Next::Event(event) => raising(py, || xkslink_embed::event(&event)).map(Some),
            Next::Ended | Next::Nothing => Ok(None),
        }
    }

    /// The result; raises what the verb failed with.
    fn result(&self, py: Python<'_>) -> PyResult<Document> {
        let outcome = self.wait(py, || self.0.result_within(SIGNALS))?;
        outcome.map(Document).map_err(|failure| exception(py, &failure))
    }

    /// Whether the result is there.
    fn done(&self) -> bool {
        self.0.is_done()
    }

    /// Lets go of the verb.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// Calls a function once, from another thread, as soon as there is an event to take or the result.
    fn when_ready(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
        let ready = self.0.ready();
        raising(py, || {
            xkslink_embed::spawn(async move {
                ready.await;
                Python::attach(|py| {
                    if let Err(error) = function.call0(py) {
                        error.write_unraisable(py, Some(function.bind(py)));
                    }
                });
            })
        })
    }
}
