//! Properties of the engine: planning is pure; and whatever cut a run off, and whatever a stranger deleted meanwhile, the
//! next apply ends where one undisturbed apply ends, and a teardown leaves nothing of ours and everything of others.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scenario;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use scenario::client::client;
use scenario::file::base;
use serde_json::{Value, json};
use xkslink::spec::Connectivity;
use xkslink::{Client, Consent, ErrorKind, EventKind, Ids, Kind, Report};
use xkslink_simulator::{Fault, FaultKind, LoggedRequest, Simulator};

/// What cuts a run off.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The caller lets go after so many seconds.
    Seconds(u32),
    /// From so many requests on no request gets through; then the caller lets go.
    Requests(u16),
    /// The same, but AWS still acts: only the answers are lost.
    Answers(u16),
}

/// What a stranger deletes of ours between two runs. AWS may refuse: then nothing happens.
#[derive(Clone, Copy, Debug)]
enum Deletion {
    Listener,
    Targets,
    Routes,
    Principals,
    EndpointService,
    KeyStore,
    Record,
}

/// What happens before the last run.
#[derive(Clone, Debug)]
struct Past {
    seed: u64,
    link: &'static str,
    disturbances: Vec<(Cut, Option<Deletion>)>,
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![
        (0..900_u32).prop_map(Cut::Seconds),
        (0..160_u16).prop_map(Cut::Requests),
        (0..160_u16).prop_map(Cut::Answers),
    ]
}

fn deletion() -> impl Strategy<Value = Deletion> {
    prop_oneof![
        Just(Deletion::Listener),
        Just(Deletion::Targets),
        Just(Deletion::Routes),
        Just(Deletion::Principals),
        Just(Deletion::EndpointService),
        Just(Deletion::KeyStore),
        Just(Deletion::Record),
    ]
}

fn past() -> impl Strategy<Value = Past> {
    let disturbances = proptest::collection::vec((cut(), proptest::option::of(deletion())), 1..4);
    (1..1000_u64, prop_oneof![Just("vpn_gateway"), Just("transit_gateway"), Just("peering")], disturbances)
        .prop_map(|(seed, link, disturbances)| Past { seed, link, disturbances })
}

/// A world with things of others in it, and a spec for it.
struct Stage {
    simulator: Simulator,
    client: Client,
    spec: Connectivity,
    document: Value,
    /// The VPC and the transit gateway of others.
    ids: Value,
    others: BTreeMap<&'static str, usize>,
}

impl Stage {
    async fn new(past: &Past) -> Self {
        let simulator = Simulator::builder().seed(past.seed).build();
        simulator.host_zone("example.com");
        let client = client(&simulator, "eu-central-1", None);
        let vpc = simulator.meddle(&json!({"call": "ec2:CreateVpc", "input": {"CidrBlock": "10.0.0.0/16"}})).unwrap();
        let gateway = simulator.meddle(&json!({"call": "ec2:CreateTransitGateway"})).unwrap();
        simulator.clock().wait(Duration::from_secs(300)).await;
        // A store of somebody else in the same account.
        let mut theirs = base("minimal");
        theirs["name"] = "treasury".into();
        theirs["private_dns_name"] = "xks.treasury.example.com".into();
        theirs["network"]["cidr"] = "10.61.0.0/24".into();
        theirs["key_store"]["path"] = "/treasury/kms/xks/v1".into();
        let theirs = Connectivity::from_value(theirs).unwrap();
        client.apply(&client.plan(&theirs).await.unwrap()).await.unwrap();
        let mut document = base("minimal");
        document["link"] = match past.link {
            "transit_gateway" => json!({"type": past.link, "id": gateway["transitGateway"]["transitGatewayId"]}),
            "peering" => json!({"type": past.link, "vpc_id": vpc["vpc"]["vpcId"]}),
            _ => json!({"type": past.link}),
        };
        let spec = Connectivity::from_value(document.clone()).unwrap();
        let ids = json!({"vpc": vpc["vpc"]["vpcId"], "gateway": gateway["transitGateway"]["transitGatewayId"]});
        let others = simulator.census();
        Self { simulator, client, spec, document, ids, others }
    }

    fn edit(&mut self, edits: &[Edit]) {
        edits.iter().for_each(|edit| edit.of(&mut self.document, &self.ids));
        self.spec =
            Connectivity::from_value(self.document.clone()).unwrap_or_else(|error| panic!("{edits:?}: {error}"));
    }

    /// Plans, applies with every consent, and sees that nothing is left to do.
    async fn applied(&self) -> Result<Report, TestCaseError> {
        let plan = self.client.plan(&self.spec).await;
        let plan = plan.map_err(|error| TestCaseError::fail(format!("plan: {error:?}")))?;
        let mut apply = self.client.apply(&plan);
        for consent in [Consent::Disconnect, Consent::Replace, Consent::Delete] {
            apply = apply.consent(consent);
        }
        let report = apply.await.map_err(|error| TestCaseError::fail(format!("{error:?}\n{plan}")))?;
        prop_assert!(report.connected(), "{}", report.to_json());
        self.seconds_later().await;
        let next = self.client.plan(&self.spec).await.unwrap();
        prop_assert!(next.is_empty(), "{next}\nafter\n{plan}");
        Ok(report)
    }

    /// Applies, or takes down, until something cuts it off.
    async fn disturbed(&self, cut: Cut, up: bool) {
        let (fault, after, seconds) = match cut {
            Cut::Seconds(seconds) => (None, 0, seconds),
            Cut::Requests(number) => (Some("drop_before"), number, 3000),
            Cut::Answers(number) => (Some("drop_after"), number, 3000),
        };
        if let Some(fault) = fault {
            self.simulator.meddle(&json!({"fault": fault, "skip": after, "times": 1_000_000})).unwrap();
        }
        let run = async {
            if up {
                let plan = self.client.plan(&self.spec).await?;
                let apply = self.client.apply(&plan).consent(Consent::Disconnect).consent(Consent::Replace);
                apply.consent(Consent::Delete).await
            } else {
                self.client.teardown(&self.spec).consent(Consent::Disconnect).await
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(u64::from(seconds)), run).await;
        self.simulator.meddle(&json!({"fault": "none"})).unwrap();
        self.seconds_later().await;
    }

    /// Whoever starts a verb after another takes seconds, in which AWS's replicas catch up.
    async fn seconds_later(&self) {
        self.simulator.clock().wait(Duration::from_secs(5)).await;
    }

    async fn ids(&self) -> Ids {
        self.client.status(&self.spec).await.map(|status| status.ids).unwrap_or_default()
    }

    async fn delete(&self, deletion: Deletion) {
        let ids = json!(self.ids().await);
        let deed = match deletion {
            Deletion::Listener => {
                json!({"call": "elasticloadbalancing:DeleteListener", "input": {"ListenerArn": ids["listener"]}})
            }
            Deletion::Targets => json!({"call": "elasticloadbalancing:DeregisterTargets", "input":
                {"TargetGroupArn": ids["target_group"], "Targets": [{"Id": "10.0.8.10", "Port": 443}]}}),
            Deletion::Routes => json!({"call": "ec2:DeleteRoute", "input":
                {"RouteTableId": ids["route_table"], "DestinationCidrBlock": "10.0.0.0/16"}}),
            Deletion::Principals => json!({"call": "ec2:ModifyVpcEndpointServicePermissions", "input":
                {"ServiceId": ids["endpoint_service"], "RemoveAllowedPrincipals": ["cks.kms.eu-central-1.amazonaws.com"]}}),
            Deletion::EndpointService => json!({"call": "ec2:DeleteVpcEndpointServiceConfigurations", "input":
                {"ServiceId": [ids["endpoint_service"]]}}),
            Deletion::KeyStore => {
                json!({"call": "kms:DeleteCustomKeyStore", "input": {"CustomKeyStoreId": ids["key_store"]}})
            }
            Deletion::Record => {
                let value = ids["txt_record"]["value"].as_str().unwrap_or_default().to_owned();
                self.forget_record(&value);
                return;
            }
        };
        let _ = self.simulator.meddle(&deed);
        self.simulator.clock().wait(Duration::from_secs(60)).await;
    }

    fn forget_record(&self, value: &str) {
        self.simulator.world(|world| {
            for zone in &mut world.route53.zones {
                zone.records.retain(|set| set.kind != "TXT" || !set.values.contains(&format!("\"{value}\"")));
            }
        });
    }

    /// What exists beside the things of others. Values of TXT records are left out: a stranger who deletes an endpoint
    /// service takes the knowledge of its record with it.
    fn ours(&self) -> BTreeMap<&'static str, usize> {
        let mut census = self.simulator.census();
        census.remove("txt_values");
        census.iter_mut().for_each(|(what, number)| *number -= self.others[what]);
        census
    }
}

/// A change of the spec between two runs.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Range(&'static str),
    Zones(usize),
    Places([&'static str; 2]),
    Link(&'static str),
    Port(u16),
    Health(&'static str),
    Targets(u8),
    DataCentre(&'static str),
    DnsName(&'static str),
    Path(&'static str),
    StoreName(&'static str),
    SecurityGroup(&'static str),
    Tag(&'static str),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        prop_oneof![Just("10.60.0.0/24"), Just("10.62.0.0/24")].prop_map(Edit::Range),
        (2..4_usize).prop_map(Edit::Zones),
        prop_oneof![
            Just(["euc1-az1", "euc1-az2"]),
            Just(["euc1-az2", "euc1-az1"]),
            Just(["euc1-az3", "euc1-az1"]),
            Just(["euc1-az2", "euc1-az3"]),
        ]
        .prop_map(Edit::Places),
        prop_oneof![Just("vpn_gateway"), Just("transit_gateway"), Just("peering"), Just("routed")].prop_map(Edit::Link),
        prop_oneof![Just(443), Just(8443)].prop_map(Edit::Port),
        prop_oneof![Just("/ping"), Just("/health")].prop_map(Edit::Health),
        (10..14_u8).prop_map(Edit::Targets),
        prop_oneof![Just("10.0.0.0/16"), Just("10.0.0.0/17")].prop_map(Edit::DataCentre),
        prop_oneof![Just("xks.payments.example.com"), Just("xks2.example.com")].prop_map(Edit::DnsName),
        prop_oneof![Just("/a/kms/xks/v1"), Just("/kms/xks/v1")].prop_map(Edit::Path),
        prop_oneof![Just("payments-hsm"), Just("Payments keys")].prop_map(Edit::StoreName),
        prop_oneof![Just("own"), Just("none")].prop_map(Edit::SecurityGroup),
        prop_oneof![Just("a"), Just("b")].prop_map(Edit::Tag),
    ]
}

impl Edit {
    fn of(self, document: &mut Value, ids: &Value) {
        match self {
            Self::Range(cidr) => document["network"]["cidr"] = cidr.into(),
            Self::Zones(number) => {
                let cidr = document["network"]["cidr"].as_str().unwrap().replace(".0/24", "");
                let subnet = |index: usize| json!({"cidr": format!("{cidr}.{}/26", 64 * index)});
                document["network"]["subnets"] = (0..number).map(subnet).collect();
            }
            Self::Places(zones) => {
                Self::Zones(zones.len()).of(document, ids);
                zones
                    .iter()
                    .enumerate()
                    .for_each(|(n, zone)| document["network"]["subnets"][n]["zone"] = (*zone).into());
            }
            Self::Link(sort) => {
                document["link"] = match sort {
                    "transit_gateway" => json!({"type": sort, "id": ids["gateway"]}),
                    "peering" => json!({"type": sort, "vpc_id": ids["vpc"]}),
                    _ => json!({"type": sort}),
                }
            }
            Self::Port(port) => document["proxy"]["port"] = port.into(),
            Self::Health(path) => document["proxy"]["health_check"]["path"] = path.into(),
            Self::Targets(last) => {
                document["proxy"]["addresses"] = json!([format!("10.0.8.{last}"), "10.0.8.9"]);
            }
            Self::DataCentre(range) => document["data_center"] = json!([range]),
            Self::DnsName(name) => document["private_dns_name"] = name.into(),
            Self::Path(path) => document["key_store"]["path"] = path.into(),
            Self::StoreName(name) => document["key_store"]["name"] = name.into(),
            Self::SecurityGroup(choice) => document["load_balancer"]["security_group"] = choice.into(),
            Self::Tag(value) => document["tags"]["team"] = value.into(),
        }
        // Ranges of subnets that were written out follow the VPC.
        if let (Self::Range(_), Some(subnets)) = (self, document["network"]["subnets"].as_array().map(Vec::len)) {
            Self::Zones(subnets).of(document, ids);
        }
    }
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

fn all<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    // `PROPTEST_CASES=200` for a longer search.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(cases);
    // The same cases in every run: what fails once fails again.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { cases, failure_persistence: None, ..Config::default() }, rng);
    runner.run(&strategy, test).unwrap();
}

/// One store, whichever its link.
fn one_store(link: &str) -> BTreeMap<&'static str, usize> {
    let is = |sort: &str| usize::from(link == sort);
    BTreeMap::from([
        ("vpcs", 1),
        ("subnets", 2),
        ("route_tables", 1),
        ("security_groups", 1),
        ("network_interfaces", 2 + 2 * is("transit_gateway")),
        ("vpn_gateways", is("vpn_gateway")),
        ("transit_gateways", 0),
        ("attachments", is("transit_gateway")),
        ("peerings", is("peering")),
        ("txt_values_elsewhere", 0),
        ("endpoint_services", 1),
        ("endpoint_connections", 1),
        ("load_balancers", 1),
        ("listeners", 1),
        ("target_groups", 1),
        ("key_stores", 1),
    ])
}

#[test]
fn an_apply_after_any_past_ends_connected_with_nothing_twice() {
    all(8, past(), |past| {
        paused().block_on(async {
            let stage = Stage::new(&past).await;
            for (cut, deletion) in &past.disturbances {
                stage.disturbed(*cut, true).await;
                if let Some(deletion) = deletion {
                    stage.delete(*deletion).await;
                }
            }
            stage.applied().await?;
            prop_assert_eq!(stage.ours(), one_store(past.link));
            Ok(())
        })
    });
}

#[test]
fn a_teardown_after_any_past_leaves_nothing_of_ours_and_everything_of_others() {
    all(8, past(), |past| {
        paused().block_on(async {
            let stage = Stage::new(&past).await;
            for (turn, (cut, deletion)) in past.disturbances.iter().enumerate() {
                stage.disturbed(*cut, turn % 2 == 0).await;
                if let Some(deletion) = deletion {
                    stage.delete(*deletion).await;
                }
            }
            let plan = stage.client.plan_teardown(&stage.spec).await.unwrap();
            let torn = stage.client.teardown(&stage.spec).consent(Consent::Disconnect).await;
            torn.map_err(|error| TestCaseError::fail(format!("{error:?}\n{plan}")))?;
            let left: Vec<_> = stage.ours().into_iter().filter(|(_, number)| *number > 0).collect();
            prop_assert_eq!(left, Vec::new());
            Ok(())
        })
    });
}

#[test]
fn planning_is_pure() {
    all(6, past(), |past| {
        paused().block_on(async {
            let stage = Stage::new(&past).await;
            let (cut, _) = past.disturbances[0];
            stage.disturbed(cut, true).await;
            let one: Value = serde_json::from_str(&stage.client.plan(&stage.spec).await.unwrap().to_json()).unwrap();
            let other = client(&stage.simulator, "eu-central-1", None);
            let two: Value = serde_json::from_str(&other.plan(&stage.spec).await.unwrap().to_json()).unwrap();
            prop_assert_eq!(&one, &two);
            prop_assert_eq!(&one["hash"], &two["hash"]);
            Ok(())
        })
    });
}

/// Two sets of edits, and what cuts off the run between them.
fn edits() -> impl Strategy<Value = (Vec<Edit>, Vec<Edit>, Option<Cut>)> {
    let some = || proptest::collection::vec(edit(), 1..4);
    // Between two endpoint services only its private DNS name, with its name or its path, tells whose a key store is. A new
    // private DNS name at that moment is refused as `NotOurs`, and a new name together with a new path finds no store, for
    // which KMS refuses a second one: a change that is cut off keeps private DNS name and path.
    let named = |edit: &Edit| !matches!(edit, Edit::DnsName(_) | Edit::Path(_));
    (some(), some(), proptest::option::of(cut())).prop_map(move |(mut first, mut second, cut)| {
        if cut.is_some() {
            first.retain(named);
            second.retain(named);
        }
        (first, second, cut)
    })
}

#[test]
fn any_spec_becomes_any_other_even_if_the_change_is_cut_off() {
    all(6, edits(), |(first, second, cut)| {
        paused().block_on(async {
            let past = Past { seed: 1, link: "vpn_gateway", disturbances: Vec::new() };
            let mut stage = Stage::new(&past).await;
            let store = stage.applied().await?.ids.key_store;
            stage.edit(&first);
            match cut {
                Some(cut) => stage.disturbed(cut, true).await,
                None => drop(stage.applied().await?),
            }
            stage.edit(&second);
            let report = stage.applied().await?;
            prop_assert_eq!(report.ids.key_store, store, "the key store holds keys: it is never made anew");
            let one = ["vpcs", "load_balancers", "listeners", "target_groups", "endpoint_services", "key_stores"];
            let ours = stage.ours();
            prop_assert!(one.iter().all(|what| ours[what] == 1), "{:?}", ours);
            Ok(())
        })
    });
}

#[test]
fn a_twentieth_of_all_calls_going_wrong_stops_nobody() {
    all(3, (1..1000_u64, 1..1000_u64), |(seed, faults)| {
        paused().block_on(async {
            let simulator = Simulator::builder().seed(seed).random_faults(faults, 0.05).build();
            simulator.host_zone("example.com");
            let client = client(&simulator, "eu-central-1", None);
            let spec = Connectivity::from_value(base("minimal")).unwrap();
            for _ in 0..5 {
                let Ok(plan) = client.plan(&spec).await else { continue };
                let _ = client.apply(&plan).await;
            }
            let status = client.status(&spec).await.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            prop_assert!(status.as_wanted(), "{status}");
            let census = simulator.census();
            prop_assert!(one_store("vpn_gateway").iter().all(|(what, number)| census[what] == *number), "{census:?}");
            Ok(())
        })
    });
}

/// Somebody connects the key store whenever a teardown has disconnected it.
#[tokio::test(start_paused = true)]
async fn a_run_whose_work_is_undone_says_that_it_is_not_alone() {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = client(&simulator, "eu-central-1", None);
    let spec = Connectivity::from_value(base("minimal")).unwrap();
    let report = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    let connect = json!({"call": "kms:ConnectCustomKeyStore", "input": {"CustomKeyStoreId": report.ids.key_store}});
    let (somebody, connected) = (simulator.clone(), Arc::new(AtomicUsize::new(0)));
    let times = Arc::clone(&connected);
    let teardown = client.teardown(&spec).consent(Consent::Disconnect).on_event(move |event| {
        if matches!(&event.what, EventKind::StepDone { resource, .. } if resource.kind == Kind::Connection) {
            somebody.meddle(&connect).unwrap();
            times.fetch_add(1, Ordering::Relaxed);
        }
    });
    let error = teardown.await.unwrap_err();
    assert_eq!((error.kind(), error.resource()), (ErrorKind::ConcurrentChange, Some("key store")), "{error}");
    let said = "AWS said `CustomKeyStoreInvalidStateException` when this run was to delete the key store, and it had to delete \
                the connection again and again";
    assert!(error.to_string().ends_with(said), "{error}");
    assert!(connected.load(Ordering::Relaxed) > 1);
    client.teardown(&spec).consent(Consent::Disconnect).await.unwrap();
}

/// Somebody takes the permission of KMS from the service between the two looks that a run begins with.
#[tokio::test(start_paused = true)]
async fn rules_that_somebody_breaks_between_two_looks_are_a_change_since_the_plan() {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = client(&simulator, "eu-central-1", None);
    let mut document = base("minimal");
    let spec = Connectivity::from_value(document.clone()).unwrap();
    let report = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    document["proxy"]["health_check"]["path"] = "/health".into();
    let plan = client.plan(&Connectivity::from_value(document).unwrap()).await.unwrap();
    // Either of the two, observation and facts, may be the older one.
    for skip in [0, 1] {
        let simulator = simulator.fork();
        let config = simulator.sdk_config("eu-central-1");
        let stale = FaultKind::Stale(Duration::from_secs(30));
        simulator.fault(Fault { skip, ..Fault::once("DescribeVpcEndpointServicePermissions", stale) });
        let somebody = aws_sdk_ec2::Client::new(&config).modify_vpc_endpoint_service_permissions();
        let remove = somebody.set_service_id(report.ids.endpoint_service.clone());
        remove.remove_allowed_principals("cks.kms.eu-central-1.amazonaws.com").send().await.unwrap();
        simulator.clock().wait(Duration::from_secs(5)).await;
        let before = simulator.requests().len();
        let error = scenario::client::client(&simulator, "eu-central-1", None).apply(&plan).await.unwrap_err();
        assert_eq!((error.kind(), error.resource()), (ErrorKind::StalePlan, Some("permission")), "{error}");
        let calls = simulator.requests().split_off(before);
        assert!(!calls.iter().any(|call| call.operation.starts_with("Modify")), "nothing is changed");
    }
}

/// An attempt has thirty seconds. The SDK must not take a body that is long sent for an upload that has stalled.
#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_its_time_is_waited_for_and_asked_for_again_after_half_a_minute() {
    const CREATE: &str = "CreateVpcEndpointServiceConfiguration";
    for (seconds, asked) in [(25, 1), (35, 2)] {
        let simulator = Simulator::new();
        simulator.host_zone("example.com");
        simulator.fault(Fault::once(CREATE, FaultKind::Slow(Duration::from_secs(seconds))));
        let client = client(&simulator, "eu-central-1", None);
        let plan = client.plan(&Connectivity::from_value(base("minimal")).unwrap()).await.unwrap();
        client.apply(&plan).await.unwrap();
        let calls = simulator.requests().iter().filter(|call| call.operation == CREATE).count();
        assert_eq!(calls, asked, "{seconds} s");
    }
}

/// What a look shows of a service or a zone may be wrong, late after a change, or not there. Once the service is gone, nobody
/// knows the name of its record any more.
#[tokio::test(start_paused = true)]
async fn a_teardown_withdraws_the_record_that_is_published_though_it_was_told_another_first() {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let made = client(&simulator, "eu-central-1", None);
    let spec = Connectivity::from_value(base("minimal")).unwrap();
    made.apply(&made.plan(&spec).await.unwrap()).await.unwrap();
    let texts = |simulator: &Simulator| simulator.census()["txt_values"];
    assert_eq!(texts(&simulator), 1);
    let shown = |requests: &[LoggedRequest]| {
        let outputs = requests.iter().rev().filter_map(|request| request.output.as_ref());
        let mut shown =
            outputs.map(|output| output["serviceConfigurationSet"][0]["privateDnsNameConfiguration"].clone());
        shown.find(|configuration| !configuration.is_null()).unwrap()
    };
    let shown = shown(&simulator.requests());
    let with = |member: &str, value: Value| {
        let mut changed = shown.clone();
        changed[member] = value;
        FaultKind::Instead { member: "privateDnsNameConfiguration".to_owned(), value: changed }
    };
    const SERVICE: &str = "DescribeVpcEndpointServiceConfigurations";
    for (operation, told) in [
        (SERVICE, with("name", json!("never-heard-of"))),
        (SERVICE, with("value", json!("never-heard-of"))),
        (SERVICE, with("value", Value::Null)),
        (SERVICE, FaultKind::Without { member: "privateDnsNameConfiguration".to_owned() }),
        ("ListHostedZonesByName", FaultKind::Instead { member: "Id".to_owned(), value: "never-heard-of".into() }),
    ] {
        let simulator = simulator.fork();
        simulator.fault(Fault::once(operation, told.clone()));
        client(&simulator, "eu-central-1", None).teardown(&spec).consent(Consent::Disconnect).await.unwrap();
        assert_eq!(texts(&simulator), 0, "{operation}: {told:?}");
    }
}

/// Whoever goes on without what AWS leaves out makes a second network, or leaves a record for good.
#[tokio::test(start_paused = true)]
async fn nothing_is_done_while_aws_leaves_out_what_there_must_be() {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = client(&simulator, "eu-central-1", None);
    let mut document = base("minimal");
    let spec = Connectivity::from_value(document.clone()).unwrap();
    client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    let census = simulator.census();
    let leave_out = |operation: &str, member: &str| {
        let kind = FaultKind::Without { member: member.to_owned() };
        simulator.fault(Fault { times: usize::MAX, ..Fault::once(operation, kind) });
    };
    leave_out("DescribeVpcs", "vpcSet");
    document["proxy"]["port"] = 8443.into();
    let error = client.plan(&Connectivity::from_value(document).unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("DescribeVpcs has no VPC of the subnets that there are"), "{error}");
    simulator.meddle(&json!({"fault": "none"})).unwrap();
    leave_out("DescribeVpcEndpointServiceConfigurations", "privateDnsNameConfiguration");
    let error = client.teardown(&spec).consent(Consent::Disconnect).await.unwrap_err();
    assert!(error.to_string().contains("has no name and value of the TXT record"), "{error}");
    assert_eq!(simulator.census(), census);
}
