//! Verify and diagnose where something is in the way: rights, other accounts and Regions, halves of worlds, hostile answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

#[path = "verify/quotas.rs"]
mod quotas;
