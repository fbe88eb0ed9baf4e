//! Apply is plan in a loop: whenever a step ends, fold its result in, plan again, start what became ready.
//!
//! Nothing runs that the plan in the caller's hand does not cover. Dropping the future stops at once; the next apply
//! looks at AWS and goes on from there.

mod context;
pub(crate) mod event;
pub(crate) mod preflight;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tracing::Instrument;

pub(crate) use context::{Context, Listener, Run};
use event::EventKind;

use crate::aws::Aws;
use crate::aws::answer::is_surprise;
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::Facts;
use crate::observed::Observed;
use crate::plan::steps::{is_ready, steps};
use crate::plan::{Action, Plan, Step};
use crate::report::{Ids, Outcome, Report, StepReport};
use crate::resource::connection::Connection;
use crate::resource::domain_record::DomainRecord;
use crate::resource::domain_verification::DomainVerification;
use crate::resource::endpoint_service::EndpointService;
use crate::resource::key_store::KeyStore;
use crate::resource::link::Link;
use crate::resource::listener::Listener as ListenerResource;
use crate::resource::load_balancer::LoadBalancer;
use crate::resource::permission::Permission;
use crate::resource::route_table::RouteTable;
use crate::resource::routes::Routes;
use crate::resource::security_group::SecurityGroup;
use crate::resource::subnet::Subnet;
use crate::resource::target_group::TargetGroup;
use crate::resource::targets::Targets;
use crate::resource::vpc::Vpc;
use crate::resource::{Kind, Resource, ResourceId};

/// Applies a plan, starting from a fresh observation; `look` makes another when AWS is not as it said. Rules are held
/// against `facts`, if there are any, before anything is made.
pub(crate) async fn apply(
    aws: Arc<Aws>,
    plan: &Plan,
    (desired, observed): (Desired, Observed),
    facts: Option<Facts>,
    look: Look<'_>,
    run: Run,
) -> Result<Report> {
    let mut work = Work::new(aws, plan, desired, observed, run);
    plan.check_covers(&work.remaining(), None)?;
    if facts.is_some_and(|facts| preflight::check(&facts, &work.unsettled()).is_err()) {
        // Facts and observation were read beside each other: what is broken may be what somebody changed between them.
        work.aws.sleep(BEFORE_LOOK).await;
        work.see(look().await?);
        plan.check_covers(&work.remaining(), None)?;
        work.hold_rules().await?;
    }
    if work.needs_credential() {
        // Half a store helps nobody: the credential must be there before anything is made.
        work.run.credential().await?;
    }
    work.emit(EventKind::Began { plan: plan.hash().to_owned(), steps: work.remaining().len() });
    work.go(look).await?;
    work.finish()
}

/// Looks at AWS once more.
pub(crate) type Look<'a> = Box<dyn Fn() -> BoxFuture<'a, Result<(Desired, Observed)>> + Send + Sync + 'a>;

/// How often one resource may make a run look again, and how long the run waits before: reads lag behind writes.
const SURPRISES: usize = 3;
const BEFORE_LOOK: Duration = Duration::from_secs(3);

/// One run of a plan.
struct Work<'a> {
    aws: Arc<Aws>,
    plan: &'a Plan,
    desired: Arc<Desired>,
    observed: Arc<Observed>,
    run: Arc<Run>,
    /// When each running step began.
    running: BTreeMap<ResourceId, Started>,
    /// What AWS has accepted to delete: the running step proves it.
    leaving: BTreeSet<ResourceId>,
    /// Deletes that were tried while something that holds them was still leaving, and refused.
    too_early: BTreeMap<ResourceId, Started>,
    failed: BTreeMap<ResourceId, Error>,
    /// Steps that met a world that the run did not know: before anything else begins, it looks again.
    surprised: Vec<(ResourceId, Action, Error)>,
    /// How often each resource did.
    surprises: BTreeMap<ResourceId, usize>,
    /// The last of them: what showed that somebody else is at work.
    met: Option<String>,
    done: Vec<StepReport>,
    /// The step that ended last: what becomes ready now was waiting for it.
    last: Option<ResourceId>,
}

struct Started {
    at: SystemTime,
    action: Action,
    after: Option<ResourceId>,
}

/// What a step changes in the observation.
type Fold = Box<dyn FnOnce(&mut Observed) -> String + Send>;

struct Ended {
    resource: ResourceId,
    result: Result<Fold>,
}

/// How far a running step has come.
enum Progress {
    /// AWS has accepted the delete; what is left of the step proves it.
    Accepted(ResourceId, BoxFuture<'static, Progress>),
    Ended(Ended),
}

/// A step that can begin now.
struct Ready {
    step: Step,
    /// Whether something that may hold what it deletes is still leaving.
    early: bool,
}

impl<'a> Work<'a> {
    fn new(aws: Arc<Aws>, plan: &'a Plan, desired: Desired, observed: Observed, run: Run) -> Self {
        Self {
            aws,
            plan,
            desired: Arc::new(desired),
            observed: Arc::new(observed),
            run: Arc::new(run),
            running: BTreeMap::new(),
            leaving: BTreeSet::new(),
            too_early: BTreeMap::new(),
            failed: BTreeMap::new(),
            surprised: Vec::new(),
            surprises: BTreeMap::new(),
            met: None,
            done: Vec::new(),
            last: None,
        }
    }

    /// The plan from here.
    fn remaining(&self) -> Vec<Step> {
        steps(&self.desired, &self.observed)
    }

    fn needs_credential(&self) -> bool {
        let sets = |step: &Step| {
            step.resource.kind == Kind::KeyStore && matches!(step.action, Action::Create | Action::Update)
        };
        self.remaining().iter().any(sets)
    }

    async fn go(&mut self, look: Look<'_>) -> Result<()> {
        let mut futures: FuturesUnordered<BoxFuture<'static, Progress>> = FuturesUnordered::new();
        loop {
            for ready in self.startable() {
                let covers = self.plan.check_covers(std::slice::from_ref(&ready.step), self.met.as_deref());
                if let Err(uncovered) = covers {
                    self.failed.insert(ready.step.resource, uncovered);
                    continue;
                }
                futures.push(self.start(ready));
            }
            match futures.next().await {
                Some(Progress::Accepted(resource, proof)) => {
                    self.leaving.insert(resource);
                    futures.push(proof);
                }
                Some(Progress::Ended(ended)) => self.end(ended),
                None if !self.surprised.is_empty() => self.look_again(&look).await,
                None => return Ok(()),
            }
        }
    }

    /// Somebody else is at work on the store, or AWS showed less than there is: what it shows now is what counts.
    async fn look_again(&mut self, look: &Look<'_>) {
        self.aws.sleep(BEFORE_LOOK).await;
        let surprised = std::mem::take(&mut self.surprised);
        match look().await {
            Ok((desired, mut observed)) => {
                if let (Some(now), Some(before)) = (&mut observed.domain_record, &self.observed.domain_record) {
                    now.just_handed_out |= before.just_handed_out;
                }
                observed.key_store_deleted = self.observed.key_store_deleted;
                let before = self.see((desired, observed));
                self.withdraw(&before).await;
            }
            Err(error) => {
                // Why the look failed says more than what the first step met.
                let mut why = Some(error);
                for (resource, action, own) in surprised {
                    let error = why.take().unwrap_or(own).with_resource(&resource);
                    self.fail(resource, action, error);
                }
            }
        }
    }

    /// Goes on from another look. What was known before.
    fn see(&mut self, (desired, observed): (Desired, Observed)) -> Arc<Observed> {
        self.desired = Arc::new(desired);
        std::mem::replace(&mut self.observed, Arc::new(observed))
    }

    /// Takes back the record of a service that somebody deleted meanwhile: AWS shows its challenge to nobody any more.
    async fn withdraw(&mut self, before: &Observed) {
        let (Some(service), Some(record)) = (&before.endpoint_service, &before.domain_record) else { return };
        if self.observed.endpoint_service.as_ref().is_some_and(|now| now.id == service.id) {
            return;
        }
        let resource = ResourceId::new(Kind::DomainRecord, "");
        if let Err(error) = DomainRecord::delete(&self.context(Some(resource.clone())), record).await {
            self.fail(resource, Action::Delete, error);
        }
    }

    /// Steps that can begin now. A delete may be tried as soon as AWS has accepted to delete what holds its object: AWS
    /// itself refuses it should that be too early, and then it waits until the holder is proved gone.
    fn startable(&self) -> Vec<Ready> {
        if !self.surprised.is_empty() {
            return Vec::new();
        }
        let remaining = self.remaining();
        // The network waits until a key store is proved gone.
        let stays = |step: &&Step| step.resource.kind == Kind::KeyStore || !self.leaving.contains(&step.resource);
        let staying: Vec<Step> = remaining.iter().filter(stays).cloned().collect();
        let idle =
            |step: &&Step| !self.running.contains_key(&step.resource) && !self.failed.contains_key(&step.resource);
        let ready = |step: &Step| {
            let ready = is_ready(step, &remaining, &self.observed);
            let early = !ready && step.removes() && !self.too_early.contains_key(&step.resource);
            let begins = ready || (early && is_ready(step, &staying, &self.observed));
            begins.then(|| Ready { step: step.clone(), early })
        };
        remaining.iter().filter(idle).filter_map(ready).collect()
    }

    fn start(&mut self, ready: Ready) -> BoxFuture<'static, Progress> {
        let Ready { step, early } = ready;
        let resource = step.resource.clone();
        let started = self.too_early.remove(&resource).unwrap_or_else(|| {
            self.emit(EventKind::StepBegan {
                resource: resource.clone(),
                action: step.action,
                usually_takes_seconds: step.usually_takes_seconds,
            });
            Started { at: self.aws.now(), action: step.action, after: self.last.clone() }
        });
        self.running.insert(resource.clone(), started);
        let accepted = Arc::new(AtomicBool::new(false));
        let cx = Context { early, accepted: Arc::clone(&accepted), ..self.context(Some(resource.clone())) };
        let span = tracing::info_span!("step", resource = %resource, action = step.action.verb());
        let of = resource.clone();
        let preflight = self.preflight(&step);
        let future = async move {
            let result = match preflight.await {
                Ok(()) => take(cx, &step).await,
                Err(error) => Err(error),
            };
            Ended { resource, result }
        };
        advance(of, Box::pin(future.instrument(span)), accepted)
    }

    /// The look before KMS is asked to connect; nothing before other steps.
    fn preflight(&self, step: &Step) -> BoxFuture<'static, Result<()>> {
        let connects = step.resource.kind == Kind::Connection && !step.removes();
        if connects { self.hold_rules() } else { Box::pin(ready(Ok(()))) }
    }

    /// Holds the rules against AWS as it is now, if that is wished.
    fn hold_rules(&self) -> BoxFuture<'static, Result<()>> {
        let Some(facts) = &self.run.facts else { return Box::pin(ready(Ok(()))) };
        let (facts, unsettled) = (facts(), self.unsettled());
        Box::pin(async move { facts.await.map_or(Ok(()), |facts| preflight::check(&facts, &unsettled)) })
    }

    /// The kinds that AWS does not show as they will be: a step is left for them, or one ended a moment ago.
    fn unsettled(&self) -> BTreeSet<Kind> {
        let now = self.aws.since(self.run.began).as_secs_f64();
        let lately =
            |step: &&StepReport| now - step.began_seconds - step.took_seconds < preflight::SETTLING.as_secs_f64();
        let mut kinds = preflight::to_change(&self.remaining());
        kinds.extend(self.done.iter().filter(lately).map(|step| step.resource.kind));
        kinds
    }

    fn end(&mut self, ended: Ended) {
        let Some(started) = self.running.remove(&ended.resource) else { return };
        self.leaving.remove(&ended.resource);
        if ended.result.as_ref().is_err_and(Error::is_too_early) {
            self.too_early.insert(ended.resource, started);
            return;
        }
        let took_seconds = self.aws.since(started.at).as_secs_f64();
        let began = started.at.duration_since(self.run.began).unwrap_or_default();
        let mut report = StepReport {
            resource: ended.resource.clone(),
            action: started.action,
            began_seconds: began.as_secs_f64(),
            took_seconds,
            after: started.after,
            error: None,
        };
        match ended.result {
            Ok(fold) => {
                let id = fold(Arc::make_mut(&mut self.observed));
                self.emit(EventKind::StepDone {
                    resource: ended.resource.clone(),
                    action: started.action,
                    id,
                    took_seconds,
                });
                self.refuse_unchanged(&ended.resource, started.action);
            }
            Err(error) if self.may_look(&ended.resource, &error) => {
                self.context(Some(ended.resource.clone())).waiting(
                    "AWS shows what somebody else did meanwhile",
                    error.aws_code().unwrap_or_default(),
                    1,
                    Duration::ZERO,
                    BEFORE_LOOK,
                    BEFORE_LOOK,
                );
                self.met = Some(met(&error, started.action, &ended.resource));
                self.surprised.push((ended.resource, started.action, error));
                return;
            }
            Err(error) => {
                let error = self.undone(&error).unwrap_or(error).with_resource(&ended.resource);
                report.error = Some(error.details().clone());
                self.fail(ended.resource.clone(), started.action, error);
            }
        }
        self.done.push(report);
        self.last = Some(ended.resource);
    }

    /// Whether a failure may come from what somebody else did meanwhile, so that the run looks again; counts how often a
    /// resource had one. Rules that are broken are told when they are so at the second look.
    fn may_look(&mut self, resource: &ResourceId, error: &Error) -> bool {
        let most = match error.kind() {
            ErrorKind::RulesBroken => 1,
            _ if is_surprise(error) => SURPRISES,
            _ => return false,
        };
        let times = self.surprises.entry(resource.clone()).or_default();
        *times += 1;
        *times <= most
    }

    /// What a run says that goes on meeting surprises and had to take a step twice: somebody undoes what it does.
    fn undone(&self, error: &Error) -> Option<Error> {
        let met = self.met.as_ref().filter(|_| is_surprise(error))?;
        let did = |step: &&StepReport| step.error.is_none();
        let twice = self.done.iter().filter(did).enumerate().find_map(|(before, step)| {
            let same = |other: &StepReport| (&other.resource, other.action) == (&step.resource, step.action);
            self.done.iter().filter(did).take(before).any(same).then_some(step)
        });
        let step = twice?;
        Some(Error::concurrent(met, &format!("it had to {} the {} again and again", step.action.verb(), step.resource)))
    }

    /// A resource that still differs after its own step is a failure, not another round: so the loop always ends.
    fn refuse_unchanged(&mut self, resource: &ResourceId, action: Action) {
        let again = self.remaining().into_iter().find(|step| step.resource == *resource && step.action == action);
        let Some(step) = again else { return };
        // The parts of a record or a store may have changed through another step meanwhile; only the same fields count.
        let fields: Vec<&str> = step.changes.iter().map(|change| change.field.as_str()).collect();
        let error = Error::new(
            ErrorKind::Aws,
            format!("AWS accepted the change, but {resource} still differs: {}", fields.join(", ")),
            "plan again; if the difference stays, somebody or something else sets it back",
        );
        self.fail(resource.clone(), action, error.with_resource(resource));
    }

    /// Steps that are left although nothing failed and nobody is waited for: a fault of this library, never a success.
    fn refuse_standstill(&mut self) {
        let left = self.remaining();
        let Some(step) = left.first().filter(|_| self.failed.is_empty() && !self.waits_for_dns()) else { return };
        let error = Error::new(
            ErrorKind::StalePlan,
            format!("{} steps cannot begin, the first is to {} the {}", left.len(), step.action.verb(), step.resource),
            "plan again and apply; if it happens again, report the plan as a fault of xkslink",
        );
        self.fail(step.resource.clone(), step.action, error.with_resource(&step.resource));
    }

    fn fail(&mut self, resource: ResourceId, action: Action, error: Error) {
        self.emit(EventKind::StepFailed { resource: resource.clone(), action, error: error.details().clone() });
        self.failed.insert(resource, error);
    }

    fn context(&self, resource: Option<ResourceId>) -> Context {
        Context {
            aws: Arc::clone(&self.aws),
            store: self.plan.store().to_owned(),
            desired: Arc::clone(&self.desired),
            observed: Arc::clone(&self.observed),
            resource,
            early: false,
            accepted: Arc::default(),
            run: Arc::clone(&self.run),
        }
    }

    fn emit(&self, what: EventKind) {
        self.context(None).emit(what);
    }

    fn finish(mut self) -> Result<Report> {
        self.refuse_standstill();
        let outcome = self.outcome();
        self.emit(EventKind::Ended { outcome: outcome.clone() });
        let mut skipped: Vec<ResourceId> = self.remaining().into_iter().map(|step| step.resource).collect();
        skipped.retain(|resource| !self.failed.contains_key(resource));
        let mut steps = std::mem::take(&mut self.done);
        steps.sort_by(|a, b| a.began_seconds.total_cmp(&b.began_seconds).then_with(|| a.resource.cmp(&b.resource)));
        let report = Report {
            version: 1,
            store: self.plan.store().to_owned(),
            region: self.plan.region().to_owned(),
            plan: self.plan.hash().to_owned(),
            outcome: outcome.clone(),
            ids: Ids::read(&self.observed),
            steps,
            skipped,
            diagnosis: None,
            took_seconds: self.aws.since(self.run.began).as_secs_f64(),
        };
        match (outcome, self.failed.pop_first()) {
            (Outcome::Failed, Some((_, error))) => Err(error.with_report(report)),
            _ => Ok(report),
        }
    }

    fn outcome(&self) -> Outcome {
        match &self.observed.domain_record {
            Some(seen) if self.waits_for_dns() => Outcome::WaitingForDns { record: seen.record.clone() },
            _ if self.failed.is_empty() => Outcome::Complete,
            _ => Outcome::Failed,
        }
    }

    /// Whether all that is missing is a record that a person has to publish.
    fn waits_for_dns(&self) -> bool {
        let by_hand = self.desired.domain_record.as_ref().is_some_and(|want| want.is_by_hand());
        let not_found = |(resource, error): (&ResourceId, &Error)| {
            resource.kind == Kind::DomainVerification && error.kind() == ErrorKind::TimedOut
        };
        let unverified = self.observed.domain_record.is_some() && self.observed.domain_verification.is_none();
        by_hand && unverified && self.failed.iter().all(not_found)
    }
}

/// What showed that somebody else is at work.
fn met(error: &Error, action: Action, resource: &ResourceId) -> String {
    match error.aws_code() {
        Some(code) => format!("AWS said `{code}` when this run was to {} the {resource}", action.verb()),
        None => error.to_string(),
    }
}

/// Runs a step until it ends, or until AWS has accepted its delete.
fn advance(
    resource: ResourceId,
    mut step: BoxFuture<'static, Ended>,
    accepted: Arc<AtomicBool>,
) -> BoxFuture<'static, Progress> {
    Box::pin(async move {
        let ended = poll_fn(|cx| match step.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if accepted.swap(false, Ordering::Relaxed) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        match ended.await {
            Some(ended) => Progress::Ended(ended),
            None => Progress::Accepted(resource.clone(), advance(resource, step, accepted)),
        }
    })
}

/// Takes a step with the resource it is about.
async fn take(cx: Context, step: &Step) -> Result<Fold> {
    match step.resource.kind {
        Kind::Vpc => act::<Vpc>(cx, step).await,
        Kind::Subnet => act::<Subnet>(cx, step).await,
        Kind::RouteTable => act::<RouteTable>(cx, step).await,
        Kind::Link => act::<Link>(cx, step).await,
        Kind::Routes => act::<Routes>(cx, step).await,
        Kind::SecurityGroup => act::<SecurityGroup>(cx, step).await,
        Kind::TargetGroup => act::<TargetGroup>(cx, step).await,
        Kind::Targets => act::<Targets>(cx, step).await,
        Kind::LoadBalancer => act::<LoadBalancer>(cx, step).await,
        Kind::Listener => act::<ListenerResource>(cx, step).await,
        Kind::EndpointService => act::<EndpointService>(cx, step).await,
        Kind::Permission => act::<Permission>(cx, step).await,
        Kind::DomainRecord => act::<DomainRecord>(cx, step).await,
        Kind::DomainVerification => act::<DomainVerification>(cx, step).await,
        Kind::KeyStore => act::<KeyStore>(cx, step).await,
        Kind::Connection => act::<Connection>(cx, step).await,
    }
}

async fn act<R: Resource>(cx: Context, step: &Step) -> Result<Fold>
where
    R::Seen: 'static,
{
    let key = step.resource.key.clone();
    let (want, seen) = (R::want(&cx.desired, &key), R::seen(&cx.observed, &key));
    let now = match (step.action, want, seen) {
        (Action::Create, Some(want), _) => Some(R::create(&cx, &key, want).await?),
        (Action::Update, Some(want), Some(seen)) => Some(R::update(&cx, want, seen).await?),
        // A replacement deletes here; the next plan creates.
        (Action::Delete | Action::Replace, _, Some(seen)) => {
            R::delete(&cx, seen).await?;
            None
        }
        _ => seen.cloned(),
    };
    Ok(Box::new(move |observed| {
        let id = now.as_ref().map(R::id).unwrap_or_default();
        R::fold(observed, &key, now);
        id
    }))
}
