//! Quotas of Elastic Load Balancing.

use serde::Serialize;
use serde_json::json;

use crate::call::{Answer, Fail};
use crate::world::World;

/// How much an account may have in a Region. The defaults are AWS's.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Network Load Balancers.
    pub load_balancers: usize,
    /// Listeners of one Network Load Balancer.
    pub listeners: usize,
    /// Target groups.
    pub target_groups: usize,
    /// Targets of one group.
    pub targets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { load_balancers: 50, listeners: 50, target_groups: 3000, targets: 1000 }
    }
}

/// Refuses one more when there are as many as allowed.
pub(super) fn room_for_one(count: usize, limit: usize, code: &str) -> Result<(), Fail> {
    if count < limit {
        return Ok(());
    }
    Err(Fail::new(code, format!("The maximum number of '{limit}' has been reached")))
}

pub(super) fn describe(world: &World) -> Answer {
    let limits = &world.elb.limits;
    let limit = |name: &str, max: usize| json!({"Name": name, "Max": max.to_string()});
    Ok(json!({"Limits": [
        limit("network-load-balancers", limits.load_balancers),
        limit("listeners-per-network-load-balancer", limits.listeners),
        limit("target-groups", limits.target_groups),
        limit("targets-per-network-load-balancer", 3000),
        limit("targets-per-availability-zone-per-network-load-balancer", 500),
    ]}))
}
