//! What verbs hand back: a handle for each sort of document, with its typed content, its JSON and its texts.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use xkslink_embed::{Document, Failure, Kind};

use crate::failure::XksError;
use crate::types::{
    DiagnosisDocument, PlanDocument, ProbeDocument, ReportDocument, StatusDocument, VerificationDocument,
};

/// One form of plain data as another.
pub(crate) fn convert<T: DeserializeOwned>(data: &impl Serialize) -> Result<T, Failure> {
    serde_json::from_value(json!(data)).map_err(unexpected)
}

/// What a document says, as the type that its schema gave.
pub(crate) fn content<T: DeserializeOwned>(document: &Document) -> Result<T, Failure> {
    serde_json::from_str(&document.to_json()?).map_err(unexpected)
}

fn unexpected(error: serde_json::Error) -> Failure {
    Failure::argument("document", format!("is not as its schema says: {error}"), "please report this")
}

/// A handle of a document, with what every document has.
macro_rules! handle {
    ($(#[$about:meta])* $name:ident of $kind:ident: $content:ident) => {
        $(#[$about])*
        #[derive(Debug, uniffi::Object)]
        pub struct $name(pub(crate) Arc<Document>);

        impl $name {
            pub(crate) fn of(document: Arc<Document>) -> Arc<Self> {
                Arc::new(Self(document))
            }
        }

        impl From<Arc<Document>> for $name {
            fn from(document: Arc<Document>) -> Self {
                Self(document)
            }
        }

        #[uniffi::export]
        impl $name {
            /// Reads a document that `to_json` wrote.
            #[uniffi::constructor]
            pub fn from_json(text: String) -> Result<Arc<Self>, XksError> {
                Ok(Self::of(Arc::new(Document::from_json(Kind::$kind, &text)?)))
            }

            /// The document as JSON, the same in every language. Holds no secret.
            pub fn to_json(&self) -> Result<String, XksError> {
                Ok(self.0.to_json()?)
            }

            /// Text for people.
            pub fn text(&self) -> Result<String, XksError> {
                Ok(self.0.text()?)
            }

            /// The document as Markdown.
            pub fn to_markdown(&self) -> Result<String, XksError> {
                Ok(self.0.to_markdown()?)
            }
        }

        handle!(content $name $content);
    };
    (content $name:ident Untyped) => {};
    (content $name:ident $content:ident) => {
        #[uniffi::export]
        impl $name {
            /// What the document says.
            pub fn content(&self) -> Result<$content, XksError> {
                Ok(content(&self.0)?)
            }
        }
    };
}

handle! {
    /// What would change, before anything does. Applying it is approving it.
    Plan of Plan: PlanDocument
}
handle! {
    /// What an apply or a teardown did.
    Report of Report: ReportDocument
}
handle! {
    /// How each resource of a store stands.
    Status of Status: StatusDocument
}
handle! {
    /// Which rules hold.
    Verification of Verification: VerificationDocument
}
handle! {
    /// Why a store does not work: the causes, the likeliest first.
    Diagnosis of Diagnosis: DiagnosisDocument
}
handle! {
    /// What a probe of DNS, TLS and the proxy API saw.
    ProbeReport of Probe: ProbeDocument
}
handle! {
    /// What AWS and a probe told of a store, for rules and diagnosis without another look.
    Facts of Facts: Untyped
}

/// What a plan may do beyond creating and updating, once the caller says so.
#[derive(Clone, Copy, Debug, Serialize, serde::Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Replace what AWS cannot change in place.
    Replace,
    /// Delete what the spec asks for no more.
    Delete,
    /// Disconnect the key store, whose keys fail meanwhile.
    Disconnect,
    /// Go on although rules are broken.
    DespiteRules,
}

#[uniffi::export]
impl Plan {
    /// What has to be agreed to before the plan can be applied.
    pub fn needs_consent(&self) -> Result<Vec<Consent>, XksError> {
        Ok(convert(&self.0.needs_consent()?)?)
    }

    /// Seconds that AWS usually takes for the longest chain of steps.
    pub fn usually_takes_seconds(&self) -> Result<i64, XksError> {
        Ok(i64::try_from(self.0.usually_takes_seconds()?).unwrap_or(i64::MAX))
    }

    /// The IAM policies that the plan needs, as JSON: `role`, `iam` (a document in IAM's own form) and `statements` of each.
    pub fn policies(&self) -> Result<String, XksError> {
        Ok(self.0.policies("apply")?.to_string())
    }

    /// The topology that the plan leads to, as an SVG picture.
    pub fn to_svg(&self) -> Result<String, XksError> {
        Ok(self.0.to_svg()?)
    }

    /// The same as a Mermaid flowchart.
    pub fn to_mermaid(&self) -> Result<String, XksError> {
        Ok(self.0.to_mermaid()?)
    }
}

#[uniffi::export]
impl Report {
    /// When each step ran, as an SVG picture.
    pub fn to_svg(&self) -> Result<String, XksError> {
        Ok(self.0.to_svg()?)
    }

    /// One HTML file to keep or send: how it ended, the timeline, and the text.
    pub fn to_html(&self) -> Result<String, XksError> {
        Ok(self.0.to_html()?)
    }
}

#[uniffi::export]
impl Verification {
    /// One HTML file to keep as evidence.
    pub fn to_html(&self) -> Result<String, XksError> {
        Ok(self.0.to_html()?)
    }
}

#[uniffi::export]
impl Facts {
    /// Judged by every rule.
    pub fn verify(&self) -> Result<Arc<Verification>, XksError> {
        Ok(Verification::of(Arc::new(self.0.verified()?)))
    }

    /// The causes of what was told: an exception, a ConnectionErrorCode, a message, a log.
    pub fn diagnose(&self, told: String) -> Result<Arc<Diagnosis>, XksError> {
        Ok(Diagnosis::of(Arc::new(self.0.diagnosed(&told)?)))
    }
}

/// Whom an error message accuses, without a look at AWS. Nothing of the text is kept.
#[uniffi::export]
pub fn diagnose_text(text: String) -> Arc<Diagnosis> {
    Diagnosis::of(Arc::new(Document::diagnosis_of_text(&text)))
}
