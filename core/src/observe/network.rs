//! EC2 into observed: VPC, subnets, route table, security group, zones; and what an existing network is like.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_sdk_ec2::types::VpcAttributeName;
use aws_sdk_elasticloadbalancingv2::types as elb;
use futures_util::future::{try_join, try_join3};

use super::{Ours, filter};
use crate::aws::answer::Answer;
use crate::aws::pages;
use crate::error::Result;
use crate::facts::{NetworkAcl, RouteTable};
use crate::observed::Surroundings;
use crate::resource::{security_group, subnet, vpc};
use crate::verify::describe;

/// The VPC with the target group before others: that one is in use.
pub(super) fn in_use_first(ids: &[String], group: Option<&elb::TargetGroup>) -> Vec<String> {
    let in_use = group.and_then(|group| group.vpc_id());
    let mut ids = ids.to_vec();
    ids.sort_by_key(|id| Some(id.as_str()) != in_use);
    ids
}

impl Ours<'_> {
    /// The first of these that exists, and any others that do: tags of a deleted VPC live on for a while.
    pub(super) async fn vpc(
        &self,
        ids: Vec<String>,
        ours: bool,
    ) -> Result<(Option<vpc::Seen>, BTreeMap<String, vpc::Seen>)> {
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

    pub(super) async fn subnets(&self, ids: &[String]) -> Result<BTreeMap<String, subnet::Seen>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sent = self.aws.ec2.describe_subnets().filters(filter("subnet-id", ids)).send().await;
        let output = sent.or_fail("look at the subnets", "ec2:DescribeSubnets")?;
        let seen = output.subnets().iter().filter_map(subnet::Seen::read);
        Ok(seen.map(|seen| (seen.zone_id.clone(), seen)).collect())
    }

    /// The one that most subnets use first: there is more than one when AWS once did not show it.
    pub(super) async fn route_tables(&self, ids: Vec<String>) -> Result<Vec<aws_sdk_ec2::types::RouteTable>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sent = self.aws.ec2.describe_route_tables().filters(filter("route-table-id", &ids)).send().await;
        let output = sent.or_fail("look at the route table", "ec2:DescribeRouteTables")?;
        let mut tables = output.route_tables.unwrap_or_default();
        tables.sort_by_key(|table| (Reverse(table.associations().len()), table.route_table_id().map(str::to_owned)));
        Ok(tables)
    }

    pub(super) async fn security_group(&self, ids: Vec<String>) -> Result<Option<security_group::Seen>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let sent = self.aws.ec2.describe_security_groups().filters(filter("group-id", &ids)).send().await;
        let output = sent.or_fail("look at the security group", "ec2:DescribeSecurityGroups")?;
        Ok(output.security_groups().first().and_then(security_group::Seen::read))
    }

    pub(super) async fn surroundings(&self, vpc_id: Option<String>) -> Result<Surroundings> {
        let Some(id) = vpc_id else { return Ok(Surroundings::default()) };
        let (route_tables, network_acls) = try_join(self.all_route_tables(&id), self.network_acls(&id)).await?;
        Ok(Surroundings { route_tables, network_acls })
    }

    async fn all_route_tables(&self, vpc_id: &str) -> Result<Vec<RouteTable>> {
        let request = self.aws.ec2.describe_route_tables().filters(filter("vpc-id", &[vpc_id.to_owned()]));
        let stream = request.into_paginator().send();
        let all = pages::all("look at the route tables", "ec2:DescribeRouteTables", stream, |page| {
            (page.route_tables, page.next_token)
        });
        Ok(all.await?.iter().map(describe::route_table).collect())
    }

    async fn network_acls(&self, vpc_id: &str) -> Result<Vec<NetworkAcl>> {
        let request = self.aws.ec2.describe_network_acls().filters(filter("vpc-id", &[vpc_id.to_owned()]));
        let stream = request.into_paginator().send();
        let all = pages::all("look at the network ACLs", "ec2:DescribeNetworkAcls", stream, |page| {
            (page.network_acls, page.next_token)
        });
        Ok(all.await?.iter().map(describe::network_acl).collect())
    }

    /// Real zones only: no Local or Wavelength Zones, none that is constrained (NET-09).
    pub(super) async fn zones(&self, wanted: bool) -> Result<Vec<String>> {
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
}
