"""Is the simulator complete? Whatever the engine calls, and whatever an operator calls by hand for this job."""

from operations import DISPATCHERS, NOT_SIMULATED, answered, by_hand, modelled, of_the_engine
from servers import REPOSITORY


def test_the_names_are_those_of_aws() -> None:
    for service, name in by_hand() | answered():
        assert name in modelled(service), f"{service} has no operation {name}"


def test_what_the_engine_calls_is_answered() -> None:
    engine = of_the_engine()
    assert {service for service, _ in engine} == {"ec2", "elbv2", "kms", "route53", "sts"}
    assert len(engine) > 50
    assert engine - answered() == set()


def test_what_is_called_by_hand_is_answered() -> None:
    left_out = {service for service, _ in by_hand() - answered()}
    assert left_out == set(NOT_SIMULATED)


def test_the_documentation_lists_what_is_answered() -> None:
    page = (REPOSITORY / "docs/simulator.md").read_text()
    table = page[page.index("## What is answered") :]
    assert {name for service in DISPATCHERS for name in listed(table, service)} == {name for _, name in answered()}


def listed(table: str, service: str) -> list[str]:
    """The operations in the row of a service."""
    row = next(line for line in table.splitlines() if line.startswith(f"| `{service}` |"))
    return row.split("|")[2].replace(",", " ").split()
