//! What would change, before anything does.

pub(crate) mod diagram;
pub(crate) mod steps;
mod text;
mod topology;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::desired::Note;
use crate::error::{Error, ErrorKind, Result};
use crate::resource::domain_record::Zone;
use crate::resource::{Change, Effect, Kind, ResourceId};
use crate::spec::{Connectivity, ConnectivityBuilder, LONGEST_DOCUMENT, Network};

/// The changes that would make a spec true, or take a store down. Shown to people with `Display`, kept as JSON,
/// approved by handing it to [`Client::apply`](crate::Client::apply).
///
/// Deterministic: the same spec and the same state of AWS give the same plan, hash included.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Plan {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    version: u32,
    /// Identifies everything else in the plan, 64 hexadecimal digits.
    hash: String,
    /// What it is for.
    purpose: Purpose,
    /// The store.
    store: String,
    /// The Region.
    region: String,
    /// What is to be made true; `None` when there is nothing but a store to take down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ConnectivityBuilder>")]
    spec: Option<Connectivity>,
    /// The Route 53 zone that the TXT record is in, or will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    hosted_zone: Option<Zone>,
    /// The changes, parents before what needs them.
    steps: Vec<Step>,
    /// Risks that were seen while planning: they stop nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Make a spec true.
    Apply,
    /// Take a store down.
    Teardown,
}

/// One change to one resource.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Step {
    /// What changes.
    pub resource: ResourceId,
    /// How.
    pub action: Action,
    /// What it will be, for people.
    pub what: String,
    /// Its id in AWS, when it exists and has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Why the step exists.
    pub reason: String,
    /// The fields that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// How long AWS usually takes, in seconds.
    pub usually_takes_seconds: u64,
    /// Whether it cuts the connected key store off its proxy: keys are unusable meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupts: bool,
}

/// How a resource changes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It does not exist.
    Create,
    /// AWS changes it in place.
    Update,
    /// AWS cannot change it in place: delete and create.
    Replace,
    /// It is not wanted any more.
    Delete,
}

/// What a plan may do beyond creating and updating, once the caller says so.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Delete and create again what AWS cannot change in place.
    Replace,
    /// Delete what is not wanted any more.
    Delete,
    /// Cut the key store off its proxy, by KMS's disconnect or because the way to the proxy is taken away and made anew:
    /// its keys are unusable until it is connected again.
    Disconnect,
    /// Go on although rules do not hold for which KMS would refuse. They are not checked then.
    DespiteRules,
}

impl Step {
    /// Whether something that exists goes away.
    pub(crate) fn removes(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Replace)
    }

    /// Whether KMS takes the change only while the key store is disconnected.
    pub(crate) fn disconnects(&self) -> bool {
        self.changes.iter().any(|change| change.effect == Effect::Disconnect)
    }

    /// What the caller must agree to.
    fn needs_consent(&self) -> impl Iterator<Item = Consent> {
        let removal = match self.action {
            // Nothing goes away with a connection but the use of the keys.
            _ if self.resource.kind == Kind::Connection => None,
            // We made it, nothing of the store uses it, and AWS deletes it only while it is empty: there is nothing to lose.
            _ if self.resource.is_duplicate() => None,
            Action::Replace => Some(Consent::Replace),
            Action::Delete => Some(Consent::Delete),
            Action::Create | Action::Update => None,
        };
        removal.into_iter().chain(self.interrupts.then_some(Consent::Disconnect))
    }

    /// Whether approving `self` covers `other`, a step of a later look at AWS.
    fn covers(&self, other: &Self) -> bool {
        let same = self.action == other.action || (self.action == Action::Replace && other.action == Action::Create);
        let field_known = |change: &Change| self.changes.iter().any(|mine| mine.field == change.field);
        // A resource that is created here may need its finishing touches in a later round.
        let creation = matches!(self.action, Action::Create | Action::Replace) && other.action == Action::Update;
        // A yes to removing something is a yes to removing that very object.
        let same_object = !other.removes() || self.id == other.id;
        self.resource == other.resource
            && (creation || (same && same_object && (other.removes() || other.changes.iter().all(field_known))))
    }
}

impl Plan {
    pub(crate) fn new(
        purpose: Purpose,
        store: &str,
        region: &str,
        spec: Option<Connectivity>,
        steps: Vec<Step>,
    ) -> Self {
        let mut plan = Self {
            version: 1,
            hash: String::new(),
            purpose,
            store: store.to_owned(),
            region: region.to_owned(),
            spec,
            hosted_zone: None,
            steps,
            notes: Vec::new(),
        };
        plan.hash = plan.fingerprint();
        plan
    }

    pub(crate) fn with_notes(mut self, notes: Vec<Note>) -> Self {
        self.notes = notes;
        self.hash = self.fingerprint();
        self
    }

    pub(crate) fn in_hosted_zone(mut self, zone: Option<Zone>) -> Self {
        self.hosted_zone = zone;
        self.hash = self.fingerprint();
        self
    }

    /// SHA-256 over everything else in the plan: spec, store, hosted zone, steps, with what was observed of each, and notes.
    fn fingerprint(&self) -> String {
        let (who, what) = ((&self.store, &self.region, &self.spec), (&self.hosted_zone, &self.steps, &self.notes));
        let content = (&self.purpose, who, what);
        let text = serde_json::to_string(&content).unwrap_or_default();
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps, parents before what needs them.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Risks that were seen while planning: they stop nobody, and say what to do about them.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Identifies spec, store and steps, 64 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What the plan is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The store.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn spec(&self) -> Option<&Connectivity> {
        self.spec.as_ref()
    }

    /// The VPC that goes, to be replaced or for good.
    pub(crate) fn removed_vpc(&self) -> Option<&str> {
        let goes = |step: &&Step| step.resource.kind == Kind::Vpc && step.removes() && !step.resource.is_duplicate();
        self.steps.iter().find(goes).map(|step| step.id.as_str())
    }

    pub(crate) fn hosted_zone(&self) -> Option<&Zone> {
        self.hosted_zone.as_ref()
    }

    /// Zones of the subnets that the plan makes or changes.
    pub(crate) fn zones(&self) -> Vec<String> {
        let subnets = self.steps.iter().filter(|s| s.resource.kind == Kind::Subnet && s.action != Action::Delete);
        subnets.map(|step| step.resource.key.clone()).collect()
    }

    /// What the caller must agree to before this plan can be applied.
    pub fn needs_consent(&self) -> Vec<Consent> {
        let despite = self.notes.iter().any(Note::refuses).then_some(Consent::DespiteRules);
        let mut all: Vec<Consent> = self.steps.iter().flat_map(Step::needs_consent).chain(despite).collect();
        all.sort_by_key(|consent| *consent as u8);
        all.dedup();
        all
    }

    /// How long AWS usually takes for the longest chain of steps.
    pub fn usually_takes(&self) -> Duration {
        let longest = self.steps.iter().map(|step| self.chain(step)).max().unwrap_or_default();
        Duration::from_secs(longest)
    }

    fn chain(&self, step: &Step) -> u64 {
        let before = |other: &&Step| match self.purpose {
            Purpose::Apply => step.resource.kind.needs().contains(&other.resource.kind),
            Purpose::Teardown => other.resource.kind.needs().contains(&step.resource.kind),
        };
        let longest = self.steps.iter().filter(before).map(|other| self.chain(other)).max();
        step.usually_takes_seconds + longest.unwrap_or_default()
    }

    /// The plan as a JSON document. Holds no secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a plan that [`Plan::to_json`] wrote. A credential given by value is not part of it: use an environment,
    /// file or callback source for plans that travel.
    ///
    /// # Errors
    /// `InvalidSpec` when the document is no plan, has more than 1 MiB or 128 levels, or was changed after it was written.
    pub fn from_json(document: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            version: u32,
            hash: String,
            purpose: Purpose,
            store: String,
            region: String,
            #[serde(default)]
            spec: Option<serde_json::Value>,
            #[serde(default)]
            hosted_zone: Option<Zone>,
            steps: Vec<Step>,
            #[serde(default)]
            notes: Vec<Note>,
        }
        let invalid =
            |what: String| Error::new(ErrorKind::InvalidSpec, format!("not a plan: {what}"), "make a new plan");
        if document.len() > LONGEST_DOCUMENT {
            return Err(invalid(format!("it has {} bytes", document.len())));
        }
        let read: Document = serde_json::from_str(document).map_err(|error| invalid(error.to_string()))?;
        if read.version != 1 {
            return Err(invalid(format!("version {} is unknown", read.version)));
        }
        let spec = read.spec.map(|spec| Connectivity::from_json(&spec.to_string())).transpose()?;
        let plan = Self::new(read.purpose, &read.store, &read.region, spec, read.steps);
        let plan = plan.in_hosted_zone(read.hosted_zone).with_notes(read.notes);
        if plan.hash == read.hash { Ok(plan) } else { Err(invalid("it was changed after it was made".to_owned())) }
    }

    /// The topology that the plan leads to, as a Mermaid flowchart.
    pub fn to_mermaid(&self) -> String {
        diagram::mermaid(self)
    }

    /// The same as an SVG picture for notebooks and pages.
    pub fn to_svg(&self) -> String {
        topology::svg(self)
    }

    /// Refuses what this plan does not hold: AWS has changed since the plan was made, or during the run if the run has `met`
    /// somebody else's change. A yes to an interruption is one for the whole run, whichever step turns out to begin it.
    pub(crate) fn check_covers(&self, steps: &[Step], met: Option<&str>) -> Result<()> {
        let interrupts = self.steps.iter().any(|approved| approved.interrupts);
        // A duplicate may be this very run's own, made after the plan.
        let known = |step: &Step| step.resource.is_duplicate() || self.steps.iter().any(|mine| mine.covers(step));
        let covered = |step: &&Step| (interrupts || !step.interrupts) && known(step);
        let Some(step) = steps.iter().find(|step| !covered(step)) else { return Ok(()) };
        let (verb, resource, reason) = (step.action.verb(), &step.resource, &step.reason);
        let meanwhile = if step.interrupts { " while the key store is connected" } else { "" };
        let left = format!("the plan does not {verb} the {resource}{meanwhile} ({reason})");
        let error = match met {
            None => Error::new(
                ErrorKind::StalePlan,
                format!("AWS changed since the plan was made, and {left}"),
                "plan again, look at the plan, and apply that",
            ),
            Some(met) => Error::concurrent(met, &left),
        };
        Err(error.with_resource(resource))
    }

    /// Whether the pre-flight has anything to look at: the plan makes something, for a key store or in a network that exists.
    pub(crate) fn has_preflight(&self) -> bool {
        let makes = |step: &Step| !matches!(step.action, Action::Delete);
        let existing = |spec: &Connectivity| matches!(spec.network(), Network::Existing { .. });
        self.purpose == Purpose::Apply
            && self.steps.iter().any(makes)
            && self.spec.as_ref().is_some_and(|spec| spec.key_store().is_some() || existing(spec))
    }

    /// Refuses what needs a yes that was not given; all of them at once. Whether rules hold is asked again by the pre-flight,
    /// of AWS as it is by then.
    pub(crate) fn check_consent(&self, given: &[Consent]) -> Result<()> {
        let missing: Vec<Consent> = self.needs_consent();
        let missing: Vec<Consent> =
            missing.into_iter().filter(|yes| *yes != Consent::DespiteRules && !given.contains(yes)).collect();
        let first = |yes: &Consent| self.steps.iter().find(|step| step.needs_consent().any(|needed| needed == *yes));
        let steps: Vec<(&Step, Consent)> =
            missing.iter().filter_map(|yes| first(yes).map(|step| (step, *yes))).collect();
        let Some((step, _)) = steps.first() else { return Ok(()) };
        let does: Vec<String> = steps.iter().map(|(step, yes)| yes.does(step)).collect();
        let yeses: Vec<String> = missing.iter().map(|yes| format!("`{}`", yes.word())).collect();
        Err(Error::new(
            ErrorKind::NeedsConsent,
            format!("the plan {}", does.join(" and ")),
            format!("apply with consent to {}, or change the spec", yeses.join(" and ")),
        )
        .with_resource(&step.resource))
    }
}

impl Consent {
    /// What a step does that needs this yes: `replaces the link`.
    fn does(self, step: &Step) -> String {
        match self {
            Self::Replace => format!("replaces the {}", step.resource),
            Self::Delete => format!("deletes the {}", step.resource),
            Self::Disconnect if step.resource.kind == Kind::Connection => {
                "disconnects the key store, whose keys are unusable meanwhile".to_owned()
            }
            Self::Disconnect => "cuts off the connected key store, whose keys are unusable meanwhile".to_owned(),
            Self::DespiteRules => "goes on although rules do not hold".to_owned(),
        }
    }

    /// As callers and documents write it.
    fn word(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Disconnect => "disconnect",
            Self::DespiteRules => "despite_rules",
        }
    }
}

impl Action {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }
}
