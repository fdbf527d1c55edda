"""Every resource type that the local cloud can deploy."""

from __future__ import annotations

from collections.abc import Mapping

from emrguard_local.resources import (
    cloudtrail,
    cloudwatch,
    ec2_endpoints,
    ec2_network,
    ec2_security,
    emr_serverless,
    events,
    functions,
    iam,
    kms,
    logs,
    macie,
    s3,
    sns,
    ssm,
)
from emrguard_local.resources.base import Handler

_MODULES = (
    cloudtrail,
    cloudwatch,
    ec2_endpoints,
    ec2_network,
    ec2_security,
    emr_serverless,
    events,
    functions,
    iam,
    kms,
    logs,
    macie,
    s3,
    sns,
    ssm,
)

HANDLERS: Mapping[str, Handler] = {handler.type: handler for module in _MODULES for handler in module.HANDLERS}
"""The handlers by resource type."""
