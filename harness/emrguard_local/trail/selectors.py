"""Which records a trail takes: basic and advanced event selectors.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]
_NEGATIVE = {
    "NotEquals": lambda value, wanted: value == wanted,
    "NotStartsWith": lambda value, wanted: value.startswith(wanted),
    "NotEndsWith": lambda value, wanted: value.endswith(wanted),
}
_POSITIVE = {
    "Equals": lambda value, wanted: value == wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
}


def selects(
    record: Record, basic: Sequence[Mapping[str, Any]] | None, advanced: Sequence[Mapping[str, Any]] | None
) -> bool:
    """Whether a trail with these selectors takes the record. A trail without any takes all management events."""
    if advanced:
        return any(_advanced(record, each.get("FieldSelectors", [])) for each in advanced)
    return any(_basic(record, each) for each in basic or [{}])


def _basic(record: Record, selector: Mapping[str, Any]) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind != "All" and (kind == "ReadOnly") != record["readOnly"]:
        return False
    if record["eventCategory"] == "Management":
        return selector.get("IncludeManagementEvents", True) is not False and record["eventSource"] not in selector.get(
            "ExcludeManagementEventSources", ()
        )
    return any(
        resource["type"] == wanted.get("Type") and _arn(resource).startswith(_prefix(value))
        for wanted in selector.get("DataResources", ())
        for value in wanted.get("Values", ())
        for resource in record.get("resources", ())
    )


def _prefix(value: str) -> str:
    # `arn:aws:s3` and `arn:aws:lambda` mean everything of the service.
    return f"{value}:" if value.count(":") == 2 else value


def _arn(resource: Mapping[str, str]) -> str:
    return resource.get("ARN") or resource.get("ARNPrefix", "")


def _advanced(record: Record, fields: Sequence[Mapping[str, Any]]) -> bool:
    return all(_field(record, field) for field in fields)


def _field(record: Record, field: Mapping[str, Any]) -> bool:
    values = list(_values(record, field["Field"]))
    for name, wanted in field.items():
        if name == "Field" or not wanted:
            continue
        if name in _NEGATIVE:
            if any(_NEGATIVE[name](value, each) for value in values for each in wanted):
                return False
        elif name not in _POSITIVE or not any(_POSITIVE[name](value, each) for value in values for each in wanted):
            return False
    return True


def _values(record: Record, field: str) -> Iterable[str]:
    # Of a data event's resources the first is the one that the event is about.
    about = list(record.get("resources", ()))[:1] if record["eventCategory"] == "Data" else record.get("resources", ())
    if field == "readOnly":
        return [str(record["readOnly"]).lower()]
    if field == "resources.type":
        return [each["type"] for each in about]
    if field == "resources.ARN":
        return [_arn(each) for each in about]
    if field == "userIdentity.arn":
        return [record["userIdentity"].get("arn", "")]
    if field == "sessionCredentialFromConsole":
        return ["false"]
    return [str(record[field])] if field in record else []
