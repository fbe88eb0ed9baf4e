//! Private DNS names of endpoint services and the proof, by a TXT record, that their domain belongs to the owner.

use std::time::Duration;

use serde_json::{Value, json};

use super::{EndpointService, done, endpoint_service};
use crate::call::{Answer, Call, Fail};
use crate::route53::public_txt;
use crate::world::World;

/// The private DNS name of an endpoint service.
#[derive(Clone, Debug)]
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

    /// Whether the public DNS shows the challenge, under the name itself or any domain above it, with or without the
    /// owner label.
    fn is_proven(&self, world: &World) -> bool {
        let domains = self.name.match_indices('.').map(|(dot, _)| &self.name[dot + 1..]);
        std::iter::once(self.name.as_str()).chain(domains).any(|domain| {
            let labelled = public_txt(world, &format!("{}.{domain}", self.challenge_name));
            labelled.contains(&self.challenge_value) || public_txt(world, domain).contains(&self.challenge_value)
        })
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
