//! The pre-flight: before the first step, and again before KMS is asked to connect, the rules are held against AWS for
//! which KMS would refuse. KMS itself would take minutes, and tell one code.
//!
//! A rule that a step of the run is about is left to that step, and read again once AWS has had time to show its work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::facts::{EndpointService, Fact, Facts};
use crate::plan::{Action, Step};
use crate::resource::Kind;
use crate::rules::{Severity, Verdict, rule};
use crate::verify::{Check, Verification};

/// How long what a step wrote is not judged: reads lag behind writes, and AWS does not say how far. The step itself has
/// seen its work done.
pub(super) const SETTLING: Duration = Duration::from_secs(60);

/// What apply sees to itself: that there is an endpoint service, and a healthy target before KMS connects.
const OURS: [&str; 4] = ["EPS-01", "TGT-09", "TGT-10", "PXY-14"];

/// Looks at what the rules are held against; `None` when AWS does not let us, which stops nobody.
pub(crate) type LookAtFacts = Arc<dyn Fn() -> BoxFuture<'static, Option<Facts>> + Send + Sync>;

/// Refuses when rules are broken for which KMS would refuse: all of them at once, apart from those that look at something
/// `unsettled`.
pub(super) fn check(facts: &Facts, unsettled: &BTreeSet<Kind>) -> Result<()> {
    // A service that goes, or is gone and still shows, is not the one that this run makes.
    let goes = |service: &EndpointService| ["Deleting", "Deleted"].contains(&service.state.as_str());
    if matches!(&facts.service, Fact::Known(service) if goes(service)) {
        return Ok(());
    }
    let verification = Verification::of(facts);
    // A healthy target proves the way to it, whatever rules say about a part of the way. In a network of our own the plan
    // makes the way, and what the data centre announces comes in its own time.
    let healthy = verification.check("TGT-09").is_some_and(|check| check.verdict == Verdict::Pass);
    let adopted = facts.wanted.as_ref().is_some_and(|wanted| !wanted.subnets.is_empty());
    let proved = |check: &Check| {
        let on_the_way = rule("TGT-09").is_some_and(|rule| rule.follows.contains(&check.rule.as_str()));
        (healthy || !adopted) && on_the_way && check.severity == Severity::Risk
    };
    let refuses = |check: &&Check| rule(&check.rule).is_some_and(crate::rules::Rule::refuses);
    let settled = |check: &&Check| !looks_at(&check.rule).iter().any(|kind| unsettled.contains(kind));
    let broken: Vec<Check> = verification
        .failures()
        .filter(refuses)
        .filter(settled)
        .filter(|check| !OURS.contains(&check.rule.as_str()) && !proved(check))
        .cloned()
        .collect();
    let Some(first) = broken.first() else { return Ok(()) };
    let ids: Vec<&str> = broken.iter().map(|check| check.rule.as_str()).collect();
    let verb = if broken.len() == 1 { "does" } else { "do" };
    let message = format!("AWS KMS would refuse, because {} {verb} not hold: {}", ids.join(", "), first.sentence());
    let help = format!("{}: {}; or apply with consent to `despite_rules`", first.rule, first.remedy);
    Err(Error::new(ErrorKind::RulesBroken, message, help).with_broken(broken))
}

/// The kinds of which the rules will see something else after the steps. Most creations change nothing that is seen: of what
/// is not there yet, rules read the wish, or do not apply. But a part is missed in a whole that stands, as a route table is
/// in a VPC.
pub(super) fn to_change(steps: &[Step]) -> BTreeSet<Kind> {
    let creates = |kind: Kind| steps.iter().any(|step| step.resource.kind == kind && step.action == Action::Create);
    let seen = |step: &&Step| {
        let kind = step.resource.kind;
        let whole = kind.part_of().or((kind == Kind::RouteTable).then_some(Kind::Vpc));
        step.action != Action::Create || whole.is_some_and(|whole| !creates(whole))
    };
    steps.iter().filter(seen).map(|step| step.resource.kind).collect()
}

/// The kinds that the rules of a family look at.
fn looks_at(rule: &str) -> &'static [Kind] {
    match rule.split('-').next().unwrap_or_default() {
        "ACC" => &[Kind::EndpointService, Kind::Permission, Kind::KeyStore],
        "NET" => &[
            Kind::Vpc,
            Kind::Subnet,
            Kind::RouteTable,
            Kind::Link,
            Kind::Routes,
            Kind::TargetGroup,
            Kind::Targets,
            Kind::LoadBalancer,
        ],
        "TGT" => &[
            Kind::Vpc,
            Kind::Subnet,
            Kind::TargetGroup,
            Kind::Targets,
            Kind::SecurityGroup,
            Kind::LoadBalancer,
            Kind::Listener,
        ],
        "NLB" => &[
            Kind::Subnet,
            Kind::TargetGroup,
            Kind::Targets,
            Kind::SecurityGroup,
            Kind::LoadBalancer,
            Kind::Listener,
            Kind::EndpointService,
        ],
        "EPS" => &[Kind::Subnet, Kind::LoadBalancer, Kind::EndpointService, Kind::KeyStore, Kind::Connection],
        "DNS" => &[Kind::EndpointService, Kind::DomainRecord, Kind::DomainVerification, Kind::KeyStore],
        "PRM" => &[Kind::EndpointService, Kind::Permission],
        "KS" => &[Kind::KeyStore, Kind::Connection],
        // A probe alone tells, and there is none here.
        _ => &[],
    }
}
