//! A virtual private gateway, attached to the VPC. One that the caller gave is attached and detached, never deleted.

use aws_sdk_ec2::types::{self, AttachmentStatus, Filter, GatewayType, ResourceType};

use super::{READY, Seen, Sort, USUAL};
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

/// The gateway as seen from our VPC.
pub(crate) fn read(gateway: &types::VpnGateway, vpc_id: &str, store: &str) -> Option<Seen> {
    let mine = gateway.vpc_attachments().iter().find(|each| each.vpc_id() == Some(vpc_id));
    let state = mine.and_then(|each| each.state()).cloned().unwrap_or(AttachmentStatus::Detached);
    let id = gateway.vpn_gateway_id()?.to_owned();
    let tags = tags::from_ec2(gateway.tags());
    Some(Seen {
        sort: Sort::VpnGateway,
        route_target: id.clone(),
        id,
        far_end: String::new(),
        ready: state == AttachmentStatus::Attached,
        state: state.as_str().to_owned(),
        subnets: Vec::new(),
        ours: tags.get(tags::STORE).is_some_and(|name| name == store),
        tags,
    })
}

pub(super) async fn create(cx: &Context, given: Option<&str>, tags: &Tags) -> Result<Seen> {
    let gateway = match given {
        Some(id) => look(cx, "vpn-gateway-id", id).await?.ok_or_else(|| missing(id))?,
        None => tokenless::once(cx, || create_gateway(cx, tags), || find(cx)).await?,
    };
    let seen = read(&gateway, &cx.parent::<Vpc>()?.id, &cx.store)
        .ok_or_else(|| Error::incomplete("CreateVpnGateway", "VpnGatewayId"))?;
    attach(cx, &seen).await
}

pub(super) async fn attach(cx: &Context, seen: &Seen) -> Result<Seen> {
    let vpc = cx.parent::<Vpc>()?;
    if seen.state == AttachmentStatus::Detached.as_str() {
        let request = cx.aws.ec2.attach_vpn_gateway().vpn_gateway_id(&seen.id).vpc_id(&vpc.id);
        let attach = || async {
            request.clone().send().await.or_fail("attach the virtual private gateway", "ec2:AttachVpnGateway")
        };
        match known(cx, &[Kind::Vpc, Kind::Link], attach).await {
            // The SDK tried again after a lost answer, as the wait below will see; or the gateway is taken.
            Err(error)
                if error.is_code(&["IncorrectState", "InvalidVpcState", "VpnGatewayAttachmentLimitExceeded"]) =>
            {
                let now =
                    look(cx, "vpn-gateway-id", &seen.id).await?.and_then(|gateway| read(&gateway, &vpc.id, &cx.store));
                if now.is_none_or(|now| now.state == AttachmentStatus::Detached.as_str()) {
                    return Err(error);
                }
            }
            other => drop(other?),
        }
    }
    until(cx, READY, || async {
        let seen = look(cx, "vpn-gateway-id", &seen.id).await?.and_then(|gateway| read(&gateway, &vpc.id, &cx.store));
        Ok(match seen {
            Some(seen) if seen.ready => Look::Done(seen),
            Some(seen) => Look::NotYet(seen.state),
            None => Look::Missing,
        })
    })
    .await
}

pub(super) async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
    // One that outlived its VPC is attached to nothing.
    let vpc_id = cx.observed.vpc.as_ref().map_or("", |vpc| vpc.id.as_str());
    const DETACH: Delete = Delete {
        until: "the virtual private gateway is detached",
        busy: &["IncorrectState"],
        gone: &["InvalidVpnGatewayAttachment.NotFound", "InvalidVpnGatewayID.NotFound"],
        usual: USUAL,
    };
    let detach = || async {
        if seen.state == AttachmentStatus::Detached.as_str() {
            return Ok(());
        }
        let sent = cx.aws.ec2.detach_vpn_gateway().vpn_gateway_id(&seen.id).vpc_id(vpc_id).send().await;
        sent.or_fail("detach the virtual private gateway", "ec2:DetachVpnGateway").map(drop)
    };
    let attached = || async {
        let seen = look(cx, "vpn-gateway-id", &seen.id).await?.and_then(|gateway| read(&gateway, vpc_id, &cx.store));
        Ok(seen.map(|seen| seen.state).filter(|state| state != AttachmentStatus::Detached.as_str()))
    };
    delete_and_prove(cx, DETACH, detach, attached).await?;
    if !seen.ours {
        return Ok(());
    }
    const DELETE: Delete = Delete {
        until: "the virtual private gateway is deleted",
        busy: &["IncorrectState"],
        gone: &["InvalidVpnGatewayID.NotFound"],
        usual: std::time::Duration::from_secs(2),
    };
    let request = || async {
        let sent = cx.aws.ec2.delete_vpn_gateway().vpn_gateway_id(&seen.id).send().await;
        sent.or_fail("delete the virtual private gateway", "ec2:DeleteVpnGateway").map(drop)
    };
    let still = || async { Ok(look(cx, "vpn-gateway-id", &seen.id).await?.map(|_| "still there".to_owned())) };
    delete_and_prove(cx, DELETE, request, still).await
}

async fn create_gateway(cx: &Context, tags: &Tags) -> Result<types::VpnGateway> {
    let request = cx
        .aws
        .ec2
        .create_vpn_gateway()
        .r#type(GatewayType::Ipsec1)
        .tag_specifications(tags::specification(ResourceType::VpnGateway, tags));
    let once = aws_sdk_ec2::config::Config::builder().retry_config(one_attempt());
    let sent = request.customize().config_override(once).send().await;
    let output = sent.or_fail("create the virtual private gateway", "ec2:CreateVpnGateway")?;
    output.vpn_gateway.ok_or_else(|| Error::incomplete("CreateVpnGateway", "VpnGateway"))
}

async fn find(cx: &Context) -> Result<Option<types::VpnGateway>> {
    look(cx, &format!("tag:{}", tags::STORE), &cx.store).await
}

/// Deleted gateways stay visible for a while; they do not count.
async fn look(cx: &Context, filter: &str, value: &str) -> Result<Option<types::VpnGateway>> {
    let filter = Filter::builder().name(filter).values(value).build();
    let sent = cx.aws.ec2.describe_vpn_gateways().filters(filter).send().await;
    let output = sent.or_fail("look for the virtual private gateway", "ec2:DescribeVpnGateways")?;
    let living = |gateway: &types::VpnGateway| gateway.state() != Some(&types::VpnState::Deleted);
    Ok(output.vpn_gateways.unwrap_or_default().into_iter().find(living))
}

fn missing(id: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSpec,
        format!("virtual private gateway `{id}` does not exist in this account and Region"),
        "correct the id in `link`, or leave it out to have one created",
    )
}
