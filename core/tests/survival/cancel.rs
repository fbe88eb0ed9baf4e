//! Cancelling: a run is polled so many times and then dropped. That takes no time, and nothing of it goes on.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Dice;
use super::matrix::Ground;
use super::stage::Stage;

/// Polls a future until it is done, or so many times. How often it was polled.
async fn polled(mut future: Pin<&mut impl Future>, most: usize) -> usize {
    let mut polls = 0;
    std::future::poll_fn(|cx| {
        if polls == most {
            return Poll::Ready(());
        }
        polls += 1;
        future.as_mut().poll(cx).map(drop)
    })
    .await;
    polls
}

/// Drops a run at random polls. What is wrong afterwards, once the next run has ended.
pub async fn cancelled(ground: &Ground, times: usize, dice: &mut Dice) -> Vec<String> {
    let quiet = ground.before.fork();
    let all = polled(Box::pin(quiet.run(ground.goal)).as_mut(), usize::MAX).await;
    let mut wrong = Vec::new();
    for _ in 0..times {
        let polls = dice.roll(all);
        let stage = ground.before.fork();
        let mut run = Box::pin(stage.run(ground.goal));
        polled(run.as_mut(), polls).await;
        let now = stage.simulator.clock().now();
        drop(run);
        let said = still_going(&stage, now).await;
        let error = stage.run(ground.goal).await.err();
        let left = stage.wrong(ground.goal, &ground.wanted).await;
        let found = said.or(left.map(|left| format!("{error:?}; {left}")));
        wrong.extend(found.map(|found| format!("{:?}, dropped after {polls} of {all} polls: {found}", ground.goal)));
    }
    wrong
}

/// What a run that was dropped at this time does all the same: nothing.
async fn still_going(stage: &Stage, dropped: Duration) -> Option<String> {
    let took = stage.simulator.clock().now() - dropped;
    let tasks = Handle::current().metrics().num_alive_tasks();
    if !took.is_zero() || tasks > 0 {
        return Some(format!("{tasks} tasks left, {took:?} after it was dropped"));
    }
    let before = stage.simulator.requests().len();
    stage.simulator.clock().wait(Duration::from_secs(60)).await;
    let after = stage.simulator.requests().len();
    (after > before).then(|| format!("{} calls after it was dropped", after - before))
}
