"""Small apps, one tenant each: whatever the constructs can emit that neither the demo nor the apps beside it have."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sso as sso

from emrguard import (
    Alerts,
    AuditTrail,
    Budget,
    DataBucket,
    ExistingEndpoint,
    ExistingVpc,
    HiveJob,
    ImportedApplication,
    InitialCapacity,
    Interactive,
    InteractiveUserRole,
    JobStateMachine,
    Lifecycle,
    Macie,
    Monitoring,
    ObjectLock,
    OrganizationTrail,
    Platform,
    PlatformAdminRole,
    RuntimeConfiguration,
    SparkJob,
    SubmitterRole,
    Tenant,
    ViewerRole,
    WorkerImage,
)

_FOREIGN = "444455556666"
_FOREIGN_KEY = f"arn:aws:kms:eu-west-1:{_FOREIGN}:key/0f2b1c3d-4e5f-6071-8293-a4b5c6d7e8f9"
_CLUSTER = "arn:aws:kafka:eu-west-1:111122223333:cluster/delays/1f2b1c3d-4e5f-6071-8293-a4b5c6d7e8f9-1"
_KEY = "arn:aws:kms:eu-west-1:111122223333:key/2f2b1c3d-4e5f-6071-8293-a4b5c6d7e8f9"
_TRAIL = "arn:aws:cloudtrail:eu-west-1:999988887777:trail/everything"
_TOPIC = "arn:aws:sns:eu-west-1:111122223333:security-alerts"
_REASON = "analysts try out queries on samples"


def abroad(stack: cdk.Stack) -> None:
    """Rights on what belongs to other accounts, and by way of Lake Formation, within a permissions boundary."""
    boundary = iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", "arn:aws:iam::111122223333:policy/most")
    tenant = Tenant(stack, "Tenant", name="flights", permissions_boundary=boundary)
    role = tenant.execution_role
    foreign = f"arn:aws:iam::{_FOREIGN}:role/partner"
    role.grant_foreign_role(foreign, external_id="flights-4711")
    tenant.network.allow_service(
        iam.Role.from_role_arn(stack, "Partner", foreign),
        "s3",
        ["s3:GetObject"],
        ["arn:aws:s3:::partner/feed/*"],
        {"StringEquals": {"aws:ResourceAccount": _FOREIGN}},
    )
    role.grant_foreign_bucket_read("weather-archive", "europe/", owner=_FOREIGN)
    role.grant_foreign_bucket_read_write("weather-results", "flights/", owner=_FOREIGN, key_arn=_FOREIGN_KEY)
    role.grant_lake_formation_full_table("lake", ["bookings"], write=True)
    role.grant_lake_formation_full_table("archive")
    role.grant_lake_formation_fine_grained("claims", "settled", columns=["month", "amount"])
    role.grant_lake_formation_fine_grained("claims", "open", data_filter="europe")


def streams(stack: cdk.Stack) -> None:
    """Writes to streams, topics and tables that have keys of their own."""
    tenant = Tenant(stack, "Tenant", name="flights", dynamodb_prefix_list_id="pl-0123456789abcdef0")
    role = tenant.execution_role
    key = kms.Key.from_key_arn(stack, "Key", _KEY)
    stream = kinesis.Stream.from_stream_attributes(
        stack, "Stream", stream_arn="arn:aws:kinesis:eu-west-1:111122223333:stream/delays", encryption_key=key
    )
    role.grant_kinesis_read(stream)
    role.grant_kinesis_write(stream)
    role.grant_kafka_read(_CLUSTER, ["departures"], "flights-")
    role.grant_kafka_write(_CLUSTER, ["arrivals"])
    table = dynamodb.Table.from_table_attributes(
        stack, "Table", table_arn="arn:aws:dynamodb:eu-west-1:111122223333:table/prices", encryption_key=key
    )
    role.grant_dynamodb_read_write(table, ["by-day"])
    role.grant_glue_read("weather")
    role.grant_glue_read_write("flights", ["daily", "weekly"])


def people(stack: cdk.Stack) -> None:
    """Every persona, as a role and as a permission set of IAM Identity Center."""
    tenant = Tenant(
        stack,
        "Tenant",
        name="flights",
        interactive=Interactive(studio_because=_REASON, livy_because=_REASON, sessions_because=_REASON),
        submitters=iam.ArnPrincipal(f"arn:aws:iam::{stack.account}:role/Pipelines"),
    )
    InteractiveUserRole(stack, "Analyst", tenant=tenant, ways=["studio", "livy", "sessions"])
    ViewerRole(stack, "Viewer", tenants=[tenant], logs=True, session=cdk.Duration.hours(8))
    PlatformAdminRole(
        stack, "Admin", tenants=[tenant], assumed_by=iam.ArnPrincipal(f"arn:aws:iam::{stack.account}:role/Operations")
    )
    names = ["flights"]
    role = f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}:role/flights-jobs"
    for name, rights in {
        "Viewers": ViewerRole.permission_set(names),
        "Admins": PlatformAdminRole.permission_set(names),
        "Analysts": InteractiveUserRole.permission_set(["studio", "livy", "sessions"], [role], names),
    }.items():
        sso.CfnPermissionSet(
            stack, name, instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef", name=name, inline_policy=rights
        )


def vpc(stack: cdk.Stack) -> None:
    """Workers in a VPC that exists already, with one endpoint that is there."""
    known = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        isolated_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        isolated_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Endpoints", "sg-0123456789abcdef0")
    there = ExistingEndpoint(because="the network team has one for CloudWatch Logs", security_group=group)
    given = ExistingVpc(vpc=known, because="the Kafka cluster is in this VPC", endpoints={"logs": there})
    Tenant(stack, "Tenant", name="flights", vpc=given)


def organization(stack: cdk.Stack) -> None:
    """A platform that records by the trail of an organization and mails alerts, over a tenant in one zone."""
    tenant = Tenant(
        stack,
        "Tenant",
        name="flights",
        availability_zones=["eu-west-1a"],
        one_zone_because="runs may wait while the zone has no room",
        expire_after=cdk.Duration.days(400),
    )
    evidence = DataBucket(
        stack, "Evidence", tenant="flights", key=tenant.key, object_lock=ObjectLock(days=2557, mode="COMPLIANCE")
    )
    evidence.grant_read(tenant.execution_role, "scans/")
    evidence.confine(tenant.execution_role, tenant.network.vpc_id)
    platform = Platform(
        stack,
        "Platform",
        tenants=[tenant],
        further_buckets=[evidence],
        emails=["security@example.com"],
        organization_trail=(_TRAIL, "the security account records every account"),
    )
    Macie(
        stack,
        "Macie",
        buckets=[evidence],
        alerts=platform.alerts,
        session="existing",
        identifiers={"staff-number": r"\bSTAFF-[0-9]{6}\b"},
    )
    Budget(stack, "Budget", tenant="flights", monthly_limit=200, alerts=platform.alerts, thresholds=[80])


def options(stack: cdk.Stack) -> None:
    """Three applications of a tenant with what can be set beside the defaults, and fixed jobs with less than the role.

    The trail is watched by a topic of somebody else.
    """
    tenant = Tenant(
        stack,
        "Tenant",
        name="flights",
        monitoring=Monitoring(
            log_types={"SPARK_DRIVER": ["STDOUT", "STDERR"], "SPARK_EXECUTOR": ["STDERR"]},
            log_stream_prefix="jobs",
            prometheus_url="https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write",
        ),
        runtime_configuration=[
            RuntimeConfiguration(classification="spark-driver-log4j2", properties={"rootLogger.level": "error"})
        ],
        image=WorkerImage.from_repository(ecr.Repository(stack, "Images"), f"sha256:{'0123456789abcdef' * 4}"),
        lifecycle=Lifecycle(drain=cdk.Duration.minutes(5), job_level_cost_allocation=True),
        max_concurrent_runs=5,
        queue_timeout=cdk.Duration.minutes(30),
        idle_timeout=cdk.Duration.minutes(5),
        auto_start=False,
    )
    tenant.add_spark_application("batch", initial_capacity={"DRIVER": InitialCapacity(workers=1)})
    sql = tenant.add_hive_application("sql", plaintext_between_workers_because="data that anybody may see")
    less = [iam.PolicyStatement(actions=["s3:GetObject"], resources=[f"{tenant.data.bucket_arn}/jobs/*"])]
    place = f"s3://{tenant.data.bucket_name}/jobs"
    spark = SparkJob(
        name="delays", entry_point=f"{place}/delays.py", attempts=3, allowed=less,
        spark_defaults={"spark.executor.memory": "8g"},
    )  # fmt: skip
    JobStateMachine(
        stack, "Nightly", tenant=tenant, application="flights", jobs=[spark, SparkJob(entry_point=place, allowed=less)]
    )
    JobStateMachine(stack, "Queries", tenant=tenant, application=sql.name, jobs=[HiveJob(query=f"{place}/count.sql")])
    AuditTrail(
        stack,
        "AuditTrail",
        buckets=[tenant.data, tenant.logs.bucket],
        alerts=Alerts.from_topic_arn(stack, "Topic", _TOPIC),
        auditors=iam.ArnPrincipal(f"arn:aws:iam::{stack.account}:role/Revision"),
        object_lock=ObjectLock(days=400, mode="COMPLIANCE"),
        denied_calls=5,
    )


def without(stack: cdk.Stack) -> None:
    """What can be left off, each for a reason: what is left must hold all the more."""
    reason = "a try-out with made-up data"
    tenant = Tenant(
        stack,
        "Tenant",
        name="flights",
        monitoring=Monitoring(no_managed_logs_because=reason, no_cloudwatch_because=reason),
        lifecycle=Lifecycle(no_function_because=reason),
        keep_warm_because=reason,
        never_stop_because=reason,
        initial_capacity={"DRIVER": InitialCapacity(workers=1)},
        expire_after=cdk.Duration.days(14),
        expire_because=reason,
    )
    AuditTrail(
        stack,
        "AuditTrail",
        buckets=[tenant.data, tenant.logs.bucket],
        retention=logs.RetentionDays.ONE_MONTH,
        retention_because=reason,
        no_object_lock_because=reason,
    )


def imported(stack: cdk.Stack) -> None:
    """Who runs jobs on an application that another app makes, and the alerts over a trail of the organization."""
    application = ImportedApplication(
        stack,
        "Flights",
        application_arn="arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1abcd2efgh345",
        application_name="flights",
        because="the platform team makes it with emrguard, in an app of its own",
    )
    jobs = iam.Role.from_role_arn(stack, "Jobs", "arn:aws:iam::111122223333:role/FlightsJobs", mutable=False)
    application.grant_submit(SubmitterRole(stack, "Nightly", tenant="flights"), jobs)
    OrganizationTrail(stack, "Trail", trail_arn=_TRAIL, because="the security account records every account")
