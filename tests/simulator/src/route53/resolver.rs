//! The public DNS as resolvers see it: name servers trail the API by the time of a change.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{HostedZone, Publication, names, txt};
use crate::world::World;

/// The TXT values that the public DNS shows under a name (no trailing dot, any case), unquoted.
pub(crate) fn public_txt(world: &World, name: &str) -> Vec<String> {
    let name = names::normalize(name);
    let elsewhere = world.route53.elsewhere.iter().filter(|(owner, _)| names::normalize(owner) == name);
    let mut values: Vec<String> = elsewhere.map(|(_, value)| value.clone()).collect();
    if let Some(zone) = authoritative(&world.route53.zones, &name) {
        values.extend(zone.served(&name, "TXT", world.now).iter().filter_map(|value| txt::unquote(value).ok()));
    }
    values
}

/// What the name servers of a zone show at an instant, as (name, type, values) of its record sets.
pub(crate) fn public_records(zone: &HostedZone, now: Duration) -> impl Iterator<Item = (&str, &str, &[String])> {
    let sets: BTreeSet<(&str, &str)> =
        zone.publications.iter().map(|each| (each.name.as_str(), each.kind.as_str())).collect();
    let shown = sets.into_iter().map(move |(name, kind)| (name, kind, zone.served(name, kind, now)));
    shown.filter(|(_, _, values)| !values.is_empty())
}

/// The text of a TXT value as Route 53 keeps it.
pub(crate) fn text_of_txt(value: &str) -> Option<String> {
    txt::unquote(value).ok()
}

/// The most specific public zone with a name. Of several zones of one name the oldest counts: the parent delegates to
/// the name servers of one only.
fn authoritative<'a>(zones: &'a [HostedZone], name: &str) -> Option<&'a HostedZone> {
    let public = zones.iter().filter(|zone| !zone.private && names::contains(&zone.name, name));
    public.rev().max_by_key(|zone| zone.name.len())
}

impl HostedZone {
    /// What the zone's name servers answer at an instant.
    fn served(&self, name: &str, kind: &str, now: Duration) -> &[String] {
        let mine = self.publications.iter().filter(|each| each.name == name && each.kind == kind);
        mine.rev().find(|each| each.visible_at <= now).map_or(&[], |each| &each.values)
    }

    /// Makes the present record sets of a name and type visible from an instant on.
    pub(super) fn publish(&mut self, name: &str, kind: &str, now: Duration, visible_at: Duration) {
        let mine = self.records.iter().filter(|each| each.name == name && each.kind == kind);
        let values = mine.flat_map(|each| each.values.iter().cloned()).collect();
        self.forget_outdated(now);
        self.publications.push(Publication { name: name.to_owned(), kind: kind.to_owned(), values, visible_at });
    }

    /// Drops what a later, already visible publication has replaced, and what says that there is nothing.
    fn forget_outdated(&mut self, now: Duration) {
        let mut replaced = BTreeSet::new();
        let mut kept: Vec<Publication> = Vec::new();
        for each in self.publications.drain(..).rev() {
            let visible = each.visible_at <= now;
            let replaced = visible && !replaced.insert((each.name.clone(), each.kind.clone()));
            let nothing = visible && each.values.is_empty();
            if !replaced && !nothing {
                kept.push(each);
            }
        }
        kept.reverse();
        self.publications = kept;
    }
}
