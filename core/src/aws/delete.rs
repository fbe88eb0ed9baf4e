//! Deleting, and proving it: a delete counts when a describe no longer shows the thing.

use std::future::Future;
use std::time::Duration;

use super::wait::{Look, Wait, until};
use crate::apply::Context;
use crate::error::{ErrorKind, Result};

/// How the service speaks of a delete that cannot happen, or need not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delete {
    /// Reads after "waiting until": "the VPC is gone".
    pub(crate) until: &'static str,
    /// Codes that mean: something still holds it, which is about to let go.
    pub(crate) busy: &'static [&'static str],
    /// Codes that mean: it is already gone.
    pub(crate) gone: &'static [&'static str],
    /// How long it usually takes.
    pub(crate) usual: Duration,
}

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// How long reads may show what is gone.
const LAG: Duration = Duration::from_secs(10);

/// What is held for as long although all that was seen to hold it is gone, is held by something that was not seen.
const HELD: Duration = Duration::from_secs(5 * 60);

/// Deletes until the service accepts it, then looks until `still` sees nothing; `still` tells the state seen.
///
/// # Errors
/// What `delete` or `still` fails with; `TimedOut`; the refusal itself when the delete was tried early.
pub(crate) async fn delete<D, S>(
    cx: &Context,
    how: Delete,
    mut delete: impl FnMut() -> D,
    mut still: impl FnMut() -> S,
) -> Result<()>
where
    D: Future<Output = Result<()>>,
    S: Future<Output = Result<Option<String>>>,
{
    let wait = Wait { until: how.until, usual: how.usual, limit: LIMIT };
    let accepted = until(cx, Wait { limit: HELD, ..wait }, || {
        let (attempt, look) = (delete(), still());
        async move {
            match attempt.await {
                Ok(()) => Ok(Look::Done(())),
                Err(error) if error.is_code(how.gone) => Ok(Look::Done(())),
                Err(error) if error.is_code(how.busy) && cx.early => Err(error.too_early()),
                // After a lost answer, the repeated delete of what is going or gone may be called untimely.
                Err(error) if error.is_code(how.busy) => match look.await {
                    Ok(None) => Ok(Look::Done(())),
                    Ok(Some(_)) => Ok(Look::NotYet(error.aws_code().unwrap_or("in use").to_owned())),
                    Err(gone) if gone.is_code(how.gone) => Ok(Look::Done(())),
                    // Such as a denied look: it will not come to know more.
                    Err(blind) => Err(blind),
                },
                Err(error) => Err(error),
            }
        }
    });
    match accepted.await {
        // What is gone has no tags, and a policy that asks for our mark denies a delete that is repeated after a lost answer.
        Err(denied) if denied.kind() == ErrorKind::AccessDenied => {
            return proof(cx, how, Wait { limit: LAG, ..wait }, still).await.map_err(|_| denied);
        }
        Err(held) if held.kind() == ErrorKind::TimedOut => return Err(held.surprise()),
        other => other?,
    }
    cx.accepted();
    proof(cx, how, wait, still).await
}

async fn proof<S>(cx: &Context, how: Delete, wait: Wait, mut still: impl FnMut() -> S) -> Result<()>
where
    S: Future<Output = Result<Option<String>>>,
{
    until(cx, wait, || {
        let look = still();
        async move {
            match look.await {
                Ok(None) => Ok(Look::Done(())),
                Ok(Some(state)) => Ok(Look::NotYet(state)),
                Err(error) if error.is_code(how.gone) => Ok(Look::Done(())),
                Err(error) => Err(error),
            }
        }
    })
    .await
}
