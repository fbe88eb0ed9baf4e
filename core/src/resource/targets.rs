//! The proxy addresses in the target group, registered and deregistered by difference (TGT-05 … TGT-08).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthDescription, TargetHealthStateEnum};
use serde::Serialize;

use super::target_group::TargetGroup;
use super::{Change, Kind, Resource};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::fresh::known;
use crate::desired::Desired;
use crate::error::Result;
use crate::observed::Observed;

/// The registered targets.
pub(crate) struct Targets;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) addresses: Vec<Ipv4Addr>,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Seen {
    /// Health by address and port, in AWS's words: state and reason. Health is not compared.
    #[serde(skip)]
    pub(crate) health: BTreeMap<(Ipv4Addr, u16), String>,
}

impl Seen {
    /// The targets that are registered; draining ones are on their way out and do not count.
    pub(crate) fn read(described: &[TargetHealthDescription]) -> Option<Self> {
        let health: BTreeMap<_, _> = described.iter().filter_map(read_one).collect();
        (!health.is_empty()).then_some(Self { health })
    }

    pub(crate) fn any_healthy(&self) -> bool {
        self.health.values().any(|state| state == TargetHealthStateEnum::Healthy.as_str())
    }
}

/// `10.0.8.10 unhealthy (Target.FailedHealthChecks)`, for every target.
impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each: Vec<String> = self.health.iter().map(|((address, _), state)| format!("{address} {state}")).collect();
        f.write_str(&each.join(", "))
    }
}

fn read_one(described: &TargetHealthDescription) -> Option<((Ipv4Addr, u16), String)> {
    let target = described.target()?;
    let address = target.id()?.parse().ok()?;
    let port = target.port().and_then(|port| u16::try_from(port).ok())?;
    let state = described.target_health()?.state()?;
    if *state == TargetHealthStateEnum::Draining {
        return None;
    }
    let reason =
        described.target_health().and_then(|health| health.reason()).map(|reason| format!(" ({})", reason.as_str()));
    Some(((address, port), format!("{}{}", state.as_str(), reason.unwrap_or_default())))
}

impl Want {
    fn keys(&self) -> impl Iterator<Item = (Ipv4Addr, u16)> + '_ {
        self.addresses.iter().map(|address| (*address, self.port))
    }
}

impl Resource for Targets {
    const KIND: Kind = Kind::Targets;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.targets.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.targets.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.targets = seen;
    }

    fn describe(want: &Want) -> String {
        let list: Vec<String> = want.keys().map(|(address, port)| format!("{address}:{port}")).collect();
        list.join(", ")
    }

    fn id(_: &Seen) -> String {
        String::new()
    }

    fn differences(want: &Want, seen: &Seen, _: &Observed) -> Vec<Change> {
        let text = |(address, port): (Ipv4Addr, u16)| format!("{address}:{port}");
        let missing =
            want.keys().filter(|key| !seen.health.contains_key(key)).map(|key| Change::new("target", "", text(key)));
        let wanted: Vec<_> = want.keys().collect();
        let extra =
            seen.health.keys().filter(|key| !wanted.contains(key)).map(|key| Change::new("target", text(*key), ""));
        missing.chain(extra).collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        Self::update(cx, want, &Seen::default()).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        let group = &cx.parent::<TargetGroup>()?.arn;
        let missing: Vec<_> = want.keys().filter(|key| !seen.health.contains_key(key)).collect();
        let wanted: Vec<_> = want.keys().collect();
        let extra: Vec<_> = seen.health.keys().copied().filter(|key| !wanted.contains(key)).collect();
        // New targets first, so that the group never runs empty.
        if !missing.is_empty() {
            let targets = missing.iter().map(|key| target(cx, *key)).collect();
            let request = cx.aws.elb.register_targets().target_group_arn(group).set_targets(Some(targets));
            known(cx, &[Kind::TargetGroup], || async {
                let sent = request.clone().send().await;
                sent.or_fail("register the proxy addresses", "elasticloadbalancing:RegisterTargets")
            })
            .await?;
        }
        if !extra.is_empty() {
            let targets = extra.iter().map(|key| target(cx, *key)).collect();
            let sent = cx.aws.elb.deregister_targets().target_group_arn(group).set_targets(Some(targets)).send().await;
            sent.or_fail("deregister addresses that are no longer wanted", "elasticloadbalancing:DeregisterTargets")?;
        }
        let mut health: BTreeMap<_, _> = missing.into_iter().map(|key| (key, "initial".to_owned())).collect();
        health.extend(
            seen.health.iter().filter(|(key, _)| !extra.contains(key)).map(|(key, state)| (*key, state.clone())),
        );
        Ok(Seen { health })
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let group = &cx.parent::<TargetGroup>()?.arn;
        let targets = seen.health.keys().map(|key| target(cx, *key)).collect();
        let sent = cx.aws.elb.deregister_targets().target_group_arn(group).set_targets(Some(targets)).send().await;
        sent.or_fail("deregister the proxy addresses", "elasticloadbalancing:DeregisterTargets").map(drop)
    }
}

/// Addresses outside the VPC must say zone `all`; those inside must leave it out (TGT-07).
fn target(cx: &Context, (address, port): (Ipv4Addr, u16)) -> TargetDescription {
    let inside = cx.observed.vpc.iter().flat_map(|vpc| &vpc.cidrs).any(|cidr| cidr.contains(&address));
    let zone = (!inside).then(|| "all".to_owned());
    TargetDescription::builder().id(address.to_string()).port(i32::from(port)).set_availability_zone(zone).build()
}
