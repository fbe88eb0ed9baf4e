//! Compares what a run brought with what its file says.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde_json::{Value, json};
use xkslink::{Outcome, Plan};

use super::client::SECRET;
use super::file::Run;
use super::run::{Stage, Took};

/// What is not as expected, one line each.
pub async fn run(run: &Run, took: &Took, stage: &Stage) -> Vec<String> {
    let mut wrong = Wrong::default();
    wrong.ending(run, took);
    wrong.error(run, took);
    wrong.plan(run, took, stage);
    wrong.report(run, took);
    wrong.standing(run, took);
    wrong.verification(run, took);
    wrong.requests(run, took);
    wrong.time(run, took);
    wrong.census(run, stage);
    wrong.secrets(took);
    wrong.next_plan(run, stage).await;
    wrong.0
}

/// `create vpc`, `replace subnet euc1-az1` …, in the order of the plan.
pub fn steps(plan: &Plan) -> Vec<String> {
    plan.steps().iter().map(|step| format!("{} {}", word(&step.action), step.resource)).collect()
}

#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn same<T: PartialEq + Debug>(&mut self, what: &str, found: T, wanted: T) {
        if found != wanted {
            self.0.push(format!("{what} is {found:?}, not {wanted:?}"));
        }
    }

    fn same_set(&mut self, what: &str, mut found: Vec<String>, wanted: &[String]) {
        let mut wanted = wanted.to_vec();
        found.sort();
        wanted.sort();
        self.same(what, found, wanted);
    }

    fn holds(&mut self, what: &str, text: &str, part: &str) {
        if !text.contains(part) {
            self.0.push(format!("{what} `{text}` does not hold `{part}`"));
        }
    }

    fn ending(&mut self, run: &Run, took: &Took) {
        match (&took.error, run.error) {
            (Some(error), None) => {
                let code = error.aws_code().unwrap_or("-");
                self.0.push(format!("failed: {error} [{:?}, {code}, {:?}]", error.kind(), error.resource()));
            }
            (None, Some(kind)) => self.0.push(format!("did not fail with {kind:?}")),
            _ => {}
        }
        self.same("whether it was cut off", took.cut, run.cut.is_some());
        if let Some(wanted) = &run.outcome {
            let outcome = took.report.as_ref().map_or("none", |report| match report.outcome {
                Outcome::Complete => "complete",
                Outcome::WaitingForDns { .. } => "waiting_for_dns",
                _ => "failed",
            });
            self.same("the outcome", outcome, wanted.as_str());
        }
        if let Some(wanted) = &run.connection {
            let state = took.report.as_ref().and_then(|report| report.ids.connection_state.as_deref());
            self.same("the connection", state.unwrap_or("none"), wanted.as_str());
        }
    }

    fn error(&mut self, run: &Run, took: &Took) {
        let Some(error) = &took.error else { return };
        if let Some(kind) = run.error {
            self.same("the kind of error", error.kind(), kind);
        }
        if let Some(code) = &run.aws_code {
            self.same("AWS's code", error.aws_code().unwrap_or("none"), code.as_str());
        }
        if let Some(resource) = &run.resource {
            self.same("the resource of the error", error.resource().unwrap_or("none"), resource.as_str());
        }
        run.message.iter().for_each(|part| self.holds("the message", &error.to_string(), part));
        run.help.iter().for_each(|part| self.holds("the help", error.help(), part));
    }

    fn plan(&mut self, run: &Run, took: &Took, stage: &Stage) {
        if run.steps.is_none() && run.fields.is_none() && run.notes.is_none() {
            return;
        }
        let Some(plan) = &took.plan else { return self.0.push("there is no plan".to_owned()) };
        if let Some(wanted) = &run.steps {
            self.same_set("the plan", steps(plan), wanted);
        }
        if let Some(wanted) = &run.fields {
            let of = |step: &xkslink::Step| {
                let resource = step.resource.to_string();
                step.changes.iter().map(move |change| format!("{resource}: {}", change.field)).collect::<Vec<_>>()
            };
            self.same_set("the list of fields", plan.steps().iter().flat_map(of).collect(), wanted);
        }
        if let Some(wanted) = &run.notes {
            let wanted: Vec<String> = wanted.iter().map(|note| stage.filled(note)).collect();
            self.same_set("the notes", plan.notes().iter().map(ToString::to_string).collect(), &wanted);
        }
    }

    fn report(&mut self, run: &Run, took: &Took) {
        if run.done.is_none() && run.failed.is_none() && run.skipped.is_none() {
            return;
        }
        let Some(report) = &took.report else { return self.0.push("there is no report".to_owned()) };
        let errors = report.steps.iter().filter_map(|step| step.error.as_ref());
        let why: Vec<String> = errors.map(|error| format!("{} [{}]", error.message, error.help)).collect();
        run.why.iter().for_each(|part| self.holds("what failed steps say", &why.join(" "), part));
        let (failed, done): (Vec<_>, Vec<_>) = report.steps.iter().partition(|step| step.error.is_some());
        if let Some(wanted) = &run.done {
            let done = done.iter().map(|step| format!("{} {}", word(&step.action), step.resource)).collect();
            self.same_set("what was done", done, wanted);
        }
        if let Some(wanted) = &run.failed {
            self.same_set("what failed", failed.iter().map(|step| step.resource.to_string()).collect(), wanted);
        }
        if let Some(wanted) = &run.skipped {
            self.same_set("what was skipped", report.skipped.iter().map(ToString::to_string).collect(), wanted);
        }
    }

    fn standing(&mut self, run: &Run, took: &Took) {
        let Some(wanted) = &run.standing else { return };
        let Some(status) = &took.status else { return self.0.push("there is no status".to_owned()) };
        let found: BTreeMap<String, String> = status
            .resources
            .iter()
            .map(|each| (each.resource.to_string(), word(&json!(each.standing)["standing"])))
            .filter(|(_, standing)| standing != "as_wanted")
            .collect();
        self.same("what is not as wanted", &found, wanted);
    }

    fn verification(&mut self, run: &Run, took: &Took) {
        let Some(wanted) = &run.fails else { return };
        let Some(verification) = &took.verification else { return self.0.push("there is no verification".to_owned()) };
        let found: Vec<String> = verification.failures().map(|check| check.rule.clone()).collect();
        self.same("what fails", &found, wanted);
    }

    fn requests(&mut self, run: &Run, took: &Took) {
        let times = |name: &str| took.requests.iter().filter(|request| request.operation == name).count();
        for (name, wanted) in &run.calls {
            self.same(&format!("the number of {name}"), times(name), *wanted);
        }
        for name in &run.never_calls {
            self.same(&format!("the number of {name}"), times(name), 0);
        }
        if let Some(wanted) = run.writes {
            let reads = ["Describe", "Get", "List"];
            let write = |name: &&str| !reads.iter().any(|verb| name.starts_with(verb));
            let found: Vec<&str> =
                took.requests.iter().map(|request| request.operation.as_str()).filter(write).collect();
            if found.len() != wanted {
                self.0.push(format!("the number of writes is {}, not {wanted}: {found:?}", found.len()));
            }
        }
    }

    fn time(&mut self, run: &Run, took: &Took) {
        if run.at_least_seconds.is_some_and(|least| took.seconds < least)
            || run.at_most_seconds.is_some_and(|most| took.seconds > most)
        {
            let (least, most) = (run.at_least_seconds.unwrap_or(0.0), run.at_most_seconds.unwrap_or(f64::INFINITY));
            self.0.push(format!("it took {:.0} s, not between {least} and {most}", took.seconds));
        }
    }

    fn census(&mut self, run: &Run, stage: &Stage) {
        let census = stage.simulator.census();
        for (what, wanted) in &run.world {
            match census.get(what.as_str()) {
                Some(found) => self.same(&format!("the number of {what} in the world"), *found, *wanted),
                None => self.0.push(format!("`{what}` is not counted")),
            }
        }
    }

    /// No output of any run holds the secret, whatever the scenario is about.
    fn secrets(&mut self, took: &Took) {
        let requests: Vec<Value> = took.requests.iter().map(xkslink_simulator::LoggedRequest::to_json).collect();
        let texts = [
            format!("{took:?}"),
            json!(requests).to_string(),
            took.plan
                .as_ref()
                .map_or_else(String::new, |plan| format!("{plan}{}{}", plan.to_json(), plan.to_mermaid())),
            took.report.as_ref().map_or_else(String::new, xkslink::Report::to_json),
            took.status.as_ref().map_or_else(String::new, |status| format!("{status}{}", status.to_json())),
            took.verification
                .as_ref()
                .map_or_else(String::new, |each| format!("{each}{}{}", each.to_json(), each.to_html())),
            took.error
                .as_ref()
                .map_or_else(String::new, |error| format!("{error}{}{}", error.help(), json!(error.details()))),
            took.events.iter().map(|event| format!("{event}{}", json!(event))).collect(),
        ];
        if texts.iter().any(|text| text.contains(SECRET)) {
            self.0.push("an output holds the secret".to_owned());
        }
    }

    async fn next_plan(&mut self, run: &Run, stage: &Stage) {
        let Some(wanted) = &run.next_plan else { return };
        let plan = match stage.spec() {
            Ok(spec) if run.verb == super::file::Verb::Teardown => stage.client.plan_teardown(&spec).await,
            Ok(spec) => stage.client.plan(&spec).await,
            Err(error) => Err(error),
        };
        match plan {
            Ok(plan) => {
                let before = self.0.len();
                self.same_set("the next plan", steps(&plan), wanted.steps());
                if self.0.len() > before {
                    self.0.push(format!("the next plan:\n{plan}"));
                }
            }
            Err(error) => self.0.push(format!("the next plan failed: {error}")),
        }
    }
}

/// A word of an enum as documents write it.
fn word(value: &impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}
