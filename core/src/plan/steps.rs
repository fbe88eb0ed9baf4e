//! From desired and observed to steps, and which of them can run now. Pure: same input, same steps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Action, Step};
use crate::desired::Desired;
use crate::observed::Observed;
use crate::resource::connection::Connection;
use crate::resource::domain_record::DomainRecord;
use crate::resource::domain_verification::DomainVerification;
use crate::resource::endpoint_service::EndpointService;
use crate::resource::key_store::KeyStore;
use crate::resource::link::{Link, Sort};
use crate::resource::listener::Listener;
use crate::resource::load_balancer::LoadBalancer;
use crate::resource::permission::Permission;
use crate::resource::route_table::RouteTable;
use crate::resource::routes::Routes;
use crate::resource::security_group::SecurityGroup;
use crate::resource::subnet::{self, Subnet};
use crate::resource::target_group::TargetGroup;
use crate::resource::targets::Targets;
use crate::resource::vpc::Vpc;
use crate::resource::{Change, Effect, Kind, Resource, ResourceId};

/// Why a duplicate goes.
const DUPLICATE: &str = "two runs at the same moment made one each, and nothing uses this one";

/// The steps from what is to what should be, in the order of [`Kind::ALL`].
pub(crate) fn steps(desired: &Desired, observed: &Observed) -> Vec<Step> {
    let mut steps = Steps::default();
    steps.compare_all(desired, observed);
    steps.foresee(observed);
    steps.wait_for_ranges(desired, observed);
    steps.spread_replacements(desired, observed);
    steps.repoint_key_store(observed);
    steps.drop_parts();
    steps.disconnect_first(observed);
    steps.mark_interruptions(observed);
    steps.say_what(desired, observed);
    steps.0.into_values().collect()
}

/// Whether a step can run now: what it needs is there, and what needs it is out of the way.
pub(crate) fn is_ready(step: &Step, steps: &[Step], observed: &Observed) -> bool {
    let kind = step.resource.kind;
    match step.action {
        // Its range is taken until the subnet that has it is gone.
        Action::Create if kind == Kind::Subnet && !step.changes.is_empty() => false,
        // What is kept is decided when it is in use: the VPC by the target group in it, a gateway by its attachment.
        Action::Delete if step.resource.is_duplicate() => {
            let decides = if kind == Kind::Vpc { Kind::TargetGroup } else { kind };
            !steps.iter().any(|s| s.resource.kind == decides && s.action != Action::Delete)
        }
        Action::Create if is_put_into_vpc(kind) && vpc_is_open(steps, observed) => false,
        Action::Create | Action::Update => {
            // All that is below counts: a store must not connect while its endpoint service is being replaced.
            let unfinished =
                |s: &Step| s.action != Action::Delete && depends_on(kind, s.resource.kind) && !is_awaited_late(s, kind);
            !steps.iter().any(unfinished) && is_allowed_by_state(step, observed)
        }
        Action::Replace if kind == Kind::Connection => may_disconnect(steps),
        Action::Replace => !steps.iter().any(|s| holds(s.resource.kind, kind) && s.removes()),
        Action::Delete => {
            // An update lets go of what it needs directly; what it needs through others, those hold.
            let in_the_way = |s: &Step| match s.action {
                Action::Update => s.resource.kind.needs().contains(&kind),
                _ => s.removes() && holds(s.resource.kind, kind),
            };
            !steps.iter().any(in_the_way) && (is_store(kind) || !store_goes(steps))
        }
    }
}

/// What is put into a VPC, apart from the target group.
fn is_put_into_vpc(kind: Kind) -> bool {
    kind != Kind::TargetGroup && kind.needs().contains(&Kind::Vpc)
}

/// Whether it is open which VPC is the store's: two runs at the same moment may make one each. The name of the target
/// group is unique in the Region, so the VPC of the first target group stays, and the other is still empty then.
fn vpc_is_open(steps: &[Step], observed: &Observed) -> bool {
    let ours = observed.vpc.as_ref().is_some_and(|vpc| vpc.ours);
    // While the VPC of the first target group does not show yet, that group differs in its VPC from the one that does.
    let elsewhere = |s: &Step| s.action == Action::Replace && s.changes.iter().any(|change| change.field == "vpc");
    let decides = |s: &Step| s.action == Action::Create || elsewhere(s);
    ours && steps.iter().any(|s| s.resource.kind == Kind::TargetGroup && decides(s))
}

/// The DNS attributes and tags of a VPC are set one by one, and matter to nothing that is put into it: the key store alone
/// waits for them.
fn is_awaited_late(step: &Step, by: Kind) -> bool {
    step.resource.kind == Kind::Vpc && step.action == Action::Update && !is_store(by)
}

fn is_store(kind: Kind) -> bool {
    matches!(kind, Kind::KeyStore | Kind::Connection)
}

/// Whether a key store is to be deleted: KMS may yet refuse, and then its way to the proxy must still stand.
fn store_goes(steps: &[Step]) -> bool {
    steps.iter().any(|s| is_store(s.resource.kind) && s.action == Action::Delete)
}

/// Conditions that are not about other resources but about a state.
fn is_allowed_by_state(step: &Step, observed: &Observed) -> bool {
    match step.resource.kind {
        Kind::DomainVerification => observed.domain_record.as_ref().is_none_or(|record| !record.just_handed_out),
        _ => !step.disconnects() || observed.connection.is_none(),
    }
}

/// While the store is disconnected its keys are unusable, so this comes as late as possible: when all that the change
/// needs is ready, or when the endpoint service itself has to go.
fn may_disconnect(steps: &[Step]) -> bool {
    let service_goes = steps.iter().any(|s| s.resource.kind == Kind::EndpointService && s.removes());
    let unfinished =
        |s: &Step| s.action != Action::Delete && !s.disconnects() && depends_on(Kind::KeyStore, s.resource.kind);
    service_goes || !steps.iter().any(unfinished)
}

/// Whether `kind` needs `other`, directly or through others.
fn depends_on(kind: Kind, other: Kind) -> bool {
    kind.needs().iter().any(|need| *need == other || depends_on(*need, other))
}

/// Whether `kind`, or a part that goes with it, stands in the way of deleting `other`.
fn holds(kind: Kind, other: Kind) -> bool {
    let part_holds = |part: &Kind| part.part_of() == Some(kind) && depends_on(*part, other);
    // The whole never waits for what needs the whole itself.
    depends_on(kind, other) || (other != kind && !depends_on(other, kind) && Kind::ALL.iter().any(part_holds))
}

/// Whether the link stands on subnets.
fn on_subnets(observed: &Observed) -> bool {
    observed.link.as_ref().is_some_and(|link| link.sort == Sort::TransitGateway)
}

fn usually_takes(kind: Kind, action: Action) -> u64 {
    let takes = match action {
        Action::Create => kind.creation_takes(),
        Action::Update => Duration::from_secs(1),
        Action::Replace => kind.deletion_takes() + kind.creation_takes(),
        Action::Delete => kind.deletion_takes(),
    };
    takes.as_secs()
}

#[derive(Default)]
struct Steps(BTreeMap<ResourceId, Step>);

impl Steps {
    fn compare_all(&mut self, desired: &Desired, observed: &Observed) {
        let zones: BTreeSet<&String> = desired.subnets.keys().chain(observed.subnets.keys()).collect();
        for id in observed.duplicate_vpcs.keys() {
            self.compare::<Vpc>(id, desired, observed);
        }
        for id in observed.duplicate_route_tables.keys() {
            self.compare::<RouteTable>(id, desired, observed);
        }
        for id in observed.duplicate_links.keys() {
            self.compare::<Link>(id, desired, observed);
        }
        // An adopted network is used as it is, never changed, never deleted.
        if observed.vpc.as_ref().is_none_or(|vpc| vpc.ours) {
            self.compare::<Vpc>("", desired, observed);
            for zone in zones {
                self.compare::<Subnet>(zone, desired, observed);
            }
        }
        self.compare::<RouteTable>("", desired, observed);
        self.compare::<Link>("", desired, observed);
        self.compare::<Routes>("", desired, observed);
        self.compare::<SecurityGroup>("", desired, observed);
        self.compare::<TargetGroup>("", desired, observed);
        self.compare::<Targets>("", desired, observed);
        self.compare::<LoadBalancer>("", desired, observed);
        self.compare::<Listener>("", desired, observed);
        self.compare::<EndpointService>("", desired, observed);
        self.compare::<Permission>("", desired, observed);
        self.compare::<DomainRecord>("", desired, observed);
        self.compare::<DomainVerification>("", desired, observed);
        self.compare::<KeyStore>("", desired, observed);
        self.compare::<Connection>("", desired, observed);
    }

    fn compare<R: Resource>(&mut self, key: &str, desired: &Desired, observed: &Observed) {
        let (want, seen) = (R::want(desired, key), R::seen(observed, key));
        let (action, changes) = match (want, seen) {
            (None, None) => return,
            (Some(_), None) => (Action::Create, Vec::new()),
            (None, Some(_)) => (Action::Delete, Vec::new()),
            (Some(want), Some(seen)) => match R::differences(want, seen, observed) {
                changes if changes.is_empty() => return,
                changes if changes.iter().any(|change| change.effect == Effect::Replace) => (Action::Replace, changes),
                changes => (Action::Update, changes),
            },
        };
        let resource = ResourceId::new(R::KIND, key);
        let step = Step {
            action,
            what: want.map(R::describe).unwrap_or_default(),
            id: seen.map(R::id).unwrap_or_default(),
            reason: if resource.is_duplicate() { DUPLICATE.to_owned() } else { reason(action, &changes) },
            changes,
            usually_takes_seconds: usually_takes(R::KIND, action),
            interrupts: false,
            resource: resource.clone(),
        };
        self.0.insert(resource, step);
    }

    /// Differences that show only after another step, so that the plan holds them from the start.
    fn foresee(&mut self, observed: &Observed) {
        let Some(service) = self.0.get(&ResourceId::new(Kind::EndpointService, "")) else { return };
        let renamed = service.changes.iter().any(|change| change.field == "private_dns_name");
        if !renamed || service.action != Action::Update {
            return;
        }
        if let Some(record) = &observed.domain_record {
            let change = Change::new("value", &record.record.value, "the value for the new private DNS name");
            self.force(
                Kind::DomainRecord,
                Action::Update,
                &record.record.name,
                vec![change],
                "the private DNS name changes",
            );
        }
        if observed.domain_verification.is_some() {
            self.force(Kind::DomainVerification, Action::Create, "", Vec::new(), "the private DNS name changes");
        }
    }

    /// Two subnets cannot have the same addresses: one whose range, or a part of it, another one still has comes after
    /// the deletion of that one, wherever it is.
    fn wait_for_ranges(&mut self, desired: &Desired, observed: &Observed) {
        for (zone, want) in &desired.subnets {
            let Some(step) = self.0.get_mut(&ResourceId::new(Kind::Subnet, zone)) else { continue };
            let overlap = |seen: &&subnet::Seen| seen.cidr.contains(&want.cidr) || want.cidr.contains(&seen.cidr);
            let taken = observed.subnets.values().find(|seen| seen.zone_id != *zone && overlap(seen));
            let Some(other) = taken.filter(|_| step.action == Action::Create) else { continue };
            step.reason = format!("its range comes from the subnet in {}", other.zone_id);
            step.changes.push(Change::new("cidr", format!("{} in {}", other.cidr, other.zone_id), want.cidr));
        }
    }

    /// Whether a subnet has to go before another one, or its own successor, can come. Then all that stands on subnets
    /// goes first: a load balancer keeps two of them at any time, so it cannot just step aside.
    fn subnets_make_way(&self) -> bool {
        let waits = |step: &Step| step.action == Action::Create && !step.changes.is_empty();
        let subnets = || self.0.values().filter(|step| step.resource.kind == Kind::Subnet);
        subnets().any(|step| step.action == Action::Replace || waits(step))
    }

    /// What needs something that is replaced is replaced too, but for the key store: KMS can point it elsewhere.
    fn spread_replacements(&mut self, desired: &Desired, observed: &Observed) {
        for kind in Kind::ALL {
            let replaced = |need: &Kind| match need {
                Kind::Subnet => self.subnets_make_way(),
                _ => self.is(*need, Action::Replace),
            };
            let Some(parent) = kind.needs().iter().copied().find(replaced) else { continue };
            let reason = format!("the {} is replaced", parent.label());
            match kind {
                Kind::KeyStore | Kind::Connection => {}
                // Of the links, a transit gateway attachment alone has subnets; what hangs on a gateway stays connected.
                Kind::Link if parent == Kind::Subnet && !on_subnets(observed) => {}
                Kind::Subnet => {
                    for (zone, seen) in &observed.subnets {
                        let action = if desired.subnets.contains_key(zone) { Action::Replace } else { Action::Delete };
                        self.force_one(ResourceId::new(kind, zone), action, &seen.id, Vec::new(), &reason);
                    }
                }
                _ if self.is(kind, Action::Create) || self.is(kind, Action::Delete) || !exists(kind, observed) => {}
                _ => self.force(kind, Action::Replace, "", Vec::new(), &reason),
            }
        }
    }

    /// A key store outlives its endpoint service, and is then pointed at the new one.
    fn repoint_key_store(&mut self, observed: &Observed) {
        let anew = self.is(Kind::EndpointService, Action::Replace) || self.is(Kind::EndpointService, Action::Create);
        let Some(store) = observed.key_store.as_ref().filter(|_| anew) else { return };
        let change = Change::new("endpoint_service", &store.service_name, "the new endpoint service").disconnecting();
        let reason = "its endpoint service is created anew";
        self.force(Kind::KeyStore, Action::Update, &store.id, vec![change], reason);
    }

    /// Parts go with the whole: no step of their own to delete them, and only a creation after a replacement.
    fn drop_parts(&mut self) {
        for kind in Kind::ALL {
            let Some(whole) = kind.part_of() else { continue };
            if !self.is(whole, Action::Delete) && !self.is(whole, Action::Replace) {
                continue;
            }
            let id = ResourceId::new(kind, "");
            if self.is(kind, Action::Delete) {
                self.0.remove(&id);
            } else if let Some(step) = self.0.get_mut(&id) {
                step.action = Action::Create;
                step.changes.clear();
            }
        }
    }

    /// A change that AWS takes only while the key store is disconnected.
    fn disconnect_first(&mut self, observed: &Observed) {
        let waits = |step: &Step| step.action == Action::Update && step.disconnects();
        let Some(step) = self.0.values().find(|step| waits(step)).filter(|_| observed.connection.is_some()) else {
            return;
        };
        let reason = format!("the {} can change only while KMS is disconnected", step.resource.kind.label());
        self.force(Kind::Connection, Action::Replace, "", Vec::new(), &reason);
    }

    /// Who cuts the key store off its proxy. A disconnect does, and goes before every other removal; without one, it is
    /// whoever takes away what the connection depends on. Keys of a store that is not CONNECTED are unusable already.
    fn mark_interruptions(&mut self, observed: &Observed) {
        let Some(connection) = &observed.connection else { return };
        let disconnects = self.is(Kind::Connection, Action::Replace) || self.is(Kind::Connection, Action::Delete);
        let cuts = |kind| connection.connected() && !disconnects && depends_on(Kind::Connection, kind);
        for step in self.0.values_mut().filter(|step| step.removes() && !step.resource.is_duplicate()) {
            step.interrupts = step.resource.kind == Kind::Connection || cuts(step.resource.kind);
        }
    }

    /// Steps that follow from others say what they are about like any other.
    fn say_what(&mut self, desired: &Desired, observed: &Observed) {
        for step in self.0.values_mut() {
            let (what, id) = about(&step.resource, desired, observed);
            if step.what.is_empty() {
                step.what = what;
            }
            if step.id.is_empty() {
                step.id = id;
            }
        }
    }

    fn is(&self, kind: Kind, action: Action) -> bool {
        let is = |step: &Step| step.resource.kind == kind && step.action == action && !step.resource.is_duplicate();
        self.0.values().any(is)
    }

    fn force(&mut self, kind: Kind, action: Action, id: &str, changes: Vec<Change>, reason: &str) {
        self.force_one(ResourceId::new(kind, ""), action, id, changes, reason);
    }

    fn force_one(&mut self, resource: ResourceId, action: Action, id: &str, changes: Vec<Change>, reason: &str) {
        let usual = usually_takes(resource.kind, action);
        let step = self.0.entry(resource.clone()).or_insert_with(|| Step {
            resource,
            action,
            what: String::new(),
            id: id.to_owned(),
            reason: String::new(),
            changes: Vec::new(),
            usually_takes_seconds: usual,
            interrupts: false,
        });
        step.action = action;
        step.usually_takes_seconds = usual;
        reason.clone_into(&mut step.reason);
        let known: Vec<String> = step.changes.iter().map(|change| change.field.clone()).collect();
        step.changes.extend(changes.into_iter().filter(|change| !known.contains(&change.field)));
    }
}

/// What a resource is to be, and its id.
fn about(resource: &ResourceId, desired: &Desired, observed: &Observed) -> (String, String) {
    fn of<R: Resource>(key: &str, desired: &Desired, observed: &Observed) -> (String, String) {
        let what = R::want(desired, key).map(R::describe).unwrap_or_default();
        (what, R::seen(observed, key).map(R::id).unwrap_or_default())
    }
    let key = resource.key.as_str();
    match resource.kind {
        Kind::Vpc => of::<Vpc>(key, desired, observed),
        Kind::Subnet => of::<Subnet>(key, desired, observed),
        Kind::RouteTable => of::<RouteTable>(key, desired, observed),
        Kind::Link => of::<Link>(key, desired, observed),
        Kind::Routes => of::<Routes>(key, desired, observed),
        Kind::SecurityGroup => of::<SecurityGroup>(key, desired, observed),
        Kind::TargetGroup => of::<TargetGroup>(key, desired, observed),
        Kind::Targets => of::<Targets>(key, desired, observed),
        Kind::LoadBalancer => of::<LoadBalancer>(key, desired, observed),
        Kind::Listener => of::<Listener>(key, desired, observed),
        Kind::EndpointService => of::<EndpointService>(key, desired, observed),
        Kind::Permission => of::<Permission>(key, desired, observed),
        Kind::DomainRecord => of::<DomainRecord>(key, desired, observed),
        Kind::DomainVerification => of::<DomainVerification>(key, desired, observed),
        Kind::KeyStore => of::<KeyStore>(key, desired, observed),
        Kind::Connection => of::<Connection>(key, desired, observed),
    }
}

fn exists(kind: Kind, observed: &Observed) -> bool {
    match kind {
        Kind::Vpc => observed.vpc.is_some(),
        Kind::Subnet => !observed.subnets.is_empty(),
        Kind::RouteTable => observed.route_table.is_some(),
        Kind::Link => observed.link.is_some(),
        Kind::Routes => observed.routes.is_some(),
        Kind::SecurityGroup => observed.security_group.is_some(),
        Kind::TargetGroup => observed.target_group.is_some(),
        Kind::Targets => observed.targets.is_some(),
        Kind::LoadBalancer => observed.load_balancer.is_some(),
        Kind::Listener => observed.listener.is_some(),
        Kind::EndpointService => observed.endpoint_service.is_some(),
        Kind::Permission => observed.permission.is_some(),
        Kind::DomainRecord => observed.domain_record.is_some(),
        Kind::DomainVerification => observed.domain_verification.is_some(),
        Kind::KeyStore => observed.key_store.is_some(),
        Kind::Connection => observed.connection.is_some(),
    }
}

fn reason(action: Action, changes: &[Change]) -> String {
    let fields = |effect: Effect| {
        let list: Vec<&str> =
            changes.iter().filter(|change| change.effect == effect).map(|change| change.field.as_str()).collect();
        list.join(", ")
    };
    match action {
        Action::Create => "does not exist".to_owned(),
        Action::Delete => "not wanted".to_owned(),
        Action::Update => "differs".to_owned(),
        Action::Replace => format!("AWS cannot change {} in place", fields(Effect::Replace)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::vpc;

    fn step(kind: Kind, action: Action, changes: Vec<Change>) -> Step {
        Step {
            resource: ResourceId::new(kind, ""),
            action,
            what: String::new(),
            id: String::new(),
            reason: String::new(),
            changes,
            usually_takes_seconds: 0,
            interrupts: false,
        }
    }

    #[test]
    fn nothing_is_put_into_a_vpc_while_the_target_group_is_in_another() {
        let vpc = vpc::Seen {
            id: "vpc-2".to_owned(),
            cidrs: Vec::new(),
            dns_support: true,
            dns_hostnames: true,
            ours: true,
            tags: BTreeMap::new(),
        };
        let observed = Observed { vpc: Some(vpc), ..Observed::default() };
        let subnet = step(Kind::Subnet, Action::Create, Vec::new());
        let port = Change::new("port", 443, 8443).replacing();
        let elsewhere = Change::new("vpc", "vpc-1", "vpc-2").replacing();
        let ready = |change| {
            let group = step(Kind::TargetGroup, Action::Replace, vec![change]);
            is_ready(&subnet, &[group, subnet.clone()], &observed)
        };
        assert!(ready(port));
        assert!(!ready(elsewhere));
    }
}
