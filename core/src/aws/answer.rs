//! Answers of the SDK into our errors: what AWS said, whether it may have acted, what to do.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::remedy::remedy;
use crate::error::{Error, ErrorKind, Result};

/// Turns the result of `send()` into ours.
pub(crate) trait Answer<T> {
    /// `doing` reads after "could not": "create the VPC". `action` is the IAM action, `ec2:CreateVpc`.
    fn or_fail(self, doing: &str, action: &str) -> Result<T>;
}

impl<T, E> Answer<T> for Result<T, SdkError<E, HttpResponse>>
where
    T: RequestId,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn or_fail(self, doing: &str, action: &str) -> Result<T> {
        match self {
            Ok(output) => {
                tracing::debug!(action, request_id = output.request_id(), "answered");
                Ok(output)
            }
            Err(error) => {
                let error = explain(doing, action, error);
                tracing::debug!(action, request_id = error.request_id(), code = error.aws_code(), "failed");
                Err(error)
            }
        }
    }
}

fn explain<E>(doing: &str, action: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code = error.code().map(str::to_owned);
    let request_id = error.request_id().map(str::to_owned);
    let (kind, what) = match &error {
        // The body was neither what was asked for nor an error.
        SdkError::ServiceError(context) if code.is_none() && context.raw().status().is_success() => {
            (ErrorKind::Aws, "could not read the answer of AWS".to_owned())
        }
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let said = error.message().unwrap_or("no message");
            let code = code.as_deref().unwrap_or("an error without a code");
            (kind_of(code, status), format!("AWS said {code}: {said}"))
        }
        SdkError::TimeoutError(_) => (ErrorKind::Unreachable, "no answer in time".to_owned()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (ErrorKind::Unreachable, "no answer in time".to_owned())
        }
        SdkError::DispatchFailure(failure) => {
            let why = failure.as_connector_error().map_or_else(String::new, |error| format!(": {}", root_of(error)));
            // Where credentials were looked for is a list of lines.
            let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
            (ErrorKind::Unreachable, format!("could not reach AWS{why}"))
        }
        SdkError::ResponseError(_) => (ErrorKind::Aws, "could not read the answer of AWS".to_owned()),
        SdkError::ConstructionFailure(_) => (ErrorKind::InvalidSpec, "could not build the request".to_owned()),
        _ => (ErrorKind::Aws, "the AWS SDK failed".to_owned()),
    };
    let unclear = match &error {
        SdkError::ServiceError(context) => context.raw().status().is_server_error() && kind != ErrorKind::Throttled,
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    };
    let denied = error.message().and_then(denied_action).unwrap_or(action);
    Error::new(kind, format!("could not {doing}: {what}"), help(kind, code.as_deref(), denied))
        .with_aws(code.as_deref(), request_id.as_deref())
        .with_unclear(unclear)
        .with_source(error)
}

/// What began it: of all that the SDK tells of a connection, only this names the certificate, the name or the port.
fn root_of<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    error.source().map_or(error, root_of)
}

fn kind_of(code: &str, status: u16) -> ErrorKind {
    match code {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "OptInRequired" | "AuthFailure" => {
            ErrorKind::AccessDenied
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "RequestExpired" => ErrorKind::Unreachable,
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "PriorRequestNotComplete" => ErrorKind::Throttled,
        _ if code.contains("LimitExceeded") || code.starts_with("TooMany") => ErrorKind::LimitExceeded,
        _ if status == 429 => ErrorKind::Throttled,
        _ => ErrorKind::Aws,
    }
}

/// The action that AWS says is missing: a create with tags, for one, needs the right to tag as well.
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '-').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|action| action.contains(':'))
}

/// Whether something exists already, exists no more, or is in another state: the world is not as the run knew it.
pub(crate) fn is_surprise(error: &Error) -> bool {
    const EXISTS: [&str; 16] = [
        "CustomKeyStoreInvalidStateException",
        "CustomKeyStoreNameInUseException",
        "DuplicateListener",
        "DuplicateLoadBalancerName",
        "DuplicateSubnetsInSameZone",
        "DuplicateTargetGroupName",
        "DuplicateTransitGatewayAttachment",
        "InvalidGroup.Duplicate",
        "InvalidSubnet.Conflict",
        "InvalidVpcState",
        "Resource.AlreadyAssociated",
        "RouteAlreadyExists",
        "VpcPeeringConnectionAlreadyExists",
        "VpnGatewayAttachmentLimitExceeded",
        "XksProxyUriInUseException",
        "XksProxyVpcEndpointServiceInUseException",
    ];
    // The spec names the transit gateway: an id that is not found is wrong.
    let given = "InvalidTransitGatewayID.NotFound";
    let gone = |code: &str| code != given && (code.ends_with("NotFound") || code.ends_with("NotFoundException"));
    error.is_surprise() || error.is_code(&EXISTS) || error.aws_code().is_some_and(gone) || is_unknown_vpc(error)
}

/// Elastic Load Balancing has no code of its own for a VPC that it does not know.
pub(crate) fn is_unknown_vpc(error: &Error) -> bool {
    error.is_code(&["ValidationError"]) && error.to_string().contains("is not found")
}

fn help(kind: ErrorKind, code: Option<&str>, action: &str) -> String {
    match (kind, code.and_then(remedy)) {
        (ErrorKind::AccessDenied, _) => format!("allow `{action}` for the calling role"),
        (ErrorKind::Unreachable, _) => {
            "check credentials, network and proxy settings of this process, then try again".to_owned()
        }
        (ErrorKind::Throttled, _) => "wait a little, then try again".to_owned(),
        (_, Some(remedy)) => remedy.to_owned(),
        (ErrorKind::LimitExceeded, _) => {
            "raise the quota in Service Quotas or delete what is no longer needed".to_owned()
        }
        _ if code.is_none() => {
            "try again; if it happens again, this is a fault of the endpoint that answers, or of a proxy before it"
                .to_owned()
        }
        _ => format!("look up the code in the reference of `{action}`; when it is cleared, try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::denied_action;

    #[test]
    fn the_action_that_aws_names_is_found() {
        let said = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/a is not authorized to \
                    perform: ec2:CreateTags on resource: * because no identity-based policy allows the action";
        assert_eq!(denied_action(said), Some("ec2:CreateTags"));
        assert_eq!(
            denied_action("… is not authorized to perform: iam:CreateServiceLinkedRole"),
            Some("iam:CreateServiceLinkedRole")
        );
        assert_eq!(denied_action("You are not authorized to perform this operation."), None);
        assert_eq!(denied_action("not authorized to perform: this."), None);
    }
}
