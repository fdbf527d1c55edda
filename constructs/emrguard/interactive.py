"""Interactive use of an application."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_emrserverless as emrserverless
from constructs import Construct

from emrguard._reasons import Reasons
from emrguard.release_label import ReleaseLabel, demand
from emrguard_policies.releases import Feature


@dataclass(frozen=True, kw_only=True)
class Interactive:
    """Ways to run code in an application that no job run shows; each is off unless there is a reason for it.

    What is typed there runs with all rights of the execution role. The reason goes into the manifest, and into the
    acknowledgment of the rule that reports the way (EMRG601, EMRG602, EMRG603). `SubmitterRole` gets no right to
    use any of them: give it to a role of its own, which people assume with MFA.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html

    Args:
        studio_because: why EMR Studio may attach notebooks; default None, off. Needs emr-6.14.0.
        livy_because: why the Livy endpoint is open; default None, off. Needs emr-6.14.0.
        sessions_because: why Spark Connect sessions may start; default None, off. Needs emr-7.13.0. Whoever may call
            GetSessionEndpoint, which IAM classifies as reading, acts as the session's role.
    """

    studio_because: str | None = None
    livy_because: str | None = None
    sessions_because: str | None = None


def render(
    scope: Construct, given: Interactive, release: ReleaseLabel, reasons: Reasons
) -> emrserverless.CfnApplication.InteractiveConfigurationProperty:
    """The interactive configuration as CloudFormation has it.

    Raises:
        ArgumentError: a reason says nothing, or the release is too old.
    """
    on = []
    for name, reason, feature, rule in (
        ("studio_because", given.studio_because, Feature.STUDIO, "EMRG601"),
        ("livy_because", given.livy_because, Feature.LIVY, "EMRG602"),
        ("sessions_because", given.sessions_because, Feature.SESSIONS, "EMRG603"),
    ):
        if reason is not None:
            demand(scope.node.path, "release_label", release, feature)
        on.append(reasons.take(f"interactive.{name}", reason, rule))
    studio, livy, sessions = on
    return emrserverless.CfnApplication.InteractiveConfigurationProperty(
        studio_enabled=studio, livy_endpoint_enabled=livy, session_enabled=sessions
    )
