//! ARNs of load balancers, listeners and target groups.

use crate::sts::partition;
use crate::world::Home;

/// `net` or `gwy`, as ARNs and interface descriptions abbreviate the type of a load balancer.
pub(super) fn load_balancer(home: &Home, kind: &str, name: &str, id: &str) -> String {
    let short = if kind == "gateway" { "gwy" } else { "net" };
    format!("{}:loadbalancer/{short}/{name}/{id}", prefix(home))
}

pub(super) fn listener(load_balancer_arn: &str, id: &str) -> String {
    format!("{}/{id}", load_balancer_arn.replacen(":loadbalancer/", ":listener/", 1))
}

pub(super) fn target_group(home: &Home, name: &str, id: &str) -> String {
    format!("{}:targetgroup/{name}/{id}", prefix(home))
}

/// `net/<name>/<id>` of a load balancer.
pub(super) fn path(load_balancer_arn: &str) -> &str {
    load_balancer_arn.split_once(":loadbalancer/").map_or(load_balancer_arn, |(_, path)| path)
}

fn prefix(home: &Home) -> String {
    format!("arn:{}:elasticloadbalancing:{}:{}", partition(&home.region), home.region, home.account)
}
