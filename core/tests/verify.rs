//! Verify and diagnose where something is in the way: rights, other accounts and Regions, halves of worlds, hostile answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

#[path = "verify/accounts.rs"]
mod accounts;
#[path = "verify/answers.rs"]
mod answers;
#[path = "verify/certificates.rs"]
mod certificates;
#[path = "verify/halves.rs"]
mod halves;
#[path = "verify/names.rs"]
mod names;
#[path = "verify/quotas.rs"]
mod quotas;
#[path = "verify/regions.rs"]
mod regions;
#[path = "verify/rights.rs"]
mod rights;
