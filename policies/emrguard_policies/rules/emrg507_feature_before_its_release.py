"""Studio and Livy need emr-6.14.0 or later, sessions (Spark Connect) emr-7.13.0 or later.

On an older release the service refuses the setting, or it stays without effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies import releases
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "InteractiveConfiguration"
_FEATURES = {
    "StudioEnabled": releases.Feature.STUDIO,
    "LivyEndpointEnabled": releases.Feature.LIVY,
    "SessionEnabled": releases.Feature.SESSIONS,
}


def check(context: Context) -> Iterator[Violation]:
    """Applications with a feature that is younger than their release."""
    for application in context.applications:
        label = context.get(application, "ReleaseLabel")
        version = releases.version(label) if isinstance(label, str) else None
        for name, feature in _FEATURES.items():
            where = f"{_PROPERTY}.{name}"
            enabled = context.get(application, where)
            new_enough = version is not None and version >= feature.since
            if enabled is None or context.flag(enabled) is False or new_enough:
                continue
            if version is None or context.flag(enabled) is None:
                yield Violation(application, where, "the release or the feature is not known", undecided=True)
            else:
                yield Violation(application, where, f"{name} with {label}; it came with {feature.floor}")


RULE = Rule(
    id="EMRG507",
    name="feature-before-its-release",
    severity="error",
    title="Interactive use that the release does not know",
    rationale=__doc__,
    mend="Move to a release that has the feature, or turn it off.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html",
    check=check,
)
