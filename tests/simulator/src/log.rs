//! The request log: what was called, with what, when, and how it ended. For assertions in tests and for benchmarks.

use std::time::Duration;

use serde_json::Value;

use crate::Service;

/// One request as the simulated AWS saw it.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// Position in the log, from 0.
    pub number: usize,
    /// The service.
    pub service: Service,
    /// Operation, such as `CreateVpc`.
    pub operation: String,
    /// Account of the caller.
    pub account: String,
    /// Region of the call.
    pub region: String,
    /// Parameters under their wire names, the proxy credential's secret removed.
    pub input: Value,
    /// Simulated time at which the request left the client.
    pub sent: Duration,
    /// Simulated time at which the answer arrived; `None` while under way or lost.
    pub answered: Option<Duration>,
    /// The error code, if it was refused or cut off.
    pub error: Option<String>,
}
