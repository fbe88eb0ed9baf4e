//! JavaScript functions as callbacks: a question goes to the event loop, and a thread that may block waits for the answer.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde::de::DeserializeOwned;
use xkslink_embed::{Callback, Thrown};

/// A function of the caller. It does not keep the process alive: the verb that asks does.
type Asked = ThreadsafeFunction<Question, (), Question, Status, false, true>;

/// What a function is asked, and the way back for its answer.
#[napi]
#[derive(Debug)]
pub struct Question {
    input: String,
    /// Gone when it was answered. A question that nobody can answer any more is dropped, and whoever waits is told so.
    back: Mutex<Option<Sender<std::result::Result<String, Thrown>>>>,
}

#[napi]
impl Question {
    /// What is given to the function, as JSON.
    #[napi(getter)]
    pub fn input(&self) -> String {
        self.input.clone()
    }

    /// What the function returned, as JSON.
    #[napi]
    pub fn answer(&self, output: String) {
        self.tell(Ok(output));
    }

    /// What the function threw: its text, and under which number the caller keeps it.
    #[napi]
    pub fn fail(&self, text: String, number: u32) {
        self.tell(Err(Thrown { text, value: Box::new(number) }));
    }

    fn tell(&self, answer: std::result::Result<String, Thrown>) {
        if let Some(back) = self.back.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody listens when the verb was cancelled meanwhile.
            let _ = back.send(answer);
        }
    }
}

/// A JavaScript function, asked with JSON text, whose answer is read from JSON.
pub(crate) fn callback<I: 'static, O: DeserializeOwned + 'static>(
    function: &Function<'_, Question, ()>,
    input: fn(I) -> String,
) -> Result<Callback<I, O>> {
    let asked: Asked = function.build_threadsafe_function().weak::<true>().build()?;
    let ask = move |given| {
        let (back, answer) = channel();
        let question = Question { input: input(given), back: Mutex::new(Some(back)) };
        asked.call(question, ThreadsafeFunctionCallMode::NonBlocking);
        let unusable = |text: String| Thrown { text, value: Box::new(()) };
        let answer = answer.recv().map_err(|_| unusable("the event loop has ended".to_owned()))??;
        serde_json::from_str(&answer).map_err(|error| unusable(error.to_string()))
    };
    Ok(std::sync::Arc::new(ask))
}
