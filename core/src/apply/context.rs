//! What a step has at hand: AWS, what is known so far, and the caller's ear.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::event::{Event, EventKind};
use super::preflight::LookAtFacts;
use crate::aws::Aws;
use crate::aws::answer::Answer;
use crate::aws::tags::{self, Tags};
use crate::callback::{CredentialSource, Publisher};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;
use crate::resource::domain_record::TxtRecord;
use crate::resource::{Resource, ResourceId};
use crate::spec::{Credential, KeyStore, ProxyCredential};

/// Where in the log the steps of a run are.
const LOG: &str = "xkslink::apply";

/// What a step has at hand. Cheap to clone: each step gets its own, with the observation of the moment it began.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) aws: Arc<Aws>,
    pub(crate) store: String,
    pub(crate) desired: Arc<Desired>,
    pub(crate) observed: Arc<Observed>,
    pub(crate) resource: Option<ResourceId>,
    /// Whether a delete is tried while something that may hold its object is still leaving.
    pub(crate) early: bool,
    pub(super) accepted: Arc<AtomicBool>,
    pub(super) run: Arc<Run>,
}

/// What all steps of one run share.
pub(crate) struct Run {
    pub(crate) began: SystemTime,
    pub(crate) events: AtomicU64,
    /// The look of the pre-flight; `None` when the caller has agreed to go on whatever it would find.
    pub(crate) facts: Option<LookAtFacts>,
    pub(crate) listener: Option<Listener>,
    pub(crate) publisher: Option<Arc<dyn Publisher>>,
    pub(crate) key_store: Option<KeyStore>,
    pub(crate) credential_source: Option<Arc<dyn CredentialSource>>,
}

/// Whoever wants to hear of events.
pub(crate) type Listener = Box<dyn Fn(&Event) + Send + Sync>;

impl Context {
    /// The observation of a parent. The plan never starts a step before its parents exist.
    pub(crate) fn parent<R: Resource>(&self) -> Result<&R::Seen> {
        R::seen(&self.observed, "").ok_or_else(|| {
            Error::new(
                ErrorKind::StalePlan,
                format!("the {} is missing", R::KIND.label()),
                "it was removed meanwhile; plan again, look at the plan, and apply that",
            )
        })
    }

    /// A client token: the same for the same store and parent, so that a repeated call makes nothing new.
    pub(crate) fn token(&self, what: &str, parent: &str) -> String {
        let digest = Sha256::digest(format!("xkslink\n{}\n{what}\n{parent}", self.store).as_bytes());
        hex::encode(&digest[..16])
    }

    /// Tells the listener, and the log.
    pub(crate) fn emit(&self, what: EventKind) {
        match what {
            EventKind::Waiting { .. } => tracing::debug!(target: LOG, "{what}"),
            EventKind::StepFailed { .. } => tracing::warn!(target: LOG, "{what}"),
            _ => tracing::info!(target: LOG, "{what}"),
        }
        let Some(listener) = &self.run.listener else { return };
        let number = self.run.events.fetch_add(1, Ordering::Relaxed) + 1;
        listener(&Event { version: 1, number, at_seconds: self.aws.since(self.run.began).as_secs_f64(), what });
    }

    /// Tells that AWS has accepted to delete: what it held can be tried while the rest of the step proves it.
    pub(crate) fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Tells that a step looked and will look again.
    pub(crate) fn waiting(
        &self,
        until: &str,
        state: &str,
        attempt: u64,
        waited: Duration,
        usual: Duration,
        next: Duration,
    ) {
        let Some(resource) = self.resource.clone() else { return };
        self.emit(EventKind::Waiting {
            resource,
            until: until.to_owned(),
            state: state.to_owned(),
            attempt,
            waited_seconds: waited.as_secs_f64(),
            usually_takes_seconds: usual.as_secs(),
            next_look_seconds: next.as_secs_f64(),
        });
    }

    /// Shows a person the record to publish.
    pub(crate) fn hand_out(&self, record: &TxtRecord) {
        self.emit(EventKind::PublishRecord { record: record.clone() });
    }

    /// Has the caller publish a record.
    pub(crate) async fn publish(&self, record: &TxtRecord) -> Result<()> {
        let Some(publisher) = &self.run.publisher else {
            return Err(Error::new(
                ErrorKind::InvalidSpec,
                "the spec says that a callback publishes the TXT record, but the client has none",
                "make the client with a publisher, or choose another domain mode",
            ));
        };
        publisher.publish(record).await.map_err(|source| callback_failed("publish the TXT record", source))
    }

    /// Has the caller take a record back. Without a publisher there is nobody to tell.
    pub(crate) async fn withdraw(&self, record: &TxtRecord) -> Result<()> {
        match &self.run.publisher {
            Some(publisher) => {
                publisher.withdraw(record).await.map_err(|source| callback_failed("withdraw the TXT record", source))
            }
            None => Ok(()),
        }
    }

    /// The proxy credential, read at the moment of use.
    pub(crate) async fn credential(&self) -> Result<ProxyCredential> {
        self.run.credential().await
    }

    /// Sets the tags of an EC2 object that are missing or differ.
    pub(crate) async fn tag_ec2(&self, id: &str, seen: &Tags, want: &Tags) -> Result<()> {
        let changed = changed(seen, want);
        if changed.is_empty() {
            return Ok(());
        }
        let request = self.aws.ec2.create_tags().resources(id).set_tags(Some(tags::ec2(&changed)));
        request.send().await.or_fail("set tags", "ec2:CreateTags").map(drop)
    }

    /// The same for an object of Elastic Load Balancing.
    pub(crate) async fn tag_elb(&self, arn: &str, seen: &Tags, want: &Tags) -> Result<()> {
        let changed = changed(seen, want);
        if changed.is_empty() {
            return Ok(());
        }
        let request = self.aws.elb.add_tags().resource_arns(arn).set_tags(Some(tags::elb(&changed)));
        request.send().await.or_fail("set tags", "elasticloadbalancing:AddTags").map(drop)
    }
}

impl Run {
    pub(crate) async fn credential(&self) -> Result<ProxyCredential> {
        match &self.key_store {
            Some(store) if store.credential == Credential::Callback => {
                let Some(source) = &self.credential_source else {
                    return Err(Error::new(
                        ErrorKind::InvalidSpec,
                        "the spec says that a callback gives the proxy credential, but the client has none",
                        "make the client with a source of the credential, or choose another one in the spec",
                    ));
                };
                source.credential().await.map_err(|source| callback_failed("get the proxy credential", source))
            }
            Some(store) => Ok(store.read_credential()?),
            None => Err(Error::new(
                ErrorKind::InvalidSpec,
                "the plan needs the proxy credential, but the spec has no key store",
                "plan again from the spec",
            )),
        }
    }
}

fn changed(seen: &Tags, want: &Tags) -> Tags {
    want.iter().filter(|(key, value)| seen.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn callback_failed(doing: &str, source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    // The text is the caller's own and might hold a secret: it travels as the source, not in our message.
    Error::new(
        ErrorKind::Callback,
        format!("could not {doing}: the callback failed"),
        "see the cause that the callback gave",
    )
    .with_source(source)
}
