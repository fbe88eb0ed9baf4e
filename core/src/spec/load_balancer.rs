//! What may be chosen about the Network Load Balancer. Everything else about it is demanded by AWS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of the Network Load Balancer. The default is a security group of its own, and traffic that stays in its zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LoadBalancer {
    /// The security group; `own` by default. It can never be added later.
    #[serde(default)]
    pub security_group: SecurityGroup,
    /// Whether each zone sends to the targets of all zones; `false` by default. Targets outside of the VPC get traffic from
    /// every zone in either case (TGT-10).
    #[serde(default)]
    pub cross_zone: bool,
}

/// Whether the load balancer has a security group (NLB-08 to NLB-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityGroup {
    /// A group of its own. The default, since a load balancer that was created without one can never get one (NLB-10).
    #[default]
    Own,
    /// No security group.
    None,
}

impl LoadBalancer {
    /// Chooses the security group.
    #[must_use]
    pub fn security_group(mut self, security_group: SecurityGroup) -> Self {
        self.security_group = security_group;
        self
    }

    /// Lets each zone send to the targets of all zones. Traffic between zones has a price.
    #[must_use]
    pub fn cross_zone(mut self) -> Self {
        self.cross_zone = true;
        self
    }
}
