//! Endpoint services as consumers see them: the caller's own, and others that allow the caller's account.

use serde_json::{Value, json};

use super::endpoint_permission::admits;
use super::listing::{Ids, Listing};
use super::{EndpointService, home_of, live_service_by_name};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, World};

const LISTING: Listing = Listing {
    set: "serviceDetailSet",
    ids: Some(Ids { parameter: "ServiceName", member: "serviceName", missing }),
    filters: &[
        ("owner", "owner"),
        ("service-name", "serviceName"),
        ("service-region", "serviceRegion"),
        ("service-type", "serviceType.serviceType"),
        ("supported-ip-address-types", "supportedIpAddressTypeSet"),
    ],
};

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    let visible = world.ec2.endpoint_services.iter().filter(|service| offered_to(service, world, &home));
    let (details, next) = LISTING.page(call, visible.map(item).collect())?;
    let names: Vec<Value> = details.iter().map(|detail| detail["serviceName"].clone()).collect();
    Ok(json!({"serviceNameSet": names, "serviceDetailSet": details, "nextToken": next}))
}

fn offered_to(service: &EndpointService, world: &World, home: &Home) -> bool {
    let admitted = service.home.account == home.account || admits(&service.principals, &home.account);
    let live = live_service_by_name(world, &service.name).is_some();
    live && admitted && service.home.region == home.region && service.state(world) == "Available"
}

fn missing(name: &str) -> Fail {
    Fail::new("InvalidServiceName", format!("The Vpc Endpoint Service '{name}' does not exist"))
}

fn item(service: &EndpointService) -> Value {
    let private = service.private_dns_name.as_ref();
    let mut item = service.common();
    item["owner"] = json!(service.home.account);
    item["serviceRegion"] = json!(service.home.region);
    item["vpcEndpointPolicySupported"] = json!(false);
    item["privateDnsNameSet"] =
        json!(private.iter().map(|private| json!({"privateDnsName": private.name})).collect::<Vec<_>>());
    item["privateDnsNameVerificationState"] = json!(private.map(|private| &private.state));
    item
}
