//! Time for the probe: the caller's clock and sleep, and bounds on whatever a stranger may never finish.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use futures_util::future::{Either, select};

/// What time it is, and how long each step on the network may take.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) sleep: SharedAsyncSleep,
    pub(super) time: SharedTimeSource,
    /// The longest time for one step: a connection, a handshake, one answer.
    pub(super) limit: Duration,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
            time: SharedTimeSource::new(SystemTimeSource::new()),
            limit: Duration::from_secs(3),
        }
    }
}

impl Clock {
    pub(super) fn now(&self) -> SystemTime {
        self.time.now()
    }

    /// Milliseconds since `then`; zero should the clock have been set back.
    pub(super) fn since(&self, then: SystemTime) -> f64 {
        milliseconds(self.now().duration_since(then).unwrap_or_default())
    }

    /// `None` when the step was not done in time; then it is dropped.
    pub(super) async fn bounded<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        self.within(self.limit, step).await
    }

    pub(super) async fn within<T>(&self, limit: Duration, step: impl Future<Output = T>) -> Option<T> {
        match select(pin!(step), self.sleep.sleep(limit)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    pub(super) fn limit_ms(&self) -> f64 {
        milliseconds(self.limit)
    }
}

/// To a thousandth, which is as fine as anybody reads.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
