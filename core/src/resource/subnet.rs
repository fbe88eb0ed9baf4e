//! A private subnet in one zone. A store has one in each of its zones, at least two (NET-01).

use std::time::Duration;

use aws_sdk_ec2::types::{self, Filter, ResourceType, SubnetState};
use ipnet::Ipv4Net;
use serde::Serialize;

use super::vpc::Vpc;
use super::{Change, Kind, Resource, compare, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Look, Wait, until};
use crate::aws::{create, one_attempt};
use crate::desired::Desired;
use crate::error::{Error, Result};
use crate::observed::Observed;

/// A subnet of our own; its key is the zone id.
pub(crate) struct Subnet;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) cidr: Ipv4Net,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) vpc_id: String,
    pub(crate) cidr: Ipv4Net,
    pub(crate) zone_id: String,
    /// Addresses still free; the load balancer needs eight (NET-08). Left out of the comparison.
    #[serde(skip)]
    pub(crate) free_addresses: i32,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Seen {
    pub(crate) fn read(subnet: &types::Subnet) -> Option<Self> {
        Some(Self {
            id: subnet.subnet_id()?.to_owned(),
            vpc_id: subnet.vpc_id()?.to_owned(),
            cidr: subnet.cidr_block()?.parse().ok()?,
            zone_id: subnet.availability_zone_id()?.to_owned(),
            free_addresses: subnet.available_ip_address_count().unwrap_or_default(),
            tags: tags::from_ec2(subnet.tags()),
        })
    }
}

impl Resource for Subnet {
    const KIND: Kind = Kind::Subnet;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, key: &str) -> Option<&'a Want> {
        desired.subnets.get(key)
    }

    fn seen<'a>(observed: &'a Observed, key: &str) -> Option<&'a Seen> {
        observed.subnets.get(key)
    }

    fn fold(observed: &mut Observed, key: &str, seen: Option<Seen>) {
        match seen {
            Some(seen) => drop(observed.subnets.insert(key.to_owned(), seen)),
            None => drop(observed.subnets.remove(key)),
        }
    }

    fn describe(want: &Want) -> String {
        format!("{}, private", want.cidr)
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, _: &Observed) -> Vec<Change> {
        let cidr = compare("cidr", &seen.cidr, &want.cidr).map(Change::replacing);
        cidr.into_iter().chain(compare_tags(&seen.tags, &want.tags)).collect()
    }

    async fn create(cx: &Context, zone: &str, want: &Want) -> Result<Seen> {
        let vpc = cx.parent::<Vpc>()?;
        let create = || known(cx, &[Kind::Vpc], || create_subnet(cx, &vpc.id, zone, want));
        let made = create::once(cx, create, || find(cx, &vpc.id, want)).await?;
        match ready(&made)? {
            Look::Done(seen) => Ok(seen),
            Look::NotYet(_) | Look::Missing => {
                until(cx, READY, || available(cx, made.subnet_id().unwrap_or_default())).await
            }
        }
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_ec2(&seen.id, &seen.tags, &want.tags).await?;
        Ok(Seen { tags: want.tags.clone(), ..seen.clone() })
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.ec2.delete_subnet().subnet_id(&seen.id).send().await;
            sent.or_fail("delete the subnet", "ec2:DeleteSubnet").map(drop)
        };
        let still = || async { Ok(look(cx, &[("subnet-id", &seen.id)]).await?.map(|_| "still there".to_owned())) };
        delete(cx, DELETE, request, still).await
    }
}

const READY: Wait =
    Wait { until: "the subnet is available", usual: Duration::from_secs(2), limit: Duration::from_secs(300) };

const DELETE: Delete = Delete {
    until: "the subnet is gone",
    busy: &["DependencyViolation"],
    gone: &["InvalidSubnetID.NotFound"],
    usual: Duration::from_secs(2),
};

async fn create_subnet(cx: &Context, vpc_id: &str, zone: &str, want: &Want) -> Result<types::Subnet> {
    let request = cx
        .aws
        .ec2
        .create_subnet()
        .vpc_id(vpc_id)
        .cidr_block(want.cidr.to_string())
        // AWS may choose the same zone twice when it is left to choose.
        .availability_zone_id(zone)
        .tag_specifications(tags::specification(ResourceType::Subnet, &want.tags));
    let once = aws_sdk_ec2::config::Config::builder().retry_config(one_attempt());
    let sent = request.customize().config_override(once).send().await;
    sent.or_fail("create the subnet", "ec2:CreateSubnet")?
        .subnet
        .ok_or_else(|| Error::incomplete("CreateSubnet", "Subnet"))
}

/// The range is unique in a VPC, so it finds the subnet of a lost answer.
async fn find(cx: &Context, vpc_id: &str, want: &Want) -> Result<Option<types::Subnet>> {
    let (mark, cidr) = (format!("tag:{}", tags::STORE), want.cidr.to_string());
    look(cx, &[("vpc-id", vpc_id), ("cidr-block", &cidr), (&mark, &cx.store)]).await
}

async fn available(cx: &Context, id: &str) -> Result<Look<Seen>> {
    match look(cx, &[("subnet-id", id)]).await? {
        Some(subnet) => ready(&subnet),
        None => Ok(Look::Missing),
    }
}

fn ready(subnet: &types::Subnet) -> Result<Look<Seen>> {
    match subnet.state() {
        Some(SubnetState::Available) => Seen::read(subnet)
            .map(Look::Done)
            .ok_or_else(|| Error::incomplete("DescribeSubnets", "SubnetId, VpcId, CidrBlock or AvailabilityZoneId")),
        state => Ok(Look::NotYet(state.map_or("unknown", SubnetState::as_str).to_owned())),
    }
}

async fn look(cx: &Context, filters: &[(&str, &str)]) -> Result<Option<types::Subnet>> {
    let filters = filters.iter().map(|(name, value)| Filter::builder().name(*name).values(*value).build()).collect();
    let sent = cx.aws.ec2.describe_subnets().set_filters(Some(filters)).send().await;
    let output = sent.or_fail("look for the subnet", "ec2:DescribeSubnets")?;
    Ok(output.subnets.unwrap_or_default().into_iter().next())
}
