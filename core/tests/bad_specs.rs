//! The table of bad specs, `bad_specs.toml`: each gives exactly the problems that it should.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use xkslink::spec::Connectivity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    #[serde(default = "created")]
    base: String,
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    problems: Vec<String>,
}

fn created() -> String {
    "created.json".to_owned()
}

fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/documents").join(name);
    let text = fs::read_to_string(path).unwrap();
    if name.ends_with("json") { serde_json::from_str(&text).unwrap() } else { toml::from_str(&text).unwrap() }
}

/// The parent of the field at a path such as `proxy.addresses.1`, and the last part of the path.
fn parent<'a, 'p>(document: &'a mut Value, path: &'p str) -> (&'a mut Value, &'p str) {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut at = document;
    for part in parent.split('.').filter(|part| !part.is_empty()) {
        at = &mut at[part];
    }
    (at, last)
}

fn table() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_specs.toml");
    toml::from_str::<Table>(&fs::read_to_string(path).unwrap()).unwrap().case
}

fn document(case: &Case) -> Value {
    let mut document = example(&case.base);
    for path in &case.remove {
        let (parent, last) = parent(&mut document, path);
        assert!(parent.as_object_mut().unwrap().remove(last).is_some(), "{}: there is no `{path}`", case.title);
    }
    for (path, value) in &case.set {
        let (parent, last) = parent(&mut document, path);
        match last.parse::<usize>() {
            Ok(index) => parent[index] = value.clone(),
            Err(_) => parent[last] = value.clone(),
        }
    }
    document
}

#[test]
fn every_bad_spec_is_told_exactly_what_is_wrong() {
    let mut wrong = Vec::new();
    for case in table() {
        let said = match Connectivity::from_value(document(&case)) {
            Ok(_) => vec!["is valid".to_owned()],
            Err(error) => error.to_string().lines().map(str::to_owned).collect(),
        };
        if said != case.problems {
            wrong.push(format!("{}\n  wanted {:#?}\n  but    {said:#?}", case.title, case.problems));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn all_formats_tell_the_same() {
    for case in table() {
        let document = document(&case);
        let json = Connectivity::from_json(&serde_json::to_string(&document).unwrap()).unwrap_err();
        let toml = Connectivity::from_toml(&toml::to_string(&document).unwrap()).unwrap_err();
        let yaml = Connectivity::from_yaml(&serde_saphyr::to_string(&document).unwrap()).unwrap_err();
        assert_eq!(json, toml, "{}", case.title);
        assert_eq!(json, yaml, "{}", case.title);
    }
}

#[test]
fn every_problem_says_where_and_what_to_do() {
    for case in table() {
        for problem in Connectivity::from_value(document(&case)).unwrap_err().problems {
            assert!(!problem.field.is_empty() && !problem.what.is_empty() && !problem.help.is_empty(), "{problem:?}");
            assert!(!problem.what.ends_with('.') && !problem.help.ends_with('.'), "a full stop in {problem:?}");
        }
    }
}

/// The rules that a spec alone can break. ACC-02 (one Region for everything) and TGT-07 (the zone of a target follows from
/// its address) cannot even be written down wrongly.
const RULES: [&str; 24] = [
    "ACC-01", "ACC-04", "DNS-01", "DNS-05", "DNS-06", "EPS-08", "KS-01", "KS-02", "KS-03", "KS-05", "KS-06", "NET-01",
    "NET-03", "NET-04", "NET-06", "NET-07", "NET-08", "NET-09", "NET-10", "NLB-12", "TGT-05", "TGT-06", "TGT-08",
    "TGT-13",
];

#[test]
fn every_rule_that_a_spec_can_break_has_a_case() {
    let said: Vec<String> = table().into_iter().flat_map(|case| case.problems).collect();
    for rule in RULES {
        assert!(said.iter().any(|problem| problem.ends_with(&format!("[{rule}]"))), "no case breaks {rule}");
    }
}
