//! The link between the VPC and the data centre: a virtual private gateway, a transit gateway attachment, or a peering.
//!
//! Links that are already there (`routed`) and proxies inside the VPC (`none`) need no resource.

mod peering;
mod transit_gateway;
mod vpn_gateway;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Change, Kind, Resource, compare, compare_tags};
use crate::apply::Context;
use crate::aws::tags::Tags;
use crate::aws::wait::Wait;
use crate::desired::Desired;
use crate::error::Result;
use crate::observed::Observed;

pub(crate) use peering::read as read_peering;
pub(crate) use transit_gateway::read as read_attachment;
pub(crate) use vpn_gateway::read as read_gateway;

/// The link.
pub(crate) struct Link;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) over: Over,
    /// Zones that need a way out: a transit gateway attachment has one subnet in each.
    pub(crate) zones: Vec<String>,
    pub(crate) tags: Tags,
}

/// What the link is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Over {
    /// A gateway of the caller, or one that we create.
    VpnGateway {
        id: Option<String>,
    },
    TransitGateway {
        id: String,
    },
    Peering {
        vpc_id: String,
        owner: Option<String>,
        region: Option<String>,
    },
}

/// Which sort of link AWS has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    VpnGateway,
    TransitGateway,
    Peering,
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VpnGateway => "virtual private gateway",
            Self::TransitGateway => "transit gateway attachment",
            Self::Peering => "VPC peering",
        })
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) sort: Sort,
    /// What routes point to: gateway, transit gateway, or peering.
    pub(crate) route_target: String,
    /// The object that is ours: gateway, attachment or peering.
    pub(crate) id: String,
    /// The far end: transit gateway or peer VPC; empty for a gateway.
    pub(crate) far_end: String,
    /// Whether traffic can flow.
    pub(crate) ready: bool,
    /// AWS's word for the state.
    pub(crate) state: String,
    /// Subnets of a transit gateway attachment.
    pub(crate) subnets: Vec<String>,
    /// Whether the gateway itself is ours. Attachments and peerings always are.
    pub(crate) ours: bool,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

/// Gateways, attachments and peerings usually take about a minute.
pub(crate) const USUAL: Duration = Duration::from_secs(60);

const READY: Wait = Wait { until: "the link is ready", usual: USUAL, limit: Duration::from_secs(15 * 60) };

impl Want {
    /// Ids of the subnets of the zones.
    fn subnets<'a>(&'a self, observed: &'a Observed) -> impl Iterator<Item = &'a String> {
        self.zones.iter().filter_map(|zone| observed.subnets.get(zone)).map(|subnet| &subnet.id)
    }
}

impl Over {
    fn sort(&self) -> Sort {
        match self {
            Self::VpnGateway { .. } => Sort::VpnGateway,
            Self::TransitGateway { .. } => Sort::TransitGateway,
            Self::Peering { .. } => Sort::Peering,
        }
    }

    /// The given id of the far end, to notice that the spec now names another one.
    fn far_end(&self) -> Option<&str> {
        match self {
            Self::VpnGateway { id } => id.as_deref(),
            Self::TransitGateway { id } => Some(id),
            Self::Peering { vpc_id, .. } => Some(vpc_id),
        }
    }
}

impl Resource for Link {
    const KIND: Kind = Kind::Link;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, duplicate: &str) -> Option<&'a Want> {
        desired.link.as_ref().filter(|_| duplicate.is_empty())
    }

    fn seen<'a>(observed: &'a Observed, duplicate: &str) -> Option<&'a Seen> {
        if duplicate.is_empty() { observed.link.as_ref() } else { observed.duplicate_links.get(duplicate) }
    }

    fn fold(observed: &mut Observed, duplicate: &str, seen: Option<Seen>) {
        if duplicate.is_empty() {
            observed.link = seen;
        } else {
            observed.duplicate_links.remove(duplicate);
        }
    }

    fn describe(want: &Want) -> String {
        match &want.over {
            Over::VpnGateway { id: Some(id) } => format!("virtual private gateway {id}, attached"),
            Over::VpnGateway { id: None } => "a new virtual private gateway, attached".to_owned(),
            Over::TransitGateway { id } => format!("attachment to transit gateway {id}, one subnet per zone"),
            Over::Peering { vpc_id, .. } => format!("peering with {vpc_id}"),
        }
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let mut changes = Vec::new();
        changes.extend(compare("type", &seen.sort, &want.over.sort()).map(Change::replacing));
        if let Some(far_end) = want.over.far_end().filter(|_| changes.is_empty()) {
            let seen_end = if seen.sort == Sort::VpnGateway { &seen.id } else { &seen.far_end };
            changes.extend(compare("id", &seen_end.as_str(), &far_end).map(Change::replacing));
        }
        if !seen.ready {
            changes.push(Change::new("state", &seen.state, "ready"));
        }
        if seen.sort == Sort::TransitGateway {
            let attached =
                |zone: &str| observed.subnets.get(zone).is_some_and(|subnet| seen.subnets.contains(&subnet.id));
            let missing = want.zones.iter().filter(|zone| !attached(zone));
            changes.extend(missing.map(|zone| Change::new("zone", "", zone)));
            let extra = observed
                .subnets
                .iter()
                .filter(|(zone, subnet)| !want.zones.contains(zone) && seen.subnets.contains(&subnet.id));
            changes.extend(extra.map(|(zone, subnet)| {
                let change = Change::new("zone", zone, "");
                // While the load balancer stands in the zone and KMS uses it, its way to the proxy stays.
                let used = observed.load_balancer.as_ref().is_some_and(|each| each.subnets.contains(&subnet.id));
                if used { change.disconnecting() } else { change }
            }));
        }
        if seen.ours {
            changes.extend(compare_tags(&seen.tags, &want.tags));
        }
        changes
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        match &want.over {
            Over::VpnGateway { id } => vpn_gateway::create(cx, id.as_deref(), &want.tags).await,
            Over::TransitGateway { id } => transit_gateway::create(cx, id, want).await,
            Over::Peering { vpc_id, owner, region } => {
                peering::create(cx, vpc_id, owner.as_deref(), region.as_deref(), &want.tags).await
            }
        }
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        if seen.ours {
            cx.tag_ec2(&seen.id, &seen.tags, &want.tags).await?;
        }
        let tags = if seen.ours { want.tags.clone() } else { seen.tags.clone() };
        let ready = match &want.over {
            Over::VpnGateway { .. } => vpn_gateway::attach(cx, seen).await?,
            Over::TransitGateway { .. } => transit_gateway::complete(cx, want, seen).await?,
            Over::Peering { owner, region, .. } => {
                peering::complete(cx, seen, owner.as_deref(), region.as_deref()).await?
            }
        };
        Ok(Seen { tags, ..ready })
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        match seen.sort {
            Sort::VpnGateway => vpn_gateway::delete(cx, seen).await,
            Sort::TransitGateway => transit_gateway::delete(cx, seen).await,
            Sort::Peering => peering::delete(cx, seen).await,
        }
    }
}
