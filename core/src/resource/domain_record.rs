//! The TXT record that proves ownership of the private DNS name: in Route 53, through a callback, or by hand.

use std::time::Duration;

use aws_sdk_route53::types::{
    Change as RecordChange, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::endpoint_service::{self, Challenge, EndpointService};
use super::{Change, Kind, Resource, ResourceId, compare};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::pages::Turned;
use crate::aws::tags::FORMER_RECORD;
use crate::aws::wait::{Look, Wait, until};
use crate::desired::Desired;
use crate::error::{Error, ErrorKind, Result};
use crate::observed::Observed;

/// The TXT record.
pub(crate) struct DomainRecord;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) publish: Publish,
    /// Domains that may carry the record, most specific first.
    pub(crate) parents: Vec<String>,
}

/// Who publishes the record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Publish {
    Route53,
    Callback,
    /// A person; apply stops and hands out the record.
    ByHand,
    /// A person; apply waits.
    ByHandWhileWaiting,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) record: TxtRecord,
    /// The hosted zone, when the record is in Route 53.
    pub(crate) zone: Option<Zone>,
    /// Handed out to a person in this very run: verifying at once would be in vain.
    #[serde(skip)]
    pub(crate) just_handed_out: bool,
}

/// A public hosted zone.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Zone {
    /// Without `/hostedzone/`.
    pub(crate) id: String,
    /// Without trailing dot.
    pub(crate) name: String,
}

impl Seen {
    /// The record of a former private DNS name, as a run remembered it that was cut off before it could remove it.
    pub(crate) fn of_former_name(service: &endpoint_service::Seen) -> Option<Self> {
        let mut words = service.tags.get(FORMER_RECORD)?.split(' ').map(str::to_owned);
        let (name, value, zone) = (words.next()?, words.next()?, words.next());
        // The same value as now: the name never changed.
        if service.challenge.as_ref().is_some_and(|challenge| challenge.value == value) {
            return None;
        }
        let zone = zone.zip(name.split_once('.')).map(|(id, (_, domain))| Zone { id, name: domain.to_owned() });
        let record = TxtRecord { name, value, ttl: TTL, alternatives: Vec::new() };
        Some(Self { record, zone, just_handed_out: false })
    }

    /// The value of the tag that remembers the record: owner name, value and, in Route 53, the id of the zone. AWS takes
    /// fewer than 256 characters; a longer one is not remembered.
    pub(crate) fn to_tag(&self) -> Option<String> {
        let zone = self.zone.as_ref().map(|zone| format!(" {}", zone.id)).unwrap_or_default();
        Some(format!("{} {}{zone}", self.record.name, self.record.value)).filter(|text| text.len() < 256)
    }
}

impl Zone {
    /// `Z0123456789 example.com`.
    pub(crate) fn to_tag(&self) -> String {
        format!("{} {}", self.id, self.name)
    }

    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        tag.split_once(' ').map(|(id, name)| Self { id: id.to_owned(), name: name.to_owned() })
    }
}

impl Want {
    /// Whether a person publishes the record.
    pub(crate) fn is_by_hand(&self) -> bool {
        matches!(self.publish, Publish::ByHand | Publish::ByHandWhileWaiting)
    }
}

/// A TXT record to publish.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct TxtRecord {
    /// Full owner name, no trailing dot.
    pub name: String,
    /// Value without quotes; case matters.
    pub value: String,
    /// Seconds.
    pub ttl: u32,
    /// Other owner names that AWS accepts as well, most specific first.
    #[serde(default)]
    pub alternatives: Vec<String>,
}

impl std::fmt::Display for TxtRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}. {} IN TXT \"{}\"", self.name, self.ttl, self.value)
    }
}

/// The TTL that AWS suggests.
const TTL: u32 = 1800;

impl TxtRecord {
    /// The record for a challenge under one of its parents; the others are alternatives.
    pub(crate) fn new(challenge: &Challenge, parent: &str, parents: &[String]) -> Self {
        let under = |parent: &str| format!("{}.{parent}", challenge.name);
        let others = parents.iter().filter(|other| *other != parent).map(|other| under(other)).collect();
        Self { name: under(parent), value: challenge.value.clone(), ttl: TTL, alternatives: others }
    }

    fn quoted(&self) -> String {
        format!("\"{}\"", self.value)
    }
}

impl Resource for DomainRecord {
    const KIND: Kind = Kind::DomainRecord;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.domain_record.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.domain_record.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.domain_record = seen;
    }

    fn describe(want: &Want) -> String {
        let under = want.parents.first().map_or("", String::as_str);
        match want.publish {
            Publish::Route53 => "TXT, in the Route 53 zone of the domain".to_owned(),
            Publish::Callback => format!("TXT under {under}, published by the callback"),
            Publish::ByHand => format!("TXT under {under}, published by hand; apply stops and shows it"),
            Publish::ByHandWhileWaiting => format!("TXT under {under}, published by hand while apply waits"),
        }
    }

    fn id(seen: &Seen) -> String {
        seen.record.name.clone()
    }

    fn differences(_: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        // A new private DNS name has a new challenge. AWS shows it a little later; until then there is nothing to compare,
        // but a record that is known to be of a former name.
        let service = observed.endpoint_service.as_ref();
        let shown = service.and_then(|service| service.challenge.as_ref()).map(|challenge| challenge.value.as_str());
        let former =
            service.and_then(Seen::of_former_name).is_some_and(|former| former.record.value == seen.record.value);
        let wanted = shown.or(former.then_some("the value for the new private DNS name"));
        wanted.and_then(|wanted| compare("value", &seen.record.value.as_str(), &wanted)).into_iter().collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        let challenge = challenge(cx).await?;
        let parent = want.parents.first().map_or("", String::as_str);
        match want.publish {
            Publish::Route53 => {
                let zone = cx.observed.hosted_zone.clone().ok_or_else(|| no_zone(&want.parents))?;
                // At the zone's own name: a name below it might be delegated elsewhere.
                let record = TxtRecord::new(&challenge, &zone.name, &want.parents);
                insert(cx, &zone, &record).await?;
                Ok(Seen { record, zone: Some(zone), just_handed_out: false })
            }
            Publish::Callback => {
                let record = TxtRecord::new(&challenge, parent, &want.parents);
                cx.publish(&record).await?;
                Ok(Seen { record, zone: None, just_handed_out: false })
            }
            Publish::ByHand | Publish::ByHandWhileWaiting => {
                let record = TxtRecord::new(&challenge, parent, &want.parents);
                cx.hand_out(&record);
                Ok(Seen { record, zone: None, just_handed_out: want.publish == Publish::ByHand })
            }
        }
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        withdraw(cx, seen).await?;
        forget(cx).await?;
        Self::create(cx, "", want).await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        if withdraw(cx, seen).await? == Withdrawn::NotThere
            && let Some(other) = asked_for_now(cx, seen).await?
        {
            withdraw(cx, &other).await?;
        }
        forget(cx).await
    }
}

/// What became of a value that was to go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Withdrawn {
    TakenOut,
    /// Nobody had it published.
    NotThere,
}

async fn withdraw(cx: &Context, seen: &Seen) -> Result<Withdrawn> {
    match &seen.zone {
        Some(zone) => remove(cx, zone, &seen.record).await,
        None => cx.withdraw(&seen.record).await.map(|()| Withdrawn::TakenOut),
    }
}

/// The record that the endpoint service asks for, if that is another than the one known. Only the service knows it, and the
/// service goes next: a look that was wrong or late would leave the record for good.
async fn asked_for_now(cx: &Context, known: &Seen) -> Result<Option<Seen>> {
    let (Some(service), Some(zone)) = (&cx.observed.endpoint_service, &known.zone) else { return Ok(None) };
    let now = endpoint_service::look(cx, &service.id).await?.and_then(|now| now.challenge);
    let record = now.map(|challenge| TxtRecord::new(&challenge, &zone.name, &[]));
    let other = |record: &TxtRecord| (&record.name, &record.value) != (&known.record.name, &known.record.value);
    Ok(record.filter(other).map(|record| Seen { record, ..known.clone() }))
}

/// The record of the former private DNS name is gone; nobody has to remember it.
async fn forget(cx: &Context) -> Result<()> {
    let remembers = |service: &&endpoint_service::Seen| service.tags.contains_key(FORMER_RECORD);
    let Some(service) = cx.observed.endpoint_service.as_ref().filter(remembers) else { return Ok(()) };
    let tag = aws_sdk_ec2::types::Tag::builder().key(FORMER_RECORD).build();
    let sent = cx.aws.ec2.delete_tags().resources(&service.id).tags(tag).send().await;
    sent.or_fail("remove the tag of the former TXT record", "ec2:DeleteTags").map(drop)
}

const SHOWN: Wait = Wait {
    until: "AWS shows name and value of the TXT record",
    usual: Duration::from_secs(5),
    limit: Duration::from_secs(5 * 60),
};

/// Route 53 serves a change everywhere after about half a minute.
pub(crate) const USUAL: Duration = Duration::from_secs(30);

const IN_SYNC: Wait =
    Wait { until: "Route 53 serves the change everywhere", usual: USUAL, limit: Duration::from_secs(30 * 60) };

/// What Route 53 says to a change that does not fit what is there.
const REFUSED: &[&str] = &["InvalidChangeBatch"];

async fn challenge(cx: &Context) -> Result<Challenge> {
    let service = cx.parent::<EndpointService>()?;
    if let Some(challenge) = &service.challenge {
        return Ok(challenge.clone());
    }
    until(cx, SHOWN, || async {
        let now = endpoint_service::look(cx, &service.id).await?;
        Ok(now.and_then(|now| now.challenge).map_or(Look::NotYet("empty".to_owned()), Look::Done))
    })
    .await
}

/// Said while planning already: nothing is made for a domain that cannot be verified.
pub(crate) fn no_zone(parents: &[impl AsRef<str>]) -> Error {
    let parents: Vec<&str> = parents.iter().map(AsRef::as_ref).collect();
    Error::new(
        ErrorKind::InvalidSpec,
        format!("Route 53 has no public hosted zone for {} in this account", parents.join(" or ")),
        "give the DNS account's configuration to the client, name the hosted zone, or choose the manual domain mode",
    )
    .with_resource(ResourceId::new(Kind::DomainRecord, ""))
}

const LOOK_FOR_ZONE: &str = "look for the hosted zone";

/// Public hosted zones at or below the registrable domain. Route 53 lists zones by their labels in reverse, so these stand
/// together, and the first zone of another domain ends them.
pub(crate) async fn zones(aws: &crate::aws::Aws, parents: &[String]) -> Result<Vec<Zone>> {
    let Some(highest) = parents.last() else { return Ok(Vec::new()) };
    let below = format!(".{highest}");
    let mut zones = Vec::new();
    let mut turned = Turned::default();
    let mut request = aws.route53.list_hosted_zones_by_name().dns_name(highest);
    loop {
        let sent = request.send().await;
        let output = sent.or_fail(LOOK_FOR_ZONE, "route53:ListHostedZonesByName")?;
        for zone in output.hosted_zones() {
            let name = zone.name().trim_end_matches('.').to_ascii_lowercase();
            // The SDK has an empty text for what is missing. Such a zone would end the search, and the record would stay.
            if name.is_empty() || zone.id().is_empty() {
                return Err(Error::incomplete("ListHostedZonesByName", "Name and Id"));
            }
            if name != *highest && !name.ends_with(&below) {
                return Ok(zones);
            }
            if zone.config().is_none_or(|config| !config.private_zone()) {
                zones.push(Zone { id: zone.id().trim_start_matches("/hostedzone/").to_owned(), name });
            }
        }
        let (true, Some(name)) = (output.is_truncated(), output.next_dns_name) else { return Ok(zones) };
        // Several zones may have one name.
        let next = output.next_hosted_zone_id.as_deref().unwrap_or_default();
        turned.goes_on(LOOK_FOR_ZONE, Some(&format!("{name} {next}")))?;
        request = aws.route53.list_hosted_zones_by_name().dns_name(name);
        request = request.set_hosted_zone_id(output.next_hosted_zone_id);
    }
}

/// The longest zone that is a parent of the private DNS name, or the one that the spec names.
pub(crate) fn choose(zones: Vec<Zone>, parents: &[String], id: Option<&str>) -> Option<Zone> {
    zones
        .into_iter()
        .filter(|zone| id.is_none_or(|id| zone.id == id) && parents.contains(&zone.name))
        .max_by_key(|zone| zone.name.len())
}

/// The values under a name, and their TTL.
pub(crate) async fn values(aws: &crate::aws::Aws, zone: &Zone, name: &str) -> Result<Option<ResourceRecordSet>> {
    let request = aws.route53.list_resource_record_sets().hosted_zone_id(&zone.id).start_record_name(name);
    let sent = request.start_record_type(RrType::Txt).max_items(1).send().await;
    let output = sent.or_fail("look for the TXT record", "route53:ListResourceRecordSets")?;
    let same = |set: &ResourceRecordSet| {
        *set.r#type() == RrType::Txt && set.name().trim_end_matches('.').eq_ignore_ascii_case(name)
    };
    Ok(output.resource_record_sets.into_iter().find(same))
}

/// Adds our value, and waits until it can be seen. The name is AWS's invention, so hardly ever is anything there: Route 53
/// refuses to create what exists, and only then do we look.
async fn insert(cx: &Context, zone: &Zone, record: &TxtRecord) -> Result<()> {
    let ours = [record.quoted()];
    let change = match change(cx, zone, ChangeAction::Create, &record.name, i64::from(record.ttl), &ours).await {
        Err(error) if error.is_code(REFUSED) => merge(cx, zone, record).await?,
        other => other?,
    };
    let Some(change) = change else { return Ok(()) };
    until(cx, IN_SYNC, || async {
        let sent = cx.aws.route53.get_change().id(&change).send().await;
        let output = sent.or_fail("look at the DNS change", "route53:GetChange")?;
        let status = output.change_info().map(|info| info.status().clone());
        Ok(match status {
            Some(ChangeStatus::Insync) | None => Look::Done(()),
            Some(status) => Look::NotYet(status.as_str().to_owned()),
        })
    })
    .await
}

/// Adds our value to those of others under the same name: they stay, and so does their TTL.
async fn merge(cx: &Context, zone: &Zone, record: &TxtRecord) -> Result<Option<String>> {
    let existing = values(&cx.aws, zone, &record.name).await?;
    let mut all = existing.as_ref().map(texts).unwrap_or_default();
    if all.contains(&record.quoted()) {
        return Ok(None);
    }
    all.push(record.quoted());
    let ttl = existing.and_then(|set| set.ttl).unwrap_or(i64::from(record.ttl));
    change(cx, zone, ChangeAction::Upsert, &record.name, ttl, &all).await
}

/// Takes out our value only. Nobody waits for the DNS to forget it. Most often ours is the only one, with our TTL: Route
/// 53 refuses to delete anything else, and only then do we look.
async fn remove(cx: &Context, zone: &Zone, record: &TxtRecord) -> Result<Withdrawn> {
    let ours = [record.quoted()];
    match change(cx, zone, ChangeAction::Delete, &record.name, i64::from(record.ttl), &ours).await {
        Err(error) if error.is_code(REFUSED) => take_out(cx, zone, record).await,
        // The record went with its zone.
        Err(error) if error.is_code(&["NoSuchHostedZone"]) => Ok(Withdrawn::NotThere),
        other => other.map(|_| Withdrawn::TakenOut),
    }
}

/// Takes our value out of whatever stands under the name.
async fn take_out(cx: &Context, zone: &Zone, record: &TxtRecord) -> Result<Withdrawn> {
    let existing = values(&cx.aws, zone, &record.name).await?;
    let Some(existing) = existing.filter(|set| texts(set).contains(&record.quoted())) else {
        return Ok(Withdrawn::NotThere);
    };
    let all = texts(&existing);
    let left: Vec<String> = all.iter().filter(|value| **value != record.quoted()).cloned().collect();
    let ttl = existing.ttl.unwrap_or(i64::from(record.ttl));
    let (action, values) = if left.is_empty() { (ChangeAction::Delete, &all) } else { (ChangeAction::Upsert, &left) };
    match change(cx, zone, action, &record.name, ttl, values).await {
        // The SDK tried again after a lost answer, or somebody changed the record set meanwhile: look again.
        Err(error) if error.is_code(REFUSED) => {
            let now = self::values(&cx.aws, zone, &record.name).await?;
            let gone = now.is_none_or(|set| !texts(&set).contains(&record.quoted()));
            if gone { Ok(Withdrawn::TakenOut) } else { Err(error) }
        }
        other => other.map(|_| Withdrawn::TakenOut),
    }
}

pub(crate) fn texts(set: &ResourceRecordSet) -> Vec<String> {
    set.resource_records().iter().map(|record| record.value().to_owned()).collect()
}

/// Changes the record set; the id of the change while it is not served everywhere.
async fn change(
    cx: &Context,
    zone: &Zone,
    action: ChangeAction,
    name: &str,
    ttl: i64,
    values: &[String],
) -> Result<Option<String>> {
    let records = values.iter().filter_map(|value| ResourceRecord::builder().value(value).build().ok()).collect();
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::Txt).ttl(ttl).set_resource_records(Some(records));
    let batch = set.build().and_then(|set| RecordChange::builder().action(action).resource_record_set(set).build());
    let batch = batch.and_then(|change| ChangeBatch::builder().changes(change).build());
    let batch =
        batch.map_err(|error| Error::new(ErrorKind::InvalidSpec, error.to_string(), "check the domain of the spec"))?;
    let sent = cx.aws.route53.change_resource_record_sets().hosted_zone_id(&zone.id).change_batch(batch).send().await;
    let output = sent.or_fail("change the TXT record", "route53:ChangeResourceRecordSets")?;
    let pending = output.change_info().filter(|info| *info.status() == ChangeStatus::Pending);
    Ok(pending.map(|info| info.id().to_owned()))
}
