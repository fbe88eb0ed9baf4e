//! The internal Network Load Balancer over all subnets (NLB-01 … NLB-05, NLB-08 … NLB-10).

use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::types::{
    self, EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum as Enforce, IpAddressType, LoadBalancerAttribute,
    LoadBalancerSchemeEnum, LoadBalancerStateEnum as State, LoadBalancerTypeEnum,
};
use futures_util::future::try_join;
use serde::Serialize;

use super::{Change, Kind, Resource, compare, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Look, Wait, until};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The load balancer.
pub(crate) struct LoadBalancer;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) name: String,
    /// Zones it serves.
    pub(crate) zones: Vec<String>,
    /// Whether it has our security group; AWS gives none to a load balancer without, and never takes the last.
    pub(crate) security_group: bool,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) arn: String,
    pub(crate) state: String,
    pub(crate) scheme: String,
    pub(crate) sort: String,
    pub(crate) ip_address_type: String,
    /// Subnets, sorted.
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    /// Whether inbound rules apply to PrivateLink traffic; AWS leaves it out without security groups.
    pub(crate) enforces_private_link_rules: bool,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Seen {
    pub(crate) fn read(balancer: &types::LoadBalancer, tags: Tags) -> Option<Self> {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let mut subnets: Vec<String> =
            balancer.availability_zones().iter().filter_map(|zone| zone.subnet_id()).map(str::to_owned).collect();
        subnets.sort();
        let security_groups = balancer.security_groups().to_vec();
        let enforce = balancer.enforce_security_group_inbound_rules_on_private_link_traffic();
        Some(Self {
            arn: balancer.load_balancer_arn()?.to_owned(),
            state: text(balancer.state().and_then(|state| state.code()).map(State::as_str)),
            scheme: text(balancer.scheme().map(LoadBalancerSchemeEnum::as_str)),
            sort: text(balancer.r#type().map(LoadBalancerTypeEnum::as_str)),
            ip_address_type: text(balancer.ip_address_type().map(IpAddressType::as_str)),
            subnets,
            enforces_private_link_rules: !security_groups.is_empty() && enforce != Some(Enforce::Off.as_str()),
            security_groups,
            tags,
        })
    }

    fn serves(&self, zone: &str, observed: &Observed) -> bool {
        observed.subnets.get(zone).is_some_and(|subnet| self.subnets.contains(&subnet.id))
    }

    /// Whether it routes; an impaired one does, it only cannot grow.
    fn is_active(&self) -> bool {
        self.state == State::Active.as_str() || self.state == State::ActiveImpaired.as_str()
    }

    /// `net/<name>/<id>`, as network interfaces name it in their description.
    fn short_name(&self) -> &str {
        self.arn.split_once(":loadbalancer/").map_or(self.arn.as_str(), |(_, name)| name)
    }
}

/// A Network Load Balancer usually takes two to three minutes.
pub(crate) const USUAL: Duration = Duration::from_secs(150);

/// Its network interfaces are gone about a minute after it.
pub(crate) const RELEASE: Duration = Duration::from_secs(60);

impl Resource for LoadBalancer {
    const KIND: Kind = Kind::LoadBalancer;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.load_balancer.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.load_balancer.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        if seen.is_none() {
            observed.listener = None;
        }
        observed.load_balancer = seen;
    }

    fn describe(want: &Want) -> String {
        format!("`{}`, network, internal, IPv4, over all subnets", want.name)
    }

    fn id(seen: &Seen) -> String {
        seen.arn.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let fixed = [
            compare("type", &seen.sort.as_str(), &"network"),
            compare("scheme", &seen.scheme.as_str(), &"internal"),
            (seen.state == State::Failed.as_str()).then(|| Change::new("state", &seen.state, "active")),
            match (want.security_group, seen.security_groups.is_empty()) {
                (true, true) => Some(Change::new("security_group", "none", "own")),
                (false, false) => Some(Change::new("security_group", seen.security_groups.join(", "), "none")),
                _ => None,
            },
        ];
        let provisioning = seen.state == State::Provisioning.as_str();
        let changeable = [
            provisioning.then(|| Change::new("state", &seen.state, "active")),
            compare("ip_address_type", &seen.ip_address_type.as_str(), &"ipv4"),
            seen.enforces_private_link_rules.then(|| Change::new("inbound_rules_on_private_link", "on", "off")),
        ];
        let missing = want.zones.iter().filter(|zone| !seen.serves(zone, observed));
        let extra = observed
            .subnets
            .iter()
            .filter(|(zone, subnet)| !want.zones.contains(zone) && seen.subnets.contains(&subnet.id));
        fixed
            .into_iter()
            .flatten()
            .map(Change::replacing)
            .chain(changeable.into_iter().flatten())
            .chain(missing.map(|zone| Change::new("zone", "", zone)))
            // Endpoints hold the zones that they use.
            .chain(extra.map(|(zone, _)| Change::new("zone", zone, "").disconnecting()))
            .chain(compare_tags(&seen.tags, &want.tags))
            .collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let groups = cx.observed.security_group.as_ref().filter(|_| want.security_group);
        let groups = groups.map(|group| vec![group.id.clone()]);
        let request = cx
            .aws
            .elb
            .create_load_balancer()
            .name(&want.name)
            .r#type(LoadBalancerTypeEnum::Network)
            // The API's own default is internet-facing.
            .scheme(LoadBalancerSchemeEnum::Internal)
            .ip_address_type(IpAddressType::Ipv4)
            .set_subnets(Some(subnets(cx, want)))
            .set_security_groups(groups)
            .set_tags(Some(tags::elb(&want.tags)));
        let create = || async {
            let sent = request.clone().send().await;
            sent.or_fail("create the load balancer", "elasticloadbalancing:CreateLoadBalancer")
        };
        let output =
            known(cx, &[Kind::Subnet, Kind::SecurityGroup], create).await.map_err(|error| taken(error, &want.name))?;
        let balancer = output.load_balancers().first();
        let seen = balancer.and_then(|balancer| Seen::read(balancer, want.tags.clone()));
        let seen = seen.ok_or_else(|| Error::incomplete("CreateLoadBalancer", "LoadBalancerArn"))?;
        let seen = let_private_link_in(cx, seen).await?;
        active(cx, seen).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_elb(&seen.arn, &seen.tags, &want.tags).await?;
        let mut seen = let_private_link_in(cx, Seen { tags: want.tags.clone(), ..seen.clone() }).await?;
        if seen.ip_address_type != IpAddressType::Ipv4.as_str() {
            let request =
                cx.aws.elb.set_ip_address_type().load_balancer_arn(&seen.arn).ip_address_type(IpAddressType::Ipv4);
            let sent = request.send().await;
            sent.or_fail("set the IP address type of the load balancer", "elasticloadbalancing:SetIpAddressType")?;
            seen.ip_address_type = IpAddressType::Ipv4.as_str().to_owned();
        }
        set_subnets(cx, want, &mut seen).await?;
        active(cx, seen).await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.elb.delete_load_balancer().load_balancer_arn(&seen.arn).send().await;
            match sent.or_fail("delete the load balancer", "elasticloadbalancing:DeleteLoadBalancer") {
                Err(error) if error.is_code(&["OperationNotPermitted"]) => {
                    unprotect(cx, &seen.arn).await?;
                    Err(error)
                }
                other => other.map(drop),
            }
        };
        // Its network interfaces outlive it and hold subnets, security group and VPC.
        let still = || async {
            let (balancer, interfaces) = try_join(still_there(cx, seen), interfaces_left(cx, seen)).await?;
            let left = (interfaces > 0).then(|| format!("{interfaces} network interfaces left"));
            Ok(balancer.or(left))
        };
        delete(cx, DELETE, request, still).await
    }
}

const DELETE: Delete = Delete {
    until: "the load balancer and its network interfaces are gone",
    // The endpoint service that held it lets go a little after its own deletion.
    busy: &["ResourceInUse", "OperationNotPermitted"],
    gone: &["LoadBalancerNotFound"],
    usual: RELEASE,
};

const ACTIVE: Wait = Wait { until: "the load balancer is active", usual: USUAL, limit: Duration::from_secs(15 * 60) };

/// With enforcement on, inbound rules would be held against the private address of KMS, which nobody can know.
async fn let_private_link_in(cx: &Context, seen: Seen) -> Result<Seen> {
    if !seen.enforces_private_link_rules {
        return Ok(seen);
    }
    let request = cx
        .aws
        .elb
        .set_security_groups()
        .load_balancer_arn(&seen.arn)
        .set_security_groups(Some(seen.security_groups.clone()))
        .enforce_security_group_inbound_rules_on_private_link_traffic(Enforce::Off);
    known(cx, &[Kind::LoadBalancer, Kind::SecurityGroup], || async {
        let sent = request.clone().send().await;
        sent.or_fail("let PrivateLink traffic into the load balancer", "elasticloadbalancing:SetSecurityGroups")
    })
    .await?;
    Ok(Seen { enforces_private_link_rules: false, ..seen })
}

fn subnets(cx: &Context, want: &Want) -> Vec<String> {
    let mut ids: Vec<String> =
        want.zones.iter().filter_map(|zone| cx.observed.subnets.get(zone)).map(|subnet| subnet.id.clone()).collect();
    ids.sort();
    ids
}

/// SetSubnets takes the whole set. Subnets can be added while an endpoint service holds the load balancer; AWS refuses
/// to take one away while endpoints use its zone.
async fn set_subnets(cx: &Context, want: &Want, seen: &mut Seen) -> Result<()> {
    let wanted = subnets(cx, want);
    if wanted == seen.subnets {
        return Ok(());
    }
    let request = cx.aws.elb.set_subnets().load_balancer_arn(&seen.arn).set_subnets(Some(wanted.clone()));
    known(cx, &[Kind::Subnet], || async {
        let sent = request.clone().send().await;
        sent.or_fail("set the subnets of the load balancer", "elasticloadbalancing:SetSubnets")
    })
    .await?;
    seen.subnets = wanted;
    Ok(())
}

async fn active(cx: &Context, seen: Seen) -> Result<Seen> {
    if seen.is_active() {
        return Ok(seen);
    }
    until(cx, ACTIVE, || async {
        let sent = cx.aws.elb.describe_load_balancers().load_balancer_arns(&seen.arn).send().await;
        let found = match sent.or_fail("look at the load balancer", "elasticloadbalancing:DescribeLoadBalancers") {
            Err(error) if error.is_code(DELETE.gone) => return Ok(Look::Missing),
            other => other?,
        };
        let now = found.load_balancers().first().and_then(|balancer| Seen::read(balancer, seen.tags.clone()));
        let reason = found.load_balancers().first().and_then(|each| each.state()).and_then(|state| state.reason());
        match now {
            Some(now) if now.is_active() => Ok(Look::Done(now)),
            Some(now) if now.state == State::Failed.as_str() => Err(failed(reason)),
            Some(now) => Ok(Look::NotYet(now.state)),
            None => Ok(Look::Missing),
        }
    })
    .await
}

fn failed(reason: Option<&str>) -> Error {
    Error::new(
        ErrorKind::Aws,
        format!("the load balancer ended as `failed`: {}", reason.unwrap_or("no reason given")),
        "clear the reason, then plan again: the load balancer will be replaced",
    )
}

async fn still_there(cx: &Context, seen: &Seen) -> Result<Option<String>> {
    let sent = cx.aws.elb.describe_load_balancers().load_balancer_arns(&seen.arn).send().await;
    match sent.or_fail("look for the load balancer", "elasticloadbalancing:DescribeLoadBalancers") {
        Ok(output) => Ok(output.load_balancers().first().map(|_| "still there".to_owned())),
        Err(error) if error.is_code(DELETE.gone) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn interfaces_left(cx: &Context, seen: &Seen) -> Result<usize> {
    let description = format!("ELB {}", seen.short_name());
    let filter = Filter::builder().name("description").values(description).build();
    let sent = cx.aws.ec2.describe_network_interfaces().filters(filter).send().await;
    let output = sent.or_fail("look for network interfaces of the load balancer", "ec2:DescribeNetworkInterfaces")?;
    Ok(output.network_interfaces().len())
}

async fn unprotect(cx: &Context, arn: &str) -> Result<()> {
    let off = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value("false").build();
    let sent = cx.aws.elb.modify_load_balancer_attributes().load_balancer_arn(arn).attributes(off).send().await;
    sent.or_fail("turn off deletion protection", "elasticloadbalancing:ModifyLoadBalancerAttributes").map(drop)
}

fn taken(error: Error, name: &str) -> Error {
    if !error.is_code(&["DuplicateLoadBalancerName"]) {
        return error;
    }
    Error::new(
        ErrorKind::NotOurs,
        format!("load balancer `{name}` exists with other settings"),
        "plan again; if the load balancer is not ours, rename the store or delete it",
    )
    .with_aws(error.aws_code(), error.request_id())
}
