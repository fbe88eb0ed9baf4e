//! Specs as documents: JSON, TOML and YAML in one form, and the JSON Schema of that form.
//!
//! The schema is generated from [`ConnectivityBuilder`]. A document is first compared with it, which finds every unknown
//! field and every value of the wrong type in one go; what remains is built like any other spec. So a document in any of the
//! formats and the builder give the same spec or the same problems.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use zeroize::Zeroize;

use super::builder::ConnectivityBuilder;
use super::connectivity::Connectivity;
use super::problem::{Problem, Problems, SpecError};

/// Where the schema of a document is published: its `$id`.
pub(crate) fn schema_id(name: &str) -> String {
    format!("https://raw.githubusercontent.com/xkslink/xkslink/main/schema/{name}.schema.json")
}

/// The most bytes of a document that are read. A spec has some kilobytes.
pub(crate) const LONGEST_DOCUMENT: usize = 1024 * 1024;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ConnectivityBuilder>();
    schema.insert("$id".to_owned(), schema_id("connectivity").into());
    schema.to_value()
});

impl Connectivity {
    /// Reads a spec from JSON.
    ///
    /// A document of any format has 1 MiB at most, and a spec is six levels deep; parsers stop at 128 levels of JSON, 80 of
    /// TOML and 64 of YAML, and where the aliases of YAML stand for more than ten thousand things.
    ///
    /// # Errors
    /// The document is too long, the syntax is broken, or there are problems: all of them at once. An unknown field is one,
    /// too.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        bounded(text)?;
        Self::from_value(
            serde_json::from_str(text).map_err(|error| broken("JSON", Some((error.line(), error.column()))))?,
        )
    }

    /// Reads a spec from TOML.
    ///
    /// # Errors
    /// As for [`from_json`](Self::from_json).
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        bounded(text)?;
        let place = |start: usize| {
            let before = text.get(..start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
        };
        Self::from_value(
            toml::from_str(text).map_err(|error| broken("TOML", error.span().map(|span| place(span.start))))?,
        )
    }

    /// Reads a spec from YAML.
    ///
    /// # Errors
    /// As for [`from_json`](Self::from_json).
    pub fn from_yaml(text: &str) -> Result<Self, SpecError> {
        bounded(text)?;
        let place = |error: &serde_saphyr::Error| {
            error.location().map(|location| (location.line() as usize, location.column() as usize))
        };
        // An alias may stand for aliases, and those for more: a line of text for a million things.
        let limits = serde_saphyr::options! {
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000 },
        };
        let read = serde_saphyr::from_str_with_options(text, limits);
        Self::from_value(read.map_err(|error| broken("YAML", place(&error)))?)
    }

    /// Reads a spec from a document that has been parsed already. A secret in it is moved, not copied.
    ///
    /// # Errors
    /// As for [`from_json`](Self::from_json).
    pub fn from_value(mut document: Value) -> Result<Self, SpecError> {
        let mut reader = Reader::default();
        if !reader.compare(&mut document, &SCHEMA, "") {
            wipe(&mut document);
            return Err(SpecError { problems: reader.problems.into_vec() });
        }
        let Ok(builder) = serde_json::from_value::<ConnectivityBuilder>(document) else {
            // What passed the comparison can be read. If a schema and its type ever part, say so without quoting anything.
            reader.problems.add("", None, "the document does not have the form of the schema", "compare the two");
            return Err(SpecError { problems: reader.problems.into_vec() });
        };
        let mut problems = Problems::default();
        let spec = builder.check(&mut problems);
        let mut found = problems.into_vec();
        found.retain(|problem| !reader.explains(problem));
        let mut problems = reader.problems.into_vec();
        problems.append(&mut found);
        match spec {
            Some(spec) if problems.is_empty() => Ok(spec),
            _ => Err(SpecError { problems }),
        }
    }

    /// Writes the spec as JSON, with every default written out. A secret in it is withheld.
    ///
    /// # Errors
    /// None that is known; the writer of the format may refuse.
    pub fn to_json(&self) -> Result<String, SpecError> {
        serde_json::to_string_pretty(self).map_err(|error| refused("JSON", &error))
    }

    /// Writes the spec as TOML, with every default written out. A secret in it is withheld.
    ///
    /// # Errors
    /// As for [`to_json`](Self::to_json).
    pub fn to_toml(&self) -> Result<String, SpecError> {
        toml::to_string_pretty(self).map_err(|error| refused("TOML", &error))
    }

    /// Writes the spec as YAML, with every default written out. A secret in it is withheld.
    ///
    /// # Errors
    /// As for [`to_json`](Self::to_json).
    pub fn to_yaml(&self) -> Result<String, SpecError> {
        serde_saphyr::to_string(self).map_err(|error| refused("YAML", &error))
    }

    /// The JSON Schema (2020-12) of documents, published as `schema/connectivity.schema.json`.
    #[must_use]
    pub fn schema() -> Value {
        SCHEMA.clone()
    }
}

impl TryFrom<Value> for Connectivity {
    type Error = SpecError;

    fn try_from(document: Value) -> Result<Self, SpecError> {
        Self::from_value(document)
    }
}

fn bounded(text: &str) -> Result<(), SpecError> {
    if text.len() <= LONGEST_DOCUMENT {
        return Ok(());
    }
    let mut problems = Problems::default();
    problems.add("", None, format!("the document has {} bytes", text.len()), "a spec fits into 1 MiB");
    Err(SpecError { problems: problems.into_vec() })
}

/// Broken syntax. The parsers' own messages may quote the line, and with it a secret: say the place only.
fn broken(format: &str, place: Option<(usize, usize)>) -> SpecError {
    let what = match place {
        Some((line, column)) => format!("the document is not {format}: line {line}, column {column}"),
        None => format!("the document is not {format}"),
    };
    let mut problems = Problems::default();
    problems.add("", None, what, "correct the syntax");
    SpecError { problems: problems.into_vec() }
}

fn refused(format: &str, error: &dyn std::error::Error) -> SpecError {
    let mut problems = Problems::default();
    problems.add("", None, format!("the spec cannot be written as {format}: {error}"), "use another format");
    SpecError { problems: problems.into_vec() }
}

/// Compares a document with the schema, takes out what does not fit, and remembers where that was.
#[derive(Default)]
struct Reader {
    problems: Problems,
    /// Fields that were taken out or seem to be misspelt, so that it would be misleading to call them missing.
    suspects: Vec<String>,
}

impl Reader {
    /// Whether `value` fits, apart from parts that have been taken out of it.
    fn compare(&mut self, value: &mut Value, schema: &'static Value, at: &str) -> bool {
        let schema = resolve(schema);
        if let Some(cases) = schema["oneOf"].as_array() {
            return match cases.iter().all(|case| case["properties"]["type"].is_object()) {
                true => self.compare_tagged(value, cases, at),
                false => self.compare_word(value, cases.iter().filter_map(|case| case["const"].as_str()), at),
            };
        }
        if let Some(words) = schema["enum"].as_array() {
            return self.compare_word(value, words.iter().filter_map(Value::as_str), at);
        }
        let wanted = type_of(schema);
        match (wanted, value) {
            ("object", Value::Object(fields)) => self.compare_fields(fields, schema, at),
            ("array", Value::Array(items)) => {
                let mut fit = true;
                for (index, item) in items.iter_mut().enumerate() {
                    fit &= self.compare(item, &schema["items"], &format!("{at}[{index}]"));
                }
                fit
            }
            ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => true,
            ("integer", Value::Number(number)) if number.is_i64() => true,
            (_, value) => {
                let secret = schema["writeOnly"] == true;
                self.wrong_type(value, wanted, secret, at);
                false
            }
        }
    }

    fn compare_fields(
        &mut self,
        fields: &mut serde_json::Map<String, Value>,
        schema: &'static Value,
        at: &str,
    ) -> bool {
        // A field that is null is a field that is not there: some languages write their `None` so.
        fields.retain(|_, value| !value.is_null());
        let Some(known) = schema["properties"].as_object() else {
            let mut fit = true;
            for (key, value) in fields.iter_mut() {
                fit &= self.compare(value, &schema["additionalProperties"], &join(at, key));
            }
            return fit;
        };
        let names = known.keys().map(String::as_str).filter(|name| !name.starts_with('$'));
        fields.retain(|name, value| {
            let field = join(at, name);
            let fits = match known.get(name) {
                Some(schema) => self.compare(value, schema, &field),
                None => {
                    let (help, nearest) = suggest(name, names.clone(), "the fields here are");
                    self.problems.add(&field, None, "is not a known field", help);
                    self.suspects.extend(nearest.map(|nearest| join(at, nearest)));
                    false
                }
            };
            if !fits {
                self.suspects.push(field);
                wipe(value);
            }
            fits
        });
        true
    }

    /// One of several objects, told apart by their field `type`.
    fn compare_tagged(&mut self, value: &mut Value, cases: &'static [Value], at: &str) -> bool {
        let Value::Object(fields) = value else {
            let secret = cases.iter().any(|case| case.to_string().contains("writeOnly"));
            self.wrong_type(value, "object", secret, at);
            return false;
        };
        let tag = |case: &Value| case["properties"]["type"]["const"].as_str().map(str::to_owned);
        let words = cases.iter().filter_map(tag).collect::<Vec<_>>();
        let field = join(at, "type");
        let Some(found) = fields.get_mut("type") else {
            self.problems.add(
                field,
                None,
                "is missing",
                format!("write one of {}", list(words.iter().map(String::as_str))),
            );
            return false;
        };
        if !self.compare_word(found, words.iter().map(String::as_str), &field) {
            return false;
        }
        let found = found.as_str().map(str::to_owned);
        match cases.iter().find(|case| tag(case) == found) {
            Some(case) => self.compare_fields(fields, case, at),
            None => false,
        }
    }

    fn compare_word<'a>(&mut self, value: &Value, words: impl Iterator<Item = &'a str> + Clone, at: &str) -> bool {
        let Value::String(text) = value else {
            self.wrong_type(value, "string", false, at);
            return false;
        };
        let fits = words.clone().any(|word| word == text);
        if !fits {
            let (help, _) = suggest(text, words, "write one of");
            self.problems.add(at, None, format!("`{text}` is not known"), help);
        }
        fits
    }

    fn wrong_type(&mut self, value: &Value, wanted: &str, secret: bool, at: &str) {
        // Texts are not shown: a secret may have got into a wrong place.
        let found = match value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(_) | Value::Number(_) if !secret => format!("`{value}`"),
            Value::Bool(_) => "a truth value".to_owned(),
            Value::Number(_) => "a number".to_owned(),
            Value::String(_) => "a text".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        let (wanted, help) = match wanted {
            "object" => ("an object", "write an object with named fields"),
            "array" => ("a list", "write a list"),
            "boolean" => ("a truth value", "write `true` or `false`"),
            "integer" => ("a whole number", "write a whole number without quotes"),
            _ => ("a text", "write it in quotes"),
        };
        self.problems.add(at, None, format!("is {found}, not {wanted}"), help);
    }

    /// Whether a problem of the builder only follows from something that was taken out of the document.
    fn explains(&self, problem: &Problem) -> bool {
        let inside = |suspect: &String| {
            suspect.strip_prefix(&problem.field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.suspects.iter().any(inside)
    }
}

/// Follows references, and passes over the alternative `null` of optional fields.
fn resolve(schema: &'static Value) -> &'static Value {
    let mut schema = schema;
    loop {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            schema = &SCHEMA["$defs"][name];
        } else if let Some(case) = schema["anyOf"].as_array().and_then(|cases| cases.first()) {
            schema = case;
        } else {
            return schema;
        }
    }
}

/// The type that a schema asks for; the other one of an optional field is `null`.
fn type_of(schema: &Value) -> &str {
    let one = schema["type"].as_str();
    let first = || schema["type"].as_array().and_then(|types| types.first()).and_then(Value::as_str);
    one.or_else(first).unwrap_or_default()
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// What to write instead of `text`: the nearest known word, or all of them if none is near.
fn suggest<'a>(text: &str, words: impl Iterator<Item = &'a str> + Clone, all: &str) -> (String, Option<&'a str>) {
    let near = |word: &str| strsim::normalized_damerau_levenshtein(text, word);
    let nearest = words.clone().filter(|word| near(word) >= 0.5).max_by(|a, b| near(a).total_cmp(&near(b)));
    let help = match nearest {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("{all} {}", list(words)),
    };
    (help, nearest)
}

/// Overwrites every text in a value that is thrown away: a secret may be among them.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
