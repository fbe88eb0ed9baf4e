//! The root certificates that AWS KMS accepts, and what can be proved with them.
//!
//! AWS publishes names and fingerprints. A fingerprint proves a root that is served with the chain; for one that is not, its
//! key is needed. The keys come from Mozilla's roots, matched by fingerprint. Where Mozilla has dropped a root, the
//! caller may bring its certificate; without it, the name is all that can be compared.

use std::fmt;
use std::sync::LazyLock;

use super::certificate::Parsed;
use super::outcome::Root;

/// The list, as AWS published it.
const LIST: &str = include_str!("roots.tsv");
/// What AWS's list is called, and how old it is.
const LIST_DATE: &str = "2022";

/// Mozilla's roots, listed or not.
static PUBLIC: LazyLock<Vec<Parsed>> = LazyLock::new(|| {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Parsed::read(der).ok()).collect()
});

/// The root certificates that a chain may end in. By default those of AWS KMS.
#[derive(Clone)]
pub struct TrustedRoots {
    date: String,
    roots: Vec<Root>,
    /// Certificates of roots on the list that Mozilla does not have.
    brought: Vec<Parsed>,
}

impl Default for TrustedRoots {
    fn default() -> Self {
        Self::aws_kms()
    }
}

impl TrustedRoots {
    /// AWS's list as this version of the library has it.
    pub fn aws_kms() -> Self {
        Self { date: LIST_DATE.to_owned(), roots: read(LIST).unwrap_or_default(), brought: Vec::new() }
    }

    /// A newer list, or one's own: a line for each root with name, SHA-256 in hexadecimal, and last day of validity such as
    /// `2038-01-16`, separated by tabs; lines that begin with `#` are skipped. `date` tells how old the list is.
    ///
    /// # Errors
    /// The number of the first line that is something else.
    pub fn from_list(date: &str, list: &str) -> Result<Self, usize> {
        Ok(Self { date: date.to_owned(), roots: read(list)?, brought: Vec::new() })
    }

    /// Adds certificates in PEM or DER: to the list when they are not on it, and for proofs in any case.
    #[must_use]
    pub fn with_certificates(mut self, certificates: &[u8]) -> Self {
        for certificate in super::certificate::certificates(certificates) {
            let Ok(parsed) = Parsed::read(&certificate) else { continue };
            if self.listed(&parsed.sha256).is_none() {
                self.roots.push(Root {
                    name: parsed.common_names.first().unwrap_or(&parsed.subject).clone(),
                    sha256: parsed.sha256.clone(),
                    expires: parsed.not_after.chars().take(10).collect(),
                    added: true,
                });
            }
            self.brought.push(parsed);
        }
        self
    }

    /// How old the list is: the year of AWS's list, or what the caller said.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The roots of the list.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The root of the list with this fingerprint.
    pub(super) fn listed(&self, sha256: &str) -> Option<&Root> {
        self.roots.iter().find(|root| root.sha256 == sha256)
    }

    /// The root of the list whose key signed a certificate.
    pub(super) fn signer(&self, certificate: &Parsed) -> Option<(&Root, &Parsed)> {
        let known = self.brought.iter().chain(PUBLIC.iter());
        let mut signers = known.filter(|root| certificate.is_signed_by(root));
        signers.find_map(|signer| Some((self.listed(&signer.sha256)?, signer)))
    }

    /// The public root that signed a certificate or is it, listed or not.
    pub(super) fn public_signer(&self, certificate: &Parsed) -> Option<&'static Parsed> {
        PUBLIC.iter().find(|root| root.sha256 == certificate.sha256 || certificate.is_signed_by(root))
    }

    /// Roots of the list with the name of a certificate's issuer whose certificate nobody has here.
    pub(super) fn namesakes(&self, certificate: &Parsed) -> Vec<Root> {
        let known = |root: &Root| self.brought.iter().chain(PUBLIC.iter()).any(|known| known.sha256 == root.sha256);
        let same = |root: &&Root| match root.name.strip_prefix("OU=") {
            // A root without Common Name is listed by its whole subject; its first part is enough to tell it apart.
            Some(rest) => certificate.issuer_units.iter().any(|unit| rest.split(", O=").next() == Some(unit.as_str())),
            None => certificate.issuer_common_names.contains(&root.name),
        };
        self.roots.iter().filter(same).filter(|root| !known(root)).cloned().collect()
    }
}

impl fmt::Debug for TrustedRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedRoots")
            .field("date", &self.date)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

fn read(list: &str) -> Result<Vec<Root>, usize> {
    let lines = list.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|(index, line)| root(line).ok_or(index + 1)).collect()
}

fn root(line: &str) -> Option<Root> {
    let mut fields = line.split('\t');
    let (name, sha256, expires) = (fields.next()?, fields.next()?, fields.next()?);
    let hexadecimal = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    let day = expires.len() == 10 && expires.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let valid = !name.is_empty() && hexadecimal && day && fields.next().is_none();
    let (name, sha256, expires) = (name.to_owned(), sha256.to_ascii_lowercase(), expires.to_owned());
    let root = Root { name, sha256, expires, added: false };
    valid.then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_aws_is_whole() {
        let roots = TrustedRoots::aws_kms();
        assert_eq!(roots.roots().len(), 130);
        assert!(roots.roots().iter().any(|root| root.name == "Amazon Root CA 1" && root.expires == "2038-01-16"));
        assert!(!roots.roots().iter().any(|root| root.name == "ISRG Root X2"));
    }

    #[test]
    fn most_roots_of_the_list_can_be_proved_by_their_key() {
        let roots = TrustedRoots::aws_kms();
        let proved = PUBLIC.iter().filter(|root| roots.listed(&root.sha256).is_some()).count();
        // Mozilla drops roots over time. Fewer than half would make the probe say "by name" too often.
        assert!(proved > 65, "{proved}");
    }

    #[test]
    fn a_line_that_is_no_root_is_named_by_its_number() {
        let good = format!("# a comment\nA Root\t{}\t2030-01-01\n", "0a".repeat(32));
        assert_eq!(TrustedRoots::from_list("today", &good).map(|list| list.roots().len()), Ok(1));
        for bad in ["no tabs", "A\tb\tc", &format!("A\t{}\t2030-01-01\textra", "0a".repeat(32))] {
            assert_eq!(TrustedRoots::from_list("today", &format!("{good}{bad}")).map(drop), Err(3), "{bad}");
        }
    }
}
