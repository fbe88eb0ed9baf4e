//! What KMS makes of the external key store proxy: the code of a failed connection, and the exceptions of calls.

use std::time::Duration;

use super::proxy_call::{self, Trouble};
use super::{KeyStore, endpoint_service};
use crate::call::Fail;
use crate::elb;
use crate::proxy::Setup;
use crate::world::World;

/// What is wrong with the proxy's answer to GetHealthStatus, as a ConnectionErrorCode.
pub(super) fn health(world: &World, store: &KeyStore, operation: &str, at: Duration) -> Option<String> {
    let trouble =
        || proxies(world, store, at).iter().find_map(|each| proxy_call::health(each, store, operation, at).err());
    world.kms.connection_error.clone().or_else(|| trouble().map(|trouble| trouble.connection_error_code().to_owned()))
}

/// Asks the proxy before a key store is made or changed, if KMS can reach it: over the internet always, else only
/// through an existing connection.
pub(super) fn check(world: &World, store: &KeyStore, operation: &str) -> Result<(), Fail> {
    if store.service_name.is_some() && store.connection_state != "CONNECTED" {
        return Ok(());
    }
    health(world, store, operation, world.now).map_or(Ok(()), |code| Err(exception(&code)))
}

/// Asks the proxy about the external key of a new KMS key.
pub(super) fn check_key(world: &World, store: &KeyStore, xks_key_id: &str) -> Result<(), Fail> {
    for proxy in proxies(world, store, world.now) {
        proxy_call::metadata(proxy, store, xks_key_id, world.now).map_err(key_exception)?;
    }
    Ok(())
}

/// The described proxies that KMS may come to for a key store. All must be in order, since it may come to any.
fn proxies<'a>(world: &'a World, store: &KeyStore, at: Duration) -> Vec<&'a Setup> {
    let host = store.uri_endpoint.trim_start_matches("https://");
    let addresses = match endpoint_service::check(world, store, at) {
        Ok(Some(service)) => elb::healthy_targets(world, &service.load_balancer_arns, at),
        _ => Vec::new(),
    };
    let here = |address: &String| {
        if store.service_name.is_some() {
            addresses.contains(&address.as_str())
        } else {
            address.eq_ignore_ascii_case(host)
        }
    };
    world.proxies.iter().filter(|proxy| proxy.addresses.iter().any(here)).collect()
}

/// The exception that says at once what a ConnectionErrorCode says after connecting.
fn exception(connection_error_code: &str) -> Fail {
    let exception = match connection_error_code {
        "INVALID_CREDENTIALS" => "XksProxyIncorrectAuthenticationCredentialException",
        "XKS_PROXY_INVALID_CONFIGURATION" => "XksProxyInvalidConfigurationException",
        "XKS_PROXY_INVALID_RESPONSE" => "XksProxyInvalidResponseException",
        "INTERNAL_ERROR" => return Fail::with_status(500, "KMSInternalException", "Try again"),
        _ => "XksProxyUriUnreachableException",
    };
    Fail::new(exception, format!("The external key store proxy did not answer as expected: {connection_error_code}"))
}

/// The exception of CreateKey.
fn key_exception(trouble: Trouble) -> Fail {
    let exception = match &trouble {
        Trouble::Refused(name) => match name.as_str() {
            "KeyNotFoundException" => "XksKeyNotFoundException",
            "InvalidStateException" | "InvalidKeyUsageException" => "XksKeyInvalidConfigurationException",
            // The specification; the troubleshooting page of KMS says CustomKeyStoreInvalidStateException.
            "AccessDeniedException" => "KMSInvalidStateException",
            "UnsupportedOperationException" => "XksKeyInvalidResponseException",
            _ => "CustomKeyStoreInvalidStateException",
        },
        Trouble::UnfitKey => "XksKeyInvalidConfigurationException",
        _ => "CustomKeyStoreInvalidStateException",
    };
    Fail::new(exception, format!("The external key store proxy did not answer as expected: {trouble:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::elb::fixture::code;
    use crate::kms::fixture::{SECRET, connect, connected, key_store, kms, state, world};
    use crate::proxy::{Answers, Chain, Credential, KeyType, Setup, Transport};
    use crate::world::World;

    type Change = fn(&mut Setup);

    /// A world whose target is a described proxy that accepts the key store's credential.
    fn described(change: impl FnOnce(&mut Setup)) -> World {
        let mut setup = Setup::named("0.example.com");
        setup.addresses = vec!["10.0.0.20".to_owned()];
        setup.stores[0].credentials = vec![Credential::new("ABCDEFGHIJKLMNOPQRST", SECRET)];
        change(&mut setup);
        let mut world = world();
        world.proxies.push(setup);
        world
    }

    /// What connecting comes to.
    fn outcome(change: impl FnOnce(&mut Setup)) -> Option<String> {
        let mut world = described(change);
        let id = key_store(&mut world);
        connect(&mut world, &id);
        state(&mut world).1
    }

    fn suites(proxy: &mut Setup, names: &[&str]) {
        proxy.cipher_suites = names.iter().map(|name| (*name).to_owned()).collect();
    }

    #[test]
    fn what_works_connects() {
        let changes: [Change; 9] = [
            |_| (),
            |proxy| proxy.addresses = vec!["10.0.0.99".to_owned()],
            |proxy| proxy.transport = Transport::Tls12Only,
            |proxy| proxy.transport = Transport::Tls13Only,
            |proxy| proxy.delay_ms = 250,
            |proxy| {
                proxy.fleet[0].health = "UNAVAILABLE".to_owned();
                proxy.fleet[1].health = "DEGRADED".to_owned();
            },
            |proxy| proxy.clock_skew_seconds = -240,
            |proxy| {
                proxy.certificate.key = KeyType::Rsa;
                suites(proxy, &["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]);
            },
            |proxy| {
                proxy.certificate.common_name = Some("*.example.com".to_owned());
                proxy.certificate.alt_names = vec!["*.example.com".to_owned()];
                proxy.stores[0].credentials.insert(0, Credential::new("ZYXWVUTSRQPONMLKJIHG", SECRET));
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            assert_eq!(outcome(change), None, "{number}");
        }
    }

    #[test]
    fn every_flaw_of_a_proxy_has_its_code() {
        let tls: [Change; 14] = [
            |proxy| proxy.transport = Transport::Tls11Only,
            |proxy| proxy.transport = Transport::ClientCertificate,
            |proxy| proxy.certificate.common_name = Some("1.example.com".to_owned()),
            |proxy| proxy.certificate.common_name = Some("*.0.example.com".to_owned()),
            |proxy| proxy.certificate.common_name = None,
            |proxy| proxy.certificate.alt_names.clear(),
            |proxy| proxy.certificate.valid_until_days = 0,
            |proxy| proxy.certificate.valid_from_days = 1,
            |proxy| proxy.certificate.chain = Chain::UntrustedRoot,
            |proxy| proxy.certificate.chain = Chain::WithoutIntermediate,
            |proxy| proxy.certificate.chain = Chain::SelfSigned,
            |proxy| suites(proxy, &["TLS_AES_128_GCM_SHA256"]),
            |proxy| suites(proxy, &["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]),
            |proxy| {
                proxy.transport = Transport::Tls12Only;
                suites(proxy, &["TLS_AES_256_GCM_SHA384"]);
            },
        ];
        let response: [Change; 12] = [
            |proxy| proxy.transport = Transport::PlainHttp,
            |proxy| proxy.answers = Answers::Error(400),
            |proxy| proxy.answers = Answers::Error(500),
            |proxy| proxy.answers = Answers::Error(501),
            |proxy| proxy.answers = Answers::Page(502),
            |proxy| proxy.answers = Answers::Page(200),
            |proxy| proxy.answers = Answers::Garbage,
            |proxy| proxy.answers = Answers::Oversized,
            |proxy| proxy.answers = Answers::Mistyped("xksProxyFleetSize".to_owned()),
            |proxy| proxy.fleet_size = 0,
            |proxy| proxy.fleet.clear(),
            |proxy| proxy.fleet = vec![proxy.fleet[0].clone(); 11],
        ];
        let unreachable: [Change; 5] = [
            |proxy| proxy.transport = Transport::ClosedPort,
            |proxy| proxy.transport = Transport::Closing,
            |proxy| proxy.answers = Answers::Error(429),
            |proxy| proxy.answers = Answers::Error(503),
            |proxy| proxy.fleet.iter_mut().for_each(|each| each.health = "UNAVAILABLE".to_owned()),
        ];
        let timed_out: [Change; 3] = [
            |proxy| proxy.delay_ms = 251,
            |proxy| proxy.transport = Transport::Silent,
            |proxy| proxy.answers = Answers::Endless,
        ];
        let credentials: [Change; 5] = [
            |proxy| proxy.stores[0].credentials = vec![Credential::new("ZYXWVUTSRQPONMLKJIHG", SECRET)],
            |proxy| proxy.stores[0].credentials = vec![Credential::new("ABCDEFGHIJKLMNOPQRST", "another")],
            |proxy| proxy.answers = Answers::Error(401),
            |proxy| proxy.clock_skew_seconds = 360,
            |proxy| proxy.rewritten_host = Some("backend.internal".to_owned()),
        ];
        let denied: [Change; 1] = [|proxy| proxy.answers = Answers::Error(403)];
        let configuration: [Change; 2] =
            [|proxy| proxy.stores[0].prefix = "/other".to_owned(), |proxy| proxy.answers = Answers::Error(404)];
        let all: [(&str, &[Change]); 7] = [
            ("XKS_PROXY_INVALID_TLS_CONFIGURATION", &tls),
            ("XKS_PROXY_INVALID_RESPONSE", &response),
            ("XKS_PROXY_NOT_REACHABLE", &unreachable),
            ("XKS_PROXY_TIMED_OUT", &timed_out),
            ("INVALID_CREDENTIALS", &credentials),
            ("XKS_PROXY_ACCESS_DENIED", &denied),
            ("XKS_PROXY_INVALID_CONFIGURATION", &configuration),
        ];
        for (code, changes) in all {
            for (number, change) in changes.iter().enumerate() {
                assert_eq!(outcome(change).as_deref(), Some(code), "{code} {number}");
            }
        }
    }

    #[test]
    fn every_member_of_the_health_counts() {
        for member in [
            "xksProxyFleetSize",
            "xksProxyVendor",
            "xksProxyModel",
            "ekmVendor",
            "ekmFleetDetails",
            "ekmFleetDetails.id",
            "ekmFleetDetails.model",
            "ekmFleetDetails.healthStatus",
        ] {
            for answers in [Answers::Without(member.to_owned()), Answers::Mistyped(member.to_owned())] {
                let outcome = outcome(|proxy| proxy.answers = answers.clone());
                assert_eq!(outcome.as_deref(), Some("XKS_PROXY_INVALID_RESPONSE"), "{answers:?}");
            }
        }
    }

    #[test]
    fn aws_govcloud_does_not_take_chacha20() {
        let mut setup = Setup::named("0.example.com");
        suites(&mut setup, &["TLS_CHACHA20_POLY1305_SHA256"]);
        assert!(super::proxy_call::has_a_common_suite(&setup, "eu-central-1"));
        assert!(!super::proxy_call::has_a_common_suite(&setup, "us-gov-west-1"));
    }

    #[test]
    fn an_update_is_tried_on_the_proxy_that_is_connected() {
        let credential = |id: &str| json!({"AccessKeyId": id, "RawSecretAccessKey": SECRET});
        let mut world = described(|proxy| {
            proxy.stores[0].credentials.push(Credential::new("ZYXWVUTSRQPONMLKJIHG", SECRET));
        });
        let id = connected(&mut world);
        let mut update = |id_of_key: &str| {
            let input = json!({"CustomKeyStoreId": id, "XksProxyAuthenticationCredential": credential(id_of_key)});
            code(kms(&mut world, "UpdateCustomKeyStore", input))
        };
        assert_eq!(update("ZYXWVUTSRQPONMLKJIHG"), "ok");
        assert_eq!(update("NOBODYNOBODYNOBODYNO"), "XksProxyIncorrectAuthenticationCredentialException");
    }

    #[test]
    fn a_new_key_needs_a_fit_external_key() {
        let create = |change: Change, key: &str| {
            let mut world = described(|_| ());
            let id = connected(&mut world);
            change(&mut world.proxies[0]);
            let input = json!({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": id, "XksKeyId": key});
            code(kms(&mut world, "CreateKey", input))
        };
        let unfit = "XksKeyInvalidConfigurationException";
        let cases: [(Change, &str, &str); 9] = [
            (|_| (), "key-1", "ok"),
            (|_| (), "key-2", "XksKeyNotFoundException"),
            (|proxy| proxy.stores[0].keys[0].enabled = false, "key-1", unfit),
            (|proxy| proxy.stores[0].keys[0].spec = "AES_128".to_owned(), "key-1", unfit),
            (|proxy| proxy.stores[0].keys[0].usage = vec!["ENCRYPT".to_owned()], "key-1", unfit),
            (|proxy| proxy.answers = Answers::Error(403), "key-1", "KMSInvalidStateException"),
            (|proxy| proxy.answers = Answers::Error(501), "key-1", "XksKeyInvalidResponseException"),
            (|proxy| proxy.answers = Answers::Garbage, "key-1", "CustomKeyStoreInvalidStateException"),
            (|proxy| proxy.delay_ms = 300, "key-1", "CustomKeyStoreInvalidStateException"),
        ];
        for (change, key, expected) in cases {
            assert_eq!(create(change, key), expected);
        }
    }

    #[test]
    fn health_checks_over_https_end_with_tls12() {
        let check = |transport| Setup { transport, ..Setup::default() }.answers_check("HTTPS", "/ping");
        assert!(check(Transport::Tls) && check(Transport::Tls12Only) && !check(Transport::Tls13Only));
        assert!(!Setup::default().answers_check("HTTPS", "/kms/xks/v1/health"));
        assert!(!Setup::default().answers_check("HTTP", "/ping"));
        assert!(Setup { transport: Transport::Tls13Only, ..Setup::default() }.answers_check("TCP", ""));
    }
}
