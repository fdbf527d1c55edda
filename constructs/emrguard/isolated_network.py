"""A network of one tenant with no way in and no way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs
from constructs import Construct

from emrguard import _actions, _arguments
from emrguard._manifest import Owner, Part
from emrguard._prefix_lists import s3_prefix_list
from emrguard.application_key import ApplicationKey
from emrguard.data_bucket import TenantBucket
from emrguard.exceptions import ArgumentError
from emrguard.job_logs import JobLogs

_NOWHERE = ec2.CfnSecurityGroup.EgressProperty(
    ip_protocol="icmp",
    from_port=252,
    to_port=86,
    cidr_ip="255.255.255.255/32",
    description="No traffic: without any rule EC2 would allow all",
)

_TAKEN_ADDRESSES = 5 + 3
"""Addresses of a subnet that AWS keeps, and those of the interface endpoints."""


class IsolatedNetwork(Construct):
    """A VPC of its own for the workers of one tenant: private subnets, no internet gateway, no NAT, no peer.

    - The workers' security group has no ingress. It lets 443 out to the VPC endpoints and to S3, nothing else.
    - S3 is reached through a gateway endpoint; CloudWatch Logs, KMS and STS through interface endpoints. Their policies
      name the tenant's buckets, log group and key, and take principals of this account only, so that stolen or smuggled
      credentials of a stranger's account do not work from here. What managed logs need is allowed, too.
    - Every flow is logged for a year, in a log group encrypted with the tenant's key.

    EMR Serverless runs a job in one subnet, one IP a worker; each default subnet holds a thousand workers.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html

    The VPC's default security group keeps AWS's rules, because only a custom resource could remove them; nothing uses
    it.

    ```python
    import aws_cdk as cdk
    from emrguard import ApplicationKey, DataBucket, IsolatedNetwork, JobLogs

    stack = cdk.Stack(cdk.App(), "Flights")
    key = ApplicationKey(stack, "Key", tenant="flights")
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
    ```

    Args:
        tenant: name of the tenant that owns the network.
        key: the tenant's key; encrypts the flow logs, and the KMS endpoint reaches no other key.
        data: the tenant's bucket. The S3 endpoint reaches it and the logs, and no other bucket.
        logs: where the tenant's jobs log to.
        cidr: private IPv4 range of the VPC from /16 to /26, default `10.0.0.0/20`; each subnet gets a quarter of it.
        availability_zones: two to four names, default the first two of the Region. EMR Serverless does not support
            every zone (in us-east-1 not use1-az3, for instance).
            https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/considerations.html
        s3_prefix_list_id: id of `com.amazonaws.<region>.s3`, default from a table of 17 Regions; needed in any other
            one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        key: ApplicationKey,
        data: TenantBucket,
        logs: JobLogs,
        cidr: str = "10.0.0.0/20",
        availability_zones: Sequence[str] | None = None,
        s3_prefix_list_id: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._tenant = _arguments.tenant_name(self, tenant)
        self._owner = Owner(tenant=tenant)
        self._stack = cdk.Stack.of(self)
        self._key, self._data, self._logs = key, data, logs
        subnet_ranges = list(_arguments.network(self, "cidr", cidr).subnets(prefixlen_diff=2))
        zones = self._zones(availability_zones)

        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named("emrguard"),
        )
        self.vpc_id = vpc.ref
        """Id of the VPC."""
        routes = ec2.CfnRouteTable(self, "RouteTable", vpc_id=vpc.ref, tags=self._named("isolated"))
        subnets = []
        for number, (zone, subnet_range) in enumerate(zip(zones, subnet_ranges, strict=False), 1):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{number}",
                vpc_id=vpc.ref,
                cidr_block=str(subnet_range),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=self._named(f"workers {number}"),
            )
            association = ec2.CfnSubnetRouteTableAssociation(
                self, f"Subnet{number}Routes", subnet_id=subnet.ref, route_table_id=routes.ref
            )
            self._mark("subnet", subnet)
            self._mark("route-table", association)
            subnets.append(subnet.ref)
        self.subnet_ids: list[str] = subnets
        """Ids of the workers' subnets, each in a zone of its own."""
        self.worker_addresses = len(subnets) * (subnet_ranges[0].num_addresses - _TAKEN_ADDRESSES)
        """How many IP addresses all subnets together have for workers; each worker takes one."""
        self._mark("vpc", vpc)
        self._mark("route-table", routes)

        endpoint_group = self._security_group("EndpointsSecurityGroup", "VPC endpoints", [_NOWHERE])
        workers = self._security_group(
            "WorkersSecurityGroup",
            "Workers",
            [
                self._https_to("VPC endpoints", destination_security_group_id=endpoint_group.attr_group_id),
                self._https_to("S3", destination_prefix_list_id=s3_prefix_list(self, s3_prefix_list_id)),
            ],
        )
        ingress = ec2.CfnSecurityGroupIngress(
            self,
            "EndpointsIngress",
            group_id=endpoint_group.attr_group_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            source_security_group_id=workers.attr_group_id,
            description="HTTPS from the workers",
        )
        self._mark("security-group", ingress)
        self.security_group_id = workers.attr_group_id
        """Id of the workers' security group."""

        self._endpoint("S3", "s3", self._s3_policy(), vpc_endpoint_type="Gateway", route_table_ids=[routes.ref])
        for name, service, policy in (
            ("Logs", "logs", self._logs_policy()),
            ("Kms", "kms", self._kms_policy()),
            ("Sts", "sts", self._sts_policy()),
        ):
            self._endpoint(
                name,
                service,
                policy,
                vpc_endpoint_type="Interface",
                subnet_ids=self.subnet_ids,
                security_group_ids=[endpoint_group.attr_group_id],
                private_dns_enabled=True,
            )
        self._log_flows()

    def _zones(self, given: Sequence[str] | None) -> list[str]:
        if given is None:
            # Fn::GetAZs and not Stack.availability_zones, which looks the zones up in an account.
            return [cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(2)]
        if isinstance(given, str) or not 2 <= len(given) <= 4 or len(set(given)) != len(given):
            raise ArgumentError(
                self.node.path,
                "availability_zones",
                given,
                "name two to four different Availability Zones of the Region",
            )
        return list(given)

    def _mark(self, part: Part, resource: cdk.CfnResource) -> None:
        self._owner.mark(resource, part)

    def _named(self, name: str) -> list[cdk.CfnTag]:
        return [cdk.CfnTag(key="Name", value=f"{self._tenant} {name}")]

    def _security_group(
        self, id: str, name: str, egress: Sequence[ec2.CfnSecurityGroup.EgressProperty]
    ) -> ec2.CfnSecurityGroup:
        group = ec2.CfnSecurityGroup(
            self,
            id,
            vpc_id=self.vpc_id,
            group_description=f"{name} of tenant {self._tenant}",
            security_group_egress=list(egress),
            tags=self._named(name.lower()),
        )
        self._mark("security-group", group)
        return group

    @staticmethod
    def _https_to(name: str, **destination: str) -> ec2.CfnSecurityGroup.EgressProperty:
        return ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp", from_port=443, to_port=443, description=f"HTTPS to {name}", **destination
        )

    def _endpoint(self, name: str, service: str, policy: list[iam.PolicyStatement], **properties: Any) -> None:
        endpoint = ec2.CfnVPCEndpoint(
            self,
            f"{name}Endpoint",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{self._stack.region}.{service}",
            policy_document=iam.PolicyDocument(statements=policy),
            tags=self._named(service),
            **properties,
        )
        self._mark("vpc-endpoint", endpoint)

    def _allow(
        self, actions: Sequence[str], resources: Sequence[str], conditions: dict[str, Any] | None = None
    ) -> iam.PolicyStatement:
        own = {"StringEquals": {"aws:PrincipalAccount": self._stack.account}}
        return iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=list(actions),
            resources=list(resources),
            conditions=own if conditions is None else conditions,
        )

    def _s3_policy(self) -> list[iam.PolicyStatement]:
        buckets = [self._data.bucket_arn, self._logs.bucket.bucket_arn]
        managed_logs = f"arn:{self._stack.partition}:s3:::prod.{self._stack.region}.appinfo.src"
        return [
            self._allow(
                [*_actions.READ_OBJECTS, *_actions.PUT_OBJECTS, *_actions.DELETE_OBJECTS],
                [f"{bucket}/*" for bucket in buckets],
            ),
            self._allow([*_actions.LIST_OBJECTS, *_actions.LOCATE_BUCKET], buckets),
            # The service's own bucket for managed logs; without it the Spark UI has nothing to show.
            self._allow(
                _actions.PUT_MANAGED_LOGS,
                [managed_logs, f"{managed_logs}/*"],
                {
                    "StringEquals": {
                        "aws:PrincipalServiceName": "emr-serverless.amazonaws.com",
                        "aws:SourceVpc": self.vpc_id,
                    }
                },
            ),
        ]

    def _logs_policy(self) -> list[iam.PolicyStatement]:
        every_group = self._stack.format_arn(
            service="logs", resource="log-group", resource_name="*", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        return [
            self._allow(_actions.WRITE_LOG_GROUP, [self._logs.log_group.log_group_arn]),
            self._allow(_actions.DESCRIBE_LOG_GROUPS, [every_group]),
        ]

    def _kms_policy(self) -> list[iam.PolicyStatement]:
        return [
            self._allow([*_actions.DECRYPT, *_actions.ENCRYPT, *_actions.DESCRIBE_KEY], [self._key.key_arn]),
        ]

    def _sts_policy(self) -> list[iam.PolicyStatement]:
        return [self._allow(_actions.WHO_AM_I, ["*"])]

    def _log_flows(self) -> None:
        """Own L1 flow log and role: CDK's own also lets the role pass itself.

        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
        """
        name = f"/aws/vpc/flow-logs/{self._tenant}"
        self._key.allow_log_group(name)
        group = aws_logs.LogGroup(
            self,
            "FlowLogGroup",
            log_group_name=name,
            encryption_key=self._key.key,
            retention=aws_logs.RetentionDays.ONE_YEAR,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self._owner.mark(group, "log-group")
        flow_logs = self._stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        role = iam.Role(
            self,
            "FlowLogRole",
            description=f"Delivers the flow logs of tenant {self._tenant}",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": self._stack.account},
                    "ArnLike": {"aws:SourceArn": flow_logs},
                },
            ),
        )
        self._owner.mark_all_below(role, "flow-log")
        delivery = iam.Grant.add_to_principal(
            grantee=role, actions=list(_actions.DELIVER_FLOW_LOGS), resource_arns=[group.log_group_arn]
        )
        flow_log = ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
            max_aggregation_interval=60,
            tags=self._named("flows"),
        )
        delivery.apply_before(flow_log)
        self._mark("flow-log", flow_log)
