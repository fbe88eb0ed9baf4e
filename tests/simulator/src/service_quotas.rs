//! Service Quotas: the quotas that this job meets.

use serde_json::{Value, json};

use crate::call::{Answer, Call, Fail};
use crate::sts::partition;
use crate::world::World;

/// A quota.
struct Quota {
    service: &'static str,
    code: &'static str,
    name: &'static str,
    value: fn(&World) -> usize,
}

const QUOTAS: [Quota; 6] = [
    Quota { service: "vpc", code: "L-F678F1CE", name: "VPCs per Region", value: |world| world.ec2.vpc_quota },
    Quota { service: "vpc", code: "L-407747CB", name: "Subnets per VPC", value: |_| 200 },
    Quota {
        service: "elasticloadbalancing",
        code: "L-69A177A2",
        name: "Network Load Balancers per Region",
        value: |world| world.elb.limits.load_balancers,
    },
    // Quotas of KMS have no published codes: these are the simulator's own.
    Quota { service: "kms", code: "L-00000001", name: "Aliases per KMS key", value: |_| 50 },
    Quota { service: "kms", code: "L-00000002", name: "Custom key stores", value: |world| world.kms.key_store_quota },
    Quota { service: "kms", code: "L-00000003", name: "CreateCustomKeyStore request rate", value: |_| 5 },
];

/// Quotas on a page, when the call does not say how many.
const PAGE: usize = 100;

/// Handles one Service Quotas call.
pub(crate) fn handle(call: &Call, world: &World) -> Answer {
    match call.operation.as_str() {
        "GetServiceQuota" => get(call, world),
        "ListServiceQuotas" => list(call, world),
        other => Err(Fail::new("UnknownOperationException", other)),
    }
}

fn get(call: &Call, world: &World) -> Answer {
    let (service, code) = (call.need("ServiceCode")?, call.need("QuotaCode")?);
    let found = QUOTAS.iter().find(|quota| quota.service == service && quota.code == code);
    let quota = found.ok_or_else(|| no_such("quota"))?;
    Ok(json!({"Quota": quota.describe(call, world)}))
}

fn list(call: &Call, world: &World) -> Answer {
    let service = call.need("ServiceCode")?;
    let all: Vec<&Quota> = QUOTAS.iter().filter(|quota| quota.service == service).collect();
    if all.is_empty() {
        return Err(no_such("service"));
    }
    let size = match call.number("MaxResults").map(usize::try_from) {
        None => PAGE,
        Some(Ok(size @ 1..=PAGE)) => size,
        Some(_) => return Err(Fail::new("IllegalArgumentException", "MaxResults must be between 1 and 100")),
    };
    let first = call.text("NextToken").map_or(Ok(0), |token| token.parse::<usize>());
    let first = first.map_err(|_| Fail::new("InvalidPaginationTokenException", "Invalid NextToken"))?;
    let page: Vec<Value> = all.iter().skip(first).take(size).map(|quota| quota.describe(call, world)).collect();
    let next = first + page.len();
    let mut answer = json!({"Quotas": page});
    if next < all.len() {
        answer["NextToken"] = next.to_string().into();
    }
    Ok(answer)
}

fn no_such(what: &str) -> Fail {
    Fail::new("NoSuchResourceException", format!("The request failed because the {what} does not exist."))
}

impl Quota {
    fn describe(&self, call: &Call, world: &World) -> Value {
        let Self { service, code, name, value } = self;
        let service_name = match *service {
            "vpc" => "Amazon Virtual Private Cloud (Amazon VPC)",
            "kms" => "AWS Key Management Service (AWS KMS)",
            _ => "Elastic Load Balancing (ELB)",
        };
        let partition = partition(&call.region);
        json!({
            "ServiceCode": service,
            "ServiceName": service_name,
            "QuotaArn": format!("arn:{partition}:servicequotas:{}:{}:{service}/{code}", call.region, call.account),
            "QuotaCode": code,
            "QuotaName": name,
            "Value": value(world),
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
        })
    }
}
