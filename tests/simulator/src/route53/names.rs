//! Domain names as Route 53 keeps and orders them.

use std::fmt::Write;

/// Lower case, with trailing dot, unusual characters as `\ooo` (so `*` becomes `\052`).
pub(super) fn normalize(name: &str) -> String {
    let mut kept = String::new();
    for byte in name.trim_end_matches('.').bytes() {
        match byte.to_ascii_lowercase() {
            // A backslash begins an escape that the caller already wrote.
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'\\') => kept.push(char::from(plain)),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(kept, "\\{other:03o}");
            }
        }
    }
    kept + "."
}

/// Route 53 sorts by labels from the right: `com.example.www.`.
pub(super) fn order(name: &str) -> Vec<&str> {
    name.trim_end_matches('.').split('.').rev().collect()
}

/// Whether a name is the zone's own or lies below it. Both normalized.
pub(super) fn contains(zone: &str, name: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{contains, normalize, order};

    #[test]
    fn names_are_kept_in_lower_case_with_a_dot_and_escapes() {
        assert_eq!(normalize("_AbC.Example.com"), "_abc.example.com.");
        assert_eq!(normalize("*.example.com."), "\\052.example.com.");
        assert_eq!(normalize("\\052.example.com."), "\\052.example.com.");
    }

    #[test]
    fn names_sort_by_labels_from_the_right() {
        let mut names = ["b.example.com.", "example.org.", "a.b.example.com.", "example.com."];
        names.sort_by(|a, b| order(a).cmp(&order(b)));
        assert_eq!(names, ["example.com.", "b.example.com.", "a.b.example.com.", "example.org."]);
    }

    #[test]
    fn a_zone_contains_itself_and_what_lies_below_but_no_lookalike() {
        assert!(contains("example.com.", "example.com."));
        assert!(contains("example.com.", "a.example.com."));
        assert!(!contains("example.com.", "notexample.com."));
    }
}
