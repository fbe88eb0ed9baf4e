//! AWS STS: who the caller is, and roles in other accounts.

use serde_json::json;

use crate::call::{Answer, Call, Fail};
use crate::world::World;

/// Handles one STS call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    let _ = world;
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({
            "Arn": format!("arn:aws:iam::{}:user/simulated", call.account),
            "UserId": "AIDASIMULATED",
            "Account": call.account,
        })),
        other => Err(Fail::new("InvalidAction", format!("Could not find operation {other}"))),
    }
}
