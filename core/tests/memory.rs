//! A process looks for the proxy's secret in its own memory: it is there while somebody holds it, and not afterwards.
//! Linux shows a process its pages; other systems have no such test. Copies that the AWS SDK makes for a request are freed
//! and not wiped: after an apply they are gone because its further calls have used that memory again.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::File;
use std::os::unix::fs::FileExt;

use tokio::net::TcpListener;
use xkslink::Client;
use xkslink::spec::{Connectivity, Credential, Domain, KeyStore, Link, Network, Proxy, Secret};
use xkslink_simulator::Simulator;
use zeroize::Zeroize;

const ACCESS_KEY_ID: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";
const LENGTH: usize = 44;

/// Letters of the canary, which stands nowhere as a whole.
fn letter(at: usize) -> u8 {
    b"QWERTYUIOPLKJHGFDSAZXCVBNM"[at * 7 % 26]
}

/// In one piece of memory from the start, so that none is left behind by growing.
fn canary() -> String {
    let mut text = String::with_capacity(LENGTH);
    (0..LENGTH).for_each(|at| text.push(char::from(letter(at))));
    text
}

/// How often the canary stands in the writable memory of this process.
fn found() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut found = 0;
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
        let (range, _) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            let size = usize::try_from(to - at).unwrap().min(buffer.len());
            // Some pages, such as those of devices, cannot be read.
            let Ok(read) = memory.read_at(&mut buffer[..size], at) else { break };
            let stands = |window: &&[u8]| window.iter().enumerate().all(|(at, byte)| *byte == letter(at));
            found += buffer[..read].windows(LENGTH).filter(stands).count();
            // The next look must not find what this one has copied.
            buffer.as_mut_slice().zeroize();
            // What stands across the end of one piece is whole in the next.
            at += u64::try_from(read.saturating_sub(LENGTH - 1).max(1)).unwrap();
            if read < LENGTH {
                break;
            }
        }
    }
    found
}

fn spec(credential: Credential) -> Connectivity {
    Connectivity::builder("payments-hsm", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(Link::new_vpn_gateway())
        .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]))
        .private_dns_name("xks.payments.example.com")
        .domain(Domain::route53())
        .key_store(KeyStore::path("/payments/kms/xks/v1").credential(credential))
        .build()
        .unwrap()
}

/// One test, so that no other one runs in this process.
#[test]
fn the_secret_is_in_memory_while_it_is_held_and_not_afterwards() {
    assert_eq!(found(), 0, "nobody has made it yet");
    let plain = canary();
    assert!(found() > 0, "the search finds what is there");
    let secret = Secret::new(plain);
    assert!(found() > 0);
    drop(secret);
    assert_eq!(found(), 0, "a secret that was dropped");

    let spec = spec(Credential::value(ACCESS_KEY_ID, canary()));
    let read = spec.key_store().unwrap().credential.read().unwrap();
    assert!(found() > 1, "the spec's and the copy that was read");
    drop(spec);
    assert!(found() > 0, "the copy");
    drop(read);
    assert_eq!(found(), 0, "a spec, and the credential that was read from it");

    let path = std::env::temp_dir().join(format!("xkslink-memory-{}.json", std::process::id()));
    let mut text = String::with_capacity(256);
    for part in [r#"{"AccessKeyId": ""#, ACCESS_KEY_ID, r#"", "RawSecretAccessKey": ""#] {
        text.push_str(part);
    }
    (0..LENGTH).for_each(|at| text.push(char::from(letter(at))));
    text.push_str(r#""}"#);
    std::fs::write(&path, &text).unwrap();
    text.zeroize();
    let read = Credential::from_file(&path).read();
    std::fs::remove_file(&path).unwrap();
    assert!(found() > 0, "a credential from a file");
    drop(read);
    assert_eq!(found(), 0, "a credential that was read from a file, and the file's text");

    // From here on this process holds copies: those of the simulated AWS.
    let runtime = real_time();
    let ended = runtime.block_on(async {
        let simulator = Simulator::builder().speed(100.0).build();
        simulator.host_zone("example.com");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { simulator.serve(listener).await });
        let mut applying = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_applies", "--ignored", "--nocapture"])
            .env(ENDPOINT, format!("http://127.0.0.1:{port}"))
            .env("AWS_ACCESS_KEY_ID", "AKIA111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "simulated")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .spawn()
            .unwrap();
        tokio::task::spawn_blocking(move || applying.wait().unwrap()).await.unwrap()
    });
    assert!(ended.success());
}

const ENDPOINT: &str = "AWS_ENDPOINT_URL";

fn real_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Run by the test above, in a process of its own, against the simulated AWS in another.
#[test]
#[ignore = "a process that another test starts"]
fn a_process_that_applies() {
    if std::env::var_os(ENDPOINT).is_none() {
        return;
    }
    let runtime = real_time();
    runtime.block_on(async {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let (client, spec) = (Client::new(&config), spec(Credential::value(ACCESS_KEY_ID, canary())));
        let plan = client.plan(&spec).await.unwrap();
        let report = client.apply(&plan).await.unwrap();
        assert!(report.connected());
        assert!(found() > 0, "the spec's and the plan's");
    });
    assert_eq!(found(), 0, "an apply, its plan and its client");
}
