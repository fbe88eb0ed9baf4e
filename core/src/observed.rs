//! What AWS has of one store, cut down to what is compared or passed on.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::{NetworkAcl, RouteTable};
use crate::resource::domain_record::Zone;
use crate::resource::{
    connection, domain_record, domain_verification, endpoint_service, key_store, link, listener, load_balancer,
    permission, route_table, routes, security_group, subnet, target_group, targets, vpc,
};

/// What AWS has of one store.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Observed {
    pub(crate) account: Account,
    /// The account of the key store; the same as `account.id` unless the spec's KMS account is another one.
    pub(crate) store_account: String,
    /// Zones to choose from, by zone id: the real, available ones of the Region, or those that the plan has chosen. Empty
    /// when there is nothing to choose or to check.
    pub(crate) zones: Vec<String>,
    /// The Route 53 zone for the TXT record, if the spec wants it there.
    pub(crate) hosted_zone: Option<Zone>,
    /// Objects that carry our name but not our mark.
    pub(crate) foreign: Vec<Foreign>,

    /// What stands around the subnets of an adopted network.
    pub(crate) surroundings: Surroundings,

    pub(crate) vpc: Option<vpc::Seen>,
    /// VPCs, route tables and gateways with our mark that nothing of the store uses, by id: two runs at the same moment
    /// made one each, or AWS did not show the first.
    pub(crate) duplicate_vpcs: BTreeMap<String, vpc::Seen>,
    pub(crate) duplicate_route_tables: BTreeMap<String, route_table::Seen>,
    pub(crate) duplicate_links: BTreeMap<String, link::Seen>,
    /// What others have in VPCs of ours; read for a teardown only.
    pub(crate) others: BTreeMap<String, Vec<String>>,
    /// By zone id.
    pub(crate) subnets: BTreeMap<String, subnet::Seen>,
    pub(crate) route_table: Option<route_table::Seen>,
    pub(crate) link: Option<link::Seen>,
    pub(crate) routes: Option<routes::Seen>,
    pub(crate) security_group: Option<security_group::Seen>,
    pub(crate) target_group: Option<target_group::Seen>,
    pub(crate) targets: Option<targets::Seen>,
    pub(crate) load_balancer: Option<load_balancer::Seen>,
    pub(crate) listener: Option<listener::Seen>,
    pub(crate) endpoint_service: Option<endpoint_service::Seen>,
    /// Who uses the endpoint service or waits for it; read for a teardown only.
    pub(crate) endpoints: Vec<String>,
    pub(crate) permission: Option<permission::Seen>,
    pub(crate) domain_record: Option<domain_record::Seen>,
    pub(crate) domain_verification: Option<domain_verification::Seen>,
    pub(crate) key_store: Option<key_store::Seen>,
    /// Whether this very run deleted the key store: endpoints of its service that are left then serve nobody.
    pub(crate) key_store_deleted: bool,
    pub(crate) connection: Option<connection::Seen>,
}

/// Route tables and network ACLs of a VPC that is not ours: they decide whether the proxy is reached. Empty unless they
/// matter.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Surroundings {
    pub(crate) route_tables: Vec<RouteTable>,
    pub(crate) network_acls: Vec<NetworkAcl>,
}

/// Who is calling.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Account {
    /// Twelve digits.
    pub(crate) id: String,
    /// `aws`, `aws-us-gov` …
    pub(crate) partition: String,
}

/// An object that has the name we would use, but is not ours.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Foreign {
    pub(crate) what: &'static str,
    pub(crate) id: String,
    pub(crate) why: String,
}
