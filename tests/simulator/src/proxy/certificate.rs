//! Certificates as data, and made real: a root, an intermediate, and a leaf with what KMS looks at.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

/// The certificate of a proxy.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Certificate {
    /// The common name of the subject, which KMS compares.
    pub common_name: Option<String>,
    /// DNS names of the subjectAltName extension.
    pub alt_names: Vec<String>,
    /// When it begins to be valid, in days from now; what is past is negative.
    pub valid_from_days: i64,
    /// When it ends, in days from now; 0 is past.
    pub valid_until_days: i64,
    /// What is served with it and whom it leads to.
    pub chain: Chain,
    /// The key in it.
    pub key: KeyType,
}

/// What a proxy serves with its certificate, and whom that leads to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// The intermediate certificate, which the trusted root has signed.
    #[default]
    Complete,
    /// The same, and the root as well.
    WithRoot,
    /// Nothing, although an intermediate has signed it.
    WithoutIntermediate,
    /// An intermediate certificate of a root that nobody trusts.
    UntrustedRoot,
    /// An intermediate certificate of a root that is trusted and has expired.
    ExpiredRoot,
    /// Nothing: it has signed itself.
    SelfSigned,
}

/// Type of a certificate's key.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    /// ECDSA, P-256.
    #[default]
    Ecdsa,
    /// RSA, 2048 bits.
    Rsa,
}

/// How long authorities are valid, in days.
const TEN_YEARS: i64 = 3650;

impl Certificate {
    /// A certificate for a name, valid from yesterday for ninety days.
    pub fn named(name: &str) -> Self {
        Self {
            common_name: Some(name.to_owned()),
            alt_names: vec![name.to_owned()],
            valid_from_days: -1,
            valid_until_days: 90,
            chain: Chain::default(),
            key: KeyType::default(),
        }
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::named("xks.example.com")
    }
}

/// A certification authority: a root and its one intermediate.
pub(super) struct Authority {
    root: rcgen::Certificate,
    intermediate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that a server can show.
pub(super) struct Issued {
    /// The leaf first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// The same as `chain`.
    pub(super) pem: String,
    /// The root of [`Chain::ExpiredRoot`]; empty with another chain.
    pub(super) expired_root_pem: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Result<Self, rcgen::Error> {
        Self::until(name, TEN_YEARS)
    }

    /// An authority whose root ends in so many days.
    fn until(name: &str, days: i64) -> Result<Self, rcgen::Error> {
        let root_key = KeyPair::generate()?;
        let mut root_params = authority_params(&format!("{name} Root"));
        root_params.not_after = days_from_now(days).into();
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);
        let key = KeyPair::generate()?;
        let params = authority_params(&format!("{name} Intermediate"));
        let intermediate = params.signed_by(&key, &root_issuer)?;
        Ok(Self { root, intermediate, issuer: Issuer::new(params, key) })
    }

    pub(super) fn root_der(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    pub(super) fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// Makes a certificate real. `self` is the authority that is trusted.
    pub(super) fn issue(&self, wanted: &Certificate) -> Result<Issued, rcgen::Error> {
        let key = match wanted.key {
            KeyType::Ecdsa => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            KeyType::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        };
        let params = leaf_params(wanted)?;
        let by = |authority: &Self| params.signed_by(&key, &authority.issuer);
        let mut expired_root_pem = String::new();
        let served = match wanted.chain {
            Chain::Complete => vec![by(self)?, self.intermediate.clone()],
            Chain::WithRoot => vec![by(self)?, self.intermediate.clone(), self.root.clone()],
            Chain::WithoutIntermediate => vec![by(self)?],
            Chain::UntrustedRoot => {
                let stranger = Self::new("Untrusted")?;
                vec![by(&stranger)?, stranger.intermediate]
            }
            Chain::ExpiredRoot => {
                let old = Self::until("Expired", -1)?;
                expired_root_pem = old.root_pem();
                vec![by(&old)?, old.intermediate]
            }
            Chain::SelfSigned => vec![params.self_signed(&key)?],
        };
        Ok(Issued {
            chain: served.iter().map(|each| each.der().clone()).collect(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            pem: served.iter().map(rcgen::Certificate::pem).collect(),
            expired_root_pem,
        })
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished(Some(name));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = days_from_now(-365).into();
    params.not_after = days_from_now(TEN_YEARS).into();
    params
}

fn leaf_params(wanted: &Certificate) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished(wanted.common_name.as_deref());
    params.subject_alt_names = dns_names(&wanted.alt_names)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = days_from_now(wanted.valid_from_days).into();
    params.not_after = days_from_now(wanted.valid_until_days).into();
    Ok(params)
}

fn dns_names(names: &[String]) -> Result<Vec<SanType>, rcgen::Error> {
    names.iter().map(|name| Ok(SanType::DnsName(name.clone().try_into()?))).collect()
}

fn distinguished(common_name: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "xkslink simulator");
    if let Some(common_name) = common_name {
        name.push(DnType::CommonName, common_name);
    }
    name
}

/// A little less than that, so that what ends or begins today has done so.
fn days_from_now(days: i64) -> SystemTime {
    let distance = Duration::from_secs(days.unsigned_abs() * 24 * 60 * 60);
    let now = SystemTime::now() - Duration::from_secs(60 * 60);
    if days < 0 { now - distance } else { now + distance }
}
