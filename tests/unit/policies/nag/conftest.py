"""jsii starts Node when aws_cdk is imported: the one of the virtual environment, if there is one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NODE = Path(sys.executable).with_name("node")
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))
