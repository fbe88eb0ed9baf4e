//! What a caller may bring: publication of the TXT record, the credential of the proxy, AWS credentials, and who listens to
//! events and to what is logged. They are called on threads where they may block.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use xkslink_embed::{self as embed, Callback, Keys, logs};

use crate::document::convert;
use crate::spec::Secret;
use crate::types::{Event, TxtRecord};

/// An exception of the caller's language, kept on its side while it passes through the library.
#[uniffi::export(with_foreign)]
pub trait Thrown: Send + Sync {
    /// What it says. That goes nowhere but to the caller.
    fn text(&self) -> String;
}

impl fmt::Debug for dyn Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thrown(…)")
    }
}

/// What a callback throws. Each language makes this of whatever its callbacks throw.
#[derive(Debug, uniffi::Error)]
pub enum CallbackError {
    /// The callback could not do it.
    Refused {
        /// What was thrown, to be the cause of the error.
        thrown: Arc<dyn Thrown>,
    },
}

/// Where there is nothing but words.
struct Words(String);

impl Thrown for Words {
    fn text(&self) -> String {
        self.0.clone()
    }
}

impl CallbackError {
    fn words(text: String) -> Self {
        Self::Refused { thrown: Arc::new(Words(text)) }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Refused { thrown } = self;
        f.write_str(&thrown.text())
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::words(error.reason)
    }
}

impl From<CallbackError> for embed::Thrown {
    fn from(error: CallbackError) -> Self {
        let CallbackError::Refused { thrown } = error;
        Self { text: thrown.text(), value: Box::new(thrown) }
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

/// How much a record of the log matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// A step of a run.
    Info,
    /// Each call to AWS, with its action and request id.
    Debug,
    /// More than that.
    Trace,
}

/// One thing that was logged. It holds no secret.
#[derive(Clone, Debug, Deserialize, uniffi::Record)]
pub struct LogRecord {
    /// How much it matters.
    pub level: LogLevel,
    /// Where: `xkslink::apply`, or a part of the AWS SDK.
    pub target: String,
    /// What, with its fields.
    pub message: String,
}

/// Listens to what the verbs of a client log.
#[uniffi::export(with_foreign)]
pub trait LogListener: Send + Sync {
    /// Called for each record, in order, on a thread of its own, soon after it was logged. What it throws changes nothing.
    fn on_record(&self, record: LogRecord) -> Result<(), CallbackError>;
}

pub(crate) fn log(listener: Arc<dyn LogListener>) -> logs::Listener {
    logs::relayed(Arc::new(move |record| {
        // A log that fails has nobody to tell it to.
        if let Ok(record) = convert(&record) {
            let _ = listener.on_record(record);
        }
    }))
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
        let record = convert(&record).map_err(|failure| CallbackError::words(failure.to_string()))?;
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
