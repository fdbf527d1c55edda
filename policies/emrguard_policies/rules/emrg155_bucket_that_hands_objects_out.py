"""A public ACL, a web site, pages of any origin, or a copy or list in a bucket of somebody else: each takes data out.

None of them shows in an IAM policy. A replica in a bucket that the assembly does not define is outside of what the
tenant's key and bucket policy protect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_REPLICAS = "ReplicationConfiguration.Rules"
_LISTS = "InventoryConfigurations"
_ORIGINS = "CorsConfiguration.CorsRules"


def check(context: Context) -> Iterator[Violation]:
    """Buckets that hold a tenant's data or logs with one of these settings."""
    for bucket in context.buckets:
        acl = context.get(bucket, "AccessControl")
        for path in ("AccessControl", "WebsiteConfiguration", _ORIGINS, _REPLICAS, _LISTS):
            if context.unknown(context.get(bucket, path)):
                yield Violation(bucket, path, f"{path} depends on the deployment", undecided=True)
        if isinstance(acl, str) and not context.unknown(acl) and acl.startswith(("Public", "Authenticated")):
            yield Violation(bucket, "AccessControl", f"AccessControl is {acl}")
        if isinstance(context.get(bucket, "WebsiteConfiguration"), Mapping):
            yield Violation(bucket, "WebsiteConfiguration", "the bucket is a web site")
        for index, rule in enumerate(_listed(context.get(bucket, _ORIGINS))):
            origins = rule.get("AllowedOrigins") if isinstance(rule, Mapping) else None
            if "*" in _listed(origins):
                yield Violation(bucket, f"{_ORIGINS}[{index}]", "pages of any origin may read")
        for index, rule in enumerate(_listed(context.get(bucket, _REPLICAS))):
            yield from _replica(context, bucket, f"{_REPLICAS}[{index}]", rule)
        for index, rule in enumerate(_listed(context.get(bucket, _LISTS))):
            yield from _list(context, bucket, f"{_LISTS}[{index}]", rule)


def _replica(context: Context, bucket: Resource, where: str, rule: Any) -> Iterator[Violation]:
    destination = rule.get("Destination") if isinstance(rule, Mapping) else None
    target = destination.get("Bucket") if isinstance(destination, Mapping) else None
    if isinstance(target, str) and context.resolver.find(target) is None:
        message = f"objects are copied to {context.shown(target)}, which is not in the assembly"
        yield Violation(bucket, where, message, undecided=context.unknown(target))


def _list(context: Context, bucket: Resource, where: str, rule: Any) -> Iterator[Violation]:
    destination = rule.get("Destination") if isinstance(rule, Mapping) else None
    target = destination.get("BucketArn") if isinstance(destination, Mapping) else None
    if isinstance(target, str) and context.resolver.find(target) is None:
        message = f"names of objects go to {context.shown(target)}, which is not in the assembly"
        yield Violation(bucket, where, message, undecided=context.unknown(target))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


RULE = Rule(
    id="EMRG155",
    name="bucket-that-hands-objects-out",
    severity="error",
    title="Bucket of a tenant that hands its objects to others",
    rationale=__doc__,
    mend="Remove the setting, or replicate to a bucket of the tenant in the same assembly.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP07",), "NIST 800-53 r5": ("AC-3", "AC-4")},
    check=check,
)
