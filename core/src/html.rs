//! One HTML file around a document: no network, no script, light and dark, fit for print.

use crate::text::escaped;

const STYLE: &str = include_str!("page.css");

/// A file with a title, which is text, a body, which is HTML, and what its foot says besides who wrote it.
pub(crate) fn page(title: &str, body: &str, note: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer><p>Written by xkslink {}.{note}</p></footer>\n</body>\n</html>\n",
        escaped(title),
        env!("CARGO_PKG_VERSION"),
    )
}

/// What a document is about: names with their values, of which there may be none.
pub(crate) fn facts(facts: &[(&str, Option<&str>)]) -> String {
    let known = facts.iter().filter_map(|(what, value)| Some((what, (*value)?)));
    let rows: String =
        known.map(|(what, value)| format!("<div><dt>{what}</dt><dd>{}</dd></div>\n", escaped(value))).collect();
    format!("<dl>\n{rows}</dl>\n")
}
