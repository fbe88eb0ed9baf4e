//! What happens in a simulated world while a run is under way, told before it begins: others at work at a second of the
//! run, a person who publishes the record that the run asks for, and a caller who lets go.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use xkslink::{Event, EventKind};
use xkslink_simulator::Simulator;

use crate::failure::{Failure, Result};

/// What happens during one run. Deeds are those of `docs/simulator.md`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Script {
    /// Deeds with `at`, the second of the run.
    during: Vec<Value>,
    /// Deeds when the run asks a person to publish a record; `$record.name` and the like stand for its fields.
    on_publish: Vec<Value>,
    /// Second of the run at which the caller lets go of it.
    cut_after: Option<f64>,
}

impl Script {
    /// Reads a script from a JSON document.
    pub(crate) fn from_json(document: &str) -> Result<Self> {
        let wrong =
            |what: String| Failure::argument("script", what, "see the documentation of SimulatedAws.during_run");
        let script: Self = serde_json::from_str(document).map_err(|error| wrong(error.to_string()))?;
        match script.during.iter().find(|deed| seconds(&deed["at"]).is_none()) {
            Some(deed) => Err(wrong(format!("{deed} has no second `at` which it happens"))),
            None => Ok(script),
        }
    }

    /// Lets the deeds happen, each at its second. What the world does not understand ends the run.
    pub(crate) async fn deeds(&self, world: &Simulator) -> Result<()> {
        let began = world.clock().now();
        for deed in &self.during {
            let due = began + seconds(&deed["at"]).unwrap_or_default();
            world.clock().wait(due.saturating_sub(world.clock().now())).await;
            done(world, deed)?;
        }
        Ok(())
    }

    /// Returns when the caller lets go.
    pub(crate) async fn cut(&self, world: &Simulator) {
        match self.cut_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
            Some(seconds) => world.clock().wait(seconds).await,
            None => std::future::pending().await,
        }
    }

    /// Does what a person does who reads this event.
    pub(crate) fn read(&self, event: &Event, world: &Simulator) -> Result<()> {
        let EventKind::PublishRecord { record } = &event.what else { return Ok(()) };
        let record = serde_json::to_value(record).unwrap_or_default();
        self.on_publish.iter().try_for_each(|deed| done(world, &filled(deed, &record)))
    }
}

fn done(world: &Simulator, deed: &Value) -> Result<()> {
    let refused = |why| Failure::argument("script", format!("{deed}: {why}"), "see docs/simulator.md");
    world.meddle(deed).map(drop).map_err(refused)
}

fn seconds(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_f64()?).ok()
}

/// `$record.name`, `$record.alternatives.0` as whole texts become what they stand for.
fn filled(value: &Value, record: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("$record.") {
            Some(path) => record.pointer(&format!("/{}", path.replace('.', "/"))).cloned().unwrap_or(Value::Null),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, record)).collect(),
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), filled(item, record))).collect(),
        other => other.clone(),
    }
}
