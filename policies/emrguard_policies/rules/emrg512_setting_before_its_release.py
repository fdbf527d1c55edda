"""A setting that is younger than the release is refused when the stack is deployed, or stays without effect.

Custom images came with emr-6.9.0, the job queue with emr-7.0.0, shuffle-optimized disks and metrics to Prometheus with
emr-7.1.0, IAM Identity Center with emr-7.8.0. Interactive use has a rule of its own, EMRG507.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies import releases
from emrguard_policies.assembly import Resource
from emrguard_policies.releases import Feature
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SETTINGS = {
    "ImageConfiguration": Feature.CUSTOM_IMAGES,
    "WorkerTypeSpecifications": Feature.CUSTOM_IMAGES,
    "SchedulerConfiguration": Feature.JOB_QUEUE,
    "MonitoringConfiguration.PrometheusMonitoringConfiguration": Feature.PROMETHEUS,
    "IdentityCenterConfiguration": Feature.IDENTITY_CENTER,
}


def check(context: Context) -> Iterator[Violation]:
    """Applications with a setting that is younger than their release."""
    for application in context.applications:
        label = context.get(application, "ReleaseLabel")
        version = releases.version(label) if isinstance(label, str) else None
        for where, feature in _used(context, application):
            if version is None:
                yield Violation(
                    application, where, f"the release is not known; {feature.title} needs one", undecided=True
                )
            elif version < feature.since:
                yield Violation(application, where, f"{feature.title} with {label}; it came with {feature.floor}")


def _used(context: Context, application: Resource) -> Iterator[tuple[str, Feature]]:
    for path, feature in _SETTINGS.items():
        if context.given(application, path):
            yield path, feature
    capacity = context.get(application, "InitialCapacity")
    for index, item in enumerate(capacity if isinstance(capacity, list) else ()):
        value = item.get("Value") if isinstance(item, Mapping) else None
        size = value.get("WorkerConfiguration") if isinstance(value, Mapping) else None
        if isinstance(size, Mapping) and str(size.get("DiskType")).upper() == "SHUFFLE_OPTIMIZED":
            yield f"InitialCapacity[{index}].Value.WorkerConfiguration.DiskType", Feature.SHUFFLE_OPTIMIZED_DISKS


RULE = Rule(
    id="EMRG512",
    name="setting-before-its-release",
    severity="error",
    title="Setting that the release does not know",
    rationale=__doc__,
    mend="Move to a release that has the setting, or leave it out.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html",
    check=check,
)
