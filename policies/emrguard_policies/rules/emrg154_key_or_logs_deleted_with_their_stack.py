"""A stack that is deleted, or a change that replaces a resource, takes the key with it, and all data under that key.

So it does with log groups: the record of who did what is gone when it is needed. CloudFormation deletes both unless the
template says `DeletionPolicy: Retain`. Buckets are safe: S3 deletes none that holds objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_KEPT = ("Retain", "RetainExceptOnCreate")


def check(context: Context) -> Iterator[Violation]:
    """Marked keys and log groups without a policy that retains them."""
    for resource in context.of("AWS::KMS::Key", "AWS::Logs::LogGroup"):
        if not (resource.mark.tenant or resource.mark.shared):
            continue
        policy = _policy(resource)
        if isinstance(policy, str) and policy in _KEPT:
            continue
        if policy is None or isinstance(policy, str):
            found = "not set" if policy is None else policy
            yield Violation(resource, "DeletionPolicy", f"DeletionPolicy is {found}")
        else:
            yield Violation(resource, "DeletionPolicy", "DeletionPolicy depends on the deployment", undecided=True)


def _policy(resource: Resource) -> object:
    body = resource.template.body["Resources"][resource.logical_id]
    return body.get("DeletionPolicy")


RULE = Rule(
    id="EMRG154",
    name="key-or-logs-deleted-with-their-stack",
    severity="warning",
    title="Key or log group of a tenant that is deleted with its stack",
    rationale=__doc__,
    mend="Set DeletionPolicy and UpdateReplacePolicy to Retain.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
    frameworks={"NIST 800-53 r5": ("AU-11", "SC-12(1)")},
    check=check,
)
