//! The one error.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use xkslink_embed::{Document, Failure};

use crate::callback::{CallbackError, Thrown};
use crate::document::{Report, convert};
use crate::types::{Check, ErrorKind};

/// A problem of a spec.
#[derive(Clone, Debug, Deserialize, uniffi::Record)]
pub struct Problem {
    /// The field, such as `proxy.addresses[1]`.
    pub field: String,
    /// The rule of AWS that it breaks, such as `TGT-05`.
    #[serde(default)]
    pub rule: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

/// Why a call did not do what it should.
#[derive(Debug, uniffi::Error)]
pub enum XksError {
    /// The only case: `kind` tells what a caller can decide by.
    Failed {
        /// What a caller can decide by.
        kind: ErrorKind,
        /// What was being done and what went wrong, one line; a line for each problem of a spec.
        reason: String,
        /// What a person can do about it.
        help: String,
        /// The resource it happened at, such as `subnet euc1-az1`.
        resource: Option<String>,
        /// AWS's own error code.
        aws_code: Option<String>,
        /// AWS's request id, for support cases.
        request_id: Option<String>,
        /// Whether the same call may succeed later without any change.
        retryable: bool,
        /// Every problem of a spec; empty for other errors.
        problems: Vec<Problem>,
        /// The rules that do not hold, when that is why.
        broken: Vec<Check>,
        /// What apply or teardown had done until then.
        report: Option<Arc<Report>>,
        /// What a callback threw, if that is why.
        thrown: Option<Arc<dyn Thrown>>,
    },
}

impl XksError {
    /// A listener threw.
    pub(crate) fn listener(error: CallbackError) -> Self {
        let CallbackError::Refused { thrown: by } = error;
        let help = "mend the listener, and apply again to go on";
        let mut error = Self::from(Failure::argument("listener", by.text(), help));
        let Self::Failed { thrown, .. } = &mut error;
        *thrown = Some(by);
        error
    }
}

impl fmt::Display for XksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { reason, .. } = self;
        f.write_str(reason)
    }
}

impl std::error::Error for XksError {}

impl From<&Failure> for XksError {
    fn from(failure: &Failure) -> Self {
        Self::Failed {
            kind: convert(&failure.kind).unwrap_or(ErrorKind::Internal),
            reason: failure.message_with_cause(),
            help: failure.help.clone(),
            resource: failure.resource.clone(),
            aws_code: failure.aws_code.clone(),
            request_id: failure.request_id.clone(),
            retryable: failure.retryable,
            problems: convert(&failure.problems).unwrap_or_default(),
            broken: convert(&failure.broken).unwrap_or_default(),
            thrown: failure.thrown().and_then(|thrown| thrown.downcast_ref::<Arc<dyn Thrown>>().cloned()),
            report: failure.report.clone().map(|report| Report::of(Arc::new(Document::Report(Box::new(report))))),
        }
    }
}

impl From<Failure> for XksError {
    fn from(failure: Failure) -> Self {
        Self::from(&failure)
    }
}

impl From<Arc<Failure>> for XksError {
    fn from(failure: Arc<Failure>) -> Self {
        Self::from(&*failure)
    }
}
