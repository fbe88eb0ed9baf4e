//! What verbs hand back: the core's documents behind one handle, with their JSON and their texts.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use xkslink::facts::Facts;
use xkslink::policy::{Policy, Reading};
use xkslink::probe::ProbeReport;
use xkslink::spec::{Connectivity, Credential};
use xkslink::{Diagnosis, Event, Plan, Report, Status, Verification};

use crate::failure::{Failure, Result};

/// A document of the core.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Document {
    /// What is wanted. Written as JSON, a secret in it is withheld; the handle keeps it.
    Spec(Box<Connectivity>),
    /// What would change.
    Plan(Box<Plan>),
    /// What an apply or a teardown did.
    Report(Box<Report>),
    /// How a store stands.
    Status(Box<Status>),
    /// Which rules hold.
    Verification(Box<Verification>),
    /// Why it does not work.
    Diagnosis(Box<Diagnosis>),
    /// What a probe saw.
    Probe(Box<ProbeReport>),
    /// What AWS and a probe told.
    Facts(Box<Facts>),
}

/// Which document.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// [`Document::Spec`]
    Spec,
    /// [`Document::Plan`]
    Plan,
    /// [`Document::Report`]
    Report,
    /// [`Document::Status`]
    Status,
    /// [`Document::Verification`]
    Verification,
    /// [`Document::Diagnosis`]
    Diagnosis,
    /// [`Document::Probe`]
    Probe,
    /// [`Document::Facts`]
    Facts,
}

/// Reads a spec from a document in `json`, `toml` or `yaml`.
///
/// # Errors
/// `invalid_spec` with every problem; `invalid_argument` for another format.
pub fn spec(format: &str, text: &str) -> Result<Document> {
    let spec = match format {
        "json" => Connectivity::from_json(text)?,
        "toml" => Connectivity::from_toml(text)?,
        "yaml" => Connectivity::from_yaml(text)?,
        other => return Err(unknown_format(other)),
    };
    Ok(Document::Spec(Box::new(spec)))
}

/// The JSON Schema of a sort of documents: `connectivity` is a spec, the others are named as what verbs give.
///
/// # Errors
/// `invalid_argument` when there is no such sort.
pub fn schema(name: &str) -> Result<String> {
    let mut schemas = xkslink::schemas();
    schemas.remove(name).ok_or_else(|| {
        let known: Vec<_> = schemas.into_keys().map(|name| format!("`{name}`")).collect();
        Failure::argument(
            "name",
            format!("`{name}` is no sort of documents"),
            format!("write one of {}", known.join(", ")),
        )
    })
}

/// An event as its JSON document and its line for people.
///
/// # Errors
/// None that is known.
pub fn event(event: &Event) -> Result<(String, String)> {
    Ok((json!(event).to_string(), event.to_string()))
}

const VERBS: &str = "ask a plan for `apply`, a spec for `status`, `verify`, `diagnose` or `probe`";

fn reading(verb: &str) -> Result<Reading> {
    let unknown = |_| Failure::argument("verb", format!("`{verb}` is not known"), VERBS);
    serde_json::from_value(json!(verb)).map_err(unknown)
}

fn unknown_format(name: &str) -> Failure {
    Failure::argument("format", format!("`{name}` is not known"), "write `json`, `toml` or `yaml`")
}

fn read<T: DeserializeOwned>(kind: Kind, text: &str) -> Result<Box<T>> {
    let read = serde_json::from_str(text);
    read.map(Box::new).map_err(|error| {
        Failure::argument("document", format!("not a {}: {error}", kind.as_str()), "give a document that xkslink wrote")
    })
}

impl Kind {
    /// Its name in snake case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Plan => "plan",
            Self::Report => "report",
            Self::Status => "status",
            Self::Verification => "verification",
            Self::Diagnosis => "diagnosis",
            Self::Probe => "probe",
            Self::Facts => "facts",
        }
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// `invalid_argument` for another name.
    pub fn named(name: &str) -> Result<Self> {
        serde_json::from_value(json!(name))
            .map_err(|_| Failure::argument("kind", format!("`{name}` is not a document"), "write `plan`, `report` …"))
    }
}

impl Document {
    /// Reads a document that [`Document::to_json`] wrote.
    ///
    /// # Errors
    /// `invalid_spec` for a spec or a plan that is none, `invalid_argument` for any other document.
    pub fn from_json(kind: Kind, text: &str) -> Result<Self> {
        Ok(match kind {
            Kind::Spec => return spec("json", text),
            Kind::Plan => Self::Plan(Box::new(Plan::from_json(text)?)),
            Kind::Report => Self::Report(read(kind, text)?),
            Kind::Status => Self::Status(read(kind, text)?),
            Kind::Verification => Self::Verification(read(kind, text)?),
            Kind::Diagnosis => Self::Diagnosis(read(kind, text)?),
            Kind::Probe => Self::Probe(read(kind, text)?),
            Kind::Facts => Self::Facts(read(kind, text)?),
        })
    }

    /// Which document it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Spec(_) => Kind::Spec,
            Self::Plan(_) => Kind::Plan,
            Self::Report(_) => Kind::Report,
            Self::Status(_) => Kind::Status,
            Self::Verification(_) => Kind::Verification,
            Self::Diagnosis(_) => Kind::Diagnosis,
            Self::Probe(_) => Kind::Probe,
            Self::Facts(_) => Kind::Facts,
        }
    }

    /// The JSON document, as the core writes it. Holds no secret.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_json(&self) -> Result<String> {
        Ok(match self {
            Self::Spec(spec) => spec.to_json()?,
            Self::Plan(plan) => plan.to_json(),
            Self::Report(report) => report.to_json(),
            Self::Status(status) => status.to_json(),
            Self::Verification(verification) => verification.to_json(),
            Self::Diagnosis(diagnosis) => diagnosis.to_json(),
            Self::Probe(report) => report.to_json(),
            Self::Facts(facts) => serde_json::to_string_pretty(facts).unwrap_or_default(),
        })
    }

    /// A spec in `json`, `toml` or `yaml`.
    ///
    /// # Errors
    /// `invalid_argument` for another format, or a document that is no spec.
    pub fn to_format(&self, format: &str) -> Result<String> {
        let spec = self.as_spec()?;
        match format {
            "json" => Ok(spec.to_json()?),
            "toml" => Ok(spec.to_toml()?),
            "yaml" => Ok(spec.to_yaml()?),
            other => Err(unknown_format(other)),
        }
    }

    /// The secret of a spec's credential that is given by value. Only for the caller's own objects, never for an output.
    #[must_use]
    pub fn secret(&self) -> Option<String> {
        match self.as_spec().ok()?.key_store().map(|store| &store.credential) {
            Some(Credential::Value { raw_secret_access_key, .. }) => Some(raw_secret_access_key.expose().to_owned()),
            _ => None,
        }
    }

    /// Text for people; the JSON document where the core has no text.
    ///
    /// # Errors
    /// None that is known.
    pub fn text(&self) -> Result<String> {
        Ok(match self {
            Self::Spec(spec) => spec.to_yaml()?,
            Self::Plan(plan) => plan.to_string(),
            Self::Status(status) => status.to_string(),
            Self::Verification(verification) => verification.to_string(),
            Self::Diagnosis(diagnosis) => diagnosis.to_string(),
            Self::Probe(report) => report.to_string(),
            Self::Report(report) => report.to_string(),
            Self::Facts(_) => self.to_json()?,
        })
    }

    /// The document as Markdown; its text, in a block, where the core has no Markdown.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_markdown(&self) -> Result<String> {
        Ok(match self {
            Self::Plan(plan) => plan.to_markdown(),
            Self::Report(report) => report.to_markdown(),
            Self::Verification(verification) => verification.to_markdown(),
            Self::Diagnosis(diagnosis) => diagnosis.to_markdown(),
            Self::Spec(_) | Self::Status(_) | Self::Probe(_) | Self::Facts(_) => {
                format!("```text\n{}```\n", self.text()?)
            }
        })
    }

    /// The topology of a plan or the timeline of a report, as an SVG picture.
    ///
    /// # Errors
    /// `invalid_argument` for a document that has no picture.
    pub fn to_svg(&self) -> Result<String> {
        match self {
            Self::Plan(plan) => Ok(plan.to_svg()),
            Self::Report(report) => Ok(report.to_svg()),
            other => Err(other.is_not(Kind::Plan)),
        }
    }

    /// The topology that a plan leads to, as a Mermaid flowchart.
    ///
    /// # Errors
    /// `invalid_argument` for a document that is no plan.
    pub fn to_mermaid(&self) -> Result<String> {
        Ok(self.as_plan()?.to_mermaid())
    }

    /// A report or a verification as one HTML file.
    ///
    /// # Errors
    /// `invalid_argument` for another document.
    pub fn to_html(&self) -> Result<String> {
        match self {
            Self::Report(report) => Ok(report.to_html()),
            Self::Verification(verification) => Ok(verification.to_html()),
            other => Err(other.is_not(Kind::Verification)),
        }
    }

    /// The policies that a plan needs, for `apply`, or that another verb needs for a spec, as `xkslink::policy::Reading`: a
    /// list of `role`, `iam` (a document in IAM's own form) and `statements`.
    ///
    /// # Errors
    /// `invalid_argument` for another document or verb.
    pub fn policies(&self, verb: &str) -> Result<Value> {
        let policies = match self {
            Self::Plan(plan) if verb == "apply" => plan.policies(),
            Self::Spec(spec) => Policy::for_reading(reading(verb)?, &**spec),
            other => return Err(Failure::argument("verb", format!("`{verb}` of a {}", other.kind().as_str()), VERBS)),
        };
        let shown = |policy: &Policy| {
            let iam: Value = serde_json::from_str(&policy.to_json()).unwrap_or_default();
            json!({"role": policy.role, "iam": iam, "statements": policy.statements})
        };
        Ok(policies.iter().map(shown).collect())
    }

    /// What a plan needs a yes for.
    ///
    /// # Errors
    /// `invalid_argument` for a document that is no plan.
    pub fn needs_consent(&self) -> Result<Value> {
        Ok(json!(self.as_plan()?.needs_consent()))
    }

    /// Seconds that the longest chain of a plan usually takes.
    ///
    /// # Errors
    /// `invalid_argument` for a document that is no plan.
    pub fn usually_takes_seconds(&self) -> Result<u64> {
        Ok(self.as_plan()?.usually_takes().as_secs())
    }

    /// Facts judged by every rule.
    ///
    /// # Errors
    /// `invalid_argument` for a document that is no facts.
    pub fn verified(&self) -> Result<Self> {
        Ok(Self::Verification(Box::new(Verification::of(self.as_facts()?))))
    }

    /// Facts and what was told, as a diagnosis.
    ///
    /// # Errors
    /// `invalid_argument` for a document that is no facts.
    pub fn diagnosed(&self, told: &str) -> Result<Self> {
        Ok(Self::Diagnosis(Box::new(Diagnosis::of(self.as_facts()?, told))))
    }

    /// Whom a text accuses, without a look at AWS.
    #[must_use]
    pub fn diagnosis_of_text(text: &str) -> Self {
        Self::Diagnosis(Box::new(Diagnosis::of_text(text)))
    }

    pub(crate) fn as_spec(&self) -> Result<&Connectivity> {
        if let Self::Spec(spec) = self { Ok(spec) } else { Err(self.is_not(Kind::Spec)) }
    }

    pub(crate) fn as_plan(&self) -> Result<&Plan> {
        if let Self::Plan(plan) = self { Ok(plan) } else { Err(self.is_not(Kind::Plan)) }
    }

    fn as_facts(&self) -> Result<&Facts> {
        if let Self::Facts(facts) = self { Ok(facts) } else { Err(self.is_not(Kind::Facts)) }
    }

    fn is_not(&self, wanted: Kind) -> Failure {
        let wanted = wanted.as_str();
        Failure::argument(wanted, format!("is a {}", self.kind().as_str()), format!("give a {wanted}"))
    }
}
