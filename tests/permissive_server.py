"""A local cloud's server whose authorizer allows everything: for tests of what is not the authorizer.

Run as the server is run: `python tests/permissive_server.py --state-dir DIR`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emrguard_local.call import Call
from emrguard_local.server import main


@dataclass(frozen=True)
class Verdict:
    """An answer of the authorizer."""

    allowed: bool = True
    message: str = ""
    refused: tuple[Any, ...] = ()


class Permissive:
    """Allows every call."""

    def __init__(self) -> None:
        self.sources: dict[str, Any] = {}

    def authorize(self, call: Call) -> Verdict:
        return Verdict()

    def authorize_assume_role(self, service_principal: str, role_arn: str, context: Mapping[str, str]) -> Verdict:
        return Verdict()


if __name__ == "__main__":
    main(make_authorizer=lambda *_: Permissive(), make_services=lambda _: {})
