//! What is wrong with a spec: one [`Problem`] for each thing to fix, and all of them together in one [`SpecError`].

use std::fmt;
use std::ops::RangeInclusive;

use serde::Serialize;

/// One thing that is wrong with a spec: where, what, and what to do about it.
///
/// `Display` gives one line: ``network.cidr: `10.0.0.0/8` is larger than /16; choose a range of /16 to /28 [NET-06]``.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// Path of the field, the same in the builder and in documents: `proxy.addresses[1]`. Empty for the whole document.
    pub field: String,
    /// Id of the rule in the rule catalogue, where one states it: `NET-06`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// What is wrong, with the value in it. Never holds a secret.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{}; {}", self.what, self.help)?;
        match self.rule {
            Some(rule) => write!(f, " [{rule}]"),
            None => Ok(()),
        }
    }
}

/// Every problem of a spec at once. `Display` lists them, one per line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SpecError {
    /// The problems, never empty: in the order of the fields, after unknown fields and values of the wrong type.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}

/// Collects problems while the parts of a spec are checked.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem. `rule` is an id such as `"NET-06"`, or `None` where no rule of the catalogue covers it.
    pub(crate) fn add(
        &mut self,
        field: impl Into<String>,
        rule: impl Into<Option<&'static str>>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.0.push(Problem { field: field.into(), rule: rule.into(), what: what.into(), help: help.into() });
    }

    /// Takes a field that must be there.
    pub(crate) fn require<T>(&mut self, field: &str, value: Option<T>, help: &str) -> Option<T> {
        if value.is_none() {
            self.add(field, None, "is missing", help);
        }
        value
    }

    /// Takes a number that must lie in `range`; `unit` follows the number in the message, as in `` `4` seconds``.
    pub(crate) fn within(
        &mut self,
        field: &str,
        rule: impl Into<Option<&'static str>>,
        value: i64,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let number = u32::try_from(value).ok().filter(|number| range.contains(number));
        if number.is_none() {
            let help = format!("choose a number from {} to {}", range.start(), range.end());
            self.add(field, rule, format!("`{value}` is out of range"), help);
        }
        number
    }

    /// How many problems there are so far; lets a check see whether a part of it failed.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

/// Checks one value on its own, outside of a spec: what `parse` of the small types is made of.
pub(crate) fn alone<T>(check: impl FnOnce(&mut Problems) -> Option<T>) -> Result<T, SpecError> {
    let mut problems = Problems::default();
    let value = check(&mut problems);
    match (value, problems.into_vec()) {
        (Some(value), problems) if problems.is_empty() => Ok(value),
        (_, problems) => Err(SpecError { problems }),
    }
}
