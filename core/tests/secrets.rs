//! A canary for the proxy's secret goes through every verb; nothing that the library puts out may hold it, in any of the
//! encodings in which it might hide.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use xkslink::spec::{Connectivity, Credential, Domain, HealthCheck, KeyStore, Link, Network, Proxy};
use xkslink::{Client, Consent, Error, Plan, Target, Verification};
use xkslink_simulator::{Fault, FaultKind, Simulator};

const ACCESS_KEY_ID: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// Put together when it is needed, so that the program itself does not hold it.
fn canary() -> String {
    (0..44_u32).map(|number| char::from(b"QWERTYUIOPLKJHGFDSAZXCVBNM"[(number * 7 % 26) as usize])).collect()
}

fn spec() -> Connectivity {
    Connectivity::builder("payments-hsm", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(Link::new_vpn_gateway())
        .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
        .private_dns_name("xks.payments.example.com")
        .domain(Domain::route53())
        .key_store(KeyStore::path("/payments/kms/xks/v1").credential(Credential::value(ACCESS_KEY_ID, canary())))
        .build()
        .unwrap()
}

/// Everything that came out, with where it came from.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<(String, String)>>>);

impl Output {
    fn take(&self, from: &str, text: impl Into<String>) {
        self.0.lock().unwrap().push((from.to_owned(), text.into()));
    }

    /// An error, its chain, its report.
    fn take_error(&self, error: &Error) {
        self.take("error", format!("{error} {error:?} {error:#?} {} {}", error.help(), json!(error.details())));
        self.take("report of the error", format!("{:?}", error.report()));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            self.take("cause of the error", format!("{cause} {cause:?}"));
            source = cause.source();
        }
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

fn listen(output: &Output) -> tracing::subscriber::DefaultGuard {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(output.clone());
    tracing::subscriber::set_default(log.finish())
}

#[tokio::test(start_paused = true)]
async fn no_output_holds_the_secret() {
    let output = Output::default();
    let logging = listen(&output);
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = Client::new(&simulator.sdk_config("eu-central-1"));
    let spec = spec();
    output.take("spec", format!("{spec:?} {spec:#?} {}", json!(spec)));
    output.take("client", format!("{client:?}"));

    let plan = client.plan(&spec).await.unwrap();
    output.take("plan", format!("{plan} {plan:?} {} {}", plan.to_json(), plan.to_mermaid()));
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
    output.take("report", format!("{report:?} {}", report.to_json()));
    let status = client.status(&spec).await.unwrap();
    output.take("status", format!("{status} {status:?} {}", status.to_json()));
    let facts = client.facts(&spec).await.unwrap();
    let verification = Verification::of(&facts);
    output.take("facts", format!("{facts:?} {}", json!(facts)));
    output.take(
        "verification",
        format!("{verification} {verification:?} {} {}", verification.to_json(), verification.to_html()),
    );

    // A rotation is echoed, too.
    let rotated =
        KeyStore::path("/payments/kms/xks/v1").credential(Credential::value("ZYXWVUTSRQPONMLKJIHGFEDC", canary()));
    let rotated = spec.to_builder().key_store(rotated).build().unwrap();
    simulator.fault(Fault::once("UpdateCustomKeyStore", FaultKind::Echo));
    let error = client.apply(&client.plan(&rotated).await.unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("[withheld]"), "{error}");
    output.take_error(&error);

    let target = Target::named("payments-hsm", "eu-central-1");
    output.take("target", format!("{target:?} {:?}", Target::Spec(&spec)));
    output.take_error(&client.teardown(&spec).await.unwrap_err());
    let report = client.teardown(&spec).consent(Consent::Disconnect).await.unwrap();
    output.take("report of the teardown", format!("{report:?} {}", report.to_json()));
    let requests = simulator.requests();
    output.take("request log", format!("{requests:?}"));
    requests.iter().for_each(|request| output.take("request log as JSON", request.to_json().to_string()));
    drop(logging);
    let lines = output.0.lock().unwrap().iter().filter(|(from, _)| from == "log").count();
    assert!(lines > 1000, "the SDK logs at TRACE, so the log is a test of something: {lines} lines");
    let leaks = output.leaks();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
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
