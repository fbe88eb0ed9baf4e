//! What the library and the AWS SDK log. A language reads it at its own pace, from a queue for the whole process, so that no lock
//! of the language is taken where something is logged; or it gives a client a log of its own, which must not block, or is
//! [`relayed`].

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use crate::failure::guard;
use crate::runtime::runtime;

/// One thing that was logged.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
    /// Where: `xkslink::apply`, `aws_smithy_runtime::client`.
    pub target: String,
    /// What, with its fields.
    pub message: String,
}

/// Records that nobody has read yet. When nobody does, the oldest go.
const KEPT: usize = 10_000;

static QUEUE: Mutex<VecDeque<Record>> = Mutex::new(VecDeque::new());
static ARRIVED: Condvar = Condvar::new();
static MOST: AtomicU8 = AtomicU8::new(0);
static LISTENING: AtomicBool = AtomicBool::new(false);

/// Keeps what is logged from now on, up to a level: `off`, `error`, `warn`, `info`, `debug` or `trace`.
///
/// Answers whether it does: not if the program has a subscriber of its own.
pub fn listen(level: &str) -> bool {
    let most = ["off", "error", "warn", "info", "debug", "trace"].iter().position(|name| *name == level);
    MOST.store(most.and_then(|most| u8::try_from(most).ok()).unwrap_or(0), Ordering::Relaxed);
    if !LISTENING.swap(true, Ordering::Relaxed) {
        let wanted = |metadata: &Metadata<'_>| rank(*metadata.level()).0 <= MOST.load(Ordering::Relaxed);
        let log = Log { wanted, tell: keep };
        let set = tracing::subscriber::set_global_default(Registry::default().with(log)).is_ok();
        LISTENING.store(set, Ordering::Relaxed);
    }
    tracing::callsite::rebuild_interest_cache();
    LISTENING.load(Ordering::Relaxed)
}

/// Takes the records that have arrived, blocking for no longer than `limit` for the first.
#[must_use]
pub fn take_within(limit: Duration) -> Vec<Record> {
    let queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = ARRIVED.wait_timeout_while(queue, limit, |queue| queue.is_empty());
    waited.unwrap_or_else(PoisonError::into_inner).0.drain(..).collect()
}

fn keep(record: Record) {
    push(&mut QUEUE.lock().unwrap_or_else(PoisonError::into_inner), record);
    ARRIVED.notify_one();
}

fn push(queue: &mut VecDeque<Record>, record: Record) {
    if queue.len() >= KEPT {
        queue.pop_front();
    }
    queue.push_back(record);
}

/// Who is told of each record, on the thread that logs it.
pub type Listener = Arc<dyn Fn(Record) + Send + Sync>;

/// A listener that may block and take any lock: it is told in order, on threads where that is allowed. When it is far behind,
/// the oldest records go.
#[must_use]
pub fn relayed(tell: Listener) -> Listener {
    let relay = Arc::new(Relay { tell, waiting: Mutex::default() });
    Arc::new(move |record| relay.take(record))
}

struct Relay {
    tell: Listener,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    records: VecDeque<Record>,
    /// The process in which somebody tells them: threads do not survive a fork.
    teller: Option<u32>,
}

impl Relay {
    fn take(self: &Arc<Self>, record: Record) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        push(&mut waiting.records, record);
        if waiting.teller != Some(std::process::id())
            && let Ok(runtime) = runtime()
        {
            waiting.teller = Some(std::process::id());
            let relay = Arc::clone(self);
            runtime.spawn_blocking(move || relay.tell_all());
        }
    }

    fn tell_all(&self) {
        while let Some(record) = self.next() {
            // A listener that panics is told the next one all the same.
            let _ = guard(|| {
                (self.tell)(record);
                Ok(())
            });
        }
    }

    fn next(&self) -> Option<Record> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.records.pop_front();
        if next.is_none() {
            waiting.teller = None;
        }
        next
    }
}

/// While tracing knows of one subscriber alone, it asks only that of the thread that reaches a line first, and remembers the
/// answer: a client without a log would silence the line for the one that has one. It asks all when there are two.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// The log of one client: what this library logs of its verbs down to `debug`, and of the rest, which is the AWS SDK with
/// several lines for every call, warnings and errors.
pub(crate) fn of_client(tell: Listener) -> Dispatch {
    let worth_telling = |metadata: &Metadata<'_>| {
        let most = if metadata.target().starts_with("xkslink") { Level::DEBUG } else { Level::WARN };
        *metadata.level() <= most
    };
    LazyLock::force(&SECOND);
    Dispatch::new(Registry::default().with(Log { wanted: worth_telling, tell: move |record| tell(record) }))
}

struct Log<W, T> {
    wanted: W,
    tell: T,
}

fn rank(level: Level) -> (u8, &'static str) {
    match level {
        Level::ERROR => (1, "error"),
        Level::WARN => (2, "warn"),
        Level::INFO => (3, "info"),
        Level::DEBUG => (4, "debug"),
        Level::TRACE => (5, "trace"),
    }
}

impl<S, W, T> Layer<S> for Log<W, T>
where
    S: Subscriber,
    W: Fn(&Metadata<'_>) -> bool + 'static,
    T: Fn(Record) + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        (self.wanted)(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        let message = [text.message, text.fields].concat();
        (self.tell)(Record { level: rank(*metadata.level()).1, target: metadata.target().to_owned(), message });
    }
}

/// The message, then ` name=value` for each field.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
