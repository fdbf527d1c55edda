"""What CloudFormation lacks of an application: the key of its disks, the stop before a change or a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from emrguard import _actions, _arguments, _wildcards
from emrguard._kept import arn_of, as_json, document, stack_of
from emrguard._manifest import Owner
from emrguard._reasons import Reasons
from emrguard.exceptions import ArgumentError
from emrguard.interfaces import IApplicationKey

_RUNTIME = "python3.14"
_CODE = Path(__file__).with_name("_lifecycle_function.py")


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What a small function of the application's own does at its deployments, because CloudFormation cannot.

    CloudFormation has no property for the key of the workers' disks. It neither updates nor deletes an application that
    is started, and that it is until 15 idle minutes after the last job. The function sets the key (the tenant's), and
    stops the application before each change and before its deletion. Job runs are given time to end by themselves. Then
    a deletion cancels them; a change fails and is rolled back, and they go on.

    It runs in AWS Lambda only while CloudFormation calls it, in a role that can do nothing but read this application,
    cancel its job runs, stop and update it. Its log group is `/aws/lambda/emrguard-<tenant>-…`. See docs/lifecycle.md.

    ```python
    import aws_cdk as cdk
    from emrguard import Lifecycle, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    Tenant(stack, "Tenant", name="flights", lifecycle=Lifecycle(drain=cdk.Duration.minutes(30)))
    ```

    Args:
        drain: how long job runs are given to end before a change or a deletion, 0 to 30 minutes, default 10.
            CloudFormation waits for an hour at most.
        job_level_cost_allocation: attribute the costs of the application to its job runs, default False: a job run does
            not have the application's tags, so that cost allocation by the tag of the tenant would lose them.
        no_function_because: does without the function, for this reason: the disks are then encrypted with the service's
            own key, and whoever changes or deletes the application has to stop it before. Default None.
    """

    drain: cdk.Duration | None = None
    job_level_cost_allocation: bool = False
    no_function_because: str | None = None


def attach(
    scope: Construct,
    given: Lifecycle,
    owner: Owner,
    application: emrserverless.CfnApplication,
    key: IApplicationKey,
    reasons: Reasons,
) -> IApplicationKey | None:
    """Give an application its function.

    Returns:
        The key of its disks, None for the service's own.

    Raises:
        ArgumentError: the drain time is not one, or there is to be no function for what needs it.
    """
    drain = _arguments.minutes(scope, "lifecycle.drain", given.drain or cdk.Duration.minutes(10), 0, 30)
    absent = reasons.take("lifecycle.no_function_because", given.no_function_because, "EMRG121")
    if not absent:
        _Function(scope, "Lifecycle", owner, application, key, drain, given.job_level_cost_allocation)
        return key
    reasons.take("lifecycle.no_function_because", given.no_function_because, "EMRG516")
    if given.drain is not None or given.job_level_cost_allocation:
        mend = "leave it out, or leave out drain and job_level_cost_allocation: only the function can do that"
        raise ArgumentError(scope.node.path, "lifecycle.no_function_because", given.no_function_because, mend)
    return None


class _Function(Construct):
    """The function and the two custom resources that it serves, one on each side of the application.

    One function an application, not one a stack: a function for several tenants may stop the applications of all of
    them, and whoever of one tenant gets hold of it reaches the others. An idle function costs nothing.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        owner: Owner,
        application: emrserverless.CfnApplication,
        key: IApplicationKey,
        drain: float,
        job_level_cost_allocation: bool,
    ) -> None:
        super().__init__(scope, id)
        stack = stack_of(self, within=scope)
        description = f"Changes and stops the application {scope.node.path} for CloudFormation"
        name = f"/aws/lambda/emrguard-{owner.tenant}-{self.node.addr[-8:]}"
        key.allow_log_group(name)
        group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=name,
            encryption_key=key.key,
            retention=logs.RetentionDays.ONE_YEAR,
            # After a creation that failed it must not be in the way of the next one.
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        key.accept_for(group)
        role = iam.Role(
            self,
            "Role",
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "Own": document(
                    as_json(_actions.WRITE_OWN_LOGS, [group.log_group_arn]),
                    as_json(_actions.DESCRIBE_STACK_RESOURCE, [cdk.Aws.STACK_ID]),
                )
            },
        )
        function = lambda_.CfnFunction(
            self,
            "Function",
            description=description,
            runtime=_RUNTIME,
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=_CODE.read_text(encoding="utf-8")),
            role=arn_of(role),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group.log_group_name),
            memory_size=256,
            timeout=900,
        )
        arn = application.attr_arn
        # A policy of its own, which exists after the application: the function exists before it.
        rights = iam.Policy(
            self,
            "Rights",
            roles=[role],
            document=document(
                as_json(_actions.CHANGE_APPLICATION, [arn]),
                as_json(_actions.CANCEL_JOB_RUNS, [f"{arn}/jobruns/*"]),
            ),
        )
        _wildcards.accept(
            rights,
            f"{arn}/jobruns/*",
            "All job runs of one application; EMR Serverless makes up their ids",
        )
        called = {"ServiceToken": function.attr_arn, "ServiceTimeout": _ANSWERED_WITHIN_SECONDS}
        before = cdk.CfnResource(
            self,
            "Before",
            type="Custom::EmrGuardStopBeforeUpdate",
            properties=called
            | {
                "StopBeforeUpdate": stack.get_logical_id(application),
                "DrainMinutes": drain,
                # CloudFormation calls whenever one of these changes, before it changes the application itself.
                "Watched": stack.to_json_string(cdk.Lazy.any(_Properties(application))),
            },
        )
        application.add_resource_dependency(before)
        after = cdk.CfnResource(
            self,
            "After",
            type="Custom::EmrGuardApplication",
            properties=called
            | {
                "ApplicationId": application.attr_application_id,
                "DiskEncryptionKeyArn": key.key_arn,
                "JobLevelCostAllocation": job_level_cost_allocation,
                "StopOnDelete": True,
                "DrainMinutes": drain,
            },
        )
        after.node.add_dependency(rights)
        for each in (group, role, function, before, after):
            owner.mark(each, "lifecycle")
        owner.tag(self, within=scope)


_ANSWERED_WITHIN_SECONDS = "3000"
"""The function answers after 48 minutes at the latest; should it not, CloudFormation waits no full hour."""


@jsii.implements(cdk.IStableAnyProducer)
class _Properties:
    """The properties of an application as they are when the template is written."""

    def __init__(self, application: emrserverless.CfnApplication) -> None:
        self._application = application

    def produce(self) -> Any:
        """Those that are set, by name: whatever changes them. An application takes new tags at any time."""
        found: Mapping[str, Any] = self._application._cfn_properties
        return {name: value for name, value in found.items() if name != "tags"}
