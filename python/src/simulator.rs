//! A simulated AWS.

use pyo3::prelude::*;
use xkslink_embed::{Simulator as Inner, World};

use crate::raise::raising;

/// A simulated AWS, described as JSON.
#[pyclass(frozen, module = "xkslink._native")]
pub(crate) struct Simulator(pub(crate) Inner);

#[pymethods]
impl Simulator {
    #[new]
    fn new(py: Python<'_>, world: &str) -> PyResult<Self> {
        raising(py, || Inner::new(World::from_json(world)?)).map(Self)
    }

    /// Ends its runs and servers.
    fn close(&self) {
        self.0.close();
    }

    /// What happens while the next run is under way, as JSON.
    fn during_run(&self, py: Python<'_>, script: &str) -> PyResult<()> {
        raising(py, || self.0.during_run(script))
    }

    /// Does a deed and gives AWS's answer, both JSON.
    fn deed(&self, py: Python<'_>, deed: &str) -> PyResult<String> {
        raising(py, || Ok(self.0.deed(deed)?.to_string()))
    }

    /// How many of each sort of object exist, as JSON.
    fn census(&self) -> String {
        self.0.census().to_string()
    }

    /// Everything that exists, as JSON.
    fn world(&self) -> String {
        self.0.world().to_string()
    }

    /// Every request so far, as JSON.
    fn requests(&self) -> String {
        self.0.requests().to_string()
    }

    /// Simulated seconds since 2026-01-01.
    fn now(&self) -> f64 {
        self.0.now()
    }

    /// Serves the world over HTTP on loopback; answers the URL.
    fn serve(&self, py: Python<'_>, port: u16) -> PyResult<String> {
        raising(py, || self.0.serve(port))
    }

    /// Starts a proxy; answers its address and root certificate, as JSON.
    fn start_proxy(&self, py: Python<'_>, setup: &str) -> PyResult<String> {
        raising(py, || Ok(self.0.start_proxy(setup)?.to_string()))
    }

    /// Starts a name server; answers its address.
    fn start_dns(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.start_dns())
    }
}
