//! Route 53 into observed: the hosted zone, and the TXT record with its values.

use super::{DomainScope, Ours, Scope};
use crate::aws::tags;
use crate::error::{ErrorKind, Result};
use crate::resource::domain_record::{self, TxtRecord, Zone};
use crate::resource::endpoint_service;
use crate::spec::DnsName;

impl Ours<'_> {
    /// The zone for the TXT record, when it is to be in Route 53: the one that the plan chose, or the one of the domain.
    pub(super) async fn hosted_zone(&self, scope: &Scope, look: bool) -> Result<Option<Zone>> {
        let DomainScope::Route53 { parents, hosted_zone_id } = &scope.domain else { return Ok(None) };
        if scope.hosted_zone.is_some() || !look {
            return Ok(scope.hosted_zone.clone());
        }
        let zones = domain_record::zones(self.aws, parents).await?;
        Ok(domain_record::choose(zones, parents, hosted_zone_id.as_deref()))
    }

    /// The record, when it is where the endpoint service's tag says: then nobody need ask for the zones.
    pub(super) async fn published_as_hinted(
        &self,
        scope: &Scope,
        service: Option<&endpoint_service::Seen>,
    ) -> Result<Option<domain_record::Seen>> {
        let (DomainScope::Route53 { parents, hosted_zone_id }, Some(service)) = (&scope.domain, service) else {
            return Ok(None);
        };
        // A record of a former name has to go first.
        if scope.teardown || domain_record::Seen::of_former_name(service).is_some() {
            return Ok(None);
        }
        let zone = domain_record::choose(hinted(service).into_iter().collect(), parents, hosted_zone_id.as_deref());
        let (Some(zone), Some(challenge)) = (zone, &service.challenge) else { return Ok(None) };
        let record = TxtRecord::new(challenge, &zone.name, parents);
        let published = match self.published(&zone, &record).await {
            Err(error) if error.is_code(&["NoSuchHostedZone"]) => false,
            other => other?,
        };
        Ok(published.then_some(domain_record::Seen { record, zone: Some(zone), just_handed_out: false }))
    }

    pub(super) async fn domain_record(
        &self,
        scope: &Scope,
        service: Option<&endpoint_service::Seen>,
        hosted_zone: Option<&Zone>,
    ) -> Result<Option<domain_record::Seen>> {
        let Some(service) = service else { return Ok(None) };
        if let Some(former) = domain_record::Seen::of_former_name(service) {
            return Ok(Some(former));
        }
        let Some(challenge) = &service.challenge else { return Ok(None) };
        let seen = |record, zone| Some(domain_record::Seen { record, zone, just_handed_out: false });
        match &scope.domain {
            DomainScope::Route53 { parents, hosted_zone_id } => {
                // A teardown tries where the record was put, whatever zones Route 53 lists.
                let tagged = hinted(service).filter(|_| scope.teardown);
                let fits = domain_record::choose(tagged.iter().cloned().collect(), parents, hosted_zone_id.as_deref());
                let Some(zone) = fits.or_else(|| hosted_zone.cloned()).or(tagged) else { return Ok(None) };
                let record = TxtRecord::new(challenge, &zone.name, parents);
                let published = scope.teardown || self.published(&zone, &record).await?;
                Ok(published.then(|| seen(record, Some(zone))).flatten())
            }
            DomainScope::Callback { parents } => {
                let record = TxtRecord::new(challenge, parents.first().map_or("", String::as_str), parents);
                Ok((scope.teardown || service.verified()).then(|| seen(record, None)).flatten())
            }
            DomainScope::ByHand { parents } => {
                Ok(seen(TxtRecord::new(challenge, parents.first().map_or("", String::as_str), parents), None))
            }
            DomainScope::Unknown => {
                let parents = parents_of(&service.private_dns_name);
                // Who tears down by name may have no access to DNS; then there is no record that we could remove.
                let zones = match domain_record::zones(self.aws, &parents).await {
                    Err(error) if error.kind() == ErrorKind::AccessDenied => Vec::new(),
                    other => other?,
                };
                let Some(zone) = domain_record::choose(zones, &parents, None) else { return Ok(None) };
                Ok(seen(TxtRecord::new(challenge, &zone.name, &parents), Some(zone)))
            }
        }
    }

    async fn published(&self, zone: &Zone, record: &TxtRecord) -> Result<bool> {
        let set = domain_record::values(self.aws, zone, &record.name).await?;
        let quoted = format!("\"{}\"", record.value);
        Ok(set.is_some_and(|set| domain_record::texts(&set).contains(&quoted)))
    }
}

/// The zone that a tag of the endpoint service names.
fn hinted(service: &endpoint_service::Seen) -> Option<Zone> {
    service.tags.get(tags::HOSTED_ZONE).and_then(|tag| Zone::from_tag(tag))
}

/// The parents of a private DNS name that could carry its record, most specific first.
fn parents_of(name: &str) -> Vec<String> {
    DnsName::parse(name).map(|name| name.parents().into_iter().map(str::to_owned).collect()).unwrap_or_default()
}
