//! The mark of ownership and the caller's own tags, in the shapes of EC2 and Elastic Load Balancing.

use std::collections::BTreeMap;

/// The tag that says which store an object belongs to. Only what carries it with our store's name is ever changed.
pub(crate) const STORE: &str = "xkslink:store";

/// On the endpoint service while its private DNS name changes: the TXT record of the former name, which AWS does not show
/// any more.
pub(crate) const FORMER_RECORD: &str = "xkslink:former-record";

/// The tag of the endpoint service that says which Route 53 zone its TXT record was meant for: a hint where to look first.
pub(crate) const HOSTED_ZONE: &str = "xkslink:hosted-zone";

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// All tags that an object of this store carries.
pub(crate) fn all(store: &str, own: &Tags) -> Tags {
    let mut tags = own.clone();
    tags.entry("Name".to_owned()).or_insert_with(|| store.to_owned());
    tags.insert(STORE.to_owned(), store.to_owned());
    tags
}

pub(crate) fn from_ec2(tags: &[aws_sdk_ec2::types::Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

pub(crate) fn ec2(tags: &Tags) -> Vec<aws_sdk_ec2::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build()).collect()
}

/// For `TagSpecifications` of EC2's create calls.
pub(crate) fn specification(
    kind: aws_sdk_ec2::types::ResourceType,
    tags: &Tags,
) -> aws_sdk_ec2::types::TagSpecification {
    aws_sdk_ec2::types::TagSpecification::builder().resource_type(kind).set_tags(Some(ec2(tags))).build()
}

pub(crate) fn elb(tags: &Tags) -> Vec<aws_sdk_elasticloadbalancingv2::types::Tag> {
    use aws_sdk_elasticloadbalancingv2::types::Tag;
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(crate) fn from_elb(tags: &[aws_sdk_elasticloadbalancingv2::types::Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}
