//! Policy documents, read once. What the simulator does not understand it refuses rather than ignores.

use serde_json::{Map, Value};

use crate::call::{list_of, text_of};

/// A policy document.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// One key of a condition block.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) operator: Operator,
    /// Lower case: condition keys are case-insensitive.
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// `ForAllValues:StringNotLikeIfExists`, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    pub(super) set: SetRule,
    pub(super) test: Test,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SetRule {
    Single,
    ForAll,
    ForAny,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Null,
}

impl Policy {
    pub(super) fn parse(document: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(document).map_err(|error| format!("no JSON document: {error}"))?;
        let statements = list_of(&document["Statement"]);
        if statements.is_empty() {
            return Err("a policy with no statement".to_owned());
        }
        Ok(Self { statements: statements.iter().map(statement).collect::<Result<_, _>>()? })
    }
}

fn statement(value: &Value) -> Result<Statement, String> {
    let members = value.as_object().ok_or("a statement must be an object")?;
    const KNOWN: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];
    if let Some(other) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("the simulator does not understand `{other}` in a statement"));
    }
    let effect = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("Effect must be `Allow` or `Deny`".to_owned()),
    };
    Ok(Statement {
        effect,
        actions: patterns(members, "Action")?,
        resources: patterns(members, "Resource")?,
        conditions: conditions(members.get("Condition"))?,
    })
}

fn patterns(members: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let patterns = texts(members.get(name).unwrap_or(&Value::Null));
    if patterns.is_empty() {
        return Err(format!("a statement needs `{name}`"));
    }
    no_variables(&patterns)?;
    Ok(patterns)
}

fn texts(value: &Value) -> Vec<String> {
    list_of(value).iter().filter_map(text_of).collect()
}

fn no_variables(texts: &[String]) -> Result<(), String> {
    match texts.iter().find(|text| text.contains("${")) {
        Some(text) => Err(format!("the simulator does not understand the policy variable in `{text}`")),
        None => Ok(()),
    }
}

fn conditions(block: Option<&Value>) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (operator, keys) in block.and_then(Value::as_object).into_iter().flatten() {
        let operator = Operator::parse(operator)?;
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = texts(values);
            no_variables(&values)?;
            conditions.push(Condition { operator, key: key.to_lowercase(), values });
        }
    }
    Ok(conditions)
}

impl Operator {
    fn parse(name: &str) -> Result<Self, String> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (SetRule::ForAll, rest),
            Some(("ForAnyValue", rest)) => (SetRule::ForAny, rest),
            _ => (SetRule::Single, name),
        };
        let (bare, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |bare| (bare, true));
        let (test, negated) = match bare {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" | "ArnLike" | "ArnEquals" => (Test::Like, false),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Test::Like, true),
            "Null" => (Test::Null, false),
            _ => return Err(format!("the simulator does not understand the condition operator `{name}`")),
        };
        Ok(Self { set, test, negated, if_exists })
    }
}
