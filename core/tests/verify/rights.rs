//! Without rights: whatever is not known names the action that is missing.

use std::collections::BTreeSet;

use serde_json::json;
use xkslink::facts::Gap;
use xkslink::rules::{Verdict, rule};
use xkslink::{Certainty, Target};

use crate::stage::{Stage, failing};

#[tokio::test(start_paused = true)]
async fn with_no_right_at_all_every_rule_that_asks_aws_names_an_action() {
    let stage = Stage::good().await;
    let whole = stage.client.verify(&stage.spec).await.unwrap();
    stage.simulator.meddle(&json!({"fault": "deny", "times": 999})).unwrap();
    let verification = stage.client.verify(&stage.spec).await.unwrap();
    assert_eq!(failing(&verification), BTreeSet::new(), "{verification}");
    for (before, check) in whole.checks.iter().zip(&verification.checks) {
        let Verdict::Unknown { missing } = &check.verdict else { continue };
        match missing {
            Gap::Denied { action } => assert!(action.split_once(':').is_some(), "{}: {action}", check.rule),
            // What AWS would not tell even to somebody who may read everything.
            other => assert_eq!(before.verdict, Verdict::Unknown { missing: other.clone() }, "{}", check.rule),
        }
    }
    let denied = |check: &&xkslink::Check| matches!(check.verdict, Verdict::Unknown { missing: Gap::Denied { .. } });
    let passed = whole.checks.iter().filter(|check| check.verdict == Verdict::Pass).count();
    // The Region, the name and the endpoint are in the spec: nobody has to be asked about them.
    assert!(verification.checks.iter().filter(denied).count() * 10 >= passed * 8, "{verification}");
}

#[tokio::test(start_paused = true)]
async fn who_may_only_see_key_stores_hears_of_no_breach() {
    let stage = Stage::good().await;
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "kms:DescribeCustomKeyStores", "Resource": "*"}}"#;
    stage.simulator.allow("111122223333", policy).unwrap();
    let verification = stage.client.verify(Target::named("payments-hsm", "eu-central-1")).await.unwrap();
    assert_eq!(failing(&verification), BTreeSet::new(), "{verification}");
    let unknown = &verification.check("ACC-05").unwrap().verdict;
    let missing = Gap::Denied { action: "ec2:DescribeVpcEndpointServiceConfigurations".to_owned() };
    assert_eq!(*unknown, Verdict::Unknown { missing });
}

#[tokio::test(start_paused = true)]
async fn a_diagnosis_without_rights_blames_nobody_and_says_what_to_allow() {
    let stage = Stage::good().await;
    stage.simulator.meddle(&json!({"fault": "deny", "times": 999})).unwrap();
    let told = "XKS_PROXY_NOT_REACHABLE";
    let diagnosis = stage.client.diagnose(&stage.spec).told(told).await.unwrap();
    assert!(diagnosis.found().is_none(), "{diagnosis}");
    let first = &diagnosis.causes[0];
    assert!(first.certainty == Certainty::Possible && rule(&first.rule).is_some());
    assert!(diagnosis.causes.iter().any(|cause| cause.sentence.contains("is denied; allow it for the calling role")));
    // The list of what is possible is cut for readers; what to allow is not.
    let text = diagnosis.to_string();
    let (list, more) = text.split_once("To know more\n").unwrap();
    let stores = "`kms:DescribeCustomKeyStores` is denied; allow it for the calling role";
    assert_eq!((list.matches(stores).count(), more.matches(stores).count()), (0, 1), "{text}");
    assert!(more.contains("a `tls` probe does"), "{text}");
    // Without a symptom, too: that no rule fails is little where none could be checked.
    let text = stage.client.diagnose(&stage.spec).await.unwrap().to_string();
    assert!(text.contains("No cause is known") && text.contains(stores), "{text}");
    let error = stage.client.diagnose(Target::named("payments-hsm", "eu-central-1")).told(told).await.unwrap_err();
    assert!(error.help().starts_with("allow `"), "{}", error.help());
}
