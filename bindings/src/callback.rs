//! What a caller may bring: publication of the TXT record, the credential of the proxy, AWS credentials, and who listens to
//! events. They are called on threads where they may block.

use std::sync::Arc;
use std::time::SystemTime;

use xkslink_embed::{Callback, Keys, Thrown};

use crate::document::convert;
use crate::spec::Secret;
use crate::types::{Event, TxtRecord};

/// What a callback throws. Anything else that it throws becomes this, with its text.
#[derive(Debug, uniffi::Error)]
pub enum CallbackError {
    /// The callback could not do it.
    Refused {
        /// Why.
        reason: String,
    },
}

impl std::fmt::Display for CallbackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Refused { reason } = self;
        f.write_str(reason)
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Refused { reason: error.reason }
    }
}

impl From<CallbackError> for Thrown {
    fn from(error: CallbackError) -> Self {
        Self { text: error.to_string(), value: Box::new(()) }
    }
}

/// Publishes the TXT record, for the domain `Callback`.
#[uniffi::export(with_foreign)]
pub trait DnsPublisher: Send + Sync {
    /// Publishes the record. It may be there already.
    fn publish(&self, record: TxtRecord) -> Result<(), CallbackError>;
    /// Takes the record out again. It may be gone already.
    fn withdraw(&self, record: TxtRecord) -> Result<(), CallbackError>;
}

/// The credential of the proxy.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ProxyCredential {
    /// 20 to 30 characters of `A`-`Z` and `2`-`7`.
    pub access_key_id: String,
    /// 43 to 64 characters of `A`-`Z`, `a`-`z`, `0`-`9`, `/`, `+` and `=`.
    pub raw_secret_access_key: Arc<Secret>,
}

/// Gives the credential of the proxy, for the credential `Callback`.
#[uniffi::export(with_foreign)]
pub trait ProxyCredentialSource: Send + Sync {
    /// The credential as it is now.
    fn credential(&self) -> Result<ProxyCredential, CallbackError>;
}

/// AWS credentials.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AwsCredentials {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: Arc<Secret>,
    /// For temporary credentials.
    #[uniffi(default)]
    pub session_token: Option<Arc<Secret>>,
    /// When they end; the source is asked again before.
    #[uniffi(default)]
    pub expires_at: Option<SystemTime>,
}

/// Gives AWS credentials in the place of the standard chain.
#[uniffi::export(with_foreign)]
pub trait AwsCredentialSource: Send + Sync {
    /// The credentials as they are now. Asked again when they expire.
    fn credentials(&self) -> Result<AwsCredentials, CallbackError>;
}

/// Listens to the events of a run.
#[uniffi::export(with_foreign)]
pub trait EventListener: Send + Sync {
    /// Called for each event, in order, while the result of the run is waited for. What it throws cancels the run.
    fn on_event(&self, event: Event) -> Result<(), CallbackError>;
}

type Record = xkslink::TxtRecord;

fn told<T>(
    publisher: Arc<dyn DnsPublisher>,
    tell: fn(&dyn DnsPublisher, TxtRecord) -> Result<T, CallbackError>,
) -> Callback<Record, T>
where
    T: 'static,
{
    Arc::new(move |record| {
        let record = convert(&record).map_err(|failure| CallbackError::Refused { reason: failure.to_string() })?;
        Ok(tell(&*publisher, record)?)
    })
}

pub(crate) fn publish(publisher: &Arc<dyn DnsPublisher>) -> Callback<Record, ()> {
    told(Arc::clone(publisher), |publisher, record| publisher.publish(record))
}

pub(crate) fn withdraw(publisher: &Arc<dyn DnsPublisher>) -> Callback<Record, ()> {
    told(Arc::clone(publisher), |publisher, record| publisher.withdraw(record))
}

pub(crate) fn credential(source: Arc<dyn ProxyCredentialSource>) -> Callback<(), (String, String)> {
    Arc::new(move |()| {
        let credential = source.credential()?;
        Ok((credential.access_key_id, credential.raw_secret_access_key.expose()))
    })
}

pub(crate) fn keys(source: Arc<dyn AwsCredentialSource>) -> Callback<(), Keys> {
    Arc::new(move |()| {
        let given = source.credentials()?;
        let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Keys {
            access_key_id: given.access_key_id,
            secret_access_key: given.secret_access_key.expose(),
            session_token: given.session_token.map(|token| token.expose()),
            expires_at: given.expires_at.map(seconds),
        })
    })
}
