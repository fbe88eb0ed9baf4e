//! How plans, status, events and errors read to people. Invented ids are shown as `…`, so that only words are compared.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scenario;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use scenario::client::{ACCESS_KEY_ID, SECRET, client};
use scenario::file::{Scenario, base};
use scenario::run::first_error_of;
use serde_json::{Value, json};
use xkslink::spec::{Connectivity, Credential};
use xkslink::{CallbackFuture, Client, Error, Plan, Publisher, Report, Status, TxtRecord};
use xkslink_simulator::Simulator;

/// Words of sixteen and more letters and digits are invented ids.
fn tidy(text: &str) -> String {
    let mut tidied = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            word.push(letter);
            continue;
        }
        let invented = word.len() >= 16 && word.contains(|letter: char| letter.is_ascii_digit());
        tidied.push_str(if invented { "…" } else { &word });
        word.clear();
        tidied.push(letter);
    }
    tidied.trim_end().to_owned()
}

struct Stage {
    simulator: Simulator,
    client: Client,
}

impl Stage {
    fn new() -> Self {
        let simulator = Simulator::new();
        simulator.host_zone("example.com");
        let client = client(&simulator, "eu-central-1", None);
        Self { simulator, client }
    }

    async fn up(&self, document: &Value) -> Report {
        let plan = self.plan(document).await;
        self.client.apply(&plan).await.unwrap()
    }

    async fn plan(&self, document: &Value) -> Plan {
        self.client.plan(&spec(document)).await.unwrap()
    }
}

fn spec(document: &Value) -> Connectivity {
    Connectivity::from_value(document.clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_plan_to_create_reads_like_the_guide() {
    let plan = Stage::new().plan(&base("minimal")).await;
    assert_snapshot!(tidy(&plan.to_string()), @r"
    Plan for `payments-hsm` in eu-central-1: 17 to create; usually takes 11 min 54 s

    VPC and subnets
      +  VPC                   10.60.0.0/24, DNS support and DNS host names on
      +  subnet euc1-az1       10.60.0.0/26, private
      +  subnet euc1-az2       10.60.0.64/26, private
      +  route table           for all subnets, no route to the internet
      +  link                  a new virtual private gateway, attached  (1 min)
      +  routes                propagated by the virtual private gateway

    Target group
      +  target group          `payments-hsm`, IP addresses, TCP 443, health check HTTPS /ping every 10 s
      +  targets               10.0.8.10:443, 10.0.8.11:443

    Network Load Balancer
      +  security group        `payments-hsm` for the load balancer, egress open
      +  load balancer         `payments-hsm`, network, internal, IPv4, over all subnets  (2 min 30 s)
      +  listener              TCP 443 to the target group, TLS passes through

    VPC endpoint service
      +  endpoint service      private DNS name xks.payments.example.com, no acceptance, IPv4

    Private DNS name
      +  domain record         TXT, in the Route 53 zone of the domain  (30 s)
      +  domain verification   AWS finds the TXT record  (3 min 50 s)

    Permission for AWS KMS
      +  permission            cks.kms.eu-central-1.amazonaws.com

    External key store
      +  key store             `payments-hsm`, https://xks.payments.example.com/payments/kms/xks/v1
      +  connection            KMS connects the key store to the proxy  (5 min)
    ");
}

#[tokio::test(start_paused = true)]
async fn a_plan_to_update_names_the_fields() {
    let stage = Stage::new();
    let mut document = base("minimal");
    stage.up(&document).await;
    document["proxy"]["health_check"]["path"] = "/health".into();
    document["proxy"]["addresses"] = json!(["10.0.8.11", "10.0.8.12"]);
    document["private_dns_name"] = "xks.treasury.example.com".into();
    document["tags"] = json!({"team": "treasury"});
    assert_snapshot!(tidy(&stage.plan(&document).await.to_string()), @r"
    Plan for `payments-hsm` in eu-central-1: 1 to create, 13 to update, 1 to replace; usually takes 13 min 56 s

    VPC and subnets
      ~  VPC                   vpc-…
           tags.team: + treasury
      ~  subnet euc1-az1       subnet-…
           tags.team: + treasury
      ~  subnet euc1-az2       subnet-…
           tags.team: + treasury
      ~  route table           rtb-…
           tags.team: + treasury
      ~  link                  vgw-…
           tags.team: + treasury

    Target group
      ~  target group          arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/payments-hsm/…
           health_check.path: /ping -> /health
           tags.team: + treasury
      ~  targets
           target: + 10.0.8.12:443
           target: - 10.0.8.10:443

    Network Load Balancer
      ~  security group        sg-…
           tags.team: + treasury
      ~  load balancer         arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/payments-hsm/…
           tags.team: + treasury
      ~  listener              arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/net/payments-hsm/…/…
           tags.team: + treasury

    VPC endpoint service
      ~  endpoint service      vpce-svc-…
           private_dns_name: xks.payments.example.com -> xks.treasury.example.com
           tags.team: + treasury

    Private DNS name
      ~  domain record         _….example.com
           value: vpce:… -> the value for the new private DNS name
      +  domain verification   AWS finds the TXT record  (3 min 50 s)

    External key store
      ~  key store             cks-…
           uri_endpoint: https://xks.payments.example.com -> https://xks.treasury.example.com
      +- connection            (10 min, keys unusable)
           because the key store can change only while KMS is disconnected

    Needs your consent: cutting the key store off its proxy; its keys are unusable until it is connected again
    ");
}

#[tokio::test(start_paused = true)]
async fn a_plan_to_replace_says_why_and_asks() {
    let stage = Stage::new();
    let mut document = base("minimal");
    stage.up(&document).await;
    document["network"]["cidr"] = "10.61.0.0/24".into();
    assert_snapshot!(tidy(&stage.plan(&document).await.to_string()), @r"
    Plan for `payments-hsm` in eu-central-1: 5 to create, 1 to update, 11 to replace; usually takes 18 min 18 s

    VPC and subnets
      +- VPC                   vpc-…
           because AWS cannot change cidr in place
           cidr: 10.60.0.0/24 -> 10.61.0.0/24
      +- subnet euc1-az1       subnet-…
           because the VPC is replaced
           cidr: 10.60.0.0/26 -> 10.61.0.0/26
      +- subnet euc1-az2       subnet-…
           because the VPC is replaced
           cidr: 10.60.0.64/26 -> 10.61.0.64/26
      +- route table           rtb-…
           because the VPC is replaced
      +- link                  vgw-…  (2 min)
           because the VPC is replaced
      +  routes                propagated by the virtual private gateway

    Target group
      +- target group          arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/payments-hsm/…
           because the VPC is replaced
      +  targets               10.0.8.10:443, 10.0.8.11:443

    Network Load Balancer
      +- security group        sg-…
           because the VPC is replaced
      +- load balancer         arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/payments-hsm/…  (3 min 30 s)
           because the subnet is replaced
      +  listener              TCP 443 to the target group, TLS passes through

    VPC endpoint service
      +- endpoint service      vpce-svc-…
           because the load balancer is replaced

    Private DNS name
      +- domain record         _….example.com  (31 s)
           because the endpoint service is replaced
      +  domain verification   AWS finds the TXT record  (3 min 51 s)

    Permission for AWS KMS
      +  permission            cks.kms.eu-central-1.amazonaws.com

    External key store
      ~  key store             cks-…
           endpoint_service: com.amazonaws.vpce.eu-central-1.vpce-svc-… -> the new endpoint service
      +- connection            (10 min, keys unusable)
           because the key store can change only while KMS is disconnected

    Needs your consent: replacing what AWS cannot change in place

    Needs your consent: cutting the key store off its proxy; its keys are unusable until it is connected again
    ");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_interrupts_says_where() {
    let stage = Stage::new();
    let mut document = base("minimal");
    stage.up(&document).await;
    document["proxy"]["port"] = 8443.into();
    document["link"] = json!({"type": "routed"});
    let plan = stage.plan(&document).await;
    assert_snapshot!(tidy(&plan.to_string()), @r"
    Plan for `payments-hsm` in eu-central-1: 1 to create, 2 to replace, 2 to delete; usually takes 1 min 1 s

    VPC and subnets
      -  link                  vgw-…  (1 min, keys unusable)
      -  routes                (keys unusable)

    Target group
      +- target group          arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/payments-hsm/…  (keys unusable)
           because AWS cannot change port in place
           port: 443 -> 8443
      +  targets               10.0.8.10:8443, 10.0.8.11:8443

    Network Load Balancer
      +- listener              arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/net/payments-hsm/…/…  (keys unusable)
           because the target group is replaced

    Needs your consent: replacing what AWS cannot change in place

    Needs your consent: deleting what is not wanted any more

    Needs your consent: cutting the key store off its proxy; its keys are unusable until it is connected again
    ");
    let error = stage.client.apply(&plan).await.unwrap_err();
    assert_snapshot!(told(&error), @r"
    needs_consent at target group
      the plan replaces the target group and deletes the link and cuts off the connected key store, whose keys are unusable meanwhile
      help: apply with consent to `replace` and `delete` and `disconnect`, or change the spec
    ");
}

#[tokio::test(start_paused = true)]
async fn a_plan_with_nothing_to_do_says_so() {
    let stage = Stage::new();
    stage.up(&base("minimal")).await;
    assert_snapshot!(tidy(&stage.plan(&base("minimal")).await.to_string()), @"Plan for `payments-hsm` in eu-central-1: nothing to do");
}

#[tokio::test(start_paused = true)]
async fn a_teardown_plan_goes_backwards() {
    let stage = Stage::new();
    stage.up(&base("minimal")).await;
    let plan = stage.client.plan_teardown(&spec(&base("minimal"))).await.unwrap();
    assert_snapshot!(tidy(&plan.to_string()), @r"
    Teardown plan for `payments-hsm` in eu-central-1: 12 to delete; usually takes 6 min 23 s

    External key store
      -  connection            (5 min, keys unusable)
      -  key store             cks-…

    Private DNS name
      -  domain record         _….example.com

    VPC endpoint service
      -  endpoint service      vpce-svc-…

    Network Load Balancer
      -  load balancer         arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/payments-hsm/…  (1 min)
      -  security group        sg-…

    Target group
      -  target group          arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/payments-hsm/…

    VPC and subnets
      -  link                  vgw-…  (1 min)
      -  route table           rtb-…
      -  subnet euc1-az2       subnet-…
      -  subnet euc1-az1       subnet-…
      -  VPC                   vpc-…

    Needs your consent: deleting what is not wanted any more

    Needs your consent: cutting the key store off its proxy; its keys are unusable until it is connected again
    ");
}

#[tokio::test(start_paused = true)]
async fn status_says_what_is_missing_and_what_differs() {
    let stage = Stage::new();
    let document = base("minimal");
    let report = stage.up(&document).await;
    let input = json!({"ListenerArn": report.ids.listener});
    stage.simulator.meddle(&json!({"call": "elasticloadbalancing:DeleteListener", "input": input})).unwrap();
    let input = json!({"ServiceId": report.ids.endpoint_service, "AcceptanceRequired": true});
    stage.simulator.meddle(&json!({"call": "ec2:ModifyVpcEndpointServiceConfiguration", "input": input})).unwrap();
    let status = stage.client.status(&spec(&document)).await.unwrap();
    assert_snapshot!(tidy(&status.to_string()), @r"
    `payments-hsm` in eu-central-1
      ok VPC
      ok subnet euc1-az1
      ok subnet euc1-az2
      ok route table
      ok link
      ok routes
      ok security group
      ok target group
      ok targets
      ok load balancer
      -- listener              missing
      ~~ endpoint service      differs: acceptance_required
      ok permission
      ok domain record
      ok domain verification
      ok key store
      ok connection
    ");
}

#[tokio::test(start_paused = true)]
async fn a_diagram_shows_the_way_of_a_request() {
    let plan = Stage::new().plan(&base("minimal")).await;
    assert_snapshot!(plan.to_mermaid(), @r#"
    flowchart LR
      key_store["key store"]:::create
      endpoint_service["endpoint service"]:::create
      load_balancer["load balancer"]:::create
      listener["listener"]:::create
      target_group["target group"]:::create
      link["link"]:::create
      domain_record["domain record"]:::create
      proxy["XKS proxy"]
      key_store -->|private DNS name| endpoint_service
      endpoint_service -->|PrivateLink| load_balancer
      load_balancer --> listener
      listener -->|TCP 443| target_group
      target_group --> link
      domain_record -->|proves the name| endpoint_service
      link --> proxy
      classDef create stroke:#2da44e,stroke-width:2px
      classDef update stroke:#bf8700,stroke-width:2px
      classDef replace stroke:#cf222e,stroke-width:2px
      classDef delete stroke:#cf222e,stroke-width:2px
    "#);
}

#[tokio::test(start_paused = true)]
async fn events_tell_the_story_of_a_run() {
    let stage = Stage::new();
    // What shows how late is another story, and changes with the seed.
    stage.simulator.meddle(&json!({"set": "timings.consistency", "to": 0})).unwrap();
    let mut document = base("minimal");
    document["domain"] = json!({"type": "manual"});
    let plan = stage.plan(&document).await;
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&lines);
    stage.client.apply(&plan).on_event(move |event| heard.lock().unwrap().push(event.to_string())).await.unwrap();
    let mut lines = lines.lock().unwrap().clone();
    // One line of each wait is enough to read.
    let mut waits = BTreeSet::new();
    lines.retain(|line| !line.contains("waiting until") || waits.insert(line[8..].to_owned()));
    assert_snapshot!(tidy(&lines.join("\n")), @r#"
    0:00  17 steps to take
    0:00  VPC: create …
    0:00  VPC: waiting until the VPC is available (`pending`)
    0:01  VPC: created in 1 s, vpc-…
    0:01  VPC: update …
    0:01  target group: create …
    0:01  VPC: updated in 0 s, vpc-…
    0:01  target group: created in 0 s, arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/payments-hsm/…
    0:01  subnet euc1-az1: create …
    0:01  subnet euc1-az2: create …
    0:01  security group: create …
    0:01  targets: create …
    0:01  security group: created in 0 s, sg-…
    0:01  targets: created in 0 s
    0:01  subnet euc1-az1: waiting until the subnet is available (`pending`)
    0:01  subnet euc1-az2: waiting until the subnet is available (`pending`)
    0:02  subnet euc1-az1: created in 1 s, subnet-…
    0:02  subnet euc1-az2: created in 1 s, subnet-…
    0:02  route table: create …
    0:02  link: create …
    0:02  load balancer: create …
    0:02  route table: created in 0 s, rtb-…
    0:02  link: waiting until the link is ready (`attaching`)
    0:02  load balancer: waiting until the load balancer is active (`provisioning`)
    1:03  link: created in 1 min 1 s, vgw-…
    1:03  routes: create …
    1:03  routes: created in 0 s
    2:32  load balancer: created in 2 min 30 s, arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/payments-hsm/…
    2:32  listener: create …
    2:32  endpoint service: create …
    2:32  listener: created in 0 s, arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/net/payments-hsm/…/…
    2:32  endpoint service: waiting until the endpoint service is available (`Pending`)
    2:35  endpoint service: created in 2 s, vpce-svc-…
    2:35  permission: create …
    2:35  domain record: create …
    2:35  publish this record: _….payments.example.com. 1800 IN TXT "vpce:…"
    2:35  domain record: created in 0 s, _….payments.example.com
    2:35  permission: created in 0 s
    2:35  stopped until the TXT record is published
    "#);
}

/// Scenarios whose first error is a good example of its kind.
const EXAMPLES: [&str; 15] = [
    "failure/invalid_spec",
    "existing/breaks_the_rules",
    "failure/unreachable",
    "failure/access_denied_for_the_endpoint_service",
    "failure/foreign_target_group",
    "failure/stale_plan",
    "failure/somebody_else_at_work",
    "update/private_dns_name",
    "teardown/is_refused_while_keys_exist",
    "failure/no_healthy_target",
    "failure/too_slow_load_balancer",
    "failure/throttled_for_long",
    "failure/vpc_quota",
    "failure/connection_xks_proxy_timed_out",
    "failure/unreadable_answer",
];

#[test]
fn errors_say_what_went_wrong_and_what_to_do() {
    let mut text = String::new();
    for name in EXAMPLES {
        let path = scenario::home().join(format!("{name}.toml"));
        text.push_str(&told(&first_error_of(&path).unwrap_or_else(|| panic!("{name} has no error"))));
    }
    assert_snapshot!(tidy(&text), @r"
    invalid_spec
      data_center[0]: `10.0.0.0/16` overlaps the VPC's `10.0.1.0/24`; choose another range for the VPC: addresses that both have never leave it [NET-04]
    key_store.path: `/wrong` does not end with `/kms/xks/v1`; write `/wrong/kms/xks/v1` [KS-03]
      help: correct the spec; nothing was sent to AWS

    invalid_spec
      the spec does not fit what exists in AWS: subnet `subnet-…` does not exist, or shares its zone with another one of the spec (NET-01); proxy address `10.9.0.10` is outside VPC `vpc-…`, but the link is `none` (NET-10)
      help: correct the spec, or what it names in AWS, then plan again

    unreachable, trying again may help
      could not look for what carries our tag: could not reach AWS: the simulated connection broke
      help: check credentials, network and proxy settings of this process, then try again

    access_denied at endpoint service
      could not create the endpoint service: AWS said UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/simulated is not authorized to perform: ec2:CreateVpcEndpointServiceConfiguration on resource: * because no identity-based policy allows the ec2:CreateVpcEndpointServiceConfiguration action
      help: allow `ec2:CreateVpcEndpointServiceConfiguration` for the calling role

    not_ours
      a target group with the name of this store exists, but it lacks the tag xkslink:store (arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/payments-hsm/…)
      help: rename the store, or delete the object if nobody needs it; it is never touched by this library

    stale_plan at listener
      AWS changed since the plan was made, and the plan does not create the listener (does not exist)
      help: plan again, look at the plan, and apply that

    concurrent_change at route table
      another run or a person is at work on the store: AWS said `InvalidRouteTableID.NotFound` when this run was to create the routes, and the plan does not create the route table (does not exist)
      help: wait until the other run has ended, or stop it; then plan again, look at the plan, and apply that

    needs_consent at connection
      the plan disconnects the key store, whose keys are unusable meanwhile
      help: apply with consent to `disconnect`, or change the spec

    keys_exist
      key store `payments-hsm` still holds KMS keys
      help: schedule the deletion of its keys, which takes 7 to 30 days and loses what they encrypt, then tear down again

    timed_out at connection, trying again may help
      KMS would not reach the proxy: gave up waiting until a proxy address is healthy: still `10.0.8.10 unhealthy (Target.FailedHealthChecks), 10.0.8.11 unhealthy (Target.FailedHealthChecks)` after 5 min
      help: check route, firewall and the proxy's health check path between the subnets and the proxy, then apply again

    timed_out at load balancer, trying again may help
      gave up waiting until the load balancer is active: still `provisioning` after 15 min
      help: apply again to go on waiting; if the state does not change, look at the resource in the AWS console

    throttled at target group, trying again may help
      could not create the target group: AWS said ThrottlingException: Rate exceeded
      help: wait a little, then try again

    limit_exceeded at VPC
      could not create the VPC: AWS said VpcLimitExceeded: The maximum number of VPCs has been reached.
      help: raise the quota in Service Quotas or delete what is no longer needed

    connection_failed at connection
      KMS could not connect the key store: XKS_PROXY_TIMED_OUT: the proxy did not answer within 250 ms
      help: bring the proxy nearer or make it faster, then apply again

    aws
      could not look for the key store: could not read the answer of AWS
      help: try again; if it happens again, this is a fault of the endpoint that answers, or of a proxy before it
    ");
}

#[tokio::test(start_paused = true)]
async fn a_failed_callback_is_the_source_of_its_error() {
    struct Broken;
    impl Publisher for Broken {
        fn publish<'a>(&'a self, _: &'a TxtRecord) -> CallbackFuture<'a, ()> {
            Box::pin(async { Err("the DNS provider is down".into()) })
        }
        fn withdraw<'a>(&'a self, _: &'a TxtRecord) -> CallbackFuture<'a, ()> {
            Box::pin(async { Ok(()) })
        }
    }
    let simulator = Simulator::new();
    let client = Client::builder(&simulator.sdk_config("eu-central-1")).publisher(Broken).build();
    let mut document = base("minimal");
    document["domain"] = json!({"type": "callback"});
    let plan = client.plan(&spec(&document)).await.unwrap();
    let error = client.apply(&plan).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the DNS provider is down");
    assert_snapshot!(told(&error), @r"
    callback at domain record
      could not publish the TXT record: the callback failed
      help: see the cause that the callback gave
    ");
}

/// An error as a command-line tool would show it.
fn told(error: &Error) -> String {
    let details = json!(error.details());
    let at = error.resource().map(|resource| format!(" at {resource}")).unwrap_or_default();
    let again = if error.retryable() { ", trying again may help" } else { "" };
    format!("{}{at}{again}\n  {error}\n  help: {}\n\n", details["kind"].as_str().unwrap_or_default(), error.help())
}

/// Read from the source, so that a new kind cannot be forgotten.
fn kinds() -> BTreeSet<String> {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/error.rs")).unwrap();
    let (_, body) = source.split_once("pub enum ErrorKind {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let names = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    names.filter(|name| name.chars().all(char::is_alphanumeric)).map(snake_case).collect()
}

fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[test]
fn some_scenario_produces_each_kind_of_error() {
    let mut produced = BTreeSet::new();
    for path in scenario::folders().iter().flat_map(|folder| scenario::files(folder)) {
        let scenario = Scenario::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        produced.extend(scenario.runs.iter().filter_map(|run| json!(run.error).as_str().map(str::to_owned)));
    }
    // Callbacks that fail are code, not data: see the test of their error above.
    produced.insert("callback".to_owned());
    assert_eq!(produced, kinds());
}

#[tokio::test(start_paused = true)]
async fn no_output_holds_the_secret() {
    let stage = Stage::new();
    let document = base("minimal");
    let spec = spec(&document);
    let report = stage.up(&document).await;
    let plan = stage.client.plan_teardown(&spec).await.unwrap();
    let status: Status = stage.client.status(&spec).await.unwrap();
    let mut wrong = document.clone();
    wrong["key_store"]["credential"]["access_key_id"] = SECRET.into();
    wrong["key_store"]["path"] = SECRET.into();
    let refused = Connectivity::from_value(wrong).unwrap_err();
    let credential = Credential::value(ACCESS_KEY_ID, SECRET);
    let requests: Vec<Value> = stage.simulator.requests().iter().map(|request| request.to_json()).collect();
    let texts = [
        format!("{spec:?}{}{}{}", spec.to_json().unwrap(), spec.to_toml().unwrap(), spec.to_yaml().unwrap()),
        format!("{credential:?}{:?}", credential.read().unwrap()),
        format!("{plan:?}{plan}{}{}", plan.to_json(), plan.to_mermaid()),
        format!("{report:?}{}", report.to_json()),
        format!("{status:?}{status}{}", status.to_json()),
        format!("{:?}{:?}", stage.client, stage.simulator),
        json!(requests).to_string(),
    ];
    for (number, text) in texts.iter().enumerate() {
        assert!(!text.contains(SECRET), "output {number} holds the secret");
    }
    assert!(requests.iter().any(|request| request["operation"] == "CreateCustomKeyStore"));
    // A secret in the wrong place is the user's own doing; the right place stays silent even then.
    assert!(!format!("{refused:?}").contains(ACCESS_KEY_ID));
}
