//! From a question to an answer: authority, negative answers, and what the manner makes of them.

use std::net::Ipv4Addr;

use hickory_proto::op::{Message, Metadata, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NS, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record as Answer, RecordType};

use super::{Manner, Setup, Zone};

const TTL: u32 = 300;
/// The longest string within a TXT record; longer values are several strings.
const STRING_LIMIT: usize = 255;

/// Answers a query. `own` is the address that the zones' name servers resolve to.
pub(super) fn answer(setup: &Setup, query: &Message, own: Ipv4Addr) -> Message {
    let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
    answer.metadata = Metadata::response_from_request(&query.metadata);
    answer.add_queries(query.queries.iter().cloned());
    answer.edns = query.edns.clone();
    let code = match setup.manner {
        Manner::ServerFailure => ResponseCode::ServFail,
        Manner::Refusing => ResponseCode::Refused,
        _ => match query.queries.first() {
            Some(asked) => fill(&mut answer, setup, asked.name(), asked.query_type(), own),
            None => ResponseCode::FormErr,
        },
    };
    answer.metadata.response_code = code;
    answer
}

fn fill(answer: &mut Message, setup: &Setup, name: &Name, kind: RecordType, own: Ipv4Addr) -> ResponseCode {
    if kind == RecordType::A && is_server(setup, name) {
        answer.metadata.authoritative = true;
        answer.add_answer(Answer::from_rdata(name.clone(), TTL, RData::A(A(own))));
        return ResponseCode::NoError;
    }
    let Some((zone, apex)) = authority(setup, name) else { return ResponseCode::Refused };
    if setup.manner == Manner::Lame {
        return ResponseCode::NoError;
    }
    answer.metadata.authoritative = true;
    let found = found(zone, &apex, name, kind);
    if !found.is_empty() {
        answer.add_answers(found.into_iter().map(|data| Answer::from_rdata(name.clone(), TTL, data)));
        return ResponseCode::NoError;
    }
    answer.add_authority(Answer::from_rdata(apex.clone(), zone.negative_ttl, soa(zone, &apex)));
    if exists(zone, &apex, name) { ResponseCode::NoError } else { ResponseCode::NXDomain }
}

/// The most specific zone with a name, and where that zone begins.
fn authority<'a>(setup: &'a Setup, name: &Name) -> Option<(&'a Zone, Name)> {
    let zones = setup.zones.iter().filter_map(|zone| Some((zone, absolute(&zone.name)?)));
    zones.filter(|(_, apex)| apex.zone_of(name)).max_by_key(|(_, apex)| apex.num_labels())
}

fn is_server(setup: &Setup, name: &Name) -> bool {
    let mut servers = setup.zones.iter().flat_map(|zone| &zone.servers);
    servers.any(|server| absolute(server).as_ref() == Some(name))
}

/// The records of a name and type. An alias stands for every type.
fn found(zone: &Zone, apex: &Name, name: &Name, kind: RecordType) -> Vec<RData> {
    if name == apex && kind == RecordType::NS {
        return zone.servers.iter().filter_map(|server| Some(RData::NS(NS(absolute(server)?)))).collect();
    }
    if name == apex && kind == RecordType::SOA {
        return vec![soa(zone, apex)];
    }
    let here = zone.records.iter().filter(|record| absolute(&record.name).as_ref() == Some(name));
    let matching = here.filter(|record| record.kind == kind.to_string() || record.kind == "CNAME");
    matching.flat_map(|record| record.values.iter().filter_map(|value| data(&record.kind, value))).collect()
}

/// Whether there is anything at a name or below it.
fn exists(zone: &Zone, apex: &Name, name: &Name) -> bool {
    name == apex || zone.records.iter().filter_map(|record| absolute(&record.name)).any(|each| name.zone_of(&each))
}

fn data(kind: &str, value: &str) -> Option<RData> {
    Some(match kind {
        "TXT" => RData::TXT(TXT::from_bytes(value.as_bytes().chunks(STRING_LIMIT).collect())),
        "A" => RData::A(A(value.parse().ok()?)),
        "AAAA" => RData::AAAA(AAAA(value.parse().ok()?)),
        "CNAME" => RData::CNAME(CNAME(absolute(value)?)),
        "NS" => RData::NS(NS(absolute(value)?)),
        _ => return None,
    })
}

fn soa(zone: &Zone, apex: &Name) -> RData {
    let server = zone.servers.first().and_then(|server| absolute(server)).unwrap_or_else(|| apex.clone());
    let owner = apex.prepend_label("hostmaster").unwrap_or_else(|_| apex.clone());
    RData::SOA(SOA::new(server, owner, 1, 7200, 900, 1_209_600, zone.negative_ttl))
}

fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_ascii(name.trim_end_matches('.')).ok()?;
    name.set_fqdn(true);
    Some(name)
}
