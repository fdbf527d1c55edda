"""Settings of Spark in the runtime configuration of an application or of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emrguard_policies.rules.jobs import member

INTERNODE_TLS = "spark.ssl.internode.enabled"
"""Mutual TLS between workers:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interworker-encryption.html
"""


def spark_default(configuration: Any, setting: str) -> Any:
    """A setting in the `spark-defaults` of a resolved configuration; whatever is unknown on the way to it."""
    if not isinstance(configuration, list):
        return configuration
    for item in configuration:
        if not isinstance(item, Mapping):
            return item
        properties = member(item, "properties")
        if member(item, "classification") == "spark-defaults" and properties is not None:
            return properties.get(setting) if isinstance(properties, Mapping) else properties
    return None
