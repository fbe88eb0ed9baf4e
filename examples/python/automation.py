"""An automation script: makes what a document describes true, says what it did, and ends with a code for whoever called it.

    python automation.py store.toml
"""

from __future__ import annotations

import logging
import sys

import xkslink


def main(path: str, client: xkslink.Client) -> int:
    """Plans and applies; asks nobody, so it does nothing that needs a yes."""
    try:
        spec = xkslink.Connectivity.from_file(path)
    except xkslink.InvalidSpec as error:
        for problem in error.problems:
            print(f"{problem['field']}: {problem['what']}; {problem['help']}")
        return 2
    plan = client.plan(spec)
    if plan.is_empty:
        print(f"{plan.store} is as it should be")
        return 0
    if plan.needs_consent:
        print(plan)
        print(f"a person has to agree to {', '.join(plan.needs_consent)}")
        return 3
    try:
        report = client.apply(plan, on_event=print).result()
    except xkslink.XksError as error:
        print(f"{error.resource or plan.store}: {error}")
        return 6 if error.retryable else 1
    print(report)
    return 4 if report.waiting_for_dns else 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with xkslink.Client() as client:
        sys.exit(main(sys.argv[1], client))
