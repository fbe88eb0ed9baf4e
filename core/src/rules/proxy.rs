//! The proxy's answers and the key manager behind it (PXY-01 … PXY-14). Only a probe can tell.

use super::seen::{Open, Seen, each};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Facts, Gap};
use crate::probe::{Answer, Connect, Handshake, HttpFailure, KeyManagerHealth, ProxyOutcome, TlsFailure, TlsOutcome};

/// What KMS waits for an answer.
const ANSWER_MS: f64 = 250.0;

/// How far the proxy's clock may be off before it refuses signatures.
const SKEW_SECONDS: u64 = 300;

const PROXY: Rule = Rule { owner: Owner::Proxy, severity: Severity::BlocksConnect, source: source::SPEC, ..RULE };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "PXY-01",
        text: "The proxy must accept connections; KMS goes to port 443 of the load balancer and no other",
        outcomes: &[Outcome::UNREACHABLE, Outcome::NETWORK_ERRORS],
        remedy: "Start the proxy on the port that the targets have, and open it in both directions",
        source: source::CREATE,
        check: Some(|facts| {
            Ok(each(facts.tls()?.iter().map(|outcome| match (&outcome.connect, &outcome.handshake) {
                (_, Some(Handshake::Failed { failure: TlsFailure::Closed, .. })) => {
                    (outcome.address, "accepted, and closed before TLS began".to_owned(), false)
                }
                (_, Some(Handshake::Failed { failure: TlsFailure::TimedOut, .. })) => {
                    (outcome.address, "accepted, and nothing was said".to_owned(), false)
                }
                (Connect::Connected { took_ms }, _) => (outcome.address, format!("connected in {took_ms:.1} ms"), true),
                (Connect::Refused, _) => (outcome.address, "refused".to_owned(), false),
                (Connect::TimedOut { after_ms }, _) => (outcome.address, format!("silent for {after_ms:.0} ms"), false),
                (Connect::Failed { reason }, _) => (outcome.address, reason.clone(), false),
            })))
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-02",
        text: "The proxy must speak HTTP/1.1, also where it offers HTTP/2",
        outcomes: &[Outcome::RESPONSE, Outcome::UNREACHABLE],
        remedy: "Turn on HTTP/1.1 on the proxy",
        check: Some(|facts| {
            let took_http2 = |address| {
                let complete = |outcome: &&TlsOutcome| match &outcome.handshake {
                    Some(Handshake::Complete { protocol, .. }) => protocol.as_deref() == Some("h2"),
                    _ => false,
                };
                facts.tls().is_ok_and(|all| all.iter().filter(complete).any(|outcome| outcome.address == address))
            };
            let mut seen = Seen::default();
            for outcome in facts.proxy()? {
                let what = format!("GetHealthStatus at {}", outcome.address);
                seen = match &outcome.health {
                    Answer::Status { version, .. } => seen.and(what, version, version == "HTTP/1.1"),
                    Answer::None { failure: HttpFailure::NotHttp, reason } => seen.and(what, reason, false),
                    // Offered both it chose HTTP/2, offered HTTP/1.1 alone it ends the handshake.
                    Answer::None { failure: HttpFailure::NoTls, reason } if took_http2(outcome.address) => {
                        seen.and(what, format!("HTTP/2 or nothing: {reason}"), false)
                    }
                    Answer::None { .. } => seen.but(no_answer(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-03",
        text: "The path of the key store must be the one that the proxy serves: a signed POST to its `/health` is \
               answered with 200",
        outcomes: &[Outcome::CONFIGURATION],
        remedy: "Correct `XksProxyUriPath`; a connected key store takes that, too",
        check: Some(|facts| status(facts, &[200], &[404])),
        ..PROXY
    },
    Rule {
        id: "PXY-04",
        text: "The proxy must know the credential that KMS has",
        outcomes: &[Outcome::CREDENTIAL],
        follows: &["PXY-06"],
        remedy: "Give KMS the credential of the proxy with UpdateCustomKeyStore, or the proxy that of KMS; a connected \
                 key store takes that, too",
        check: Some(|facts| status(facts, &[200, 403, 404], &[401])),
        ..PROXY
    },
    Rule {
        id: "PXY-05",
        text: "Nothing between KMS and the proxy must change `Host`, path, body or `X-Amz-Date`: the signature covers them",
        outcomes: &[Outcome::CREDENTIAL],
        symptom: "The credential is right, and the proxy refuses it all the same",
        follows: &["PXY-04", "PXY-06"],
        remedy: "Let reverse proxies and firewalls pass requests on as they come",
        source: source::TROUBLE,
        check: Some(|facts| {
            let seen = status(facts, &[200], &[])?;
            let error = facts.key_store.known().and_then(|store| store.connection_error.as_deref());
            // The probe is believed and KMS is not: what lies between them differs, or the credential (PXY-04).
            Ok(error.iter().fold(seen, |seen, code| seen.and("KMS's connection", code, *code != "INVALID_CREDENTIALS")))
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-06",
        text: "The clock of the proxy must be within 5 minutes of UTC",
        outcomes: &[Outcome::CREDENTIAL],
        remedy: "Have the proxy set its clock by NTP",
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.proxy()? {
                seen = match outcome.clock_skew_seconds {
                    Some(skew) => {
                        let fits = skew.unsigned_abs() <= SKEW_SECONDS;
                        seen.and(format!("clock of {}", outcome.address), format!("{skew:+} s"), fits)
                    }
                    None => seen.but(Gap::NotSeen { what: format!("{} sends no `Date`", outcome.address) }),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-07",
        owner: Owner::KeyManager,
        text: "At least one key manager must be available",
        outcomes: &[Outcome::UNREACHABLE],
        remedy: "Bring a key manager back, or the connection of the proxy to it",
        source: source::TROUBLE,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.proxy()? {
                seen = match &outcome.fleet {
                    Some(fleet) => {
                        let any = fleet.key_managers.iter().any(|each| each.health != KeyManagerHealth::Unavailable);
                        seen.join(each(fleet.key_managers.iter().map(|each| {
                            (format!("{} behind {}", each.id, outcome.address), format!("{:?}", each.health), any)
                        })))
                    }
                    None if outcome.health.status() == Some(503) => {
                        seen.and(outcome.address, said(&outcome.health), false)
                    }
                    None => seen.but(no_answer(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-08",
        text: "The answer to GetHealthStatus must have all its fields, with 1 to 10 key managers and a fleet of at least 1",
        outcomes: &[Outcome::RESPONSE],
        remedy: "Have the vendor of the proxy put its answer right",
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.proxy()? {
                seen = match &outcome.health {
                    Answer::Status { status: 200, .. } => seen
                        .note(format!("problems at {}", outcome.address), outcome.problems.len())
                        .join(each(outcome.problems.iter().map(|problem| (&problem.field, &problem.what, false)))),
                    // Errors of the API that other rules are about. Without an `errorName` it is somebody else who answers.
                    Answer::Status { status: 401 | 403 | 404 | 429 | 503, error_name: Some(_), .. } => {
                        seen.but(no_answer(outcome))
                    }
                    Answer::Status { .. } | Answer::None { failure: HttpFailure::TooLarge, .. } => {
                        seen.and(outcome.address, said(&outcome.health), false)
                    }
                    Answer::None { .. } => seen.but(no_answer(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-09",
        text: "The proxy must answer each request within 250 ms, as KMS measures it",
        outcomes: &[Outcome::TIMED_OUT],
        remedy: "Bring proxy and key manager nearer or make them faster; the health of key managers may be remembered for \
                 a minute",
        source: source::CREATE,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.proxy()? {
                let slowest = outcome.samples_ms.iter().copied().fold(f64::NAN, f64::max);
                if matches!(outcome.health, Answer::None { failure: HttpFailure::TimedOut, .. }) {
                    seen = seen.and(outcome.address, "no answer in time", false);
                } else if slowest.is_nan() {
                    seen = seen.but(no_answer(outcome));
                } else {
                    let what = format!("slowest of {} at {}", outcome.samples_ms.len(), outcome.address);
                    seen = seen.and(what, format!("{slowest:.1} ms"), slowest <= ANSWER_MS);
                }
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-10",
        severity: Severity::Risk,
        text: "The proxy should bear 1800 requests in a second",
        symptom: "Cryptographic calls fail under load; the proxy answers `ThrottlingException`",
        remedy: "Measure it under load; add proxies, or have AWS Support lower the quota of the key store",
        source: source::CREATE,
        guidance: "A load test would tell; a probe sends a few requests, so as not to disturb a proxy in use",
        ..PROXY
    },
    Rule {
        id: "PXY-11",
        text: "The proxy's own access rules must leave GetHealthStatus alone and let KMS in",
        outcomes: &[Outcome::ACCESS_DENIED],
        remedy: "Change the access rules of the proxy",
        check: Some(|facts| status(facts, &[200], &[403])),
        ..PROXY
    },
    Rule {
        id: "PXY-12",
        severity: Severity::Risk,
        owner: Owner::KeyManager,
        text: "There should be two or more key managers that share keys, and room for two credentials at a time",
        symptom: "One failure, or one rotation of the credential, makes all keys unusable",
        remedy: "Add a key manager; let the proxy take a second credential",
        source: source::CREATE,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.proxy()? {
                seen = match &outcome.fleet {
                    Some(fleet) => {
                        let number = fleet.key_managers.len();
                        seen.and(format!("key managers behind {}", outcome.address), number, number >= 2)
                    }
                    None => seen.but(no_answer(outcome)),
                };
            }
            Ok(seen)
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-13",
        severity: Severity::Risk,
        text: "The proxy should have all four operations: GetHealthStatus, GetKeyMetadata, Encrypt, Decrypt",
        symptom: "The proxy answers `UnsupportedOperationException`",
        remedy: "Have the vendor of the proxy complete it; AWS's test client tries all four",
        check: Some(|facts| {
            let keys = facts.proxy()?.iter().filter_map(|outcome| Some((outcome, outcome.key.as_ref()?)));
            let asked: Vec<_> = keys.collect();
            if asked.is_empty() {
                let what = "the probe was not told an external key to ask for".to_owned();
                return Err(Open::Unknown(Gap::NotSaid { what }));
            }
            Ok(each(asked.into_iter().map(|(outcome, key)| {
                let what = format!("GetKeyMetadata at {}", outcome.address);
                (what, said(&key.answer), key.answer.status() != Some(501))
            })))
        }),
        ..PROXY
    },
    Rule {
        id: "PXY-14",
        severity: Severity::Risk,
        owner: Owner::Network,
        text: "Firewalls between VPC and proxy should let the subnets of the load balancer through on the proxy's port, in \
               both directions",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "Targets are `unhealthy` with `Target.Timeout`",
        follows: &["NET-10", "NET-11", "NLB-09", "TGT-16"],
        remedy: "Allow TCP from the subnets of the load balancer to the proxy's port, and the answers back",
        source: source::TROUBLE,
        check: Some(|facts| {
            let targets = facts.targets()?;
            let swallowed = |target: &crate::facts::Target| target.reason.as_deref() == Some("Target.Timeout");
            Ok(each(targets.into_iter().map(|(_, target)| {
                let reason = target.reason.as_deref().unwrap_or("no reason given");
                (format!("{}:{}", target.id, target.port), format!("{}, {reason}", target.state), !swallowed(target))
            })))
        }),
        ..PROXY
    },
];

/// A value of each answer to the signed GetHealthStatus; `None` from an answer that says nothing about it.
fn answers(facts: &Facts, look: impl Fn(&Answer) -> Option<(String, bool)>) -> Result<Seen, Open> {
    let mut seen = Seen::default();
    for outcome in facts.proxy()? {
        seen = match look(&outcome.health) {
            Some((value, fits)) => seen.and(format!("GetHealthStatus at {}", outcome.address), value, fits),
            None => seen.but(no_answer(outcome)),
        };
    }
    Ok(seen)
}

/// Statuses that tell that the rule holds, and those that tell that it does not; others tell nothing.
fn status(facts: &Facts, good: &[u16], bad: &[u16]) -> Result<Seen, Open> {
    answers(facts, |answer| {
        let fits = answer.status().and_then(|status| match status {
            status if good.contains(&status) => Some(true),
            status if bad.contains(&status) => Some(false),
            _ => None,
        });
        fits.map(|fits| (said(answer), fits))
    })
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Status { status, error_name: Some(error), .. } => format!("{status} {error}"),
        Answer::Status { status, .. } => status.to_string(),
        Answer::None { reason, .. } => reason.clone(),
    }
}

fn no_answer(outcome: &ProxyOutcome) -> Gap {
    Gap::NotSeen { what: format!("{} did not answer as hoped: {}", outcome.address, said(&outcome.health)) }
}
