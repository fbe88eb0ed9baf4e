//! Calls that name what was made moments ago. Ids spread slowly inside AWS, so such a call may be answered for some
//! seconds as if the id were wrong.
//!
//! Only objects of our own are fresh: an id that the caller gave is told to be wrong at once.

use std::future::Future;
use std::time::Duration;

use crate::apply::Context;
use crate::aws::answer::is_unknown_vpc;
use crate::error::{Error, Result};
use crate::resource::Kind;

/// AWS's own advice: begin with seconds, go on for five minutes.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(16);
const LIMIT: Duration = Duration::from_secs(5 * 60);
const USUAL: Duration = Duration::from_secs(2);

/// Calls until AWS knows the objects that the call names; `fresh` are those of them that may be moments old.
///
/// # Errors
/// Whatever `call` fails with, after five minutes also that AWS does not know one of them.
pub(crate) async fn known<T, F>(cx: &Context, fresh: &[Kind], mut call: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let began = cx.aws.now();
    let (mut attempt, mut pause) = (0, FIRST);
    loop {
        let error = match call().await {
            Err(error) if fresh.iter().any(|kind| is_unknown(cx, *kind, &error)) => error,
            other => return other,
        };
        let waited = cx.aws.since(began);
        if waited >= LIMIT {
            return Err(error);
        }
        attempt += 1;
        let state = error.aws_code().unwrap_or("unknown");
        cx.waiting("AWS knows what was made moments ago", state, attempt, waited, USUAL, pause);
        cx.aws.sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Whether the error says that AWS does not know our object of this kind.
fn is_unknown(cx: &Context, kind: Kind, error: &Error) -> bool {
    let adopted = cx.observed.vpc.as_ref().is_some_and(|vpc| !vpc.ours);
    match kind {
        Kind::Vpc | Kind::Subnet if adopted => false,
        Kind::Vpc if is_unknown_vpc(error) => true,
        _ => error.is_code(codes(kind)),
    }
}

/// How EC2, Elastic Load Balancing and KMS say that they do not know one.
fn codes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Vpc => &["InvalidVpcID.NotFound"],
        Kind::Subnet => &["InvalidSubnetID.NotFound", "SubnetNotFound"],
        Kind::RouteTable => &["InvalidRouteTableID.NotFound"],
        // A route names the transit gateway, which is unknown to the VPC until the attachment is.
        Kind::Link => &[
            "InvalidVpnGatewayID.NotFound",
            "InvalidGatewayID.NotFound",
            "InvalidTransitGatewayAttachmentID.NotFound",
            "InvalidTransitGatewayID.NotFound",
            "InvalidVpcPeeringConnectionID.NotFound",
        ],
        Kind::SecurityGroup => &["InvalidGroup.NotFound", "InvalidSecurityGroup"],
        Kind::TargetGroup => &["TargetGroupNotFound"],
        Kind::LoadBalancer => &["LoadBalancerNotFound", "NetworkLoadBalancerNotFoundException"],
        // KMS does not see a service that does not permit it, and permissions spread slowly, too.
        Kind::EndpointService | Kind::Permission => &[
            "InvalidVpcEndpointServiceId.NotFound",
            "InvalidVpcEndpointServiceID.NotFound",
            "InvalidVpcEndpointService.NotFound",
            "XksProxyVpcEndpointServiceNotFoundException",
        ],
        Kind::KeyStore => &["CustomKeyStoreNotFoundException"],
        Kind::Routes
        | Kind::Targets
        | Kind::Listener
        | Kind::DomainRecord
        | Kind::DomainVerification
        | Kind::Connection => &[],
    }
}
