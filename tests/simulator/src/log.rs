//! The request log: what was called, with what, when, and how it ended. For assertions in tests and for benchmarks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Service;
use crate::policy;

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
    /// What it was answered, members under their wire names; `None` if it was refused or cut off.
    pub output: Option<Value>,
}

impl LoggedRequest {
    /// The same as JSON without the answer, times in seconds.
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "service": self.service_name(),
            "operation": self.operation,
            "account": self.account,
            "region": self.region,
            "input": self.input,
            "sent": self.sent.as_secs_f64(),
            "answered": self.answered.map(|at| at.as_secs_f64()),
            "error": self.error,
        })
    }

    /// The service as endpoints and policies name it, such as `elasticloadbalancing`.
    pub fn service_name(&self) -> &'static str {
        policy::prefix(self.service)
    }
}

/// Parameters that may be shown: the proxy credential without its secret.
pub(crate) fn without_secret(mut input: Value) -> Value {
    if let Some(credential) = input.get_mut("XksProxyAuthenticationCredential").and_then(Value::as_object_mut) {
        credential.remove("RawSecretAccessKey");
    }
    input
}
