//! The JSON Schemas (2020-12) of all documents: of what is written, so that types can be made from them in any language.
//!
//! A spec is the only document that people write; its schema says what is read, and is compared with every document.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::apply::event::Event;
use crate::diagnose::Diagnosis;
use crate::error::ErrorDetails;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::probe::ProbeReport;
use crate::report::Report;
use crate::spec::{Connectivity, schema_id};
use crate::status::Status;
use crate::verify::Verification;

/// The JSON Schema of every document, by its name: `plan` is published as `schema/plan.schema.json`.
///
/// Each document has a `version`, which a later form counts up. A reader should let members pass that it does not know:
/// new ones may come without a new version.
#[must_use]
pub fn schemas() -> BTreeMap<&'static str, String> {
    let schemas = [
        ("connectivity", Connectivity::schema()),
        ("diagnosis", of::<Diagnosis>("diagnosis")),
        ("error", of::<ErrorDetails>("error")),
        ("event", of::<Event>("event")),
        ("plan", of::<Plan>("plan")),
        ("policies", of::<Policies>("policies")),
        ("probe", of::<ProbeReport>("probe")),
        ("report", of::<Report>("report")),
        ("status", of::<Status>("status")),
        ("verification", of::<Verification>("verification")),
    ];
    schemas.map(|(name, schema)| (name, format!("{schema:#}\n"))).into()
}

/// What [`Plan::policies`] gives.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Policies(Vec<Policy>);

fn of<T: JsonSchema>(name: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), schema_id(name).into());
    schema.to_value()
}
