//! Who may connect to the endpoint service: AWS KMS, and the key store's account when it is another one (PRM-01,
//! ACC-06). Principals of others stay.

use std::collections::BTreeSet;

use serde::Serialize;

use super::endpoint_service::EndpointService;
use super::{Change, Kind, Resource};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::fresh::known;
use crate::desired::Desired;
use crate::error::Result;
use crate::observed::Observed;

/// The allowed principals.
pub(crate) struct Permission;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) principals: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) principals: BTreeSet<String>,
}

impl Seen {
    pub(crate) fn read(allowed: &[aws_sdk_ec2::types::AllowedPrincipal]) -> Option<Self> {
        let principals: BTreeSet<String> =
            allowed.iter().filter_map(|each| each.principal()).map(str::to_owned).collect();
        (!principals.is_empty()).then_some(Self { principals })
    }
}

impl Resource for Permission {
    const KIND: Kind = Kind::Permission;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.permission.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.permission.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.permission = seen;
    }

    fn describe(want: &Want) -> String {
        let list: Vec<&str> = want.principals.iter().map(String::as_str).collect();
        list.join(", ")
    }

    fn id(_: &Seen) -> String {
        String::new()
    }

    fn differences(want: &Want, seen: &Seen, _: &Observed) -> Vec<Change> {
        want.principals.difference(&seen.principals).map(|principal| Change::new("principal", "", principal)).collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        Self::update(cx, want, &Seen { principals: BTreeSet::new() }).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        let missing = want.principals.difference(&seen.principals).cloned().collect();
        let service = &cx.parent::<EndpointService>()?.id;
        let request = cx.aws.ec2.modify_vpc_endpoint_service_permissions().service_id(service);
        let request = request.set_add_allowed_principals(Some(missing));
        known(cx, &[Kind::EndpointService], || async {
            let sent = request.clone().send().await;
            sent.or_fail("allow AWS KMS to connect", "ec2:ModifyVpcEndpointServicePermissions")
        })
        .await?;
        Ok(Seen { principals: want.principals.union(&seen.principals).cloned().collect() })
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let service = &cx.parent::<EndpointService>()?.id;
        let request = cx.aws.ec2.modify_vpc_endpoint_service_permissions().service_id(service);
        let sent = request.set_remove_allowed_principals(Some(seen.principals.iter().cloned().collect())).send().await;
        sent.or_fail("remove allowed principals", "ec2:ModifyVpcEndpointServicePermissions").map(drop)
    }
}
