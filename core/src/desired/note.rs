//! What a plan says beside its steps: a risk that stops nobody.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A risk that was seen while planning. It changes nothing.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Note {
    /// The rule it is about, such as `NET-02`.
    pub rule: String,
    /// What was seen, and what to do about it.
    pub text: String,
}

impl Note {
    pub(crate) fn new(rule: &str, text: String) -> Self {
        Self { rule: rule.to_owned(), text }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.rule)
    }
}
