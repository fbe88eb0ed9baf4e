"""A service that keeps many stores right: looks at all of them, mends what differs, and stops cleanly when it is told to.

    python service.py stores/*.toml
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable

import xkslink


class Keeper:
    """Keeps stores as their specs say."""

    def __init__(self, client: xkslink.AsyncClient, specs: Iterable[xkslink.Connectivity], at_once: int = 4) -> None:
        self.client = client
        self.specs = list(specs)
        self.slots = asyncio.Semaphore(at_once)

    async def mend(self, spec: xkslink.Connectivity) -> str:
        """Mends one store, unless that needs a person; says what became of it."""
        async with self.slots:
            try:
                plan = await self.client.plan(spec)
                if plan.is_empty:
                    return "as wanted"
                if plan.needs_consent:
                    return f"needs a person: {', '.join(plan.needs_consent)}"
                async for event in (run := self.client.apply(plan)).events():
                    print(f"{spec.name}: {event}")
                return (await run).status
            except xkslink.XksError as error:
                return f"{error.kind}: {error}"

    async def once(self) -> dict[str, str]:
        """Mends all."""
        became = await asyncio.gather(*(self.mend(spec) for spec in self.specs))
        return {spec.name: result for spec, result in zip(self.specs, became)}

    async def forever(self, every: float) -> None:
        """Mends all, again and again, until it is cancelled; then AWS is left as the last finished call left it."""
        while True:
            print(await self.once())
            await asyncio.sleep(every)


async def main(paths: Iterable[str]) -> None:
    """Runs until SIGTERM or Ctrl-C."""
    async with xkslink.AsyncClient() as client:
        keeping = asyncio.ensure_future(Keeper(client, map(xkslink.Connectivity.from_file, paths)).forever(300))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, keeping.cancel)
        try:
            await keeping
        except asyncio.CancelledError:
            print("stopped; the next start goes on from here")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
