//! What in EC2 carries our mark. A tag is a hint: tags of deleted objects live on for a while.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::ResourceType;

use super::{Ours, filter};
use crate::aws::pages;
use crate::aws::tags::STORE;
use crate::error::Result;

/// Ids by resource type.
#[derive(Debug, Default)]
pub(super) struct Marked(BTreeMap<String, BTreeSet<String>>);

impl Marked {
    pub(super) fn of(&self, kind: &ResourceType) -> Vec<String> {
        self.0.get(kind.as_str()).into_iter().flatten().cloned().collect()
    }
}

impl Ours<'_> {
    pub(super) async fn marked(&self) -> Result<Marked> {
        let mut marked = Marked::default();
        let request = self.aws.ec2.describe_tags().filters(filter(&format!("tag:{}", STORE), &[self.store.to_owned()]));
        let stream = request.into_paginator().send();
        let all = pages::all("look for what carries our tag", "ec2:DescribeTags", stream, |page| {
            (page.tags, page.next_token)
        });
        for tag in all.await? {
            // The filter says the same; but what is ours is too important to leave to an endpoint's filter.
            let is_mark = tag.key() == Some(STORE) && tag.value() == Some(self.store);
            if let (Some(kind), Some(id), true) = (tag.resource_type(), tag.resource_id(), is_mark) {
                marked.0.entry(kind.as_str().to_owned()).or_default().insert(id.to_owned());
            }
        }
        Ok(marked)
    }
}
