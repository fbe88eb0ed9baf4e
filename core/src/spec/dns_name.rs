//! The private DNS name of the endpoint service, and the public domains above it that can prove its ownership.

use std::fmt;
use std::net::Ipv4Addr;

use serde::Serialize;

use super::problem::{Problems, SpecError, alone};

/// KMS takes an endpoint of at most 128 characters, of which `https://` are 8 (KS-02).
const LONGEST_NAME: usize = 120;
/// X.509 ends a Common Name after 64 characters.
const LONGEST_COMMON_NAME: usize = 64;

/// A private DNS name: lower case, a strict subdomain of a domain that can be registered in public DNS (DNS-01, DNS-05).
///
/// AWS KMS compares the Common Name of the proxy's certificate with it, either as it is or with `*` for its first label,
/// so one of the two must fit into the 64 characters of a Common Name (DNS-06).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DnsName(String);

impl DnsName {
    /// Reads a private DNS name such as `xks.payments.example.com`.
    ///
    /// # Errors
    /// The text breaks a rule for private DNS names; all of them are listed.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        alone(|problems| Self::check(text, "private_dns_name", problems))
    }

    pub(crate) fn check(text: &str, field: &str, problems: &mut Problems) -> Option<Self> {
        let before = problems.count();
        check_shape(text, field, problems);
        if problems.count() == before {
            check_domain(text, field, problems);
        }
        (problems.count() == before).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domains that may carry the TXT record, in the order in which AWS looks: first the parent of the name, last the
    /// registered domain.
    ///
    /// ```
    /// let name = xkslink::spec::DnsName::parse("xks.payments.example.co.uk")?;
    /// assert_eq!(name.parents(), ["payments.example.co.uk", "example.co.uk"]);
    /// # Ok::<(), xkslink::spec::SpecError>(())
    /// ```
    #[must_use]
    pub fn parents(&self) -> Vec<&str> {
        let shortest = self.registered_domain().len();
        let mut parents = Vec::new();
        let mut rest = self.0.as_str();
        while let Some((_, parent)) = rest.split_once('.').filter(|(_, parent)| parent.len() >= shortest) {
            parents.push(parent);
            rest = parent;
        }
        parents
    }

    /// The registered domain: the public suffix and one label, as in `example.co.uk`.
    #[must_use]
    pub fn registered_domain(&self) -> &str {
        registered_domain(&self.0).unwrap_or(&self.0)
    }

    /// The Common Names by which KMS accepts a certificate: the name, and `*` for its first label; 64 characters at most.
    #[must_use]
    pub fn common_names(&self) -> Vec<String> {
        common_names(&self.0)
    }
}

/// The public suffix of a name in small letters and one label more; `None` for a public suffix itself.
pub(crate) fn registered_domain(name: &str) -> Option<&str> {
    psl2::lookup(name).and_then(|domain| domain.registrable_domain())
}

/// Whether the public suffix of a name in small letters is in the list, as it is for every name in public DNS.
pub(crate) fn under_known_suffix(name: &str) -> bool {
    psl2::lookup(name).is_some_and(|domain| domain.is_known())
}

fn common_names(name: &str) -> Vec<String> {
    let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    let mut names = vec![name.to_owned()];
    names.extend(wildcard);
    names.retain(|name| name.len() <= LONGEST_COMMON_NAME);
    names
}

/// What AWS demands of the text alone.
fn check_shape(text: &str, field: &str, problems: &mut Problems) {
    if text.is_empty() {
        problems.add(field, "EPS-08", "is empty", "write a name such as `xks.example.com`");
        return;
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let what = format!("`{text}` begins with `{scheme}://`");
        problems.add(
            field,
            "KS-02",
            what,
            format!("write the name alone: `{}`", rest.split(['/', ':']).next().unwrap_or(rest)),
        );
        return;
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        problems.add(field, "KS-02", format!("`{text}` is an IP address"), "write a name such as `xks.example.com`");
        return;
    }
    if text.contains('*') {
        let what = format!("`{text}` is a wildcard, which AWS KMS does not take");
        problems.add(field, "DNS-05", what, "write the name of this one store");
        return;
    }
    if let Some(name) = text.strip_suffix('.') {
        problems.add(field, "DNS-05", format!("`{text}` ends with a dot"), format!("write `{name}`"));
        return;
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        let what = format!("`{text}` has capital letters");
        problems.add(field, "DNS-05", what, format!("write `{}`", text.to_ascii_lowercase()));
    }
    if text.len() > LONGEST_NAME {
        let what = format!("`{text}` is {} characters long", text.len());
        problems.add(field, "KS-02", what, format!("shorten it to {LONGEST_NAME}: with `https://` AWS KMS takes 128"));
    }
    for label in text.split('.') {
        if label.is_empty() {
            problems.add(field, "DNS-05", format!("`{text}` has an empty label"), "write one dot between labels");
        } else if let Some(c) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            let what = format!("the label `{label}` has `{}` in it", c.escape_debug());
            problems.add(field, "DNS-05", what, "use letters, digits and hyphens only");
        } else if label.starts_with('-') || label.ends_with('-') {
            let what = format!("the label `{label}` begins or ends with a hyphen");
            problems.add(field, "DNS-05", what, "remove the hyphen");
        }
        if label.len() > 63 {
            let what = format!("the label `{label}` is {} characters long", label.len());
            problems.add(field, "DNS-05", what, "shorten it to 63");
        }
    }
}

/// What public DNS and certificates demand of a well-formed name.
fn check_domain(name: &str, field: &str, problems: &mut Problems) {
    if !under_known_suffix(name) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let what = format!("`{name}` is not in public DNS: there is no top-level domain `{last}`");
        problems.add(
            field,
            "DNS-01",
            what,
            "use a subdomain of a domain that you registered: AWS looks for the TXT record in public DNS",
        );
        return;
    }
    match registered_domain(name) {
        None => {
            let what = format!("`{name}` is a public suffix, which nobody owns");
            problems.add(field, "DNS-01", what, "use a subdomain of a domain that you registered");
            return;
        }
        Some(registered) if registered == name => {
            let what = format!("`{name}` is a registered domain itself");
            problems.add(field, "DNS-01", what, format!("use a subdomain of it such as `xks.{name}`"));
        }
        Some(_) => {}
    }
    if common_names(name).is_empty() {
        let what = format!(
            "`{name}` is {} characters long, and neither it nor a wildcard for its first label fits into a certificate's Common Name",
            name.len()
        );
        problems.add(field, "DNS-06", what, format!("shorten it to {LONGEST_COMMON_NAME}"));
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_run_from_the_nearest_to_the_registered_domain() -> Result<(), SpecError> {
        let name = DnsName::parse("myproxy-private.xks.example.com")?;
        assert_eq!(name.parents(), ["xks.example.com", "example.com"]);
        assert_eq!(DnsName::parse("xks.example.com")?.parents(), ["example.com"]);
        Ok(())
    }

    #[test]
    fn a_long_name_is_fine_if_its_wildcard_fits_into_a_common_name() -> Result<(), SpecError> {
        let name = DnsName::parse(&format!("{}.xks.example.com", "a".repeat(60)))?;
        assert_eq!(name.common_names(), ["*.xks.example.com"]);
        Ok(())
    }
}
