//! AWS into [`Facts`]: read-only, at most four calls deep. What is denied becomes a fact that is not known.
//!
//! First round: key stores, endpoint services, accounts, zones. Second: what tells of the endpoint service and its load
//! balancers. Third: targets, attributes and the VPC. Fourth: network interfaces of targets in the VPC.
//!
//! Futures of SDK calls are large; each is boxed, so that the whole look fits on any thread's stack.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use aws_sdk_ec2::types::{Filter, VpcAttributeName};
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use futures_util::FutureExt;
use futures_util::future::{try_join, try_join_all, try_join3, try_join4, try_join5};

use super::describe;
use super::found::{Found, found};
use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::aws::pages;
use crate::client::Target;
use crate::error::{ErrorKind, Result};
use crate::facts::{
    Endpoint, EndpointService, Fact, Facts, Gap, Interface, KeyStore, Listener, LoadBalancer, NetworkAcl, Principal,
    RouteTable, SecurityGroup, Subnet, TargetGroup, Vpc, Wanted, Zone,
};

/// Reads all that rules need about a store.
///
/// # Errors
/// `NotFound` when there is no such store or service, `InvalidSpec` when its connectivity is another one,
/// `AccessDenied` when the reads that find it are denied, `Unreachable`, `Throttled`.
pub(crate) async fn read(aws: &Aws, target: &Target<'_>) -> Result<Facts> {
    let look = Look { aws };
    let wanted = match target {
        Target::Spec(spec) => Some(Wanted::of(spec)),
        Target::Named { .. } => None,
    };
    let (stores, services, zones, accounts, unserved) = try_join5(
        look.key_stores().boxed(),
        look.services().boxed(),
        look.zones().boxed(),
        look.accounts().boxed(),
        look.load_balancer_named(wanted.as_ref()).boxed(),
    )
    .await?;

    let Found { key_store, other_key_stores, service_name, service } = found(target, &stores, &services)?;
    let mut facts = Facts {
        version: 1,
        subject: target.store().to_owned(),
        region: target.region().to_owned(),
        read_at: DateTime::from_secs(DateTime::from(aws.now()).secs()).fmt(Format::DateTime).unwrap_or_default(),
        services: describe::holders(&services),
        service_name,
        key_store,
        other_key_stores,
        service,
        zones,
        wanted,
        ..Facts::default()
    };
    (facts.account, facts.store_account) = accounts;

    let arns = match &facts.service {
        Fact::Known(service) => Fact::Known(service.load_balancers.clone()),
        Fact::Absent => unserved,
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
    };
    let known = arns.known().map_or(&[][..], |arns| &arns[..]);
    let (service, balancing, nodes, quota) = try_join4(
        look.service(facts.service_name.as_deref(), &facts.service).boxed(),
        look.balancing(known, facts.wanted.as_ref()).boxed(),
        look.nodes(known).boxed(),
        look.key_store_quota(&facts.key_store).map(Ok).boxed(),
    )
    .await?;
    facts.key_store_quota = quota;
    (facts.offer, facts.principals, facts.endpoints) = service;
    (facts.load_balancers, facts.target_groups) = balancing;
    facts.interfaces = nodes;

    let vpc = match &facts.load_balancers {
        Fact::Known(balancers) => balancers.first().map(|balancer| balancer.vpc.clone()).into(),
        Fact::Absent => target.existing_vpc().into(),
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
    };
    let (network, groups, balancers) = try_join3(
        look.network(&vpc).boxed(),
        look.target_details(&facts.target_groups).boxed(),
        look.listener_details(&facts.load_balancers).boxed(),
    )
    .await?;
    (facts.target_groups, facts.load_balancers) = (groups, balancers);
    (facts.vpc, facts.subnets, facts.route_tables) = (network.vpc, network.subnets, network.route_tables);
    (facts.network_acls, facts.security_groups) = (network.acls, network.groups);

    let inside = facts.proxies_in_vpc();
    if let (Fact::Known(vpc), false) = (vpc, inside.is_empty()) {
        let theirs = look.interfaces(&[("vpc-id", vec![vpc]), ("addresses.private-ip-address", inside)]).await?;
        facts.interfaces = match (facts.interfaces, theirs) {
            (Fact::Known(nodes), Fact::Known(theirs)) => Fact::Known(nodes.into_iter().chain(theirs).collect()),
            (Fact::Absent, other) | (other, Fact::Absent) => other,
            (gap @ Fact::Unknown(_), _) | (_, gap) => gap,
        };
    }
    if let Fact::Unknown(gap) = arns {
        facts.cannot_see_behind(&gap);
    }
    facts.take_offer();
    Ok(facts)
}

/// What a VPC tells.
struct Network {
    vpc: Fact<Vpc>,
    subnets: Fact<Vec<Subnet>>,
    route_tables: Fact<Vec<RouteTable>>,
    acls: Fact<Vec<NetworkAcl>>,
    groups: Fact<Vec<SecurityGroup>>,
}

/// Codes that mean: there is no such object.
const NOT_FOUND: &[&str] =
    &["LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound", "InvalidServiceName", "InvalidVpcID.NotFound"];

/// The answer to a read as a fact. Only what keeps us from looking at all is an error.
fn fact<T>(action: &str, read: Result<T>) -> Result<Fact<T>> {
    match read {
        Ok(value) => Ok(Fact::Known(value)),
        Err(error) if matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Throttled) => Err(error),
        Err(error) if error.kind() == ErrorKind::AccessDenied => {
            Ok(Fact::Unknown(Gap::Denied { action: action.to_owned() }))
        }
        Err(error) if error.aws_code().is_some_and(|code| NOT_FOUND.contains(&code) || code.ends_with(".NotFound")) => {
            Ok(Fact::Absent)
        }
        Err(error) => Ok(Fact::Unknown(Gap::Failed { action: action.to_owned(), what: error.to_string() })),
    }
}

/// The items of all pages.
async fn listed<O, E, T>(
    action: &str,
    stream: PaginationStream<Result<O, SdkError<E, HttpResponse>>>,
    read: impl Fn(O) -> (Option<Vec<T>>, Option<String>),
) -> Result<Fact<Vec<T>>>
where
    O: RequestId,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fact(action, pages::all("verify the store", action, stream, read).await)
}

/// Filters rather than ids: a stale id would fail the whole call, a filter just does not match.
fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

impl<T> Fact<T> {
    /// What follows for something that this one leads to, when it is not known.
    fn lacking<U>(&self) -> Fact<U> {
        match self {
            Self::Unknown(gap) => Fact::Unknown(gap.clone()),
            Self::Known(_) | Self::Absent => Fact::Absent,
        }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(change(value)),
            Self::Absent => Fact::Absent,
            Self::Unknown(gap) => Fact::Unknown(gap),
        }
    }
}

impl<T> Fact<Vec<T>> {
    /// An empty list means that there is none.
    fn or_absent(self) -> Self {
        match self {
            Self::Known(list) if list.is_empty() => Self::Absent,
            other => other,
        }
    }
}

/// Reads, each giving a fact.
struct Look<'a> {
    aws: &'a Aws,
}

impl Look<'_> {
    async fn key_stores(&self) -> Result<Fact<Vec<KeyStore>>> {
        let stream = self.aws.kms.describe_custom_key_stores().into_paginator().send();
        let all =
            listed("kms:DescribeCustomKeyStores", stream, |page| (page.custom_key_stores, page.next_marker)).await?;
        Ok(all.map(|stores| stores.iter().map(describe::key_store).collect()))
    }

    /// How many custom key stores there may be. Only a store that is to be made needs to know, and whatever keeps us from
    /// knowing keeps nobody from verifying.
    async fn key_store_quota(&self, store: &Fact<KeyStore>) -> Fact<u32> {
        const ACTION: &str = "servicequotas:ListServiceQuotas";
        if *store != Fact::Absent {
            return Fact::default();
        }
        let stream = self.aws.quotas.list_service_quotas().service_code("kms").max_results(100).into_paginator().send();
        match pages::all("look at the quotas of KMS", ACTION, stream, |page| (page.quotas, page.next_token)).await {
            Ok(quotas) => quotas.iter().find_map(describe::key_store_quota).into(),
            Err(error) if error.kind() == ErrorKind::AccessDenied => {
                Fact::Unknown(Gap::Denied { action: ACTION.to_owned() })
            }
            Err(error) => Fact::Unknown(Gap::Failed { action: ACTION.to_owned(), what: error.to_string() }),
        }
    }

    /// Every endpoint service of the account, with its tags.
    async fn services(&self) -> Result<Fact<Vec<aws_sdk_ec2::types::ServiceConfiguration>>> {
        let stream = self.aws.ec2.describe_vpc_endpoint_service_configurations().into_paginator().send();
        listed("ec2:DescribeVpcEndpointServiceConfigurations", stream, |page| {
            (page.service_configurations, page.next_token)
        })
        .await
    }

    async fn zones(&self) -> Result<Fact<Vec<Zone>>> {
        const ACTION: &str = "ec2:DescribeAvailabilityZones";
        let sent = self.aws.ec2.describe_availability_zones().send().await;
        let zones = fact(ACTION, sent.or_fail("look at the zones", ACTION))?;
        Ok(zones.map(|output| output.availability_zones().iter().map(describe::zone).collect()))
    }

    /// The accounts of network and key store.
    async fn accounts(&self) -> Result<(Fact<String>, Fact<String>)> {
        const ACTION: &str = "sts:GetCallerIdentity";
        let account = |sts: &aws_sdk_sts::Client| {
            let request = sts.get_caller_identity();
            async move {
                let output = fact(ACTION, request.send().await.or_fail("ask who is calling", ACTION))?;
                Ok(output.map(|output| output.account().unwrap_or_default().to_owned()))
            }
        };
        match &self.aws.kms_sts {
            Some(other) => try_join(account(&self.aws.sts), account(other)).await,
            None => account(&self.aws.sts).await.map(|account| (account.clone(), account)),
        }
    }

    /// ARN of the load balancer that a spec names, which may have no endpoint service yet.
    async fn load_balancer_named(&self, wanted: Option<&Wanted>) -> Result<Fact<Vec<String>>> {
        const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        let Some(wanted) = wanted else { return Ok(Fact::Absent) };
        let sent = self.aws.elb.describe_load_balancers().names(&wanted.store).send().await;
        let output = fact(ACTION, sent.or_fail("look for the load balancer", ACTION))?;
        Ok(output.map(|output| {
            output.load_balancers().iter().filter_map(|each| each.load_balancer_arn().map(str::to_owned)).collect()
        }))
    }

    /// The service as a consumer sees it, who may use it, and its endpoints.
    async fn service(
        &self,
        name: Option<&str>,
        own: &Fact<EndpointService>,
    ) -> Result<(Fact<EndpointService>, Fact<Vec<Principal>>, Fact<Vec<Endpoint>>)> {
        // The name ends with the id.
        let id = name.and_then(|name| name.rsplit('.').next()).filter(|_| *own != Fact::Absent);
        try_join3(self.offer(name).boxed(), self.principals(id).boxed(), self.endpoints(id).boxed()).await
    }

    async fn offer(&self, name: Option<&str>) -> Result<Fact<EndpointService>> {
        const ACTION: &str = "ec2:DescribeVpcEndpointServices";
        let Some(name) = name else { return Ok(Fact::default()) };
        let ec2 = self.aws.kms_ec2.as_ref().unwrap_or(&self.aws.ec2);
        let sent = ec2.describe_vpc_endpoint_services().service_names(name).send().await;
        let output = fact(ACTION, sent.or_fail("look for the endpoint service as its consumer", ACTION))?;
        Ok(match output {
            Fact::Known(output) => output.service_details().first().map(describe::offer).into(),
            Fact::Absent => Fact::Absent,
            Fact::Unknown(gap) => Fact::Unknown(gap),
        })
    }

    async fn principals(&self, id: Option<&str>) -> Result<Fact<Vec<Principal>>> {
        let Some(id) = id else { return Ok(Fact::Absent) };
        let request = self.aws.ec2.describe_vpc_endpoint_service_permissions().service_id(id);
        let stream = request.into_paginator().send();
        let all = listed("ec2:DescribeVpcEndpointServicePermissions", stream, |page| {
            (page.allowed_principals, page.next_token)
        })
        .await?;
        Ok(all.map(|principals| principals.iter().map(describe::principal).collect()))
    }

    async fn endpoints(&self, id: Option<&str>) -> Result<Fact<Vec<Endpoint>>> {
        let Some(id) = id else { return Ok(Fact::Absent) };
        let request = self.aws.ec2.describe_vpc_endpoint_connections().filters(filter("service-id", [id]));
        let stream = request.into_paginator().send();
        let all = listed("ec2:DescribeVpcEndpointConnections", stream, |page| {
            (page.vpc_endpoint_connections, page.next_token)
        })
        .await?;
        Ok(all.map(|endpoints| endpoints.iter().map(describe::endpoint).collect()))
    }

    /// Load balancers with listeners and attributes, and the target groups behind them.
    async fn balancing(
        &self,
        arns: &[String],
        wanted: Option<&Wanted>,
    ) -> Result<(Fact<Vec<LoadBalancer>>, Fact<Vec<TargetGroup>>)> {
        let behind = arns.iter().map(|arn| self.target_groups(Some(arn.as_str()), None).boxed());
        let named = wanted.map(|wanted| self.target_groups(None, Some(wanted.store.as_str())).boxed());
        let (balancers, groups) =
            try_join(self.load_balancers(arns).boxed(), try_join_all(behind.chain(named))).await?;
        let mut all: Vec<TargetGroup> = Vec::new();
        for groups in groups {
            match groups {
                Fact::Known(groups) => {
                    let new: Vec<_> =
                        groups.into_iter().filter(|group| !all.iter().any(|known| known.arn == group.arn)).collect();
                    all.extend(new);
                }
                Fact::Absent => {}
                Fact::Unknown(gap) => return Ok((balancers, Fact::Unknown(gap))),
            }
        }
        Ok((balancers, Fact::Known(all).or_absent()))
    }

    async fn load_balancers(&self, arns: &[String]) -> Result<Fact<Vec<LoadBalancer>>> {
        const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        if arns.is_empty() {
            return Ok(Fact::Absent);
        }
        let described = async {
            let request = self.aws.elb.describe_load_balancers().set_load_balancer_arns(Some(arns.to_vec()));
            fact(ACTION, request.send().await.or_fail("look at the load balancer", ACTION))
        };
        let details = arns.iter().map(|arn| try_join(self.listeners(arn).boxed(), self.attributes(arn).boxed()));
        let (described, details) = try_join(described, try_join_all(details)).await?;
        Ok(described.map(|output| {
            let mut balancers: Vec<_> = output.load_balancers().iter().map(describe::load_balancer).collect();
            for (arn, (listeners, attributes)) in arns.iter().zip(details) {
                if let Some(balancer) = balancers.iter_mut().find(|balancer| balancer.arn == *arn) {
                    (balancer.listeners, balancer.attributes) = (listeners, attributes);
                }
            }
            balancers
        }))
    }

    async fn listeners(&self, arn: &str) -> Result<Fact<Vec<Listener>>> {
        let stream = self.aws.elb.describe_listeners().load_balancer_arn(arn).into_paginator().send();
        let all =
            listed("elasticloadbalancing:DescribeListeners", stream, |page| (page.listeners, page.next_marker)).await?;
        Ok(all.map(|listeners| listeners.iter().map(describe::listener).collect()))
    }

    async fn attributes(&self, arn: &str) -> Result<Fact<BTreeMap<String, String>>> {
        const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";
        let sent = self.aws.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
        let output = fact(ACTION, sent.or_fail("look at the load balancer", ACTION))?;
        Ok(output.map(|output| describe::attributes(output.attributes().iter().map(|each| (each.key(), each.value())))))
    }

    async fn target_groups(&self, balancer: Option<&str>, name: Option<&str>) -> Result<Fact<Vec<TargetGroup>>> {
        let request = self.aws.elb.describe_target_groups();
        let request = request.set_load_balancer_arn(balancer.map(str::to_owned));
        let stream = request.set_names(name.map(|name| vec![name.to_owned()])).into_paginator().send();
        let all =
            listed("elasticloadbalancing:DescribeTargetGroups", stream, |page| (page.target_groups, page.next_marker))
                .await?;
        Ok(all.map(|groups| groups.iter().map(describe::target_group).collect()))
    }

    /// The network interfaces of load balancers.
    async fn nodes(&self, arns: &[String]) -> Result<Fact<Vec<Interface>>> {
        let short = |arn: &String| arn.split_once(":loadbalancer/").map(|(_, name)| format!("ELB {name}"));
        let descriptions: Vec<String> = arns.iter().filter_map(short).collect();
        if descriptions.is_empty() {
            return Ok(Fact::Absent);
        }
        self.interfaces(&[("description", descriptions)]).await
    }

    async fn interfaces(&self, filters: &[(&str, Vec<String>)]) -> Result<Fact<Vec<Interface>>> {
        let filters = filters.iter().map(|(name, values)| filter(name, values.clone())).collect();
        let request = self.aws.ec2.describe_network_interfaces().set_filters(Some(filters));
        let stream = request.into_paginator().send();
        let all =
            listed("ec2:DescribeNetworkInterfaces", stream, |page| (page.network_interfaces, page.next_token)).await?;
        Ok(all.map(|interfaces| interfaces.iter().map(describe::interface).collect()))
    }

    async fn network(&self, vpc: &Fact<String>) -> Result<Network> {
        let Fact::Known(id) = vpc else {
            return Ok(Network {
                vpc: vpc.lacking(),
                subnets: vpc.lacking(),
                route_tables: vpc.lacking(),
                acls: vpc.lacking(),
                groups: vpc.lacking(),
            });
        };
        let (vpc, subnets, route_tables, acls, groups) = try_join5(
            self.vpc(id).boxed(),
            self.subnets(id).boxed(),
            self.route_tables(id).boxed(),
            self.acls(id).boxed(),
            self.security_groups(id).boxed(),
        )
        .await?;
        Ok(Network { vpc, subnets, route_tables, acls, groups })
    }

    async fn vpc(&self, id: &str) -> Result<Fact<Vpc>> {
        let stream = self.aws.ec2.describe_vpcs().filters(filter("vpc-id", [id])).into_paginator().send();
        let (described, support, names) = try_join3(
            listed("ec2:DescribeVpcs", stream, |page| (page.vpcs, page.next_token)).boxed(),
            self.vpc_attribute(id, VpcAttributeName::EnableDnsSupport).boxed(),
            self.vpc_attribute(id, VpcAttributeName::EnableDnsHostnames).boxed(),
        )
        .await?;
        let vpc = described.or_absent().map(|vpcs| vpcs.first().map(describe::vpc).unwrap_or_default());
        Ok(vpc.map(|vpc| Vpc { dns_support: support, dns_host_names: names, ..vpc }))
    }

    async fn vpc_attribute(&self, id: &str, name: VpcAttributeName) -> Result<Fact<bool>> {
        const ACTION: &str = "ec2:DescribeVpcAttribute";
        let sent = self.aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(name).send().await;
        let output = fact(ACTION, sent.or_fail("look at the DNS attributes of the VPC", ACTION))?;
        Ok(output.map(|output| {
            let value = output.enable_dns_support.or(output.enable_dns_hostnames);
            value.and_then(|value| value.value).unwrap_or_default()
        }))
    }

    async fn subnets(&self, vpc: &str) -> Result<Fact<Vec<Subnet>>> {
        let stream = self.aws.ec2.describe_subnets().filters(filter("vpc-id", [vpc])).into_paginator().send();
        let all = listed("ec2:DescribeSubnets", stream, |page| (page.subnets, page.next_token)).await?;
        Ok(all.map(|subnets| subnets.iter().map(describe::subnet).collect()))
    }

    async fn route_tables(&self, vpc: &str) -> Result<Fact<Vec<RouteTable>>> {
        let stream = self.aws.ec2.describe_route_tables().filters(filter("vpc-id", [vpc])).into_paginator().send();
        let all = listed("ec2:DescribeRouteTables", stream, |page| (page.route_tables, page.next_token)).await?;
        Ok(all.map(|tables| tables.iter().map(describe::route_table).collect()))
    }

    async fn acls(&self, vpc: &str) -> Result<Fact<Vec<NetworkAcl>>> {
        let stream = self.aws.ec2.describe_network_acls().filters(filter("vpc-id", [vpc])).into_paginator().send();
        let all = listed("ec2:DescribeNetworkAcls", stream, |page| (page.network_acls, page.next_token)).await?;
        Ok(all.map(|acls| acls.iter().map(describe::network_acl).collect()))
    }

    async fn security_groups(&self, vpc: &str) -> Result<Fact<Vec<SecurityGroup>>> {
        let stream = self.aws.ec2.describe_security_groups().filters(filter("vpc-id", [vpc])).into_paginator().send();
        let all = listed("ec2:DescribeSecurityGroups", stream, |page| (page.security_groups, page.next_token)).await?;
        Ok(all.map(|groups| groups.iter().map(describe::security_group).collect()))
    }

    /// Target groups with their targets and attributes.
    async fn target_details(&self, groups: &Fact<Vec<TargetGroup>>) -> Result<Fact<Vec<TargetGroup>>> {
        const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
        const ATTRIBUTES: &str = "elasticloadbalancing:DescribeTargetGroupAttributes";
        let Fact::Known(groups) = groups else { return Ok(groups.clone()) };
        let details = groups.iter().map(|group| {
            let health = self.aws.elb.describe_target_health().target_group_arn(&group.arn);
            let attributes = self.aws.elb.describe_target_group_attributes().target_group_arn(&group.arn);
            let health = async { fact(HEALTH, health.send().await.or_fail("look at the targets", HEALTH)) };
            let attributes =
                async { fact(ATTRIBUTES, attributes.send().await.or_fail("look at the target group", ATTRIBUTES)) };
            try_join(health.boxed(), attributes.boxed())
        });
        let detailed =
            groups.iter().zip(try_join_all(details).await?).map(|(group, (health, attributes))| TargetGroup {
                targets: health
                    .map(|output| output.target_health_descriptions().iter().map(describe::target).collect()),
                attributes: attributes.map(|output| {
                    describe::attributes(output.attributes().iter().map(|each| (each.key(), each.value())))
                }),
                ..group.clone()
            });
        Ok(Fact::Known(detailed.collect()))
    }

    /// Load balancers whose listeners have their attributes.
    async fn listener_details(&self, balancers: &Fact<Vec<LoadBalancer>>) -> Result<Fact<Vec<LoadBalancer>>> {
        const ACTION: &str = "elasticloadbalancing:DescribeListenerAttributes";
        let Fact::Known(balancers) = balancers else { return Ok(balancers.clone()) };
        let mut balancers = balancers.clone();
        let listeners: Vec<&mut Listener> = balancers
            .iter_mut()
            .filter_map(|balancer| match &mut balancer.listeners {
                Fact::Known(listeners) => Some(listeners),
                Fact::Absent | Fact::Unknown(_) => None,
            })
            .flatten()
            .collect();
        let read = listeners.into_iter().map(|listener| async move {
            let sent = self.aws.elb.describe_listener_attributes().listener_arn(&listener.arn).send().boxed().await;
            let output = fact(ACTION, sent.or_fail("look at the listener", ACTION))?;
            listener.attributes = output
                .map(|output| describe::attributes(output.attributes().iter().map(|each| (each.key(), each.value()))));
            Ok::<_, crate::Error>(())
        });
        try_join_all(read).await?;
        Ok(Fact::Known(balancers))
    }
}

impl Facts {
    /// A service of another account is known by what it offers to consumers; its owner alone sees what is behind it.
    fn take_offer(&mut self) {
        if let (Fact::Known(service), Fact::Known(account)) = (&mut self.service, &self.account) {
            service.owner.clone_from(account);
            return;
        }
        let Fact::Known(offer) = &self.offer else { return };
        let gap = Gap::OtherAccount { account: offer.owner.clone() };
        let ours = self.account.known() == Some(&offer.owner);
        self.service = Fact::Known(offer.clone());
        if !ours {
            (self.principals, self.endpoints) = (Fact::Unknown(gap.clone()), Fact::Unknown(gap.clone()));
            self.cannot_see_behind(&gap);
        }
    }

    /// Nothing is known of what is behind the endpoint service.
    fn cannot_see_behind(&mut self, gap: &Gap) {
        fn hide<T>(fact: &mut Fact<T>, gap: &Gap) {
            *fact = Fact::Unknown(gap.clone());
        }
        hide(&mut self.load_balancers, gap);
        hide(&mut self.target_groups, gap);
        hide(&mut self.interfaces, gap);
        hide(&mut self.vpc, gap);
        hide(&mut self.subnets, gap);
        hide(&mut self.route_tables, gap);
        hide(&mut self.network_acls, gap);
        hide(&mut self.security_groups, gap);
    }

    /// Addresses of targets in the VPC, or of the proxies that are to be targets: they may have security groups.
    fn proxies_in_vpc(&self) -> Vec<String> {
        let Some(vpc) = self.vpc.known() else { return Vec::new() };
        let targets =
            self.target_groups.known().into_iter().flatten().filter_map(|group| group.targets.known()).flatten();
        let mut addresses: Vec<Ipv4Addr> = targets.filter_map(|target| target.id.parse().ok()).collect();
        if let (Fact::Absent, Some(wanted)) = (&self.target_groups, &self.wanted) {
            addresses.clone_from(&wanted.proxies);
        }
        let inside = |address: &Ipv4Addr| vpc.ranges.iter().any(|range| range.contains(address));
        addresses.iter().filter(|address| inside(address)).map(ToString::to_string).collect()
    }
}
