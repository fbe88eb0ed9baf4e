//! What happens to a packet in a VPC: pure functions over what AWS has.

pub(crate) mod acl;
pub(crate) mod route;
