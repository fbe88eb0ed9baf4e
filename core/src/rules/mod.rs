//! What AWS demands of an external key store behind a VPC endpoint service, or advises: 112 rules, one file per family.
//!
//! A rule is data and a pure check over [`Facts`]: no network, no clock. To read one, open its family; to add one, write
//! it there and give it a world that passes and one that fails in `core/tests/rules.toml`.

mod account;
mod dns;
mod endpoint_service;
mod key_store;
mod load_balancer;
mod network;
mod page;
mod permission;
mod proxy;
mod reading;
mod seen;
mod source;
mod targets;
mod tls;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::page::page;
pub use self::seen::{Evidence, Verdict};
use self::seen::{Open, Seen};
pub use self::source::Source;
use crate::facts::Facts;

/// One thing that AWS demands or advises.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Family and number, such as `NET-02`.
    pub id: &'static str,
    /// What a breach does.
    pub severity: Severity,
    /// Who can put a breach right.
    pub owner: Owner,
    /// What must be so, one sentence.
    pub text: &'static str,
    /// How KMS answers to a breach; empty when it does not notice.
    pub outcomes: &'static [Outcome],
    /// What else a breach looks like; empty when KMS's answer is all.
    pub symptom: &'static str,
    /// Rules whose breach brings about a breach of this one: then they are the cause.
    pub follows: &'static [&'static str],
    /// What to do about a breach.
    pub remedy: &'static str,
    /// Whether the remedy takes a disconnected key store: for that time its keys cannot be used.
    pub needs_disconnect: bool,
    /// Where it is documented.
    pub source: Source,
    /// Why no fact decides it; empty for a rule with a check.
    pub guidance: &'static str,
    /// `None` for guidance.
    check: Option<Check>,
}

type Check = fn(&Facts) -> Result<Seen, Open>;

/// What most rules have in common; the others say so.
const RULE: Rule = Rule {
    id: "",
    severity: Severity::Risk,
    owner: Owner::Aws,
    text: "",
    outcomes: &[],
    symptom: "",
    follows: &[],
    remedy: "",
    needs_disconnect: false,
    source: source::VPC,
    guidance: "",
    check: None,
};

/// What a breach does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The key store, or something under it, cannot be created.
    BlocksCreate,
    /// KMS cannot connect the key store.
    BlocksConnect,
    /// It works, and may fail later or expose something.
    Risk,
}

impl Severity {
    /// Reads after "it": `blocks create`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BlocksCreate => "blocks create",
            Self::BlocksConnect => "blocks connect",
            Self::Risk => "risk",
        }
    }
}

/// Whose a breach is to put right.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Whoever holds the AWS account: KMS, PrivateLink, load balancer.
    Aws,
    /// Whoever runs VPC, routes and firewalls.
    Network,
    /// Whoever runs the proxy.
    Proxy,
    /// Whoever runs the external key manager.
    KeyManager,
    /// Whoever runs the domain.
    Dns,
}

impl Owner {
    /// For people: `key manager`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS side",
            Self::Network => "network",
            Self::Proxy => "proxy",
            Self::KeyManager => "key manager",
            Self::Dns => "DNS",
        }
    }
}

/// How KMS answers to a breach: at once when a store is created or updated, and later when it is connected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The exception of CreateCustomKeyStore, UpdateCustomKeyStore or the call at hand.
    pub exception: Option<&'static str>,
    /// The ConnectionErrorCode.
    pub connection_error: Option<&'static str>,
}

impl Outcome {
    const SERVICE_NOT_FOUND: Self =
        Self::both("XksProxyVpcEndpointServiceNotFoundException", "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND");
    const SERVICE_INVALID: Self = Self::both(
        "XksProxyVpcEndpointServiceInvalidConfigurationException",
        "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    );
    const TLS: Self = Self::both("XksProxyUriUnreachableException", "XKS_PROXY_INVALID_TLS_CONFIGURATION");
    const UNREACHABLE: Self = Self::both("XksProxyUriUnreachableException", "XKS_PROXY_NOT_REACHABLE");
    const TIMED_OUT: Self = Self::both("XksProxyUriUnreachableException", "XKS_PROXY_TIMED_OUT");
    const CREDENTIAL: Self = Self::both("XksProxyIncorrectAuthenticationCredentialException", "INVALID_CREDENTIALS");
    const CONFIGURATION: Self = Self::both("XksProxyInvalidConfigurationException", "XKS_PROXY_INVALID_CONFIGURATION");
    const RESPONSE: Self = Self::both("XksProxyInvalidResponseException", "XKS_PROXY_INVALID_RESPONSE");
    const ACCESS_DENIED: Self = Self { exception: None, connection_error: Some("XKS_PROXY_ACCESS_DENIED") };
    const NETWORK_ERRORS: Self = Self { exception: None, connection_error: Some("NETWORK_ERRORS") };

    const fn both(exception: &'static str, connection_error: &'static str) -> Self {
        Self { exception: Some(exception), connection_error: Some(connection_error) }
    }

    /// A call that is refused at once.
    const fn refused(exception: &'static str) -> Self {
        Self { exception: Some(exception), connection_error: None }
    }
}

/// One family of rules: one file, one group in reports.
#[derive(Debug)]
#[non_exhaustive]
pub struct Family {
    /// For people.
    pub title: &'static str,
    /// Its rules, by number.
    pub rules: &'static [Rule],
}

/// The whole catalogue, in the order in which a store comes into being.
pub const FAMILIES: [Family; 10] = [
    Family { title: "Account and Region", rules: account::RULES },
    Family { title: "VPC and subnets", rules: network::RULES },
    Family { title: "Target group and targets", rules: targets::RULES },
    Family { title: "Network Load Balancer", rules: load_balancer::RULES },
    Family { title: "VPC endpoint service", rules: endpoint_service::RULES },
    Family { title: "Private DNS name", rules: dns::RULES },
    Family { title: "Permission for AWS KMS", rules: permission::RULES },
    Family { title: "TLS of the proxy", rules: tls::RULES },
    Family { title: "Proxy and key manager", rules: proxy::RULES },
    Family { title: "External key store", rules: key_store::RULES },
];

/// All rules, family by family.
pub fn catalogue() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.rules)
}

/// The rule with an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    catalogue().find(|rule| rule.id == id)
}

impl Rule {
    /// Whether facts can decide it; others are guidance.
    pub fn is_checkable(&self) -> bool {
        self.check.is_some()
    }

    /// Whether a breach makes KMS, or a service below it, refuse; others are risks that nobody answers to.
    pub fn refuses(&self) -> bool {
        self.severity != Severity::Risk || !self.outcomes.is_empty()
    }

    /// Judges facts: pure, so the same facts give the same verdict.
    pub fn judge(&self, facts: &Facts) -> (Verdict, Vec<Evidence>) {
        let Some(check) = self.check else { return (Verdict::Guidance, Vec::new()) };
        match check(facts) {
            Ok(seen) => seen.verdict(),
            Err(Open::Unknown(missing)) => (Verdict::Unknown { missing }, Vec::new()),
            Err(Open::NotApplicable(why)) => (Verdict::NotApplicable { why: why.to_owned() }, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_what_must_be_and_what_to_do() {
        for rule in catalogue() {
            for (what, text) in [("text", rule.text), ("remedy", rule.remedy)] {
                let first = text.chars().next();
                assert!(first.is_some_and(|c| c.is_uppercase() || c == '`'), "{}: {what}: {text}", rule.id);
                assert!(!text.ends_with('.') && text.is_ascii(), "{}: {what}: {text}", rule.id);
            }
            assert!(!rule.symptom.ends_with('.'), "{}: {}", rule.id, rule.symptom);
            assert_eq!(rule.is_checkable(), rule.guidance.is_empty(), "{}: a check, or why there is none", rule.id);
            assert!(rule.source.url.starts_with("https://"), "{}", rule.id);
        }
    }

    #[test]
    fn what_follows_from_what_are_rules_without_a_circle() {
        fn roots(id: &'static str, above: &[&'static str]) {
            assert!(!above.contains(&id), "{id} follows from itself: {above:?}");
            let found = rule(id).unwrap_or_else(|| panic!("{above:?}: no rule {id}"));
            let above = [above, &[id]].concat();
            found.follows.iter().for_each(|cause| roots(cause, &above));
        }
        catalogue().for_each(|rule| roots(rule.id, &[]));
    }

    #[test]
    fn without_facts_nothing_is_claimed() {
        for rule in catalogue() {
            let (verdict, _) = rule.judge(&Facts::default());
            assert!(!matches!(verdict, Verdict::Pass), "{} passes without facts", rule.id);
        }
    }
}
