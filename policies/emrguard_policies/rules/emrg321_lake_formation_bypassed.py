"""Lake Formation guards tables, not the objects behind them: whoever may read the objects needs no table.

Two ways lead around it. An execution role that may read a registered location in S3 directly reads every row and
column of it. And `IAM_ALLOWED_PRINCIPALS`, which Lake Formation grants everything on new databases and tables by
default, leaves the decision to IAM alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_ANYBODY = "IAM_ALLOWED_PRINCIPALS"
_GRANTS = {
    "AWS::LakeFormation::Permissions": "DataLakePrincipal.DataLakePrincipalIdentifier",
    "AWS::LakeFormation::PrincipalPermissions": "Principal.DataLakePrincipalIdentifier",
}
_DEFAULTS = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
_LOCATION = "AWS::LakeFormation::Resource"


def check(context: Context) -> Iterator[Violation]:
    """Execution roles with direct access to registered locations, and grants to everybody whom IAM allows."""
    yield from _direct(context)
    for kind, path in _GRANTS.items():
        for grant in context.of(kind):
            principal = context.get(grant, path)
            if principal == _ANYBODY:
                yield Violation(grant, path, f"{_ANYBODY} gets what IAM alone allows")
            elif context.unknown(principal):
                yield Violation(grant, path, "the principal depends on the deployment", undecided=True)
    for settings in context.of("AWS::LakeFormation::DataLakeSettings"):
        for path in _DEFAULTS:
            value = context.get(settings, path)
            if context.unknown(value):
                yield Violation(settings, path, "the default permissions depend on the deployment", undecided=True)
            elif _ANYBODY in _texts(value):
                yield Violation(settings, path, f"{_ANYBODY} is granted on whatever is created")


def _direct(context: Context) -> Iterator[Violation]:
    locations = [context.get(item, "ResourceArn") for item in context.of(_LOCATION)]
    for role in context.execution_roles if locations else ():
        for document in context.documents_of(role):
            for statement in document.statements:
                if not statements.allows(statement, "s3:getobject"):
                    continue
                where = document.where(statement)
                for location in locations:
                    if context.unknown(location):
                        message = "which location is registered depends on the deployment"
                        yield Violation(document.resource, where, message, undecided=True)
                    elif isinstance(location, str) and context.covers(statement, f"{location.rstrip('/*')}/object"):
                        message = f"the role reads {context.shown(location)} past Lake Formation"
                        yield Violation(document.resource, where, message)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


RULE = Rule(
    id="EMRG321",
    name="lake-formation-bypassed",
    severity="error",
    title="Way to data around the permissions of Lake Formation",
    rationale=__doc__,
    mend=(
        "Drop the role's S3 rights on registered locations (lakeformation:GetDataAccess serves it), and grant nothing "
        "to IAM_ALLOWED_PRINCIPALS."
    ),
    source="https://docs.aws.amazon.com/lake-formation/latest/dg/upgrade-glue-lake-formation-background.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-3", "AC-6")},
    check=check,
)
