//! KMS into observed: which key store is ours, and how many keys are in it.

use aws_sdk_kms::types::CustomKeyStoresListEntry;
use futures_util::future::try_join_all;

use super::{Ours, Scope};
use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::aws::pages;
use crate::error::Result;
use crate::observed::{Foreign, Observed};
use crate::resource::{connection, key_store};

/// Keys that are described at the same time.
const AT_ONCE: usize = 100;

/// Number of KMS keys in a store. KMS has no filter for this: list all keys, describe each.
pub(crate) async fn keys_in(aws: &Aws, store_id: &str) -> Result<usize> {
    let stream = aws.kms.list_keys().into_paginator().send();
    let keys = pages::all("list KMS keys", "kms:ListKeys", stream, |page| (page.keys, page.next_marker)).await?;
    let ids: Vec<&str> = keys.iter().filter_map(|key| key.key_id()).collect();
    let mut number = 0;
    for ids in ids.chunks(AT_ONCE) {
        let described = ids.iter().map(|id| async move {
            let sent = aws.kms.describe_key().key_id(*id).send().await;
            match sent.or_fail("describe a KMS key", "kms:DescribeKey") {
                Ok(output) => Ok(output.key_metadata().and_then(|key| key.custom_key_store_id()) == Some(store_id)),
                // Deleted since it was listed. A key that hides from us is an error: it might be in the store, and KMS
                // would say so only after the disconnect has made it unusable.
                Err(error) if error.is_code(&["NotFoundException"]) => Ok(false),
                Err(error) => Err(error),
            }
        });
        number += try_join_all(described).await?.into_iter().filter(|inside| *inside).count();
    }
    Ok(number)
}

pub(super) async fn key_stores(aws: &Aws) -> Result<Vec<CustomKeyStoresListEntry>> {
    let stream = aws.kms.describe_custom_key_stores().into_paginator().send();
    pages::all("look for the key store", "kms:DescribeCustomKeyStores", stream, |page| {
        (page.custom_key_stores, page.next_marker)
    })
    .await
}

impl Ours<'_> {
    /// A key store has no tags. Ours is the one that uses our endpoint service. A run that was cut off while it replaced
    /// the service leaves one with our endpoint behind whose service is gone; our name or our path tells it from others
    /// of the same proxy, since KMS gives an endpoint and path to one store only. Any other with our name is a stranger's.
    pub(super) async fn take_key_store(
        &self,
        observed: &mut Observed,
        stores: &[CustomKeyStoresListEntry],
        scope: &Scope,
    ) -> Result<()> {
        let service = observed.endpoint_service.as_ref().map(|service| service.name.clone());
        let named = |seen: &key_store::Seen| Some(&seen.name) == scope.key_store.as_ref();
        let uses_ours = |seen: &key_store::Seen| service.as_ref().is_some_and(|name| seen.service_name == *name);
        let seen = stores.iter().filter_map(|entry| Some((entry, key_store::Seen::read(entry)?)));
        let (mine, others): (Vec<_>, Vec<_>) = seen.partition(|(_, seen)| uses_ours(seen));
        let found = match mine.into_iter().next() {
            Some(mine) => Some(mine),
            None => {
                let at_our_path = |seen: &key_store::Seen| Some(&seen.uri_path) == scope.uri_path.as_ref();
                let at_our_endpoint = |seen: &key_store::Seen| Some(&seen.uri_endpoint) == scope.uri_endpoint.as_ref();
                let like_ours = |seen: &key_store::Seen| named(seen) || (at_our_endpoint(seen) && at_our_path(seen));
                let Some((entry, seen)) = others.into_iter().find(|(_, seen)| like_ours(seen)) else { return Ok(()) };
                if !at_our_endpoint(&seen) || self.service_exists(&seen.service_name).await? {
                    // One at our path alone is no concern of planning: KMS itself refuses a second one there.
                    observed.foreign.extend(named(&seen).then(|| foreign(seen)));
                    return Ok(());
                }
                Some((entry, seen))
            }
        };
        if let Some((entry, seen)) = found {
            observed.connection = connection::Seen::read(entry);
            observed.key_store = Some(seen);
        }
        Ok(())
    }
}

impl Observed {
    /// Whether the key store was left behind by a service that is gone: then its owner matters.
    pub(crate) fn has_left_behind_store(&self) -> bool {
        let service = self.endpoint_service.as_ref().map(|service| &service.name);
        self.key_store.as_ref().is_some_and(|store| Some(&store.service_name) != service)
    }

    /// A key store that goes through a service of another account than ours is a stranger's.
    pub(crate) fn refuse_other_owner(&mut self) {
        let stranger =
            |seen: &key_store::Seen| seen.service_owner.as_ref().is_some_and(|owner| *owner != self.account.id);
        if self.key_store.as_ref().is_some_and(stranger)
            && let Some(seen) = self.key_store.take()
        {
            self.connection = None;
            self.foreign.push(foreign(seen));
        }
    }
}

fn foreign(seen: key_store::Seen) -> Foreign {
    let why = format!("it uses {}, which is not this store's endpoint service", seen.service_name);
    Foreign { what: "key store", id: seen.id, why }
}
