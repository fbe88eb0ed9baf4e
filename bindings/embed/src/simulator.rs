//! A simulated AWS with a thread of its own, so that its time is its own: virtual, or a multiple of real time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use xkslink::Event;
use xkslink_simulator::{Dns, LoggedRequest, Proxy, Simulator as Aws, Timings, proxy};

use crate::document::Document;
use crate::failure::{Failure, Result};
use crate::runtime::{IDLE, began, runtime};
use crate::script::Script;
use crate::task::Listener;

/// How a world is made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// Simulated seconds per real second. Without, time is virtual: it passes at once while something waits for it, and
    /// stands still otherwise.
    pub speed: Option<f64>,
    /// Seed of invented ids and of what lags how much; 1 if not given.
    pub seed: Option<u64>,
    /// Seconds by which EC2 and KMS show a write late; about one if not given.
    pub consistency_seconds: Option<f64>,
    /// Whether everything but the round trip of a call happens at once.
    pub instant: bool,
    /// Whether the world begins at the present date instead of 2026-01-01.
    pub begins_now: bool,
    /// Public hosted zones that the account has in Route 53.
    pub hosted_zones: Vec<String>,
}

/// A simulated AWS. Clones share one world.
#[derive(Clone, Debug)]
pub struct Simulator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    aws: Aws,
    handle: Handle,
    process: u32,
    open: Mutex<Option<Open>>,
}

/// What ends when the world is closed.
struct Open {
    /// Its thread runs until this is dropped.
    _stop: oneshot::Sender<()>,
    script: Option<Script>,
    proxies: Vec<Proxy>,
    dns: Vec<Dns>,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("script", &self.script).finish_non_exhaustive()
    }
}

impl World {
    /// Reads a description from a JSON document.
    ///
    /// # Errors
    /// `invalid_argument`: a field is unknown, or has a value that cannot be used.
    pub fn from_json(document: &str) -> Result<Self> {
        let help = "see the documentation of SimulatedAws";
        let world: Self = serde_json::from_str(document).map_err(|error| Failure::argument("world", error, help))?;
        if let Some(speed) = world.speed.filter(|speed| !(speed.is_finite() && *speed > 0.0)) {
            return Err(Failure::argument("speed", format!("`{speed}` is out of range"), "write a number above 0"));
        }
        Ok(world)
    }

    fn make(&self) -> Result<Aws> {
        let mut builder = Aws::builder().seed(self.seed.unwrap_or(1)).speed(self.speed.unwrap_or(1.0));
        if self.instant {
            builder = builder.timings(Timings::instant(Timings::default().call));
        }
        if let Some(seconds) = self.consistency_seconds {
            let wrong = |_| Failure::argument("consistency_seconds", format!("`{seconds}`"), "write seconds from 0");
            builder = builder.consistency(Duration::try_from_secs_f64(seconds).map_err(wrong)?);
        }
        if self.begins_now {
            builder = builder.begins(SystemTime::now());
        }
        let aws = builder.build();
        self.hosted_zones.iter().for_each(|zone| aws.host_zone(zone));
        Ok(aws)
    }
}

impl Simulator {
    /// Makes a world, and the thread that it lives in.
    ///
    /// # Errors
    /// `invalid_argument` when a value cannot be used, or there is no thread to be had.
    pub fn new(world: World) -> Result<Self> {
        let no_thread = |error: std::io::Error| Failure::argument("world", format!("no thread: {error}"), "free some");
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let live = move || {
            began();
            let mut builder = Builder::new_current_thread();
            builder.enable_all().thread_keep_alive(IDLE).on_thread_start(began).start_paused(world.speed.is_none());
            let runtime = match builder.build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(no_thread(error)))),
            };
            runtime.block_on(async {
                let made = crate::failure::guard(|| world.make());
                let _ = tell.send(made.map(|aws| (aws, Handle::current())));
                let _ = stopped.await;
            });
        };
        thread::Builder::new().name("xkslink-simulator".to_owned()).spawn(live).map_err(no_thread)?;
        let (aws, handle) = told.recv().map_err(|_| Failure::closed("simulator"))??;
        let open = Open { _stop: stop, script: None, proxies: Vec::new(), dns: Vec::new() };
        Ok(Self(Arc::new(Inner { aws, handle, process: std::process::id(), open: Mutex::new(Some(open)) })))
    }

    /// Ends the world: its runs are cancelled, its servers stop. What it holds can still be looked at.
    pub fn close(&self) {
        drop(self.lock().take());
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_open<T>(&self, work: impl FnOnce(&mut Open) -> T) -> Result<T> {
        if self.0.process != std::process::id() {
            let help = "make one in each process, or talk to one over HTTP";
            return Err(Failure::argument("simulator", "was made before a fork, and its thread is not here", help));
        }
        self.lock().as_mut().map(work).ok_or_else(|| Failure::closed("simulator"))
    }

    pub(crate) fn handle(&self) -> Result<Handle> {
        self.with_open(|_| self.0.handle.clone())
    }

    pub(crate) fn aws(&self) -> &Aws {
        &self.0.aws
    }

    /// Runs a verb with the script that waits for the next one.
    pub(crate) async fn play<F>(&self, listener: Listener, verb: impl FnOnce(Listener) -> F) -> Result<Document>
    where
        F: Future<Output = Result<Document>>,
    {
        let script = Arc::new(self.with_open(|open| open.script.take())?.unwrap_or_default());
        let refused: Arc<Mutex<Option<Failure>>> = Arc::default();
        let reading = (Arc::clone(&script), self.0.aws.clone(), Arc::clone(&refused));
        let reader = move |event: &Event| {
            listener(event);
            let (script, aws, refused) = &reading;
            if let Err(failure) = script.read(event, aws) {
                refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
            }
        };
        let deeds = async {
            match script.deeds(&self.0.aws).await {
                Ok(()) => std::future::pending().await,
                Err(failure) => failure,
            }
        };
        let ended = tokio::select! {
            biased;
            ended = verb(Box::new(reader)) => ended,
            failure = deeds => Err(failure),
            () = script.cut(&self.0.aws) => Err(Failure::cancelled()),
        };
        let refused = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
        refused.map_or(ended, Err)
    }

    /// What happens while the next run is under way: `during`, `on_publish`, `cut_after`.
    ///
    /// # Errors
    /// `invalid_argument` when the document is no script, `closed`.
    pub fn during_run(&self, script: &str) -> Result<()> {
        let script = Script::from_json(script)?;
        self.with_open(|open| open.script = Some(script))
    }

    /// Does one deed, as `docs/simulator.md` lists them, and answers what AWS answers to it.
    ///
    /// # Errors
    /// `invalid_argument` with what is not understood, or AWS's refusal of the call.
    pub fn deed(&self, deed: &str) -> Result<Value> {
        let help = "see docs/simulator.md";
        let read: Value = serde_json::from_str(deed).map_err(|error| Failure::argument("deed", error, help))?;
        let _in_its_time = self.0.handle.enter();
        self.0.aws.meddle(&read).map_err(|why| Failure::argument("deed", why, help))
    }

    /// How many of each sort of object exist.
    #[must_use]
    pub fn census(&self) -> Value {
        let _in_its_time = self.0.handle.enter();
        json!(self.0.aws.census())
    }

    /// Everything that exists.
    #[must_use]
    pub fn world(&self) -> Value {
        let _in_its_time = self.0.handle.enter();
        self.0.aws.world(|world| world.to_json())
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Value {
        self.0.aws.requests().iter().map(LoggedRequest::to_json).collect()
    }

    /// Simulated seconds since 2026-01-01.
    #[must_use]
    pub fn now(&self) -> f64 {
        let _in_its_time = self.0.handle.enter();
        self.0.aws.clock().now().as_secs_f64()
    }

    /// Serves this world over HTTP on loopback until it is closed; answers the URL.
    ///
    /// # Errors
    /// `closed`; `invalid_argument` when the port is taken.
    pub fn serve(&self, port: u16) -> Result<String> {
        let wrong = |error: std::io::Error| Failure::argument("port", error, "write another, or 0 for a free one");
        let handle = self.handle()?;
        let bound = std::net::TcpListener::bind(("127.0.0.1", port)).map_err(wrong)?;
        bound.set_nonblocking(true).map_err(wrong)?;
        let address = bound.local_addr().map_err(wrong)?;
        let listener = {
            let _in_its_time = handle.enter();
            TcpListener::from_std(bound).map_err(wrong)?
        };
        let aws = self.0.aws.clone();
        handle.spawn(async move { aws.serve(listener).await });
        Ok(format!("http://{address}"))
    }

    /// Starts an external key store proxy over TLS on loopback, described by the fields of `proxy::Setup` in JSON, and puts
    /// it into the world; answers its `address` and the PEM of its `root` certificate.
    ///
    /// # Errors
    /// `closed`; `invalid_argument` when the description cannot be used.
    pub fn start_proxy(&self, setup: &str) -> Result<Value> {
        let wrong = |what: String| Failure::argument("setup", what, "see docs/simulator.md");
        let setup: proxy::Setup = serde_json::from_str(setup).map_err(|error| wrong(error.to_string()))?;
        let (told, tell) = std::sync::mpsc::channel();
        let starting = setup.clone();
        // Sockets of the proxy live in real time.
        runtime()?.spawn(async move { told.send(Proxy::start(starting).await) });
        let started =
            tell.recv().map_err(|_| Failure::closed("simulator"))?.map_err(|error| wrong(error.to_string()))?;
        let answer = json!({"address": started.address().to_string(), "root": started.root_pem()});
        {
            let _in_its_time = self.0.handle.enter();
            self.0.aws.world(|world| world.proxies.push(setup));
        }
        self.with_open(|open| open.proxies.push(started))?;
        Ok(answer)
    }

    /// Starts a name server on loopback for the public zones of this world; answers its address.
    ///
    /// # Errors
    /// `closed`; `invalid_argument` when there is no port.
    pub fn start_dns(&self) -> Result<String> {
        let (told, tell) = std::sync::mpsc::channel();
        let aws = self.0.aws.clone();
        runtime()?.spawn(async move { told.send(Dns::of(&aws, SocketAddr::from(([127, 0, 0, 1], 0))).await) });
        let wrong = |error: std::io::Error| Failure::argument("dns", error, "free a port");
        let started = tell.recv().map_err(|_| Failure::closed("simulator"))?.map_err(wrong)?;
        let address = started.address().to_string();
        self.with_open(|open| open.dns.push(started))?;
        Ok(address)
    }
}
