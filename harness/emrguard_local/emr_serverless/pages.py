"""Pagination with opaque tokens that stay right while records are added."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from emrguard_local.emr_serverless.errors import validation

_PAGE = 50


class Numbered(Protocol):
    """A record; `number` grows with each new one and never changes."""

    @property
    def number(self) -> int:
        """The record's place in the order of creation."""


Record = TypeVar("Record", bound=Numbered)


def page(records: Iterable[Record], parameters: Mapping[str, Any], listing: str) -> tuple[list[Record], dict[str, str]]:
    """The newest records first, `maxResults` of them after `nextToken`, and `{"nextToken": …}` when there are more.

    `listing` says what is listed: a token of another listing is refused.

    Raises:
        ServiceError: ValidationException; the token is not one of this listing's.
    """
    after = None
    if "nextToken" in parameters:
        after = _read(parameters["nextToken"], listing)
    size = parameters.get("maxResults", _PAGE)
    rest = sorted(
        (each for each in records if after is None or each.number < after), key=lambda each: each.number, reverse=True
    )
    if len(rest) <= size:
        return rest, {}
    last = rest[size - 1].number
    return rest[:size], {"nextToken": base64.urlsafe_b64encode(f"{listing}:{last}".encode()).decode()}


def _read(token: str, listing: str) -> int:
    try:
        name, _, number = base64.urlsafe_b64decode(token.encode()).decode().rpartition(":")
        if name == listing:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise validation(f"nextToken '{token}' is not one that this listing gave; start without a token")
