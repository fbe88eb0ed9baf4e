"""What every language must be able to do beside the scenarios, and what it does with bad input. Each function is a row of the
table in docs/languages.md; it raises when the language does not do it."""

from __future__ import annotations

import json
from typing import Any

from driver import Driver
from scenario import SECRET
from words import base, merge


def spec(**edit: Any) -> dict[str, Any]:
    made: dict[str, Any] = merge(base("minimal"), edit)
    return made


def kind(answer: dict[str, Any]) -> Any:
    return answer.get("error", {}).get("kind")


def begin(driver: Driver, **client: Any) -> None:
    driver.ok("world", hosted_zones=["example.com"])
    driver.ok("client", **client)


def plan_apply_verify_teardown(driver: Driver) -> None:
    begin(driver)
    plan = json.loads(driver.ok("plan", spec=spec()))
    report = json.loads(driver.ok("apply"))
    assert report["outcome"]["status"] == "complete" and report["plan"] == plan["hash"]
    checks = json.loads(driver.ok("verify", spec=spec()))["checks"]
    assert {check["verdict"] for check in checks if check["severity"] != "risk"} <= {"pass", "unknown", "not_applicable", "guidance"}
    status = json.loads(driver.ok("status", spec=spec()))
    assert all(each["standing"] == "as_wanted" for each in status["resources"])
    report = json.loads(driver.ok("teardown", spec=spec(), consent=["disconnect"]))
    assert report["outcome"]["status"] == "complete"
    assert driver.ok("census")["vpcs"] == 0


def events_as_they_come(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    events = driver.do("apply")["events"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "began" and events[-1]["type"] == "ended"


def a_listener_that_is_called(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    events = driver.do("apply", listener=True)["events"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1)) and len(events) > 20


def cancelling_stops_the_run(driver: Driver) -> None:
    driver.ok("world", hosted_zones=["example.com"], speed=200)
    driver.ok("client")
    driver.ok("plan", spec=spec())
    answer = driver.do("apply", cancel_after=5)
    assert kind(answer) == "cancelled", answer
    asked = len(driver.ok("requests"))
    driver.ok("sleep", seconds=0.5)
    assert len(driver.ok("requests")) == asked, "it goes on asking AWS"
    driver.ok("plan", spec=spec())
    assert json.loads(driver.ok("apply"))["outcome"]["status"] == "complete"


def publication_by_the_caller(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec(domain={"type": "callback"}))
    driver.ok("apply")
    assert driver.ok("called")["publish"] == 1


def the_credential_of_the_proxy_from_the_caller(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec(key_store={"credential": {"type": "callback"}}))
    driver.ok("apply")
    assert driver.ok("called")["credential"] >= 1


def aws_credentials_from_the_caller(driver: Driver) -> None:
    begin(driver, credentials=True)
    driver.ok("plan", spec=spec())
    assert driver.ok("called")["aws_credentials"] >= 1


def errors_say_what_to_do(driver: Driver) -> None:
    begin(driver)
    driver.ok("deed", deed={"fault": "deny", "on": "CreateVpc"})
    driver.ok("plan", spec=spec())
    answer = driver.do("apply")
    error = answer["error"]
    assert error["kind"] == "access_denied" and "ec2:CreateVpc" in error["help"] and error["resource"]
    assert error["aws_code"] == "UnauthorizedOperation" and error["request_id"] and error["retryable"] is False
    assert json.loads(answer["report"])["outcome"]["status"] == "failed"


def every_problem_of_a_spec_at_once(driver: Driver) -> None:
    begin(driver)
    answer = driver.do("plan", spec=spec(name="", proxy={"addresses": ["8.8.8.8", "10.0.8.11"]}))
    assert kind(answer) == "invalid_spec"
    assert {problem["field"].split("[")[0] for problem in answer["error"]["problems"]} >= {"name", "proxy.addresses"}


def specs_in_json_and_toml_and_yaml(driver: Driver) -> None:
    begin(driver)
    for format in ("json", "toml", "yaml"):
        assert SECRET not in driver.ok("write_spec", spec=spec(), format=format)
        written = driver.ok("write_spec", spec=spec(key_store={"credential": {"type": "callback"}}), format=format)
        assert driver.ok("read_spec", text=written, format=format) == "payments-hsm"


def typed_documents(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    driver.ok("apply")
    typed = driver.ok("typed")
    wanted = {"store": "payments-hsm", "usually_takes_seconds": 714, "steps": 18, "connection_state": "CONNECTED"}
    assert typed == wanted, typed


def texts_and_pictures(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    driver.ok("apply")
    texts = driver.ok("texts", spec=spec())
    assert texts["mermaid"].startswith("flowchart") and texts["svg"].startswith("<svg") and "<html" in texts["html"]
    assert "payments-hsm" in texts["text"] and texts["markdown"].startswith("**Report**")


def a_diagnosis_of_a_text(driver: Driver) -> None:
    found = json.loads(driver.ok("diagnose_text", text="XKS_PROXY_ACCESS_DENIED"))
    assert found["symptoms"]


def facts_that_are_judged_later(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    driver.ok("apply")
    judged = driver.ok("judged", spec=spec(), text="XKS_PROXY_ACCESS_DENIED")
    assert json.loads(judged["verification"])["checks"] == json.loads(driver.ok("verify", spec=spec()))["checks"]
    assert json.loads(judged["diagnosis"])["symptoms"]


def the_policies_that_a_verb_needs(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    policies = driver.ok("policies", spec=spec())
    assert "ec2:CreateVpc" in policies["plan"]
    assert "kms:DescribeCustomKeyStores" in policies["verify"] and "Create" not in policies["verify"]


def a_probe_without_aws(driver: Driver) -> None:
    report = json.loads(driver.ok("probe_name", name="xks.example.com", region="eu-central-1", address="127.0.0.1:1"))
    assert [each["connect"]["connect"] for each in report["tls"]] == ["refused"]


def a_callback_that_throws(driver: Driver) -> None:
    begin(driver, throws="no route to the name server")
    driver.ok("plan", spec=spec(domain={"type": "callback"}))
    answer = driver.do("apply")
    assert "no route to the name server" in json.dumps(answer) and kind(answer) == "callback", answer
    assert answer["error"]["cause_is_own"], answer


def a_listener_that_throws(driver: Driver) -> None:
    begin(driver)
    driver.ok("plan", spec=spec())
    answer = driver.do("apply", listener=True, throws="the disk is full")
    assert "the disk is full" in json.dumps(answer["error"]), answer
    # In Go the listener's error is returned as it is, and is not one of the library.
    assert answer["error"].get("cause_is_own", "kind" not in answer["error"]), answer
    driver.ok("sleep", seconds=0.2)
    assert driver.ok("census").get("key_stores", 0) == 0, "the run went on"


def what_is_logged(driver: Driver) -> None:
    begin(driver, log=True)
    driver.ok("plan", spec=spec())
    driver.ok("apply")
    driver.ok("sleep", seconds=0.5)
    logged = driver.ok("logged")
    assert any(record["level"] == "debug" and "ec2:CreateVpc" in record["message"] for record in logged), logged
    assert any(record["level"] == "info" and record["message"].startswith("VPC: created") for record in logged), logged
    assert all(record["target"] for record in logged) and SECRET not in json.dumps(logged)


def a_log_that_throws(driver: Driver) -> None:
    begin(driver, log=True, throws="the disk is full")
    driver.ok("plan", spec=spec())
    driver.ok("apply")
    driver.ok("sleep", seconds=0.5)
    assert len(driver.ok("logged")) > 1, "it is told no more"


def null_for_a_spec(driver: Driver) -> None:
    begin(driver)
    assert "spec" in json.dumps(driver.do("null")["error"])


def a_word_that_is_not_known(driver: Driver) -> None:
    begin(driver)
    answer = driver.do("read_spec", text=json.dumps(spec(link={"type": "rope"})), format="json")
    assert kind(answer) == "invalid_spec" and "rope" in json.dumps(answer["error"])


def a_document_that_is_none(driver: Driver) -> None:
    begin(driver)
    assert kind(driver.do("apply", plan="{", consent=[])) == "invalid_spec"


def a_client_that_is_closed(driver: Driver) -> None:
    begin(driver)
    answer = driver.do("closed", spec=spec())
    assert "closed" in json.dumps(answer["error"]) and "make a new" in json.dumps(answer["error"]), answer


def a_simulated_aws_that_is_closed(driver: Driver) -> None:
    begin(driver)
    driver.ok("end")
    assert kind(driver.do("plan", spec=spec())) == "closed"


def the_process_lives_on(driver: Driver) -> None:
    assert driver.ok("version").count(".") == 2


FEATURES = [
    plan_apply_verify_teardown,
    events_as_they_come,
    a_listener_that_is_called,
    cancelling_stops_the_run,
    publication_by_the_caller,
    the_credential_of_the_proxy_from_the_caller,
    aws_credentials_from_the_caller,
    errors_say_what_to_do,
    every_problem_of_a_spec_at_once,
    specs_in_json_and_toml_and_yaml,
    typed_documents,
    texts_and_pictures,
    a_diagnosis_of_a_text,
    facts_that_are_judged_later,
    the_policies_that_a_verb_needs,
    a_probe_without_aws,
    a_callback_that_throws,
    a_listener_that_throws,
    what_is_logged,
    a_log_that_throws,
    null_for_a_spec,
    a_word_that_is_not_known,
    a_document_that_is_none,
    a_client_that_is_closed,
    a_simulated_aws_that_is_closed,
    the_process_lives_on,
]
