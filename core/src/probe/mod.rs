//! What no AWS API tells: public DNS, the certificate and TLS of the proxy, and what its API answers.
//!
//! A probe uses sockets of this host, which is not where AWS KMS stands: the report says so. Each phase runs only when it was
//! given what it needs, is timed, and ends in bounded time and space, whatever answers.

mod body;
mod certificate;
mod clock;
mod dns;
mod http;
mod outcome;
mod proxy;
mod roots;
mod text;
mod tls;

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use futures_util::future::{join, join_all};
use rustls::NamedGroup;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

pub use outcome::*;
pub use roots::TrustedRoots;

use crate::spec::{Connectivity, DnsName, HealthProtocol, KeyStore, ProxyCredential, Region, SpecError};
use crate::text::shown;
use clock::Clock;
use tls::Server;

/// A part of a probe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Public DNS.
    Dns,
    /// TCP and TLS at each address.
    Tls,
    /// The proxy API at each address.
    Proxy,
    /// The health check of the target group at each address.
    HealthCheck,
}

/// A probe that has not begun: say what to look at, then await it. It never fails: what could not be seen, the report tells.
/// Sockets live in real time, so the clock of tokio must not be paused.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use xkslink::probe::Probe;
/// use xkslink::spec::ProxyCredential;
///
/// let report = Probe::of("xks.payments.example.com", "eu-central-1")?
///     .certificate(&std::fs::read("chain.pem")?)
///     .addresses(["10.0.8.10:443".parse()?])
///     .proxy("/payments/kms/xks/v1", ProxyCredential::new("ABCDEFGHIJKLMNOPQRST", "…")?)?
///     .await;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct Probe {
    name: DnsName,
    region: Region,
    clock: Clock,
    roots: TrustedRoots,
    certificate: Option<Vec<CertificateDer<'static>>>,
    addresses: Vec<SocketAddr>,
    tls: bool,
    dns: Option<dns::Questions>,
    proxy: Option<proxy::Questions>,
    health_check: Option<proxy::Ping>,
}

impl Probe {
    /// A probe for a private DNS name and the Region of its key store. Without more it looks at nothing.
    ///
    /// # Errors
    /// The name is no private DNS name, or the Region has no external key stores.
    pub fn of(private_dns_name: &str, region: &str) -> Result<Self, SpecError> {
        Ok(Self::new(DnsName::parse(private_dns_name)?, Region::parse(region)?))
    }

    fn new(name: DnsName, region: Region) -> Self {
        Self {
            name,
            region,
            clock: Clock::default(),
            roots: TrustedRoots::default(),
            certificate: None,
            addresses: Vec::new(),
            tls: true,
            dns: None,
            proxy: None,
            health_check: None,
        }
    }

    /// A probe of what a spec tells of: public DNS, TLS at each address of the proxy, the health check. For the proxy API,
    /// which needs the credential, say [`Probe::proxy`]; [`Client::probe`](crate::Client::probe) does.
    pub fn of_spec(spec: &Connectivity) -> Self {
        let proxy = spec.proxy();
        let addresses = proxy.addresses.iter().map(|address| SocketAddr::from((*address, proxy.port)));
        let mut probe = Self::new(spec.private_dns_name().clone(), spec.region().clone()).dns().addresses(addresses);
        let check = &proxy.health_check;
        if let Some(path) = &check.path {
            let tls = check.protocol == HealthProtocol::Https;
            probe.health_check = Some(proxy::Ping { path: path.clone(), tls, port: check.port });
        }
        probe
    }

    /// Judges a certificate and its chain, in PEM with the leaf first or one in DER, without a connection. Anything else in
    /// the file, such as a private key, is left alone.
    pub fn certificate(mut self, file: &[u8]) -> Self {
        self.certificate = Some(certificate::certificates(file));
        self
    }

    /// Connects to these addresses with the private DNS name in the handshake: those of the proxy or of the load balancer.
    pub fn addresses(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.addresses = addresses.into_iter().collect();
        self
    }

    /// Calls the proxy API at each address, signed with this credential. `path` is `XksProxyUriPath`.
    ///
    /// # Errors
    /// KMS takes no such path.
    pub fn proxy(mut self, path: &str, credential: ProxyCredential) -> Result<Self, SpecError> {
        KeyStore::check_path(path)?;
        let region = self.region.to_string();
        self.proxy = Some(proxy::Questions { path: path.to_owned(), region, credential, samples: 5, key: None });
        Ok(self)
    }

    /// Asks the proxy about an external key too. Say [`Probe::proxy`] before.
    ///
    /// # Errors
    /// KMS takes no such id.
    pub fn external_key(mut self, id: &str) -> Result<Self, SpecError> {
        KeyStore::check_external_key(id)?;
        if let Some(questions) = &mut self.proxy {
            questions.key = Some(id.to_owned());
        }
        Ok(self)
    }

    /// Sends the health check of the target group to each address: an unsigned GET of this path, over TLS or not. With
    /// `Tcp` there is none.
    pub fn health_check(mut self, protocol: HealthProtocol, path: &str) -> Self {
        let tls = protocol == HealthProtocol::Https;
        let ping = proxy::Ping { path: path.to_owned(), tls, port: None };
        self.health_check = (protocol != HealthProtocol::Tcp).then_some(ping);
        self
    }

    /// Asks public DNS about the name.
    pub fn dns(mut self) -> Self {
        self.dns_questions();
        self
    }

    /// Looks for the TXT record that AWS wants: `label` begins with `_`, `value` with `vpce:`.
    pub fn txt_record(mut self, label: &str, value: &str) -> Self {
        self.dns_questions().record = Some((label.to_owned(), value.to_owned()));
        self
    }

    /// Resolvers to use instead of those that this host is set up with.
    pub fn resolvers(mut self, resolvers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.dns_questions().resolvers = Some(resolvers.into_iter().collect());
        self
    }

    /// Name servers to ask for the TXT record instead of those that the zones name.
    pub fn name_servers(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.dns_questions().servers = Some(servers.into_iter().collect());
        self
    }

    /// Leaves a phase out.
    pub fn without(mut self, phase: Phase) -> Self {
        match phase {
            Phase::Dns => self.dns = None,
            Phase::Tls => self.tls = false,
            Phase::Proxy => self.proxy = None,
            Phase::HealthCheck => self.health_check = None,
        }
        self
    }

    /// The roots that a chain may end in; by default those that AWS KMS accepts.
    pub fn trusted_roots(mut self, roots: TrustedRoots) -> Self {
        self.roots = roots;
        self
    }

    /// The longest time for a connection, a handshake, or one answer; 3 s by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.clock.limit = limit;
        self
    }

    /// Another clock and another way to wait than those of the system and of tokio.
    pub fn time(mut self, time: SharedTimeSource, sleep: SharedAsyncSleep) -> Self {
        (self.clock.time, self.clock.sleep) = (time, sleep);
        self
    }

    fn dns_questions(&mut self) -> &mut dns::Questions {
        let name = self.name.clone();
        self.dns.get_or_insert(dns::Questions { name, record: None, resolvers: None, servers: None })
    }

    async fn go(self) -> ProbeReport {
        let clock = &self.clock;
        let began = clock.now();
        let server = |address: &SocketAddr| Server { address: *address, name: self.name.to_string() };
        let servers: Vec<Server> = self.addresses.iter().map(server).collect();
        let dns = async {
            match &self.dns {
                Some(questions) => Some(dns::probe(questions, clock).await),
                None => None,
            }
        };
        // Times are taken without other traffic of ours: the phases of an address follow each other.
        let addresses = join_all(servers.iter().map(|server| async {
            let proxy = match &self.proxy {
                Some(questions) => Some(proxy::probe(server, questions, clock).await),
                None => None,
            };
            let tls = match self.tls {
                true => Some(tls::probe(server, &self.roots, clock).await),
                false => None,
            };
            (tls, proxy)
        }));
        let (dns, addresses) = join(dns, addresses).await;
        let health_check = match &self.health_check {
            Some(ping) => join_all(servers.iter().map(|server| proxy::health_check(server, ping, clock))).await,
            None => Vec::new(),
        };
        let (tls, proxy): (Vec<_>, Vec<_>) = addresses.into_iter().unzip();
        let judged =
            |chain: &Vec<CertificateDer<'_>>| certificate::judge(chain, self.name.as_str(), &self.roots, began);
        ProbeReport {
            version: 1,
            private_dns_name: self.name.to_string(),
            region: self.region.to_string(),
            ran_from: this_host(),
            began: certificate::time(certificate::seconds(began)),
            took_ms: clock.since(began),
            dns,
            certificate: self.certificate.as_ref().map(judged),
            tls: tls.into_iter().flatten().collect(),
            proxy: proxy.into_iter().flatten().collect(),
            health_check,
        }
    }
}

impl IntoFuture for Probe {
    type Output = ProbeReport;
    type IntoFuture = Pin<Box<dyn Future<Output = ProbeReport> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}

/// Reads a body as each of the answers that the probe asks for. For the fuzz targets, which see what is public.
#[doc(hidden)]
pub fn read_answer(body: &[u8]) -> impl std::fmt::Debug + use<> {
    (body::error(body), body::health(body), body::key_metadata(body))
}

/// The name of this host, or that it has none.
fn this_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| shown(name.trim())).filter(|name| !name.is_empty()).unwrap_or_else(|| "this host".to_owned())
}

/// The cryptography of the probe. Classic groups only: the large hello of a hybrid one fails at some old firewalls, and that
/// would say nothing about KMS.
fn provider() -> &'static CryptoProvider {
    static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(|| {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.kx_groups.retain(|group| group.name() != NamedGroup::X25519MLKEM768);
        provider
    });
    &PROVIDER
}
