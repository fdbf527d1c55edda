"""`BucketOwnerEnforced` turns access control lists off: policies alone decide, and those the proof can read.

New buckets start with it. A template should still say so: a bucket from before April 2023 does not have it, and an
update that removes `OwnershipControls` from a template removes it from the bucket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "OwnershipControls.Rules"


def check(context: Context) -> Iterator[Violation]:
    """Buckets that hold a tenant's data or logs and whose template does not turn ACLs off."""
    for bucket in context.buckets:
        rules = context.get(bucket, _PROPERTY)
        first = rules[0] if isinstance(rules, list) and rules else rules
        ownership = first.get("ObjectOwnership") if isinstance(first, Mapping) else first
        if context.unknown(ownership):
            yield Violation(bucket, _PROPERTY, "the ownership of objects depends on the deployment", undecided=True)
        elif ownership != "BucketOwnerEnforced":
            found = f"ObjectOwnership is {ownership}" if ownership else "no OwnershipControls are set"
            yield Violation(bucket, _PROPERTY, found)


RULE = Rule(
    id="EMRG116",
    name="bucket-without-ownership-enforced",
    severity="warning",
    title="Bucket of a tenant whose template does not turn access control lists off",
    rationale=__doc__,
    mend="Set OwnershipControls with ObjectOwnership BucketOwnerEnforced.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
    frameworks={"NIST 800-53 r5": ("AC-3",)},
    check=check,
)
