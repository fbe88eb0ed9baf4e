//! Runs a scenario on one world, on tokio's paused time.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use xkslink::spec::Connectivity;
use xkslink::{Apply, Client, Error, Event, EventKind, Plan, Report, Status, Target, Verification};
use xkslink_simulator::{LoggedRequest, Simulator};

use super::check;
use super::client::client;
use super::file::{Run, Scenario, Verb, change};
use super::record;
use super::values::{at, resolve};

/// Whoever starts a verb after another takes seconds, in which AWS's replicas catch up.
const UNTIL_THE_NEXT: Duration = Duration::from_secs(5);

/// What one run brought.
#[derive(Debug, Default)]
pub struct Took {
    pub plan: Option<Plan>,
    pub report: Option<Report>,
    pub status: Option<Status>,
    pub verification: Option<Verification>,
    pub error: Option<Error>,
    pub events: Vec<Event>,
    pub requests: Vec<LoggedRequest>,
    pub seconds: f64,
    pub cut: bool,
}

/// The world of a scenario and who is in it.
pub struct Stage {
    pub simulator: Simulator,
    pub client: Client,
    document: Value,
    kms_account: Option<String>,
    saved: Map<String, Value>,
}

/// Runs a file; what is not as the file says, one line each.
pub fn run_file(path: &Path) -> Vec<String> {
    let scenario = match Scenario::read(path) {
        Ok(scenario) => scenario,
        Err(error) => return vec![error],
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::set(&scenario).await;
        let (mut wrong, mut documents) = (Vec::new(), Vec::new());
        for (number, run) in scenario.runs.iter().enumerate() {
            let took = stage.run(run).await;
            documents.push(record::documents(&took));
            let found = check::run(run, &took, &stage).await;
            wrong.extend(found.into_iter().map(|line| format!("run {}: {line}", number + 1)));
        }
        record::write(path, &documents);
        wrong
    })
}

impl Stage {
    pub async fn set(scenario: &Scenario) -> Self {
        let simulator = Simulator::new();
        for zone in &scenario.hosted_zones {
            simulator.host_zone(zone);
        }
        let document = scenario.document();
        let region = document["region"].as_str().unwrap();
        let client = client(&simulator, region, scenario.kms_account.as_deref());
        let kms_account = scenario.kms_account.clone();
        let mut stage = Self { simulator, client, document, kms_account, saved: Map::new() };
        stage.deeds(&scenario.world).await;
        stage
    }

    /// The spec as it is now.
    pub fn spec(&self) -> Result<Connectivity, Error> {
        Ok(Connectivity::from_value(resolve(&self.document, &self.saved))?)
    }

    async fn run(&mut self, run: &Run) -> Took {
        self.prepare(run).await;
        self.perform(run).await
    }

    /// What happens before a run: edits of the spec, deeds of others.
    pub async fn prepare(&mut self, run: &Run) {
        change(&mut self.document, &run.edit, &run.drop);
        self.deeds(&run.before).await;
    }

    pub async fn perform(&mut self, run: &Run) -> Took {
        let (requests, began) = (self.simulator.requests().len(), self.simulator.clock().now());
        let mut took = Took::default();
        if let Err(error) = self.act(run, &mut took).await {
            took.report = error.report().cloned();
            took.error = Some(error);
        }
        took.seconds = (self.simulator.clock().now() - began).as_secs_f64();
        took.requests = self.simulator.requests().split_off(requests);
        self.remember(&took);
        self.simulator.clock().wait(UNTIL_THE_NEXT).await;
        took
    }

    async fn act(&mut self, run: &Run, took: &mut Took) -> Result<(), Error> {
        let spec = self.spec()?;
        let named = Target::named(spec.name().as_str(), spec.region().as_str());
        let target = if run.by_name { named } else { Target::Spec(&spec) };
        match run.verb {
            Verb::Plan => took.plan = Some(self.client.plan(&spec).await?),
            Verb::Status => took.status = Some(self.client.status(&spec).await?),
            Verb::Verify => {
                let named = run.target.as_ref().map(|name| resolve(&json!(name), &self.saved));
                let name = named.as_ref().and_then(Value::as_str);
                let target = name.map_or(target, |name| Target::named(name, spec.region().as_str()));
                took.verification = Some(self.client.verify(target).await?);
            }
            Verb::Apply => {
                let plan = self.client.plan(&spec).await?;
                took.plan = Some(plan.clone());
                self.deeds(&run.between).await;
                if run.through_json {
                    let plan = Plan::from_json(&plan.to_json())?;
                    let other = client(&self.simulator, spec.region().as_str(), self.kms_account.as_deref());
                    return self.go(other.apply(&plan), run, took).await;
                }
                let client = self.client.clone();
                return self.go(client.apply(&plan), run, took).await;
            }
            Verb::Teardown => {
                took.plan = self.client.plan_teardown(target.clone()).await.ok();
                self.deeds(&run.between).await;
                let client = self.client.clone();
                return self.go(client.teardown(target), run, took).await;
            }
        }
        Ok(())
    }

    async fn go(&self, mut apply: Apply<'_>, run: &Run, took: &mut Took) -> Result<(), Error> {
        for consent in &run.consent {
            apply = apply.consent(*consent);
        }
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let apply = apply.on_event(self.listener(run, Arc::clone(&events)));
        let meanwhile = self.meanwhile(run);
        let limit = Duration::from_secs_f64(run.cut.unwrap_or(1e6));
        let ended = tokio::time::timeout(limit, apply).await;
        meanwhile.abort();
        took.events = std::mem::take(&mut *events.lock().unwrap());
        match ended {
            Ok(result) => took.report = Some(result?),
            Err(_) => took.cut = true,
        }
        Ok(())
    }

    /// Keeps events, and does what the scenario does when a record is to be published.
    fn listener(&self, run: &Run, events: Arc<Mutex<Vec<Event>>>) -> impl Fn(&Event) + Send + Sync + use<> {
        let (simulator, saved, deeds) = (self.simulator.clone(), self.saved.clone(), run.on_publish.clone());
        move |event| {
            events.lock().unwrap().push(event.clone());
            if let EventKind::PublishRecord { record } = &event.what {
                let mut saved = saved.clone();
                saved.insert("record".to_owned(), json!(record));
                deeds.iter().for_each(|deed| drop(simulator.meddle(&resolve(deed, &saved)).unwrap()));
            }
        }
    }

    /// Deeds that happen while the run is under way, each `at` its second.
    fn meanwhile(&self, run: &Run) -> tokio::task::JoinHandle<()> {
        let (simulator, saved, deeds) = (self.simulator.clone(), self.saved.clone(), run.during.clone());
        let began = simulator.clock().now();
        tokio::spawn(async move {
            for deed in deeds {
                let due = began + Duration::from_secs_f64(deed["at"].as_f64().expect("a deed of `during` has `at`"));
                simulator.clock().wait(due.saturating_sub(simulator.clock().now())).await;
                simulator.meddle(&resolve(&deed, &saved)).unwrap_or_else(|error| panic!("{deed}: {error}"));
            }
        })
    }

    /// Does deeds one after the other.
    pub async fn deeds(&mut self, deeds: &[Value]) {
        for deed in deeds {
            if let Some(seconds) = deed["wait"].as_f64() {
                self.simulator.clock().wait(Duration::from_secs_f64(seconds)).await;
                continue;
            }
            let answer = self.simulator.meddle(&resolve(deed, &self.saved));
            let answer = answer.unwrap_or_else(|error| panic!("{deed}: {error}"));
            for (name, path) in deed["save"].as_object().into_iter().flatten() {
                let value = at(&answer, path.as_str().expect("a path")).clone();
                assert!(!value.is_null(), "{deed}: the answer has no {path}: {answer}");
                self.saved.insert(name.clone(), value);
            }
        }
    }

    /// A text with saved values in the place of their names.
    pub fn filled(&self, text: &str) -> String {
        let named = |(name, value): (&String, &Value)| Some((format!("${name}"), value.as_str()?.to_owned()));
        let values = self.saved.iter().filter_map(named);
        values.fold(text.to_owned(), |text, (name, value)| text.replace(&name, &value))
    }

    /// Ids of the latest report, for references.
    fn remember(&mut self, took: &Took) {
        let ids = took.report.as_ref().map(|report| &report.ids).or(took.status.as_ref().map(|status| &status.ids));
        if let Some(ids) = ids {
            self.saved.insert("ids".to_owned(), json!(ids));
        }
    }
}

/// Runs a file without comparing, until a run fails.
pub fn first_error_of(path: &Path) -> Option<Error> {
    let scenario = Scenario::read(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::set(&scenario).await;
        for run in &scenario.runs {
            if let Some(error) = stage.run(run).await.error {
                return Some(error);
            }
        }
        None
    })
}
