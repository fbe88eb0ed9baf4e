//! Which zone each subnet gets: the one it has, the one it asks for, or the next of the Region. Deterministic.

use super::does_not_fit;
use crate::error::Result;
use crate::observed::Observed;
use crate::spec::Subnet;

/// A zone id for each subnet, in their order.
pub(super) fn assign(subnets: &[Subnet], observed: &Observed) -> Result<Vec<String>> {
    let fixed: Vec<Option<String>> = subnets.iter().map(|subnet| fixed(subnet, observed)).collect();
    // The zones of the Region are not read when enough subnets exist: a subnet that replaces another takes its zone.
    let there: Vec<&String> = match observed.zones.is_empty() {
        true => observed.subnets.keys().collect(),
        false => observed.zones.iter().collect(),
    };
    let mut free = there.into_iter().filter(|zone| !fixed.iter().flatten().any(|taken| taken == *zone));
    let real = |zone: &&String| {
        observed.zones.is_empty() || observed.zones.contains(zone) || observed.subnets.contains_key(*zone)
    };
    if let Some(unknown) = fixed.iter().flatten().find(|zone| !real(zone)) {
        let real = observed.zones.join(", ");
        return Err(does_not_fit(&[format!("zone `{unknown}` is not an available zone of the Region ({real})")]));
    }
    let assigned: Option<Vec<String>> =
        fixed.iter().map(|zone| zone.clone().or_else(|| free.next().cloned())).collect();
    assigned.ok_or_else(|| {
        let (wanted, there) = (subnets.len(), observed.zones.len());
        does_not_fit(&[format!("{wanted} subnets need {wanted} zones, but the Region has {there} available zones")])
    })
}

/// The zone that a subnet asks for, or that of the existing subnet with its range.
fn fixed(subnet: &Subnet, observed: &Observed) -> Option<String> {
    let existing = || observed.subnets.values().find(|seen| seen.cidr == subnet.cidr).map(|seen| seen.zone_id.clone());
    subnet.zone.clone().or_else(existing)
}
