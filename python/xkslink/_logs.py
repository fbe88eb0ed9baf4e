"""The library's log as `logging` under `xkslink.*`. A thread of Python reads a queue, so nothing is locked where the native
library logs."""

from __future__ import annotations

import atexit
import logging
import os
import threading

from . import _native

_ROOT = logging.getLogger("xkslink")
_ROOT.addHandler(logging.NullHandler())
_LEVELS = {"error": logging.ERROR, "warn": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG, "trace": 5}
_state: dict[str, object] = {"level": "off", "process": None}


def follow() -> None:
    """Logs what `xkslink` is enabled for; called whenever a verb begins, since levels and processes change."""
    level = next((name for name, rank in reversed(_LEVELS.items()) if _ROOT.isEnabledFor(rank)), "off")
    if (level, os.getpid()) == (_state["level"], _state["process"]) or (level == "off" == _state["level"]):
        return
    listening = _native.log_to_queue(level)
    if listening and _state["process"] != os.getpid():
        threading.Thread(target=_read, name="xkslink-logging", daemon=True).start()
    _state.update(level=level, process=os.getpid())


def flush() -> None:
    """Logs what has arrived."""
    _log(_native.log_records(0.0))


def _read() -> None:
    while True:
        _log(_native.log_records(1.0))


def _log(records: list[tuple[str, str, str]]) -> None:
    for level, target, message in records:
        name = target.replace("::", ".")
        logger = logging.getLogger(name if name.split(".")[0] == "xkslink" else f"xkslink.{name}")
        logger.log(_LEVELS[level], "%s", message)


atexit.register(flush)
