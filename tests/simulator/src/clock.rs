//! Simulated time: how far the world has come since 2026-01-01, and sleeping in it.
//!
//! One second here is `1 / speed` seconds of tokio time. On a paused tokio runtime (`start_paused`) tokio jumps over
//! every wait, so ten simulated minutes cost milliseconds; over HTTP the speed factor does the same for real clients,
//! and a jump takes no time at all.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// The clock of one simulated world. Copies tell the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    began: Instant,
    /// What it showed then.
    at: Duration,
    speed: f64,
    /// How far it has jumped since; whoever waits hears of it.
    jumped: Arc<watch::Sender<Duration>>,
}

/// Where simulated time has its zero: 2026-01-01T00:00:00Z. Worlds begin there unless they are told otherwise, because a
/// fixed date keeps runs reproducible.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

impl Clock {
    /// A clock that starts now, shows a date, and runs `speed` times as fast as tokio's.
    ///
    /// # Panics
    /// When `speed` is not a positive number.
    pub(crate) fn new(date: SystemTime, speed: f64) -> Self {
        assert!(speed.is_finite() && speed > 0.0, "the speed of a clock is a positive number, not {speed}");
        let at = date.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(EPOCH);
        Self { began: Instant::now(), at, speed, jumped: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }

    /// Simulated time since 2026-01-01.
    pub fn now(&self) -> Duration {
        self.at + self.began.elapsed().mul_f64(self.speed) + *self.jumped.borrow()
    }

    /// The simulated date of an instant, for timestamps in answers.
    pub fn date(at: Duration) -> SystemTime {
        SystemTime::UNIX_EPOCH + EPOCH + at
    }

    /// Waits for a simulated duration.
    pub async fn wait(&self, duration: Duration) {
        let mut jumps = self.jumped.subscribe();
        let until = self.now() + duration;
        loop {
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                () = sleep(left.div_f64(self.speed)) => return,
                // The sender lives in this clock, so this cannot fail.
                _ = jumps.changed() => {}
            }
        }
    }

    /// Lets a simulated duration pass at once.
    pub fn jump(&self, duration: Duration) {
        self.jumped.send_modify(|jumped| *jumped += duration);
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        Sleep::new(async move { clock.wait(duration).await })
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Self::date(Clock::now(self))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Clock;

    #[tokio::test(start_paused = true)]
    async fn a_jump_ends_the_waits_that_it_covers_and_shortens_the_others() {
        let clock = Clock::new(SystemTime::UNIX_EPOCH, 1.0);
        let waits = [300, 900].map(|seconds| {
            let clock = clock.clone();
            tokio::spawn(async move {
                clock.wait(Duration::from_secs(seconds)).await;
                clock.now()
            })
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        clock.jump(Duration::from_secs(500));
        let [short, long] = waits;
        assert_eq!((short.await.unwrap().as_secs(), long.await.unwrap().as_secs()), (510, 900));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_shows_the_date_that_it_was_given() {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000);
        let clock = Clock::new(date, 60.0);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(Clock::date(clock.now()), date + Duration::from_secs(120));
    }
}
