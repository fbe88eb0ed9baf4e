//! The key store itself: parameters, states, external keys (KS-01 … KS-11).

use super::seen::{Open, Seen, each, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Gap, KeyStore};
use crate::probe::Answer;

/// What a proxy says of an external key that does not do.
const UNFIT: [&str; 3] = ["KeyNotFoundException", "InvalidStateException", "InvalidKeyUsageException"];

/// How the access key ids of IAM begin: those of users, and of sessions.
const IAM_KEYS: [&str; 2] = ["AKIA", "ASIA"];

/// What the URI of an operation on an external key may have, scheme and operation included.
const LONGEST_URI: usize = 256;

/// The longest `XksKeyId`.
const LONGEST_KEY_ID: usize = 128;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "KS-01",
        severity: Severity::BlocksCreate,
        text: "The name of the key store must have 1 to 256 characters, and be the only one of its kind in account and Region",
        outcomes: &[Outcome::refused("CustomKeyStoreNameInUseException")],
        remedy: "Choose another name; a key store can be renamed in any state",
        source: source::KMS_API,
        check: Some(|facts| {
            let wanted = facts.wanted.as_ref().and_then(|wanted| wanted.key_store.as_deref());
            let name = match (facts.key_store(), wanted) {
                (Ok(store), _) => &store.name,
                (Err(_), Some(name)) => name,
                (Err(open), None) => return Err(open),
            };
            let taken: Vec<&KeyStore> = facts.others()?.iter().filter(|other| other.name == name).collect();
            let fits = (1..=256).contains(&name.chars().count());
            Ok(saw("name", name, fits).join(each(taken.iter().map(|other| ("also has it", &other.id, false)))))
        }),
        ..RULE
    },
    Rule {
        id: "KS-02",
        severity: Severity::BlocksCreate,
        text: "The endpoint must be `https://` and a domain name, without port or path, 10 to 128 characters",
        outcomes: &[Outcome::refused("ValidationException")],
        follows: &["DNS-05"],
        remedy: "Set `XksProxyUriEndpoint` to `https://` and the private DNS name",
        needs_disconnect: true,
        source: source::KMS_API,
        check: Some(|facts| {
            let endpoint = facts.uri_endpoint()?;
            let host = endpoint.strip_prefix("https://").unwrap_or_default();
            let letters = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
            let fits = letters && host.parse::<std::net::IpAddr>().is_err() && (10..=128).contains(&endpoint.len());
            Ok(saw("endpoint", &endpoint, fits))
        }),
        ..RULE
    },
    Rule {
        id: "KS-03",
        severity: Severity::BlocksCreate,
        text: "The path must be `/kms/xks/v1`, with or without a prefix of letters, digits, `/`, `_` and `-`, 10 to 128 \
               characters, and leave room for the id of an external key in the 256 characters of a whole URI",
        outcomes: &[Outcome::refused("ValidationException")],
        remedy: "Set `XksProxyUriPath` to the path that the proxy serves; a connected key store takes that, too",
        source: source::SPEC,
        check: Some(|facts| {
            let (endpoint, path) = (facts.uri_endpoint()?, facts.uri_path()?);
            let prefix = path.strip_suffix("/kms/xks/v1");
            let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-'));
            let fits = prefix.is_some_and(|prefix| {
                !prefix.contains(odd) && prefix != "/" && (prefix.is_empty() || prefix.starts_with('/'))
            });
            let taken = endpoint.len() + path.len() + "/keys//metadata".len();
            let room = LONGEST_URI.saturating_sub(taken).min(LONGEST_KEY_ID);
            let told = facts.proxy().into_iter().flatten().filter_map(|outcome| outcome.key.as_ref());
            let needed = told.map(|key| key.id.len()).max().unwrap_or(1);
            Ok(saw("path", path, fits && (10..=128).contains(&path.len())).and(
                "characters left for the id of an external key",
                room,
                room >= needed,
            ))
        }),
        ..RULE
    },
    Rule {
        id: "KS-04",
        severity: Severity::BlocksCreate,
        text: "Endpoint and path together must be those of this key store alone",
        outcomes: &[Outcome::refused("XksProxyUriInUseException")],
        remedy: "Choose another path, with a prefix for each key store",
        source: source::KMS_API,
        check: Some(|facts| {
            let (endpoint, path) = (facts.uri_endpoint()?, facts.uri_path()?);
            let same = |other: &&KeyStore| other.uri_endpoint.eq_ignore_ascii_case(&endpoint) && other.uri_path == path;
            let users = facts.others()?.iter().filter(same);
            Ok(each(users.map(|other| ("also has it", &other.name, false)))
                .note("address", format!("{endpoint}{path}")))
        }),
        ..RULE
    },
    Rule {
        id: "KS-05",
        severity: Severity::BlocksCreate,
        text: "The access key id must have 20 to 30 of `A` to `Z` and `2` to `7`, the secret 43 to 64 of letters, digits, \
               `/`, `+` and `=`",
        outcomes: &[Outcome::refused("ValidationException")],
        remedy: "Make a new credential on the proxy: 32 random bytes in Base64 make a secret of 44 characters",
        source: source::KMS_API,
        check: Some(|facts| {
            let id = &facts.key_store()?.access_key_id;
            let letters = id.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
            Ok(saw("access key id", id, letters && (20..=30).contains(&id.len())))
        }),
        ..RULE
    },
    Rule {
        id: "KS-06",
        owner: Owner::Proxy,
        text: "The credential should be made on the proxy for KMS alone, not be one of IAM, and be in no log, file or message",
        symptom: "Whoever holds it can have the key manager decrypt",
        remedy: "Rotate the credential: give the proxy a second one, give it to KMS, wait 5 minutes, remove the old one",
        source: source::CREATE,
        check: Some(|facts| {
            let id = &facts.key_store()?.access_key_id;
            // Where the secret is written down nobody can see, but IAM's ids are of a kind that KMS takes, too.
            let of_iam = id.len() == 20 && IAM_KEYS.iter().any(|prefix| id.starts_with(prefix));
            Ok(saw("access key id", id, !of_iam))
        }),
        ..RULE
    },
    Rule {
        id: "KS-07",
        severity: Severity::BlocksConnect,
        text: "The key store must be `DISCONNECTED` before it is connected: one that has `FAILED` must be disconnected first",
        outcomes: &[Outcome::refused("CustomKeyStoreInvalidStateException")],
        remedy: "Put the cause of the failure right, then disconnect, wait for `DISCONNECTED`, and connect",
        needs_disconnect: true,
        source: source::CONNECT,
        check: Some(|facts| {
            let store = facts.key_store()?;
            let fits = match store.connection_state.as_str() {
                "CONNECTED" => return Err(Open::NotApplicable("the key store is connected")),
                "CONNECTING" => return Err(Open::NotApplicable("the key store is being connected")),
                state => state == "DISCONNECTED",
            };
            let seen = saw("connection state", &store.connection_state, fits);
            Ok(store.connection_error.iter().fold(seen, |seen, code| seen.note("connection error", code)))
        }),
        ..RULE
    },
    Rule {
        id: "KS-08",
        severity: Severity::BlocksCreate,
        text: "Name, credential and path can be changed in any state; connectivity, endpoint, service name and service \
               owner only while the key store is `DISCONNECTED`",
        outcomes: &[Outcome::refused("CustomKeyStoreInvalidStateException")],
        remedy: "Disconnect, change, connect: some ten minutes without keys; prepare and verify everything else before",
        needs_disconnect: true,
        source: source::UPDATE,
        guidance: "It is about a change, not about a state; a plan knows it, and disconnects before",
        ..RULE
    },
    Rule {
        id: "KS-09",
        severity: Severity::BlocksCreate,
        text: "A key store can be deleted only while it is `DISCONNECTED` and when its last KMS key is deleted, not only \
               scheduled for deletion",
        outcomes: &[
            Outcome::refused("CustomKeyStoreInvalidStateException"),
            Outcome::refused("CustomKeyStoreHasCMKsException"),
        ],
        remedy: "Wait out the 7 to 30 days of the scheduled deletion; what the keys have encrypted is lost then",
        needs_disconnect: true,
        source: source::DELETE,
        guidance: "It is about a deletion, not about a state; a teardown counts the keys before",
        ..RULE
    },
    Rule {
        id: "KS-10",
        owner: Owner::KeyManager,
        text: "An external key should be AES-256, enabled, for encryption and decryption, and in use by no other KMS key \
               of the store",
        outcomes: &[
            Outcome::refused("XksKeyInvalidConfigurationException"),
            Outcome::refused("XksKeyNotFoundException"),
            Outcome::refused("XksKeyAlreadyInUseException"),
        ],
        remedy: "Make or enable such a key in the key manager, and give CreateKey its id",
        source: source::SPEC,
        check: Some(|facts| {
            let keys: Vec<_> = facts.proxy()?.iter().filter_map(|outcome| outcome.key.as_ref()).collect();
            if keys.is_empty() {
                let what = "the probe was not told an external key to ask for".to_owned();
                return Err(Open::Unknown(Gap::NotSaid { what }));
            }
            Ok(keys.into_iter().fold(Seen::default(), |seen, key| match &key.metadata {
                Some(metadata) => {
                    let uses = |use_: &str| metadata.usage.iter().any(|each| each == use_);
                    let fits = metadata.spec == "AES_256" && metadata.status == "ENABLED";
                    let said = format!("{}, {}, {}", metadata.spec, metadata.status, metadata.usage.join(" "));
                    seen.and(&key.id, said, fits && uses("ENCRYPT") && uses("DECRYPT"))
                }
                None => match &key.answer {
                    Answer::Status { error_name: Some(error), .. } if UNFIT.contains(&error.as_str()) => {
                        seen.and(&key.id, error, false)
                    }
                    _ => seen.but(Gap::NotSeen { what: format!("the proxy did not tell about `{}`", key.id) }),
                },
            }))
        }),
        ..RULE
    },
    Rule {
        id: "KS-11",
        owner: Owner::KeyManager,
        text: "After a change of endpoint, path or service, the same external keys should be behind them, or exact copies",
        symptom: "What the keys have encrypted cannot be decrypted any more",
        remedy: "Point the key store back to the key manager that has the keys",
        source: source::UPDATE,
        guidance: "No API shows the key material; decrypting something old with each key proves it",
        ..RULE
    },
];
