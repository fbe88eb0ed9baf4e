"""Code of your own that uses xkslink, and how it is tested without AWS: see test_rotation.py."""

from __future__ import annotations

import xkslink


def rotate(client: xkslink.Client, spec: xkslink.Connectivity) -> bool:
    """Gives AWS KMS the credential that the spec has now, and nothing else; says whether the store is as wanted afterwards."""
    plan = client.plan(spec)
    if any(step["resource"]["kind"] != "key_store" for step in plan.steps):
        raise RuntimeError(f"more than the credential differs:\n{plan}")
    client.apply(plan).result()
    return client.status(spec).as_wanted
