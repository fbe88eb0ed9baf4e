//! The one home of waiting: look, and look again, until something is as it should be.

use std::future::Future;
use std::time::Duration;

use crate::apply::Context;
use crate::error::{Error, ErrorKind, Result};

/// What is awaited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Reads after "waiting until": "the load balancer is active".
    pub(crate) until: &'static str,
    /// How long AWS usually takes; looks are close together around this time.
    pub(crate) usual: Duration,
    /// When to give up.
    pub(crate) limit: Duration,
}

/// What one look saw.
pub(crate) enum Look<T> {
    /// It is as it should be.
    Done(T),
    /// Not yet; the state seen.
    NotYet(String),
    /// AWS does not show the object: it is too new, or somebody deleted it.
    Missing,
}

/// What AWS shows nothing of for as long is not new but gone; the same time as in [`fresh`](super::fresh).
const GONE: Duration = Duration::from_secs(5 * 60);

/// Looks until done. The first look is at once.
///
/// # Errors
/// Whatever `look` fails with; `TimedOut` with the last state seen, and after five minutes of a missing object.
pub(crate) async fn until<T, F>(cx: &Context, wait: Wait, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Look<T>>>,
{
    let began = cx.aws.now();
    let mut attempt = 0;
    let mut shown = began;
    loop {
        attempt += 1;
        let state = match look().await? {
            Look::Done(value) => return Ok(value),
            Look::NotYet(state) => {
                shown = cx.aws.now();
                state
            }
            Look::Missing if cx.aws.since(shown) >= GONE => return Err(gone(wait)),
            Look::Missing => "not visible".to_owned(),
        };
        let elapsed = cx.aws.since(began);
        if elapsed >= wait.limit {
            return Err(Error::new(
                ErrorKind::TimedOut,
                format!(
                    "gave up waiting until {}: still `{state}` after {}",
                    wait.until,
                    crate::text::duration(elapsed)
                ),
                "apply again to go on waiting; if the state does not change, look at the resource in the AWS console",
            ));
        }
        let pause = pause(elapsed, wait.usual).min(wait.limit - elapsed);
        cx.waiting(wait.until, &state, attempt, elapsed, wait.usual, pause);
        cx.aws.sleep(pause).await;
    }
}

fn gone(wait: Wait) -> Error {
    Error::new(
        ErrorKind::TimedOut,
        format!("gave up waiting until {}: AWS shows nothing of it for {}", wait.until, crate::text::duration(GONE)),
        "plan again and apply; if it happens again, look for who deletes it",
    )
    .surprise()
}

const LONGEST: Duration = Duration::from_secs(15);

/// Short at the beginning and near the usual time, longer between and after: an answer is at most a sixtieth late. What
/// usually takes seconds is looked at four times a second, anything else not even twice a second, which is below the
/// published rates of Describe calls (KMS 5, Elastic Load Balancing 10, EC2 20 a second).
fn pause(elapsed: Duration, usual: Duration) -> Duration {
    let shortest = (usual / 20).clamp(Duration::from_millis(250), Duration::from_millis(600));
    (elapsed.min(elapsed.abs_diff(usual)) / 60).clamp(shortest, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_close_together_at_the_start_and_near_the_usual_time() {
        let usual = Duration::from_secs(300);
        let at = |seconds| pause(Duration::from_secs(seconds), usual);
        assert_eq!(at(0), Duration::from_millis(600));
        assert_eq!(at(120), Duration::from_secs(2));
        assert_eq!(at(299), Duration::from_millis(600));
        assert_eq!(at(3000), Duration::from_secs(15));
    }

    #[test]
    fn what_takes_seconds_is_noticed_in_fractions_of_a_second() {
        assert_eq!(pause(Duration::ZERO, Duration::from_secs(2)), Duration::from_millis(250));
    }
}
