//! What AWS and a probe tell of one key store and the way to its proxy, as plain data for the rules.
//!
//! Unlike `observed`, which knows what carries our mark, this is about a store of any origin, and
//! what could not be read says why. Nothing here uses AWS; `verify/read.rs` fills it in.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::probe::ProbeReport;

/// All that is known of one key store and the way to its proxy.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Facts {
    /// Version of this document.
    pub version: u32,
    /// What was asked for: a spec's store, a service name, a key store.
    pub subject: String,
    /// The Region.
    pub region: String,
    /// When AWS was read, such as `2026-11-24T17:00:00Z`.
    pub read_at: String,
    /// What a spec asks for; `None` when there is no spec.
    pub wanted: Option<Wanted>,
    /// The account of the network, twelve digits.
    pub account: Fact<String>,
    /// The account of the key store, twelve digits.
    pub store_account: Fact<String>,
    /// The key store.
    pub key_store: Fact<KeyStore>,
    /// All other custom key stores of the account and Region.
    pub other_key_stores: Fact<Vec<KeyStore>>,
    /// How many custom key stores the account may have in the Region, read while the key store is not there; absent when
    /// Service Quotas does not list the quota.
    pub key_store_quota: Fact<u32>,
    /// The name of the endpoint service that is meant, also when there is none of that name; `None` when nothing tells.
    pub service_name: Option<String>,
    /// The endpoint service.
    pub service: Fact<EndpointService>,
    /// Whether the account of the key store is offered the service; absent when it is not.
    pub offer: Fact<EndpointService>,
    /// Who may make endpoints to the service.
    pub principals: Fact<Vec<Principal>>,
    /// The endpoints to the service.
    pub endpoints: Fact<Vec<Endpoint>>,
    /// Load balancers of all endpoint services of the network's account, by service id.
    pub services: Fact<BTreeMap<String, Vec<String>>>,
    /// The load balancers behind the service.
    pub load_balancers: Fact<Vec<LoadBalancer>>,
    /// The target groups behind the load balancers.
    pub target_groups: Fact<Vec<TargetGroup>>,
    /// The VPC of the load balancers.
    pub vpc: Fact<Vpc>,
    /// All subnets of the VPC.
    pub subnets: Fact<Vec<Subnet>>,
    /// All route tables of the VPC.
    pub route_tables: Fact<Vec<RouteTable>>,
    /// All network ACLs of the VPC.
    pub network_acls: Fact<Vec<NetworkAcl>>,
    /// All security groups of the VPC.
    pub security_groups: Fact<Vec<SecurityGroup>>,
    /// Network interfaces of the load balancers, and those that have a target's address.
    pub interfaces: Fact<Vec<Interface>>,
    /// The zones of the Region that the account may use.
    pub zones: Fact<Vec<Zone>>,
    /// What a probe found; `None` when there was none.
    pub probe: Option<ProbeReport>,
}

/// One thing that AWS may tell.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// This.
    Known(T),
    /// AWS was asked, and there is none.
    Absent,
    /// It could not be read.
    Unknown(Gap),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown(Gap::NotRead)
    }
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

impl<T> From<Option<T>> for Fact<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Absent, Self::Known)
    }
}

/// Why something is not known, and what would tell.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "because")]
#[non_exhaustive]
pub enum Gap {
    /// The caller may not do this.
    Denied {
        /// The IAM action.
        action: String,
    },
    /// AWS answered with an error, or left something out.
    Failed {
        /// The IAM action.
        action: String,
        /// What went wrong.
        what: String,
    },
    /// It belongs to another account, and only that one can read it.
    OtherAccount {
        /// The account, twelve digits.
        account: String,
    },
    /// No AWS API tells; a probe from a host with a route to the proxy does.
    NoProbe {
        /// The phase of the probe: `dns`, `tls`, `proxy`, `health_check`.
        phase: String,
    },
    /// No AWS API tells, and the spec or the key store does not either.
    NotSaid {
        /// What is missing.
        what: String,
    },
    /// A probe looked, and did not get to see it.
    NotSeen {
        /// What it met instead.
        what: String,
    },
    /// Nobody has looked.
    NotRead,
}

/// Reads after "unknown:".
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { action } => write!(f, "`{action}` is denied; allow it for the calling role"),
            Self::Failed { action, what } => write!(f, "`{action}` failed: {what}"),
            Self::OtherAccount { account } => {
                write!(f, "only account {account}, which owns it, can read it; verify with its configuration")
            }
            Self::NoProbe { phase } => write!(f, "no AWS API tells; a `{phase}` probe does"),
            Self::NotSaid { what } | Self::NotSeen { what } => f.write_str(what),
            Self::NotRead => f.write_str("nobody has looked"),
        }
    }
}

/// What a spec asks for, as far as rules compare it with AWS or hold it against AWS's limits.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Wanted {
    /// The store's name: that of load balancer and target group.
    pub store: String,
    /// The name of the key store; `None` when the spec ends with the permission.
    pub key_store: Option<String>,
    /// The account of the key store, if the spec names one.
    pub key_store_account: Option<String>,
    /// The private DNS name.
    pub private_dns_name: String,
    /// The path on the proxy.
    pub uri_path: Option<String>,
    /// The existing subnets that the spec names.
    pub subnets: Vec<String>,
    /// The ranges of the data centre.
    pub data_center: Vec<Ipv4Net>,
    /// The addresses of the proxy.
    pub proxies: Vec<Ipv4Addr>,
    /// The port on which the proxy listens.
    pub port: u16,
    /// The port of the health check, if another.
    pub health_port: Option<u16>,
    /// Whether the load balancer is to have a security group.
    pub security_group: bool,
}

/// A custom key store, as KMS describes it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct KeyStore {
    /// `cks-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is an external key store; the other sort is that of AWS CloudHSM.
    pub external: bool,
    /// `VPC_ENDPOINT_SERVICE` or `PUBLIC_ENDPOINT`.
    pub connectivity: String,
    /// `CONNECTED` and the like.
    pub connection_state: String,
    /// Why it is `FAILED`.
    pub connection_error: Option<String>,
    /// `https://` and the private DNS name.
    pub uri_endpoint: String,
    /// The path on the proxy.
    pub uri_path: String,
    /// The access key id of the proxy credential.
    pub access_key_id: String,
    /// The name of the endpoint service.
    pub service_name: Option<String>,
    /// The account that owns the service, if KMS was told.
    pub service_owner: Option<String>,
}

/// An endpoint service, as its owner sees it or as a consumer does.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct EndpointService {
    /// `vpce-svc-…`.
    pub id: String,
    /// `com.amazonaws.vpce.<region>.vpce-svc-…`.
    pub name: String,
    /// The account that owns it, twelve digits; empty when nothing tells.
    pub owner: String,
    /// `Available` and the like; a consumer sees available ones only.
    pub state: String,
    /// `Interface`, `GatewayLoadBalancer`.
    pub types: Vec<String>,
    /// ARNs of all load balancers; a consumer does not see them.
    pub load_balancers: Vec<String>,
    /// Whether its owner has to accept each endpoint.
    pub acceptance_required: bool,
    /// `ipv4`, `ipv6`.
    pub ip_address_types: Vec<String>,
    /// Zone ids, sorted; zone names where AWS tells no ids.
    pub zones: Vec<String>,
    /// The private DNS name.
    pub private_dns_name: Option<String>,
    /// `verified`, `pendingVerification`, `failed`.
    pub verification: Option<String>,
    /// Regions beyond its own in which it is offered.
    pub other_regions: Vec<String>,
    /// The label of the TXT record, and its value.
    pub challenge: Option<(String, String)>,
}

/// Somebody who may make endpoints to a service.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Principal {
    /// ARN, service principal, or `*`.
    pub name: String,
    /// `All`, `Service`, `Account`, `User`, `Role`, `OrganizationUnit`.
    pub sort: String,
}

/// An endpoint to a service.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Endpoint {
    /// `vpce-…`.
    pub id: String,
    /// The account that made it.
    pub owner: String,
    /// `available`, `pendingAcceptance`, `rejected`.
    pub state: String,
}

/// A load balancer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct LoadBalancer {
    /// ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `network`, `gateway`, `application`.
    pub sort: String,
    /// `internal`, `internet-facing`.
    pub scheme: String,
    /// `ipv4`, `dualstack`.
    pub ip_address_type: String,
    /// `active` and the like.
    pub state: String,
    /// Its VPC.
    pub vpc: String,
    /// Its zones: zone name and subnet.
    pub zones: BTreeMap<String, String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Whether inbound rules apply to what comes through PrivateLink.
    pub enforces_private_link_rules: bool,
    /// Attributes such as `load_balancing.cross_zone.enabled`.
    pub attributes: Fact<BTreeMap<String, String>>,
    /// Its listeners.
    pub listeners: Fact<Vec<Listener>>,
}

/// A listener of a load balancer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Listener {
    /// ARN.
    pub arn: String,
    /// `TCP`, `TLS`.
    pub protocol: String,
    /// Port.
    pub port: u16,
    /// ARNs of the target groups that it forwards to.
    pub target_groups: Vec<String>,
    /// ARNs of its certificates.
    pub certificates: Vec<String>,
    /// Attributes such as `tcp.idle_timeout.seconds`.
    pub attributes: Fact<BTreeMap<String, String>>,
}

/// A target group.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct TargetGroup {
    /// ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `ip`, `instance`, `alb`.
    pub target_type: String,
    /// `TCP`, `TLS`.
    pub protocol: String,
    /// The port that targets get which are registered without one.
    pub port: u16,
    /// Its VPC.
    pub vpc: String,
    /// `ipv4`, `ipv6`.
    pub ip_address_type: String,
    /// ARNs of load balancers whose listeners refer to it.
    pub load_balancers: Vec<String>,
    /// `TCP`, `HTTP`, `HTTPS`.
    pub health_protocol: String,
    /// A port, or `traffic-port`.
    pub health_port: String,
    /// The path of the health check.
    pub health_path: Option<String>,
    /// Attributes such as `preserve_client_ip.enabled`.
    pub attributes: Fact<BTreeMap<String, String>>,
    /// Its targets.
    pub targets: Fact<Vec<Target>>,
}

/// A registered target.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Target {
    /// An address, if it is an IP target.
    pub id: String,
    /// Port.
    pub port: u16,
    /// `all`, or a zone.
    pub zone: Option<String>,
    /// `healthy`, `unhealthy`, `initial`, `unused`, `draining`.
    pub state: String,
    /// Such as `Target.Timeout`.
    pub reason: Option<String>,
}

/// A VPC.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its IPv4 ranges.
    pub ranges: Vec<Ipv4Net>,
    /// `enableDnsSupport`.
    pub dns_support: Fact<bool>,
    /// `enableDnsHostnames`.
    pub dns_host_names: Fact<bool>,
}

/// A subnet.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its zone's id, such as `euc1-az1`.
    pub zone_id: String,
    /// Its zone's name in this account.
    pub zone: String,
    /// Its range; `None` for an IPv6-only subnet.
    pub range: Option<Ipv4Net>,
    /// Whether it has IPv6 only.
    pub ipv6_only: bool,
    /// Addresses that nobody has.
    pub free: u32,
}

/// A route table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Whether subnets without a table of their own have it.
    pub main: bool,
    /// Subnets that have it explicitly.
    pub subnets: Vec<String>,
    /// Its IPv4 routes.
    pub routes: Vec<Route>,
}

/// An IPv4 route.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Route {
    /// Where to.
    pub destination: Ipv4Net,
    /// Over what: `local`, `igw-…`, `vgw-…`, `tgw-…`, `pcx-…`.
    pub over: String,
    /// Whether it leads nowhere because its gateway is gone.
    pub blackhole: bool,
}

/// A network ACL.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct NetworkAcl {
    /// `acl-…`.
    pub id: String,
    /// Subnets that have it.
    pub subnets: Vec<String>,
    /// Its IPv4 rules.
    pub entries: Vec<AclEntry>,
}

/// An IPv4 rule of a network ACL.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct AclEntry {
    /// Its number: the lowest that fits decides.
    pub number: i32,
    /// Whether it is about what leaves the subnet.
    pub egress: bool,
    /// Protocol number as text; `-1` for all, `6` for TCP.
    pub protocol: String,
    /// The other side.
    pub range: Ipv4Net,
    /// First and last port; `None` for all.
    pub ports: Option<(u16, u16)>,
    /// Whether it allows or denies.
    pub allow: bool,
}

/// A security group.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// What may come in.
    pub ingress: Vec<Permission>,
    /// What may go out.
    pub egress: Vec<Permission>,
}

/// What a security group allows.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Permission {
    /// `tcp`, `-1` for all.
    pub protocol: String,
    /// First and last port; `None` for all.
    pub ports: Option<(u16, u16)>,
    /// The other side, as ranges.
    pub ranges: Vec<Ipv4Net>,
    /// The other side, as security groups.
    pub groups: Vec<String>,
    /// Whether the other side is given as prefix lists, whose ranges are not read.
    pub prefix_lists: bool,
}

/// A network interface.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// `network_load_balancer` and the like.
    pub sort: String,
    /// Its subnet.
    pub subnet: String,
    /// Its IPv4 addresses.
    pub addresses: Vec<Ipv4Addr>,
    /// Its security groups.
    pub security_groups: Vec<String>,
}

/// A zone of the Region.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Zone {
    /// Its id, such as `euc1-az1`.
    pub id: String,
    /// Its name in this account.
    pub name: String,
    /// `availability-zone`, `local-zone`, `wavelength-zone`.
    pub sort: String,
    /// `available`, `constrained` …
    pub state: String,
}
