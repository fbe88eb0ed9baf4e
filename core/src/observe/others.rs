//! What others have in a VPC of ours. Read only before the VPC is to go: AWS itself would say so when all else is gone.

use aws_sdk_ec2::types::{self, ResourceType};
use futures_util::FutureExt;
use futures_util::future::try_join3;

use super::{Ours, filter};
use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::aws::tags::{self, STORE};
use crate::error::Result;

/// Subnets and network interfaces of others, by id and what AWS says of them.
pub(crate) async fn others_in(aws: &Aws, store: &str, vpc_id: &str) -> Result<Vec<String>> {
    let ours = Ours { aws, store };
    let (marked, subnets, interfaces) =
        try_join3(ours.marked().boxed(), subnets(aws, vpc_id).boxed(), interfaces(aws, vpc_id).boxed()).await?;
    let balancer = format!("ELB net/{store}/");
    let attachments = marked.of(&ResourceType::TransitGatewayAttachment);
    // Interfaces of a load balancer or an attachment outlive it by a minute, and carry no tags: their description tells.
    let serves_us = |interface: &&types::NetworkInterface| {
        let description = interface.description().unwrap_or_default();
        description.starts_with(&balancer) || attachments.iter().any(|id| description.ends_with(id))
    };
    let marked = |subnet: &&types::Subnet| tags::from_ec2(subnet.tags()).get(STORE).is_some_and(|name| name == store);
    let subnets = subnets.iter().filter(|subnet| !marked(subnet)).map(|subnet| {
        let (id, range) = (subnet.subnet_id().unwrap_or_default(), subnet.cidr_block().unwrap_or_default());
        format!("subnet `{id}` ({range})")
    });
    let interfaces = interfaces.iter().filter(|interface| !serves_us(interface)).map(|interface| {
        let id = interface.network_interface_id().unwrap_or_default();
        let description = interface.description().filter(|text| !text.is_empty()).unwrap_or("no description");
        format!("network interface `{id}` ({description})")
    });
    Ok(subnets.chain(interfaces).collect())
}

async fn subnets(aws: &Aws, vpc_id: &str) -> Result<Vec<types::Subnet>> {
    let mut all = Vec::new();
    let request = aws.ec2.describe_subnets().filters(filter("vpc-id", &[vpc_id.to_owned()]));
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        all.extend(page.or_fail("look for subnets of others", "ec2:DescribeSubnets")?.subnets.unwrap_or_default());
    }
    Ok(all)
}

async fn interfaces(aws: &Aws, vpc_id: &str) -> Result<Vec<types::NetworkInterface>> {
    let mut all = Vec::new();
    let request = aws.ec2.describe_network_interfaces().filters(filter("vpc-id", &[vpc_id.to_owned()]));
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.or_fail("look for network interfaces of others", "ec2:DescribeNetworkInterfaces")?;
        all.extend(page.network_interfaces.unwrap_or_default());
    }
    Ok(all)
}
