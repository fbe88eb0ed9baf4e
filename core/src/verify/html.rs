//! A verification as one HTML file.

use std::fmt::Write;

use super::{Check, Verification};
use crate::html::{facts, page};
use crate::rules::{Evidence, FAMILIES, Severity, Verdict, rule};
use crate::text::escaped;

/// The file.
pub(super) fn file(verification: &Verification) -> String {
    let mut body = String::with_capacity(128 * 1024);
    head(&mut body, verification);
    failures(&mut body, verification);
    for family in &FAMILIES {
        let checks: Vec<&Check> = verification.checks.iter().filter(|check| check.family == family.title).collect();
        if !checks.is_empty() {
            table(&mut body, family.title, &checks);
        }
    }
    let note = format!(
        " It lists every rule that xkslink knows, {} of them; each id links to the page that documents its rule. What is \
         unknown was not checked; what is for a person, no fact decides.",
        verification.checks.len()
    );
    page(&format!("Verification of {} in {}", verification.target, verification.region), &body, &note)
}

fn head(page: &mut String, verification: &Verification) {
    let store = verification
        .key_store
        .as_deref()
        .map(|store| format!("{store}, {}", verification.connection_state.as_deref().unwrap_or_default()));
    let probed = match (&verification.probed_from, &verification.probed_at) {
        (Some(host), Some(time)) => format!("{time}, from {host}"),
        _ => "not probed".to_owned(),
    };
    let facts = facts(&[
        ("Region", Some(&verification.region)),
        ("Account", verification.account.as_deref()),
        ("Key store", store.as_deref()),
        ("Endpoint service", verification.endpoint_service.as_deref()),
        ("AWS read", Some(&verification.read_at)),
        ("Probed", Some(&probed)),
    ]);
    let target = escaped(&verification.target);
    let _ = write!(page, "<header>\n<h1>Verification of <code>{target}</code></h1>\n{facts}<ul class=\"counts\">\n");
    for ((number, word), class) in verification.counts().into_iter().zip(["fail", "pass", "unknown", "none", "note"]) {
        let _ = writeln!(page, "<li class=\"{class}\"><b>{number}</b> {word}</li>");
    }
    page.push_str("</ul>\n</header>\n");
}

/// Failures in full, the gravest first.
fn failures(page: &mut String, verification: &Verification) {
    let mut failures: Vec<&Check> = verification.failures().collect();
    failures.sort_by_key(|check| check.severity);
    if failures.is_empty() {
        page.push_str("<p class=\"calm\">No rule fails.</p>\n");
        return;
    }
    page.push_str("<section>\n<h2>What fails</h2>\n");
    for check in failures {
        let _ = write!(
            page,
            "<article class=\"{}\">\n<h3><a href=\"#{id}\">{id}</a> {}</h3>\n<p class=\"tags\"><span>{}</span> <span>{}</span>{}</p>\n",
            if check.severity == Severity::Risk { "risk" } else { "blocks" },
            code(&check.text),
            check.severity.as_str(),
            check.owner.as_str(),
            if check.needs_disconnect { " <span>fix needs a disconnect</span>" } else { "" },
            id = escaped(&check.rule),
        );
        evidence(page, &check.evidence);
        let said = check.said();
        page.push_str("<dl>\n");
        for (what, text) in [("AWS answers", &said), ("Looks like", &check.symptom), ("Fix", &check.remedy)] {
            if !text.is_empty() {
                let _ = writeln!(page, "<div><dt>{what}</dt><dd>{}</dd></div>", code(text));
            }
        }
        let source = escaped(&check.source);
        let _ = writeln!(page, "<div><dt>Documented at</dt><dd><a href=\"{source}\">{source}</a></dd></div>");
        page.push_str("</dl>\n</article>\n");
    }
    page.push_str("</section>\n");
}

fn table(page: &mut String, title: &str, checks: &[&Check]) {
    let _ = write!(
        page,
        "<section>\n<h2>{}</h2>\n<table>\n<thead><tr><th>Rule</th><th>Verdict</th><th>Must hold</th><th>Seen</th></tr></thead>\n<tbody>\n",
        escaped(title)
    );
    for check in checks {
        let (class, word) = match &check.verdict {
            Verdict::Fail => ("fail", "fail"),
            Verdict::Pass => ("pass", "pass"),
            Verdict::Unknown { .. } => ("unknown", "unknown"),
            Verdict::NotApplicable { .. } => ("none", "n/a"),
            Verdict::Guidance => ("note", "person"),
        };
        let _ = write!(
            page,
            "<tr id=\"{id}\" class=\"{class}\"><td><a href=\"{}\">{id}</a></td><td><b>{word}</b></td><td>{}<small>{}</small></td><td>",
            escaped(&check.source),
            code(&check.text),
            check.severity.as_str(),
            id = escaped(&check.rule),
        );
        match &check.verdict {
            Verdict::Unknown { missing } => {
                let _ = write!(page, "<p>Not known: {}</p>", code(&missing.to_string()));
            }
            Verdict::NotApplicable { why } => {
                let _ = write!(page, "<p>{}</p>", code(why));
            }
            Verdict::Guidance => {
                let why = rule(&check.rule).map_or("No fact decides it", |rule| rule.guidance);
                let _ = write!(page, "<p>{}.</p>", code(why));
            }
            Verdict::Pass | Verdict::Fail => {}
        }
        evidence(page, &check.evidence);
        page.push_str("</td></tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

fn evidence(page: &mut String, evidence: &[Evidence]) {
    if evidence.is_empty() {
        return;
    }
    page.push_str("<ul class=\"seen\">");
    for each in evidence {
        let class = if each.fits { "" } else { " class=\"bad\"" };
        let _ = write!(page, "<li{class}>{}: <code>{}</code></li>", code(&each.what), escaped(&each.value));
    }
    page.push_str("</ul>\n");
}

/// What stands between backticks, as code.
fn code(text: &str) -> String {
    let mut html = String::new();
    for (place, part) in text.split('`').enumerate() {
        let part = escaped(part);
        let _ = if place % 2 == 1 { write!(html, "<code>{part}</code>") } else { write!(html, "{part}") };
    }
    html
}
