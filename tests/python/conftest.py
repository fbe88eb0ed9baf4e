"""Fixtures: a simulator of its own for each test, which starts in some ten milliseconds."""

import itertools
from collections.abc import Callable, Iterator

import pytest

import servers
from aws import Aws


@pytest.fixture
def simulator() -> Iterator[str]:
    with servers.simulator("--instant", "--latency-ms", "0") as address:
        yield address


@pytest.fixture
def account(simulator: str) -> Callable[[], Aws]:
    """Makes clients of an account that nobody else uses."""
    numbers = itertools.count(111122223333)
    return lambda: Aws(simulator, str(next(numbers)))


@pytest.fixture
def aws(account: Callable[[], Aws]) -> Aws:
    return account()
