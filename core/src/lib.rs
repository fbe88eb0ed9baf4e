//! Makes true in AWS, and keeps true, the VPC endpoint service connectivity of an AWS KMS external key store.

pub mod spec;
