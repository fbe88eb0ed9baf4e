//! A peering of our VPC with the VPC of the proxy: requested, and accepted when the same credentials may.
//!
//! Routes back from the peer VPC are its owner's business: we never change what we did not create.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_ec2::types::{self, Filter, ResourceType, VpcPeeringConnectionStateReasonCode as Code};

use super::{READY, Seen, Sort};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete as delete_and_prove};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Look, until};
use crate::aws::{create as tokenless, one_attempt};
use crate::error::{Error, ErrorKind, Result};
use crate::resource::Kind;
use crate::resource::vpc::Vpc;

/// A peering; `None` for one that is over.
pub(crate) fn read(peering: &types::VpcPeeringConnection) -> Option<Seen> {
    let state = peering.status()?.code()?;
    if !matches!(state, Code::Active | Code::PendingAcceptance | Code::InitiatingRequest | Code::Provisioning) {
        return None;
    }
    let id = peering.vpc_peering_connection_id()?.to_owned();
    Some(Seen {
        sort: Sort::Peering,
        route_target: id.clone(),
        id,
        far_end: peering.accepter_vpc_info()?.vpc_id()?.to_owned(),
        ready: *state == Code::Active,
        state: state.as_str().to_owned(),
        subnets: Vec::new(),
        ours: true,
        tags: tags::from_ec2(peering.tags()),
    })
}

pub(super) async fn create(
    cx: &Context,
    peer: &str,
    owner: Option<&str>,
    region: Option<&str>,
    tags: &Tags,
) -> Result<Seen> {
    let vpc = cx.parent::<Vpc>()?;
    let find = || async {
        let found = look(cx, &[("requester-vpc-info.vpc-id", &vpc.id), ("accepter-vpc-info.vpc-id", peer)]).await?;
        Ok(found.as_ref().and_then(read))
    };
    let request = || async {
        let request = cx
            .aws
            .ec2
            .create_vpc_peering_connection()
            .vpc_id(&vpc.id)
            .peer_vpc_id(peer)
            .set_peer_owner_id(owner.map(str::to_owned))
            .set_peer_region(region.map(str::to_owned))
            .tag_specifications(tags::specification(ResourceType::VpcPeeringConnection, tags));
        let once = aws_sdk_ec2::config::Config::builder().retry_config(one_attempt());
        let sent = request.customize().config_override(once).send().await;
        let output = sent.or_fail("request the VPC peering", "ec2:CreateVpcPeeringConnection");
        let output = output.map_err(|error| about_peer(error, peer))?;
        let made = output.vpc_peering_connection().and_then(read);
        made.ok_or_else(|| Error::incomplete("CreateVpcPeeringConnection", "VpcPeeringConnectionId"))
    };
    let seen = tokenless::once(cx, || known(cx, &[Kind::Vpc], request), find).await?;
    complete(cx, &seen, owner, region).await
}

/// Waits until it is active; accepts it when our account owns the peer VPC too.
pub(super) async fn complete(cx: &Context, seen: &Seen, owner: Option<&str>, region: Option<&str>) -> Result<Seen> {
    // Once: a read that lags behind the acceptance still says that it is pending.
    let accepted = AtomicBool::new(false);
    let may_accept = owner.is_none_or(|owner| owner == cx.observed.account.id);
    until(cx, READY, || async {
        let Some(found) = look(cx, &[("vpc-peering-connection-id", &seen.id)]).await? else {
            return Ok(Look::Missing);
        };
        match read(&found) {
            Some(seen) if seen.ready => Ok(Look::Done(seen)),
            Some(seen) => {
                let pending = may_accept && seen.state == Code::PendingAcceptance.as_str();
                if pending && !accepted.swap(true, Ordering::Relaxed) {
                    accept(cx, &seen.id, region).await?;
                }
                Ok(Look::NotYet(seen.state))
            }
            None => Err(refused(&seen.id, &found)),
        }
    })
    .await
}

pub(super) async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
    const DELETE: Delete = Delete {
        until: "the VPC peering is deleted",
        busy: &["IncorrectState", "InvalidStateTransition"],
        gone: &["InvalidVpcPeeringConnectionID.NotFound"],
        usual: std::time::Duration::from_secs(2),
    };
    let request = || async {
        let sent = cx.aws.ec2.delete_vpc_peering_connection().vpc_peering_connection_id(&seen.id).send().await;
        sent.or_fail("delete the VPC peering", "ec2:DeleteVpcPeeringConnection").map(drop)
    };
    let still = || async {
        let found = look(cx, &[("vpc-peering-connection-id", &seen.id)]).await?;
        let code = found.as_ref().and_then(|each| each.status()).and_then(|status| status.code()).cloned();
        let over = |code: &Code| matches!(code, Code::Deleted | Code::Expired | Code::Failed | Code::Rejected);
        Ok(code.filter(|code| !over(code)).map(|code| code.as_str().to_owned()))
    };
    delete_and_prove(cx, DELETE, request, still).await
}

/// Accepting happens in the Region of the peer VPC.
async fn accept(cx: &Context, id: &str, region: Option<&str>) -> Result<()> {
    let mut there = aws_sdk_ec2::config::Config::builder();
    if let Some(region) = region {
        there.set_region(Some(aws_sdk_ec2::config::Region::new(region.to_owned())));
    }
    let request = cx.aws.ec2.accept_vpc_peering_connection().vpc_peering_connection_id(id);
    known(cx, &[Kind::Link], || async {
        let request = request.clone().customize().config_override(there.clone());
        request.send().await.or_fail("accept the VPC peering", "ec2:AcceptVpcPeeringConnection").map(drop)
    })
    .await
}

/// Our VPC may be unknown to AWS because it is fresh; the peer VPC is unknown because its id is wrong.
fn about_peer(error: Error, peer: &str) -> Error {
    if !error.is_code(&["InvalidVpcID.NotFound"]) || !error.to_string().contains(peer) {
        return error;
    }
    Error::new(
        ErrorKind::InvalidSpec,
        format!("VPC `{peer}` does not exist"),
        "correct `link.vpc_id`, and give `link.owner` or `link.region` if the VPC is of another account or Region",
    )
}

fn refused(id: &str, peering: &types::VpcPeeringConnection) -> Error {
    let status = peering.status();
    let state = status.and_then(|status| status.code()).map_or("unknown", Code::as_str);
    let said = status.and_then(|status| status.message()).unwrap_or("no message");
    Error::new(
        ErrorKind::Aws,
        format!("VPC peering `{id}` ended as `{state}`: {said}"),
        "check that the ranges of both VPCs do not overlap and that the peer's owner accepts, then apply again",
    )
}

async fn look(cx: &Context, filters: &[(&str, &str)]) -> Result<Option<types::VpcPeeringConnection>> {
    let filters = filters.iter().map(|(name, value)| Filter::builder().name(*name).values(*value).build()).collect();
    let sent = cx.aws.ec2.describe_vpc_peering_connections().set_filters(Some(filters)).send().await;
    let output = sent.or_fail("look for the VPC peering", "ec2:DescribeVpcPeeringConnections")?;
    let mut found = output.vpc_peering_connections.unwrap_or_default();
    // Ended peerings stay visible for a while; a living one goes before them.
    found.sort_by_key(|each| read(each).is_none());
    Ok(found.into_iter().next())
}
