//! The published JSON Schema is current, and says the same as the code.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use xkslink::spec::Connectivity;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_published_schema_is_current() {
    let path = root().join("schema/connectivity.schema.json");
    let current = Connectivity::schema();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&current).unwrap() + "\n").unwrap();
    }
    let published: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(published == current, "schema/connectivity.schema.json is old; run this test with UPDATE=1");
}

#[test]
fn the_example_documents_fit_the_schema_and_are_valid_specs() {
    let schema = jsonschema::validator_for(&Connectivity::schema()).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("examples/documents")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (value, spec): (Value, _) = match path.extension().and_then(|end| end.to_str()) {
            Some("json") => (serde_json::from_str(&text).unwrap(), Connectivity::from_json(&text)),
            Some("toml") => (toml::from_str(&text).unwrap(), Connectivity::from_toml(&text)),
            Some("yaml") => (serde_saphyr::from_str(&text).unwrap(), Connectivity::from_yaml(&text)),
            other => panic!("{other:?}"),
        };
        let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        let spec = spec.unwrap_or_else(|problems| panic!("{}: {problems}", path.display()));
        let written = serde_json::to_value(&spec).unwrap();
        let errors: Vec<_> = schema.iter_errors(&written).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}, written again: {errors:?}", path.display());
        seen += 1;
    }
    assert!(seen >= 3);
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema = jsonschema::validator_for(&Connectivity::schema()).unwrap();
    let text = fs::read_to_string(root().join("examples/documents/created.json")).unwrap();
    let good: Value = serde_json::from_str(&text).unwrap();
    for (pointer, bad) in [
        ("/version", Value::from(2)),
        ("/netwrk", Value::from("x")),
        ("/network/zonez", Value::from(2)),
        ("/link/type", Value::from("transit")),
        ("/link", Value::from("none")),
        ("/proxy/addresses", Value::from("10.0.8.10")),
        ("/key_store/credential/secret", Value::from("x")),
    ] {
        let mut document = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = bad;
        assert!(!schema.is_valid(&document), "the schema takes {pointer}");
        assert!(Connectivity::from_value(document).is_err(), "the reader takes {pointer}");
    }
    for required in ["version", "name", "region", "network", "link", "proxy", "private_dns_name", "domain"] {
        let mut document = good.clone();
        document.as_object_mut().unwrap().remove(required);
        assert!(!schema.is_valid(&document), "the schema does not want {required}");
        assert!(Connectivity::from_value(document).is_err(), "the reader does not want {required}");
    }
}
