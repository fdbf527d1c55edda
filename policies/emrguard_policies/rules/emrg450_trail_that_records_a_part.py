"""A trail is asked what happened. Calls that it was told not to record, it does not know.

Management events must be recorded all, of all services; events of global services (IAM, STS) too; and in addition to
the data buckets (EMRG405), reads and changes of the log buckets and of the trail's own records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_GLOBAL = "IncludeGlobalServiceEvents"


def check(context: Context) -> Iterator[Violation]:
    """Trails without all management events, and marked buckets of logs that no trail watches."""
    trails = context.of("AWS::CloudTrail::Trail")
    for trail in trails:
        value = context.get(trail, _GLOBAL)
        if context.unknown(value):
            yield Violation(trail, _GLOBAL, f"{_GLOBAL} depends on the deployment", undecided=True)
        elif value is None or context.flag(value) is False:
            yield Violation(trail, _GLOBAL, f"{_GLOBAL} is {'not set' if value is None else 'false'}")
        for path, read in (("AdvancedEventSelectors", _advanced), ("EventSelectors", _basic)):
            written = context.get(trail, path)
            selectors = _listed(written)
            fields = [item for selector in _objects(written) for item in _listed(selector.get("FieldSelectors"))]
            if any(map(context.unknown, (written, *selectors, *fields))):
                yield Violation(trail, path, "what the trail records depends on the deployment", undecided=True)
            elif selectors and not any(read(selector) for selector in selectors):
                yield Violation(trail, path, "no selector takes all management events")
    watched = [prefix for trail in trails for prefix in _prefixes(context, trail)]
    for bucket in context.buckets if trails else ():
        if bucket.mark.part not in ("log-bucket", "trail-bucket"):
            continue
        if not any(f"{context.resolver.arn(bucket)}/".startswith(prefix) for prefix in watched):
            yield Violation(bucket, "", "no trail of the assembly records who reads its objects")


def _advanced(selector: Any) -> bool:
    fields = _objects(selector.get("FieldSelectors")) if isinstance(selector, Mapping) else []
    return len(fields) == 1 and fields[0].get("Field") == "eventCategory" and fields[0].get("Equals") == ["Management"]


def _basic(selector: Any) -> bool:
    return (
        isinstance(selector, Mapping)
        and selector.get("IncludeManagementEvents") is not False
        and selector.get("ReadWriteType", "All") == "All"
        and not selector.get("ExcludeManagementEventSources")
    )


def _prefixes(context: Context, trail: Resource) -> Iterator[str]:
    """ARN prefixes of objects that a trail records reads of."""
    for selector in _objects(context.get(trail, "AdvancedEventSelectors")):
        fields = {str(item.get("Field")): item for item in _objects(selector.get("FieldSelectors"))}
        data = fields.get("eventCategory", {}).get("Equals") == ["Data"]
        of_objects = fields.get("resources.type", {}).get("Equals") == ["AWS::S3::Object"]
        whole = set(fields) <= {"eventCategory", "resources.type", "resources.ARN", "eventName"}
        if data and of_objects and whole and "Equals" not in fields.get("eventName", {}):
            arns = fields.get("resources.ARN")
            yield from [""] if arns is None else [str(item) for item in _listed(arns.get("StartsWith"))]
    for selector in _objects(context.get(trail, "EventSelectors")):
        if isinstance(selector, Mapping) and selector.get("ReadWriteType", "All") == "All":
            for item in _objects(selector.get("DataResources")):
                if item.get("Type") == "AWS::S3::Object":
                    yield from (str(value) for value in _listed(item.get("Values")))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in _listed(value) if isinstance(item, Mapping)]


RULE = Rule(
    id="EMRG450",
    name="trail-that-records-a-part",
    severity="error",
    title="Trail that leaves out calls",
    rationale=__doc__,
    mend="Select all management events without a further field, and data events of all buckets that hold logs.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-2", "AU-12")},
    check=check,
)
