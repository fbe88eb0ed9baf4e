//! Accounts as they are: with many hosted zones, and with policies that forbid a part of a call.

mod scenario;

use scenario::client::client;
use scenario::file::base;
use xkslink::ErrorKind;
use xkslink::spec::Connectivity;
use xkslink_simulator::Simulator;

const REGION: &str = "eu-central-1";

/// The whole policy of somebody who may do everything but this.
fn all_but(action: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Action": "*", "Resource": "*"}},
            {{"Effect": "Deny", "Action": "{action}", "Resource": "*"}}]}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn the_right_that_aws_misses_is_named_not_the_call_that_needs_it() {
    for (action, resource) in [("ec2:CreateTags", "VPC"), ("elasticloadbalancing:AddTags", "target group")] {
        let simulator = Simulator::new();
        simulator.host_zone("example.com");
        simulator.allow(xkslink_simulator::ACCOUNT, &all_but(action)).unwrap();
        let client = client(&simulator, REGION, None);
        let spec = Connectivity::from_value(base("minimal")).unwrap();
        let plan = client.plan(&spec).await.unwrap();
        let error = client.apply(&plan).await.unwrap_err();
        assert_eq!((error.kind(), error.resource()), (ErrorKind::AccessDenied, Some(resource)), "{error}");
        assert_eq!(error.help(), format!("allow `{action}` for the calling role"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_zone_is_found_behind_a_page_of_others_and_the_next_domain_is_not_read() {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    for number in 0..120 {
        simulator.host_zone(&format!("a{number}.example.com"));
    }
    simulator.host_zone("payments.example.com");
    for number in 0..120 {
        simulator.host_zone(&format!("b{number}.example.org"));
    }
    let client = client(&simulator, REGION, None);
    let spec = Connectivity::from_value(base("minimal")).unwrap();
    let report = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    let record = report.ids.txt_record.unwrap();
    assert!(record.name.ends_with(".payments.example.com"), "{record}");
    let pages = simulator.requests().iter().filter(|request| request.operation == "ListHostedZonesByName").count();
    assert_eq!(pages, 2, "two pages for the plan; apply keeps the zone that it chose");
}
