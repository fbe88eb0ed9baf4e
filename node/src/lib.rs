//! The native half of the npm package: documents in and out as JSON text, and the handles of `xkslink-embed`.
//!
//! What a TypeScript author sees is written in TypeScript, beside this crate. Nothing here blocks the event loop, and what goes
//! wrong is handed back as a [`Failure`](failure::Failure), which that half throws.

pub mod callback;
pub mod client;
pub mod document;
pub mod failure;
pub mod simulator;
pub mod task;

use napi_derive::napi;

/// The version of the library.
#[napi]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The JSON Schema of a sort of documents, as JSON.
#[napi]
#[must_use]
pub fn schema(name: String) -> failure::Outcome<String> {
    failure::outcome(|| xkslink_embed::schema(&name))
}
