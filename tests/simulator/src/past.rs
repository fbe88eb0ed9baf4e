//! Recent worlds, for stale reads. Kept only while a fault may ask for them: copying a large world is not free.

use std::time::Duration;

use crate::world::World;

/// Worlds as they were, oldest first, each valid from its time on.
#[derive(Debug, Default)]
pub(crate) struct Past {
    worlds: Vec<(Duration, World)>,
}

impl Past {
    /// Begins to remember with the present world.
    pub(crate) fn begin(&mut self, world: &World) {
        if self.worlds.is_empty() {
            self.worlds.push((world.now, world.clone()));
        }
    }

    /// Remembers the world after a write, and forgets what is older than anybody may ask for.
    pub(crate) fn remember(&mut self, world: &World, greatest_age: Option<Duration>) {
        let Some(age) = greatest_age else {
            self.worlds.clear();
            return;
        };
        self.worlds.push((world.now, world.clone()));
        let keep_from = world.now.saturating_sub(age);
        // The last world before `keep_from` was still valid then.
        let outdated = self.worlds.partition_point(|(at, _)| *at <= keep_from).saturating_sub(1);
        self.worlds.drain(..outdated);
    }

    /// The world as it was at an instant, or the oldest known.
    pub(crate) fn at(&self, then: Duration) -> Option<World> {
        let found = self.worlds.iter().rev().find(|(at, _)| *at <= then).or_else(|| self.worlds.first());
        found.map(|(_, world)| world.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Past;
    use crate::timings::Timings;
    use crate::world::World;

    #[test]
    fn the_world_before_the_last_write_is_remembered_as_long_as_somebody_may_ask() {
        let second = Duration::from_secs;
        let mut world = World::new(Timings::default(), 1);
        let mut past = Past::default();
        past.begin(&world);
        for at in [10, 20, 30] {
            world.now = second(at);
            past.remember(&world, Some(second(15)));
        }
        let time_of = |then| past.at(second(then)).map(|world| world.now);
        assert_eq!(time_of(30), Some(second(30)));
        assert_eq!(time_of(19), Some(second(10)));
        assert_eq!(time_of(5), Some(second(10)), "the oldest known");
        past.remember(&world, None);
        assert!(past.at(second(30)).is_none());
    }
}
