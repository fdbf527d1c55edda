"""What IAM can enforce for a whole account: a service control policy and a permissions boundary.

Both are data, in `guardrails.yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from emrguard_policies.exceptions import InputError

DEPLOYING_ROLES = ("arn:*:iam::*:role/cdk-*-cfn-exec-role-*",)
"""The roles with which CDK's bootstrap lets CloudFormation deploy."""

_ROLE = re.compile(r"arn:[a-z*-]+:iam::[0-9*]{1,12}:role/(?=.*[A-Za-z0-9])[A-Za-z0-9+=,.@_/*?-]+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class Guardrail:
    """One statement of a policy with the reason for it; `left_out` names the value without which it is not there."""

    why: str
    statement: Mapping[str, Any]
    left_out: str | None = None

    @property
    def sid(self) -> str:
        """Its name."""
        return str(self.statement["Sid"])


@dataclass(frozen=True)
class AccountPolicy:
    """A policy for a whole account, rendered with the values of an organization.

    `limit` is the size that AWS takes, in characters.
    """

    title: str
    summary: str
    source: str
    limit: int
    guardrails: tuple[Guardrail, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The policy document."""
        kept = [dict(each.statement) for each in self.guardrails if each.left_out is None]
        return {"Version": "2012-10-17", "Statement": kept}

    def text(self) -> str:
        """The document, one statement a line, within the size that AWS takes.

        Raises:
            InputError: with these values it is too large.
        """
        lines = [json.dumps(each, separators=(",", ":")) for each in self.document["Statement"]]
        text = '{"Version":"2012-10-17","Statement":[\n' + ",\n".join(lines) + "\n]}"
        if len(text) > self.limit:
            raise InputError(
                f"{self.title}: {len(text)} characters, and AWS takes {self.limit}; give fewer values, or fewer and "
                "wider patterns"
            )
        return text


def service_control_policy(
    platform_roles: Sequence[str] = DEPLOYING_ROLES,
    execution_roles: Sequence[str] = (),
    regions: Sequence[str] = (),
) -> AccountPolicy:
    """The service control policy for the accounts of a platform.

    Args:
        platform_roles: ARNs of the roles that deploy the platform, `*` and `?` are wildcards.
        execution_roles: ARNs of the tenants' execution roles, likewise; without any nothing limits whom they
            are passed to.
        regions: the Regions of EMR Serverless; without any it is allowed everywhere.

    Raises:
        InputError: a value is not of its kind.
    """
    return _render(
        "scp",
        {
            "platform_roles": _checked("platform role", platform_roles, _ROLE, "arn:aws:iam::*:role/<name or pattern>"),
            "execution_roles": _checked("execution role", execution_roles, _ROLE, "arn:aws:iam::*:role/<name>"),
            "regions": _checked("region", regions, _REGION, "a Region such as eu-west-1"),
        },
    )


def permissions_boundary(accounts: Sequence[str] = ()) -> AccountPolicy:
    """The permissions boundary of execution roles.

    Args:
        accounts: other accounts whose data jobs may reach, and whose roles they may assume; by default none.

    Raises:
        InputError: an account is not twelve digits.
    """
    found = _checked("account", accounts, _ACCOUNT, "twelve digits")
    return _render("boundary", {"accounts": found, "account_roles": [f"arn:*:iam::{each}:role/*" for each in found]})


_OPTIONS = {
    "platform_roles": "--platform-role",
    "execution_roles": "--execution-role",
    "regions": "--region",
    "accounts": "--account",
    "account_roles": "--account",
}


def _render(name: str, values: Mapping[str, Sequence[str]]) -> AccountPolicy:
    body = _data()[name]
    guardrails = []
    for each in body["statements"]:
        missing: list[str] = []
        statement = _filled(each["statement"], values, missing)
        left_out = _OPTIONS[missing[0]] if missing else None
        guardrails.append(Guardrail(each["why"].strip(), each["statement"] if left_out else statement, left_out))
    return AccountPolicy(body["title"], body["summary"].strip(), body["source"], body["limit"], tuple(guardrails))


def _filled(value: Any, values: Mapping[str, Sequence[str]], missing: list[str]) -> Any:
    """A value with `$name` replaced; an item of a list by all its values, also none, all else by one or more."""
    if isinstance(value, Mapping):
        return {key: _filled(item, values, missing) for key, item in value.items()}
    if isinstance(value, list):
        found: list[Any] = []
        for item in value:
            name = _name(item)
            found.extend(values[name] if name is not None else [item])
        return found[0] if len(found) == 1 else found
    name = _name(value)
    if name is None:
        return value
    if not values[name]:
        missing.append(name)
    return values[name][0] if len(values[name]) == 1 else list(values[name])


def _name(value: Any) -> str | None:
    return value[1:] if isinstance(value, str) and value.startswith("$") and not value.startswith("${") else None


def _checked(what: str, values: Sequence[str], pattern: re.Pattern[str], mend: str) -> list[str]:
    for value in values:
        if not pattern.fullmatch(value):
            raise InputError(f"{what} is {value!r}; write {mend}")
    return list(dict.fromkeys(values))


@cache
def _data() -> Mapping[str, Any]:
    text = files("emrguard_policies").joinpath("guardrails.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


def page(policy: AccountPolicy) -> str:
    """The policy as a Markdown page: each statement with its reason."""
    lines = [f"# {policy.title}", "", policy.summary, "", f"{policy.source}", ""]
    for each in policy.guardrails:
        lines += [f"## {each.sid}", "", each.why, ""]
        if each.left_out is not None:
            lines += [f"Only with `{each.left_out}`.", ""]
        lines += ["```json", json.dumps(each.statement, indent=2), "```", ""]
    return "\n".join(lines)
