"""Connects an AWS KMS external key store through a VPC endpoint service: plans, applies, verifies, diagnoses, tears down.

    import xkslink

    spec = xkslink.Connectivity.from_file("store.toml")
    with xkslink.Client(profile="network") as client:
        plan = client.plan(spec)
        print(plan)
        report = client.apply(plan).result()

Importing this package loads nothing but names; the native library is loaded when it is first needed.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from . import errors as errors
    from . import progress as progress
    from . import testing as testing
    from .client import Account as Account
    from .client import AsyncClient as AsyncClient
    from .client import AsyncRun as AsyncRun
    from .client import Client as Client
    from .client import Run as Run
    from .documents import Diagnosis as Diagnosis
    from .documents import Event as Event
    from .documents import Facts as Facts
    from .documents import Plan as Plan
    from .documents import ProbeReport as ProbeReport
    from .documents import Report as Report
    from .documents import Status as Status
    from .documents import TxtRecord as TxtRecord
    from .documents import Verification as Verification
    from .documents import diagnose_text as diagnose_text
    from .documents import schema as schema
    from .errors import Cancelled as Cancelled
    from .errors import InvalidSpec as InvalidSpec
    from .errors import XksError as XksError
    from .spec import Connectivity as Connectivity
    from .spec import Credential as Credential
    from .spec import Domain as Domain
    from .spec import HealthCheck as HealthCheck
    from .spec import KeyStore as KeyStore
    from .spec import Link as Link
    from .spec import LoadBalancer as LoadBalancer
    from .spec import Network as Network
    from .spec import Proxy as Proxy
    from .spec import Subnet as Subnet

    __version__: str

_HOMES = {
    "client": ("Account", "AsyncClient", "AsyncRun", "Client", "Run"),
    "documents": (
        "Diagnosis",
        "Event",
        "Facts",
        "Plan",
        "ProbeReport",
        "Report",
        "Status",
        "TxtRecord",
        "Verification",
        "diagnose_text",
        "schema",
    ),
    "errors": ("Cancelled", "InvalidSpec", "XksError"),
    "spec": (
        "Connectivity",
        "Credential",
        "Domain",
        "HealthCheck",
        "KeyStore",
        "Link",
        "LoadBalancer",
        "Network",
        "Proxy",
        "Subnet",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
_MODULES = ("errors", "progress", "testing")

__all__ = sorted([*_HOME_OF, *_MODULES])  # pyright: ignore[reportUnsupportedDunderAll]


def _module(name: str) -> typing.Any:
    try:
        return importlib.import_module(f".{name}", __name__)
    except ImportError as error:
        # Only this one can be missing or of another platform; all others are Python.
        if "_native" not in str(error):
            raise
        import platform

        here = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        remedy = "install the wheel for it: python -m pip install --force-reinstall xkslink"
        raise ImportError(f"the native library of xkslink is missing, or not for this platform ({here}); {remedy}") from error


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return _module(name)
    if name == "__version__":
        found: object = _module("_native").version()
    elif name in _HOME_OF:
        found = getattr(_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
