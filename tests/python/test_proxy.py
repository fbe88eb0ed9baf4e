"""Python's own TLS and HTTP, and botocore's signer, against the simulated XKS proxy; a DNS query by hand, byte by byte."""

import http.client
import json
import re
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import servers
from aws import REGION, Aws

NAME = "xks.example.com"
HEALTH = "/payments/kms/xks/v1/health"
CREDENTIAL = {"access_key_id": "ABCDEFGHIJKLMNOPQRST", "secret_access_key": "c2ltdWxhdGVk" * 4}
SETUP = {"stores": [{"prefix": "/payments", "credentials": [CREDENTIAL]}]}
REQUEST = json.dumps({"requestMetadata": {"kmsRequestId": "4112f4d6", "kmsOperation": "KmsHealthCheck"}})


@contextmanager
def running(tmp_path: Path, *options: str, **setup: Any) -> Iterator[tuple[list[tuple[str, int]], Path]]:
    """The addresses that a simulator with a proxy announces, and the file with the proxy's root certificate."""
    file, root = tmp_path / "setup.json", tmp_path / "root.pem"
    file.write_text(json.dumps(SETUP | setup))
    command = [servers.program("xkslink-simulator"), "--listen", "127.0.0.1:0", "--stop-with-stdin", "--instant"]
    command += ["--proxy", "127.0.0.1:0", "--proxy-setup", file, "--proxy-root", root, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(2 + options.count("--dns"))]
        found = [re.search(r"([\d.]+):(\d+)", line).groups() for line in lines]
        yield [(host, int(port)) for host, port in found], root
        process.stdin.close()
        process.wait(timeout=30)


def connect(address: tuple[str, int], root: Path) -> http.client.HTTPSConnection:
    """A connection to the proxy, which is somewhere else than its name says."""
    context = ssl.create_default_context(cafile=str(root))
    # As KMS does. Some builds of Python leave the bound to OpenSSL.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    connection = http.client.HTTPSConnection(NAME, context=context)
    connection.sock = context.wrap_socket(socket.create_connection(address), server_hostname=NAME)
    return connection


def signed(secret: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    request = AWSRequest("POST", f"https://{NAME}{HEALTH}", data=REQUEST, headers=headers)
    SigV4Auth(Credentials(CREDENTIAL["access_key_id"], secret), "kms-xks-proxy", REGION).add_auth(request)
    return dict(request.headers)


def health(address: tuple[str, int], root: Path, method: str = "POST", **headers: str) -> tuple[int, Any]:
    connection = connect(address, root)
    connection.request(method, HEALTH, REQUEST, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body else None


def test_botocore_signs_what_the_proxy_accepts(tmp_path: Path) -> None:
    with running(tmp_path) as ([_, proxy], root):
        status, answer = health(proxy, root, **signed(CREDENTIAL["secret_access_key"]))
        assert status == 200
        assert [manager["healthStatus"] for manager in answer["ekmFleetDetails"]] == ["ACTIVE", "ACTIVE"]
        status, answer = health(proxy, root, **signed("another"))
        assert (status, answer["errorName"]) == (401, "AuthenticationFailedException")
        assert health(proxy, root)[0] == 401
        assert health(proxy, root, "GET") == (405, None)


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        ({"certificate": {"common_name": NAME, "alt_names": [NAME], "valid_until_days": 0}}, "CERTIFICATE_VERIFY_FAILED"),
        ({"certificate": {"common_name": NAME, "alt_names": ["other.example.com"]}}, "CERTIFICATE_VERIFY_FAILED"),
        ({"certificate": {"chain": "untrusted_root"}}, "CERTIFICATE_VERIFY_FAILED"),
        ({"transport": "tls11_only"}, "UNSUPPORTED_PROTOCOL"),
        ({"transport": "plain_http"}, "WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE"),
        ({"transport": "closing"}, "EOF|reset"),
    ],
)
def test_openssl_refuses_what_it_should(tmp_path: Path, setup: dict[str, Any], reason: str) -> None:
    with running(tmp_path, **setup) as ([_, proxy], root):
        with pytest.raises((ssl.SSLError, ConnectionError), match=reason):
            connect(proxy, root)


def test_a_client_certificate_can_be_demanded(tmp_path: Path) -> None:
    with running(tmp_path, transport="client_certificate") as ([_, proxy], root):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            health(proxy, root, **signed(CREDENTIAL["secret_access_key"]))


def test_the_name_server_shows_what_route_53_holds(tmp_path: Path) -> None:
    with running(tmp_path, "--dns", "127.0.0.1:0") as ([(host, port), _, server], _):
        route53 = Aws(f"http://{host}:{port}", "111122223333").route53
        zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
        record = {"Name": f"_abc.{NAME}", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"vpce:AbC"'}]}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        labels = b"".join(bytes([len(label)]) + label.encode() for label in f"_abc.{NAME}".split("."))
        query = struct.pack(">6H", 7, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 16, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(query, server)
            answer = client.recv(512)
        number, flags, _, answers = struct.unpack(">4H", answer[:8])
        assert (number, flags & 0x8400, flags & 0x000F, answers) == (7, 0x8400, 0, 1)
        assert answer.endswith(b"\x08vpce:AbC")
