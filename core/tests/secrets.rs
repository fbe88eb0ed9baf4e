//! A canary for the proxy's secret goes through every verb, from every place that it can come from; nothing that the
//! library or the simulated AWS puts out may hold it, in any of the encodings in which it might hide.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;
use xkslink::spec::{
    Connectivity, ConnectivityBuilder, Credential, Domain, HealthCheck, KeyStore, Link, Network, Proxy, ProxyCredential,
};
use xkslink::{
    CallbackFuture, Client, Consent, CredentialSource, Error, ErrorKind, Plan, Publisher, Target, TxtRecord,
    Verification,
};
use xkslink_simulator::{Fault, FaultKind, Simulator};

const ACCESS_KEY_ID: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// Put together when it is needed, so that the program itself does not hold it.
fn canary() -> String {
    (0..44_u32).map(|number| char::from(b"QWERTYUIOPLKJHGFDSAZXCVBNM"[(number * 7 % 26) as usize])).collect()
}

fn network() -> ConnectivityBuilder {
    Connectivity::builder("payments-hsm", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(Link::new_vpn_gateway())
        .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
        .private_dns_name("xks.payments.example.com")
        .domain(Domain::route53())
}

fn spec(credential: Credential) -> Connectivity {
    network().key_store(KeyStore::path("/payments/kms/xks/v1").credential(credential)).build().unwrap()
}

/// Everything that came out, with where it came from.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<(String, String)>>>);

impl Output {
    fn take(&self, from: &str, text: impl Into<String>) {
        self.0.lock().unwrap().push((from.to_owned(), text.into()));
    }

    /// An error, its chain, its report. What a callback says is the caller's own: it is the cause, and goes nowhere else.
    fn take_error(&self, error: &Error) {
        self.take("error", format!("{error} {error:?} {error:#?} {} {}", error.help(), json!(error.details())));
        self.take("report of the error", format!("{:?}", error.report()));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source.filter(|cause| !cause.is::<Said>()) {
            self.take("cause of the error", format!("{cause} {cause:?}"));
            source = cause.source();
        }
    }

    /// How many lines the log has.
    fn lines(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|(from, _)| from == "log").count()
    }

    /// Where the canary is, as it is or encoded.
    fn leaks(&self) -> Vec<String> {
        let canary = canary();
        let bytes = canary.as_bytes();
        let hex = hex::encode(bytes);
        let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        let numbers = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        // Base64 of a text that begins one or two bytes earlier looks different, save for its middle.
        let base64 = [0, 1, 2].map(|skip| encode(&bytes[skip..])[4..40].to_owned());
        let forms = [canary, hex.to_uppercase(), hex, percent, numbers].into_iter().chain(base64);
        let forms: Vec<String> = forms.collect();
        let all = self.0.lock().unwrap();
        let holds = |text: &String| forms.iter().any(|form| text.contains(form.as_str()));
        all.iter().filter(|(_, text)| holds(text)).map(|(from, text)| format!("{from}: {text:.300}")).collect()
    }
}

fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |group: u32, at: u32| char::from(LETTERS[(group >> (18 - 6 * at) & 63) as usize]);
    let groups = bytes.chunks(3).map(|chunk| chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)));
    groups.flat_map(|group| (0..4).map(move |at| letter(group, at))).collect()
}

/// A log line in the making.
struct Line(Output, Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.take("log", String::from_utf8_lossy(&self.1));
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.clone(), Vec::new())
    }
}

/// From here on the log of this thread, with all that the library and the SDK say at any level, is output.
fn listen(output: &Output) -> tracing::subscriber::DefaultGuard {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(output.clone());
    tracing::subscriber::set_default(log.finish())
}

/// What the simulated AWS shows by HTTP.
async fn take_pages(simulator: &Simulator, output: &Output) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = simulator.clone();
    let server = tokio::spawn(async move { served.serve(listener).await });
    for path in ["/", "/_world", "/_census", "/_requests"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: aws\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page:.300}");
        output.take(path, page);
    }
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn no_output_of_any_verb_holds_the_secret() {
    let output = Output::default();
    let logging = listen(&output);
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let spec = spec(Credential::value(ACCESS_KEY_ID, canary()));
    output.take("spec", format!("{spec:?} {spec:#?} {}", json!(spec)));
    output.take("client", format!("{client:?}"));

    let plan = client.plan(&spec).await.unwrap();
    output.take("plan", format!("{plan} {plan:?} {} {}", plan.to_json(), plan.to_markdown()));
    output.take("pictures of the plan", format!("{} {}", plan.to_mermaid(), plan.to_svg()));
    output.take("policies", format!("{:?}", plan.policies()));
    output.take("plan of a plan", format!("{:?}", Plan::from_json(&plan.to_json()).map_err(|error| error.to_string())));

    // Whatever answers repeats the whole request in its message.
    simulator.fault(Fault::once("CreateCustomKeyStore", FaultKind::Echo));
    let events = output.clone();
    let apply =
        client.apply(&plan).on_event(move |event| events.take("event", format!("{event} {event:?} {}", json!(event))));
    let error = apply.await.unwrap_err();
    assert_eq!(error.aws_code(), Some("ValidationException"), "{error}");
    assert!(error.to_string().contains("[withheld]"), "{error}");
    output.take_error(&error);
    // An answer that cannot be read.
    simulator.fault(Fault::once("CreateCustomKeyStore", FaultKind::Body("neither XML nor JSON".into())));
    let plan = client.plan(&spec).await.unwrap();
    if let Err(error) = client.apply(&plan).await {
        output.take_error(&error);
    }
    // Reads lag behind writes.
    simulator.clock().wait(Duration::from_secs(60)).await;
    let report = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    assert!(report.connected());
    output.take("report", format!("{report:?} {} {}", report.to_json(), report.to_markdown()));
    output.take("page of the report", report.to_html());
    let status = client.status(&spec).await.unwrap();
    output.take("status", format!("{status} {status:?} {}", status.to_json()));
    let facts = client.facts(&spec).await.unwrap();
    let verification = Verification::of(&facts);
    output.take("facts", format!("{facts:?} {}", json!(facts)));
    output.take("verification", format!("{verification} {verification:?} {}", verification.to_json()));
    output.take("page of the verification", format!("{} {}", verification.to_markdown(), verification.to_html()));
    let told = format!("XksProxyInvalidConfigurationException: {}", spec.name());
    let diagnosis = client.diagnose(&spec).told(&told).await.unwrap();
    output.take("diagnosis", format!("{diagnosis} {diagnosis:?} {}", diagnosis.to_json()));
    output.take("diagnosis", diagnosis.to_markdown());
    output.take("probe that has not begun", format!("{:?}", client.probe(&spec).await.unwrap()));

    // A rotation is echoed, too.
    let rotated =
        KeyStore::path("/payments/kms/xks/v1").credential(Credential::value("ZYXWVUTSRQPONMLKJIHGFEDC", canary()));
    let rotated = spec.to_builder().key_store(rotated).build().unwrap();
    simulator.fault(Fault::once("UpdateCustomKeyStore", FaultKind::Echo));
    let error = client.apply(&client.plan(&rotated).await.unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("[withheld]"), "{error}");
    output.take_error(&error);
    client.apply(&client.plan(&rotated).await.unwrap()).await.unwrap();
    take_pages(&simulator, &output).await;

    let target = Target::named("payments-hsm", "eu-central-1");
    output.take("target", format!("{target:?} {:?}", Target::Spec(&spec)));
    output.take_error(&client.teardown(&spec).await.unwrap_err());
    let report = client.teardown(&spec).consent(Consent::Disconnect).await.unwrap();
    output.take("report of the teardown", format!("{report:?} {}", report.to_json()));
    take_pages(&simulator, &output).await;
    let requests = simulator.requests();
    output.take("request log", format!("{requests:?}"));
    requests.iter().for_each(|request| output.take("request log as JSON", request.to_json().to_string()));
    drop(logging);
    assert!(output.lines() > 1000, "the SDK logs at TRACE, so the log is a test of something");
    no_leaks(&output);
}

fn no_leaks(output: &Output) {
    let leaks = output.leaks();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// All that a key store needs, and none yet.
async fn stand() -> Simulator {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let network = network().build().unwrap();
    client.apply(&client.plan(&network).await.unwrap()).await.unwrap();
    simulator
}

/// A key store is made with a credential from somewhere, which is echoed first, and then taken.
async fn no_output_holds_a_secret_from(credential: Credential) {
    let output = Output::default();
    let simulator = stand().await;
    let logging = listen(&output);
    let config = simulator.sdk_config("eu-central-1");
    let client = Client::builder(&config).credential(Caller::new(&simulator, Act::Give)).build();
    let spec = spec(credential);
    output.take("spec", format!("{spec:?} {}", json!(spec)));
    simulator.fault(Fault::once("CreateCustomKeyStore", FaultKind::Echo));
    let plan = client.plan(&spec).await.unwrap();
    output.take("plan", format!("{plan} {plan:?} {} {}", plan.to_json(), plan.to_markdown()));
    let events = output.clone();
    let apply = client.apply(&plan).on_event(move |event| events.take("event", format!("{event} {event:?}")));
    let error = apply.await.unwrap_err();
    assert!(error.to_string().contains("[withheld]"), "{error}");
    output.take_error(&error);
    let report = client.apply(&client.plan(&spec).await.unwrap()).await.unwrap();
    assert!(report.connected());
    output.take("report", format!("{report:?} {} {}", report.to_json(), report.to_markdown()));
    let status = client.status(&spec).await.unwrap();
    output.take("status", format!("{status} {status:?}"));
    output.take("probe that has not begun", format!("{:?}", client.probe(&spec).await.unwrap()));
    output.take("request log", format!("{:?}", simulator.requests()));
    drop(logging);
    assert!(output.lines() > 1000);
    no_leaks(&output);
}

#[tokio::test(start_paused = true)]
async fn no_output_holds_a_secret_from_a_callback() {
    no_output_holds_a_secret_from(Credential::callback()).await;
}

/// A process of its own, since what a process has in its environment is set by whoever starts it.
#[tokio::test(start_paused = true)]
async fn no_output_holds_a_secret_from_the_environment() {
    const ID: &str = "XKSLINK_SECRETS_ID";
    const SECRET: &str = "XKSLINK_SECRETS_SECRET";
    if std::env::var_os(SECRET).is_some() {
        return no_output_holds_a_secret_from(Credential::from_env(ID, SECRET)).await;
    }
    let process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "no_output_holds_a_secret_from_the_environment", "--nocapture"])
        .envs([(ID, ACCESS_KEY_ID), (SECRET, &canary())])
        .output()
        .unwrap();
    let output = Output::default();
    output.take("standard output", String::from_utf8_lossy(&process.stdout));
    output.take("standard error", String::from_utf8_lossy(&process.stderr));
    no_leaks(&output);
    assert!(process.status.success(), "{process:?}");
}

/// A file that is gone with this.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("xkslink-secrets-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn pair() -> Value {
    json!({"AccessKeyId": ACCESS_KEY_ID, "RawSecretAccessKey": canary()})
}

#[tokio::test(start_paused = true)]
async fn no_output_holds_a_secret_from_a_file() {
    let file = File::new("pair.json", pair().to_string());
    no_output_holds_a_secret_from(Credential::from_file(&file.0)).await;
}

#[tokio::test(start_paused = true)]
async fn no_output_holds_a_secret_from_the_configuration_file_of_the_proxy() {
    let document = json!({
        "XksProxyUriPath": "/payments/kms/xks/v1",
        "XksProxyAuthenticationCredential": pair(),
        "XksProxyUriEndpoint": "https://xks.payments.example.com",
    });
    let file = File::new("configuration.json", document.to_string());
    no_output_holds_a_secret_from(Credential::from_file(&file.0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_used_is_not_quoted() {
    let output = Output::default();
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let swapped = json!({"AccessKeyId": canary(), "RawSecretAccessKey": ACCESS_KEY_ID});
    let texts = [
        pair().to_string().replace(['{', ':'], " "),
        json!({"XksProxyAuthenticationCredential": canary()}).to_string(),
        json!([canary()]).to_string(),
        json!({"RawSecretAccessKey": canary()}).to_string(),
        json!({"AccessKeyId": ACCESS_KEY_ID, "RawSecretAccessKey": format!("{} ", canary())}).to_string(),
        swapped.to_string(),
    ];
    for (number, text) in texts.iter().enumerate() {
        let file = File::new(&format!("bad-{number}.json"), text);
        let spec = spec(Credential::from_file(&file.0));
        let ended = async { client.apply(&client.plan(&spec).await?).await }.await;
        let error = ended.expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error}");
        output.take_error(&error);
    }
    no_leaks(&output);
}

/// What a callback of the caller says: too much.
#[derive(Debug)]
struct Said(String);

impl Said {
    fn too_much() -> Self {
        Self(format!("cannot make use of {}", canary()))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

/// What a callback does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Act {
    Give,
    Fail,
    Panic,
}

/// The callbacks of a caller.
#[derive(Clone)]
struct Caller {
    simulator: Simulator,
    act: Act,
}

impl Caller {
    fn new(simulator: &Simulator, act: Act) -> Self {
        Self { simulator: simulator.clone(), act }
    }

    fn act<'a, T: 'a>(&self, give: impl FnOnce() -> T + Send + 'a) -> CallbackFuture<'a, T> {
        let act = self.act;
        Box::pin(async move {
            match act {
                Act::Give => Ok(give()),
                Act::Fail => Err(Said::too_much().into()),
                Act::Panic => panic!("{}", Said::too_much()),
            }
        })
    }
}

impl CredentialSource for Caller {
    fn credential(&self) -> CallbackFuture<'_, ProxyCredential> {
        self.act(|| ProxyCredential::new(ACCESS_KEY_ID, canary()).unwrap())
    }
}

impl Publisher for Caller {
    fn publish<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        let served = (record.name.clone(), record.value.clone());
        self.act(|| self.simulator.world(|world| world.route53.elsewhere.push(served)))
    }

    fn withdraw<'a>(&'a self, _: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        self.act(|| ())
    }
}

/// The caller's words are the cause of an error, its panic goes through to the caller, and neither is said by us.
#[tokio::test(start_paused = true)]
async fn what_a_callback_says_goes_to_its_caller_alone() {
    let output = Output::default();
    let logging = listen(&output);
    let by_callback = spec(Credential::callback());
    let elsewhere = by_callback.to_builder().domain(Domain::callback()).build().unwrap();
    let (standing, nothing) = (stand().await, Simulator::new());
    for act in [Act::Fail, Act::Panic] {
        for (simulator, spec, [credential, publisher]) in
            [(&standing, &by_callback, [act, Act::Give]), (&nothing, &elsewhere, [Act::Give, act])]
        {
            let caller = |act| Caller::new(simulator, act);
            let builder = Client::builder(&simulator.sdk_config("eu-central-1"));
            let client = builder.credential(caller(credential)).publisher(caller(publisher)).build();
            let events = output.clone();
            let run = async {
                let plan = client.plan(spec).await?;
                client.apply(&plan).on_event(move |event| events.take("event", format!("{event} {event:?}"))).await
            };
            match AssertUnwindSafe(run).catch_unwind().await {
                Err(panicked) => {
                    assert_eq!(act, Act::Panic);
                    assert_eq!(panicked.downcast_ref(), Some(&Said::too_much().0), "the caller's own");
                }
                Ok(ended) => {
                    let error = ended.unwrap_err();
                    assert_eq!((act, error.kind()), (Act::Fail, ErrorKind::Callback), "{error}");
                    let cause = std::error::Error::source(&error).unwrap();
                    assert!(cause.is::<Said>(), "the caller's own: {cause}");
                    output.take_error(&error);
                }
            }
        }
    }
    drop(logging);
    for (simulator, spec) in [(&standing, &by_callback), (&nothing, &elsewhere)] {
        let caller = Caller::new(simulator, Act::Give);
        let builder = Client::builder(&simulator.sdk_config("eu-central-1"));
        let client = builder.credential(caller.clone()).publisher(caller).build();
        let report = client.apply(&client.plan(spec).await.unwrap()).await.unwrap();
        assert!(report.connected(), "the next run goes on");
    }
    no_leaks(&output);
}

#[test]
fn the_search_finds_what_it_searches() {
    for hidden in
        [canary(), encode(canary().as_bytes()), encode(format!("x{}", canary()).as_bytes()), hex::encode(canary())]
    {
        let output = Output::default();
        output.take("here", format!("before {hidden} after"));
        assert_eq!(output.leaks().len(), 1, "{hidden}");
    }
}
