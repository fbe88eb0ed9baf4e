//! Who talks to AWS and through what, from plain data: one account of a client, and how it becomes an `SdkConfig`.

use std::fmt;

use aws_config::identity::IdentityCache;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider as Tls, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde::Deserialize;
use xkslink_simulator::Simulator;

use crate::callback::{Callback, Provider};
use crate::failure::{Failure, Result};

/// AWS credentials as plain data.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// For temporary credentials.
    #[serde(default)]
    pub session_token: Option<String>,
    /// When they end, in seconds since 1970; a source of credentials is asked again before.
    #[serde(default)]
    pub expires_at: Option<u64>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// One account or role. What is not said comes from the standard chain: environment, profile, SSO, web identity, process,
/// container, instance.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Region of STS and of stores that are named without one; verbs otherwise use the Region of the spec.
    pub region: Option<String>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// One endpoint for all services. `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` count if it is not given.
    pub endpoint_url: Option<String>,
    /// A role to assume, with the credentials that the rest gives.
    pub role_arn: Option<String>,
    /// External id for that role.
    pub external_id: Option<String>,
    /// Session name for that role.
    pub role_session_name: Option<String>,
    /// Attempts of the SDK for one call, at least 1.
    pub max_attempts: Option<u32>,
    /// Path of a PEM file with the certificates to trust, instead of the system's; else `AWS_CA_BUNDLE` counts.
    pub ca_bundle: Option<String>,
    /// Fixed credentials instead of the chain.
    pub keys: Option<Keys>,
    /// Twelve digits; with a simulator only, whose callers need no credentials.
    pub account: Option<String>,
    /// Credentials from the caller instead of the chain, asked again when they expire.
    #[serde(skip)]
    pub source: Option<Callback<(), Keys>>,
}

/// The accounts of a client. What is not given is the network's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// VPC, load balancer, endpoint service.
    pub network: Account,
    /// Route 53.
    pub dns: Option<Account>,
    /// AWS KMS.
    pub kms: Option<Account>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Account");
        shown.field("region", &self.region).field("profile", &self.profile);
        shown.field("endpoint_url", &self.endpoint_url).field("role_arn", &self.role_arn).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Reads accounts from a JSON document.
    ///
    /// # Errors
    /// `invalid_argument`: a field is unknown, or has a value that cannot be used.
    pub fn from_json(document: &str) -> Result<Self> {
        let read: Self = serde_json::from_str(document)
            .map_err(|error| Failure::argument("accounts", error, "see the documentation of Client"))?;
        read.network.check("")?;
        read.dns.as_ref().map_or(Ok(()), |dns| dns.check("dns."))?;
        read.kms.as_ref().map_or(Ok(()), |kms| kms.check("kms."))?;
        Ok(read)
    }
}

impl Account {
    fn check(&self, at: &str) -> Result<()> {
        let wrong = |name: &str, what: &str, help: &str| Err(Failure::argument(&format!("{at}{name}"), what, help));
        if self.max_attempts == Some(0) {
            return wrong("max_attempts", "`0` is out of range", "write 1 or more");
        }
        if let Some(url) = self.endpoint_url.as_ref().filter(|url| !url.contains("://")) {
            return wrong("endpoint_url", &format!("`{url}` is not a URL"), "write it like `http://127.0.0.1:4600`");
        }
        if let Some(arn) = self.role_arn.as_ref().filter(|arn| !arn.starts_with("arn:")) {
            return wrong(
                "role_arn",
                &format!("`{arn}` is not an ARN"),
                "write it like `arn:aws:iam::111122223333:role/xks`",
            );
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            return wrong("external_id", "is of no use without a role", "give `role_arn` as well");
        }
        let twelve = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(id) = self.account.as_ref().filter(|id| !twelve(id)) {
            return wrong("account", &format!("`{id}` is not an account"), "write its twelve digits");
        }
        Ok(())
    }

    /// The configuration: of a simulated world, or of the standard chain. `region` counts where no other is known.
    pub(crate) async fn sdk_config(&self, world: Option<&Simulator>, region: &str) -> Result<SdkConfig> {
        let mut config = match world {
            Some(world) => {
                let account = self.account.as_deref().unwrap_or(xkslink_simulator::ACCOUNT);
                world.sdk_config_of(account, self.region.as_deref().unwrap_or(region))
            }
            None => self.standard_chain(region).await?,
        };
        if let Some(source) = &self.source {
            let provider = SharedCredentialsProvider::new(Provider(source.clone()));
            config = config.into_builder().credentials_provider(provider).build();
        } else if let Some(keys) = &self.keys {
            let provider = SharedCredentialsProvider::new(Credentials::from(keys.clone()));
            config = config.into_builder().credentials_provider(provider).build();
        }
        // One cache for all services: whoever gives credentials is asked once, and again when they expire.
        config = config.into_builder().identity_cache(IdentityCache::lazy().build()).build();
        if let Some(attempts) = self.max_attempts {
            config = config.into_builder().retry_config(RetryConfig::standard().with_max_attempts(attempts)).build();
        }
        if let Some(arn) = &self.role_arn {
            let session = self.role_session_name.as_deref().unwrap_or("xkslink");
            let mut role = AssumeRoleProvider::builder(arn).configure(&config).session_name(session);
            if let Some(id) = &self.external_id {
                role = role.external_id(id);
            }
            let provider = SharedCredentialsProvider::new(role.build().await);
            config = config.into_builder().credentials_provider(provider).build();
        }
        Ok(config)
    }

    async fn standard_chain(&self, region: &str) -> Result<SdkConfig> {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(self.http_client()?);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        // The Region of a verb is known, so that nobody needs to look for another one, least of all on the network.
        loader = loader.region(Region::new(self.region.as_deref().unwrap_or(region).to_owned()));
        if let Some(url) = &self.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Ok(loader.load().await)
    }

    /// HTTPS through the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, with the certificates that are to be trusted.
    fn http_client(&self) -> Result<SharedHttpClient> {
        let mut trusted = TrustStore::default();
        let bundle =
            self.ca_bundle.clone().or_else(|| std::env::var("AWS_CA_BUNDLE").ok().filter(|path| !path.is_empty()));
        if let Some(path) = bundle {
            let pem = std::fs::read(&path).map_err(|error| {
                let help = "give the path of a PEM file, also in AWS_CA_BUNDLE";
                Failure::argument("ca_bundle", format!("`{path}` cannot be read: {error}"), help)
            })?;
            if !pem.windows(27).any(|text| text == b"-----BEGIN CERTIFICATE-----") {
                let help = "give the path of a PEM file, also in AWS_CA_BUNDLE";
                return Err(Failure::argument("ca_bundle", format!("`{path}` holds no certificate"), help));
            }
            trusted = TrustStore::empty().with_pem_certificate(pem);
        }
        let context = TlsContext::builder().with_trust_store(trusted).build();
        let context =
            context.map_err(|error| Failure::argument("ca_bundle", error, "give a PEM file of certificates"))?;
        Ok(Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
            if let Some(settings) = settings {
                connector = connector.connector_settings(settings.clone());
            }
            if let Some(sleep) = components.and_then(|components| components.sleep_impl()) {
                connector = connector.sleep_impl(sleep);
            }
            connector.tls_provider(Tls::Rustls(CryptoMode::AwsLc)).tls_context(context.clone()).build()
        }))
    }
}
