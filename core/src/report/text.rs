//! A report as text for people: how it ended, what ran, what to do now.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Outcome, Report, StepReport};
use crate::text::duration;

/// Width of the column of resource names.
const WIDTH: usize = 21;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}` in {}: {}", self.store, self.region, self.summary())?;
        for step in &self.steps {
            step.write(f)?;
        }
        for resource in &self.skipped {
            writeln!(f, "  -- {:<WIDTH$} skipped, because what it needs failed", resource.to_string())?;
        }
        if let Some(record) = self.waiting_for_dns() {
            writeln!(f, "\nPublish this record, then apply again:\n  {record}")?;
        }
        if let Some(diagnosis) = &self.diagnosis {
            write!(f, "\n{diagnosis}")?;
        }
        Ok(())
    }
}

impl Report {
    /// `complete in 11 min 50 s, the key store is CONNECTED`.
    pub fn summary(&self) -> String {
        let took = duration(seconds(self.took_seconds));
        let ended = match &self.outcome {
            Outcome::Complete => format!("complete in {took}"),
            Outcome::WaitingForDns { .. } => format!("stopped after {took} until a TXT record is published"),
            Outcome::Failed => format!("failed after {took}"),
        };
        match &self.ids.connection_state {
            Some(state) => format!("{ended}, the key store is {state}"),
            None => ended,
        }
    }
}

impl StepReport {
    fn write(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (sign, resource, verb) = (self.sign(), self.resource.to_string(), self.action.verb());
        writeln!(f, "  {sign} {resource:<WIDTH$} {verb}, {}", duration(seconds(self.took_seconds)))?;
        match &self.error {
            Some(error) => writeln!(f, "       {}; {}", error.message, error.help),
            None => Ok(()),
        }
    }

    fn sign(&self) -> &'static str {
        if self.error.is_some() { "!!" } else { "ok" }
    }
}

/// Seconds of a document, whatever they are.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
