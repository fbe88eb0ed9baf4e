//! [`ConnectivityBuilder`]: the spec as written by the user, field by field or as a document, and the checks that need more
//! than one field.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connectivity::Connectivity;
use super::dns_name::DnsName;
use super::domain::Domain;
use super::key_store::KeyStoreDraft;
use super::link::Link;
use super::load_balancer::LoadBalancer;
use super::names::{StoreName, check_tags};
use super::network::{Network, NetworkDraft, check_range, overlap};
use super::problem::{Problems, SpecError};
use super::proxy::ProxyDraft;
use super::region::Region;

/// The version of the document form that this library reads and writes.
const VERSION: i64 = 1;

/// The connectivity of an AWS KMS external key store over a VPC endpoint service.
//
// This text and those of the fields are also the descriptions in the published JSON Schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Connectivity")]
pub struct ConnectivityBuilder {
    /// For editors: where the schema of this document is.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    /// The version of this form: 1.
    #[schemars(required, extend("const" = VERSION))]
    version: Option<i64>,
    /// How xkslink calls the store: 1 to 32 letters, digits and hyphens. Also the name of the load balancer.
    #[schemars(required, length(min = 1, max = 32))]
    name: Option<String>,
    /// The Region, such as `eu-central-1`.
    #[schemars(required)]
    region: Option<String>,
    /// The VPC in which the load balancer stands.
    #[schemars(with = "NetworkDraft")]
    network: Option<NetworkDraft>,
    /// The IPv4 ranges of the data centre; the VPC must not overlap them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    data_center: Vec<String>,
    /// The way from the VPC to the proxy.
    #[schemars(with = "Link")]
    link: Option<Link>,
    /// The external key store proxy.
    #[schemars(with = "ProxyDraft")]
    proxy: Option<ProxyDraft>,
    /// Options of the Network Load Balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    load_balancer: Option<LoadBalancer>,
    /// The private DNS name of the endpoint service: a subdomain of a public domain, in lower case.
    #[schemars(required)]
    private_dns_name: Option<String>,
    /// Who publishes the TXT record that proves the ownership of the domain.
    #[schemars(with = "Domain")]
    domain: Option<Domain>,
    /// The key store; leave it out to end with the permission for AWS KMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_store: Option<KeyStoreDraft>,
    /// Tags for everything that is created: at most 40, none that begins with `aws:` or `xkslink:`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

impl ConnectivityBuilder {
    pub(super) fn new(name: String, region: String) -> Self {
        Self {
            schema: None,
            version: Some(VERSION),
            name: Some(name),
            region: Some(region),
            network: None,
            data_center: Vec::new(),
            link: None,
            proxy: None,
            load_balancer: None,
            private_dns_name: None,
            domain: None,
            key_store: None,
            tags: BTreeMap::new(),
        }
    }

    /// The VPC in which the load balancer stands: [`Network::create`] or [`Network::existing`].
    #[must_use]
    pub fn network(mut self, network: impl Into<NetworkDraft>) -> Self {
        self.network = Some(network.into());
        self
    }

    /// The IPv4 ranges of the data centre: the link is routed for them, and the VPC must not overlap them (NET-04).
    #[must_use]
    pub fn data_center(mut self, ranges: impl IntoIterator<Item = impl ToString>) -> Self {
        self.data_center = ranges.into_iter().map(|range| range.to_string()).collect();
        self
    }

    /// The way from the VPC to the proxy.
    #[must_use]
    pub fn link(mut self, link: impl Into<Link>) -> Self {
        self.link = Some(link.into());
        self
    }

    /// The external key store proxy: [`Proxy::at`](super::Proxy::at).
    #[must_use]
    pub fn proxy(mut self, proxy: ProxyDraft) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Options of the Network Load Balancer; [`LoadBalancer::default`] if not given.
    #[must_use]
    pub fn load_balancer(mut self, load_balancer: LoadBalancer) -> Self {
        self.load_balancer = Some(load_balancer);
        self
    }

    /// The private DNS name of the endpoint service: see [`DnsName`].
    #[must_use]
    pub fn private_dns_name(mut self, name: impl Into<String>) -> Self {
        self.private_dns_name = Some(name.into());
        self
    }

    /// Who publishes the TXT record that proves the ownership of the domain.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<Domain>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The key store: [`KeyStore::path`](super::KeyStore::path). Without it a run ends with the permission for AWS KMS.
    #[must_use]
    pub fn key_store(mut self, key_store: KeyStoreDraft) -> Self {
        self.key_store = Some(key_store);
        self
    }

    /// Adds a tag to everything that is created: at most 40, none that begins with `aws:` or `xkslink:`.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Checks every rule that needs no look at AWS.
    ///
    /// # Errors
    /// Every problem at once, each with its field, what is wrong and what to do.
    pub fn build(self) -> Result<Connectivity, SpecError> {
        let mut problems = Problems::default();
        let spec = self.check(&mut problems);
        match (spec, problems.into_vec()) {
            (Some(spec), problems) if problems.is_empty() => Ok(spec),
            (_, problems) => Err(SpecError { problems }),
        }
    }

    pub(super) fn check(self, problems: &mut Problems) -> Option<Connectivity> {
        if let Some(version) = problems.require("version", self.version, "write 1")
            && version != VERSION
        {
            problems.add("version", None, format!("`{version}` is not a version that is known here"), "write 1");
        }
        let name = problems
            .require("name", self.name, "name the store with 1 to 32 letters, digits and hyphens")
            .and_then(|name| StoreName::check(&name, "name", problems));
        let region = problems
            .require("region", self.region, "write the Region of the key store: there is no default")
            .and_then(|region| Region::check(&region, "region", problems));
        let network = problems
            .require("network", self.network, "say which VPC: one to create, or an existing one")
            .and_then(|network| network.check("network", problems));
        let vpc = network.as_ref().and_then(Network::cidr);
        let data_center = check_data_center(&self.data_center, vpc, problems);
        let link = problems
            .require("link", self.link, "say how the VPC reaches the proxy, or `none` if it runs inside the VPC")
            .and_then(|link| link.check("link", region.as_ref(), problems));
        if let Some(link) = &link {
            check_link(link, network.as_ref(), &self.data_center, problems);
        }
        let reach = reach(vpc, data_center.as_deref(), link.as_ref());
        let proxy = problems
            .require("proxy", self.proxy, "say where the external key store proxy is")
            .and_then(|proxy| proxy.check("proxy", vpc, reach.as_deref(), problems));
        let private_dns_name = problems
            .require("private_dns_name", self.private_dns_name, "write a name such as `xks.example.com`")
            .and_then(|name| DnsName::check(&name, "private_dns_name", problems));
        let domain = problems
            .require("domain", self.domain, "say who publishes the TXT record: `route53`, `manual` or `callback`")
            .and_then(|domain| domain.check("domain", problems));
        let key_store = self.key_store.map(|key_store| key_store.check("key_store", name.as_ref(), problems));
        check_tags(&self.tags, "tags", problems);
        Some(Connectivity {
            name: name?,
            region: region?,
            network: network?,
            data_center: data_center?,
            link: link?,
            proxy: proxy?,
            load_balancer: self.load_balancer.unwrap_or_default(),
            private_dns_name: private_dns_name?,
            domain: domain?,
            key_store: match key_store {
                None => None,
                Some(key_store) => Some(key_store?),
            },
            tags: self.tags,
        })
    }
}

impl From<&Connectivity> for ConnectivityBuilder {
    fn from(spec: &Connectivity) -> Self {
        Self {
            schema: None,
            version: Some(VERSION),
            name: Some(spec.name.to_string()),
            region: Some(spec.region.to_string()),
            network: Some((&spec.network).into()),
            data_center: spec.data_center.iter().map(ToString::to_string).collect(),
            link: Some(spec.link.clone()),
            proxy: Some((&spec.proxy).into()),
            load_balancer: Some(spec.load_balancer.clone()),
            private_dns_name: Some(spec.private_dns_name.to_string()),
            domain: Some(spec.domain.clone()),
            key_store: spec.key_store.as_ref().map(Into::into),
            tags: spec.tags.clone(),
        }
    }
}

fn check_data_center(texts: &[String], vpc: Option<Ipv4Net>, problems: &mut Problems) -> Option<Vec<Ipv4Net>> {
    let before = problems.count();
    let mut ranges = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let field = format!("data_center[{index}]");
        let Some(range) = check_range(text, &field, problems) else { continue };
        if range.prefix_len() == 0 {
            let what = format!("`{range}` is every address, so it overlaps any VPC");
            problems.add(field, "NET-04", what, "name the ranges of the data centre");
        } else if let Some(vpc) = vpc.filter(|vpc| overlap(*vpc, range)) {
            let what = format!("`{range}` overlaps the VPC's `{vpc}`");
            problems.add(
                field,
                "NET-04",
                what,
                "choose another range for the VPC: addresses that both have never leave it",
            );
        } else if ranges.contains(&range) {
            problems.add(field, "NET-04", format!("`{range}` is there twice"), "remove one");
        }
        ranges.push(range);
    }
    (problems.count() == before).then_some(ranges)
}

/// What a link needs of the other fields.
fn check_link(link: &Link, network: Option<&Network>, data_center: &[String], problems: &mut Problems) {
    if link.makes_routes() && data_center.is_empty() {
        let help = "name the ranges that the link leads to, so that routes can be made";
        problems.add("data_center", "NET-10", "is empty", help);
    }
    if let (Link::Peering(peering), Some(Network::Existing { vpc_id, .. })) = (link, network)
        && peering.vpc_id == *vpc_id
    {
        let what = format!("`{vpc_id}` is the VPC of the load balancer itself");
        problems.add("link.vpc_id", None, what, "name the VPC of the proxy, or choose the link `none`");
    }
}

/// The ranges to which the VPC has a way, where the spec alone can tell: not for an existing VPC, whose ranges only AWS
/// knows, and not for routes that someone else makes, unless the data centre is described.
fn reach(vpc: Option<Ipv4Net>, data_center: Option<&[Ipv4Net]>, link: Option<&Link>) -> Option<Vec<Ipv4Net>> {
    let (vpc, data_center, link) = (vpc?, data_center?, link?);
    let mut ranges = vec![vpc];
    if *link != Link::None {
        if data_center.is_empty() {
            return None;
        }
        ranges.extend(data_center);
    }
    Some(ranges)
}
