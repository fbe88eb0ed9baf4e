//! Cancelling: a run is polled so many times and then dropped.

use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use super::Dice;
use super::matrix::Ground;
use super::stage::Stage;

/// Polls a future until it is done, or so many times. Whether it was done, and how often it was polled.
async fn polled(future: impl Future, most: usize) -> (bool, usize) {
    let mut future = Box::pin(future);
    let mut polls = 0;
    let done = std::future::poll_fn(|cx| {
        if polls == most {
            return Poll::Ready(false);
        }
        polls += 1;
        future.as_mut().poll(cx).map(|_| true)
    })
    .await;
    (done, polls)
}

/// Drops a run at random polls. What is wrong afterwards, once the next run has ended.
pub async fn cancelled(ground: &Ground, times: usize, dice: &mut Dice) -> Vec<String> {
    let quiet = ground.before.fork();
    let (_, all) = polled(quiet.run(ground.goal), usize::MAX).await;
    let mut wrong = Vec::new();
    for _ in 0..times {
        let polls = dice.roll(all);
        let stage = ground.before.fork();
        polled(stage.run(ground.goal), polls).await;
        let said = still_going(&stage).await;
        let error = stage.run(ground.goal).await.err();
        let left = stage.wrong(ground.goal, &ground.wanted).await;
        let found = said.or(left.map(|left| format!("{error:?}; {left}")));
        wrong.extend(found.map(|found| format!("{:?}, dropped after {polls} of {all} polls: {found}", ground.goal)));
    }
    wrong
}

/// What a dropped run does all the same: nothing.
async fn still_going(stage: &Stage) -> Option<String> {
    let before = stage.simulator.requests().len();
    stage.simulator.clock().wait(Duration::from_secs(60)).await;
    let after = stage.simulator.requests().len();
    (after > before).then(|| format!("{} calls after it was dropped", after - before))
}
