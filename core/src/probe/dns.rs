//! Public DNS around the private DNS name: the zones of its parents, and the TXT record at every place where AWS, or a
//! mistake, may have it, asked from the servers that know and not from a cache.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use futures_util::future::{join, join_all};
use hickory_resolver::config::NameServerConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsExchange, DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;

use super::clock::Clock;
use super::outcome::{DnsAnswer, DnsOutcome, Place, TxtAnswer, TxtFinding, TxtOutcome, TxtPlace, ZoneOutcome};
use super::shown;
use crate::spec::DnsName;

/// Zones have two to eight name servers; of more, the first are asked.
const MOST_SERVERS: usize = 8;
const PORT: u16 = 53;

/// What to ask DNS for.
#[derive(Clone, Debug)]
pub(super) struct Questions {
    pub(super) name: DnsName,
    /// Label and value of the TXT record.
    pub(super) record: Option<(String, String)>,
    /// Resolvers to ask, in this order; those of this host by default.
    pub(super) resolvers: Option<Vec<SocketAddr>>,
    /// Servers to ask instead of the zones' own.
    pub(super) servers: Option<Vec<SocketAddr>>,
}

/// Asks.
pub(super) async fn probe(questions: &Questions, clock: &Clock) -> DnsOutcome {
    let began = clock.now();
    let resolvers = questions.resolvers.clone().unwrap_or_else(resolvers_of_this_host);
    let dns = Dns { clock, resolvers, sockets: TokioRuntimeProvider::new() };
    let name = questions.name.as_str();
    let parents = questions.name.parents();
    let (zones, (a, aaaa)) =
        join(dns.zones(&parents), join(dns.resolve(name, RecordType::A), dns.resolve(name, RecordType::AAAA))).await;
    let mut outcome = DnsOutcome {
        took_ms: 0.0,
        zones: Vec::new(),
        public_addresses: match (a, aaaa) {
            (Ok(a), Ok(aaaa)) => Some(a.addresses().chain(aaaa.addresses()).collect()),
            _ => None,
        },
        txt: None,
        trouble: None,
    };
    match zones {
        Err(reason) => outcome.trouble = Some(reason),
        Ok(zones) => {
            let mut known = join_all(zones.iter().map(|zone| dns.zone(zone, questions.servers.as_deref()))).await;
            if let Some((label, value)) = &questions.record {
                let places =
                    join_all(places(&parents, label, &known).into_iter().map(|place| dns.place(place, &known))).await;
                outcome.txt = Some(TxtOutcome { wanted: value.clone(), finding: finding(value, &places), places });
            }
            for zone in &mut known {
                zone.outcome.servers = zone.servers.iter().map(Server::to_string).collect();
            }
            outcome.zones = known.into_iter().map(|zone| zone.outcome).collect();
        }
    }
    outcome.took_ms = clock.since(began);
    outcome
}

/// A name server.
#[derive(Clone, Debug)]
struct Server {
    name: Option<String>,
    address: SocketAddr,
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.address.ip()),
            None => write!(f, "{}", self.address),
        }
    }
}

/// A zone, and where it can be asked.
struct Zone {
    outcome: ZoneOutcome,
    servers: Vec<Server>,
}

/// An owner name to ask for.
struct Asked {
    name: String,
    place: Place,
    zone: Option<usize>,
}

struct Dns<'a> {
    clock: &'a Clock,
    resolvers: Vec<SocketAddr>,
    sockets: TokioRuntimeProvider,
}

impl Dns<'_> {
    /// The zones of the parents, nearest first: a name with NS records of its own begins one.
    async fn zones(&self, parents: &[&str]) -> Result<Vec<(String, Vec<String>)>, String> {
        let asked = join_all(parents.iter().map(|parent| self.resolve(parent, RecordType::NS))).await;
        let mut zones = Vec::new();
        let mut trouble = None;
        for (parent, reply) in parents.iter().zip(asked) {
            match reply {
                Ok(reply) => {
                    let servers = reply.name_servers(parent);
                    if !servers.is_empty() {
                        zones.push(((*parent).to_owned(), servers));
                    }
                }
                Err(reason) => trouble = Some(format!("could not ask for the name servers of `{parent}`: {reason}")),
            }
        }
        match (zones.is_empty(), trouble) {
            (true, Some(trouble)) => Err(trouble),
            _ => Ok(zones),
        }
    }

    /// Finds the servers of a zone, and how long it lets resolvers remember what is not there.
    async fn zone(&self, (name, servers): &(String, Vec<String>), given: Option<&[SocketAddr]>) -> Zone {
        let servers = match given {
            Some(given) => given.iter().map(|address| Server { name: None, address: *address }).collect(),
            None => {
                let all = join_all(servers.iter().take(MOST_SERVERS).map(|server| self.server(server))).await;
                all.into_iter().flatten().collect::<Vec<_>>()
            }
        };
        let starts =
            join_all(servers.iter().map(|server| self.ask(server.address, name, RecordType::SOA, false))).await;
        let negative_cache_seconds = starts.into_iter().flatten().find_map(|reply| reply.negative_cache());
        Zone { outcome: ZoneOutcome { name: name.clone(), servers: Vec::new(), negative_cache_seconds }, servers }
    }

    async fn server(&self, name: &str) -> Option<Server> {
        for kind in [RecordType::A, RecordType::AAAA] {
            if let Some(address) = self.resolve(name, kind).await.ok().and_then(|reply| reply.addresses().next()) {
                return Some(Server { name: Some(name.to_owned()), address: SocketAddr::new(address, PORT) });
            }
        }
        None
    }

    /// Asks every server of the place's zone.
    async fn place(&self, asked: Asked, zones: &[Zone]) -> TxtPlace {
        let servers =
            asked.zone.and_then(|zone| zones.get(zone)).map(|zone| zone.servers.as_slice()).unwrap_or_default();
        let answers = join_all(servers.iter().map(|server| async {
            let answer = self.txt(server.address, &asked.name).await;
            TxtAnswer { server: server.to_string(), answer }
        }));
        let answers = answers.await;
        TxtPlace { name: asked.name, place: asked.place, answers }
    }

    async fn txt(&self, server: SocketAddr, name: &str) -> DnsAnswer {
        let reply = match self.ask(server, name, RecordType::TXT, false).await {
            // A provider may keep the record elsewhere; a resolver follows, as AWS does.
            Ok(reply) if reply.is_alias() => self.resolve(name, RecordType::TXT).await,
            Ok(reply) if reply.knows_nothing() => {
                return DnsAnswer::Refused { code: "not authoritative".to_owned() };
            }
            other => other,
        };
        match reply {
            Err(reason) => DnsAnswer::Silent { reason },
            Ok(reply) => match (reply.code(), reply.texts().next()) {
                (ResponseCode::NoError, Some((_, ttl_seconds))) => {
                    DnsAnswer::Values { values: reply.texts().map(|(text, _)| text).collect(), ttl_seconds }
                }
                (ResponseCode::NoError | ResponseCode::NXDomain, _) => DnsAnswer::Nothing,
                (code, _) => DnsAnswer::Refused { code: code_name(code) },
            },
        }
    }

    /// Asks the resolvers, one after the other, until one answers.
    async fn resolve(&self, name: &str, kind: RecordType) -> Result<Reply, String> {
        let mut last = "there is no resolver to ask; name one".to_owned();
        for resolver in self.resolvers.iter().take(3) {
            match self.ask(*resolver, name, kind, true).await {
                Ok(reply) if matches!(reply.code(), ResponseCode::NoError | ResponseCode::NXDomain) => {
                    return Ok(reply);
                }
                Ok(reply) => last = format!("the resolver {resolver} said {}", code_name(reply.code())),
                Err(reason) => last = format!("the resolver {resolver}: {reason}"),
            }
        }
        Err(last)
    }

    /// One question to one server: over UDP, where it is sent again since packets get lost, and over TCP when the answer is
    /// too long for that. Not by way of a pool of servers: that hides who answered, and whether with authority.
    async fn ask(&self, server: SocketAddr, name: &str, kind: RecordType, recurse: bool) -> Result<Reply, String> {
        let name = Name::from_ascii(name).map_err(|error| format!("`{name}` cannot be asked for: {error}"))?;
        let query = Query::query(name, kind);
        let limit = Some(self.clock.limit);
        let udp = async { Ok(UdpClientStream::builder(server, self.sockets.clone()).with_timeout(limit).exchange()) };
        let reply = self.over(udp, &query, recurse).await?;
        if !reply.0.truncation {
            return Ok(reply);
        }
        let tcp = TcpClientStream::exchange(server, None, self.clock.limit, None, self.sockets.clone());
        self.over(tcp, &query, recurse).await
    }

    /// One question over one connection.
    async fn over(
        &self,
        connection: impl Future<Output = Result<DnsExchange<TokioRuntimeProvider>, NetError>>,
        query: &Query,
        recurse: bool,
    ) -> Result<Reply, String> {
        let mut options = DnsRequestOptions::default();
        options.recursion_desired = recurse;
        let answer = async { connection.await?.lookup(query.clone(), options).first_answer().await };
        match self.clock.bounded(answer).await {
            Some(Ok(answer)) => Ok(Reply(answer)),
            None | Some(Err(NetError::Timeout)) => Err("no answer in time".to_owned()),
            Some(Err(NetError::Proto(error))) => Err(format!("the answer is no DNS: {}", shown(&error.to_string()))),
            Some(Err(error)) => Err(shown(&error.to_string())),
        }
    }
}

/// What a server said.
struct Reply(DnsResponse);

impl Reply {
    fn code(&self) -> ResponseCode {
        self.0.response_code
    }

    /// Texts with their time to live. Not lossless for bytes that are no UTF-8; the value that is wanted has none.
    fn texts(&self) -> impl Iterator<Item = (String, u32)> {
        self.0.answers.iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some((shown(&String::from_utf8_lossy(&text.txt_data.concat())), record.ttl)),
            _ => None,
        })
    }

    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.0.answers.iter().filter_map(|record| record.data.ip_addr())
    }

    /// The name servers of exactly this name.
    fn name_servers(&self, zone: &str) -> Vec<String> {
        let of_zone = self.0.answers.iter().filter(|record| plain(&record.name).eq_ignore_ascii_case(zone));
        let servers = of_zone.filter_map(|record| match &record.data {
            RData::NS(server) => Some(plain(server)),
            _ => None,
        });
        servers.collect()
    }

    /// Whether the name is an alias of one that this server has no records of.
    fn is_alias(&self) -> bool {
        let alias = self.0.answers.iter().any(|record| matches!(record.data, RData::CNAME(_)));
        alias && self.texts().next().is_none()
    }

    /// Whether a server that does not serve the zone has said so by an empty answer.
    fn knows_nothing(&self) -> bool {
        self.code() == ResponseCode::NoError && !self.0.authoritative && self.texts().next().is_none()
    }

    /// How long resolvers may remember that a name is not there, in seconds, as an SOA record tells.
    fn negative_cache(&self) -> Option<u32> {
        self.0.answers.iter().find_map(|record| match &record.data {
            RData::SOA(start) => Some(start.minimum.min(record.ttl)),
            _ => None,
        })
    }
}

/// A name as text, without the dot at its end.
fn plain(name: &Name) -> String {
    shown(name.to_ascii().trim_end_matches('.'))
}

/// The names of response codes as everybody writes them.
fn code_name(code: ResponseCode) -> String {
    format!("{code:?}").to_ascii_uppercase()
}

/// Every owner name that may carry the value: where AWS looks, in its order, then where mistakes put it.
fn places(parents: &[&str], label: &str, zones: &[Zone]) -> Vec<Asked> {
    let zone_of = |name: &str| {
        let holds = |zone: &Zone| name == zone.outcome.name || name.ends_with(&format!(".{}", zone.outcome.name));
        let found = zones.iter().enumerate().filter(|(_, zone)| holds(zone));
        found.max_by_key(|(_, zone)| zone.outcome.name.len()).map(|(index, _)| index)
    };
    let asked = |name: String, parent: &str, place| Asked { name, place, zone: zone_of(parent) };
    let labels = parents.iter().map(|parent| asked(format!("{label}.{parent}"), parent, Place::Label));
    let domains = parents.iter().map(|parent| asked((*parent).to_owned(), parent, Place::Domain));
    let mut appended: BTreeMap<String, Asked> = BTreeMap::new();
    for parent in parents {
        if let Some(zone) = zone_of(parent).and_then(|zone| zones.get(zone)) {
            let name = format!("{label}.{parent}.{}", zone.outcome.name);
            appended.insert(name.clone(), asked(name, parent, Place::AppendedZone));
        }
    }
    labels.chain(domains).chain(appended.into_values()).collect()
}

/// What the answers add up to. Where AWS looks comes before where mistakes are.
fn finding(wanted: &str, places: &[TxtPlace]) -> TxtFinding {
    let values = |place: &TxtPlace| {
        let all = place.answers.iter().filter_map(|each| match &each.answer {
            DnsAnswer::Values { values, .. } => Some(values.clone()),
            _ => None,
        });
        all.flatten().collect::<Vec<String>>()
    };
    let of = |kind: Place| places.iter().filter(move |place| place.place == kind);
    for place in of(Place::Label).chain(of(Place::Domain)) {
        if !values(place).iter().any(|value| value == wanted) {
            continue;
        }
        let at = place.name.clone();
        let without = without(wanted, place);
        return match (without.is_empty(), place.place) {
            (false, _) => TxtFinding::ServersDisagree { at, without },
            (true, Place::Domain) => TxtFinding::PublishedWithoutLabel { at },
            (true, _) => TxtFinding::Published { at },
        };
    }
    for place in of(Place::Label).chain(of(Place::Domain)) {
        if let Some(value) = values(place).into_iter().find(|value| value.eq_ignore_ascii_case(wanted)) {
            return TxtFinding::WrongCase { at: place.name.clone(), value };
        }
    }
    for place in of(Place::AppendedZone) {
        if values(place).iter().any(|value| value.eq_ignore_ascii_case(wanted)) {
            return TxtFinding::AppendedZone { at: place.name.clone() };
        }
    }
    for place in of(Place::Label) {
        let mut values = values(place);
        if !values.is_empty() {
            values.sort();
            values.dedup();
            return TxtFinding::OtherValues { at: place.name.clone(), values };
        }
    }
    let knows = |each: &TxtAnswer| matches!(each.answer, DnsAnswer::Nothing | DnsAnswer::Values { .. });
    match of(Place::Label).any(|place| place.answers.iter().any(knows)) {
        true => TxtFinding::Missing,
        false => TxtFinding::Unknown,
    }
}

/// The servers that answered without the value.
fn without(wanted: &str, place: &TxtPlace) -> Vec<String> {
    let lacks = |each: &&TxtAnswer| match &each.answer {
        DnsAnswer::Values { values, .. } => !values.iter().any(|value| value == wanted),
        DnsAnswer::Nothing => true,
        DnsAnswer::Refused { .. } | DnsAnswer::Silent { .. } => false,
    };
    place.answers.iter().filter(lacks).map(|each| each.server.clone()).collect()
}

/// The resolvers that this host is set up with; none where that cannot be read.
fn resolvers_of_this_host() -> Vec<SocketAddr> {
    let Ok((system, _)) = read_system_conf() else { return Vec::new() };
    let port = |server: &NameServerConfig| server.connections.first().map_or(PORT, |connection| connection.port);
    system.name_servers().iter().map(|server| SocketAddr::new(server.ip, port(server))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: &str = "vpce:AbCdEf";

    fn place(place: Place, answers: &[DnsAnswer]) -> TxtPlace {
        let answer =
            |(index, answer): (usize, &DnsAnswer)| TxtAnswer { server: format!("ns{index}"), answer: answer.clone() };
        let name = match place {
            Place::Label => "_x.example.com",
            Place::Domain => "example.com",
            Place::AppendedZone => "_x.example.com.example.com",
        };
        TxtPlace { name: name.to_owned(), place, answers: answers.iter().enumerate().map(answer).collect() }
    }

    fn values(values: &[&str]) -> DnsAnswer {
        DnsAnswer::Values { values: values.iter().map(|value| (*value).to_owned()).collect(), ttl_seconds: 60 }
    }

    fn silent() -> DnsAnswer {
        DnsAnswer::Silent { reason: "no answer in time".to_owned() }
    }

    #[test]
    fn the_answers_add_up_to_one_finding() {
        use DnsAnswer::Nothing;
        use Place::{AppendedZone, Domain, Label};
        let at = |name: &str| name.to_owned();
        let wrong = "vpce:abcdef";
        for (places, right) in [
            (
                vec![place(Label, &[values(&["other", WANTED]), values(&[WANTED])])],
                TxtFinding::Published { at: at("_x.example.com") },
            ),
            // A server that is silent says nothing against it.
            (vec![place(Label, &[values(&[WANTED]), silent()])], TxtFinding::Published { at: at("_x.example.com") }),
            (
                vec![place(Label, &[values(&[WANTED]), Nothing])],
                TxtFinding::ServersDisagree { at: at("_x.example.com"), without: vec!["ns1".to_owned()] },
            ),
            (
                vec![place(Label, &[Nothing]), place(Domain, &[values(&["v=spf1", WANTED])])],
                TxtFinding::PublishedWithoutLabel { at: at("example.com") },
            ),
            (
                vec![place(Label, &[values(&[wrong])])],
                TxtFinding::WrongCase { at: at("_x.example.com"), value: wrong.to_owned() },
            ),
            (
                vec![place(Label, &[Nothing]), place(AppendedZone, &[values(&[WANTED])])],
                TxtFinding::AppendedZone { at: at("_x.example.com.example.com") },
            ),
            (
                vec![place(Label, &[values(&["vpce:other"])])],
                TxtFinding::OtherValues { at: at("_x.example.com"), values: vec!["vpce:other".to_owned()] },
            ),
            // Other records of the domain itself mean nothing.
            (vec![place(Label, &[Nothing]), place(Domain, &[values(&["v=spf1"])])], TxtFinding::Missing),
            (vec![place(Label, &[silent()]), place(Domain, &[silent()])], TxtFinding::Unknown),
            (vec![], TxtFinding::Unknown),
        ] {
            assert_eq!(finding(WANTED, &places), right, "{places:#?}");
        }
    }

    #[test]
    fn places_come_in_the_order_of_aws_and_mistakes_last() {
        let zone = ZoneOutcome { name: "example.com".to_owned(), servers: Vec::new(), negative_cache_seconds: None };
        let zones = [Zone { outcome: zone, servers: Vec::new() }];
        let names: Vec<String> =
            places(&["xks.example.com", "example.com"], "_x", &zones).into_iter().map(|place| place.name).collect();
        assert_eq!(
            names,
            [
                "_x.xks.example.com",
                "_x.example.com",
                "xks.example.com",
                "example.com",
                "_x.example.com.example.com",
                "_x.xks.example.com.example.com",
            ]
        );
    }

    /// Everything that is made of an answer.
    fn look_at(bytes: Vec<u8>) {
        let Ok(response) = DnsResponse::from_buffer(bytes) else { return };
        let reply = Reply(response);
        let _ = (reply.texts().count(), reply.addresses().count(), reply.name_servers("example.com"));
        let _ = (reply.is_alias(), reply.knows_nothing(), reply.negative_cache(), code_name(reply.code()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            look_at(bytes);
        }

        #[test]
        fn no_answer_with_a_good_head_makes_the_reader_panic(rest in prop::collection::vec(any::<u8>(), 0..200), counts in prop::array::uniform4(0u8..4)) {
            let mut bytes = vec![0, 7, 0x84, 0];
            bytes.extend(counts.iter().flat_map(|count| [0, *count]));
            bytes.extend(rest);
            look_at(bytes);
        }
    }
}
