//! What policies are written for: a store in a Region, its spec as far as there is one, and ARNs of both.

use std::collections::BTreeSet;

use crate::client::Target;
use crate::plan::{Action, Plan, Purpose};
use crate::resource::{Kind, ResourceId};
use crate::spec::{Connectivity, Domain, Link, Network, Region, SecurityGroup};

/// A store, and what is known of it without asking AWS.
pub(super) struct Scope<'a> {
    pub(super) store: &'a str,
    pub(super) region: &'a str,
    pub(super) spec: Option<&'a Connectivity>,
    /// What the plan is for, if there is one.
    purpose: Option<Purpose>,
    /// The steps of the plan, if there is one: resource, action, id.
    steps: Vec<(&'a ResourceId, Action, &'a str)>,
}

/// A sort of link, which decides what is called.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Sort {
    VpnGateway,
    TransitGateway,
    Peering,
}

impl Sort {
    /// By the prefix of an id.
    pub(super) fn of_id(id: &str) -> Option<Self> {
        match id.split('-').next()? {
            "vgw" => Some(Self::VpnGateway),
            "tgw" => Some(Self::TransitGateway),
            "pcx" => Some(Self::Peering),
            _ => None,
        }
    }

    pub(super) fn of(link: &Link) -> Option<Self> {
        match link {
            Link::VpnGateway { .. } => Some(Self::VpnGateway),
            Link::TransitGateway { .. } => Some(Self::TransitGateway),
            Link::Peering(_) => Some(Self::Peering),
            Link::Routed | Link::None => None,
        }
    }
}

impl<'a> Scope<'a> {
    pub(super) fn of_plan(plan: &'a Plan) -> Self {
        let steps = plan.steps().iter().map(|step| (&step.resource, step.action, step.id.as_str())).collect();
        Self { store: plan.store(), region: plan.region(), spec: plan.spec(), purpose: Some(plan.purpose()), steps }
    }

    pub(super) fn of_target(target: &'a Target<'_>) -> Self {
        let spec = match target {
            Target::Spec(spec) => Some(*spec),
            Target::Named { .. } => None,
        };
        Self { store: target.store(), region: target.region(), spec, purpose: None, steps: Vec::new() }
    }

    pub(super) fn partition(&self) -> &'static str {
        Region::parse(self.region).map_or("aws", |region| region.partition().as_str())
    }

    /// Any account: the caller's is not known here, and a policy reaches no further than its own account anyway.
    pub(super) fn ec2(&self, resource: &str) -> String {
        self.ec2_in(self.region, resource)
    }

    pub(super) fn ec2_in(&self, region: &str, resource: &str) -> String {
        format!("arn:{}:ec2:{region}:*:{resource}", self.partition())
    }

    pub(super) fn elb(&self, sort: &str) -> String {
        let (partition, region, store) = (self.partition(), self.region, self.store);
        format!("arn:{partition}:elasticloadbalancing:{region}:*:{sort}/{store}/*")
    }

    /// The hosted zone that the spec names, else any.
    pub(super) fn hosted_zone(&self) -> String {
        let id = match self.spec.map(Connectivity::domain) {
            Some(Domain::Route53(zone)) => zone.hosted_zone_id.as_deref(),
            _ => None,
        };
        format!("arn:{}:route53:::hostedzone/{}", self.partition(), id.unwrap_or("*"))
    }

    /// Owner names of the TXT record: AWS chooses the first label, which begins with an underscore.
    pub(super) fn record_names(&self) -> Vec<String> {
        let parents = self.spec.map(|spec| spec.private_dns_name().parents());
        parents.map_or_else(|| vec!["_*".to_owned()], |all| all.iter().map(|parent| format!("_*.{parent}")).collect())
    }

    /// The VPC that exists and stays as it is.
    pub(super) fn existing_vpc(&self) -> Option<&str> {
        match self.spec?.network() {
            Network::Existing { vpc_id, .. } => Some(vpc_id),
            Network::Create { .. } => None,
        }
    }

    /// The subnets that exist and stay as they are.
    pub(super) fn existing_subnets(&self) -> Option<&[String]> {
        match self.spec?.network() {
            Network::Existing { subnet_ids, .. } => Some(subnet_ids),
            Network::Create { .. } => None,
        }
    }

    /// Whether the spec names another account for the key store.
    pub(super) fn in_two_accounts(&self) -> bool {
        self.spec.and_then(Connectivity::key_store).is_some_and(|store| store.account.is_some())
    }

    pub(super) fn has_key_store(&self) -> bool {
        self.spec.is_none_or(|spec| spec.key_store().is_some())
    }

    pub(super) fn has_security_group(&self) -> bool {
        self.spec.is_none() || self.wants_security_group() || self.steps_of(Kind::SecurityGroup).next().is_some()
    }

    pub(super) fn wants_security_group(&self) -> bool {
        self.spec.is_some_and(|spec| spec.load_balancer().security_group == SecurityGroup::Own)
    }

    pub(super) fn in_route53(&self) -> bool {
        self.spec.is_none_or(|spec| matches!(spec.domain(), Domain::Route53(_)))
    }

    /// The links of spec and plan. Without a spec any may be there.
    pub(super) fn links(&self) -> BTreeSet<Sort> {
        let wanted = self.spec.filter(|_| self.existing_vpc().is_none()).and_then(|spec| Sort::of(spec.link()));
        let there = self.steps_of(Kind::Link).filter_map(|(_, id)| Sort::of_id(id));
        wanted.into_iter().chain(there).collect()
    }

    pub(super) fn tears_down(&self) -> bool {
        self.purpose == Some(Purpose::Teardown)
    }

    /// Whether the plan makes some and takes none away: then what is made takes nothing over.
    pub(super) fn makes_the_first(&self, kind: Kind) -> bool {
        let mut steps = self.steps_of(kind).peekable();
        steps.peek().is_some() && steps.all(|(action, _)| action == Action::Create)
    }

    /// Whether there is one, or will be. What a teardown does not delete may not be there.
    pub(super) fn exists(&self, kind: Kind) -> bool {
        let stays = matches!(kind, Kind::Vpc | Kind::Subnet) && self.existing_vpc().is_some();
        !self.tears_down() || stays || self.steps_of(kind).next().is_some()
    }

    /// Actions on a kind, and the ids of what they change.
    pub(super) fn steps_of(&self, kind: Kind) -> impl Iterator<Item = (Action, &'a str)> {
        self.steps.iter().filter(move |(resource, ..)| resource.kind == kind).map(|(_, action, id)| (*action, *id))
    }
}
