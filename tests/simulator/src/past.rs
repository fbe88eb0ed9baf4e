//! Replicas that lag behind: what the world was before the latest writes.
//!
//! EC2 and KMS answer from replicas, so a write may show seconds later. Here every operation has a replica of its own,
//! which lags by the same time in a whole run: what an operation has shown once, it does not unshow. Only writes lag.
//! What happens by itself, such as a load balancer that becomes active, happens for all at the same time.
//!
//! <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency>

use std::time::Duration;

use crate::ids::Ids;
use crate::world::World;

/// Worlds as they were just before each recent write, oldest first.
#[derive(Debug)]
pub(crate) struct Past {
    seed: u64,
    before: Vec<(Duration, World)>,
}

impl Past {
    /// A past without a write; the seed makes the lags of operations differ.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, before: Vec::new() }
    }

    /// How far the replica of an operation lags: half to one and a half times the usual lag.
    pub(crate) fn lag(&self, operation: &str, usual: Duration) -> Duration {
        let hash = operation.bytes().fold(self.seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        let share = Ids::new(hash).number() as f64 / u64::MAX as f64;
        usual.mul_f64(0.5 + share)
    }

    /// Remembers the world before a write, and forgets what is older than anybody may ask for.
    pub(crate) fn remember(&mut self, world: &World, usual_lag: Duration, greatest_lag: Option<Duration>) {
        let keep = greatest_lag.unwrap_or_default().max(usual_lag.mul_f64(1.5));
        // Copying a world is not free: none is kept where everything shows at once.
        if !keep.is_zero() {
            self.before.push((world.now, world.clone()));
        }
        self.before.retain(|(written, _)| *written + keep > world.now);
    }

    /// The world without the writes after an instant; `None` when there were none.
    pub(crate) fn without(&mut self, after: Duration) -> Option<&mut World> {
        self.before.iter_mut().find(|(written, _)| *written > after).map(|(_, world)| world)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Past;
    use crate::timings::Timings;
    use crate::world::World;

    #[test]
    fn the_world_before_a_write_is_kept_as_long_as_somebody_may_ask() {
        let second = Duration::from_secs;
        let mut world = World::new(Timings::default(), 1);
        let mut past = Past::new(1);
        for at in [10, 20, 30] {
            world.now = second(at);
            past.remember(&world, Duration::ZERO, Some(second(15)));
        }
        let mut written = |then| past.without(second(then)).map(|world| world.now);
        assert_eq!(written(30), None, "nothing was written since");
        assert_eq!(written(29), Some(second(30)));
        assert_eq!(written(19), Some(second(20)));
        assert_eq!(written(5), Some(second(20)), "the oldest known");
        past.remember(&world, Duration::ZERO, None);
        assert!(past.without(Duration::ZERO).is_none());
    }

    #[test]
    fn each_operation_has_a_lag_of_its_own_near_the_usual_one() {
        let past = Past::new(7);
        let lags = ["DescribeVpcs", "DescribeSubnets", "CreateSubnet", "DescribeTags"]
            .map(|operation| past.lag(operation, Duration::from_secs(2)));
        assert!(lags.iter().all(|lag| (1.0..=3.0).contains(&lag.as_secs_f64())), "{lags:?}");
        assert!(lags.windows(2).all(|two| two[0] != two[1]), "{lags:?}");
        assert_eq!(lags[0], Past::new(7).lag("DescribeVpcs", Duration::from_secs(2)));
        assert_ne!(lags[0], Past::new(8).lag("DescribeVpcs", Duration::from_secs(2)));
    }
}
