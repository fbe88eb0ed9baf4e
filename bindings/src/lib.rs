//! The core for languages that UniFFI writes bindings for (Kotlin, and Java over it, Swift, Ruby), and in [`c`] for those that
//! call C (Go, C, C++, C#).
//!
//! Conversions only. Types of documents are written by the build script from the JSON Schemas; specs go in and documents come
//! out through the same JSON that every language has. A future that is dropped cancels what it waits for.

#![expect(clippy::result_large_err, reason = "an error goes straight into the buffer that crosses the boundary")]

pub mod c;
pub mod callback;
pub mod client;
pub mod document;
pub mod failure;
pub mod run;
mod sigpipe;
pub mod simulator;
pub mod spec;

uniffi::setup_scaffolding!("xkslink");

/// The version of the library.
#[uniffi::export]
fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// What the JSON Schemas say, as types.
pub mod types {
    use std::collections::HashMap;
    use std::sync::Arc;

    use serde::{Deserialize, Serialize};

    use crate::spec::Secret;

    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}
