"""The way to AWS: certificates that are to be trusted, and proxies."""

from __future__ import annotations

import http.client
import http.server
import pathlib
import ssl
import threading
import urllib.parse
from collections.abc import Iterator

import pytest
import trustme

import xkslink
from conftest import KEY_ID, SECRET, connectivity
from xkslink import errors
from xkslink.testing import ACCOUNT, SimulatedAws


class Middleman(http.server.ThreadingHTTPServer):
    """Hands requests on to the simulated AWS, and keeps what they asked for."""

    def __init__(self, to: str) -> None:
        super().__init__(("127.0.0.1", 0), Forward)
        self.to = urllib.parse.urlsplit(to).netloc
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the certificate hangs up."""


class Forward(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        assert isinstance(self.server, Middleman)
        self.server.asked.append(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        there = http.client.HTTPConnection(self.server.to)
        target = urllib.parse.urlsplit(self.path)
        there.request(self.command, target.path + (f"?{target.query}" if target.query else ""), body, dict(self.headers))
        answer = there.getresponse()
        said = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def middleman() -> Iterator[Middleman]:
    with SimulatedAws(instant=True, speed=60, begins_now=True, hosted_zones=["example.com"]) as aws:
        server = Middleman(aws.serve())
        yield server
        server.shutdown()
        server.server_close()


def client(endpoint_url: str, **options: str) -> xkslink.Client:
    return xkslink.Client(
        endpoint_url=endpoint_url,
        max_attempts=1,
        credentials=lambda: {"AccessKeyId": f"AKIA{ACCOUNT}", "SecretAccessKey": "simulated"},
        credential=lambda: (KEY_ID, SECRET),
        **options,  # type: ignore[arg-type]
    )


def test_a_private_authority_is_trusted_when_told(
    middleman: Middleman, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    middleman.socket = context.wrap_socket(middleman.socket, server_side=True)
    url = f"https://127.0.0.1:{middleman.server_port}"

    with pytest.raises(errors.XksError) as refused:
        client(url).plan(connectivity())
    assert "certificate" in str(refused.value).lower(), refused.value
    assert client(url, ca_bundle=str(bundle)).plan(connectivity()).steps
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    assert client(url).plan(connectivity()).steps


def test_a_bundle_that_is_none_is_named(tmp_path: pathlib.Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing", encoding="utf-8")
    for path, what in ((empty, "holds no certificate"), (tmp_path / "missing.pem", "cannot be read")):
        with pytest.raises(errors.InvalidArgument, match=f"ca_bundle: .*{what}"):
            client("https://127.0.0.1:1", ca_bundle=str(path)).plan(connectivity())


def test_a_proxy_of_the_environment_is_used(middleman: Middleman, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{middleman.server_port}")
    assert client("http://aws.example.com").plan(connectivity()).steps
    assert middleman.asked and all(path.startswith("http://aws.example.com/") for path in middleman.asked)

    monkeypatch.setenv("NO_PROXY", "aws.example.com")
    before = len(middleman.asked)
    with pytest.raises(errors.XksError):
        client("http://aws.example.com").plan(connectivity())
    assert len(middleman.asked) == before
