//! The external key store proxy as the target group sees it: addresses, port, health check.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problems;

/// The proxy: where it listens, and how the load balancer sees that it is alive. Write it with [`Proxy::at`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Proxy {
    /// Two or more private IPv4 addresses (TGT-05, TGT-06).
    pub addresses: Vec<Ipv4Addr>,
    /// The TCP port on which the proxy listens. AWS KMS connects to port 443 of the load balancer whatever this is (TGT-08).
    pub port: u16,
    /// How the load balancer checks each address.
    pub health_check: HealthCheck,
}

/// One address to register in the target group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Target {
    /// The address.
    pub address: Ipv4Addr,
    /// The port.
    pub port: u16,
    /// The address is outside of the VPC, so that it must be registered with the Availability Zone `all` (TGT-07).
    pub outside_vpc: bool,
}

impl Proxy {
    /// The addresses of the proxy: two or more (TGT-05), private (TGT-06).
    pub fn at(addresses: impl IntoIterator<Item = impl ToString>) -> ProxyDraft {
        let addresses = addresses.into_iter().map(|address| address.to_string()).collect();
        ProxyDraft { addresses, port: None, health_check: None }
    }

    /// What to register in a target group of a VPC with these ranges.
    ///
    /// ```
    /// # use xkslink::spec::*;
    /// # let spec = Connectivity::from_json(include_str!("../../../examples/documents/created.json"))?;
    /// let vpc = ["10.60.0.0/24".parse().unwrap()];
    /// assert!(spec.proxy().targets(&vpc).iter().all(|target| target.outside_vpc));
    /// # Ok::<(), SpecError>(())
    /// ```
    #[must_use]
    pub fn targets(&self, vpc: &[Ipv4Net]) -> Vec<Target> {
        let target = |address: &Ipv4Addr| Target {
            address: *address,
            port: self.port,
            outside_vpc: !vpc.iter().any(|range| range.contains(address)),
        };
        self.addresses.iter().map(target).collect()
    }
}

/// How the load balancer checks a target. Write it with [`HealthCheck::tcp`], [`http`](HealthCheck::http) or
/// [`https`](HealthCheck::https).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HealthCheck {
    /// What is sent.
    pub protocol: HealthProtocol,
    /// The path of the request; always there with HTTP and HTTPS, never with TCP.
    pub path: Option<String>,
    /// The HTTP codes that count as healthy, such as `200-399`; always there with HTTP and HTTPS, never with TCP.
    pub matcher: Option<String>,
    /// The port to check; `None` is the port of the traffic.
    pub port: Option<u16>,
    /// Time between two checks of one target: 5 to 300 s.
    pub interval: Duration,
    /// Time after which a check without an answer has failed: 2 to 120 s, no more than the interval.
    pub timeout: Duration,
    /// Passed checks in a row that make a target healthy: 2 to 10.
    pub healthy_threshold: u32,
    /// Failed checks in a row that make a target unhealthy: 2 to 10.
    pub unhealthy_threshold: u32,
}

/// What a health check sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthProtocol {
    /// Opens a connection: proves the port only.
    Tcp,
    /// A GET request without TLS.
    Http,
    /// A GET request over TLS 1.2 or older; the certificate is not checked (TGT-14).
    Https,
}

impl HealthCheck {
    /// Opens a TCP connection. This is the default.
    #[must_use]
    pub fn tcp() -> HealthCheckDraft {
        HealthCheckDraft::new(HealthProtocol::Tcp, None)
    }

    /// Sends `GET path`. The path must need no signature, so it is none of the proxy API's (TGT-13).
    pub fn http(path: impl Into<String>) -> HealthCheckDraft {
        HealthCheckDraft::new(HealthProtocol::Http, Some(path.into()))
    }

    /// Sends `GET path` over TLS. The path must need no signature, so it is none of the proxy API's (TGT-13), and a target
    /// that speaks TLS 1.3 only fails the check (TGT-14).
    pub fn https(path: impl Into<String>) -> HealthCheckDraft {
        HealthCheckDraft::new(HealthProtocol::Https, Some(path.into()))
    }
}

/// A [`Proxy`] as written by the user, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Proxy", description = "The external key store proxy as the load balancer sees it.")]
pub struct ProxyDraft {
    /// Two or more private IPv4 addresses.
    #[serde(default)]
    #[schemars(required, !default, length(min = 2))]
    addresses: Vec<String>,
    /// The TCP port on which the proxy listens; 443 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    port: Option<i64>,
    /// How the load balancer checks each address; opens a TCP connection by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check: Option<HealthCheckDraft>,
}

/// A [`HealthCheck`] as written by the user, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HealthCheck", description = "How the load balancer checks a target.")]
pub struct HealthCheckDraft {
    /// What is sent.
    #[serde(rename = "type")]
    #[schemars(with = "HealthProtocol")]
    protocol: Option<HealthProtocol>,
    /// With `http` and `https`: the path to GET. It must need no signature, so it is none of the proxy API's.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// With `http` and `https`: the codes that count as healthy, within 200 to 599; `200-399` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    matcher: Option<String>,
    /// The port to check; that of the traffic by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    port: Option<i64>,
    /// Seconds between two checks, 5 to 300; 10 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 300))]
    interval_seconds: Option<i64>,
    /// Seconds without an answer after which a check has failed, 2 to 120 and no more than the interval; by default 6 with
    /// `http`, else 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 120))]
    timeout_seconds: Option<i64>,
    /// Passed checks in a row that make a target healthy, 2 to 10; 3 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10))]
    healthy_threshold: Option<i64>,
    /// Failed checks in a row that make a target unhealthy, 2 to 10; 2 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10))]
    unhealthy_threshold: Option<i64>,
}

impl ProxyDraft {
    /// The TCP port on which the proxy listens, if it is not 443 (TGT-08).
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port.into());
        self
    }

    /// How the load balancer checks each address.
    #[must_use]
    pub fn health_check(mut self, health_check: HealthCheckDraft) -> Self {
        self.health_check = Some(health_check);
        self
    }

    /// `reach` are the ranges to which the VPC has a way, as far as that can be told without AWS.
    pub(crate) fn check(
        self,
        at: &str,
        vpc: Option<Ipv4Net>,
        reach: Option<&[Ipv4Net]>,
        problems: &mut Problems,
    ) -> Option<Proxy> {
        let before = problems.count();
        let addresses = check_addresses(&self.addresses, &format!("{at}.addresses"), vpc, reach, problems);
        let port = check_port(self.port, &format!("{at}.port"), "TGT-08", problems).unwrap_or(443);
        let health_check =
            self.health_check.unwrap_or_else(HealthCheck::tcp).check(&format!("{at}.health_check"), problems)?;
        (problems.count() == before).then_some(Proxy { addresses, port, health_check })
    }
}

impl From<&Proxy> for ProxyDraft {
    fn from(proxy: &Proxy) -> Self {
        Proxy::at(&proxy.addresses).port(proxy.port).health_check((&proxy.health_check).into())
    }
}

fn check_addresses(
    texts: &[String],
    at: &str,
    vpc: Option<Ipv4Net>,
    reach: Option<&[Ipv4Net]>,
    problems: &mut Problems,
) -> Vec<Ipv4Addr> {
    if texts.len() < 2 {
        let what = match texts {
            [] => "names no address".to_owned(),
            [only, ..] => format!("names `{only}` only"),
        };
        problems.add(at, "TGT-05", what, "name two or more: with one, each restart of the proxy stops every key");
    }
    let mut addresses = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let field = format!("{at}[{index}]");
        let Ok(address) = text.parse::<Ipv4Addr>() else {
            if text.parse::<Ipv6Addr>().is_ok() {
                let what = format!("`{text}` is an IPv6 address");
                problems.add(field, "NET-03", what, "write an IPv4 address: AWS KMS reaches proxies over IPv4 only");
            } else {
                problems.add(field, "TGT-06", format!("`{text}` is not an IPv4 address"), "write it like `10.0.8.10`");
            }
            continue;
        };
        if addresses.contains(&address) {
            problems.add(field, "TGT-05", format!("`{address}` is there twice"), "name another address");
        } else if !is_private(address) && !vpc.is_some_and(|vpc| vpc.contains(&address)) {
            let what = format!("`{address}` is not a private address");
            let help = "use an address in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or the VPC";
            problems.add(field, "TGT-06", what, help);
        } else if let Some(reach) = reach.filter(|reach| !reach.iter().any(|range| range.contains(&address))) {
            let ranges = reach.iter().map(|range| format!("`{range}`")).collect::<Vec<_>>().join(", ");
            let what = format!("`{address}` is outside of what the VPC reaches: {ranges}");
            problems.add(field, "NET-10", what, "correct the address, the `link` or `data_center`");
        }
        addresses.push(address);
    }
    addresses
}

/// The ranges from which a target group takes addresses that are not in its VPC (TGT-06).
fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private() || (first == 100 && (64..128).contains(&second))
}

fn check_port(port: Option<i64>, field: &str, rule: &'static str, problems: &mut Problems) -> Option<u16> {
    let port = problems.within(field, rule, port?, 1..=65_535)?;
    u16::try_from(port).ok()
}

impl HealthCheckDraft {
    fn new(protocol: HealthProtocol, path: Option<String>) -> Self {
        Self {
            protocol: Some(protocol),
            path,
            matcher: None,
            port: None,
            interval_seconds: None,
            timeout_seconds: None,
            healthy_threshold: None,
            unhealthy_threshold: None,
        }
    }

    /// The HTTP codes that count as healthy: `200`, `200,204` or `200-399`, within 200 to 599. `200-399` by default.
    #[must_use]
    pub fn matcher(mut self, codes: impl Into<String>) -> Self {
        self.matcher = Some(codes.into());
        self
    }

    /// The port to check, if it is not that of the traffic.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port.into());
        self
    }

    /// Time between two checks of one target: 5 to 300 s, 10 s by default. A fraction of a second counts as a whole one.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval_seconds = Some(whole_seconds(interval));
        self
    }

    /// Time after which a check without an answer has failed: 2 to 120 s and no more than the interval; by default 6 s with
    /// HTTP, else 10 s, or the interval if that is shorter. A fraction of a second counts as a whole one.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout_seconds = Some(whole_seconds(timeout));
        self
    }

    /// Passed checks in a row that make a target healthy: 2 to 10, 3 by default.
    #[must_use]
    pub fn healthy_threshold(mut self, checks: u32) -> Self {
        self.healthy_threshold = Some(checks.into());
        self
    }

    /// Failed checks in a row that make a target unhealthy: 2 to 10, 2 by default.
    #[must_use]
    pub fn unhealthy_threshold(mut self, checks: u32) -> Self {
        self.unhealthy_threshold = Some(checks.into());
        self
    }

    fn check(self, at: &str, problems: &mut Problems) -> Option<HealthCheck> {
        let before = problems.count();
        let field = |name: &str| format!("{at}.{name}");
        let protocol = problems.require(&field("type"), self.protocol, "write one of `tcp`, `http`, `https`")?;
        let (path, matcher) = if protocol == HealthProtocol::Tcp {
            for (name, value) in [("path", &self.path), ("matcher", &self.matcher)] {
                if value.is_some() {
                    let help = "remove it, or check with `http` or `https`";
                    problems.add(field(name), "TGT-13", "has no meaning with `tcp`", help);
                }
            }
            (None, None)
        } else {
            let path =
                problems.require(&field("path"), self.path, "write the path of an unsigned ping such as `/ping`");
            if let Some(path) = &path {
                check_path(path, &field("path"), problems);
            }
            let matcher = self.matcher.unwrap_or_else(|| "200-399".to_owned());
            check_matcher(&matcher, &field("matcher"), problems);
            (path, Some(matcher))
        };
        let port = check_port(self.port, &field("port"), "TGT-13", problems);
        let mut number = |name: &str, value: Option<i64>, default, range| {
            value.map_or(Some(default), |value| problems.within(&field(name), "TGT-13", value, range))
        };
        let interval = number("interval_seconds", self.interval_seconds, 10, 5..=300);
        let default = if protocol == HealthProtocol::Http { 6 } else { 10 };
        let default = interval.map_or(default, |interval| interval.min(default));
        let timeout = number("timeout_seconds", self.timeout_seconds, default, 2..=120);
        let healthy_threshold = number("healthy_threshold", self.healthy_threshold, 3, 2..=10);
        let unhealthy_threshold = number("unhealthy_threshold", self.unhealthy_threshold, 2, 2..=10);
        if let (Some(timeout), Some(interval)) = (timeout, interval)
            && timeout > interval
        {
            let what = format!("`{timeout}` is more than the interval of {interval} seconds");
            problems.add(field("timeout_seconds"), "TGT-13", what, "shorten the timeout or lengthen the interval");
        }
        if problems.count() != before {
            return None;
        }
        Some(HealthCheck {
            protocol,
            path,
            matcher,
            port,
            interval: Duration::from_secs(interval?.into()),
            timeout: Duration::from_secs(timeout?.into()),
            healthy_threshold: healthy_threshold?,
            unhealthy_threshold: unhealthy_threshold?,
        })
    }
}

impl From<&HealthCheck> for HealthCheckDraft {
    fn from(check: &HealthCheck) -> Self {
        Self {
            protocol: Some(check.protocol),
            path: check.path.clone(),
            matcher: check.matcher.clone(),
            port: check.port.map(Into::into),
            interval_seconds: Some(whole_seconds(check.interval)),
            timeout_seconds: Some(whole_seconds(check.timeout)),
            healthy_threshold: Some(check.healthy_threshold.into()),
            unhealthy_threshold: Some(check.unhealthy_threshold.into()),
        }
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn check_path(path: &str, field: &str, problems: &mut Problems) {
    if !path.starts_with('/') {
        problems.add(field, "TGT-13", format!("`{path}` does not begin with `/`"), format!("write `/{path}`"));
    } else if path.contains("/kms/xks/") {
        let what = format!("`{path}` belongs to the proxy API, which answers signed POST requests only");
        problems.add(field, "TGT-13", what, "use the proxy's own ping such as `/ping`, or `tcp`");
    }
    if path.len() > 1024 {
        problems.add(field, "TGT-13", format!("is {} characters long", path.len()), "shorten it to 1024");
    }
    if let Some(c) = path.chars().find(|c| !c.is_ascii_graphic()) {
        let what = format!("`{}` has `{}` in it", path.escape_debug(), c.escape_debug());
        problems.add(field, "TGT-13", what, "percent-encode it");
    }
}

/// `200`, `200,204`, `200-399`: codes and ranges of codes within 200 to 599.
fn check_matcher(matcher: &str, field: &str, problems: &mut Problems) {
    let code = |text: &str| text.parse::<u16>().ok().filter(|code| text.len() == 3 && (200..=599).contains(code));
    let valid = matcher.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => code(first).zip(code(last)).is_some_and(|(first, last)| first <= last),
        None => code(part).is_some(),
    });
    if !valid {
        let what = format!("`{matcher}` is not a list of HTTP codes");
        problems.add(field, "TGT-13", what, "write codes from 200 to 599 such as `200`, `200,204` or `200-399`");
    }
}
