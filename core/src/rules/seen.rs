//! What a check saw, and the verdict that follows: a rule holds if every value it looked at fits.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Gap;

/// What a check comes to.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
#[non_exhaustive]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// Something that it needs is not known.
    Unknown {
        /// What, and what would tell.
        missing: Gap,
    },
    /// It has no meaning here.
    NotApplicable {
        /// Why.
        why: String,
    },
    /// No fact decides it; a person should know it.
    Guidance,
}

/// One value that a check looked at.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Evidence {
    /// What it is of.
    pub what: String,
    /// The value as AWS or the probe has it.
    pub value: String,
    /// Whether it is as the rule demands.
    pub fits: bool,
}

/// Why a check came to nothing. `?` on a fact ends a check with it.
#[derive(Debug)]
pub(super) enum Open {
    /// A fact is missing.
    Unknown(Gap),
    /// The rule has no meaning here; the text says why.
    NotApplicable(&'static str),
}

/// The values that a check looked at.
#[derive(Debug, Default)]
pub(super) struct Seen {
    evidence: Vec<Evidence>,
    /// What could not be looked at besides.
    gap: Option<Gap>,
}

/// One value.
pub(super) fn saw(what: impl fmt::Display, value: impl fmt::Display, fits: bool) -> Seen {
    Seen::default().and(what, value, fits)
}

/// One value for each item; none at all is fine.
pub(super) fn each<W: fmt::Display, V: fmt::Display>(values: impl IntoIterator<Item = (W, V, bool)>) -> Seen {
    values.into_iter().fold(Seen::default(), |seen, (what, value, fits)| seen.and(what, value, fits))
}

impl Seen {
    /// Another value that the rule is about.
    pub(super) fn and(mut self, what: impl fmt::Display, value: impl fmt::Display, fits: bool) -> Self {
        let (what, value) = (what.to_string(), value.to_string());
        self.evidence.push(Evidence { what, value, fits });
        self
    }

    /// A value that helps to understand the others.
    pub(super) fn note(self, what: impl fmt::Display, value: impl fmt::Display) -> Self {
        self.and(what, value, true)
    }

    /// All values of another look, too.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.evidence.extend(other.evidence);
        self.gap = self.gap.or(other.gap);
        self
    }

    /// What was seen does not suffice for a pass.
    pub(super) fn but(mut self, gap: Gap) -> Self {
        self.gap.get_or_insert(gap);
        self
    }

    pub(super) fn verdict(self) -> (Verdict, Vec<Evidence>) {
        let verdict = match self.gap {
            _ if self.evidence.iter().any(|each| !each.fits) => Verdict::Fail,
            Some(missing) => Verdict::Unknown { missing },
            None => Verdict::Pass,
        };
        (verdict, self.evidence)
    }
}
