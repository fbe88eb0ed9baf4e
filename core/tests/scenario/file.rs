//! What a scenario file may say. Unknown words are refused, so a misspelt expectation cannot pass by saying nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use xkslink::{Consent, ErrorKind};

use super::{home, values};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Base spec: a file of `specs/`, without ending.
    pub spec: String,
    #[serde(default)]
    pub edit: Map<String, Value>,
    #[serde(default)]
    pub drop: Vec<String>,
    /// Account of the key store, if another.
    pub kms_account: Option<String>,
    #[serde(default = "usual_zones")]
    pub hosted_zones: Vec<String>,
    #[serde(default)]
    pub world: Vec<Value>,
    pub runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Plan,
    Apply,
    Teardown,
    Status,
    Verify,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub verb: Verb,
    #[serde(default)]
    pub before: Vec<Value>,
    #[serde(default)]
    pub between: Vec<Value>,
    #[serde(default)]
    pub during: Vec<Value>,
    #[serde(default)]
    pub on_publish: Vec<Value>,
    #[serde(default)]
    pub edit: Map<String, Value>,
    #[serde(default)]
    pub drop: Vec<String>,
    #[serde(default)]
    pub consent: Vec<Consent>,
    #[serde(default)]
    pub by_name: bool,
    /// What to verify: a key store, its id, or an endpoint service.
    pub target: Option<String>,
    #[serde(default)]
    pub through_json: bool,
    /// Seconds after which the caller lets go of the future.
    pub cut: Option<f64>,

    // What is expected.
    pub outcome: Option<String>,
    pub connection: Option<String>,
    pub error: Option<ErrorKind>,
    pub aws_code: Option<String>,
    pub resource: Option<String>,
    #[serde(default)]
    pub message: Texts,
    #[serde(default)]
    pub help: Texts,
    pub steps: Option<Vec<String>>,
    pub fields: Option<Vec<String>>,
    pub notes: Option<Vec<String>>,
    pub done: Option<Vec<String>>,
    pub failed: Option<Vec<String>>,
    #[serde(default)]
    pub why: Texts,
    pub skipped: Option<Vec<String>>,
    pub standing: Option<BTreeMap<String, String>>,
    pub fails: Option<Vec<String>>,
    #[serde(default)]
    pub calls: BTreeMap<String, usize>,
    #[serde(default)]
    pub never_calls: Vec<String>,
    pub writes: Option<usize>,
    #[serde(default)]
    pub world: BTreeMap<String, usize>,
    pub next_plan: Option<NextPlan>,
    pub at_least_seconds: Option<f64>,
    pub at_most_seconds: Option<f64>,
}

/// One text or several.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

/// `"empty"` or the steps that are left.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum NextPlan {
    Word(String),
    Steps(Vec<String>),
}

impl Texts {
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        match self {
            Self::None => [].iter(),
            Self::One(text) => std::slice::from_ref(text).iter(),
            Self::Many(texts) => texts.iter(),
        }
    }
}

impl NextPlan {
    pub fn steps(&self) -> &[String] {
        match self {
            Self::Word(word) => {
                assert_eq!(word, "empty", "`next_plan` is `empty` or a list of steps");
                &[]
            }
            Self::Steps(steps) => steps,
        }
    }
}

fn usual_zones() -> Vec<String> {
    vec!["example.com".to_owned()]
}

impl Scenario {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        toml::from_str(&text).map_err(|error| error.to_string())
    }

    /// The spec document that the first run begins with.
    pub fn document(&self) -> Value {
        let mut document = base(&self.spec);
        change(&mut document, &self.edit, &self.drop);
        document
    }
}

/// A spec of `specs/`.
pub fn base(name: &str) -> Value {
    let path = home().join("specs").join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Merges `edit` into a document; a table with another `type` replaces the old one. Then drops fields.
pub fn change(document: &mut Value, edit: &Map<String, Value>, drop: &[String]) {
    merge(document, &Value::Object(edit.clone()));
    for path in drop {
        values::remove(document, path);
    }
}

fn merge(old: &mut Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new))
            if new.get("type").is_none_or(|sort| old.get("type") == Some(sort)) =>
        {
            for (key, value) in new {
                merge(old.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new.clone(),
    }
}
