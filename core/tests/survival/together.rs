//! Two clients at the same moment, in many orders of their calls.

use std::time::Duration;

use xkslink::{Error, ErrorKind};
use xkslink_simulator::Simulator;

use super::stage::{Goal, Sort, Stage, timings};
use super::{paused, side_by_side};

/// What two clients want at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Pair(pub Goal, pub Goal);

/// How one order of calls ended.
#[derive(Debug)]
#[allow(dead_code, reason = "the seed is printed with the rest")]
pub struct Ended {
    pub pair: Pair,
    pub seed: u64,
    /// How the two runs ended.
    pub runs: [Result<(), Error>; 2],
    /// Runs one after the other that it took afterwards.
    pub again: usize,
    pub wrong: Option<String>,
}

impl Ended {
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        self.runs.iter().filter_map(|run| run.as_ref().err())
    }
}

/// Runs both at once, and then the second, alone, until the world is as that one wants it.
pub fn orders(sort: Sort, pair: Pair, seeds: std::ops::Range<u64>) -> Vec<Ended> {
    let seeds: Vec<u64> = seeds.collect();
    side_by_side(&seeds, |seed| paused().block_on(order(sort, pair, *seed)))
}

async fn order(sort: Sort, pair: Pair, seed: u64) -> Ended {
    // Slow enough for the calls of one to overtake any call of the other, and different from seed to seed.
    let most = Duration::from_millis([30, 200, 1000, 4000][(seed % 4) as usize]);
    let simulator = Simulator::builder().timings(timings()).seed(seed).uneven(seed, most).build();
    let stage = Stage::new(sort, simulator).await;
    let empty = stage.census();
    let mut wanted = empty.clone();
    let quiet = stage.fork();
    for goal in [Goal::Created, pair.1] {
        quiet.run(goal).await.unwrap();
        wanted = quiet.census();
    }
    if !matches!((pair.0, pair.1), (Goal::Created, Goal::Created)) {
        // A store that is there, or half of it: its maker was cut off somewhere.
        let _ = tokio::time::timeout(Duration::from_secs(2 * (seed % 40)), stage.run(Goal::Created)).await;
    }
    let (one, two) = tokio::join!(Box::pin(stage.run(pair.0)), Box::pin(stage.run(pair.1)));
    let mut again = 0;
    let mut wrong = stage.wrong(pair.1, &wanted).await;
    while wrong.is_some() && again < 4 {
        again += 1;
        let error = stage.run(pair.1).await.err();
        let now = stage.wrong(pair.1, &wanted).await;
        wrong = now.map(|now| format!("{error:?}; {now}"));
    }
    Ended { pair, seed, runs: [one, two], again, wrong }
}

/// A table: how often both ended well, what the others said, and what it took afterwards.
pub fn print(ended: &[Ended]) {
    use std::collections::BTreeMap;
    let both = ended.iter().filter(|each| each.runs.iter().all(Result::is_ok)).count();
    let most = ended.iter().map(|each| each.again).max().unwrap_or(0);
    let done = ended.iter().filter(|each| each.wrong.is_none() && each.again == 0).count();
    let pair = ended.first().map(|each| format!("{:?} beside {:?}", each.pair.0, each.pair.1)).unwrap_or_default();
    println!(
        "{pair}: {} orders, both ended well {both}, as wanted at once {done}, most further runs {most}",
        ended.len()
    );
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for error in ended.iter().flat_map(Ended::errors) {
        let vague = if is_precise(error) { String::new() } else { format!(": {error}") };
        let resource = error.resource().unwrap_or("-");
        *said.entry(format!("{:?} at {resource}{vague}", error.kind())).or_default() += 1;
    }
    for (what, times) in said {
        println!("  {times} × {what}");
    }
}

/// Whether an error says that somebody else changed the store.
pub fn is_precise(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StalePlan | ErrorKind::ConcurrentChange)
}
