//! The quota of custom key stores: what Service Quotas tells decides ACC-07, and whatever keeps it from telling keeps
//! nobody from verifying.

use std::time::Duration;

use serde_json::json;
use xkslink::facts::Gap;
use xkslink::rules::Verdict;
use xkslink::spec::Connectivity;
use xkslink::{Check, Client};
use xkslink_simulator::Simulator;

use crate::stage::{Stage, here};

/// An account in which the key store is not there yet.
struct Empty {
    simulator: Simulator,
    client: Client,
    spec: Connectivity,
}

impl Empty {
    fn new(quota: usize) -> Self {
        let simulator = Simulator::new();
        simulator.host_zone("example.com");
        simulator.meddle(&json!({"set": "key_store_quota", "to": quota})).unwrap();
        let text = std::fs::read_to_string(here("../tests/scenarios/specs/minimal.toml")).unwrap();
        let client = Client::new(&simulator.sdk_config("eu-central-1"));
        Self { simulator, client, spec: Connectivity::from_toml(&text).unwrap() }
    }

    async fn check(&self) -> Check {
        self.client.verify(&self.spec).await.unwrap().check("ACC-07").unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_quota_of_the_account_decides_and_is_shown() {
    for (quota, verdict) in [(0, Verdict::Fail), (1, Verdict::Pass), (25, Verdict::Pass)] {
        let check = Empty::new(quota).check().await;
        assert_eq!(check.verdict, verdict);
        let seen: Vec<_> = check.evidence.iter().map(|seen| (seen.what.as_str(), seen.value.as_str())).collect();
        assert_eq!(seen, [("custom key stores", "0"), ("quota", quota.to_string().as_str())]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_keeps_the_quota_from_us_is_said_and_waited_for_only_shortly() {
    const ACTION: &str = "servicequotas:ListServiceQuotas";
    for (fault, denied) in
        [("deny", true), ("throttle", false), ("server_error", false), ("drop_before", false), ("hang_before", false)]
    {
        let world = Empty::new(10);
        world.simulator.meddle(&json!({"fault": fault, "on": "ListServiceQuotas", "times": 99})).unwrap();
        let began = world.simulator.clock().now();
        let Verdict::Unknown { missing } = world.check().await.verdict else { panic!("{fault}: the quota is known") };
        match &missing {
            Gap::Denied { action } => assert!(denied && action == ACTION, "{fault}: {missing}"),
            Gap::Failed { action, .. } => assert!(!denied && action == ACTION, "{fault}: {missing}"),
            _ => panic!("{fault}: {missing}"),
        }
        assert!(world.simulator.clock().now() - began < Duration::from_secs(15), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_whose_quota_is_not_listed_has_the_usual_one_until_that_is_used_up() {
    let world = Empty::new(10);
    let unlisted = json!({"fault": "without", "member": "Quotas", "on": "ListServiceQuotas", "times": 99});
    world.simulator.meddle(&unlisted).unwrap();
    assert_eq!(world.check().await.verdict, Verdict::Pass);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_there_asks_for_no_quota() {
    let stage = Stage::good().await;
    let before = stage.simulator.requests().len();
    let verification = stage.client.verify(&stage.spec).await.unwrap();
    assert!(matches!(verification.check("ACC-07").unwrap().verdict, Verdict::NotApplicable { .. }), "{verification}");
    let requests = stage.simulator.requests().split_off(before);
    assert!(requests.iter().all(|request| request.operation != "ListServiceQuotas"));
}
