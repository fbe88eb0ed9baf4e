"""A store whose TXT record another team publishes, in two processes that share nothing but the spec.

    python manual_dns.py begin store.toml     makes all it can, and prints the record
    python manual_dns.py finish store.toml    goes on once the record is published
"""

from __future__ import annotations

import sys

import xkslink


def run(path: str, client: xkslink.Client) -> xkslink.Report:
    """Both halves are the same: apply does what is left to do."""
    spec = xkslink.Connectivity.from_file(path)
    return client.apply(client.plan(spec)).result()


def main(half: str, path: str, client: xkslink.Client) -> int:
    """Begins or finishes."""
    report = run(path, client)
    record = report.waiting_for_dns
    if half == "begin" and record is not None:
        print(record)
        return 0
    print(report.status)
    return 0 if report.complete else 1


if __name__ == "__main__":
    with xkslink.Client() as client:
        sys.exit(main(sys.argv[1], sys.argv[2], client))
