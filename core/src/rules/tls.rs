//! TLS of the proxy, as KMS demands it (TLS-01 … TLS-11). Only a probe can tell.

use super::seen::{Open, Seen, each, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Facts, Gap};
use crate::probe::{
    CertificateOutcome, ClientCertificate, Handshake, NameMatch, Suite, Taken, TlsFailure, TlsOutcome, Trust, Validity,
};
use crate::spec::{Partition, Region};

/// A certificate that ends sooner is worth a warning; AWS recommends an alarm at the same time.
const DAYS_LEFT: i64 = 10;

const PROXY: Rule = Rule { owner: Owner::Proxy, severity: Severity::BlocksConnect, outcomes: &[Outcome::TLS], ..RULE };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TLS-01",
        text: "The proxy must speak TLS 1.2 or 1.3 with one of the suites of KMS: `TLS_AES_256_GCM_SHA384`, \
               `TLS_CHACHA20_POLY1305_SHA256`, `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`, \
               `TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384`",
        remedy: "Turn on TLS 1.2 or 1.3 and one of these suites on the proxy",
        source: source::SPEC,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.tls()? {
                seen = match &outcome.handshake {
                    Some(Handshake::Complete { version, suite, .. }) => {
                        seen.note(outcome.address, format!("{version:?}, {suite}"))
                    }
                    Some(Handshake::Failed { failure: TlsFailure::Version | TlsFailure::Suite, reason, .. }) => {
                        seen.and(outcome.address, reason, false)
                    }
                    _ => seen.but(no_handshake(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-02",
        text: "In AWS GovCloud the proxy must take an AES-256-GCM suite: ChaCha20 is not accepted there",
        remedy: "Turn on `TLS_AES_256_GCM_SHA384`, or one of the TLS 1.2 suites with AES-256-GCM",
        source: source::GOVCLOUD,
        check: Some(|facts| {
            if Region::parse(&facts.region).is_ok_and(|region| region.partition() != Partition::AwsUsGov) {
                return Err(Open::NotApplicable("the Region is not in AWS GovCloud"));
            }
            let mut seen = Seen::default();
            for outcome in facts.tls()? {
                let trials = || outcome.suites.iter().filter(|trial| trial.suite != Suite::Chacha20Poly1305Sha256);
                let taken = trials().any(|trial| trial.taken == Taken::Yes);
                if !taken && trials().any(|trial| trial.taken != Taken::No) || outcome.suites.is_empty() {
                    seen = seen.but(no_handshake(outcome));
                } else {
                    let said = if taken { "taken" } else { "refused" };
                    seen = seen.and(format!("AES-256-GCM at {}", outcome.address), said, taken);
                }
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-03",
        text: "The Common Name of the certificate must be the private DNS name, or a wildcard for its first label alone",
        remedy: "Have the certificate issued anew, with the private DNS name as Common Name",
        check: Some(|facts| {
            certificates(facts, |certificate| {
                let fits = certificate.common_name.fits() || certificate.common_name == NameMatch::Missing;
                let names = certificate.common_names.join(", ");
                saw("Common Name", if names.is_empty() { "none (TLS-05)".to_owned() } else { names }, fits)
            })
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-04",
        text: "The alternative names of the certificate must have the private DNS name, or a wildcard for its first \
               label; AWS's guide speaks of the Common Name alone, TLS itself of alternative names",
        remedy: "Have the certificate issued anew, with the private DNS name among its alternative names",
        source: source::NAMES,
        check: Some(|facts| {
            certificates(facts, |certificate| {
                let names = certificate.alternative_names.join(", ");
                let said = if names.is_empty() { "none".to_owned() } else { names };
                saw("alternative names", said, certificate.alternative_name.fits())
            })
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-05",
        text: "The certificate must have a Common Name; some profiles of public authorities leave it out",
        symptom: "Whether KMS takes a certificate without one is not documented",
        remedy: "Ask for a profile with Common Name: `classic` at Let's Encrypt, `standard` at Google",
        source: source::CERTIFICATES,
        check: Some(|facts| {
            certificates(facts, |certificate| {
                let number = certificate.common_names.len();
                saw("Common Names", number, certificate.common_name != NameMatch::Missing)
            })
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-06",
        text: "The chain must end in a root on AWS's list, and the proxy must serve the intermediate certificates",
        follows: &["TLS-09"],
        remedy: "Serve the full chain; if its root is not on the list, use another authority",
        source: source::ROOTS,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for certificate in facts.certificates()? {
                seen = match &certificate.trust {
                    Trust::Listed { root, .. } if root.added => {
                        seen.note("root, added to AWS's list by the caller", &root.name)
                    }
                    Trust::Listed { root, .. } => seen.note("root", &root.name),
                    Trust::ListedByName { roots, .. } => {
                        let names: Vec<&str> = roots.iter().map(|root| root.name.as_str()).collect();
                        let names = names.join(" or ");
                        seen.note("root, by its name", &names).but(Gap::NotSeen {
                            what: format!("the signature of `{names}` was not verified; serve the root to prove it"),
                        })
                    }
                    Trust::NotListed { root } => seen.and("root", format!("{root}: not on the list"), false),
                    Trust::SelfSigned { subject } => seen.and("root", format!("{subject}: self-signed"), false),
                    Trust::Incomplete { missing } => seen.and("missing issuer", missing, false),
                    Trust::Broken { reason } => seen.and("chain", reason, false),
                    Trust::Unreadable => {
                        let trouble = certificate.trouble.as_deref().unwrap_or("no certificate could be read");
                        seen.and("chain", trouble, false)
                    }
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-07",
        severity: Severity::Risk,
        text: "The root itself should be valid still: several on AWS's list have expired",
        remedy: "Have the certificate issued anew under a root that is on the list and valid",
        source: source::ROOTS,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for certificate in facts.certificates()? {
                if let Trust::Listed { root, validity } = &certificate.trust {
                    let fits = *validity == Validity::Valid;
                    seen = seen.and(&root.name, format!("expires {}", root.expires), fits);
                } else {
                    seen = seen
                        .but(Gap::NotSeen { what: "the chain does not end in a root of the list (TLS-06)".to_owned() });
                }
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-08",
        text: "The certificates must be valid today",
        symptom: "All keys of the store are unusable from the moment of expiry",
        remedy: "Renew the certificate with the same Common Name under a listed root; KMS need not be told",
        source: source::TROUBLE,
        check: Some(|facts| {
            certificates(facts, |certificate| {
                each(certificate.chain.iter().enumerate().map(|(place, each)| {
                    let soon =
                        if place == 0 && (0..DAYS_LEFT).contains(&each.days_left) { ": renew it now" } else { "" };
                    let said = format!("{} to {}{soon}", each.not_before, each.not_after);
                    (&each.subject, said, each.validity == Validity::Valid)
                }))
            })
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-09",
        severity: Severity::Risk,
        text: "The certificate should come from a public authority: private authorities and self-signed certificates \
               never work",
        remedy: "Use a public certificate, such as an exportable one of AWS Certificate Manager",
        source: source::ACM,
        check: Some(|facts| {
            certificates(facts, |certificate| match &certificate.trust {
                Trust::SelfSigned { subject } => saw("root", format!("{subject}: self-signed"), false),
                Trust::Listed { root, .. } => saw("root", &root.name, true),
                // Of Mozilla's roots, though none of AWS's list.
                Trust::NotListed { root } => saw("root", root, true),
                Trust::ListedByName { .. } => saw("root", "has the name of a public one", true),
                Trust::Incomplete { .. } | Trust::Broken { .. } | Trust::Unreadable => {
                    Seen::default().but(Gap::NotSeen { what: "the chain does not show its root (TLS-06)".to_owned() })
                }
            })
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-10",
        text: "The proxy must not demand a client certificate: KMS has given up mutual TLS",
        outcomes: &[Outcome::TLS, Outcome::UNREACHABLE],
        remedy: "Turn off mutual TLS on the proxy; the SigV4 credential identifies KMS",
        source: source::AUTHORIZE,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.tls()? {
                seen = match outcome.client_certificate {
                    Some(ClientCertificate::Required) => seen.and(outcome.address, "demands one", false),
                    Some(ClientCertificate::Optional) => seen.note(outcome.address, "asks, and goes on without"),
                    Some(ClientCertificate::NotRequested) => seen.note(outcome.address, "does not ask"),
                    None => seen.but(no_handshake(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "TLS-11",
        severity: Severity::Risk,
        text: "The proxy should answer for the private DNS name: KMS sends it in the handshake and as `Host`",
        outcomes: &[Outcome::TLS, Outcome::CONFIGURATION],
        remedy: "Add a site for the private DNS name to the proxy",
        source: source::SPEC,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.tls()? {
                let what = format!("{} asked for {}", outcome.address, outcome.server_name);
                seen = match &outcome.handshake {
                    Some(Handshake::Complete { .. }) => seen.note(what, "answers"),
                    Some(Handshake::Failed { failure: TlsFailure::ServerName, reason, .. }) => {
                        seen.and(what, reason, false)
                    }
                    _ => seen.but(no_handshake(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
];

fn certificates(facts: &Facts, look: impl Fn(&CertificateOutcome) -> Seen) -> Result<Seen, Open> {
    let of = |certificate: &CertificateOutcome| match &certificate.trouble {
        // What has no certificate in it has no name and no date (TLS-06).
        Some(trouble) if certificate.chain.is_empty() => Seen::default().but(Gap::NotSeen { what: trouble.clone() }),
        _ => look(certificate),
    };
    Ok(facts.certificates()?.into_iter().map(of).fold(Seen::default(), Seen::join))
}

fn no_handshake(outcome: &TlsOutcome) -> Gap {
    let what = match &outcome.handshake {
        Some(Handshake::Failed { reason, .. }) => {
            format!("the handshake with {} ended early: {reason}", outcome.address)
        }
        Some(Handshake::Complete { .. }) => format!("the probe of {} has no answer to this", outcome.address),
        None => format!("the probe could not connect to {}", outcome.address),
    };
    Gap::NotSeen { what }
}
