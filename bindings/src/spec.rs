//! Specs as records, and as documents in JSON, TOML and YAML.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use xkslink_embed::Document;

use crate::document::{content, convert};
use crate::failure::XksError;
use crate::types::{Connectivity, Credential};

/// A secret. It goes in and never comes out again, so that no text of an object that holds it can show it.
#[derive(uniffi::Object)]
pub struct Secret(String);

#[uniffi::export]
impl Secret {
    /// A secret from its text.
    #[uniffi::constructor]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl Secret {
    pub(crate) fn expose(&self) -> String {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret inside of a spec that is on its way to the core.
pub(crate) mod withheld {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Secret;

    pub(crate) fn serialize<S: Serializer>(secret: &Arc<Secret>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&secret.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Secret>, D::Error> {
        String::deserialize(from).map(|text| Arc::new(Secret(text)))
    }
}

/// How a spec is written.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Toml => "toml",
            Self::Yaml => "yaml",
        }
    }
}

/// What can be done with a spec that needs rights to read.
#[derive(Clone, Copy, Debug, Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum ReadingVerb {
    /// How the store stands.
    Status,
    /// Which rules hold.
    Verify,
    /// Why it does not work.
    Diagnose,
    /// What no AWS API tells.
    Probe,
}

impl Connectivity {
    /// The spec as the core reads it.
    pub(crate) fn document(&self) -> Result<Arc<Document>, XksError> {
        let mut fields = json!(self);
        fields["version"] = Value::from(1);
        Ok(Arc::new(xkslink_embed::spec("json", &fields.to_string())?))
    }

    fn of(document: &Document) -> Result<Self, XksError> {
        let mut spec: Self = content(document)?;
        let credential = spec.key_store.as_mut().map(|store| &mut store.credential);
        if let (Some(secret), Some(Credential::Value { raw_secret_access_key, .. })) = (document.secret(), credential) {
            *raw_secret_access_key = Arc::new(Secret(secret));
        }
        Ok(spec)
    }
}

/// Reads a spec from a document. Throws with every problem at once.
#[uniffi::export]
pub fn read_spec(text: String, format: Format) -> Result<Connectivity, XksError> {
    Connectivity::of(&xkslink_embed::spec(format.name(), &text)?)
}

/// Checks a spec and writes it as a document, with every default written out. A secret is withheld.
#[uniffi::export]
pub fn write_spec(spec: Connectivity, format: Format) -> Result<String, XksError> {
    Ok(spec.document()?.to_format(format.name())?)
}

/// The IAM policies that a verb which only reads needs, as JSON: `role`, `iam` and `statements` of each.
#[uniffi::export]
pub fn policies_for_reading(spec: Connectivity, verb: ReadingVerb) -> Result<String, XksError> {
    let verb: String = convert(&verb)?;
    Ok(spec.document()?.policies(&verb)?.to_string())
}

/// The JSON Schema (2020-12) of a sort of documents: `connectivity` is a spec, the others are named as what verbs give.
#[uniffi::export]
pub fn schema(name: String) -> Result<String, XksError> {
    Ok(xkslink_embed::schema(&name)?)
}
