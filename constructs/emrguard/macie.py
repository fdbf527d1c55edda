"""Amazon Macie over the tenants' buckets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from aws_cdk import aws_macie as macie
from constructs import Construct

from emrguard import _regions, _trail_alerts, macie_job
from emrguard._manifest import Owner, add_reasons
from emrguard._reasons import Reasons
from emrguard.alerts import Alerts
from emrguard.data_bucket import TenantBucket
from emrguard.exceptions import ArgumentError
from emrguard.macie_job import JobFunction, MacieJob

_SHARED = "Macie is on or off for a whole account and Region; it reads, and tells findings, not data"
_LONGEST_REGEX = 512


class Macie(Construct):
    """Lets Macie look for sensitive data in the tenants' buckets, and sends its findings to the alerts.

    Bucket and key policies of the tenants admit nobody but their own roles; this admits Macie's service-linked role of
    this account, too; see docs/macie.md. Macie can be turned on once in an account and Region: where it is on already,
    say `session="existing"`.

    A job looks into the buckets every week, or as `job` says. Beside it, Macie's automated discovery may sample all
    buckets of the account every day: that is a setting of the account, or of the organization's administrator, which
    CloudFormation can read, but not change. https://docs.aws.amazon.com/macie/latest/user/discovery-asdd.html

    ```python
    import aws_cdk as cdk

    from emrguard import Alerts, Macie, Tenant

    stack = cdk.Stack(cdk.App(), "Platform")
    team = Tenant(stack, "Payroll", name="payroll")
    Macie(
        stack,
        "Macie",
        buckets=[team.data, team.logs.bucket],
        alerts=Alerts(stack, "Alerts"),
        identifiers={"staff-number": r"\\bSTAFF-[0-9]{6}\\b"},
    )
    ```

    Args:
        buckets: the buckets that Macie may read; at least one.
        alerts: where findings go. All findings of the account and Region go there.
        session: `new` turns Macie on, the default; `existing`: it is on already.
        publishing: how often Macie publishes what is new about a finding it told of before, default every 15 minutes.
            New findings are told at once.
        job: how often and how thoroughly Macie looks, default every Sunday and into every object.
        identifiers: regular expression by name of what only your organization knows to be sensitive, such as staff
            numbers, beside Macie's own list; default none.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        buckets: Sequence[TenantBucket],
        alerts: Alerts,
        session: Literal["new", "existing"] = "new",
        publishing: Literal["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"] = "FIFTEEN_MINUTES",
        job: MacieJob | None = None,
        identifiers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._check(buckets, session, publishing, identifiers or {})
        job = job if job is not None else MacieJob()
        macie_job.check(self.node.path, job, len(buckets), len(identifiers or {}))
        owner = Owner(shared=_SHARED)
        reasons = Reasons(self)
        without_job = reasons.take("job.no_job_because", job.no_job_because)
        turned_on = None
        if session == "new":
            _regions.demand(self, "AWS::Macie::Session", "leave Macie out")
            turned_on = macie.CfnSession(self, "Resource", status="ENABLED", finding_publishing_frequency=publishing)
            owner.mark(turned_on, "macie")
        else:
            owner.declare(self, "macie", session="existing")
        if identifiers:
            _regions.demand(self, "AWS::Macie::CustomDataIdentifier", "leave identifiers out")
        known: list[macie.CfnCustomDataIdentifier] = []
        for name, pattern in (identifiers or {}).items():
            identifier = macie.CfnCustomDataIdentifier(self, f"Identifier-{name}", name=name, regex=pattern)
            owner.mark(identifier, "macie")
            known.append(identifier)
            if turned_on is not None:
                identifier.add_resource_dependency(turned_on)
        for bucket in buckets:
            bucket.allow_macie()
        if not without_job:
            JobFunction(
                self,
                "Job",
                owner=owner,
                job=job,
                bucket_arns=[bucket.bucket_arn for bucket in buckets],
                identifiers=[each.attr_id for each in known],
                after=[] if turned_on is None else [turned_on],
            )
        findings = alerts.on_event(
            self,
            "Findings",
            "Amazon Macie found sensitive data, or a bucket that is open",
            {"source": ["aws.macie"], "detail-type": ["Macie Finding"]},
        )
        add_reasons(findings, reasons.given)
        _trail_alerts.macie_changes(self, alerts, findings)

    def _check(
        self, buckets: Sequence[TenantBucket], session: str, publishing: str, identifiers: Mapping[str, str]
    ) -> None:
        path = self.node.path
        if not buckets:
            raise ArgumentError(path, "buckets", [], "pass the tenants' buckets; without them Macie is refused by each")
        if session not in ("new", "existing"):
            raise ArgumentError(path, "session", session, "write new, or existing where Macie is on already")
        if publishing not in ("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"):
            raise ArgumentError(path, "publishing", publishing, "write FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS")
        for name, pattern in identifiers.items():
            where, mend = f"identifiers[{name!r}]", f"write a regular expression of 1 to {_LONGEST_REGEX} characters"
            if not 0 < len(pattern) <= _LONGEST_REGEX:
                raise ArgumentError(path, where, pattern, mend)
            try:
                re.compile(pattern)
            except re.error as error:
                raise ArgumentError(path, where, pattern, f"{mend} ({error})") from error
