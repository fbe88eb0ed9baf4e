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
        match self.public_addresses.as_slice() {
            [] => line(f, "public addresses", &"none, and none are needed"),
            all => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                line(f, "public addresses", &all.join(", "))
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
        line(f, "chain", &format_args!("{} certificates; {}", self.chain.len(), self.trust))
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed { root, validity: Validity::Valid } => {
                write!(f, "ends in `{}`, on the list of KMS", root.name)
            }
            Self::Listed { root, .. } => {
                write!(f, "ends in `{}`, on the list of KMS but valid until {} only", root.name, root.expires)
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
            Self::Connected { took_ms } => write!(f, "connected in {took_ms:.1} ms"),
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
            Self::Failed { failure: TlsFailure::NotTls, .. } => f.write_str("failed: what answers does not speak TLS"),
            Self::Failed { reason, .. } => write!(f, "failed: {reason}"),
        }
    }
}

impl fmt::Display for ProxyOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "health", &self.health)?;
        if let Some(slowest) = self.samples_ms.iter().copied().reduce(f64::max) {
            let count = self.samples_ms.len();
            line(f, "latency", &format_args!("at most {slowest:.1} ms in {count} requests; KMS waits 250 ms"))?;
        }
        for BodyProblem { field, what } in &self.problems {
            let field = if field.is_empty() { "the body" } else { field };
            line(f, "wrong answer", &format_args!("{field} {what}"))?;
        }
        if let Some(fleet) = &self.fleet {
            let serving = fleet.key_managers.iter().filter(|each| each.health != KeyManagerHealth::Unavailable).count();
            let (size, all) = (fleet.size, fleet.key_managers.len());
            line(f, "fleet", &format_args!("{size} proxies; {serving} of {all} key managers serve"))?;
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
                let note = if answer.status() == Some(right) { "as it should be" } else { "not as it should be" };
                line(f, label, &format_args!("{answer}: {note}, {right} is right"))?;
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
