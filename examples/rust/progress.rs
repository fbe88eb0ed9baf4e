//! A live view of a run: a line for each step that is under way, a lasting line for each that ended. Without a terminal
//! it prints plain lines.

use std::collections::HashMap;
use std::io::{IsTerminal, stdout};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use xkslink::{Event, EventKind, ResourceId};

/// Shows events as they come.
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<ResourceId, ProgressBar>>,
}

impl Progress {
    /// A view for this terminal, if it is one.
    pub(crate) fn new() -> Self {
        Self { bars: stdout().is_terminal().then(MultiProgress::new), running: Mutex::default() }
    }

    /// Shows one event.
    pub(crate) fn show(&self, event: &Event) {
        let Some(bars) = &self.bars else {
            // Each look is worth a line on a screen that keeps one line a step, but not in a log.
            if !matches!(event.what, EventKind::Waiting { attempt: 2.., .. }) {
                println!("{event}");
            }
            return;
        };
        let Ok(mut running) = self.running.lock() else { return };
        match &event.what {
            EventKind::StepBegan { resource, action: _, usually_takes_seconds } => {
                let bar = bars.add(ProgressBar::new((*usually_takes_seconds).max(1)).with_style(style()));
                bar.set_prefix(resource.to_string());
                running.insert(resource.clone(), bar);
            }
            EventKind::Waiting { resource, until, state, waited_seconds, .. } => {
                if let Some(bar) = running.get(resource) {
                    bar.set_position(Duration::from_secs_f64(*waited_seconds).as_secs().min(bar.length().unwrap_or(0)));
                    bar.set_message(format!("until {until} (`{state}`)"));
                }
            }
            EventKind::StepDone { resource, .. } | EventKind::StepFailed { resource, .. } => {
                if let Some(bar) = running.remove(resource) {
                    bar.finish_and_clear();
                }
                // A terminal that cannot be written to any more must not stop the run.
                let _ = bars.println(event.to_string());
            }
            _ => {
                let _ = bars.println(event.to_string());
            }
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("        {prefix:<21} {bar:20} {pos:>3} of about {len} s  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
