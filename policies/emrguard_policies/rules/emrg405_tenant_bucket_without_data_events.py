"""A trail records who changed a bucket, but not who read an object, unless it is told to log data events.

EMR Serverless has no data events of its own, so those of S3 are the only record of what a job read and wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_FIELDS = {"eventCategory", "resources.type", "resources.ARN"}


def check(context: Context) -> Iterator[Violation]:
    """Data buckets that no trail of the assembly covers; without any trail EMRG401 speaks."""
    trails = context.of("AWS::CloudTrail::Trail")
    if not trails:
        return
    own = {context.target(trail, "S3BucketName") for trail in trails} | set(context.log_buckets)
    selectors = [_prefixes(context, trail) for trail in trails]
    for bucket in context.buckets:
        if bucket in own or bucket.mark.part not in (None, "data-bucket"):
            continue
        wanted = f"{context.resolver.arn(bucket)}/"
        if any(wanted.startswith(prefix) for prefixes in selectors for prefix in prefixes or ()):
            continue
        if None in selectors:
            yield Violation(bucket, "", "what the trail selects depends on the deployment", undecided=True)
        else:
            yield Violation(bucket, "", "no trail of the assembly selects reads and writes of its objects")


def _prefixes(context: Context, trail: Resource) -> set[str] | None:
    """ARN prefixes of objects whose reads and writes a trail records; None where that is unknown."""
    found: set[str] = set()
    for listed, read in (("EventSelectors", _basic), ("AdvancedEventSelectors", _advanced)):
        selectors = context.get(trail, listed)
        if context.unknown(selectors):
            return None
        for selector in selectors if isinstance(selectors, list) else ():
            if not isinstance(selector, Mapping):
                return None
            found |= read(selector)
    return None if any(map(context.unknown, found)) else found


def _basic(selector: Mapping[str, Any]) -> set[str]:
    if selector.get("ReadWriteType", "All") != "All":
        return set()
    return {
        value
        for item in _objects(selector.get("DataResources"))
        if item.get("Type") == "AWS::S3::Object"
        for value in _texts(item.get("Values"))
    }


def _advanced(selector: Mapping[str, Any]) -> set[str]:
    fields = {str(item.get("Field")): item for item in _objects(selector.get("FieldSelectors"))}
    # A selector with another field, such as readOnly or eventName, records only a part.
    if not set(fields) <= _FIELDS or fields.get("eventCategory", {}).get("Equals") != ["Data"]:
        return set()
    if fields.get("resources.type", {}).get("Equals") != ["AWS::S3::Object"]:
        return set()
    arns = fields.get("resources.ARN")
    if arns is None:
        return {""}
    return set() if set(arns) - {"Field", "StartsWith"} else set(_texts(arns.get("StartsWith")))


def _objects(listed: Any) -> list[Mapping[str, Any]]:
    """The items of a list of objects; none at all if one of them cannot be read, since it may narrow the others."""
    items = listed if isinstance(listed, list) else []
    return items if all(isinstance(item, Mapping) for item in items) else []


def _texts(listed: Any) -> list[str]:
    return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


RULE = Rule(
    id="EMRG405",
    name="tenant-bucket-without-data-events",
    severity="error",
    title="Data bucket of a tenant whose object access is not recorded",
    rationale=__doc__,
    mend="Select data events of AWS::S3::Object for the bucket, reads and writes, in a trail.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
    frameworks={
        "AWS Well-Architected": ("SEC04-BP01",),
        "NIST 800-53 r5": ("AU-12",),
        "CIS AWS Foundations 3.0": ("3.8", "3.9"),
    },
    check=check,
)
