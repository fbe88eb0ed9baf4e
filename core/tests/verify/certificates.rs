//! Certificates of strangers, judged from a file: whatever is in it, the answer is short, soon, and fit to be shown.

use std::time::{Duration, Instant};

use xkslink::facts::Facts;
use xkslink::probe::Probe;
use xkslink::rules::Verdict;
use xkslink::{Diagnosis, Verification};
use xkslink_simulator::Proxy;
use xkslink_simulator::proxy::Setup;

const NAME: &str = "xks.payments.example.com";

/// The chain of a certificate for a common name, in PEM.
async fn pem(common_name: &str) -> String {
    let mut setup = Setup::named(NAME);
    setup.certificate.common_name = Some(common_name.to_owned());
    Proxy::start(setup).await.unwrap().chain_pem()
}

async fn verified(file: &[u8]) -> (Verification, String) {
    let began = Instant::now();
    let report = Probe::of(NAME, "eu-central-1").unwrap().certificate(file).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let facts = Facts { region: "eu-central-1".to_owned(), probe: Some(report), ..Facts::default() };
    let verification = Verification::of(&facts);
    let diagnosis = Diagnosis::of(&facts, "XKS_PROXY_INVALID_TLS_CONFIGURATION");
    let shown = format!("{verification}{}{diagnosis}", verification.to_html());
    (verification, shown)
}

#[tokio::test]
async fn files_that_are_no_certificates_fail_and_are_not_quoted() {
    let canary = "c2VjcmV0LXNlY3JldA";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{canary}\n-----END PRIVATE KEY-----\n");
    let broken = format!("-----BEGIN CERTIFICATE-----\n{canary}==\n-----END CERTIFICATE-----\n");
    let many = broken.repeat(20_000);
    for file in
        [&b""[..], b"\x30\x84\xff\xff\xff\xff", &[0x30; 100_000], key.as_bytes(), broken.as_bytes(), many.as_bytes()]
    {
        let (verification, shown) = verified(file).await;
        assert!(!shown.contains(canary) && shown.len() < 500_000, "{}", shown.len());
        let passes = |rule: &str| verification.check(rule).unwrap().verdict == Verdict::Pass;
        assert!(!["TLS-03", "TLS-04", "TLS-05", "TLS-06", "TLS-08"].into_iter().any(passes), "{verification}");
    }
}

#[tokio::test]
async fn names_that_would_write_over_a_terminal_or_a_page_are_shown_as_text() {
    let evil = "\u{1b}[2J<script>alert(1)</script>\n\u{0}";
    let long = format!("{}.example.com", "a".repeat(60_000));
    for name in [evil, &long] {
        let file = pem(name).await;
        let (verification, shown) = verified(file.as_bytes()).await;
        assert_eq!(verification.check("TLS-03").unwrap().verdict, Verdict::Fail, "{verification}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{0}'), "{shown}");
        assert!(!verification.to_html().contains("<script"));
        assert!(shown.len() < 500_000, "{}", shown.len());
    }
}
