//! Writes what each run of a scenario brought to `target/scenarios`, for other languages to bring the same, byte by byte.

use std::path::Path;

use serde_json::{Value, json};

use super::run::Took;

/// The documents of one run.
pub fn documents(took: &Took) -> Value {
    json!({
        "plan": took.plan.as_ref().map(xkslink::Plan::to_json),
        "report": took.report.as_ref().map(xkslink::Report::to_json),
        "status": took.status.as_ref().map(xkslink::Status::to_json),
        "verification": took.verification.as_ref().map(xkslink::Verification::to_json),
        "error": took.error.as_ref().map(xkslink::Error::details),
        "events": took.events,
        "cut": took.cut,
    })
}

/// Writes the runs of the scenario in a file.
pub fn write(scenario: &Path, runs: &[Value]) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/scenarios");
    let folder = scenario.parent().and_then(Path::file_name).expect("scenarios are in folders");
    let file = home.join(folder).join(scenario.file_name().expect("a file")).with_extension("json");
    std::fs::create_dir_all(home.join(folder)).expect("target can be written to");
    std::fs::write(file, serde_json::to_string_pretty(runs).expect("documents are JSON")).expect("so can its files");
}
