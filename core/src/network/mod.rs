//! How a packet fares in a VPC: pure functions over routes, network ACLs and security groups.

pub(crate) mod acl;
pub(crate) mod permit;
pub(crate) mod route;
