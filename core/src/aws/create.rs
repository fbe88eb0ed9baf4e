//! Creating what AWS offers no client token for: CreateVpc, CreateSubnet, CreateVpnGateway, CreateCustomKeyStore …
//!
//! The SDK's blind retry would make a second one when an answer got lost, so it is off for these calls. After an
//! unclear answer we look whether the thing exists before we try again.

use std::future::Future;
use std::time::Duration;

use crate::apply::Context;
use crate::error::{ErrorKind, Result};

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
