"""Every grant that an execution role can be given, and an app with two tenants whose jobs have them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_msk as msk
from aws_cdk import aws_secretsmanager as secretsmanager
from construct_support import ACCOUNT, REGION, new_app

from emrguard import Platform, Tenant

PARTNER = "444455556666"
LAKE = f"arn:aws:iam::{PARTNER}:role/Lake"
_BY_IAM = msk.CfnServerlessCluster.ClientAuthenticationProperty(
    sasl=msk.CfnServerlessCluster.SaslProperty(iam=msk.CfnServerlessCluster.IamProperty(enabled=True))
)


def _table(tenant: Tenant) -> dynamodb.Table:
    table = dynamodb.Table(
        tenant,
        "Table",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
    )
    tenant.own(table, "table")
    tenant.execution_role.grant_dynamodb_read_write(table, ["by-day"])
    return table


def _stream(tenant: Tenant) -> kinesis.Stream:
    stream = kinesis.Stream(tenant, "Stream", encryption=kinesis.StreamEncryption.MANAGED)
    tenant.own(stream, "stream")
    tenant.execution_role.grant_kinesis_read(stream, tenant.name)
    tenant.execution_role.grant_kinesis_write(stream)
    return stream


def _topics(tenant: Tenant) -> msk.CfnServerlessCluster:
    network = msk.CfnServerlessCluster.VpcConfigProperty(
        subnet_ids=tenant.network.subnet_ids, security_groups=[tenant.network.security_group_id]
    )
    cluster = msk.CfnServerlessCluster(
        tenant, "Cluster", cluster_name=tenant.name, client_authentication=_BY_IAM, vpc_configs=[network]
    )
    tenant.own(cluster, "kafka-cluster")
    tenant.execution_role.grant_kafka_read(cluster.attr_arn, ["departures"])
    tenant.execution_role.grant_kafka_write(cluster.attr_arn, ["delays"])
    return cluster


def _fine_grained(tenant: Tenant) -> None:
    role = tenant.execution_role
    role.grant_lake_formation_fine_grained(f"{tenant.name}_persons", "people", columns=["city"])
    role.grant_lake_formation_fine_grained(f"{tenant.name}_persons", "visits", data_filter="own-country")


def _secret(tenant: Tenant) -> None:
    secret = secretsmanager.Secret.from_secret_name_v2(tenant, "Secret", f"{tenant.name}/database")
    tenant.execution_role.grant_secret_read(secret)


def _partner(tenant: Tenant) -> None:
    stack, role = cdk.Stack.of(tenant), tenant.execution_role
    region = "eu-west-1" if cdk.Token.is_unresolved(stack.region) else stack.region
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")
    key = f"arn:{partition}:kms:{region}:{PARTNER}:key/00000000-0000-4000-8000-000000000000"
    role.grant_foreign_bucket_read(f"{tenant.name}-partner", "reference/", owner=PARTNER, key_arn=key)
    role.grant_foreign_bucket_read_write(f"{tenant.name}-partner", "results/", owner=PARTNER)
    role.grant_foreign_role(f"arn:{partition}:iam::{PARTNER}:role/Lake-{tenant.name}", external_id=tenant.name)


GRANTS: Final[Mapping[str, Callable[[Tenant], object]]] = {
    "glue": lambda tenant: tenant.execution_role.grant_glue_read(f"{tenant.name}_raw"),
    "glue-tables": lambda tenant: tenant.execution_role.grant_glue_read_write(tenant.name, ["bookings"]),
    "lake": lambda tenant: tenant.execution_role.grant_lake_formation_full_table(f"{tenant.name}_lake", write=True),
    "lake-cells": _fine_grained,
    "table": _table,
    "stream": _stream,
    "topics": _topics,
    "secret": _secret,
    "metrics": lambda tenant: tenant.execution_role.grant_put_metrics(f"Jobs/{tenant.name}"),
    "partner": _partner,
}
"""By name, what gives a tenant's jobs a right, with the store that it is on."""


class Granted:
    """The app: two tenants, each with stores of its own and every grant, and a platform. Both read `reference`."""

    def __init__(self) -> None:
        self.app = new_app()
        self.stores: dict[str, dict[str, object]] = {}
        """What each grant made, by tenant."""
        self.tenants = [self._tenant(name) for name in ("flights", "payroll")]
        """The tenants."""
        stack = cdk.Stack(self.app, "Shared", env=cdk.Environment(account=ACCOUNT, region=REGION))
        self.platform = Platform(stack, "Platform", tenants=self.tenants)
        """What they share."""

    def _tenant(self, name: str) -> Tenant:
        stack = cdk.Stack(self.app, name, env=cdk.Environment(account=ACCOUNT, region=REGION))
        tenant = Tenant(stack, "Tenant", name=name, dynamodb_prefix_list_id="pl-6fa54006")
        tenant.execution_role.grant_glue_read("reference")
        self.stores[name] = {kind: give(tenant) for kind, give in GRANTS.items()}
        return tenant
