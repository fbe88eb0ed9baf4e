//! Simulated time: how far the world has come since it began, and sleeping in it.
//!
//! One second here is `1 / speed` seconds of tokio time. On a paused tokio runtime (`start_paused`) tokio jumps over
//! every wait, so ten simulated minutes cost milliseconds; over HTTP the speed factor does the same for real clients.

use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use tokio::time::Instant;

/// The clock of one simulated world. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    speed: f64,
}

/// When every world begins: 2026-01-01T00:00:00Z. A fixed date keeps runs reproducible.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

impl Clock {
    /// A clock that starts now and runs `speed` times as fast as tokio's.
    ///
    /// # Panics
    /// When `speed` is not a positive number.
    pub(crate) fn new(speed: f64) -> Self {
        assert!(speed.is_finite() && speed > 0.0, "the speed of a clock is a positive number, not {speed}");
        Self { began: Instant::now(), speed }
    }

    /// Simulated time since the world began.
    pub fn now(&self) -> Duration {
        self.began.elapsed().mul_f64(self.speed)
    }

    /// The simulated date of an instant, for timestamps in answers.
    pub fn date(at: Duration) -> SystemTime {
        SystemTime::UNIX_EPOCH + EPOCH + at
    }

    /// Waits for a simulated duration.
    pub async fn wait(&self, duration: Duration) {
        if !duration.is_zero() {
            tokio::time::sleep(duration.div_f64(self.speed)).await;
        }
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = *self;
        Sleep::new(async move { clock.wait(duration).await })
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Self::date(Clock::now(self))
    }
}
