//! Least privilege, proved by a simulated AWS that denies whatever no policy allows: every scenario that succeeds does so
//! with exactly the policies of its plan, uses all of them, and without any one action fails and says which.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scenario;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join;
use scenario::file::{Run, Scenario, Verb};
use scenario::run::Stage;
use serde_json::{Value, json};
use xkslink::policy::{Policy, Reading, Role};
use xkslink::rules::Verdict;
use xkslink::{Check, Client, Error, ErrorKind, Plan, Target};
use xkslink_simulator::{ACCOUNT, LoggedRequest};

/// Folders whose scenarios succeed without faults.
const FOLDERS: [&str; 6] = ["create", "update", "existing", "drift", "replace", "teardown"];

/// Attaches policies, without one action if so wished.
fn attach(stage: &Stage, kms_account: Option<&str>, policies: &[Policy], without: Option<&str>) {
    for policy in policies {
        let mut document: Value = serde_json::from_str(&policy.to_json()).unwrap();
        for statement in document["Statement"].as_array_mut().unwrap() {
            let actions = statement["Action"].as_array_mut().unwrap();
            actions.retain(|action| action.as_str() != without);
            if actions.is_empty() {
                actions.push(json!("none:None"));
            }
        }
        let account = kms_account.filter(|_| policy.role == Role::Kms).unwrap_or(ACCOUNT);
        stage.simulator.allow(account, &document.to_string()).unwrap();
    }
    // An account without any policy may do everything.
    let nothing = r#"{"Statement": {"Effect": "Allow", "Action": "none:None", "Resource": "*"}}"#;
    for account in kms_account.into_iter().chain([ACCOUNT]) {
        stage.simulator.allow(account, nothing).unwrap();
    }
}

/// The actions that requests took.
fn used(requests: &[LoggedRequest]) -> BTreeSet<String> {
    const LOOKS: [&str; 3] = ["CreateCustomKeyStore", "UpdateCustomKeyStore", "ConnectCustomKeyStore"];
    let mut actions = BTreeSet::new();
    for request in requests {
        actions.insert(format!("{}:{}", request.service_name(), request.operation));
        let creates = request.operation.starts_with("Create");
        match request.service_name() {
            // KMS looks for an endpoint service of another account in the caller's name.
            "kms" if request.account != ACCOUNT && LOOKS.contains(&&*request.operation) => {
                actions.insert("ec2:DescribeVpcEndpointServices".into())
            }
            "ec2" if creates && request.input.to_string().contains("TagSpecification") => {
                actions.insert("ec2:CreateTags".into())
            }
            "elasticloadbalancing" if creates => actions.insert("elasticloadbalancing:AddTags".into()),
            _ => false,
        };
    }
    actions
}

/// What must be used, and is not a matter of what happens.
fn needed(policies: &[Policy]) -> BTreeSet<String> {
    let all: Vec<_> = policies.iter().flat_map(Policy::permissions).collect();
    // An action stands in several statements when it works on several sorts of resources.
    let sure = all.iter().filter(|permission| !permission.sometimes);
    sure.map(|permission| permission.action.clone()).collect()
}

/// IAM takes 6,144 characters, white space aside. Names of stores are short here, and stand in some ten places.
fn too_long(policy: &Policy) -> Option<String> {
    let size = policy.to_json().chars().filter(|letter| !letter.is_whitespace()).count();
    (size > 5_800).then(|| format!("the {} policy has {size} characters", policy.role))
}

/// Whether a run plans something that a policy can be held against.
fn counts(run: &Run) -> bool {
    matches!(run.verb, Verb::Apply | Verb::Teardown)
        && run.error.is_none()
        && run.cut.is_none()
        && run.between.is_empty()
        && run.during.is_empty()
}

async fn plan(stage: &Stage, client: &Client, run: &Run) -> Result<Plan, Error> {
    let spec = stage.spec()?;
    let named = Target::named(spec.name().as_str(), spec.region().as_str());
    match run.verb {
        Verb::Teardown if run.by_name => client.plan_teardown(named).await,
        Verb::Teardown => client.plan_teardown(&spec).await,
        _ => client.plan(&spec).await,
    }
}

/// One run under policies, and the look afterwards.
async fn under(
    stage: &mut Stage,
    kms_account: Option<&str>,
    run: &Run,
    policies: &[Policy],
    without: Option<&str>,
) -> Result<Vec<LoggedRequest>, Error> {
    let client = scenario::client::client(&stage.simulator, stage.spec()?.region().as_str(), kms_account);
    attach(stage, kms_account, policies, without);
    let began = stage.simulator.requests().len();
    let outcome = async {
        plan(stage, &client, run).await?;
        let took = stage.perform(run).await;
        match took.error {
            Some(error) => Err(error),
            None => plan(stage, &client, run).await.map(drop),
        }
    }
    .await;
    stage.simulator.allow_everything();
    outcome.map(|()| stage.simulator.requests().split_off(began))
}

/// Whether an error says that this action is missing.
fn names(error: &Error, action: &str) -> bool {
    error.kind() == ErrorKind::AccessDenied && error.help() == format!("allow `{action}` for the calling role")
}

fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(Box::pin(future))
}

/// Does something for each file on all cores; what it complains about.
fn each(files: &[PathBuf], check: impl Fn(&Path) -> Vec<String> + Sync) -> Vec<String> {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // Futures of SDK calls are large in a debug build.
            let thread = std::thread::Builder::new().stack_size(16 << 20);
            let work = || {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(file);
                    wrong.lock().unwrap().extend(found.into_iter().map(|line| format!("{}: {line}", file.display())));
                }
            };
            thread.spawn_scoped(scope, work).unwrap();
        }
    });
    wrong.into_inner().unwrap()
}

/// `SURVIVE=1`: everything, which takes minutes.
fn thorough() -> bool {
    std::env::var_os("SURVIVE").is_some()
}

fn files() -> Vec<PathBuf> {
    if thorough() {
        return FOLDERS.iter().flat_map(|folder| scenario::files(folder)).collect();
    }
    let some = [
        "create/new_vpn_gateway",
        "create/given_vpn_gateway",
        "create/transit_gateway",
        "create/peering",
        "create/key_store_in_another_account",
        "create/callback_domain",
        "create/network_only",
        "drift/a_route_table_too_many",
        "existing/is_used_and_left",
        "update/private_dns_name",
        "update/tags",
        "teardown/by_name",
    ];
    some.map(|name| scenario::home().join(format!("{name}.toml"))).to_vec()
}

#[test]
fn every_scenario_succeeds_with_exactly_the_policies_of_its_plans() {
    let held = AtomicUsize::new(0);
    let wrong = each(&files(), |file| {
        let scenario = Scenario::read(file).unwrap();
        paused(async {
            let mut stage = Stage::set(&scenario).await;
            let mut wrong = Vec::new();
            for (number, run) in scenario.runs.iter().enumerate() {
                stage.prepare(run).await;
                let planned = plan(&stage, &stage.client, run).await;
                let (true, Ok(plan)) = (counts(run), planned) else {
                    stage.perform(run).await;
                    continue;
                };
                let policies = plan.policies();
                wrong.extend(policies.iter().filter_map(too_long));
                let kms_account = scenario.kms_account.as_deref();
                match under(&mut stage, kms_account, run, &policies, None).await {
                    Ok(requests) => {
                        held.fetch_add(1, Ordering::Relaxed);
                        let used = used(&requests);
                        let needless: Vec<_> = needed(&policies).difference(&used).cloned().collect();
                        // A run that waits for a person has not come to its end.
                        let ended = run.outcome.as_deref() != Some("waiting_for_dns");
                        if ended && !needless.is_empty() {
                            wrong.push(format!("run {}: needless: {}", number + 1, needless.join(", ")));
                        }
                    }
                    Err(error) => wrong.push(format!("run {}: {error}", number + 1)),
                }
            }
            wrong
        })
    });
    println!("{} runs with exactly the policies of their plans", held.into_inner());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each action in turn is taken away where it is needed first.
#[test]
fn without_any_one_action_the_error_names_it() {
    let (tried, taken_away) = (Mutex::<BTreeSet<(bool, String)>>::default(), AtomicUsize::new(0));
    let files = if thorough() { files() } else { vec![scenario::home().join("create/new_vpn_gateway.toml")] };
    let wrong = each(&files, |file| {
        let scenario = Scenario::read(file).unwrap();
        let mut wrong = Vec::new();
        for (number, run) in scenario.runs.iter().enumerate().filter(|(_, run)| counts(run)) {
            let tears_down = run.verb == Verb::Teardown;
            // The world as the run finds it.
            let before = async || {
                let mut stage = Stage::set(&scenario).await;
                for earlier in &scenario.runs[..number] {
                    stage.prepare(earlier).await;
                    stage.perform(earlier).await;
                }
                stage.prepare(run).await;
                stage
            };
            let policies = paused(async {
                let stage = before().await;
                plan(&stage, &stage.client, run).await.unwrap().policies()
            });
            let new = |action: &String| tried.lock().unwrap().insert((tears_down, action.clone()));
            let one_in = if thorough() { 1 } else { 4 };
            for action in needed(&policies).into_iter().filter(new).step_by(one_in) {
                let kms_account = scenario.kms_account.as_deref();
                let outcome = paused(async {
                    let mut stage = before().await;
                    under(&mut stage, kms_account, run, &policies, Some(&action)).await
                });
                taken_away.fetch_add(1, Ordering::Relaxed);
                match outcome {
                    Err(error) if names(&error, &action) => {}
                    Err(error) => {
                        wrong.push(format!("run {}: without {action}: {error} ({})", number + 1, error.help()))
                    }
                    Ok(_) => wrong.push(format!("run {}: {action} is needless", number + 1)),
                }
            }
        }
        wrong
    });
    println!("{} times an action was taken away", taken_away.into_inner());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of the tests below.
fn stores() -> Vec<PathBuf> {
    let all =
        ["new_vpn_gateway", "key_store_in_another_account", "transit_gateway", "peering", "routed", "callback_domain"];
    let some = if thorough() { &all[..] } else { &all[..2] };
    some.iter().map(|name| scenario::home().join(format!("create/{name}.toml"))).collect()
}

/// The store of a scenario, applied.
async fn applied(scenario: &Scenario) -> Stage {
    let mut stage = Stage::set(scenario).await;
    stage.prepare(&scenario.runs[0]).await;
    assert!(stage.perform(&scenario.runs[0]).await.error.is_none());
    stage
}

#[test]
fn status_and_probe_need_exactly_what_they_say() {
    let wrong = each(&stores(), |file| {
        let scenario = Scenario::read(file).unwrap();
        let kms_account = scenario.kms_account.as_deref();
        paused(async {
            let mut wrong = Vec::new();
            let stage = applied(&scenario).await;
            let spec = stage.spec().unwrap();
            for verb in [Reading::Status, Reading::Probe] {
                let policies = Policy::for_reading(verb, &spec);
                let look = async |without: Option<&str>| {
                    attach(&stage, kms_account, &policies, without);
                    let error = match verb {
                        Reading::Status => stage.client.status(&spec).await.err(),
                        _ => stage.client.probe(&spec).await.err(),
                    };
                    stage.simulator.allow_everything();
                    error
                };
                wrong.extend(look(None).await.map(|error| format!("{verb:?}: {error}")));
                for action in needed(&policies) {
                    match look(Some(&action)).await {
                        Some(error) if names(&error, &action) => {}
                        other => wrong.push(format!("{verb:?} without {action}: {other:?}")),
                    }
                }
            }
            wrong
        })
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn verify_and_diagnose_say_which_rules_a_denied_read_leaves_open() {
    const TOLD: &str = "XKS_PROXY_NOT_REACHABLE XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION LimitExceededException";
    assert_eq!(
        Policy::for_reading(Reading::Verify, Target::named("a", "eu-central-1")),
        Policy::for_reading(Reading::Diagnose, Target::named("a", "eu-central-1")),
    );
    let wrong = each(&stores(), |file| {
        let scenario = Scenario::read(file).unwrap();
        let kms_account = scenario.kms_account.as_deref();
        paused(async {
            let mut wrong = Vec::new();
            let stage = applied(&scenario).await;
            let spec = stage.spec().unwrap();
            let policies = Policy::for_reading(Reading::Verify, &spec);
            let look = async |without: Option<&str>| {
                attach(&stage, kms_account, &policies, without);
                let found =
                    try_join(stage.client.verify(&spec), stage.client.diagnose(&spec).told(TOLD).into_future()).await;
                stage.simulator.allow_everything();
                found
            };
            let (whole, diagnosis) = look(None).await.unwrap();
            wrong.extend(whole.checks.iter().filter_map(|check| denied(check, "")));
            let accused: BTreeSet<_> = diagnosis.ruled_out.iter().collect();
            for action in needed(&policies) {
                let (verification, diagnosis) = match look(Some(&action)).await {
                    Ok(found) => found,
                    Err(error) if names(&error, &action) => continue,
                    Err(error) => {
                        wrong.push(format!("without {action}: {error}"));
                        continue;
                    }
                };
                let open = verification.checks.iter().filter(|check| denied(check, &action).is_some());
                let open: BTreeSet<_> = open.map(|check| &check.rule).collect();
                if open.is_empty() {
                    wrong.push(format!("no rule misses {action}"));
                }
                let told = diagnosis.causes.iter().filter(|cause| cause.sentence.contains(&format!("`{action}`")));
                let told: BTreeSet<_> = told.map(|cause| &cause.rule).collect();
                let silent: Vec<_> = open.intersection(&accused).filter(|rule| !told.contains(*rule)).collect();
                if !silent.is_empty() {
                    wrong.push(format!("without {action} no cause: {silent:?}"));
                }
            }
            wrong
        })
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a check says of a read that is denied. It does not know; but ACC-05 is about such a read, and fails.
fn denied(check: &Check, action: &str) -> Option<String> {
    let said = match &check.verdict {
        Verdict::Unknown { missing } => missing.to_string(),
        Verdict::Fail => check.evidence.iter().map(|seen| format!("{} is {}", seen.what, seen.value)).collect(),
        _ => return None,
    };
    (said.contains("is denied") && said.contains(action)).then_some(said)
}
