//! Names and ids: the name of a store, ids of AWS objects, account ids, tags.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::problem::{Problems, SpecError, alone};

/// How xkslink calls a store: the value of the tag `xkslink:store` on everything that belongs to it, and the name of its
/// Network Load Balancer, target group and security group.
///
/// 1 to 32 letters, digits and hyphens, no hyphen at either end, not beginning with `internal-` (NLB-12) or `sg-`, which
/// EC2 refuses in names of security groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StoreName(String);

impl StoreName {
    /// Reads a store name.
    ///
    /// # Errors
    /// The text breaks a rule for names; all of them are listed.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        alone(|problems| Self::check(text, "name", problems))
    }

    pub(crate) fn check(text: &str, field: &str, problems: &mut Problems) -> Option<Self> {
        let before = problems.count();
        if text.is_empty() {
            problems.add(field, "NLB-12", "is empty", "write 1 to 32 letters, digits and hyphens");
            return None;
        }
        let length = text.chars().count();
        if length > 32 {
            let what = format!("`{text}` is {length} characters long");
            problems.add(field, "NLB-12", what, "shorten it to 32: it names the load balancer too");
        }
        if let Some(c) = text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            let what = format!("`{text}` has `{}` in it", c.escape_debug());
            problems.add(field, "NLB-12", what, "use letters, digits and hyphens only");
        }
        if text.starts_with('-') || text.ends_with('-') {
            let what = format!("`{text}` begins or ends with a hyphen");
            problems.add(field, "NLB-12", what, "remove the hyphen");
        }
        if text.starts_with("internal-") {
            let what = format!("`{text}` begins with `internal-`, which AWS keeps for itself");
            problems.add(field, "NLB-12", what, "choose another beginning");
        }
        if text.starts_with("sg-") {
            let what = format!("`{text}` begins with `sg-`, which EC2 refuses in names of security groups");
            problems.add(field, None, what, "choose another beginning");
        }
        (problems.count() == before).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for StoreName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Checks the id of an EC2 object: `prefix`, a hyphen, and 8 to 17 hexadecimal digits.
pub(crate) fn check_id(text: &str, prefix: &str, field: &str, problems: &mut Problems) {
    let help = format!("write an id such as `{prefix}-0123456789abcdef0`");
    if text.is_empty() {
        problems.add(field, None, "is missing", help);
        return;
    }
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    let hexadecimal = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hexadecimal || !(8..=17).contains(&digits.len()) {
        problems.add(field, None, format!("`{text}` is not an id that begins with `{prefix}-`"), help);
    }
}

/// Checks an AWS account id: 12 digits (ACC-04).
pub(crate) fn check_account(text: &str, field: &str, problems: &mut Problems) {
    if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
        let what = format!("`{text}` is not an account id");
        problems.add(field, "ACC-04", what, "write its 12 digits, leading zeros too");
    }
}

/// Checks the caller's own tags. AWS allows 50 on most objects; 10 are left to the library.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>, field: &str, problems: &mut Problems) {
    if tags.len() > 40 {
        problems.add(
            field,
            None,
            format!("has {} tags", tags.len()),
            "keep 40: AWS allows 50, and some are the library's own",
        );
    }
    for (key, value) in tags {
        let field = format!("{field}.{key}");
        for (text, part, longest) in [(key, "key", 128), (value, "value", 256)] {
            let length = text.chars().count();
            if length > longest {
                problems.add(
                    &field,
                    None,
                    format!("the {part} is {length} characters long"),
                    format!("shorten it to {longest}"),
                );
            }
            // The pattern of Elastic Load Balancing, the strictest of the services that get the tags.
            let odd = |c: &char| !(c.is_alphanumeric() || *c == ' ' || "_.:/=+-@".contains(*c));
            if let Some(c) = text.chars().find(odd) {
                let what = format!("the {part} has `{}` in it", c.escape_debug());
                problems.add(&field, None, what, "use letters, digits, spaces and `_.:/=+-@`");
            }
        }
        if key.is_empty() {
            problems.add(&field, None, "the key is empty", "name the tag");
        }
        let lower = key.to_lowercase();
        if let Some(prefix) = ["aws:", "xkslink:"].into_iter().find(|prefix| lower.starts_with(prefix)) {
            let owner = if prefix == "aws:" { "AWS" } else { "the library" };
            let what = format!("`{key}` begins with `{prefix}`, which {owner} keeps for itself");
            problems.add(&field, None, what, "choose another key");
        }
    }
}
