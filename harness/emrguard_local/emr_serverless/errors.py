"""The service's errors, with the codes and HTTP statuses of the API model."""

from __future__ import annotations

from emrguard_local.host import ServiceError


def validation(message: str) -> ServiceError:
    """The request cannot be right: an argument's value, or the state of what it is for."""
    return ServiceError("ValidationException", message, 400)


def not_found(message: str) -> ServiceError:
    """The application, job run or resource does not exist."""
    return ServiceError("ResourceNotFoundException", message, 404)


def conflict(message: str) -> ServiceError:
    """A client token was used before with other parameters."""
    return ServiceError("ConflictException", message, 409)


def quota_exceeded(message: str) -> ServiceError:
    """An account's quota is used up."""
    return ServiceError("ServiceQuotaExceededException", message, 402)


def unsupported(what: str, instead: str) -> ServiceError:
    """AWS does this, the local cloud does not: a code of our own, so that nobody takes it for AWS's answer."""
    return ServiceError("UnsupportedByLocalCloud", f"{what} is not supported by the local cloud; {instead}", 501)
