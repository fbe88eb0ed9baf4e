//! The topology that a plan leads to, as a Mermaid flowchart: from the data centre to AWS KMS.

use super::{Action, Plan};
use crate::resource::Kind;

/// Boxes and arrows in the direction of a request of KMS.
const ARROWS: [(Kind, Kind, &str); 6] = [
    (Kind::KeyStore, Kind::EndpointService, "private DNS name"),
    (Kind::EndpointService, Kind::LoadBalancer, "PrivateLink"),
    (Kind::LoadBalancer, Kind::Listener, ""),
    (Kind::Listener, Kind::TargetGroup, "TCP 443"),
    (Kind::TargetGroup, Kind::Link, ""),
    (Kind::DomainRecord, Kind::EndpointService, "proves the name"),
];

/// What is drawn of a plan, from KMS to the proxy, and the record that proves the name.
pub(super) fn boxes(plan: &Plan) -> Vec<Kind> {
    let all = [
        Kind::KeyStore,
        Kind::EndpointService,
        Kind::LoadBalancer,
        Kind::Listener,
        Kind::TargetGroup,
        Kind::Link,
        Kind::DomainRecord,
    ];
    let has_link = plan.spec.as_ref().is_none_or(|spec| spec.link().makes_routes());
    let has_store = plan.spec.as_ref().is_none_or(|spec| spec.key_store().is_some());
    let shown = |kind: &Kind| (*kind != Kind::Link || has_link) && (*kind != Kind::KeyStore || has_store);
    all.into_iter().filter(shown).collect()
}

/// The colour of a change.
pub(super) fn colour(action: Action) -> &'static str {
    match action {
        Action::Create => "#2da44e",
        Action::Update => "#bf8700",
        Action::Replace | Action::Delete => "#cf222e",
    }
}

pub(super) fn mermaid(plan: &Plan) -> String {
    let mut lines = vec!["flowchart LR".to_owned()];
    let boxes = boxes(plan);
    for kind in &boxes {
        lines.push(format!("  {}[\"{}\"]{}", node(*kind), kind.label(), class(plan, *kind)));
    }
    lines.push("  proxy[\"XKS proxy\"]".to_owned());
    for (from, to, label) in ARROWS.into_iter().filter(|(from, to, _)| boxes.contains(from) && boxes.contains(to)) {
        let label = if label.is_empty() { String::new() } else { format!("|{label}|") };
        lines.push(format!("  {} -->{label} {}", node(from), node(to)));
    }
    let last = if boxes.contains(&Kind::Link) { Kind::Link } else { Kind::TargetGroup };
    lines.push(format!("  {} --> proxy", node(last)));
    for action in [Action::Create, Action::Update, Action::Replace, Action::Delete] {
        lines.push(format!("  classDef {} stroke:{},stroke-width:2px", action.verb(), colour(action)));
    }
    lines.join("\n") + "\n"
}

fn node(kind: Kind) -> String {
    kind.label().replace(' ', "_")
}

fn class(plan: &Plan, kind: Kind) -> String {
    let action = plan.steps.iter().find(|step| step.resource.kind == kind).map(|step| step.action);
    action.map(Action::verb).map(|verb| format!(":::{verb}")).unwrap_or_default()
}
