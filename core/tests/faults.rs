//! Faults of every kind, one by one: verify fails the rules concerned and no others, the simulated KMS gives the code that is
//! documented, and the diagnosis names the cause. What can be seen on the wire is seen there.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use stage::{Stage, changed, failing, here};
use xkslink::facts::Facts;
use xkslink::{Diagnosis, ErrorKind, Target, Verification};

/// A fault of faults.toml.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    why: String,
    #[serde(default)]
    deeds: Vec<Value>,
    dns: Option<Vec<Value>>,
    #[serde(default)]
    proxy: Value,
    #[serde(default)]
    nameless: bool,
    seen: Option<Value>,
    patience_ms: Option<u64>,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    code: Option<String>,
    #[serde(default)]
    told: String,
    fails: BTreeSet<String>,
    cause: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Faults {
    fault: Vec<Fault>,
}

const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

/// The proxy of the good world, and what is different about it.
fn proxy(different: &Value) -> Value {
    let mut proxy = json!({
        "addresses": ["10.0.8.10", "10.0.8.11"],
        "stores": [{
            "prefix": "/payments",
            "credentials": [{"access_key_id": "ABCDEFGHIJKLMNOPQRSTUVWX", "secret_access_key": SECRET}],
        }],
        "certificate": {
            "common_name": "xks.payments.example.com",
            "alt_names": ["xks.payments.example.com"],
            "valid_from_days": -1,
            "valid_until_days": 90,
        },
    });
    merge(&mut proxy, different);
    proxy
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.iter().for_each(|(name, value)| merge(into.entry(name).or_insert(Value::Null), value));
        }
        (_, Value::Null) => {}
        (into, from) => *into = from.clone(),
    }
}

impl Fault {
    fn closed_port() -> Self {
        Self { proxy: json!({"transport": "closed_port"}), ..Self::default() }
    }

    /// The proxy that KMS comes to.
    fn proxy(&self) -> Value {
        let mut proxy = proxy(&self.proxy);
        if self.nameless {
            proxy["certificate"]["common_name"] = Value::Null;
        }
        proxy
    }

    /// Whether nothing happens in any world.
    fn is_told_by_facts(&self) -> bool {
        self.deeds.is_empty() && self.code.is_none()
    }

    /// Whether only levers move, which can be moved back.
    fn can_be_undone(&self) -> bool {
        self.dns.is_none() && self.deeds.iter().all(|deed| deed.get("set").is_some())
    }

    /// Lets it happen, connects the store anew, and tells what came of that.
    async fn strike(&self, stage: &mut Stage) -> String {
        for lever in ["dead_targets", "failed_endpoint_services"] {
            stage.deeds(&[json!({"set": lever, "to": []})]).await;
        }
        stage.deeds(&[json!({"set": "proxies", "to": [self.proxy()]})]).await;
        stage.deeds(&self.deeds).await;
        if let Some(records) = &self.dns {
            publish_instead(stage, records).await;
        }
        let store = json!({"CustomKeyStoreId": "$key_store"});
        stage
            .deeds(&[
                json!({"call": "kms:DisconnectCustomKeyStore", "input": store}),
                json!({"wait": 600}),
                json!({"call": "kms:ConnectCustomKeyStore", "input": store}),
                json!({"wait": 600}),
            ])
            .await;
        let answer = stage.simulator.meddle(&json!({"call": "kms:DescribeCustomKeyStores"})).unwrap();
        let shown = &answer["CustomKeyStores"][0];
        shown["ConnectionErrorCode"].as_str().or(shown["ConnectionState"].as_str()).unwrap().to_owned()
    }

    /// What AWS and a probe tell afterwards.
    async fn facts(&self, stage: &Stage) -> Facts {
        let mut facts = stage.client.facts(&stage.spec).await.unwrap();
        let met = self.seen.as_ref().map_or_else(|| self.proxy(), proxy);
        let patience = Duration::from_millis(self.patience_ms.unwrap_or(3000));
        facts.probe = Some(wire::probe(stage, &met, patience).await);
        facts
    }
}

/// Replaces the TXT record by others and has the domain verified again.
async fn publish_instead(stage: &mut Stage, records: &[Value]) {
    let value = format!("\"{}\"", stage.ids["txt_value"].as_str().unwrap());
    let record = json!({"Name": "$txt_name", "Type": "TXT", "TTL": 1800, "ResourceRecords": [{"Value": value}]});
    let changes = json!({"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]});
    stage
        .deeds(&[
            json!({"call": "route53:ListHostedZones", "save": {"zone": "HostedZones.0.Id"}}),
            json!({"call": "route53:ChangeResourceRecordSets", "input": {"Id": "$zone", "ChangeBatch": changes}}),
            json!({"set": "elsewhere", "to": records}),
            json!({"wait": 600}),
            json!({
                "call": "ec2:StartVpcEndpointServicePrivateDnsVerification",
                "input": {"ServiceId": "$endpoint_service"},
            }),
            json!({"wait": 1200}),
        ])
        .await;
}

/// How often the true cause came first, and among the first three, by the family of its rule.
#[derive(Debug, Default)]
struct Score(BTreeMap<String, [usize; 3]>);

impl Score {
    fn note(&mut self, cause: &str, place: Option<usize>) {
        let family = cause.split_once('-').map_or(cause, |(family, _)| family);
        for row in [family, "all"] {
            let [all, first, third] = self.0.entry(row.to_owned()).or_default();
            *all += 1;
            *first += usize::from(place == Some(0));
            *third += usize::from(place.is_some_and(|place| place < 3));
        }
    }

    fn total(&self) -> [usize; 3] {
        self.0["all"]
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "| cause | faults | first | in the first three |\n| --- | ---: | ---: | ---: |")?;
        self.0.iter().try_for_each(|(row, [all, first, third])| writeln!(f, "| {row} | {all} | {first} | {third} |"))
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_seen_and_its_cause_is_named() {
    let Faults { fault: faults } = toml::from_str(&fs::read_to_string(here("tests/faults.toml")).unwrap()).unwrap();
    let mut common = Stage::good().await;
    assert_eq!(Fault::default().strike(&mut common).await, "CONNECTED", "the proxy of the good world serves");
    let untouched = Fault::default().facts(&common).await;
    let verification = Verification::of(&untouched);
    assert_eq!(failing(&verification), BTreeSet::new(), "{verification}");

    let (mut wrong, mut score) = (Vec::new(), Score::default());
    for fault in &faults {
        let mut own = None;
        let stage = if fault.can_be_undone() { &mut common } else { own.insert(Stage::good().await) };
        let facts = if fault.is_told_by_facts() {
            untouched.clone()
        } else {
            let code = fault.strike(stage).await;
            if let Some(wanted) = fault.code.as_ref().filter(|wanted| **wanted != code) {
                wrong.push(format!("{}: {code}, not {wanted}", fault.why));
            }
            fault.facts(stage).await
        };
        let facts = changed(&facts, &fault.why, &fault.facts, &fault.remove, &stage.ids);
        let verification = Verification::of(&facts);
        let mut fails = failing(&verification);
        fails.remove("KS-07");
        if fails != fault.fails {
            wrong.push(format!("{}: fails {fails:?}, not {:?}", fault.why, fault.fails));
        }
        let diagnosis = Diagnosis::of(&facts, &fault.told);
        match &fault.cause {
            Some(cause) => {
                let place = diagnosis.causes.iter().position(|each| each.rule == *cause);
                if place != Some(0) {
                    println!("{}: {cause} is {place:?}\n{diagnosis}", fault.why);
                }
                score.note(cause, place);
            }
            None if diagnosis.found().is_some() => wrong.push(format!("{}: a cause is found\n{diagnosis}", fault.why)),
            None => {}
        }
        assert_eq!(serde_json::from_str::<Diagnosis>(&diagnosis.to_json()).unwrap(), diagnosis, "{}", fault.why);
        assert!(!format!("{}{}", diagnosis.to_json(), verification.to_json()).contains(SECRET), "{}", fault.why);
    }
    println!("{score}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let [all, first, third] = score.total();
    assert!(all >= 60, "{all}");
    assert_eq!(third, all);
    assert!(first * 100 >= all * 95, "{first} of {all}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_store_is_diagnosed_by_any_name() {
    let mut stage = Stage::good().await;
    assert_eq!(Fault::closed_port().strike(&mut stage).await, "XKS_PROXY_NOT_REACHABLE");
    let service = stage.ids["endpoint_service_name"].as_str().unwrap();
    for name in ["payments-hsm", stage.ids["key_store"].as_str().unwrap(), service] {
        let diagnosis = stage.client.diagnose(Target::named(name, "eu-central-1")).await.unwrap();
        assert_eq!(diagnosis.symptoms[0].name, "XKS_PROXY_NOT_REACHABLE", "{name}");
        assert_eq!(diagnosis.found().unwrap().rule, "TGT-09", "{diagnosis}");
    }
    let error = stage.client.diagnose(Target::named("nobody", "eu-central-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = stage.client.diagnose(Target::named("payments-hsm", "eu-west-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_possible_and_names_the_action() {
    let mut stage = Stage::good().await;
    Fault::closed_port().strike(&mut stage).await;
    stage.simulator.meddle(&json!({"fault": "deny", "on": "DescribeTargetHealth", "times": 99})).unwrap();
    let diagnosis = stage.client.diagnose(&stage.spec).await.unwrap();
    let cause = diagnosis.causes.iter().find(|cause| cause.rule == "TGT-09").unwrap();
    assert!(cause.sentence.contains("`elasticloadbalancing:DescribeTargetHealth` is denied"), "{}", cause.sentence);
    assert!(diagnosis.found().is_none_or(|cause| cause.rule != "TGT-09"), "{diagnosis}");
}

#[tokio::test(start_paused = true)]
async fn apply_names_the_cause_when_the_connection_fails() {
    let mut stage = Stage::good().await;
    stage
        .deeds(&[
            json!({"call": "kms:DisconnectCustomKeyStore", "input": {"CustomKeyStoreId": "$key_store"}}),
            json!({"wait": 600}),
            json!({"set": "connection_error", "to": "XKS_PROXY_NOT_REACHABLE"}),
        ])
        .await;
    let plan = stage.client.plan(&stage.spec).await.unwrap();
    let error = stage.client.apply(&plan).await.unwrap_err();
    assert_eq!((error.kind(), error.aws_code()), (ErrorKind::ConnectionFailed, Some("XKS_PROXY_NOT_REACHABLE")));
    let diagnosis = error.report().unwrap().diagnosis.as_ref().unwrap();
    assert!(diagnosis.found().is_none(), "{diagnosis}");
    assert!(error.help().contains("check that targets are healthy"), "no cause was found: {}", error.help());

    stage.simulator.world(|world| {
        let entries = world.ec2.network_acls.iter_mut().flat_map(|acl| &mut acl.entries);
        entries.filter(|entry| !entry.egress).for_each(|entry| entry.allow = false);
    });
    let error = stage.client.apply(&plan).await.unwrap_err();
    let diagnosis = error.report().unwrap().diagnosis.as_ref().unwrap();
    assert_eq!(diagnosis.found().unwrap().rule, "NET-11", "{diagnosis}");
    assert!(error.help().starts_with("NET-11: ") && error.help().contains("denied"), "{}", error.help());
}

#[tokio::test(start_paused = true)]
async fn half_deleted_worlds_and_hostile_answers_are_diagnosed() {
    let full = serde_json::to_value(Stage::good().await.facts().await).unwrap();
    let told =
        ["", "XKS_PROXY_NOT_REACHABLE", "XksProxyVpcEndpointServiceInvalidConfigurationException", "</script>\u{0}"];
    let known = full.as_object().unwrap().iter().filter(|(_, value)| value.get("known").is_some());
    for (name, _) in known {
        for instead in [json!("absent"), json!({"unknown": {"because": "denied", "action": "ec2:DescribeAnything"}})] {
            let mut document = full.clone();
            document[name] = instead;
            let facts = serde_json::from_value(document).unwrap();
            for text in told {
                let diagnosis = Diagnosis::of(&facts, text);
                assert!(diagnosis.causes.iter().all(|cause| !cause.sentence.is_empty()), "{name}: {diagnosis}");
            }
        }
    }
    let mut hostile = full;
    hostile["probe"]["proxy"][0]["health"]["status"] = json!(500);
    hostile["probe"]["proxy"][0]["health"]["error_name"] = json!("\u{202e}".repeat(100_000));
    let diagnosis = Diagnosis::of(&serde_json::from_value(hostile).unwrap(), "");
    assert_eq!(diagnosis.symptoms, []);
    assert_eq!(diagnosis.found().unwrap().rule, "PXY-08");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_denied_altogether_is_an_error_that_names_the_action() {
    let stage = Stage::good().await;
    stage.simulator.meddle(&json!({"fault": "deny", "times": 999})).unwrap();
    let error = stage.client.diagnose(Target::named("payments-hsm", "eu-central-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(error.help().contains("kms:DescribeCustomKeyStores"), "{}", error.help());
    let diagnosis = stage.client.diagnose(&stage.spec).told("XKS_PROXY_NOT_REACHABLE").await.unwrap();
    assert!(diagnosis.found().is_none() && !diagnosis.causes.is_empty(), "{diagnosis}");
}

#[test]
fn a_text_alone_tells_whom_to_suspect() {
    let pasted = "KMSInvalidStateException: AWS KMS cannot communicate with the external key store proxy. AKIASECRET";
    let diagnosis = Diagnosis::of_text(pasted);
    assert_eq!(diagnosis.causes[0].rule, "TGT-09");
    assert!(diagnosis.found().is_none());
    let text = diagnosis.to_string();
    assert!(text.contains("XKS_PROXY_NOT_REACHABLE") && !text.contains("AKIASECRET"), "{text}");
    assert!(Diagnosis::of_text("all is well").causes.is_empty());
}
