//! AWS's verification of the private DNS name: a process, seen as a resource that exists once the state is `verified`.

use std::time::{Duration, SystemTime};

use aws_sdk_ec2::types::DnsNameState;
use serde::Serialize;

use super::endpoint_service::{self, EndpointService};
use super::{Change, Kind, Resource};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::fresh::known;
use crate::aws::wait::{Look, Wait, until};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The verification.
pub(crate) struct DomainVerification;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    /// How long to go on when AWS does not find the record.
    pub(crate) patience: Duration,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen;

/// From start to `verified` it usually takes about four minutes.
pub(crate) const USUAL: Duration = Duration::from_secs(230);

impl Resource for DomainVerification {
    const KIND: Kind = Kind::DomainVerification;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.domain_verification.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.domain_verification.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.domain_verification = seen;
    }

    fn describe(_: &Want) -> String {
        "AWS finds the TXT record".to_owned()
    }

    fn id(_: &Seen) -> String {
        String::new()
    }

    fn differences(_: &Want, _: &Seen, _: &Observed) -> Vec<Change> {
        Vec::new()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let service = &cx.parent::<EndpointService>()?.id;
        let began = cx.aws.now();
        loop {
            start(cx, service).await?;
            let started = cx.aws.now();
            let limit = want.patience.max(UNDECIDED);
            let state = until(cx, Wait { limit, ..DECIDED }, || decided(cx, service, started)).await;
            let state = state.map_err(|error| match error.kind() {
                ErrorKind::TimedOut => undecided(cx, limit),
                _ => error,
            })?;
            if state == DnsNameState::Verified {
                return Ok(Seen);
            }
            if cx.aws.since(began) >= want.patience {
                return Err(not_found(cx));
            }
            hand_out_again(cx);
            // DNS may need a while to show a fresh record everywhere.
            cx.aws.sleep(PAUSE).await;
        }
    }

    async fn update(_: &Context, _: &Want, _: &Seen) -> Result<Seen> {
        Ok(Seen)
    }

    async fn delete(_: &Context, _: &Seen) -> Result<()> {
        Ok(())
    }
}

/// A run that was cut off may have had the record and told nobody: whoever publishes by hand hears of it now.
fn hand_out_again(cx: &Context) {
    let by_hand = cx.desired.domain_record.as_ref().is_some_and(|want| want.is_by_hand());
    if let (Some(seen), true) = (&cx.observed.domain_record, by_hand) {
        cx.hand_out(&seen.record);
    }
}

const DECIDED: Wait = Wait { until: "AWS has verified the domain", usual: USUAL, limit: UNDECIDED };

/// AWS may leave it undecided for hours. So long is waited at least; the patience with a record that AWS does not find
/// may be longer.
const UNDECIDED: Duration = Duration::from_secs(10 * 60);

const PAUSE: Duration = Duration::from_secs(30);

/// After a start, reads may still show the `failed` of an earlier try for some moments.
const ECHO: Duration = Duration::from_secs(10);

async fn start(cx: &Context, service: &str) -> Result<()> {
    let request = cx.aws.ec2.start_vpc_endpoint_service_private_dns_verification().service_id(service);
    known(cx, &[Kind::EndpointService], || async {
        let sent = request.clone().send().await;
        sent.or_fail("start the domain verification", "ec2:StartVpcEndpointServicePrivateDnsVerification").map(drop)
    })
    .await
}

async fn decided(cx: &Context, service: &str, started: SystemTime) -> Result<Look<DnsNameState>> {
    let Some(now) = endpoint_service::look(cx, service).await? else {
        return Ok(Look::Missing);
    };
    let state = DnsNameState::from(now.verification.as_str());
    let settled = state == DnsNameState::Verified || (state == DnsNameState::Failed && cx.aws.since(started) > ECHO);
    Ok(if settled { Look::Done(state) } else { Look::NotYet(now.verification) })
}

fn not_found(cx: &Context) -> Error {
    unverified(cx, "AWS did not find the TXT record of the private DNS name".to_owned())
        .with_aws(Some(DnsNameState::Failed.as_str()), None)
}

fn undecided(cx: &Context, waited: Duration) -> Error {
    let waited = crate::text::duration(waited);
    unverified(cx, format!("AWS has not said within {waited} whether it finds the TXT record of the private DNS name"))
        .with_aws(Some(DnsNameState::PendingVerification.as_str()), None)
}

fn unverified(cx: &Context, message: String) -> Error {
    let record = cx.observed.domain_record.as_ref().map(|seen| seen.record.to_string()).unwrap_or_default();
    let help = format!("check that the zone's name servers answer with `{record}`, then apply again");
    Error::new(ErrorKind::TimedOut, message, help)
}
