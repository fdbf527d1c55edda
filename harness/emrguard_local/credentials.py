"""AWS credentials as the local cloud hands them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Credentials:
    """An access key; `session_token` and `expiration` (UTC) for the temporary ones of a role session."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expiration: datetime | None = None
