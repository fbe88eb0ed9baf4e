//! The simulated world: everything that exists in all accounts and Regions, as plain data behind one lock.
//!
//! Coupling between the services is the point of this simulator, so they share one struct: a load balancer knows
//! whether an endpoint service holds it, KMS looks at endpoint services, connecting makes an endpoint connection.
//! States that change by themselves are computed from the times kept in each object and from `now`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::timings::Timings;
use crate::{ec2, elb, kms, proxy, route53, sts};

/// Everything that exists.
#[derive(Clone, Debug, Serialize)]
pub struct World {
    /// Simulated time at which it began, since 2026-01-01 as all of its times.
    pub began: Duration,
    /// Simulated time of this state.
    pub now: Duration,
    /// How long things take.
    pub timings: Timings,
    /// VPCs, subnets, links, endpoint services.
    pub ec2: ec2::State,
    /// Load balancers, listeners, target groups.
    pub elb: elb::State,
    /// Key stores and keys.
    pub kms: kms::State,
    /// Hosted zones and their records.
    pub route53: route53::State,
    /// External key store proxies that are described. Any other proxy is healthy and accepts every credential.
    pub proxies: Vec<proxy::Setup>,
    /// Principals behind temporary access keys.
    pub sts: sts::State,
    #[serde(skip)]
    pub(crate) ids: Ids,
}

/// Whose an object is and in which Region it lives.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Home {
    /// Twelve-digit account id.
    pub account: String,
    /// Region, such as `eu-central-1`.
    pub region: String,
}

/// Tags of an object.
pub type Tags = BTreeMap<String, String>;

impl World {
    pub(crate) fn new(timings: Timings, seed: u64) -> Self {
        Self {
            began: Duration::ZERO,
            now: Duration::ZERO,
            timings,
            ec2: ec2::State::default(),
            elb: elb::State::default(),
            kms: kms::State::default(),
            route53: route53::State::default(),
            proxies: Vec::new(),
            sts: sts::State::default(),
            ids: Ids::new(seed),
        }
    }

    /// Lets everything happen that is due until `now`, oldest first where order matters.
    pub(crate) fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        ec2::advance(self);
        elb::advance(self);
        kms::advance(self);
    }

    /// Everything as JSON but for secrets, times in seconds since 2026-01-01.
    pub fn to_json(&self) -> Value {
        // Serialization fails only for maps with keys that are not text, of which there are none here.
        let mut world = serde_json::to_value(self).unwrap_or_default();
        seconds(&mut world);
        world
    }

    /// Trades EC2 and KMS, the services that lag behind their writes, with another world.
    pub(crate) fn trade_lagging(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.ec2, &mut other.ec2);
        std::mem::swap(&mut self.kms, &mut other.kms);
    }

    /// Trades all services with another world.
    pub(crate) fn trade_all(&mut self, other: &mut Self) {
        self.trade_lagging(other);
        std::mem::swap(&mut self.elb, &mut other.elb);
        std::mem::swap(&mut self.route53, &mut other.route53);
    }
}

/// Turns what serde makes of a `Duration` into a number of seconds.
fn seconds(value: &mut Value) {
    match value {
        Value::Object(map) => match (map.len(), &map.get("secs"), &map.get("nanos")) {
            (2, Some(Value::Number(secs)), Some(Value::Number(nanos))) => {
                let seconds = secs.as_f64().unwrap_or_default() + nanos.as_f64().unwrap_or_default() / 1e9;
                *value = json!(seconds);
            }
            _ => map.values_mut().for_each(seconds),
        },
        Value::Array(items) => items.iter_mut().for_each(seconds),
        _ => {}
    }
}
