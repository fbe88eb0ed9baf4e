//! What it takes to survive: worlds with things of others in them, runs by fresh clients, and what must hold afterwards.

pub mod cancel;
pub mod fuzz;
pub mod hostile;
pub mod matrix;
pub mod process;
pub mod soak;
pub mod stage;
pub mod together;

/// `SURVIVE=1` tries everything (`make survive`), `SURVIVE=10` the tenth case of the matrix and everything else; without
/// it a sample is tried.
pub fn everything() -> bool {
    std::env::var_os("SURVIVE").is_some()
}

/// Of the cases of a matrix every so many-th is tried: `sample` says it for a sample.
pub fn stride(sample: usize) -> usize {
    std::env::var("SURVIVE").map_or(sample, |stride| stride.parse().unwrap_or(1))
}

/// Pseudo-random numbers that repeat with their seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.roll(things.len())]
    }
}

/// A single-threaded runtime with paused time.
pub fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// Does every piece of work, two at a time on two cores; results in the order of the work.
pub fn side_by_side<W: Sync, R: Send>(work: &[W], one: impl Fn(&W) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let worker = || {
            let mut mine = Vec::new();
            loop {
                let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(piece) = work.get(index) else { return mine };
                mine.push((index, one(piece)));
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
