//! The verbs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use xkslink_embed as embed;

use crate::callback::{
    self, AwsCredentialSource, DnsPublisher, EventListener, LogListener, ProxyCredential, ProxyCredentialSource,
};
use crate::document::{Consent, Diagnosis, Facts, Plan, ProbeReport, Status, Verification, convert};
use crate::failure::XksError;
use crate::run::Run;
use crate::sigpipe;
use crate::simulator::SimulatedAws;
use crate::types::{Connectivity, HealthProtocol};

/// One AWS account or role. What is not given comes from the standard chain: environment, profile, SSO, web identity,
/// process, container, instance.
#[derive(Clone, Serialize, uniffi::Record)]
pub struct Account {
    /// Region of STS and of stores that are named without one; verbs otherwise use the Region of the spec.
    #[uniffi(default)]
    pub region: Option<String>,
    /// A profile of the AWS configuration files.
    #[uniffi(default)]
    pub profile: Option<String>,
    /// One endpoint for all services. `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` count if it is not given.
    #[uniffi(default)]
    pub endpoint_url: Option<String>,
    /// A role to assume, with the credentials that the rest gives.
    #[uniffi(default)]
    pub role_arn: Option<String>,
    /// External id for that role.
    #[uniffi(default)]
    pub external_id: Option<String>,
    /// Session name for that role.
    #[uniffi(default)]
    pub role_session_name: Option<String>,
    /// Attempts of the AWS SDK for one call, at least 1.
    #[uniffi(default)]
    pub max_attempts: Option<i64>,
    /// Path of a PEM file with the certificates to trust, instead of the system's; else `AWS_CA_BUNDLE` counts.
    #[uniffi(default)]
    pub ca_bundle: Option<String>,
    /// Twelve digits; with a simulated AWS only, whose callers need no credentials.
    #[uniffi(default)]
    pub account: Option<String>,
    /// Credentials from the caller instead of the chain.
    #[uniffi(default)]
    #[serde(skip)]
    pub credentials: Option<Arc<dyn AwsCredentialSource>>,
}

/// What to take down, verify or diagnose.
#[derive(Clone, uniffi::Enum)]
#[expect(clippy::large_enum_variant, reason = "a boxed record is none to UniFFI")]
pub enum Target {
    /// The store of a spec.
    OfSpec {
        /// The spec.
        spec: Connectivity,
    },
    /// A store without its spec.
    Named {
        /// Its name; to verify or diagnose also that of a key store, its `cks-` id, or that of an endpoint service.
        name: String,
        /// Its Region.
        region: String,
    },
}

impl Target {
    fn read(self) -> Result<embed::Target, XksError> {
        Ok(match self {
            Self::OfSpec { spec } => embed::Target::Spec(spec.document()?),
            Self::Named { name, region } => embed::Target::Named { store: name, region },
        })
    }
}

/// A phase of a probe.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Public DNS.
    Dns,
    /// Connection, certificate and TLS.
    Tls,
    /// The proxy API.
    Proxy,
    /// What the load balancer's health check sees.
    HealthCheck,
}

/// A health check to try where no spec tells of one.
#[derive(Clone, Debug, Serialize, uniffi::Record)]
pub struct ProbeHealthCheck {
    /// What is sent.
    #[serde(rename = "type")]
    pub protocol: HealthProtocol,
    /// The path of the request.
    pub path: String,
}

/// Where the API of a proxy is, and its credential.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ProxyApi {
    /// `/kms/xks/v1`, or that with a prefix.
    pub path: String,
    /// The credential, which signs the requests.
    pub credential: ProxyCredential,
}

/// What to probe beside, or instead of, what a spec tells of.
#[derive(Clone, Debug, Default, Serialize, uniffi::Record)]
pub struct ProbeRequest {
    /// `address:port` to connect to, instead of those of the spec.
    #[uniffi(default)]
    pub addresses: Option<Vec<String>>,
    /// A certificate and its chain in PEM, judged without a connection.
    #[uniffi(default)]
    pub certificate: Option<String>,
    /// Resolvers to ask, `address:port`, instead of the system's.
    #[uniffi(default)]
    pub resolvers: Option<Vec<String>>,
    /// Name servers to ask, `address:port`, instead of the zone's own.
    #[uniffi(default)]
    pub name_servers: Option<Vec<String>>,
    /// Whether public DNS is looked at; a spec's probe does.
    #[uniffi(default)]
    pub dns: bool,
    /// A health check, when there is no spec.
    #[uniffi(default)]
    pub health_check: Option<ProbeHealthCheck>,
    /// Id of an external key to read from the proxy.
    #[uniffi(default)]
    pub external_key: Option<String>,
    /// Phases to leave out.
    #[uniffi(default)]
    pub without: Vec<Phase>,
    /// Certificates in PEM that count as roots besides those that AWS KMS trusts.
    #[uniffi(default)]
    pub trusted_roots: Option<String>,
    /// Seconds for each connection and answer.
    #[uniffi(default)]
    pub timeout_seconds: Option<f64>,
}

fn request(request: &ProbeRequest) -> Result<embed::ProbeRequest, XksError> {
    Ok(embed::ProbeRequest::from_json(&json!(request).to_string())?)
}

fn consents(given: &[Consent]) -> Result<Vec<xkslink::Consent>, XksError> {
    Ok(convert(&given)?)
}

/// The document that a verb ends with. The verb is dropped, and so cancelled, with the future.
async fn end<T: From<Arc<embed::Document>>>(verb: embed::Task) -> Result<Arc<T>, XksError> {
    Ok(Arc::new(T::from(verb.result().await?)))
}

/// Looks at a proxy without AWS and without a spec, under the private DNS name of its endpoint service: certificate and TLS, and
/// what else the request and the API ask for. Reads only.
#[uniffi::export(default(proxy = None, request = None))]
pub async fn probe_name(
    private_dns_name: String,
    region: String,
    proxy: Option<ProxyApi>,
    request: Option<ProbeRequest>,
) -> Result<Arc<ProbeReport>, XksError> {
    let api =
        |proxy: ProxyApi| (proxy.path, proxy.credential.access_key_id, proxy.credential.raw_secret_access_key.expose());
    let request = self::request(&request.unwrap_or_default())?;
    sigpipe::keep_from_threads();
    end(embed::Client::probe_name(&private_dns_name, &region, proxy.map(api), &request)?).await
}

/// A client of AWS or of a simulated one. Every verb may run at the same time as others, and may be repeated.
#[derive(uniffi::Object)]
pub struct Client(embed::Client);

#[uniffi::export]
impl Client {
    /// A client with these accounts: `dns` for Route 53 and `kms` for AWS KMS, if they are others than that of the network. `log`
    /// is told each step, every call to AWS, and the AWS SDK's warnings.
    /// Nothing is asked of AWS, and no file is read, before a verb needs it.
    #[uniffi::constructor(default(network = None, dns = None, kms = None, publisher = None, credential = None, simulated = None, log = None))]
    pub fn new(
        network: Option<Account>,
        dns: Option<Account>,
        kms: Option<Account>,
        publisher: Option<Arc<dyn DnsPublisher>>,
        credential: Option<Arc<dyn ProxyCredentialSource>>,
        simulated: Option<Arc<SimulatedAws>>,
        log: Option<Arc<dyn LogListener>>,
    ) -> Result<Self, XksError> {
        let given = [("network", &network), ("dns", &dns), ("kms", &kms)];
        let plain: serde_json::Map<_, _> = given
            .into_iter()
            .filter_map(|(name, account)| account.as_ref().map(|account| (name.to_owned(), json!(account))))
            .collect();
        let mut accounts = embed::Accounts::from_json(&json!(plain).to_string())?;
        let source = |account: Option<Account>| account.and_then(|account| account.credentials).map(callback::keys);
        accounts.network.source = source(network);
        for (to, from) in [(&mut accounts.dns, dns), (&mut accounts.kms, kms)] {
            if let Some(to) = to {
                to.source = source(from);
            }
        }
        let callbacks = embed::Callbacks {
            publish: publisher.as_ref().map(callback::publish),
            withdraw: publisher.as_ref().map(callback::withdraw),
            credential: credential.map(callback::credential),
            log: log.map(callback::log),
        };
        sigpipe::keep_from_threads();
        Ok(Self(embed::Client::new(accounts, callbacks, simulated.map(|world| world.0.clone()))?))
    }

    /// What would change to make the spec true. Reads only.
    pub async fn plan(&self, spec: Connectivity) -> Result<Arc<Plan>, XksError> {
        end(self.0.plan(spec.document()?)?).await
    }

    /// Makes a plan true. The run begins at once.
    #[uniffi::method(default(consent = [], listener = None))]
    pub fn apply(
        &self,
        plan: Arc<Plan>,
        consent: Vec<Consent>,
        listener: Option<Arc<dyn EventListener>>,
    ) -> Result<Arc<Run>, XksError> {
        Ok(Run::of(self.0.apply(Arc::clone(&plan.0), consents(&consent)?)?, listener))
    }

    /// What it would take to take a store down. Reads only.
    pub async fn plan_teardown(&self, target: Target) -> Result<Arc<Plan>, XksError> {
        end(self.0.plan_teardown(target.read()?)?).await
    }

    /// Takes a store down: plan and apply in one. The run begins at once.
    #[uniffi::method(default(consent = [], listener = None))]
    pub fn teardown(
        &self,
        target: Target,
        consent: Vec<Consent>,
        listener: Option<Arc<dyn EventListener>>,
    ) -> Result<Arc<Run>, XksError> {
        Ok(Run::of(self.0.teardown(target.read()?, consents(&consent)?)?, listener))
    }

    /// How the store of a spec stands. Reads only.
    pub async fn status(&self, spec: Connectivity) -> Result<Arc<Status>, XksError> {
        end(self.0.status(spec.document()?)?).await
    }

    /// Checks every rule against AWS, for a store of any origin. Reads only.
    pub async fn verify(&self, target: Target) -> Result<Arc<Verification>, XksError> {
        end(self.0.verify(target.read()?)?).await
    }

    /// All that AWS tells about a store, and a probe of a spec if asked for. Reads only.
    #[uniffi::method(default(probe = None))]
    pub async fn facts(&self, target: Target, probe: Option<ProbeRequest>) -> Result<Arc<Facts>, XksError> {
        end(self.0.facts(target.read()?, probe.as_ref().map(request).transpose()?)?).await
    }

    /// Why a store does not connect, or its keys fail. `told` is what was seen: an exception, a ConnectionErrorCode, a message,
    /// a log. Reads only.
    #[uniffi::method(default(told = "", probe = None))]
    pub async fn diagnose(
        &self,
        target: Target,
        told: String,
        probe: Option<ProbeRequest>,
    ) -> Result<Arc<Diagnosis>, XksError> {
        end(self.0.diagnose(target.read()?, told, probe.as_ref().map(request).transpose()?)?).await
    }

    /// Looks at what no AWS API tells, from this host: DNS, certificate, TLS and the proxy API. Reads only.
    #[uniffi::method(default(request = None))]
    pub async fn probe(&self, spec: Connectivity, request: Option<ProbeRequest>) -> Result<Arc<ProbeReport>, XksError> {
        end(self.0.probe(spec.document()?, self::request(&request.unwrap_or_default())?)?).await
    }
}
