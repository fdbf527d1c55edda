"""Sizes as templates write them: `4 vCPU`, `16 GB`, `15`."""

from __future__ import annotations

import math
import re
from typing import Any

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:vcpu|gb)?\s*$", re.IGNORECASE)


def number(value: Any) -> float:
    """The number in a size; NaN, which compares as false with everything, where it cannot be read."""
    match = None if isinstance(value, bool) else _SIZE.match(str(value))
    return float(match[1]) if match else math.nan
