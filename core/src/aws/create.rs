//! Creating once: with a client token where AWS takes one, by looking before trying again where it does not (CreateVpc,
//! CreateSubnet, CreateVpnGateway, CreateCustomKeyStore …).
//!
//! Without a token the SDK's blind retry would make a second one when an answer got lost, so it is off for these calls.
//! After an unclear answer we look whether the thing exists before we try again.

use std::future::Future;
use std::time::Duration;

use crate::apply::Context;
use crate::error::{Error, ErrorKind, Result};

const ATTEMPTS: usize = 6;

/// After a lost answer, reads may lag behind the write: look this often, this far apart, before believing "not there".
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

/// Calls `create`; after an unclear answer `find` tells whether it took effect.
///
/// # Errors
/// The last error of `create`, or any of `find`.
pub(crate) async fn once<T, C, F>(cx: &Context, mut create: impl FnMut() -> C, mut find: impl FnMut() -> F) -> Result<T>
where
    C: Future<Output = Result<T>>,
    F: Future<Output = Result<Option<T>>>,
{
    let mut attempt = 1;
    loop {
        let error = match create().await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        if error.is_unclear() {
            for _ in 0..LOOKS {
                if let Some(found) = find().await? {
                    return Ok(found);
                }
                cx.aws.sleep(BETWEEN_LOOKS).await;
            }
        } else if error.kind() != ErrorKind::Throttled {
            return Err(error);
        }
        if attempt == ATTEMPTS {
            return Err(error);
        }
        cx.aws.sleep(Duration::from_secs(1 << attempt)).await;
        attempt += 1;
    }
}

/// More objects than this are not deleted while AWS still remembers the token of the first of them.
const GENERATIONS: u32 = 9;

/// Calls `create` with a client token that is the same in every run for the same `what` and `parent`. AWS remembers a
/// token longer than the object: when it leads to one that is gone (`None`), or was used with other parameters, the
/// next generation of the token makes a new one.
///
/// # Errors
/// Whatever `create` fails with; `TimedOut` when AWS remembers all generations.
pub(crate) async fn by_token<T, C>(
    cx: &Context,
    what: &str,
    parent: &str,
    mut create: impl FnMut(String) -> C,
) -> Result<T>
where
    C: Future<Output = Result<Option<T>>>,
{
    for generation in 0..=GENERATIONS {
        let parent = if generation == 0 { parent.to_owned() } else { format!("{parent}\n{generation}") };
        match create(cx.token(what, &parent)).await {
            Ok(Some(made)) => return Ok(made),
            Ok(None) => {}
            Err(error) if error.is_code(&["IdempotentParameterMismatch"]) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(
        ErrorKind::TimedOut,
        format!("AWS still remembers {} deleted objects in place of this one", GENERATIONS + 1),
        "apply again some hours later, when AWS has forgotten their client tokens",
    ))
}
