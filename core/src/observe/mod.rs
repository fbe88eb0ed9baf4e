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

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, ResourceType};
use futures_util::FutureExt;
use futures_util::future::{try_join3, try_join4, try_join5};

use crate::aws::Aws;
use crate::error::Result;
use crate::observed::Observed;
use crate::resource::{domain_verification, load_balancer, route_table, routes, target_group};

pub(crate) use kms::keys_in;
pub(crate) use others::others_in;
pub(crate) use scope::{DomainScope, Scope};
pub(crate) use sts::accounts;

/// Looks at AWS.
pub(crate) async fn observe(aws: &Aws, scope: &Scope) -> Result<Observed> {
    let ours = Ours { aws, store: &scope.store };
    let key_stores = async {
        match scope.key_store {
            Some(_) => kms::key_stores(aws).await,
            None => Ok(Vec::new()),
        }
    };
    let (marked, balancer, group, stores) =
        try_join4(ours.marked().boxed(), ours.load_balancer().boxed(), ours.target_group().boxed(), key_stores.boxed())
            .await?;

    let vpc_ids = marked.of(&ResourceType::Vpc);
    let adopted = scope.existing.as_ref().map(|(vpc, _)| vpc.clone());
    let subnet_ids = scope.existing.as_ref().map_or_else(|| marked.of(&ResourceType::Subnet), |(_, ids)| ids.clone());
    let service_ids = marked.of(&ResourceType::VpcEndpointService);
    let arns: Vec<&str> = [
        balancer.as_ref().and_then(|each| each.load_balancer_arn()),
        group.as_ref().and_then(|each| each.target_group_arn()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let is_ours = adopted.is_none();
    let around = adopted.clone().filter(|_| scope.surroundings);
    let network = try_join5(
        ours.vpc(adopted.map_or(network::in_use_first(&vpc_ids, group.as_ref()), |id| vec![id]), is_ours).boxed(),
        ours.subnets(&subnet_ids).boxed(),
        ours.route_table(marked.of(&ResourceType::RouteTable)).boxed(),
        ours.security_group(marked.of(&ResourceType::SecurityGroup)).boxed(),
        ours.link(&marked, scope, &vpc_ids).boxed(),
    );
    let balancing = try_join5(
        ours.listener(balancer.as_ref(), &arns, scope.teardown).boxed(),
        ours.health(group.as_ref()).boxed(),
        ours.attributes(group.as_ref()).boxed(),
        ours.zones(scope.subnets > subnet_ids.len() + scope.zones.len() || scope.surroundings).boxed(),
        ours.surroundings(around).boxed(),
    );
    let service = async {
        let used_services = if scope.teardown { service_ids.as_slice() } else { &[] };
        // A service of ours has a hint where its record is.
        let zone_wanted = scope.teardown || service_ids.is_empty();
        let left_vpcs = if scope.teardown && is_ours { vpc_ids.as_slice() } else { &[] };
        let (service, principals, endpoints, zone, others) = try_join5(
            ours.endpoint_service(&service_ids).boxed(),
            ours.principals(&service_ids).boxed(),
            ours.endpoints(used_services).boxed(),
            ours.hosted_zone(scope, zone_wanted).boxed(),
            ours.others(left_vpcs, &marked).boxed(),
        )
        .await?;
        // Its name is known only now. It goes on while tags are looked at, so that neither is a call deeper for the other.
        let (zone, record) = match ours.published_as_hinted(scope, service.as_ref()).boxed().await? {
            Some(record) => (record.zone.clone(), Some(record)),
            None => {
                let zone = if zone_wanted { zone } else { ours.hosted_zone(scope, true).boxed().await? };
                let record = ours.domain_record(scope, service.as_ref(), zone.as_ref()).boxed().await?;
                (zone, record)
            }
        };
        Ok((service, principals, endpoints, others, zone, record))
    };
    let (network, balancing, service) = try_join3(network, balancing, service.boxed()).await?;
    let (service, principals, mut endpoints, others, hosted_zone, domain_record) = service;
    let ((vpc, duplicate_vpcs), subnets, table, security_group, (link, duplicate_links)) = network;
    let ((listener, tags), health, attributes, real_zones, surroundings) = balancing;

    let mut observed = Observed {
        zones: real_zones,
        surroundings,
        vpc,
        duplicate_vpcs,
        subnets,
        security_group,
        link,
        duplicate_links,
        others,
        ..Observed::default()
    };
    if let Some(table) = table {
        observed.routes = routes::Seen::read(&table);
        observed.route_table = route_table::Seen::read(&table);
    }
    if let (None, Some(routes), DomainScope::Unknown) = (&observed.link, &observed.routes, &scope.domain) {
        // Without a spec, a gateway of the caller is known by our route table alone.
        observed.link = ours.gateway(&routes.propagating, &vpc_ids).boxed().await?.0;
    }
    let over_link =
        |link: &crate::resource::link::Seen| observed.routes.clone().and_then(|routes| routes.over(&link.route_target));
    observed.routes = observed.link.as_ref().and_then(over_link);
    if observed.zones.is_empty() {
        let known: BTreeSet<&String> = scope.zones.iter().chain(observed.subnets.keys()).collect();
        observed.zones = match known.len() < scope.subnets {
            // Tags of deleted subnets live on for a while: there are fewer than the tags say.
            true => ours.zones(true).boxed().await?,
            false if scope.zones.is_empty() => Vec::new(),
            false => known.into_iter().cloned().collect(),
        };
    }
    if let (Some(group), true) = (
        &group,
        observed.claim("target group", group.as_ref().and_then(|each| each.target_group_arn()), &tags, &scope.store),
    ) {
        let tags = tags.get(group.target_group_arn().unwrap_or_default()).cloned().unwrap_or_default();
        observed.target_group = target_group::Seen::read(group, attributes, tags);
        observed.targets = health;
    }
    if let (Some(balancer), true) = (
        &balancer,
        observed.claim(
            "load balancer",
            balancer.as_ref().and_then(|each| each.load_balancer_arn()),
            &tags,
            &scope.store,
        ),
    ) {
        let tags = tags.get(balancer.load_balancer_arn().unwrap_or_default()).cloned().unwrap_or_default();
        observed.load_balancer = load_balancer::Seen::read(balancer, tags);
        observed.listener = listener;
    }
    observed.domain_verification = service.as_ref().filter(|seen| seen.verified()).map(|_| domain_verification::Seen);
    observed.permission = service.as_ref().and_then(|service| principals.get(&service.id).cloned());
    observed.endpoints = service.as_ref().and_then(|service| endpoints.remove(&service.id)).unwrap_or_default();
    observed.endpoint_service = service;
    ours.take_key_store(&mut observed, &stores, scope).boxed().await?;
    observed.hosted_zone = hosted_zone;
    observed.domain_record = domain_record;
    Ok(observed)
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
