//! The programs `preflight` and `doctor` as somebody new to them runs them: what they say, and their exit codes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

use tokio::net::TcpListener;
use xkslink_simulator::proxy::{ACCESS_KEY_ID, Answers, Chain, SECRET_ACCESS_KEY, Setup, Transport};
use xkslink_simulator::{Proxy, Simulator};

const NAME: &str = "xks.payments.example.com";
const REGION: &str = "eu-central-1";

/// Runs a program beside the servers of this test; exit code, what it printed, what it complained of.
async fn run(program: &str, arguments: Vec<String>, environment: Vec<(&'static str, String)>) -> (i32, String, String) {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment);
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (printed, said) = (text(stdout), text(stderr));
    assert!(!format!("{printed}{said}").contains(SECRET_ACCESS_KEY), "the secret is shown");
    (status.code().unwrap(), printed, said)
}

/// Preflight against a proxy, with its root among the trusted.
async fn preflight(change: impl FnOnce(&mut Setup)) -> (i32, String, String) {
    let mut setup = Setup::named(NAME);
    change(&mut setup);
    let proxy = Proxy::start(setup).await.unwrap();
    let root = std::env::temp_dir().join(format!("xkslink-root-{}-{}.pem", std::process::id(), proxy.address().port()));
    std::fs::write(&root, proxy.root_pem()).unwrap();
    let address = proxy.address().to_string();
    let root_file = root.display().to_string();
    let arguments = [NAME, REGION, "--address", &address, "--path", "/kms/xks/v1", "--root", &root_file];
    let credential = [("XKS_KEY_ID", ACCESS_KEY_ID.to_owned()), ("XKS_SECRET", SECRET_ACCESS_KEY.to_owned())];
    let arguments = arguments.map(str::to_owned).to_vec();
    let told = run(env!("CARGO_BIN_EXE_preflight"), arguments, credential.to_vec()).await;
    std::fs::remove_file(root).unwrap();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn preflight_likes_a_good_proxy_and_names_the_rules_that_another_breaks() {
    let (code, printed, said) = preflight(|_| ()).await;
    assert_eq!(code, 0, "{printed}{said}");
    assert!(said.contains("nothing was seen that AWS KMS would refuse; rules broken: 0, unknown: 0"), "{said}");
    assert!(printed.contains("added to the list of KMS by the caller"), "{printed}");

    let (code, printed, said) =
        preflight(|setup| setup.certificate.common_name = Some("other.example.com".into())).await;
    assert_eq!(code, 3, "{printed}{said}");
    assert!(said.contains("KMS would refuse: TLS-03: ") && said.contains("  fix   "), "{said}");

    let (code, _, said) = preflight(|setup| setup.certificate.chain = Chain::UntrustedRoot).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("TLS-06"), "{said}");

    let (code, _, said) = preflight(|setup| setup.stores[0].credentials.clear()).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("KMS would refuse: PXY-04: "), "{said}");

    let (code, printed, said) = preflight(|setup| setup.transport = Transport::PlainHttp).await;
    assert_eq!(code, 3, "{printed}{said}");
    assert!(said.contains("KMS would refuse: NLB-07: ") && said.contains("does not speak TLS"), "{said}");

    let (code, printed, said) = preflight(|setup| setup.answers = Answers::Error(429)).await;
    assert_eq!(code, 4, "{printed}{said}");
    assert!(said.contains("unknown: PXY-03: ") && said.contains("429 ThrottlingException"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn preflight_says_what_it_needs_and_what_it_could_not_see() {
    let preflight = |arguments: &[&str]| {
        let arguments = arguments.iter().map(|each| (*each).to_owned()).collect();
        run(env!("CARGO_BIN_EXE_preflight"), arguments, Vec::new())
    };
    let (code, _, said) = preflight(&[NAME, REGION]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--certificate") && said.contains("--address"), "{said}");

    let (code, _, said) = preflight(&[NAME, REGION, "--certificate", "/nowhere/chain.pem"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("could not read /nowhere/chain.pem"), "{said}");

    let (code, _, said) = preflight(&[NAME, REGION, "--certificate", env!("CARGO_MANIFEST_PATH")]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("Cargo.toml: there is no certificate"), "{said}");

    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (code, printed, said) = preflight(&[NAME, REGION, "--address", &free.to_string()]).await;
    assert_eq!(code, 3, "{printed}{said}");
    assert!(said.contains("PXY-01"), "{said}");
}

/// Doctor against a simulated AWS over HTTP.
async fn doctor(simulator: &Simulator, arguments: &[&str]) -> (i32, String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let served = simulator.clone();
    let server = tokio::spawn(async move { served.serve(listener).await });
    let told = doctor_at(&endpoint, arguments).await;
    server.abort();
    told
}

async fn doctor_at(endpoint: &str, arguments: &[&str]) -> (i32, String, String) {
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "AKIA111122223333"),
        ("AWS_SECRET_ACCESS_KEY", "simulated"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ];
    let environment = environment.map(|(name, value)| (name, value.to_owned())).to_vec();
    run(env!("CARGO_BIN_EXE_doctor"), arguments.iter().map(|each| (*each).to_owned()).collect(), environment).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_the_cause_or_says_why_it_cannot_look() {
    let simulator = Simulator::new();
    let service = "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0";
    let (code, printed, said) = doctor(&simulator, &[REGION, service]).await;
    assert_eq!(code, 3, "{printed}{said}");
    assert!(printed.contains("EPS-01"), "{printed}");

    let (code, _, said) = doctor(&simulator, &[REGION, "cks-1234567890abcdef0"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("there is no key store or endpoint service `cks-1234567890abcdef0` in eu-central-1"),
        "{said}"
    );
    assert!(said.contains("what to do: check name, account and Region"), "{said}");

    let nothing = r#"{"Statement": {"Effect": "Allow", "Action": "none:None", "Resource": "*"}}"#;
    simulator.allow("111122223333", nothing).unwrap();
    let (code, _, said) = doctor(&simulator, &[REGION, "payments-hsm"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("what to do: allow `kms:DescribeCustomKeyStores`"), "{said}");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (code, _, said) = doctor_at(&format!("http://{free}"), &[REGION, "payments-hsm"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("could not reach AWS: Connection refused"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reads_a_text_without_aws() {
    let told = "XksProxyUriUnreachableException";
    let (code, printed, said) = doctor_at("http://127.0.0.1:1", &[REGION, "--told", told]).await;
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains(told), "{printed}");

    let (code, printed, said) = doctor_at("http://127.0.0.1:1", &[REGION, "--told", "it does not work"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("no ConnectionErrorCode, exception or message of AWS KMS that is known"), "{printed}");
    assert!(said.contains("nothing is known of what was told"), "{said}");
}
