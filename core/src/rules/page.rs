//! The catalogue as a page for people: `docs/rules.md`.

use std::fmt::Write;

use super::{FAMILIES, Outcome, Rule};

const HEAD: &str = "\
# Rules

What AWS demands of an external key store behind a VPC endpoint service, or advises. Messages, reports and comments name
a rule by its id. This page is generated from the catalogue in `core/src/rules`; `verify` checks the rules against AWS.

*Blocks create* and *blocks connect* tell when a breach is noticed at the latest: KMS, or a service under it, refuses.
*Risk* works until it does not. *Only a person* means that no fact decides the rule.
";

/// The page, as Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for family in &FAMILIES {
        let _ = write!(page, "\n## {}\n", family.title);
        for rule in family.rules {
            let _ = write!(page, "\n{}", entry(rule));
        }
    }
    page
}

fn entry(rule: &Rule) -> String {
    let mut facts = vec![format!("{}; {}", rule.severity.as_str(), rule.owner.as_str())];
    facts.extend(rule.needs_disconnect.then(|| "the remedy takes a disconnected key store".to_owned()));
    let mut lines = vec![format!("**{}** {}.", rule.id, rule.text), format!("- {}.", capital(&facts.join("; ")))];
    if !rule.outcomes.is_empty() {
        let outcomes: Vec<String> = rule.outcomes.iter().map(|outcome| outcome.to_string()).collect();
        lines.push(format!("- KMS or AWS answers {}.", outcomes.join(", or ")));
    }
    if !rule.symptom.is_empty() {
        lines.push(format!("- {}.", rule.symptom));
    }
    lines.push(format!("- {}.", rule.remedy));
    if !rule.guidance.is_empty() {
        lines.push(format!("- Only a person can tell. {}.", rule.guidance));
    }
    lines.push(format!("- [{}]({})", rule.source.name, rule.source.url));
    lines.join("\n") + "\n"
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// The exception, then the ConnectionErrorCode.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.exception, self.connection_error) {
            (Some(exception), Some(code)) => write!(f, "`{exception}` / `{code}`"),
            (Some(one), None) | (None, Some(one)) => write!(f, "`{one}`"),
            (None, None) => Ok(()),
        }
    }
}
