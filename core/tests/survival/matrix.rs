//! The kill matrix: every call of a run, hit by every fault, and what the next run makes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use xkslink_simulator::{Fault, FaultKind, LoggedRequest, Simulator};

use super::stage::{Census, GOALS, Goal, Sort, Stage, sorts, timings};
use super::{paused, side_by_side};

/// What happens at a call.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Harm {
    GoneBefore,
    GoneAfter,
    AnswerLost,
    Throttled(usize),
    Broken,
    Slow,
    Stale,
    Denied,
}

pub const HARMS: [Harm; 10] = [
    Harm::GoneBefore,
    Harm::GoneAfter,
    Harm::AnswerLost,
    Harm::Throttled(1),
    Harm::Throttled(3),
    Harm::Throttled(10),
    Harm::Broken,
    Harm::Slow,
    Harm::Stale,
    Harm::Denied,
];

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoneBefore => f.write_str("process gone before the effect"),
            Self::GoneAfter => f.write_str("process gone after the effect"),
            Self::AnswerLost => f.write_str("answer lost"),
            Self::Throttled(1) => f.write_str("throttled once"),
            Self::Throttled(times) => write!(f, "throttled {times} times"),
            Self::Broken => f.write_str("internal error (500)"),
            Self::Slow => f.write_str("slower than the timeout"),
            Self::Stale => f.write_str("reads 10 s old"),
            Self::Denied => f.write_str("access denied once"),
        }
    }
}

impl Harm {
    /// A write cannot be old.
    fn fits(self, operation: &str) -> bool {
        self != Self::Stale || ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
    }

    /// As a fault at one call: the `nth` of its operation.
    pub fn fault(self, operation: &str, nth: usize) -> Fault {
        let (times, kind) = match self {
            Self::GoneBefore => (1, FaultKind::HangBefore),
            Self::GoneAfter => (1, FaultKind::HangAfter),
            Self::AnswerLost => (1, FaultKind::DropAfter),
            Self::Throttled(times) => (times, FaultKind::Throttle),
            Self::Broken => (1, FaultKind::ServerError),
            Self::Slow => (1, FaultKind::Slow(Duration::from_secs(40))),
            // Looks that repeat are twice a second at most, so this lasts for about as long as the reads are old.
            Self::Stale => (20, FaultKind::Stale(Duration::from_secs(10))),
            Self::Denied => (1, FaultKind::Deny),
        };
        Fault { operation: Some(operation.to_owned()), skip: nth, times, kind }
    }
}

/// One call of a run: an operation, and which of its calls.
#[derive(Clone, Debug)]
pub struct Point {
    pub operation: String,
    pub nth: usize,
}

/// Every call of a run, but of looks that repeat only the first and the last.
pub fn points(requests: &[LoggedRequest]) -> Vec<Point> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut same: BTreeMap<(&str, String), Vec<Point>> = BTreeMap::new();
    for request in requests {
        let nth = seen.entry(&request.operation).or_default();
        let point = Point { operation: request.operation.clone(), nth: *nth };
        *nth += 1;
        same.entry((&request.operation, request.input.to_string())).or_default().push(point);
    }
    let ends = |points: Vec<Point>| points.first().cloned().into_iter().chain(points.into_iter().skip(1).next_back());
    same.into_values().flat_map(ends).collect()
}

/// What a case took.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub sort: Sort,
    pub goal: Goal,
    pub harm: Harm,
    pub point: Point,
    pub calls: usize,
    /// Runs after the one that was hit.
    pub again: usize,
    pub wrong: Option<String>,
}

impl Outcome {
    /// What broke the promise, if anything did.
    pub fn bad(&self) -> Option<String> {
        let Self { sort, goal, harm, point, again, wrong, .. } = self;
        let wrong = wrong.as_deref().or((*again > 1).then_some("survived"))?;
        let (link, domain, operation, nth) = (sort.link, sort.domain, &point.operation, point.nth);
        Some(format!("{goal:?} over {link} / {domain}: {harm} at {operation} #{nth}: {again} runs more: {wrong}"))
    }
}

/// A world before a goal, the calls that lead to it, and what is there then.
pub struct Ground {
    pub before: Stage,
    pub goal: Goal,
    pub points: Vec<Point>,
    pub wanted: Census,
}

/// The three goals one after the other, undisturbed, each with the world before it.
pub async fn grounds(sort: Sort) -> Vec<Ground> {
    let simulator = Simulator::builder().timings(timings()).build();
    let stage = Stage::new(sort, simulator).await;
    let mut grounds = Vec::new();
    for goal in GOALS {
        let before = stage.fork();
        stage.simulator.forget_requests();
        stage.run(goal).await.unwrap();
        let points = points(&stage.simulator.requests());
        let wanted = stage.census();
        assert_eq!(stage.wrong(goal, &wanted).await, None);
        grounds.push(Ground { before, goal, points, wanted });
    }
    grounds
}

/// More runs than this are not tried.
const PATIENCE: usize = 4;

/// One case.
pub async fn case(sort: Sort, ground: &Ground, point: &Point, harm: Harm) -> Outcome {
    let stage = ground.before.fork();
    stage.simulator.fault(harm.fault(&point.operation, point.nth));
    tokio::select! {
        _ = stage.run(ground.goal) => {}
        () = stage.simulator.hung() => {}
    }
    stage.simulator.meddle(&serde_json::json!({"fault": "none"})).unwrap();
    let mut again = 0;
    let mut wrong = stage.wrong(ground.goal, &ground.wanted).await;
    while wrong.is_some() && again < PATIENCE {
        again += 1;
        let error = stage.run(ground.goal).await.err();
        let now = stage.wrong(ground.goal, &ground.wanted).await;
        wrong = now.map(|now| error.map_or_else(|| now.clone(), |error| format!("{error}; {now}")));
    }
    let calls = stage.simulator.requests().len();
    Outcome { sort, goal: ground.goal, harm, point: point.clone(), calls, again, wrong }
}

/// Every `stride`-th case of all.
pub fn cases(stride: usize) -> Vec<Outcome> {
    let sorts: Vec<(usize, Sort)> = sorts().into_iter().enumerate().collect();
    let of_sort = |(place, sort): &(usize, Sort)| {
        paused().block_on(async {
            let mut outcomes = Vec::new();
            let mut number = place * 7;
            for ground in grounds(*sort).await {
                for point in &ground.points {
                    for harm in HARMS.into_iter().filter(|harm| harm.fits(&point.operation)) {
                        number += 1;
                        if number % stride == 0 {
                            let outcome = case(*sort, &ground, point, harm).await;
                            // At once: the whole takes its time.
                            if let Some(bad) = outcome.bad() {
                                println!("{bad}");
                            }
                            outcomes.push(outcome);
                        }
                    }
                }
            }
            outcomes
        })
    };
    side_by_side(&sorts, of_sort).into_iter().flatten().collect()
}

/// A table over any property of the cases.
pub fn print(outcomes: &[Outcome], head: &str, row: impl Fn(&Outcome) -> String) {
    let mut rows: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        rows.entry(row(outcome)).or_default().push(outcome);
    }
    println!("| {head} | cases | survived | without a further run | most further runs | calls |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, cases) in rows {
        let survived = cases.iter().filter(|case| case.wrong.is_none()).count();
        let at_once = cases.iter().filter(|case| case.wrong.is_none() && case.again == 0).count();
        let most = cases.iter().map(|case| case.again).max().unwrap_or(0);
        let calls: usize = cases.iter().map(|case| case.calls).sum();
        println!("| {name} | {} | {survived} | {at_once} | {most} | {calls} |", cases.len());
    }
    println!();
}
