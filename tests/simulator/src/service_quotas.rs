//! Service Quotas: the quotas that this job meets.

use serde_json::{Value, json};

use crate::call::{Answer, Call, Fail};
use crate::sts::partition;
use crate::world::World;

/// Handles one Service Quotas call.
pub(crate) fn handle(call: &Call, world: &World) -> Answer {
    match call.operation.as_str() {
        "GetServiceQuota" => get(call, world),
        other => Err(Fail::new("UnknownOperationException", other)),
    }
}

fn get(call: &Call, world: &World) -> Answer {
    let (service, code) = (call.need("ServiceCode")?, call.need("QuotaCode")?);
    let (service_name, name, value) = match (service.as_str(), code.as_str()) {
        ("vpc", "L-F678F1CE") => ("Amazon Virtual Private Cloud (Amazon VPC)", "VPCs per Region", world.ec2.vpc_quota),
        ("vpc", "L-407747CB") => ("Amazon Virtual Private Cloud (Amazon VPC)", "Subnets per VPC", 200),
        ("elasticloadbalancing", "L-69A177A2") => {
            let name = "Network Load Balancers per Region";
            ("Elastic Load Balancing (ELB)", name, world.elb.limits.load_balancers)
        }
        _ => return Err(Fail::new("NoSuchResourceException", "The request failed because the quota does not exist.")),
    };
    Ok(json!({"Quota": quota(call, &service, &code, service_name, name, value)}))
}

fn quota(call: &Call, service: &str, code: &str, service_name: &str, name: &str, value: usize) -> Value {
    let partition = partition(&call.region);
    json!({
        "ServiceCode": service,
        "ServiceName": service_name,
        "QuotaArn": format!("arn:{partition}:servicequotas:{}:{}:{service}/{code}", call.region, call.account),
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
    })
}
