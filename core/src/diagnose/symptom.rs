//! What AWS KMS and a proxy say when something is wrong: names and telling phrases, what they mean, whom to suspect.
//!
//! This is data. What a rule's breach leads to stands with the rule; here is only in which order to suspect the rules, and
//! those that KMS's answer alone does not point to.

use std::collections::BTreeSet;

use super::Symptom;
use crate::facts::Facts;
use crate::probe::Answer;
use crate::rules::Outcome;

/// Who says it. What is more specific comes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Voice {
    /// The proxy: `errorName` of the proxy API.
    Proxy,
    /// KMS after connecting: ConnectionErrorCode.
    Connection,
    /// KMS at once: an exception.
    Exception,
}

/// Something that KMS or a proxy says.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) voice: Voice,
    /// The code, exception or `errorName`.
    pub(super) name: &'static str,
    /// What it means, reads after a colon.
    pub(crate) meaning: &'static str,
    /// The first remedy while no cause is found.
    pub(crate) help: &'static str,
    /// What messages say that mean the same, in lower case.
    phrases: &'static [&'static str],
    /// Rules to suspect first, in this order.
    pub(super) suspects: &'static [&'static str],
}

impl Known {
    /// Whether an answer of KMS that a rule's breach leads to is this one.
    pub(super) fn is(&self, outcome: &Outcome) -> bool {
        match self.voice {
            Voice::Connection => outcome.connection_error == Some(self.name),
            Voice::Exception | Voice::Proxy => outcome.exception == Some(self.name),
        }
    }

    pub(super) fn symptom(&self) -> Symptom {
        Symptom { name: self.name.to_owned(), meaning: self.meaning.to_owned() }
    }
}

/// The entry of a code, an exception or an `errorName`.
pub(crate) fn named(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// More than any error message has; the rest is not looked at.
const LONGEST: usize = 64 * 1024;

/// What a text of any kind tells, most specific first. Nothing of the text itself is kept.
pub(super) fn read(text: &str) -> Vec<&'static Known> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let lower = text.to_ascii_lowercase();
    // `InvalidSubnet.Range` is one name, `kms.NotFoundException` ends in one.
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
    let words: BTreeSet<&str> = words.flat_map(|word| word.split('.').chain([word.trim_matches('.')])).collect();
    let tells =
        |known: &&Known| words.contains(known.name) || known.phrases.iter().any(|phrase| lower.contains(phrase));
    sorted(KNOWN.iter().filter(tells).collect())
}

/// What facts tell: the code of a failed connection, and what the proxy said to a probe.
pub(super) fn in_facts(facts: &Facts) -> Vec<&'static Known> {
    let code = facts.key_store.known().and_then(|store| store.connection_error.as_deref());
    let outcomes = facts.probe.iter().flat_map(|probe| &probe.proxy);
    let said = outcomes.filter_map(|outcome| match &outcome.health {
        Answer::Status { error_name, .. } => error_name.as_deref(),
        Answer::None { .. } => None,
    });
    sorted(code.into_iter().chain(said).filter_map(named).collect())
}

pub(super) fn sorted(mut found: Vec<&'static Known>) -> Vec<&'static Known> {
    found.sort_by_key(|known| (known.voice, known.name));
    found.dedup_by_key(|known| known.name);
    found
}

const fn proxy(name: &'static str, meaning: &'static str, suspects: &'static [&'static str]) -> Known {
    Known { voice: Voice::Proxy, name, meaning, help: "", phrases: &[], suspects }
}

const fn exception(name: &'static str, meaning: &'static str, suspects: &'static [&'static str]) -> Known {
    Known { voice: Voice::Exception, name, meaning, help: "", phrases: &[], suspects }
}

const fn code(
    name: &'static str,
    meaning: &'static str,
    help: &'static str,
    suspects: &'static [&'static str],
) -> Known {
    Known { voice: Voice::Connection, name, meaning, help, phrases: &[], suspects }
}

impl Known {
    /// What KMSInvalidStateException says of the same; a code is all that Connect gives, a phrase all that Decrypt does.
    const fn or(mut self, phrases: &'static [&'static str]) -> Self {
        self.phrases = phrases;
        self
    }
}

/// Codes of AWS CloudHSM key stores, which have no proxy.
const fn cloud_hsm(name: &'static str) -> Known {
    code(
        name,
        "a code of AWS CloudHSM key stores, which have no proxy",
        "give the id of an external key store; see the AWS CloudHSM part of the AWS KMS developer guide for the other sort",
        &[],
    )
}

pub(super) const KNOWN: &[Known] = &[
    // ConnectionErrorCode of DescribeCustomKeyStores.
    code("INTERNAL_ERROR", "a fault inside KMS", "apply again", &[]),
    code(
        "NETWORK_ERRORS",
        "network trouble on the way to the proxy",
        "apply again; then check routes and firewalls",
        &["PXY-01", "TGT-09", "NET-10", "NET-11", "NLB-09"],
    ),
    code(
        "INVALID_CREDENTIALS",
        "the proxy refused the credential",
        "check access key id and secret on the proxy, its clock, and that nothing rewrites requests, then apply again",
        &["PXY-06", "PXY-04", "PXY-05"],
    )
    .or(&["could not authenticate", "authentication credential"]),
    code(
        "XKS_PROXY_ACCESS_DENIED",
        "the proxy's own policy refused KMS",
        "let the proxy's policy permit KMS and its health request, then apply again",
        &["PXY-11"],
    )
    .or(&["proxy denied access"]),
    code(
        "XKS_PROXY_NOT_REACHABLE",
        "no connection to the proxy",
        "check that targets are healthy, TCP 443 is open both ways and a key manager is available, then apply again",
        &["TGT-09", "NLB-06", "NLB-09", "NLB-08", "PXY-01", "PXY-07", "TGT-11"],
    )
    .or(&["cannot communicate with the external key store proxy", "proxy is in an unhealthy state"]),
    code(
        "XKS_PROXY_TIMED_OUT",
        "the proxy did not answer within 250 ms",
        "bring the proxy nearer or make it faster, then apply again",
        &["PXY-09", "PXY-01", "PXY-08", "ACC-08"],
    )
    .or(&["in the time allotted", "did not respond in time"]),
    code(
        "XKS_PROXY_INVALID_RESPONSE",
        "KMS did not understand the proxy's answer",
        "check that the proxy speaks TLS on 443 and implements the XKS proxy API, then apply again",
        &["NLB-07", "PXY-08", "PXY-02"],
    )
    .or(&["cannot interpret the response"]),
    code(
        "XKS_PROXY_INVALID_CONFIGURATION",
        "the proxy does not know the path",
        "correct `key_store.path` in the spec, then apply again",
        &["PXY-03"],
    )
    .or(&["invalid uri path"]),
    code(
        "XKS_PROXY_INVALID_TLS_CONFIGURATION",
        "KMS does not accept the proxy's TLS: version, name, expiry or certificate authority",
        "give the proxy a certificate of a public authority for the private DNS name, then apply again",
        &["TLS-08", "TLS-03", "TLS-06", "TLS-01", "TLS-10"],
    )
    .or(&["tls connection", "tls configuration", "tls certificate", "tls handshake"]),
    code(
        "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
        "KMS may not see the endpoint service",
        "plan again: name, Region, owner, acceptance and the principal of KMS are checked",
        &["ACC-02", "EPS-01", "PRM-01", "ACC-04", "ACC-06", "EPS-04"],
    ),
    code(
        "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
        "the endpoint service does not meet the requirements of KMS",
        "plan again: zones, acceptance, private DNS name and its verification are checked",
        &["NLB-01", "NLB-04", "EPS-02", "EPS-03", "EPS-04", "EPS-05", "EPS-06", "DNS-03", "DNS-04", "PRM-01"],
    ),
    cloud_hsm("CLUSTER_NOT_FOUND"),
    cloud_hsm("INSUFFICIENT_CLOUDHSM_HSMS"),
    cloud_hsm("INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"),
    cloud_hsm("SUBNET_NOT_FOUND"),
    cloud_hsm("USER_LOCKED_OUT"),
    cloud_hsm("USER_LOGGED_IN"),
    cloud_hsm("USER_NOT_FOUND"),
    // `errorName` of the proxy API.
    proxy("ValidationException", "a request was refused as malformed", &["KS-02", "KS-03", "KS-05", "PXY-08"]),
    proxy("InvalidStateException", "the external key is not enabled, or not in a state to be used", &["KS-10"])
        .or(&["external key is not enabled"]),
    proxy("InvalidCiphertextException", "the key manager cannot decrypt it: corrupted, or another key's", &["KS-11"])
        .or(&["ciphertext or additional authenticated data", "proxy submitted for decryption"]),
    proxy("InvalidKeyUsageException", "the external key may not encrypt or decrypt", &["KS-10"])
        .or(&["external key does not support the requested operation"]),
    proxy("AuthenticationFailedException", "the proxy refused the credential", &["PXY-06", "PXY-04", "PXY-05"]),
    proxy("AccessDeniedException", "the proxy's own policy refused KMS", &["PXY-11"]),
    proxy("KeyNotFoundException", "the key manager does not know the external key", &["KS-10", "KS-11"])
        .or(&["could not find the external key"]),
    proxy("InvalidUriPathException", "the proxy does not know the path", &["PXY-03"]),
    proxy("ThrottlingException", "the proxy has more requests than it takes", &["PXY-10"]).or(&[
        "request rate is too high",
        "too many requests",
        "request rate exceeds",
    ]),
    proxy("InternalException", "a fault inside the proxy or the key manager", &["PXY-08", "PXY-07"]),
    proxy("UnsupportedOperationException", "the proxy does not implement the operation", &["PXY-13", "PXY-08"])
        .or(&["does not support the requested cryptographic operation"]),
    proxy(
        "DependencyTimeoutException",
        "the key manager did not answer the proxy in time",
        &["PXY-07", "PXY-09", "ACC-08"],
    ),
    // Exceptions of KMS.
    exception(
        "XksProxyVpcEndpointServiceNotFoundException",
        "KMS may not see the endpoint service",
        &["ACC-02", "EPS-01", "PRM-01", "ACC-04", "ACC-06", "ACC-05", "EPS-04"],
    ),
    exception(
        "XksProxyVpcEndpointServiceInvalidConfigurationException",
        "the endpoint service does not meet the requirements of KMS",
        &["NLB-01", "NLB-04", "EPS-02", "EPS-03", "EPS-04", "EPS-05", "EPS-06", "DNS-03", "DNS-04", "PRM-01"],
    ),
    exception(
        "XksProxyUriUnreachableException",
        "KMS could not talk to the proxy: no connection, TLS, or no answer",
        &["TGT-09", "PXY-01", "NLB-06", "TLS-08", "TLS-03", "TLS-06", "PXY-09", "PXY-07"],
    ),
    exception(
        "XksProxyIncorrectAuthenticationCredentialException",
        "the proxy refused the credential",
        &["PXY-06", "PXY-04", "PXY-05"],
    ),
    exception(
        "XksProxyInvalidConfigurationException",
        "the proxy does not know the path, or its TLS does not do",
        &["PXY-03", "TLS-08", "TLS-03", "TLS-06", "EPS-04"],
    ),
    exception("XksProxyInvalidResponseException", "KMS did not understand the proxy's answer", &["PXY-08", "NLB-07"]),
    exception("XksProxyUriInUseException", "another key store has the endpoint and the path", &["KS-04"]),
    exception("XksProxyUriEndpointInUseException", "another key store has the endpoint", &["DNS-02", "NET-12"]),
    exception(
        "XksProxyVpcEndpointServiceInUseException",
        "another key store has the endpoint service",
        &["EPS-10", "NET-12"],
    ),
    exception(
        "XksKeyInvalidConfigurationException",
        "the external key is not AES-256, enabled, for both uses",
        &["KS-10"],
    )
    .or(&["spec of the external key", "status of the external key", "usage of the external key"]),
    exception(
        "XksKeyInvalidResponseException",
        "KMS did not understand what the proxy says of the external key",
        &["PXY-13", "PXY-08"],
    ),
    exception("XksKeyNotFoundException", "the key manager does not know the external key", &["KS-10", "KS-11"]),
    exception("XksKeyAlreadyInUseException", "another KMS key of the key store has the external key", &["KS-10"]),
    exception(
        "CustomKeyStoreInvalidStateException",
        "the key store is in a state that does not allow the call",
        &["KS-07", "KS-08", "KS-09"],
    ),
    exception("CustomKeyStoreNameInUseException", "another key store has the name", &["KS-01"]),
    exception("CustomKeyStoreHasCMKsException", "the key store still holds KMS keys", &["KS-09"]),
    exception("CustomKeyStoreNotFoundException", "there is no such key store in account and Region", &["ACC-03"]),
    exception(
        "KMSInvalidStateException",
        "the key, its key store or what is behind it is not in a state to serve",
        &[],
    ),
    exception("KMSInternalException", "a fault inside KMS, or a proxy that fails now and then", &[]),
    exception("LimitExceededException", "a quota is exhausted", &["ACC-07"]),
    // Exceptions of EC2 and Elastic Load Balancing on the way there.
    exception("AvailabilityZoneNotSupported", "the load balancer cannot be in that zone", &["NET-09"]),
    exception("DuplicateLoadBalancerName", "the name of the load balancer is taken", &["NLB-12"]),
    exception(
        "InvalidConfigurationRequest",
        "the load balancer, target group or listener do not go together",
        &["TGT-03", "TGT-04"],
    ),
    exception("InvalidParameter", "a load balancer is behind another endpoint service already", &["NLB-11"]),
    exception("InvalidSubnet", "the load balancer cannot be in that subnet", &["NET-08", "NET-09"]),
    exception("InvalidSubnet.Conflict", "the range of a subnet overlaps another", &["NET-07"]),
    exception("InvalidSubnet.Range", "the range of a subnet does not fit the VPC", &["NET-07"]),
    exception("InvalidTarget", "the address cannot be a target", &["TGT-06"]),
    exception("InvalidVpc.Range", "no VPC can have the range", &["NET-06"]),
    exception("ValidationError", "Elastic Load Balancing refused a value", &["TGT-07", "NLB-12"]),
];

#[cfg(test)]
mod tests {
    use aws_sdk_kms::types::ConnectionErrorCodeType;

    use super::*;
    use crate::rules::{catalogue, rule};

    #[test]
    fn every_code_of_kms_and_every_answer_to_a_breach_is_known() {
        let outcomes = || catalogue().flat_map(|rule| rule.outcomes);
        let codes = ConnectionErrorCodeType::values().iter().copied();
        let exceptions = outcomes().filter_map(|outcome| outcome.exception);
        let all = codes.chain(outcomes().filter_map(|outcome| outcome.connection_error)).chain(exceptions);
        let unknown: BTreeSet<&str> = all.filter(|name| named(name).is_none()).collect();
        assert_eq!(unknown, BTreeSet::new());
    }

    #[test]
    fn every_error_of_the_proxy_api_is_known_and_leads_to_a_rule() {
        for name in [
            "ValidationException",
            "InvalidStateException",
            "InvalidCiphertextException",
            "InvalidKeyUsageException",
            "AuthenticationFailedException",
            "AccessDeniedException",
            "KeyNotFoundException",
            "InvalidUriPathException",
            "ThrottlingException",
            "InternalException",
            "UnsupportedOperationException",
            "DependencyTimeoutException",
        ] {
            assert!(named(name).is_some_and(|known| !known.suspects.is_empty()), "{name}");
        }
    }

    #[test]
    fn names_are_written_once_and_suspects_are_rules() {
        let names: BTreeSet<&str> = KNOWN.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), KNOWN.len());
        for known in KNOWN {
            let strangers: Vec<_> = known.suspects.iter().filter(|id| rule(id).is_none()).collect();
            assert!(strangers.is_empty(), "{}: {strangers:?}", known.name);
            assert!(known.phrases.iter().all(|phrase| *phrase == phrase.to_ascii_lowercase()), "{}", known.name);
        }
    }

    fn names(text: &str) -> Vec<&'static str> {
        read(text).iter().map(|known| known.name).collect()
    }

    #[test]
    fn a_pasted_text_is_read_for_names_and_phrases() {
        let pasted = "An error occurred (KMSInvalidStateException) when calling the Decrypt operation: The external key \
                      store proxy did not respond to the request in the time allotted. Retry the request.";
        assert_eq!(names(pasted), ["XKS_PROXY_TIMED_OUT", "KMSInvalidStateException"]);
        let log = r#"{"errorName":"AuthenticationFailedException","errorMessage":null}"#;
        assert_eq!(names(log), ["AuthenticationFailedException"]);
        assert_eq!(names("\"ConnectionErrorCode\": \"INVALID_CREDENTIALS\","), ["INVALID_CREDENTIALS"]);
        assert_eq!(names("XksProxyInvalidConfigurationExceptions, all is well"), [""; 0]);
        // What KMS says of the same in words, on the troubleshooting page.
        for (said, name) in [
            ("rejected the request because of an invalid URI path", "XKS_PROXY_INVALID_CONFIGURATION"),
            (
                "cannot establish a TLS connection to the external key store proxy",
                "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            ),
            (
                "cannot communicate with the external key store proxy. This might be a transient network issue",
                "XKS_PROXY_NOT_REACHABLE",
            ),
            ("The external key store proxy is in an unhealthy state", "XKS_PROXY_NOT_REACHABLE"),
            ("the external key store proxy did not respond in time", "XKS_PROXY_TIMED_OUT"),
            ("because it could not authenticate AWS KMS", "INVALID_CREDENTIALS"),
            ("The external key store proxy denied access to the operation", "XKS_PROXY_ACCESS_DENIED"),
            ("cannot interpret the response from the external key store proxy", "XKS_PROXY_INVALID_RESPONSE"),
            ("because it could not find the external key", "KeyNotFoundException"),
            ("because the external key does not support the requested operation", "InvalidKeyUsageException"),
            ("because the external key is not enabled in the external key manager", "InvalidStateException"),
            ("it does not support the requested cryptographic operation", "UnsupportedOperationException"),
            ("The ciphertext that the external key store proxy submitted for decryption", "InvalidCiphertextException"),
            ("The key spec of the external key must be AES_256", "XksKeyInvalidConfigurationException"),
        ] {
            assert_eq!(names(said), [name], "{said}");
        }
        assert_eq!(names(""), [""; 0]);
    }

    #[test]
    fn whatever_is_pasted_is_read_up_to_a_bound() {
        let long = "\u{1f511}".repeat(100_000) + "INVALID_CREDENTIALS";
        assert_eq!(names(&long), [""; 0]);
        let early = "INVALID_CREDENTIALS ".to_owned() + &"\u{0}\u{fffd}x".repeat(1_000_000);
        assert_eq!(names(&early), ["INVALID_CREDENTIALS"]);
    }
}
