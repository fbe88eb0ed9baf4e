"""Writes hostile.json: what AWS's own service models say of the answers that the library reads.

    python core/tests/survival/hostile.py

Operations are found in core's sources, where each call names its IAM action. For each, every member of the answer at
any depth by its name on the wire: `list`, `enum` or `other`. botocore brings the models; any recent version will do.
"""

import json
import re
from pathlib import Path

import botocore.session

HERE = Path(__file__).parent
SERVICES = {"elasticloadbalancing": "elbv2", "servicequotas": "service-quotas"}
ACTION = re.compile(r'"((?:ec2|elasticloadbalancing|kms|route53|servicequotas|sts):[A-Z]\w+)"')


def members(shape, found, path=()):
    """Every member below a shape; a shape within itself is walked once."""
    if shape.name in path:
        return
    path = (*path, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if member.serialization.get("location", "body") != "body":
                continue
            wire = member.serialization.get("name", name)
            enum = member.type_name == "string" and getattr(member, "enum", None)
            kind = "list" if member.type_name == "list" else "enum" if enum else "other"
            # One name may mean two things in one answer: the one that can be spoilt in more ways counts.
            found[wire] = max(found.get(wire, kind), kind, key=["other", "enum", "list"].index)
            members(member, found, path)
    elif shape.type_name == "list":
        members(shape.member, found, path)
    elif shape.type_name == "map":
        members(shape.value, found, path)


def main():
    sources = (HERE.parents[1] / "src").rglob("*.rs")
    actions = sorted({action for source in sources for action in ACTION.findall(source.read_text())})
    session = botocore.session.get_session()
    lines = []
    for action in actions:
        prefix, operation = action.split(":")
        model = session.get_service_model(SERVICES.get(prefix, prefix))
        if operation not in model.operation_names:
            continue
        output = model.operation_model(operation).output_shape
        found = {}
        if output is not None:
            members(output, found)
        lines.append(f"  {json.dumps(action)}: {json.dumps(dict(sorted(found.items())))}")
    (HERE / "hostile.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
