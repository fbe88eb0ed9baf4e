//! The VPC endpoint service: no acceptance, IPv4, the private DNS name (EPS-01 … EPS-08).

use std::time::Duration;

use aws_sdk_ec2::types::{self, DnsNameState, Filter, ResourceType, ServiceState};
use serde::Serialize;

use super::load_balancer::LoadBalancer;
use super::{Change, Kind, Resource, compare, compare_tags, domain_record, domain_verification};
use crate::apply::Context;
use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::aws::create::by_token;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::pages;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Look, Wait, until};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The endpoint service.
pub(crate) struct EndpointService;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) private_dns_name: String,
    /// Zones it serves: those of the load balancer.
    pub(crate) zones: Vec<String>,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    /// `com.amazonaws.vpce.<region>.vpce-svc-…`, what KMS is given.
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) load_balancers: Vec<String>,
    pub(crate) acceptance_required: bool,
    pub(crate) ip_address_types: Vec<String>,
    /// Zone ids, sorted.
    pub(crate) zones: Vec<String>,
    pub(crate) private_dns_name: String,
    /// Whether AWS has verified the private DNS name.
    pub(crate) verification: String,
    /// Name and value of the TXT record, once AWS shows them.
    pub(crate) challenge: Option<Challenge>,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

/// What AWS wants to find in DNS.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Challenge {
    /// `_` and letters: the label before the domain.
    pub(crate) name: String,
    /// `vpce:` and letters; case matters.
    pub(crate) value: String,
}

impl Seen {
    pub(crate) fn read(service: &types::ServiceConfiguration) -> Option<Self> {
        let dns = service.private_dns_name_configuration();
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        // The name and the value appear some moments after the service.
        let name = dns.and_then(|dns| dns.name()).filter(|name| !name.is_empty());
        let value = dns.and_then(|dns| dns.value()).filter(|value| !value.is_empty());
        let mut zones = service.availability_zone_ids().to_vec();
        zones.sort();
        Some(Self {
            id: service.service_id()?.to_owned(),
            name: service.service_name()?.to_owned(),
            state: text(service.service_state().map(ServiceState::as_str)),
            load_balancers: service.network_load_balancer_arns().to_vec(),
            acceptance_required: service.acceptance_required().unwrap_or_default(),
            ip_address_types: service
                .supported_ip_address_types()
                .iter()
                .map(|each| each.as_str().to_owned())
                .collect(),
            zones,
            private_dns_name: text(service.private_dns_name()),
            verification: text(dns.and_then(|dns| dns.state()).map(DnsNameState::as_str)),
            challenge: name
                .zip(value)
                .map(|(name, value)| Challenge { name: name.to_owned(), value: value.to_owned() }),
            tags: tags::from_ec2(service.tags()),
        })
    }

    pub(crate) fn verified(&self) -> bool {
        self.verification == DnsNameState::Verified.as_str()
    }

    pub(crate) fn available(&self) -> bool {
        self.state == ServiceState::Available.as_str()
    }

    /// Whether it is on its way out; such a one does not count.
    pub(crate) fn leaving(&self) -> bool {
        self.state == ServiceState::Deleting.as_str() || self.state == ServiceState::Deleted.as_str()
    }
}

/// Its deletion usually takes less than half a minute.
pub(crate) const RELEASE: Duration = Duration::from_secs(20);

impl Resource for EndpointService {
    const KIND: Kind = Kind::EndpointService;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.endpoint_service.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.endpoint_service.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.domain_verification = seen.as_ref().filter(|seen| seen.verified()).map(|_| domain_verification::Seen);
        if seen.is_none() {
            observed.permission = None;
        }
        observed.endpoint_service = seen;
    }

    fn describe(want: &Want) -> String {
        format!("private DNS name {}, no acceptance, IPv4", want.private_dns_name)
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let failed = seen.state == ServiceState::Failed.as_str();
        let pending = seen.state == ServiceState::Pending.as_str();
        let balancer = observed.load_balancer.as_ref().filter(|balancer| !seen.load_balancers.contains(&balancer.arn));
        let ipv4 = seen.ip_address_types.iter().any(|each| each == "ipv4");
        [
            failed.then(|| Change::new("state", &seen.state, "Available").replacing()),
            pending.then(|| Change::new("state", &seen.state, "Available")),
            balancer.map(|balancer| Change::new("load_balancer", "", &balancer.arn)),
            compare("acceptance_required", &seen.acceptance_required, &false),
            (!ipv4).then(|| Change::new("ip_address_types", seen.ip_address_types.join(", "), "ipv4")),
            compare("private_dns_name", &seen.private_dns_name, &want.private_dns_name),
        ]
        .into_iter()
        .flatten()
        .chain(lacking(want, seen).map(|zone| Change::new("zone", "", zone)))
        .chain(compare_tags(&seen.tags, &want.tags))
        .collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        // A load balancer belongs to one service at most, so its ARN makes the token.
        let balancer = &cx.parent::<LoadBalancer>()?.arn;
        let made = by_token(cx, "endpoint-service", balancer, |token| create(cx, want, balancer, token)).await?;
        available(cx, made).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        let renamed = seen.private_dns_name != want.private_dns_name;
        let want = &if renamed { remembering(cx, want) } else { want.clone() };
        cx.tag_ec2(&seen.id, &seen.tags, &want.tags).await?;
        if lacking(want, seen).next().is_some() {
            // A call with nothing but the id takes over zones that the load balancer got since (EPS-07).
            modify(cx, &seen.id, |request| request).await?;
        }
        let balancer = &cx.parent::<LoadBalancer>()?.arn;
        if !seen.load_balancers.contains(balancer) {
            modify(cx, &seen.id, |request| request.add_network_load_balancer_arns(balancer)).await?;
        }
        if seen.acceptance_required {
            modify(cx, &seen.id, |request| request.acceptance_required(false)).await?;
        }
        if !seen.ip_address_types.iter().any(|each| each == "ipv4") {
            modify(cx, &seen.id, |request| request.add_supported_ip_address_types("ipv4")).await?;
        }
        if renamed {
            modify(cx, &seen.id, |request| request.private_dns_name(&want.private_dns_name)).await?;
        }
        until(cx, UPDATED, || async {
            let now = look(cx, &seen.id).await?;
            let Some(now) = now else { return Ok(Look::Missing) };
            let left = Self::differences(want, &now, &cx.observed);
            if !left.is_empty() {
                let fields: Vec<&str> = left.iter().map(|change| change.field.as_str()).collect();
                return Ok(Look::NotYet(format!("still differs in {}", fields.join(", "))));
            }
            // The challenge of a new private DNS name appears some moments later, and the domain record needs it.
            let shown = now.challenge.is_some();
            Ok(if shown { Look::Done(now) } else { Look::NotYet("no TXT record shown yet".to_owned()) })
        })
        .await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.ec2.delete_vpc_endpoint_service_configurations().service_ids(&seen.id).send().await;
            let output = sent.or_fail("delete the endpoint service", "ec2:DeleteVpcEndpointServiceConfigurations")?;
            match refused(output.unsuccessful()) {
                Err(error) if error.is_code(DELETE.busy) => {
                    reject_connections(cx, &seen.id).await?;
                    Err(error)
                }
                other => other,
            }
        };
        let still =
            || async { Ok(look(cx, &seen.id).await?.filter(|now| now.state != "Deleted").map(|now| now.state)) };
        delete(cx, DELETE, request, still).await
    }
}

const AVAILABLE: Wait = Wait {
    until: "the endpoint service is available",
    usual: Duration::from_secs(5),
    limit: Duration::from_secs(10 * 60),
};

const UPDATED: Wait = Wait { until: "the endpoint service shows the change", ..AVAILABLE };

const DELETE: Delete = Delete {
    until: "the endpoint service is gone",
    busy: &["ExistingVpcEndpointConnections"],
    gone: &[
        "InvalidVpcEndpointServiceId.NotFound",
        "InvalidVpcEndpointService.NotFound",
        "InvalidVpcEndpointServiceID.NotFound",
    ],
    usual: RELEASE,
};

/// With the tag that remembers the TXT record of the private DNS name that is about to go.
fn remembering(cx: &Context, want: &Want) -> Want {
    let mut want = want.clone();
    let record = cx.observed.domain_record.as_ref().and_then(domain_record::Seen::to_tag);
    want.tags.extend(record.map(|record| (tags::FORMER_RECORD.to_owned(), record)));
    want
}

/// Zones that the service does not serve yet. An endpoint that names no zones at all leaves nothing to compare.
fn lacking<'a>(want: &'a Want, seen: &'a Seen) -> impl Iterator<Item = &'a String> {
    want.zones.iter().filter(|zone| !seen.zones.is_empty() && !seen.zones.contains(zone))
}

/// The service; `None` when the token leads to one that is being deleted.
async fn create(cx: &Context, want: &Want, balancer: &str, token: String) -> Result<Option<Seen>> {
    let request = cx
        .aws
        .ec2
        .create_vpc_endpoint_service_configuration()
        .network_load_balancer_arns(balancer)
        .acceptance_required(false)
        .private_dns_name(&want.private_dns_name)
        .supported_ip_address_types("ipv4")
        .client_token(token)
        .tag_specifications(tags::specification(ResourceType::VpcEndpointService, &want.tags));
    let output = known(cx, &[Kind::LoadBalancer], || async {
        let sent = request.clone().send().await;
        sent.or_fail("create the endpoint service", "ec2:CreateVpcEndpointServiceConfiguration")
    })
    .await?;
    let made = output.service_configuration().and_then(Seen::read);
    let made = made.ok_or_else(|| Error::incomplete("CreateVpcEndpointServiceConfiguration", "ServiceId"))?;
    Ok(Some(made).filter(|made| !made.leaving()))
}

async fn available(cx: &Context, made: Seen) -> Result<Seen> {
    if made.available() && made.challenge.is_some() {
        return Ok(made);
    }
    until(cx, AVAILABLE, || async {
        match look(cx, &made.id).await? {
            Some(now) if now.available() => Ok(Look::Done(now)),
            Some(now) if now.state == ServiceState::Failed.as_str() => Err(failed(&now.id)),
            Some(now) => Ok(Look::NotYet(now.state)),
            None => Ok(Look::Missing),
        }
    })
    .await
}

fn failed(id: &str) -> Error {
    Error::new(
        ErrorKind::Aws,
        format!("endpoint service `{id}` ended as `Failed`"),
        "plan again: the endpoint service will be replaced",
    )
}

async fn modify(cx: &Context, id: &str, change: impl FnOnce(Modify) -> Modify) -> Result<()> {
    let request = change(cx.aws.ec2.modify_vpc_endpoint_service_configuration().service_id(id));
    known(cx, &[Kind::LoadBalancer], || async {
        let sent = request.clone().send().await;
        sent.or_fail("change the endpoint service", "ec2:ModifyVpcEndpointServiceConfiguration").map(drop)
    })
    .await
}

type Modify = aws_sdk_ec2::operation::modify_vpc_endpoint_service_configuration::builders::ModifyVpcEndpointServiceConfigurationFluentBuilder;

/// The service as it is now, for whoever waits for a part of it.
pub(crate) async fn look(cx: &Context, id: &str) -> Result<Option<Seen>> {
    let filter = Filter::builder().name("service-id").values(id).build();
    let sent = cx.aws.ec2.describe_vpc_endpoint_service_configurations().filters(filter).send().await;
    let output = sent.or_fail("look at the endpoint service", "ec2:DescribeVpcEndpointServiceConfigurations")?;
    Ok(output.service_configurations().first().and_then(Seen::read))
}

/// EC2 answers 200 to a delete that it refused; the refusal is inside.
fn refused(items: &[types::UnsuccessfulItem]) -> Result<()> {
    let Some(error) = items.first().and_then(|item| item.error()) else { return Ok(()) };
    let code = error.code().unwrap_or("an error without a code");
    let said = error.message().unwrap_or("no message");
    Err(Error::new(
        ErrorKind::Aws,
        format!("could not delete the endpoint service: AWS said {code}: {said}"),
        "clear what the code names, then apply again",
    )
    .with_aws(error.code(), None))
}

/// Endpoints that are left although the key store is gone: refusing them cuts nothing that is in use.
async fn reject_connections(cx: &Context, id: &str) -> Result<()> {
    let left = connections(&cx.aws, id).await?;
    if left.is_empty() || cx.observed.key_store.is_some() {
        return Ok(());
    }
    if !cx.observed.key_store_deleted {
        return Err(in_use(id, &left));
    }
    let request = cx.aws.ec2.reject_vpc_endpoint_connections().service_id(id).set_vpc_endpoint_ids(Some(left));
    let output = request.send().await.or_fail("reject endpoint connections", "ec2:RejectVpcEndpointConnections")?;
    refused(output.unsuccessful())
}

/// Endpoints that use the service or wait for it.
pub(crate) async fn connections(aws: &Aws, id: &str) -> Result<Vec<String>> {
    let filter = Filter::builder().name("service-id").values(id).build();
    let stream = aws.ec2.describe_vpc_endpoint_connections().filters(filter).into_paginator().send();
    let all = pages::all("look for endpoint connections", "ec2:DescribeVpcEndpointConnections", stream, |page| {
        (page.vpc_endpoint_connections, page.next_token)
    });
    let living = |each: &&types::VpcEndpointConnection| {
        let state = each.vpc_endpoint_state().map(|state| state.as_str());
        matches!(state, Some("available" | "pendingAcceptance" | "Available" | "PendingAcceptance"))
    };
    Ok(all.await?.iter().filter(living).filter_map(|each| each.vpc_endpoint_id()).map(str::to_owned).collect())
}

/// The refusal to take down a service under endpoints that this library knows nothing of: KMS keys may need them.
pub(crate) fn in_use(service: &str, endpoints: &[String]) -> Error {
    Error::new(
        ErrorKind::NotOurs,
        format!(
            "endpoint service `{service}` is in use by {}, of a key store that the spec does not have",
            endpoints.join(", ")
        ),
        "have the key store that uses it disconnected, or tear down with the spec that has the key store",
    )
}
