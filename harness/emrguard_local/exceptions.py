"""Errors of the local cloud."""

from emrguard_policies.exceptions import EmrGuardError


class LocalCloudError(EmrGuardError):
    """The local cloud could not be started, reached or deployed to."""


class EngineError(EmrGuardError):
    """An engine environment could not be made, or does not support what a job asks for."""


class DeployError(LocalCloudError):
    """A stack could not be deployed exactly as its template says."""
