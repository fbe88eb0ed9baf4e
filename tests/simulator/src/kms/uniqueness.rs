//! What no two key stores of an account and Region may share: name, address, private DNS name, endpoint service.

use super::KeyStore;
use crate::call::Fail;
use crate::world::World;

const PUBLIC: &str = "PUBLIC_ENDPOINT";

/// Refuses a key store that shares something with another one.
pub(super) fn check(world: &World, store: &KeyStore) -> Result<(), Fail> {
    let others =
        || world.kms.key_stores.iter().filter(|each| each.home.region == store.home.region && each.id != store.id);
    let siblings = || others().filter(|each| each.home == store.home);
    if siblings().any(|each| each.name == store.name) {
        let message = format!("The custom key store name '{}' is already in use", store.name);
        return Err(Fail::new("CustomKeyStoreNameInUseException", message));
    }
    if siblings().any(|each| same_endpoint(each, store) && each.uri_path == store.uri_path) {
        let message = format!("'{}{}' is already in use", store.uri_endpoint, store.uri_path);
        return Err(Fail::new("XksProxyUriInUseException", message));
    }
    if others().any(|each| same_endpoint(each, store) && !may_share_endpoint(each, store)) {
        let message = format!("'{}' is already in use by another key store", store.uri_endpoint);
        return Err(Fail::new("XksProxyUriEndpointInUseException", message));
    }
    if store.service_name.is_some() && others().any(|each| each.service_name == store.service_name) {
        let message = "The VPC endpoint service is already associated with another key store";
        return Err(Fail::new("XksProxyVpcEndpointServiceInUseException", message));
    }
    Ok(())
}

/// Host names do not care about case.
fn same_endpoint(one: &KeyStore, other: &KeyStore) -> bool {
    one.uri_endpoint.eq_ignore_ascii_case(&other.uri_endpoint)
}

/// Public endpoints may serve many stores. A private DNS name serves one in its account, and none beside a public
/// endpoint of the same name anywhere in the Region.
fn may_share_endpoint(one: &KeyStore, other: &KeyStore) -> bool {
    match (one.connectivity == PUBLIC, other.connectivity == PUBLIC) {
        (true, true) => true,
        (false, false) => one.home != other.home,
        _ => false,
    }
}
