//! Plans, reports, verifications and diagnoses as text, Markdown and pictures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use xkslink::spec::ProxyCredential;
use xkslink::spec::{Connectivity, Credential};
use xkslink::{CallbackFuture, Client, CredentialSource, Diagnosis, ErrorKind};
use xkslink_simulator::{Fault, FaultKind, Simulator};

struct Known;

impl CredentialSource for Known {
    fn credential(&self) -> CallbackFuture<'_, ProxyCredential> {
        let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";
        Box::pin(async move { Ok(ProxyCredential::new("ABCDEFGHIJKLMNOPQRSTUVWX", secret)?) })
    }
}

fn stage() -> (Simulator, Client, Connectivity) {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    let client = Client::builder(&simulator.sdk_config("eu-central-1")).credential(Known).build();
    let spec = Connectivity::builder("payments-hsm", "eu-central-1")
        .network(xkslink::spec::Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(xkslink::spec::Link::new_vpn_gateway())
        .proxy(xkslink::spec::Proxy::at(["10.0.8.10", "10.0.8.11"]))
        .private_dns_name("xks.payments.example.com")
        .domain(xkslink::spec::Domain::route53())
        .key_store(xkslink::spec::KeyStore::path("/payments/kms/xks/v1").credential(Credential::callback()))
        .build()
        .unwrap();
    (simulator, client, spec)
}

/// One opened element for each that is closed, and nothing that loads or runs.
fn is_a_picture(svg: &str) {
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"") && svg.ends_with("</svg>\n"));
    for element in ["svg", "g", "text", "title"] {
        let opened = svg.matches(&format!("<{element}>")).count() + svg.matches(&format!("<{element} ")).count();
        assert_eq!(opened, svg.matches(&format!("</{element}>")).count(), "{element} in {svg}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<script") && !svg.contains("href"), "{svg}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_and_its_report_are_drawn_and_told() {
    let (_, client, spec) = stage();
    let plan = client.plan(&spec).await.unwrap();
    let picture = plan.to_svg();
    is_a_picture(&picture);
    for name in ["key store", "endpoint service", "load balancer", "target group", "link", "domain record", "XKS proxy"]
    {
        assert!(picture.contains(&format!(">{name}</text>")), "{name} in {picture}");
    }
    let rows = plan.to_markdown().lines().filter(|line| line.starts_with("| create |")).count();
    assert_eq!(rows, plan.steps().len());

    let report = client.apply(&plan).await.unwrap();
    let picture = report.to_svg();
    is_a_picture(&picture);
    assert_eq!(picture.matches("<rect ").count(), report.steps.len());
    let text = report.to_string();
    assert!(text.starts_with("`payments-hsm` in eu-central-1: complete in "), "{text}");
    assert!(
        text.contains("the key store is CONNECTED\n") && text.contains("  ok load balancer         create, 2 min"),
        "{text}"
    );
    let file = report.to_html();
    assert!(file.starts_with("<!doctype html>") && file.contains(&picture), "the timeline is in it: {file}");
    assert!(file.contains("the key store is CONNECTED\n  ok ") && !file.contains("<script"), "{file}");
    assert!(report.to_markdown().contains("| create | connection | 5 min"), "{}", report.to_markdown());
    assert!(client.verify(&spec).await.unwrap().to_markdown().starts_with("**Verification** of `payments-hsm`"));
}

#[tokio::test(start_paused = true)]
async fn what_failed_and_what_was_skipped_is_seen() {
    let (simulator, client, spec) = stage();
    simulator.fault(Fault { times: 99, ..Fault::once("CreateListener", FaultKind::Deny) });
    let plan = client.plan(&spec).await.unwrap();
    let error = client.apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    let report = error.report().unwrap();
    let (text, picture) = (report.to_string(), report.to_svg());
    assert!(report.to_html().contains("!! listener"), "{}", report.to_html());
    assert!(text.contains("  !! listener") && text.contains("allow `elasticloadbalancing:CreateListener`"), "{text}");
    assert!(text.contains("  -- connection            skipped, because what it needs failed"), "{text}");
    assert_eq!(picture.matches("#cf222e").count(), 1, "one step failed: {picture}");
}

#[test]
fn a_diagnosis_lists_what_is_possible_when_nothing_is_certain() {
    let text = Diagnosis::of_text("XKS_PROXY_NOT_REACHABLE").to_markdown();
    assert!(text.starts_with("**Diagnosis** of a text\n\n- said `"), "{text}");
    assert!(text.contains("| rule | possible cause | whose | fix |"), "{text}");
}
