//! The client of a scenario: credentials of the accounts, a credential source, and a publisher that serves records
//! outside Route 53.

use xkslink::spec::ProxyCredential;
use xkslink::{CallbackFuture, Client, CredentialSource, Publisher, TxtRecord};
use xkslink_simulator::Simulator;

/// The access key id in the base specs and of the credential source.
pub const ACCESS_KEY_ID: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// The secret in the base specs and of the credential source. No output may hold it.
pub const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

/// A client with everything that a spec may ask for.
pub fn client(simulator: &Simulator, region: &str, kms_account: Option<&str>) -> Client {
    let config = simulator.sdk_config(region);
    let mut builder = Client::builder(&config).publisher(Elsewhere(simulator.clone())).credential(Known);
    if let Some(account) = kms_account {
        builder = builder.kms(&simulator.sdk_config_of(account, region));
    }
    builder.build()
}

/// Name servers that are not Route 53's.
struct Elsewhere(Simulator);

impl Publisher for Elsewhere {
    fn publish<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        Box::pin(async move {
            let served = (record.name.clone(), record.value.clone());
            self.0.world(|world| {
                if !world.route53.elsewhere.contains(&served) {
                    world.route53.elsewhere.push(served);
                }
            });
            Ok(())
        })
    }

    fn withdraw<'a>(&'a self, record: &'a TxtRecord) -> CallbackFuture<'a, ()> {
        Box::pin(async move {
            self.0.world(|world| world.route53.elsewhere.retain(|(_, value)| *value != record.value));
            Ok(())
        })
    }
}

struct Known;

impl CredentialSource for Known {
    fn credential(&self) -> CallbackFuture<'_, ProxyCredential> {
        Box::pin(async { Ok(ProxyCredential::new(ACCESS_KEY_ID, SECRET)?) })
    }
}
