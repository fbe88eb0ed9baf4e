"""The pytest plugin: the fixture `simulated_aws`. Importing this loads nothing but pytest, which is there already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import SimulatedAws


@pytest.fixture
def simulated_aws() -> Iterator[SimulatedAws]:
    """A simulated AWS with a public hosted zone `example.com`, of its own for each test."""
    from . import SimulatedAws

    with SimulatedAws(hosted_zones=["example.com"]) as aws:
        yield aws
