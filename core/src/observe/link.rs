//! EC2 into observed: the link to the network of the proxy.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::ResourceType;

use super::marked::Marked;
use super::{Ours, Scope, filter};
use crate::aws::answer::Answer;
use crate::error::Result;
use crate::resource::link;

/// The link, and gateways of ours that are one too many.
pub(super) type Links = (Option<link::Seen>, BTreeMap<String, link::Seen>);

impl Ours<'_> {
    /// A network of others has no link of ours. Attachments and peerings go with their VPC, a gateway may outlive it.
    pub(super) async fn link(&self, marked: &Marked, scope: &Scope, vpc_ids: &[String]) -> Result<Links> {
        if vpc_ids.is_empty() {
            return self.gateway(&marked.of(&ResourceType::VpnGateway), vpc_ids).await;
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
    pub(super) async fn gateway(&self, ids: &[String], vpc_ids: &[String]) -> Result<Links> {
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
            let seen = seen.min_by_key(|seen| seen.state == "detached");
            // One that outlived its VPC: nothing but our tag is left.
            let left = || link::read_gateway(gateway, "", self.store).filter(|_| vpc_ids.is_empty() && idle(gateway));
            Some((seen.or_else(left)?, idle(gateway)))
        });
        let mut seen: Vec<_> = seen.filter(|(seen, _)| seen.ours || seen.state != "detached").collect();
        seen.sort_by_key(|(seen, _)| (seen.state == "detached", seen.id.clone()));
        let mut seen = seen.into_iter();
        let kept = seen.next().map(|(seen, _)| seen);
        let duplicates = seen.filter(|(seen, idle)| seen.ours && *idle);
        Ok((kept, duplicates.map(|(seen, _)| (seen.id.clone(), seen)).collect()))
    }
}
