//! What others have in a VPC of ours. Read only before the VPC is to go: AWS itself would say so when all else is gone.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{self, ResourceType};
use futures_util::FutureExt;
use futures_util::future::try_join;

use super::marked::Marked;
use super::{Ours, filter};
use crate::aws::Aws;
use crate::aws::pages;
use crate::aws::tags::{self, STORE};
use crate::error::Result;

/// What others have in a VPC of the store.
pub(crate) async fn others_in(aws: &Aws, store: &str, vpc_id: &str) -> Result<Vec<String>> {
    let ours = Ours { aws, store };
    let marked = ours.marked().boxed().await?;
    Ok(ours.others(&[vpc_id.to_owned()], &marked).await?.remove(vpc_id).unwrap_or_default())
}

impl Ours<'_> {
    /// Subnets and network interfaces of others, by VPC: id and what AWS says of them.
    pub(super) async fn others(&self, vpc_ids: &[String], marked: &Marked) -> Result<BTreeMap<String, Vec<String>>> {
        if vpc_ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let Self { aws, store } = *self;
        let (subnets, interfaces) = try_join(subnets(aws, vpc_ids).boxed(), interfaces(aws, vpc_ids).boxed()).await?;
        let balancer = format!("ELB net/{store}/");
        let attachments = marked.of(&ResourceType::TransitGatewayAttachment);
        // Interfaces of a load balancer or an attachment outlive it by a minute, and carry no tags: their description tells.
        let serves_us = |interface: &&types::NetworkInterface| {
            let description = interface.description().unwrap_or_default();
            description.starts_with(&balancer) || attachments.iter().any(|id| description.ends_with(id))
        };
        let marked =
            |subnet: &&types::Subnet| tags::from_ec2(subnet.tags()).get(STORE).is_some_and(|name| name == store);
        let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for subnet in subnets.iter().filter(|subnet| !marked(subnet)) {
            let (id, range) = (subnet.subnet_id().unwrap_or_default(), subnet.cidr_block().unwrap_or_default());
            others
                .entry(subnet.vpc_id().unwrap_or_default().to_owned())
                .or_default()
                .push(format!("subnet `{id}` ({range})"));
        }
        for interface in interfaces.iter().filter(|interface| !serves_us(interface)) {
            let id = interface.network_interface_id().unwrap_or_default();
            let description = interface.description().filter(|text| !text.is_empty()).unwrap_or("no description");
            let vpc_id = interface.vpc_id().unwrap_or_default().to_owned();
            others.entry(vpc_id).or_default().push(format!("network interface `{id}` ({description})"));
        }
        Ok(others)
    }
}

async fn subnets(aws: &Aws, vpc_ids: &[String]) -> Result<Vec<types::Subnet>> {
    let stream = aws.ec2.describe_subnets().filters(filter("vpc-id", vpc_ids)).into_paginator().send();
    pages::all("look for subnets of others", "ec2:DescribeSubnets", stream, |page| (page.subnets, page.next_token))
        .await
}

async fn interfaces(aws: &Aws, vpc_ids: &[String]) -> Result<Vec<types::NetworkInterface>> {
    let stream = aws.ec2.describe_network_interfaces().filters(filter("vpc-id", vpc_ids)).into_paginator().send();
    pages::all("look for network interfaces of others", "ec2:DescribeNetworkInterfaces", stream, |page| {
        (page.network_interfaces, page.next_token)
    })
    .await
}
