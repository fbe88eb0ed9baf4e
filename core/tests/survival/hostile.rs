//! Hostile answers: every member of every answer left out, emptied or strange, listings without end, bodies that are none.
//! AWS acts as ever; what it says is not to be trusted, once or for the whole run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};
use xkslink_simulator::{Fault, FaultKind, LoggedRequest};

use super::matrix::{Ground, grounds};
use super::stage::{Goal, Sort, Stage, sorts};
use super::{paused, side_by_side};

/// What AWS's models say of a member, see hostile.py.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Member {
    List,
    Enum,
    Other,
}

/// By operation and name on the wire.
type Models = BTreeMap<String, BTreeMap<String, Member>>;

fn models() -> Models {
    serde_json::from_str(include_str!("hostile.json")).unwrap()
}

/// How an answer is spoilt.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Spoilt {
    Without(String),
    Empty(String),
    UnknownWord(String),
    Nonsense(String),
    Endless(String),
    Circular(String),
    Body(Body),
}

/// A body that is no answer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Body {
    Nothing,
    Html,
    CutOff,
    OtherTypes,
    HugeNumbers,
    Deep,
    Long,
}

const BODIES: [Body; 7] =
    [Body::Nothing, Body::Html, Body::CutOff, Body::OtherTypes, Body::HugeNumbers, Body::Deep, Body::Long];

impl Body {
    fn text(self, json: bool, operation: &str) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Html => "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1><br></body></html>".to_owned(),
            Self::CutOff if json => r#"{"CustomKeyStores": [{"CustomKeyStoreId": "cks-12"#.to_owned(),
            Self::CutOff => format!("<?xml version=\"1.0\"?><{operation}Response><vpcSet><item><vpcId>vpc-1"),
            Self::OtherTypes if json => {
                r#"{"CustomKeyStores": 7, "Keys": {"KeyId": []}, "KeyMetadata": "", "CustomKeyStoreId": [{}]}"#
                    .to_owned()
            }
            Self::OtherTypes => format!(
                "<{operation}Response><vpcSet>7</vpcSet><vpc>8</vpc><{operation}Result>9</{operation}Result></{operation}Response>"
            ),
            Self::HugeNumbers if json => {
                format!(
                    r#"{{"CustomKeyStores": [{{"CreationDate": 1e{}}}], "CustomKeyStoreId": 1e999}}"#,
                    "9".repeat(99)
                )
            }
            Self::HugeNumbers => format!(
                "<{operation}Response><vpc><ownerId>1</ownerId></vpc><ChangeInfo><SubmittedAt>{}</SubmittedAt></ChangeInfo>\
                 </{operation}Response>",
                "9".repeat(400)
            ),
            Self::Deep if json => "{\"CustomKeyStores\":".to_owned() + &"[".repeat(100_000),
            Self::Deep => "<a>".repeat(100_000),
            Self::Long if json => format!("{{\"CustomKeyStoreId\": \"{}\"}}", "x".repeat(5_000_000)),
            Self::Long => format!("<{operation}Response>{}</{operation}Response>", "x".repeat(5_000_000)),
        }
    }
}

impl Spoilt {
    /// What a table calls it.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Without(_) => "a member is left out",
            Self::Empty(_) => "a list is empty",
            Self::UnknownWord(_) => "an unknown word for an enum",
            Self::Nonsense(_) => "nonsense for a value",
            Self::Endless(_) => "pages without end",
            Self::Circular(_) => "pages in a circle",
            Self::Body(_) => "a body that is no answer",
        }
    }

    fn kind(&self, operation: &str, json: bool) -> FaultKind {
        let instead = |member: &String, value: Value| FaultKind::Instead { member: member.clone(), value };
        match self {
            Self::Without(member) => FaultKind::Without { member: member.clone() },
            Self::Empty(member) => instead(member, json!([])),
            Self::UnknownWord(member) | Self::Nonsense(member) => instead(member, json!("never-heard-of")),
            Self::Endless(token) => FaultKind::Endless { token: token.clone() },
            Self::Circular(token) => FaultKind::Circular { token: token.clone() },
            Self::Body(body) => FaultKind::Body(body.text(json, operation).into()),
        }
    }
}

impl fmt::Display for Spoilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Without(name) | Self::Empty(name) | Self::UnknownWord(name) | Self::Nonsense(name) => {
                write!(f, "{}: {name}", self.sort())
            }
            Self::Endless(_) | Self::Circular(_) => f.write_str(self.sort()),
            Self::Body(body) => write!(f, "{body:?} for a body"),
        }
    }
}

/// Which verb meets the answer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verb {
    /// Plan and apply, or teardown.
    Run,
    Status,
    Verify,
}

/// An operation of a verb, and its answer spoilt, once or always.
#[derive(Clone, Debug)]
pub struct Case {
    pub sort: Sort,
    pub goal: Goal,
    pub verb: Verb,
    action: String,
    pub spoilt: Spoilt,
    always: bool,
}

impl Case {
    /// A wrong value that stays the same cannot be told from a true one: what goes is asked for under another name, and
    /// may stay; a TXT value may be published where it is of no use.
    fn misnames(&self) -> bool {
        self.always && matches!(self.spoilt, Spoilt::Nonsense(_))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sort, goal, verb, action, spoilt, always } = self;
        let times = if *always { "always" } else { "once" };
        write!(f, "{goal:?} {verb:?} over {} / {}: {action} {times}, {spoilt}", sort.link, sort.domain)
    }
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub case: Case,
    pub calls: usize,
    /// Simulated.
    pub took: Duration,
    /// Whether the verb said that something was wrong.
    pub told: bool,
    pub again: usize,
    /// Whether something was left that AWS had misnamed.
    pub left: bool,
    pub wrong: Option<String>,
}

impl Outcome {
    /// What broke the promise, if anything did.
    pub fn bad(&self) -> Option<String> {
        let wrong = self.wrong.as_deref().or((self.again > 1).then_some("survived"))?;
        Some(format!("{}: {} runs more: {wrong}", self.case, self.again))
    }
}

/// No verb may take longer or call more often than this, whatever AWS says: each wait has a limit below an hour, and
/// each listing one of a thousand pages.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
const MOST_CALLS: usize = 30_000;

/// The operations of a log, and the names of all members that were sent.
fn sent(requests: &[LoggedRequest]) -> BTreeMap<String, BTreeSet<String>> {
    fn names(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().filter(|(_, value)| !value.is_null()).for_each(|(name, value)| {
                into.insert(name.clone());
                names(value, into);
            }),
            Value::Array(items) => items.iter().for_each(|item| names(item, into)),
            _ => {}
        }
    }
    let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in requests {
        let action = format!("{}:{}", request.service_name(), request.operation);
        request.output.iter().for_each(|output| names(output, sent.entry(action.clone()).or_default()));
    }
    sent
}

/// Every way to spoil the answers of an operation, given what was sent.
fn ways(models: &Models, action: &str, sent: &BTreeSet<String>) -> Vec<Spoilt> {
    let members = models.get(action).unwrap_or_else(|| panic!("hostile.json lacks {action}: run hostile.py"));
    let mut ways = Vec::new();
    for name in sent {
        // EC2 sends more than its model has, such as `return`; nobody reads that.
        let Some(member) = members.get(name) else { continue };
        ways.push(Spoilt::Without(name.clone()));
        ways.push(match member {
            Member::List => Spoilt::Empty(name.clone()),
            Member::Enum => Spoilt::UnknownWord(name.clone()),
            Member::Other => Spoilt::Nonsense(name.clone()),
        });
    }
    let token =
        ["nextToken", "NextToken", "NextMarker", "NextDNSName"].into_iter().find(|token| members.contains_key(*token));
    if let Some(token) = token {
        ways.extend([Spoilt::Endless(token.to_owned()), Spoilt::Circular(token.to_owned())]);
    }
    ways.extend(BODIES.map(Spoilt::Body));
    ways
}

async fn verb(stage: &Stage, verb: Verb, goal: Goal) -> Result<(), xkslink::Error> {
    let (client, spec) = (stage.client(), stage.spec(goal));
    match verb {
        Verb::Run => stage.run(goal).await,
        Verb::Status => client.status(&spec).await.map(drop),
        Verb::Verify => client.verify(&spec).await.map(drop),
    }
}

/// One case: the verb with the spoilt answers, and what the next run makes of it when AWS is itself again.
async fn case(case: Case, ground: &Ground, wanted_before: &super::stage::Census) -> Outcome {
    const PATIENCE: usize = 3;
    let stage = ground.before.fork();
    let (service, operation) = case.action.split_once(':').unwrap();
    let kind = case.spoilt.kind(operation, service == "kms");
    let times = if case.always { usize::MAX } else { 1 };
    stage.simulator.fault(Fault { times, ..Fault::once(operation, kind) });
    let began = stage.simulator.clock().now();
    let run = AssertUnwindSafe(verb(&stage, case.verb, case.goal)).catch_unwind();
    let ended = tokio::time::timeout(LONGEST, run).await;
    let took = stage.simulator.clock().now() - began;
    let calls = stage.simulator.requests().len();
    stage.simulator.meddle(&json!({"fault": "none"})).unwrap();
    let mut outcome = Outcome { case, calls, took, told: false, again: 0, left: false, wrong: None };
    match ended {
        Err(_) => outcome.wrong = Some(format!("no end after {calls} calls")),
        Ok(Err(_)) => outcome.wrong = Some("panicked".to_owned()),
        Ok(Ok(_)) if calls > MOST_CALLS => outcome.wrong = Some(format!("{calls} calls")),
        Ok(Ok(result)) => outcome.told = result.is_err(),
    }
    if outcome.wrong.is_some() {
        return outcome;
    }
    if outcome.case.verb != Verb::Run {
        outcome.wrong = (stage.census() != *wanted_before).then(|| "a verb that reads changed something".to_owned());
        return outcome;
    }
    let goal = outcome.case.goal;
    outcome.wrong = stage.wrong(goal, &ground.wanted).await;
    while outcome.wrong.is_some() && outcome.again < PATIENCE {
        outcome.again += 1;
        let error = stage.run(goal).await.err();
        let now = stage.wrong(goal, &ground.wanted).await;
        outcome.wrong = now.map(|now| error.map_or_else(|| now.clone(), |error| format!("{error}; {now}")));
    }
    if outcome.wrong.is_some() && outcome.case.misnames() {
        let now = stage.census();
        let most = |what: &str| ground.wanted[what].max(wanted_before[what]);
        if now.iter().all(|(what, number)| *what == "txt_values" || *number <= most(what)) {
            // Nothing twice: all else has to be as ever.
            outcome.wrong = stage.wrong(goal, &now).await;
            (outcome.left, outcome.again) = (outcome.wrong.is_none(), 0);
        }
    }
    outcome
}

/// Every `stride`-th case of all. What one sort of store has been asked is not asked of the next.
pub fn outcomes(stride: usize) -> Vec<Outcome> {
    let models = models();
    let mut asked = BTreeSet::new();
    let mut work: Vec<(Sort, Vec<Case>)> = Vec::new();
    for sort in sorts() {
        let mut cases = Vec::new();
        for (goal, verb, sent) in paused().block_on(all_sent(sort)) {
            for (action, sent) in sent {
                for spoilt in ways(&models, &action, &sent) {
                    for always in [false, true] {
                        if asked.insert((format!("{goal:?}"), verb, action.clone(), spoilt.clone(), always)) {
                            let (action, spoilt) = (action.clone(), spoilt.clone());
                            cases.push(Case { sort, goal, verb, action, spoilt, always });
                        }
                    }
                }
            }
        }
        work.push((sort, cases));
    }
    // Every sort's share in as many parts as there is work for.
    let mut number = 0;
    let mut parts = Vec::new();
    for (sort, cases) in work {
        let chosen: Vec<Case> = cases
            .into_iter()
            .filter(|_| {
                number += 1;
                number % stride == 0
            })
            .collect();
        parts.extend(chosen.chunks(200).map(|part| (sort, part.to_vec())));
    }
    let of_part = |(sort, cases): &(Sort, Vec<Case>)| {
        paused().block_on(async {
            let grounds = grounds(*sort).await;
            let mut outcomes = Vec::new();
            for each in cases {
                let ground = grounds.iter().find(|ground| ground.goal == each.goal).unwrap();
                let before = ground.before.census();
                let outcome = case(each.clone(), ground, &before).await;
                // At once: the whole takes its time.
                if let Some(bad) = outcome.bad() {
                    println!("{bad}");
                }
                outcomes.push(outcome);
            }
            outcomes
        })
    };
    side_by_side(&parts, of_part).into_iter().flatten().collect()
}

/// What is sent when nothing is spoilt, by goal and verb.
async fn all_sent(sort: Sort) -> Vec<(Goal, Verb, BTreeMap<String, BTreeSet<String>>)> {
    let mut all = Vec::new();
    for ground in grounds(sort).await {
        let verbs: &[Verb] =
            if ground.goal == Goal::Updated { &[Verb::Run, Verb::Status, Verb::Verify] } else { &[Verb::Run] };
        for each in verbs {
            let stage = ground.before.fork();
            verb(&stage, *each, ground.goal).await.unwrap();
            all.push((ground.goal, *each, sent(&stage.simulator.requests())));
        }
    }
    all
}

/// A table by how answers were spoilt.
pub fn print(outcomes: &[Outcome]) {
    let mut rows: BTreeMap<(Verb, &str), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        rows.entry((outcome.case.verb, outcome.case.spoilt.sort())).or_default().push(outcome);
    }
    println!(
        "| verb | answers | cases | survived | left something | ended in an error | most further runs | most calls | longest |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for ((verb, sort), cases) in rows {
        let survived = cases.iter().filter(|case| case.wrong.is_none()).count();
        let left = cases.iter().filter(|case| case.left).count();
        let told = cases.iter().filter(|case| case.told).count();
        let again = cases.iter().map(|case| case.again).max().unwrap_or(0);
        let calls = cases.iter().map(|case| case.calls).max().unwrap_or(0);
        let longest = cases.iter().map(|case| case.took.as_secs() / 60).max().unwrap_or(0);
        let verb = format!("{verb:?}").to_lowercase();
        println!(
            "| {verb} | {sort} | {} | {survived} | {left} | {told} | {again} | {calls} | {longest} min |",
            cases.len()
        );
    }
    println!();
}
