"""EventBridge's rules and events on a bus. Archives, connections, replays and partner sources are not mapped.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    on_anything,
    pass_role,
    request_tags,
    resource_tags,
    tag_keys,
    tag_list,
)

SERVICE = "events.amazonaws.com"


def _bus(given: object) -> str:
    name = str(given or "default")
    return name.rsplit("/", 1)[-1]


def _rule_arn(asked: Asked, parameter: str) -> str:
    name = asked.parameters.get(parameter)
    if not name:
        raise CannotTellError("it does not name the rule")
    bus = _bus(asked.parameters.get("EventBusName"))
    return asked.arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")


def _tags(asked: Asked, arn: str) -> dict[str, Value]:
    backend = asked.state.events(asked.region)
    return resource_tags(backend.tagger.get_tag_dict_for_resource(arn)) if backend is not None else {}


def _rule(action: str, parameter: str = "Name") -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = _rule_arn(asked, parameter)
        return (Needed(action, arn, _tags(asked, arn)),)

    return rule


def _put_rule(asked: Asked) -> Iterable[Needed]:
    arn, tags = _rule_arn(asked, "Name"), tag_list(asked.parameters.get("Tags"))
    yield Needed("events:PutRule", arn, {**_tags(asked, arn), **request_tags(tags)})
    if tags:
        yield Needed("events:TagResource", arn, request_tags(tags))
    if asked.parameters.get("RoleArn"):
        yield pass_role(asked, str(asked.parameters["RoleArn"]), SERVICE)


def _put_targets(asked: Asked) -> Iterable[Needed]:
    arn = _rule_arn(asked, "Rule")
    targets = asked.parameters.get("Targets") or []
    context: dict[str, Value] = {"events:TargetArn": [str(each.get("Arn", "")) for each in targets]}
    yield Needed("events:PutTargets", arn, {**_tags(asked, arn), **context})
    for each in targets:
        if each.get("RoleArn"):
            yield pass_role(asked, str(each["RoleArn"]), SERVICE)


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = str(asked.parameters.get("ResourceARN") or "")
        if ":rule/" not in arn:
            raise CannotTellError(f"{arn!r} is not the ARN of a rule")
        context = {**_tags(asked, arn), **request_tags(tag_list(asked.parameters.get("Tags")))}
        if "TagKeys" in asked.parameters:
            context |= tag_keys(asked.parameters["TagKeys"])
        return (Needed(action, arn, context),)

    return rule


def _put_events(asked: Asked) -> Iterable[Needed]:
    for entry in asked.parameters.get("Entries") or [{}]:
        bus = asked.arn("events", f"event-bus/{_bus(entry.get('EventBusName'))}")
        context: dict[str, Value] = {
            f"events:{key}": str(entry[name])
            for key, name in (("source", "Source"), ("detail-type", "DetailType"))
            if entry.get(name)
        }
        yield Needed("events:PutEvents", bus, context)


TABLE: Table = {
    "DeleteRule": _rule("events:DeleteRule"),
    "DescribeRule": _rule("events:DescribeRule"),
    "DisableRule": _rule("events:DisableRule"),
    "EnableRule": _rule("events:EnableRule"),
    "ListRuleNamesByTarget": on_anything("events:ListRuleNamesByTarget"),
    "ListRules": on_anything("events:ListRules"),
    "ListTagsForResource": _tagging("events:ListTagsForResource"),
    "ListTargetsByRule": _rule("events:ListTargetsByRule", "Rule"),
    "PutEvents": _put_events,
    "PutRule": _put_rule,
    "PutTargets": _put_targets,
    "RemoveTargets": _rule("events:RemoveTargets", "Rule"),
    "TagResource": _tagging("events:TagResource"),
    "TestEventPattern": on_anything("events:TestEventPattern"),
    "UntagResource": _tagging("events:UntagResource"),
}
