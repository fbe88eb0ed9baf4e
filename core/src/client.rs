//! The handle: an AWS configuration, and the verbs.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use aws_types::SdkConfig;
use futures_util::FutureExt;
use futures_util::future::{OptionFuture, join, try_join};

use crate::apply::event::Event;
use crate::apply::preflight::LookAtFacts;
use crate::apply::{Listener, Look, Run, apply};
use crate::aws::Aws;
use crate::aws::answer::is_surprise;
use crate::callback::{CredentialSource, Publisher};
use crate::desired::Desired;
use crate::diagnose::Diagnosis;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::Facts;
use crate::observe::{DomainScope, Scope, accounts, keys_in, observe, others_in};
use crate::observed::{Account, Observed};
use crate::plan::steps::steps;
use crate::plan::{Consent, Plan, Purpose};
use crate::probe::Probe;
use crate::report::Report;
use crate::resource::endpoint_service::in_use;
use crate::resource::key_store::has_keys;
use crate::resource::vpc;
use crate::spec::{Connectivity, Network, Region};
use crate::status::Status;
use crate::verify::Verification;
use crate::verify::read::read;

/// Plans, applies and tears down. Cheap to clone; every call may run at the same time as others.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientBuilder>,
    accounts: Arc<OnceLock<(Account, String)>>,
}

/// Configurations and callbacks of a [`Client`].
#[derive(Clone)]
pub struct ClientBuilder {
    network: SdkConfig,
    dns: Option<SdkConfig>,
    kms: Option<SdkConfig>,
    publisher: Option<Arc<dyn Publisher>>,
    credential: Option<Arc<dyn CredentialSource>>,
}

impl ClientBuilder {
    /// Another account or role for Route 53.
    pub fn dns(mut self, config: &SdkConfig) -> Self {
        self.dns = Some(config.clone());
        self
    }

    /// Another account or role for AWS KMS: the account of the key store.
    pub fn kms(mut self, config: &SdkConfig) -> Self {
        self.kms = Some(config.clone());
        self
    }

    /// Who publishes the TXT record for specs with `Domain::callback()`.
    pub fn publisher(mut self, publisher: impl Publisher + 'static) -> Self {
        self.publisher = Some(Arc::new(publisher));
        self
    }

    /// Who gives the proxy credential for specs with `Credential::callback()`.
    pub fn credential(mut self, source: impl CredentialSource + 'static) -> Self {
        self.credential = Some(Arc::new(source));
        self
    }

    /// The client.
    pub fn build(self) -> Client {
        Client { config: Arc::new(self), accounts: Arc::default() }
    }
}

impl Client {
    /// A client that does everything with one configuration. The Region comes from the spec, never from here.
    pub fn new(config: &SdkConfig) -> Self {
        Self::builder(config).build()
    }

    /// A client with separate accounts or roles; `config` is the one of the network.
    pub fn builder(config: &SdkConfig) -> ClientBuilder {
        ClientBuilder { network: config.clone(), dns: None, kms: None, publisher: None, credential: None }
    }

    /// What would change to make the spec true. Reads only.
    ///
    /// # Errors
    /// `InvalidSpec` when the spec does not fit what exists, `NotOurs` when a name is taken by a stranger or others use a
    /// VPC that would go, `AccessDenied`, `Unreachable`, `Throttled`, `Aws`.
    pub async fn plan(&self, spec: &Connectivity) -> Result<Plan> {
        Ok(self.look_for_apply(spec, &Scope::of(spec)).await?.0)
    }

    /// Applies a plan; await the returned value. Safe to repeat: it does what is left to do.
    ///
    /// # Errors
    /// `StalePlan` when AWS changed since, `ConcurrentChange` when somebody changes it meanwhile, `NeedsConsent` when the
    /// plan needs a yes that was not given, and whatever a step fails with; then
    /// [`Error::report`](crate::Error::report) tells what was done.
    pub fn apply<'a>(&'a self, plan: &'a Plan) -> Apply<'a> {
        Apply { client: self, plan: Planned::Given(plan), consent: Vec::new(), listener: None }
    }

    /// What it would take to take a store down. Reads only. Give the spec, or a [`Target`] when there is none.
    ///
    /// # Errors
    /// `KeysExist` while the key store holds KMS keys, `NotOurs` while a key store that the spec does not have uses the
    /// endpoint service, or others use the VPC; as [`Client::plan`] otherwise.
    pub async fn plan_teardown(&self, target: impl Into<Target<'_>>) -> Result<Plan> {
        Ok(self.look_for_teardown(&target.into()).await?.0)
    }

    /// Takes a store down: plan and apply in one. Deletes what carries our mark and nothing else. Disconnecting a
    /// key store needs `Consent::Disconnect`.
    ///
    /// # Errors
    /// As [`Client::plan_teardown`] and [`Client::apply`].
    pub fn teardown<'a>(&'a self, target: impl Into<Target<'a>>) -> Apply<'a> {
        Apply { client: self, plan: Planned::Teardown(target.into()), consent: vec![Consent::Delete], listener: None }
    }

    /// How the store stands: each resource with its id and whether it is as the spec asks. Reads only.
    ///
    /// # Errors
    /// As [`Client::plan`].
    pub async fn status(&self, spec: &Connectivity) -> Result<Status> {
        let aws = self.aws(spec.region().as_str());
        let observed = self.observe(&aws, &Scope::of(spec)).await?;
        let desired = Desired::of(spec, &observed)?;
        Ok(Status::new(spec.name().as_str(), spec.region().as_str(), &desired, &observed))
    }

    /// Checks every rule of [`crate::rules`] against AWS, for a store of any origin: give the spec, or [`Target::named`]
    /// with the name of a key store, its `cks-` id, or the name of an endpoint service. Reads only.
    ///
    /// A read that is denied leaves the rules that need it unknown. What no AWS API tells takes a probe: then read
    /// the facts, put the probe's report in, and make a [`Verification`] of them.
    ///
    /// # Errors
    /// `NotFound` when there is nothing of that name, `InvalidSpec` when the key store has no VPC endpoint service or the
    /// Region is no Region code, `AccessDenied` when the caller may not even look for it, `Unreachable`, `Throttled`.
    pub async fn verify(&self, target: impl Into<Target<'_>>) -> Result<Verification> {
        Ok(Verification::of(&self.facts(target).await?))
    }

    /// All that AWS tells about a store, for [`Verification::of`]. Reads only.
    ///
    /// # Errors
    /// As [`Client::verify`].
    pub async fn facts(&self, target: impl Into<Target<'_>>) -> Result<Facts> {
        let target = target.into();
        // A Region that is none would be looked for in DNS, again and again. China is one, and fails its rule (ACC-01).
        if !Region::is_code(target.region()) {
            Region::parse(target.region())?;
        }
        read(&self.aws(target.region()), &target).await
    }

    /// Why a store does not connect, or its keys fail: the causes, the likeliest first, each with what was seen, whose it
    /// is and what to do. For a store of any origin, as [`Client::verify`]; await the returned value. Reads only.
    ///
    /// Without a store, [`Diagnosis::of_text`] tells whom an error message accuses.
    ///
    /// # Errors
    /// As [`Client::verify`].
    pub fn diagnose<'a>(&'a self, target: impl Into<Target<'a>>) -> Diagnose<'a> {
        Diagnose { client: self, target: target.into(), told: String::new(), probe: None }
    }

    /// A probe of everything that the spec tells of: public DNS, TLS and the proxy API at each address of the proxy, the
    /// health check. The TXT record comes from AWS if there is an endpoint service yet, the credential from where the spec
    /// says. Nothing is probed before the result is awaited; until then it can be told more. Reads only.
    ///
    /// # Errors
    /// `InvalidSpec` or `Callback` when the credential cannot be read; as [`Client::plan`] otherwise. Without AWS or
    /// credential, begin with [`Probe::of_spec`].
    pub async fn probe(&self, spec: &Connectivity) -> Result<Probe> {
        let aws = self.aws(spec.region().as_str());
        let observed = self.observe(&aws, &Scope::of(spec)).await?;
        let (time, sleep) = aws.time();
        let mut probe = Probe::of_spec(spec).time(time, sleep);
        if let Some(challenge) = observed.endpoint_service.and_then(|service| service.challenge) {
            probe = probe.txt_record(&challenge.name, &challenge.value);
        }
        if let Some(store) = spec.key_store() {
            probe = probe.proxy(&store.path, self.begin(&aws, Some(spec), None).credential().await?)?;
        }
        Ok(probe)
    }

    fn aws(&self, region: &str) -> Arc<Aws> {
        let config = &self.config;
        Arc::new(Aws::new(&config.network, config.dns.as_ref(), config.kms.as_ref(), region))
    }

    async fn observe(&self, aws: &Aws, scope: &Scope) -> Result<Observed> {
        let needed = scope.accounts || self.config.kms.is_some();
        // Who is calling does not change while a client lives.
        let known = self.accounts.get().cloned();
        let who = async {
            match known {
                None if needed => accounts(aws).await.map(Some),
                known => Ok(known),
            }
        };
        let look = async {
            for _ in 1..LOOKS {
                match observe(aws, scope).boxed().await {
                    // Something went between the two rounds of the look, because somebody else is at work.
                    Err(error) if is_surprise(&error) => {}
                    other => return other,
                }
            }
            observe(aws, scope).boxed().await
        };
        let (who, mut observed) = try_join(who, look).await?;
        let who = match who {
            None if observed.has_left_behind_store() => Some(accounts(aws).await?),
            who => who,
        };
        if let Some((account, store_account)) = who {
            let _ = self.accounts.set((account.clone(), store_account.clone()));
            observed.account = account;
            observed.store_account = store_account;
            observed.refuse_other_owner();
        }
        Ok(observed)
    }

    /// What would make the spec true, what is wanted, and what is there.
    async fn look_for_apply(&self, spec: &Connectivity, scope: &Scope) -> Result<(Plan, Desired, Observed)> {
        let (name, region) = (spec.name().as_str(), spec.region().as_str());
        let aws = self.aws(region);
        let observed = self.observe(&aws, scope).boxed().await?;
        let desired = Desired::of(spec, &observed)?;
        let plan = Plan::new(Purpose::Apply, name, region, Some(spec.clone()), steps(&desired, &observed));
        if let Some(vpc) = plan.removed_vpc() {
            refuse_others(vpc, &others_in(&aws, name, vpc).boxed().await?)?;
        }
        let plan = plan.in_hosted_zone(observed.hosted_zone.clone()).with_notes(desired.notes.clone());
        Ok((plan, desired, observed))
    }

    /// The teardown of what is there, and what is there.
    async fn look_for_teardown(&self, target: &Target<'_>) -> Result<(Plan, Observed)> {
        let aws = self.aws(target.region());
        let observed = self.observe(&aws, &target.scope()).boxed().await?;
        let spec = match target {
            Target::Spec(spec) => Some((*spec).clone()),
            Target::Named { .. } => None,
        };
        let steps = steps(&Desired::default(), &observed);
        let plan = Plan::new(Purpose::Teardown, target.store(), target.region(), spec, steps);
        let keys = match &observed.key_store {
            Some(store) => keys_in(&aws, &store.id).boxed().await?,
            None => 0,
        };
        // Disconnecting comes before deleting, and makes keys unusable: so they are counted before anything happens.
        if let Some(store) = observed.key_store.as_ref().filter(|_| keys > 0) {
            return Err(has_keys(&store.name));
        }
        // A key store that we do not see may be somebody's, CONNECTED and in use.
        if let (None, Some(service), false) =
            (&observed.key_store, &observed.endpoint_service, observed.endpoints.is_empty())
        {
            return Err(in_use(&service.id, &observed.endpoints));
        }
        if let Some(vpc) = plan.removed_vpc() {
            refuse_others(vpc, observed.others.get(vpc).map_or(&[], Vec::as_slice))?;
        }
        Ok((plan, observed))
    }

    async fn run(&self, plan: &Plan, consent: &[Consent], listener: Option<Listener>) -> Result<Report> {
        plan.check_consent(consent)?;
        let look = self.look_at_facts(plan).filter(|_| !consent.contains(&Consent::DespiteRules));
        // Beside each other, so that the pre-flight costs no time.
        let facts: OptionFuture<_> = look.as_ref().map(|look| look()).into();
        let (seen, facts) = join(self.look(plan).boxed(), facts).await;
        let run = Run { facts: look, ..self.begin(&self.aws(plan.region()), plan.spec(), listener) };
        self.execute(plan, seen?, facts.flatten(), run).await
    }

    /// The look of the pre-flight, if the plan has one.
    fn look_at_facts(&self, plan: &Plan) -> Option<LookAtFacts> {
        let spec = Arc::new(plan.spec().filter(|_| plan.has_preflight())?.clone());
        let aws = self.aws(plan.region());
        Some(Arc::new(move || {
            let (aws, spec) = (Arc::clone(&aws), Arc::clone(&spec));
            Box::pin(async move { read(&aws, &Target::Spec(&spec)).await.ok() })
        }))
    }

    /// What a plan wants, and what there is.
    async fn look(&self, plan: &Plan) -> Result<(Desired, Observed)> {
        match (plan.purpose(), plan.spec()) {
            (Purpose::Apply, Some(spec)) => {
                // What the plan has chosen stays: an approval of one zone is none of another.
                let hosted_zone = plan.hosted_zone().cloned();
                let scope = Scope { zones: plan.zones(), hosted_zone, ..Scope::of(spec) };
                let (_, desired, observed) = self.look_for_apply(spec, &scope).await?;
                Ok((desired, observed))
            }
            (_, Some(spec)) => Ok((Desired::default(), self.look_for_teardown(&spec.into()).await?.1)),
            (_, None) => {
                let target = Target::named(plan.store(), plan.region());
                Ok((Desired::default(), self.look_for_teardown(&target).await?.1))
            }
        }
    }

    async fn execute(&self, plan: &Plan, seen: (Desired, Observed), facts: Option<Facts>, run: Run) -> Result<Report> {
        let look: Look<'_> = Box::new(|| Box::pin(self.look(plan)));
        match apply(self.aws(plan.region()), plan, seen, facts, look, run).await {
            Err(error) if error.kind() == ErrorKind::ConnectionFailed => Err(self.explained(plan, error).boxed().await),
            other => other,
        }
    }

    /// KMS says one code; AWS tells more. When it does not, the error stands as it is.
    async fn explained(&self, plan: &Plan, error: Error) -> Error {
        let Some(spec) = plan.spec() else { return error };
        match self.facts(spec).await {
            Ok(facts) => {
                let code = error.aws_code().unwrap_or_default().to_owned();
                error.with_diagnosis(Diagnosis::of(&facts, &code))
            }
            Err(_) => error,
        }
    }

    fn begin(&self, aws: &Aws, spec: Option<&Connectivity>, listener: Option<Listener>) -> Run {
        Run {
            began: aws.now(),
            events: AtomicU64::new(0),
            facts: None,
            listener,
            publisher: self.config.publisher.clone(),
            key_store: spec.and_then(Connectivity::key_store).cloned(),
            credential_source: self.config.credential.clone(),
        }
    }
}

/// How often a look is tried before what goes during it is an error.
const LOOKS: usize = 4;

/// AWS would refuse to delete a VPC that others use, but only after link and routes are gone.
fn refuse_others(vpc: &str, others: &[String]) -> Result<()> {
    if others.is_empty() { Ok(()) } else { Err(vpc::in_use(vpc, others)) }
}

/// What to take down, or to verify.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// The store of a spec.
    Spec(&'a Connectivity),
    /// A store without its spec.
    Named {
        /// The store's name. To verify: also the name of a key store, its `cks-` id, or the name of an endpoint service.
        store: String,
        /// Its Region.
        region: String,
    },
}

impl<'a> From<&'a Connectivity> for Target<'a> {
    fn from(spec: &'a Connectivity) -> Self {
        Self::Spec(spec)
    }
}

impl Target<'_> {
    /// A store without its spec.
    pub fn named(store: &str, region: &str) -> Self {
        Self::Named { store: store.to_owned(), region: region.to_owned() }
    }

    pub(crate) fn store(&self) -> &str {
        match self {
            Self::Spec(spec) => spec.name().as_str(),
            Self::Named { store, .. } => store,
        }
    }

    pub(crate) fn region(&self) -> &str {
        match self {
            Self::Spec(spec) => spec.region().as_str(),
            Self::Named { region, .. } => region,
        }
    }

    /// The VPC that a spec adopts.
    pub(crate) fn existing_vpc(&self) -> Option<String> {
        match self {
            Self::Spec(spec) => match spec.network() {
                Network::Existing { vpc_id, .. } => Some(vpc_id.clone()),
                Network::Create { .. } => None,
            },
            Self::Named { .. } => None,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Self::Spec(spec) => Scope { subnets: 0, surroundings: false, teardown: true, ..Scope::of(spec) },
            Self::Named { store, .. } => Scope {
                store: store.clone(),
                key_store: Some(store.clone()),
                domain: DomainScope::Unknown,
                teardown: true,
                ..Scope::default()
            },
        }
    }
}

/// A diagnosis that has not begun: say what is known besides, then await it.
#[must_use = "nothing happens until it is awaited"]
#[derive(Debug)]
pub struct Diagnose<'a> {
    client: &'a Client,
    target: Target<'a>,
    told: String,
    probe: Option<Probe>,
}

impl Diagnose<'_> {
    /// What was seen: an exception, a ConnectionErrorCode, an error message, a log. May be called more than once; the code
    /// of a key store that has `FAILED` is known without.
    pub fn told(mut self, text: &str) -> Self {
        self.told.push_str(text);
        self.told.push('\n');
        self
    }

    /// A probe to run besides, from [`Client::probe`] or made by hand: it decides what no AWS API tells.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    async fn go(self) -> Result<Diagnosis> {
        let probe = async {
            match self.probe {
                Some(probe) => Some(probe.await),
                None => None,
            }
        };
        let (facts, report) = join(self.client.facts(self.target), probe).await;
        let mut facts = facts?;
        facts.probe = report;
        Ok(Diagnosis::of(&facts, &self.told))
    }
}

impl<'a> IntoFuture for Diagnose<'a> {
    type Output = Result<Diagnosis>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Diagnosis>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}

enum Planned<'a> {
    Given(&'a Plan),
    Teardown(Target<'a>),
}

/// An apply or teardown that has not begun: say what it may do and who listens, then await it.
#[must_use = "nothing happens until it is awaited"]
pub struct Apply<'a> {
    client: &'a Client,
    plan: Planned<'a>,
    consent: Vec<Consent>,
    listener: Option<Listener>,
}

impl<'a> Apply<'a> {
    /// Agrees to something that the plan needs a yes for. May be called more than once.
    pub fn consent(mut self, consent: Consent) -> Self {
        self.consent.push(consent);
        self
    }

    /// Hears of every event, in order, on the task that awaits. Must not block.
    pub fn on_event(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    async fn go(self) -> Result<Report> {
        match self.plan {
            Planned::Given(plan) => self.client.run(plan, &self.consent, self.listener).await,
            Planned::Teardown(target) => {
                let (plan, observed) = self.client.look_for_teardown(&target).await?;
                plan.check_consent(&self.consent)?;
                let run = self.client.begin(&self.client.aws(plan.region()), plan.spec(), self.listener);
                self.client.execute(&plan, (Desired::default(), observed), None, run).await
            }
        }
    }
}

impl<'a> IntoFuture for Apply<'a> {
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Report>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
