//! Who may use the endpoint service (PRM-01 … PRM-03).

use super::seen::{each, saw};
use super::{Outcome, RULE, Rule, Severity, source};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "PRM-01",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must allow `cks.kms.<region>.amazonaws.com`, the principal of KMS in the Region of \
               the key store",
        outcomes: &[Outcome::SERVICE_NOT_FOUND, Outcome::SERVICE_INVALID],
        follows: &["ACC-01", "ACC-02"],
        remedy: "Add the principal to the allowed principals of the endpoint service",
        check: Some(|facts| {
            let principals = facts.principals.or("there is no endpoint service")?;
            let wanted = format!("cks.kms.{}.amazonaws.com", facts.region);
            let found = principals.iter().any(|principal| principal.name == wanted);
            let others = principals.iter().filter(|principal| principal.name != wanted);
            Ok(saw(&wanted, if found { "allowed" } else { "not allowed" }, found)
                .join(each(others.map(|principal| ("also allowed", &principal.name, true)))))
        }),
        ..RULE
    },
    Rule {
        id: "PRM-02",
        text: "No allowed principal should be an ARN with an IAM path: PrivateLink does not match it",
        symptom: "The principal is refused, or allowed without effect",
        remedy: "Name the role without its path, or use a role that has none",
        source: source::SERVICE_API,
        check: Some(|facts| {
            let principals = facts.principals.or("there is no endpoint service")?;
            Ok(each(
                principals
                    .iter()
                    .map(|principal| ("allowed principal", &principal.name, principal.name.matches('/').count() <= 1)),
            ))
        }),
        ..RULE
    },
    Rule {
        id: "PRM-03",
        text: "Removing the principal of KMS does not cut a connection: it only stops the next one",
        outcomes: &[Outcome::SERVICE_NOT_FOUND],
        remedy: "Disconnect the key store to take access away",
        source: source::SERVICE_CONFIGURE,
        guidance: "It is about what a change does not do; there is no state that breaks it",
        ..RULE
    },
];
