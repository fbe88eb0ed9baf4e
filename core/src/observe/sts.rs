//! STS into observed: who is calling.

use futures_util::future::{OptionFuture, try_join};

use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::error::{Error, Result};
use crate::observed::Account;

/// Who is calling, and in which account the key store will be.
pub(crate) async fn accounts(aws: &Aws) -> Result<(Account, String)> {
    let who = |sts: &aws_sdk_sts::Client| {
        let request = sts.get_caller_identity();
        async move {
            let output = request.send().await.or_fail("ask who is calling", "sts:GetCallerIdentity")?;
            let id = output.account().ok_or_else(|| Error::incomplete("GetCallerIdentity", "Account"))?.to_owned();
            let partition = output.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
            Ok::<_, Error>(Account { id, partition })
        }
    };
    let other: OptionFuture<_> = aws.kms_sts.as_ref().map(who).into();
    let (network, store) = try_join(who(&aws.sts), async { other.await.transpose() }).await?;
    let store = store.map_or_else(|| network.id.clone(), |account| account.id);
    Ok((network, store))
}
