//! The listener: TCP 443, forwarding to the target group (NLB-06). TLS ends at the proxy, never here (NLB-07).

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{self, Action, ActionTypeEnum, ProtocolEnum};
use serde::Serialize;

use super::load_balancer::LoadBalancer;
use super::target_group::TargetGroup;
use super::{Change, Kind, Resource, compare, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::desired::Desired;
use crate::error::{Error, Result};
use crate::observed::Observed;

/// The port KMS connects to; it cannot be another (PXY-01).
pub(crate) const PORT: i32 = 443;

/// The listener.
pub(crate) struct Listener;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) arn: String,
    pub(crate) protocol: String,
    pub(crate) target_group_arn: String,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Seen {
    /// The listener on our port among those of the load balancer; its tags come from a call of their own.
    pub(crate) fn read(listeners: &[types::Listener]) -> Option<Self> {
        let listener = listeners.iter().find(|listener| listener.port() == Some(PORT))?;
        let target_group = listener.default_actions().first().and_then(|action| action.target_group_arn());
        Some(Self {
            arn: listener.listener_arn()?.to_owned(),
            protocol: listener.protocol().map_or("", ProtocolEnum::as_str).to_owned(),
            target_group_arn: target_group.unwrap_or_default().to_owned(),
            tags: Tags::new(),
        })
    }
}

impl Resource for Listener {
    const KIND: Kind = Kind::Listener;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.listener.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.listener.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.listener = seen;
    }

    fn describe(_: &Want) -> String {
        format!("TCP {PORT} to the target group, TLS passes through")
    }

    fn id(seen: &Seen) -> String {
        seen.arn.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let group = observed.target_group.as_ref().map_or(&seen.target_group_arn, |group| &group.arn);
        let protocol = compare("protocol", &seen.protocol.as_str(), &"TCP");
        let group = compare("target_group", &seen.target_group_arn, group);
        protocol.into_iter().chain(group).chain(compare_tags(&seen.tags, &want.tags)).collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let request = cx
            .aws
            .elb
            .create_listener()
            .load_balancer_arn(&cx.parent::<LoadBalancer>()?.arn)
            .protocol(ProtocolEnum::Tcp)
            .port(PORT)
            .default_actions(forward(cx)?)
            .set_tags(Some(tags::elb(&want.tags)));
        let output = known(cx, &[Kind::LoadBalancer, Kind::TargetGroup], || async {
            request.clone().send().await.or_fail("create the listener", "elasticloadbalancing:CreateListener")
        })
        .await?;
        let seen = Seen::read(output.listeners()).ok_or_else(|| Error::incomplete("CreateListener", "ListenerArn"))?;
        Ok(Seen { tags: want.tags.clone(), ..seen })
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_elb(&seen.arn, &seen.tags, &want.tags).await?;
        let forwarding = Self::differences(&Want { tags: Tags::new() }, seen, &cx.observed);
        if forwarding.is_empty() {
            return Ok(Seen { tags: want.tags.clone(), ..seen.clone() });
        }
        let request = cx
            .aws
            .elb
            .modify_listener()
            .listener_arn(&seen.arn)
            .protocol(ProtocolEnum::Tcp)
            .port(PORT)
            .default_actions(forward(cx)?);
        let output = known(cx, &[Kind::TargetGroup], || async {
            request.clone().send().await.or_fail("change the listener", "elasticloadbalancing:ModifyListener")
        })
        .await?;
        let seen = Seen::read(output.listeners()).ok_or_else(|| Error::incomplete("ModifyListener", "ListenerArn"))?;
        Ok(Seen { tags: want.tags.clone(), ..seen })
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.elb.delete_listener().listener_arn(&seen.arn).send().await;
            sent.or_fail("delete the listener", "elasticloadbalancing:DeleteListener").map(drop)
        };
        let still = || async {
            let sent = cx.aws.elb.describe_listeners().listener_arns(&seen.arn).send().await;
            let output = sent.or_fail("look for the listener", "elasticloadbalancing:DescribeListeners")?;
            Ok(output.listeners().first().map(|_| "still there".to_owned()))
        };
        delete(cx, DELETE, request, still).await
    }
}

const DELETE: Delete = Delete {
    until: "the listener is gone",
    busy: &["ResourceInUse"],
    gone: &["ListenerNotFound"],
    usual: Duration::from_secs(2),
};

fn forward(cx: &Context) -> Result<Action> {
    let group = &cx.parent::<TargetGroup>()?.arn;
    Ok(Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(group).build())
}
