"""`emrguard iam`: questions about IAM policies alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from emrguard_policies.exceptions import InputError
from emrguard_policies.iam import decide as concrete
from emrguard_policies.iam.containment import contains as policy_contains
from emrguard_policies.iam.model import Policy, PolicyError, PolicyKind, parse, read_json

_REQUEST_KEYS = {
    "principal", "action", "resource", "context", "resource_account", "identity", "boundary", "session",
    "resource_policy", "key_policy", "trust_policy", "scps", "rcps", "endpoint",
}  # fmt: skip
_LONGEST_FILE = 16_000_000
_PRINCIPAL_KINDS = ("user", "role-session", "root", "service", "anonymous")


@click.group()
def iam() -> None:
    """Decide a request, or compare what two policies grant."""


@iam.command()
@click.option("--candidate", type=click.Path(path_type=Path), required=True, help="Policy that is to be judged.")
@click.option("--reference", type=click.Path(path_type=Path), required=True, help="Policy that must not be exceeded.")
@click.option("--kind", type=click.Choice(["identity", "resource"]), default="identity", show_default=True)
def contains(candidate: Path, reference: Path, kind: PolicyKind) -> None:
    """Whether the candidate grants nothing beyond the reference.

    Prints {"holds", "witness", "undecided"}; exit code 0 it holds, 3 it does not (the witness is a request that it
    grants beyond), 1 undecided.
    """
    answer = policy_contains(_policy(candidate, kind), _policy(reference, kind))
    click.echo(json.dumps(answer.as_json(), indent=2))
    if answer.undecided:
        sys.exit(1)
    sys.exit(0 if answer.holds else 3)


@iam.command()
@click.argument("request", type=click.Path(path_type=Path))
def decide(request: Path) -> None:
    """Decide the request in a JSON file as AWS would; exit code 0 allowed, 3 denied.

    The file has "principal" {"kind", "arn", "account", "role_arn"}, "action", "resource", "context",
    "resource_account", and the policies that apply: "identity", "session", "scps" and "rcps" are lists, "boundary",
    "resource_policy", "key_policy", "trust_policy" and "endpoint" one each. A policy may be wrapped as
    {"name", "document"}.
    """
    body = _object(_read(request), str(request))
    unknown = sorted(set(body) - _REQUEST_KEYS)
    if unknown:
        raise InputError(f"{request}: unknown element {unknown[0]}; known are {', '.join(sorted(_REQUEST_KEYS))}")
    decision = concrete.decide(_request(body, request), _policies(body, request))
    statements = [{"policy": each.policy, "sid": each.sid, "index": each.index} for each in decision.statements]
    shown = {
        "decision": "allow" if decision.allowed else "deny",
        "explicit": decision.explicit,
        "by": decision.by,
        "why": decision.why,
        "statements": statements,
    }
    click.echo(json.dumps(shown, indent=2))
    sys.exit(0 if decision.allowed else 3)


def _policy(path: Path, kind: PolicyKind) -> Policy:
    return parse(_object(_read(path), str(path)), str(path), kind)


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _LONGEST_FILE:
            raise InputError(f"{path}: larger than {_LONGEST_FILE:,} bytes; no policies of AWS's are")
        return read_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}") from error


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: found {json.dumps(value)[:60]}; use an object")
    return value


def _text(body: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str):
        raise InputError(f"{where}: {key} is {json.dumps(value)[:60]}; use a string")
    return value


def _request(body: Mapping[str, Any], path: Path) -> concrete.Request:
    who = _object(body.get("principal"), f"{path}, principal")
    unknown = sorted(set(who) - {"kind", "arn", "account", "role_arn"})
    if unknown:
        raise InputError(f"{path}, principal: unknown element {unknown[0]}; known are kind, arn, account, role_arn")
    kind = _text(who, "kind", f"{path}, principal")
    if kind not in _PRINCIPAL_KINDS:
        raise InputError(f"{path}, principal: kind is {kind!r}; known are {', '.join(_PRINCIPAL_KINDS)}")
    arn = _text(who, "arn", f"{path}, principal", "")
    parts = arn.split(":")
    account = _text(who, "account", f"{path}, principal", parts[4] if len(parts) > 4 else "")
    role = None if who.get("role_arn") is None else _text(who, "role_arn", f"{path}, principal")
    if kind == "role-session" and role is None:
        raise InputError(f"{path}, principal: a role session needs role_arn, the ARN of the role")
    context: dict[str, str | list[str]] = {}
    for key, value in _object(body.get("context", {}), f"{path}, context").items():
        texts = [_scalar(item, f"{path}, context.{key}") for item in (value if isinstance(value, list) else [value])]
        if key.lower() in {other.lower() for other in context}:
            raise InputError(f"{path}, context: {key} stands twice, in different cases")
        context[key] = texts if isinstance(value, list) else texts[0]
    # `kind` was checked above; the type checker cannot see that a tuple holds the same names as the Literal.
    known: Any = kind
    principal = concrete.Principal(known, arn, account, role)
    owner = _text(body, "resource_account", str(path), account)
    return concrete.Request(
        principal, _text(body, "action", str(path)), _text(body, "resource", str(path)), context, owner
    )


def _scalar(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise InputError(f"{where}: found {json.dumps(value)[:60]}; use a string or a list of strings")


def _policies(body: Mapping[str, Any], path: Path) -> concrete.Policies:
    resource: concrete.ResourcePolicy | None = None
    given = [key for key in ("resource_policy", "key_policy", "trust_policy") if body.get(key) is not None]
    if len(given) > 1:
        raise InputError(f"{path}: {given[0]} and {given[1]} exclude each other")
    for key in given:
        policy = _one(body[key], f"{path}, {key}", key, "resource")
        resource = concrete.ResourcePolicy(policy, gate=key != "resource_policy")
    boundary, endpoint = body.get("boundary"), body.get("endpoint")
    return concrete.Policies(
        identity=_many(body.get("identity", []), path, "identity"),
        boundary=None if boundary is None else _one(boundary, f"{path}, boundary", "boundary", "identity"),
        session=None if body.get("session") is None else _many(body["session"], path, "session"),
        resource=resource,
        scps=_levels(body.get("scps", []), path, "scps", "identity"),
        rcps=_levels(body.get("rcps", []), path, "rcps", "resource"),
        endpoint=None if endpoint is None else _one(endpoint, f"{path}, endpoint", "endpoint", "resource"),
    )


def _levels(value: Any, path: Path, key: str, kind: PolicyKind) -> list[list[Policy]]:
    """Organization policies: a list of levels (root, unit, account), each one policy or a list of them."""
    if not isinstance(value, list):
        raise InputError(f"{path}, {key}: found {json.dumps(value)[:60]}; use a list")
    return [
        _many(level if isinstance(level, list) else [level], path, f"{key}[{index}]", kind)
        for index, level in enumerate(value)
    ]


def _many(value: Any, path: Path, key: str, kind: PolicyKind = "identity") -> list[Policy]:
    if not isinstance(value, list):
        raise InputError(f"{path}, {key}: found {json.dumps(value)[:60]}; use a list of policies")
    return [_one(item, f"{path}, {key}[{index}]", f"{key}[{index}]", kind) for index, item in enumerate(value)]


def _one(value: Any, where: str, name: str, kind: PolicyKind) -> Policy:
    body = _object(value, where)
    if "document" in body:
        name = _text(body, "name", where, name)
        body = _object(body["document"], where)
    try:
        return parse(body, name, kind)
    except PolicyError as error:
        raise InputError(f"{where}: {error}") from error
