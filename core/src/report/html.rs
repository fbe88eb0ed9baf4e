//! A report as one HTML file: how it ended, when each step ran, and its text.

use super::{Report, gantt};
use crate::html::page;
use crate::text::escaped;

/// The file.
pub(super) fn file(report: &Report) -> String {
    let facts = [
        ("Region", report.region.as_str()),
        ("Account", report.ids.account.as_str()),
        ("Plan", report.plan.as_str()),
        ("Key store", report.ids.key_store.as_deref().unwrap_or_default()),
        ("Endpoint service", report.ids.endpoint_service.as_deref().unwrap_or_default()),
    ];
    let facts = facts.iter().filter(|(_, value)| !value.is_empty());
    let facts: String =
        facts.map(|(what, value)| format!("<div><dt>{what}</dt><dd>{}</dd></div>\n", escaped(value))).collect();
    let body = format!(
        "<header>\n<h1>Report on <code>{}</code></h1>\n<dl>\n{facts}</dl>\n</header>\n<figure>\n{}</figure>\n\
         <pre>{}</pre>\n<footer><p>Written by xkslink {}.</p></footer>\n",
        escaped(&report.store),
        gantt::svg(report),
        escaped(&report.to_string()),
        env!("CARGO_PKG_VERSION"),
    );
    page(&format!("Report on {} in {}", report.store, report.region), &body)
}
