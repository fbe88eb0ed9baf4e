//! The published JSON Schemas are current, and say the same as the code: what is written fits, to the last member.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use xkslink::policy::{Policy, Reading};
use xkslink::probe::Probe;
use xkslink::spec::{Connectivity, HealthProtocol, ProxyCredential};
use xkslink::{Client, Consent, Event};
use xkslink_simulator::dns::{Dns, Setup, Zone};
use xkslink_simulator::proxy::{self, ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use xkslink_simulator::{Proxy, Simulator};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&xkslink::schemas()[name]).unwrap()
}

/// Makes a schema refuse every member that it does not name. What lies under `oneOf` beside `properties` is a part of the
/// same object.
fn close(schema: &mut Value, part: bool) {
    let Value::Object(schema) = schema else { return };
    let object = schema.contains_key("properties");
    if object && !part {
        schema.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    for (word, inner) in schema {
        match (word.as_str(), inner) {
            ("oneOf" | "anyOf" | "allOf", Value::Array(cases)) => {
                cases.iter_mut().for_each(|case| close(case, part || object));
            }
            ("properties" | "$defs", Value::Object(named)) => named.values_mut().for_each(|each| close(each, false)),
            ("items", items) => close(items, false),
            _ => {}
        }
    }
}

/// Documents that were written, by the names of their schemas.
#[derive(Default)]
struct Written(Vec<(&'static str, Value)>);

impl Written {
    fn take(&mut self, name: &'static str, document: &str) {
        self.0.push((name, serde_json::from_str(document).unwrap()));
    }

    /// Holds all of them against their schemas, and tells whose they were.
    fn check(&self) -> BTreeSet<&'static str> {
        let names: BTreeSet<&'static str> = self.0.iter().map(|(name, _)| *name).collect();
        let closed = names.iter().map(|name| {
            let mut schema = schema(name);
            close(&mut schema, false);
            (*name, jsonschema::validator_for(&schema).unwrap())
        });
        let schemas: BTreeMap<_, _> = closed.collect();
        for (name, document) in &self.0 {
            let schema = &schemas[name];
            let errors: Vec<_> =
                schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}\n{document:#}");
        }
        names
    }

    /// The values of a tag that a kind of document was seen with.
    fn words(&self, name: &str, pointer: &str) -> BTreeSet<String> {
        let documents = self.0.iter().filter(|(of, _)| *of == name);
        documents.filter_map(|(_, document)| Some(document.pointer(pointer)?.as_str()?.to_owned())).collect()
    }
}

/// The words that the cases of a tagged union allow.
fn cases(union: &Value, tag: &str) -> BTreeSet<String> {
    let cases = union["oneOf"].as_array().unwrap().iter();
    cases.map(|case| case["properties"][tag]["const"].as_str().unwrap().to_owned()).collect()
}

/// A run with everything that can happen to it: a record that a person publishes, a connection that fails, a change, and
/// the end.
#[tokio::test(start_paused = true)]
async fn what_a_run_writes_is_what_the_schemas_say() {
    let simulator = Simulator::new();
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let minimal = fs::read_to_string(root().join("tests/scenarios/specs/minimal.toml")).unwrap();
    let mut document: Value = toml::from_str(&minimal).unwrap();
    document["domain"] = json!({"type": "manual"});
    document["tags"] = json!({"team": "payments"});
    let spec = Connectivity::from_value(document.clone()).unwrap();
    document["tags"] = json!({"team": "cards"});
    document["proxy"]["health_check"]["path"] = json!("/health");
    let changed = Connectivity::from_value(document).unwrap();

    let mut written = Written::default();
    let events = Arc::new(Mutex::new(Vec::new()));
    let listener = || {
        let events = Arc::clone(&events);
        move |event: &Event| events.lock().unwrap().push(serde_json::to_string(event).unwrap())
    };
    written.take("connectivity", &spec.to_json().unwrap());
    let plan = client.plan(&spec).await.unwrap();
    written.take("plan", &plan.to_json());
    written.take("policies", &serde_json::to_string(&plan.policies()).unwrap());
    written.take("policies", &serde_json::to_string(&Policy::for_reading(Reading::Verify, &spec)).unwrap());
    let waiting = client.apply(&plan).on_event(listener()).await.unwrap();
    written.take("report", &waiting.to_json());
    written.take("status", &client.status(&spec).await.unwrap().to_json());

    let record = waiting.waiting_for_dns().unwrap();
    simulator.world(|world| world.route53.elsewhere.push((record.name.clone(), record.value.clone())));
    simulator.meddle(&json!({"set": "connection_error", "to": "XKS_PROXY_NOT_REACHABLE"})).unwrap();
    let failed = client.apply(&plan).on_event(listener()).await.unwrap_err();
    written.take("error", &serde_json::to_string(failed.details()).unwrap());
    written.take("report", &failed.report().unwrap().to_json());
    written.take("diagnosis", &client.diagnose(&spec).await.unwrap().to_json());
    written.take("verification", &client.verify(&spec).await.unwrap().to_json());

    simulator.world(|world| world.kms.connection_error = None);
    written.take("report", &client.apply(&plan).on_event(listener()).await.unwrap().to_json());
    written.take("status", &client.status(&changed).await.unwrap().to_json());
    written.take("plan", &client.plan(&changed).await.unwrap().to_json());
    let teardown = client.plan_teardown(&spec).await.unwrap();
    written.take("plan", &teardown.to_json());
    let gone = client.teardown(&spec).consent(Consent::Disconnect).on_event(listener()).await.unwrap();
    written.take("report", &gone.to_json());
    for event in events.lock().unwrap().iter() {
        written.take("event", event);
    }

    let mut names: BTreeSet<&str> = xkslink::schemas().into_keys().collect();
    names.remove("probe");
    assert_eq!(written.check(), names);
    assert_eq!(written.words("event", "/type"), cases(&schema("event"), "type"));
    let report = schema("report");
    assert_eq!(written.words("event", "/outcome/status"), cases(&report["$defs"]["Outcome"], "status"));
    assert_eq!(written.words("report", "/outcome/status"), cases(&report["$defs"]["Outcome"], "status"));
}

/// Once with answers to everything, and once with nobody to answer.
#[tokio::test]
async fn what_a_probe_writes_is_what_its_schema_says() {
    let name = "xks.payments.example.com";
    let proxy = Proxy::start(proxy::Setup::named(name)).await.unwrap();
    let zones = vec![Zone::named("example.com").txt("_abcdef.example.com", &["vpce:AbCdEf"])];
    let dns = Dns::start(Setup { zones, ..Setup::default() }).await.unwrap();
    let credential = || ProxyCredential::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY).unwrap();
    let mut written = Written::default();
    for (proxy_at, dns_at) in
        [(proxy.address(), dns.address()), ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:1".parse().unwrap())]
    {
        let probe = Probe::of(name, "eu-central-1").unwrap().txt_record("_abcdef", "vpce:AbCdEf");
        let probe = probe.resolvers([dns_at]).name_servers([dns_at]).addresses([proxy_at]);
        let probe = probe.proxy("/kms/xks/v1", credential()).unwrap().external_key("key-1").unwrap();
        let probe = probe.certificate(proxy.chain_pem().as_bytes()).health_check(HealthProtocol::Https, "/ping");
        let report = probe.timeout(Duration::from_secs(1)).await;
        written.take("probe", &report.to_json());
    }
    assert_eq!(written.check(), BTreeSet::from(["probe"]));
    assert_eq!(written.words("probe", "/proxy/0/health/answer"), BTreeSet::from(["none".into(), "status".into()]));
}

#[test]
fn the_published_schemas_are_current() {
    let folder = root().join("schema");
    let schemas = xkslink::schemas();
    for (name, current) in &schemas {
        let path = folder.join(format!("{name}.schema.json"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, current).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert!(published == *current, "{} is old; run this test with UPDATE=1", path.display());
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), schemas.len(), "there are schemas of no document");
}

#[test]
fn every_document_has_a_version_that_its_schema_pins() {
    for name in xkslink::schemas().keys() {
        let schema = schema(name);
        let document = if schema["type"] == "array" { &schema["$defs"]["Policy"] } else { &schema };
        assert_eq!(document["properties"]["version"]["const"], 1, "{name}");
        assert!(document["required"].as_array().unwrap().contains(&Value::from("version")), "{name}");
    }
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
