//! A verb that runs: its events as they come, its result, and how to cancel it.
//!
//! Waiting works from any thread and any executor: by blocking with a limit, for languages that must look after signals
//! meanwhile, or by awaiting.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use xkslink::Event;

use crate::document::Document;
use crate::failure::{Failure, Result, guarded};

/// How a verb ended.
pub type Outcome = Result<Arc<Document>, Arc<Failure>>;

/// What a wait with a limit brought.
#[derive(Clone, Debug)]
pub enum Next {
    /// The next event.
    Event(Box<Event>),
    /// There are no more: the result is there.
    Ended,
    /// Nothing yet.
    Nothing,
}

/// A verb that runs. It runs on its own; dropping the handle cancels it, and AWS is left as the last finished call left it.
#[derive(Debug)]
pub struct Task {
    shared: Arc<Shared>,
    abort: AbortHandle,
    process: u32,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    ticks: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    outcome: Option<Outcome>,
}

/// Where a running verb tells its events.
pub(crate) type Listener = Box<dyn Fn(&Event) + Send + Sync>;

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
        self.ticks.send_modify(|tick| *tick += 1);
    }

    async fn until<T>(&self, look: impl Fn(&mut State) -> Option<T>) -> T {
        let mut ticks = self.ticks.subscribe();
        loop {
            let found = look(&mut self.lock());
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as `self`, so this cannot fail.
            let _ = ticks.changed().await;
        }
    }
}

/// Says that a verb was cancelled, should it be dropped before it ended.
struct Ending(Arc<Shared>);

impl Ending {
    fn with(&self, outcome: Outcome) {
        self.0.change(|state| {
            state.outcome.get_or_insert(outcome);
        });
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.with(Err(Arc::new(Failure::cancelled())));
    }
}

impl Task {
    /// Starts a verb on a runtime.
    pub(crate) fn start<F>(on: &Handle, verb: impl FnOnce(Listener) -> F) -> Self
    where
        F: Future<Output = Result<Document>> + Send + 'static,
    {
        let shared =
            Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), ticks: watch::Sender::new(0) });
        let listening = Arc::clone(&shared);
        let work = verb(Box::new(move |event| listening.change(|state| state.events.push_back(event.clone()))));
        let ending = Ending(Arc::clone(&shared));
        let running = on.spawn(async move { ending.with(guarded(work).await.map(Arc::new).map_err(Arc::new)) });
        Self { shared, abort: running.abort_handle(), process: std::process::id() }
    }

    /// Lets go of the verb. Its result is `cancelled`, unless it had ended. AWS is left as the last finished call left it,
    /// and the same verb goes on from there.
    pub fn cancel(&self) {
        self.abort.abort();
    }

    /// Whether the result is there.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.shared.lock().outcome.is_some()
    }

    /// Takes the next event, blocking for no longer than `limit`.
    #[must_use]
    pub fn next_within(&self, limit: Duration) -> Next {
        self.within(limit, State::next).unwrap_or(Next::Nothing)
    }

    /// The result, blocking for no longer than `limit`.
    #[must_use]
    pub fn result_within(&self, limit: Duration) -> Option<Outcome> {
        self.within(limit, |state| state.outcome.clone())
    }

    fn within<T>(&self, limit: Duration, look: impl Fn(&mut State) -> Option<T>) -> Option<T> {
        let until = Instant::now() + limit;
        // After a fork the verb goes on in the parent, and would never end here.
        if self.process != std::process::id() {
            Ending(Arc::clone(&self.shared)).with(Err(Arc::new(Failure::cancelled())));
        }
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return Some(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The next event; `None` when there are no more.
    pub async fn next(&self) -> Option<Event> {
        match self.shared.until(State::next).await {
            Next::Event(event) => Some(*event),
            Next::Ended | Next::Nothing => None,
        }
    }

    /// The result. May be asked for more than once.
    pub async fn result(&self) -> Outcome {
        self.shared.until(|state| state.outcome.clone()).await
    }

    /// Returns as soon as there is an event to take, or the result. Waiting for it does not keep the verb running.
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.until(|state| (!state.events.is_empty() || state.outcome.is_some()).then_some(())).await }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl State {
    fn next(&mut self) -> Option<Next> {
        let event = self.events.pop_front().map(|event| Next::Event(Box::new(event)));
        event.or_else(|| self.outcome.is_some().then_some(Next::Ended))
    }
}
