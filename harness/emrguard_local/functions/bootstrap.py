"""What runs in the process of an invocation: imports the handler, calls it once, writes down what came of it.

It uses nothing of the local cloud. The invocation comes as JSON on stdin, the outcome goes to the file that it names.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Context:
    """The handler's second argument. https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._deadline = time.monotonic() + asked["seconds"]
        self.function_name = asked["name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = asked["arn"]
        self.memory_limit_in_mb = str(asked["memory"])
        self.aws_request_id = asked["request_id"]
        self.log_group_name = asked["log_group"]
        self.log_stream_name = asked["log_stream"]
        self.identity = None
        self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout."""
        return max(0, int(1000 * (self._deadline - time.monotonic())))


def main() -> None:
    """Serve one invocation."""
    asked = json.load(sys.stdin)
    sys.path.insert(0, asked["code"])
    module, _, name = asked["handler"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
        outcome = {"payload": json.dumps(handler(asked["event"], Context(asked)))}
    except BaseException as error:  # noqa: BLE001 - also SystemExit: all of it is the function's own failure
        traceback.print_exc()
        frames = traceback.format_tb(error.__traceback__)[1:]
        outcome = {
            "error": json.dumps(
                {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": [*frames]}
            )
        }
    sys.stdout.flush()
    Path(asked["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    main()
