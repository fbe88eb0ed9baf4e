//! The VPC and its subnets: created from one range, or taken as they are.

use std::net::Ipv4Addr;

use ipnet::{Ipv4Net, Ipv6Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::check_id;
use super::problem::Problems;

/// The VPC in which the Network Load Balancer stands. Write it with [`Network::create`] or [`Network::existing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Network {
    /// A VPC of our own.
    Create {
        /// The IPv4 range of the VPC, /16 to /28 (NET-06).
        cidr: Ipv4Net,
        /// Two or more private subnets, each in a zone of its own (NET-01), inside the range and apart from each other (NET-07).
        subnets: Vec<Subnet>,
    },
    /// A VPC that exists and stays as it is.
    Existing {
        /// The id of the VPC.
        vpc_id: String,
        /// Two or more private subnets of it in different zones (NET-01).
        subnet_ids: Vec<String>,
    },
}

/// A private subnet to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subnet {
    /// The IPv4 range, /16 to /28.
    pub cidr: Ipv4Net,
    /// The id of its Availability Zone, such as `euc1-az1`; `None` lets the library take the next zone of the Region.
    pub zone: Option<String>,
}

impl Network {
    /// A VPC to create, with an IPv4 range of /16 to /28. By default it gets subnets in two zones, computed from the range.
    ///
    /// The range should be free in the data centre as well: see [`data_center`](super::ConnectivityBuilder::data_center).
    pub fn create(cidr: impl ToString) -> CreateNetwork {
        CreateNetwork { cidr: Some(cidr.to_string()), zones: None, subnets: Vec::new() }
    }

    /// A VPC that exists, and two or more of its private subnets in different Availability Zones.
    pub fn existing(
        vpc_id: impl Into<String>,
        subnet_ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> ExistingNetwork {
        ExistingNetwork { vpc_id: Some(vpc_id.into()), subnet_ids: subnet_ids.into_iter().map(Into::into).collect() }
    }

    /// The range of a VPC to create; that of an existing VPC is known only to AWS.
    #[must_use]
    pub fn cidr(&self) -> Option<Ipv4Net> {
        match self {
            Self::Create { cidr, .. } => Some(*cidr),
            Self::Existing { .. } => None,
        }
    }
}

/// A [`Network`] as written by the user, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Network", description = "The VPC in which the load balancer stands.")]
pub enum NetworkDraft {
    /// A VPC to create.
    Create(CreateNetwork),
    /// A VPC that exists and stays as it is.
    Existing(ExistingNetwork),
}

/// A VPC to create, as written by the user: [`Network::create`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNetwork {
    /// The IPv4 range of the VPC, /16 to /28, such as `10.60.0.0/24`. It must not overlap the data centre.
    #[schemars(required)]
    cidr: Option<String>,
    /// In how many Availability Zones to create a subnet, 2 to 6, when `subnets` are not given. 2 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 6))]
    zones: Option<i64>,
    /// The subnets, two or more; computed from the range of the VPC by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subnets: Vec<SubnetDraft>,
}

/// A VPC that exists, as written by the user: [`Network::existing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingNetwork {
    /// The id of the VPC.
    #[schemars(required)]
    vpc_id: Option<String>,
    /// The ids of two or more private subnets in different Availability Zones.
    #[serde(default)]
    #[schemars(required, !default, length(min = 2))]
    subnet_ids: Vec<String>,
}

/// A subnet to create, as written by the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Subnet", description = "A private subnet to create.")]
pub struct SubnetDraft {
    /// The IPv4 range of the subnet, /16 to /28, inside that of the VPC.
    #[schemars(required)]
    cidr: Option<String>,
    /// The id of its Availability Zone, such as `euc1-az1`; by default the next zone of the Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

impl CreateNetwork {
    /// Sets in how many Availability Zones a subnet is computed, 2 to 6; 2 by default (NET-01).
    #[must_use]
    pub fn zones(mut self, zones: u32) -> Self {
        self.zones = Some(zones.into());
        self
    }

    /// Adds a subnet with this range in the next zone of the Region, in place of computed ones.
    #[must_use]
    pub fn subnet(mut self, cidr: impl ToString) -> Self {
        self.subnets.push(SubnetDraft { cidr: Some(cidr.to_string()), zone: None });
        self
    }

    /// Adds a subnet with this range in the Availability Zone with this id (`euc1-az1`), in place of computed ones.
    #[must_use]
    pub fn subnet_in(mut self, zone_id: impl Into<String>, cidr: impl ToString) -> Self {
        self.subnets.push(SubnetDraft { cidr: Some(cidr.to_string()), zone: Some(zone_id.into()) });
        self
    }

    fn check(self, at: &str, problems: &mut Problems) -> Option<Network> {
        let before = problems.count();
        let zones = self.zones.map_or(Some(2), |zones| problems.within(&format!("{at}.zones"), "NET-01", zones, 2..=6));
        let field = format!("{at}.cidr");
        let cidr = problems
            .require(&field, self.cidr, "write the range of the VPC such as `10.60.0.0/24`")
            .and_then(|text| check_range(&text, &field, problems))
            .filter(|cidr| check_vpc_range(*cidr, &field, problems));
        let subnets = if self.subnets.is_empty() {
            zones.zip(cidr).and_then(|(zones, cidr)| compute_subnets(cidr, zones, &field, problems))
        } else {
            if self.zones.is_some_and(|zones| usize::try_from(zones) != Ok(self.subnets.len())) {
                let what = format!("says another number than the {} subnets", self.subnets.len());
                problems.add(format!("{at}.zones"), "NET-01", what, "remove it: each subnet is in a zone of its own");
            }
            check_subnets(self.subnets, cidr, &format!("{at}.subnets"), problems)
        };
        let (Some(cidr), Some(subnets), true) = (cidr, subnets, problems.count() == before) else { return None };
        Some(Network::Create { cidr, subnets })
    }
}

impl ExistingNetwork {
    fn check(self, at: &str, problems: &mut Problems) -> Option<Network> {
        let before = problems.count();
        let field = format!("{at}.vpc_id");
        let vpc_id = problems.require(&field, self.vpc_id, "write the id of the VPC")?;
        check_id(&vpc_id, "vpc", &field, problems);
        let at = format!("{at}.subnet_ids");
        if self.subnet_ids.len() < 2 {
            let what = match self.subnet_ids.as_slice() {
                [] => "names no subnet".to_owned(),
                [only, ..] => format!("names `{only}` only"),
            };
            problems.add(&at, "NET-01", what, "name private subnets in two or more Availability Zones");
        }
        for (index, id) in self.subnet_ids.iter().enumerate() {
            let field = format!("{at}[{index}]");
            check_id(id, "subnet", &field, problems);
            if self.subnet_ids[..index].contains(id) {
                let what = format!("`{id}` is there twice");
                problems.add(field, "NET-01", what, "name a subnet of another Availability Zone");
            }
        }
        (problems.count() == before).then_some(Network::Existing { vpc_id, subnet_ids: self.subnet_ids })
    }
}

impl NetworkDraft {
    pub(crate) fn check(self, at: &str, problems: &mut Problems) -> Option<Network> {
        match self {
            Self::Create(create) => create.check(at, problems),
            Self::Existing(existing) => existing.check(at, problems),
        }
    }
}

impl From<CreateNetwork> for NetworkDraft {
    fn from(create: CreateNetwork) -> Self {
        Self::Create(create)
    }
}

impl From<ExistingNetwork> for NetworkDraft {
    fn from(existing: ExistingNetwork) -> Self {
        Self::Existing(existing)
    }
}

impl From<&Network> for NetworkDraft {
    fn from(network: &Network) -> Self {
        match network {
            Network::Create { cidr, subnets } => {
                let draft =
                    |subnet: &Subnet| SubnetDraft { cidr: Some(subnet.cidr.to_string()), zone: subnet.zone.clone() };
                let mut create = Network::create(cidr);
                create.subnets = subnets.iter().map(draft).collect();
                create.into()
            }
            Network::Existing { vpc_id, subnet_ids } => Network::existing(vpc_id, subnet_ids).into(),
        }
    }
}

/// Reads an IPv4 range in CIDR notation.
pub(crate) fn check_range(text: &str, field: &str, problems: &mut Problems) -> Option<Ipv4Net> {
    let Ok(range) = text.parse::<Ipv4Net>() else {
        if text.parse::<Ipv6Net>().is_ok() {
            let what = format!("`{text}` is an IPv6 range");
            problems.add(field, "NET-03", what, "write an IPv4 range: AWS KMS reaches proxies over IPv4 only");
        } else if text.parse::<Ipv4Addr>().is_ok() {
            problems.add(
                field,
                None,
                format!("`{text}` has no prefix length"),
                format!("write a range such as `{text}/24`"),
            );
        } else {
            problems.add(field, None, format!("`{text}` is not an IPv4 range"), "write it like `10.60.0.0/24`");
        }
        return None;
    };
    if range.trunc() != range {
        let what = format!("`{text}` does not begin on the border of a /{}", range.prefix_len());
        problems.add(field, None, what, format!("write `{}`", range.trunc()));
        return None;
    }
    Some(range)
}

/// Whether two ranges share an address.
pub(crate) fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// Ranges in which EC2 creates no VPC.
const NOT_FOR_A_VPC: [(Ipv4Addr, u8, &str); 4] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "means this network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "is for loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "is link-local"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "is for multicast"),
];

fn check_vpc_range(cidr: Ipv4Net, field: &str, problems: &mut Problems) -> bool {
    if !check_size(cidr, "NET-06", field, problems) {
        return false;
    }
    let taken = NOT_FOR_A_VPC
        .into_iter()
        .find(|(address, length, _)| Ipv4Net::new(*address, *length).is_ok_and(|range| overlap(range, cidr)));
    if let Some((address, length, meaning)) = taken {
        let what = format!("`{cidr}` is in {address}/{length}, which {meaning}");
        problems.add(field, "NET-06", what, "choose a private range such as `10.60.0.0/24`");
    }
    taken.is_none()
}

fn check_size(cidr: Ipv4Net, rule: &'static str, field: &str, problems: &mut Problems) -> bool {
    let wrong = match cidr.prefix_len() {
        0..=15 => "larger than /16",
        16..=28 => return true,
        _ => "smaller than /28",
    };
    problems.add(field, rule, format!("`{cidr}` is {wrong}"), "choose a range of /16 to /28");
    false
}

/// One subnet for each zone, from the beginning of the VPC's range on, all of one size: the range in four parts (or eight,
/// for more than four zones), so that zones can be added later without moving a subnet, but no larger than /24. Where four
/// parts would be smaller than /28, the range is split into just as many as there are zones.
fn compute_subnets(cidr: Ipv4Net, zones: u32, field: &str, problems: &mut Problems) -> Option<Vec<Subnet>> {
    let needed = zones.next_power_of_two().ilog2();
    let split = |bits: u32| u32::from(cidr.prefix_len()) + bits;
    let length = [needed.max(2), needed].into_iter().map(split).find(|length| *length <= 28);
    let ranges =
        length.and_then(|length| u8::try_from(length.max(24)).ok()).and_then(|length| cidr.subnets(length).ok());
    let Some(ranges) = ranges else {
        let what = format!("`{cidr}` is too small for {zones} subnets of /28");
        problems.add(field, "NET-08", what, format!("choose a range of /{} or larger", 28 - needed));
        return None;
    };
    Some(ranges.take(zones as usize).map(|cidr| Subnet { cidr, zone: None }).collect())
}

fn check_subnets(
    drafts: Vec<SubnetDraft>,
    vpc: Option<Ipv4Net>,
    at: &str,
    problems: &mut Problems,
) -> Option<Vec<Subnet>> {
    let before = problems.count();
    if drafts.len() < 2 {
        problems.add(at, "NET-01", "has one subnet only", "add a subnet in another Availability Zone");
    }
    let mut subnets: Vec<Subnet> = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        let field = format!("{at}[{index}].cidr");
        let cidr = problems
            .require(&field, draft.cidr, "write the range of the subnet such as `10.60.0.0/26`")
            .and_then(|text| check_range(&text, &field, problems))
            .filter(|cidr| check_size(*cidr, "NET-07", &field, problems));
        if let Some(cidr) = cidr {
            if let Some(vpc) = vpc.filter(|vpc| !vpc.contains(&cidr)) {
                let what = format!("`{cidr}` is not inside the VPC's `{vpc}`");
                problems.add(&field, "NET-07", what, "choose a part of the VPC's range");
            }
            if let Some(other) = subnets.iter().find(|other| overlap(other.cidr, cidr)) {
                let what = format!("`{cidr}` overlaps the subnet `{}`", other.cidr);
                problems.add(&field, "NET-07", what, "choose a part of the VPC's range that is free");
            }
        }
        if let Some(zone) = &draft.zone {
            let field = format!("{at}[{index}].zone");
            if !is_zone_id(zone) {
                let what = format!("`{zone}` is not the id of an Availability Zone");
                problems.add(
                    field,
                    "NET-09",
                    what,
                    "write an id such as `euc1-az1`: names such as `eu-central-1a` differ between accounts",
                );
            } else if subnets.iter().any(|other| other.zone.as_ref() == Some(zone)) {
                let what = format!("`{zone}` has a subnet already");
                problems.add(field, "NET-01", what, "choose another zone: each subnet needs its own");
            }
        }
        subnets.extend(cidr.map(|cidr| Subnet { cidr, zone: draft.zone }));
    }
    (problems.count() == before).then_some(subnets)
}

/// `euc1-az1`. Ids of Local Zones (`usw2-lax1-az1`) and Wavelength Zones have a part more, and a load balancer for an
/// endpoint service cannot stand there (NET-09).
fn is_zone_id(text: &str) -> bool {
    let Some((region, number)) = text.split_once("-az") else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let letters = region.trim_end_matches(|c: char| c.is_ascii_digit());
    digits(number)
        && digits(&region[letters.len()..])
        && !letters.is_empty()
        && letters.bytes().all(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(cidr: &str, zones: u32) -> Vec<String> {
        let mut problems = Problems::default();
        let network = Network::create(cidr).zones(zones).check("network", &mut problems);
        let Some(Network::Create { subnets, .. }) = network else { panic!("{problems:?}") };
        subnets.iter().map(|subnet| subnet.cidr.to_string()).collect()
    }

    #[test]
    fn zones_are_added_without_moving_a_subnet() {
        assert_eq!(computed("10.60.0.0/24", 2), ["10.60.0.0/26", "10.60.0.64/26"]);
        assert_eq!(computed("10.60.0.0/24", 3), ["10.60.0.0/26", "10.60.0.64/26", "10.60.0.128/26"]);
    }

    #[test]
    fn a_small_range_is_used_up_and_a_large_one_is_not() {
        assert_eq!(computed("10.60.0.0/27", 2), ["10.60.0.0/28", "10.60.0.16/28"]);
        assert_eq!(computed("10.60.0.0/16", 2), ["10.60.0.0/24", "10.60.1.0/24"]);
    }

    #[test]
    fn zone_ids_are_told_from_names_and_other_zones() {
        assert!(is_zone_id("euc1-az1") && is_zone_id("usgw1-az3"));
        assert!(!is_zone_id("eu-central-1a") && !is_zone_id("usw2-lax1-az1") && !is_zone_id("use1-wl1-bos-wlz1"));
    }
}
