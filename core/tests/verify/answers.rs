//! Answers of AWS, or of whoever answers in its place, that are nonsense, without end, or do not come.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use xkslink::ErrorKind;

use crate::stage::{Stage, failing};

/// What may come of an answer that is none.
const TYPED: [ErrorKind; 4] = [ErrorKind::Aws, ErrorKind::Unreachable, ErrorKind::Throttled, ErrorKind::NotFound];

/// Eight attempts of 30 seconds, and the pauses between them.
const LONGEST: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn no_answer_to_any_read_makes_a_rule_fail_or_the_look_hang() {
    let stage = Stage::good().await;
    let before = stage.simulator.requests().len();
    stage.client.verify(&stage.spec).await.unwrap();
    let read: BTreeSet<String> =
        stage.simulator.requests().split_off(before).into_iter().map(|request| request.operation).collect();
    assert!(read.len() > 15, "{read:?}");
    let faults = ["garbage", "server_error", "throttle", "drop_before", "hang_before", "endless", "circular"];
    for operation in &read {
        for fault in faults {
            let member =
                if operation.ends_with("Stores") || operation.contains("Load") { "NextMarker" } else { "nextToken" };
            let deed = json!({"fault": fault, "on": operation, "times": 2_000, "member": member});
            stage.simulator.meddle(&deed).unwrap();
            let began = stage.simulator.clock().now();
            match stage.client.verify(&stage.spec).await {
                Ok(verification) => {
                    assert_eq!(failing(&verification), BTreeSet::new(), "{operation}, {fault}: {verification}");
                }
                Err(error) => assert!(TYPED.contains(&error.kind()), "{operation}, {fault}: {error}"),
            }
            let took = stage.simulator.clock().now() - began;
            assert!(took < LONGEST, "{operation}, {fault}: {took:?}");
            stage.simulator.meddle(&json!({"fault": "none"})).unwrap();
        }
    }
}
