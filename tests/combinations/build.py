"""Builds a drawn app with the public constructs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from combinations.draw import ACCOUNT, AppDraw, TenantDraw, open_ways

from emrguard import (
    Alerts,
    ApplicationKey,
    AuditTrail,
    Budget,
    DataBucket,
    ExecutionRole,
    InteractiveUserRole,
    IsolatedNetwork,
    JobLogs,
    Lifecycle,
    Macie,
    OrganizationTrail,
    Platform,
    PlatformAdminRole,
    SparkApplication,
    SubmitterRole,
    Tenant,
    ViewerRole,
)
from emrguard.data_bucket import TenantBucket
from emrguard_policies.nag import acknowledge

_TOPIC = "arn:aws:sns:eu-west-1:111122223333:security-alerts"
_TRAIL = ("arn:aws:cloudtrail:eu-west-1:999988887777:trail/everything", "the security account records every account")
_NETWORK = ("cidr", "availability_zones", "one_zone_because", "s3_prefix_list_id", "dynamodb_prefix_list_id")


def build(app: cdk.App, drawn: AppDraw) -> None:
    """Make the tenants and what they share."""
    env = cdk.Environment(account=ACCOUNT, region=drawn.region) if drawn.region else None
    one = cdk.Stack(app, "All", env=env) if drawn.one_stack else None
    tenants: list[Tenant] = []
    buckets: list[TenantBucket] = []
    for team in drawn.tenants:
        stack = one or cdk.Stack(app, team.name, env=env)
        if team.by_hand is not None:
            buckets += _parts(stack, team, drawn.region)
            continue
        tenant = Tenant(stack, f"Tenant-{team.name}", name=team.name, **_arguments(stack, team, drawn.region))
        tenants.append(tenant)
        buckets += [tenant.data, tenant.logs.bucket]
        for name, given in team.added.items():
            hive = "plaintext_between_workers_because" in given
            add = tenant.add_hive_application if hive else tenant.add_spark_application
            add(name, **_values(stack, given))
        _grant(stack, team, tenant.execution_role)
        _people(stack, team, tenant)
    _platform(one or cdk.Stack(app, "Platform", env=env), drawn, tenants, buckets)
    for rule in choices(drawn):
        acknowledge(app, rule, "what the app is drawn with")


def choices(drawn: AppDraw) -> set[str]:
    """Rules that rightly speak of something that an app chose to do without.

    EMRG002 speaks of each that does not speak. All other less safe choices take a reason as an argument.
    """
    found: set[str] = set()
    budgets = drawn.platform["monthly_budgets"]
    if drawn.by_hand and 0 < len(budgets) < len(drawn.tenants):
        found.add("EMRG550")
    if drawn.platform["macie"] is None:
        found.add("EMRG122")
    if not budgets:
        found.add("EMRG515")
    if any(team.arguments["architecture"] == "X86_64" for team in drawn.tenants):
        found.add("EMRG505")
    granted = {way for team in drawn.tenants for way in team.ways}
    if any(open_ways(team.arguments) - granted for team in drawn.tenants):
        found.add("EMRG605")
    return found


def _arguments(stack: cdk.Stack, team: TenantDraw, region: str | None) -> dict[str, Any]:
    found = _values(stack, team.arguments)
    if region is not None:
        found["dynamodb_prefix_list_id"] = "pl-0123456789abcdef0"
    if "availability_zones" in found:
        found["availability_zones"] = [f"{region}{letter}" for letter in found["availability_zones"]]
    return found


def _values(stack: cdk.Stack, drawn: dict[str, Any]) -> dict[str, Any]:
    """Drawn arguments as the constructs take them."""
    found = {name: value for name, value in drawn.items() if value is not None}
    for name in ("idle_timeout", "queue_timeout"):
        if name in found:
            found[name] = cdk.Duration.minutes(found[name])
    if "submitters" in found:
        found["submitters"] = principals(stack, found["submitters"])
    if "lifecycle" in found:
        given = dict(found["lifecycle"])
        if given.get("drain") is not None:
            given["drain"] = cdk.Duration.minutes(given["drain"])
        found["lifecycle"] = Lifecycle(**given)
    return found


def _grant(stack: cdk.Stack, team: TenantDraw, role: ExecutionRole) -> None:
    """What jobs reach beside the tenant's bucket; each store has the tenant's name."""
    name, place = team.name, f"{stack.region}:{stack.account}"
    aws = f"arn:{stack.partition}"
    for each in team.grants:
        match each:
            case "glue":
                role.grant_glue_read(f"{name}-raw")
            case "glue tables":
                role.grant_glue_read_write(f"{name}-marts", ["daily", "weekly"])
            case "secret":
                arn = f"{aws}:secretsmanager:{place}:secret:{name}-AbCdEf"
                role.grant_secret_read(secretsmanager.Secret.from_secret_complete_arn(stack, f"Secret-{name}", arn))
            case "dynamodb":
                arn = f"{aws}:dynamodb:{place}:table/{name}"
                table = dynamodb.Table.from_table_arn(stack, f"Table-{name}", arn)
                role.grant_dynamodb_read_write(table, ["by-day"])
            case "kinesis":
                arn = f"{aws}:kinesis:{place}:stream/{name}"
                role.grant_kinesis_read(kinesis.Stream.from_stream_arn(stack, f"Stream-{name}", arn), "fan-out")
            case "kafka":
                cluster = f"{aws}:kafka:{place}:cluster/{name}/0a1b2c3d-1111-2222-3333-444455556666-s1"
                role.grant_kafka_write(cluster, ["rides"])
            case "metrics":
                role.grant_put_metrics(f"emrguard/{name}")


def principals(stack: cdk.Stack, names: Sequence[str] | None) -> iam.PrincipalBase | None:
    """One principal of the account, or several in one."""
    if names is None:
        return None
    found = [iam.ArnPrincipal(f"arn:{stack.partition}:iam::{stack.account}:{name}") for name in names]
    return found[0] if len(found) == 1 else iam.CompositePrincipal(*found)


def _days(count: int | None) -> cdk.Duration | None:
    return None if count is None else cdk.Duration.days(count)


def _people(stack: cdk.Stack, team: TenantDraw, tenant: Tenant) -> None:
    if team.viewer is not None:
        hours = team.viewer["session"]
        ViewerRole(
            stack,
            f"Viewer-{team.name}",
            tenants=[tenant],
            logs=team.viewer["logs"],
            assumed_by=principals(stack, team.viewer["assumed_by"]),
            session=None if hours is None else cdk.Duration.hours(hours),
        )
    if team.ways:
        ways: list[Any] = list(team.ways)
        InteractiveUserRole(stack, f"Analyst-{team.name}", tenant=tenant, ways=ways, application=team.name)


def _parts(stack: cdk.Stack, team: TenantDraw, region: str | None) -> list[TenantBucket]:
    """What `Tenant` does, by hand, with the arguments that `Tenant` does not take."""
    assert team.by_hand is not None
    parts, given, name = team.by_hand, _arguments(stack, team, region), team.name
    key = ApplicationKey(stack, f"Key-{name}", tenant=name)
    data = DataBucket(
        stack,
        f"Data-{name}",
        tenant=name,
        key=key,
        keep_old_versions_for=_days(parts["keep_old_versions_for"]),
        object_lock=parts["object_lock"],
    )
    job_logs = JobLogs(
        stack,
        f"Logs-{name}",
        tenant=name,
        key=key,
        retention=logs.RetentionDays[parts["retention"]],
        expire_after=_days(parts["expire_after"]),
        retention_because=parts["retention_because"],
    )
    where = {argument: given.pop(argument) for argument in _NETWORK if argument in given}
    network = IsolatedNetwork(stack, f"Network-{name}", tenant=name, key=key, data=data, logs=job_logs, **where)
    inputs, outputs, people = given.pop("inputs"), given.pop("outputs"), given.pop("submitters", None)
    application = SparkApplication(
        stack, f"Application-{name}", tenant=name, network=network, logs=job_logs, key=key, **given
    )
    role = ExecutionRole(
        stack, f"Role-{name}", tenant=name, require_source_arn=parts["require_source_arn"], network=network
    )
    submitter = SubmitterRole(stack, f"Submitter-{name}", tenant=name, assumed_by=people)
    for prefix in inputs:
        data.grant_read(role, prefix)
        data.grant_put(submitter, prefix)
    for prefix in outputs:
        data.grant_read_write(role, prefix)
        data.grant_read(submitter, prefix)
    data.confine(role, network.vpc_id)
    job_logs.grant_write(role)
    job_logs.grant_read(submitter)
    application.grant_submit(submitter, role)
    _grant(stack, team, role)
    return [data, job_logs.bucket]


def _platform(stack: cdk.Stack, drawn: AppDraw, tenants: list[Tenant], buckets: list[TenantBucket]) -> None:
    given = drawn.platform
    existing = Alerts.from_topic_arn(stack, "Topic", _TOPIC) if given["alerts"] == "existing" else None
    if not drawn.by_hand:
        platform = Platform(
            stack,
            "Platform",
            tenants=tenants,
            emails=given["emails"],
            alerts=existing,
            organization_trail=_TRAIL if given["organization_trail"] else None,
            auditors=principals(stack, given["auditors"]),
            admins=principals(stack, given["admins"]),
            monthly_budgets=given["monthly_budgets"],
            no_budget_because=given["no_budget_because"],
            macie=given["macie"],
            macie_job=None if given["macie"] is None else given["macie_job"],
        )
        platform.add_outputs()
    else:
        _shared(stack, given, existing or Alerts(stack, "Alerts", emails=given["emails"]), tenants, buckets)
    if given["viewer_because"] is not None and len(tenants) > 1:
        ViewerRole(stack, "Viewer", tenants=tenants, because=given["viewer_because"])


def _shared(
    stack: cdk.Stack, given: dict[str, Any], alerts: Alerts, tenants: list[Tenant], buckets: list[TenantBucket]
) -> None:
    """What `Platform` does, by hand, with the arguments that `Platform` does not take."""
    if given["organization_trail"]:
        arn, because = _TRAIL
        OrganizationTrail(stack, "Trail", trail_arn=arn, because=because, alerts=alerts)
    else:
        AuditTrail(
            stack,
            "Trail",
            buckets=buckets,
            auditors=principals(stack, given["auditors"]),
            expire_after=_days(given["expire_after"]),
            retention=logs.RetentionDays[given["retention"]],
            retention_because=given["retention_because"],
            alerts=alerts,
            denied_calls=given["denied_calls"],
            object_lock=given["object_lock"],
            no_object_lock_because=given["no_object_lock_because"],
        )
    if tenants:
        PlatformAdminRole(stack, "Admin", tenants=tenants, assumed_by=principals(stack, given["admins"]))
    for name, limit in given["monthly_budgets"].items():
        Budget(stack, f"Budget-{name}", tenant=name, monthly_limit=limit, alerts=alerts, thresholds=given["thresholds"])
    if given["macie"] is not None:
        Macie(
            stack,
            "Macie",
            buckets=buckets,
            alerts=alerts,
            session=given["macie"],
            publishing=given["publishing"],
            identifiers=given["identifiers"],
            job=given["macie_job"],
        )
