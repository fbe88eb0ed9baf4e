//! Client tokens: a repeated create with the same token answers with the object that the first one made.

use serde::Serialize;
use serde_json::Value;

use super::home_of;
use crate::call::{Call, Fail};
use crate::world::{Home, World};

/// A token that a caller used.
#[derive(Clone, Debug, Serialize)]
pub struct ClientToken {
    home: Home,
    operation: String,
    token: String,
    input: Value,
    id: String,
}

/// The id of the object that an earlier call with this token made. The caller forgets tokens of objects that are gone.
pub(super) fn earlier(call: &Call, world: &World) -> Result<Option<String>, Fail> {
    let Some(token) = call.text("ClientToken") else { return Ok(None) };
    let home = home_of(call);
    let same = |known: &&ClientToken| known.token == token && known.operation == call.operation && known.home == home;
    match world.ec2.client_tokens.iter().find(same) {
        None => Ok(None),
        Some(known) if known.input == parameters(call) => Ok(Some(known.id.clone())),
        Some(_) => Err(Fail::new(
            "IdempotentParameterMismatch",
            format!("The client token '{token}' was already used with other parameters."),
        )),
    }
}

/// Keeps the token of a call that made an object.
pub(super) fn remember(call: &Call, world: &mut World, id: &str) {
    let Some(token) = call.text("ClientToken") else { return };
    world.ec2.client_tokens.push(ClientToken {
        home: home_of(call),
        operation: call.operation.clone(),
        token,
        input: parameters(call),
        id: id.to_owned(),
    });
}

/// Forgets the tokens of an object that is gone: a later create with the same token makes a new one.
pub(super) fn forget(world: &mut World, id: &str) {
    world.ec2.client_tokens.retain(|known| known.id != id);
}

fn parameters(call: &Call) -> Value {
    let mut input = call.input.clone();
    if let Some(members) = input.as_object_mut() {
        members.remove("ClientToken");
        members.remove("DryRun");
    }
    input
}
