//! Documents as Markdown, for reviews, tickets and notebooks.

use std::fmt::Write;
use std::time::Duration;

use crate::diagnose::{Certainty, Diagnosis};
use crate::plan::Plan;
use crate::report::Report;
use crate::text::duration;
use crate::verify::Verification;

impl Plan {
    /// The plan as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("**Plan** for `{}` in {}: {}\n", self.store(), self.region(), self.summary());
        let rows = self.steps().iter().map(|step| {
            let changes = step.changes.iter().map(|change| {
                let (from, to) = (change.from.as_str(), change.to.as_str());
                format!("{}: {from} → {to}", change.field)
            });
            let about = if step.id.is_empty() { step.what.clone() } else { step.id.clone() };
            let what: Vec<String> = std::iter::once(about).chain(changes).collect();
            let takes = duration(Duration::from_secs(step.usually_takes_seconds));
            [step.action.verb().to_owned(), step.resource.to_string(), what.join("; "), takes]
        });
        table(&mut text, ["", "resource", "what", "usually takes"], rows);
        for note in self.notes() {
            let _ = write!(text, "\nNote: {note}\n");
        }
        text
    }
}

impl Report {
    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("**Report** on `{}` in {}: {}\n", self.store, self.region, self.summary());
        if let Some(record) = self.waiting_for_dns() {
            let _ = write!(text, "\nPublish this record, then apply again:\n\n    {record}\n");
        }
        let rows = self.steps.iter().map(|step| {
            let took = duration(Duration::try_from_secs_f64(step.took_seconds).unwrap_or_default());
            let error = step.error.as_ref().map(|error| format!("{}; {}", error.message, error.help));
            [step.action.verb().to_owned(), step.resource.to_string(), took, error.unwrap_or_default()]
        });
        table(&mut text, ["", "resource", "took", "failed with"], rows);
        text
    }
}

impl Verification {
    /// What does not hold, as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("**Verification** of `{}` in {}: {}\n", self.target, self.region, self.summary());
        let rows = self.failures().map(|check| {
            [check.rule.clone(), check.text.clone(), check.severity.as_str().to_owned(), check.remedy.clone()]
        });
        table(&mut text, ["rule", "what must be so, and is not", "it", "remedy"], rows);
        text
    }
}

impl Diagnosis {
    /// The certain causes, or else the possible ones, as Markdown.
    pub fn to_markdown(&self) -> String {
        let of = if self.target.is_empty() { "a text".to_owned() } else { format!("`{}`", self.target) };
        let mut text = format!("**Diagnosis** of {of}\n\n");
        for symptom in &self.symptoms {
            let _ = writeln!(text, "- said `{}`: {}", symptom.name, symptom.meaning);
        }
        let certainty = if self.found().is_some() { Certainty::Found } else { Certainty::Possible };
        let causes = self.causes.iter().filter(|cause| cause.certainty == certainty);
        let rows = causes.map(|cause| {
            [cause.rule.clone(), cause.sentence.clone(), cause.owner.as_str().to_owned(), cause.fix.clone()]
        });
        let head = if certainty == Certainty::Found { "cause" } else { "possible cause" };
        table(&mut text, ["rule", head, "whose", "fix"], rows);
        text
    }
}

fn table(text: &mut String, head: [&str; 4], rows: impl Iterator<Item = [String; 4]>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(text, "\n| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        let cells = row.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}
