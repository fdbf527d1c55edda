"""Who may start jobs on every application starts them on other tenants' applications, too.

Name the applications, or demand the tenant's tag of them: `aws:ResourceTag/<key>` equal to one value. A condition on
`aws:RequestTag` does not help, because it judges what the caller writes.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_ACTIONS = ("emr-serverless:startjobrun", "emr-serverless:startsession", "emr-serverless:accesslivyendpoints")
_TAG = "aws:resourcetag/"
_ID_LENGTH = 16


def check(context: Context) -> Iterator[Violation]:
    """Statements that let somebody run code on applications that they neither name nor know by a tag."""
    for _, document, _, statement in context.granting(_ACTIONS):
        if not statements.named(statement, _ACTIONS):
            continue
        where = document.where(statement)
        if any(len(item) == 1 and context.unknown(item) for item in statement.resources or ()):
            yield Violation(document.resource, where, "the applications depend on the deployment", undecided=True)
        elif _is_wide(context, statement) and not _demands_tag(statement):
            found = ", ".join(map(context.shown, statement.resources or ("all but some",)))
            message = f"jobs may be started on {found}, with no condition on a tag of the application"
            yield Violation(document.resource, where, message)


def _is_wide(context: Context, statement: Statement) -> bool:
    """Whether the resources include applications that they do not name."""
    if statement.resources is None:
        return True
    return any(not _names_one(context, item) for item in statement.resources if "*" in item or "?" in item)


def _names_one(context: Context, resource: str) -> bool:
    """Whether a pattern stays within one application: its id in full, then a wildcard for its job runs."""
    _, application, rest = resource.partition("/applications/")
    name = context.resolver.symbols.readable(rest.partition("/")[0].removesuffix("*"))
    return bool(application) and not set(name) & set("*?") and len(name) >= _ID_LENGTH


def _demands_tag(statement: Statement) -> bool:
    return statements.tied(statement, {item.key.lower() for item in statement.conditions if _TAG in item.key.lower()})


RULE = Rule(
    id="EMRG320",
    name="submitter-without-tenant-tag",
    severity="error",
    title="Right to start jobs on every application, without the tenant's tag",
    rationale=__doc__,
    mend="Name the tenant's applications in Resource, or demand aws:ResourceTag/<key> with the tenant's value.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-user-access-policies.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-3", "AC-6")},
    check=check,
)
