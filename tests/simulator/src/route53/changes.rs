//! Changes: they are `PENDING` until all name servers have them.

use std::time::Duration;

use serde_json::json;

use super::{Change, bare_id, change_info};
use crate::call::{Answer, Call, Fail};
use crate::world::World;

pub(super) fn get(call: &Call, world: &World) -> Answer {
    let id = bare_id(call);
    let change = world
        .route53
        .changes
        .iter()
        .find(|change| change.id == id && change.account == call.account)
        .ok_or_else(|| Fail::with_status(404, "NoSuchChange", format!("Could not find resource with ID: {id}")))?;
    Ok(json!({"ChangeInfo": change_info(change, call.now)}))
}

/// How long a change is known that all name servers have. AWS does not say for how long it knows one.
const KNOWN: Duration = Duration::from_secs(60 * 60);

/// Notes a change that begins now.
pub(super) fn submit(call: &Call, world: &mut World, comment: Option<String>) -> Change {
    let change = Change {
        account: call.account.clone(),
        id: format!("C{}", world.ids.token(20).to_uppercase()),
        submitted: call.now,
        in_sync_at: call.now + world.timings.dns_change,
        comment,
    };
    world.route53.changes.retain(|known| call.now < known.in_sync_at + KNOWN);
    world.route53.changes.push(change.clone());
    change
}
