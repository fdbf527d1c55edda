"""Workers are billed by application. Without a tag nobody sees which team's jobs the bill is for.

The same tag lets IAM policies and inventories tell tenants apart (`aws:ResourceTag`).
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "Tags"


def check(context: Context) -> Iterator[Violation]:
    """Applications without any tag."""
    for application in context.applications:
        tags = context.get(application, _PROPERTY)
        if context.unknown(tags) or (isinstance(tags, list) and tags and all(map(context.unknown, tags))):
            yield Violation(application, _PROPERTY, "the tags depend on the deployment", undecided=True)
        elif not tags:
            yield Violation(application, _PROPERTY, "no tag is set")


RULE = Rule(
    id="EMRG509",
    name="application-without-tag",
    severity="warning",
    title="Application without a tag to allocate its cost by",
    rationale=__doc__,
    mend="Tag the application with its tenant or cost centre, and activate the tag in the billing console.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/tagging.html",
    frameworks={"AWS Well-Architected": ("COST03-BP02",)},
    check=check,
)
