//! What a look is for: who we are, and the few things that have to be known beforehand.

use crate::resource::domain_record::Zone;

/// What to look for. Who we are, and the few things that have to be known beforehand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The store's name: value of our tag, name of load balancer and target group.
    pub(crate) store: String,
    /// Name of the key store; `None` when the key store is out of scope.
    pub(crate) key_store: Option<String>,
    /// Endpoint of the key store, `https://` and the private DNS name, when it is known.
    pub(crate) uri_endpoint: Option<String>,
    /// Path of the key store on the proxy, when it is known.
    pub(crate) uri_path: Option<String>,
    /// VPC and subnets that the spec adopts.
    pub(crate) existing: Option<(String, Vec<String>)>,
    /// Whether it matters if those can carry a store.
    pub(crate) surroundings: bool,
    /// The virtual private gateway that the spec gives.
    pub(crate) gateway: Option<String>,
    /// Whether it matters who is calling.
    pub(crate) accounts: bool,
    /// Subnets that the spec wants; when fewer exist, the zones of the Region are read.
    pub(crate) subnets: usize,
    /// Zones that a plan has chosen for subnets: they are not read again.
    pub(crate) zones: Vec<String>,
    /// Where the TXT record is.
    pub(crate) domain: DomainScope,
    /// The hosted zone that a plan has chosen for it: it is not looked up again.
    pub(crate) hosted_zone: Option<Zone>,
    /// Whether all is to go: then it matters who uses the endpoint service and who else is in the VPC, and a record counts
    /// as published, because removing one that is not there is nothing.
    pub(crate) teardown: bool,
}

/// Where the TXT record is.
#[derive(Clone, Debug, Default)]
pub(crate) enum DomainScope {
    /// In Route 53, under one of these parents.
    Route53 { parents: Vec<String>, hosted_zone_id: Option<String> },
    /// Published by a callback: we see it only through the verification.
    Callback { parents: Vec<String> },
    /// Published by hand: handed out as soon as AWS shows it.
    ByHand { parents: Vec<String> },
    /// Unknown, as in a teardown by name: look in Route 53 under the private DNS name's parents.
    #[default]
    Unknown,
}
