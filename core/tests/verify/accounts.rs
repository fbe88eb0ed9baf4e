//! Endpoint services of other accounts: what a consumer may see of them, and what only their owner can.

use serde_json::json;
use xkslink::facts::Gap;
use xkslink::rules::Verdict;
use xkslink::{Check, Client, Target, Verification};
use xkslink_simulator::ACCOUNT;

use crate::stage::Stage;

const OTHER: &str = "444455556666";

fn owners_alone(check: &Check) -> bool {
    matches!(&check.verdict, Verdict::Unknown { missing: Gap::OtherAccount { account } } if account == ACCOUNT)
}

/// The service of the good world, verified from an account that has nothing to do with it.
async fn from_another_account(stage: &Stage) -> Verification {
    let client = Client::new(&stage.simulator.sdk_config_of(OTHER, "eu-central-1"));
    let service = stage.ids["endpoint_service_name"].as_str().unwrap();
    client.verify(Target::named(service, "eu-central-1")).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_service_that_lets_nobody_in_is_not_found_and_acc_06_is_named() {
    let stage = Stage::good().await;
    let verification = from_another_account(&stage).await;
    let fails: Vec<_> = verification.failures().map(|check| check.rule.as_str()).collect();
    assert_eq!(fails, ["EPS-01"], "{verification}");
    assert!(verification.check("EPS-01").unwrap().remedy.contains("ACC-06"));
    assert!(!verification.checks.iter().any(owners_alone), "who owns it is not known");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_lets_the_account_in_is_judged_by_what_it_shows_and_the_rest_is_its_owners() {
    let mut stage = Stage::good().await;
    let allowed = json!({
        "ServiceId": "$endpoint_service",
        "AddAllowedPrincipals": [format!("arn:aws:iam::{OTHER}:root")],
    });
    stage.deeds(&[json!({"call": "ec2:ModifyVpcEndpointServicePermissions", "input": allowed})]).await;
    stage.deeds(&[json!({"wait": 5})]).await;
    let verification = from_another_account(&stage).await;
    assert_eq!(verification.failures().count(), 0, "{verification}");
    let verdict = |rule: &str| &verification.check(rule).unwrap().verdict;
    for shown in ["ACC-02", "ACC-05", "ACC-06", "EPS-01", "EPS-02", "EPS-03", "EPS-04", "EPS-06", "DNS-03"] {
        assert_eq!(*verdict(shown), Verdict::Pass, "{shown}");
    }
    for hidden in ["NET-01", "NET-10", "TGT-09", "NLB-04", "NLB-06", "PRM-01"] {
        assert!(owners_alone(verification.check(hidden).unwrap()), "{hidden}: {:?}", verdict(hidden));
    }
}
