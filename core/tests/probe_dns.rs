//! The probe of public DNS against a simulated name server, over real sockets of this host. Nothing here measures time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use futures_util::future::join_all;
use xkslink::probe::*;
use xkslink_simulator::dns::{Dns, Manner, Record, Setup, Zone};

const NAME: &str = "xks.payments.example.com";
const LABEL: &str = "_abcdef";
/// For servers that never answer. Those that do have it many times over.
const SHORT: Duration = Duration::from_millis(500);
const VALUE: &str = "vpce:AbCdEf0123456789";

async fn start(zones: Vec<Zone>) -> Dns {
    Dns::start(Setup { zones, ..Setup::default() }).await.unwrap()
}

/// Asks this server both as a resolver and as the zone's own.
async fn probe(dns: &Dns) -> DnsOutcome {
    ask(dns).await.dns.unwrap()
}

fn ask(dns: &Dns) -> Probe {
    let probe = Probe::of(NAME, "eu-central-1").unwrap().txt_record(LABEL, VALUE);
    probe.resolvers([dns.address()]).name_servers([dns.address()])
}

async fn finding(zones: Vec<Zone>) -> TxtFinding {
    probe(&start(zones).await).await.txt.unwrap().finding
}

fn example() -> Zone {
    Zone::named("example.com")
}

#[tokio::test]
async fn the_record_is_found_where_aws_looks() {
    let at = "_abcdef.payments.example.com".to_owned();
    let dns = start(vec![example().txt(&at, &["vpce:another", VALUE])]).await;
    let outcome = probe(&dns).await;
    let zone = &outcome.zones[0];
    assert_eq!((outcome.zones.len(), zone.name.as_str()), (1, "example.com"));
    assert!(zone.negative_cache_seconds.is_some_and(|seconds| (1..=900).contains(&seconds)));
    assert_eq!((outcome.trouble, outcome.public_addresses), (None, Some(vec![])));
    let txt = outcome.txt.unwrap();
    assert_eq!(txt.finding, TxtFinding::Published { at });
    let names: Vec<&str> = txt.places.iter().map(|place| place.name.as_str()).collect();
    assert_eq!(names[..2], ["_abcdef.payments.example.com", "_abcdef.example.com"]);

    let at = "_abcdef.example.com".to_owned();
    assert_eq!(finding(vec![example().txt(&at, &[VALUE])]).await, TxtFinding::Published { at });
}

#[tokio::test]
async fn a_parent_may_be_a_zone_of_its_own() {
    let at = "_abcdef.payments.example.com".to_owned();
    let zones = vec![example(), Zone::named("payments.example.com").txt(&at, &[VALUE])];
    let outcome = probe(&start(zones).await).await;
    let names: Vec<&str> = outcome.zones.iter().map(|zone| zone.name.as_str()).collect();
    assert_eq!(names, ["payments.example.com", "example.com"]);
    assert_eq!(outcome.txt.unwrap().finding, TxtFinding::Published { at });
}

#[tokio::test]
async fn common_mistakes_are_told_apart() {
    let at = |name: &str| name.to_owned();
    let lower = VALUE.to_ascii_lowercase();
    assert_eq!(finding(vec![example()]).await, TxtFinding::Missing);
    assert_eq!(
        finding(vec![example().txt("_abcdef.example.com", &[&lower])]).await,
        TxtFinding::WrongCase { at: at("_abcdef.example.com"), value: lower.clone() }
    );
    assert_eq!(
        finding(vec![example().txt("_abcdef.example.com.example.com", &[VALUE])]).await,
        TxtFinding::AppendedZone { at: at("_abcdef.example.com.example.com") }
    );
    assert_eq!(
        finding(vec![example().txt("example.com", &["v=spf1 -all", VALUE])]).await,
        TxtFinding::PublishedWithoutLabel { at: at("example.com") }
    );
    assert_eq!(
        finding(vec![example().txt("_abcdef.example.com", &["vpce:of-another-service"])]).await,
        TxtFinding::OtherValues { at: at("_abcdef.example.com"), values: vec!["vpce:of-another-service".to_owned()] }
    );
}

#[tokio::test]
async fn servers_that_differ_are_named() {
    let (new, old) = (start(vec![example().txt("_abcdef.example.com", &[VALUE])]).await, start(vec![example()]).await);
    let report = ask(&new).name_servers([new.address(), old.address()]).await;
    let without = vec![old.address().to_string()];
    let finding = report.dns.unwrap().txt.unwrap().finding;
    assert_eq!(finding, TxtFinding::ServersDisagree { at: "_abcdef.example.com".to_owned(), without });
}

#[tokio::test]
async fn a_long_answer_comes_over_tcp() {
    let dns = start(vec![example().txt("_abcdef.example.com", &[VALUE])]).await;
    dns.change(|setup| setup.manner = Manner::Truncating);
    let finding = probe(&dns).await.txt.unwrap().finding;
    assert_eq!(finding, TxtFinding::Published { at: "_abcdef.example.com".to_owned() });
    assert!(dns.questions().iter().any(|question| question.over_tcp && question.kind == "TXT"));
}

#[tokio::test]
async fn a_name_without_public_zone_and_one_with_public_addresses_are_seen() {
    let outcome = probe(&start(vec![Zone::named("com")]).await).await;
    assert_eq!((outcome.zones.len(), outcome.trouble), (0, None));

    let mut zone = example();
    zone.records.push(Record { name: NAME.to_owned(), kind: "A".to_owned(), values: vec!["10.60.0.5".to_owned()] });
    let outcome = probe(&start(vec![zone]).await).await;
    assert_eq!(outcome.public_addresses, Some(vec!["10.60.0.5".parse().unwrap()]));
}

#[tokio::test]
async fn servers_that_do_not_do_their_work_are_no_proof_of_anything() {
    let manners = [Manner::ServerFailure, Manner::Refusing, Manner::Lame, Manner::Garbage, Manner::Silent];
    join_all(manners.map(|manner| async move {
        let dns = start(vec![example().txt("_abcdef.example.com", &[VALUE])]).await;
        let bad = start(vec![example()]).await;
        bad.change(|setup| setup.manner = manner);
        let report = ask(&dns).name_servers([bad.address()]).timeout(SHORT).await;
        assert_eq!(report.dns.unwrap().txt.unwrap().finding, TxtFinding::Unknown, "{manner:?}");
        let report = ask(&bad).timeout(SHORT).await.dns.unwrap();
        // A resolver that says "nothing" is believed, one that says nothing is not.
        assert_eq!(report.trouble.is_some(), manner != Manner::Lame, "{manner:?}: {report:#?}");
    }))
    .await;
}

#[tokio::test]
async fn the_servers_that_a_zone_names_are_asked_by_their_addresses() {
    let dns = start(vec![example()]).await;
    let probe = Probe::of(NAME, "eu-central-1").unwrap().txt_record(LABEL, VALUE).resolvers([dns.address()]);
    let outcome = probe.timeout(SHORT).await.dns.unwrap();
    // It listens on another port than 53, so that nobody answers there.
    assert_eq!(outcome.zones[0].servers, ["ns1.example.com (127.0.0.1)"]);
}
