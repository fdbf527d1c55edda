"""Checks of arguments that several constructs share. Each raises `ArgumentError`; values known only later pass."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import aws_cdk as cdk
from constructs import IConstruct

from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_TENANT = re.compile(r"[a-z][a-z0-9-]{0,31}")
_IN_PREFIX = re.compile(r"[A-Za-z0-9!_.'()/=-]+")


def tenant_name(scope: IConstruct, value: str) -> str:
    """A tenant's name: it becomes part of log group, alias and application names, so it must be known at synth."""
    if unresolved(value) or not _TENANT.fullmatch(value):
        raise ArgumentError(
            scope.node.path, "tenant", value, "write up to 32 of a-z, 0-9 and -, the first one a letter, as plain text"
        )
    return value


def reason(path: str, argument: str, value: str) -> str:
    """Why something less safe than the default is right: words that reach the reports, not an empty string."""
    if not isinstance(value, str) or len(value.strip()) < 10 or unresolved(value):
        mend = "say in a few words why, as plain text; it goes into the template and the reports"
        raise ArgumentError(path, argument, value, mend)
    return value.strip()


def prefix(scope: IConstruct, argument: str, value: str) -> str:
    """A key prefix such as `input/`. It ends with a slash, so that `input/` never means `input-of-others/`, too."""
    if unresolved(value):
        raise ArgumentError(scope.node.path, argument, value, "a prefix must be plain text, known at synth")
    folders = value.split("/")
    if not _IN_PREFIX.fullmatch(value) or folders.pop() or not {"", ".", ".."}.isdisjoint(folders):
        raise ArgumentError(
            scope.node.path,
            argument,
            value,
            "write a folder of the bucket such as 'input/': no slash before it, one after it, no space, no wildcard; "
            "there is no grant on a whole bucket",
        )
    return value


def prefixes(scope: IConstruct, argument: str, values: Iterable[str]) -> tuple[str, ...]:
    """Several prefixes: at least one, none twice."""
    if isinstance(values, str):
        raise ArgumentError(scope.node.path, argument, values, "write a list of prefixes such as ['input/']")
    found = tuple(prefix(scope, argument, value) for value in values)
    if not found or len(set(found)) != len(found):
        raise ArgumentError(scope.node.path, argument, list(found), "name at least one prefix, and each only once")
    return found


def whole_number(scope: IConstruct, argument: str, value: float, low: int, high: int, unit: str) -> float:
    """A number of something within documented limits."""
    if unresolved(value):
        return value
    if isinstance(value, bool) or value != int(value) or not low <= value <= high:
        raise ArgumentError(scope.node.path, argument, value, f"write a whole number of {unit} from {low} to {high}")
    return int(value)


def minutes(scope: IConstruct, argument: str, value: cdk.Duration, low: int, high: int) -> float:
    """A duration in whole minutes within documented limits."""
    if not isinstance(value, cdk.Duration):
        raise ArgumentError(scope.node.path, argument, value, "write cdk.Duration.minutes(…)")
    if value.is_unresolved():
        return value.to_minutes()
    return whole_number(scope, argument, value.to_minutes(integral=False), low, high, "minutes")


def days(scope: IConstruct, argument: str, value: cdk.Duration | None, low: int, high: int) -> cdk.Duration | None:
    """A duration in whole days within documented limits, if there is one."""
    if value is None:
        return None
    if not isinstance(value, cdk.Duration):
        raise ArgumentError(scope.node.path, argument, value, "write cdk.Duration.days(…)")
    if not value.is_unresolved():
        whole_number(scope, argument, value.to_days(integral=False), low, high, "days")
    return value


def network(scope: IConstruct, argument: str, value: str) -> ipaddress.IPv4Network:
    """The IPv4 range of a VPC, from /16 to /26: its quarters are subnets, and a subnet is at least a /28."""
    mend = "write a private IPv4 range from /16 to /26, such as '10.0.0.0/20'"
    try:
        found = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ArgumentError(scope.node.path, argument, value, f"{mend} ({error})") from error
    if not 16 <= found.prefixlen <= 26 or not found.is_private:
        raise ArgumentError(scope.node.path, argument, value, mend)
    return found
