"""Macie: its session, custom data identifiers and discovery jobs. Its other operations are not mapped.

Whoever makes something with tags may tag, too: so says CloudFormation's schema of AWS::Macie::CustomDataIdentifier.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmacie.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    on_anything,
    request_tags,
    resource_tags,
)

_SERVICE = "macie2"


def _create(action: str, kind: str) -> Rule:
    """The resource has no id yet."""

    def rule(asked: Asked) -> Iterable[Needed]:
        arn, tags = asked.arn(_SERVICE, f"{kind}/*"), asked.parameters.get("tags") or {}
        yield Needed(action, arn, request_tags(tags))
        if tags:
            yield Needed("macie2:TagResource", arn, request_tags(tags))

    return rule


def _one(action: str, kind: str, parameter: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        name = asked.parameters.get(parameter)
        if not isinstance(name, str) or not name or "/" in name:
            raise CannotTellError(f"{parameter} is {name!r}, not an id")
        arn = asked.arn(_SERVICE, f"{kind}/{name}")
        described = asked.state.describe(_SERVICE, arn) or {}
        return (Needed(action, arn, resource_tags(described.get("tags") or {})),)

    return rule


_JOB, _IDENTIFIER = "classification-job", "custom-data-identifier"
TABLE: Table = {
    "CreateClassificationJob": _create("macie2:CreateClassificationJob", _JOB),
    "CreateCustomDataIdentifier": _create("macie2:CreateCustomDataIdentifier", _IDENTIFIER),
    "DescribeClassificationJob": _one("macie2:DescribeClassificationJob", _JOB, "jobId"),
    "DisableMacie": on_anything("macie2:DisableMacie"),
    "EnableMacie": on_anything("macie2:EnableMacie"),
    "GetCustomDataIdentifier": _one("macie2:GetCustomDataIdentifier", _IDENTIFIER, "id"),
    "GetMacieSession": on_anything("macie2:GetMacieSession"),
    "ListClassificationJobs": on_anything("macie2:ListClassificationJobs"),
    "UpdateClassificationJob": _one("macie2:UpdateClassificationJob", _JOB, "jobId"),
}
