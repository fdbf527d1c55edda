"""What the tenants of one account and Region share on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from emrguard import _arguments
from emrguard._kept import unresolved
from emrguard._manifest import Owner, Part, add_reasons
from emrguard._reasons import Reasons
from emrguard.alerts import Alerts
from emrguard.audit_trail import AuditTrail
from emrguard.budget import Budget
from emrguard.data_bucket import TenantBucket
from emrguard.exceptions import ArgumentError
from emrguard.macie import Macie
from emrguard.macie_job import MacieJob
from emrguard.organization_trail import OrganizationTrail
from emrguard.platform_admin_role import PlatformAdminRole
from emrguard.tenant import Tenant


class Platform(Construct):
    """Audit trail, alerts, budgets, Macie and the platform admins' role over a number of tenants.

    Nothing here lets one tenant reach another one. Each shared resource says in the manifest why it is shared, and the
    isolation proof lists the reasons as its assumptions.

    Make each tenant in a stack of its own, and the platform in another one, which is deployed after them: see
    `load_tenants` for tenants from a file.

    ```python
    import aws_cdk as cdk

    from emrguard import Platform, Tenant

    app = cdk.App()
    teams = [Tenant(cdk.Stack(app, name), "Tenant", name=name) for name in ("flights", "payroll")]
    Platform(
        cdk.Stack(app, "DataPlatform"),
        "Platform",
        tenants=teams,
        emails=["security@example.com"],
        monthly_budgets={"flights": 200, "payroll": 500},
        macie="new",
    )
    app.synth()
    ```

    Args:
        tenants: the tenants; at least one, all in the account and Region of the platform.
        further_buckets: buckets of tenants beside those that each has by itself; recorded and watched likewise.
        emails: who gets every alert by mail, see `Alerts`; default nobody.
        alerts: where alerts go, in place of `emails`; default an `Alerts` of its own.
        organization_trail: a trail of the organization that records the tenants, as a pair of its ARN and the reason
            why it is enough, see `OrganizationTrail`; default an `AuditTrail` of its own.
        auditors: who may assume the auditor role of the trail, with MFA; default every principal of the account that
            is allowed to.
        admins: who may assume the platform admin role, with MFA; default likewise.
        monthly_budgets: what a tenant may cost a month in USD, by name, see `Budget`; default no budgets.
        no_budget_because: needed where some tenants have a budget and others have none: why that is right for those.
        macie: `new` turns Amazon Macie on for all data and log buckets, `existing` uses it where it is on already,
            see `Macie`; default None, no Macie.
        macie_job: how often and how thoroughly Macie looks into them, default every Sunday and into every object.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenants: Sequence[Tenant],
        further_buckets: Sequence[TenantBucket] = (),
        emails: Sequence[str] = (),
        alerts: Alerts | None = None,
        organization_trail: tuple[str, str] | None = None,
        auditors: iam.PrincipalBase | None = None,
        admins: iam.PrincipalBase | None = None,
        monthly_budgets: Mapping[str, float] | None = None,
        no_budget_because: str | None = None,
        macie: Literal["new", "existing"] | None = None,
        macie_job: MacieJob | None = None,
    ) -> None:
        super().__init__(scope, id)
        if macie is None and macie_job is not None:
            raise ArgumentError(self.node.path, "macie_job", macie_job, "say macie='new' or 'existing', too")
        self._check(tenants, emails, alerts, monthly_budgets or {}, organization_trail, auditors)
        self.tenants = tuple(tenants)
        """The tenants."""
        self.alerts = alerts if alerts is not None else Alerts(self, "Alerts", emails=emails)
        """Where alerts go."""
        buckets = [bucket for tenant in tenants for bucket in (tenant.data, tenant.logs.bucket)]
        buckets += further_buckets
        self.trail: AuditTrail | OrganizationTrail
        """What records the calls."""
        if organization_trail is None:
            self.trail = AuditTrail(self, "AuditTrail", buckets=buckets, alerts=self.alerts, auditors=auditors)
        else:
            arn, because = organization_trail
            self.trail = OrganizationTrail(self, "AuditTrail", trail_arn=arn, because=because, alerts=self.alerts)
        self.admin_role = PlatformAdminRole(self, "Admin", tenants=tenants, assumed_by=admins)
        """What those who run the platform work as."""
        self._accept_missing_budgets(monthly_budgets or {}, no_budget_because)
        for name, limit in (monthly_budgets or {}).items():
            Budget(self, f"Budget-{name}", tenant=name, monthly_limit=limit, alerts=self.alerts)
        if macie is not None:
            Macie(self, "Macie", buckets=buckets, alerts=self.alerts, session=macie, job=macie_job)

    def share(self, construct: IConstruct, part: Part, because: str) -> None:
        """Declare that tenants share a construct of yours, such as a catalog, and everything below it.

        Args:
            construct: what is shared.
            part: the part it plays, such as `catalog`, `vpc` or `data-bucket`.
            because: why; goes into the manifest.

        Raises:
            ArgumentError: the reason says nothing.
        """
        reason = _arguments.reason(self.node.path, "because", because)
        Owner(shared=reason).mark_all_below(construct, part)

    def share_outside(self, arn: str, because: str) -> None:
        """Declare that tenants share what stands in no template of the app, such as a table that was imported.

        Without it, the isolation proof reports a store outside of the app that the policies of two tenants name.

        Args:
            arn: ARN of the bucket, table, stream, topic, secret, role, or Glue database with all its tables.
            because: why; goes into the manifest.

        Raises:
            ArgumentError: the ARN has a wildcard, or the reason says nothing.
        """
        path = self.node.path
        reason = _arguments.reason(path, "because", because)
        if not unresolved(arn) and (not arn.startswith("arn:") or set(arn) & set("*?")):
            raise ArgumentError(path, "arn", arn, "write the ARN of one resource, without a wildcard")
        Owner(shared=reason).declare_outside(self, arn)

    def add_outputs(self) -> None:
        """Give the stack the outputs of the trail, `AlertsTopicArn` and `AdminRoleArn`."""
        stack = cdk.Stack.of(self)
        if isinstance(self.trail, AuditTrail):
            self.trail.add_outputs()
        else:
            cdk.CfnOutput(stack, "TrailArn", value=self.trail.trail_arn)
            cdk.CfnOutput(stack, "AlertsTopicArn", value=self.alerts.topic_arn)
        cdk.CfnOutput(stack, "AdminRoleArn", value=self.admin_role.role_arn)

    def _accept_missing_budgets(self, budgets: Mapping[str, float], because: str | None) -> None:
        missing = [tenant for tenant in self.tenants if budgets and tenant.name not in budgets]
        if missing and because is None:
            mend = "give each tenant a budget, or say no_budget_because for those without"
            raise ArgumentError(self.node.path, "monthly_budgets", sorted(budgets), mend)
        if because is not None and not missing:
            mend = "leave it out: it is for tenants without a budget where others have one"
            raise ArgumentError(self.node.path, "no_budget_because", because, mend)
        for each in (each for tenant in missing for each in tenant.applications.values()):
            reasons = Reasons(each.application)
            reasons.take("no_budget_because", because, "EMRG550")
            add_reasons(each.application, reasons.given)

    def _check(
        self,
        tenants: Sequence[Tenant],
        emails: Sequence[str],
        alerts: Alerts | None,
        budgets: Mapping[str, float],
        organization_trail: tuple[str, str] | None,
        auditors: iam.PrincipalBase | None,
    ) -> None:
        path, here = self.node.path, cdk.Stack.of(self)
        if not tenants:
            raise ArgumentError(path, "tenants", [], "pass the tenants of the platform")
        for tenant in tenants:
            there = cdk.Stack.of(tenant)
            if (there.account, there.region) != (here.account, here.region):
                mend = "a platform is for one account and Region: make another one there"
                raise ArgumentError(path, "tenants", f"{tenant.name} in {there.account}/{there.region}", mend)
        if emails and alerts is not None:
            raise ArgumentError(path, "emails", list(emails), "leave it out, or alerts: one of both")
        if organization_trail is not None and auditors is not None:
            mend = "leave it out: who reads the trail of the organization is not up to this account"
            raise ArgumentError(path, "auditors", "a principal", mend)
        unknown = sorted(set(budgets) - {tenant.name for tenant in tenants})
        if unknown:
            names = ", ".join(tenant.name for tenant in tenants)
            raise ArgumentError(path, "monthly_budgets", unknown[0], f"name one of the tenants: {names}")
