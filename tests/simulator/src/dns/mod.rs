//! The simulated public DNS: zones as data, and a server that answers for them with authority.
//!
//! It shows the zones that a test describes, or those of a simulated Route 53, and misbehaves when told to.

mod answer;
mod server;
mod world;

use serde::{Deserialize, Serialize};

pub use self::server::{Dns, Question};

/// A name server as data.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// The zones that it is an authority for. It refuses to answer for others.
    pub zones: Vec<Zone>,
    /// How it answers.
    pub manner: Manner,
    /// How long it thinks before it answers.
    pub delay_ms: u64,
}

/// A zone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Name, such as `example.com`.
    pub name: String,
    /// Names of its name servers. They resolve to the address of the server that is asked.
    pub servers: Vec<String>,
    /// How long resolvers remember that a name does not exist, in seconds: the minimum of the SOA record.
    pub negative_ttl: u32,
    /// What is in it besides NS and SOA.
    #[serde(default)]
    pub records: Vec<Record>,
}

/// Records of one name and type.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The whole name, without trailing dot.
    pub name: String,
    /// `TXT`, `A`, `AAAA`, `CNAME` or `NS`.
    pub kind: String,
    /// Values. A TXT value is the text itself.
    pub values: Vec<String>,
}

/// How a name server answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// As it should.
    #[default]
    Proper,
    /// With SERVFAIL.
    ServerFailure,
    /// With REFUSED.
    Refusing,
    /// Over UDP with nothing but the hint that TCP has more.
    Truncating,
    /// Without authority, as a server does that the zone was never set up on.
    Lame,
    /// With bytes that are no DNS message.
    Garbage,
    /// Not at all.
    Silent,
}

impl Zone {
    /// A zone with one name server `ns1` and nothing in it.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), servers: vec![format!("ns1.{name}")], negative_ttl: 900, records: Vec::new() }
    }

    /// The same zone with a TXT record more.
    #[must_use]
    pub fn txt(mut self, name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.records.push(Record { name: name.to_owned(), kind: "TXT".to_owned(), values });
        self
    }
}
