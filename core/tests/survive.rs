//! The promises of `docs/reliability.md`: killed, cut off, throttled, doubled or cancelled at any moment, a store ends as
//! it should, with nothing twice, nothing left over, and nothing of others touched.
//!
//! `make test` tries a sample, `make survive` everything and prints what it saw.

#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "a test may panic")]

mod scenario;
mod survival;

use survival::everything;
use survival::matrix::{cases, print};
use survival::stage::{Goal, SORTS};
use survival::together::{self, Pair};

#[test]
fn a_run_that_is_hit_at_any_call_is_finished_by_the_next() {
    let outcomes = cases(if everything() { 1 } else { 67 });
    print(&outcomes, "goal", |case| format!("{:?}", case.goal));
    print(&outcomes, "link, domain", |case| format!("{}, {}", case.sort.link, case.sort.domain));
    print(&outcomes, "what happened", |case| case.harm.to_string());
    let bad: Vec<String> = outcomes
        .iter()
        .filter(|case| case.wrong.is_some() || case.again > 1)
        .map(|case| {
            let wrong = case.wrong.as_deref().unwrap_or("survived");
            let (sort, point) = (case.sort, &case.point);
            format!(
                "{:?} over {} / {}: {} at {} #{}: {} runs more: {wrong}",
                case.goal, sort.link, sort.domain, case.harm, point.operation, point.nth, case.again
            )
        })
        .collect();
    assert!(bad.is_empty(), "{} of {} cases\n{}", bad.len(), outcomes.len(), bad.join("\n"));
}

#[test]
fn two_clients_at_the_same_moment_make_one_store() {
    let seeds = if everything() { 1..400 } else { 1..9 };
    for sort in SORTS {
        let ended = together::orders(sort, Pair(Goal::Created, Goal::Created), seeds.clone());
        print!("{} / {}: ", sort.link, sort.domain);
        together::print(&ended);
        let bad = ended.iter().filter(|each| each.wrong.is_some() || each.again > 1);
        let bad: Vec<String> = bad.map(|each| format!("{each:?}")).collect();
        assert!(bad.is_empty(), "{} of {}\n{}", bad.len(), ended.len(), bad.join("\n"));
    }
}
