//! Other Regions than those where things are.

use std::collections::BTreeSet;

use xkslink::{ErrorKind, Target};

use crate::stage::{Stage, failing};

#[tokio::test(start_paused = true)]
async fn a_service_of_another_region_is_told_by_its_name() {
    let stage = Stage::good().await;
    let service = stage.ids["endpoint_service_name"].as_str().unwrap();
    let verification = stage.client.verify(Target::named(service, "eu-west-1")).await.unwrap();
    let told: BTreeSet<_> = ["ACC-02", "EPS-01"].map(str::to_owned).into();
    assert_eq!(failing(&verification), told, "{verification}");
    let diagnosis = stage.client.diagnose(Target::named(service, "eu-west-1")).await.unwrap();
    assert_eq!(diagnosis.found().unwrap().rule, "ACC-02", "{diagnosis}");
}

#[tokio::test(start_paused = true)]
async fn a_key_store_of_another_region_is_not_found_and_the_region_is_named() {
    let stage = Stage::good().await;
    for name in ["payments-hsm", stage.ids["key_store"].as_str().unwrap()] {
        for error in [
            stage.client.verify(Target::named(name, "eu-west-1")).await.unwrap_err(),
            stage.client.diagnose(Target::named(name, "eu-west-1")).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            assert!(error.to_string().contains(name) && error.to_string().contains("eu-west-1"), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_region_is_refused_before_anything_is_sent() {
    let stage = Stage::good().await;
    let before = stage.simulator.requests().len();
    for region in ["", "Frankfurt", "eu-central-1a", "eu-central-1.evil.example", "eu_central_1\n"] {
        let error = stage.client.verify(Target::named("payments-hsm", region)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{region}: {error}");
        let error = stage.client.diagnose(Target::named("payments-hsm", region)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{region}: {error}");
    }
    assert_eq!(stage.simulator.requests().len(), before);
}
