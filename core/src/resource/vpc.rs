//! The VPC, with DNS support and DNS host names on (NET-05).

use std::time::Duration;

use aws_sdk_ec2::types::{self, AttributeBooleanValue, Filter, ResourceType, VpcState};
use ipnet::Ipv4Net;
use serde::Serialize;

use super::{Change, Kind, Resource, ResourceId, compare, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Look, Wait, until};
use crate::aws::{create, one_attempt};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// A VPC of our own.
pub(crate) struct Vpc;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) cidr: Ipv4Net,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) cidrs: Vec<Ipv4Net>,
    pub(crate) dns_support: bool,
    pub(crate) dns_hostnames: bool,
    /// Whether we made it; an adopted VPC is never changed.
    pub(crate) ours: bool,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Seen {
    /// A VPC as EC2 describes it; its DNS attributes come from calls of their own.
    pub(crate) fn read(vpc: &types::Vpc, dns_support: bool, dns_hostnames: bool, ours: bool) -> Option<Self> {
        let associated = vpc.cidr_block_association_set().iter().filter_map(|each| each.cidr_block());
        let mut cidrs: Vec<Ipv4Net> =
            vpc.cidr_block().into_iter().chain(associated).filter_map(|cidr| cidr.parse().ok()).collect();
        cidrs.dedup();
        Some(Self {
            id: vpc.vpc_id()?.to_owned(),
            cidrs,
            dns_support,
            dns_hostnames,
            ours,
            tags: tags::from_ec2(vpc.tags()),
        })
    }
}

impl Resource for Vpc {
    const KIND: Kind = Kind::Vpc;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, duplicate: &str) -> Option<&'a Want> {
        desired.vpc.as_ref().filter(|_| duplicate.is_empty())
    }

    fn seen<'a>(observed: &'a Observed, duplicate: &str) -> Option<&'a Seen> {
        if duplicate.is_empty() { observed.vpc.as_ref() } else { observed.duplicate_vpcs.get(duplicate) }
    }

    fn fold(observed: &mut Observed, duplicate: &str, seen: Option<Seen>) {
        if duplicate.is_empty() {
            observed.vpc = seen;
        } else {
            observed.duplicate_vpcs.remove(duplicate);
        }
    }

    fn describe(want: &Want) -> String {
        format!("{}, DNS support and DNS host names on", want.cidr)
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, _: &Observed) -> Vec<Change> {
        let primary = seen.cidrs.first().copied().unwrap_or(want.cidr);
        [
            compare("cidr", &primary, &want.cidr).map(Change::replacing),
            compare("dns_support", &seen.dns_support, &true),
            compare("dns_hostnames", &seen.dns_hostnames, &true),
        ]
        .into_iter()
        .flatten()
        .chain(compare_tags(&seen.tags, &want.tags))
        .collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        // CreateVpc has neither client token nor natural key: the tag is how we find it again.
        // Its DNS attributes are an update of their own, so that what goes into the VPC need not wait for them.
        let made = create::once(cx, || create_vpc(cx, want), || find(cx)).await?;
        match ready(&made)? {
            Look::Done(seen) => Ok(seen),
            Look::NotYet(_) | Look::Missing => {
                until(cx, READY, || available(cx, made.vpc_id().unwrap_or_default())).await
            }
        }
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_ec2(&seen.id, &seen.tags, &want.tags).await?;
        set_dns(cx, &Seen { tags: want.tags.clone(), ..seen.clone() }).await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.ec2.delete_vpc().vpc_id(&seen.id).send().await;
            sent.or_fail("delete the VPC", "ec2:DeleteVpc").map(drop)
        };
        // Whatever is in a duplicate was put there by others, and nobody takes it out.
        let duplicate = cx.resource.as_ref().is_some_and(ResourceId::is_duplicate);
        let how = if duplicate { Delete { busy: &[], ..DELETE } } else { DELETE };
        delete(cx, how, request, || async { Ok(look(cx, "vpc-id", &seen.id).await?.map(|_| "still there".to_owned())) })
            .await
    }
}

/// How many things of others a refusal names.
const NAMED: usize = 4;

/// The refusal to remove a VPC that others use, given before anything of the network goes.
pub(crate) fn in_use(id: &str, others: &[String]) -> Error {
    let more = others.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let named: Vec<&str> = others.iter().take(NAMED).map(String::as_str).collect();
    Error::new(
        ErrorKind::NotOurs,
        format!("VPC `{id}` would go, but others use it: {}{more}", named.join(", ")),
        "tear down the stores that adopted the VPC, or have the owners remove what is named; nothing was changed",
    )
    .with_resource(ResourceId::new(Kind::Vpc, ""))
}

const READY: Wait =
    Wait { until: "the VPC is available", usual: Duration::from_secs(2), limit: Duration::from_secs(300) };

const DELETE: Delete = Delete {
    until: "the VPC is gone",
    busy: &["DependencyViolation"],
    gone: &["InvalidVpcID.NotFound"],
    usual: Duration::from_secs(2),
};

async fn create_vpc(cx: &Context, want: &Want) -> Result<types::Vpc> {
    let request = cx
        .aws
        .ec2
        .create_vpc()
        .cidr_block(want.cidr.to_string())
        .tag_specifications(tags::specification(ResourceType::Vpc, &want.tags));
    let once = aws_sdk_ec2::config::Config::builder().retry_config(one_attempt());
    let output = request.customize().config_override(once).send().await.or_fail("create the VPC", "ec2:CreateVpc")?;
    output.vpc.ok_or_else(|| Error::incomplete("CreateVpc", "Vpc"))
}

async fn find(cx: &Context) -> Result<Option<types::Vpc>> {
    look(cx, &format!("tag:{}", tags::STORE), &cx.store).await
}

async fn available(cx: &Context, id: &str) -> Result<Look<Seen>> {
    match look(cx, "vpc-id", id).await? {
        Some(vpc) => ready(&vpc),
        None => Ok(Look::Missing),
    }
}

fn ready(vpc: &types::Vpc) -> Result<Look<Seen>> {
    if vpc.state() != Some(&VpcState::Available) {
        return Ok(Look::NotYet(vpc.state().map_or("unknown", VpcState::as_str).to_owned()));
    }
    // A VPC made by the API has DNS support on and DNS host names off.
    Seen::read(vpc, true, false, true).map(Look::Done).ok_or_else(|| Error::incomplete("DescribeVpcs", "VpcId"))
}

async fn look(cx: &Context, filter: &str, value: &str) -> Result<Option<types::Vpc>> {
    let filter = Filter::builder().name(filter).values(value).build();
    let output =
        cx.aws.ec2.describe_vpcs().filters(filter).send().await.or_fail("look for the VPC", "ec2:DescribeVpcs")?;
    Ok(output.vpcs.unwrap_or_default().into_iter().next())
}

/// DNS support first, then host names: EC2 refuses the second without the first, and takes one attribute per call.
async fn set_dns(cx: &Context, seen: &Seen) -> Result<Seen> {
    let on = || AttributeBooleanValue::builder().value(true).build();
    let modify = || cx.aws.ec2.modify_vpc_attribute().vpc_id(&seen.id);
    if !seen.dns_support {
        let request = || modify().enable_dns_support(on()).send();
        known(cx, &[Kind::Vpc], || async { request().await.or_fail("turn on DNS support", "ec2:ModifyVpcAttribute") })
            .await?;
    }
    if !seen.dns_hostnames {
        let request = || modify().enable_dns_hostnames(on()).send();
        known(cx, &[Kind::Vpc], || async {
            request().await.or_fail("turn on DNS host names", "ec2:ModifyVpcAttribute")
        })
        .await?;
    }
    Ok(Seen { dns_support: true, dns_hostnames: true, ..seen.clone() })
}
