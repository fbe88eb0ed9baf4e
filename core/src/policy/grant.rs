//! One permission before it is sorted into statements.

use super::scope::Scope;
use super::{Condition, Permission, Role, Statement};
use crate::aws::tags::STORE;

/// An action on resources, under conditions.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) role: Role,
    permission: Permission,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

/// Allows an action, on everything until [`Grant::on`] says otherwise.
pub(super) fn allow(action: &str, reason: impl Into<String>) -> Grant {
    let role = match action.split(':').next() {
        // The quotas are those of the key store's account.
        Some("kms" | "servicequotas") => Role::Kms,
        Some("route53") => Role::Dns,
        _ => Role::Network,
    };
    let permission = Permission { action: action.to_owned(), reason: reason.into(), sometimes: false };
    Grant { role, permission, resources: Vec::new(), conditions: Vec::new() }
}

impl Grant {
    pub(super) fn on(mut self, resource: String) -> Self {
        self.resources.push(resource);
        self
    }

    pub(super) fn when(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.conditions.push(Condition { operator: operator.to_owned(), key: key.to_owned(), values });
        self
    }

    /// What is there carries our mark.
    pub(super) fn owned(self, scope: &Scope<'_>) -> Self {
        self.when("StringEquals", &format!("aws:ResourceTag/{STORE}"), [scope.store])
    }

    /// What is created gets our mark.
    pub(super) fn marked(self, scope: &Scope<'_>) -> Self {
        self.when("StringEquals", &format!("aws:RequestTag/{STORE}"), [scope.store])
    }

    /// The same for another reason.
    pub(super) fn because(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.permission.reason);
        self
    }

    pub(super) fn sometimes(mut self) -> Self {
        self.permission.sometimes = true;
        self
    }

    pub(super) fn by(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    fn is_on_everything(&self) -> bool {
        self.resources.is_empty()
    }
}

/// Grants under the same conditions make one statement: IAM limits the size of a policy, and an action is not asked about
/// resources of sorts that it does not work on.
pub(super) fn statements(scope: &Scope<'_>, grants: Vec<Grant>) -> Vec<Statement> {
    let mut all: Vec<Statement> = Vec::new();
    for mut grant in grants {
        if grant.is_on_everything() {
            grant.resources.push("*".to_owned());
            // Route 53 and IAM are in no Region.
            let regional = !["route53:", "iam:"].iter().any(|global| grant.permission.action.starts_with(global));
            if regional && grant.conditions.is_empty() {
                grant = grant.when("StringEquals", "aws:RequestedRegion", [scope.region]);
            }
        }
        match all.iter_mut().find(|statement| statement.takes(&grant)) {
            Some(statement) => statement.merge(grant),
            None => all.push(Statement {
                actions: vec![grant.permission],
                resources: grant.resources,
                conditions: grant.conditions,
            }),
        }
    }
    all
}

/// The create call that tagging is a part of.
const CREATE_ACTION: &str = ":CreateAction";

impl Statement {
    fn takes(&self, grant: &Grant) -> bool {
        let everything = |resources: &[String]| resources.iter().any(|resource| resource == "*");
        let alike = |(mine, theirs): (&Condition, &Condition)| {
            let values = mine.values == theirs.values || mine.key.ends_with(CREATE_ACTION);
            mine.operator == theirs.operator && mine.key == theirs.key && values
        };
        // What nothing but the resources restricts shares none of them: an action may work on the other's, too.
        let same = || !self.conditions.is_empty() || self.resources == grant.resources;
        everything(&self.resources) == everything(&grant.resources)
            && same()
            && self.conditions.len() == grant.conditions.len()
            && self.conditions.iter().zip(&grant.conditions).all(alike)
    }

    fn merge(&mut self, grant: Grant) {
        match self.actions.iter_mut().find(|mine| mine.action == grant.permission.action) {
            Some(mine) => mine.sometimes &= grant.permission.sometimes,
            None => self.actions.push(grant.permission),
        }
        add(&mut self.resources, grant.resources);
        for (mine, theirs) in self.conditions.iter_mut().zip(grant.conditions) {
            add(&mut mine.values, theirs.values);
        }
    }
}

fn add(all: &mut Vec<String>, more: Vec<String>) {
    for each in more {
        if !all.contains(&each) {
            all.push(each);
        }
    }
}
