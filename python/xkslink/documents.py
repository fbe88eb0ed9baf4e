"""What the verbs hand back. Each document is text for people (`str`), Markdown, HTML in a notebook, and plain data."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Optional, TypeVar, cast

from . import _native

if TYPE_CHECKING:
    from . import records

D = TypeVar("D", bound="Document")


class TxtRecord(NamedTuple):
    """A TXT record to publish."""

    name: str
    """Full owner name, no trailing dot."""
    value: str
    """Value without quotes; case matters."""
    ttl: int
    """Seconds."""
    alternatives: tuple[str, ...] = ()
    """Other owner names that AWS accepts as well, most specific first."""

    def __str__(self) -> str:
        return f'{self.name}. {self.ttl} IN TXT "{self.value}"'

    @classmethod
    def _of(cls, fields: Mapping[str, Any]) -> TxtRecord:
        return cls(fields["name"], fields["value"], fields["ttl"], tuple(fields["alternatives"]))


class Document:
    """A document of the library: immutable, compared by what it says, and never with a secret in it."""

    __slots__ = ("_data", "_document")
    _kind: ClassVar[str] = ""
    _document: _native.Document
    _data: Optional[dict[str, Any]]

    @classmethod
    def _of(cls: type[D], document: _native.Document) -> D:
        made = cls.__new__(cls)
        made._document = document
        made._data = None
        return made

    @classmethod
    def from_json(cls: type[D], text: str) -> D:
        """Reads a document that `to_json` wrote."""
        return cls._of(_native.Document.from_json(cls._kind, text))

    @classmethod
    def from_dict(cls: type[D], fields: Mapping[str, Any]) -> D:
        """Reads a document that `to_dict` gave."""
        return cls.from_json(json.dumps(fields))

    def to_json(self) -> str:
        """The document as JSON, the same in every language."""
        return self._document.to_json()

    def to_dict(self) -> dict[str, Any]:
        """The document as plain data."""
        read: dict[str, Any] = json.loads(self.to_json())
        return read

    @property
    def _read(self) -> dict[str, Any]:
        if self._data is None:
            self._data = self.to_dict()
        return self._data

    def __str__(self) -> str:
        return self._document.text()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._subject()}>"

    def _subject(self) -> str:
        return f"{self._read.get('store', '')} in {self._read.get('region', '')}"

    def to_markdown(self) -> str:
        """The document as Markdown."""
        return self._document.to_markdown()

    def _repr_html_(self) -> str:
        return _html("", self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self._kind == other._kind and self._read == other._read

    def __hash__(self) -> int:
        return hash((self._kind, self.to_json()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)


class Plan(Document):
    """What would change, before anything does. Applying it is approving it."""

    __slots__ = ()
    _kind = "plan"

    @property
    def store(self) -> str:
        """The store."""
        return str(self._read["store"])

    @property
    def region(self) -> str:
        """The Region."""
        return str(self._read["region"])

    @property
    def hash(self) -> str:
        """Identifies spec, store and steps, 64 hexadecimal digits."""
        return str(self._read["hash"])

    @property
    def purpose(self) -> str:
        """`apply` or `teardown`."""
        return str(self._read["purpose"])

    @property
    def steps(self) -> list[records.Step]:
        """The steps, parents before what needs them."""
        return list(self._read["steps"])

    @property
    def notes(self) -> list[records.Note]:
        """Risks that were seen while planning."""
        return list(self._read.get("notes", []))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def needs_consent(self) -> list[str]:
        """What has to be agreed to before it can be applied: `replace`, `delete`, `disconnect`."""
        return list(json.loads(self._document.needs_consent()))

    @property
    def usually_takes(self) -> timedelta:
        """How long AWS usually takes for the longest chain of steps."""
        return timedelta(seconds=self._document.usually_takes_seconds())

    def policies(self) -> list[dict[str, Any]]:
        """The IAM policies that the plan needs: `role`, `iam` (a document in IAM's own form), `statements` with reasons."""
        return list(json.loads(self._document.policies("apply")))

    def to_mermaid(self) -> str:
        """The topology that the plan leads to, as a Mermaid flowchart."""
        return self._document.to_mermaid()

    def to_svg(self) -> str:
        """The topology that the plan leads to, as an SVG picture."""
        return self._document.to_svg()

    def _repr_html_(self) -> str:
        return _html(self.to_svg(), self)


class Report(Document):
    """What an apply or a teardown did."""

    __slots__ = ()
    _kind = "report"

    @property
    def status(self) -> str:
        """`complete`, `waiting_for_dns` or `failed`."""
        return str(self._read["outcome"]["status"])

    @property
    def complete(self) -> bool:
        """Whether everything is as it should be."""
        return self.status == "complete"

    @property
    def waiting_for_dns(self) -> Optional[TxtRecord]:
        """The record that a person has to publish, if that is what the run waits for. Apply again afterwards."""
        record = self._read["outcome"].get("record")
        return None if record is None else TxtRecord._of(record)

    @property
    def ids(self) -> records.Ids:
        """Ids and names of what exists now: `vpc`, `endpoint_service`, `key_store` and the like."""
        return cast("records.Ids", self._read["ids"])

    @property
    def connected(self) -> bool:
        """Whether the key store is CONNECTED now."""
        return self.ids["connection_state"] == "CONNECTED"

    @property
    def steps(self) -> list[records.StepReport]:
        """Every step that ran, in the order in which they began."""
        return list(self._read["steps"])

    @property
    def diagnosis(self) -> Optional[Diagnosis]:
        """Why KMS could not connect the key store, when that is what failed."""
        found = self._read.get("diagnosis")
        return None if found is None else Diagnosis.from_dict(found)

    @property
    def took(self) -> timedelta:
        """Total time."""
        return timedelta(seconds=self._read["took_seconds"])

    def to_svg(self) -> str:
        """When each step ran, as an SVG picture."""
        return self._document.to_svg()

    def to_html(self) -> str:
        """One HTML file to keep or send: how it ended, the timeline, and the text."""
        return self._document.to_html()

    def _repr_html_(self) -> str:
        return _html(self.to_svg(), self)


class Status(Document):
    """How each resource of a store stands."""

    __slots__ = ()
    _kind = "status"

    @property
    def resources(self) -> list[records.ResourceStatus]:
        """Every resource that the spec asks for, each with its `standing`."""
        return list(self._read["resources"])

    @property
    def ids(self) -> records.Ids:
        """Ids and names of what exists."""
        return cast("records.Ids", self._read["ids"])

    @property
    def as_wanted(self) -> bool:
        """Whether everything is as the spec asks."""
        return all(each["standing"] == "as_wanted" for each in self.resources)


class Verification(Document):
    """Which rules hold."""

    __slots__ = ()
    _kind = "verification"

    def _subject(self) -> str:
        return f"{self._read.get('target', '')} in {self._read.get('region', '')}"

    @property
    def checks(self) -> list[records.Check]:
        """All rules, each with its verdict and what was seen."""
        return list(self._read["checks"])

    @property
    def failures(self) -> list[records.Check]:
        """The rules that do not hold."""
        return [check for check in self.checks if check["verdict"] == "fail"]

    def check(self, rule: str) -> Optional[records.Check]:
        """The check of a rule such as `EPS-01`."""
        return next((check for check in self.checks if check["rule"] == rule), None)

    def to_html(self) -> str:
        """One HTML file to keep as evidence."""
        return self._document.to_html()


class Diagnosis(Document):
    """Why a store does not work: the causes, the likeliest first."""

    __slots__ = ()
    _kind = "diagnosis"

    def _subject(self) -> str:
        return f"{self._read.get('target') or 'a text'}"

    @property
    def causes(self) -> list[records.Cause]:
        """Each with rule, what was seen, whose it is, what to do."""
        return list(self._read["causes"])

    @property
    def symptoms(self) -> list[records.Symptom]:
        """What KMS or the proxy said."""
        return list(self._read["symptoms"])

    @property
    def found(self) -> Optional[records.Cause]:
        """The first cause that is certain."""
        return next((cause for cause in self.causes if cause["certainty"] == "found"), None)


class ProbeReport(Document):
    """What a probe of DNS, TLS and the proxy API saw."""

    __slots__ = ()
    _kind = "probe"

    def _subject(self) -> str:
        return str(self._read.get("private_dns_name", ""))


class Facts(Document):
    """What AWS and a probe told of a store, for rules and diagnosis without another look."""

    __slots__ = ()
    _kind = "facts"

    def _subject(self) -> str:
        return str(self._read["subject"])

    def verify(self) -> Verification:
        """Judged by every rule."""
        return Verification._of(self._document.verified())

    def diagnose(self, told: str = "") -> Diagnosis:
        """The causes of what was told: an exception, a ConnectionErrorCode, a message, a log."""
        return Diagnosis._of(self._document.diagnosed(told))


class Event:
    """One thing that happened in a run. `str` is a line for people."""

    __slots__ = ("_line", "data")
    data: dict[str, Any]
    """The event as plain data."""

    def __init__(self, data: Mapping[str, Any], line: str) -> None:
        self.data = dict(data)
        self._line = line

    @classmethod
    def _of(cls, told: tuple[str, str]) -> Event:
        return cls(json.loads(told[0]), told[1])

    @property
    def number(self) -> int:
        """Counts from 1 without gaps."""
        return int(self.data["number"])

    @property
    def at(self) -> timedelta:
        """Time since the run began."""
        return timedelta(seconds=self.data["at_seconds"])

    @property
    def type(self) -> str:
        """`began`, `step_began`, `waiting`, `publish_record`, `step_done`, `step_failed` or `ended`."""
        return str(self.data["type"])

    @property
    def record(self) -> Optional[TxtRecord]:
        """The record to publish, if the event asks a person for it."""
        record = self.data.get("record")
        return None if record is None else TxtRecord._of(record)

    def to_dict(self) -> dict[str, Any]:
        """The event as plain data."""
        return dict(self.data)

    def __str__(self) -> str:
        return self._line

    def __repr__(self) -> str:
        return f"<Event {self.number} {self.type}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.number, self.type))


def _html(picture: str, document: Document) -> str:
    # Notebooks show `pre` in a font of text, in which columns do not stand.
    style = "font-family: monospace; white-space: pre; overflow-x: auto"
    return f'{picture}<pre style="{style}">{html.escape(str(document))}</pre>'


def schema(name: str = "connectivity") -> dict[str, Any]:
    """The JSON Schema (2020-12) of documents: `connectivity` for specs; `plan`, `report`, `event`, `status`, `verification`,
    `diagnosis`, `probe`, `policies` or `error` for what the library writes."""
    read: dict[str, Any] = json.loads(_native.schema(name))
    return read


def diagnose_text(text: str) -> Diagnosis:
    """Whom an error message accuses, without a look at AWS. Nothing of the text is kept."""
    return Diagnosis._of(_native.Document.diagnosis_of_text(text))
