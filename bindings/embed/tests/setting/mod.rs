//! A store, the world that it is made in, and verbs that are waited for.

use std::sync::Arc;
use std::time::Duration;

use xkslink_embed::{Callbacks, Client, Document, Outcome, Simulator, Task, World, spec};

pub(crate) const SPEC: &str = r#"
version = 1
name = "payments-hsm"
region = "eu-central-1"
data_center = ["10.0.0.0/16"]
private_dns_name = "xks.payments.example.com"
network = { type = "create", cidr = "10.60.0.0/24" }
link = { type = "vpn_gateway" }
proxy = { addresses = ["10.0.8.10", "10.0.8.11"] }
domain = { type = "route53" }
[key_store]
path = "/payments/kms/xks/v1"
credential = { type = "callback" }
"#;

pub(crate) const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

pub(crate) fn document() -> Arc<Document> {
    Arc::new(spec("toml", SPEC).unwrap())
}

pub(crate) fn world() -> Simulator {
    Simulator::new(World { hosted_zones: vec!["example.com".to_owned()], ..World::default() }).unwrap()
}

pub(crate) fn callbacks() -> Callbacks {
    let credential = || ("ABCDEFGHIJKLMNOPQRSTUVWX".to_owned(), SECRET.to_owned());
    Callbacks { credential: Some(Arc::new(move |()| Ok(credential()))), ..Callbacks::default() }
}

pub(crate) fn outcome(task: &Task) -> Outcome {
    task.result_within(Duration::from_secs(60)).expect("the task ends")
}

pub(crate) fn planned(client: &Client) -> Arc<Document> {
    outcome(&client.plan(document()).unwrap()).unwrap()
}
