//! The target group: addresses of proxies behind TCP, with the health check of the spec (TGT-01 … TGT-04, TGT-11 …
//! TGT-13).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    self, Matcher, ProtocolEnum, TargetGroupAttribute, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};
use serde::Serialize;

use super::vpc::Vpc;
use super::{Change, Kind, Resource, compare, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The target group.
pub(crate) struct TargetGroup;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) health_check: HealthCheck,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) tags: Tags,
}

/// A health check in the words of Elastic Load Balancing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct HealthCheck {
    pub(crate) protocol: String,
    /// A number or `traffic-port`.
    pub(crate) port: String,
    /// Empty for TCP.
    pub(crate) path: String,
    /// Empty for TCP.
    pub(crate) matcher: String,
    pub(crate) interval_seconds: i32,
    pub(crate) timeout_seconds: i32,
    pub(crate) healthy_threshold: i32,
    pub(crate) unhealthy_threshold: i32,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) arn: String,
    pub(crate) vpc_id: String,
    pub(crate) protocol: String,
    pub(crate) port: i32,
    pub(crate) target_type: String,
    pub(crate) ip_address_type: String,
    pub(crate) health_check: HealthCheck,
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Seen {
    pub(crate) fn read(group: &types::TargetGroup, attributes: BTreeMap<String, String>, tags: Tags) -> Option<Self> {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let protocol = text(group.health_check_protocol().map(ProtocolEnum::as_str));
        // AWS may report a path and a matcher for TCP checks too; they mean nothing there.
        let http = protocol != "TCP";
        Some(Self {
            arn: group.target_group_arn()?.to_owned(),
            vpc_id: text(group.vpc_id()),
            protocol: text(group.protocol().map(ProtocolEnum::as_str)),
            port: group.port().unwrap_or_default(),
            target_type: text(group.target_type().map(TargetTypeEnum::as_str)),
            ip_address_type: text(group.ip_address_type().map(TargetGroupIpAddressTypeEnum::as_str)),
            health_check: HealthCheck {
                port: text(group.health_check_port()),
                path: text(group.health_check_path().filter(|_| http)),
                matcher: text(group.matcher().and_then(Matcher::http_code).filter(|_| http)),
                interval_seconds: group.health_check_interval_seconds().unwrap_or_default(),
                timeout_seconds: group.health_check_timeout_seconds().unwrap_or_default(),
                healthy_threshold: group.healthy_threshold_count().unwrap_or_default(),
                unhealthy_threshold: group.unhealthy_threshold_count().unwrap_or_default(),
                protocol,
            },
            attributes,
            tags,
        })
    }
}

impl HealthCheck {
    fn differences(&self, want: &Self) -> Vec<Change> {
        [
            compare("health_check.protocol", &self.protocol, &want.protocol),
            compare("health_check.port", &self.port, &want.port),
            compare("health_check.path", &self.path, &want.path),
            compare("health_check.matcher", &self.matcher, &want.matcher),
            compare("health_check.interval_seconds", &self.interval_seconds, &want.interval_seconds),
            compare("health_check.timeout_seconds", &self.timeout_seconds, &want.timeout_seconds),
            compare("health_check.healthy_threshold", &self.healthy_threshold, &want.healthy_threshold),
            compare("health_check.unhealthy_threshold", &self.unhealthy_threshold, &want.unhealthy_threshold),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn protocol(&self) -> ProtocolEnum {
        ProtocolEnum::from(self.protocol.as_str())
    }

    fn path(&self) -> Option<String> {
        Some(self.path.clone()).filter(|path| !path.is_empty())
    }

    fn matcher(&self) -> Option<Matcher> {
        (!self.matcher.is_empty()).then(|| Matcher::builder().http_code(&self.matcher).build())
    }
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.path.is_empty() { "" } else { " " };
        write!(f, "{}{gap}{} every {} s", self.protocol, self.path, self.interval_seconds)
    }
}

impl Resource for TargetGroup {
    const KIND: Kind = Kind::TargetGroup;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.target_group.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.target_group.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        if seen.is_none() {
            observed.targets = None;
        }
        observed.target_group = seen;
    }

    fn describe(want: &Want) -> String {
        format!("`{}`, IP addresses, TCP {}, health check {}", want.name, want.port, want.health_check)
    }

    fn id(seen: &Seen) -> String {
        seen.arn.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let vpc = observed.vpc.as_ref().map_or(&seen.vpc_id, |vpc| &vpc.id);
        let fixed = [
            compare("vpc", &seen.vpc_id, vpc),
            compare("protocol", &seen.protocol.as_str(), &"TCP"),
            compare("port", &seen.port, &i32::from(want.port)),
            compare("target_type", &seen.target_type.as_str(), &"ip"),
            compare("ip_address_type", &seen.ip_address_type.as_str(), &"ipv4"),
        ];
        let attributes = want.attributes.iter().filter_map(|(key, value)| {
            compare(key, &seen.attributes.get(key).map_or("", String::as_str), &value.as_str())
        });
        fixed
            .into_iter()
            .flatten()
            .map(Change::replacing)
            .chain(seen.health_check.differences(&want.health_check))
            .chain(attributes)
            .chain(compare_tags(&seen.tags, &want.tags))
            .collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let check = &want.health_check;
        let request = cx
            .aws
            .elb
            .create_target_group()
            .name(&want.name)
            .protocol(ProtocolEnum::Tcp)
            .port(i32::from(want.port))
            .vpc_id(&cx.parent::<Vpc>()?.id)
            .target_type(TargetTypeEnum::Ip)
            .ip_address_type(TargetGroupIpAddressTypeEnum::Ipv4)
            .health_check_protocol(check.protocol())
            .health_check_port(&check.port)
            .set_health_check_path(check.path())
            .set_matcher(check.matcher())
            .health_check_interval_seconds(check.interval_seconds)
            .health_check_timeout_seconds(check.timeout_seconds)
            .healthy_threshold_count(check.healthy_threshold)
            .unhealthy_threshold_count(check.unhealthy_threshold)
            .set_tags(Some(tags::elb(&want.tags)));
        let create = || async {
            let sent = request.clone().send().await;
            sent.or_fail("create the target group", "elasticloadbalancing:CreateTargetGroup")
        };
        let output = known(cx, &[Kind::Vpc], create).await.map_err(|error| taken(error, &want.name))?;
        let group = output.target_groups().first();
        let seen = group.and_then(|group| Seen::read(group, attributes_of_new(), want.tags.clone()));
        let seen = seen.ok_or_else(|| Error::incomplete("CreateTargetGroup", "TargetGroupArn"))?;
        set_attributes(cx, want, &seen).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_elb(&seen.arn, &seen.tags, &want.tags).await?;
        let check = &want.health_check;
        if seen.health_check != *check {
            let request = cx
                .aws
                .elb
                .modify_target_group()
                .target_group_arn(&seen.arn)
                .health_check_protocol(check.protocol())
                .health_check_port(&check.port)
                .set_health_check_path(check.path())
                .set_matcher(check.matcher())
                .health_check_interval_seconds(check.interval_seconds)
                .health_check_timeout_seconds(check.timeout_seconds)
                .healthy_threshold_count(check.healthy_threshold)
                .unhealthy_threshold_count(check.unhealthy_threshold);
            request.send().await.or_fail("change the health check", "elasticloadbalancing:ModifyTargetGroup")?;
        }
        let seen = Seen { health_check: check.clone(), tags: want.tags.clone(), ..seen.clone() };
        set_attributes(cx, want, &seen).await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.elb.delete_target_group().target_group_arn(&seen.arn).send().await;
            sent.or_fail("delete the target group", "elasticloadbalancing:DeleteTargetGroup").map(drop)
        };
        let still = || async {
            let sent = cx.aws.elb.describe_target_groups().target_group_arns(&seen.arn).send().await;
            let output = sent.or_fail("look for the target group", "elasticloadbalancing:DescribeTargetGroups")?;
            Ok(output.target_groups().first().map(|_| "still there".to_owned()))
        };
        delete(cx, DELETE, request, still).await
    }
}

const DELETE: Delete = Delete {
    until: "the target group is gone",
    busy: &["ResourceInUse"],
    gone: &["TargetGroupNotFound"],
    usual: Duration::from_secs(2),
};

/// What the attributes of a new group of IP addresses behind TCP are, so that nobody need ask.
fn attributes_of_new() -> BTreeMap<String, String> {
    [
        ("preserve_client_ip.enabled", "false"),
        ("proxy_protocol_v2.enabled", "false"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

async fn set_attributes(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
    let differ = |(key, value): &(&String, &String)| seen.attributes.get(*key) != Some(*value);
    let changed: Vec<_> = want.attributes.iter().filter(differ).collect();
    if changed.is_empty() {
        return Ok(seen.clone());
    }
    let attribute = |(key, value): &(&String, &String)| TargetGroupAttribute::builder().key(*key).value(*value).build();
    let request = cx.aws.elb.modify_target_group_attributes().target_group_arn(&seen.arn);
    let request = request.set_attributes(Some(changed.iter().map(attribute).collect()));
    known(cx, &[Kind::TargetGroup], || async {
        let sent = request.clone().send().await;
        sent.or_fail("set the attributes of the target group", "elasticloadbalancing:ModifyTargetGroupAttributes")
    })
    .await?;
    let mut attributes = seen.attributes.clone();
    attributes.extend(changed.into_iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(Seen { attributes, ..seen.clone() })
}

fn taken(error: Error, name: &str) -> Error {
    if !error.is_code(&["DuplicateTargetGroupName"]) {
        return error;
    }
    Error::new(
        ErrorKind::NotOurs,
        format!("target group `{name}` exists with other settings"),
        "plan again; if the target group is not ours, rename the store or delete it",
    )
    .with_aws(error.aws_code(), error.request_id())
}
