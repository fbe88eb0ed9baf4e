//! Faults below the SDK: what can go wrong between a client and AWS.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::ids::Ids;

/// What happens to a request that a fault hits.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// The service throttles: its own throttling code, no effect.
    Throttle,
    /// HTTP 500, no effect.
    ServerError,
    /// Access denied in the service's own words, no effect.
    Deny,
    /// An error of the service with this code, no effect.
    Refuse {
        /// Error code, such as `UnauthorizedOperation`.
        code: String,
    },
    /// An error whose message repeats the whole request, no effect: a chatty endpoint, or a proxy before AWS.
    Echo,
    /// The answer takes this much longer.
    Slow(Duration),
    /// The connection breaks before the service acts.
    DropBefore,
    /// The service acts, then the connection breaks: the answer is lost.
    DropAfter,
    /// No answer ever comes and the service does not act: the moment at which a test lets its client die, see
    /// [`Simulator::hung`](crate::Simulator::hung).
    HangBefore,
    /// The service acts, but no answer ever comes.
    HangAfter,
    /// A read, of any service, does not see the writes of this long; but of those from before the fault was added only
    /// the last ones, since what was then is not kept. Writes are not affected.
    Stale(Duration),
    /// The service acts, but its answer lacks a member wherever it occurs.
    Without {
        /// Name of the member on the wire, such as `privateDnsNameConfiguration`.
        member: String,
    },
    /// The service acts, but its answer has this value in place of a member's wherever that occurs.
    Instead {
        /// Name of the member on the wire, such as `serviceState`.
        member: String,
        /// The value: an empty list, or a word that nobody knows.
        value: Value,
    },
    /// A listing begins anew with each call, and its answer tells of another page, with a token that is new every time.
    Endless {
        /// Name of the token on the wire, such as `nextToken`.
        token: String,
    },
    /// A listing begins anew with each call, and its answer tells of another page, with the same token every time.
    Circular {
        /// Name of the token on the wire, such as `nextToken`.
        token: String,
    },
    /// The service acts, but the body of its answer is this one.
    Body(Bytes),
}

/// A fault and the requests it hits.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Operation it hits; any when `None`.
    pub operation: Option<String>,
    /// How many matching requests pass unharmed first.
    pub skip: usize,
    /// How many matching requests it hits then.
    pub times: usize,
    /// What happens to them.
    pub kind: FaultKind,
}

impl Fault {
    /// Hits the next call of an operation, once.
    pub fn once(operation: &str, kind: FaultKind) -> Self {
        Self { operation: Some(operation.to_owned()), skip: 0, times: 1, kind }
    }

    /// Whether this fault hits the given call now; counts down.
    fn hits(&mut self, operation: &str) -> bool {
        if self.times == 0 || self.operation.as_deref().is_some_and(|mine| mine != operation) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// All faults of a world.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<Fault>,
    random: Option<RandomFaults>,
}

/// Faults that hit a seeded share of all calls.
#[derive(Clone, Debug)]
pub(crate) struct RandomFaults {
    numbers: Ids,
    rate: f64,
}

impl RandomFaults {
    pub(crate) fn new(seed: u64, rate: f64) -> Self {
        Self { numbers: Ids::new(seed), rate }
    }

    fn next(&mut self) -> Option<FaultKind> {
        let share = self.numbers.number() as f64 / u64::MAX as f64;
        if share >= self.rate {
            return None;
        }
        Some(match self.numbers.number() % 4 {
            0 => FaultKind::Throttle,
            1 => FaultKind::ServerError,
            2 => FaultKind::DropBefore,
            _ => FaultKind::DropAfter,
        })
    }
}

/// Seeded times that calls take beyond their usual round trip: another order of calls for each seed.
#[derive(Clone, Debug)]
pub(crate) struct Uneven {
    numbers: Ids,
    most: Duration,
}

impl Uneven {
    pub(crate) fn new(seed: u64, most: Duration) -> Self {
        Self { numbers: Ids::new(seed), most }
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.most.mul_f64(self.numbers.number() as f64 / u64::MAX as f64)
    }
}

impl Faults {
    pub(crate) fn new(random: Option<RandomFaults>) -> Self {
        Self { planned: Vec::new(), random }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.planned.push(fault);
    }

    /// Ends every fault.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Hits a share of all calls from now on.
    pub(crate) fn at_random(&mut self, random: RandomFaults) {
        self.random = Some(random);
    }

    /// What happens to the next call: the first planned fault that hits, else chance.
    pub(crate) fn next(&mut self, operation: &str) -> Option<FaultKind> {
        let planned = self.planned.iter_mut().find_map(|fault| fault.hits(operation).then(|| fault.kind.clone()));
        planned.or_else(|| self.random.as_mut().and_then(RandomFaults::next))
    }

    /// The greatest lag that a stale read may still have.
    pub(crate) fn greatest_lag(&self) -> Option<Duration> {
        let live = self.planned.iter().filter(|fault| fault.times > 0);
        live.filter_map(|fault| if let FaultKind::Stale(age) = fault.kind { Some(age) } else { None }).max()
    }
}

/// What a listing is answered that has no end.
pub(crate) fn promise_more(answer: &mut Value, token: &str, value: String) {
    let Value::Object(map) = answer else { return };
    map.insert(token.to_owned(), value.into());
    for truncated in ["IsTruncated", "Truncated"] {
        map.entry(truncated).and_modify(|flag| *flag = true.into());
    }
}

/// The same call for the first page.
pub(crate) fn from_the_start(mut input: Value) -> Value {
    if let Value::Object(map) = &mut input {
        map.retain(|name, _| !["NextToken", "Marker"].contains(&name.as_str()));
    }
    input
}

/// Puts a value in place of a member's at any depth.
pub(crate) fn replace_member(value: &mut Value, member: &str, with: &Value) {
    match value {
        Value::Object(map) => {
            for (name, each) in map {
                if name == member {
                    *each = with.clone();
                } else {
                    replace_member(each, member, with);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|each| replace_member(each, member, with)),
        _ => {}
    }
}

/// Removes a member by name at any depth.
pub(crate) fn remove_member(value: &mut Value, member: &str) {
    match value {
        Value::Object(map) => {
            map.remove(member);
            map.values_mut().for_each(|each| remove_member(each, member));
        }
        Value::Array(items) => items.iter_mut().for_each(|each| remove_member(each, member)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fault, FaultKind, Faults, RandomFaults, remove_member, replace_member};

    #[test]
    fn a_fault_skips_then_hits_then_is_spent() {
        let mut faults = Faults::default();
        faults.add(Fault { skip: 1, ..Fault::once("CreateVpc", FaultKind::Throttle) });
        assert!(faults.next("DescribeVpcs").is_none());
        let hits = [(); 3].map(|()| faults.next("CreateVpc").is_some());
        assert_eq!(hits, [false, true, false]);
    }

    #[test]
    fn random_faults_hit_their_share_and_repeat_with_their_seed() {
        let run = |seed| {
            let mut faults = Faults::new(Some(RandomFaults::new(seed, 0.2)));
            (0..1000).map(|_| format!("{:?}", faults.next("CreateVpc"))).collect::<Vec<_>>()
        };
        let hits = run(7).iter().filter(|each| *each != "None").count();
        assert!((150..250).contains(&hits), "{hits}");
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn a_member_is_removed_at_any_depth() {
        let mut answer = json!({"a": 1, "list": [{"a": 2, "b": {"a": 3}}]});
        remove_member(&mut answer, "a");
        assert_eq!(answer, json!({"list": [{"b": {}}]}));
    }

    #[test]
    fn a_member_is_replaced_at_any_depth() {
        let mut answer = json!({"a": [1], "list": [{"a": 2, "b": {"a": 3}}]});
        replace_member(&mut answer, "a", &json!([]));
        assert_eq!(answer, json!({"a": [], "list": [{"a": [], "b": {"a": []}}]}));
    }
}
