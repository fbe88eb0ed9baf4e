"""The same verbs on an event loop: events, cancelling, coroutines as callbacks, many at once."""

from __future__ import annotations

import asyncio

import pytest

import xkslink
from conftest import KEY_ID, SECRET, connectivity
from xkslink import errors
from xkslink.testing import SimulatedAws


def test_all_verbs(spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    async def main() -> None:
        async with simulated_aws.async_client(credential=lambda: (KEY_ID, SECRET)) as client:
            plan = await client.plan(spec)
            run = client.apply(plan)
            numbers = [event.number async for event in run.events()]
            assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 30
            assert (await run).complete
            assert (await client.status(spec)).as_wanted
            assert (await client.verify(spec)).check("EPS-01")
            assert (await client.diagnose(spec)).to_dict() and (await client.facts(spec)).verify()
            assert not (await client.plan_teardown(spec)).is_empty
            assert (await client.teardown(spec, consent=["disconnect"])).complete
        with pytest.raises(errors.Closed):
            await client.plan(spec)

    asyncio.run(main())


def test_the_loop_goes_on_meanwhile(spec: xkslink.Connectivity) -> None:
    async def main() -> None:
        ticks = 0
        with SimulatedAws(speed=20, hosted_zones=["example.com"]) as aws:
            client = aws.async_client()
            planning = asyncio.ensure_future(client.plan(spec))
            while not planning.done():
                await asyncio.sleep(0.001)
                ticks += 1
            await planning
        assert ticks > 3

    asyncio.run(main())


def test_cancelling_the_task_cancels_the_run(spec: xkslink.Connectivity) -> None:
    async def main() -> None:
        with SimulatedAws(speed=10, hosted_zones=["example.com"]) as aws:
            client = aws.async_client(credential=lambda: (KEY_ID, SECRET))
            plan = await client.plan(spec)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.apply(plan).result(), 1)
            await asyncio.sleep(0.2)
            requests = len(aws.requests())
            await asyncio.sleep(1)
            assert len(aws.requests()) == requests, "nothing is sent any more"
            aws.wait(1000)
            run = client.apply(plan)
            while not run.done():
                aws.wait(5)  # short beside the SDK's patience with a call that is under way
                await asyncio.sleep(0.02)
            assert (await run).complete and aws.census()["vpcs"] == 1

    asyncio.run(main())


def test_callbacks_may_be_coroutines(simulated_aws: SimulatedAws) -> None:
    heard = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def credential() -> tuple[str, str]:
            assert asyncio.get_running_loop() is loop
            await asyncio.sleep(0.01)
            return KEY_ID, SECRET

        async def on_event(event: xkslink.Event) -> None:
            heard.append(event.number)

        client = simulated_aws.async_client(credential=credential)
        await client.apply(await client.plan(connectivity()), on_event=on_event)

    asyncio.run(main())
    assert len(heard) > 30


def test_what_a_coroutine_raises_comes_back(spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    class Sealed(Exception):
        pass

    async def credential() -> tuple[str, str]:
        raise Sealed

    async def main() -> None:
        client = simulated_aws.async_client(credential=credential)
        with pytest.raises(Sealed):
            await client.apply(await client.plan(spec))

    asyncio.run(main())
    with pytest.raises(errors.InvalidArgument, match="AsyncClient"):
        client = simulated_aws.client(credential=credential)
        client.apply(client.plan(spec)).result()


def test_many_at_once(simulated_aws: SimulatedAws) -> None:
    async def main() -> None:
        client = simulated_aws.async_client(credential=lambda: (KEY_ID, SECRET))

        async def make(number: int) -> bool:
            spec = connectivity(name=f"store-{number}", private_dns_name=f"xks{number}.payments.example.com")
            return (await client.apply(await client.plan(spec))).complete

        assert all(await asyncio.gather(*(make(number) for number in range(4))))

    asyncio.run(main())
