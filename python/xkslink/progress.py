"""Shows a run as it goes on.

    with xkslink.progress.rich() as show:
        client.apply(plan, on_event=show).result()
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from .documents import Event


class Lines:
    """A line for each event."""

    def __init__(self, to: Optional[IO[str]] = None) -> None:
        self._to = to or sys.stderr

    def __call__(self, event: Event) -> None:
        print(event, file=self._to, flush=True)

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Live(Lines):
    """The steps that run, each with what it waits for, and how many are done."""

    def __init__(self, to: Optional[IO[str]] = None) -> None:
        import rich.console
        import rich.progress

        super().__init__(to)
        console = rich.console.Console(file=self._to)
        columns = [
            rich.progress.SpinnerColumn(),
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.TextColumn("{task.fields[state]}"),
            rich.progress.TimeElapsedColumn(),
        ]
        self._progress = rich.progress.Progress(*columns, console=console)
        self._steps: dict[str, Any] = {}
        self._all: Any = None

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        data = event.data
        name = " ".join(str(part) for part in _resource(data) if part)
        if event.type == "began":
            self._all = self._progress.add_task("all steps", total=data["steps"] or 1, state="")
        elif event.type == "step_began":
            takes = data["usually_takes_seconds"] or None
            self._steps[name] = self._progress.add_task(name, total=takes, state="")
        elif event.type == "waiting" and name in self._steps:
            state = f"until {data['until']} ({data['state']})"
            self._progress.update(self._steps[name], completed=data["waited_seconds"], state=state)
        elif event.type in ("step_done", "step_failed"):
            if name in self._steps:
                self._progress.remove_task(self._steps.pop(name))
            self._progress.console.print(str(event), markup=False, highlight=False)
            if self._all is not None:
                self._progress.advance(self._all)
        elif event.type in ("publish_record", "ended"):
            self._progress.console.print(str(event), markup=False, highlight=False)


def _resource(data: dict[str, Any]) -> tuple[str, str]:
    resource = data.get("resource", "")
    if isinstance(resource, dict):
        return str(resource.get("kind", "")).replace("_", " "), str(resource.get("key", ""))
    return str(resource), ""


def rich(to: Optional[IO[str]] = None) -> Lines:
    """A live view when `rich` is installed and the stream (standard error if not given) is a terminal, plain lines otherwise.
    Give it as `on_event`."""
    stream = to or sys.stderr
    if stream.isatty():
        try:
            return Live(stream)
        except ImportError:
            pass
    return Lines(stream)
