//! A diagnosis as text, for 3 a.m.: what was said, what is wrong and whose it is, then what to look at.

use std::fmt::{Display, Formatter, Result};

use super::{Cause, Certainty, Diagnosis};

/// What is merely possible is a long list when little is known; the first of it will do.
const POSSIBLE: usize = 5;

/// What was seen besides the fault helps, such as the state of each target; of hundreds of them some will do.
const SEEN: usize = 5;

/// Symptoms, then causes in the order of the ranking, the certain ones in full.
impl Display for Diagnosis {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.target.as_str() {
            "" => writeln!(f, "Diagnosis of a text; nobody looked at AWS")?,
            target => writeln!(f, "Diagnosis of `{target}` in {}", self.region)?,
        }
        if let (Some(store), Some(state)) = (&self.key_store, &self.connection_state) {
            writeln!(f, "  key store    {store}, {state}")?;
        }
        if !self.read_at.is_empty() {
            writeln!(f, "  read         {}", self.read_at)?;
        }
        if let (Some(host), Some(time)) = (&self.probed_from, &self.probed_at) {
            writeln!(f, "  probed       {time}, from {host}")?;
        }
        for symptom in &self.symptoms {
            writeln!(f, "  said         {}: {}", symptom.name, symptom.meaning)?;
        }
        match (self.causes.is_empty(), self.target.as_str(), self.symptoms.as_slice()) {
            (true, "", []) => {
                return writeln!(f, "\nIt has no ConnectionErrorCode, exception or message of AWS KMS that is known");
            }
            (true, "", _) => writeln!(f, "\nNo rule is known to lead to it")?,
            (true, ..) => writeln!(f, "\nNo cause is known: every rule that could be checked holds")?,
            _ => {}
        }
        let of = |certainty| self.causes.iter().filter(move |cause| cause.certainty == certainty);
        for (number, cause) in of(Certainty::Found).enumerate() {
            found(f, number + 1, cause)?;
        }
        let title = if of(Certainty::Found).next().is_some() { "Could be, too" } else { "Could be" };
        list(f, title, of(Certainty::Possible).collect(), POSSIBLE)?;
        if !self.missing.is_empty() {
            writeln!(f, "\nTo know more")?;
            self.missing.iter().try_for_each(|gap| writeln!(f, "  {gap}"))?;
        }
        let beside = if self.symptoms.is_empty() {
            "Not as it should be, though nothing known keeps the key store from working"
        } else {
            "Wrong as well, but no cause of this"
        };
        list(f, beside, of(Certainty::Beside).collect(), usize::MAX)?;
        if !self.ruled_out.is_empty() {
            writeln!(f, "\nRuled out\n  {}", self.ruled_out.join(", "))?;
        }
        Ok(())
    }
}

fn found(f: &mut Formatter<'_>, number: usize, cause: &Cause) -> Result {
    let disconnect = if cause.needs_disconnect { " (needs a disconnect)" } else { "" };
    writeln!(f, "\n{number}. {}  {}", cause.rule, cause.sentence)?;
    for seen in cause.evidence.iter().filter(|seen| seen.fits).take(SEEN) {
        writeln!(f, "   seen   {}: {}", seen.what, seen.value)?;
    }
    writeln!(f, "   whose  {}", cause.owner.as_str())?;
    writeln!(f, "   fix    {}{disconnect}", cause.fix)?;
    writeln!(f, "   see    {}", cause.source)
}

fn list(f: &mut Formatter<'_>, title: &str, causes: Vec<&Cause>, most: usize) -> Result {
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for cause in causes.iter().take(most) {
        writeln!(f, "  {}  {} ({})", cause.rule, cause.sentence, cause.owner.as_str())?;
    }
    match causes.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more; the JSON document has all"),
    }
}
