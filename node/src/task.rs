//! A running verb, for an event loop that is told when there is something to take.

use std::time::Duration;

use napi::bindgen_prelude::{Either, Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Error, Status};
use napi_derive::napi;
use xkslink_embed::{Next, Task as Running};

use crate::document::Document;
use crate::failure::{Outcome, outcome};

/// A running verb. Letting go of it cancels it.
#[napi]
#[derive(Debug)]
pub struct Task {
    running: Running,
}

/// An event: its document, and its line for people.
#[napi(object)]
#[derive(Debug)]
pub struct Told {
    /// As JSON.
    pub json: String,
    /// For people.
    pub line: String,
}

impl Task {
    pub(crate) fn of(running: Running) -> Self {
        Self { running }
    }
}

#[napi]
impl Task {
    /// Takes the events that have arrived.
    #[napi]
    pub fn events(&self) -> Outcome<Vec<Told>> {
        outcome(|| {
            let mut told = Vec::new();
            while let Next::Event(event) = self.running.next_within(Duration::ZERO) {
                let (json, line) = xkslink_embed::event(&event)?;
                told.push(Told { json, line });
            }
            Ok(told)
        })
    }

    /// The result, once it is there.
    #[napi]
    pub fn result(&self) -> Option<Outcome<Document>> {
        self.running.result_within(Duration::ZERO).map(|outcome| match outcome {
            Ok(data) => Either::A(Document { data }),
            Err(failure) => Either::B(failure.into()),
        })
    }

    /// Lets go of the verb.
    #[napi]
    pub fn cancel(&self) {
        self.running.cancel();
    }

    /// Calls a function once, as soon as there is an event to take or the result. Until then the process stays alive.
    ///
    /// # Errors
    /// There is no thread to be had.
    #[napi]
    pub fn when_ready(&self, told: Function<'_, (), ()>) -> Result<()> {
        let told: ThreadsafeFunction<(), (), (), Status, false> = told.build_threadsafe_function().build()?;
        let ready = self.running.ready();
        let waiting = async move {
            ready.await;
            told.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        xkslink_embed::spawn(waiting).map_err(|failure| Error::from_reason(failure.to_string()))
    }
}
