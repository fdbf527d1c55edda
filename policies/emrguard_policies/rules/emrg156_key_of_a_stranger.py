"""Whoever owns the key decides who may read, and can make all of it unreadable on any day.

A tenant has a key of its own in the assembly. A key that stands elsewhere, in another account above all, is outside of
the proof, of the trail's alerts and of the tenant's hands. The rule judges marked applications, buckets, log groups and
trails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import KEY_PATHS, Context

_PATHS = {
    "AWS::EMRServerless::Application": KEY_PATHS,
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::CloudTrail::Trail": ("KMSKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "Custom::EmrGuardApplication": ("DiskEncryptionKeyArn",),
}
_RULES = "BucketEncryption.ServerSideEncryptionConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Marked resources that name a key of their own which no template defines."""
    for kind, paths in _PATHS.items():
        for resource in context.of(kind):
            for path in paths if resource.mark.tenant or resource.mark.shared else ():
                yield from _judge(context, resource, path, context.get(resource, path))
    for bucket in context.buckets:
        rules = context.get(bucket, _RULES) if bucket.mark.tenant or bucket.mark.shared else None
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            default = rule.get("ServerSideEncryptionByDefault") if isinstance(rule, Mapping) else None
            key = default.get("KMSMasterKeyID") if isinstance(default, Mapping) else None
            yield from _judge(context, bucket, f"{_RULES}[{index}]", key)


def _judge(context: Context, resource: Resource, path: str, key: object) -> Iterator[Violation]:
    if not isinstance(key, str) or context.resolver.find(key) is not None:
        return
    if context.unknown(key):
        yield Violation(resource, path, "the key depends on the deployment", undecided=True)
    elif key:
        yield Violation(resource, path, f"{context.shown(key)} is not in the assembly")


RULE = Rule(
    id="EMRG156",
    name="key-of-a-stranger",
    severity="error",
    title="Data of a tenant under a key that is not in the assembly",
    rationale=__doc__,
    mend="Use the tenant's key, and define it in the assembly.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP01",), "NIST 800-53 r5": ("SC-12",)},
    check=check,
)
