//! What every language package needs beside the core, and what no language has of its own.
//!
//! Plain data crosses a language boundary as JSON documents; four things live on as handles: [`Client`] with its verbs,
//! [`Task`] (a verb that runs), [`Simulator`], and [`Document`] for what a verb hands back. A verb never blocks: it returns
//! a task, which a language waits for in its own way, by blocking with a limit or by awaiting.
//!
//! ```text
//! Accounts ─┐
//! Callbacks ┼─► Client ── verb ──► Task ──► events, then Document or Failure
//! Simulator ┘                       └─ cancel
//! ```
//!
//! No rule, default or message about AWS is made here.

mod account;
mod callback;
mod client;
mod document;
mod failure;
pub mod logs;
mod probe;
mod runtime;
mod script;
mod simulator;
mod task;

pub use account::{Account, Accounts, Keys};
pub use callback::{Callback, Callbacks, Thrown};
pub use client::{Client, Target, consents};
pub use document::{Document, Kind, event, schema, spec};
pub use failure::{Details, Failure, Result, guard};
pub use probe::ProbeRequest;
pub use runtime::{on_thread_start, spawn};
pub use simulator::{Simulator, World};
pub use task::{Next, Outcome, Task};
