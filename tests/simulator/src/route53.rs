//! Amazon Route 53: hosted zones, record sets, changes. Public zones are what domain verification sees.

use std::time::Duration;

use crate::call::{Answer, Call, Fail};
use crate::world::World;

/// What Route 53 keeps.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Hosted zones of all accounts.
    pub zones: Vec<HostedZone>,
    /// Changes: id and when it is `INSYNC`.
    pub changes: Vec<(String, Duration)>,
    /// TXT records served elsewhere (not in Route 53): owner name without trailing dot, value without quotes.
    pub elsewhere: Vec<(String, String)>,
}

/// A hosted zone.
#[derive(Clone, Debug)]
pub struct HostedZone {
    /// Owning account.
    pub account: String,
    /// `Z…`.
    pub id: String,
    /// Name with trailing dot.
    pub name: String,
    /// Whether it is private to VPCs.
    pub private: bool,
    /// Record sets.
    pub records: Vec<RecordSet>,
}

/// A record set.
#[derive(Clone, Debug)]
pub struct RecordSet {
    /// Owner name with trailing dot.
    pub name: String,
    /// `TXT` …
    pub kind: String,
    /// Seconds.
    pub ttl: i64,
    /// Values as Route 53 keeps them: TXT values quoted.
    pub values: Vec<String>,
    /// From when resolvers see it.
    pub visible_at: Duration,
}

/// The TXT values that the public DNS shows under a name (no trailing dot, any case), unquoted.
pub(crate) fn public_txt(world: &World, name: &str) -> Vec<String> {
    let _ = (world, name);
    Vec::new()
}

/// Handles one Route 53 call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    let _ = world;
    Err(Fail::new("InvalidAction", call.operation.clone()))
}
