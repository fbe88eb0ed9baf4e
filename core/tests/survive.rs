//! The promises of `docs/reliability.md`: killed, cut off, throttled, doubled or cancelled at any moment, a store ends as
//! it should, with nothing twice, nothing left over, and nothing of others touched.
//!
//! `make test` tries a sample, `make survive` everything and prints what it saw.

#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "a test may panic")]

mod scenario;
mod survival;

use std::time::Duration;

use survival::matrix::{Harm, Outcome, cases, grounds, print};
use survival::stage::{Goal, Sort, sorts};
use survival::together::{self, Ended, Pair, is_precise};
use survival::{Dice, cancel, everything, fuzz, hostile, paused, process, side_by_side, soak, stride};

#[test]
fn a_run_that_is_hit_at_any_call_is_finished_by_the_next() {
    let outcomes = cases(stride(211));
    print(&outcomes, "goal", |case| format!("{:?}", case.goal));
    print(&outcomes, "link, domain", |case| format!("{}, {}", case.sort.link, case.sort.domain));
    print(&outcomes, "what happened", |case| case.harm.to_string());
    let bad: Vec<String> = outcomes.iter().filter_map(Outcome::bad).collect();
    assert!(bad.is_empty(), "{} of {} cases\n{}", bad.len(), outcomes.len(), bad.join("\n"));
}

#[test]
fn an_answer_that_says_less_or_nonsense_does_no_harm() {
    let outcomes = hostile::outcomes(stride(97));
    hostile::print(&outcomes);
    let bad: Vec<String> = outcomes.iter().filter_map(hostile::Outcome::bad).collect();
    assert!(bad.is_empty(), "{} of {} cases\n{}", bad.len(), outcomes.len(), bad.join("\n"));
}

#[test]
fn bytes_of_strangers_are_read_or_refused() {
    let fuzzed = fuzz::fuzz(if everything() { 20_000 } else { 150 }, 5);
    println!("| target | inputs | panics | slowest |\n| --- | ---: | ---: | ---: |");
    for each in &fuzzed {
        println!("| {} | {} | {} | {:?} |", each.target, each.inputs, each.panics.len(), each.slowest);
    }
    for each in fuzzed {
        assert!(each.panics.is_empty(), "{}: {}", each.target, each.panics.join("\n"));
        assert!(each.slowest < Duration::from_secs(10), "{}: {:?} for {}", each.target, each.slowest, each.slow);
    }
}

#[test]
fn two_clients_at_the_same_moment_make_one_store() {
    for sort in sorts() {
        together(sort, Pair(Goal::Created, Goal::Created), if everything() { 70 } else { 2 });
    }
}

#[test]
fn two_teardowns_at_the_same_moment_leave_nothing() {
    together(Sort::USUAL, Pair(Goal::Gone, Goal::Gone), if everything() { 150 } else { 10 });
}

#[test]
fn an_apply_beside_a_teardown_leaves_what_the_last_one_wants() {
    for last in [Pair(Goal::Created, Goal::Gone), Pair(Goal::Gone, Goal::Created)] {
        together(Sort::USUAL, last, if everything() { 200 } else { 10 });
    }
}

/// So many orders of the calls of two runs: each ends well or says that it was not alone. Then the second wants its way,
/// alone, within one more run.
fn together(sort: Sort, pair: Pair, orders: u64) {
    let ended = together::orders(sort, pair, 1..orders + 1);
    print!("{} / {}: ", sort.link, sort.domain);
    together::print(&ended);
    let vague = |each: &Ended| !each.errors().all(is_precise);
    let bad = ended.iter().filter(|each| each.wrong.is_some() || each.again > 1 || vague(each));
    let bad: Vec<String> = bad.map(|each| format!("{each:?}")).collect();
    assert!(bad.is_empty(), "{} of {}\n{}", bad.len(), ended.len(), bad.join("\n"));
}

#[test]
fn a_dropped_run_does_nothing_more_and_the_next_finishes_it() {
    let (sorts, times) = (sorts(), if everything() { 20 } else { 1 });
    let wrong = side_by_side(&sorts, |sort| {
        paused().block_on(async {
            let mut dice = Dice(7);
            let mut wrong = Vec::new();
            for ground in grounds(*sort).await {
                wrong.extend(cancel::cancelled(&ground, times, &mut dice).await);
            }
            wrong
        })
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    println!("dropped {} times; {} times something was wrong", times * sorts.len() * 3, wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// In a process of its own: the memory of other tests is no part of what is measured.
#[test]
fn many_operations_on_many_stores_leave_each_as_it_should_be() {
    assert!(process::alone("a_soak").status().unwrap().success());
}

#[test]
#[ignore = "a process that the test above starts"]
fn a_soak() {
    let operations = if everything() { 10_000 } else { 200 };
    let soaked = paused().block_on(soak::soak(operations, 11));
    println!("{:?}, {} calls", soaked.operations, soaked.calls);
    assert!(soaked.wrong.is_empty(), "{}", soaked.wrong.join("\n"));
    let warm: Vec<f64> = soaked.memory.iter().filter(|now| now.operations >= 2_000).map(|now| now.megabytes).collect();
    if let (Some(first), Some(last)) = (warm.first(), warm.last()) {
        assert!(*last < first * 1.1 + 2.0, "memory grew from {first:.1} to {last:.1} MB after it was warm");
    }
}

/// Run by the tests below, in a process of its own.
#[test]
#[ignore = "a process that others start and kill"]
fn a_process_of_its_own() {
    real_time().block_on(process::work());
}

#[test]
fn a_process_that_is_killed_at_a_call_is_finished_by_the_next() {
    let each = if everything() { 20 } else { 1 };
    let grounds = paused().block_on(grounds(Sort::USUAL));
    let killed = real_time().block_on(async {
        let mut killed = Vec::new();
        for ground in &grounds {
            // Spread over the whole run, and sure to come: looks that repeat are fewer in real time.
            let first: Vec<_> = ground.points.iter().filter(|point| point.nth == 0).collect();
            for point in first.iter().step_by((first.len() / each).max(1)).take(each) {
                let harm = if killed.len() % 2 == 0 { Harm::GoneBefore } else { Harm::GoneAfter };
                killed.push(process::killed(Sort::USUAL, ground.goal, point, harm).await);
            }
        }
        killed
    });
    let amid = killed.iter().filter(|each| each.amid).count();
    println!("{} processes, {amid} killed amid their run", killed.len());
    let wrong: Vec<String> = killed.iter().filter_map(|each| each.wrong.clone()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(amid * 10 >= killed.len() * 9, "only {amid} of {} were killed amid their run", killed.len());
}

#[test]
fn two_processes_at_the_same_moment_make_one_store() {
    let seeds = if everything() { 1..21 } else { 1..2 };
    let wrong = real_time().block_on(async {
        let mut wrong = Vec::new();
        for seed in seeds {
            wrong.extend(process::two(Sort::USUAL, seed).await);
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// For sockets and processes, which know no other time.
fn real_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
