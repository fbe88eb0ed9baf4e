"""What calls raise: `XksError`, with one subclass for each decision that a caller can face.

A callback's own exception is none of these: it comes back as it was raised.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Optional

from .documents import Report


class XksError(Exception):
    """A call did not do what it should. `str` says what was being done and what went wrong; `help` what to do."""

    kind: ClassVar[str] = ""
    message: str
    """What was being done and what went wrong."""
    help: str
    """What a person can do about it."""
    resource: Optional[str]
    """The resource it happened at, such as `subnet euc1-az1`."""
    aws_code: Optional[str]
    """AWS's own error code."""
    request_id: Optional[str]
    """AWS's request id, for support cases."""
    retryable: bool
    """Whether the same call may succeed later without any change."""
    problems: list[dict[str, Any]]
    """Every problem of a spec, with `field`, `rule`, `what` and `help`; empty for other errors."""
    broken: list[dict[str, Any]]
    """The rules that do not hold, with `rule`, `evidence`, `remedy` and more, when that is why."""
    report: Optional[Report]
    """What apply or teardown had done until then."""

    def __init__(
        self,
        message: str,
        *,
        help: str = "",
        resource: Optional[str] = None,
        aws_code: Optional[str] = None,
        request_id: Optional[str] = None,
        retryable: bool = False,
        problems: Optional[list[dict[str, Any]]] = None,
        broken: Optional[list[dict[str, Any]]] = None,
        report: Optional[Report] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.resource = resource
        self.aws_code = aws_code
        self.request_id = request_id
        self.retryable = retryable
        self.problems = problems or []
        self.broken = broken or []
        self.report = report

    def __str__(self) -> str:
        # The problems of a spec say each what to do.
        return self.message if self.problems or not self.help else f"{self.message}; {self.help}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.message, {**self.__dict__, "message": None})


class InvalidSpec(XksError, ValueError):
    """The spec or document is wrong, or does not fit what exists in AWS. `problems` lists all that is wrong."""

    kind = "invalid_spec"


class InvalidArgument(XksError, ValueError):
    """An argument cannot be used; the message begins with its name."""

    kind = "invalid_argument"


class NotFound(XksError):
    """There is no such key store or endpoint service. Correct the name, the account or the Region."""

    kind = "not_found"


class Unreachable(XksError):
    """No credentials, no network, or no answer. Fix the environment, then try again."""

    kind = "unreachable"


class AccessDenied(XksError):
    """AWS refused the action to this caller; `help` names the missing IAM action."""

    kind = "access_denied"


class NotOurs(XksError):
    """An object has our name but not our mark. It is never touched."""

    kind = "not_ours"


class StalePlan(XksError):
    """AWS changed since the plan was made. Plan again."""

    kind = "stale_plan"


class ConcurrentChange(XksError):
    """Another run or a person changed the store while this run was at work. Let them end, then plan again."""

    kind = "concurrent_change"


class NeedsConsent(XksError):
    """The plan replaces or deletes something, or makes keys unusable for a while. Say yes, or change the spec."""

    kind = "needs_consent"


class RulesBroken(XksError):
    """Rules do not hold for which AWS KMS would refuse; `broken` lists them. Put them right, or consent to `despite_rules`."""

    kind = "rules_broken"


class KeysExist(XksError):
    """The key store still holds KMS keys."""

    kind = "keys_exist"


class TimedOut(XksError):
    """AWS accepted the change, but it was not complete in time. Apply again to continue."""

    kind = "timed_out"


class Throttled(XksError):
    """AWS throttled beyond the SDK's retries. Try again later."""

    kind = "throttled"


class LimitExceeded(XksError):
    """An AWS quota is exhausted."""

    kind = "limit_exceeded"


class ConnectionFailed(XksError):
    """KMS could not connect the key store; `aws_code` is its ConnectionErrorCode."""

    kind = "connection_failed"


class CallbackFailed(XksError):
    """A callback answered with something that cannot be used."""

    kind = "callback"


class AwsError(XksError):
    """Anything else that AWS said; code and request id are attached."""

    kind = "aws"


class Cancelled(XksError):
    """The call was cancelled. AWS stands somewhere on the way; the same call goes on from there."""

    kind = "cancelled"


class Closed(XksError):
    """A client or simulator is used after its end."""

    kind = "closed"


class InternalError(XksError):
    """A fault of the library. Please report it."""

    kind = "internal"


_CLASSES: dict[str, type[XksError]] = {each.kind: each for each in XksError.__subclasses__()}


def _of(details: str, report: Any) -> XksError:
    """The exception for a failure of the native library."""
    fields = json.loads(details)
    fields.pop("version", None)
    kind = _CLASSES.get(fields.pop("kind"), XksError)
    return kind(fields.pop("message"), report=None if report is None else Report._of(report), **fields)


def _rebuilt(kind: type[XksError], message: str, fields: dict[str, Any]) -> XksError:
    error = kind(message)
    error.__dict__.update(fields, message=message)
    return error
