//! AWS into [`Observed`]: who we are and what carries our name, then the details, batched.
//!
//! First round: everything of ours in EC2 by one DescribeTags, load balancer and target group by name, key stores.
//! Second round: the details of what the first one found. Third: what takes a name of the second, the values of the TXT
//! record and the tags in Elastic Load Balancing. A look at nothing is one round.
//!
//! Futures of SDK calls are large; each is boxed, so that the whole look fits on any thread's stack.

mod others;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, ResourceType, VpcAttributeName};
use aws_sdk_elasticloadbalancingv2::types as elb;
use aws_sdk_kms::types::CustomKeyStoresListEntry;
use futures_util::FutureExt;
use futures_util::future::{OptionFuture, try_join, try_join_all, try_join3, try_join4, try_join5};

use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::aws::tags::{self, Tags};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{NetworkAcl, RouteTable};
use crate::observed::{Account, Foreign, Observed, Surroundings};
use crate::resource::domain_record::{self, TxtRecord, Zone};
use crate::resource::{
    connection, domain_verification, endpoint_service, key_store, link, listener, load_balancer, permission,
    route_table, routes, security_group, subnet, target_group, targets, vpc,
};
use crate::spec::DnsName;
use crate::verify::describe;

pub(crate) use others::others_in;

/// What to look for. Who we are, and the few things that have to be known beforehand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The store's name: value of our tag, name of load balancer and target group.
    pub(crate) store: String,
    /// Name of the key store; `None` when the key store is out of scope.
    pub(crate) key_store: Option<String>,
    /// Endpoint of the key store, `https://` and the private DNS name, when it is known.
    pub(crate) uri_endpoint: Option<String>,
    /// Path of the key store on the proxy, when it is known.
    pub(crate) uri_path: Option<String>,
    /// VPC and subnets that the spec adopts.
    pub(crate) existing: Option<(String, Vec<String>)>,
    /// Whether it matters if those can carry a store.
    pub(crate) surroundings: bool,
    /// The virtual private gateway that the spec gives.
    pub(crate) gateway: Option<String>,
    /// Whether it matters who is calling.
    pub(crate) accounts: bool,
    /// Subnets that the spec wants; when fewer exist, the zones of the Region are read.
    pub(crate) subnets: usize,
    /// Zones that a plan has chosen for subnets: they are not read again.
    pub(crate) zones: Vec<String>,
    /// Where the TXT record is.
    pub(crate) domain: DomainScope,
    /// The hosted zone that a plan has chosen for it: it is not looked up again.
    pub(crate) hosted_zone: Option<Zone>,
    /// Whether all is to go: then it matters who uses the endpoint service and who else is in the VPC, and a record counts
    /// as published, because removing one that is not there is nothing.
    pub(crate) teardown: bool,
}

/// Where the TXT record is.
#[derive(Clone, Debug, Default)]
pub(crate) enum DomainScope {
    /// In Route 53, under one of these parents.
    Route53 { parents: Vec<String>, hosted_zone_id: Option<String> },
    /// Published by a callback: we see it only through the verification.
    Callback { parents: Vec<String> },
    /// Published by hand: handed out as soon as AWS shows it.
    ByHand { parents: Vec<String> },
    /// Unknown, as in a teardown by name: look in Route 53 under the private DNS name's parents.
    #[default]
    Unknown,
}

/// Looks at AWS.
pub(crate) async fn observe(aws: &Aws, scope: &Scope) -> Result<Observed> {
    let ours = Ours { aws, store: &scope.store };
    let key_stores = async {
        match scope.key_store {
            Some(_) => key_stores(aws).await,
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
        ours.vpc(adopted.map_or(in_use_first(&vpc_ids, group.as_ref()), |id| vec![id]), is_ours).boxed(),
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
    let over_link = |link: &link::Seen| observed.routes.clone().and_then(|routes| routes.over(&link.route_target));
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

/// Who is calling, and in which account the key store will be.
pub(crate) async fn accounts(aws: &Aws) -> Result<(Account, String)> {
    let who = |sts: &aws_sdk_sts::Client| {
        let request = sts.get_caller_identity();
        async move {
            let output = request.send().await.or_fail("ask who is calling", "sts:GetCallerIdentity")?;
            let id = output.account().ok_or_else(|| Error::incomplete("GetCallerIdentity", "Account"))?.to_owned();
            let partition = output.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
            Ok::<_, Error>(Account { id, partition })
        }
    };
    let other: OptionFuture<_> = aws.kms_sts.as_ref().map(who).into();
    let (network, store) = try_join(who(&aws.sts), async { other.await.transpose() }).await?;
    let store = store.map_or_else(|| network.id.clone(), |account| account.id);
    Ok((network, store))
}

/// Number of KMS keys in a store. KMS has no filter for this: list all keys, describe each.
pub(crate) async fn keys_in(aws: &Aws, store_id: &str) -> Result<usize> {
    let mut pages = aws.kms.list_keys().into_paginator().send();
    let mut number = 0;
    while let Some(page) = pages.next().await {
        let page = page.or_fail("list KMS keys", "kms:ListKeys")?;
        let described = page.keys().iter().filter_map(|key| key.key_id()).map(|id| async move {
            let sent = aws.kms.describe_key().key_id(id).send().await;
            match sent.or_fail("describe a KMS key", "kms:DescribeKey") {
                Ok(output) => Ok(output.key_metadata().and_then(|key| key.custom_key_store_id()) == Some(store_id)),
                // Deleted since it was listed. A key that hides from us is an error: it might be in the store, and KMS
                // would say so only after the disconnect has made it unusable.
                Err(error) if error.is_code(&["NotFoundException"]) => Ok(false),
                Err(error) => Err(error),
            }
        });
        number += try_join_all(described).await?.into_iter().filter(|inside| *inside).count();
    }
    Ok(number)
}

async fn key_stores(aws: &Aws) -> Result<Vec<CustomKeyStoresListEntry>> {
    let mut stores = Vec::new();
    let mut pages = aws.kms.describe_custom_key_stores().into_paginator().send();
    while let Some(page) = pages.next().await {
        stores.extend(
            page.or_fail("look for the key store", "kms:DescribeCustomKeyStores")?
                .custom_key_stores
                .unwrap_or_default(),
        );
    }
    Ok(stores)
}

/// What in EC2 carries our mark.
#[derive(Debug, Default)]
struct Marked(BTreeMap<String, BTreeSet<String>>);

impl Marked {
    fn of(&self, kind: &ResourceType) -> Vec<String> {
        self.0.get(kind.as_str()).into_iter().flatten().cloned().collect()
    }
}

/// The link, and gateways of ours that are one too many.
type Links = (Option<link::Seen>, BTreeMap<String, link::Seen>);

/// The VPC with the target group before others: that one is in use.
fn in_use_first(ids: &[String], group: Option<&elb::TargetGroup>) -> Vec<String> {
    let in_use = group.and_then(|group| group.vpc_id());
    let mut ids = ids.to_vec();
    ids.sort_by_key(|id| Some(id.as_str()) != in_use);
    ids
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

impl Ours<'_> {
    async fn marked(&self) -> Result<Marked> {
        let mut marked = Marked::default();
        let request =
            self.aws.ec2.describe_tags().filters(filter(&format!("tag:{}", tags::STORE), &[self.store.to_owned()]));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for tag in page.or_fail("look for what carries our tag", "ec2:DescribeTags")?.tags() {
                // The filter says the same; but what is ours is too important to leave to an endpoint's filter.
                let is_mark = tag.key() == Some(tags::STORE) && tag.value() == Some(self.store);
                if let (Some(kind), Some(id), true) = (tag.resource_type(), tag.resource_id(), is_mark) {
                    marked.0.entry(kind.as_str().to_owned()).or_default().insert(id.to_owned());
                }
            }
        }
        Ok(marked)
    }

    async fn load_balancer(&self) -> Result<Option<elb::LoadBalancer>> {
        let sent = self.aws.elb.describe_load_balancers().names(self.store).send().await;
        match sent.or_fail("look for the load balancer", "elasticloadbalancing:DescribeLoadBalancers") {
            Ok(output) => Ok(output.load_balancers.unwrap_or_default().into_iter().next()),
            Err(error) if error.is_code(&["LoadBalancerNotFound"]) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn target_group(&self) -> Result<Option<elb::TargetGroup>> {
        let sent = self.aws.elb.describe_target_groups().names(self.store).send().await;
        match sent.or_fail("look for the target group", "elasticloadbalancing:DescribeTargetGroups") {
            Ok(output) => Ok(output.target_groups.unwrap_or_default().into_iter().next()),
            Err(error) if error.is_code(&["TargetGroupNotFound"]) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first of these that exists, and any others that do: tags of a deleted VPC live on for a while.
    async fn vpc(&self, ids: Vec<String>, ours: bool) -> Result<(Option<vpc::Seen>, BTreeMap<String, vpc::Seen>)> {
        let mut rest = ids.as_slice();
        while let [id, others @ ..] = rest {
            rest = others;
            if let Some(seen) = self.one_vpc(id, ours).await? {
                return Ok((Some(seen), self.other_vpcs(others).await?));
            }
        }
        Ok((None, BTreeMap::new()))
    }

    async fn other_vpcs(&self, ids: &[String]) -> Result<BTreeMap<String, vpc::Seen>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sent = self.aws.ec2.describe_vpcs().filters(filter("vpc-id", ids)).send().await;
        let output = sent.or_fail("look at the VPCs", "ec2:DescribeVpcs")?;
        let seen = output.vpcs().iter().filter_map(|vpc| vpc::Seen::read(vpc, true, false, true));
        Ok(seen.map(|seen| (seen.id.clone(), seen)).collect())
    }

    async fn one_vpc(&self, id: &str, ours: bool) -> Result<Option<vpc::Seen>> {
        let attribute = |name: VpcAttributeName| {
            let request = self.aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(name);
            async move {
                match request.send().await.or_fail("look at the DNS attributes of the VPC", "ec2:DescribeVpcAttribute")
                {
                    Ok(output) => Ok(Some(output)),
                    Err(error) if error.is_code(&["InvalidVpcID.NotFound"]) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        };
        let described = self.aws.ec2.describe_vpcs().filters(filter("vpc-id", &[id.to_owned()])).send();
        let described = async { described.await.or_fail("look at the VPC", "ec2:DescribeVpcs") };
        let (described, support, names) = try_join3(
            described,
            attribute(VpcAttributeName::EnableDnsSupport),
            attribute(VpcAttributeName::EnableDnsHostnames),
        )
        .await?;
        let support = support.and_then(|output| output.enable_dns_support?.value).unwrap_or_default();
        let names = names.and_then(|output| output.enable_dns_hostnames?.value).unwrap_or_default();
        Ok(described.vpcs().first().and_then(|vpc| vpc::Seen::read(vpc, support, names, ours)))
    }

    async fn subnets(&self, ids: &[String]) -> Result<BTreeMap<String, subnet::Seen>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sent = self.aws.ec2.describe_subnets().filters(filter("subnet-id", ids)).send().await;
        let output = sent.or_fail("look at the subnets", "ec2:DescribeSubnets")?;
        let seen = output.subnets().iter().filter_map(subnet::Seen::read);
        Ok(seen.map(|seen| (seen.zone_id.clone(), seen)).collect())
    }

    async fn route_table(&self, ids: Vec<String>) -> Result<Option<aws_sdk_ec2::types::RouteTable>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let sent = self.aws.ec2.describe_route_tables().filters(filter("route-table-id", &ids)).send().await;
        Ok(sent
            .or_fail("look at the route table", "ec2:DescribeRouteTables")?
            .route_tables
            .unwrap_or_default()
            .into_iter()
            .next())
    }

    async fn security_group(&self, ids: Vec<String>) -> Result<Option<security_group::Seen>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let sent = self.aws.ec2.describe_security_groups().filters(filter("group-id", &ids)).send().await;
        let output = sent.or_fail("look at the security group", "ec2:DescribeSecurityGroups")?;
        Ok(output.security_groups().first().and_then(security_group::Seen::read))
    }

    /// A network of others has no link of ours.
    async fn link(&self, marked: &Marked, scope: &Scope, vpc_ids: &[String]) -> Result<Links> {
        if vpc_ids.is_empty() {
            return Ok((None, BTreeMap::new()));
        }
        let attachments = marked.of(&ResourceType::TransitGatewayAttachment);
        if !attachments.is_empty() {
            let request = self.aws.ec2.describe_transit_gateway_vpc_attachments();
            let sent = request.filters(filter("transit-gateway-attachment-id", &attachments)).send().await;
            let output =
                sent.or_fail("look at the transit gateway attachment", "ec2:DescribeTransitGatewayVpcAttachments")?;
            if let Some(seen) = output.transit_gateway_vpc_attachments().iter().find_map(link::read_attachment) {
                return Ok((Some(seen), BTreeMap::new()));
            }
        }
        let peerings = marked.of(&ResourceType::VpcPeeringConnection);
        if !peerings.is_empty() {
            let request = self.aws.ec2.describe_vpc_peering_connections();
            let sent = request.filters(filter("vpc-peering-connection-id", &peerings)).send().await;
            let output = sent.or_fail("look at the VPC peering", "ec2:DescribeVpcPeeringConnections")?;
            if let Some(seen) = output.vpc_peering_connections().iter().find_map(link::read_peering) {
                return Ok((Some(seen), BTreeMap::new()));
            }
        }
        let mut gateways = marked.of(&ResourceType::VpnGateway);
        gateways.extend(scope.gateway.clone());
        self.gateway(&gateways, vpc_ids).await
    }

    /// Of these gateways the one that is attached to our VPC, else one that we made; and those of ours that are not
    /// attached although another is. Others that may be attached to the VPC are somebody else's.
    async fn gateway(&self, ids: &[String], vpc_ids: &[String]) -> Result<Links> {
        if ids.is_empty() {
            return Ok((None, BTreeMap::new()));
        }
        let by = filter("vpn-gateway-id", ids);
        let sent = self.aws.ec2.describe_vpn_gateways().filters(by).send().await;
        let output = sent.or_fail("look at the virtual private gateway", "ec2:DescribeVpnGateways")?;
        let living = output
            .vpn_gateways()
            .iter()
            .filter(|gateway| gateway.state() != Some(&aws_sdk_ec2::types::VpnState::Deleted));
        let idle = |gateway: &aws_sdk_ec2::types::VpnGateway| {
            gateway.vpc_attachments().iter().all(|each| each.state().is_none_or(|state| state.as_str() == "detached"))
        };
        // Tags of a deleted VPC live on for a while: what counts is the one that the gateway is attached to.
        let seen = living.filter_map(|gateway| {
            let seen = vpc_ids.iter().filter_map(|id| link::read_gateway(gateway, id, self.store));
            Some((seen.min_by_key(|seen| seen.state == "detached")?, idle(gateway)))
        });
        let mut seen: Vec<_> = seen.filter(|(seen, _)| seen.ours || seen.state != "detached").collect();
        seen.sort_by_key(|(seen, _)| (seen.state == "detached", seen.id.clone()));
        let mut seen = seen.into_iter();
        let kept = seen.next().map(|(seen, _)| seen);
        let duplicates = seen.filter(|(seen, idle)| seen.ours && *idle);
        Ok((kept, duplicates.map(|(seen, _)| (seen.id.clone(), seen)).collect()))
    }

    async fn endpoint_service(&self, ids: &[String]) -> Result<Option<endpoint_service::Seen>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let request = self.aws.ec2.describe_vpc_endpoint_service_configurations().filters(filter("service-id", ids));
        let output = request
            .send()
            .await
            .or_fail("look at the endpoint service", "ec2:DescribeVpcEndpointServiceConfigurations")?;
        let mut seen = output.service_configurations().iter().filter_map(endpoint_service::Seen::read);
        Ok(seen.find(|seen| !seen.leaving()))
    }

    /// By service: tags of a deleted service live on for a while, so there may be more than one.
    async fn principals(&self, service_ids: &[String]) -> Result<BTreeMap<String, permission::Seen>> {
        let all =
            service_ids.iter().map(|id| async move { Ok::<_, Error>((id.clone(), self.principals_of(id).await?)) });
        let all = try_join_all(all).await?;
        Ok(all.into_iter().filter_map(|(id, seen)| Some((id, seen?))).collect())
    }

    async fn principals_of(&self, id: &str) -> Result<Option<permission::Seen>> {
        let sent = self.aws.ec2.describe_vpc_endpoint_service_permissions().service_id(id).send().await;
        match sent.or_fail("look at the allowed principals", "ec2:DescribeVpcEndpointServicePermissions") {
            Ok(output) => Ok(permission::Seen::read(output.allowed_principals())),

            Err(error) if error.aws_code().is_some_and(|code| code.ends_with("NotFound")) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The listener, and the tags of all in Elastic Load Balancing that can have some. The ARN of the listener is known
    /// only now, so that one call for all of them is a call deeper, and none for the listener alone.
    async fn listener(
        &self,
        balancer: Option<&elb::LoadBalancer>,
        arns: &[&str],
        teardown: bool,
    ) -> Result<(Option<listener::Seen>, BTreeMap<String, Tags>)> {
        let listener = async {
            let Some(arn) = balancer.and_then(|each| each.load_balancer_arn()) else { return Ok(None) };
            let sent = self.aws.elb.describe_listeners().load_balancer_arn(arn).send().await;
            let output = sent.or_fail("look at the listener", "elasticloadbalancing:DescribeListeners")?;
            Ok(listener::Seen::read(output.listeners()))
        };
        // It goes with its load balancer, whatever its tags: no need to know it before tags are looked at.
        if teardown {
            return try_join(listener, self.elb_tags(arns)).await;
        }
        let listener = listener.await?;
        let arns: Vec<&str> = arns.iter().copied().chain(listener.as_ref().map(|seen| seen.arn.as_str())).collect();
        let tags = self.elb_tags(&arns).await?;
        let of_listener = listener.as_ref().and_then(|seen| tags.get(&seen.arn)).cloned().unwrap_or_default();
        Ok((listener.map(|seen| listener::Seen { tags: of_listener, ..seen }), tags))
    }

    /// Who uses these services or waits for it, by service.
    async fn endpoints(&self, service_ids: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
        let all = service_ids
            .iter()
            .map(|id| async move { Ok::<_, Error>((id.clone(), endpoint_service::connections(self.aws, id).await?)) });
        Ok(try_join_all(all).await?.into_iter().collect())
    }

    async fn health(&self, group: Option<&elb::TargetGroup>) -> Result<Option<targets::Seen>> {
        let Some(arn) = group.and_then(|each| each.target_group_arn()) else { return Ok(None) };
        let sent = self.aws.elb.describe_target_health().target_group_arn(arn).send().await;
        let output = sent.or_fail("look at the targets", "elasticloadbalancing:DescribeTargetHealth")?;
        Ok(targets::Seen::read(output.target_health_descriptions()))
    }

    async fn attributes(&self, group: Option<&elb::TargetGroup>) -> Result<BTreeMap<String, String>> {
        let Some(arn) = group.and_then(|each| each.target_group_arn()) else { return Ok(BTreeMap::new()) };
        let sent = self.aws.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
        let output = sent.or_fail("look at the target group", "elasticloadbalancing:DescribeTargetGroupAttributes")?;
        let pair = |each: &elb::TargetGroupAttribute| Some((each.key()?.to_owned(), each.value()?.to_owned()));
        Ok(output.attributes().iter().filter_map(pair).collect())
    }

    async fn elb_tags(&self, arns: &[&str]) -> Result<BTreeMap<String, Tags>> {
        if arns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let request =
            self.aws.elb.describe_tags().set_resource_arns(Some(arns.iter().map(|arn| (*arn).to_owned()).collect()));
        let output = request.send().await.or_fail("look at tags", "elasticloadbalancing:DescribeTags")?;
        let pair = |each: &elb::TagDescription| Some((each.resource_arn()?.to_owned(), tags::from_elb(each.tags())));
        Ok(output.tag_descriptions().iter().filter_map(pair).collect())
    }

    async fn surroundings(&self, vpc_id: Option<String>) -> Result<Surroundings> {
        let Some(id) = vpc_id else { return Ok(Surroundings::default()) };
        let (route_tables, network_acls) = try_join(self.route_tables(&id), self.network_acls(&id)).await?;
        Ok(Surroundings { route_tables, network_acls })
    }

    async fn route_tables(&self, vpc_id: &str) -> Result<Vec<RouteTable>> {
        let request = self.aws.ec2.describe_route_tables().filters(filter("vpc-id", &[vpc_id.to_owned()]));
        let mut pages = request.into_paginator().send();
        let mut tables = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.or_fail("look at the route tables", "ec2:DescribeRouteTables")?;
            tables.extend(page.route_tables().iter().map(describe::route_table));
        }
        Ok(tables)
    }

    async fn network_acls(&self, vpc_id: &str) -> Result<Vec<NetworkAcl>> {
        let request = self.aws.ec2.describe_network_acls().filters(filter("vpc-id", &[vpc_id.to_owned()]));
        let mut pages = request.into_paginator().send();
        let mut acls = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.or_fail("look at the network ACLs", "ec2:DescribeNetworkAcls")?;
            acls.extend(page.network_acls().iter().map(describe::network_acl));
        }
        Ok(acls)
    }

    /// Real zones only: no Local or Wavelength Zones, none that is constrained (NET-09).
    async fn zones(&self, wanted: bool) -> Result<Vec<String>> {
        if !wanted {
            return Ok(Vec::new());
        }
        let request = self
            .aws
            .ec2
            .describe_availability_zones()
            .filters(filter("zone-type", &["availability-zone".to_owned()]))
            .filters(filter("state", &["available".to_owned()]));
        let output = request.send().await.or_fail("look for zones", "ec2:DescribeAvailabilityZones")?;
        let mut zones: Vec<String> =
            output.availability_zones().iter().filter_map(|zone| zone.zone_id()).map(str::to_owned).collect();
        zones.sort();
        Ok(zones)
    }

    /// The zone for the TXT record, when it is to be in Route 53: the one that the plan chose, or the one of the domain.
    async fn hosted_zone(&self, scope: &Scope, look: bool) -> Result<Option<Zone>> {
        let DomainScope::Route53 { parents, hosted_zone_id } = &scope.domain else { return Ok(None) };
        if scope.hosted_zone.is_some() || !look {
            return Ok(scope.hosted_zone.clone());
        }
        let zones = domain_record::zones(self.aws, parents).await?;
        Ok(domain_record::choose(zones, parents, hosted_zone_id.as_deref()))
    }

    /// The record, when it is where the endpoint service's tag says: then nobody need ask for the zones.
    async fn published_as_hinted(
        &self,
        scope: &Scope,
        service: Option<&endpoint_service::Seen>,
    ) -> Result<Option<domain_record::Seen>> {
        let (DomainScope::Route53 { parents, hosted_zone_id }, Some(service)) = (&scope.domain, service) else {
            return Ok(None);
        };
        // A record of a former name has to go first.
        if scope.teardown || domain_record::Seen::of_former_name(service).is_some() {
            return Ok(None);
        }
        let hint = service.tags.get(tags::HOSTED_ZONE).and_then(|tag| Zone::from_tag(tag));
        let zone = domain_record::choose(hint.into_iter().collect(), parents, hosted_zone_id.as_deref());
        let (Some(zone), Some(challenge)) = (zone, &service.challenge) else { return Ok(None) };
        let record = TxtRecord::new(challenge, &zone.name, parents);
        let published = match self.published(&zone, &record).await {
            Err(error) if error.is_code(&["NoSuchHostedZone"]) => false,
            other => other?,
        };
        Ok(published.then_some(domain_record::Seen { record, zone: Some(zone), just_handed_out: false }))
    }

    async fn domain_record(
        &self,
        scope: &Scope,
        service: Option<&endpoint_service::Seen>,
        hosted_zone: Option<&Zone>,
    ) -> Result<Option<domain_record::Seen>> {
        let Some(service) = service else { return Ok(None) };
        if let Some(former) = domain_record::Seen::of_former_name(service) {
            return Ok(Some(former));
        }
        let Some(challenge) = &service.challenge else { return Ok(None) };
        let seen = |record, zone| Some(domain_record::Seen { record, zone, just_handed_out: false });
        match &scope.domain {
            DomainScope::Route53 { parents, .. } => {
                let Some(zone) = hosted_zone.cloned() else { return Ok(None) };
                let record = TxtRecord::new(challenge, &zone.name, parents);
                let published = scope.teardown || self.published(&zone, &record).await?;
                Ok(published.then(|| seen(record, Some(zone))).flatten())
            }
            DomainScope::Callback { parents } => {
                let record = TxtRecord::new(challenge, parents.first().map_or("", String::as_str), parents);
                Ok((scope.teardown || service.verified()).then(|| seen(record, None)).flatten())
            }
            DomainScope::ByHand { parents } => {
                Ok(seen(TxtRecord::new(challenge, parents.first().map_or("", String::as_str), parents), None))
            }
            DomainScope::Unknown => {
                let parents = parents_of(&service.private_dns_name);
                // Who tears down by name may have no access to DNS; then there is no record that we could remove.
                let zones = match domain_record::zones(self.aws, &parents).await {
                    Err(error) if error.kind() == ErrorKind::AccessDenied => Vec::new(),
                    other => other?,
                };
                let Some(zone) = domain_record::choose(zones, &parents, None) else { return Ok(None) };
                Ok(seen(TxtRecord::new(challenge, &zone.name, &parents), Some(zone)))
            }
        }
    }

    /// A key store has no tags. Ours is the one that uses our endpoint service. A run that was cut off while it replaced
    /// the service leaves one with our endpoint behind whose service is gone; our name or our path tells it from others
    /// of the same proxy, since KMS gives an endpoint and path to one store only. Any other with our name is a stranger's.
    async fn take_key_store(
        &self,
        observed: &mut Observed,
        stores: &[CustomKeyStoresListEntry],
        scope: &Scope,
    ) -> Result<()> {
        let service = observed.endpoint_service.as_ref().map(|service| service.name.clone());
        let named = |seen: &key_store::Seen| Some(&seen.name) == scope.key_store.as_ref();
        let uses_ours = |seen: &key_store::Seen| service.as_ref().is_some_and(|name| seen.service_name == *name);
        let seen = stores.iter().filter_map(|entry| Some((entry, key_store::Seen::read(entry)?)));
        let (mine, others): (Vec<_>, Vec<_>) = seen.partition(|(_, seen)| uses_ours(seen));
        let found = match mine.into_iter().next() {
            Some(mine) => Some(mine),
            None => {
                let at_our_path = |seen: &key_store::Seen| Some(&seen.uri_path) == scope.uri_path.as_ref();
                let at_our_endpoint = |seen: &key_store::Seen| Some(&seen.uri_endpoint) == scope.uri_endpoint.as_ref();
                let like_ours = |seen: &key_store::Seen| named(seen) || (at_our_endpoint(seen) && at_our_path(seen));
                let Some((entry, seen)) = others.into_iter().find(|(_, seen)| like_ours(seen)) else { return Ok(()) };
                if !at_our_endpoint(&seen) || self.service_exists(&seen.service_name).await? {
                    // One at our path alone is no concern of planning: KMS itself refuses a second one there.
                    observed.foreign.extend(named(&seen).then(|| foreign(seen)));
                    return Ok(());
                }
                Some((entry, seen))
            }
        };
        if let Some((entry, seen)) = found {
            observed.connection = connection::Seen::read(entry);
            observed.key_store = Some(seen);
        }
        Ok(())
    }

    async fn service_exists(&self, name: &str) -> Result<bool> {
        let request = self.aws.ec2.describe_vpc_endpoint_service_configurations();
        let sent = request.filters(filter("service-name", &[name.to_owned()])).send().await;
        let output = sent.or_fail("look at the endpoint service", "ec2:DescribeVpcEndpointServiceConfigurations")?;
        let mut seen = output.service_configurations().iter().filter_map(endpoint_service::Seen::read);
        Ok(seen.any(|seen| !seen.leaving()))
    }

    async fn published(&self, zone: &Zone, record: &TxtRecord) -> Result<bool> {
        let set = domain_record::values(self.aws, zone, &record.name).await?;
        let quoted = format!("\"{}\"", record.value);
        Ok(set.is_some_and(|set| domain_record::texts(&set).contains(&quoted)))
    }
}

/// The parents of a private DNS name that could carry its record, most specific first.
fn parents_of(name: &str) -> Vec<String> {
    DnsName::parse(name).map(|name| name.parents().into_iter().map(str::to_owned).collect()).unwrap_or_default()
}

impl Observed {
    /// Whether an object with our name is ours; a stranger's is remembered.
    fn claim(&mut self, what: &'static str, arn: Option<&str>, tags: &BTreeMap<String, Tags>, store: &str) -> bool {
        let Some(arn) = arn else { return false };
        let owner = tags.get(arn).and_then(|tags| tags.get(tags::STORE));
        if owner.is_some_and(|owner| owner == store) {
            return true;
        }
        self.foreign.push(Foreign { what, id: arn.to_owned(), why: format!("it lacks the tag {}", tags::STORE) });
        false
    }

    /// Whether the key store was left behind by a service that is gone: then its owner matters.
    pub(crate) fn has_left_behind_store(&self) -> bool {
        let service = self.endpoint_service.as_ref().map(|service| &service.name);
        self.key_store.as_ref().is_some_and(|store| Some(&store.service_name) != service)
    }

    /// A key store that goes through a service of another account than ours is a stranger's.
    pub(crate) fn refuse_other_owner(&mut self) {
        let stranger =
            |seen: &key_store::Seen| seen.service_owner.as_ref().is_some_and(|owner| *owner != self.account.id);
        if self.key_store.as_ref().is_some_and(stranger)
            && let Some(seen) = self.key_store.take()
        {
            self.connection = None;
            self.foreign.push(foreign(seen));
        }
    }
}

fn foreign(seen: key_store::Seen) -> Foreign {
    let why = format!("it uses {}, which is not this store's endpoint service", seen.service_name);
    Foreign { what: "key store", id: seen.id, why }
}
