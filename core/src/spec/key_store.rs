//! The external key store itself: its name, the path on the proxy, the credential, the account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credential::{ConfigurationFile, Credential, CredentialError, ProxyCredential};
use super::names::{StoreName, check_account};
use super::problem::{Problems, SpecError, alone};

/// The key store in AWS KMS. Write it with [`KeyStore::path`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyStore {
    /// The name in AWS KMS, 1 to 256 characters (KS-01); the name of the spec by default.
    pub name: String,
    /// `XksProxyUriPath`: where on the proxy the API is, such as `/payments/kms/xks/v1` (KS-03).
    pub path: String,
    /// Where the credential comes from.
    pub credential: Credential,
    /// The account of the key store, 12 digits, if it is another than that of the network (ACC-04, ACC-06).
    pub account: Option<String>,
}

impl KeyStore {
    /// The path of the API on the proxy: `/kms/xks/v1`, or that with a prefix (KS-03).
    pub fn path(path: impl Into<String>) -> KeyStoreDraft {
        KeyStoreDraft { name: None, path: Some(path.into()), credential: None, account: None }
    }

    /// Sees that a path is one that AWS KMS takes (KS-03).
    pub(crate) fn check_path(path: &str) -> Result<(), SpecError> {
        alone(|problems| {
            check_path(path, "path", problems);
            Some(())
        })
    }

    /// Sees that a text can be the id of an external key, `XksKeyId`.
    pub(crate) fn check_external_key(id: &str) -> Result<(), SpecError> {
        alone(|problems| {
            let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            if !(1..=128).contains(&id.len()) || !id.bytes().all(letter) {
                let what = format!("`{}` is not the id of an external key", id.escape_debug());
                problems.add("external_key", "KS-10", what, "write 1 to 128 letters, digits, `-`, `_` and `.`");
            }
            Some(())
        })
    }

    /// Fetches the credential from where it is, and sees that a proxy configuration file names the same path as the spec.
    ///
    /// # Errors
    /// Those of [`Credential::read`], and a file that is for another path.
    pub fn read_credential(&self) -> Result<ProxyCredential, CredentialError> {
        let Credential::File { path } = &self.credential else { return self.credential.read() };
        let file = ConfigurationFile::read(path)?;
        match &file.xks_proxy_uri_path {
            Some(other) if *other != self.path => Err(CredentialError::new(
                format!("`{}` is for the path `{other}`, the spec says `{}`", path.display(), self.path),
                "correct the path of the key store, or use the file of this store",
            )),
            _ => file.credential(path),
        }
    }
}

/// A [`KeyStore`] as written by the user, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KeyStore", description = "The key store in AWS KMS.")]
pub struct KeyStoreDraft {
    /// The name in AWS KMS, 1 to 256 characters; the name of the spec by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Where on the proxy the API is: `/kms/xks/v1`, or that with a prefix.
    #[schemars(required)]
    path: Option<String>,
    /// Where the credential of the proxy comes from.
    #[schemars(with = "Credential")]
    credential: Option<Credential>,
    /// The account of the key store, 12 digits, if it is another than that of the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

impl KeyStoreDraft {
    /// The name in AWS KMS, 1 to 256 characters; the name of the spec by default (KS-01).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where the credential of the proxy comes from.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The account of the key store, 12 digits, if it is another than that of the network (ACC-04, ACC-06).
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    pub(crate) fn check(self, at: &str, store: Option<&StoreName>, problems: &mut Problems) -> Option<KeyStore> {
        let before = problems.count();
        if let Some(name) = &self.name {
            let length = name.chars().count();
            if length == 0 {
                problems.add(format!("{at}.name"), "KS-01", "is empty", "write 1 to 256 characters, or leave it out");
            } else if length > 256 {
                problems.add(
                    format!("{at}.name"),
                    "KS-01",
                    format!("is {length} characters long"),
                    "shorten it to 256",
                );
            }
        }
        let field = format!("{at}.path");
        let path = problems.require(&field, self.path, "write the path on the proxy such as `/kms/xks/v1`");
        if let Some(path) = &path {
            check_path(path, &field, problems);
        }
        let field = format!("{at}.credential");
        let credential = problems
            .require(
                &field,
                self.credential,
                "say where the credential comes from: a value, the environment, a file or a callback",
            )
            .and_then(|credential| credential.check(&field, problems));
        if let Some(account) = &self.account {
            check_account(account, &format!("{at}.account"), problems);
        }
        if problems.count() != before {
            return None;
        }
        let name = self.name.or_else(|| store.map(ToString::to_string))?;
        Some(KeyStore { name, path: path?, credential: credential?, account: self.account })
    }
}

impl From<&KeyStore> for KeyStoreDraft {
    fn from(store: &KeyStore) -> Self {
        Self {
            name: Some(store.name.clone()),
            path: Some(store.path.clone()),
            credential: Some(store.credential.clone()),
            account: store.account.clone(),
        }
    }
}

/// `(/[a-zA-Z0-9/_-]+)?/kms/xks/v1`, 10 to 128 characters (KS-03).
fn check_path(path: &str, field: &str, problems: &mut Problems) {
    let what = |wrong: &str| format!("`{path}` {wrong}");
    if path.chars().count() > 128 {
        problems.add(field, "KS-03", format!("is {} characters long", path.chars().count()), "shorten it to 128");
    }
    if !path.starts_with('/') {
        problems.add(field, "KS-03", what("does not begin with `/`"), "write it like `/payments/kms/xks/v1`");
        return;
    }
    let Some(prefix) = path.strip_suffix("/kms/xks/v1") else {
        let versioned = path.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("/kms/xks/v");
        if versioned && !path.ends_with("/v") {
            problems.add(field, "KS-03", what("asks for another version than 1"), "end it with `/kms/xks/v1`");
        } else {
            let prefix = path.trim_end_matches('/').trim_end_matches("/kms/xks/v1");
            let help = format!("write `{prefix}/kms/xks/v1`");
            problems.add(field, "KS-03", what("does not end with `/kms/xks/v1`"), help);
        }
        return;
    };
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-'));
    if let Some(c) = prefix.chars().find(odd) {
        let what = format!("`{}` has `{}` in it", path.escape_debug(), c.escape_debug());
        problems.add(field, "KS-03", what, "use letters, digits, `/`, `_` and `-` only");
    } else if prefix == "/" {
        problems.add(field, "KS-03", what("has an empty prefix"), "write `/kms/xks/v1`");
    }
}
