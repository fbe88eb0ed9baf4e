"""Tests without AWS: a simulated one, whose minutes pass at once.

    with SimulatedAws(hosted_zones=["example.com"]) as aws:
        client = aws.client(credential=lambda: (ID, SECRET))
        client.apply(client.plan(spec)).result()
        assert aws.census()["vpcs"] == 1

With pytest there is a fixture `simulated_aws`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from .. import _native
from ..client import AsyncClient, Client

__all__ = ["ACCOUNT", "SimulatedAws"]

#: The account of callers that name no other.
ACCOUNT = "111122223333"


class SimulatedAws:
    """A simulated EC2, Elastic Load Balancing, KMS, Route 53 and STS, in this process.

    Time is virtual: it passes at once while a call waits for it, and stands still otherwise. With `speed` it is that many
    times as fast as real time, for tests of waiting and cancelling.
    """

    def __init__(
        self,
        *,
        speed: Optional[float] = None,
        seed: Optional[int] = None,
        consistency_seconds: Optional[float] = None,
        instant: bool = False,
        begins_now: bool = False,
        hosted_zones: Iterable[str] = (),
    ) -> None:
        """
        :param speed: simulated seconds per real second
        :param seed: of invented ids, and of what lags how much
        :param consistency_seconds: how late EC2 and KMS show a write; about a second if not given
        :param instant: whether nothing takes time but the calls
        :param begins_now: whether the world begins at the present date instead of 2026-01-01
        :param hosted_zones: public hosted zones that the account has in Route 53
        """
        world = {
            "speed": speed,
            "seed": seed,
            "consistency_seconds": consistency_seconds,
            "instant": instant,
            "begins_now": begins_now,
            "hosted_zones": list(hosted_zones),
        }
        self._simulator = _native.Simulator(json.dumps(world))

    def client(self, **settings: Any) -> Client:
        """A `Client` of this world; `account` chooses another account than `ACCOUNT`."""
        return Client(simulated=self, **settings)

    def async_client(self, **settings: Any) -> AsyncClient:
        """An `AsyncClient` of this world."""
        return AsyncClient(simulated=self, **settings)

    def deed(self, **deed: Any) -> Any:
        """Does what somebody else would do, as `docs/simulator.md` lists it: `deed(fault="throttle", on="CreateVpc")`."""
        return json.loads(self._simulator.deed(json.dumps(deed)))

    def call(self, operation: str, *, account: str = ACCOUNT, region: str = "eu-central-1", **members: Any) -> Any:
        """An AWS call under its wire names: `call("ec2:CreateVpc", CidrBlock="10.1.0.0/24")`. It takes no time and meets no
        fault."""
        return self.deed(call=operation, account=account, region=region, input=members)

    def fault(self, kind: str, **how: Any) -> None:
        """Lets calls fail: `fault("throttle", on="CreateVpc", times=3)`."""
        self.deed(fault=kind, **how)

    def set(self, lever: str, to: Any) -> None:
        """Changes the world: `set("dead_targets", ["10.0.8.10"])`."""
        self.deed(set=lever, to=to)

    def allow(self, principal: str, policy: Mapping[str, Any]) -> None:
        """Attaches an IAM policy to an account, user or role; from then on only what its policies allow is allowed."""
        self.deed(allow=principal, policy=policy)

    def wait(self, seconds: float) -> None:
        """Lets simulated time pass at once."""
        self.deed(wait=seconds)

    def reset(self) -> None:
        """Empties the world; time goes on."""
        self.deed(reset=True)

    def during_run(
        self,
        *deeds: Mapping[str, Any],
        on_publish: Iterable[Mapping[str, Any]] = (),
        cut_after: Optional[float] = None,
    ) -> None:
        """What happens while the next verb runs.

        :param deeds: each with `at`, the second of the run at which it happens
        :param on_publish: deeds when the run asks a person to publish a record; `$record.name` and `$record.value` stand for
            its fields
        :param cut_after: the second at which the caller lets go of the run, as if the process had ended
        """
        script = {"during": list(deeds), "on_publish": list(on_publish), "cut_after": cut_after}
        self._simulator.during_run(json.dumps(script))

    def publishes_records(self) -> None:
        """Lets a person publish the record that the next run asks for, at once."""
        served = {"name": "$record.name", "value": "$record.value"}
        self.during_run(on_publish=[{"set": "elsewhere", "to": [served]}])

    def census(self) -> dict[str, int]:
        """How many of each sort of object exist in all accounts."""
        read: dict[str, int] = json.loads(self._simulator.census())
        return read

    def world(self) -> dict[str, Any]:
        """Everything that exists."""
        read: dict[str, Any] = json.loads(self._simulator.world())
        return read

    def requests(self) -> list[dict[str, Any]]:
        """Every request so far: `service`, `operation`, `account`, `region`, `input`, `error` and times."""
        read: list[dict[str, Any]] = json.loads(self._simulator.requests())
        return read

    @property
    def now(self) -> float:
        """Simulated seconds since 2026-01-01."""
        return self._simulator.now()

    def serve(self, port: int = 0) -> str:
        """Serves this world over HTTP on loopback, for boto3, the AWS CLI or a browser; returns the URL."""
        return self._simulator.serve(port)

    def boto3_client(self, service: str, *, account: str = ACCOUNT, region: str = "eu-central-1") -> Any:
        """A boto3 client of this world, to look at what xkslink made or to make what it finds."""
        import boto3

        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.serve(),
            aws_access_key_id=f"AKIA{account}",
            aws_secret_access_key="simulated",
        )

    def start_proxy(self, **setup: Any) -> dict[str, str]:
        """Starts an external key store proxy over TLS on loopback; returns its `address` and its `root` certificate."""
        read: dict[str, str] = json.loads(self._simulator.start_proxy(json.dumps(setup)))
        return read

    def start_dns(self) -> str:
        """Starts a name server on loopback for the public zones of this world; returns its address."""
        return self._simulator.start_dns()

    def close(self) -> None:
        """Ends the runs and servers of this world."""
        self._simulator.close()

    def __enter__(self) -> SimulatedAws:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
