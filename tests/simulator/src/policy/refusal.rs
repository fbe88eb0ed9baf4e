//! How each service says no.

use super::evaluate::Decision;
use crate::Service;
use crate::call::Fail;

/// Access denied in the words of a service.
pub(crate) fn refusal(service: Service, principal: &str, action: &str, resource: &str, decision: Decision) -> Fail {
    let because = match decision {
        Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        Decision::Allowed | Decision::NotAllowed => {
            format!("because no identity-based policy allows the {action} action")
        }
    };
    let told = format!("User: {principal} is not authorized to perform: {action} on resource: {resource} {because}");
    match service {
        Service::Ec2 => Fail::with_status(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {told}"),
        ),
        Service::Kms | Service::ServiceQuotas => Fail::new("AccessDeniedException", told),
        Service::Elb | Service::Route53 | Service::Sts => Fail::with_status(403, "AccessDenied", told),
    }
}
