//! A verification as text: failures first in each family and in full, what is fine in a line.

use std::fmt::{Display, Formatter, Result};

use super::{Check, Verification};
use crate::rules::{FAMILIES, Verdict};

/// Families in the order of the catalogue, one aligned line for each rule; failures with evidence and remedy.
impl Display for Verification {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "Verification of `{}` in {}: {}", self.target, self.region, self.summary())?;
        if let (Some(store), Some(state)) = (&self.key_store, &self.connection_state) {
            writeln!(f, "  key store         {store}, {state}")?;
        }
        if let Some(service) = &self.endpoint_service {
            writeln!(f, "  endpoint service  {service}")?;
        }
        writeln!(f, "  read              {}", self.read_at)?;
        if let (Some(host), Some(time)) = (&self.probed_from, &self.probed_at) {
            writeln!(f, "  probed            {time}, from {host}")?;
        }
        for family in &FAMILIES {
            let checks: Vec<&Check> = self.checks.iter().filter(|check| check.family == family.title).collect();
            if checks.is_empty() {
                continue;
            }
            writeln!(f, "\n{}", family.title)?;
            for check in checks {
                line(f, check)?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut Formatter<'_>, check: &Check) -> Result {
    let first = |f: &mut Formatter<'_>, sign: &str, text: &str| writeln!(f, "  {sign:<4}  {:<6}  {text}", check.rule);
    let more = |f: &mut Formatter<'_>, what: &str, text: &str| writeln!(f, "                {what:<5}  {text}");
    match &check.verdict {
        Verdict::Fail => {
            first(f, "FAIL", &format!("{} ({}; {})", check.text, check.severity.as_str(), check.owner.as_str()))?;
            for each in &check.evidence {
                let sign = if each.fits { "" } else { "  <--" };
                more(f, "seen", &format!("{}: {}{sign}", each.what, each.value))?;
            }
            let said = check.said();
            if !said.is_empty() {
                more(f, "says", &said)?;
            }
            if !check.symptom.is_empty() {
                more(f, "looks", &check.symptom)?;
            }
            let disconnect = if check.needs_disconnect { " (needs a disconnect)" } else { "" };
            more(f, "fix", &format!("{}{disconnect}", check.remedy))
        }
        Verdict::Unknown { missing } => {
            first(f, "?", &check.text)?;
            more(f, "why", &missing.to_string())
        }
        Verdict::Pass => first(f, "ok", &check.text),
        Verdict::NotApplicable { why } => first(f, "-", &format!("not applicable: {why}")),
        Verdict::Guidance => first(f, "note", &check.text),
    }
}
