"""Every verb, blocking; what callbacks raise; arguments that cannot be used; threads, forks and signals."""

from __future__ import annotations

import datetime
import gc
import json
import logging
import os
import pathlib
import pickle
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import xkslink
from conftest import KEY_ID, SECRET, connectivity
from xkslink import errors
from xkslink.testing import SimulatedAws

Make = Callable[[xkslink.Connectivity], xkslink.Report]


def test_all_verbs(client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    plan = client.plan(spec)
    assert plan.usually_takes > datetime.timedelta(minutes=5) and not plan.needs_consent and plan.steps
    run = client.apply(plan)
    events = list(run.events())
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert (events[0].type, events[-1].type) == ("began", "ended")
    report = run.result()
    assert report.complete and report.connected and (report.ids["vpc"] or "").startswith("vpc-")
    assert client.plan(spec).is_empty and client.status(spec).as_wanted
    verification = client.verify(spec)
    assert verification.check("EPS-01") and all(check["severity"] == "risk" for check in verification.failures)
    assert report.ids["key_store"] and client.verify(report.ids["key_store"], region="eu-central-1").checks
    facts = client.facts(spec)
    assert facts.verify().checks and facts.diagnose("XKS_PROXY_NOT_REACHABLE").symptoms
    assert client.diagnose(spec, told="XKS_PROXY_TIMED_OUT").causes
    assert "replace" not in client.plan_teardown("payments-hsm", region="eu-central-1").needs_consent
    with pytest.raises(errors.NeedsConsent, match="disconnect"):
        client.teardown(spec).result()
    client.teardown("payments-hsm", region="eu-central-1", consent="disconnect").result()
    assert simulated_aws.census()["vpcs"] == 0


def test_documents_travel(client: xkslink.Client, spec: xkslink.Connectivity, make: Make) -> None:
    plan = client.plan(spec)
    report = make(spec)
    documents: list[Any] = [plan, report, client.status(spec), client.verify(spec), client.diagnose(spec), client.facts(spec)]
    for document in documents:
        again = type(document).from_dict(document.to_dict())
        assert again == document and again.to_json() == document.to_json()
        assert pickle.loads(pickle.dumps(document)) == document
        assert str(document) and document.to_markdown() and "font-family: monospace" in document._repr_html_() and repr(document)
    assert "<svg" in plan._repr_html_() and "<svg" in report._repr_html_()
    with pytest.raises(errors.InvalidSpec, match="changed after it was made"):
        xkslink.Plan.from_dict({**plan.to_dict(), "store": "other"})
    with pytest.raises(errors.InvalidArgument, match="not a report"):
        xkslink.Report.from_dict({"steps": []})


def test_on_event_hears_of_everything_on_the_own_thread(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    heard: list[tuple[int, int]] = []
    on_event = lambda event: heard.append((event.number, threading.get_ident()))  # noqa: E731
    client.apply(client.plan(spec), on_event=on_event).result()
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert {thread for _, thread in heard} == {threading.get_ident()}


def test_a_thousand_events(client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    simulated_aws.set("timings.load_balancer", 580)
    simulated_aws.set("timings.domain_verification", 800)
    simulated_aws.set("timings.connect", 1500)
    events: list[xkslink.Event] = []
    plan = client.plan(spec)
    while len(events) < 1000:
        run = client.apply(plan)
        try:
            events += list(run.events())
            run.result()
        except errors.TimedOut:
            continue
        client.teardown(spec, consent=["disconnect"]).result()
    assert len(events) >= 1000 and all(str(event) for event in events)


class Sealed(Exception):
    """What a callback raises."""


def test_what_a_callback_raises_comes_back_unchanged(spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    own = Sealed("the vault is sealed")

    def credential() -> tuple[str, str]:
        raise own

    client = simulated_aws.client(credential=credential)
    with pytest.raises(Sealed) as raised:
        client.apply(client.plan(spec)).result()
    assert raised.value is own


def test_what_on_event_raises_ends_the_run(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    def on_event(event: xkslink.Event) -> None:
        raise Sealed

    run = client.apply(client.plan(spec), on_event=on_event)
    with pytest.raises(Sealed):
        run.result()


def test_records_are_published_and_withdrawn_by_callbacks(simulated_aws: SimulatedAws) -> None:
    served: list[xkslink.TxtRecord] = []

    def serve() -> None:
        simulated_aws.set("elsewhere", [{"name": record.name, "value": record.value} for record in served])

    def publish(record: xkslink.TxtRecord) -> None:
        served.append(record)
        serve()

    def withdraw(record: xkslink.TxtRecord) -> None:
        served.remove(next(each for each in served if each.value == record.value))
        serve()

    client = simulated_aws.client(credential=lambda: (KEY_ID, SECRET), publish=publish, withdraw=withdraw)
    spec = connectivity(domain=xkslink.Domain.callback())
    assert client.apply(client.plan(spec)).result().complete and len(served) == 1
    client.teardown(spec, consent=["disconnect"]).result()
    assert served == []


def test_credentials_are_asked_for_again_when_they_end(spec: xkslink.Connectivity) -> None:
    asked = []

    def credentials() -> dict[str, Any]:
        asked.append(aws.now)
        ends = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=aws.now + 200)
        return {"AccessKeyId": "AKIA444455556666", "SecretAccessKey": "simulated", "Expiration": ends}

    with SimulatedAws() as aws:
        aws.call("route53:CreateHostedZone", account="444455556666", Name="example.com", CallerReference="1")
        client = aws.client(credential=lambda: (KEY_ID, SECRET), credentials=credentials)
        client.apply(client.plan(spec)).result()
        assert len(asked) > 2, asked
        assert {request["account"] for request in aws.requests()} == {"444455556666"}


def test_a_boto3_session_gives_the_credentials(spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    import boto3

    session = boto3.Session(aws_access_key_id="AKIA444455556666", aws_secret_access_key="simulated")
    simulated_aws.client(credentials=session).plan(spec.replace(domain=xkslink.Domain.manual()))
    assert {request["account"] for request in simulated_aws.requests()} == {"444455556666"}


def test_what_a_source_of_credentials_raises_comes_back(spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    def credentials() -> Any:
        raise Sealed

    with pytest.raises(Sealed):
        simulated_aws.client(credentials=credentials).plan(spec)
    with pytest.raises(errors.InvalidArgument, match="`dict` holds no access key"):
        simulated_aws.client(credentials=lambda: {}).plan(spec)


def test_accounts_are_separate(spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    simulated_aws.client(kms=xkslink.Account(account="444455556666")).plan(spec)
    by_service = {(request["service"], request["account"]) for request in simulated_aws.requests()}
    assert ("kms", "444455556666") in by_service and ("ec2", "111122223333") in by_service


def test_an_error_says_what_to_do(client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws) -> None:
    simulated_aws.fault("deny", on="CreateVpc")
    with pytest.raises(errors.AccessDenied) as raised:
        client.apply(client.plan(spec)).result()
    error = raised.value
    assert error.aws_code == "UnauthorizedOperation" and error.request_id and error.resource == "VPC"
    assert "ec2:CreateVpc" in error.help and error.help in str(error) and not error.retryable
    assert error.report is not None and error.report.status == "failed"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.AccessDenied and again.help == error.help and again.report == error.report


def test_every_kind_of_error_has_a_class() -> None:
    text = (pathlib.Path(__file__).parents[2] / "core" / "src" / "error.rs").read_text(encoding="utf-8")
    names = text.split("pub enum ErrorKind {", 1)[1].split("}", 1)[0]
    kinds = [line.strip(" ,") for line in names.splitlines() if line.strip().endswith(",") and "///" not in line]
    snake = {"".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_") for kind in kinds}
    assert len(snake) > 10 and snake <= set(errors._CLASSES)


def test_arguments_that_cannot_be_used_are_named(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    with pytest.raises(errors.InvalidArgument, match="spec: is of the type `dict`; give a `Connectivity`"):
        client.plan({})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(errors.InvalidArgument, match="plan: is of the type `Connectivity`"):
        client.apply(spec)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(errors.InvalidArgument, match="consent: `destroy` is not known"):
        client.apply(client.plan(spec), consent=["destroy"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    with pytest.raises(errors.InvalidArgument, match="region: is missing"):
        client.verify("payments-hsm")
    with pytest.raises(errors.InvalidArgument, match="max_attempts: `0` is out of range"):
        xkslink.Client(max_attempts=0)
    with pytest.raises(errors.InvalidArgument, match="region: is of the type `int`"):
        xkslink.Client(region=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(errors.InvalidArgument, match="publish: is of the type `int`"):
        xkslink.Client(publish=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(errors.InvalidArgument, match="account: is for simulated worlds"):
        xkslink.Client(account="111122223333")
    with pytest.raises(TypeError, match="regoin"):
        xkslink.Client(regoin="eu-central-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_closed_client_says_so(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    with client:
        client.plan(spec)
    with pytest.raises(errors.Closed, match="the client is closed; make a new client"):
        client.plan(spec)


def test_a_closed_world_says_so(spec: xkslink.Connectivity) -> None:
    with SimulatedAws() as aws:
        client = aws.client()
    with pytest.raises(errors.Closed, match="simulator"):
        client.plan(spec)


def test_a_run_that_is_cut_off_is_gone_on_with(
    client: xkslink.Client, spec: xkslink.Connectivity, simulated_aws: SimulatedAws
) -> None:
    plan = client.plan(spec)
    simulated_aws.during_run(cut_after=200)
    run = client.apply(plan)
    with pytest.raises(xkslink.Cancelled):
        run.result()
    with pytest.raises(xkslink.Cancelled):
        run.result()
    assert client.apply(plan).result().complete
    assert simulated_aws.census()["vpcs"] == 1


def test_a_run_that_nobody_asks_for_is_told_of(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client.apply(client.plan(spec))
        gc.collect()
    assert any("nobody asked for its result" in str(warning.message) for warning in caught)


def test_nothing_is_reachable_without_aws(spec: xkslink.Connectivity, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(errors.Unreachable, match="check credentials"):
        xkslink.Client(max_attempts=1).plan(spec)


def test_endpoints_of_the_environment_count(
    spec: xkslink.Connectivity, simulated_aws: SimulatedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    monkeypatch.setenv("AWS_ENDPOINT_URL", simulated_aws.serve())
    client = xkslink.Client(role_arn="arn:aws:iam::444455556666:role/network")
    client.plan(spec.replace(domain=xkslink.Domain.manual()))
    seen = {(request["service"], request["account"]) for request in simulated_aws.requests()}
    assert ("sts", "111122223333") in seen and ("ec2", "444455556666") in seen


def test_threads_share_a_client(client: xkslink.Client, simulated_aws: SimulatedAws) -> None:
    specs = [connectivity(name=f"store-{n}", private_dns_name=f"xks{n}.payments.example.com") for n in range(4)]
    reports: list[xkslink.Report] = []

    def make(spec: xkslink.Connectivity) -> None:
        reports.append(client.apply(client.plan(spec)).result())

    threads = [threading.Thread(target=make, args=(spec,)) for spec in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reports) == 4 and all(report.complete for report in reports)


def script(body: str) -> str:
    return textwrap.dedent(
        """
        import os, signal, sys, threading, time
        sys.path.insert(0, {tests!r})
        import xkslink
        from conftest import KEY_ID, SECRET, connectivity
        from xkslink.testing import SimulatedAws
        """
    ).format(tests=str(pathlib.Path(__file__).parent)) + textwrap.dedent(body)


def test_ctrl_c_stops_a_blocking_call_within_a_second_and_the_next_call_goes_on() -> None:
    body = """
    aws = SimulatedAws(speed=10, hosted_zones=["example.com"])
    client = aws.client(credential=lambda: (KEY_ID, SECRET))
    plan = client.plan(connectivity())
    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    try:
        client.apply(plan).result()
    except KeyboardInterrupt:
        print("stopped after", time.monotonic() - began, flush=True)
    requests = len(aws.requests())
    time.sleep(1)
    assert len(aws.requests()) == requests, "nothing is sent any more"
    aws.wait(1000)
    run = client.apply(plan)
    while not run.done():
        aws.wait(5)  # short beside the SDK's patience with a call that is under way
        time.sleep(0.02)
    print(run.result().status, aws.census()["vpcs"], flush=True)
    """
    done = subprocess.run([sys.executable, "-c", script(body)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert 1.4 < float(first.split()[-1]) < 2.5, first
    assert second == "complete 1"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_client_works_on_both_sides_of_a_fork() -> None:
    body = """
    with SimulatedAws(hosted_zones=["example.com"]) as aws:
        client = xkslink.Client(endpoint_url=aws.serve(), credentials=lambda: {"AccessKeyId": "AKIA111122223333",
            "SecretAccessKey": "simulated"})
        assert client.plan(connectivity()).steps
        child = os.fork()
        if child == 0:
            ok = bool(client.plan(connectivity()).steps)
            try:
                aws.client().plan(connectivity())
            except xkslink.XksError as error:
                ok = ok and "before a fork" in str(error)
            os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        assert client.plan(connectivity()).steps
        sys.exit(os.WEXITSTATUS(status))
    """
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script(body)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_logging_is_fed(client: xkslink.Client, spec: xkslink.Connectivity, caplog: pytest.LogCaptureFixture) -> None:
    from xkslink import _logs

    with caplog.at_level(logging.DEBUG, logger="xkslink"):
        client.apply(client.plan(spec)).result()
        until = time.monotonic() + 10
        while time.monotonic() < until and not any(record.message == "complete" for record in caplog.records):
            _logs.flush()
            time.sleep(0.05)
    names = {record.name for record in caplog.records}
    assert any(name.startswith("xkslink.aws") for name in names), names
    assert all(name.startswith("xkslink") for name in names)
    told = [record.message for record in caplog.records if record.name == "xkslink.apply" and record.levelno == logging.INFO]
    assert told[0].endswith("steps to take") and told[-1] == "complete", told
    assert sum(message.startswith("VPC: created in") for message in told) == 1, told
    _logs.follow()


def test_a_handler_that_calls_the_library_does_not_deadlock(client: xkslink.Client, spec: xkslink.Connectivity) -> None:
    from xkslink import _logs

    class Calls(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            json.loads(spec.to_json())

    handler = Calls()
    logger = logging.getLogger("xkslink")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        client.apply(client.plan(spec)).result()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        _logs.follow()


def test_importing_loads_nothing() -> None:
    code = "import sys, xkslink; print([name for name in sys.modules if 'xkslink' in name], 'json' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['xkslink'] False"
    assert set(xkslink.__all__) <= set(dir(xkslink)) and all(getattr(xkslink, name) for name in xkslink.__all__)
    assert xkslink.__version__
    with pytest.raises(AttributeError):
        xkslink.nothing


def test_a_native_library_for_another_platform_is_told_of(tmp_path: pathlib.Path) -> None:
    package = pathlib.Path(xkslink.__file__).parent
    shutil.copytree(package, tmp_path / "xkslink", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for library in (None, b"of another platform"):
        if library is not None:
            (tmp_path / "xkslink" / "_native.abi3.so").write_bytes(library)
        code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import xkslink; xkslink.Client"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "not for this platform" in done.stderr and "pip install" in done.stderr, done.stderr


def test_proxies_of_the_environment_count(spec: xkslink.Connectivity, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(50):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(4096))

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        keys = {"AccessKeyId": "AKIA111122223333", "SecretAccessKey": "simulated"}
        with pytest.raises(errors.Unreachable):
            xkslink.Client(credentials=lambda: keys, max_attempts=1).plan(spec)
    assert any(line.startswith(b"CONNECT ec2.eu-central-1.amazonaws.com:443") for line in asked), asked
