//! What travels: HTTP requests of the AWS protocols into calls, answers back into HTTP responses.
//!
//! The credential scope of the signature names service, Region and access key; signatures themselves are not checked.

mod query;
mod rest_xml;
mod xml;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::call::{Answer, Fail};

/// The services of the simulated AWS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// Amazon EC2: VPCs, links, endpoint services.
    Ec2,
    /// Elastic Load Balancing v2.
    Elb,
    /// AWS KMS: custom key stores and keys.
    Kms,
    /// Amazon Route 53.
    Route53,
    /// AWS STS.
    Sts,
    /// Service Quotas.
    ServiceQuotas,
}

const ELB_NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A request with its meaning.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) region: String,
    pub(crate) access_key: String,
    pub(crate) input: Value,
}

/// Reads a request.
pub(crate) fn decode(request: &Request<Bytes>) -> Result<Decoded, Fail> {
    let (access_key, region, service) = scope(request)?;
    let body = String::from_utf8_lossy(request.body());
    let (operation, input) = match service {
        Service::Ec2 | Service::Elb | Service::Sts => {
            let mut input = query::decode(&body);
            let operation = input["Action"].as_str().unwrap_or_default().to_owned();
            if let Some(map) = input.as_object_mut() {
                map.remove("Action");
                map.remove("Version");
            }
            (operation, input)
        }
        Service::Kms | Service::ServiceQuotas => {
            let target =
                request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let input = if body.is_empty() {
                json!({})
            } else {
                serde_json::from_str(&body).map_err(|error| Fail::new("SerializationException", error.to_string()))?
            };
            (operation, input)
        }
        Service::Route53 => rest_xml::decode(request, &body)?,
    };
    Ok(Decoded { service, operation, region, access_key, input })
}

/// Writes an answer in the protocol of the service.
pub(crate) fn encode(service: Service, operation: &str, request_id: &str, answer: &Answer) -> Response<Bytes> {
    let status = match answer {
        Ok(_) if service == Service::Route53 && operation.starts_with("Create") => 201,
        Ok(_) => 200,
        Err(fail) => fail.status,
    };
    let body = match (service, answer) {
        (Service::Ec2, Ok(output)) => query::ec2_answer(operation, request_id, output),
        (Service::Ec2, Err(fail)) => query::ec2_error(request_id, fail),
        (Service::Elb, Ok(output)) => query::member_answer(ELB_NAMESPACE, operation, request_id, output),
        (Service::Elb, Err(fail)) => query::member_error(ELB_NAMESPACE, request_id, fail),
        (Service::Sts, Ok(output)) => query::member_answer(STS_NAMESPACE, operation, request_id, output),
        (Service::Sts, Err(fail)) => query::member_error(STS_NAMESPACE, request_id, fail),
        (Service::Kms | Service::ServiceQuotas, Ok(output)) => output.to_string(),
        (Service::Kms | Service::ServiceQuotas, Err(fail)) => {
            json!({"__type": fail.code, "message": fail.message}).to_string()
        }
        (Service::Route53, Ok(output)) => rest_xml::answer(operation, output),
        (Service::Route53, Err(fail)) => rest_xml::error(request_id, fail),
    };
    let json = matches!(service, Service::Kms | Service::ServiceQuotas);
    let content_type = if json { "application/x-amz-json-1.1" } else { "text/xml" };
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("x-amzn-requestid", request_id)
        .header("x-amz-request-id", request_id)
        .body(Bytes::from(body))
        .unwrap_or_default()
}

/// `Credential=AKIA…/20260101/eu-central-1/ec2/aws4_request` of the Authorization header.
fn scope(request: &Request<Bytes>) -> Result<(String, String, Service), Fail> {
    let refuse = || Fail::with_status(403, "MissingAuthenticationToken", "Missing Authentication Token");
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok()).ok_or_else(refuse)?;
    let credential = header.split("Credential=").nth(1).and_then(|rest| rest.split(',').next()).ok_or_else(refuse)?;
    let parts: Vec<&str> = credential.trim().split('/').collect();
    let [access_key, _date, region, service, _] = parts[..] else { return Err(refuse()) };
    let service = match service {
        "ec2" => Service::Ec2,
        "elasticloadbalancing" => Service::Elb,
        "kms" => Service::Kms,
        "route53" => Service::Route53,
        "sts" => Service::Sts,
        "servicequotas" => Service::ServiceQuotas,
        other => return Err(Fail::new("UnknownService", format!("the simulator has no service {other}"))),
    };
    Ok((access_key.to_owned(), region.to_owned(), service))
}
