//! The report as text for people: a line for each thing seen, and where it was seen from.

use std::fmt;

use super::outcome::*;

impl fmt::Display for ProbeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { private_dns_name, region, ran_from, began, .. } = self;
        writeln!(f, "`{private_dns_name}` in {region}, probed from `{ran_from}` at {began}")?;
        writeln!(f, "reachability and times are those of that host, not of AWS KMS")?;
        if let Some(dns) = &self.dns {
            write!(f, "\nDNS, {:.0} ms\n{dns}", dns.took_ms)?;
        }
        if let Some(certificate) = &self.certificate {
            write!(f, "\ncertificate in the file\n{certificate}")?;
        }
        for tls in &self.tls {
            write!(f, "\nTLS at {}, {:.0} ms\n{tls}", tls.address, tls.took_ms)?;
        }
        for proxy in &self.proxy {
            write!(f, "\nproxy API at {}{}, {:.0} ms\n{proxy}", proxy.address, proxy.path, proxy.took_ms)?;
        }
        for check in &self.health_check {
            let scheme = if check.tls { "https" } else { "http" };
            write!(f, "\nhealth check of {scheme}://{}{}\n", check.address, check.path)?;
            line(f, "GET", &check.answer)?;
            if let Some(answer) = &check.by_name {
                line(f, "GET, by its name", answer)?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, label: &str, text: &dyn fmt::Display) -> fmt::Result {
    writeln!(f, "  {label:<20} {text}")
}

impl fmt::Display for DnsOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(trouble) = &self.trouble {
            line(f, "trouble", trouble)?;
        } else if self.zones.is_empty() {
            line(f, "zone", &"none in public DNS")?;
        }
        for zone in &self.zones {
            let servers = if zone.servers.is_empty() { "no server".to_owned() } else { zone.servers.join(", ") };
            line(f, "zone", &format_args!("{} at {servers}", zone.name))?;
        }
        if let Some(txt) = &self.txt {
            line(f, "TXT record", &txt.finding)?;
        }
        match self.public_addresses.as_deref() {
            None => line(f, "public addresses", &"unknown"),
            Some([]) => line(f, "public addresses", &"none, and none are needed"),
            Some(all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                line(f, "public addresses", &format_args!("{}; none are needed", all.join(", ")))
            }
        }
    }
}

impl fmt::Display for TxtFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Published { at } => write!(f, "published at `{at}`"),
            Self::PublishedWithoutLabel { at } => {
                write!(f, "published at `{at}`, without the label, which AWS takes too")
            }
            Self::ServersDisagree { at, without } => write!(f, "at `{at}`, but not yet on {}", without.join(", ")),
            Self::WrongCase { at, value } => write!(f, "at `{at}` in other case, which AWS does not take: `{value}`"),
            Self::AppendedZone { at } => write!(f, "at `{at}`: the provider appended the zone to the name"),
            Self::OtherValues { at, values } => write!(f, "other values at `{at}`: `{}`", values.join("`, `")),
            Self::Missing => f.write_str("missing"),
            Self::Unknown => f.write_str("unknown: no server of the zone answered"),
        }
    }
}

impl fmt::Display for CertificateOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(trouble) = &self.trouble {
            line(f, "trouble", trouble)?;
        }
        let named = |names: &[String], fit: NameMatch| match fit {
            NameMatch::Missing => "none".to_owned(),
            NameMatch::Exact | NameMatch::Wildcard => format!("fits: {}", names.join(", ")),
            NameMatch::Different => format!("does not fit: {}", names.join(", ")),
        };
        line(f, "Common Name", &named(&self.common_names, self.common_name))?;
        line(f, "alternative names", &named(&self.alternative_names, self.alternative_name))?;
        if let Some(leaf) = self.leaf() {
            let ends = match leaf.validity {
                Validity::Valid => format!("until {}, {} days left", leaf.not_after, leaf.days_left),
                Validity::NotYet => format!("not before {}", leaf.not_before),
                Validity::Expired => format!("expired at {}", leaf.not_after),
            };
            line(f, "valid", &ends)?;
            line(f, "key", &leaf.key)?;
        }
        line(f, "chain", &format_args!("{}; {}", counted(self.chain.len(), "certificate"), self.trust))
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed { root, validity } => {
                let list = if root.added { "added to the list of KMS by the caller" } else { "on the list of KMS" };
                write!(f, "ends in `{}`, {list}", root.name)?;
                match validity {
                    Validity::Valid => Ok(()),
                    _ => write!(f, " but valid until {} only", root.expires),
                }
            }
            Self::ListedByName { roots, signed_by } => {
                let name = roots.first().map_or("", |root| root.name.as_str());
                let why = match signed_by {
                    Some(_) => "by another certificate of that root than the list has",
                    None => "by name; serve the root too to prove it",
                };
                write!(f, "ends in `{name}`, on the list of KMS {why}")
            }
            Self::NotListed { root } => write!(f, "ends in `{root}`, a public root that is not on the list of KMS"),
            Self::SelfSigned { subject } => {
                write!(f, "ends in `{subject}`, which signed itself and is not on the list of KMS")
            }
            Self::Incomplete { missing } => {
                write!(f, "ends before `{missing}`, which is neither served nor a public root")
            }
            Self::Broken { reason } => write!(f, "broken: {reason}"),
            Self::Unreadable => f.write_str("no certificate could be read"),
        }
    }
}

impl fmt::Display for TlsOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "TCP", &self.connect)?;
        if let Some(handshake) = &self.handshake {
            line(f, "handshake", handshake)?;
        }
        let yes = |taken: &Taken| matches!(taken, Taken::Yes);
        if !self.versions.is_empty() {
            let versions = self.versions.iter().filter(|trial| yes(&trial.taken)).map(|trial| trial.version.name());
            line(f, "versions", &listed(versions))?;
            let suites = self.suites.iter().filter(|trial| yes(&trial.taken)).map(|trial| trial.suite.name());
            line(f, "suites of KMS", &listed(suites))?;
        }
        if let Some(client) = self.client_certificate {
            let text = match client {
                ClientCertificate::NotRequested => "not asked for",
                ClientCertificate::Optional => "asked for, not demanded",
                ClientCertificate::Required => "demanded, and KMS has none",
            };
            line(f, "client certificate", &text)?;
        }
        self.certificate.as_ref().map_or(Ok(()), |certificate| certificate.fmt(f))
    }
}

/// `1 request`, `2 requests`.
fn counted(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl TlsVersion {
    /// `TLS 1.2` or `TLS 1.3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

impl Suite {
    /// The IANA name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes256GcmSha384 => "TLS_AES_256_GCM_SHA384",
            Self::Chacha20Poly1305Sha256 => "TLS_CHACHA20_POLY1305_SHA256",
            Self::EcdheRsaAes256GcmSha384 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            Self::EcdheEcdsaAes256GcmSha384 => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        }
    }
}

impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { took_ms } => write!(f, "connected in {took_ms:.1} ms; AWS advises 35 ms at most"),
            Self::Refused => f.write_str("refused: nobody listens"),
            Self::TimedOut { after_ms } => write!(f, "no answer within {after_ms:.0} ms"),
            Self::Failed { reason } => write!(f, "failed: {reason}"),
        }
    }
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete { took_ms, version, suite, protocol } => {
                let protocol = protocol.as_deref().unwrap_or("no protocol named");
                write!(f, "{}, {suite}, {protocol}, in {took_ms:.1} ms", version.name())
            }
            Self::Failed { reason, .. } => write!(f, "failed: {reason}"),
        }
    }
}

impl fmt::Display for ProxyOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "health", &self.health)?;
        if let Some(slowest) = self.samples_ms.iter().copied().reduce(f64::max) {
            let count = self.samples_ms.len();
            let requests = counted(count, "request");
            line(f, "latency", &format_args!("at most {slowest:.1} ms in {requests}; KMS waits 250 ms"))?;
        }
        for BodyProblem { field, what } in &self.problems {
            let field = if field.is_empty() { "the body" } else { field };
            line(f, "wrong answer", &format_args!("{field} {what}"))?;
        }
        if let Some(fleet) = &self.fleet {
            let serving = fleet.key_managers.iter().filter(|each| each.health != KeyManagerHealth::Unavailable).count();
            let all = counted(fleet.key_managers.len(), "key manager");
            line(f, "fleet", &format_args!("proxies: {}; serving: {serving} of {all}", fleet.size))?;
        }
        if let Some(seconds) = self.clock_skew_seconds {
            line(f, "clock", &format_args!("{seconds:+} s; 300 s are allowed"))?;
        }
        for (label, right, answer) in [
            ("wrong path", 404, &self.wrong_path),
            ("wrong credential", 401, &self.wrong_credential),
            ("unsigned GET", 405, &self.unsigned_get),
        ] {
            if let Some(answer) = answer {
                match answer.status() {
                    Some(status) if status == right => line(f, label, &format_args!("{answer}, as it should be"))?,
                    // Nothing is right at a path that the proxy does not have.
                    _ if self.health.status() == Some(404) => line(f, label, answer)?,
                    _ => line(f, label, &format_args!("{answer}, where {right} would be right"))?,
                }
            }
        }
        if let Some(key) = &self.key {
            line(f, "external key", &format_args!("`{}`: {}", key.id, key.answer))?;
            if let Some(metadata) = &key.metadata {
                let KeyMetadata { spec, usage, status } = metadata;
                line(f, "", &format_args!("{spec}, {status}, {}", usage.join(" ")))?;
            }
            for BodyProblem { field, what } in &key.problems {
                line(f, "wrong answer", &format_args!("{field} {what}"))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, error_name: Some(name), .. } => write!(f, "{status} {name}"),
            Self::Status { status, .. } => write!(f, "{status}"),
            Self::None { reason, .. } => write!(f, "no answer: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> CertificateOutcome {
        let leaf = ChainCertificate {
            subject: "CN=xks.example.com".to_owned(),
            issuer: "CN=Some CA".to_owned(),
            sha256: "00".repeat(32),
            not_before: "2026-01-01T00:00:00Z".to_owned(),
            not_after: "2026-04-01T00:00:00Z".to_owned(),
            validity: Validity::Valid,
            days_left: 12,
            key: "EC P-256".to_owned(),
            authority: false,
        };
        CertificateOutcome {
            common_names: vec!["*.example.com".to_owned()],
            common_name: NameMatch::Wildcard,
            alternative_names: Vec::new(),
            alternative_name: NameMatch::Missing,
            chain: vec![leaf],
            trust: Trust::Incomplete { missing: "CN=Some CA".to_owned() },
            trouble: None,
        }
    }

    fn answer(status: u16, error_name: Option<&str>) -> Answer {
        let error_name = error_name.map(str::to_owned);
        Answer::Status { status, error_name, error_message: None, version: "HTTP/1.1".to_owned(), took_ms: 3.2 }
    }

    fn report() -> ProbeReport {
        let address = ([10, 0, 8, 10], 443).into();
        let zone = ZoneOutcome {
            name: "example.com".to_owned(),
            servers: vec!["ns1.example.net (192.0.2.1)".to_owned()],
            negative_cache_seconds: Some(300),
        };
        let finding = TxtFinding::WrongCase { at: "_a.example.com".to_owned(), value: "vpce:abc".to_owned() };
        let proxy = ProxyOutcome {
            address,
            path: "/kms/xks/v1".to_owned(),
            health: answer(200, None),
            samples_ms: vec![3.2, 41.0],
            problems: vec![BodyProblem { field: "ekmVendor".to_owned(), what: "is missing".to_owned() }],
            fleet: None,
            clock_skew_seconds: Some(-400),
            wrong_path: Some(answer(200, None)),
            wrong_credential: Some(answer(401, Some("AuthenticationFailedException"))),
            unsigned_get: None,
            key: None,
            took_ms: 90.0,
        };
        ProbeReport {
            version: 1,
            private_dns_name: "xks.example.com".to_owned(),
            region: "eu-central-1".to_owned(),
            ran_from: "bastion".to_owned(),
            began: "2026-03-20T08:00:00Z".to_owned(),
            took_ms: 120.0,
            dns: Some(DnsOutcome {
                took_ms: 30.0,
                zones: vec![zone],
                public_addresses: Some(Vec::new()),
                txt: Some(TxtOutcome { wanted: "vpce:Abc".to_owned(), finding, places: Vec::new() }),
                trouble: None,
            }),
            certificate: Some(certificate()),
            tls: vec![TlsOutcome {
                address,
                server_name: "xks.example.com".to_owned(),
                connect: Connect::Connected { took_ms: 20.25 },
                handshake: Some(Handshake::Failed {
                    took_ms: 1.0,
                    failure: TlsFailure::NotTls,
                    reason: "what answers does not speak TLS".to_owned(),
                }),
                certificate: None,
                suites: Vec::new(),
                versions: Vec::new(),
                client_certificate: None,
                took_ms: 22.0,
            }],
            proxy: vec![proxy],
            health_check: vec![HealthCheckOutcome {
                address,
                path: "/ping".to_owned(),
                tls: false,
                answer: Answer::None { failure: HttpFailure::Closed, reason: "connection closed".to_owned() },
                by_name: None,
            }],
        }
    }

    #[test]
    fn a_report_says_what_was_seen_and_from_where() {
        insta::assert_snapshot!(report(), @r"
        `xks.example.com` in eu-central-1, probed from `bastion` at 2026-03-20T08:00:00Z
        reachability and times are those of that host, not of AWS KMS

        DNS, 30 ms
          zone                 example.com at ns1.example.net (192.0.2.1)
          TXT record           at `_a.example.com` in other case, which AWS does not take: `vpce:abc`
          public addresses     none, and none are needed

        certificate in the file
          Common Name          fits: *.example.com
          alternative names    none
          valid                until 2026-04-01T00:00:00Z, 12 days left
          key                  EC P-256
          chain                1 certificate; ends before `CN=Some CA`, which is neither served nor a public root

        TLS at 10.0.8.10:443, 22 ms
          TCP                  connected in 20.2 ms; AWS advises 35 ms at most
          handshake            failed: what answers does not speak TLS

        proxy API at 10.0.8.10:443/kms/xks/v1, 90 ms
          health               200
          latency              at most 41.0 ms in 2 requests; KMS waits 250 ms
          wrong answer         ekmVendor is missing
          clock                -400 s; 300 s are allowed
          wrong path           200, where 404 would be right
          wrong credential     401 AuthenticationFailedException, as it should be

        health check of http://10.0.8.10:443/ping
          GET                  no answer: connection closed
        ");
    }
}
