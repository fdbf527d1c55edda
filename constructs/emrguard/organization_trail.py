"""The trail of an organization, in place of a trail of the account's own."""

from __future__ import annotations

import re

import aws_cdk as cdk
from constructs import Construct

from emrguard import _arguments, _trail_alerts
from emrguard._kept import unresolved
from emrguard._manifest import Owner
from emrguard.alerts import Alerts
from emrguard.exceptions import ArgumentError

_TRAIL_ARN = re.compile(r"arn:[a-z-]+:cloudtrail:[a-z0-9-]+:\d{12}:trail/[A-Za-z0-9._-]{3,128}")


class OrganizationTrail(Construct):
    """A trail of the organization that records this account, too: nothing is created but alerts.

    The reason goes into the template's `Metadata.emrguard`, so that the audit knows that calls are recorded
    elsewhere (EMRG401, EMRG405). Whether that trail logs, to whom, and whether it selects the data events of the
    tenants' buckets cannot be seen from here. Refused calls are in that trail's log group, so its account has to alert
    of them; changes of applications and attempts on the trail are told here.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html

    ```python
    import aws_cdk as cdk

    from emrguard import OrganizationTrail

    stack = cdk.Stack(cdk.App(), "Platform")
    OrganizationTrail(
        stack,
        "Trail",
        trail_arn="arn:aws:cloudtrail:eu-west-1:111122223333:trail/everything",
        because="the security account records all accounts, with data events of every bucket",
    )
    ```

    Args:
        trail_arn: ARN of the trail.
        because: why that trail is enough; goes into the template.
        alerts: where alerts go, default an `Alerts` of its own.
    """

    def __init__(
        self, scope: Construct, id: str, *, trail_arn: str, because: str, alerts: Alerts | None = None
    ) -> None:
        super().__init__(scope, id)
        if not unresolved(trail_arn) and not _TRAIL_ARN.fullmatch(trail_arn):
            raise ArgumentError(
                self.node.path, "trail_arn", trail_arn, "write arn:aws:cloudtrail:<region>:<account>:trail/<name>"
            )
        self.trail_arn = trail_arn
        """ARN of the trail."""
        reason = _arguments.reason(self.node.path, "because", because)
        Owner(shared=reason).declare(self, "organization-trail", trail=trail_arn)
        self.alerts = alerts if alerts is not None else Alerts(self, "Alerts")
        """Where alerts go."""
        names = [trail_arn, cdk.Fn.select(1, cdk.Fn.split("/", trail_arn))]
        changes = _trail_alerts.application_changes(self, self.alerts)
        trail = _trail_alerts.trail_changes(self, self.alerts, names)
        _trail_alerts.alert_changes(self, self.alerts, [changes, trail])
