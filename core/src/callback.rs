//! What a caller may bring: publication of DNS records, and a source of the proxy credential.

use std::future::Future;
use std::pin::Pin;

use crate::resource::domain_record::TxtRecord;
use crate::spec::ProxyCredential;

/// What a callback returns.
pub type CallbackFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// Publishes the TXT record of the domain verification where AWS Route 53 does not serve the domain.
///
/// Both calls must be safe to repeat: a run that was cut off calls them again.
pub trait Publisher: Send + Sync {
    /// Makes the zone's name servers answer with this record, beside any other value under the same name.
    fn publish<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()>;

    /// Takes this value out again.
    fn withdraw<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()>;
}

/// Gives the credential that KMS signs its requests to the proxy with, when it is needed.
pub trait CredentialSource: Send + Sync {
    /// The credential.
    fn credential(&self) -> CallbackFuture<'_, ProxyCredential>;
}
