//! Descriptions of the AWS SDK into facts. What AWS leaves out is empty.

use std::collections::BTreeMap;

use aws_sdk_ec2::types as ec2;
use aws_sdk_elasticloadbalancingv2::types::{
    self as elb, EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum as Enforce,
};
use aws_sdk_kms::types as kms;
use aws_sdk_servicequotas::types::ServiceQuota;
use ipnet::Ipv4Net;

use crate::facts::{
    AclEntry, Endpoint, EndpointService, Fact, Interface, KeyStore, Listener, LoadBalancer, NetworkAcl, Permission,
    Principal, Route, RouteTable, SecurityGroup, Subnet, Target, TargetGroup, Vpc, Wanted, Zone,
};
use crate::spec::{Connectivity, Network, SecurityGroup as WantedGroup};

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn texts<'a, T: 'a>(values: &'a [T], read: impl Fn(&'a T) -> Option<&'a str>) -> Vec<String> {
    values.iter().filter_map(read).map(str::to_owned).collect()
}

fn range(value: Option<&str>) -> Option<Ipv4Net> {
    value?.parse().ok()
}

fn port(value: Option<i32>) -> u16 {
    value.and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
}

/// First and last port; `None` for all.
fn ports(from: Option<i32>, to: Option<i32>) -> Option<(u16, u16)> {
    let valid = |port: i32| u16::try_from(port).ok();
    Some((from.and_then(valid)?, to.and_then(valid)?))
}

impl Wanted {
    pub(crate) fn of(spec: &Connectivity) -> Self {
        let subnets = match spec.network() {
            Network::Existing { subnet_ids, .. } => subnet_ids.clone(),
            Network::Create { .. } => Vec::new(),
        };
        Self {
            store: spec.name().as_str().to_owned(),
            key_store: spec.key_store_name().map(str::to_owned),
            key_store_account: spec.key_store().and_then(|store| store.account.clone()),
            private_dns_name: spec.private_dns_name().as_str().to_owned(),
            uri_path: spec.key_store().map(|store| store.path.clone()),
            subnets,
            data_center: spec.data_center().to_vec(),
            proxies: spec.proxy().addresses.clone(),
            port: spec.proxy().port,
            health_port: spec.proxy().health_check.port.filter(|port| *port != spec.proxy().port),
            security_group: spec.load_balancer().security_group == WantedGroup::Own,
        }
    }
}

pub(super) fn key_store(entry: &kms::CustomKeyStoresListEntry) -> KeyStore {
    let proxy = entry.xks_proxy_configuration();
    KeyStore {
        id: text(entry.custom_key_store_id()),
        name: text(entry.custom_key_store_name()),
        external: entry.custom_key_store_type() == Some(&kms::CustomKeyStoreType::ExternalKeyStore),
        connectivity: text(proxy.and_then(|proxy| proxy.connectivity()).map(kms::XksProxyConnectivityType::as_str)),
        connection_state: text(entry.connection_state().map(kms::ConnectionStateType::as_str)),
        connection_error: entry.connection_error_code().map(|code| code.as_str().to_owned()),
        uri_endpoint: text(proxy.and_then(|proxy| proxy.uri_endpoint())),
        uri_path: text(proxy.and_then(|proxy| proxy.uri_path())),
        access_key_id: text(proxy.and_then(|proxy| proxy.access_key_id())),
        service_name: proxy.and_then(|proxy| proxy.vpc_endpoint_service_name()).map(str::to_owned),
        service_owner: proxy.and_then(|proxy| proxy.vpc_endpoint_service_owner()).map(str::to_owned),
    }
}

/// The value of a quota of KMS, if it is the number of custom key stores. AWS publishes no code for it, and its pages write
/// the name as `Custom key stores` or `Custom key store resource quota`.
pub(super) fn key_store_quota(quota: &ServiceQuota) -> Option<u32> {
    let name = quota.quota_name()?.to_ascii_lowercase();
    let counts_requests = name.contains("request");
    let value = quota.value().filter(|value| *value >= 0.0)?;
    // A cast saturates.
    (name.starts_with("custom key store") && !counts_requests).then_some(value as u32)
}

/// Load balancers of living services, by service id.
pub(super) fn holders(services: &Fact<Vec<ec2::ServiceConfiguration>>) -> Fact<BTreeMap<String, Vec<String>>> {
    let leaving = |service: &&ec2::ServiceConfiguration| {
        !matches!(service.service_state(), Some(ec2::ServiceState::Deleting | ec2::ServiceState::Deleted))
    };
    match services {
        Fact::Known(services) => Fact::Known(
            services
                .iter()
                .filter(leaving)
                .map(|service| (text(service.service_id()), service.network_load_balancer_arns().to_vec()))
                .collect(),
        ),
        Fact::Absent => Fact::Absent,
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
    }
}

pub(super) fn service(service: &ec2::ServiceConfiguration) -> EndpointService {
    let dns = service.private_dns_name_configuration();
    let name = dns.and_then(|dns| dns.name()).filter(|name| !name.is_empty());
    let value = dns.and_then(|dns| dns.value()).filter(|value| !value.is_empty());
    let own_region = service.service_name().and_then(|name| name.split('.').nth(3));
    let regions = texts(service.supported_regions(), |region| region.region());
    let gateways = service.gateway_load_balancer_arns();
    EndpointService {
        id: text(service.service_id()),
        name: text(service.service_name()),
        owner: String::new(),
        state: text(service.service_state().map(ec2::ServiceState::as_str)),
        types: sorts(service.service_type()),
        load_balancers: service.network_load_balancer_arns().iter().chain(gateways).cloned().collect(),
        acceptance_required: service.acceptance_required().unwrap_or_default(),
        ip_address_types: texts(service.supported_ip_address_types(), |sort| Some(sort.as_str())),
        zones: zones(service.availability_zone_ids(), service.availability_zones()),
        private_dns_name: service.private_dns_name().filter(|name| !name.is_empty()).map(str::to_owned),
        verification: dns.and_then(|dns| dns.state()).map(|state| state.as_str().to_owned()),
        other_regions: regions.into_iter().filter(|region| Some(region.as_str()) != own_region).collect(),
        challenge: name.zip(value).map(|(name, value)| (name.to_owned(), value.to_owned())),
    }
}

/// A service as its consumers see it.
pub(super) fn offer(service: &ec2::ServiceDetail) -> EndpointService {
    let name = text(service.service_name());
    let named = service.private_dns_name().filter(|name| !name.is_empty());
    let listed = service.private_dns_names().first().and_then(|name| name.private_dns_name());
    EndpointService {
        id: name.rsplit('.').next().unwrap_or_default().to_owned(),
        owner: text(service.owner()),
        state: "Available".to_owned(),
        types: sorts(service.service_type()),
        load_balancers: Vec::new(),
        acceptance_required: service.acceptance_required().unwrap_or_default(),
        ip_address_types: texts(service.supported_ip_address_types(), |sort| Some(sort.as_str())),
        zones: zones(service.availability_zone_ids(), service.availability_zones()),
        private_dns_name: named.or(listed).map(str::to_owned),
        verification: service.private_dns_name_verification_state().map(|state| state.as_str().to_owned()),
        other_regions: Vec::new(),
        challenge: None,
        name,
    }
}

fn sorts(types: &[ec2::ServiceTypeDetail]) -> Vec<String> {
    types.iter().filter_map(|each| each.service_type()).map(|sort| sort.as_str().to_owned()).collect()
}

fn zones(ids: &[String], names: &[String]) -> Vec<String> {
    let mut zones = if ids.is_empty() { names.to_vec() } else { ids.to_vec() };
    zones.sort();
    zones
}

pub(super) fn principal(principal: &ec2::AllowedPrincipal) -> Principal {
    Principal {
        name: text(principal.principal()),
        sort: text(principal.principal_type().map(ec2::PrincipalType::as_str)),
    }
}

pub(super) fn endpoint(endpoint: &ec2::VpcEndpointConnection) -> Endpoint {
    Endpoint {
        id: text(endpoint.vpc_endpoint_id()),
        owner: text(endpoint.vpc_endpoint_owner()),
        state: text(endpoint.vpc_endpoint_state().map(ec2::State::as_str)),
    }
}

pub(super) fn load_balancer(balancer: &elb::LoadBalancer) -> LoadBalancer {
    let enforce = balancer.enforce_security_group_inbound_rules_on_private_link_traffic();
    let security_groups = balancer.security_groups().to_vec();
    let zones = balancer.availability_zones().iter();
    LoadBalancer {
        arn: text(balancer.load_balancer_arn()),
        name: text(balancer.load_balancer_name()),
        sort: text(balancer.r#type().map(elb::LoadBalancerTypeEnum::as_str)),
        scheme: text(balancer.scheme().map(elb::LoadBalancerSchemeEnum::as_str)),
        ip_address_type: text(balancer.ip_address_type().map(elb::IpAddressType::as_str)),
        state: text(balancer.state().and_then(|state| state.code()).map(elb::LoadBalancerStateEnum::as_str)),
        vpc: text(balancer.vpc_id()),
        zones: zones.map(|zone| (text(zone.zone_name()), text(zone.subnet_id()))).collect(),
        enforces_private_link_rules: !security_groups.is_empty() && enforce != Some(Enforce::Off.as_str()),
        security_groups,
        attributes: Fact::default(),
        listeners: Fact::default(),
    }
}

pub(super) fn listener(listener: &elb::Listener) -> Listener {
    let forwards = listener.default_actions().iter().flat_map(|action| {
        let several = action.forward_config().map_or(&[][..], |forward| forward.target_groups());
        let several = several.iter().filter_map(|group| group.target_group_arn());
        action.target_group_arn().into_iter().chain(several)
    });
    let mut target_groups: Vec<String> = forwards.map(str::to_owned).collect();
    target_groups.sort();
    target_groups.dedup();
    Listener {
        arn: text(listener.listener_arn()),
        protocol: text(listener.protocol().map(elb::ProtocolEnum::as_str)),
        port: port(listener.port()),
        target_groups,
        certificates: texts(listener.certificates(), |certificate| certificate.certificate_arn()),
        attributes: Fact::default(),
    }
}

pub(super) fn target_group(group: &elb::TargetGroup) -> TargetGroup {
    TargetGroup {
        arn: text(group.target_group_arn()),
        name: text(group.target_group_name()),
        target_type: text(group.target_type().map(elb::TargetTypeEnum::as_str)),
        protocol: text(group.protocol().map(elb::ProtocolEnum::as_str)),
        port: port(group.port()),
        vpc: text(group.vpc_id()),
        ip_address_type: text(group.ip_address_type().map(elb::TargetGroupIpAddressTypeEnum::as_str)),
        load_balancers: group.load_balancer_arns().to_vec(),
        health_protocol: text(group.health_check_protocol().map(elb::ProtocolEnum::as_str)),
        health_port: text(group.health_check_port()),
        health_path: group.health_check_path().map(str::to_owned),
        attributes: Fact::default(),
        targets: Fact::default(),
    }
}

pub(super) fn attributes<'a>(
    pairs: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> BTreeMap<String, String> {
    pairs.filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned()))).collect()
}

pub(super) fn target(description: &elb::TargetHealthDescription) -> Target {
    let (target, health) = (description.target(), description.target_health());
    Target {
        id: text(target.and_then(|target| target.id())),
        port: port(target.and_then(|target| target.port())),
        zone: target.and_then(|target| target.availability_zone()).map(str::to_owned),
        state: text(health.and_then(|health| health.state()).map(elb::TargetHealthStateEnum::as_str)),
        reason: health.and_then(|health| health.reason()).map(|reason| reason.as_str().to_owned()),
    }
}

pub(super) fn vpc(vpc: &ec2::Vpc) -> Vpc {
    let associated = vpc.cidr_block_association_set().iter().filter_map(|each| range(each.cidr_block()));
    let mut ranges: Vec<Ipv4Net> = range(vpc.cidr_block()).into_iter().chain(associated).collect();
    ranges.sort();
    ranges.dedup();
    Vpc { id: text(vpc.vpc_id()), ranges, dns_support: Fact::default(), dns_host_names: Fact::default() }
}

pub(super) fn subnet(subnet: &ec2::Subnet) -> Subnet {
    Subnet {
        id: text(subnet.subnet_id()),
        zone_id: text(subnet.availability_zone_id()),
        zone: text(subnet.availability_zone()),
        range: range(subnet.cidr_block()),
        ipv6_only: subnet.ipv6_native().unwrap_or_default(),
        free: subnet.available_ip_address_count().and_then(|free| u32::try_from(free).ok()).unwrap_or_default(),
    }
}

pub(crate) fn route_table(table: &ec2::RouteTable) -> RouteTable {
    RouteTable {
        id: text(table.route_table_id()),
        main: table.associations().iter().any(|association| association.main().unwrap_or_default()),
        subnets: texts(table.associations(), |association| association.subnet_id()),
        routes: table.routes().iter().filter_map(route).collect(),
    }
}

fn route(route: &ec2::Route) -> Option<Route> {
    let over = route.gateway_id().or(route.transit_gateway_id()).or(route.vpc_peering_connection_id());
    let over = over.or(route.nat_gateway_id()).or(route.network_interface_id()).or(route.instance_id());
    let over = over.or(route.core_network_arn()).or(route.local_gateway_id()).or(route.carrier_gateway_id());
    Some(Route {
        destination: range(route.destination_cidr_block())?,
        over: text(over),
        blackhole: route.state() == Some(&ec2::RouteState::Blackhole),
    })
}

pub(crate) fn network_acl(acl: &ec2::NetworkAcl) -> NetworkAcl {
    NetworkAcl {
        id: text(acl.network_acl_id()),
        subnets: texts(acl.associations(), |association| association.subnet_id()),
        entries: acl.entries().iter().filter_map(acl_entry).collect(),
    }
}

fn acl_entry(entry: &ec2::NetworkAclEntry) -> Option<AclEntry> {
    Some(AclEntry {
        number: entry.rule_number().unwrap_or_default(),
        egress: entry.egress().unwrap_or_default(),
        protocol: text(entry.protocol()),
        range: range(entry.cidr_block())?,
        ports: entry.port_range().and_then(|range| ports(range.from(), range.to())),
        allow: entry.rule_action() == Some(&ec2::RuleAction::Allow),
    })
}

pub(super) fn security_group(group: &ec2::SecurityGroup) -> SecurityGroup {
    let read = |permissions: &[ec2::IpPermission]| permissions.iter().map(permission).collect();
    SecurityGroup {
        id: text(group.group_id()),
        ingress: read(group.ip_permissions()),
        egress: read(group.ip_permissions_egress()),
    }
}

fn permission(permission: &ec2::IpPermission) -> Permission {
    Permission {
        protocol: text(permission.ip_protocol()),
        ports: ports(permission.from_port(), permission.to_port()),
        ranges: permission.ip_ranges().iter().filter_map(|each| range(each.cidr_ip())).collect(),
        groups: texts(permission.user_id_group_pairs(), |pair| pair.group_id()),
        prefix_lists: !permission.prefix_list_ids().is_empty(),
    }
}

pub(super) fn interface(interface: &ec2::NetworkInterface) -> Interface {
    let addresses = interface.private_ip_addresses().iter().filter_map(|each| each.private_ip_address());
    Interface {
        id: text(interface.network_interface_id()),
        sort: text(interface.interface_type().map(ec2::NetworkInterfaceType::as_str)),
        subnet: text(interface.subnet_id()),
        addresses: addresses.filter_map(|address| address.parse().ok()).collect(),
        security_groups: texts(interface.groups(), |group| group.group_id()),
    }
}

pub(super) fn zone(zone: &ec2::AvailabilityZone) -> Zone {
    Zone {
        id: text(zone.zone_id()),
        name: text(zone.zone_name()),
        sort: text(zone.zone_type()),
        state: text(zone.state().map(ec2::AvailabilityZoneState::as_str)),
    }
}
