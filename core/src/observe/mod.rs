//! AWS into [`Observed`]: who we are and what carries our name, then the details, batched.
//!
//! First round: everything of ours in EC2 by one DescribeTags, load balancer and target group by name, key stores.
//! Second round: the details of what the first one found. Third: what takes a name of the second, the values of the TXT
//! record and the tags in Elastic Load Balancing. A look at nothing is one round.
//!
//! The rounds are here, each read in the file of what it reads. Futures of SDK calls are large; each is boxed, so that the
//! whole look fits on any thread's stack.

mod elb;
mod endpoint_service;
mod kms;
mod link;
mod marked;
mod network;
mod others;
mod route53;
mod scope;
mod sts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, RouteTable};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer, TargetGroup};
use aws_sdk_kms::types::CustomKeyStoresListEntry;
use futures_util::FutureExt;
use futures_util::future::{try_join, try_join3, try_join4, try_join5};

use self::marked::Marked;
use crate::aws::Aws;
use crate::aws::tags::Tags;
use crate::error::{Error, Result};
use crate::observed::{Observed, Surroundings};
use crate::resource::domain_record::{self, Zone};
use crate::resource::{
    self, domain_verification, listener, permission, route_table, routes, security_group, subnet, targets, vpc,
};

pub(crate) use kms::keys_in;
pub(crate) use others::others_in;
pub(crate) use scope::{DomainScope, Scope};
pub(crate) use sts::accounts;

/// How often AWS is looked at before what cannot be is told, and how long after each look: reads lag behind writes.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

/// Looks at AWS: two rounds, and what comes of them. What cannot be is looked at once more.
///
/// # Errors
/// What a read fails with; that AWS goes on leaving out what there must be.
pub(crate) async fn observe(aws: &Aws, scope: &Scope) -> Result<Observed> {
    let ours = Ours { aws, store: &scope.store };
    let mut looks = 1;
    loop {
        let found = ours.found(scope).await?;
        let details = ours.details(scope, &found).await?;
        let observed = ours.observed(scope, found, details).await?;
        match left_out(scope, &observed) {
            None => return Ok(observed),
            Some(error) if looks == LOOKS => return Err(error),
            Some(_) => aws.sleep(BETWEEN_LOOKS).await,
        }
        looks += 1;
    }
}

/// What there must be and AWS did not show, where going on without it would do harm.
fn left_out(scope: &Scope, observed: &Observed) -> Option<Error> {
    // A run would make a second network beside the one that is there.
    if scope.existing.is_none() && observed.vpc.is_none() && !observed.subnets.is_empty() {
        return Some(Error::incomplete("DescribeVpcs", "VPC of the subnets that there are"));
    }
    // Only the service knows the name of its record, which would be left for good.
    let nameless = |service: &resource::endpoint_service::Seen| {
        service.available() && !service.private_dns_name.is_empty() && service.challenge.is_none()
    };
    let withdraws = scope.teardown && !matches!(scope.domain, DomainScope::ByHand { .. });
    let nameless = withdraws && observed.endpoint_service.as_ref().is_some_and(nameless);
    nameless.then(|| Error::incomplete("DescribeVpcEndpointServiceConfigurations", "name and value of the TXT record"))
}

/// What the first round brings: what carries our tag or name.
struct Found {
    marked: Marked,
    load_balancer: Option<LoadBalancer>,
    target_group: Option<TargetGroup>,
    key_stores: Vec<CustomKeyStoresListEntry>,
}

impl Found {
    fn vpcs(&self) -> Vec<String> {
        self.marked.of(&ResourceType::Vpc)
    }

    fn endpoint_services(&self) -> Vec<String> {
        self.marked.of(&ResourceType::VpcEndpointService)
    }

    fn load_balancer_arn(&self) -> Option<&str> {
        self.load_balancer.as_ref().and_then(|each| each.load_balancer_arn())
    }

    fn target_group_arn(&self) -> Option<&str> {
        self.target_group.as_ref().and_then(|each| each.target_group_arn())
    }
}

/// What the second round brings.
struct Details {
    network: Network,
    balancing: Balancing,
    service: Service,
}

struct Network {
    vpc: Option<vpc::Seen>,
    duplicate_vpcs: BTreeMap<String, vpc::Seen>,
    subnets: BTreeMap<String, subnet::Seen>,
    route_tables: Vec<RouteTable>,
    security_group: Option<security_group::Seen>,
    link: Option<resource::link::Seen>,
    duplicate_links: BTreeMap<String, resource::link::Seen>,
    zones: Vec<String>,
    surroundings: Surroundings,
}

/// What is in Elastic Load Balancing, and the tags of all of it by ARN.
struct Balancing {
    listener: Option<listener::Seen>,
    tags: BTreeMap<String, Tags>,
    health: Option<targets::Seen>,
    attributes: BTreeMap<String, String>,
}

/// The endpoint service, with what takes its id or its name, and who else is in its VPC.
struct Service {
    seen: Option<resource::endpoint_service::Seen>,
    principals: BTreeMap<String, permission::Seen>,
    endpoints: BTreeMap<String, Vec<String>>,
    others: BTreeMap<String, Vec<String>>,
    hosted_zone: Option<Zone>,
    record: Option<domain_record::Seen>,
}

impl Ours<'_> {
    /// The first round.
    async fn found(&self, scope: &Scope) -> Result<Found> {
        let key_stores = async {
            match scope.key_store {
                Some(_) => kms::key_stores(self.aws).await,
                None => Ok(Vec::new()),
            }
        };
        let (marked, load_balancer, target_group, key_stores) = try_join4(
            self.marked().boxed(),
            self.load_balancer().boxed(),
            self.target_group().boxed(),
            key_stores.boxed(),
        )
        .await?;
        Ok(Found { marked, load_balancer, target_group, key_stores })
    }

    /// The second round.
    async fn details(&self, scope: &Scope, found: &Found) -> Result<Details> {
        let (network, balancing, service) = try_join3(
            self.network(scope, found).boxed(),
            self.balancing(scope, found).boxed(),
            self.service(scope, found).boxed(),
        )
        .await?;
        Ok(Details { network, balancing, service })
    }

    async fn network(&self, scope: &Scope, found: &Found) -> Result<Network> {
        let marked = &found.marked;
        let made = found.vpcs();
        let adopted = scope.existing.as_ref().map(|(vpc, _)| vpc.clone());
        let subnets = scope.existing.as_ref().map_or_else(|| marked.of(&ResourceType::Subnet), |(_, ids)| ids.clone());
        let too_few = scope.subnets > subnets.len() + scope.zones.len();
        let is_ours = adopted.is_none();
        let around = adopted.clone().filter(|_| scope.surroundings);
        let vpcs = adopted.map_or(network::in_use_first(&made, found.target_group.as_ref()), |id| vec![id]);
        let inside = try_join5(
            self.vpc(vpcs, is_ours).boxed(),
            self.subnets(&subnets).boxed(),
            self.route_tables(marked.of(&ResourceType::RouteTable)).boxed(),
            self.security_group(marked.of(&ResourceType::SecurityGroup)).boxed(),
            self.link(marked, scope, &made).boxed(),
        );
        let around = try_join(self.zones(too_few || scope.surroundings).boxed(), self.surroundings(around).boxed());
        let ((vpc, subnets, route_tables, security_group, link), (zones, surroundings)) =
            try_join(inside, around).await?;
        let ((vpc, duplicate_vpcs), (link, duplicate_links)) = (vpc, link);
        Ok(Network {
            vpc,
            duplicate_vpcs,
            subnets,
            route_tables,
            security_group,
            link,
            duplicate_links,
            zones,
            surroundings,
        })
    }

    async fn balancing(&self, scope: &Scope, found: &Found) -> Result<Balancing> {
        let arns: Vec<&str> = found.load_balancer_arn().into_iter().chain(found.target_group_arn()).collect();
        let ((listener, tags), health, attributes) = try_join3(
            self.listener(found.load_balancer_arn(), &arns, scope.teardown).boxed(),
            self.health(found.target_group_arn()).boxed(),
            self.attributes(found.target_group_arn()).boxed(),
        )
        .await?;
        Ok(Balancing { listener, tags, health, attributes })
    }

    async fn service(&self, scope: &Scope, found: &Found) -> Result<Service> {
        let (ids, vpcs) = (found.endpoint_services(), found.vpcs());
        let used = if scope.teardown { ids.as_slice() } else { &[] };
        // A service of ours has a hint where its record is.
        let zone_wanted = scope.teardown || ids.is_empty();
        let left = if scope.teardown && scope.existing.is_none() { vpcs.as_slice() } else { &[] };
        let (seen, principals, endpoints, zone, others) = try_join5(
            self.endpoint_service(&ids).boxed(),
            self.principals(&ids).boxed(),
            self.endpoints(used).boxed(),
            self.hosted_zone(scope, zone_wanted).boxed(),
            self.others(left, &found.marked).boxed(),
        )
        .await?;
        // Its name is known only now. It goes on while tags are looked at, so that neither is a call deeper for the other.
        let (hosted_zone, record) = match self.published_as_hinted(scope, seen.as_ref()).boxed().await? {
            Some(record) => (record.zone.clone(), Some(record)),
            None => {
                let zone = if zone_wanted { zone } else { self.hosted_zone(scope, true).boxed().await? };
                let record = self.domain_record(scope, seen.as_ref(), zone.as_ref()).boxed().await?;
                (zone, record)
            }
        };
        Ok(Service { seen, principals, endpoints, others, hosted_zone, record })
    }

    /// What the rounds brought, cut down to what is ours. Only what hardly ever occurs is asked for here.
    async fn observed(&self, scope: &Scope, found: Found, details: Details) -> Result<Observed> {
        let Details { network, balancing, mut service } = details;
        let mut observed = Observed {
            zones: network.zones,
            surroundings: network.surroundings,
            vpc: network.vpc,
            duplicate_vpcs: network.duplicate_vpcs,
            subnets: network.subnets,
            security_group: network.security_group,
            link: network.link,
            duplicate_links: network.duplicate_links,
            others: service.others,
            hosted_zone: service.hosted_zone,
            domain_record: service.record,
            ..Observed::default()
        };
        if let [table, others @ ..] = network.route_tables.as_slice() {
            observed.routes = routes::Seen::read(table);
            observed.route_table = route_table::Seen::read(table);
            let unused = others.iter().filter_map(route_table::Seen::read).filter(|seen| seen.associations.is_empty());
            observed.duplicate_route_tables = unused.map(|seen| (seen.id.clone(), seen)).collect();
        }
        if let (None, Some(routes), DomainScope::Unknown) = (&observed.link, &observed.routes, &scope.domain) {
            // Without a spec, a gateway of the caller is known by our route table alone.
            observed.link = self.gateway(&routes.propagating, &found.vpcs()).boxed().await?.0;
        }
        let over_link =
            |link: &resource::link::Seen| observed.routes.clone().and_then(|routes| routes.over(&link.route_target));
        observed.routes = observed.link.as_ref().and_then(over_link);
        if observed.zones.is_empty() {
            let known: BTreeSet<&String> = scope.zones.iter().chain(observed.subnets.keys()).collect();
            observed.zones = match known.len() < scope.subnets {
                // Tags of deleted subnets live on for a while: there are fewer than the tags say.
                true => self.zones(true).boxed().await?,
                false if scope.zones.is_empty() => Vec::new(),
                false => known.into_iter().cloned().collect(),
            };
        }
        observed.take_balancing(&found, balancing, &scope.store);
        if let Some(seen) = service.seen {
            observed.domain_verification = seen.verified().then_some(domain_verification::Seen);
            observed.permission = service.principals.remove(&seen.id);
            observed.endpoints = service.endpoints.remove(&seen.id).unwrap_or_default();
            observed.endpoint_service = Some(seen);
        }
        self.take_key_store(&mut observed, &found.key_stores, scope).boxed().await?;
        Ok(observed)
    }
}

/// Reads of what is ours.
struct Ours<'a> {
    aws: &'a Aws,
    store: &'a str,
}

/// Filters rather than ids: a stale id would fail the whole call, a filter just does not match.
fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}
