"""The engine as a program: the example `from_document`, run as a user runs it."""

import subprocess
from pathlib import Path

from servers import environment, program

SPEC = """
version = 1
name = "payments-hsm"
region = "eu-central-1"
private_dns_name = "xks.payments.example.com"
data_center = ["10.0.0.0/16"]
domain = {{ type = "route53" }}
link = {link}

[network]
type = "create"
cidr = "10.60.0.0/24"

[proxy]
addresses = {addresses}
"""

REMOTE = '["10.0.8.10", "10.0.8.11"]'


def document(folder: Path, link: str, addresses: str = REMOTE) -> Path:
    """A spec that ends with the permission for AWS KMS."""
    path = folder / "spec.toml"
    path.write_text(SPEC.format(link=link, addresses=addresses))
    return path


def run(address: str, verb: str, spec: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [program("from_document"), verb, spec, *options]
    return subprocess.run(command, env=environment(address), capture_output=True, text=True, timeout=120)
