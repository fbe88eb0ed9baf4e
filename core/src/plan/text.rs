//! The plan as text for people: grouped by the steps of AWS's guide, aligned, with reasons and durations.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Action, Plan, Purpose, Step};
use crate::resource::Kind;
use crate::text::duration;

/// The steps of "Configure VPC endpoint service connectivity", and what belongs to each.
const GROUPS: [(&str, &[Kind]); 7] = [
    ("VPC and subnets", &[Kind::Vpc, Kind::Subnet, Kind::RouteTable, Kind::Link, Kind::Routes]),
    ("Target group", &[Kind::TargetGroup, Kind::Targets]),
    ("Network Load Balancer", &[Kind::SecurityGroup, Kind::LoadBalancer, Kind::Listener]),
    ("VPC endpoint service", &[Kind::EndpointService]),
    ("Private DNS name", &[Kind::DomainRecord, Kind::DomainVerification]),
    ("Permission for AWS KMS", &[Kind::Permission]),
    ("External key store", &[Kind::KeyStore, Kind::Connection]),
];

/// Width of the column of resource names.
const WIDTH: usize = 21;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let what = match self.purpose {
            Purpose::Apply => "Plan",
            Purpose::Teardown => "Teardown plan",
        };
        writeln!(f, "{what} for `{}` in {}: {}", self.store, self.region, self.summary())?;
        let groups: Box<dyn Iterator<Item = _>> = match self.purpose {
            Purpose::Apply => Box::new(GROUPS.iter()),
            Purpose::Teardown => Box::new(GROUPS.iter().rev()),
        };
        for (title, kinds) in groups {
            self.write_group(f, title, kinds)?;
        }
        for note in self.notes() {
            writeln!(f, "\nNote: {note}")?;
        }
        for consent in self.needs_consent() {
            writeln!(f, "\nNeeds your consent: {}", consent.meaning())?;
        }
        Ok(())
    }
}

impl Plan {
    /// `16 to create, 1 to update; usually takes 11 min 22 s`.
    pub fn summary(&self) -> String {
        if self.is_empty() {
            return "nothing to do".to_owned();
        }
        let actions = [Action::Create, Action::Update, Action::Replace, Action::Delete];
        let number = |action| self.steps.iter().filter(|step| step.action == action).count();
        let parts: Vec<String> = actions
            .into_iter()
            .filter(|action| number(*action) > 0)
            .map(|action| format!("{} to {}", number(action), action.verb()))
            .collect();
        format!("{}; usually takes {}", parts.join(", "), duration(self.usually_takes()))
    }

    fn write_group(&self, f: &mut Formatter<'_>, title: &str, kinds: &[Kind]) -> fmt::Result {
        let mut steps: Vec<&Step> = self.steps.iter().filter(|step| kinds.contains(&step.resource.kind)).collect();
        if steps.is_empty() {
            return Ok(());
        }
        if self.purpose == Purpose::Teardown {
            steps.reverse();
        }
        writeln!(f, "\n{title}")?;
        steps.into_iter().try_for_each(|step| write_step(f, step))
    }
}

fn write_step(f: &mut Formatter<'_>, step: &Step) -> fmt::Result {
    let name = step.resource.to_string();
    let what = match step.action {
        Action::Create => &step.what,
        Action::Update | Action::Replace | Action::Delete => &step.id,
    };
    let takes = (step.usually_takes_seconds >= 30).then(|| duration(Duration::from_secs(step.usually_takes_seconds)));
    let cost: Vec<String> = takes.into_iter().chain(step.interrupts.then(|| "keys unusable".to_owned())).collect();
    let cost = if cost.is_empty() { String::new() } else { format!("({})", cost.join(", ")) };
    let gap = if what.is_empty() || cost.is_empty() { "" } else { "  " };
    let line = format!("  {:<2} {name:<WIDTH$} {what}{gap}{cost}", step.action.sign());
    writeln!(f, "{}", line.trim_end())?;
    if step.action == Action::Replace || (step.action == Action::Update && step.changes.is_empty()) {
        writeln!(f, "       because {}", step.reason)?;
    }
    for change in &step.changes {
        let line = match (change.from.as_str(), change.to.as_str()) {
            ("", to) => format!("{}: + {to}", change.field),
            (from, "") => format!("{}: - {from}", change.field),
            (from, to) => format!("{}: {from} -> {to}", change.field),
        };
        writeln!(f, "       {line}")?;
    }
    Ok(())
}

impl Action {
    fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "+-",
            Self::Delete => "-",
        }
    }
}

impl super::Consent {
    /// What saying yes means.
    fn meaning(self) -> &'static str {
        match self {
            Self::Replace => "replacing what AWS cannot change in place",
            Self::Delete => "deleting what is not wanted any more",
            Self::Disconnect => {
                "cutting the key store off its proxy; its keys are unusable until it is connected again"
            }
            Self::DespiteRules => "going on although rules do not hold for which AWS KMS would refuse; see the notes",
        }
    }
}
