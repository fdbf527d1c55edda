"""Small templates of two tenants, alpha and beta, for the tests of the isolation proof."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove
from emrguard_policies.proof import Counterexample, Proof

ACCOUNT = "111122223333"
SERVICE = "emr-serverless.amazonaws.com"
Statement = dict[str, Any]
Resources = dict[str, dict[str, Any]]


def allow(actions: Any, resources: Any, **more: Any) -> Statement:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any, resources: Any, **more: Any) -> Statement:
    """A statement that denies."""
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def document(*statements: Statement) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def resource(kind: str, properties: Mapping[str, Any], **mark: Any) -> dict[str, Any]:
    """A resource with a mark: tenant, part, shared, prefixes."""
    found: dict[str, Any] = {"Type": kind, "Properties": dict(properties)}
    if mark:
        found["Metadata"] = {"emrguard": mark}
    return found


def service_trust(service: str = SERVICE, *, source: bool = True) -> dict[str, Any]:
    """A trust policy for a service, by default with aws:SourceAccount."""
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if source:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    return document(statement)


def aws_trust(*arns: Any) -> dict[str, Any]:
    """A trust policy for principals."""
    return document({"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": "sts:AssumeRole"})


def role(
    tenant: str | None,
    *statements: Statement,
    trust: dict[str, Any] | None = None,
    part: str = "execution-role",
    **properties: Any,
) -> dict[str, Any]:
    """A role with one inline policy, owned by a tenant unless that is None."""
    body: dict[str, Any] = {"AssumeRolePolicyDocument": trust or service_trust(), **properties}
    if statements:
        body["Policies"] = [{"PolicyName": "rights", "PolicyDocument": document(*statements)}]
    return resource("AWS::IAM::Role", body, **({"tenant": tenant, "part": part} if tenant else {}))


def bucket(tenant: str, part: str = "data-bucket") -> dict[str, Any]:
    """A bucket of a tenant with a literal name."""
    return resource("AWS::S3::Bucket", {"BucketName": f"{tenant}-{part}"}, tenant=tenant, part=part)


def arn(logical_id: str) -> dict[str, Any]:
    """The ARN of a resource."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def below(logical_id: str, rest: str) -> dict[str, Any]:
    """The ARN of a resource with something behind it."""
    return {"Fn::Join": ["", [arn(logical_id), rest]]}


def proof_of(path: Path, resources: Resources, tenants: Mapping[str, Any] | None = None) -> Proof:
    """Write a template, read it and prove it."""
    file = path / "stack.template.json"
    file.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return prove(load(file), tenants=tenants)


def of_check(proof: Proof, check: str) -> list[Counterexample]:
    """The counterexamples of one check."""
    return [each for each in proof.counterexamples if each.check == check]


def actions_of(examples: Iterable[Counterexample]) -> set[str]:
    """Their actions."""
    return {each.action for each in examples}
