//! What KMS hears from the external key store proxy when it asks for its health.

use super::KeyStore;
use crate::call::Fail;
use crate::world::World;

/// What is wrong with the proxy's answer to KMS, as a ConnectionErrorCode: certificate, credential, path, body.
pub(super) fn proxy_verdict(world: &World, _store: &KeyStore) -> Option<String> {
    world.kms.connection_error.clone()
}

/// Asks the proxy before a key store is made or changed, if KMS can reach it: over the internet always, else only
/// through an existing connection.
pub(super) fn check(world: &World, store: &KeyStore) -> Result<(), Fail> {
    if store.service_name.is_some() && store.connection_state != "CONNECTED" {
        return Ok(());
    }
    proxy_verdict(world, store).map_or(Ok(()), |code| Err(exception(&code)))
}

/// The exception that says at once what a ConnectionErrorCode says after connecting.
fn exception(connection_error_code: &str) -> Fail {
    let exception = match connection_error_code {
        "INVALID_CREDENTIALS" => "XksProxyIncorrectAuthenticationCredentialException",
        "XKS_PROXY_INVALID_CONFIGURATION" => "XksProxyInvalidConfigurationException",
        "XKS_PROXY_INVALID_RESPONSE" => "XksProxyInvalidResponseException",
        "INTERNAL_ERROR" => return Fail::with_status(500, "KMSInternalException", "Try again"),
        _ => "XksProxyUriUnreachableException",
    };
    Fail::new(exception, format!("The external key store proxy did not answer as expected: {connection_error_code}"))
}
