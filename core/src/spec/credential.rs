//! The credential by which AWS KMS signs its requests to the proxy: where it comes from, and the secret part of it, which
//! no output ever shows.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::problem::{Problem, Problems};

/// What stands for a secret in a document that was written by the library.
pub(crate) const WITHHELD: &str = "<withheld>";

/// A text that must not be seen: `Debug` and documents withhold it, there is no `Display`, and its memory is wiped on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret. The text moves in, so no copy stays behind; a `&str` is copied.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the call that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(WITHHELD)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    // `writeOnly` also keeps the reader of documents from showing a value of the wrong type.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

/// Where the credential of the proxy comes from (KS-05, KS-06). It is minted on the proxy and has nothing to do with IAM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// Here it is. Documents that the library writes withhold the secret.
    Value {
        /// The access key id: 20 to 30 characters of `A`-`Z` and `2`-`7`.
        #[serde(default)]
        #[schemars(required, !default)]
        access_key_id: String,
        /// The secret: 43 to 64 characters of `A`-`Z`, `a`-`z`, `0`-`9`, `/`, `+` and `=`.
        #[serde(default = "no_secret")]
        #[schemars(required, !default)]
        raw_secret_access_key: Secret,
    },
    /// In two environment variables.
    Environment {
        /// The name of the variable with the access key id.
        #[serde(default)]
        #[schemars(required, !default)]
        access_key_id: String,
        /// The name of the variable with the secret.
        #[serde(default)]
        #[schemars(required, !default)]
        raw_secret_access_key: String,
    },
    /// In the proxy configuration file that proxies export, or a file with the credential object of it alone.
    File {
        /// The path of the file.
        #[serde(default)]
        #[schemars(required, !default)]
        path: PathBuf,
    },
    /// From a function that the caller gives to the client.
    Callback,
}

fn no_secret() -> Secret {
    Secret(String::new())
}

impl Credential {
    /// A credential that the program holds already.
    pub fn value(access_key_id: impl Into<String>, raw_secret_access_key: impl Into<Secret>) -> Self {
        Self::Value { access_key_id: access_key_id.into(), raw_secret_access_key: raw_secret_access_key.into() }
    }

    /// The names of two environment variables: the access key id, and the secret.
    pub fn from_env(access_key_id: impl Into<String>, raw_secret_access_key: impl Into<String>) -> Self {
        Self::Environment { access_key_id: access_key_id.into(), raw_secret_access_key: raw_secret_access_key.into() }
    }

    /// The path of a proxy configuration file.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self::File { path: path.into() }
    }

    /// A function that the caller gives to the client. This is a mark only: a spec holds no code.
    #[must_use]
    pub fn callback() -> Self {
        Self::Callback
    }

    /// Fetches the credential from where it is. Reads the environment or a file; never the network.
    ///
    /// # Errors
    /// The variable or file is not there, or what it holds is not a credential (KS-05). A [`Credential::Callback`] is not
    /// read here: the client asks the caller's function.
    pub fn read(&self) -> Result<ProxyCredential, CredentialError> {
        match self {
            Self::Value { access_key_id, raw_secret_access_key } => {
                ProxyCredential::new(access_key_id.clone(), raw_secret_access_key.clone())
            }
            Self::Environment { access_key_id, raw_secret_access_key } => {
                ProxyCredential::new(variable(access_key_id)?, variable(raw_secret_access_key)?)
            }
            Self::File { path } => ConfigurationFile::read(path)?.credential(path),
            Self::Callback => Err(CredentialError::new(
                "the credential comes from a function, and the client has none",
                "give the client a function for the credential",
            )),
        }
    }

    pub(crate) fn check(self, at: &str, problems: &mut Problems) -> Option<Self> {
        let before = problems.count();
        match &self {
            Self::Value { access_key_id, raw_secret_access_key } => {
                check_pair(access_key_id, raw_secret_access_key, at, problems);
            }
            Self::Environment { access_key_id, raw_secret_access_key } => {
                check_variable(access_key_id, &format!("{at}.access_key_id"), problems);
                check_variable(raw_secret_access_key, &format!("{at}.raw_secret_access_key"), problems);
            }
            Self::File { path } if path.as_os_str().is_empty() => {
                problems.add(
                    format!("{at}.path"),
                    None,
                    "is missing",
                    "write the path of the proxy configuration file",
                );
            }
            Self::File { .. } | Self::Callback => {}
        }
        (problems.count() == before).then_some(self)
    }
}

/// The credential itself, in the shape that AWS KMS takes (KS-05).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyCredential {
    /// The access key id.
    pub access_key_id: String,
    /// The secret.
    pub raw_secret_access_key: Secret,
}

impl ProxyCredential {
    /// Takes a credential that keeps the rules of AWS KMS.
    ///
    /// # Errors
    /// A part has the wrong length or an unexpected character (KS-05).
    pub fn new(
        access_key_id: impl Into<String>,
        raw_secret_access_key: impl Into<Secret>,
    ) -> Result<Self, CredentialError> {
        let (access_key_id, raw_secret_access_key) = (access_key_id.into(), raw_secret_access_key.into());
        let mut problems = Problems::default();
        check_pair(&access_key_id, &raw_secret_access_key, "credential", &mut problems);
        match problems.into_vec().into_iter().next() {
            None => Ok(Self { access_key_id, raw_secret_access_key }),
            Some(Problem { field, what, help, .. }) => Err(CredentialError::new(format!("`{field}` {what}"), help)),
        }
    }
}

/// Why a credential could not be read. Holds no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CredentialError {
    /// What went wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl CredentialError {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl std::error::Error for CredentialError {}

/// Checks both parts. Shows neither: people swap them, and then the secret is where the id should be.
fn check_pair(access_key_id: &str, secret: &Secret, at: &str, problems: &mut Problems) {
    let field = format!("{at}.access_key_id");
    let letter = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    check_part(access_key_id, 20, 30, letter, "`A`-`Z` and `2`-`7`", &field, problems);
    let field = format!("{at}.raw_secret_access_key");
    if secret.expose() == WITHHELD {
        let what = "was withheld when this document was written";
        problems.add(field, "KS-06", what, "put the secret back, or name an environment variable or a file");
        return;
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '=');
    check_part(secret.expose(), 43, 64, letter, "letters, digits, `/`, `+` and `=`", &field, problems);
}

fn check_part(
    text: &str,
    shortest: usize,
    longest: usize,
    letter: impl Fn(char) -> bool,
    letters: &str,
    field: &str,
    problems: &mut Problems,
) {
    let help = format!("take it as the proxy gave it out: {shortest} to {longest} characters of {letters}");
    let length = text.chars().count();
    let strange = text.chars().filter(|c| !letter(*c)).count();
    if text.is_empty() {
        problems.add(field, "KS-05", "is missing", help);
    } else if !(shortest..=longest).contains(&length) {
        problems.add(field, "KS-05", format!("is {length} characters long"), help);
    } else if strange > 0 {
        problems.add(field, "KS-05", format!("has {strange} of {length} characters that do not belong there"), help);
    }
}

/// Checks the name of an environment variable. Does not show it: somebody may have put the secret in its place.
fn check_variable(name: &str, field: &str, problems: &mut Problems) {
    let help = "write the name of an environment variable such as `XKS_SECRET`";
    let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let has = |kind: fn(&u8) -> bool| name.bytes().any(|b| kind(&b));
    let like_a_secret = name.len() >= 43 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if name.is_empty() {
        problems.add(field, None, "is missing", help);
    } else if !name.bytes().all(valid) || name.starts_with(|c: char| c.is_ascii_digit()) || like_a_secret {
        problems.add(field, None, "is not the name of an environment variable", help);
    }
}

fn variable(name: &str) -> Result<String, CredentialError> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => {
            CredentialError::new(format!("the environment variable `{name}` is not set"), "set it")
        }
        std::env::VarError::NotUnicode(_) => {
            let help = "set it to the text that the proxy gave out";
            CredentialError::new(format!("the environment variable `{name}` is not text"), help)
        }
    })
}

/// The file that proxies export for the console of AWS KMS, or the credential object of it alone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConfigurationFile {
    pub(crate) xks_proxy_uri_path: Option<String>,
    xks_proxy_authentication_credential: Option<FilePair>,
    access_key_id: Option<String>,
    raw_secret_access_key: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilePair {
    access_key_id: Option<String>,
    raw_secret_access_key: Option<Secret>,
}

impl ConfigurationFile {
    pub(crate) fn read(path: &Path) -> Result<Self, CredentialError> {
        let help = "give the path of the configuration file that the proxy exported";
        let text = std::fs::read(path)
            .map(Zeroizing::new)
            .map_err(|error| CredentialError::new(format!("`{}` could not be read: {error}", path.display()), help))?;
        // The message of the JSON reader may quote the file, and so the secret: say the place only.
        serde_json::from_slice(&text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            CredentialError::new(format!("`{}` is not a proxy configuration file: {place}", path.display()), help)
        })
    }

    pub(crate) fn credential(self, path: &Path) -> Result<ProxyCredential, CredentialError> {
        let pair = self.xks_proxy_authentication_credential.unwrap_or(FilePair {
            access_key_id: self.access_key_id,
            raw_secret_access_key: self.raw_secret_access_key,
        });
        let (Some(id), Some(secret)) = (pair.access_key_id, pair.raw_secret_access_key) else {
            return Err(CredentialError::new(
                format!("`{}` holds no `AccessKeyId` and `RawSecretAccessKey`", path.display()),
                "give the path of the configuration file that the proxy exported",
            ));
        };
        ProxyCredential::new(id, secret).map_err(|CredentialError { what, help }| {
            CredentialError::new(format!("in `{}`: {what}", path.display()), help)
        })
    }
}
