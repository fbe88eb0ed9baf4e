//! The simulated name server over UDP and TCP: authority, negative answers, truncation, and every way to misbehave.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use xkslink_simulator::dns::{Manner, Record, Setup, Zone};
use xkslink_simulator::{Dns, Simulator};

const A_MOMENT: Duration = Duration::from_millis(100);

fn setup() -> Setup {
    let zone = Zone::named("example.com")
        .txt("_abc.example.com", &["vpce:AbC", "vpce:other"])
        .txt("_abc.example.com.example.com", &["vpce:appended"])
        .txt("long.example.com", &[&"x".repeat(600)])
        .txt("_abc.deep.xks.example.com", &["vpce:deep"]);
    Setup { zones: vec![Zone::named("com"), zone], ..Setup::default() }
}

fn query(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

async fn exchange(dns: &Dns, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    socket.send_to(query, dns.address()).await.unwrap();
    let mut buffer = vec![0; 4096];
    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
    buffer.truncate(length);
    buffer
}

async fn ask(dns: &Dns, name: &str, kind: RecordType) -> Message {
    Message::from_vec(&exchange(dns, &query(name, kind)).await).unwrap()
}

async fn ask_over_tcp(dns: &Dns, name: &str, kind: RecordType) -> Message {
    let mut stream = TcpStream::connect(dns.address()).await.unwrap();
    let query = query(name, kind);
    stream.write_u16(query.len() as u16).await.unwrap();
    stream.write_all(&query).await.unwrap();
    let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}

/// The texts of TXT answers, joined as resolvers join them.
fn texts(message: &Message) -> Vec<String> {
    let text = |data: &RData| match data {
        RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
        _ => None,
    };
    message.answers.iter().filter_map(|answer| text(&answer.data)).collect()
}

#[tokio::test]
async fn records_are_answered_with_authority_in_any_case_of_the_name() {
    let dns = Dns::start(setup()).await.unwrap();
    let answer = ask(&dns, "_ABC.example.com.", RecordType::TXT).await;
    assert!(answer.metadata.authoritative);
    assert_eq!(texts(&answer), ["vpce:AbC", "vpce:other"]);
    let servers = ask(&dns, "example.com.", RecordType::NS).await;
    assert_eq!(servers.answers[0].data.to_string(), "ns1.example.com.");
    let address = ask(&dns, "ns1.example.com.", RecordType::A).await;
    assert_eq!(address.answers[0].data.to_string(), "127.0.0.1");
    let question = dns.questions().remove(0);
    assert_eq!((question.name.as_str(), question.kind.as_str()), ("_ABC.example.com.", "TXT"));
}

#[tokio::test]
async fn what_is_not_there_says_how_long_that_is_remembered() {
    let dns = Dns::start(setup()).await.unwrap();
    for (name, code) in [
        ("nothing.example.com.", ResponseCode::NXDomain),
        ("xks.example.com.", ResponseCode::NoError),
        ("example.com.", ResponseCode::NoError),
    ] {
        let answer = ask(&dns, name, RecordType::TXT).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (code, 0), "{name}");
        let authority = &answer.authorities[0];
        let RData::SOA(soa) = &authority.data else { panic!("{authority}") };
        assert_eq!((authority.name.to_string().as_str(), soa.minimum), ("example.com.", 900), "{name}");
    }
    let elsewhere = ask(&dns, "example.org.", RecordType::NS).await;
    assert_eq!(elsewhere.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn what_is_too_long_for_a_datagram_comes_over_tcp() {
    let dns = Dns::start(setup()).await.unwrap();
    let short = ask(&dns, "long.example.com.", RecordType::TXT).await;
    assert!(short.metadata.truncation && short.answers.is_empty());
    let whole = ask_over_tcp(&dns, "long.example.com.", RecordType::TXT).await;
    assert_eq!(texts(&whole), ["x".repeat(600)]);
    dns.change(|setup| setup.manner = Manner::Truncating);
    assert!(ask(&dns, "_abc.example.com.", RecordType::TXT).await.metadata.truncation);
    assert_eq!(texts(&ask_over_tcp(&dns, "_abc.example.com.", RecordType::TXT).await).len(), 2);
}

#[tokio::test]
async fn a_server_can_fail_refuse_know_nothing_and_be_silent() {
    let dns = Dns::start(setup()).await.unwrap();
    let name = "_abc.example.com.";
    for (manner, code) in [
        (Manner::ServerFailure, ResponseCode::ServFail),
        (Manner::Refusing, ResponseCode::Refused),
        (Manner::Lame, ResponseCode::NoError),
    ] {
        dns.change(|setup| setup.manner = manner);
        let answer = ask(&dns, name, RecordType::TXT).await;
        assert_eq!((answer.metadata.response_code, answer.metadata.authoritative), (code, false));
        assert!(answer.answers.is_empty());
    }
    dns.change(|setup| setup.manner = Manner::Garbage);
    let asked = query(name, RecordType::TXT);
    assert_ne!(exchange(&dns, &asked).await[..2], asked[..2]);
    dns.change(|setup| setup.manner = Manner::Silent);
    assert!(timeout(A_MOMENT, ask(&dns, name, RecordType::TXT)).await.is_err());
    dns.change(|setup| *setup = Setup { delay_ms: 3_600_000, ..Setup::default() });
    assert!(timeout(A_MOMENT, ask(&dns, name, RecordType::TXT)).await.is_err());
}

#[tokio::test]
async fn servers_of_one_zone_can_differ() {
    let first = Dns::start(setup()).await.unwrap();
    let second = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), first.address().port()));
    let zone = Zone::named("example.com").txt("_abc.example.com", &["vpce:abc"]);
    let second = Dns::start_at(Setup { zones: vec![zone], ..Setup::default() }, second).await.unwrap();
    assert_eq!(texts(&ask(&second, "_abc.example.com.", RecordType::TXT).await), ["vpce:abc"]);
    let address = ask(&second, "ns1.example.com.", RecordType::A).await;
    assert_eq!(address.answers[0].data.to_string(), "127.0.0.2");
}

#[tokio::test]
async fn an_alias_stands_for_every_type() {
    let mut setup = setup();
    let values = vec!["_abc.example.com".to_owned()];
    setup.zones[1].records.push(Record { name: "alias.example.com".to_owned(), kind: "CNAME".to_owned(), values });
    let dns = Dns::start(setup).await.unwrap();
    let answer = ask(&dns, "alias.example.com.", RecordType::TXT).await;
    assert_eq!(answer.answers[0].data.to_string(), "_abc.example.com.");
}

#[tokio::test]
async fn the_zones_of_a_simulated_world_are_shown_as_they_change() {
    let simulator = Simulator::new();
    simulator.host_zone("example.com");
    simulator.world(|world| world.timings.dns_change = Duration::ZERO);
    let dns = Dns::of(&simulator, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let name = "_abc.example.com.";
    simulator.world(|world| world.now += Duration::from_secs(60));
    assert_eq!(ask(&dns, name, RecordType::TXT).await.metadata.response_code, ResponseCode::NXDomain);
    let zone_id = simulator.world(|world| world.route53.zones[0].id.clone());
    let record = json!({"Name": name, "Type": "TXT", "TTL": "60", "ResourceRecords": [{"Value": "\"vpce:AbC\""}]});
    let change = json!({"Action": "UPSERT", "ResourceRecordSet": record});
    let input = json!({"Id": zone_id, "ChangeBatch": {"Changes": [change]}});
    simulator.meddle(&json!({"call": "route53:ChangeResourceRecordSets", "input": input})).unwrap();
    assert_eq!(texts(&ask(&dns, name, RecordType::TXT).await), ["vpce:AbC"]);
    let servers = ask(&dns, "example.com.", RecordType::NS).await;
    assert_eq!(servers.answers.len(), 4);
    simulator.meddle(&json!({"set": "elsewhere", "to": [{"name": "_x.other.org", "value": "vpce:x"}]})).unwrap();
    assert_eq!(texts(&ask(&dns, "_x.other.org.", RecordType::TXT).await), ["vpce:x"]);
}
