"""Policies with one restriction less: a statement, an action, a resource, a condition or a principal at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mutants.model import REMOVED, Change, Path

_STRANGER = "999988887777"
_ACCOUNT, _REGION = {"Ref": "AWS::AccountId"}, {"Ref": "AWS::Region"}
_PARTITION = {"Ref": "AWS::Partition"}
_ARNS: dict[str, list[Any]] = {
    "AWS::S3::Bucket": ["arn:", _PARTITION, ":s3:::", None],
    "AWS::KMS::Key": ["arn:", _PARTITION, ":kms:", _REGION, ":", _ACCOUNT, ":key/", None],
    "AWS::Logs::LogGroup": ["arn:", _PARTITION, ":logs:", _REGION, ":", _ACCOUNT, ":log-group:", None, ":*"],
    "AWS::IAM::Role": ["arn:", _PARTITION, ":iam::", _ACCOUNT, ":role/", None],
    "AWS::EMRServerless::Application": [
        "arn:", _PARTITION, ":emr-serverless:", _REGION, ":", _ACCOUNT, ":/applications/", None,
    ],
}  # fmt: skip
"""ARNs by type; None stands for the name."""
_OTHERS = {
    "aws:PrincipalArn": f"arn:aws:iam::{_STRANGER}:role/somebody",
    "aws:PrincipalServiceName": "ec2.amazonaws.com",
    "s3:x-amz-server-side-encryption": "AES256",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": (
        f"arn:aws:kms:us-east-1:{_STRANGER}:key/6f2c7b52-9d6c-4c6e-8f2a-1b1d0a7e3c55"
    ),
}
"""Values that a Deny must not exempt, by condition key."""
_FURTHER = {
    "aws:PrincipalAccount": _STRANGER,
    "aws:ResourceAccount": _STRANGER,
    "aws:ResourceTag": "another",
    "aws:RequestTag": "another",
    "aws:SourceAccount": _STRANGER,
    "aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{_STRANGER}:trail/theirs",
    "cloudwatch:namespace": "Payroll/Jobs",
    "iam:PassedToService": "ec2.amazonaws.com",
    "kms:ViaService": "ec2.eu-west-1.amazonaws.com",
    "s3:prefix": "*",
}
"""Values that an Allow must not take beside its own, by condition key."""
_POSITIVE = ("StringEquals", "StringLike", "ArnEquals", "ArnLike", "NumericEquals", "StringEqualsIgnoreCase")


@dataclass(frozen=True)
class Surroundings:
    """The template around a policy: types by logical id, and the same resource of the other tenant, if there is one."""

    types: Mapping[str, str]
    twins: Mapping[str, str]


def find(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where policy documents stand in a resource."""
    if isinstance(value, Mapping):
        listed = value.get("Statement")
        if (
            isinstance(listed, list)
            and listed
            and all(isinstance(item, Mapping) and "Effect" in item for item in listed)
        ):
            yield path
            return
        for key, item in value.items():
            yield from find(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find(item, (*path, index))


def mutate(document: Mapping[str, Any], path: Path, around: Surroundings) -> Iterator[Change]:
    """Every change of a document, whatever it means."""
    listed = document["Statement"]
    with_principal = any("Principal" in item for item in listed)
    trust = path[-1] == "AssumeRolePolicyDocument"
    anything: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole" if trust else "*"}
    if with_principal:
        anything["Principal"] = {"AWS": "*"}
    if not trust:
        anything["Resource"] = "*"
    new = (*path, "Statement", len(listed))
    yield Change("open statement added", new, "a statement allows everything", ((new, anything),))
    for index, statement in enumerate(listed):
        judge = _allow if statement["Effect"] == "Allow" else _deny
        yield from judge(statement, (*path, "Statement", index), around)


def _allow(statement: Mapping[str, Any], path: Path, around: Surroundings) -> Iterator[Change]:
    actions = _list(statement.get("Action"))
    at = (*path, "Action")
    for service in sorted({action.partition(":")[0] for action in actions}):
        wide = f"{service}:*"
        if actions != [wide]:
            yield Change("action widened to the service", at, f"Action {wide}", ((at, wide),))
    if actions != ["*"]:
        yield Change("action widened to all", at, "Action *", ((at, "*"),))
        complement = (*path, "NotAction")
        text = "NotAction health:* in place of Action"
        yield Change("action turned round", at, text, ((at, REMOVED), (complement, "health:*")))
    for verb in sorted({found[0] for action in actions if (found := re.match(r"[\w-]+:[A-Z][a-z]+", action))}):
        wide = f"{verb}*"
        if wide not in actions:
            yield Change("action widened to the verb", at, f"Action {wide}, too", ((at, [*actions, wide]),))
    yield from _resources(statement, path, around)
    for where, text, block in _weaker_conditions(statement.get("Condition") or {}):
        edit = ((*path, "Condition"), block if block else REMOVED)
        yield Change("condition weakened", (*path, "Condition", *where), text, (edit,))
    yield from _principals(statement.get("Principal"), (*path, "Principal"), around)


def _resources(statement: Mapping[str, Any], path: Path, around: Surroundings) -> Iterator[Change]:
    if "Resource" not in statement:
        return
    at = (*path, "Resource")
    listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    if listed != ["*"]:
        yield Change("resource widened to all", at, "Resource *", ((at, "*"),))
        complement = (*path, "NotResource")
        text = "NotResource arn:aws:s3:::none in place of Resource"
        yield Change("resource turned round", at, text, ((at, REMOVED), (complement, "arn:aws:s3:::none")))
    for index, value in enumerate(listed):
        for kind, text, wide in _wider_arns(value, around):
            new = [*listed[:index], wide, *listed[index + 1 :]]
            where = (*at, index) if len(listed) > 1 else at
            yield Change(kind, where, text, ((at, new),))


def _wider_arns(value: Any, around: Surroundings) -> Iterator[tuple[str, str, Any]]:
    parts = _parts(value, around)
    if parts is None:
        return
    for what, parameter, literal in (
        ("account", "AWS::AccountId", re.compile(r"(?<=:)\d{12}(?=:)")),
        ("region", "AWS::Region", re.compile(r"(?<=:)[a-z]{2}-[a-z]+-\d(?=:)")),
    ):
        wide = ["*" if part == {"Ref": parameter} else part for part in parts]
        wide = [literal.sub("*", part) if isinstance(part, str) else part for part in wide]
        if wide != parts:
            yield f"{what} of a resource widened", f"{what} * in {_shown(parts)}", _joined(wide)
    names = [part["Ref"] for part in parts if isinstance(part, dict) and part.get("Ref") in around.types]
    if names:
        wide = ["*" if isinstance(part, dict) and part.get("Ref") in names else part for part in parts]
        yield "name of a resource widened", f"any name in {_shown(parts)}", _joined(wide)
    for name in names:
        if name in around.twins:
            other = [{"Ref": around.twins[name]} if part == {"Ref": name} else part for part in parts]
            text = f"{around.twins[name]} in place of {name} in {_shown(parts)}"
            yield "resource of the other tenant", text, _joined(other)
    last = parts[-1]
    if isinstance(last, str) and (end := re.search(r"(?<=[/:])[^/:*]+-?\*?$", last)) and end[0] != "*":
        wide = [*parts[:-1], last[: end.start()] + "*"]
        yield "name of a resource widened", f"any name at the end of {_shown(parts)}", _joined(wide)
    first = parts[-1] if len(parts) == 1 else parts[-1] if str(parts[-1]).startswith(":s3:::") else ""
    if isinstance(first, str) and (bucket := re.search(r"(?<=:s3:::)[^/*]+(?=/)", first)):
        wide = [*parts[:-1], f"{first[: bucket.start()]}*{first[bucket.end() :]}"]
        yield "name of a resource widened", f"any bucket in {_shown(parts)}", _joined(wide)
    if isinstance(last, str) and re.search(r"/[^/*]+/\*$", last):
        wide = [*parts[:-1], re.sub(r"/[^/*]+/\*$", "/*", last)]
        yield "folder of a resource widened", f"{_shown(parts)} to the folder above", _joined(wide)


def _weaker_conditions(block: Mapping[str, Any]) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Condition blocks that an Allow holds in more requests with."""
    keys = [(operator, key) for operator, pairs in block.items() for key in pairs]
    if len(keys) > 1:
        yield (), "no condition at all", {}
    for operator, key in keys:
        rest = {name: dict(pairs) for name, pairs in block.items()}
        value = rest[operator].pop(key)
        rest = {name: pairs for name, pairs in rest.items() if pairs}
        yield (operator, key), f"no condition on {key}", rest
        if operator != "Null" and not operator.endswith("IfExists"):
            weak = {name: dict(pairs) for name, pairs in rest.items()}
            weak.setdefault(f"{operator}IfExists", {})[key] = value
            yield (operator, key), f"{operator}IfExists on {key}", weak
        if operator in _POSITIVE:
            weak = {name: dict(pairs) for name, pairs in rest.items()}
            weak.setdefault("ArnLike" if operator.startswith("Arn") else "StringLike", {})[key] = (
                "arn:*:*:*:*:*" if operator.startswith("Arn") else "*"
            )
            yield (operator, key), f"any value of {key}", weak
            further = _FURTHER.get(key, _FURTHER.get(key.partition("/")[0]))
            if further is not None:
                weak = {name: dict(pairs) for name, pairs in rest.items()}
                weak.setdefault(operator, {})[key] = [*_list(value), further]
                yield (operator, key), f"{key} {further}, too", weak
        if "Not" in operator:
            weak = {name: dict(pairs) for name, pairs in rest.items()}
            weak.setdefault(operator, {})[key] = "something-else"
            yield (operator, key), f"all but another {key}", weak
        if operator == "Bool":
            weak = {name: dict(pairs) for name, pairs in rest.items()}
            weak.setdefault("Bool", {})[key] = ["true", "false"]
            yield (operator, key), f"{key} true or false", weak


def _principals(principal: Any, path: Path, around: Surroundings) -> Iterator[Change]:
    if not isinstance(principal, Mapping):
        return
    kind = "principal widened"
    if principal != {"AWS": "*"}:
        yield Change(kind, path, "everybody", ((path, {"AWS": "*"}),))
        stranger = f"arn:aws:iam::{_STRANGER}:root"
        known = _list(principal.get("AWS"))
        yield Change(kind, path, "and another account", ((path, {**principal, "AWS": [*known, stranger]}),))
    if "Service" in principal:
        wide = {**principal, "Service": [*_list(principal["Service"]), "ec2.amazonaws.com"]}
        yield Change(kind, path, "and another service", ((path, wide),))
        account = {"Fn::Join": ["", ["arn:", _PARTITION, ":iam::", _ACCOUNT, ":root"]]}
        yield Change(kind, path, "and the account", ((path, {**principal, "AWS": account}),))
    for value in _list(principal.get("AWS")):
        name = str(value["Fn::GetAtt"][0]) if isinstance(value, dict) and "Fn::GetAtt" in value else ""
        if name:
            account = {"Fn::Join": ["", ["arn:", _PARTITION, ":iam::", _ACCOUNT, ":root"]]}
            yield Change(kind, path, f"the account beside {name}", ((path, {"AWS": [value, account]}),))
        if name in around.twins:
            twin = {"Fn::GetAtt": [around.twins[name], "Arn"]}
            wide = {**principal, "AWS": [*_list(principal["AWS"]), twin]}
            yield Change(kind, path, f"{around.twins[name]} beside {name}", ((path, wide),))


def _deny(statement: Mapping[str, Any], path: Path, around: Surroundings) -> Iterator[Change]:
    sid = statement.get("Sid") or next(iter(_keys(statement)), "")
    yield Change("deny removed", path, f"without the Deny {sid}", ((path, REMOVED),))
    yield Change("deny turned into allow", path, f"Allow in place of the Deny {sid}", (((*path, "Effect"), "Allow"),))
    at = (*path, "Action")
    actions = _list(statement["Action"])
    for index, action in enumerate(actions):
        if len(actions) > 1:
            kept = actions[:index] + actions[index + 1 :]
            yield Change("deny of fewer actions", at, f"{sid} without {action}", ((at, kept),))
        elif action.endswith("*"):
            one = f"{action.partition(':')[0]}:GetObject"
            yield Change("deny of fewer actions", at, f"{sid} of {one} only", ((at, one),))
    at = (*path, "Resource")
    listed = _list(statement["Resource"])
    for index in range(len(listed)):
        if len(listed) > 1:
            kept = listed[:index] + listed[index + 1 :]
            yield Change("deny on fewer resources", at, f"{sid} without resource {index}", ((at, kept),))
        parts = _parts(listed[index], around)
        if parts and isinstance(parts[-1], str) and parts[-1].endswith("/*"):
            narrow = [*listed[:index], _joined([*parts[:-1], f"{parts[-1][:-1]}public/*"]), *listed[index + 1 :]]
            yield Change("deny on fewer resources", at, f"{sid} on a folder only", ((at, narrow),))
    at = (*path, "Principal")
    somebody = {"AWS": f"arn:aws:iam::{_STRANGER}:role/somebody"}
    yield Change("deny of fewer principals", at, f"{sid} of one role", ((at, somebody),))
    block = statement.get("Condition") or {}
    at = (*path, "Condition")
    more = {**block, "StringEquals": {**block.get("StringEquals", {}), "aws:PrincipalTag/team": "guests"}}
    yield Change("deny under a further condition", at, f"{sid} for guests only", ((at, more),))
    for operator, pairs in block.items():
        for key, value in pairs.items():
            for text, name, weak in _weaker_value(operator, key, value, around):
                new = {each: dict(inner) for each, inner in block.items()}
                del new[operator][key]
                new = {each: inner for each, inner in new.items() if inner}
                new.setdefault(name, {})[key] = weak
                yield Change("deny with a weaker condition", (*at, operator, key), f"{sid}: {text}", ((at, new),))


def _weaker_value(operator: str, key: str, value: Any, around: Surroundings) -> Iterator[tuple[str, str, Any]]:
    """What makes a Deny apply to fewer requests: operator and value in place of the given ones."""
    if operator in ("Bool", "Null"):
        yield (
            f"{key} is {'true' if str(value) == 'false' else 'false'}",
            operator,
            "true" if str(value) == "false" else "false",
        )
    elif operator.startswith("Numeric"):
        yield f"{key} below 1.0", operator, 1.0
    elif "Not" in operator:
        yield f"exempts any {key}", "ArnNotLike" if operator.startswith("Arn") else "StringNotLike", "*"
        yield f"exempts another {key}", operator, [*_list(value), _OTHERS.get(key, "something-else")]
        for item in _list(value):
            name = str(item["Fn::GetAtt"][0]) if isinstance(item, dict) and "Fn::GetAtt" in item else ""
            if name in around.twins:
                twin = {"Fn::GetAtt": [around.twins[name], "Arn"]}
                yield f"exempts {around.twins[name]}", operator, [*_list(value), twin]
    elif operator in _POSITIVE:
        yield f"{key} is something else", operator, "nothing-like-it"


def _parts(value: Any, around: Surroundings) -> list[Any] | None:
    """An ARN as texts and references to names; None where it is something else."""
    if isinstance(value, str):
        return [value] if value != "*" else None
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((function, argument),) = value.items()
    if function == "Fn::GetAtt" and argument[1] == "Arn":
        known = _ARNS.get(around.types.get(argument[0], ""))
        return None if known is None else [{"Ref": argument[0]} if part is None else part for part in known]
    if function == "Fn::Join" and argument[0] == "":
        found: list[Any] = []
        for item in argument[1]:
            inner = [item] if isinstance(item, str) or "Ref" in item else _parts(item, around)
            if inner is None:
                return None
            found.extend(inner)
        return found
    return None


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else {"Fn::Join": ["", parts]}


def _shown(parts: list[Any]) -> str:
    return "".join(part if isinstance(part, str) else f"<{part.get('Ref', '?')}>" for part in parts)


def _keys(statement: Mapping[str, Any]) -> list[str]:
    return [key for pairs in (statement.get("Condition") or {}).values() for key in pairs]


def _list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]
