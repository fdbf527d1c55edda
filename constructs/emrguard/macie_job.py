"""What CloudFormation lacks of Macie: the job that looks into buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from emrguard import _actions, _key_policy, _wildcards
from emrguard._kept import place_of
from emrguard._manifest import Owner
from emrguard.alerts import PLATFORM_TAG
from emrguard.exceptions import ArgumentError

_CODE = Path(__file__).with_name("_macie_function.py")
_SCHEDULES = ("DAILY", "WEEKLY", "MONTHLY", "ONCE")
_WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_LAST_DAY = 28
"""Of each month: Macie leaves a month out that does not have the day."""
_MOST_BUCKETS = 1000


@dataclass(frozen=True, kw_only=True)
class MacieJob:
    """The sensitive data discovery job of `Macie`: how often, and how thoroughly, Macie looks into the buckets.

    After the first run each one takes only the objects that were written or changed since the last one. Macie charges
    by the GB that it looks into, and pauses jobs at a monthly quota of the account: over much data, say `sampling`.
    https://docs.aws.amazon.com/macie/latest/user/discovery-jobs.html

    CloudFormation has no such job, so a small function of AWS Lambda makes it, see docs/macie.md. Macie changes no job:
    whatever changes here, or in the list of buckets, makes a new one and cancels the former one.

    ```python
    import aws_cdk as cdk
    from emrguard import Alerts, Macie, MacieJob, Tenant

    stack = cdk.Stack(cdk.App(), "Platform")
    team = Tenant(stack, "Payroll", name="payroll")
    Macie(
        stack,
        "Macie",
        buckets=[team.data],
        alerts=Alerts(stack, "Alerts"),
        job=MacieJob(schedule="MONTHLY", day=15, sampling=20),
    )
    ```

    Args:
        schedule: `DAILY`, `WEEKLY` (the default), `MONTHLY`, or `ONCE`, at the deployment.
        day: of a weekly job the day of the week, default `SUNDAY`; of a monthly one the day of the month, 1 to 28,
            default 1.
        sampling: how many percent of the objects Macie looks into, chosen at random, 1 to 100, default 100.
        existing: look into the objects that are there already, too, by a run at once, default True. Not for `ONCE`,
            which does nothing else.
        managed: which of Macie's own identifiers to go by: `RECOMMENDED`, the default, `ALL`, or `NONE`, for those of
            `Macie(identifiers=…)` only.
        no_job_because: does without the job, for this reason, such as Macie's automated discovery being on. Default
            None.
    """

    schedule: Literal["DAILY", "WEEKLY", "MONTHLY", "ONCE"] = "WEEKLY"
    day: str | int | None = None
    sampling: int = 100
    existing: bool = True
    managed: Literal["RECOMMENDED", "ALL", "NONE"] = "RECOMMENDED"
    no_job_because: str | None = None


def check(path: str, job: MacieJob, buckets: int, identifiers: int) -> None:
    """Check a job that `Macie` is given.

    Raises:
        ArgumentError: a value is none that Macie takes, or there is to be no job, and more is said of it.
    """
    if job.no_job_because is not None:
        if job != MacieJob(no_job_because=job.no_job_because):
            mend = "leave it out, or leave out what else is said of the job"
            raise ArgumentError(path, "job.no_job_because", job.no_job_because, mend)
        return
    if job.schedule not in _SCHEDULES:
        raise ArgumentError(path, "job.schedule", job.schedule, f"write {', '.join(_SCHEDULES[:-1])} or ONCE")
    _check_day(path, job)
    if not isinstance(job.sampling, int) or not 1 <= job.sampling <= 100:
        raise ArgumentError(path, "job.sampling", job.sampling, "write how many percent of the objects, 1 to 100")
    if job.schedule == "ONCE" and not job.existing:
        raise ArgumentError(
            path, "job.existing", job.existing, "leave it out: a job that runs once looks at nothing else"
        )
    if job.managed not in ("RECOMMENDED", "ALL", "NONE"):
        raise ArgumentError(path, "job.managed", job.managed, "write RECOMMENDED, ALL or NONE")
    if job.managed == "NONE" and not identifiers:
        raise ArgumentError(path, "job.managed", job.managed, "give identifiers of your own, or write RECOMMENDED")
    if buckets > _MOST_BUCKETS:
        mend = f"a job takes {_MOST_BUCKETS} at most: make a second Macie with session='existing' for the rest"
        raise ArgumentError(path, "buckets", f"{buckets} buckets", mend)


def _check_day(path: str, job: MacieJob) -> None:
    if job.schedule == "WEEKLY":
        if job.day is not None and job.day not in _WEEK:
            raise ArgumentError(path, "job.day", job.day, f"write one of {', '.join(_WEEK)}")
    elif job.schedule == "MONTHLY":
        if job.day is not None and (not isinstance(job.day, int) or not 1 <= job.day <= _LAST_DAY):
            raise ArgumentError(
                path, "job.day", job.day, f"write the day of the month, 1 to {_LAST_DAY}: each month has it"
            )
    elif job.day is not None:
        raise ArgumentError(path, "job.day", job.day, f"leave it out: a job that runs {job.schedule} has no day")


class JobFunction(Construct):
    """The custom resource that is Macie's job, and the function that serves it.

    Its role can make jobs that have its own tag, cancel those that have it, and list the account's jobs. It reaches no
    bucket and no key: only Macie reads.

    Args:
        owner: who owns it, for the manifest.
        job: what Macie is to do; checked already.
        bucket_arns: the buckets.
        identifiers: the ids of custom data identifiers.
        after: what has to exist before the job.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        owner: Owner,
        job: MacieJob,
        bucket_arns: Sequence[str],
        identifiers: Sequence[str],
        after: Sequence[IDependable],
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        description = f"Makes and cancels the discovery job of {scope.node.path} for CloudFormation"
        tag = f"macie-{self.node.addr[-8:]}"
        log_group = self._log_group(f"/aws/lambda/emrguard-{tag}")
        role = iam.Role(
            self,
            "Role",
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Own": iam.PolicyDocument(statements=self._rights(log_group, tag))},
        )
        function = lambda_.CfnFunction(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14.name,
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=_CODE.read_text(encoding="utf-8")),
            role=role.role_arn,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log_group.log_group_name),
            memory_size=256,
            timeout=300,
        )
        properties: dict[str, Any] = {
            "Name": f"emrguard-{stack.stack_name}",
            "Description": "Sensitive data in the buckets of the tenants of EMR Serverless",
            "AccountId": stack.account,
            "BucketArns": list(bucket_arns),
            "Schedule": job.schedule,
            "SamplingPercentage": job.sampling,
            "ExistingObjects": job.existing,
            "ManagedDataIdentifiers": job.managed,
            "Tags": {PLATFORM_TAG: tag},
        }
        if job.schedule in ("WEEKLY", "MONTHLY"):
            properties["Day"] = job.day or {"WEEKLY": "SUNDAY", "MONTHLY": 1}[job.schedule]
        if identifiers:
            properties["CustomDataIdentifierIds"] = list(identifiers)
        resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::EmrGuardMacieJob",
            service_token=function.attr_arn,
            service_timeout=_ANSWERED_WITHIN,
            properties=properties,
        )
        for each in after:
            resource.node.add_dependency(each)
        owner.mark_all_below(self, "macie")
        cdk.Tags.of(self).add(PLATFORM_TAG, "macie")

    def _log_group(self, name: str) -> logs.LogGroup:
        stack = cdk.Stack.of(self)
        arn = stack.format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        policy = _key_policy.new_policy(place_of(self), _key_policy.log_groups(stack.region, [arn]))
        key = _key_policy.new_key(self, "Key", "Log of the function behind Macie's job", policy)
        return logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=name,
            encryption_key=key,
            retention=logs.RetentionDays.ONE_YEAR,
            # After a creation that failed it must not be in the way of the next one.
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _rights(self, log_group: logs.LogGroup, tag: str) -> list[iam.PolicyStatement]:
        jobs = cdk.Stack.of(self).format_arn(service="macie2", resource="classification-job", resource_name="*")
        _wildcards.accept(self, jobs, "Macie makes up the ids of jobs; the condition names the tag of this one's")
        _wildcards.accept(self, "*", "macie2:ListClassificationJobs has no resource; it tells names and states of jobs")
        return [
            iam.PolicyStatement(actions=list(_actions.WRITE_OWN_LOGS), resources=[log_group.log_group_arn]),
            iam.PolicyStatement(
                actions=list(_actions.MAKE_MACIE_JOB),
                resources=[jobs],
                conditions={"StringEquals": {f"aws:RequestTag/{PLATFORM_TAG}": tag}},
            ),
            iam.PolicyStatement(
                actions=list(_actions.CANCEL_MACIE_JOB),
                resources=[jobs],
                conditions={"StringEquals": {f"aws:ResourceTag/{PLATFORM_TAG}": tag}},
            ),
            iam.PolicyStatement(actions=list(_actions.LIST_MACIE_JOBS), resources=["*"]),
        ]


_ANSWERED_WITHIN = cdk.Duration.minutes(20)
"""Lambda invokes three times at most, 5 minutes each, and waits 1 and 2 minutes between them."""
