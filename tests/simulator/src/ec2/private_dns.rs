//! Private DNS names of endpoint services and the proof, by a TXT record, that their domain belongs to the owner.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::{EndpointService, done, endpoint_service};
use crate::call::{Answer, Call, Fail};
use crate::route53::public_txt;
use crate::world::World;

/// The private DNS name of an endpoint service.
#[derive(Clone, Debug, Serialize)]
pub struct PrivateDnsName {
    /// The name.
    pub name: String,
    /// Owner label of the TXT record, `_` and letters.
    pub challenge_name: String,
    /// Value of the TXT record, `vpce:` and letters.
    pub challenge_value: String,
    /// When it was set.
    pub set: Duration,
    /// `pendingVerification`, `verified` or `failed`.
    pub state: String,
    /// When a running verification ends.
    pub verifies_at: Option<Duration>,
}

impl PrivateDnsName {
    /// A new name with a new challenge.
    pub(super) fn new(name: String, world: &mut World) -> Self {
        Self {
            name,
            challenge_name: format!("_{}", world.ids.token(19)),
            challenge_value: format!("vpce:{}", world.ids.token(20)),
            set: world.now,
            state: "pendingVerification".to_owned(),
            verifies_at: None,
        }
    }

    /// As answers show it. AWS invents the challenge a moment after the name is set; until then it is absent.
    pub(super) fn configuration(&self, world: &World) -> Value {
        let known = world.now >= self.set + world.timings.domain_challenge;
        json!({
            "state": self.state,
            "type": "TXT",
            "name": known.then_some(&self.challenge_name),
            "value": known.then_some(&self.challenge_value),
        })
    }

    fn is_proven(&self, world: &World) -> bool {
        self.places().iter().any(|place| public_txt(world, place).contains(&self.challenge_value))
    }

    /// Where the challenge may be published: at the name itself and any domain above it, with or without the owner
    /// label.
    fn places(&self) -> Vec<String> {
        let above = self.name.match_indices('.').map(|(dot, _)| &self.name[dot + 1..]);
        let domains = std::iter::once(self.name.as_str()).chain(above);
        domains.flat_map(|domain| [format!("{}.{domain}", self.challenge_name), domain.to_owned()]).collect()
    }
}

/// Checks the shape of a private DNS name: lower-case labels, at least two, a wildcard only as the first one.
pub(super) fn checked(name: String) -> Result<String, Fail> {
    let labels: Vec<&str> = name.split('.').collect();
    let letters = |label: &str| label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    let proper = |label: &str| (1..=63).contains(&label.len()) && letters(label);
    let rest = if labels[0] == "*" { &labels[1..] } else { &labels[..] };
    if labels.len() < 2 || name.len() > 255 || !rest.iter().all(|label| proper(label)) {
        return Err(Fail::new("InvalidParameter", format!("The private DNS name '{name}' is not valid.")));
    }
    Ok(name)
}

/// StartVpcEndpointServicePrivateDnsVerification. A verified name stays so while it is verified again.
pub(super) fn start_verification(call: &Call, world: &mut World) -> Answer {
    let ends = world.now + world.timings.domain_verification;
    let service = endpoint_service::own_mut(call, world)?;
    let Some(private) = &mut service.private_dns_name else {
        let message = format!("The service {} has no private DNS name to verify.", service.id);
        return Err(Fail::new("InvalidParameter", message));
    };
    if private.state != "verified" {
        private.state = "pendingVerification".to_owned();
    }
    private.verifies_at = Some(ends);
    Ok(done())
}

/// Ends the verifications that are due.
pub(super) fn advance(world: &mut World) {
    let result = |service: &EndpointService| {
        let private = service.private_dns_name.as_ref()?;
        (private.verifies_at? <= world.now).then(|| private.is_proven(world))
    };
    let results: Vec<Option<bool>> = world.ec2.endpoint_services.iter().map(result).collect();
    for (service, proven) in world.ec2.endpoint_services.iter_mut().zip(results) {
        if let (Some(private), Some(proven)) = (&mut service.private_dns_name, proven) {
            private.state = if proven { "verified" } else { "failed" }.to_owned();
            private.verifies_at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PrivateDnsName, checked};
    use crate::timings::Timings;
    use crate::world::World;

    #[test]
    fn the_challenge_counts_at_the_name_and_at_every_domain_above_it() {
        let mut world = World::new(Timings::instant(Duration::ZERO), 1);
        let private = PrivateDnsName::new("xks.payments.example.com".to_owned(), &mut world);
        let places = private.places();
        for domain in ["xks.payments.example.com", "payments.example.com", "example.com"] {
            assert!(places.contains(&domain.to_owned()), "{domain}");
            assert!(places.contains(&format!("{}.{domain}", private.challenge_name)), "{domain} with label");
        }
    }

    #[test]
    fn names_are_lower_case_with_a_wildcard_only_in_front() {
        for name in ["xks.example.com", "*.example.com"] {
            assert!(checked(name.to_owned()).is_ok(), "{name}");
        }
        for name in ["XKS.example.com", "example", "a.*.com", "a..com"] {
            assert!(checked(name.to_owned()).is_err(), "{name}");
        }
    }
}
