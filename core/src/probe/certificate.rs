//! Certificates into outcomes: names by the rule of AWS KMS, validity, and what the chain ends in. Pure, for any bytes.
//!
//! What is read here comes from strangers, so nothing is believed and everything is cut to a size that people can read.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::{DateTime, Decode, Encode, Reader, Tag, Tagged};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::outcome::{CertificateOutcome, ChainCertificate, NameMatch, Trust, Validity};
use super::roots::TrustedRoots;
use super::shown;

/// More than any public authority serves. A longer chain is read up to here.
const LONGEST_CHAIN: usize = 16;
/// Names beyond this number are not shown.
const MOST_NAMES: usize = 100;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");

/// What a chain, the leaf first, is worth for a private DNS name.
pub(super) fn judge(
    chain: &[CertificateDer<'_>],
    private_dns_name: &str,
    roots: &TrustedRoots,
    now: SystemTime,
) -> CertificateOutcome {
    let (mut parsed, mut trouble) = (Vec::new(), chain.is_empty().then(|| "there is no certificate".to_owned()));
    for (index, der) in chain.iter().take(LONGEST_CHAIN).enumerate() {
        match Parsed::read(der) {
            Ok(certificate) => parsed.push(certificate),
            Err(reason) => {
                trouble = Some(format!("certificate {} of the chain could not be read: {reason}", index + 1));
                break;
            }
        }
    }
    if chain.len() > LONGEST_CHAIN {
        let count = chain.len();
        trouble.get_or_insert(format!("the chain has {count} certificates; the first {LONGEST_CHAIN} were read"));
    }
    let names = |names: fn(&Parsed) -> &Vec<String>| {
        parsed.first().map(|leaf| names(leaf).iter().take(MOST_NAMES).cloned().collect()).unwrap_or_default()
    };
    let fits = |names: fn(&Parsed) -> &Vec<String>| {
        parsed.first().map_or(NameMatch::Missing, |leaf| best_match(names(leaf), private_dns_name))
    };
    CertificateOutcome {
        common_names: names(|leaf| &leaf.common_names),
        common_name: fits(|leaf| &leaf.common_names),
        alternative_names: names(|leaf| &leaf.alternative_names),
        alternative_name: fits(|leaf| &leaf.alternative_names),
        trust: trust(&parsed, roots, now),
        chain: parsed.iter().map(|certificate| certificate.shown(now)).collect(),
        trouble,
    }
}

/// The certificates in a PEM text, or the one that bytes are in DER. Whatever else is in there is left alone, a private key too.
pub(super) fn certificates(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let pem: Vec<_> = CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok).collect();
    match pem.is_empty() && bytes.first() == Some(&0x30) {
        true => vec![CertificateDer::from(bytes.to_vec())],
        false => pem,
    }
}

/// Whether a name in a certificate is right for a private DNS name: the same, or `*` for the first label alone.
pub(super) fn name_match(in_certificate: &str, private_dns_name: &str) -> NameMatch {
    if in_certificate.eq_ignore_ascii_case(private_dns_name) {
        return NameMatch::Exact;
    }
    let parent = in_certificate.strip_prefix("*.");
    match (parent, private_dns_name.split_once('.')) {
        (Some(parent), Some((_, of_name))) if parent.eq_ignore_ascii_case(of_name) => NameMatch::Wildcard,
        _ => NameMatch::Different,
    }
}

fn best_match(names: &[String], private_dns_name: &str) -> NameMatch {
    let matches = names.iter().map(|name| name_match(name, private_dns_name));
    // The best one stands first in the enum.
    matches.min_by_key(|each| *each as u8).unwrap_or(NameMatch::Missing)
}

/// Follows the signatures from the leaf to a root.
fn trust(chain: &[Parsed], roots: &TrustedRoots, now: SystemTime) -> Trust {
    let Some(mut last) = chain.first() else { return Trust::Unreadable };
    let mut left: Vec<&Parsed> = chain.iter().skip(1).collect();
    loop {
        if let Some(root) = roots.listed(&last.sha256) {
            return Trust::Listed { root: root.clone(), validity: last.validity(now) };
        }
        if let Some((root, certificate)) = roots.signer(last) {
            return Trust::Listed { root: root.clone(), validity: certificate.validity(now) };
        }
        if let Some(position) = left.iter().position(|other| last.is_signed_by(other)) {
            last = left.swap_remove(position);
            if !last.authority {
                return Trust::Broken { reason: format!("`{}` may not sign certificates", last.subject) };
            }
            continue;
        }
        return end(last, &left, roots);
    }
}

/// What a chain is whose last certificate is signed by nobody that was served and by no root that is listed for sure.
fn end(last: &Parsed, left: &[&Parsed], roots: &TrustedRoots) -> Trust {
    let public = roots.public_signer(last);
    let namesakes = roots.namesakes(last);
    if let Some(signer) = public {
        return match namesakes.is_empty() {
            true => Trust::NotListed { root: signer.subject.clone() },
            false => Trust::ListedByName { roots: namesakes, signed_by: Some(signer.sha256.clone()) },
        };
    }
    // Old roots signed themselves with SHA-1, which nobody verifies any more: the names must do.
    if last.subject_der == last.issuer_der {
        return Trust::SelfSigned { subject: last.subject.clone() };
    }
    if !namesakes.is_empty() {
        return Trust::ListedByName { roots: namesakes, signed_by: None };
    }
    if left.iter().any(|other| other.subject_der == last.issuer_der) {
        return Trust::Broken {
            reason: format!(
                "the key of `{}` did not sign `{}`, or by an algorithm not used today",
                last.issuer, last.subject
            ),
        };
    }
    Trust::Incomplete { missing: last.issuer.clone() }
}

/// A certificate as far as it is needed.
#[derive(Clone)]
pub(super) struct Parsed {
    pub(super) subject: String,
    pub(super) sha256: String,
    pub(super) common_names: Vec<String>,
    pub(super) not_after: String,
    pub(super) issuer_common_names: Vec<String>,
    pub(super) issuer_units: Vec<String>,
    issuer: String,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    alternative_names: Vec<String>,
    authority: bool,
    not_before: String,
    /// Seconds since 1970, from and to.
    valid: (u64, u64),
    key: String,
    key_algorithm: Vec<u8>,
    key_bits: Vec<u8>,
    signed: Vec<u8>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl Parsed {
    /// # Errors
    /// What is wrong with the encoding.
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let certificate = Certificate::from_der(der).map_err(|error| shown(&error.to_string()))?;
        // The part that is signed, byte for byte.
        let signed = AnyRef::from_der(der).and_then(|outer| {
            outer.sequence(|inside| {
                let part = inside.tlv_bytes()?;
                inside.read_slice(inside.remaining_len())?;
                Ok(part)
            })
        });
        let signed = signed.map_err(|error| shown(&error.to_string()))?.to_vec();
        let encoded = |error: x509_cert::der::Error| shown(&error.to_string());
        let tbs = &certificate.tbs_certificate;
        let validity = &tbs.validity;
        let (from, to) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
        Ok(Self {
            subject: shown(&tbs.subject.to_string()),
            issuer: shown(&tbs.issuer.to_string()),
            subject_der: tbs.subject.to_der().map_err(encoded)?,
            issuer_der: tbs.issuer.to_der().map_err(encoded)?,
            issuer_common_names: attributes(&tbs.issuer, COMMON_NAME),
            issuer_units: attributes(&tbs.issuer, ORGANIZATIONAL_UNIT),
            sha256: hex::encode(Sha256::digest(der)),
            common_names: attributes(&tbs.subject, COMMON_NAME),
            alternative_names: alternative_names(&certificate),
            authority: is_authority(&certificate),
            not_before: time(from.as_secs()),
            not_after: time(to.as_secs()),
            valid: (from.as_secs(), to.as_secs()),
            key: key(&tbs.subject_public_key_info),
            key_algorithm: content(&tbs.subject_public_key_info.algorithm).map_err(encoded)?,
            key_bits: tbs.subject_public_key_info.subject_public_key.raw_bytes().to_vec(),
            signed,
            signature_algorithm: content(&certificate.signature_algorithm).map_err(encoded)?,
            signature: certificate.signature.raw_bytes().to_vec(),
        })
    }

    /// Whether the key of another certificate signed this one, which names it as its issuer.
    pub(super) fn is_signed_by(&self, other: &Self) -> bool {
        let same = |id: AlgorithmIdentifier, bytes: &[u8]| id.as_ref() == bytes;
        self.issuer_der == other.subject_der
            && super::provider().signature_verification_algorithms.all.iter().any(|algorithm| {
                same(algorithm.public_key_alg_id(), &other.key_algorithm)
                    && same(algorithm.signature_alg_id(), &self.signature_algorithm)
                    && algorithm.verify_signature(&other.key_bits, &self.signed, &self.signature).is_ok()
            })
    }

    fn validity(&self, now: SystemTime) -> Validity {
        let now = seconds(now);
        match self.valid {
            (from, _) if now < from => Validity::NotYet,
            (_, to) if now > to => Validity::Expired,
            _ => Validity::Valid,
        }
    }

    fn shown(&self, now: SystemTime) -> ChainCertificate {
        let left = i128::from(self.valid.1) - i128::from(seconds(now));
        ChainCertificate {
            subject: self.subject.clone(),
            issuer: self.issuer.clone(),
            sha256: self.sha256.clone(),
            not_before: self.not_before.clone(),
            not_after: self.not_after.clone(),
            validity: self.validity(now),
            days_left: i64::try_from(left.div_euclid(86_400)).unwrap_or(i64::MAX),
            key: self.key.clone(),
            authority: self.authority,
        }
    }
}

/// `2026-01-31T00:00:00Z`.
pub(super) fn time(seconds: u64) -> String {
    DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))
        .map(|time| time.to_string())
        .unwrap_or_default()
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What is inside of an encoded sequence: the form in which rustls names algorithms.
fn content(sequence: &impl Encode) -> x509_cert::der::Result<Vec<u8>> {
    let der = sequence.to_der()?;
    Ok(AnyRef::from_der(&der)?.value().to_vec())
}

/// The values of one kind of attribute, in every encoding that authorities have used.
fn attributes(name: &Name, kind: ObjectIdentifier) -> Vec<String> {
    let all = name.0.iter().flat_map(|part| part.0.iter()).filter(|attribute| attribute.oid == kind);
    all.map(|attribute| shown(&text(attribute.value.tag(), attribute.value.value()))).collect()
}

fn text(tag: Tag, bytes: &[u8]) -> String {
    match tag {
        Tag::BmpString => {
            let units: Vec<u16> =
                bytes.chunks(2).map(|pair| pair.iter().fold(0, |unit, b| unit << 8 | u16::from(*b))).collect();
            String::from_utf16_lossy(&units)
        }
        Tag::TeletexString => bytes.iter().map(|b| char::from(*b)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn extension(certificate: &Certificate, id: ObjectIdentifier) -> Option<&[u8]> {
    let all = certificate.tbs_certificate.extensions.iter().flatten();
    all.into_iter().find(|extension| extension.extn_id == id).map(|extension| extension.extn_value.as_bytes())
}

fn alternative_names(certificate: &Certificate) -> Vec<String> {
    let names = extension(certificate, SUBJECT_ALT_NAME).and_then(|bytes| SubjectAltName::from_der(bytes).ok());
    let dns = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(shown(name.as_str())),
        _ => None,
    };
    names.map(|names| names.0.iter().filter_map(dns).collect()).unwrap_or_default()
}

fn is_authority(certificate: &Certificate) -> bool {
    let constraints =
        extension(certificate, BASIC_CONSTRAINTS).and_then(|bytes| BasicConstraints::from_der(bytes).ok());
    constraints.is_some_and(|constraints| constraints.ca)
}

/// `RSA 2048`, `EC P-256`, or the object identifier.
fn key(info: &SubjectPublicKeyInfoOwned) -> String {
    let id = info.algorithm.oid.to_string();
    match id.as_str() {
        "1.2.840.113549.1.1.1" => {
            let bits = AnyRef::from_der(info.subject_public_key.raw_bytes()).and_then(|key| {
                key.sequence(|inside| {
                    let modulus: UintRef<'_> = inside.decode()?;
                    inside.read_slice(inside.remaining_len())?;
                    Ok(modulus.as_bytes().len() * 8)
                })
            });
            bits.map_or("RSA".to_owned(), |bits| format!("RSA {bits}"))
        }
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
            match curve.map(|curve| curve.to_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "EC P-256".to_owned(),
                Some("1.3.132.0.34") => "EC P-384".to_owned(),
                Some("1.3.132.0.35") => "EC P-521".to_owned(),
                _ => "EC".to_owned(),
            }
        }
        "1.3.101.112" => "Ed25519".to_owned(),
        _ => shown(&id),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wildcard_stands_for_the_first_label_alone() {
        for (in_certificate, name, right) in [
            ("a.xks.example.com", "a.xks.example.com", NameMatch::Exact),
            ("A.XKS.example.com", "a.xks.example.com", NameMatch::Exact),
            ("*.xks.example.com", "a.xks.example.com", NameMatch::Wildcard),
            ("*.example.com", "a.xks.example.com", NameMatch::Different),
            ("*.*.example.com", "a.xks.example.com", NameMatch::Different),
            ("a.*.example.com", "a.xks.example.com", NameMatch::Different),
            ("a*.xks.example.com", "a.xks.example.com", NameMatch::Different),
            ("*", "a.xks.example.com", NameMatch::Different),
            ("*.", "a.", NameMatch::Wildcard),
            ("", "a.xks.example.com", NameMatch::Different),
            ("xks.example.com", "a.xks.example.com", NameMatch::Different),
            ("a.xks.example.com.", "a.xks.example.com", NameMatch::Different),
        ] {
            assert_eq!(name_match(in_certificate, name), right, "{in_certificate} for {name}");
        }
    }

    #[test]
    fn the_best_of_several_names_counts() {
        let names = ["other.example.com", "*.example.com", "a.example.com"].map(str::to_owned);
        assert_eq!(best_match(&names, "a.example.com"), NameMatch::Exact);
        assert_eq!(best_match(&names[..2], "a.example.com"), NameMatch::Wildcard);
        assert_eq!(best_match(&names[..1], "a.example.com"), NameMatch::Different);
        assert_eq!(best_match(&[], "a.example.com"), NameMatch::Missing);
    }

    #[test]
    fn common_names_are_read_in_every_encoding_that_authorities_have_used() {
        assert_eq!(text(Tag::Utf8String, "xks.example.com".as_bytes()), "xks.example.com");
        assert_eq!(text(Tag::BmpString, b"\0x\0k\0s"), "xks");
        assert_eq!(text(Tag::TeletexString, b"Telek\xf6m"), "Teleköm");
        assert_eq!(text(Tag::BmpString, b"\0x\0"), "x\0");
    }

    #[test]
    fn every_root_of_mozilla_is_read() {
        for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let root = Parsed::read(der).unwrap_or_else(|reason| panic!("{reason}"));
            assert!(root.authority, "{}", root.subject);
            // Signatures of SHA-1 are not verified.
            const SHA1: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00];
            assert_eq!(root.is_signed_by(&root), root.signature_algorithm != SHA1, "{}", root.subject);
        }
    }

    #[test]
    fn a_root_alone_is_listed_by_its_fingerprint() {
        let roots = TrustedRoots::aws_kms();
        let trusts: Vec<_> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| judge(std::slice::from_ref(der), "xks.example.com", &roots, SystemTime::now()).trust)
            .collect();
        let listed = trusts.iter().filter(|trust| matches!(trust, Trust::Listed { .. })).count();
        assert!(listed > 65, "{listed}");
        let newer =
            trusts.iter().any(|trust| matches!(trust, Trust::NotListed { root } if root.contains("ISRG Root X2")));
        assert!(newer);
        // Google issued its roots anew for the same keys: the list has the older certificates.
        let again = |trust: &Trust| match trust {
            Trust::ListedByName { roots, signed_by: Some(_) } => roots.iter().any(|root| root.name == "GTS Root R1"),
            _ => false,
        };
        assert!(trusts.iter().any(again));
    }

    #[test]
    fn what_is_no_certificate_is_said_to_be_unreadable() {
        let outcome = judge(
            &[CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])],
            "a.example.com",
            &TrustedRoots::aws_kms(),
            UNIX_EPOCH,
        );
        assert_eq!(outcome.trust, Trust::Unreadable);
        assert!(
            outcome.trouble.is_some_and(|trouble| trouble.starts_with("certificate 1 of the chain could not be read"))
        );
        assert_eq!(certificates(b"-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----\n").len(), 0);
        assert_eq!(certificates(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").len(), 0);
    }

    #[test]
    fn a_deep_chain_is_cut() {
        let one = webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].clone();
        let outcome = judge(&vec![one; 500], "a.example.com", &TrustedRoots::aws_kms(), UNIX_EPOCH);
        assert_eq!(outcome.chain.len(), LONGEST_CHAIN);
        assert_eq!(outcome.trouble.as_deref(), Some("the chain has 500 certificates; the first 16 were read"));
        assert_eq!(outcome.chain[0].validity, Validity::NotYet);
    }

    proptest! {
        #[test]
        fn a_certificate_with_any_byte_changed_is_never_a_panic(
            index in 0usize..118, place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let all = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            let mut der = all[index % all.len()].to_vec();
            let place = place.index(der.len());
            der[place] = byte;
            let cut = cut.index(der.len()).max(place);
            let roots = TrustedRoots::from_list("now", "").unwrap_or_default();
            judge(&[CertificateDer::from(der.clone())], "xks.example.com", &roots, SystemTime::now());
            certificates(&der[..cut]);
            let _ = Parsed::read(&der[..cut]);
        }
    }
}
