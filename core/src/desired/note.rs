//! What a plan says beside its steps: a rule that does not hold.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules::{self, Rule};
use crate::verify::Check;

/// A rule that does not hold, seen while planning. It changes no step.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Note {
    /// The rule it is about, such as `NET-02`.
    pub rule: String,
    /// What must be so, what was seen, and what to do about it.
    pub text: String,
}

impl Note {
    pub(crate) fn of(check: &Check) -> Self {
        Self { rule: check.rule.clone(), text: format!("{}. {}", check.sentence(), check.remedy) }
    }

    /// Whether KMS would refuse, so that apply stops before its first step unless it is told to go on.
    pub fn refuses(&self) -> bool {
        rules::rule(&self.rule).is_some_and(Rule::refuses)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.rule)
    }
}
