"""What is marked as a tenant's role, or as the trail's or an auditor's, was given rights one by one.

Actions by wildcard, all but some actions or resources, resources of any account or Region, all applications without a
tag, and a managed policy of AWS take that back. Rights on `*` of execution roles have rules of their own, EMRG301,
EMRG302 and EMRG314.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_REGIONAL = re.compile(r"^arn:[^:]*:(?!s3:|iam:)[^:]+:([^:]*):([^:]*):")
_ANY_NAME = re.compile(r"^arn:[^:]*:(?:s3:::\*(?:/.*)?|kms:[^:]*:[^:]*:key/\*|logs:[^:]*:[^:]*:log-group:\*(?::.*)?)$")
_ANY_APPLICATION = re.compile(r"^arn:[^:]*:emr-serverless:[^:]*:[^:]*:/applications/\*(?:/.*)?$")
_ANY_TOPIC = re.compile(
    r"^arn:[^:]*:(?:aps:[^:]*:[^:]*:workspace|events:[^:]*:[^:]*:rule|kafka:[^:]*:[^:]*:(?:cluster/[^/]*|(?:topic|group)/[^/]*/[^/]*))/\*$"
)
_TAGS = ("aws:resourcetag/", "aws:requesttag/")
_MANAGED = "ManagedPolicyArns"


def check(context: Context) -> Iterator[Violation]:
    """Statements and managed policies of marked roles that are wider than a list of names."""
    for role in context.of("AWS::IAM::Role"):
        if not (role.mark.tenant or role.mark.shared):
            continue
        listed = context.get(role, _MANAGED)
        if context.unknown(listed):
            yield Violation(role, _MANAGED, "the managed policies depend on the deployment", undecided=True)
        for arn in listed if isinstance(listed, list) else ():
            if isinstance(arn, str) and ":iam::aws:policy/" in arn:
                yield Violation(role, _MANAGED, f"the role has {arn}")
        for document in context.documents_of(role):
            if document.policy is None:
                yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
            for statement in document.statements:
                by_tag = role.mark.part == "platform-admin-role"
                found = list(_wide(context, statement, by_tag)) if statement.effect == "Allow" else []
                if found:
                    yield Violation(document.resource, document.where(statement), ", ".join(found))
                elif statement.effect == "Allow" and context.any_open(statement.resources or ()):
                    where = document.where(statement)
                    yield Violation(document.resource, where, "a resource depends on the deployment", undecided=True)


def _wide(context: Context, statement: Statement, by_tag: bool) -> Iterator[str]:
    """What is wide; of roles that go `by_tag` EMRG354 judges the applications."""
    for element, excluded in (("NotAction", statement.not_actions), ("NotResource", statement.not_resources)):
        if excluded is not None:
            yield f"{element} {', '.join(excluded)}"
    for action in statement.actions or ():
        if "*" in action and action not in statements.GRANTED_BY_CDK:
            yield f"Action {action}"
    for pattern in statement.resources or ():
        if "*" not in pattern:
            continue
        regional = _REGIONAL.match(pattern)
        if regional and "*" in regional.groups():
            yield f"Resource {context.shown(pattern)} in any account or Region"
        elif (_ANY_NAME.match(pattern) and not _looks(statement)) or _ANY_TOPIC.match(pattern):
            yield f"Resource {context.shown(pattern)}"
        elif _ANY_APPLICATION.match(pattern) and not by_tag and not _tagged(statement):
            yield f"Resource {context.shown(pattern)} without a condition on a tag"
        elif pattern == "*" and not _tagged(statement) and any(map(_knows_resources, statement.actions or ())):
            yield f"{', '.join(statement.actions or ())} on Resource *"


def _looks(statement: Statement) -> bool:
    """Whether a statement allows only to list and to describe."""
    actions = [action.lower() for action in statement.actions or ("",)]
    return all(
        action.partition(":")[2].startswith(("describe", "list")) and not action.startswith("s3:listbucket")
        for action in actions
    )


def _tagged(statement: Statement) -> bool:
    keys = [item.key.lower() for item in statement.conditions if item.key.lower().startswith(_TAGS)]
    return statements.tied(statement, keys)


def _knows_resources(action: str) -> bool:
    """Whether an action of a store or of a role is judged on one that can be named."""
    service, _, name = action.lower().partition(":")
    on_objects = service == "s3" and name != "listallmybuckets"
    on_streams = service == "logs" and name.startswith(("create", "put", "delete"))
    on_keys = service == "kms" and not name.startswith(("list", "createkey"))
    on_jobs = service == "emr-serverless" and name not in ("listapplications", "createapplication")
    on_rules = service == "events" and name.startswith(("put", "delete", "remove", "disable"))
    on_roles = service == "iam" and name in ("passrole", "putrolepolicy")
    return on_objects or on_streams or on_keys or on_jobs or on_rules or on_roles


RULE = Rule(
    id="EMRG351",
    name="marked-role-with-wildcard",
    severity="error",
    title="Role of a tenant or the platform with rights by wildcard",
    rationale=__doc__,
    mend="List actions, and resources with their account, Region and name.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
