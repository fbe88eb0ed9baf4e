//! Makes true in AWS, and keeps true, the VPC endpoint service connectivity of an AWS KMS external key store.
//!
//! ```text
//! Connectivity (spec) ──► desired ─┐
//!                                  ├─► plan ──► apply ──► Report
//! AWS ── observe ──► observed ─────┘    ▲         │
//!                                       └── again ┘   as soon as any step ends
//! ```
//!
//! AWS is the state: there is no state file. What is ours carries the tag `xkslink:store`. Teardown is a plan for
//! wanting nothing. Apply is done when the next plan is empty, and may be repeated at any time.
//!
//! ```
//! use xkslink::Client;
//! use xkslink::spec::*;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = Connectivity::builder("payments-hsm", "eu-central-1")
//!     .network(Network::create("10.60.0.0/24"))
//!     .data_center(["10.0.0.0/16"])
//!     .link(Link::new_vpn_gateway())
//!     .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
//!     .private_dns_name("xks.payments.example.com")
//!     .domain(Domain::manual())
//!     .key_store(KeyStore::path("/payments/kms/xks/v1").credential(Credential::from_env("XKS_KEY_ID", "XKS_SECRET")))
//!     .build()?;
//!
//! // The caller's own configuration in earnest; a simulated AWS here.
//! let config = xkslink_simulator::Simulator::new().sdk_config("eu-central-1");
//! let plan = Client::new(&config).plan(&spec).await?;
//! println!("{plan}");
//! # Ok(())
//! # }
//! ```
//!
//! # Logs
//!
//! By [`tracing`](https://docs.rs/tracing): each step of a run at `INFO` and a failed one at `WARN` (target `xkslink::apply`), what is
//! waited for and every call of AWS with its request id at `DEBUG`. Errors are returned, not logged, and no secret is in any line.

mod apply;
mod aws;
mod callback;
mod client;
mod desired;
mod diagnose;
mod error;
pub mod facts;
mod html;
mod markdown;
mod network;
mod observe;
mod observed;
mod plan;
pub mod policy;
pub mod probe;
mod report;
mod resource;
pub mod rules;
mod schema;
pub mod spec;
mod status;
mod text;
mod verify;

pub use apply::event::{Event, EventKind};
pub use callback::{CallbackFuture, CredentialSource, Publisher};
pub use client::{Apply, Client, ClientBuilder, Diagnose, Target};
pub use desired::Note;
pub use diagnose::{Cause, Certainty, Diagnosis, Symptom};
pub use error::{Error, ErrorDetails, ErrorKind, Result};
pub use plan::{Action, Consent, Plan, Purpose, Step};
pub use report::{Ids, Outcome, Report, StepReport};
pub use resource::domain_record::TxtRecord;
pub use resource::{Change, Effect, Kind, ResourceId};
pub use schema::schemas;
pub use status::{ResourceStatus, Standing, Status};
pub use verify::{Check, Verification};

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
