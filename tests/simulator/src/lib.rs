//! A simulated AWS for external key store connectivity.
//!
//! [`Simulator`] answers the real AWS protocols behind the AWS SDK's own `HttpClient` seam. Everything that takes time
//! in AWS takes simulated time here: use it on a tokio runtime with paused time and ten minutes pass in milliseconds.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let simulator = xkslink_simulator::Simulator::new();
//! let config = simulator.sdk_config("eu-central-1"); // hand this to any AWS SDK client
//! # let _ = config;
//! # }
//! ```

mod call;
mod clock;
mod control;
mod date;
pub mod dns;
mod ec2;
mod elb;
mod fault;
mod hand;
mod http_client;
mod ids;
mod kms;
mod log;
mod page;
mod past;
mod policy;
pub mod proxy;
mod respond;
mod route53;
mod server;
mod service_quotas;
mod sts;
mod timings;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::sync::Notify;

use crate::call::Call;
pub use crate::clock::Clock;
pub use crate::dns::Dns;
pub use crate::fault::{Fault, FaultKind};
use crate::fault::{Faults, RandomFaults, Uneven};
pub use crate::log::LoggedRequest;
use crate::past::Past;
use crate::policy::Policies;
pub use crate::proxy::Proxy;
pub use crate::timings::Timings;
pub use crate::wire::Service;
pub use crate::world::{Home, Tags, World};

/// The account of callers that name no other.
pub const ACCOUNT: &str = "111122223333";

/// A simulated AWS. Clones share one world.
#[derive(Clone, Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    made: Builder,
    /// Told when a fault lets a request hang.
    hung: Notify,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    world: World,
    log: Vec<LoggedRequest>,
    faults: Faults,
    policies: Policies,
    past: Past,
    uneven: Option<Uneven>,
}

/// How a world is made. See [`Simulator::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    timings: Timings,
    begins: SystemTime,
    speed: f64,
    seed: u64,
    random_faults: Option<RandomFaults>,
    uneven: Option<Uneven>,
}

impl Builder {
    /// How long things take. Default: as in AWS.
    pub fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// How late EC2 and KMS show a write, give or take a half: about a second, unless the timings say otherwise. Zero
    /// shows everything at once; more than a few seconds is crueller than AWS usually is.
    pub fn consistency(mut self, lag: Duration) -> Self {
        self.timings.consistency = lag;
        self
    }

    /// The date when the world begins. Default: 2026-01-01, so that runs repeat; give the present to serve clients that
    /// look at a clock of their own, for instance to see whether a session has expired.
    pub fn begins(mut self, date: SystemTime) -> Self {
        self.begins = date;
        self
    }

    /// Simulated seconds per second of tokio time. Default 1, for runtimes with paused time.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Seed of invented ids.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Hits a share of all calls (0 to 1) with throttling, an internal error, or a connection that breaks before or
    /// after the effect. The same seed hits the same calls.
    pub fn random_faults(mut self, seed: u64, rate: f64) -> Self {
        self.random_faults = Some(RandomFaults::new(seed, rate));
        self
    }

    /// Lets each way of each call, there and back, take up to `most` longer, so that calls overtake one another. The same
    /// seed gives the same order.
    pub fn uneven(mut self, seed: u64, most: Duration) -> Self {
        self.uneven = Some(Uneven::new(seed, most));
        self
    }

    /// Makes the world, empty. Must run inside a tokio runtime if its time is paused.
    pub fn build(self) -> Simulator {
        let clock = Clock::new(self.begins, self.speed);
        let inner = self.inner(clock.now());
        Simulator::with(clock, self, inner)
    }

    fn inner(&self, now: Duration) -> Inner {
        Inner {
            world: World { began: now, now, ..World::new(self.timings.clone(), self.seed) },
            log: Vec::new(),
            faults: Faults::new(self.random_faults.clone()),
            policies: Policies::default(),
            past: Past::new(self.seed),
            uneven: self.uneven.clone(),
        }
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new()
    }
}

impl Simulator {
    /// An empty world with AWS's usual timings.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A world with other timings, speed or seed.
    pub fn builder() -> Builder {
        let begins = Clock::date(Duration::ZERO);
        Builder { timings: Timings::default(), begins, speed: 1.0, seed: 1, random_faults: None, uneven: None }
    }

    /// Configuration of an SDK client in the default account.
    pub fn sdk_config(&self, region: &str) -> SdkConfig {
        self.sdk_config_of(ACCOUNT, region)
    }

    /// Configuration of an SDK client in another account (twelve digits).
    pub fn sdk_config_of(&self, account: &str, region: &str) -> SdkConfig {
        let credentials = Credentials::new(format!("AKIA{account}"), "simulated", None, None, "xkslink-simulator");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(SharedHttpClient::new(self.clone()))
            .sleep_impl(SharedAsyncSleep::new(self.clock()))
            .time_source(SharedTimeSource::new(self.clock()))
            .build()
    }

    /// The clock of this world.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Looks at the world, or changes it as somebody else would. Brings it up to date first.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let now = self.shared.clock.now();
        let mut inner = self.lock();
        inner.world.advance(now);
        look(&mut inner.world)
    }

    /// Gives the default account a public hosted zone in Route 53, as a domain's owner has one long before anything else.
    /// Not part of the request log.
    ///
    /// # Panics
    /// When `name` is not a domain name, or the account has that zone already.
    pub fn host_zone(&self, name: &str) {
        let call = Call {
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            operation: "CreateHostedZone".to_owned(),
            input: serde_json::json!({"Name": name, "CallerReference": name}),
            now: self.clock().now(),
        };
        let answer = self.world(|world| route53::handle(&call, world));
        assert!(answer.is_ok(), "`{name}` cannot be hosted: {answer:?}");
    }

    /// A copy of this world on the same clock, which goes its own way from now on and shows every write at once. Request
    /// log, faults and policies are not copied.
    pub fn fork(&self) -> Self {
        let inner = self.lock();
        let copy = Inner {
            world: inner.world.clone(),
            log: Vec::new(),
            faults: Faults::default(),
            policies: Policies::default(),
            past: Past::new(self.shared.made.seed),
            uneven: inner.uneven.clone(),
        };
        Self::with(self.clock(), self.shared.made.clone(), copy)
    }

    fn with(clock: Clock, made: Builder, inner: Inner) -> Self {
        Self { shared: Arc::new(Shared { clock, made, hung: Notify::new(), inner: Mutex::new(inner) }) }
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.lock().log.clone()
    }

    /// Adds a fault. The first one that matches a request hits it.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Forgets everything: the world is empty again, with the timings and the seed that it was made with, and the
    /// request log, the faults and the policies are gone. Time goes on.
    pub fn reset(&self) {
        *self.lock() = self.shared.made.inner(self.shared.clock.now());
    }

    /// Returns when a request hangs ([`FaultKind::HangBefore`], [`FaultKind::HangAfter`]): now, or as soon as one does.
    pub async fn hung(&self) {
        self.shared.hung.notified().await;
    }

    /// Forgets the request log, which otherwise grows as long as the world lives. For moments without requests.
    pub fn forget_requests(&self) {
        self.lock().log.clear();
    }

    /// Attaches a policy document to an account (twelve digits), a user or a role (ARN). From then on their calls need
    /// a statement that allows them; several policies add up. Callers without any may do everything.
    ///
    /// # Errors
    /// What the simulator does not understand in the document.
    pub fn allow(&self, principal_or_account: &str, policy_document: &str) -> Result<(), String> {
        self.lock().policies.attach(principal_or_account, policy_document)
    }

    /// Detaches every policy: everybody may do everything again.
    pub fn allow_everything(&self) {
        self.lock().policies.detach_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a test's closure must not hide behind a poisoned lock.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `AKIA111122223333` → `111122223333`; other access keys belong to the default account.
fn account_of(access_key: &str) -> String {
    let digits: String = access_key.chars().skip(4).take(12).collect();
    if digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit()) { digits } else { ACCOUNT.to_owned() }
}
