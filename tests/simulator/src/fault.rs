//! Faults below the SDK: what can go wrong between a client and AWS.

use std::time::Duration;

/// What happens to a request that a fault hits.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// The service throttles: its own throttling code, no effect.
    Throttle,
    /// HTTP 500, no effect.
    ServerError,
    /// An error of the service with this code, no effect.
    Refuse {
        /// Error code, such as `UnauthorizedOperation`.
        code: String,
    },
    /// The answer takes this much longer.
    Slow(Duration),
    /// The connection breaks before the service acts.
    DropBefore,
    /// The service acts, then the connection breaks: the answer is lost.
    DropAfter,
    /// A read answers from the world as it was this long ago.
    Stale(Duration),
}

/// A fault and the requests it hits.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Operation it hits; any when `None`.
    pub operation: Option<String>,
    /// How many matching requests pass unharmed first.
    pub skip: usize,
    /// How many matching requests it hits then.
    pub times: usize,
    /// What happens to them.
    pub kind: FaultKind,
}

impl Fault {
    /// Hits the next call of an operation, once.
    pub fn once(operation: &str, kind: FaultKind) -> Self {
        Self { operation: Some(operation.to_owned()), skip: 0, times: 1, kind }
    }

    /// Whether this fault hits the given call now; counts down.
    pub(crate) fn hits(&mut self, operation: &str) -> bool {
        if self.times == 0 || self.operation.as_deref().is_some_and(|mine| mine != operation) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}
