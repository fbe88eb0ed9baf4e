//! What it takes to survive: worlds with things of others in them, runs by fresh clients, and what must hold afterwards.

pub mod matrix;
pub mod stage;
pub mod together;

/// Whether everything is to be tried (`make survive`), or a seeded sample of it.
pub fn everything() -> bool {
    std::env::var_os("SURVIVE").is_some()
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
