"""What the objects of a spec have in common: frozen, compared and copied by value, and silent about secrets."""

from __future__ import annotations

import ipaddress
import json
import pathlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Callable, ClassVar, TypeVar

from . import _native

T = TypeVar("T", bound="Record")

#: What stands for a secret in documents that the library writes.
WITHHELD = "<withheld>"


class Record:
    """An object of a spec. It cannot be changed; `replace` makes a copy with changes."""

    __slots__ = ("__weakref__",)
    _names: ClassVar[tuple[str, ...]] = ()
    _records: ClassVar[Mapping[str, str]] = {}

    def _set(self, fields: Mapping[str, object]) -> None:
        for name in self._names:
            object.__setattr__(self, name, _frozen(fields[name]))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: use replace({name}=…)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: use replace({name}=None)")

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names if getattr(self, name) is not None}

    def _is_secret(self, name: str) -> bool:
        return name == "raw_secret_access_key" and getattr(self, "type", None) == "value"

    def replace(self: T, **changes: Any) -> T:
        """A copy with these fields changed, and no others: defaults were written out, so a copy of a spec with another `name` keeps
        the key store's name, which an account and Region can have once only. Replace that too."""
        return type(self)(**{**self._given(), **changes})

    def to_dict(self) -> dict[str, Any]:
        """The fields that were given, as a document has them. A secret is withheld."""
        shown = {name: WITHHELD if self._is_secret(name) else value for name, value in self._given().items()}
        return {name: _plain(value, name, Record.to_dict) for name, value in shown.items()}

    def _exposed(self) -> dict[str, Any]:
        return {name: _plain(value, name, Record._exposed) for name, value in self._given().items()}

    def __eq__(self, other: object) -> bool:
        return self._given() == other._given() if isinstance(other, Record) and type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), json.dumps(self.to_dict(), sort_keys=True)))

    def __repr__(self) -> str:
        shown = {name: "…" if self._is_secret(name) else repr(value) for name, value in self._given().items()}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in shown.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), {n: WITHHELD if self._is_secret(n) else v for n, v in self._pickled().items()})

    def _pickled(self) -> dict[str, Any]:
        return {name: dict(v) if isinstance(v, Mapping) else v for name, v in self._given().items()}


class Spec(Record):
    """A whole spec: checked when it is made, with every default written out."""

    __slots__ = ("_document",)
    _document: Any

    def _set(self, fields: Mapping[str, object]) -> None:
        given = {name: fields[name] for name in self._names if fields[name] is not None}
        document = {name: _plain(value, name, Record._exposed) for name, value in given.items()}
        self._take(_native.Document.spec("json", json.dumps({"version": 1, **document})))

    def _take(self, document: _native.Document) -> None:
        """Takes the fields of a document that was checked."""
        read = json.loads(document.to_json())
        secret = document.secret()
        if secret is not None:
            read["key_store"]["credential"]["raw_secret_access_key"] = secret
        super()._set(_objects(type(self), read))
        object.__setattr__(self, "_document", document)

    def _native(self) -> _native.Document:
        """The checked document. A spec that was pickled with a secret is checked here, since the secret is missing."""
        if self._document is None:
            document = {name: _plain(value, name, Record._exposed) for name, value in self._given().items()}
            return _native.Document.spec("json", json.dumps({"version": 1, **document}))
        document = self._document
        assert isinstance(document, _native.Document)
        return document


def _objects(kind: type[Record], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Documents inside of a document as the objects that they are."""
    from . import spec

    def made(name: str, value: Any) -> Any:
        if name not in kind._records or value is None:
            return value
        inner: type[Record] = getattr(spec, kind._records[name])
        if isinstance(value, list):
            return [inner(**_objects(inner, each)) for each in value]
        return inner(**_objects(inner, value))

    whole = dict.fromkeys(kind._names) if issubclass(kind, Spec) else {}
    return {**whole, **{name: made(name, value) for name, value in fields.items() if name in kind._names}}


def _restored(kind: type[T], fields: dict[str, Any]) -> T:
    made = object.__new__(kind)
    Record._set(made, {**dict.fromkeys(kind._names), **fields})
    if issubclass(kind, Spec):
        object.__setattr__(made, "_document", None)
    return made


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return MappingProxyType(dict(value))
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Record, ipaddress.IPv4Network)):
        return tuple(value)
    return value


def _plain(value: object, at: str, inner: Callable[[Record], dict[str, Any]]) -> Any:
    """A value as a document holds it. What kind of value a field takes is for the library to say."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Record):
        return inner(value)
    if isinstance(value, (ipaddress.IPv4Address, ipaddress.IPv4Network, pathlib.PurePath)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each, f"{at}.{key}", inner) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [_plain(each, f"{at}[{index}]", inner) for index, each in enumerate(value)]
    from .errors import InvalidSpec

    what = f"is of the type `{type(value).__name__}`, which no document holds"
    problem = {"field": at, "what": what, "help": "give a text, a number, a list or an object of xkslink"}
    raise InvalidSpec(f"{at}: {what}; {problem['help']}", problems=[problem])
