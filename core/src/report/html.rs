//! A report as one HTML file: how it ended, when each step ran, and its text.

use super::{Report, gantt};
use crate::html::{facts, page};
use crate::text::escaped;

/// The file.
pub(super) fn file(report: &Report) -> String {
    let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let facts = facts(&[
        ("Region", given(&report.region)),
        ("Account", given(&report.ids.account)),
        ("Plan", given(&report.plan)),
        ("Key store", report.ids.key_store.as_deref()),
        ("Endpoint service", report.ids.endpoint_service.as_deref()),
    ]);
    let body = format!(
        "<header>\n<h1>Report on <code>{}</code></h1>\n{facts}</header>\n<figure>\n{}</figure>\n<pre>{}</pre>\n",
        escaped(&report.store),
        gantt::svg(report),
        escaped(&report.to_string()),
    );
    page(&format!("Report on {} in {}", report.store, report.region), &body, "")
}
