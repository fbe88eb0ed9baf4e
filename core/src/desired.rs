//! The spec broken into resources.

mod adopted;
mod note;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use note::Note;

use crate::aws::tags::{self, Tags};
use crate::error::{Error, ErrorKind, Result};
use crate::observe::{DomainScope, Scope};
use crate::observed::Observed;
use crate::resource::{
    Kind, ResourceId, connection, domain_record, domain_verification, endpoint_service, key_store, link, listener,
    load_balancer, permission, route_table, routes, security_group, subnet, target_group, targets, vpc,
};
use crate::spec::{
    Connectivity, Domain, HealthCheck, HealthProtocol, KeyStore, Link as SpecLink, Network, SecurityGroup,
};

/// What should exist. Nothing at all for a teardown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desired {
    pub(crate) vpc: Option<vpc::Want>,
    /// By zone id.
    pub(crate) subnets: BTreeMap<String, subnet::Want>,
    pub(crate) route_table: Option<route_table::Want>,
    pub(crate) link: Option<link::Want>,
    pub(crate) routes: Option<routes::Want>,
    pub(crate) security_group: Option<security_group::Want>,
    pub(crate) target_group: Option<target_group::Want>,
    pub(crate) targets: Option<targets::Want>,
    pub(crate) load_balancer: Option<load_balancer::Want>,
    pub(crate) listener: Option<listener::Want>,
    pub(crate) endpoint_service: Option<endpoint_service::Want>,
    pub(crate) permission: Option<permission::Want>,
    pub(crate) domain_record: Option<domain_record::Want>,
    pub(crate) domain_verification: Option<domain_verification::Want>,
    pub(crate) key_store: Option<key_store::Want>,
    pub(crate) connection: Option<connection::Want>,
    /// What the spec's author should know.
    pub(crate) notes: Vec<Note>,
}

impl Desired {
    /// What a spec asks for. Zones come from what exists, then from the Region's zones in the order of their ids.
    ///
    /// # Errors
    /// `NotOurs` when a name that the spec needs is taken; `InvalidSpec` when the spec does not fit what exists.
    pub(crate) fn of(spec: &Connectivity, observed: &Observed) -> Result<Self> {
        refuse_foreign(observed)?;
        let problems = adopted::problems(spec, observed);
        if !problems.is_empty() {
            return Err(does_not_fit(&problems));
        }
        let name = spec.name().to_string();
        let tags = tags::all(&name, spec.tags());
        if matches!(spec.domain(), Domain::Route53(_)) && observed.hosted_zone.is_none() {
            return Err(domain_record::no_zone(&spec.private_dns_name().parents()));
        }
        let mut desired = Self { notes: adopted::notes(spec, observed), ..Self::default() };
        desired.network(spec, observed, &tags)?;
        let zones: Vec<String> = if desired.vpc.is_some() {
            desired.subnets.keys().cloned().collect()
        } else {
            observed.subnets.keys().cloned().collect()
        };
        desired.balancing(spec, &name, &zones, &tags);
        desired.service(spec, observed, &zones, &tags);
        if let Some(store) = spec.key_store() {
            desired.store(spec, store, observed)?;
        }
        Ok(desired)
    }

    /// Every resource that is wanted, parents before what needs them.
    pub(crate) fn resources(&self) -> Vec<ResourceId> {
        let wanted = |kind: Kind| match kind {
            Kind::Subnet => self.subnets.keys().map(|zone| ResourceId::new(kind, zone)).collect(),
            _ if self.wants(kind) => vec![ResourceId::new(kind, "")],
            _ => Vec::new(),
        };
        Kind::ALL.into_iter().flat_map(wanted).collect()
    }

    fn wants(&self, kind: Kind) -> bool {
        match kind {
            Kind::Vpc => self.vpc.is_some(),
            Kind::Subnet => !self.subnets.is_empty(),
            Kind::RouteTable => self.route_table.is_some(),
            Kind::Link => self.link.is_some(),
            Kind::Routes => self.routes.is_some(),
            Kind::SecurityGroup => self.security_group.is_some(),
            Kind::TargetGroup => self.target_group.is_some(),
            Kind::Targets => self.targets.is_some(),
            Kind::LoadBalancer => self.load_balancer.is_some(),
            Kind::Listener => self.listener.is_some(),
            Kind::EndpointService => self.endpoint_service.is_some(),
            Kind::Permission => self.permission.is_some(),
            Kind::DomainRecord => self.domain_record.is_some(),
            Kind::DomainVerification => self.domain_verification.is_some(),
            Kind::KeyStore => self.key_store.is_some(),
            Kind::Connection => self.connection.is_some(),
        }
    }

    fn network(&mut self, spec: &Connectivity, observed: &Observed, tags: &Tags) -> Result<()> {
        let Network::Create { cidr, subnets } = spec.network() else { return Ok(()) };
        self.vpc = Some(vpc::Want { cidr: *cidr, tags: tags.clone() });
        let zones = zones::assign(subnets, observed)?;
        self.subnets = zones
            .iter()
            .zip(subnets)
            .map(|(zone, subnet)| (zone.clone(), subnet::Want { cidr: subnet.cidr, tags: tags.clone() }))
            .collect();
        let mut zones = zones;
        zones.sort();
        self.route_table = Some(route_table::Want { zones: zones.clone(), tags: tags.clone() });
        let over = match spec.link() {
            SpecLink::TransitGateway { id } => link::Over::TransitGateway { id: id.clone() },
            SpecLink::VpnGateway { id } => link::Over::VpnGateway { id: id.clone() },
            SpecLink::Peering(peering) => link::Over::Peering {
                vpc_id: peering.vpc_id.clone(),
                owner: peering.owner.clone(),
                region: peering.region.clone(),
            },
            SpecLink::Routed | SpecLink::None => return Ok(()),
        };
        self.routes = Some(routes::Want {
            destinations: spec.data_center().to_vec(),
            propagated: matches!(over, link::Over::VpnGateway { .. }),
        });
        self.link = Some(link::Want { over, zones, tags: tags.clone() });
        Ok(())
    }

    fn balancing(&mut self, spec: &Connectivity, name: &str, zones: &[String], tags: &Tags) {
        let options = spec.load_balancer();
        if options.security_group == SecurityGroup::Own {
            self.security_group = Some(security_group::Want { name: name.to_owned(), tags: tags.clone() });
        }
        let proxy = spec.proxy();
        self.target_group = Some(target_group::Want {
            name: name.to_owned(),
            port: proxy.port,
            health_check: health_check(&proxy.health_check),
            attributes: attributes(options.cross_zone),
            tags: tags.clone(),
        });
        self.targets = Some(targets::Want { addresses: proxy.addresses.clone(), port: proxy.port });
        self.load_balancer = Some(load_balancer::Want {
            name: name.to_owned(),
            zones: zones.to_vec(),
            security_group: options.security_group == SecurityGroup::Own,
            tags: tags.clone(),
        });
        self.listener = Some(listener::Want { tags: tags.clone() });
    }

    fn service(&mut self, spec: &Connectivity, observed: &Observed, zones: &[String], tags: &Tags) {
        let hint = observed.hosted_zone.iter().map(|zone| (tags::HOSTED_ZONE.to_owned(), zone.to_tag()));
        self.endpoint_service = Some(endpoint_service::Want {
            private_dns_name: spec.private_dns_name().to_string(),
            zones: zones.to_vec(),
            tags: tags.clone().into_iter().chain(hint).collect(),
        });
        let mut principals = BTreeSet::from([spec.kms_principal()]);
        if let Some(account) = other_account(spec, observed) {
            principals.insert(format!("arn:{}:iam::{account}:root", observed.account.partition));
        }
        self.permission = Some(permission::Want { principals });
        let publish = match spec.domain() {
            Domain::Route53(_) => domain_record::Publish::Route53,
            Domain::Callback => domain_record::Publish::Callback,
            Domain::Manual(manual) if manual.wait => domain_record::Publish::ByHandWhileWaiting,
            Domain::Manual(_) => domain_record::Publish::ByHand,
        };
        let parents = spec.private_dns_name().parents().into_iter().map(str::to_owned).collect();
        self.domain_record = Some(domain_record::Want { publish, parents });
        self.domain_verification = Some(domain_verification::Want { patience: patience(publish) });
    }

    fn store(&mut self, spec: &Connectivity, store: &KeyStore, observed: &Observed) -> Result<()> {
        if let Some(account) = store.account.as_ref().filter(|account| **account != observed.store_account) {
            return Err(does_not_fit(&[format!(
                "`key_store.account` is `{account}`, but the KMS credentials are of account `{}`",
                observed.store_account
            )]));
        }
        self.key_store = Some(key_store::Want {
            name: store.name.clone(),
            uri_endpoint: spec.uri_endpoint(),
            uri_path: store.path.clone(),
            // A plan can be made where the credential is not at hand; then a rotation does not show in it.
            access_key_id: store.read_credential().ok().map(|credential| credential.access_key_id),
            service_owner: other_account(spec, observed).map(|_| observed.account.id.clone()),
        });
        self.connection = Some(connection::Want);
        Ok(())
    }
}

/// The account of the key store, when it is not the account of the network.
fn other_account<'a>(spec: &Connectivity, observed: &'a Observed) -> Option<&'a str> {
    let other = spec.key_store().is_some() && observed.store_account != observed.account.id;
    other.then_some(observed.store_account.as_str())
}

/// Whether the spec says something about accounts that must be compared with who is calling.
fn needs_accounts(spec: &Connectivity) -> bool {
    let peer_named = matches!(spec.link(), SpecLink::Peering(peering) if peering.owner.is_some());
    peer_named || spec.key_store().is_some_and(|store| store.account.is_some())
}

/// How long to go on when AWS does not find the TXT record: by hand once, while somebody is at it an hour.
fn patience(publish: domain_record::Publish) -> Duration {
    match publish {
        domain_record::Publish::ByHand => Duration::ZERO,
        domain_record::Publish::Route53 | domain_record::Publish::Callback => Duration::from_secs(15 * 60),
        domain_record::Publish::ByHandWhileWaiting => Duration::from_secs(60 * 60),
    }
}

fn health_check(check: &HealthCheck) -> target_group::HealthCheck {
    let seconds = |duration: Duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    target_group::HealthCheck {
        protocol: match check.protocol {
            HealthProtocol::Tcp => "TCP",
            HealthProtocol::Http => "HTTP",
            HealthProtocol::Https => "HTTPS",
        }
        .to_owned(),
        port: check.port.map_or_else(|| "traffic-port".to_owned(), |port| port.to_string()),
        path: check.path.clone().unwrap_or_default(),
        matcher: check.matcher.clone().unwrap_or_default(),
        interval_seconds: seconds(check.interval),
        timeout_seconds: seconds(check.timeout),
        healthy_threshold: number(check.healthy_threshold),
        unhealthy_threshold: number(check.unhealthy_threshold),
    }
}

/// TGT-10, TGT-11, TGT-12.
fn attributes(cross_zone: bool) -> BTreeMap<String, String> {
    let cross_zone = if cross_zone { "true" } else { "use_load_balancer_configuration" };
    [
        ("preserve_client_ip.enabled", "false"),
        ("proxy_protocol_v2.enabled", "false"),
        ("load_balancing.cross_zone.enabled", cross_zone),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// The spec does not fit what exists: nothing was changed.
fn does_not_fit(problems: &[String]) -> Error {
    Error::new(
        ErrorKind::InvalidSpec,
        format!("the spec does not fit what exists in AWS: {}", problems.join("; ")),
        "correct the spec, or what it names in AWS, then plan again",
    )
}

fn refuse_foreign(observed: &Observed) -> Result<()> {
    let Some(foreign) = observed.foreign.first() else { return Ok(()) };
    Err(Error::new(
        ErrorKind::NotOurs,
        format!("a {} with the name of this store exists, but {} ({})", foreign.what, foreign.why, foreign.id),
        "rename the store, or delete the object if nobody needs it; it is never touched by this library",
    ))
}

impl Scope {
    /// What to look for to compare AWS with a spec.
    pub(crate) fn of(spec: &Connectivity) -> Self {
        let parents = || spec.private_dns_name().parents().into_iter().map(str::to_owned).collect();
        let gateway = match spec.link() {
            SpecLink::VpnGateway { id } => id.clone(),
            _ => None,
        };
        let (existing, subnets) = match spec.network() {
            Network::Create { subnets, .. } => (None, subnets.len()),
            Network::Existing { vpc_id, subnet_ids } => (Some((vpc_id.clone(), subnet_ids.clone())), 0),
        };
        Self {
            store: spec.name().to_string(),
            key_store: spec.key_store_name().map(str::to_owned),
            uri_endpoint: Some(spec.uri_endpoint()),
            uri_path: spec.key_store().map(|store| store.path.clone()),
            surroundings: existing.is_some(),
            existing,
            gateway,
            accounts: needs_accounts(spec),
            subnets,
            domain: match spec.domain() {
                Domain::Route53(zone) => {
                    DomainScope::Route53 { parents: parents(), hosted_zone_id: zone.hosted_zone_id.clone() }
                }
                Domain::Callback => DomainScope::Callback { parents: parents() },
                Domain::Manual(_) => DomainScope::ByHand { parents: parents() },
            },
            ..Self::default()
        }
    }
}
