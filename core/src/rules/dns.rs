//! The private DNS name and the proof of its domain (DNS-01 … DNS-08).

use super::seen::{Open, each, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::Gap;
use crate::probe::TxtFinding;
use crate::spec::{registered_domain, under_known_suffix};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "DNS-01",
        severity: Severity::BlocksCreate,
        owner: Owner::Dns,
        text: "The private DNS name must be a subdomain of a domain in public DNS that is yours",
        outcomes: &[Outcome::SERVICE_INVALID],
        symptom: "The verification stays `pendingVerification` for ever",
        remedy: "Use a subdomain of a domain that you registered, and give KMS and the endpoint service that name",
        needs_disconnect: true,
        check: Some(|facts| {
            let name = facts.private_dns_name()?;
            let lower = name.to_ascii_lowercase();
            let registered = registered_domain(&lower);
            let holds = under_known_suffix(&lower) && registered.is_some_and(|registered| registered != lower);
            let seen = saw(name, format!("registered domain: {}", registered.unwrap_or("none")), holds);
            Ok(match facts.dns() {
                Ok(dns) if dns.trouble.is_none() => {
                    let zones: Vec<&str> = dns.zones.iter().map(|zone| zone.name.as_str()).collect();
                    let said = if zones.is_empty() { "none".to_owned() } else { zones.join(", ") };
                    seen.and("public zones above it", said, !zones.is_empty())
                }
                _ => seen,
            })
        }),
        ..RULE
    },
    Rule {
        id: "DNS-02",
        severity: Severity::BlocksCreate,
        owner: Owner::Dns,
        text: "No other key store in the Region must have the private DNS name; KMS counts other accounts as well, which \
               nobody can look into",
        outcomes: &[Outcome::refused("XksProxyUriEndpointInUseException")],
        follows: &["KS-04"],
        remedy: "Choose a name for this key store alone",
        needs_disconnect: true,
        source: source::CREATE,
        check: Some(|facts| {
            let endpoint = facts.uri_endpoint()?;
            let same = |other: &&crate::facts::KeyStore| other.uri_endpoint.eq_ignore_ascii_case(&endpoint);
            let users: Vec<&str> = facts.others()?.iter().filter(same).map(|other| other.name.as_str()).collect();
            let said = if users.is_empty() { "none".to_owned() } else { users.join(", ") };
            Ok(saw("other key stores with it in this account", said, users.is_empty()).note("endpoint", endpoint))
        }),
        ..RULE
    },
    Rule {
        id: "DNS-03",
        severity: Severity::BlocksCreate,
        owner: Owner::Dns,
        text: "The domain of the private DNS name must be verified",
        outcomes: &[Outcome::SERVICE_INVALID],
        follows: &["EPS-08", "DNS-01", "DNS-04", "DNS-07"],
        remedy: "Publish the TXT record that the endpoint service shows, value and case exactly, then call \
                 StartVpcEndpointServicePrivateDnsVerification",
        source: source::SERVICE_DNS,
        check: Some(|facts| {
            let service = facts.service()?;
            let seen = saw("verification", service.verification.as_deref().unwrap_or("none"), service.is_verified());
            Ok(service
                .challenge
                .iter()
                .fold(seen, |seen, (name, value)| seen.note(format!("TXT record {name}"), value)))
        }),
        ..RULE
    },
    Rule {
        id: "DNS-04",
        severity: Severity::BlocksCreate,
        text: "The endpoint that KMS is given must be `https://` and exactly the private DNS name of the endpoint service",
        outcomes: &[Outcome::SERVICE_INVALID, Outcome::SERVICE_NOT_FOUND],
        follows: &["EPS-08", "KS-02"],
        remedy: "Set `XksProxyUriEndpoint` of the key store to `https://` and the private DNS name of its endpoint service",
        needs_disconnect: true,
        source: source::TROUBLE,
        check: Some(|facts| {
            let (endpoint, service) = (facts.uri_endpoint()?, facts.service()?);
            let name = service.private_dns_name.as_deref().unwrap_or("none");
            let fits = endpoint.strip_prefix("https://").is_some_and(|host| host.eq_ignore_ascii_case(name));
            Ok(saw("endpoint of the key store", endpoint, fits).note("private DNS name", name))
        }),
        ..RULE
    },
    Rule {
        id: "DNS-05",
        severity: Severity::BlocksCreate,
        owner: Owner::Dns,
        text: "The private DNS name must be lower case, with labels of at most 63 characters, at most 120 in all, and \
               without a wildcard",
        outcomes: &[Outcome::refused("ValidationException")],
        remedy: "Choose a name of lower case letters, digits and hyphens",
        needs_disconnect: true,
        source: source::SERVICE_DNS,
        check: Some(|facts| {
            let name = facts.private_dns_name()?;
            let label = |label: &str| {
                let letters = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                (1..=63).contains(&label.len()) && letters && !label.starts_with('-') && !label.ends_with('-')
            };
            Ok(saw("private DNS name", name, name.len() <= 120 && name.split('.').all(label))
                .note("characters", name.len()))
        }),
        ..RULE
    },
    Rule {
        id: "DNS-06",
        owner: Owner::Dns,
        text: "The private DNS name, or a wildcard for its first label, should fit into the 64 characters of a \
               certificate's Common Name",
        outcomes: &[Outcome::TLS],
        remedy: "Choose a shorter name",
        needs_disconnect: true,
        source: source::ACM_API,
        check: Some(|facts| {
            let name = facts.private_dns_name()?;
            let wildcard = name.split_once('.').map_or(usize::MAX, |(_, parent)| parent.len() + 2);
            Ok(saw(name, format!("{} characters", name.len()), name.len() <= 64 || wildcard <= 64))
        }),
        ..RULE
    },
    Rule {
        id: "DNS-07",
        owner: Owner::Dns,
        text: "The TXT record should stay published: AWS looks for it again, and an unverified name stops new connections",
        outcomes: &[Outcome::SERVICE_INVALID],
        remedy: "Publish the TXT record again, value and case exactly, and start the verification again",
        source: source::SERVICE_DNS,
        check: Some(|facts| {
            let Some(txt) = &facts.dns()?.txt else {
                return Err(Open::Unknown(Gap::NotSaid { what: "the probe was not told which TXT record".to_owned() }));
            };
            let what = format!("TXT record {}", txt.wanted);
            Ok(match &txt.finding {
                TxtFinding::Published { at } => saw(what, format!("published at {at}"), true),
                TxtFinding::PublishedWithoutLabel { at } => {
                    saw(what, format!("published at {at}, without label"), true)
                }
                TxtFinding::ServersDisagree { at, without } => {
                    saw(what, format!("at {at}, but not on {}", without.join(", ")), false)
                }
                TxtFinding::WrongCase { at, value } => saw(what, format!("{value} at {at}: other case"), false),
                TxtFinding::AppendedZone { at } => saw(what, format!("at {at}: the provider appended the zone"), false),
                TxtFinding::OtherValues { at, values } => saw(what, format!("{at} has {}", values.join(", ")), false),
                TxtFinding::Missing => saw(what, "not published", false),
                TxtFinding::Unknown => {
                    let what = "no name server of the domain answered the probe".to_owned();
                    return Err(Open::Unknown(Gap::NotSeen { what }));
                }
            })
        }),
        ..RULE
    },
    Rule {
        id: "DNS-08",
        owner: Owner::Dns,
        text: "The private DNS name should have no address in public DNS: only KMS resolves it, in its own VPC",
        symptom: "None that is known; KMS does not use public DNS for the name",
        remedy: "Remove address records for the name, unless something else needs them",
        source: source::SERVICE_DNS,
        check: Some(|facts| {
            let Some(addresses) = &facts.dns()?.public_addresses else {
                return Err(Open::Unknown(Gap::NotSeen { what: "public DNS did not answer the probe".to_owned() }));
            };
            Ok(each(addresses.iter().map(|address| ("public address", address, false)))
                .note("public addresses", addresses.len()))
        }),
        ..RULE
    },
];
