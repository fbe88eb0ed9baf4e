"""The verbs: blocking with `Client`, awaited with `AsyncClient`. Both are faces of the same tasks of the native library."""

from __future__ import annotations

import json
import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator, Iterable, Iterator, Mapping
from datetime import datetime
from os import PathLike, fspath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generic, Literal, Optional, TypeVar, Union

from . import _logs, _native
from .documents import Diagnosis, Document, Event, Facts, Plan, ProbeReport, Report, Status, TxtRecord, Verification
from .errors import Closed, InvalidArgument
from .spec import Connectivity, HealthCheck

# asyncio brings sockets and OpenSSL with it: functions that need it import it, so that who blocks does not pay for it.
if TYPE_CHECKING:
    import asyncio

    from .testing import SimulatedAws

D = TypeVar("D", bound=Document)
C = TypeVar("C", bound="_Base")

#: What a plan may do beyond creating and updating, once the caller says so.
Consent = Literal["replace", "delete", "disconnect", "despite_rules"]

#: A spec, or the name of a store; to verify or diagnose also that of a key store, its `cks-` id, or that of an endpoint
#: service.
Target = Union[Connectivity, str]

#: `boto3.Session`, botocore credentials, the `Credentials` of an STS answer, or a function that returns one of these.
Credentials = Any

#: How long credentials that will end, and do not say when, are used before they are asked for again, in seconds.
_ASK_AGAIN = 300


class Account:
    """One AWS account or role, with the settings that boto3 users know. What is not given comes from the standard chain:
    environment, profile, SSO, web identity, process, container, instance."""

    def __init__(
        self,
        *,
        region: Optional[str] = None,
        profile: Optional[str] = None,
        endpoint_url: Optional[str] = None,
        role_arn: Optional[str] = None,
        external_id: Optional[str] = None,
        role_session_name: Optional[str] = None,
        max_attempts: Optional[int] = None,
        ca_bundle: Union[str, PathLike[str], None] = None,
        credentials: Credentials = None,
        account: Optional[str] = None,
    ) -> None:
        given = {
            "region": region,
            "profile": profile,
            "endpoint_url": endpoint_url,
            "role_arn": role_arn,
            "external_id": external_id,
            "role_session_name": role_session_name,
            "max_attempts": max_attempts,
            "ca_bundle": None if ca_bundle is None else fspath(ca_bundle),
            "account": account,
        }
        for name, value in given.items():
            wanted = int if name == "max_attempts" else str
            if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
                what = f"{name}: is of the type `{type(value).__name__}`"
                raise InvalidArgument(what, help=f"give a value of the type `{wanted.__name__}`")
        self._plain = {name: value for name, value in given.items() if value is not None}
        self._credentials = credentials

    @property
    def region(self) -> Optional[str]:
        """The Region for STS and for stores that are named without one."""
        region = self._plain.get("region")
        return region if isinstance(region, str) else None

    def __repr__(self) -> str:
        return f"Account({', '.join(f'{name}={value!r}' for name, value in self._plain.items())})"


class _Base:
    """What both clients share: how they are made, and what they give to the native library."""

    def __init__(
        self,
        *,
        region: Optional[str] = None,
        profile: Optional[str] = None,
        endpoint_url: Optional[str] = None,
        role_arn: Optional[str] = None,
        external_id: Optional[str] = None,
        role_session_name: Optional[str] = None,
        max_attempts: Optional[int] = None,
        ca_bundle: Union[str, PathLike[str], None] = None,
        credentials: Credentials = None,
        account: Optional[str] = None,
        dns: Optional[Account] = None,
        kms: Optional[Account] = None,
        publish: Optional[Callable[[TxtRecord], Any]] = None,
        withdraw: Optional[Callable[[TxtRecord], Any]] = None,
        credential: Optional[Callable[[], Any]] = None,
        simulated: Optional[SimulatedAws] = None,
    ) -> None:
        """
        :param region: for STS, and for stores that are named without a Region; the Region of a spec counts otherwise
        :param profile: a profile of the AWS configuration files
        :param endpoint_url: one endpoint for all services
        :param role_arn: a role to assume, with `external_id` and `role_session_name` if it wants them
        :param max_attempts: attempts of the AWS SDK for one call
        :param ca_bundle: a PEM file with the certificates to trust; `AWS_CA_BUNDLE` counts otherwise
        :param credentials: a `boto3.Session`, or a function that returns credentials and is asked again when they end
        :param account: twelve digits; with a simulated AWS only
        :param dns: another account or role for Route 53
        :param kms: another account or role for AWS KMS
        :param publish: publishes the TXT record, for `Domain.callback()`
        :param withdraw: takes it out again
        :param credential: returns access key id and secret of the proxy, for `Credential.callback()`
        :param simulated: a simulated AWS instead of the real one
        """
        network = Account(
            region=region,
            profile=profile,
            endpoint_url=endpoint_url,
            role_arn=role_arn,
            external_id=external_id,
            role_session_name=role_session_name,
            max_attempts=max_attempts,
            ca_bundle=ca_bundle,
            credentials=credentials,
            account=account,
        )
        accounts = {"network": network, "dns": dns, "kms": kms}
        for name, each in accounts.items():
            if each is not None and not isinstance(each, Account):
                raise InvalidArgument(f"{name}: is of the type `{type(each).__name__}`", help="give an `xkslink.Account`")
        for name, function in {"publish": publish, "withdraw": withdraw, "credential": credential}.items():
            if function is not None and not callable(function):
                raise InvalidArgument(f"{name}: is of the type `{type(function).__name__}`", help="give a function")
        self._region = region
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        plain = {name: each._plain for name, each in accounts.items() if each is not None}
        sources = {
            name: _source(each._credentials) for name, each in accounts.items() if each and each._credentials is not None
        }
        self._client: Optional[_native.Client] = _native.Client(
            json.dumps(plain),
            sources,
            publish=None if publish is None else lambda record: self._called(publish, TxtRecord._of(json.loads(record))),
            withdraw=None if withdraw is None else lambda record: self._called(withdraw, TxtRecord._of(json.loads(record))),
            credential=None if credential is None else lambda: tuple(self._called(credential)),
            simulator=None if simulated is None else simulated._simulator,
        )

    def _called(self, function: Callable[..., Any], *given: Any) -> Any:
        """Calls a function on the thread that waits for it; a coroutine runs on the loop of the client."""
        answer = function(*given)
        if not isinstance(answer, Awaitable):
            return answer
        if self._loop is None:
            if isinstance(answer, Coroutine):
                answer.close()
            raise InvalidArgument("callback: is a coroutine function", help="give it to an `AsyncClient`")

        async def awaited() -> Any:
            return await answer

        import asyncio

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    @property
    def _connected(self) -> _native.Client:
        if self._client is None:
            raise Closed("the client is closed", help="make a new client")
        _logs.follow()
        return self._client

    def _target(
        self, target: Target, region: Optional[str]
    ) -> tuple[Optional[_native.Document], Optional[tuple[str, str]]]:
        if isinstance(target, str):
            where = region or self._region
            if where is None:
                raise InvalidArgument("region: is missing", help="give the Region of the store that you name")
            return None, (target, where)
        return _spec(target, "target"), None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' (closed)' if self._client is None else ''}>"


def _spec(spec: object, name: str = "spec") -> _native.Document:
    if not isinstance(spec, Connectivity):
        what = f"{name}: is of the type `{type(spec).__name__}`"
        raise InvalidArgument(what, help="give a `Connectivity`; `Connectivity.from_dict` and `from_file` read one")
    return spec._native()


def _plan(plan: object) -> _native.Document:
    if not isinstance(plan, Plan):
        raise InvalidArgument(f"plan: is of the type `{type(plan).__name__}`", help="give a `Plan`, as `plan()` returns it")
    return plan._document


def _consent(consent: Union[Consent, Iterable[Consent]]) -> list[str]:
    return [consent] if isinstance(consent, str) else list(consent)


_Keys = tuple[str, str, Optional[str], Optional[int]]


def _source(given: Credentials) -> Callable[[], _Keys]:
    """A function that the native library asks for credentials."""
    return lambda: _keys(given() if callable(given) and not hasattr(given, "get_credentials") else given)


def _keys(given: Any) -> _Keys:
    """Credentials in whatever form boto3 has them, with the second at which they end."""
    if hasattr(given, "get_credentials"):
        given = given.get_credentials()
    if hasattr(given, "get_frozen_credentials"):
        given = given.get_frozen_credentials()
    if isinstance(given, Mapping):
        key, secret = given.get("AccessKeyId"), given.get("SecretAccessKey")
        token, expires = given.get("SessionToken"), given.get("Expiration")
    else:
        key, secret = getattr(given, "access_key", None), getattr(given, "secret_key", None)
        token, expires = getattr(given, "token", None), None
    if not isinstance(key, str) or not isinstance(secret, str):
        what = f"credentials: `{type(given).__name__}` holds no access key and secret"
        raise InvalidArgument(what, help="give a boto3.Session, or a function that returns frozen credentials")
    if isinstance(expires, datetime):
        return key, secret, token, int(expires.timestamp())
    return key, secret, token, int(time.time()) + _ASK_AGAIN if token else None


#: What probes take, with a spec or without one.
_PROBED = (
    "addresses",
    "certificate",
    "resolvers",
    "name_servers",
    "external_key",
    "trusted_roots",
    "timeout_seconds",
)
_LISTS = ("addresses", "resolvers", "name_servers")


def _probe(given: Mapping[str, Any], **more: object) -> str:
    """What to probe, from the arguments of a verb."""
    asked = {**{name: given[name] for name in _PROBED}, "without": list(given["without"]), **more}
    known = {name: value for name, value in asked.items() if value is not None}
    return json.dumps({name: list(value) if name in _LISTS else value for name, value in known.items()})


def _probe_name(given: Mapping[str, Any]) -> _Waited[ProbeReport]:
    """The probe without a spec, from the arguments of either client's."""
    check = given["health_check"]
    request = _probe(given, health_check=None if check is None else _health_check(check), dns=True)
    proxy = _proxy(given["path"], given["access_key_id"], given["raw_secret_access_key"])
    return _Waited(_native.Client.probe_name(given["private_dns_name"], given["region"], proxy, request), ProbeReport)


def _health_check(given: object) -> dict[str, Any]:
    if not isinstance(given, HealthCheck):
        raise InvalidArgument(f"health_check: is of the type `{type(given).__name__}`", help="give an `xkslink.HealthCheck`")
    return {name: value for name, value in given.to_dict().items() if name in ("type", "path")}


def _proxy(path: Optional[str], access_key_id: Optional[str], secret: Optional[str]) -> Optional[tuple[str, str, str]]:
    if path is None and access_key_id is None and secret is None:
        return None
    if path is None or access_key_id is None or secret is None:
        given = {"path": path, "access_key_id": access_key_id, "raw_secret_access_key": secret}
        missing = next(name for name, value in given.items() if value is None)
        what = "the proxy API is asked with its path, an access key id and its secret"
        raise InvalidArgument(f"{missing}: is missing; {what}", help="give all three, or none of them")
    return path, access_key_id, secret


class Run:
    """A running apply or teardown of a `Client`. It begins at once; leaving a `with` block cancels it."""

    def __init__(self, task: _native.Task, on_event: Optional[Callable[[Event], object]]) -> None:
        self._task = task
        self._on_event = on_event
        self._asked = False

    def events(self) -> Iterator[Event]:
        """The events as they come, until the run has ended. Ask for the result afterwards. Leaving early lets the run go
        on."""
        self._asked = True
        while True:
            told = self._task.next_event()
            if told is None:
                return
            event = Event._of(told)
            if self._on_event is not None:
                self._on_event(event)
            yield event

    def result(self) -> Report:
        """Waits for the end, and returns the report or raises what the run failed with.

        Ctrl-C, and what `on_event` raises, cancel the run; apply again to go on.
        """
        self._asked = True
        try:
            if self._on_event is not None:
                for _ in self.events():
                    pass
            return Report._of(self._task.result())
        except BaseException:
            self._task.cancel()
            raise

    def cancel(self) -> None:
        """Lets go of the run. AWS is left as the last finished call left it; apply again to go on."""
        self._asked = True
        self._task.cancel()

    def done(self) -> bool:
        """Whether the run has ended."""
        return self._task.done()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def __del__(self) -> None:
        if not getattr(self, "_asked", True):
            warnings.warn("a run was cancelled because nobody asked for its result()", ResourceWarning, source=self)


class AsyncRun:
    """A running apply or teardown of an `AsyncClient`. It begins at once; await it for the report."""

    def __init__(self, task: _native.Task, on_event: Optional[Callable[[Event], object]]) -> None:
        self._task = task
        self._on_event = on_event
        self._asked = False

    async def events(self) -> AsyncIterator[Event]:
        """The events as they come, until the run has ended. Await the run afterwards."""
        self._asked = True
        while True:
            told = self._task.next_event_now()
            if told is not None:
                event = Event._of(told)
                if self._on_event is not None:
                    answer = self._on_event(event)
                    if isinstance(answer, Awaitable):
                        await answer
                yield event
            elif self._task.done():
                return
            else:
                await _ready(self._task)

    async def result(self) -> Report:
        """Waits for the end. Cancelling the asyncio task cancels the run."""
        self._asked = True
        try:
            async for _ in self.events():
                pass
            return Report._of(self._task.result())
        except BaseException:
            self._task.cancel()
            raise

    def __await__(self) -> Generator[Any, None, Report]:
        return self.result().__await__()

    def cancel(self) -> None:
        """Lets go of the run. AWS is left as the last finished call left it; apply again to go on."""
        self._asked = True
        self._task.cancel()

    def done(self) -> bool:
        """Whether the run has ended."""
        return self._task.done()

    def __del__(self) -> None:
        if not getattr(self, "_asked", True):
            warnings.warn("a run was cancelled because nobody awaited it", ResourceWarning, source=self)


async def _ready(task: _native.Task) -> None:
    """Returns when a task has an event or its result; cancels it when this is cancelled."""
    import asyncio

    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not ready.done():
            ready.set_result(None)

    def tell() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            pass  # The loop is closed: nobody waits.

    task.when_ready(tell)
    try:
        await ready
    except asyncio.CancelledError:
        task.cancel()
        raise


class _Waited(Generic[D]):
    """A verb without events, for both clients."""

    def __init__(self, task: _native.Task, kind: type[D]) -> None:
        self._task = task
        self._kind = kind

    def blocking(self) -> D:
        return self._kind._of(self._task.result())

    async def awaited(self) -> D:
        while not self._task.done():
            await _ready(self._task)
        return self._kind._of(self._task.result())


class Client(_Base):
    """Plans, applies, verifies, diagnoses and tears down; every call blocks, and Ctrl-C ends it.

    It may be used by several threads at once, and on both sides of a fork.
    """

    def plan(self, spec: Connectivity) -> Plan:
        """What would change to make the spec true. Reads only."""
        return _Waited(self._connected.plan(_spec(spec)), Plan).blocking()

    def apply(
        self,
        plan: Plan,
        *,
        consent: Union[Consent, Iterable[Consent]] = (),
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> Run:
        """Applies a plan, at once; ask the run for its events and its result. Safe to repeat: it does what is left to do.

        `on_event` hears of every event on the thread that asks.
        """
        return Run(self._connected.apply(_plan(plan), _consent(consent)), on_event)

    def plan_teardown(self, target: Target, *, region: Optional[str] = None) -> Plan:
        """What it would take to take a store down. Reads only."""
        return _Waited(self._connected.plan_teardown(*self._target(target, region)), Plan).blocking()

    def teardown(
        self,
        target: Target,
        *,
        region: Optional[str] = None,
        consent: Union[Consent, Iterable[Consent]] = (),
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> Run:
        """Takes a store down: plan and apply in one. Deletes what carries our mark and nothing else. Disconnecting a key
        store needs the consent `disconnect`."""
        return Run(self._connected.teardown(*self._target(target, region), _consent(consent)), on_event)

    def status(self, spec: Connectivity) -> Status:
        """How the store stands. Reads only."""
        return _Waited(self._connected.status(_spec(spec)), Status).blocking()

    def verify(self, target: Target, *, region: Optional[str] = None) -> Verification:
        """Checks every rule against AWS, for a store of any origin. Reads only."""
        return _Waited(self._connected.verify(*self._target(target, region)), Verification).blocking()

    def facts(self, target: Target, *, region: Optional[str] = None, probe: bool = False) -> Facts:
        """All that AWS tells about a store, and a probe of a spec if asked for. Reads only."""
        return _Waited(self._connected.facts(*self._target(target, region), "{}" if probe else None), Facts).blocking()

    def diagnose(
        self, target: Target, *, region: Optional[str] = None, told: str = "", probe: bool = False
    ) -> Diagnosis:
        """Why a store does not connect, or its keys fail. `told` is what was seen: an exception, a ConnectionErrorCode, a
        message, a log. Reads only."""
        task = self._connected.diagnose(*self._target(target, region), told, "{}" if probe else None)
        return _Waited(task, Diagnosis).blocking()

    def probe(
        self,
        spec: Connectivity,
        *,
        addresses: Optional[Iterable[str]] = None,
        certificate: Optional[str] = None,
        resolvers: Optional[Iterable[str]] = None,
        name_servers: Optional[Iterable[str]] = None,
        external_key: Optional[str] = None,
        without: Iterable[Literal["dns", "tls", "proxy", "health_check"]] = (),
        trusted_roots: Optional[str] = None,
        timeout_seconds: Optional[float] = None,
    ) -> ProbeReport:
        """Looks at what no AWS API tells, from this host: public DNS, certificate, TLS, the proxy API. Reads only.

        :param addresses: `address:port` to connect to, instead of those of the spec
        :param certificate: a chain in PEM to judge without a connection
        :param resolvers: `address:port` of resolvers to ask, instead of the system's
        :param name_servers: `address:port` of name servers to ask, instead of the zone's own
        :param external_key: id of an external key to read from the proxy
        :param without: phases to leave out
        :param trusted_roots: certificates in PEM that count as roots besides those that AWS KMS trusts
        :param timeout_seconds: for each connection and answer
        """
        return _Waited(self._connected.probe(_spec(spec), _probe(locals())), ProbeReport).blocking()

    @staticmethod
    def probe_name(
        private_dns_name: str,
        *,
        region: str,
        path: Optional[str] = None,
        access_key_id: Optional[str] = None,
        raw_secret_access_key: Optional[str] = None,
        health_check: Optional[HealthCheck] = None,
        addresses: Optional[Iterable[str]] = None,
        certificate: Optional[str] = None,
        resolvers: Optional[Iterable[str]] = None,
        name_servers: Optional[Iterable[str]] = None,
        external_key: Optional[str] = None,
        without: Iterable[Literal["dns", "tls", "proxy", "health_check"]] = (),
        trusted_roots: Optional[str] = None,
        timeout_seconds: Optional[float] = None,
    ) -> ProbeReport:
        """Probes without a spec and without AWS, to judge a proxy before anything is built. Reads only.

        :param private_dns_name: the name that AWS KMS will call the proxy by
        :param path: where on the proxy the API is; with it, the credential of the proxy
        :param health_check: what the load balancer will send

        The other arguments are those of `probe`.
        """
        return _probe_name(locals()).blocking()

    def close(self) -> None:
        """Ends the client; running verbs go on. Later calls raise `Closed`."""
        self._client = None

    def __enter__(self: C) -> C:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._client = None


class AsyncClient(_Base):
    """The same for asyncio: every call is awaited, and cancelling the asyncio task cancels it.

    Callbacks may be coroutine functions; they run on the loop of the call.
    """

    @property
    def _connected(self) -> _native.Client:
        import asyncio

        self._loop = asyncio.get_running_loop()
        return super()._connected

    async def plan(self, spec: Connectivity) -> Plan:
        """What would change to make the spec true. Reads only."""
        return await _Waited(self._connected.plan(_spec(spec)), Plan).awaited()

    def apply(
        self,
        plan: Plan,
        *,
        consent: Union[Consent, Iterable[Consent]] = (),
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> AsyncRun:
        """Applies a plan, at once; iterate over its `events()`, or await the run. Safe to repeat.

        `on_event` may be a coroutine function.
        """
        return AsyncRun(self._connected.apply(_plan(plan), _consent(consent)), on_event)

    async def plan_teardown(self, target: Target, *, region: Optional[str] = None) -> Plan:
        """What it would take to take a store down. Reads only."""
        return await _Waited(self._connected.plan_teardown(*self._target(target, region)), Plan).awaited()

    def teardown(
        self,
        target: Target,
        *,
        region: Optional[str] = None,
        consent: Union[Consent, Iterable[Consent]] = (),
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> AsyncRun:
        """Takes a store down: plan and apply in one."""
        return AsyncRun(self._connected.teardown(*self._target(target, region), _consent(consent)), on_event)

    async def status(self, spec: Connectivity) -> Status:
        """How the store stands. Reads only."""
        return await _Waited(self._connected.status(_spec(spec)), Status).awaited()

    async def verify(self, target: Target, *, region: Optional[str] = None) -> Verification:
        """Checks every rule against AWS, for a store of any origin. Reads only."""
        return await _Waited(self._connected.verify(*self._target(target, region)), Verification).awaited()

    async def facts(self, target: Target, *, region: Optional[str] = None, probe: bool = False) -> Facts:
        """All that AWS tells about a store, and a probe of a spec if asked for. Reads only."""
        return await _Waited(self._connected.facts(*self._target(target, region), "{}" if probe else None), Facts).awaited()

    async def diagnose(
        self, target: Target, *, region: Optional[str] = None, told: str = "", probe: bool = False
    ) -> Diagnosis:
        """Why a store does not connect, or its keys fail. Reads only."""
        task = self._connected.diagnose(*self._target(target, region), told, "{}" if probe else None)
        return await _Waited(task, Diagnosis).awaited()

    async def probe(
        self,
        spec: Connectivity,
        *,
        addresses: Optional[Iterable[str]] = None,
        certificate: Optional[str] = None,
        resolvers: Optional[Iterable[str]] = None,
        name_servers: Optional[Iterable[str]] = None,
        external_key: Optional[str] = None,
        without: Iterable[Literal["dns", "tls", "proxy", "health_check"]] = (),
        trusted_roots: Optional[str] = None,
        timeout_seconds: Optional[float] = None,
    ) -> ProbeReport:
        """Looks at what no AWS API tells, from this host. The arguments are those of `Client.probe`. Reads only."""
        return await _Waited(self._connected.probe(_spec(spec), _probe(locals())), ProbeReport).awaited()

    @staticmethod
    async def probe_name(
        private_dns_name: str,
        *,
        region: str,
        path: Optional[str] = None,
        access_key_id: Optional[str] = None,
        raw_secret_access_key: Optional[str] = None,
        health_check: Optional[HealthCheck] = None,
        addresses: Optional[Iterable[str]] = None,
        certificate: Optional[str] = None,
        resolvers: Optional[Iterable[str]] = None,
        name_servers: Optional[Iterable[str]] = None,
        external_key: Optional[str] = None,
        without: Iterable[Literal["dns", "tls", "proxy", "health_check"]] = (),
        trusted_roots: Optional[str] = None,
        timeout_seconds: Optional[float] = None,
    ) -> ProbeReport:
        """Probes without a spec and without AWS. The arguments are those of `Client.probe_name`. Reads only."""
        return await _probe_name(locals()).awaited()

    async def close(self) -> None:
        """Ends the client; running verbs go on. Later calls raise `Closed`."""
        self._client = None

    async def __aenter__(self: C) -> C:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._client = None
