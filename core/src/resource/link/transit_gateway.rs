//! An attachment of the VPC to a transit gateway, with one subnet in every zone of the load balancer.

use aws_sdk_ec2::types::{self, Filter, ResourceType, TransitGatewayAttachmentState as State};

use super::{READY, Seen, Sort, USUAL, Want};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete as delete_and_prove};
use crate::aws::fresh::known;
use crate::aws::tags;
use crate::aws::wait::{Look, until};
use crate::aws::{create as tokenless, one_attempt};
use crate::error::{Error, ErrorKind, Result};
use crate::resource::Kind;
use crate::resource::vpc::Vpc;

/// An attachment; `None` for one that is gone or going.
pub(crate) fn read(attachment: &types::TransitGatewayVpcAttachment) -> Option<Seen> {
    let state = attachment.state()?;
    if matches!(state, State::Deleted | State::Deleting | State::Failed | State::Rejected) {
        return None;
    }
    Some(Seen {
        sort: Sort::TransitGateway,
        route_target: attachment.transit_gateway_id()?.to_owned(),
        id: attachment.transit_gateway_attachment_id()?.to_owned(),
        far_end: attachment.transit_gateway_id()?.to_owned(),
        ready: *state == State::Available,
        state: state.as_str().to_owned(),
        subnets: attachment.subnet_ids().to_vec(),
        ours: true,
        tags: tags::from_ec2(attachment.tags()),
    })
}

pub(super) async fn create(cx: &Context, gateway: &str, want: &Want) -> Result<Seen> {
    let vpc = cx.parent::<Vpc>()?;
    let find = || async {
        Ok(look(cx, &[("transit-gateway-id", gateway), ("vpc-id", &vpc.id)]).await?.as_ref().and_then(read))
    };
    let attach = || known(cx, &[Kind::Vpc, Kind::Subnet], || attach(cx, gateway, &vpc.id, want));
    let seen = tokenless::once(cx, attach, find).await?;
    complete(cx, want, &seen).await
}

/// Waits until it is available, adds the subnets that it lacks, and lets go of those that are not wanted any more.
pub(super) async fn complete(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
    let seen = available(cx, seen).await?;
    let wanted: Vec<String> = want.subnets(&cx.observed).cloned().collect();
    let lacking: Vec<String> = wanted.iter().filter(|id| !seen.subnets.contains(id)).cloned().collect();
    let extra: Vec<String> = seen.subnets.iter().filter(|id| !wanted.contains(id)).cloned().collect();
    if lacking.is_empty() && extra.is_empty() {
        return Ok(seen);
    }
    let some = |ids: Vec<String>| Some(ids).filter(|ids| !ids.is_empty());
    let request = cx.aws.ec2.modify_transit_gateway_vpc_attachment().transit_gateway_attachment_id(&seen.id);
    let request = request.set_add_subnet_ids(some(lacking)).set_remove_subnet_ids(some(extra));
    known(cx, &[Kind::Subnet, Kind::Link], || async {
        let sent = request.clone().send().await;
        sent.or_fail("set the subnets of the transit gateway attachment", "ec2:ModifyTransitGatewayVpcAttachment")
    })
    .await?;
    until(cx, READY, || async {
        let seen = look(cx, &[("transit-gateway-attachment-id", &seen.id)]).await?.as_ref().and_then(read);
        let Some(seen) = seen else { return Ok(Look::Missing) };
        // A read may lag behind the change, and then still says `available`.
        let set = seen.subnets.len() == wanted.len() && wanted.iter().all(|id| seen.subnets.contains(id));
        Ok(if seen.ready && set { Look::Done(seen) } else { Look::NotYet(seen.state) })
    })
    .await
}

pub(super) async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
    const DELETE: Delete = Delete {
        until: "the transit gateway attachment is deleted",
        busy: &["IncorrectState"],
        gone: &["InvalidTransitGatewayAttachmentID.NotFound"],
        usual: USUAL,
    };
    let request = || async {
        let sent =
            cx.aws.ec2.delete_transit_gateway_vpc_attachment().transit_gateway_attachment_id(&seen.id).send().await;
        sent.or_fail("delete the transit gateway attachment", "ec2:DeleteTransitGatewayVpcAttachment").map(drop)
    };
    // Its interfaces hold the subnets until it is wholly deleted, so `deleting` is not gone yet.
    let still = || async {
        let found = look(cx, &[("transit-gateway-attachment-id", &seen.id)]).await?;
        Ok(found
            .and_then(|each| each.state)
            .filter(|state| *state != State::Deleted)
            .map(|state| state.as_str().to_owned()))
    };
    delete_and_prove(cx, DELETE, request, still).await
}

async fn attach(cx: &Context, gateway: &str, vpc_id: &str, want: &Want) -> Result<Seen> {
    let subnets = want.subnets(&cx.observed).cloned().collect();
    let request = cx
        .aws
        .ec2
        .create_transit_gateway_vpc_attachment()
        .transit_gateway_id(gateway)
        .vpc_id(vpc_id)
        .set_subnet_ids(Some(subnets))
        .tag_specifications(tags::specification(ResourceType::TransitGatewayAttachment, &want.tags));
    let once = aws_sdk_ec2::config::Config::builder().retry_config(one_attempt());
    let sent = request.customize().config_override(once).send().await;
    let output = sent.or_fail("attach the VPC to the transit gateway", "ec2:CreateTransitGatewayVpcAttachment")?;
    let made = output.transit_gateway_vpc_attachment().and_then(read);
    made.ok_or_else(|| Error::incomplete("CreateTransitGatewayVpcAttachment", "TransitGatewayAttachmentId"))
}

async fn available(cx: &Context, seen: &Seen) -> Result<Seen> {
    until(cx, READY, || async {
        let Some(found) = look(cx, &[("transit-gateway-attachment-id", &seen.id)]).await? else {
            return Ok(Look::Missing);
        };
        match read(&found) {
            Some(seen) if seen.ready => Ok(Look::Done(seen)),
            Some(seen) => Ok(Look::NotYet(seen.state)),
            None => Err(refused(&seen.id, found.state().map_or("unknown", State::as_str))),
        }
    })
    .await
}

fn refused(id: &str, state: &str) -> Error {
    Error::new(
        ErrorKind::Aws,
        format!("transit gateway attachment `{id}` ended as `{state}`"),
        "ask the owner of the transit gateway to accept attachments of this VPC, then apply again",
    )
}

async fn look(cx: &Context, filters: &[(&str, &str)]) -> Result<Option<types::TransitGatewayVpcAttachment>> {
    let filters = filters.iter().map(|(name, value)| Filter::builder().name(*name).values(*value).build()).collect();
    let sent = cx.aws.ec2.describe_transit_gateway_vpc_attachments().set_filters(Some(filters)).send().await;
    let output = sent.or_fail("look for the transit gateway attachment", "ec2:DescribeTransitGatewayVpcAttachments")?;
    let mut found = output.transit_gateway_vpc_attachments.unwrap_or_default();
    // Deleted attachments stay visible for a while; a living one goes before them.
    found.sort_by_key(|each| read(each).is_none());
    Ok(found.into_iter().next())
}
