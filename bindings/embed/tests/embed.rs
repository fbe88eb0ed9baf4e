//! What every language package stands on: verbs as tasks, failures as data, and worlds with a time of their own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod setting;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xkslink::Consent;
use xkslink_embed::logs::{Record, listen, relayed, take_within};
use xkslink_embed::{
    Account, Accounts, Callbacks, Client, Document, Failure, Keys, Kind, Next, ProbeRequest, Simulator, Target, Thrown,
    World, guard, spec,
};

use crate::setting::{SECRET, SPEC, callbacks, document, outcome, planned, world};

fn client(world: &Simulator) -> Client {
    Client::new(Accounts::default(), callbacks(), Some(world.clone())).unwrap()
}

fn json_of(document: &Document) -> Value {
    serde_json::from_str(&document.to_json().unwrap()).unwrap()
}

#[test]
fn a_store_is_made_verified_and_taken_down_by_blocking_calls() {
    let world = world();
    let client = client(&world);
    let plan = planned(&client);
    assert_eq!(plan.needs_consent().unwrap(), json!([]));
    let apply = client.apply(plan, vec![]).unwrap();
    let mut numbers = Vec::new();
    while let Next::Event(event) = apply.next_within(Duration::from_secs(60)) {
        numbers.push(event.number);
    }
    assert!(numbers.len() > 30 && numbers.iter().zip(1..).all(|(number, due)| *number == due), "{numbers:?}");
    let report = json_of(&outcome(&apply).unwrap());
    assert_eq!(report["outcome"]["status"], "complete");
    assert!(report["took_seconds"].as_f64().unwrap() > 500.0, "simulated minutes");

    let verification = outcome(&client.verify(Target::Spec(document())).unwrap()).unwrap();
    assert_eq!(verification.kind(), Kind::Verification);
    let named = Target::Named { store: "payments-hsm".to_owned(), region: "eu-central-1".to_owned() };
    let refused = outcome(&client.teardown(named.clone(), vec![]).unwrap()).unwrap_err();
    assert_eq!(refused.kind, "needs_consent");
    outcome(&client.teardown(named, vec![Consent::Disconnect]).unwrap()).unwrap();
    assert_eq!(world.census()["vpcs"], 0);
}

#[tokio::test]
async fn a_task_can_be_awaited_on_any_runtime() {
    let world = world();
    let client = client(&world);
    let plan = client.plan(document()).unwrap().result().await.unwrap();
    let apply = client.apply(plan, vec![]).unwrap();
    let mut events = 0;
    while apply.next().await.is_some() {
        events += 1;
    }
    assert!(events > 30, "{events}");
    assert!(apply.result().await.is_ok());
}

#[test]
fn a_cancelled_run_says_so_and_the_next_one_goes_on() {
    let world = world();
    let client = client(&world);
    let plan = planned(&client);
    world.during_run(r#"{"cut_after": 200}"#).unwrap();
    let cut = outcome(&client.apply(Arc::clone(&plan), vec![]).unwrap()).unwrap_err();
    assert_eq!((cut.kind.as_str(), cut.retryable), ("cancelled", true));
    assert_eq!((&world.census()["vpcs"], &world.census()["key_stores"]), (&json!(1), &json!(0)));
    assert!(outcome(&client.apply(plan, vec![]).unwrap()).is_ok());
    assert_eq!((&world.census()["vpcs"], &world.census()["key_stores"]), (&json!(1), &json!(1)));
}

#[test]
fn cancelling_ends_a_run_in_real_time_at_once() {
    let slow = Simulator::new(World { speed: Some(1.0), ..World::default() }).unwrap();
    let client = client(&slow);
    let task = client.plan(document()).unwrap();
    task.cancel();
    let began = Instant::now();
    assert_eq!(outcome(&task).unwrap_err().kind, "cancelled");
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn what_a_callback_throws_comes_back_as_it_is() {
    let world = world();
    let thrown = || Thrown { text: "the vault is sealed".to_owned(), value: Box::new(42_u64) };
    let callbacks = Callbacks { credential: Some(Arc::new(move |()| Err(thrown()))), ..Callbacks::default() };
    let client = Client::new(Accounts::default(), callbacks, Some(world.clone())).unwrap();
    let failure = outcome(&client.apply(planned(&client), vec![]).unwrap()).unwrap_err();
    assert_eq!(failure.kind, "callback");
    assert_eq!(failure.thrown().and_then(|value| value.downcast_ref::<u64>()), Some(&42));
    assert_eq!(world.census()["vpcs"], 0, "the credential is asked for before anything is done");
    assert!(!failure.to_json().contains("sealed"), "the caller's own words go to the caller only");
}

#[test]
fn what_a_callback_panics_with_goes_nowhere() {
    let panics = |()| panic!("cannot make use of {SECRET}");
    let callbacks = Callbacks { credential: Some(Arc::new(panics)), ..Callbacks::default() };
    let client = Client::new(Accounts::default(), callbacks, Some(world())).unwrap();
    let failure = outcome(&client.apply(planned(&client), vec![]).unwrap()).unwrap_err();
    assert_eq!(failure.kind, "callback");
    let (written, shown) = (failure.to_json(), format!("{failure} {failure:?}"));
    assert!(!written.contains(SECRET) && !shown.contains(SECRET), "{written} {shown}");
    assert!(failure.thrown().is_none());
}

#[test]
fn credentials_are_asked_for_again_when_they_expire() {
    let world = Simulator::new(World::default()).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let clock = world.clone();
    let source = move |()| {
        counting.fetch_add(1, Ordering::Relaxed);
        // 2026-01-01, and five minutes from now in the world's time.
        let expires_at = Some(1_767_225_600 + clock.now() as u64 + 300);
        let (access_key_id, secret_access_key) = ("AKIA444455556666".to_owned(), "simulated".to_owned());
        Ok(Keys { access_key_id, secret_access_key, session_token: None, expires_at })
    };
    let network = Account { source: Some(Arc::new(source)), ..Account::default() };
    let client = Client::new(Accounts { network, ..Accounts::default() }, callbacks(), Some(world.clone())).unwrap();
    let input = json!({"Name": "example.com", "CallerReference": "1"});
    let zone = json!({"call": "route53:CreateHostedZone", "account": "444455556666", "input": input});
    world.deed(&zone.to_string()).unwrap();
    outcome(&client.apply(planned(&client), vec![]).unwrap()).unwrap();
    let asked = asked.load(Ordering::Relaxed);
    assert!((3..10).contains(&asked), "asked {asked} times in some twelve minutes");
    let requests = world.requests();
    assert!(requests.as_array().unwrap().iter().all(|request| request["account"] == "444455556666"));
}

#[test]
fn what_a_source_of_credentials_throws_comes_back_as_it_is() {
    let thrown = || Thrown { text: "no session".to_owned(), value: Box::new("session") };
    let network = Account { source: Some(Arc::new(move |()| Err(thrown()))), ..Account::default() };
    let client = Client::new(Accounts { network, ..Accounts::default() }, callbacks(), Some(world())).unwrap();
    let failure = outcome(&client.plan(document()).unwrap()).unwrap_err();
    assert_eq!(failure.thrown().and_then(|value| value.downcast_ref::<&str>()), Some(&"session"));
}

#[test]
fn a_role_is_assumed_in_its_account() {
    let world = world();
    world
        .deed(r#"{"set": "external_ids", "to": {"arn:aws:iam::444455556666:role/keys": "secret-handshake"}}"#)
        .unwrap();
    let accounts = |id: &str| {
        let kms = json!({"role_arn": "arn:aws:iam::444455556666:role/keys", "external_id": id});
        Accounts::from_json(&json!({ "kms": kms }).to_string()).unwrap()
    };
    let client = Client::new(accounts("wrong"), callbacks(), Some(world.clone())).unwrap();
    assert!(outcome(&client.plan(document()).unwrap()).is_err());
    let client = Client::new(accounts("secret-handshake"), callbacks(), Some(world.clone())).unwrap();
    outcome(&client.plan(document()).unwrap()).unwrap();
    let kms = |request: &&Value| request["service"] == "kms" && request["account"] == "444455556666";
    assert!(world.requests().as_array().unwrap().iter().any(|request| kms(&request)));
}

#[test]
fn a_person_publishes_the_record_that_a_run_asks_for() {
    let world = world();
    let by_hand = SPEC.replace(r#"{ type = "route53" }"#, r#"{ type = "manual", wait = true }"#);
    let client = client(&world);
    let plan = outcome(&client.plan(Arc::new(spec("toml", &by_hand).unwrap())).unwrap()).unwrap();
    let deed = json!({"set": "elsewhere", "to": [{"name": "$record.name", "value": "$record.value"}]});
    world.during_run(&json!({ "on_publish": [deed] }).to_string()).unwrap();
    let report = json_of(&outcome(&client.apply(plan, vec![]).unwrap()).unwrap());
    assert_eq!(report["outcome"]["status"], "complete");
}

#[test]
fn deeds_happen_in_the_time_of_the_world() {
    let world = world();
    let client = client(&world);
    outcome(&client.apply(planned(&client), vec![]).unwrap()).unwrap();
    let before = world.now();
    assert!(before > 500.0, "the world is minutes ahead of this thread");
    world.deed(r#"{"call": "ec2:CreateVpc", "input": {"CidrBlock": "10.1.0.0/24"}}"#).unwrap();
    let now = world.world()["now"].as_f64().unwrap();
    assert!((now - before).abs() < 0.001, "{before} became {now}");
}

#[test]
fn every_problem_of_a_spec_is_listed() {
    let failure = spec("json", r#"{"version": 1, "name": "", "region": "eu-central-1", "linke": {}}"#).unwrap_err();
    assert_eq!(failure.kind, "invalid_spec");
    let fields: Vec<&str> = failure.problems.iter().filter_map(|problem| problem["field"].as_str()).collect();
    assert!(fields.contains(&"linke") && fields.contains(&"name") && fields.contains(&"network"), "{fields:?}");
}

#[test]
fn documents_come_back_as_they_went() {
    let plan = planned(&client(&world()));
    let again = Document::from_json(Kind::Plan, &plan.to_json().unwrap()).unwrap();
    assert_eq!(plan.to_json().unwrap(), again.to_json().unwrap());
    assert_eq!(Document::from_json(Kind::Report, "{}").unwrap_err().kind, "invalid_argument");
    assert_eq!(
        spec("toml", &document().to_format("toml").unwrap()).unwrap().to_json().unwrap(),
        document().to_json().unwrap()
    );
}

#[test]
fn wrong_arguments_are_named() {
    let of = |accounts: &str| Accounts::from_json(accounts).unwrap_err().to_string();
    assert!(of(r#"{"network": {"regoin": "eu-central-1"}}"#).contains("regoin"));
    assert!(of(r#"{"network": {"max_attempts": 0}}"#).starts_with("max_attempts: `0`"));
    assert!(of(r#"{"kms": {"role_arn": "keys"}}"#).starts_with("kms.role_arn: `keys`"));
    assert_eq!(of(r#"{"network": {"external_id": "x"}}"#), "external_id: is of no use without a role");
    let speed = World::from_json(r#"{"speed": 0}"#).unwrap_err();
    assert_eq!((speed.kind.as_str(), speed.message.as_str()), ("invalid_argument", "speed: `0` is out of range"));
    let report = Arc::new(Document::diagnosis_of_text("XksProxyNotReachableException"));
    let refused = client(&world()).plan(report).unwrap_err();
    assert_eq!(refused.message, "spec: is a diagnosis");
    assert!(ProbeRequest::from_json(r#"{"adresses": []}"#).is_err());
}

#[test]
fn a_missing_bundle_of_certificates_is_named() {
    let network = Account { ca_bundle: Some("/nowhere.pem".to_owned()), ..Account::default() };
    let client = Client::new(Accounts { network, ..Accounts::default() }, Callbacks::default(), None).unwrap();
    let failure = outcome(&client.plan(document()).unwrap()).unwrap_err();
    assert!(failure.message.starts_with("ca_bundle: `/nowhere.pem` cannot be read"), "{failure}");
}

#[test]
fn a_closed_world_says_so_and_ends_its_runs() {
    let world = Simulator::new(World { speed: Some(1.0), ..World::default() }).unwrap();
    let client = client(&world);
    let running = client.plan(document()).unwrap();
    world.close();
    assert!(outcome(&running).is_err(), "cancelled, or closed before it began");
    assert_eq!(client.plan(document()).unwrap_err().kind, "closed");
}

#[test]
fn a_panic_becomes_a_failure_without_its_words() {
    let failure: Failure = guard(|| -> xkslink_embed::Result<()> { panic!("out of cheese") }).unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.message.as_str()), ("internal", "the library panicked"));
    assert!(!failure.to_json().contains("cheese") && !format!("{failure} {failure:?}").contains("cheese"));
    let world = world();
    let callbacks = Callbacks { credential: Some(Arc::new(|()| panic!("in a callback"))), ..Callbacks::default() };
    let client = Client::new(Accounts::default(), callbacks, Some(world)).unwrap();
    assert_eq!(outcome(&client.apply(planned(&client), vec![]).unwrap()).unwrap_err().kind, "callback");
}

#[test]
fn a_proxy_and_its_name_server_are_probed_in_real_time() {
    let world = world();
    let started = world.start_proxy(r#"{}"#);
    let started = started.unwrap();
    let request = json!({
        "addresses": [started["address"]], "trusted_roots": started["root"], "name_servers": [world.start_dns().unwrap()],
        "timeout_seconds": 5,
    });
    let request = ProbeRequest::from_json(&request.to_string()).unwrap();
    let task = Client::probe_name("xks.example.com", "eu-central-1", None, &request).unwrap();
    let report = json_of(&outcome(&task).unwrap());
    assert!(report.to_string().contains(started["address"].as_str().unwrap()), "{report}");
}

#[test]
fn what_is_logged_waits_to_be_read() {
    assert!(listen("debug"));
    planned(&client(&world()));
    let seen = take_within(Duration::from_secs(10));
    let answered = |record: &Record| record.target.starts_with("xkslink") && record.message.contains("answered");
    assert!(seen.iter().any(answered), "{seen:?}");
}

#[test]
fn a_relayed_log_that_blocks_holds_up_no_run() {
    let (tell, told) = std::sync::mpsc::channel();
    let gate = Arc::new(Mutex::new(()));
    let entrance = Arc::clone(&gate);
    let log = relayed(Arc::new(move |record: Record| {
        drop(entrance.lock().unwrap());
        tell.send(record.message).unwrap();
    }));
    let client = Client::new(Accounts::default(), Callbacks { log: Some(log), ..callbacks() }, Some(world())).unwrap();
    let held = gate.lock().unwrap();
    outcome(&client.apply(planned(&client), vec![]).unwrap()).unwrap();
    assert!(told.try_recv().is_err(), "nobody was told yet");
    drop((held, client));
    // Its thread ends when the client is gone and all is told, and with it this.
    let told: Vec<String> = told.iter().collect();
    let of = |call: &str| told.iter().position(|message| message.contains(call));
    assert!(of("ec2:CreateVpc").is_some() && of("ec2:CreateVpc") < of("kms:ConnectCustomKeyStore"), "{told:?}");
}
