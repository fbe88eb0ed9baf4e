//! The external key store in KMS (KS-01 … KS-05). It has no tags and no client token: its name finds it again.

use std::time::Duration;

use aws_sdk_kms::types::{self, CustomKeyStoreType, XksProxyAuthenticationCredentialType, XksProxyConnectivityType};
use serde::Serialize;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use zeroize::Zeroizing;

use super::endpoint_service::EndpointService;
use super::{Change, Effect, Kind, Resource, compare};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::wait::{Look, Wait, until};
use crate::aws::{create, one_attempt};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The key store.
pub(crate) struct KeyStore;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) name: String,
    /// `https://` and the private DNS name.
    pub(crate) uri_endpoint: String,
    pub(crate) uri_path: String,
    /// Access key id of the credential, when it could be read while planning. The secret is read by apply only.
    pub(crate) access_key_id: Option<String>,
    /// Owner of the endpoint service, when that is another account (ACC-04).
    pub(crate) service_owner: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) connectivity: String,
    pub(crate) uri_endpoint: String,
    pub(crate) uri_path: String,
    pub(crate) access_key_id: String,
    pub(crate) service_name: String,
    pub(crate) service_owner: Option<String>,
}

impl Seen {
    pub(crate) fn read(store: &types::CustomKeyStoresListEntry) -> Option<Self> {
        let proxy = store.xks_proxy_configuration();
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Some(Self {
            id: store.custom_key_store_id()?.to_owned(),
            name: text(store.custom_key_store_name()),
            connectivity: text(proxy.and_then(|proxy| proxy.connectivity()).map(XksProxyConnectivityType::as_str)),
            uri_endpoint: text(proxy.and_then(|proxy| proxy.uri_endpoint())),
            uri_path: text(proxy.and_then(|proxy| proxy.uri_path())),
            access_key_id: text(proxy.and_then(|proxy| proxy.access_key_id())),
            service_name: text(proxy.and_then(|proxy| proxy.vpc_endpoint_service_name())),
            service_owner: proxy.and_then(|proxy| proxy.vpc_endpoint_service_owner()).map(str::to_owned),
        })
    }
}

impl Resource for KeyStore {
    const KIND: Kind = Kind::KeyStore;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.key_store.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.key_store.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        if seen.is_none() {
            observed.connection = None;
            observed.key_store_deleted = true;
        }
        observed.key_store = seen;
    }

    fn describe(want: &Want) -> String {
        format!("`{}`, {}{}", want.name, want.uri_endpoint, want.uri_path)
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let service = observed.endpoint_service.as_ref().map_or(&seen.service_name, |service| &service.name);
        // KMS names the owner even when it is the store's own account.
        let owner = seen.service_owner.clone().filter(|owner| *owner != observed.store_account);
        let owner_changed = owner != want.service_owner && want.service_owner.is_some();
        let key = want.access_key_id.as_ref();
        let anytime = [
            compare("name", &seen.name, &want.name),
            compare("uri_path", &seen.uri_path, &want.uri_path),
            key.and_then(|key| compare("credential.access_key_id", &seen.access_key_id, key)),
        ];
        let disconnected = [
            compare(
                "connectivity",
                &seen.connectivity.as_str(),
                &XksProxyConnectivityType::VpcEndpointService.as_str(),
            ),
            compare("uri_endpoint", &seen.uri_endpoint, &want.uri_endpoint),
            compare("endpoint_service", &seen.service_name, service),
            owner_changed.then(|| {
                Change::new(
                    "endpoint_service_owner",
                    owner.unwrap_or_default(),
                    want.service_owner.clone().unwrap_or_default(),
                )
            }),
        ];
        anytime.into_iter().flatten().chain(disconnected.into_iter().flatten().map(Change::disconnecting)).collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let create = || known(cx, &[Kind::EndpointService, Kind::Permission], || create_store(cx, want));
        create::once(cx, create, || find(cx, want)).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        let changes = Self::differences(want, seen, &cx.observed);
        let changed = |field: &str| changes.iter().any(|change| change.field == field);
        let mut request = cx.aws.kms.update_custom_key_store().custom_key_store_id(&seen.id);
        if changed("name") {
            request = request.new_custom_key_store_name(&want.name);
        }
        if changed("uri_path") {
            request = request.xks_proxy_uri_path(&want.uri_path);
        }
        let mut secret = Zeroizing::default();
        if changed("credential.access_key_id") {
            let credential = credential(cx).await?;
            secret = secret_of(&credential);
            request = request.xks_proxy_authentication_credential(credential);
        }
        let service = cx.parent::<EndpointService>()?;
        if changes.iter().any(|change| change.effect == Effect::Disconnect) {
            request = request
                .xks_proxy_connectivity(XksProxyConnectivityType::VpcEndpointService)
                .xks_proxy_uri_endpoint(&want.uri_endpoint)
                .xks_proxy_vpc_endpoint_service_name(&service.name)
                .set_xks_proxy_vpc_endpoint_service_owner(want.service_owner.clone());
        }
        let secret = secret.as_str();
        known(cx, &[Kind::EndpointService, Kind::Permission], || {
            let sending = request.clone().send();
            quietly(secret, async { sending.await.or_fail("change the key store", "kms:UpdateCustomKeyStore") })
        })
        .await?;
        until(cx, SHOWN, || async {
            let Some(now) = find_by_id(cx, &seen.id).await? else { return Ok(Look::Missing) };
            let left = Self::differences(want, &now, &cx.observed);
            let Some(change) = left.first() else { return Ok(Look::Done(now)) };
            Ok(Look::NotYet(format!("still differs in {}", change.field)))
        })
        .await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let request = || async {
            let sent = cx.aws.kms.delete_custom_key_store().custom_key_store_id(&seen.id).send().await;
            match sent.or_fail("delete the key store", "kms:DeleteCustomKeyStore") {
                Err(error) if error.is_code(&["CustomKeyStoreHasCMKsException"]) => Err(has_keys(&seen.name)),
                other => other.map(drop),
            }
        };
        let still = || async { Ok(find_by_id(cx, &seen.id).await?.map(|_| "still there".to_owned())) };
        delete(cx, DELETE, request, still).await
    }
}

const SHOWN: Wait = Wait {
    until: "KMS shows the change of the key store",
    usual: Duration::from_secs(2),
    limit: Duration::from_secs(5 * 60),
};

const DELETE: Delete = Delete {
    until: "the key store is gone",
    busy: &[],
    gone: &["CustomKeyStoreNotFoundException"],
    usual: Duration::from_secs(2),
};

/// The refusal to delete a store with keys; also given before anything is disconnected.
pub(crate) fn has_keys(name: &str) -> Error {
    Error::new(
        ErrorKind::KeysExist,
        format!("key store `{name}` still holds KMS keys"),
        "schedule the deletion of its keys, which takes 7 to 30 days and loses what they encrypt, then tear down again",
    )
}

async fn create_store(cx: &Context, want: &Want) -> Result<Seen> {
    let service = cx.parent::<EndpointService>()?;
    let credential = credential(cx).await?;
    let access_key_id = credential.access_key_id().to_owned();
    let secret = secret_of(&credential);
    let request = cx
        .aws
        .kms
        .create_custom_key_store()
        .custom_key_store_name(&want.name)
        .custom_key_store_type(CustomKeyStoreType::ExternalKeyStore)
        .xks_proxy_connectivity(XksProxyConnectivityType::VpcEndpointService)
        .xks_proxy_uri_endpoint(&want.uri_endpoint)
        .xks_proxy_uri_path(&want.uri_path)
        .xks_proxy_vpc_endpoint_service_name(&service.name)
        .set_xks_proxy_vpc_endpoint_service_owner(want.service_owner.clone())
        .xks_proxy_authentication_credential(credential);
    let once = aws_sdk_kms::config::Config::builder().retry_config(one_attempt());
    let sending = async {
        let sent = request.customize().config_override(once).send().await;
        sent.or_fail("create the key store", "kms:CreateCustomKeyStore")
    };
    let output = quietly(&secret, sending).await?;
    Ok(Seen {
        id: output.custom_key_store_id.ok_or_else(|| Error::incomplete("CreateCustomKeyStore", "CustomKeyStoreId"))?,
        name: want.name.clone(),
        connectivity: XksProxyConnectivityType::VpcEndpointService.as_str().to_owned(),
        uri_endpoint: want.uri_endpoint.clone(),
        uri_path: want.uri_path.clone(),
        access_key_id,
        service_name: service.name.clone(),
        service_owner: want.service_owner.clone(),
    })
}

/// Sends a request that carries the secret, if there is one. The SDK logs whole requests at TRACE, so nobody listens
/// meanwhile; and whatever answers may echo the request, so errors are cleaned.
async fn quietly<T>(secret: &str, sending: impl Future<Output = Result<T>>) -> Result<T> {
    if secret.is_empty() {
        return sending.await;
    }
    let sent = sending.with_subscriber(NoSubscriber::default()).await;
    sent.map_err(|error| error.withholding(secret))
}

fn secret_of(credential: &XksProxyAuthenticationCredentialType) -> Zeroizing<String> {
    Zeroizing::new(credential.raw_secret_access_key().to_owned())
}

async fn credential(cx: &Context) -> Result<XksProxyAuthenticationCredentialType> {
    let credential = cx.credential().await?;
    let built = XksProxyAuthenticationCredentialType::builder()
        .access_key_id(&credential.access_key_id)
        .raw_secret_access_key(credential.raw_secret_access_key.expose())
        .build();
    built.map_err(|_| Error::incomplete("the credential source", "access key id or secret"))
}

/// After a lost answer: a store with our name that uses our endpoint service.
async fn find(cx: &Context, want: &Want) -> Result<Option<Seen>> {
    let service = cx.parent::<EndpointService>()?;
    let sent = cx.aws.kms.describe_custom_key_stores().custom_key_store_name(&want.name).send().await;
    let found = one(sent.or_fail("look for the key store", "kms:DescribeCustomKeyStores"))?;
    Ok(found.filter(|seen| seen.service_name == service.name))
}

async fn find_by_id(cx: &Context, id: &str) -> Result<Option<Seen>> {
    let sent = cx.aws.kms.describe_custom_key_stores().custom_key_store_id(id).send().await;
    one(sent.or_fail("look for the key store", "kms:DescribeCustomKeyStores"))
}

type Described = aws_sdk_kms::operation::describe_custom_key_stores::DescribeCustomKeyStoresOutput;

fn one(described: Result<Described>) -> Result<Option<Seen>> {
    match described {
        Ok(output) => Ok(output.custom_key_stores().first().and_then(Seen::read)),
        Err(error) if error.is_code(DELETE.gone) => Ok(None),
        Err(error) => Err(error),
    }
}
