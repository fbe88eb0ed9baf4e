//! Which key store and which endpoint service are meant, out of all that an account has.

use aws_sdk_ec2::types::ServiceConfiguration;

use super::describe;
use crate::aws::tags;
use crate::client::Target;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{EndpointService, Fact, Gap, KeyStore};
use crate::text::shown;

/// What is meant.
pub(super) struct Found {
    pub(super) key_store: Fact<KeyStore>,
    pub(super) other_key_stores: Fact<Vec<KeyStore>>,
    /// The name of the endpoint service, also when it is of another account or does not exist.
    pub(super) service_name: Option<String>,
    /// The endpoint service, if it is in this account.
    pub(super) service: Fact<EndpointService>,
}

/// Finds what a target means.
///
/// # Errors
/// `NotFound`, `InvalidSpec` for a key store without VPC endpoint service, `AccessDenied` when the reads were denied.
pub(super) fn found(
    target: &Target<'_>,
    stores: &Fact<Vec<KeyStore>>,
    services: &Fact<Vec<ServiceConfiguration>>,
) -> Result<Found> {
    let all = stores.known().map_or(&[][..], |stores| &stores[..]);
    let configurations = services.known().map_or(&[][..], |services| &services[..]);
    let marked = |store: &str| {
        let has_mark = |service: &&ServiceConfiguration| {
            tags::from_ec2(service.tags()).get(tags::STORE).is_some_and(|owner| owner == store)
        };
        configurations.iter().find(has_mark).and_then(|service| service.service_name())
    };
    let with_id = |id: &str| configurations.iter().find(|service| service.service_id() == Some(id))?.service_name();
    let using = |name: &str| all.iter().find(|store| store.service_name.as_deref() == Some(name));

    let (store, name) = match target {
        Target::Spec(spec) => {
            let own = marked(spec.name().as_str());
            let same_name = |store: &&KeyStore| spec.key_store_name() == Some(store.name.as_str());
            let store = own.and_then(using).or_else(|| all.iter().find(same_name));
            (store, own.map(str::to_owned).or_else(|| store.and_then(|store| store.service_name.clone())))
        }
        Target::Named { store: name, .. } if is_service_name(name) => (using(name), Some(name.clone())),
        Target::Named { store: name, .. } => {
            let own = marked(name).or_else(|| with_id(name));
            let store = all.iter().find(|store| store.id == *name || store.name == *name);
            let store = store.or_else(|| own.and_then(using));
            let service = store.and_then(|store| store.service_name.clone()).or_else(|| own.map(str::to_owned));
            if store.is_none() && service.is_none() {
                return Err(missing(target, stores, services));
            }
            (store, service)
        }
    };
    if let Some(store) = store.filter(|store| store.service_name.is_none()) {
        return Err(elsewhere(store));
    }
    let other_key_stores = match stores {
        Fact::Known(all) => {
            Fact::Known(all.iter().filter(|each| store.is_none_or(|own| own.id != each.id)).cloned().collect())
        }
        Fact::Absent => Fact::Absent,
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
    };
    let service =
        configurations.iter().find(|each| each.service_name().is_some() && each.service_name() == name.as_deref());
    Ok(Found {
        key_store: match stores {
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
            _ => store.cloned().into(),
        },
        other_key_stores,
        service_name: name,
        service: match services {
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
            _ => service.map(describe::service).into(),
        },
    })
}

fn is_service_name(text: &str) -> bool {
    text.contains(".vpce-svc-")
}

/// Nothing of that name, or nothing that we may see.
fn missing(target: &Target<'_>, stores: &Fact<Vec<KeyStore>>, services: &Fact<Vec<ServiceConfiguration>>) -> Error {
    let name = target.store();
    let gaps = [gap(stores), gap(services)];
    if let Some(Gap::Denied { action }) = gaps.into_iter().flatten().next() {
        return Error::new(
            ErrorKind::AccessDenied,
            format!("could not look for `{}`: `{action}` is denied", shown(name)),
            format!("allow `{action}` for the calling role"),
        );
    }
    Error::new(
        ErrorKind::NotFound,
        format!("there is no key store or endpoint service `{}` in {}", shown(name), target.region()),
        "check name, account and Region: a key store is seen in its own only, and an endpoint service of another account \
         by its whole name, `com.amazonaws.vpce.…`",
    )
}

fn gap<T>(fact: &Fact<T>) -> Option<&Gap> {
    match fact {
        Fact::Unknown(gap) => Some(gap),
        Fact::Known(_) | Fact::Absent => None,
    }
}

fn elsewhere(store: &KeyStore) -> Error {
    let (what, help) = if store.external {
        ("KMS reaches it over the internet", "the rules are those of connectivity over a VPC endpoint service")
    } else {
        ("it is one of AWS CloudHSM", "the rules are those of external key stores")
    };
    Error::new(ErrorKind::InvalidSpec, format!("key store `{}` has no VPC endpoint service: {what}", store.name), help)
}
