"""The API models of the services, by the name with which requests to them are signed."""

from __future__ import annotations

import functools

from botocore.exceptions import UnknownServiceError
from moto.core.loaders import create_loader
from moto.core.model import ServiceModel
from moto.core.utils import get_service_model

# Where the name in a signature's credential scope is not botocore's name of the service.
_BY_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "elasticmapreduce": "emr",
    "tagging": "resourcegroupstaggingapi",
    "elasticloadbalancing": "elbv2",
}


@functools.cache
def service_model(signing_name: str) -> ServiceModel | None:
    """The model of the service that a request is signed for; None when there is no such service."""
    name = _BY_SIGNING_NAME.get(signing_name, signing_name)
    if name not in _known():
        return None
    try:
        return get_service_model(name)
    except UnknownServiceError:
        return None


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(create_loader().list_available_services("service-2"))
