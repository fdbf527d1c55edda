"""An app with two tenants whose jobs have every grant that an execution role can be given."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_msk as msk
from aws_cdk import aws_secretsmanager as secretsmanager
from construct_support import ACCOUNT, REGION, new_app

from emrguard import Platform, Tenant

LAKE = "arn:aws:iam::444455556666:role/Lake"
_BY_IAM = msk.CfnServerlessCluster.ClientAuthenticationProperty(
    sasl=msk.CfnServerlessCluster.SaslProperty(iam=msk.CfnServerlessCluster.IamProperty(enabled=True))
)


class Granted:
    """The app: two tenants, each with stores of its own, and a platform."""

    def __init__(self) -> None:
        self.app = new_app()
        self.stores: dict[str, tuple[dynamodb.TableV2, kinesis.Stream, msk.CfnServerlessCluster]] = {}
        """The table, stream and cluster of each tenant."""
        self.tenants = [self._tenant(name) for name in ("flights", "payroll")]
        """The tenants."""
        stack = cdk.Stack(self.app, "Shared", env=cdk.Environment(account=ACCOUNT, region=REGION))
        self.platform = Platform(stack, "Platform", tenants=self.tenants)
        """What they share."""

    def _tenant(self, name: str) -> Tenant:
        stack = cdk.Stack(self.app, name, env=cdk.Environment(account=ACCOUNT, region=REGION))
        tenant = Tenant(stack, "Tenant", name=name, dynamodb_prefix_list_id="pl-6fa54006")
        role = tenant.execution_role
        role.grant_glue_read(f"{name}_raw")
        role.grant_glue_read("reference")
        role.grant_glue_read_write(name, ["bookings"])
        role.grant_lake_formation_full_table(f"{name}_lake", write=True)
        role.grant_lake_formation_fine_grained(f"{name}_persons", "people", columns=["city"])
        role.grant_lake_formation_fine_grained(f"{name}_persons", "visits", data_filter="own-country")
        table = dynamodb.TableV2(
            stack,
            "Table",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
        )
        role.grant_dynamodb_read_write(table, ["by-day"])
        role.grant_secret_read(
            secretsmanager.Secret.from_secret_name_v2(stack, "Secret", f"{name}/database"),
        )
        stream = kinesis.Stream(stack, "Stream", encryption=kinesis.StreamEncryption.MANAGED)
        role.grant_kinesis_read(stream, name)
        role.grant_kinesis_write(stream)
        cluster = msk.CfnServerlessCluster(
            stack,
            "Cluster",
            cluster_name=name,
            client_authentication=_BY_IAM,
            vpc_configs=[
                msk.CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=tenant.network.subnet_ids, security_groups=[tenant.network.security_group_id]
                )
            ],
        )
        role.grant_kafka_read(cluster.attr_arn, ["departures"])
        role.grant_kafka_write(cluster.attr_arn, ["delays"])
        role.grant_put_metrics(f"Jobs/{name}")
        role.grant_foreign_role(f"{LAKE}-{name}", external_id=name)
        role.grant_foreign_bucket_read(
            f"{name}-partner",
            "reference/",
            owner="444455556666",
            key_arn=f"arn:aws:kms:{REGION}:444455556666:key/00000000-0000-4000-8000-000000000000",
        )
        tenant.own(table, "table")
        tenant.own(stream, "stream")
        tenant.own(cluster, "kafka-cluster")
        self.stores[name] = table, stream, cluster
        return tenant
