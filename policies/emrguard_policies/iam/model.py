"""IAM policy documents as data: a strict reading that refuses what it does not know.

Strings may hold symbols (see `symbols`), private-use characters that stand for values known only after a deployment;
the reading treats them like any other character. Grammar:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from emrguard_policies.exceptions import InputError

Effect = Literal["Allow", "Deny"]
PolicyKind = Literal["identity", "resource"]

VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_BASE_OPERATORS = (
    "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
    "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
    "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
    "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
    "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
)  # fmt: skip
# IAM compares the names of operators without regard to case.
OPERATORS = {name.lower(): name for name in _BASE_OPERATORS}


LONGEST = 1_048_576
"""Characters that a policy may have as JSON: far more than the largest that AWS takes, a key policy's 32 KiB."""
# These characters stand for policy variables inside the engine.
_RESERVED = re.compile("[\U00100000-\U0010ffff]")
# Nearly all objects are dicts, which is told much faster than whether something is a Mapping.
_OBJECT = (dict, Mapping)
_as_text = json.JSONEncoder(ensure_ascii=False).encode


class PolicyError(InputError):
    """A policy document that IAM would refuse or that the engine does not know how to read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `operator` in AWS's spelling without set prefix and `IfExists`, one key, its values."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Literal["ForAllValues", "ForAnyValue"] | None = None
    if_exists: bool = False

    def __str__(self) -> str:
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return f"{prefix}{self.operator}{'IfExists' if self.if_exists else ''} {self.key} = {' | '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class PrincipalPattern:
    """One principal of a statement. `{"AWS": "*"}` and `"*"` are both kind `AWS`, value `*`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Of each pair (`actions`, `not_actions`) one is None; an identity policy has no principals."""

    policy: str
    index: int
    effect: Effect
    sid: str | None = None
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: tuple[PrincipalPattern, ...] | None = None
    not_principals: tuple[PrincipalPattern, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def label(self) -> str:
        """How a person finds the statement: `policy, statement Sid` or `policy, statement #index`."""
        return f"{self.policy}, statement {self.sid or f'#{self.index}'}"


@dataclass(frozen=True)
class Policy:
    """A policy document; `name` is what explanations call it.

    `variables` says whether `${…}` is expanded: from Version 2012-10-17 on. `text` is the document as JSON, empty for a
    policy that `parse` did not read.
    """

    name: str
    statements: tuple[Statement, ...]
    kind: PolicyKind = "identity"
    variables: bool = True
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False, repr=False)
    text: str = field(default="", compare=False, hash=False, repr=False)


def parse(document: Mapping[str, Any] | str, name: str, kind: PolicyKind = "identity") -> Policy:
    """Read a policy document. `kind` is `resource` for every policy with principals: bucket, key, trust, endpoint.

    Raises:
        PolicyError: not JSON, an unknown element, a missing Effect, an operator or principal of an unknown form, …
    """
    if isinstance(document, str):
        _short_enough(document, name)
        try:
            document = read_json(document)
        except (ValueError, RecursionError) as error:
            raise PolicyError(f"{name}: the policy is not JSON: {error}") from error
    try:
        text = _as_text(document)
        _short_enough(text, name)
    except (TypeError, ValueError, RecursionError) as error:
        raise PolicyError(f"{name}: the policy cannot be written as JSON: {error}") from error
    if not isinstance(document, _OBJECT):
        raise PolicyError(f"{name}: a policy is an object, found {_shown(document)}")
    _known_keys(document, _POLICY_KEYS, name)
    version = document.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise PolicyError(f"{name}: Version is {_shown(version)}; use 2012-10-17")
    found = document.get("Statement")
    if found is None:
        raise PolicyError(f"{name}: the policy has no Statement")
    listed = found if isinstance(found, list) else [found]
    statements = tuple(_statement(item, name, index, kind) for index, item in enumerate(listed))
    return Policy(name, statements, kind, version == "2012-10-17", document, text)


def read_json(text: str) -> Any:
    """JSON in which no object has a key twice: of two Effects, say, nobody knows which one AWS would take.

    Raises:
        ValueError: not JSON, or a key is there twice.
        RecursionError: nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {_shown(next(key for key in keys if keys.count(key) > 1))} stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _short_enough(text: str, name: str) -> None:
    if len(text) > LONGEST:
        raise PolicyError(f"{name}: the policy has {len(text):,} characters; AWS takes 32,768 at most")
    if not text.isascii() and _RESERVED.search(text):
        raise PolicyError(f"{name}: the policy has a character of the private plane 16; leave it out")


def _statement(item: Any, name: str, index: int, kind: PolicyKind) -> Statement:
    where = f"{name}, statement #{index}"
    if not isinstance(item, _OBJECT):
        raise PolicyError(f"{where}: a statement is an object, found {_shown(item)}")
    _known_keys(item, _STATEMENT_KEYS, where)
    sid = item.get("Sid")
    if sid is not None and not isinstance(sid, str):
        raise PolicyError(f"{where}: Sid is {_shown(sid)}; use a string")
    effect = item.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where}: Effect is {_shown(effect)}; use Allow or Deny")
    actions, not_actions = _one_of(item, "Action", "NotAction", where, required=True)
    # A trust policy has principals and no resource: the role that carries it is the resource.
    resources, not_resources = _one_of(item, "Resource", "NotResource", where, required=kind == "identity")
    principals = not_principals = None
    if kind == "resource":
        principals = _principals(item, "Principal", where)
        not_principals = _principals(item, "NotPrincipal", where)
        if (principals is None) == (not_principals is None):
            raise PolicyError(f"{where}: give Principal or NotPrincipal, one of them")
    elif "Principal" in item or "NotPrincipal" in item:
        raise PolicyError(f"{where}: an identity policy has no Principal")
    return Statement(
        policy=name,
        index=index,
        effect=effect,
        sid=sid or None,
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=_conditions(item.get("Condition"), where),
    )


def _one_of(
    item: Mapping[str, Any], positive: str, negative: str, where: str, *, required: bool
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    if positive in item and negative in item:
        raise PolicyError(f"{where}: {positive} and {negative} exclude each other")
    if required and positive not in item and negative not in item:
        raise PolicyError(f"{where}: {positive} or {negative} is missing")
    return (
        _strings(item[positive], where, positive) if positive in item else None,
        _strings(item[negative], where, negative) if negative in item else None,
    )


def _principals(item: Mapping[str, Any], key: str, where: str) -> tuple[PrincipalPattern, ...] | None:
    if key not in item:
        return None
    value = item[key]
    if value == "*":
        return (PrincipalPattern("AWS", "*"),)
    if not isinstance(value, _OBJECT) or not value:
        raise PolicyError(f'{where}: {key} is {_shown(value)}; use "*" or an object such as {{"AWS": "arn:…"}}')
    patterns = []
    for kind, values in value.items():
        if kind not in _PRINCIPAL_KINDS:
            raise PolicyError(f"{where}: {key} of unknown kind {_shown(kind)}; known are {', '.join(_PRINCIPAL_KINDS)}")
        if values == []:
            raise PolicyError(f"{where}: {key}.{kind} is empty; name a principal")
        patterns += [PrincipalPattern(kind, text) for text in _strings(values, where, f"{key}.{kind}")]
    return tuple(patterns)


def _conditions(value: Any, where: str) -> tuple[Condition, ...]:
    if value is None:
        return ()
    if not isinstance(value, _OBJECT):
        raise PolicyError(f"{where}: Condition is {_shown(value)}; use an object")
    conditions: list[Condition] = []
    seen: set[tuple[str | None, str, bool, str]] = set()
    for written, keys in value.items():
        read = _operator(written)
        if read is None:
            raise PolicyError(f"{where}: unknown condition operator {_shown(written)}")
        quantifier, operator, if_exists = read
        if not isinstance(keys, _OBJECT) or not keys:
            raise PolicyError(f"{where}: Condition.{written} is {_shown(keys)}; use an object of keys and values")
        for key, values in keys.items():
            texts = _strings(values, where, f"Condition.{written}.{key}", scalars=True)
            same = (quantifier, operator, if_exists, key.lower())
            if same in seen:
                raise PolicyError(f"{where}: Condition.{written} has {_shown(key)} twice, in different cases")
            seen.add(same)
            conditions.append(Condition(operator, key, texts, quantifier, if_exists))
    return tuple(conditions)


@lru_cache(maxsize=4096)
def _operator(written: str) -> tuple[Literal["ForAllValues", "ForAnyValue"] | None, str, bool] | None:
    text = written.lower()
    quantifier: Literal["ForAllValues", "ForAnyValue"] | None = None
    if text.startswith("forallvalues:"):
        quantifier = "ForAllValues"
    elif text.startswith("foranyvalue:"):
        quantifier = "ForAnyValue"
    if quantifier:
        text = text.split(":", 1)[1]
    if_exists = text.endswith("ifexists")
    base = OPERATORS.get(text.removesuffix("ifexists"))
    if base is None or (base == "Null" and if_exists):
        return None
    return quantifier, base, if_exists


def _strings(value: Any, where: str, element: str, *, scalars: bool = False) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    texts = []
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str):
            texts.append(item)
        elif scalars and isinstance(item, bool):
            texts.append("true" if item else "false")
        elif scalars and isinstance(item, int | float):
            texts.append(str(item))
        else:
            raise PolicyError(f"{where}, {element}: found {_shown(item)}; use a string")
    return tuple(texts)


def _known_keys(item: Mapping[str, Any], known: set[str], where: str) -> None:
    if not known.issuperset(item):
        unknown = min(str(key) for key in item if key not in known)
        raise PolicyError(f"{where}: unknown element {_shown(unknown)[1:-1]}")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
