//! What happens while a plan is applied, as it happens.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ErrorDetails;
use crate::plan::Action;
use crate::report::Outcome;
use crate::resource::ResourceId;
use crate::resource::domain_record::TxtRecord;
use crate::text::duration;

/// One thing that happened.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// Counts from 1 without gaps.
    pub number: u64,
    /// Seconds since the run began.
    pub at_seconds: f64,
    /// What happened.
    #[serde(flatten)]
    pub what: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[non_exhaustive]
pub enum EventKind {
    /// The run began.
    Began {
        /// Hash of the plan.
        plan: String,
        /// Number of steps.
        steps: usize,
    },
    /// A step began.
    StepBegan {
        /// What changes.
        resource: ResourceId,
        /// How.
        action: Action,
        /// How long AWS usually takes, in seconds.
        usually_takes_seconds: u64,
    },
    /// A step looked and will look again.
    Waiting {
        /// What waits.
        resource: ResourceId,
        /// For what: "the load balancer is active".
        until: String,
        /// The state seen.
        state: String,
        /// Number of the look, from 1.
        attempt: u64,
        /// Seconds waited so far.
        waited_seconds: f64,
        /// Seconds that it usually takes.
        usually_takes_seconds: u64,
        /// Seconds until the next look.
        next_look_seconds: f64,
    },
    /// A person has to publish this TXT record.
    PublishRecord {
        /// The record.
        record: TxtRecord,
    },
    /// A step ended well.
    StepDone {
        /// What changed.
        resource: ResourceId,
        /// How.
        action: Action,
        /// Its id in AWS, if it has one.
        id: String,
        /// Seconds that it took.
        took_seconds: f64,
    },
    /// A step failed.
    StepFailed {
        /// What was to change.
        resource: ResourceId,
        /// How.
        action: Action,
        /// What went wrong.
        error: ErrorDetails,
    },
    /// The run ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// One line for people.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Duration::try_from_secs_f64(self.at_seconds).unwrap_or_default().as_secs();
        write!(f, "{:>3}:{:02}  {}", at / 60, at % 60, self.what)
    }
}

/// The same without the time.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventKind::Began { steps, .. } => write!(f, "{steps} steps to take"),
            EventKind::StepBegan { resource, action, .. } => write!(f, "{resource}: {} …", action.verb()),
            EventKind::Waiting { resource, until, state, .. } => {
                write!(f, "{resource}: waiting until {until} (`{state}`)")
            }
            EventKind::PublishRecord { record } => write!(f, "publish this record: {record}"),
            EventKind::StepDone { resource, action, id, took_seconds } => {
                let took = Duration::try_from_secs_f64(*took_seconds).unwrap_or_default();
                write!(f, "{resource}: {} in {}", done(*action), duration(took))?;
                if id.is_empty() { Ok(()) } else { write!(f, ", {id}") }
            }
            EventKind::StepFailed { resource, error, .. } => {
                write!(f, "{resource}: {} ({})", error.message, error.help)
            }
            EventKind::Ended { outcome: Outcome::Complete } => f.write_str("complete"),
            EventKind::Ended { outcome: Outcome::WaitingForDns { .. } } => {
                f.write_str("stopped until the TXT record is published")
            }
            EventKind::Ended { outcome: Outcome::Failed } => f.write_str("failed; apply again to continue"),
        }
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "removed, to be created anew",
        Action::Delete => "deleted",
    }
}
