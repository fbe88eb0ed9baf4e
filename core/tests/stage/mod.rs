//! A good world to break: a store that was applied over a transit gateway, CONNECTED, and facts that can be changed.

#![allow(dead_code, reason = "files share this")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use xkslink::facts::Facts;
use xkslink::spec::Connectivity;
use xkslink::{Client, Verification};
use xkslink_simulator::Simulator;

pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The good world: applied over a transit gateway, CONNECTED.
pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) spec: Connectivity,
    /// Ids by name, for `$name`.
    pub(crate) ids: Map<String, Value>,
}

impl Stage {
    pub(crate) async fn good() -> Self {
        let simulator = Simulator::new();
        simulator.host_zone("example.com");
        let gateway = simulator.meddle(&json!({"call": "ec2:CreateTransitGateway"})).unwrap();
        simulator.clock().wait(Duration::from_secs(300)).await;
        let base = fs::read_to_string(here("../tests/scenarios/specs/minimal.toml")).unwrap();
        let mut document: Value = toml::from_str(&base).unwrap();
        document["link"] = json!({"type": "transit_gateway", "id": gateway["transitGateway"]["transitGatewayId"]});
        let spec = Connectivity::from_value(document).unwrap();
        let client = Client::new(&simulator.sdk_config("eu-central-1"));
        let report = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
        let Value::Object(mut ids) = serde_json::to_value(&report.ids).unwrap() else { panic!("ids are an object") };
        for (number, subnet) in report.ids.subnets.iter().enumerate() {
            ids.insert(format!("subnet_{}", number + 1), json!(subnet));
        }
        let record = report.ids.txt_record.unwrap();
        for (id, value) in [
            ("txt_name", record.name.clone()),
            ("txt_name_above", record.name.replace(".payments", "")),
            ("txt_name_appended", format!("{}.example.com", record.name)),
            ("txt_name_bare", record.name.trim_start_matches('_').to_owned()),
            ("txt_domain", "example.com".to_owned()),
            ("txt_value", record.value.clone()),
            ("txt_value_in_capitals", record.value.to_uppercase()),
        ] {
            ids.insert(id.to_owned(), json!(value));
        }
        Self { simulator, client, spec, ids }
    }

    pub(crate) async fn deeds(&mut self, deeds: &[Value]) {
        for deed in deeds {
            if let Some(seconds) = deed["wait"].as_f64() {
                self.simulator.clock().wait(Duration::from_secs_f64(seconds)).await;
                continue;
            }
            let answer = self.simulator.meddle(&resolve(deed, &self.ids));
            let answer = answer.unwrap_or_else(|error| panic!("{deed}: {error}"));
            for (name, path) in deed["save"].as_object().into_iter().flatten() {
                let place = format!("/{}", path.as_str().unwrap().replace('.', "/"));
                self.ids.insert(name.clone(), answer.pointer(&place).unwrap().clone());
            }
        }
    }

    /// The facts of the world, with the probe that likes what it sees.
    pub(crate) async fn facts(&self) -> Facts {
        let mut facts = self.client.facts(&self.spec).await.unwrap();
        let probe = fs::read_to_string(here("tests/rules/probe.json")).unwrap();
        facts.probe = Some(serde_json::from_str(&probe).unwrap());
        facts
    }
}

/// Puts ids in the place of `$name`.
pub(crate) fn resolve(value: &Value, ids: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => ids.get(name).unwrap_or_else(|| panic!("no id `{name}`")).clone(),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| resolve(item, ids)).collect(),
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), resolve(item, ids))).collect(),
        other => other.clone(),
    }
}

/// Changes to facts: JSON pointers with new values, and pointers to what goes away.
pub(crate) fn changed(
    facts: &Facts,
    why: &str,
    values: &BTreeMap<String, Value>,
    remove: &[String],
    ids: &Map<String, Value>,
) -> Facts {
    let mut document = serde_json::to_value(facts).unwrap();
    let parts = |pointer: &str| -> (String, String) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        (parent.to_owned(), name.to_owned())
    };
    for (pointer, value) in values {
        let (parent, name) = parts(pointer);
        let parent = document.pointer_mut(&parent).unwrap_or_else(|| panic!("{why}: no {parent}"));
        match (parent, name.parse::<usize>()) {
            (Value::Array(list), Ok(place)) if place == list.len() => list.push(resolve(value, ids)),
            (Value::Array(list), Ok(place)) => list[place] = resolve(value, ids),
            (parent, _) => parent[name] = resolve(value, ids),
        }
    }
    for pointer in remove {
        let (parent, name) = parts(pointer);
        let removed = document.pointer_mut(&parent).unwrap().as_object_mut().unwrap().remove(&name);
        assert!(removed.is_some(), "{why}: no {pointer}");
    }
    serde_json::from_value(document).unwrap_or_else(|error| panic!("{why}: {error}"))
}

pub(crate) fn failing(verification: &Verification) -> BTreeSet<String> {
    verification.failures().map(|check| check.rule.clone()).collect()
}
