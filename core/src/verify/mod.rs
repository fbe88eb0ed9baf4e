//! Every rule held against facts: what holds, what does not, what nobody knows, each with the values seen.

pub(crate) mod describe;
mod found;
mod html;
pub(crate) mod read;
mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::rules::{Evidence, FAMILIES, Owner, Rule, Severity, Verdict};

/// Every rule held against facts.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// What was verified.
    pub target: String,
    /// The Region.
    pub region: String,
    /// The account of the network, twelve digits, if it is known.
    pub account: Option<String>,
    /// `cks-…`, if there is a key store.
    pub key_store: Option<String>,
    /// `CONNECTED` and the like.
    pub connection_state: Option<String>,
    /// The name of the endpoint service.
    pub endpoint_service: Option<String>,
    /// When AWS was read, such as `2026-11-24T17:00:00Z`.
    pub read_at: String,
    /// The host that probed; `None` without a probe.
    pub probed_from: Option<String>,
    /// When it began to probe, such as `2026-11-24T17:00:00Z`.
    #[serde(default)]
    pub probed_at: Option<String>,
    /// Every rule of the catalogue, in its order.
    pub checks: Vec<Check>,
}

/// One rule held against facts.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The rule's id.
    pub rule: String,
    /// The title of its family.
    pub family: String,
    /// What must be so.
    pub text: String,
    /// What a breach does.
    pub severity: Severity,
    /// Who can put a breach right.
    pub owner: Owner,
    /// What it came to.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The values seen.
    pub evidence: Vec<Evidence>,
    /// How KMS answers to a breach.
    pub outcomes: Vec<KmsOutcome>,
    /// What else a breach looks like; empty when KMS's answer is all.
    pub symptom: String,
    /// What to do about a breach.
    pub remedy: String,
    /// Whether the remedy takes a disconnected key store.
    pub needs_disconnect: bool,
    /// The page that documents the rule.
    pub source: String,
}

/// How KMS answers to a breach.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct KmsOutcome {
    /// The exception of the call.
    pub exception: Option<String>,
    /// The ConnectionErrorCode.
    pub connection_error: Option<String>,
}

impl Verification {
    /// Holds every rule against facts. Pure: the same facts give the same verification.
    pub fn of(facts: &Facts) -> Self {
        let store = facts.key_store.known();
        let service = facts.service.known().map(|service| service.name.clone());
        let checks = FAMILIES
            .iter()
            .flat_map(|family| family.rules.iter().map(move |rule| Check::of(rule, family.title, facts)));
        Self {
            version: 1,
            target: facts.subject.clone(),
            region: facts.region.clone(),
            account: facts.account.known().cloned(),
            key_store: store.map(|store| store.id.clone()),
            connection_state: store.map(|store| store.connection_state.clone()),
            endpoint_service: service.or_else(|| store.and_then(|store| store.service_name.clone())),
            read_at: facts.read_at.clone(),
            probed_from: facts.probe.as_ref().map(|probe| probe.ran_from.clone()),
            probed_at: facts.probe.as_ref().map(|probe| probe.began.clone()),
            checks: checks.collect(),
        }
    }

    /// Rules that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.verdict == Verdict::Fail)
    }

    /// Failures for which something refuses to create the key store.
    pub fn blocks_create(&self) -> impl Iterator<Item = &Check> {
        self.failures().filter(|check| check.severity == Severity::BlocksCreate)
    }

    /// Failures for which KMS will not connect the key store: those that block its creation, too.
    pub fn blocks_connect(&self) -> impl Iterator<Item = &Check> {
        self.failures().filter(|check| check.severity != Severity::Risk)
    }

    /// The check of a rule, by its id.
    pub fn check(&self, rule: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.rule == rule)
    }

    /// The verification as a JSON document. Holds no secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The verification as one HTML file for browsers and printers, to keep as evidence. It loads nothing and has no script.
    pub fn to_html(&self) -> String {
        html::file(self)
    }

    fn count(&self, of: impl Fn(&Verdict) -> bool) -> usize {
        self.checks.iter().filter(|check| of(&check.verdict)).count()
    }

    /// How many checks came to each verdict.
    fn counts(&self) -> [(usize, &'static str); 5] {
        [
            (self.count(|verdict| *verdict == Verdict::Fail), "fail"),
            (self.count(|verdict| *verdict == Verdict::Pass), "pass"),
            (self.count(|verdict| matches!(verdict, Verdict::Unknown { .. })), "unknown"),
            (self.count(|verdict| matches!(verdict, Verdict::NotApplicable { .. })), "not applicable"),
            (self.count(|verdict| *verdict == Verdict::Guidance), "for a person"),
        ]
    }

    /// `2 fail, 61 pass, 27 unknown, 12 not applicable, 10 for a person`; what is not there is left out.
    pub(crate) fn summary(&self) -> String {
        let some = self.counts().into_iter().filter(|(number, _)| *number > 0);
        some.map(|(number, word)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
    }
}

impl Check {
    fn of(rule: &Rule, family: &str, facts: &Facts) -> Self {
        let (verdict, evidence) = rule.judge(facts);
        let outcome = |outcome: &crate::rules::Outcome| KmsOutcome {
            exception: outcome.exception.map(str::to_owned),
            connection_error: outcome.connection_error.map(str::to_owned),
        };
        Self {
            rule: rule.id.to_owned(),
            family: family.to_owned(),
            text: rule.text.to_owned(),
            severity: rule.severity,
            owner: rule.owner,
            verdict,
            evidence,
            outcomes: rule.outcomes.iter().map(outcome).collect(),
            symptom: rule.symptom.to_owned(),
            remedy: rule.remedy.to_owned(),
            needs_disconnect: rule.needs_disconnect,
            source: rule.source.url.to_owned(),
        }
    }

    /// What must be so, and the values that do not fit, the first three of them: a failure in one sentence.
    pub(crate) fn sentence(&self) -> String {
        let unfit = self.evidence.iter().filter(|each| !each.fits);
        let unfit: Vec<String> = unfit.map(|each| format!("{} is {}", each.what, each.value)).collect();
        let more = unfit.len().saturating_sub(3);
        let first = unfit.into_iter().take(3).collect::<Vec<_>>().join(", ");
        let seen = if more == 0 { first } else { format!("{first}, and {more} more") };
        format!("{}; it is not so: {seen}", self.text)
    }

    /// What KMS or AWS says to a breach, for people.
    fn said(&self) -> String {
        let one = |outcome: &KmsOutcome| {
            let codes = [outcome.exception.as_deref(), outcome.connection_error.as_deref()];
            codes.into_iter().flatten().collect::<Vec<_>>().join(" / ")
        };
        self.outcomes.iter().map(one).collect::<Vec<_>>().join(", or ")
    }
}
