"""boto3 clients of one account that read answers more strictly than boto3 itself.

boto3 drops members that it does not know, so a misspelt one would go unnoticed. These clients fail on them, and
remember which operations were called.
"""

import json
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

REGION = "eu-central-1"

# (service as boto3 names it, operation)
driven: set[tuple[str, str]] = set()


class Aws:
    def __init__(self, address: str, account: str, region: str = REGION) -> None:
        self.account = account
        self.region = region
        session = boto3.Session(f"AKIA{account}", "simulated", region_name=region)
        session.events.register("before-parse.*.*", check)
        config = Config(retries={"total_max_attempts": 1})
        client = lambda service: session.client(service, endpoint_url=address, config=config)  # noqa: E731
        self.ec2, self.elb, self.kms = client("ec2"), client("elbv2"), client("kms")
        self.route53, self.sts, self.quotas = client("route53"), client("sts"), client("service-quotas")


class refused:
    """A block whose last call AWS refuses with a code."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __enter__(self) -> None:
        self.raises = pytest.raises(ClientError)
        self.info = self.raises.__enter__()

    def __exit__(self, *exception: Any) -> bool:
        caught = self.raises.__exit__(*exception)
        assert self.info.value.response["Error"]["Code"] == self.code
        return caught


def check(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
    """Called by botocore before it parses an answer."""
    driven.add((operation_model.service_model.service_name, operation_model.name))
    # Operations without an output shape answer `return: true`, which the models leave out.
    if response_dict["status_code"] >= 300 or operation_model.output_shape is None:
        return
    unknown = list(unknown_members(operation_model, response_dict["body"]))
    assert not unknown, f"{operation_model.name} answers with {unknown}, which AWS does not"


def unknown_members(operation: OperationModel, body: bytes) -> Iterator[str]:
    shape = operation.output_shape
    protocol = operation.service_model.metadata["protocol"]
    if protocol == "json":
        yield from unknown_in_json(shape, json.loads(body), operation.name)
        return
    root = xml.fromstring(body)
    if protocol == "query":
        root = next((child for child in root if name(child) == f"{operation.name}Result"), xml.Element("None"))
    yield from unknown_in_xml(shape, root, operation.name, protocol)


def unknown_in_json(shape: Shape, value: Any, at: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            for key, inner in value.items():
                if key in shape.members:
                    yield from unknown_in_json(shape.members[key], inner, f"{at}.{key}")
                else:
                    yield f"{at}.{key}"
        case ListShape():
            for inner in value:
                yield from unknown_in_json(shape.member, inner, at)


def unknown_in_xml(shape: Shape, element: xml.Element, at: str, protocol: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            known = {member.serialization.get("name", key): member for key, member in shape.members.items()}
            for child in element:
                if name(child) in known:
                    yield from unknown_in_xml(known[name(child)], child, f"{at}.{name(child)}", protocol)
                elif name(child) not in ("requestId", "ResponseMetadata"):
                    yield f"{at}.{name(child)}"
        case ListShape(serialization={"flattened": True}):
            yield from unknown_in_xml(shape.member, element, at, protocol)
        case ListShape():
            item = shape.member.serialization.get("name", "item" if protocol == "ec2" else "member")
            for child in element:
                if name(child) == item:
                    yield from unknown_in_xml(shape.member, child, at, protocol)
                else:
                    yield f"{at}[{name(child)}]"
        case MapShape():
            pass
        case _ if len(element):
            yield f"{at} with members, not a {shape.type_name}"


def name(element: xml.Element) -> str:
    return element.tag.split("}")[-1]
