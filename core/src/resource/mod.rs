//! What a store consists of: one file per AWS object, the same verbs in each.
//!
//! `Want` is a resource as the spec asks for it, `Seen` as AWS has it; both are cut down to what is compared or passed
//! on. Ids of parents never stand in a `Want`: whoever needs them reads them from [`Observed`] when the time comes.

pub(crate) mod connection;
pub(crate) mod domain_record;
pub(crate) mod domain_verification;
pub(crate) mod endpoint_service;
pub(crate) mod key_store;
pub(crate) mod link;
pub(crate) mod listener;
pub(crate) mod load_balancer;
pub(crate) mod permission;
pub(crate) mod route_table;
pub(crate) mod routes;
pub(crate) mod security_group;
pub(crate) mod subnet;
pub(crate) mod target_group;
pub(crate) mod targets;
pub(crate) mod vpc;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::apply::Context;
use crate::aws::tags::Tags;
use crate::desired::Desired;
use crate::error::Result;
use crate::observed::Observed;

/// The sorts of things a store consists of, in the order in which they come into being.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The VPC with both DNS attributes on.
    Vpc,
    /// A private subnet in one zone.
    Subnet,
    /// Our own route table, without internet route, associated with the subnets.
    RouteTable,
    /// The link to the data centre: gateway, attachment or peering.
    Link,
    /// Routes over the link.
    Routes,
    /// Security group of the load balancer.
    SecurityGroup,
    /// Target group with health check and attributes.
    TargetGroup,
    /// The registered proxy addresses.
    Targets,
    /// Internal Network Load Balancer.
    LoadBalancer,
    /// Listener TCP 443.
    Listener,
    /// VPC endpoint service.
    EndpointService,
    /// Principals that may connect: AWS KMS first of all.
    Permission,
    /// TXT record that proves ownership of the private DNS name.
    DomainRecord,
    /// AWS's verification of that record.
    DomainVerification,
    /// The external key store.
    KeyStore,
    /// The key store being CONNECTED.
    Connection,
}

impl Kind {
    /// All of them, parents before what needs them.
    pub const ALL: [Self; 16] = [
        Self::Vpc,
        Self::Subnet,
        Self::RouteTable,
        Self::Link,
        Self::Routes,
        Self::SecurityGroup,
        Self::TargetGroup,
        Self::Targets,
        Self::LoadBalancer,
        Self::Listener,
        Self::EndpointService,
        Self::Permission,
        Self::DomainRecord,
        Self::DomainVerification,
        Self::KeyStore,
        Self::Connection,
    ];

    /// What must exist before this can be created. Deletes walk it backwards.
    pub(crate) fn needs(self) -> &'static [Self] {
        match self {
            Self::Vpc => &[],
            Self::Subnet | Self::SecurityGroup | Self::TargetGroup => &[Self::Vpc],
            Self::RouteTable | Self::Link => &[Self::Vpc, Self::Subnet],
            Self::Routes => &[Self::RouteTable, Self::Link],
            Self::Targets => &[Self::TargetGroup],
            Self::LoadBalancer => &[Self::Subnet, Self::SecurityGroup],
            Self::Listener => &[Self::LoadBalancer, Self::TargetGroup],
            Self::EndpointService => &[Self::LoadBalancer],
            Self::Permission | Self::DomainRecord => &[Self::EndpointService],
            Self::DomainVerification => &[Self::EndpointService, Self::DomainRecord],
            Self::KeyStore => &[Self::EndpointService, Self::Permission, Self::DomainVerification],
            Self::Connection => &[Self::KeyStore, Self::Listener, Self::Targets, Self::Routes, Self::RouteTable],
        }
    }

    /// The object this is a part of: deleting that deletes this, so no step of its own is needed then.
    pub(crate) fn part_of(self) -> Option<Self> {
        match self {
            Self::Targets => Some(Self::TargetGroup),
            Self::Listener => Some(Self::LoadBalancer),
            Self::Permission | Self::DomainVerification => Some(Self::EndpointService),
            Self::Routes => Some(Self::RouteTable),
            _ => None,
        }
    }

    /// How long its creation usually takes.
    pub(crate) fn creation_takes(self) -> Duration {
        match self {
            Self::Link => link::USUAL,
            Self::LoadBalancer => load_balancer::USUAL,
            Self::DomainRecord => domain_record::USUAL,
            Self::DomainVerification => domain_verification::USUAL,
            Self::Connection => connection::USUAL,
            _ => Duration::from_secs(1),
        }
    }

    /// How long its deletion usually takes.
    pub(crate) fn deletion_takes(self) -> Duration {
        match self {
            Self::Link => link::USUAL,
            Self::LoadBalancer => load_balancer::RELEASE,
            Self::EndpointService => endpoint_service::RELEASE,
            Self::Connection => connection::USUAL,
            _ => Duration::from_secs(1),
        }
    }

    /// The name people use.
    pub fn label(self) -> &'static str {
        match self {
            Self::Vpc => "VPC",
            Self::Subnet => "subnet",
            Self::RouteTable => "route table",
            Self::Link => "link",
            Self::Routes => "routes",
            Self::SecurityGroup => "security group",
            Self::TargetGroup => "target group",
            Self::Targets => "targets",
            Self::LoadBalancer => "load balancer",
            Self::Listener => "listener",
            Self::EndpointService => "endpoint service",
            Self::Permission => "permission",
            Self::DomainRecord => "domain record",
            Self::DomainVerification => "domain verification",
            Self::KeyStore => "key store",
            Self::Connection => "connection",
        }
    }
}

/// One resource of a store. Subnets need the key, their zone id. A VPC, route table or link with a key is a duplicate
/// that goes: two runs at the same moment may both make one.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ResourceId {
    /// Which sort.
    pub kind: Kind,
    /// Which one, where there are several: the zone id of a subnet, the id of a duplicate.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
}

impl ResourceId {
    pub(crate) fn new(kind: Kind, key: &str) -> Self {
        Self { kind, key: key.to_owned() }
    }

    /// Whether this is one too many of its kind.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self.kind, Kind::Vpc | Kind::RouteTable | Kind::Link) && !self.key.is_empty()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.label())?;
        if self.key.is_empty() { Ok(()) } else { write!(f, " {}", self.key) }
    }
}

/// A field that differs between what is wanted and what is.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Change {
    /// Field, such as `health_check.path`.
    pub field: String,
    /// What AWS has; empty when nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// What the spec asks for; empty when nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// What it takes.
    pub effect: Effect,
}

/// What it takes to change a field.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// AWS changes it in place.
    InPlace,
    /// AWS changes it only while the key store is disconnected.
    Disconnect,
    /// AWS cannot change it: delete and create.
    Replace,
}

impl Change {
    pub(crate) fn new(field: impl Into<String>, from: impl fmt::Display, to: impl fmt::Display) -> Self {
        Self { field: field.into(), from: from.to_string(), to: to.to_string(), effect: Effect::InPlace }
    }

    pub(crate) fn replacing(mut self) -> Self {
        self.effect = Effect::Replace;
        self
    }

    pub(crate) fn disconnecting(mut self) -> Self {
        self.effect = Effect::Disconnect;
        self
    }
}

/// The differences between two values, none when they are equal.
pub(crate) fn compare<T: fmt::Display + PartialEq>(field: &str, seen: &T, want: &T) -> Option<Change> {
    (seen != want).then(|| Change::new(field, seen, want))
}

/// Wanted tags that are missing or differ. Tags of others stay as they are.
pub(crate) fn compare_tags(seen: &Tags, want: &Tags) -> Vec<Change> {
    want.iter()
        .filter(|(key, value)| seen.get(*key) != Some(value))
        .map(|(key, value)| Change::new(format!("tags.{key}"), seen.get(key).map_or("", String::as_str), value))
        .collect()
}

/// The verbs of a resource. Every one is safe to repeat.
pub(crate) trait Resource {
    const KIND: Kind;
    /// As the spec asks for it.
    type Want: Clone + Send + Sync;
    /// As AWS has it.
    type Seen: Clone + Send + Sync + Serialize;

    fn want<'a>(desired: &'a Desired, key: &str) -> Option<&'a Self::Want>;
    fn seen<'a>(observed: &'a Observed, key: &str) -> Option<&'a Self::Seen>;
    /// Puts what a step found into the observation; `None` once it is gone.
    fn fold(observed: &mut Observed, key: &str, seen: Option<Self::Seen>);

    /// What it is, for people: "10.60.0.0/24 with DNS support and DNS host names".
    fn describe(want: &Self::Want) -> String;
    /// Its id in AWS, for plans and reports; empty for what has none.
    fn id(seen: &Self::Seen) -> String;
    /// What differs. Pure.
    fn differences(want: &Self::Want, seen: &Self::Seen, observed: &Observed) -> Vec<Change>;

    /// Creates it, or continues a creation that was cut off, until AWS has it ready.
    fn create(cx: &Context, key: &str, want: &Self::Want) -> impl Future<Output = Result<Self::Seen>> + Send;
    /// Changes it in place.
    fn update(cx: &Context, want: &Self::Want, seen: &Self::Seen) -> impl Future<Output = Result<Self::Seen>> + Send;
    /// Deletes it and proves it gone. Already gone is success.
    fn delete(cx: &Context, seen: &Self::Seen) -> impl Future<Output = Result<()>> + Send;
}
