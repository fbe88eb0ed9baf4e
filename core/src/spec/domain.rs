//! Who publishes the TXT record that proves the ownership of the private DNS name's domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problems;

/// Who publishes the TXT record (DNS-03).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Domain {
    /// The library, in a public hosted zone of Amazon Route 53.
    Route53(Route53),
    /// A person or another program: the report says which record to publish.
    Manual(Manual),
    /// A function that the caller gives to the client.
    Callback,
}

/// A public hosted zone: [`Domain::route53`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Route53 {
    /// The id of the hosted zone, such as `Z0123456789ABCDEFGHIJ`; by default the one with the longest name that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_zone_id: Option<String>,
}

/// Publication by hand: [`Domain::manual`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manual {
    /// Whether a run waits until the record is there. By default (`false`) it ends, and a later run goes on from there.
    #[serde(default)]
    pub wait: bool,
}

impl Domain {
    /// The library publishes the record in Route 53.
    #[must_use]
    pub fn route53() -> Route53 {
        Route53::default()
    }

    /// Somebody else publishes the record. A run ends and says which record it is; a later run goes on from there.
    #[must_use]
    pub fn manual() -> Manual {
        Manual::default()
    }

    /// A function that the caller gives to the client publishes the record. This is a mark only: a spec holds no code.
    #[must_use]
    pub fn callback() -> Self {
        Self::Callback
    }

    pub(crate) fn check(self, at: &str, problems: &mut Problems) -> Option<Self> {
        if let Self::Route53(Route53 { hosted_zone_id: Some(id) }) = &self {
            let valid = id.starts_with('Z')
                && id.len() <= 32
                && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            if !valid {
                let what = format!("`{id}` is not the id of a hosted zone");
                problems.add(format!("{at}.hosted_zone_id"), None, what, "write an id such as `Z0123456789ABCDEFGHIJ`");
                return None;
            }
        }
        Some(self)
    }
}

impl Route53 {
    /// The id of the public hosted zone to use.
    #[must_use]
    pub fn hosted_zone(mut self, id: impl Into<String>) -> Self {
        self.hosted_zone_id = Some(id.into());
        self
    }
}

impl Manual {
    /// Keeps a run waiting until the record is there.
    #[must_use]
    pub fn wait(mut self) -> Self {
        self.wait = true;
        self
    }
}

impl From<Route53> for Domain {
    fn from(route53: Route53) -> Self {
        Self::Route53(route53)
    }
}

impl From<Manual> for Domain {
    fn from(manual: Manual) -> Self {
        Self::Manual(manual)
    }
}
