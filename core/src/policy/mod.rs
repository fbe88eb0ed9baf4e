//! The IAM policies that a plan or a reading verb needs: nothing more, and nothing less.
//!
//! Pure: from steps and spec, not from AWS. What each step calls is told in `writes`, what a look reads in `reads`;
//! tests hold both against the simulated AWS, which denies whatever no policy allows.

mod grant;
mod reads;
mod scope;
mod writes;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::Target;
use crate::plan::Plan;

use self::grant::statements;
use self::scope::Scope;

/// The policy of one role. Where one role does everything, it gets all policies.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Policy {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// Whose policy it is.
    pub role: Role,
    /// What it allows.
    pub statements: Vec<Statement>,
}

/// A role, as [`Client::builder`](crate::Client::builder) takes their configurations.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// VPC, load balancer and endpoint service.
    Network,
    /// Route 53.
    Dns,
    /// AWS KMS: the account of the key store.
    Kms,
}

/// Actions under the same conditions. Each action looks only at resources of the sorts that it works on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Statement {
    /// The actions, and why each is needed.
    pub actions: Vec<Permission>,
    /// ARNs, with `*` for what is known later only.
    pub resources: Vec<String>,
    /// All of them must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// One action.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Permission {
    /// The IAM action, such as `ec2:CreateVpc`.
    pub action: String,
    /// Why it is needed: "to create the VPC".
    pub reason: String,
    /// Whether it depends on what happens if it is needed; the reason says on what.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sometimes: bool,
}

/// One condition of a statement.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Condition {
    /// Operator, such as `StringEquals`.
    pub operator: String,
    /// Key, such as `aws:ResourceTag/xkslink:store`.
    pub key: String,
    /// One of these.
    pub values: Vec<String>,
}

/// A verb that has no plan.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reading {
    /// [`Client::status`](crate::Client::status), and [`Client::plan`](crate::Client::plan) by itself.
    Status,
    /// [`Client::verify`](crate::Client::verify).
    Verify,
    /// [`Client::diagnose`](crate::Client::diagnose); with a probe of [`Client::probe`](crate::Client::probe) also those of
    /// [`Reading::Probe`].
    Diagnose,
    /// [`Client::probe`](crate::Client::probe), which asks AWS for the TXT record. The probe itself asks no AWS API.
    Probe,
}

impl Policy {
    /// The policies for a verb that only reads.
    pub fn for_reading<'a>(verb: Reading, target: impl Into<Target<'a>>) -> Vec<Self> {
        let target = target.into();
        let scope = Scope::of_target(&target);
        let grants = match verb {
            Reading::Status | Reading::Probe => reads::look(&scope),
            Reading::Verify | Reading::Diagnose => reads::verify(&scope),
        };
        policies(&scope, grants)
    }

    /// The document in IAM's own form.
    pub fn to_json(&self) -> String {
        let statements: Vec<Value> = self.statements.iter().map(Statement::to_iam).collect();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// The actions with their reasons, as the policy lists them.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.statements.iter().flat_map(|statement| &statement.actions)
    }
}

impl Plan {
    /// What the caller must be allowed to do to make this plan, to apply it, and to look at the result.
    pub fn policies(&self) -> Vec<Policy> {
        let scope = Scope::of_plan(self);
        let writes = self.steps().iter().flat_map(|step| writes::of(step, &scope));
        let grants = reads::look(&scope).into_iter().chain(reads::plan(self, &scope)).chain(writes).collect();
        policies(&scope, grants)
    }
}

fn policies(scope: &Scope<'_>, grants: Vec<grant::Grant>) -> Vec<Policy> {
    let all = [Role::Network, Role::Dns, Role::Kms].into_iter();
    let of = |role: Role| grants.iter().filter(|grant| grant.role == role).cloned().collect();
    all.map(|role| Policy { version: 1, role, statements: statements(scope, of(role)) })
        .filter(|policy| !policy.statements.is_empty())
        .collect()
}

impl Statement {
    fn to_iam(&self) -> Value {
        let actions: Vec<&String> = self.actions.iter().map(|permission| &permission.action).collect();
        let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": self.resources});
        let mut block: Map<String, Value> = Map::new();
        for condition in &self.conditions {
            block.entry(&condition.operator).or_insert_with(|| json!({}))[&condition.key] = json!(condition.values);
        }
        if !block.is_empty() {
            statement["Condition"] = Value::Object(block);
        }
        statement
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "network",
            Self::Dns => "dns",
            Self::Kms => "kms",
        })
    }
}
