//! Amazon EC2, as far as the connectivity of an external key store needs it.

use std::time::Duration;

use crate::call::{Answer, Call, Fail};
use crate::world::{Home, Tags, World};

/// What EC2 keeps.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// VPCs.
    pub vpcs: Vec<Vpc>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// Security groups, the default one of each VPC included.
    pub security_groups: Vec<SecurityGroup>,
    /// Network interfaces (of load balancers and attachments).
    pub network_interfaces: Vec<NetworkInterface>,
    /// Endpoint services.
    pub endpoint_services: Vec<EndpointService>,
    /// Interface endpoints of consumers, seen from the service.
    pub endpoint_connections: Vec<EndpointConnection>,
}

/// A VPC.
#[derive(Clone, Debug)]
pub struct Vpc {
    /// Owner and Region.
    pub home: Home,
    /// `vpc-…`.
    pub id: String,
    /// Primary range.
    pub cidr: ipnet::Ipv4Net,
    /// `enableDnsSupport`.
    pub dns_support: bool,
    /// `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// When CreateVpc took effect.
    pub created: Duration,
    /// Tags.
    pub tags: Tags,
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Owner and Region.
    pub home: Home,
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Range.
    pub cidr: ipnet::Ipv4Net,
    /// Zone name, such as `eu-central-1a`.
    pub zone_name: String,
    /// Zone id, such as `euc1-az1`.
    pub zone_id: String,
    /// When CreateSubnet took effect.
    pub created: Duration,
    /// Tags.
    pub tags: Tags,
}

/// A security group.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// Owner and Region.
    pub home: Home,
    /// `sg-…`.
    pub id: String,
    /// Name, unique in the VPC.
    pub name: String,
    /// Description.
    pub description: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Inbound rules as `IpPermissions` members in EC2's output names.
    pub ingress: Vec<serde_json::Value>,
    /// Outbound rules, likewise.
    pub egress: Vec<serde_json::Value>,
    /// Tags.
    pub tags: Tags,
}

/// A network interface made by a service.
#[derive(Clone, Debug)]
pub struct NetworkInterface {
    /// Owner and Region.
    pub home: Home,
    /// `eni-…`.
    pub id: String,
    /// `network_load_balancer`, `transit_gateway` …
    pub interface_type: String,
    /// `ELB net/<name>/<id>` for load balancers.
    pub description: String,
    /// Its subnet.
    pub subnet_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Private address.
    pub address: std::net::Ipv4Addr,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// When it disappears; `None` while its owner lives.
    pub gone_at: Option<Duration>,
}

/// A VPC endpoint service configuration.
#[derive(Clone, Debug)]
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

/// The private DNS name of an endpoint service.
#[derive(Clone, Debug)]
pub struct PrivateDnsName {
    /// The name.
    pub name: String,
    /// Owner label of the TXT record, `_` and letters.
    pub challenge_name: String,
    /// Value of the TXT record, `vpce:` and letters.
    pub challenge_value: String,
    /// When it was set.
    pub set: Duration,
    /// `pendingVerification`, `verified` or `failed`.
    pub state: String,
    /// When a running verification ends.
    pub verifies_at: Option<Duration>,
}

/// An interface endpoint connected to an endpoint service.
#[derive(Clone, Debug)]
pub struct EndpointConnection {
    /// The service.
    pub service_id: String,
    /// `vpce-…`.
    pub endpoint_id: String,
    /// Account of the consumer; KMS's own for key stores.
    pub owner: String,
    /// `available`, `pendingAcceptance`, `rejected` …
    pub state: String,
    /// When it was made.
    pub created: Duration,
    /// The key store behind it, if KMS made it.
    pub key_store: Option<String>,
}

/// Lets everything happen in EC2 that is due.
pub(crate) fn advance(world: &mut World) {
    let _ = world;
}

/// Handles one EC2 call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    let _ = world;
    Err(Fail::new("InvalidAction", format!("The action {} is not valid for this web service.", call.operation)))
}
