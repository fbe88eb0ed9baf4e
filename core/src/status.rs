//! How a store stands: each resource, and whether it is as the spec asks.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::observed::Observed;
use crate::plan::steps::steps;
use crate::plan::{Action, Step};
use crate::report::Ids;
use crate::resource::{Change, ResourceId};

/// How a store stands.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// The store.
    pub store: String,
    /// The Region.
    pub region: String,
    /// Every resource that the spec asks for.
    pub resources: Vec<ResourceStatus>,
    /// Ids and names of what exists.
    pub ids: Ids,
}

/// How one resource stands.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ResourceStatus {
    /// The resource.
    pub resource: ResourceId,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// How a resource stands.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum Standing {
    /// As the spec asks.
    AsWanted,
    /// There, but these fields differ.
    Differs {
        /// The fields.
        changes: Vec<Change>,
    },
    /// Not there.
    Missing,
}

impl Status {
    pub(crate) fn new(store: &str, region: &str, desired: &Desired, observed: &Observed) -> Self {
        let steps = steps(desired, observed);
        let standing = |resource: ResourceId| {
            let step = steps.iter().find(|step| step.resource == resource);
            ResourceStatus { standing: step.map_or(Standing::AsWanted, Standing::of), resource }
        };
        Self {
            version: 1,
            store: store.to_owned(),
            region: region.to_owned(),
            resources: desired.resources().into_iter().map(standing).collect(),
            ids: Ids::read(observed),
        }
    }

    /// Whether everything is as the spec asks.
    pub fn as_wanted(&self) -> bool {
        self.resources.iter().all(|each| each.standing == Standing::AsWanted)
    }

    /// The status as a JSON document. Holds no secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Standing {
    fn of(step: &Step) -> Self {
        match step.action {
            Action::Create => Self::Missing,
            Action::Update | Action::Replace | Action::Delete => Self::Differs { changes: step.changes.clone() },
        }
    }
}

/// A line for each resource.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}` in {}", self.store, self.region)?;
        for each in &self.resources {
            let (sign, word) = match &each.standing {
                Standing::AsWanted => ("ok", String::new()),
                Standing::Missing => ("--", "missing".to_owned()),
                Standing::Differs { changes } => {
                    let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
                    ("~~", format!("differs: {}", fields.join(", ")))
                }
            };
            writeln!(f, "{}", format!("  {sign} {:<21} {word}", each.resource.to_string()).trim_end())?;
        }
        Ok(())
    }
}
