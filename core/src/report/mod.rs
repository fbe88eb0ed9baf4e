//! What apply and teardown hand back, as plain data.

mod gantt;
mod html;
mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnose::Diagnosis;
use crate::error::ErrorDetails;
use crate::observed::Observed;
use crate::plan::Action;
use crate::resource::ResourceId;
use crate::resource::domain_record::TxtRecord;

/// The result of an apply or a teardown.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// The store.
    pub store: String,
    /// The Region.
    pub region: String,
    /// Hash of the plan.
    pub plan: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Ids and names of what exists now.
    pub ids: Ids,
    /// Every step that ran, in the order in which they began.
    pub steps: Vec<StepReport>,
    /// Steps that could not run because something they need failed.
    pub skipped: Vec<ResourceId>,
    /// Why KMS could not connect the key store, when that is what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// Total time in seconds.
    pub took_seconds: f64,
}

/// How an apply or teardown ended.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
#[non_exhaustive]
pub enum Outcome {
    /// Everything is as the spec asks, or gone.
    Complete,
    /// A person has to publish this TXT record; apply again afterwards.
    WaitingForDns {
        /// The record.
        record: TxtRecord,
    },
    /// Something failed; apply again to continue.
    Failed,
}

/// Ids and names of what exists.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ids {
    /// Account of the network, twelve digits; empty when nothing tells it.
    pub account: String,
    /// `vpc-…`.
    pub vpc: Option<String>,
    /// `subnet-…`, in the order of their zones.
    pub subnets: Vec<String>,
    /// `rtb-…`.
    pub route_table: Option<String>,
    /// Gateway, attachment or peering.
    pub link: Option<String>,
    /// `sg-…`.
    pub security_group: Option<String>,
    /// ARN.
    pub target_group: Option<String>,
    /// ARN.
    pub load_balancer: Option<String>,
    /// ARN.
    pub listener: Option<String>,
    /// `vpce-svc-…`.
    pub endpoint_service: Option<String>,
    /// `com.amazonaws.vpce.<region>.vpce-svc-…`, what KMS is given.
    pub endpoint_service_name: Option<String>,
    /// The TXT record that proves ownership of the private DNS name.
    pub txt_record: Option<TxtRecord>,
    /// `cks-…`.
    pub key_store: Option<String>,
    /// `CONNECTED` and the like.
    pub connection_state: Option<String>,
}

/// One step that ran.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// What changed.
    pub resource: ResourceId,
    /// How.
    pub action: Action,
    /// Seconds from the start of the run to the start of the step.
    pub began_seconds: f64,
    /// Seconds that the step took.
    pub took_seconds: f64,
    /// The step whose end let this one begin.
    pub after: Option<ResourceId>,
    /// What went wrong, if anything.
    pub error: Option<ErrorDetails>,
}

impl Report {
    /// Whether the key store is CONNECTED now.
    pub fn connected(&self) -> bool {
        self.ids.connection_state.as_deref() == Some("CONNECTED")
    }

    /// Whether everything is as it should be.
    pub fn complete(&self) -> bool {
        self.outcome == Outcome::Complete
    }

    /// The report as a JSON document. Holds no secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// When each step ran, as an SVG picture for notebooks and pages.
    pub fn to_svg(&self) -> String {
        gantt::svg(self)
    }

    /// One HTML file to keep or send: how it ended, the timeline, and the text. It loads nothing.
    pub fn to_html(&self) -> String {
        html::file(self)
    }

    /// The TXT record that a person has to publish, if that is what the run waits for.
    pub fn waiting_for_dns(&self) -> Option<&TxtRecord> {
        match &self.outcome {
            Outcome::WaitingForDns { record } => Some(record),
            _ => None,
        }
    }
}

/// The account of the network: known from who is calling, or from the ARN of what was made.
fn account(observed: &Observed) -> String {
    let arn = observed.target_group.as_ref().map_or("", |group| group.arn.as_str());
    let from_arn = arn.split(':').nth(4).unwrap_or_default();
    if observed.account.id.is_empty() { from_arn.to_owned() } else { observed.account.id.clone() }
}

impl Ids {
    pub(crate) fn read(observed: &Observed) -> Self {
        let service = observed.endpoint_service.as_ref();
        Self {
            account: account(observed),
            vpc: observed.vpc.as_ref().map(|seen| seen.id.clone()),
            subnets: observed.subnets.values().map(|seen| seen.id.clone()).collect(),
            route_table: observed.route_table.as_ref().map(|seen| seen.id.clone()),
            link: observed.link.as_ref().map(|seen| seen.id.clone()),
            security_group: observed.security_group.as_ref().map(|seen| seen.id.clone()),
            target_group: observed.target_group.as_ref().map(|seen| seen.arn.clone()),
            load_balancer: observed.load_balancer.as_ref().map(|seen| seen.arn.clone()),
            listener: observed.listener.as_ref().map(|seen| seen.arn.clone()),
            endpoint_service: service.map(|seen| seen.id.clone()),
            endpoint_service_name: service.map(|seen| seen.name.clone()),
            txt_record: observed.domain_record.as_ref().map(|seen| seen.record.clone()),
            key_store: observed.key_store.as_ref().map(|seen| seen.id.clone()),
            connection_state: observed.key_store.as_ref().map(|_| {
                observed.connection.as_ref().map_or_else(|| "DISCONNECTED".to_owned(), |seen| seen.state.clone())
            }),
        }
    }
}
