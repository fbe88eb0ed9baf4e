//! What every verb fails with: what we were doing, what went wrong, whether trying again helps, what to do now.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnose::Diagnosis;
use crate::report::Report;
use crate::verify::Check;

/// Shorthand used throughout the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of a verb.
///
/// `Display` is one line: what we were doing and what went wrong. The remedy is in [`Error::help`], the cause in
/// [`std::error::Error::source`]; neither is repeated in the line.
pub struct Error(Box<Inner>);

struct Inner {
    details: ErrorDetails,
    /// Whether AWS may have acted although we got no answer.
    unclear: bool,
    /// Whether it is a delete that was tried before what holds its object was gone.
    too_early: bool,
    /// Whether waiting ended because the world is not as the run knew it.
    surprise: bool,
    report: Option<Report>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The same failure as plain data; what other languages see.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorDetails {
    /// Version of this document.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// Which decision the caller faces.
    pub kind: ErrorKind,
    /// What we were doing and what went wrong, one line.
    pub message: String,
    /// What a person can do about it.
    pub help: String,
    /// The resource it happened at, such as `subnet euc1-az1`.
    pub resource: Option<String>,
    /// AWS's own error code.
    pub aws_code: Option<String>,
    /// AWS's request id, for support cases.
    pub request_id: Option<String>,
    /// Whether the same call may succeed later without any change.
    pub retryable: bool,
    /// With `rules_broken`: the rules that do not hold, with evidence and remedy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Check>,
}

/// One kind for each decision that a caller can make.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The spec or document is wrong, or does not fit what exists in AWS. Nothing was changed; fix the spec.
    InvalidSpec,
    /// There is no such key store or endpoint service. Correct the name, the account or the Region.
    NotFound,
    /// No credentials, no network, or no answer. Fix the environment, then try again.
    Unreachable,
    /// AWS refused the action to this caller; `help` names the missing IAM action.
    AccessDenied,
    /// An object has our name but not our mark. It is never touched; rename the store or remove the object.
    NotOurs,
    /// AWS changed since the plan was made. Plan again.
    StalePlan,
    /// Another run or a person changed the store while this run was at work. Let them end, then plan again.
    ConcurrentChange,
    /// The plan replaces or deletes something, or makes keys unusable for a while. Say yes, or change the spec.
    NeedsConsent,
    /// Rules do not hold for which AWS KMS would refuse; [`Error::broken`] has all of them. Put them right, or apply with
    /// [`Consent::DespiteRules`](crate::Consent::DespiteRules).
    RulesBroken,
    /// The key store still holds KMS keys. Deleting it would lose data; deal with the keys first.
    KeysExist,
    /// AWS accepted the change, but it was not complete in time. Apply again to continue.
    TimedOut,
    /// AWS throttled beyond the SDK's retries. Try again later.
    Throttled,
    /// An AWS quota is exhausted. Raise it or free something.
    LimitExceeded,
    /// KMS could not connect the key store; `aws_code` is its ConnectionErrorCode.
    ConnectionFailed,
    /// A callback of the caller failed (credential or DNS publication).
    Callback,
    /// Anything else that AWS said; code and request id are attached.
    Aws,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>, help: impl Into<String>) -> Self {
        let details = ErrorDetails {
            version: 1,
            kind,
            message: message.into(),
            help: help.into(),
            resource: None,
            aws_code: None,
            request_id: None,
            retryable: matches!(kind, ErrorKind::Throttled | ErrorKind::TimedOut | ErrorKind::Unreachable),
            broken: Vec::new(),
        };
        Self(Box::new(Inner { details, unclear: false, too_early: false, surprise: false, report: None, source: None }))
    }

    /// Somebody else changes the store: what this run `met`, and what that means for it.
    pub(crate) fn concurrent(met: &str, so: &str) -> Self {
        Self::new(
            ErrorKind::ConcurrentChange,
            format!("another run or a person is at work on the store: {met}, and {so}"),
            "wait until the other run has ended, or stop it; then plan again, look at the plan, and apply that",
        )
    }

    pub(crate) fn with_aws(mut self, code: Option<&str>, request_id: Option<&str>) -> Self {
        self.0.details.aws_code = code.map(str::to_owned);
        self.0.details.request_id = request_id.map(str::to_owned);
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_resource(mut self, resource: impl fmt::Display) -> Self {
        self.0.details.resource.get_or_insert_with(|| resource.to_string());
        self
    }

    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.0.report = Some(report);
        self
    }

    /// The cause instead of a first guess, and the whole diagnosis for the report.
    pub(crate) fn with_diagnosis(mut self, diagnosis: Diagnosis) -> Self {
        if let Some(cause) = diagnosis.found() {
            self.0.details.help = format!("{}: {} ({})", cause.rule, cause.fix, cause.sentence);
        }
        if let Some(report) = &mut self.0.report {
            report.diagnosis = Some(diagnosis);
        }
        self
    }

    pub(crate) fn with_broken(mut self, broken: Vec<Check>) -> Self {
        self.0.details.broken = broken;
        self
    }

    pub(crate) fn with_unclear(mut self, unclear: bool) -> Self {
        self.0.unclear = unclear;
        self
    }

    /// Without a secret that the request carried: whatever answers may echo the request.
    pub(crate) fn withholding(mut self, secret: &str) -> Self {
        let withhold = |text: &mut String| *text = text.replace(secret, "[withheld]");
        let details = &mut self.0.details;
        withhold(&mut details.message);
        withhold(&mut details.help);
        details.aws_code.iter_mut().chain(&mut details.request_id).for_each(withhold);
        self.0.source = None;
        self
    }

    /// Whether AWS may have acted although no answer came: look before trying again.
    pub(crate) fn is_unclear(&self) -> bool {
        self.0.unclear
    }

    /// Marks the refusal of such a delete.
    pub(crate) fn too_early(mut self) -> Self {
        self.0.too_early = true;
        self
    }

    /// Whether the delete has to wait until what holds its object is gone.
    pub(crate) fn is_too_early(&self) -> bool {
        self.0.too_early
    }

    /// Marks the end of waiting for what nobody of this run can bring about.
    pub(crate) fn surprise(mut self) -> Self {
        self.0.surprise = true;
        self
    }

    /// Whether waiting ended because the world is not as the run knew it.
    pub(crate) fn is_surprise(&self) -> bool {
        self.0.surprise
    }

    /// Whether AWS's code is one of these.
    pub(crate) fn is_code(&self, codes: &[&str]) -> bool {
        self.aws_code().is_some_and(|code| codes.contains(&code))
    }

    /// Which decision the caller faces.
    pub fn kind(&self) -> ErrorKind {
        self.0.details.kind
    }

    /// What a person can do about it.
    pub fn help(&self) -> &str {
        &self.0.details.help
    }

    /// The resource it happened at, such as `subnet euc1-az1`.
    pub fn resource(&self) -> Option<&str> {
        self.0.details.resource.as_deref()
    }

    /// AWS's own error code.
    pub fn aws_code(&self) -> Option<&str> {
        self.0.details.aws_code.as_deref()
    }

    /// AWS's request id.
    pub fn request_id(&self) -> Option<&str> {
        self.0.details.request_id.as_deref()
    }

    /// Whether the same call may succeed later without any change.
    pub fn retryable(&self) -> bool {
        self.0.details.retryable
    }

    /// What apply had done until then, what failed and what was skipped.
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_ref()
    }

    /// The rules that do not hold, when that is why; each with what was seen and what to do.
    pub fn broken(&self) -> &[Check] {
        &self.0.details.broken
    }

    /// The failure as plain data.
    pub fn details(&self) -> &ErrorDetails {
        &self.0.details
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.details.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("kind", &self.kind()).field("message", &self.0.details.message).field("help", &self.help());
        if let Some(code) = self.aws_code() {
            shown.field("aws_code", &code);
        }
        shown.finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl Error {
    /// AWS left out a member that we cannot do without.
    pub(crate) fn incomplete(operation: &str, member: &str) -> Self {
        Self::new(
            ErrorKind::Aws,
            format!("the answer to {operation} has no {member}"),
            "try again; if it happens again, this is a fault of the endpoint that answers",
        )
    }
}

impl From<crate::spec::SpecError> for Error {
    fn from(error: crate::spec::SpecError) -> Self {
        Self::new(ErrorKind::InvalidSpec, error.to_string(), "correct the spec; nothing was sent to AWS")
    }
}

impl From<crate::spec::CredentialError> for Error {
    fn from(error: crate::spec::CredentialError) -> Self {
        Self::new(ErrorKind::InvalidSpec, format!("could not read the proxy credential: {}", error.what), error.help)
    }
}
