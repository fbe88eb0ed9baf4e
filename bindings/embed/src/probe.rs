//! What to probe, as plain data.

use std::net::SocketAddr;
use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use serde::Deserialize;
use xkslink::probe::{Phase, Probe, TrustedRoots};
use xkslink::spec::HealthProtocol;

use crate::failure::{Failure, Result};

/// What to probe beside, or instead of, what a spec tells of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeRequest {
    /// `address:port` to connect to, instead of those of the spec.
    pub addresses: Option<Vec<String>>,
    /// A certificate and its chain in PEM, judged without a connection.
    pub certificate: Option<String>,
    /// Resolvers to ask, `address:port`, instead of the system's.
    pub resolvers: Option<Vec<String>>,
    /// Name servers to ask, `address:port`, instead of the zone's own.
    pub name_servers: Option<Vec<String>>,
    /// Whether public DNS is looked at; a spec's probe does.
    pub dns: bool,
    /// Id of an external key to read from the proxy.
    pub external_key: Option<String>,
    /// A health check, when there is no spec: `tcp`, `http` or `https`, and its path.
    pub health_check: Option<HealthCheck>,
    /// Phases to leave out: `dns`, `tls`, `proxy`, `health_check`.
    pub without: Vec<String>,
    /// Certificates in PEM that count as roots besides those that AWS KMS trusts.
    pub trusted_roots: Option<String>,
    /// Seconds for each connection and answer.
    pub timeout_seconds: Option<f64>,
}

/// How a target is checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is sent.
    #[serde(rename = "type")]
    pub protocol: HealthProtocol,
    /// The path of the request.
    pub path: String,
}

impl ProbeRequest {
    /// Reads a request from a JSON document.
    ///
    /// # Errors
    /// `invalid_argument`: a field is unknown, or has a value that cannot be used.
    pub fn from_json(document: &str) -> Result<Self> {
        serde_json::from_str(document)
            .map_err(|error| Failure::argument("probe", error, "see the documentation of Client.probe"))
    }

    /// Tells a probe. Sockets live in real time, whatever time its client lives in.
    pub(crate) fn tell(&self, mut probe: Probe) -> Result<Probe> {
        probe = probe.time(SharedTimeSource::new(SystemTimeSource::new()), SharedAsyncSleep::new(TokioSleep::new()));
        if let Some(pem) = &self.certificate {
            probe = probe.certificate(pem.as_bytes());
        }
        if let Some(given) = &self.addresses {
            probe = probe.addresses(addresses("addresses", given)?);
        }
        if self.dns {
            probe = probe.dns();
        }
        if let Some(given) = &self.resolvers {
            probe = probe.resolvers(addresses("resolvers", given)?);
        }
        if let Some(given) = &self.name_servers {
            probe = probe.name_servers(addresses("name_servers", given)?);
        }
        if let Some(id) = &self.external_key {
            probe = probe.external_key(id)?;
        }
        if let Some(check) = &self.health_check {
            probe = probe.health_check(check.protocol, &check.path);
        }
        for phase in &self.without {
            probe = probe.without(self::phase(phase)?);
        }
        if let Some(pem) = &self.trusted_roots {
            probe = probe.trusted_roots(TrustedRoots::aws_kms().with_certificates(pem.as_bytes()));
        }
        if let Some(seconds) = self.timeout_seconds {
            let limit = Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero());
            let wrong = || {
                Failure::argument("timeout_seconds", format!("`{seconds}` is out of range"), "write seconds above 0")
            };
            probe = probe.timeout(limit.ok_or_else(wrong)?);
        }
        Ok(probe)
    }
}

fn addresses(name: &str, given: &[String]) -> Result<Vec<SocketAddr>> {
    let read = |text: &String| {
        let wrong =
            |_| Failure::argument(name, format!("`{text}` is not an address with a port"), "write `10.0.8.10:443`");
        text.parse().map_err(wrong)
    };
    given.iter().map(read).collect()
}

fn phase(name: &str) -> Result<Phase> {
    Ok(match name {
        "dns" => Phase::Dns,
        "tls" => Phase::Tls,
        "proxy" => Phase::Proxy,
        "health_check" => Phase::HealthCheck,
        other => {
            let help = "write `dns`, `tls`, `proxy` or `health_check`";
            return Err(Failure::argument("without", format!("`{other}` is not a phase"), help));
        }
    })
}
