//! The catalogue of rules is complete, its page is current, and every rule that facts can decide has a world that passes
//! it and one that fails it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use stage::{Stage, changed, failing, here};
use xkslink::facts::{Fact, Facts, Gap};
use xkslink::rules::{Verdict, catalogue};
use xkslink::{Check, ErrorKind, Target, Verification};

#[test]
fn the_catalogue_is_that_of_the_list() {
    let listed = fs::read_to_string(here("tests/rules.txt")).unwrap();
    let ours: Vec<String> = catalogue().map(|rule| format!("{} {}", rule.id, rule.severity.as_str())).collect();
    assert_eq!(ours, listed.lines().collect::<Vec<_>>());
}

#[test]
fn the_page_of_rules_is_current() {
    let path = here("../docs/rules.md");
    let current = xkslink::rules::page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &current).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == current, "docs/rules.md is old; run this test with UPDATE=1");
}

/// A world of rules.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct World {
    why: String,
    #[serde(default)]
    deeds: Vec<Value>,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    passes: Vec<String>,
    fails: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Worlds {
    world: Vec<World>,
}

fn passing(verification: &Verification) -> BTreeSet<String> {
    let passes = |check: &&Check| check.verdict == Verdict::Pass;
    verification.checks.iter().filter(passes).map(|check| check.rule.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_checkable_rule_has_a_world_that_passes_and_one_that_fails() {
    let text = fs::read_to_string(here("tests/rules.toml")).unwrap();
    let Worlds { world: worlds } = toml::from_str(&text).unwrap();
    let good = Stage::good().await;
    let good_facts = good.facts().await;
    let verification = Verification::of(&good_facts);
    assert_eq!(failing(&verification), BTreeSet::new(), "{verification}");
    let (mut passed, mut failed) = (passing(&verification), BTreeSet::new());

    let mut wrong = Vec::new();
    for world in &worlds {
        let facts = if world.deeds.is_empty() {
            changed(&good_facts, &world.why, &world.facts, &world.remove, &good.ids)
        } else {
            let mut stage = Stage::good().await;
            stage.deeds(&world.deeds).await;
            changed(&stage.facts().await, &world.why, &world.facts, &world.remove, &stage.ids)
        };
        let verification = Verification::of(&facts);
        let fails = failing(&verification);
        if fails != world.fails {
            wrong.push(format!("{}: fails {fails:?}, not {:?}", world.why, world.fails));
        }
        let passes = passing(&verification);
        wrong.extend(world.passes.iter().filter(|rule| !passes.contains(*rule)).map(|rule| {
            format!("{}: {rule} is {:?}", world.why, verification.check(rule).map(|check| &check.verdict))
        }));
        failed.extend(fails);
        passed.extend(passes);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let checkable = || catalogue().filter(|rule| rule.is_checkable()).map(|rule| rule.id);
    let never = |worlds: &BTreeSet<String>| checkable().filter(|id| !worlds.contains(*id)).collect::<Vec<_>>();
    assert_eq!((never(&passed), never(&failed)), (vec![], vec![]), "rules that never pass, and rules that never fail");
}

#[test]
fn a_probe_alone_tells_of_its_name_and_of_what_speaks_no_tls() {
    let probe: Value = serde_json::from_str(&fs::read_to_string(here("tests/rules/probe.json")).unwrap()).unwrap();
    let verify = |probe: &Value| {
        let facts = json!({ "region": "eu-central-1", "probe": probe });
        Verification::of(&serde_json::from_value::<Facts>(facts).unwrap())
    };
    let good = verify(&probe);
    assert_eq!(failing(&good), BTreeSet::new(), "{good}");
    assert!(passing(&good).is_superset(&["DNS-01", "DNS-05", "DNS-06"].map(str::to_owned).into()), "{good}");
    assert!(!passing(&good).contains("NLB-07"), "nobody knows the listener: {good}");

    let mut plain = probe;
    plain["tls"][0]["handshake"] =
        json!({ "handshake": "failed", "took_ms": 1.0, "failure": "not_tls", "reason": "no TLS" });
    assert!(failing(&verify(&plain)).contains("NLB-07"));
    let mut elsewhere = plain.clone();
    elsewhere["private_dns_name"] = json!("xks.payments.example");
    assert!(failing(&verify(&elsewhere)).contains("DNS-01"));
}

#[tokio::test(start_paused = true)]
async fn a_look_is_at_most_four_calls_deep_and_changes_nothing() {
    let stage = Stage::good().await;
    let (before, census) = (stage.simulator.requests().len(), stage.simulator.census());
    stage.client.verify(&stage.spec).await.unwrap();
    let requests = stage.simulator.requests().split_off(before);
    let mut ends: Vec<(Duration, usize)> = Vec::new();
    for request in &requests {
        let under = ends.iter().filter(|(end, _)| *end <= request.sent).map(|(_, depth)| *depth).max().unwrap_or(0);
        ends.push((request.answered.unwrap(), under + 1));
        let reads = request.operation.starts_with("Describe") || request.operation.starts_with("Get");
        assert!(reads, "{}", request.operation);
    }
    assert!(ends.iter().all(|(_, depth)| *depth <= 4), "{ends:?}");
    assert_eq!(stage.simulator.census(), census);
}

#[tokio::test(start_paused = true)]
async fn a_store_is_found_by_spec_name_id_and_service() {
    let stage = Stage::good().await;
    let by_spec = stage.client.verify(&stage.spec).await.unwrap();
    for name in
        ["payments-hsm", stage.ids["key_store"].as_str().unwrap(), stage.ids["endpoint_service_name"].as_str().unwrap()]
    {
        let found = stage.client.verify(Target::named(name, "eu-central-1")).await.unwrap();
        assert_eq!(found.key_store, by_spec.key_store, "{name}");
        assert_eq!(found.endpoint_service, by_spec.endpoint_service, "{name}");
        assert_eq!(failing(&found), BTreeSet::new(), "{found}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_not_found() {
    let stage = Stage::good().await;
    for (name, region) in
        [("nobody", "eu-central-1"), ("cks-0123456789abcdef0", "eu-central-1"), ("payments-hsm", "eu-west-1")]
    {
        let error = stage.client.verify(Target::named(name, region)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let gone = "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0";
    let verification = stage.client.verify(Target::named(gone, "eu-central-1")).await.unwrap();
    assert!(failing(&verification).contains("EPS-01"), "{verification}");
}

/// Each action of a look, and a rule that cannot be decided without it.
const NEEDED: [(&str, &str); 17] = [
    ("kms:DescribeCustomKeyStores", "KS-01"),
    ("ec2:DescribeVpcEndpointServiceConfigurations", "NLB-11"),
    ("ec2:DescribeVpcEndpointServicePermissions", "PRM-01"),
    ("ec2:DescribeVpcEndpointConnections", "EPS-11"),
    ("ec2:DescribeAvailabilityZones", "NET-09"),
    ("ec2:DescribeVpcs", "NET-06"),
    ("ec2:DescribeVpcAttribute", "NET-05"),
    ("ec2:DescribeSubnets", "NET-01"),
    ("ec2:DescribeRouteTables", "NET-02"),
    ("ec2:DescribeNetworkAcls", "NET-11"),
    ("ec2:DescribeSecurityGroups", "NLB-09"),
    ("elasticloadbalancing:DescribeLoadBalancers", "NLB-01"),
    ("elasticloadbalancing:DescribeListeners", "NLB-06"),
    ("elasticloadbalancing:DescribeTargetGroups", "TGT-01"),
    ("elasticloadbalancing:DescribeTargetHealth", "TGT-09"),
    ("elasticloadbalancing:DescribeTargetGroupAttributes", "TGT-11"),
    ("elasticloadbalancing:DescribeListenerAttributes", "NLB-14"),
];

#[tokio::test(start_paused = true)]
async fn a_denied_read_leaves_its_rules_unknown_and_names_the_action() {
    let stage = Stage::good().await;
    for (action, rule) in NEEDED {
        let operation = action.split_once(':').unwrap().1;
        stage.simulator.meddle(&json!({"fault": "deny", "on": operation, "times": 99})).unwrap();
        let verification = stage.client.verify(&stage.spec).await.unwrap();
        stage.simulator.meddle(&json!({"fault": "none"})).unwrap();
        let missing = Gap::Denied { action: action.to_owned() };
        let verdict = &verification.check(rule).unwrap().verdict;
        assert_eq!(*verdict, Verdict::Unknown { missing }, "{action}: {rule}");
        assert_eq!(failing(&verification), BTreeSet::new(), "{action}");
    }
    // Nothing at all may be read: by spec every rule is unknown, and by name there is nothing to begin with.
    stage.simulator.meddle(&json!({"fault": "deny", "times": 999})).unwrap();
    let verification = stage.client.verify(&stage.spec).await.unwrap();
    assert_eq!(failing(&verification), BTreeSet::new(), "{verification}");
    let error = stage.client.verify(Target::named("payments-hsm", "eu-central-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
}

#[tokio::test(start_paused = true)]
async fn half_deleted_worlds_are_judged_without_a_panic() {
    let full = serde_json::to_value(Stage::good().await.facts().await).unwrap();
    let unknown = json!({"unknown": {"because": "not_read"}});
    for name in full.as_object().unwrap().keys() {
        for instead in [json!("absent"), unknown.clone()] {
            let mut document = full.clone();
            if document[name].get("known").is_none() {
                continue;
            }
            document[name] = instead;
            let facts: Facts = serde_json::from_value(document).unwrap();
            let verification = Verification::of(&facts);
            assert_eq!(verification.checks.len(), 112);
            let written: Verification = serde_json::from_str(&verification.to_json()).unwrap();
            assert_eq!(written, verification);
        }
    }
    let empty = Verification::of(&Facts { service: Fact::Absent, ..Facts::default() });
    assert_eq!(empty.checks.len(), 112);
}

#[tokio::test(start_paused = true)]
async fn the_report_is_one_file_that_loads_nothing_and_escapes_what_it_quotes() {
    let stage = Stage::good().await;
    let mut facts = stage.facts().await;
    facts.subject = "<script>alert(1)</script>".to_owned();
    if let Fact::Known(store) = &mut facts.key_store {
        store.name = "a \"<b>\" & 'c'".to_owned();
    }
    if let Fact::Known(service) = &mut facts.service {
        service.acceptance_required = true;
        service.zones.truncate(1);
    }
    facts.network_acls = Fact::Unknown(Gap::Denied { action: "ec2:DescribeNetworkAcls".to_owned() });
    let html = Verification::of(&facts).to_html();
    assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("<link") && !html.contains("url("));
    assert!(html.contains("a &quot;&lt;b&gt;&quot; &amp; &#39;c&#39;"));
    for rule in catalogue() {
        assert!(html.contains(&format!("id=\"{}\"", rule.id)), "{}", rule.id);
    }
    if let Some(path) = std::env::var_os("REPORT") {
        fs::write(path, &html).unwrap();
    }
}
