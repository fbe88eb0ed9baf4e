//! One tokio runtime for a process, made when the first verb begins. Threads do not survive a fork: a child makes its own.

use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::failure::{Failure, Result};

/// Something that belongs to the process that made it: after a fork the child makes its own.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(Mutex<Option<(u32, Arc<T>)>>);

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What this process has made, or makes now. The lock is not held while it is made, so that a fork does not meet it.
    pub(crate) fn get_or_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let mine = std::process::id();
        let known = |slot: &Option<(u32, Arc<T>)>| match slot {
            Some((made_by, value)) if *made_by == mine => Some(Arc::clone(value)),
            _ => None,
        };
        if let Some(value) = known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(value);
        }
        let made = Arc::new(make()?);
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known(&slot) {
            return Ok(value);
        }
        // To drop what a parent made would wait for threads that are not here.
        mem::forget(slot.replace((mine, Arc::clone(&made))));
        Ok(made)
    }
}

/// How long a thread that called a function of the caller's language waits for the next one. Some languages, such as C# with
/// Mono, wait at the end of a program until such a thread has ended.
pub(crate) const IDLE: Duration = Duration::from_millis(100);

static BEGINNING: OnceLock<fn()> = OnceLock::new();

/// Has each thread of this crate do something first. It counts for threads that are made afterwards; the first call counts.
pub fn on_thread_start(begin: fn()) {
    let _ = BEGINNING.set(begin);
}

/// A thread of this crate begins.
pub(crate) fn began() {
    if let Some(begin) = BEGINNING.get() {
        begin();
    }
}

static RUNTIME: PerProcess<Runtime> = PerProcess::new();

/// The runtime of this process.
pub(crate) fn runtime() -> Result<Arc<Runtime>> {
    RUNTIME.get_or_make(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("xkslink").thread_keep_alive(IDLE).on_thread_start(began).enable_all();
        let made = builder.build();
        made.map_err(|error| Failure::argument("runtime", format!("no thread: {error}"), "free some resources"))
    })
}

/// Runs something on the threads of this crate, for languages whose waiting is a function that is called.
///
/// # Errors
/// `invalid_argument` when there is no thread to be had.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    runtime()?.spawn(work);
    Ok(())
}
