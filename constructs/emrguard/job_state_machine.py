"""A state machine that runs jobs of one application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from emrguard import _actions
from emrguard._manifest import Owner
from emrguard.exceptions import ArgumentError
from emrguard.job import HiveJob, SparkJob
from emrguard.tenant import Tenant
from emrguard.tenant_application import TenantApplication
from emrguard_policies.nag import acknowledge

_SERVICE = "states.amazonaws.com"
_MANAGED_RULE = "StepFunctionsGetEventsForEMRServerlessJobRule"
_LONGEST_NAME = 80
"""Characters that the name of a state may have."""
_AS_WRITTEN = ("Properties", "Tags")
"""Members whose own keys are names of users, not of the API."""
_NO_LOG = (
    "Logs of executions need rights on every log delivery and resource policy of the account. The execution history, "
    "CloudTrail and the job's own logs tell what ran"
)
_NO_TRACE = "X-Ray needs rights on all resources; the execution history tells how long each job took"


class JobStateMachine(Construct):
    """Runs jobs of one application one after another, with a fixed request for each: nobody who starts it changes them.

    That closes the gap that an application's settings are defaults only: whoever may start the state machine, and not
    submit jobs, cannot send settings of their own. Its role starts, follows and cancels jobs of this one application,
    and passes this one execution role. A failed job fails the execution; one that is stopped cancels its job.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html

    Start it from a schedule or a role of yours: `machine.state_machine.grant_start_execution(role)`. The local cloud
    does not deploy state machines.

    ```python
    import aws_cdk as cdk
    from emrguard import JobStateMachine, SparkJob, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    tenant = Tenant(stack, "Tenant", name="flights")
    delays = SparkJob(name="delays", entry_point=f"s3://{tenant.data.bucket_name}/jobs/delays_by_carrier.py")
    JobStateMachine(stack, "Nightly", tenant=tenant, jobs=[delays])
    ```

    Args:
        tenant: whose application; the state machine must be in its stack, as its key names the role.
        jobs: what to run, in this order; at least one. Streaming jobs, which never end, are refused, and tags, for
            which the role would need the right to tag.
        application: name of the application within the tenant; default the only one.

    Raises:
        ArgumentError: there is no job, one is not for the application, or the application is not named.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: Tenant,
        jobs: Sequence[SparkJob | HiveJob],
        application: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        if cdk.Stack.of(tenant) is not stack:
            place = cdk.Stack.of(tenant).node.path
            mend = f"make it in the stack of the tenant ({place}): the tenant's key names its role"
            raise ArgumentError(self.node.path, "tenant", tenant.name, mend)
        used = self._used(tenant, application)
        if not jobs:
            raise ArgumentError(self.node.path, "jobs", [], "pass at least one job")
        owner = Owner(tenant=tenant.name)
        self.role = iam.Role(
            self,
            "Role",
            description=f"Runs jobs of tenant {tenant.name} on EMR Serverless",
            assumed_by=iam.ServicePrincipal(
                _SERVICE, conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
        )
        """What the state machine acts as."""
        used.application.grant_run(self.role, used.execution_role)
        tenant.key.grant_encrypt_decrypt(self.role)
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=list(_actions.FOLLOW_BY_EVENTS),
            resource_arns=[stack.format_arn(service="events", resource="rule", resource_name=_MANAGED_RULE)],
        )
        names = [self._state_name(number, job) for number, job in enumerate(jobs, 1)]
        machine = sfn.CfnStateMachine(
            self,
            "Resource",
            role_arn=self.role.role_arn,
            definition={
                "StartAt": names[0],
                "States": {
                    name: {
                        "Type": "Task",
                        "Resource": f"arn:{stack.partition}:states:::emr-serverless:startJobRun.sync",
                        "Parameters": _capital(used.job_request(job)),
                        **({"Next": after} if after else {"End": True}),
                    }
                    for name, after, job in zip(names, [*names[1:], ""], jobs, strict=True)
                },
            },
        )
        machine.node.add_dependency(self.role.node.find_child("DefaultPolicy"))
        self.state_machine = sfn.StateMachine.from_state_machine_arn(self, "Machine", machine.attr_arn)
        """The state machine, for targets of schedules and for `grant_start_execution`."""
        acknowledge(machine, "AwsSolutions-SF1", _NO_LOG)
        acknowledge(machine, "AwsSolutions-SF2", _NO_TRACE)
        owner.mark_all_below(self, "state-machine")

    def _used(self, tenant: Tenant, name: str | None) -> TenantApplication:
        found = tenant.applications
        if name is None and len(found) == 1:
            return next(iter(found.values()))
        if name is None or name not in found:
            mend = f"name one of the tenant's applications: {', '.join(found) or 'it has none yet'}"
            raise ArgumentError(self.node.path, "application", name, mend)
        return found[name]

    def _state_name(self, number: int, job: SparkJob | HiveJob) -> str:
        if isinstance(job, SparkJob) and job.failed_attempts_an_hour is not None:
            mend = "leave it out: a state machine waits for the end of a job, which a streaming job has not"
            raise ArgumentError(self.node.path, "failed_attempts_an_hour", job.failed_attempts_an_hour, mend)
        if job.tags:
            mend = "leave it out: a role with the right to tag could change the tags that other rights go by"
            raise ArgumentError(self.node.path, "tags", dict(job.tags), mend)
        return f"Job{number}" if job.name is None else f"Job{number}-{job.name}"[:_LONGEST_NAME]


def _capital(value: Any) -> Any:
    """A request as Step Functions has it: names of members start with a capital."""
    if isinstance(value, list):
        return [_capital(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    named = {f"{name[:1].upper()}{name[1:]}": item for name, item in value.items()}
    return {name: item if name in _AS_WRITTEN else _capital(item) for name, item in named.items()}
