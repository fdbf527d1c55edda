"""Tags of applications and job runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emrguard_local.emr_serverless.errors import not_found, validation
from emrguard_local.emr_serverless.registry import Registry
from emrguard_local.host import ServiceError

_MOST_TAGS = 200
_KEY_SETTINGS = ("monitoringConfiguration", "diskEncryptionConfiguration")


def check_new(tags: Mapping[str, str]) -> None:
    """Check tags that are about to be set.

    Raises:
        ServiceError: ValidationException; a key is AWS's own.
    """
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    if reserved:
        raise validation(
            f"The tag key '{reserved[0]}' begins with aws:, which AWS keeps for itself; choose another key"
        )


class Tags:
    """TagResource, UntagResource and ListTagsForResource."""

    def __init__(self, registry: Registry, arn_prefix: str) -> None:
        self._registry = registry
        self._arn_prefix = arn_prefix

    def tag(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """TagResource."""
        check_new(parameters["tags"])
        with self._registry.changed:
            tags = self._of(parameters["resourceArn"])
            if len(tags | parameters["tags"]) > _MOST_TAGS:
                raise validation(
                    f"{parameters['resourceArn']} would have more than {_MOST_TAGS} tags; take some away first"
                )
            tags.update(parameters["tags"])
        return {}

    def untag(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """UntagResource; keys that the resource does not have are ignored."""
        with self._registry.changed:
            tags = self._of(parameters["resourceArn"])
            for key in parameters["tagKeys"]:
                tags.pop(key, None)
        return {}

    def list(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        with self._registry.changed:
            return {"tags": dict(self._of(parameters["resourceArn"]))}

    def describe(self, arn: str) -> dict[str, Any] | None:
        """The resource's tags and, of an application, the settings that decide which keys a job run uses.

        None: there is no such resource.
        """
        with self._registry.changed:
            try:
                tags = dict(self._of(arn))
            except ServiceError:
                return None
            application = self._registry.applications.get(arn.rsplit("/", 1)[-1])
            settings = application.settings if application is not None else {}
            return {"tags": tags} | {name: settings[name] for name in _KEY_SETTINGS if name in settings}

    def _of(self, arn: str) -> dict[str, str]:
        match arn.removeprefix(f"{self._arn_prefix}/").split("/"):
            case ["applications", application_id]:
                return self._registry.application(application_id).tags
            case ["applications", application_id, "jobruns", job_run_id]:
                return self._registry.job_run(application_id, job_run_id).tags
            case _:
                raise not_found(f"Resource {arn} does not exist in this account and Region")
