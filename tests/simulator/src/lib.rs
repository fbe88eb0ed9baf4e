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
mod date;
mod ec2;
mod elb;
mod fault;
mod http_client;
mod ids;
mod kms;
mod log;
mod route53;
mod sts;
mod timings;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use http::{Request, Response};

use crate::call::{Answer, Call, Fail};
pub use crate::clock::Clock;
pub use crate::fault::{Fault, FaultKind};
pub use crate::log::LoggedRequest;
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
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    world: World,
    log: Vec<LoggedRequest>,
    faults: Vec<Fault>,
    /// Recent worlds, oldest first, for stale reads.
    past: Vec<(std::time::Duration, World)>,
}

/// How a world is made. See [`Simulator::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    timings: Timings,
    speed: f64,
    seed: u64,
}

impl Builder {
    /// How long things take. Default: as in AWS.
    pub fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
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

    /// Makes the world, empty. Must run inside a tokio runtime if its time is paused.
    pub fn build(self) -> Simulator {
        let inner =
            Inner { world: World::new(self.timings, self.seed), log: Vec::new(), faults: Vec::new(), past: Vec::new() };
        Simulator { shared: Arc::new(Shared { clock: Clock::new(self.speed), inner: Mutex::new(inner) }) }
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
        Builder { timings: Timings::default(), speed: 1.0, seed: 1 }
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
            .sleep_impl(SharedAsyncSleep::new(self.shared.clock))
            .time_source(SharedTimeSource::new(self.shared.clock))
            .build()
    }

    /// The clock of this world.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// Looks at the world, or changes it as somebody else would. Brings it up to date first.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let now = self.shared.clock.now();
        let mut inner = self.lock();
        inner.world.advance(now);
        look(&mut inner.world)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.lock().log.clone()
    }

    /// Adds a fault. The first one that matches a request hits it.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a test's closure must not hide behind a poisoned lock.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one HTTP request; `None` when the connection breaks.
    pub(crate) async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let clock = self.shared.clock;
        let sent = clock.now();
        let half = self.lock().world.timings.call / 2;
        clock.wait(half).await;
        let (response, slow) = self.act(&request, sent);
        clock.wait(slow + half).await;
        let (number, response) = response;
        let mut inner = self.lock();
        if let (Some(number), Some(_)) = (number, &response) {
            inner.log[number].answered = Some(clock.now());
        }
        response
    }

    /// The effect of a request, its answer, and how much later than usual that arrives.
    #[allow(clippy::type_complexity)]
    fn act(
        &self,
        request: &Request<Bytes>,
        sent: std::time::Duration,
    ) -> ((Option<usize>, Option<Response<Bytes>>), std::time::Duration) {
        let now = self.shared.clock.now();
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.world.advance(now);
        let request_id = inner.world.ids.uuid();
        let decoded = match wire::decode(request) {
            Ok(decoded) => decoded,
            Err(fail) => {
                return (
                    (None, Some(wire::encode(Service::Ec2, "", &request_id, &Err(fail)))),
                    std::time::Duration::ZERO,
                );
            }
        };
        let number = inner.log.len();
        let account = account_of(&decoded.access_key);
        inner.log.push(LoggedRequest {
            number,
            service: decoded.service,
            operation: decoded.operation.clone(),
            account: account.clone(),
            region: decoded.region.clone(),
            input: without_secret(decoded.input.clone()),
            sent,
            answered: None,
            error: None,
        });
        let call =
            Call { account, region: decoded.region, operation: decoded.operation.clone(), input: decoded.input, now };
        let fault = inner.faults.iter_mut().find_map(|fault| fault.hits(&call.operation).then(|| fault.kind.clone()));
        let mut slow = std::time::Duration::ZERO;
        let mut lost = false;
        let answer = match fault {
            Some(FaultKind::DropBefore) => {
                inner.log[number].error = Some("connection broken before the effect".to_owned());
                return ((Some(number), None), slow);
            }
            Some(FaultKind::Throttle) => Err(throttled(decoded.service)),
            Some(FaultKind::ServerError) => {
                Err(Fail::with_status(500, "InternalError", "An internal error has occurred"))
            }
            Some(FaultKind::Refuse { code }) => Err(Fail::new(&code, "refused by a simulated fault")),
            Some(FaultKind::Stale(age)) => {
                let then = now.saturating_sub(age);
                let mut past = inner
                    .past
                    .iter()
                    .rev()
                    .find(|(at, _)| *at <= then)
                    .map_or_else(|| World::new(inner.world.timings.clone(), 0), |(_, world)| world.clone());
                handle(decoded.service, &call, &mut past)
            }
            other => {
                if let Some(FaultKind::Slow(extra)) = other {
                    slow = extra;
                }
                lost = matches!(other, Some(FaultKind::DropAfter));
                handle(decoded.service, &call, &mut inner.world)
            }
        };
        if !is_read(&call.operation) {
            let snapshot = inner.world.clone();
            inner.past.push((now, snapshot));
            let keep_from = now.saturating_sub(std::time::Duration::from_secs(60));
            // One world older than a minute stays, so that every age up to a minute has an answer.
            while inner.past.len() > 1 && inner.past[1].0 < keep_from {
                inner.past.remove(0);
            }
        }
        inner.log[number].error = match (&answer, lost) {
            (_, true) => Some("answer lost".to_owned()),
            (Err(fail), _) => Some(fail.code.clone()),
            _ => None,
        };
        let response = (!lost).then(|| wire::encode(decoded.service, &decoded.operation, &request_id, &answer));
        ((Some(number), response), slow)
    }
}

fn handle(service: Service, call: &Call, world: &mut World) -> Answer {
    match service {
        Service::Ec2 => ec2::handle(call, world),
        Service::Elb => elb::handle(call, world),
        Service::Kms => kms::handle(call, world),
        Service::Route53 => route53::handle(call, world),
        Service::Sts => sts::handle(call, world),
    }
}

/// `AKIA111122223333` → `111122223333`; other access keys belong to the default account.
fn account_of(access_key: &str) -> String {
    let digits: String = access_key.chars().skip(4).take(12).collect();
    if digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit()) { digits } else { ACCOUNT.to_owned() }
}

fn throttled(service: Service) -> Fail {
    match service {
        Service::Ec2 => Fail::with_status(503, "RequestLimitExceeded", "Request limit exceeded."),
        Service::Route53 => Fail::new("Throttling", "Rate exceeded"),
        Service::Elb | Service::Kms | Service::Sts => Fail::new("ThrottlingException", "Rate exceeded"),
    }
}

/// Whether an operation only reads.
fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
}

fn without_secret(mut input: serde_json::Value) -> serde_json::Value {
    if let Some(credential) = input.get_mut("XksProxyAuthenticationCredential").and_then(|value| value.as_object_mut())
    {
        credential.remove("RawSecretAccessKey");
    }
    input
}
