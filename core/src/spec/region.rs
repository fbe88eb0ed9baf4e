//! The Region of a key store, and what follows from it: partition, principal of AWS KMS, prefix of service names.

use std::fmt;

use serde::Serialize;

use super::problem::{Problems, SpecError, alone};

/// An AWS Region that supports external key stores (ACC-01). There is no default Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Region(String);

/// A set of Regions with accounts, ARNs and domain names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Partition {
    /// The commercial Regions.
    Aws,
    /// AWS GovCloud (US).
    AwsUsGov,
    /// The AWS European Sovereign Cloud.
    AwsEusc,
}

impl Partition {
    /// The second field of ARNs: `aws`, `aws-us-gov`, `aws-eusc`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// The domain of the AWS APIs in this partition.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsEusc => "amazonaws.eu",
        }
    }

    /// What the names of endpoint services begin with in this partition (EPS-01).
    #[must_use]
    pub fn service_name_prefix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "com.amazonaws.vpce",
            Self::AwsEusc => "eu.amazonaws.vpce",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Region {
    /// Reads a Region code such as `eu-central-1`.
    ///
    /// # Errors
    /// The text is not a Region code, or the Region has no external key stores.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        alone(|problems| Self::check(text, "region", problems))
    }

    pub(crate) fn check(text: &str, field: &str, problems: &mut Problems) -> Option<Self> {
        if !Self::is_code(text) {
            let zone = text.strip_suffix(|c: char| c.is_ascii_lowercase()).filter(|region| Self::is_code(region));
            let (what, help) = match zone {
                Some(region) => ("an Availability Zone", format!("write its Region `{region}`")),
                None => ("not a Region code", "write a code such as `eu-central-1`".to_owned()),
            };
            problems.add(field, "ACC-01", format!("`{text}` is {what}"), help);
            return None;
        }
        let area = text.split('-').take(2).collect::<Vec<_>>();
        let help = "choose a Region of another partition";
        match area.as_slice() {
            ["cn", ..] => {
                problems.add(field, "ACC-01", format!("`{text}` is in China, which has no external key stores"), help);
                None
            }
            // The pattern that KMS has for service names admits no prefix of an isolated partition.
            [_, second] if second.starts_with("iso") => {
                let what = format!("`{text}` is in an isolated partition, which has no external key stores");
                problems.add(field, "ACC-01", what, help);
                None
            }
            _ => Some(Self(text.to_owned())),
        }
    }

    /// `([a-z]+-){2,3}\d+`, the shape that KMS demands inside a service name. China and isolated partitions have it, too.
    pub(crate) fn is_code(text: &str) -> bool {
        let mut parts = text.split('-').collect::<Vec<_>>();
        let number = parts.pop().unwrap_or_default();
        let words = parts.len() == 2 || parts.len() == 3;
        words
            && parts.iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
    }

    /// The code: `eu-central-1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the Region belongs to.
    #[must_use]
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("us-gov-") {
            Partition::AwsUsGov
        } else if self.0.starts_with("eusc-") {
            Partition::AwsEusc
        } else {
            Partition::Aws
        }
    }

    /// The service principal by which AWS KMS uses endpoint services in this Region (PRM-01).
    ///
    /// AWS documents one suffix for all Regions; for GovCloud and the European Sovereign Cloud that is unconfirmed.
    #[must_use]
    pub fn kms_principal(&self) -> String {
        format!("cks.kms.{}.amazonaws.com", self.0)
    }

    /// What the names of endpoint services of this Region begin with: `com.amazonaws.vpce.eu-central-1` (ACC-02, EPS-01).
    #[must_use]
    pub fn service_name_prefix(&self) -> String {
        format!("{}.{}", self.partition().service_name_prefix(), self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Region {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_follows_from_the_region() -> Result<(), SpecError> {
        for (code, partition, prefix) in [
            ("eu-central-1", "aws", "com.amazonaws.vpce.eu-central-1"),
            ("us-gov-west-1", "aws-us-gov", "com.amazonaws.vpce.us-gov-west-1"),
            ("eusc-de-east-1", "aws-eusc", "eu.amazonaws.vpce.eusc-de-east-1"),
        ] {
            let region = Region::parse(code)?;
            assert_eq!((region.partition().as_str(), region.service_name_prefix().as_str()), (partition, prefix));
        }
        Ok(())
    }

    #[test]
    fn the_principal_of_kms_names_the_region() -> Result<(), SpecError> {
        assert_eq!(Region::parse("us-west-2")?.kms_principal(), "cks.kms.us-west-2.amazonaws.com");
        Ok(())
    }
}
