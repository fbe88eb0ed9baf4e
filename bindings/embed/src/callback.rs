//! Functions of the caller's language, as the core's callbacks and as a source of AWS credentials.
//!
//! Such a function blocks until its language has answered, so it runs on a thread where that is allowed. Simulated time
//! stands still meanwhile.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, Result as ProviderResult};
use xkslink::spec::ProxyCredential;
use xkslink::{CallbackFuture, CredentialSource, Publisher, TxtRecord};

use crate::account::Keys;
use crate::logs;

/// A function of the caller's language.
pub type Callback<I, O> = Arc<dyn Fn(I) -> Result<O, Thrown> + Send + Sync>;

/// What a function of the caller's language threw.
pub struct Thrown {
    /// What it says. It is the caller's own text, and goes nowhere but to the caller.
    pub text: String,
    /// The thing itself, to be thrown again.
    pub value: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thrown(…)")
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Thrown {}

/// What a caller may bring to a client.
#[derive(Clone, Default)]
pub struct Callbacks {
    /// Publishes a TXT record, for `Domain::callback()`.
    pub publish: Option<Callback<TxtRecord, ()>>,
    /// Takes it out again; nothing happens without.
    pub withdraw: Option<Callback<TxtRecord, ()>>,
    /// Gives access key id and secret of the proxy, for `Credential::callback()`.
    pub credential: Option<Callback<(), (String, String)>>,
    /// Is told what the verbs of the client log.
    pub log: Option<logs::Listener>,
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callbacks(…)")
    }
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// Calls a function on a thread that may block.
async fn ask<I: Send + 'static, O: Send + 'static>(callback: &Callback<I, O>, input: I) -> Result<O, Boxed> {
    let callback = Arc::clone(callback);
    let answered = tokio::task::spawn_blocking(move || callback(input)).await;
    // What tokio says of a panic repeats its words, which are the caller's own and may hold a secret.
    answered.map_err(|_| "the callback panicked, or the runtime ended")?.map_err(Into::into)
}

/// Publication by the caller.
pub(crate) struct Publication {
    pub(crate) publish: Callback<TxtRecord, ()>,
    pub(crate) withdraw: Option<Callback<TxtRecord, ()>>,
}

impl Publisher for Publication {
    fn publish<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        Box::pin(ask(&self.publish, record.clone()))
    }

    fn withdraw<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        Box::pin(async move {
            match &self.withdraw {
                Some(withdraw) => ask(withdraw, record.clone()).await,
                None => Ok(()),
            }
        })
    }
}

/// The proxy credential from the caller.
pub(crate) struct Source(pub(crate) Callback<(), (String, String)>);

impl CredentialSource for Source {
    fn credential(&self) -> CallbackFuture<'_, ProxyCredential> {
        Box::pin(async {
            let (id, secret) = ask(&self.0, ()).await?;
            Ok(ProxyCredential::new(id, secret)?)
        })
    }
}

/// AWS credentials from the caller, asked for again when they expire.
#[derive(Clone)]
pub(crate) struct Provider(pub(crate) Callback<(), Keys>);

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider(…)")
    }
}

impl Provider {
    async fn keys(&self) -> ProviderResult {
        Ok(ask(&self.0, ()).await.map_err(CredentialsError::provider_error)?.into())
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.keys())
    }
}

impl From<Keys> for Credentials {
    fn from(keys: Keys) -> Self {
        let expires = keys.expires_at.map(|seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds));
        Self::new(keys.access_key_id, keys.secret_access_key, keys.session_token, expires, "xkslink-caller")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_without_its_words() {
        let panics: Callback<(), ()> = Arc::new(|()| panic!("the secret is 42"));
        assert_eq!(ask(&panics, ()).await.unwrap_err().to_string(), "the callback panicked, or the runtime ended");
    }
}
