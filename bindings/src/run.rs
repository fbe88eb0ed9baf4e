//! A running apply or teardown.

use std::sync::Arc;

use xkslink_embed::Task;

use crate::callback::EventListener;
use crate::document::Report;
use crate::failure::XksError;
use crate::types::Event;

/// A running apply or teardown. It begins at once; letting go of this object cancels it, and AWS is left as the last
/// finished call left it. Apply again to go on.
#[derive(uniffi::Object)]
pub struct Run {
    task: Task,
    listener: Option<Arc<dyn EventListener>>,
}

impl Run {
    pub(crate) fn of(task: Task, listener: Option<Arc<dyn EventListener>>) -> Arc<Self> {
        Arc::new(Self { task, listener })
    }
}

/// Cancels a run whose result nobody waits for any more.
struct Waiting<'a>(&'a Task);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[uniffi::export]
impl Run {
    /// The next event; nothing when there are no more. Letting go of this call lets the run go on.
    pub async fn next_event(&self) -> Result<Option<Event>, XksError> {
        self.task.next().await.map(|event| read(&event)).transpose()
    }

    /// Waits for the end: the report, or what the run failed with. Tells the listener the events until then. Letting go of this
    /// call cancels the run.
    pub async fn result(&self) -> Result<Arc<Report>, XksError> {
        let _waiting = Waiting(&self.task);
        if let Some(listener) = &self.listener {
            while let Some(event) = self.task.next().await {
                listener.on_event(read(&event)?).map_err(XksError::listener)?;
            }
        }
        Ok(Report::of(self.task.result().await?))
    }

    /// Lets go of the run, whose result is then the error `Cancelled`, unless it had ended.
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// Whether the run has ended.
    pub fn is_done(&self) -> bool {
        self.task.is_done()
    }
}

fn read(event: &xkslink::Event) -> Result<Event, XksError> {
    let (json, line) = xkslink_embed::event(event)?;
    let read: Event = crate::document::convert(event)?;
    Ok(Event { line, json, ..read })
}
