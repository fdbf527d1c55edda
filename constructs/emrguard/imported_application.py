"""An application that another app makes, for those who run jobs on it."""

from __future__ import annotations

import re

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _arguments, _submitting
from emrguard._kept import unresolved
from emrguard._manifest import Owner
from emrguard._metrics import WithMetrics
from emrguard.exceptions import ArgumentError
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel
from emrguard.release_label import release_label as read_release

_ARN = re.compile(r"arn:[a-z-]+:emr-serverless:[a-z0-9-]+:\d{12}:/applications/[a-z0-9]{1,64}")


class ImportedApplication(WithMetrics, Construct):
    """An application that exists already: nothing is created. `SparkApplication.from_application_arn` makes one, too.

    No rule and no proof sees how it is made: the reason for the trust goes into the template, into the audit's accepted
    risks and into the assumptions of the proof. Import it into an app that makes no tenants: the proof cannot tell its
    id from the ids that a deployment gives to tenants' applications, nor what an imported execution role may do, and
    calls them not isolated.

    ```python
    import aws_cdk as cdk
    from aws_cdk import aws_iam as iam

    from emrguard import SparkApplication, SubmitterRole

    stack = cdk.Stack(cdk.App(), "Pipelines")
    application = SparkApplication.from_application_arn(
        stack,
        "Flights",
        "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1abcd2efgh345",
        application_name="flights",
        because="the platform team makes it with emrguard, in an app of its own",
    )
    jobs = iam.Role.from_role_arn(stack, "Jobs", "arn:aws:iam::111122223333:role/FlightsJobs", mutable=False)
    application.grant_submit(SubmitterRole(stack, "Nightly", tenant="flights"), jobs)
    application.metric_failed_jobs().create_alarm(stack, "Failed", threshold=1, evaluation_periods=1)
    ```

    Args:
        application_arn: its ARN.
        application_name: its name, which its metrics carry.
        because: why it is trusted to be safe; goes into the template.
        release_label: its release, default `emr-7.14.0`; before emr-7.10.0 metrics have other dimensions.

    Raises:
        ArgumentError: it is no ARN of an application, or the reason says nothing.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        application_arn: str,
        application_name: str,
        because: str,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
    ) -> None:
        super().__init__(scope, id)
        if not unresolved(application_arn) and not _ARN.fullmatch(application_arn):
            mend = "write arn:aws:emr-serverless:<region>:<account>:/applications/<id>"
            raise ArgumentError(self.node.path, "application_arn", application_arn, mend)
        self.application_arn = application_arn
        """ARN of the application."""
        self.application_id = cdk.Fn.select(2, cdk.Fn.split("/", application_arn))
        """Id of the application."""
        self.application_name = application_name
        """Name of the application."""
        self.release = read_release(self.node.path, "release_label", release_label)
        """The release."""
        reason = _arguments.reason(self.node.path, "because", because)
        Owner(shared=reason).declare_one_of(self, "application", arn=application_arn)

    def grant_submit(self, role: iam.IRole, execution_role: iam.IRole) -> iam.Grant:
        """Let a role run jobs on this application that run as `execution_role`, follow, cancel and inspect them.

        Includes the right to list applications, which IAM cannot limit to one. Where logs and disks have a key, its
        policy must let the role use it, too.
        """
        return _submitting.grant_use(role, self.application_arn).combine(_submitting.grant_pass(role, execution_role))
