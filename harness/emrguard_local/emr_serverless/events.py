"""The events that EMR Serverless sends to EventBridge, here as lines of a file: the local cloud has no event bus.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html
"""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emrguard_local.emr_serverless.jobs import JobRun

FILE = Path("emr-serverless") / "events.jsonl"
"""Where the events are, below the local cloud's state directory: one JSON object a line."""


class Events:
    """Appends events to the file."""

    def __init__(self, state_dir: Path, account_id: str, region: str) -> None:
        self._path = state_dir / FILE
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._common = {"version": "0", "source": "aws.emr-serverless", "account": account_id, "region": region}
        self._lock = threading.Lock()

    def job_run_state_change(self, run: JobRun, previous: str) -> None:
        """`EMR Serverless Job Run State Change`."""
        detail = {
            "jobRunId": run.id,
            "applicationId": run.application.id,
            "arn": run.arn,
            "releaseLabel": run.settings["releaseLabel"],
            "state": run.state,
            "previousState": previous,
            "createdBy": run.created_by,
            "createdAt": run.created_at.isoformat(),
            "updatedAt": run.updated_at.isoformat(),
        }
        event = self._common | {
            "id": str(uuid.uuid4()),
            "detail-type": "EMR Serverless Job Run State Change",
            "time": datetime.now(UTC).isoformat(),
            "resources": [],
            "detail": detail,
        }
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
