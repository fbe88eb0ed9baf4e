//! One API call as the services see it: who asks, for what, with which parameters; and how a service refuses.
//!
//! Parameters and answers are JSON values whatever the protocol; `wire` turns them from and to what travels.

use std::time::Duration;

use serde_json::Value;

/// A decoded request. `input` holds the parameters under their wire names, for example `{"VpcId": "vpc-1",
/// "TagSpecification": [{"ResourceType": "vpc", "Tag": [{"Key": "k", "Value": "v"}]}]}`. In the query protocols every
/// leaf is a string and every indexed parameter is an array.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) operation: String,
    pub(crate) input: Value,
    /// Simulated time at which the service handles the call.
    pub(crate) now: Duration,
}

/// A refusal in the service's own words.
#[derive(Clone, Debug)]
pub(crate) struct Fail {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// What a service answers: the output members under their wire names, or a refusal.
pub(crate) type Answer = Result<Value, Fail>;

impl Fail {
    /// A client error (HTTP 400), the usual case.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    /// The same with another HTTP status.
    pub(crate) fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, ..Self::new(code, message) }
    }
}

impl Call {
    /// A text parameter, if given. Numbers and booleans of the JSON protocol come as text too.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text_of(&self.input[name])
    }

    /// A text parameter that must be given.
    pub(crate) fn need(&self, name: &str) -> Result<String, Fail> {
        self.text(name)
            .ok_or_else(|| Fail::new("MissingParameter", format!("The request must contain the parameter {name}")))
    }

    /// A list parameter; a single value counts as a list of one, an absent one as empty.
    pub(crate) fn list(&self, name: &str) -> Vec<Value> {
        list_of(&self.input[name])
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(text_of).collect()
    }

    /// A boolean parameter (`true` or `false` in any case), if given.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text.eq_ignore_ascii_case("true"))
    }

    /// An integer parameter, if given and a number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|text| text.parse().ok())
    }
}

/// The text of a JSON leaf.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The items of a JSON list; a single value counts as a list of one, null as empty.
pub(crate) fn list_of(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}
