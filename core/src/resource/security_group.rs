//! The load balancer's security group. It can be given to a load balancer at creation or never (NLB-10), and it must
//! let the load balancer reach the targets (NLB-09); a new group's allow-all egress does.

use std::time::Duration;

use aws_sdk_ec2::types::{self, Filter, ResourceType};
use serde::Serialize;

use super::vpc::Vpc;
use super::{Change, Kind, Resource, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The security group.
pub(crate) struct SecurityGroup;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) name: String,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Seen {
    pub(crate) fn read(group: &types::SecurityGroup) -> Option<Self> {
        Some(Self { id: group.group_id()?.to_owned(), tags: tags::from_ec2(group.tags()) })
    }
}

impl Resource for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.security_group.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.security_group.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.security_group = seen;
    }

    fn describe(want: &Want) -> String {
        format!("`{}` for the load balancer, egress open", want.name)
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, _: &Observed) -> Vec<Change> {
        compare_tags(&seen.tags, &want.tags)
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let vpc = cx.parent::<Vpc>()?;
        let request = cx
            .aws
            .ec2
            .create_security_group()
            .group_name(&want.name)
            .description(format!("load balancer of the external key store {}", cx.store))
            .vpc_id(&vpc.id)
            .tag_specifications(tags::specification(ResourceType::SecurityGroup, &want.tags));
        let create =
            || async { request.clone().send().await.or_fail("create the security group", "ec2:CreateSecurityGroup") };
        match known(cx, &[Kind::Vpc], create).await {
            Ok(output) => {
                let id = output.group_id.ok_or_else(|| Error::incomplete("CreateSecurityGroup", "GroupId"))?;
                Ok(Seen { id, tags: want.tags.clone() })
            }
            // The SDK tried again after a lost answer: the name is unique in the VPC, so this is ours or a stranger's.
            Err(error) if error.is_code(&["InvalidGroup.Duplicate"]) => {
                let found = look(cx, &[("vpc-id", &vpc.id), ("group-name", &want.name)]).await?;
                let seen = found.as_ref().and_then(Seen::read).ok_or(error)?;
                if seen.tags.get(tags::STORE) == Some(&cx.store) {
                    Ok(seen)
                } else {
                    Err(not_ours(&want.name, &seen.id))
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_ec2(&seen.id, &seen.tags, &want.tags).await?;
        Ok(Seen { tags: want.tags.clone(), ..seen.clone() })
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.ec2.delete_security_group().group_id(&seen.id).send().await;
            sent.or_fail("delete the security group", "ec2:DeleteSecurityGroup").map(drop)
        };
        let still = || async { Ok(look(cx, &[("group-id", &seen.id)]).await?.map(|_| "still there".to_owned())) };
        delete(cx, DELETE, request, still).await
    }
}

const DELETE: Delete = Delete {
    until: "the security group is gone",
    busy: &["DependencyViolation"],
    gone: &["InvalidGroup.NotFound"],
    usual: Duration::from_secs(2),
};

fn not_ours(name: &str, id: &str) -> Error {
    Error::new(
        ErrorKind::NotOurs,
        format!("security group `{name}` ({id}) exists in the VPC without the tag {}", tags::STORE),
        "rename the store, or delete the security group if nobody needs it",
    )
}

async fn look(cx: &Context, filters: &[(&str, &str)]) -> Result<Option<types::SecurityGroup>> {
    let filters = filters.iter().map(|(name, value)| Filter::builder().name(*name).values(*value).build()).collect();
    let sent = cx.aws.ec2.describe_security_groups().set_filters(Some(filters)).send().await;
    let output = sent.or_fail("look for the security group", "ec2:DescribeSecurityGroups")?;
    Ok(output.security_groups.unwrap_or_default().into_iter().next())
}
