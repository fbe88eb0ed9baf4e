//! From a symptom to its causes, the likeliest first: each a rule, with what was seen, whose it is, and what to do.
//!
//! [`Diagnosis::of`] is pure. A symptom is the connection error of a key store, the name of an exception, or whatever text
//! somebody pastes; facts tell which of the rules that explain it are broken.

mod rank;
pub(crate) mod symptom;
mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::symptom::Known;
use crate::facts::{Facts, Gap};
use crate::rules::{Evidence, Owner, Verdict};
use crate::verify::{Check, Verification};

/// The causes of a symptom, the likeliest first.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// What was diagnosed; empty when there was only a text.
    pub target: String,
    /// The Region; empty when there was only a text.
    pub region: String,
    /// `cks-…`, if there is a key store.
    pub key_store: Option<String>,
    /// `CONNECTED` and the like.
    pub connection_state: Option<String>,
    /// What was understood of what KMS and the proxy said, the most specific first.
    pub symptoms: Vec<Symptom>,
    /// The causes, the likeliest first.
    pub causes: Vec<Cause>,
    /// Rules that would explain the symptoms and hold, by id.
    pub ruled_out: Vec<String>,
    /// What keeps possible causes from being more than that, or, without a symptom, rules from being checked; and what
    /// would tell. Each once, in the order of the causes, or of the rules.
    #[serde(default)]
    pub missing: Vec<Gap>,
    /// When AWS was read; empty when it was not.
    pub read_at: String,
    /// The host that probed; `None` without a probe.
    pub probed_from: Option<String>,
    /// When it began to probe, such as `2026-11-24T17:00:00Z`.
    #[serde(default)]
    pub probed_at: Option<String>,
}

/// Something that KMS or a proxy said.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Symptom {
    /// ConnectionErrorCode, exception, or `errorName` of the proxy API.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// How sure a cause is. In the order of the ranking.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The rule does not hold, and that explains the symptoms.
    Found,
    /// It would explain the symptoms; nobody knows whether the rule holds.
    Possible,
    /// The rule does not hold either, and that explains nothing of this.
    Beside,
}

/// One cause.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// How sure it is.
    pub certainty: Certainty,
    /// The rule's id.
    pub rule: String,
    /// All in one sentence.
    pub sentence: String,
    /// The values seen.
    pub evidence: Vec<Evidence>,
    /// Who can put it right.
    pub owner: Owner,
    /// What to do.
    pub fix: String,
    /// Whether the fix takes a disconnected key store.
    pub needs_disconnect: bool,
    /// The page that documents the rule.
    pub source: String,
}

impl Diagnosis {
    /// Ranks the causes of what the facts and a text tell: an exception, a ConnectionErrorCode, a message, a log; or
    /// nothing. Pure. Only the first 64 KiB of the text are looked at, and nothing of it is kept.
    pub fn of(facts: &Facts, text: &str) -> Self {
        let verification = Verification::of(facts);
        let mut known = symptom::read(text);
        known.extend(symptom::in_facts(facts));
        let known = symptom::sorted(known);
        let (causes, ruled_out) = rank::rank(&verification, &known);
        let missing = missing(&verification, &known, &causes);
        Self {
            version: 1,
            target: verification.target,
            region: verification.region,
            key_store: verification.key_store,
            connection_state: verification.connection_state,
            symptoms: known.iter().map(|known| known.symptom()).collect(),
            causes,
            ruled_out,
            missing,
            read_at: verification.read_at,
            probed_from: verification.probed_from,
            probed_at: verification.probed_at,
        }
    }

    /// What a text alone tells: whom to suspect, in which order.
    pub fn of_text(text: &str) -> Self {
        Self::of(&Facts::default(), text)
    }

    /// The first cause that is certain.
    pub fn found(&self) -> Option<&Cause> {
        self.causes.first().filter(|cause| cause.certainty == Certainty::Found)
    }

    /// The diagnosis as a JSON document. Holds no secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// The gaps of possible causes; without a symptom, of all rules. That nobody has looked is no gap that a person could close.
fn missing(verification: &Verification, symptoms: &[&Known], causes: &[Cause]) -> Vec<Gap> {
    let possible = causes.iter().filter(|cause| cause.certainty == Certainty::Possible);
    let of_causes = possible.filter_map(|cause| verification.check(&cause.rule));
    let checks: Vec<&Check> =
        if symptoms.is_empty() { verification.checks.iter().collect() } else { of_causes.collect() };
    let mut gaps: Vec<Gap> = Vec::new();
    for check in checks {
        match &check.verdict {
            Verdict::Unknown { missing } if *missing != Gap::NotRead && !gaps.contains(missing) => {
                gaps.push(missing.clone());
            }
            _ => {}
        }
    }
    gaps
}

impl Cause {
    fn of(check: &Check, certainty: Certainty) -> Self {
        let sentence = match &check.verdict {
            Verdict::Fail => check.sentence(),
            Verdict::Unknown { missing } => format!("{}; whether it is so is unknown: {missing}", check.text),
            _ => format!("{}; no fact tells: ask {}", check.text, check.owner.whom()),
        };
        Self {
            certainty,
            rule: check.rule.clone(),
            sentence,
            evidence: check.evidence.clone(),
            owner: check.owner,
            fix: check.remedy.clone(),
            needs_disconnect: check.needs_disconnect,
            source: check.source.clone(),
        }
    }
}

impl Owner {
    fn whom(self) -> &'static str {
        match self {
            Self::Aws => "whoever holds the AWS account",
            Self::Network => "whoever runs VPC, routes and firewalls",
            Self::Proxy => "whoever runs the proxy",
            Self::KeyManager => "whoever runs the key manager",
            Self::Dns => "whoever runs the domain",
        }
    }
}
