"""The tables name operations that exist and ask for IAM actions that exist."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import botocore.session
import pytest
from authorizer_support import ACCOUNT, REGION, Account
from botocore.model import ListShape, MapShape, Shape, StructureShape

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.permissions import TABLES
from emrguard_local.authorizer.state import State

_SERVICES = ("cloudtrail", "cloudwatch", "emr-serverless", "events", "kms", "logs", "macie2", "s3", "sns", "ssm", "sts")
_APPLICATION = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/00abc"
_ARNS = {
    "cloudwatch": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:a",
    "events": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r",
    "sns": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic",
}
# Members whose value must have a form.
_VALUES: dict[str, Any] = {
    "CopySource": "source/key",
    "ResourceType": "Parameter",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "securityGroupIds": ["sg-1"],
    "subnetIds": ["subnet-1"],
    "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "logGroupIdentifier": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g",
    "resourceIdentifier": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g",
    "SubscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic:1",
    "TargetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic",
    "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic",
    "SSEKMSEncryptionContext": "e30=",
    "SSECustomerAlgorithm": None,
}


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """cfn-lint's database of actions, in lower case by service prefix."""
    text = files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _sample(shape: Shape, name: str, service: str, depth: int = 0) -> Any:
    if name.lower() == "resourcearn" and service in _ARNS:
        return _ARNS[service]
    if name == "resourceArn":
        return _APPLICATION if service == "emr-serverless" else f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g"
    if name in _VALUES:
        return _VALUES[name]
    if depth > 6:
        # Some shapes hold themselves.
        return None
    if isinstance(shape, StructureShape):
        members = {each: _sample(inner, each, service, depth + 1) for each, inner in shape.members.items()}
        return {each: value for each, value in members.items() if value is not None}
    if isinstance(shape, ListShape):
        return [_sample(shape.member, "", service, depth + 1)]
    if isinstance(shape, MapShape):
        return {"name": _sample(shape.value, "", service, depth + 1)}
    samples: dict[str, Any] = {"boolean": True, "integer": 1, "long": 1, "blob": b"x" * 80, "timestamp": "2026-11-24"}
    return samples.get(shape.type_name, "sample")


@pytest.mark.parametrize("service", _SERVICES)
def test_every_operation_is_one_of_the_api(service: str) -> None:
    """A misspelt operation would leave the real one refused."""
    assert set(TABLES[service]) <= set(botocore.session.get_session().get_service_model(service).operation_names)


@pytest.mark.parametrize("service", _SERVICES)
@pytest.mark.parametrize("everything", [True, False], ids=["all members", "required members"])
def test_every_action_is_one_of_iam(service: str, everything: bool, account: Account, known: dict[str, Any]) -> None:
    """No policy could ever allow an action that does not exist."""
    model = botocore.session.get_session().get_service_model(service)
    user = account.user("ann")
    account.bucket("sample")
    account.client("s3").put_object(Bucket="sample", Key="sample", Body=b"", Tagging="a=b")
    unknown = {}
    for operation, rule in TABLES[service].items():
        shape = model.operation_model(operation).input_shape
        sample = _sample(shape, "", service) if shape is not None else {}
        wanted = set(sample) if everything or shape is None else set(shape.required_members)
        # Not required by the models, but without them the call names nothing.
        wanted |= {"logGroupName", "CiphertextBlob", "TopicArn", "TrailName"} & set(sample)
        call = account.call(user, service, operation, **{k: v for k, v in sample.items() if k in wanted})
        for needed in rule(Asked(call, State(ACCOUNT, "aws"))):
            prefix, action = needed.action.split(":")
            if action.lower() not in known[prefix]["Actions"]:
                unknown[operation] = needed.action
    assert unknown == {}


def test_all_operations_of_emr_serverless_are_mapped() -> None:
    """The service that this is all about has no operation that is refused for being unknown."""
    model = botocore.session.get_session().get_service_model("emr-serverless")
    assert set(TABLES["emr-serverless"]) == set(model.operation_names)


@pytest.mark.parametrize(
    ("service", "operation"), [("s3", "WriteGetObjectResponse"), ("s3", "Nonsense"), ("dynamodb", "GetItem")]
)
def test_what_is_not_in_a_table_is_refused_even_to_an_administrator(
    account: Account, service: str, operation: str
) -> None:
    """An unknown call is never let through, and the message says that it is not mapped."""
    admin = account.user("admin", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    verdict = account.ask(admin, service, operation)
    assert not verdict.allowed
    assert verdict.unmapped
    assert verdict.message == f"{service}:{operation} is not mapped by the local cloud's authorizer; it is refused"


def test_a_call_without_its_resource_is_refused_in_words(account: Account) -> None:
    """A missing parameter gives a refusal that names it, not a failure of the server."""
    admin = account.user("admin", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    verdict = account.ask(admin, "s3", "GetObject", Bucket="b")
    assert (verdict.allowed, verdict.unmapped) == (False, False)
    assert verdict.message == "s3:GetObject is refused: it has no Key"
