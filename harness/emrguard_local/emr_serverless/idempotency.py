"""clientToken: the same request twice makes one thing.

https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from emrguard_local.emr_serverless.errors import conflict


class ClientTokens:
    """The client tokens that were used, and the answers that they got. Requests that failed leave no trace."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._answers: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}

    def once(self, scope: str, parameters: Mapping[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """`make()`, or its earlier answer when `parameters` came with the same clientToken before.

        Raises:
            ServiceError: ConflictException; the token was used with other parameters.
        """
        key = (scope, parameters["clientToken"])
        text = json.dumps(parameters, sort_keys=True, default=str)
        request = hashlib.sha256(text.encode()).hexdigest()
        with self._lock:
            busy = self._busy[key]
        with busy:
            known = self._answers.get(key)
            if known is None:
                answer = make()
                self._answers[key] = (request, answer)
                return dict(answer)
            if known[0] != request:
                raise conflict(
                    f"clientToken '{key[1]}' was used before with other parameters; use a new token for a new request"
                )
            return dict(known[1])
