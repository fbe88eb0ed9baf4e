//! [`Connectivity`]: the checked spec, and what can be read from it.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize, Serializer};

use super::builder::ConnectivityBuilder;
use super::dns_name::DnsName;
use super::domain::Domain;
use super::key_store::KeyStore;
use super::link::Link;
use super::load_balancer::LoadBalancer;
use super::names::StoreName;
use super::network::Network;
use super::proxy::Proxy;
use super::region::Region;

/// The connectivity that an external key store needs, and the key store itself. Valid by construction.
///
/// ```
/// use xkslink::spec::*;
///
/// let spec = Connectivity::builder("payments-hsm", "eu-central-1")
///     .network(Network::create("10.60.0.0/24"))
///     .data_center(["10.0.0.0/16"])
///     .link(Link::transit_gateway("tgw-0123456789abcdef0"))
///     .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
///     .private_dns_name("xks.payments.example.com")
///     .domain(Domain::route53())
///     .key_store(KeyStore::path("/payments/kms/xks/v1").credential(Credential::from_env("XKS_KEY_ID", "XKS_SECRET")))
///     .build()?;
/// assert_eq!(spec.kms_principal(), "cks.kms.eu-central-1.amazonaws.com");
/// assert_eq!(spec.uri_endpoint(), "https://xks.payments.example.com");
/// # Ok::<(), SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Connectivity {
    pub(super) name: StoreName,
    pub(super) region: Region,
    pub(super) network: Network,
    pub(super) data_center: Vec<Ipv4Net>,
    pub(super) link: Link,
    pub(super) proxy: Proxy,
    pub(super) load_balancer: LoadBalancer,
    pub(super) private_dns_name: DnsName,
    pub(super) domain: Domain,
    pub(super) key_store: Option<KeyStore>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Connectivity {
    /// Begins a spec. `name` is how the library calls the store ([`StoreName`]), `region` where it stands ([`Region`]);
    /// there is no default for either.
    pub fn builder(name: impl Into<String>, region: impl Into<String>) -> ConnectivityBuilder {
        ConnectivityBuilder::new(name.into(), region.into())
    }

    /// A builder that holds this spec, to change a part of it.
    #[must_use]
    pub fn to_builder(&self) -> ConnectivityBuilder {
        self.into()
    }

    /// How the library calls the store.
    #[must_use]
    pub fn name(&self) -> &StoreName {
        &self.name
    }

    /// Where the store and its network stand (ACC-02).
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The VPC and its subnets.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The ranges of the data centre: what the link is routed for, and what the VPC must not overlap (NET-04).
    #[must_use]
    pub fn data_center(&self) -> &[Ipv4Net] {
        &self.data_center
    }

    /// The way from the VPC to the proxy.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The proxy.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Options of the Network Load Balancer.
    #[must_use]
    pub fn load_balancer(&self) -> &LoadBalancer {
        &self.load_balancer
    }

    /// The private DNS name of the endpoint service.
    #[must_use]
    pub fn private_dns_name(&self) -> &DnsName {
        &self.private_dns_name
    }

    /// Who publishes the TXT record.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The key store; `None` for a spec that ends with the permission for AWS KMS.
    #[must_use]
    pub fn key_store(&self) -> Option<&KeyStore> {
        self.key_store.as_ref()
    }

    /// The user's own tags, without those of the library.
    #[must_use]
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// The name of the key store in AWS KMS; `None` for a spec without a key store.
    #[must_use]
    pub fn key_store_name(&self) -> Option<&str> {
        self.key_store.as_ref().map(|store| store.name.as_str())
    }

    /// `XksProxyUriEndpoint`: `https://` and the private DNS name (DNS-04).
    #[must_use]
    pub fn uri_endpoint(&self) -> String {
        format!("https://{}", self.private_dns_name)
    }

    /// The principal that must be allowed to use the endpoint service (PRM-01).
    #[must_use]
    pub fn kms_principal(&self) -> String {
        self.region.kms_principal()
    }
}

impl Serialize for Connectivity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_builder().serialize(serializer)
    }
}
