//! The verbs, as tasks.

use std::sync::Arc;

use futures_util::future::{Either, join, try_join3};
use serde_json::json;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::OnceCell;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use xkslink::probe::Probe;
use xkslink::spec::ProxyCredential;
use xkslink::{Client as Core, Consent, Diagnosis, Target as CoreTarget};

use crate::account::Accounts;
use crate::callback::{Callbacks, Publication, Source};
use crate::document::Document;
use crate::failure::{Failure, Result};
use crate::logs;
use crate::probe::ProbeRequest;
use crate::runtime::{PerProcess, runtime};
use crate::simulator::Simulator;
use crate::task::{Listener, Task};

/// What to take down, verify or diagnose.
#[derive(Clone, Debug)]
pub enum Target {
    /// The store of a spec.
    Spec(Arc<Document>),
    /// A store without its spec.
    Named {
        /// Its name; to verify or diagnose also that of a key store, its `cks-` id, or that of an endpoint service.
        store: String,
        /// Its Region.
        region: String,
    },
}

impl Target {
    fn as_core(&self) -> Result<CoreTarget<'_>> {
        Ok(match self {
            Self::Spec(document) => CoreTarget::Spec(document.as_spec()?),
            Self::Named { store, region } => CoreTarget::named(store, region),
        })
    }

    fn region(&self) -> Result<&str> {
        Ok(match self {
            Self::Spec(document) => document.as_spec()?.region().as_str(),
            Self::Named { region, .. } => region,
        })
    }
}

/// Reads what a caller agrees to from its words.
///
/// # Errors
/// `invalid_argument` for another word.
pub fn consents(words: &[String]) -> Result<Vec<Consent>> {
    let read = |word: &String| {
        let wrong = |_| {
            let help = "write `replace`, `delete`, `disconnect` or `despite_rules`";
            Failure::argument("consent", format!("`{word}` is not known"), help)
        };
        serde_json::from_value(json!(word)).map_err(wrong)
    };
    words.iter().map(read).collect()
}

/// A client of AWS, or of a simulated one. Cheap to clone; every verb may run at the same time as others.
///
/// It holds plain data until a verb needs AWS, so it may be made before a fork and used on both sides.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    accounts: Accounts,
    callbacks: Callbacks,
    simulator: Option<Simulator>,
    made: PerProcess<OnceCell<Core>>,
    log: Option<Dispatch>,
}

/// Where a verb runs: time is real in one, and simulated in the other.
enum Home {
    Process(Arc<Runtime>),
    World(Handle),
}

impl Home {
    fn handle(&self) -> &Handle {
        match self {
            Self::Process(runtime) => runtime.handle(),
            Self::World(handle) => handle,
        }
    }
}

impl Client {
    /// A client with these accounts. Nothing is asked of AWS, and no file is read, before a verb needs it.
    ///
    /// # Errors
    /// `invalid_argument` when an account of a simulated world is named without a simulator.
    pub fn new(accounts: Accounts, callbacks: Callbacks, simulator: Option<Simulator>) -> Result<Self> {
        let all = [Some(&accounts.network), accounts.dns.as_ref(), accounts.kms.as_ref()];
        if simulator.is_none() && all.into_iter().flatten().any(|account| account.account.is_some()) {
            let help = "AWS knows the account from the credentials: leave it out";
            return Err(Failure::argument("account", "is for simulated worlds", help));
        }
        let log = callbacks.log.clone().map(logs::of_client);
        Ok(Self(Arc::new(Inner { accounts, callbacks, simulator, made: PerProcess::new(), log })))
    }

    /// What would change to make the spec true.
    ///
    /// # Errors
    /// `invalid_argument` when `spec` is none. As for every verb: all other failures are the task's result.
    pub fn plan(&self, spec: Arc<Document>) -> Result<Task> {
        let region = spec.as_spec()?.region().to_string();
        self.start(region, async move |core, _| Ok(plan(core.plan(spec.as_spec()?).await?)))
    }

    /// Makes a plan true.
    ///
    /// # Errors
    /// `invalid_argument` when `plan` is none.
    pub fn apply(&self, plan: Arc<Document>, consent: Vec<Consent>) -> Result<Task> {
        let region = plan.as_plan()?.region().to_owned();
        self.start(region, async move |core, listener| {
            let run = core.apply(plan.as_plan()?).on_event(listener);
            Ok(report(consent.into_iter().fold(run, xkslink::Apply::consent).await?))
        })
    }

    /// What it would take to take a store down.
    ///
    /// # Errors
    /// `invalid_argument` when the target is no spec.
    pub fn plan_teardown(&self, target: Target) -> Result<Task> {
        let region = target.region()?.to_owned();
        self.start(region, async move |core, _| Ok(plan(core.plan_teardown(target.as_core()?).await?)))
    }

    /// Takes a store down: plan and apply in one.
    ///
    /// # Errors
    /// `invalid_argument` when the target is no spec.
    pub fn teardown(&self, target: Target, consent: Vec<Consent>) -> Result<Task> {
        let region = target.region()?.to_owned();
        self.start(region, async move |core, listener| {
            let run = core.teardown(target.as_core()?).on_event(listener);
            Ok(report(consent.into_iter().fold(run, xkslink::Apply::consent).await?))
        })
    }

    /// How the store of a spec stands.
    ///
    /// # Errors
    /// `invalid_argument` when `spec` is none.
    pub fn status(&self, spec: Arc<Document>) -> Result<Task> {
        let region = spec.as_spec()?.region().to_string();
        self.start(region, async move |core, _| Ok(Document::Status(Box::new(core.status(spec.as_spec()?).await?))))
    }

    /// Checks every rule.
    ///
    /// # Errors
    /// `invalid_argument` when the target is no spec.
    pub fn verify(&self, target: Target) -> Result<Task> {
        let region = target.region()?.to_owned();
        self.start(region, async move |core, _| {
            Ok(Document::Verification(Box::new(core.verify(target.as_core()?).await?)))
        })
    }

    /// All that AWS tells about a store, and a probe if one is asked for.
    ///
    /// # Errors
    /// `invalid_argument` when the target is no spec, or a probe is asked for without one.
    pub fn facts(&self, target: Target, probe: Option<ProbeRequest>) -> Result<Task> {
        self.look(target, probe, |facts| Document::Facts(Box::new(facts)))
    }

    /// Why a store does not connect. `told` is what was seen; a probe is run besides if one is asked for.
    ///
    /// # Errors
    /// As [`Client::facts`].
    pub fn diagnose(&self, target: Target, told: String, probe: Option<ProbeRequest>) -> Result<Task> {
        self.look(target, probe, move |facts| Document::Diagnosis(Box::new(Diagnosis::of(&facts, &told))))
    }

    fn look(
        &self,
        target: Target,
        probe: Option<ProbeRequest>,
        judge: impl FnOnce(xkslink::facts::Facts) -> Document + Send + 'static,
    ) -> Result<Task> {
        let region = target.region()?.to_owned();
        if probe.is_some() && !matches!(target, Target::Spec(_)) {
            return Err(Failure::argument("probe", "needs a spec, which tells what to probe", "give a spec"));
        }
        self.start(region, async move |core, _| {
            let probing = async {
                match (&target, probe) {
                    (Target::Spec(spec), Some(request)) => probe_of(&core, spec, &request).await.map(Some),
                    _ => Ok(None),
                }
            };
            let (facts, probed) = join(core.facts(target.as_core()?), probing).await;
            let mut facts = facts?;
            facts.probe = probed?;
            Ok(judge(facts))
        })
    }

    /// Looks at what no AWS API tells: DNS, certificate, TLS and the proxy API.
    ///
    /// # Errors
    /// `invalid_argument` when `spec` is none.
    pub fn probe(&self, spec: Arc<Document>, request: ProbeRequest) -> Result<Task> {
        let region = spec.as_spec()?.region().to_string();
        self.start(region, async move |core, _| Ok(Document::Probe(Box::new(probe_of(&core, &spec, &request).await?))))
    }

    /// The same without AWS and without a spec. `proxy` is the path, the access key id and the secret of its API.
    ///
    /// # Errors
    /// `invalid_spec` when the name or the Region cannot be used, `invalid_argument` for the rest.
    pub fn probe_name(
        name: &str,
        region: &str,
        proxy: Option<(String, String, String)>,
        request: &ProbeRequest,
    ) -> Result<Task> {
        let mut probe = Probe::of(name, region)?;
        if let Some((path, id, secret)) = proxy {
            probe = probe.proxy(&path, ProxyCredential::new(id, secret)?)?;
        }
        let probe = request.tell(probe)?;
        Ok(Task::start(runtime()?.handle(), |_| async move { Ok(Document::Probe(Box::new(probe.await))) }))
    }

    fn start<F>(&self, region: String, verb: impl FnOnce(Core, Listener) -> F + Send + 'static) -> Result<Task>
    where
        F: Future<Output = Result<Document>> + Send,
    {
        let home = match &self.0.simulator {
            Some(simulator) => Home::World(simulator.handle()?),
            None => Home::Process(runtime()?),
        };
        let made = self.0.made.get_or_make(|| Ok::<_, Failure>(OnceCell::new()))?;
        let client = self.clone();
        let log = self.0.log.clone();
        Ok(Task::start(home.handle(), |listener| {
            let running = async move {
                let core = made.get_or_try_init(|| client.connect(&region)).await?.clone();
                match &client.0.simulator {
                    Some(simulator) => simulator.play(listener, |listener| verb(core, listener)).await,
                    None => verb(core, listener).await,
                }
            };
            match log {
                Some(log) => Either::Left(running.with_subscriber(log)),
                None => Either::Right(running),
            }
        }))
    }

    async fn connect(&self, region: &str) -> Result<Core> {
        let Inner { accounts, callbacks, simulator, .. } = &*self.0;
        let world = simulator.as_ref().map(Simulator::aws);
        let config = async |account: Option<&crate::account::Account>| match account {
            Some(account) => account.sdk_config(world, region).await.map(Some),
            None => Ok(None),
        };
        let (network, dns, kms) = try_join3(
            accounts.network.sdk_config(world, region),
            config(accounts.dns.as_ref()),
            config(accounts.kms.as_ref()),
        )
        .await?;
        let mut builder = Core::builder(&network);
        if let Some(dns) = &dns {
            builder = builder.dns(dns);
        }
        if let Some(kms) = &kms {
            builder = builder.kms(kms);
        }
        if let Some(publish) = callbacks.publish.clone() {
            builder = builder.publisher(Publication { publish, withdraw: callbacks.withdraw.clone() });
        }
        if let Some(credential) = callbacks.credential.clone() {
            builder = builder.credential(Source(credential));
        }
        Ok(builder.build())
    }
}

/// A probe of a spec, in real time.
async fn probe_of(core: &Core, spec: &Document, request: &ProbeRequest) -> Result<xkslink::probe::ProbeReport> {
    let probe = request.tell(core.probe(spec.as_spec()?).await?)?;
    let probing = runtime()?.spawn(async move { probe.await });
    probing.await.map_err(|_| Failure::cancelled())
}

fn plan(plan: xkslink::Plan) -> Document {
    Document::Plan(Box::new(plan))
}

fn report(report: xkslink::Report) -> Document {
    Document::Report(Box::new(report))
}
