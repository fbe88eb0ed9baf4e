//! What a language raises: the core's error as data, and the few kinds that only a boundary knows.

use std::any::Any;
use std::error::Error as _;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde_json::Value;
use xkslink::spec::{CredentialError, SpecError};
use xkslink::{Check, Error, Report};

use crate::callback::Thrown;

/// Shorthand of this crate.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a call did not do what it should. Its fields are those of [`Details`].
#[derive(Debug)]
pub struct Failure(Box<Details>);

/// A failure as data. As a document it has the fields of `xkslink::ErrorDetails`, and `problems`.
#[derive(Debug, Serialize)]
pub struct Details {
    /// Version of this document.
    pub version: u32,
    /// A kind of the core, such as `access_denied`; or `cancelled`, `invalid_argument`, `closed`, `internal`.
    pub kind: String,
    /// What we were doing and what went wrong, one line; a line for each problem of a spec.
    pub message: String,
    /// What a person can do about it.
    pub help: String,
    /// The resource it happened at.
    pub resource: Option<String>,
    /// AWS's own error code.
    pub aws_code: Option<String>,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// Whether the same call may succeed later without any change.
    pub retryable: bool,
    /// Every problem of a spec, with `field`, `rule`, `what` and `help`; empty for other failures.
    pub problems: Vec<Value>,
    /// The rules that do not hold, when that is why; empty for other failures.
    pub broken: Vec<Check>,
    /// What apply or teardown had done until then.
    #[serde(skip)]
    pub report: Option<Report>,
    #[serde(skip)]
    source: Option<Error>,
}

impl Deref for Failure {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl Failure {
    fn new(kind: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self(Box::new(Details {
            version: 1,
            kind: kind.to_owned(),
            message: message.into(),
            help: help.into(),
            resource: None,
            aws_code: None,
            request_id: None,
            retryable: false,
            problems: Vec::new(),
            broken: Vec::new(),
            report: None,
            source: None,
        }))
    }

    /// The caller cancelled, or the process or the simulator that the verb ran in ended.
    #[must_use]
    pub fn cancelled() -> Self {
        let help = "AWS stands somewhere on the way; the same call goes on from there";
        let mut failure = Self::new("cancelled", "the call was cancelled", help);
        failure.0.retryable = true;
        failure
    }

    /// An argument cannot be used: its name, what is wrong, and what to write instead.
    #[must_use]
    pub fn argument(name: &str, what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new("invalid_argument", format!("{name}: {what}"), help)
    }

    /// A handle is used after its end.
    #[must_use]
    pub fn closed(what: &str) -> Self {
        Self::new("closed", format!("the {what} is closed"), format!("make a new {what}"))
    }

    /// The library panicked. The words of the panic are not repeated: they may hold anything.
    fn panicked() -> Self {
        let help =
            "this is a fault of xkslink; please report it with the place that the process wrote to standard error";
        Self::new("internal", "the library panicked", help)
    }

    /// The failure as a JSON document. Holds no secret.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&*self.0).unwrap_or_default()
    }

    /// What a callback of the caller threw, if that is what the verb failed with.
    #[must_use]
    pub fn thrown(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.cause().map(|thrown| &*thrown.value)
    }

    /// The message, with what a callback of the caller said, for languages that cannot throw its exception again.
    #[must_use]
    pub fn message_with_cause(&self) -> String {
        match self.cause() {
            Some(thrown) => format!("{}: {thrown}", self.message),
            None => self.message.clone(),
        }
    }

    fn cause(&self) -> Option<&Thrown> {
        let mut cause = self.source.as_ref()?.source();
        while let Some(error) = cause {
            if let Some(thrown) = error.downcast_ref::<Thrown>() {
                return Some(thrown);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let details = error.details().clone();
        let kind = serde_json::to_value(details.kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned()));
        Self(Box::new(Details {
            version: details.version,
            kind: kind.unwrap_or_default(),
            message: details.message,
            help: details.help,
            resource: details.resource,
            aws_code: details.aws_code,
            request_id: details.request_id,
            retryable: details.retryable,
            problems: Vec::new(),
            broken: details.broken,
            report: error.report().cloned(),
            source: Some(error),
        }))
    }
}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        let problems = error.problems.iter().filter_map(|problem| serde_json::to_value(problem).ok()).collect();
        let mut failure = Self::from(Error::from(error));
        failure.0.problems = problems;
        failure
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        Error::from(error).into()
    }
}

/// Runs what a language calls, so that no panic gets past the boundary.
///
/// # Errors
/// Those of `work`; `internal` when it panics.
pub fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Failure::panicked()))
}

/// The same for a future.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    use futures_util::FutureExt;
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Failure::panicked()))
}
