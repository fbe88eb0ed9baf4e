//! Documents of the core.

use std::sync::Arc;

use napi_derive::napi;
use xkslink_embed::{Document as Data, Kind};

use crate::failure::{Outcome, outcome};

/// A spec, a plan, a report or another document of the core.
#[napi]
#[derive(Debug)]
pub struct Document {
    pub(crate) data: Arc<Data>,
}

impl Document {
    pub(crate) fn of(data: Data) -> Self {
        Self { data: Arc::new(data) }
    }
}

/// Reads a document of a kind from JSON.
#[napi]
#[must_use]
pub fn document(kind: String, text: String) -> Outcome<Document> {
    outcome(|| Data::from_json(Kind::named(&kind)?, &text).map(Document::of))
}

/// Reads a spec from `json`, `toml` or `yaml`.
#[napi]
#[must_use]
pub fn spec(format: String, text: String) -> Outcome<Document> {
    outcome(|| xkslink_embed::spec(&format, &text).map(Document::of))
}

/// Whom a text accuses.
#[napi]
#[must_use]
pub fn diagnosis_of_text(text: String) -> Outcome<Document> {
    outcome(|| Ok(Document::of(Data::diagnosis_of_text(&text))))
}

#[napi]
impl Document {
    /// Which document it is.
    #[napi(getter)]
    pub fn kind(&self) -> &'static str {
        self.data.kind().as_str()
    }

    /// The JSON document. Holds no secret.
    #[napi]
    pub fn to_json(&self) -> Outcome<String> {
        outcome(|| self.data.to_json())
    }

    /// A spec in `json`, `toml` or `yaml`.
    #[napi]
    pub fn to_format(&self, format: String) -> Outcome<String> {
        outcome(|| self.data.to_format(&format))
    }

    /// Text for people.
    #[napi]
    pub fn text(&self) -> Outcome<String> {
        outcome(|| self.data.text())
    }

    /// Markdown.
    #[napi]
    pub fn to_markdown(&self) -> Outcome<String> {
        outcome(|| self.data.to_markdown())
    }

    /// The topology of a plan or the timeline of a report, as an SVG picture.
    #[napi]
    pub fn to_svg(&self) -> Outcome<String> {
        outcome(|| self.data.to_svg())
    }

    /// A plan's topology as a Mermaid flowchart.
    #[napi]
    pub fn to_mermaid(&self) -> Outcome<String> {
        outcome(|| self.data.to_mermaid())
    }

    /// A report or a verification as one HTML file.
    #[napi]
    pub fn to_html(&self) -> Outcome<String> {
        outcome(|| self.data.to_html())
    }

    /// The policies for a verb, as JSON.
    #[napi]
    pub fn policies(&self, verb: String) -> Outcome<String> {
        outcome(|| Ok(self.data.policies(&verb)?.to_string()))
    }

    /// What a plan needs a yes for, as JSON.
    #[napi]
    pub fn needs_consent(&self) -> Outcome<String> {
        outcome(|| Ok(self.data.needs_consent()?.to_string()))
    }

    /// Seconds that the longest chain of a plan usually takes.
    #[napi]
    pub fn usually_takes_seconds(&self) -> Outcome<f64> {
        outcome(|| Ok(self.data.usually_takes_seconds()? as f64))
    }

    /// Facts judged by every rule.
    #[napi]
    pub fn verified(&self) -> Outcome<Document> {
        outcome(|| self.data.verified().map(Document::of))
    }

    /// Facts and what was told, as a diagnosis.
    #[napi]
    pub fn diagnosed(&self, told: String) -> Outcome<Document> {
        outcome(|| self.data.diagnosed(&told).map(Document::of))
    }
}
