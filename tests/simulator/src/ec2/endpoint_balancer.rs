//! The load balancers behind an endpoint service: which may stand there, and which zones and IP address types they give.

use super::{EndpointService, endpoint_service, service_holding};
use crate::call::{Call, Fail};
use crate::elb::LoadBalancer;
use crate::world::{Home, World};

pub(super) fn is_gateway(arn: &str) -> bool {
    arn.contains(":loadbalancer/gwy/")
}

pub(super) fn balancers_asked(call: &Call) -> Result<Vec<String>, Fail> {
    let (network, gateway) = (call.texts("NetworkLoadBalancerArn"), call.texts("GatewayLoadBalancerArn"));
    match (network.is_empty(), gateway.is_empty()) {
        (true, true) => {
            let message = "The request must contain the parameter NetworkLoadBalancerArns or GatewayLoadBalancerArns";
            Err(Fail::new("MissingParameter", message))
        }
        (false, false) => {
            let message = "A service has either Network Load Balancers or Gateway Load Balancers";
            Err(Fail::new("InvalidParameterCombination", message))
        }
        (false, true) => Ok(network),
        (true, false) => Ok(gateway),
    }
}

/// The load balancers, each of which exists here, is active and belongs to no other service.
pub(super) fn free_balancers<'a>(
    world: &'a World,
    home: &Home,
    arns: &[String],
) -> Result<Vec<&'a LoadBalancer>, Fail> {
    arns.iter().map(|arn| free_balancer(world, home, arn)).collect()
}

fn free_balancer<'a>(world: &'a World, home: &Home, arn: &str) -> Result<&'a LoadBalancer, Fail> {
    let balancer = world.elb.load_balancers.iter().find(|balancer| balancer.arn == arn && balancer.home == *home);
    let Some(balancer) = balancer else {
        let message = format!("The Network Load Balancer '{arn}' does not exist");
        return Err(Fail::new("NetworkLoadBalancerNotFoundException", message));
    };
    if world.now < balancer.created + world.timings.load_balancer {
        return Err(Fail::new(
            "InvalidParameter",
            format!("The load balancer {arn} is not active, it is provisioning."),
        ));
    }
    if service_holding(world, arn).is_some() {
        let message =
            format!("The following LBs are already associated with another VPC Endpoint Service Configuration: {arn}");
        return Err(Fail::new("InvalidParameter", message));
    }
    Ok(balancer)
}

pub(super) fn balancers_of<'a>(world: &'a World, service: &EndpointService) -> Vec<&'a LoadBalancer> {
    world.elb.load_balancers.iter().filter(|balancer| service.load_balancer_arns.contains(&balancer.arn)).collect()
}

pub(super) fn zones(balancers: &[&LoadBalancer]) -> Vec<(String, String)> {
    let subnets = balancers.iter().flat_map(|balancer| &balancer.subnets);
    let mut zones: Vec<(String, String)> =
        subnets.map(|subnet| (subnet.zone_name.clone(), subnet.zone_id.clone())).collect();
    zones.sort();
    zones.dedup();
    zones
}

pub(super) fn ip_address_types(asked: Vec<String>, balancers: &[&LoadBalancer]) -> Result<Vec<String>, Fail> {
    let types = if asked.is_empty() { vec!["ipv4".to_owned()] } else { asked };
    let dual = balancers.iter().all(|balancer| balancer.ip_address_type.starts_with("dualstack"));
    match types.iter().find(|kind| !matches!((kind.as_str(), dual), ("ipv4", _) | ("ipv6", true))) {
        Some(kind) => {
            let message = format!("The load balancers do not support the IP address type {kind}.");
            Err(Fail::new("InvalidParameter", message))
        }
        None => Ok(types),
    }
}

pub(super) fn change_balancers(call: &Call, world: &World, service: &mut EndpointService) -> Result<(), Fail> {
    let added = [call.texts("AddNetworkLoadBalancerArn"), call.texts("AddGatewayLoadBalancerArn")].concat();
    let removed = [call.texts("RemoveNetworkLoadBalancerArn"), call.texts("RemoveGatewayLoadBalancerArn")].concat();
    free_balancers(world, &service.home, &added)?;
    if let Some(stranger) = removed.iter().find(|arn| !service.load_balancer_arns.contains(arn)) {
        let message = format!("The load balancer {stranger} is not part of service {}.", service.id);
        return Err(Fail::new("InvalidParameter", message));
    }
    if !removed.is_empty() && endpoint_service::connected(world, &service.id) {
        let message = format!("Service {} has existing active VPC Endpoint connections!", service.id);
        return Err(Fail::new("ExistingVpcEndpointConnections", message));
    }
    service.load_balancer_arns.extend(added);
    service.load_balancer_arns.retain(|arn| !removed.contains(arn));
    if service.load_balancer_arns.is_empty() {
        return Err(Fail::new("InvalidParameter", "A service must have at least one load balancer."));
    }
    Ok(())
}

pub(super) fn change_ip_address_types(
    call: &Call,
    service: &mut EndpointService,
    balancers: &[&LoadBalancer],
) -> Result<(), Fail> {
    let (added, removed) = (call.texts("AddSupportedIpAddressType"), call.texts("RemoveSupportedIpAddressType"));
    let mut types = service.ip_address_types.clone();
    types.extend(added);
    types.sort();
    types.dedup();
    types.retain(|kind| !removed.contains(kind));
    if types.is_empty() {
        return Err(Fail::new("InvalidParameter", "A service must support at least one IP address type."));
    }
    service.ip_address_types = ip_address_types(types, balancers)?;
    Ok(())
}

pub(super) fn changes_balancers(call: &Call) -> bool {
    [
        "AddNetworkLoadBalancerArn",
        "RemoveNetworkLoadBalancerArn",
        "AddGatewayLoadBalancerArn",
        "RemoveGatewayLoadBalancerArn",
    ]
    .iter()
    .any(|parameter| !call.texts(parameter).is_empty())
}
