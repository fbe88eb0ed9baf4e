//! Simulated dates as AWS writes them.

use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::clock::Clock;

/// `2026-01-01T00:00:00.123Z`: the simulated date of an instant.
pub(crate) fn iso(at: Duration) -> String {
    // AWS gives milliseconds and no more; the clock before the epoch does not exist here.
    let millis = Clock::date(at).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let date = DateTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    date.fmt(Format::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::iso;

    #[test]
    fn a_world_begins_with_2026() {
        assert_eq!(iso(Duration::ZERO), "2026-01-01T00:00:00Z");
        assert_eq!(iso(Duration::from_millis(86_400_250)), "2026-01-02T00:00:00.25Z");
    }
}
