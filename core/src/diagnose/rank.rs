//! Which rule is to blame: symptoms tell whom to suspect, facts tell who did it, and a cause comes before what follows
//! from it. Pure, and no rule is named here.

use std::collections::BTreeMap;

use super::symptom::Known;
use super::{Cause, Certainty};
use crate::rules::{Verdict, catalogue};
use crate::verify::{Check, Verification};

/// How near a rule is to the symptoms: which of them it explains, how early it is suspected, and over how many others.
type Nearness = (usize, usize, usize);

/// Causes, the likeliest first, and the suspects that hold.
pub(super) fn rank(verification: &Verification, symptoms: &[&'static Known]) -> (Vec<Cause>, Vec<String>) {
    let near = suspects(verification, symptoms);
    let failed = |id: &str| verification.check(id).is_some_and(|check| check.verdict == Verdict::Fail);
    let mut ranked = Vec::new();
    let mut ruled_out = Vec::new();
    for ((place, rule), check) in catalogue().enumerate().zip(&verification.checks) {
        let nearness = near.get(rule.id).copied();
        let certainty = match (&check.verdict, nearness) {
            (Verdict::Pass, Some(_)) => {
                ruled_out.push(rule.id.to_owned());
                continue;
            }
            (Verdict::Fail, Some(_)) => Certainty::Found,
            // Without a symptom that points anywhere, what blocks is the cause.
            (Verdict::Fail, None) if near.is_empty() && check.blocks() => Certainty::Found,
            (Verdict::Fail, None) => Certainty::Beside,
            (Verdict::Unknown { .. } | Verdict::Guidance, Some(_)) => Certainty::Possible,
            _ => continue,
        };
        let follows = certainty != Certainty::Possible && rule.follows.iter().any(|cause| failed(cause));
        let guidance = check.verdict == Verdict::Guidance && nearness.is_none_or(|(_, order, _)| order > 0);
        let key = (certainty, follows, guidance, nearness, check.severity, place);
        ranked.push((key, Cause::of(check, certainty)));
    }
    ranked.sort_by_key(|(key, _)| *key);
    (ranked.into_iter().map(|(_, cause)| cause).collect(), ruled_out)
}

/// The rules that explain the symptoms: those whose breach leads to them, and those whose breach leads to such a breach.
fn suspects(verification: &Verification, symptoms: &[&'static Known]) -> BTreeMap<&'static str, Nearness> {
    let mut near: BTreeMap<&'static str, Nearness> = BTreeMap::new();
    for (number, known) in symptoms.iter().enumerate() {
        for rule in catalogue() {
            let suspected = known.suspects.iter().position(|id| *id == rule.id);
            let leads = rule.outcomes.iter().any(|outcome| known.is(outcome));
            if let Some(order) = suspected.or(leads.then_some(known.suspects.len())) {
                near.entry(rule.id).or_insert((number, order, 0));
            }
        }
    }
    loop {
        let before = near.len();
        for rule in catalogue() {
            let holds = verification.check(rule.id).is_some_and(|check| check.verdict == Verdict::Pass);
            let Some((number, order, over)) = near.get(rule.id).copied().filter(|_| !holds) else { continue };
            for cause in rule.follows {
                near.entry(cause).or_insert((number, order, over + 1));
            }
        }
        if near.len() == before {
            return near;
        }
    }
}

impl Check {
    fn blocks(&self) -> bool {
        self.severity != crate::rules::Severity::Risk
    }
}
