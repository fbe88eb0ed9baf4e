//! Amazon EC2, as far as the connectivity of an external key store needs it. One file per AWS object.
//!
//! For the other services:
//! - [`subnet`]: a subnet of an account and Region.
//! - [`zones`]: the Availability Zones of a Region.
//! - [`add_interface`], [`release_interfaces`], [`free_addresses`]: network interfaces that hold a subnet.
//! - [`live_service_by_name`]: an endpoint service by its service name, whoever owns it; [`EndpointService::state`] and
//!   [`EndpointService::kind`] tell whether it is `Available` and an `Interface` service.
//! - [`service_holding`]: the endpoint service that keeps a load balancer from being deleted.

mod account;
mod cidr;
mod customer_gateway;
mod endpoint_balancer;
mod endpoint_connection;
mod endpoint_consumer;
mod endpoint_permission;
mod endpoint_service;
mod filter;
mod internet_gateway;
mod listing;
mod network_acl;
mod network_insights_analysis;
mod network_insights_path;
mod network_interface;
mod object;
mod page;
mod peering;
mod private_dns;
mod route;
mod route_table;
mod security_group;
mod security_group_rule;
mod subnet;
mod tags;
#[cfg(test)]
mod tests;
mod token;
mod transit_gateway;
mod transit_gateway_attachment;
mod vpc;
mod vpn_connection;
mod vpn_gateway;
mod zone;

use std::time::Duration;

use serde::Serialize;

use serde_json::{Value, json};

pub(crate) use self::customer_gateway::CustomerGateway;
pub(crate) use self::endpoint_connection::EndpointConnection;
pub(crate) use self::endpoint_service::{EndpointService, live_service_by_name, service_holding};
pub(crate) use self::internet_gateway::InternetGateway;
pub(crate) use self::network_acl::NetworkAcl;
pub(crate) use self::network_insights_analysis::NetworkInsightsAnalysis;
pub(crate) use self::network_insights_path::NetworkInsightsPath;
pub(crate) use self::network_interface::{NetworkInterface, add_interface, free_addresses, release_interfaces};
pub(crate) use self::peering::Peering;
pub(crate) use self::private_dns::PrivateDnsName;
pub(crate) use self::route::items as routes;
pub(crate) use self::route_table::RouteTable;
pub(crate) use self::security_group::SecurityGroup;
use self::security_group_rule::Direction;
pub(crate) use self::subnet::{Subnet, subnet};
use self::token::ClientToken;
pub(crate) use self::transit_gateway::TransitGateway;
pub(crate) use self::transit_gateway_attachment::TransitGatewayAttachment;
pub(crate) use self::vpc::Vpc;
pub(crate) use self::vpn_connection::VpnConnection;
pub(crate) use self::vpn_gateway::VpnGateway;
pub(crate) use self::zone::zones;
use crate::call::{Answer, Call, Fail};
use crate::world::{Home, World};

/// What EC2 keeps.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// VPCs per account and Region. AWS's default is 5; tests make many.
    pub vpc_quota: usize,
    /// VPCs.
    pub vpcs: Vec<Vpc>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// Route tables, the main one of each VPC included.
    pub route_tables: Vec<RouteTable>,
    /// Security groups, the default one of each VPC included.
    pub security_groups: Vec<SecurityGroup>,
    /// Network ACLs: the default one of each VPC.
    pub network_acls: Vec<NetworkAcl>,
    /// Network interfaces (of load balancers and attachments).
    pub network_interfaces: Vec<NetworkInterface>,
    /// Internet gateways.
    pub internet_gateways: Vec<InternetGateway>,
    /// Virtual private gateways.
    pub vpn_gateways: Vec<VpnGateway>,
    /// Customer gateways.
    pub customer_gateways: Vec<CustomerGateway>,
    /// Site-to-Site VPN connections.
    pub vpn_connections: Vec<VpnConnection>,
    /// Transit gateways.
    pub transit_gateways: Vec<TransitGateway>,
    /// Attachments of VPCs to transit gateways.
    pub transit_gateway_attachments: Vec<TransitGatewayAttachment>,
    /// VPC peering connections.
    pub peerings: Vec<Peering>,
    /// Endpoint services.
    pub endpoint_services: Vec<EndpointService>,
    /// Endpoint services that end up `Failed`, for failure scenarios: their ids.
    pub failed_endpoint_services: Vec<String>,
    /// Interface endpoints of consumers, seen from the service.
    pub endpoint_connections: Vec<EndpointConnection>,
    /// Paths of Reachability Analyzer.
    pub network_insights_paths: Vec<NetworkInsightsPath>,
    /// Their analyses.
    pub network_insights_analyses: Vec<NetworkInsightsAnalysis>,
    /// Client tokens used so far.
    pub client_tokens: Vec<ClientToken>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            vpc_quota: 100,
            vpcs: Vec::new(),
            subnets: Vec::new(),
            route_tables: Vec::new(),
            security_groups: Vec::new(),
            network_acls: Vec::new(),
            network_interfaces: Vec::new(),
            internet_gateways: Vec::new(),
            vpn_gateways: Vec::new(),
            customer_gateways: Vec::new(),
            vpn_connections: Vec::new(),
            transit_gateways: Vec::new(),
            transit_gateway_attachments: Vec::new(),
            peerings: Vec::new(),
            endpoint_services: Vec::new(),
            failed_endpoint_services: Vec::new(),
            endpoint_connections: Vec::new(),
            network_insights_paths: Vec::new(),
            network_insights_analyses: Vec::new(),
            client_tokens: Vec::new(),
        }
    }
}

/// Lets everything happen in EC2 that is due.
pub(crate) fn advance(world: &mut World) {
    private_dns::advance(world);
    endpoint_service::advance(world);
    network_interface::advance(world);
    vpn_connection::advance(world);
    vpn_gateway::advance(world);
    transit_gateway_attachment::advance(world);
    transit_gateway::advance(world);
    peering::advance(world);
}

/// Handles one EC2 call. A dry run does everything to a copy of the world, so it finds whatever the real call would.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    if call.flag("DryRun") != Some(true) {
        return perform(call, world);
    }
    perform(call, &mut world.clone())?;
    Err(Fail::with_status(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."))
}

fn perform(call: &Call, world: &mut World) -> Answer {
    match call.operation.as_str() {
        "DescribeAccountAttributes" => account::describe(call),
        "DescribeAvailabilityZones" => zone::describe(call),

        "CreateVpc" => vpc::create(call, world),
        "DescribeVpcs" => vpc::describe(call, world),
        "ModifyVpcAttribute" => vpc::modify_attribute(call, world),
        "DescribeVpcAttribute" => vpc::describe_attribute(call, world),
        "DeleteVpc" => vpc::delete(call, world),

        "CreateSubnet" => subnet::create(call, world),
        "DescribeSubnets" => subnet::describe(call, world),
        "DeleteSubnet" => subnet::delete(call, world),

        "CreateRouteTable" => route_table::create(call, world),
        "DescribeRouteTables" => route_table::describe(call, world),
        "AssociateRouteTable" => route_table::associate(call, world),
        "DisassociateRouteTable" => route_table::disassociate(call, world),
        "DeleteRouteTable" => route_table::delete(call, world),
        "CreateRoute" => route::create(call, world),
        "DeleteRoute" => route::delete(call, world),
        "EnableVgwRoutePropagation" => route::enable_propagation(call, world),
        "DisableVgwRoutePropagation" => route::disable_propagation(call, world),

        "CreateInternetGateway" => internet_gateway::create(call, world),
        "DescribeInternetGateways" => internet_gateway::describe(call, world),
        "AttachInternetGateway" => internet_gateway::attach(call, world),
        "DetachInternetGateway" => internet_gateway::detach(call, world),
        "DeleteInternetGateway" => internet_gateway::delete(call, world),

        "CreateSecurityGroup" => security_group::create(call, world),
        "DescribeSecurityGroups" => security_group::describe(call, world),
        "DeleteSecurityGroup" => security_group::delete(call, world),
        "AuthorizeSecurityGroupIngress" => security_group_rule::authorize(call, world, Direction::Ingress),
        "AuthorizeSecurityGroupEgress" => security_group_rule::authorize(call, world, Direction::Egress),
        "RevokeSecurityGroupIngress" => security_group_rule::revoke(call, world, Direction::Ingress),
        "RevokeSecurityGroupEgress" => security_group_rule::revoke(call, world, Direction::Egress),

        "DescribeNetworkAcls" => network_acl::describe(call, world),
        "CreateNetworkAclEntry" => network_acl::create_entry(call, world),
        "DeleteNetworkAclEntry" => network_acl::delete_entry(call, world),
        "CreateNetworkInterface" => network_interface::create(call, world),
        "DescribeNetworkInterfaces" => network_interface::describe(call, world),

        "CreateVpnGateway" => vpn_gateway::create(call, world),
        "DescribeVpnGateways" => vpn_gateway::describe(call, world),
        "AttachVpnGateway" => vpn_gateway::attach(call, world),
        "DetachVpnGateway" => vpn_gateway::detach(call, world),
        "DeleteVpnGateway" => vpn_gateway::delete(call, world),

        "CreateCustomerGateway" => customer_gateway::create(call, world),
        "DescribeCustomerGateways" => customer_gateway::describe(call, world),
        "DeleteCustomerGateway" => customer_gateway::delete(call, world),
        "CreateVpnConnection" => vpn_connection::create(call, world),
        "DescribeVpnConnections" => vpn_connection::describe(call, world),
        "DeleteVpnConnection" => vpn_connection::delete(call, world),

        "CreateTransitGateway" => transit_gateway::create(call, world),
        "DescribeTransitGateways" => transit_gateway::describe(call, world),
        "DeleteTransitGateway" => transit_gateway::delete(call, world),
        "CreateTransitGatewayVpcAttachment" => transit_gateway_attachment::create(call, world),
        "DescribeTransitGatewayVpcAttachments" => transit_gateway_attachment::describe(call, world),
        "ModifyTransitGatewayVpcAttachment" => transit_gateway_attachment::modify(call, world),
        "AcceptTransitGatewayVpcAttachment" => transit_gateway_attachment::accept(call, world),
        "DeleteTransitGatewayVpcAttachment" => transit_gateway_attachment::delete(call, world),

        "CreateVpcPeeringConnection" => peering::create(call, world),
        "DescribeVpcPeeringConnections" => peering::describe(call, world),
        "AcceptVpcPeeringConnection" => peering::accept(call, world),
        "DeleteVpcPeeringConnection" => peering::delete(call, world),

        "CreateVpcEndpointServiceConfiguration" => endpoint_service::create(call, world),
        "DescribeVpcEndpointServiceConfigurations" => endpoint_service::describe(call, world),
        "ModifyVpcEndpointServiceConfiguration" => endpoint_service::modify(call, world),
        "DeleteVpcEndpointServiceConfigurations" => endpoint_service::delete(call, world),
        "StartVpcEndpointServicePrivateDnsVerification" => private_dns::start_verification(call, world),
        "DescribeVpcEndpointServicePermissions" => endpoint_permission::describe(call, world),
        "ModifyVpcEndpointServicePermissions" => endpoint_permission::modify(call, world),
        "DescribeVpcEndpointServices" => endpoint_consumer::describe(call, world),
        "DescribeVpcEndpointConnections" => endpoint_connection::describe(call, world),
        "AcceptVpcEndpointConnections" => endpoint_connection::accept(call, world),
        "RejectVpcEndpointConnections" => endpoint_connection::reject(call, world),

        "CreateNetworkInsightsPath" => network_insights_path::create(call, world),
        "DescribeNetworkInsightsPaths" => network_insights_path::describe(call, world),
        "DeleteNetworkInsightsPath" => network_insights_path::delete(call, world),
        "StartNetworkInsightsAnalysis" => network_insights_analysis::start(call, world),
        "DescribeNetworkInsightsAnalyses" => network_insights_analysis::describe(call, world),
        "DeleteNetworkInsightsAnalysis" => network_insights_analysis::delete(call, world),

        "CreateTags" => tags::create(call, world),
        "DeleteTags" => tags::delete(call, world),
        "DescribeTags" => tags::describe(call, world),

        other => Err(Fail::new("InvalidAction", format!("The action {other} is not valid for this web service."))),
    }
}

/// How long deleted gateways, attachments and peerings stay visible.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Whether an object that was gone at a time is no longer shown as deleted either.
fn forgotten(gone_at: Option<Duration>, now: Duration) -> bool {
    gone_at.is_some_and(|at| at + REMEMBERED <= now)
}

/// Whose objects a call sees.
fn home_of(call: &Call) -> Home {
    Home { account: call.account.clone(), region: call.region.clone() }
}

/// The answer of operations that have nothing to tell.
fn done() -> Value {
    json!({"return": true})
}

/// The refusal to delete what something else holds. AWS's message says only that there is something; the ids help
/// whoever reads a failed test.
fn dependency_violation(message: String, holders: &[String]) -> Fail {
    Fail::new("DependencyViolation", format!("{message} Held by: {}", holders.join(", ")))
}

/// The ARN of an EC2 object.
fn arn(home: &Home, resource: &str) -> String {
    let partition = crate::sts::partition(&home.region);
    format!("arn:{partition}:ec2:{}:{}:{resource}", home.region, home.account)
}
