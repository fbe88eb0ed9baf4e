//! Writes the types of documents from the published JSON Schemas, so that what crosses the boundary is what they say.
//!
//! A schema's object becomes a record, its words an enum, its cases an enum with fields. Where cases share fields, these
//! become a record with the cases in its last field. A constant field says nothing and is left out.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::{env, fs};

use serde_json::Value;

/// The document of each schema, under the name that its type gets.
const DOCUMENTS: [(&str, &str); 8] = [
    ("connectivity", "Connectivity"),
    ("event", "Event"),
    ("plan", "PlanDocument"),
    ("report", "ReportDocument"),
    ("status", "StatusDocument"),
    ("verification", "VerificationDocument"),
    ("diagnosis", "DiagnosisDocument"),
    ("probe", "ProbeDocument"),
];

/// Kinds of error that only a language boundary knows.
const OF_THE_BOUNDARY: [(&str, &str); 4] = [
    ("cancelled", "The caller let go of the run, or its simulated AWS ended. The same call goes on from there."),
    ("invalid_argument", "An argument cannot be used; the reason begins with its name."),
    ("closed", "What is used has been closed. Make a new one."),
    ("internal", "The library is at fault. Please report it."),
];

/// A text that is only written.
const SECRET: &str = "Arc<Secret>";

/// Fields of an event that its schema does not have.
const OF_EVENTS: [(&str, &str); 2] =
    [("line", "The event as a line for people."), ("json", "The event as a JSON document.")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../schema");
    let mut types = BTreeMap::new();
    for (file, name) in DOCUMENTS {
        let schema: Value = serde_json::from_str(&fs::read_to_string(format!("../schema/{file}.schema.json"))?)?;
        for (name, each) in schema["$defs"].as_object().into_iter().flatten() {
            types.insert(renamed(name).to_owned(), each.clone());
        }
        types.insert(name.to_owned(), schema);
    }
    let mut out = String::new();
    for (name, schema) in &types {
        type_of(&mut out, name, schema)?;
    }
    fs::write(format!("{}/types.rs", env::var("OUT_DIR")?), out)?;
    Ok(())
}

/// Names that would clash with the handles of documents, or say too little by themselves.
fn renamed(name: &str) -> &str {
    match name {
        "Diagnosis" => "DiagnosisDocument",
        "Kind" => "ResourceKind",
        other => other,
    }
}

fn camel(word: &str) -> String {
    let joined: String = word
        .split(['_', '.'])
        .map(|part| {
            let part = if part.chars().all(|c| !c.is_lowercase()) { part.to_lowercase() } else { part.to_owned() };
            part[..1].to_uppercase() + &part[1..]
        })
        .collect();
    if joined.starts_with(|c: char| c.is_ascii_digit()) { format!("V{joined}") } else { joined }
}

fn doc(schema: &Value) -> String {
    // Links of the documentation in Rust lead nowhere here.
    let text = schema["description"].as_str().unwrap_or("See the documentation of the library.");
    format!("#[doc = {:?}]\n", text.replace("[`", "`").replace("`]", "`"))
}

fn derives(sort: &str) -> String {
    format!("#[derive(Clone, Debug, Serialize, Deserialize, uniffi::{sort})]\n")
}

fn type_of(out: &mut String, name: &str, schema: &Value) -> Result<(), Box<dyn Error>> {
    let Some(cases) = schema["oneOf"].as_array() else { return record(out, name, schema, None) };
    if cases.iter().all(|case| case.get("const").is_some()) {
        return words(out, name, schema, cases);
    }
    let tag = tag_of(&cases[0]).ok_or("cases without a tag")?;
    if schema.get("properties").is_none() {
        return variants(out, name, schema, tag, cases);
    }
    let inner = if tag == "type" { format!("{name}Kind") } else { format!("{name}{}", camel(tag)) };
    variants(out, &inner, schema, tag, cases)?;
    record(out, name, schema, Some((tag, &inner)))
}

fn tag_of(case: &Value) -> Option<&str> {
    case["properties"].as_object()?.iter().find(|(_, field)| field.get("const").is_some()).map(|(tag, _)| tag.as_str())
}

fn words(out: &mut String, name: &str, schema: &Value, cases: &[Value]) -> Result<(), Box<dyn Error>> {
    let eq = derives("Enum").replace("Debug,", "Copy, Debug, Eq, PartialEq,");
    writeln!(out, "{}{eq}pub enum {name} {{", doc(schema))?;
    for case in cases {
        let word = case["const"].as_str().ok_or("a word that is no text")?;
        writeln!(out, "{}#[serde(rename = {word:?})] {},", doc(case), camel(word))?;
    }
    if name == "ErrorKind" {
        for (word, about) in OF_THE_BOUNDARY {
            writeln!(out, "#[doc = {about:?}] #[serde(rename = {word:?})] {},", camel(word))?;
        }
    }
    out.push_str("}\n");
    Ok(())
}

fn variants(out: &mut String, name: &str, schema: &Value, tag: &str, cases: &[Value]) -> Result<(), Box<dyn Error>> {
    writeln!(out, "{}{}#[serde(tag = {tag:?})] pub enum {name} {{", doc(schema), derives("Enum"))?;
    for case in cases {
        let word = case["properties"][tag]["const"].as_str().ok_or("a case without a word")?;
        write!(out, "{}#[serde(rename = {word:?})] {}", doc(case), camel(word))?;
        let fields = fields(case, "")?;
        if !fields.is_empty() {
            write!(out, " {{\n{fields}}}")?;
        }
        out.push_str(",\n");
    }
    out.push_str("}\n");
    Ok(())
}

fn record(out: &mut String, name: &str, schema: &Value, cases: Option<(&str, &str)>) -> Result<(), Box<dyn Error>> {
    write!(out, "{}{}pub struct {name} {{\n{}", doc(schema), derives("Record"), fields(schema, "pub ")?)?;
    if let Some((tag, inner)) = cases {
        let field = if tag == "type" { "what" } else { tag };
        writeln!(out, "/// Which it is.\n#[serde(flatten)] pub {field}: {inner},")?;
    }
    if name == "Event" {
        for (field, about) in OF_EVENTS {
            writeln!(out, "#[doc = {about:?}] #[serde(default)] pub {field}: String,")?;
        }
    }
    out.push_str("}\n");
    Ok(())
}

/// Fields, those that must be given first.
fn fields(schema: &Value, visibility: &str) -> Result<String, Box<dyn Error>> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (mut first, mut then) = (String::new(), String::new());
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if field.get("const").is_some() || name == "$schema" {
            continue;
        }
        let given = required.contains(&name.as_str()) && field.get("default").is_none();
        let (mut sort, null) = sort_of(field)?;
        let plain = if given && !null {
            ""
        } else if sort.starts_with("Vec<") && !null {
            "#[uniffi(default)] #[serde(default, skip_serializing_if = \"Vec::is_empty\")]"
        } else if sort.starts_with("HashMap<") && !null {
            "#[uniffi(default)] #[serde(default, skip_serializing_if = \"HashMap::is_empty\")]"
        } else if sort == "bool" && field["default"] != Value::Bool(true) {
            "#[uniffi(default)] #[serde(default)]"
        } else {
            sort = format!("Option<{sort}>");
            "#[uniffi(default)] #[serde(default, skip_serializing_if = \"Option::is_none\")]"
        };
        let plain = if sort == SECRET { "#[serde(with = \"crate::spec::withheld\")]" } else { plain };
        // A word of some languages, unlike `protocol`.
        let (rename, name) =
            if name == "type" { ("#[serde(rename = \"type\")]", "protocol") } else { ("", name.as_str()) };
        let to = if plain.contains("default") { &mut then } else { &mut first };
        writeln!(to, "{}{plain}{rename} {visibility}{name}: {sort},", doc(field))?;
    }
    Ok(first + &then)
}

/// The type of a field, and whether it may be null.
fn sort_of(field: &Value) -> Result<(String, bool), Box<dyn Error>> {
    if let Some(name) = field["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return Ok((renamed(name).to_owned(), false));
    }
    if let Some(either) = field["anyOf"].as_array() {
        return Ok((sort_of(&either[0])?.0, true));
    }
    let null = field["type"].is_array();
    let sort = match field["type"].as_str().or_else(|| field["type"][0].as_str()) {
        Some("string") if field["writeOnly"] == Value::Bool(true) => SECRET.to_owned(),
        Some("string") => "String".to_owned(),
        // One sort of integer, which every language has.
        Some("integer") => "i64".to_owned(),
        Some("number") => "f64".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => format!("Vec<{}>", sort_of(&field["items"])?.0),
        Some("object") => format!("HashMap<String, {}>", sort_of(&field["additionalProperties"])?.0),
        other => return Err(format!("a field of the type {other:?}").into()),
    };
    Ok((sort, null))
}
