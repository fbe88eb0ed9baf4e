//! The way from the VPC to the data centre with the proxy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{check_account, check_id};
use super::problem::Problems;
use super::region::Region;

/// How packets get from the VPC to the external key store proxy.
///
/// With all but [`Link::Routed`] and [`Link::None`] the library routes the ranges of the data centre to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(description = "How packets get from the VPC to the external key store proxy.")]
pub enum Link {
    /// A transit gateway that exists; the library attaches the VPC to it.
    TransitGateway {
        /// The id of the transit gateway.
        #[serde(default)]
        #[schemars(required, !default)]
        id: String,
    },
    /// A virtual private gateway for Site-to-Site VPN or Direct Connect.
    VpnGateway {
        /// The id of a gateway that exists; without it the library creates one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// A peering connection to a VPC in which the proxy runs, or which has the way to it.
    Peering(Peering),
    /// The way is there already, or is made by someone else: no attachment, no routes.
    Routed,
    /// The proxy runs inside the VPC.
    None,
}

/// A peering connection: [`Link::peering`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Peering {
    /// The id of the other VPC.
    #[serde(default)]
    #[schemars(required, !default)]
    pub vpc_id: String,
    /// The account of the other VPC, 12 digits; the caller's own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The Region of the other VPC; that of the key store by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl Link {
    /// Attaches the VPC to a transit gateway that exists.
    pub fn transit_gateway(id: impl Into<String>) -> Self {
        Self::TransitGateway { id: id.into() }
    }

    /// Uses a virtual private gateway that exists.
    pub fn vpn_gateway(id: impl Into<String>) -> Self {
        Self::VpnGateway { id: Some(id.into()) }
    }

    /// Creates a virtual private gateway.
    #[must_use]
    pub fn new_vpn_gateway() -> Self {
        Self::VpnGateway { id: None }
    }

    /// Peers with another VPC.
    pub fn peering(vpc_id: impl Into<String>) -> Peering {
        Peering { vpc_id: vpc_id.into(), owner: None, region: None }
    }

    /// Trusts routes that are there, or that someone else makes.
    #[must_use]
    pub fn routed() -> Self {
        Self::Routed
    }

    /// For a proxy inside the VPC.
    #[must_use]
    pub fn none() -> Self {
        Self::None
    }

    /// Whether the library makes routes to the data centre, and so must know its ranges.
    #[must_use]
    pub fn makes_routes(&self) -> bool {
        matches!(self, Self::TransitGateway { .. } | Self::VpnGateway { .. } | Self::Peering(_))
    }

    pub(crate) fn check(self, at: &str, home: Option<&Region>, problems: &mut Problems) -> Option<Self> {
        let before = problems.count();
        match &self {
            Self::TransitGateway { id } => check_id(id, "tgw", &format!("{at}.id"), problems),
            Self::VpnGateway { id: Some(id) } => check_id(id, "vgw", &format!("{at}.id"), problems),
            Self::VpnGateway { id: None } | Self::Routed | Self::None => {}
            Self::Peering(peering) => peering.check(at, home, problems),
        }
        (problems.count() == before).then_some(self)
    }
}

impl Peering {
    /// The account of the other VPC, 12 digits.
    #[must_use]
    pub fn owner(mut self, account: impl Into<String>) -> Self {
        self.owner = Some(account.into());
        self
    }

    /// The Region of the other VPC.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    fn check(&self, at: &str, home: Option<&Region>, problems: &mut Problems) {
        check_id(&self.vpc_id, "vpc", &format!("{at}.vpc_id"), problems);
        if let Some(owner) = &self.owner {
            check_account(owner, &format!("{at}.owner"), problems);
        }
        let field = format!("{at}.region");
        let peer = self.region.as_ref().and_then(|region| Region::check(region, &field, problems));
        if let (Some(peer), Some(home)) = (peer, home)
            && peer.partition() != home.partition()
        {
            let what =
                format!("`{peer}` is in partition `{}`, the key store in `{}`", peer.partition(), home.partition());
            problems.add(field, None, what, "peer with a VPC of the same partition");
        }
    }
}

impl From<Peering> for Link {
    fn from(peering: Peering) -> Self {
        Self::Peering(peering)
    }
}
