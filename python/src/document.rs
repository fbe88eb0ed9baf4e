//! Documents of the core.

use std::sync::Arc;

use pyo3::prelude::*;
use xkslink_embed::{Document as Data, Kind};

use crate::raise::raising;

/// A spec, a plan, a report or another document of the core.
#[pyclass(frozen, module = "xkslink._native")]
pub(crate) struct Document(pub(crate) Arc<Data>);

impl Document {
    pub(crate) fn of(data: Data) -> Self {
        Self(Arc::new(data))
    }
}

#[pymethods]
impl Document {
    /// Reads a document of a kind from JSON.
    #[staticmethod]
    fn from_json(py: Python<'_>, kind: &str, text: &str) -> PyResult<Self> {
        raising(py, || Data::from_json(Kind::named(kind)?, text)).map(Self::of)
    }

    /// Reads a spec from `json`, `toml` or `yaml`.
    #[staticmethod]
    fn spec(py: Python<'_>, format: &str, text: &str) -> PyResult<Self> {
        raising(py, || xkslink_embed::spec(format, text)).map(Self::of)
    }

    /// Whom a text accuses.
    #[staticmethod]
    fn diagnosis_of_text(py: Python<'_>, text: &str) -> PyResult<Self> {
        raising(py, || Ok(Data::diagnosis_of_text(text))).map(Self::of)
    }

    /// Which document it is.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind().as_str()
    }

    /// The JSON document. Holds no secret.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.to_json())
    }

    /// A spec in `json`, `toml` or `yaml`.
    fn to_format(&self, py: Python<'_>, format: &str) -> PyResult<String> {
        raising(py, || self.0.to_format(format))
    }

    /// The secret of a spec's credential, if it is given by value.
    fn secret(&self) -> Option<String> {
        self.0.secret()
    }

    /// Text for people.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.text())
    }

    /// Markdown.
    fn to_markdown(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.to_markdown())
    }

    /// The topology of a plan or the timeline of a report, as an SVG picture.
    fn to_svg(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.to_svg())
    }

    /// A plan's topology as a Mermaid flowchart.
    fn to_mermaid(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.to_mermaid())
    }

    /// A verification as one HTML file.
    fn to_html(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || self.0.to_html())
    }

    /// The policies for a verb, as JSON.
    fn policies(&self, py: Python<'_>, verb: &str) -> PyResult<String> {
        raising(py, || Ok(self.0.policies(verb)?.to_string()))
    }

    /// What a plan needs a yes for, as JSON.
    fn needs_consent(&self, py: Python<'_>) -> PyResult<String> {
        raising(py, || Ok(self.0.needs_consent()?.to_string()))
    }

    /// Seconds that the longest chain of a plan usually takes.
    fn usually_takes_seconds(&self, py: Python<'_>) -> PyResult<u64> {
        raising(py, || self.0.usually_takes_seconds())
    }

    /// Facts judged by every rule.
    fn verified(&self, py: Python<'_>) -> PyResult<Self> {
        raising(py, || self.0.verified()).map(Self::of)
    }

    /// Facts and what was told, as a diagnosis.
    fn diagnosed(&self, py: Python<'_>, told: &str) -> PyResult<Self> {
        raising(py, || self.0.diagnosed(told)).map(Self::of)
    }
}
