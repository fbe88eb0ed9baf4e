//! What the user asks for: one typed description of the connectivity of an external key store.
//!
//! [`Connectivity`] is pure data and valid by construction: it comes out of [`ConnectivityBuilder::build`] or of a document
//! (JSON, TOML, YAML), both of which check every rule that can be checked without AWS and report all problems at once.
//! Nothing in this module uses the network, a clock or chance.
//!
//! A document is a [`ConnectivityBuilder`] written down: the types called `…Draft` are what the user wrote, the others what
//! came out of the check.

mod builder;
mod connectivity;
mod credential;
mod dns_name;
mod document;
mod domain;
mod key_store;
mod link;
mod load_balancer;
mod names;
mod network;
mod problem;
mod proxy;
mod region;

pub use builder::ConnectivityBuilder;
pub use connectivity::Connectivity;
pub(crate) use credential::WITHHELD;
pub use credential::{Credential, CredentialError, ProxyCredential, Secret};
pub use dns_name::DnsName;
pub(crate) use dns_name::{registered_domain, under_known_suffix};
pub(crate) use document::{LONGEST_DOCUMENT, schema_id};
pub use domain::{Domain, Manual, Route53};
pub use key_store::{KeyStore, KeyStoreDraft};
pub use link::{Link, Peering};
pub use load_balancer::{LoadBalancer, SecurityGroup};
pub use names::StoreName;
pub use network::{CreateNetwork, ExistingNetwork, Network, NetworkDraft, Subnet, SubnetDraft};
pub use problem::{Problem, SpecError};
pub use proxy::{HealthCheck, HealthCheckDraft, HealthProtocol, Proxy, ProxyDraft, Target};
pub use region::{Partition, Region};
