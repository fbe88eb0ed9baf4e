//! VPC endpoint services as their owner sees them. Consumers: `endpoint_consumer`; permissions, connections and the
//! private DNS name have files of their own.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::endpoint_balancer::{
    balancers_asked, balancers_of, change_balancers, change_ip_address_types, changes_balancers, free_balancers,
    ip_address_types, is_gateway, zones,
};
use super::listing::{Ids, Listing};
use super::object::{Object, find, find_mut, mine, object};
use super::tags::{at_creation, tag_set};
use super::{PrivateDnsName, done, home_of, private_dns, token};
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// A VPC endpoint service configuration.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointService {
    /// Owner and Region.
    pub home: Home,
    /// `vpce-svc-…`.
    pub id: String,
    /// `com.amazonaws.vpce.<region>.vpce-svc-…`.
    pub name: String,
    /// Network Load Balancers (or Gateway Load Balancers).
    pub load_balancer_arns: Vec<String>,
    /// Zones of the load balancers at creation or the last refresh: (zone name, zone id).
    pub zones: Vec<(String, String)>,
    /// Whether connections wait for acceptance.
    pub acceptance_required: bool,
    /// `ipv4`, `ipv6`.
    pub ip_address_types: Vec<String>,
    /// Private DNS name and its verification.
    pub private_dns_name: Option<PrivateDnsName>,
    /// Allowed principals with their permission ids.
    pub principals: Vec<(String, String)>,
    /// When it was created.
    pub created: Duration,
    /// When its deletion is complete; `None` while it lives.
    pub gone_at: Option<Duration>,
    /// Tags.
    pub tags: Tags,
}

object!(EndpointService, "vpc-endpoint-service", "InvalidVpcEndpointServiceId.NotFound", "VpcEndpointService Id");

/// How long a deleted service still shows as `Deleted`.
const SHOWN: Duration = Duration::from_secs(60);

const LISTING: Listing = Listing {
    set: "serviceConfigurationSet",
    ids: Some(Ids { parameter: "ServiceId", member: "serviceId", missing: EndpointService::missing }),
    filters: &[
        ("service-id", "serviceId"),
        ("service-name", "serviceName"),
        ("service-state", "serviceState"),
        ("supported-ip-address-types", "supportedIpAddressTypeSet"),
    ],
};

/// The endpoint service with a service name, whoever owns it; none that is being deleted.
pub(crate) fn live_service_by_name<'a>(world: &'a World, name: &str) -> Option<&'a EndpointService> {
    world.ec2.endpoint_services.iter().find(|service| service.name == name && service.gone_at.is_none())
}

/// The endpoint service that holds a load balancer, until its deletion is complete.
pub(crate) fn service_holding<'a>(world: &'a World, lb_arn: &str) -> Option<&'a EndpointService> {
    let exists = |service: &EndpointService| service.gone_at.is_none_or(|at| world.now < at);
    let holds = |service: &EndpointService| service.load_balancer_arns.iter().any(|arn| arn == lb_arn);
    world.ec2.endpoint_services.iter().find(|service| exists(service) && holds(service))
}

impl EndpointService {
    /// `Pending`, `Available`, `Deleting`, `Deleted` or `Failed`.
    pub(crate) fn state(&self, world: &World) -> &'static str {
        match self.gone_at {
            Some(at) if world.now < at => "Deleting",
            Some(_) => "Deleted",
            None if world.ec2.failed_endpoint_services.contains(&self.id) => "Failed",
            None if world.now < self.created + world.timings.endpoint_service => "Pending",
            None => "Available",
        }
    }

    /// `Interface` in front of Network Load Balancers, `GatewayLoadBalancer` in front of the other kind.
    pub(crate) fn kind(&self) -> &'static str {
        if self.load_balancer_arns.iter().any(|arn| is_gateway(arn)) { "GatewayLoadBalancer" } else { "Interface" }
    }

    /// What owner and consumers see alike.
    pub(super) fn common(&self) -> Value {
        let (names, ids): (Vec<&String>, Vec<&String>) = self.zones.iter().map(|(name, id)| (name, id)).unzip();
        json!({
            "serviceId": self.id,
            "serviceName": self.name,
            "serviceType": [{"serviceType": self.kind()}],
            "availabilityZoneSet": names,
            "availabilityZoneIdSet": ids,
            "acceptanceRequired": self.acceptance_required,
            "managesVpcEndpoints": false,
            "supportedIpAddressTypeSet": self.ip_address_types,
            "baseEndpointDnsNameSet": [format!("{}.{}.vpce.amazonaws.com", self.id, self.home.region)],
            "privateDnsName": self.private_dns_name.as_ref().map(|private| &private.name),
            "tagSet": tag_set(&self.tags),
        })
    }

    fn item(&self, world: &World) -> Value {
        let (gateway, network): (Vec<&String>, Vec<&String>) =
            self.load_balancer_arns.iter().partition(|arn| is_gateway(arn));
        let mut item = self.common();
        item["serviceState"] = json!(self.state(world));
        item["networkLoadBalancerArnSet"] = json!(network);
        item["gatewayLoadBalancerArnSet"] = json!(gateway);
        item["privateDnsNameConfiguration"] =
            json!(self.private_dns_name.as_ref().map(|private| private.configuration(world)));
        item["remoteAccessEnabled"] = json!(false);
        item
    }
}

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    in_region_only(call, "SupportedRegion")?;
    let private = call.text("PrivateDnsName").map(private_dns::checked).transpose()?;
    let tags = at_creation::<EndpointService>(call)?;
    let id = match token::earlier(call, world)? {
        Some(id) => id,
        None => {
            let arns = balancers_asked(call)?;
            let balancers = free_balancers(world, &home, &arns)?;
            let types = ip_address_types(call.texts("SupportedIpAddressType"), &balancers)?;
            let zones = zones(&balancers);
            let id = world.ids.resource("vpce-svc");
            let service = EndpointService {
                name: format!("com.amazonaws.vpce.{}.{id}", home.region),
                id: id.clone(),
                home: home.clone(),
                load_balancer_arns: arns,
                zones,
                acceptance_required: call.flag("AcceptanceRequired").unwrap_or(true),
                ip_address_types: types,
                private_dns_name: private.map(|name| PrivateDnsName::new(name, world)),
                principals: Vec::new(),
                created: world.now,
                gone_at: None,
                tags,
            };
            world.ec2.endpoint_services.push(service);
            token::remember(call, world, &id);
            id
        }
    };
    let service = find(&world.ec2.endpoint_services, &home, &id)?;
    Ok(json!({"serviceConfiguration": service.item(world), "clientToken": call.text("ClientToken")}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.endpoint_services, &home).map(|service| service.item(world)).collect())
}

pub(super) fn modify(call: &Call, world: &mut World) -> Answer {
    in_region_only(call, "AddSupportedRegion")?;
    let mut service = own(call, world)?.clone();
    change_balancers(call, world, &mut service)?;
    let balancers = balancers_of(world, &service);
    change_ip_address_types(call, &mut service, &balancers)?;
    if changes_balancers(call) || only_names_the_service(call) {
        service.zones = zones(&balancers);
    }
    change_private_dns_name(call, world, &mut service)?;
    if let Some(required) = call.flag("AcceptanceRequired") {
        service.acceptance_required = required;
    }
    *own_mut(call, world)? = service;
    Ok(done())
}

/// DeleteVpcEndpointServiceConfigurations. It succeeds as a whole and lists what it did not delete.
pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    let ids = call.texts("ServiceId");
    if ids.is_empty() {
        return Err(Fail::new("MissingParameter", "The request must contain the parameter ServiceId"));
    }
    let refused = |id: &String| delete_one(world, &home, id).err().map(|fail| unsuccessful(id, &fail));
    let unsuccessful: Vec<Value> = ids.iter().filter_map(refused).collect();
    Ok(json!({"unsuccessful": unsuccessful}))
}

/// Forgets services whose deletion has been shown long enough, and what hangs on them.
pub(super) fn advance(world: &mut World) {
    let now = world.now;
    let over = |service: &EndpointService| service.gone_at.is_some_and(|at| at + SHOWN <= now);
    let gone: Vec<String> =
        world.ec2.endpoint_services.iter().filter(|service| over(service)).map(|service| service.id.clone()).collect();
    for id in gone {
        world.ec2.endpoint_services.retain(|service| service.id != id);
        world.ec2.endpoint_connections.retain(|connection| connection.service_id != id);
        token::forget(world, &id);
    }
}

/// The service that a call names, if it is the caller's and not being deleted.
pub(super) fn own<'a>(call: &Call, world: &'a World) -> Result<&'a EndpointService, Fail> {
    let id = call.need("ServiceId")?;
    let service = find(&world.ec2.endpoint_services, &home_of(call), &id)?;
    if service.gone_at.is_some() { Err(EndpointService::missing(&id)) } else { Ok(service) }
}

/// The same, to change it.
pub(super) fn own_mut<'a>(call: &Call, world: &'a mut World) -> Result<&'a mut EndpointService, Fail> {
    let id = own(call, world)?.id.clone();
    find_mut(&mut world.ec2.endpoint_services, &home_of(call), &id)
}

/// An entry in the list of what a call with many ids did not do.
pub(super) fn unsuccessful(id: &str, fail: &Fail) -> Value {
    json!({"resourceId": id, "error": {"code": fail.code, "message": fail.message}})
}

fn delete_one(world: &mut World, home: &Home, id: &str) -> Result<(), Fail> {
    let now = world.now;
    let gone_at = now + world.timings.endpoint_service_release;
    let connected = connected(world, id);
    let service = find_mut(&mut world.ec2.endpoint_services, home, id).ok().filter(|service| {
        // A repeated delete is no error until the first one is complete.
        service.gone_at.is_none_or(|at| now < at)
    });
    let Some(service) = service else {
        let message = format!("The VpcEndpointService Id '{id}' does not exist");
        return Err(Fail::new("InvalidVpcEndpointService.NotFound", message));
    };
    if connected {
        let message = format!("Service {id} has existing active VPC Endpoint connections!");
        return Err(Fail::new("ExistingVpcEndpointConnections", message));
    }
    service.gone_at.get_or_insert(gone_at);
    Ok(())
}

/// Whether endpoints are connected to a service, or wait to be.
pub(super) fn connected(world: &World, service_id: &str) -> bool {
    let live = |state: &str| matches!(state, "available" | "pending" | "pendingAcceptance");
    world.ec2.endpoint_connections.iter().any(|each| each.service_id == service_id && live(&each.state))
}

/// Sharing across Regions is not simulated; better to say so than to ignore it.
fn in_region_only(call: &Call, parameter: &str) -> Result<(), Fail> {
    match call.texts(parameter).iter().find(|region| **region != call.region) {
        Some(region) => Err(Fail::new("InvalidParameter", format!("The Region {region} is not supported here."))),
        None => Ok(()),
    }
}

/// A new name needs a new proof; the same name keeps the one it has.
fn change_private_dns_name(call: &Call, world: &mut World, service: &mut EndpointService) -> Result<(), Fail> {
    let name = call.text("PrivateDnsName").map(private_dns::checked).transpose()?;
    match (name, call.flag("RemovePrivateDnsName") == Some(true)) {
        (Some(_), true) => {
            let message = "PrivateDnsName and RemovePrivateDnsName exclude each other";
            return Err(Fail::new("InvalidParameterCombination", message));
        }
        (None, true) => service.private_dns_name = None,
        (Some(name), false) if service.private_dns_name.as_ref().is_none_or(|private| private.name != name) => {
            service.private_dns_name = Some(PrivateDnsName::new(name, world));
        }
        _ => {}
    }
    Ok(())
}

/// Such a call asks AWS to look at the zones of the load balancers again.
fn only_names_the_service(call: &Call) -> bool {
    call.input.as_object().is_some_and(|input| input.keys().all(|name| matches!(name.as_str(), "ServiceId" | "DryRun")))
}
