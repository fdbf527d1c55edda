"""A network of one tenant with no way in and no way out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from emrguard import _actions, _arguments, existing_vpc
from emrguard._endpoints import Endpoints, EndpointService, Requests, check_service
from emrguard._flow_logs import log_flows
from emrguard._handing_over import HandedOver, check
from emrguard._kept import arn_of, place_of, statement
from emrguard._manifest import Owner, Part
from emrguard._prefix_lists import prefix_list
from emrguard._reasons import Reasons
from emrguard.exceptions import ArgumentError
from emrguard.existing_vpc import ExistingEndpoint, ExistingVpc
from emrguard.interfaces import IApplicationKey, IDataBucket, IJobLogs
from emrguard_policies.nag import acknowledge

_NOWHERE = ec2.CfnSecurityGroup.EgressProperty(
    ip_protocol="icmp",
    from_port=252,
    to_port=86,
    cidr_ip="255.255.255.255/32",
    description="No traffic: without any rule EC2 would allow all",
)

_VPC = re.compile(r"vpc-[0-9a-f]{8,17}")
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
_GROUPS: WeakKeyDictionary[cdk.Stage, dict[tuple[str, str], str]] = WeakKeyDictionary()
"""Tenants whose workers are in imported security groups, by account and id, in each app or stage."""
_UNSEEN = ("EMRG202", "EMRG203", "EMRG204")
"""Rules about the network of an application that find what no template shows."""
_CIDR = "10.0.0.0/20"
_TAKEN_ADDRESSES = 5
"""Addresses of a subnet that AWS keeps."""


@jsii.implements(ec2.IConnectable)
class IsolatedNetwork(Construct):
    """A VPC of its own for the workers of one tenant: private subnets, no internet gateway, no NAT, no peer.

    Or a part of a VPC that exists already (`vpc`), with security groups, endpoints and flow logs of the tenant's own.

    - The workers' security group has no ingress. It lets 443 out to the VPC endpoints and to S3, nothing else.
    - S3 is reached through a gateway endpoint; CloudWatch Logs, KMS and STS through interface endpoints. Their policies
      name the tenant's buckets, log group and key, and take principals of this account only, so that stolen or smuggled
      credentials of a stranger's account do not work from here. What managed logs need is allowed, too. Whatever else
      jobs need is let through by `allow_service`.
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
        availability_zones: two to four names, or one with `one_zone_because`; default the first two of the Region. EMR
            Serverless does not support every zone (in us-east-1 not use1-az3, for instance).
            https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/considerations.html
        one_zone_because: why one zone is enough, though no job can start while it has no capacity; goes into the
            manifest. Default None: there are two or more.
        vpc: a VPC that exists already, default one of the network's own; see `ExistingVpc`.
        s3_prefix_list_id: id of `com.amazonaws.<region>.s3`, default from a table of 17 Regions; needed in any other
            one.
        dynamodb_prefix_list_id: likewise for DynamoDB, default from a table of 7 Regions; needed where jobs use it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        key: IApplicationKey,
        data: IDataBucket,
        logs: IJobLogs,
        cidr: str = _CIDR,
        availability_zones: Sequence[str] | None = None,
        one_zone_because: str | None = None,
        vpc: ExistingVpc | None = None,
        s3_prefix_list_id: str | None = None,
        dynamodb_prefix_list_id: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.tenant = _arguments.tenant_name(self, tenant)
        """Name of the tenant whose workers run there."""
        self._owner = Owner(tenant=tenant)
        self._owner.tag(self, within=scope)
        self._place = place_of(self, within=scope)
        self._key, self._data, self._logs = key, data, logs
        self._dynamodb_prefix_list_id = dynamodb_prefix_list_id
        self._reasons = Reasons(self)
        self._accepted: dict[str, str] = {}
        self._connections: ec2.Connections | None = None
        self.vpc_id: str
        """Id of the VPC."""
        self.subnet_ids: list[str]
        """Ids of the workers' subnets."""
        if vpc is None:
            existing: dict[EndpointService, ExistingEndpoint] = {}
            route_table_ids = self._make_vpc(cidr, availability_zones, one_zone_because)
        else:
            existing = dict(vpc.endpoints)
            route_table_ids = self._take_vpc(vpc, cidr, availability_zones, one_zone_because)

        endpoint_group = self._security_group("EndpointsSecurityGroup", "VPC endpoints", [_NOWHERE])
        endpoint_group_id = endpoint_group.attr_group_id
        workers = self._security_group(
            "WorkersSecurityGroup",
            "Workers",
            [
                self._https_to("VPC endpoints", destination_security_group_id=endpoint_group_id),
                self._https_to("S3", destination_prefix_list_id=prefix_list(self, "s3", s3_prefix_list_id)),
            ],
        )
        self.security_group_id = workers.attr_group_id
        """Id of the workers' security group."""
        ingress = ec2.CfnSecurityGroupIngress(
            self,
            "EndpointsIngress",
            group_id=endpoint_group_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            source_security_group_id=self.security_group_id,
            description="HTTPS from the workers",
        )
        self._mark("security-group", ingress)
        self._owner.mark(workers, "security-group", self._reasons.given)
        self._endpoints: Endpoints | _Elsewhere = Endpoints(
            self,
            self._owner,
            vpc_id=self.vpc_id,
            subnet_ids=self.subnet_ids,
            route_table_ids=route_table_ids,
            security_group_id=endpoint_group_id,
            existing=existing,
            claim=None if vpc is None else partial(existing_vpc.claim, self, vpc.vpc),
        )
        for service, endpoint in existing.items():
            if endpoint.security_group is not None:
                endpoint.security_group.connections.allow_from(self, ec2.Port.HTTPS, f"Workers of {tenant}: {service}")
        self._allow_basics()
        if vpc is None:
            log_flows(self, tenant, key, "VPC", [self.vpc_id])
        elif vpc.flow_logs_because is None:
            log_flows(self, tenant, key, "Subnet", self.subnet_ids)

    @staticmethod
    def from_network_attributes(
        scope: Construct,
        id: str,
        *,
        tenant: str,
        vpc_id: str,
        subnet_ids: Sequence[str],
        security_group_id: str,
        key: IApplicationKey,
        data: IDataBucket,
        logs: IJobLogs,
        because: str,
    ) -> ImportedNetwork:
        """Subnets, security group and endpoints that are there already; see `ImportedNetwork` for the arguments."""
        return ImportedNetwork(
            scope,
            id,
            tenant=tenant,
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            security_group_id=security_group_id,
            key=key,
            data=data,
            logs=logs,
            because=because,
        )

    @property
    def connections(self) -> ec2.Connections:
        """Lets workers reach data stores in the VPC: `network.connections.allow_to(cluster, ec2.Port.tcp(9098))`.

        Rules for workers that come of it carry the tenant's mark.
        """
        if self._connections is None:
            workers = ec2.SecurityGroup.from_security_group_id(
                self, "Workers", self.security_group_id, allow_all_outbound=False
            )
            self._owner.mark_all_below(workers, "security-group")
            self._connections = ec2.Connections(security_groups=[workers])
        return self._connections

    def accept_for(self, application: IConstruct) -> None:
        """Acknowledge on an application what rules would say of it because of this network, for the reasons given.

        The applications of this package call it.
        """
        for rule, reason in self._accepted.items():
            acknowledge(application, rule, reason)

    @property
    def worker_addresses(self) -> int | None:
        """How many IP addresses all subnets together have for workers; each worker takes one.

        In an existing VPC others take some of them, too. None where CDK does not know the ranges of the subnets.
        """
        if self._addresses is None:
            return None
        return sum(each - _TAKEN_ADDRESSES - self._endpoints.addresses for each in self._addresses)

    def allow_service(
        self,
        role: iam.IRole,
        service: EndpointService,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Let requests of a role to a service through the network, as jobs need that use Glue or secrets.

        The first call for a service makes its VPC endpoint, in all subnets of the network, with private DNS, and with a
        policy that lets these requests through and no other one; each further call adds to the policy. This grants
        nothing to the role.

        Args:
            role: whose requests; the tenant's execution role, or a role of another account that it assumes.
            service: as the endpoint's name ends: `s3`, `dynamodb`, `logs`, `kms`, `sts`, `glue`, `lakeformation`,
                `secretsmanager`, `kinesis-streams`, `monitoring` (CloudWatch metrics) or `aps-workspaces` (Prometheus).
            actions: IAM actions, such as `["glue:GetTable"]`.
            resources: ARNs that the actions are for; `*` for actions without resources.
            conditions: further conditions, by operator and key; default none.

        Raises:
            ArgumentError: the service is none of these, or nothing is named, or the DynamoDB prefix list of the Region
                is not known and not given.
        """
        for argument, names in (("actions", actions), ("resources", resources)):
            if isinstance(names, str) or not names:
                raise ArgumentError(self.node.path, argument, names, "write a list with at least one")
        if service == "dynamodb" and service not in self._endpoints:
            self._open_dynamodb()
        whose: dict[str, dict[str, Any]] = {
            "StringEquals": {"aws:PrincipalAccount": role.principal_account or self._place.account},
            "ArnEquals": {"aws:PrincipalArn": arn_of(role)},
        }
        for operator, keys in (conditions or {}).items():
            whose[operator] = {**keys, **whose.get(operator, {})}
        self._endpoints.allow(service, Requests(actions, resources, whose))

    def _open_dynamodb(self) -> None:
        """A gateway endpoint is a route to public addresses of the service: the workers' group must let them."""
        listed = prefix_list(self, "dynamodb", self._dynamodb_prefix_list_id)
        rule = ec2.CfnSecurityGroupEgress(
            self,
            "DynamoDbEgress",
            group_id=self.security_group_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            destination_prefix_list_id=listed,
            description="HTTPS to DynamoDB",
        )
        self._mark("security-group", rule)

    def _make_vpc(self, cidr: str, zones: Sequence[str] | None, one_zone_because: str | None) -> list[str]:
        """A VPC with private subnets; returns its route tables."""
        subnet_ranges = list(_arguments.network(self, "cidr", cidr).subnets(prefixlen_diff=2))
        names = self._zones(zones)
        self._check_zones("availability_zones", names, len(names) == 1, one_zone_because, acknowledge=True)
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named("emrguard"),
        )
        self.vpc_id, self.subnet_ids = vpc.ref, []
        routes = ec2.CfnRouteTable(self, "RouteTable", vpc_id=self.vpc_id, tags=self._named("isolated"))
        routes_id = routes.ref
        for number, (zone, subnet_range) in enumerate(zip(names, subnet_ranges, strict=False), 1):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{number}",
                vpc_id=self.vpc_id,
                cidr_block=str(subnet_range),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=self._named(f"workers {number}"),
            )
            self.subnet_ids.append(subnet.ref)
            association = ec2.CfnSubnetRouteTableAssociation(
                self, f"Subnet{number}Routes", subnet_id=self.subnet_ids[-1], route_table_id=routes_id
            )
            self._mark("subnet", subnet)
            self._mark("route-table", association)
        self._addresses: list[int] | None = [subnet_ranges[0].num_addresses] * len(names)
        self._mark("vpc", vpc)
        self._mark("route-table", routes)
        return [routes_id]

    def _take_vpc(
        self, given: ExistingVpc, cidr: str, zones: Sequence[str] | None, one_zone_because: str | None
    ) -> list[str]:
        """A VPC that exists already; returns the route tables of the workers' subnets, if S3 or DynamoDB need them."""
        if zones is not None or cidr != _CIDR:
            argument, value = ("cidr", cidr) if cidr != _CIDR else ("availability_zones", zones)
            raise ArgumentError(self.node.path, argument, value, "leave it out: vpc.subnets says where workers run")
        existing_vpc.check_endpoints(self, given)
        self._reasons.take("vpc.because", given.because)
        self._reasons.take("vpc.flow_logs_because", given.flow_logs_because)
        for service, endpoint in given.endpoints.items():
            self._reasons.take(f"vpc.endpoints.{service}.because", endpoint.because)
        subnets, one_zone = existing_vpc.select(self, given)
        in_app = all(isinstance(subnet.node.default_child, ec2.CfnSubnet) for subnet in subnets)
        names = [subnet.node.path for subnet in subnets]
        acknowledge = in_app or len(subnets) == 1
        self._check_zones("vpc.subnets", names, one_zone, one_zone_because, acknowledge=acknowledge)
        if not in_app:
            self._accepted["EMRG202"] = self._reasons.given["vpc.because"]
        self.vpc_id, self.subnet_ids = given.vpc.vpc_id, [subnet.subnet_id for subnet in subnets]
        self._addresses = existing_vpc.addresses(subnets)
        return existing_vpc.route_tables(self, subnets) if "s3" not in given.endpoints else []

    def _zones(self, given: Sequence[str] | None) -> list[str]:
        if given is None:
            # Fn::GetAZs and not Stack.availability_zones, which looks the zones up in an account.
            return [cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(2)]
        if isinstance(given, str) or not 1 <= len(given) <= 4 or len(set(given)) != len(given):
            mend = "name two to four different Availability Zones of the Region"
            raise ArgumentError(self.node.path, "availability_zones", given, mend)
        return list(given)

    def _check_zones(
        self, argument: str, value: Sequence[str], one_zone: bool, because: str | None, *, acknowledge: bool
    ) -> None:
        """One zone needs a reason; a reason needs one zone."""
        if self._reasons.take("one_zone_because", because) != one_zone:
            mend = (
                "name two to four different zones, so that jobs run when one has no capacity, or say one_zone_because"
                if one_zone
                else "leave one_zone_because out: there are several zones, or CDK does not know them"
            )
            raise ArgumentError(self.node.path, argument, list(value), mend)
        if one_zone and acknowledge:
            self._accepted["EMRG206"] = self._reasons.given["one_zone_because"]

    def _mark(self, part: Part, resource: cdk.CfnResource) -> None:
        self._owner.mark(resource, part)

    def _named(self, name: str) -> list[cdk.CfnTag]:
        return [cdk.CfnTag(key="Name", value=f"{self.tenant} {name}")]

    def _security_group(
        self, id: str, name: str, egress: Sequence[ec2.CfnSecurityGroup.EgressProperty]
    ) -> ec2.CfnSecurityGroup:
        group = ec2.CfnSecurityGroup(
            self,
            id,
            vpc_id=self.vpc_id,
            group_description=f"{name} of tenant {self.tenant}",
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

    def _allow_basics(self) -> None:
        """What every job needs: the tenant's buckets, log group and key, and managed logs."""
        allow, place = self._endpoints.allow, self._place
        buckets = [self._data.bucket_arn, self._logs.bucket.bucket_arn]
        objects = [f"{bucket}/*" for bucket in buckets]
        # The service's own bucket for managed logs; without it the Spark UI has nothing to show.
        managed_logs = f"arn:{place.partition}:s3:::prod.{place.region}.appinfo.src"
        service = {"aws:PrincipalServiceName": "emr-serverless.amazonaws.com", "aws:SourceVpc": self.vpc_id}
        allow(
            "s3",
            Requests([*_actions.READ_OBJECTS, *_actions.PUT_OBJECTS, *_actions.DELETE_OBJECTS], objects),
            Requests([*_actions.LIST_OBJECTS, *_actions.LOCATE_BUCKET], buckets),
            Requests(_actions.PUT_MANAGED_LOGS, [managed_logs, f"{managed_logs}/*"], {"StringEquals": service}),
        )
        allow(
            "logs",
            Requests(_actions.WRITE_LOG_GROUP, [self._logs.log_group.log_group_arn]),
            Requests(_actions.DESCRIBE_LOG_GROUPS, [place.arn("logs", "log-group:*")]),
        )
        key_use = [*_actions.DECRYPT, *_actions.ENCRYPT, *_actions.DESCRIBE_KEY]
        allow("kms", Requests(key_use, [self._key.key_arn]))
        allow("sts", Requests(_actions.WHO_AM_I, ["*"]))


class _Elsewhere:
    """Endpoints that others have, with policies that only they change."""

    addresses = 0

    def __init__(self, scope: Construct, because: str, **facts: str) -> None:
        self._scope, self._account = scope, place_of(scope).account
        self.for_owner = HandedOver(scope, "vpc", because, **facts)

    def __contains__(self, service: str) -> bool:
        return True

    def allow(self, service: EndpointService, *requests: Requests) -> None:
        """More statements for the policy of the service's endpoint."""
        check_service(self._scope, "service", service)
        for each in requests:
            self.for_owner.add(statement(each.as_json(self._account)), service)


class ImportedNetwork(IsolatedNetwork):
    """A network that is there already: nothing is created. `IsolatedNetwork.from_network_attributes` makes one.

    For subnets, security group and endpoints that a network team makes in an app of its own. Where the VPC alone is
    theirs, `ExistingVpc` gives the tenant groups and endpoints of its own, which the audit judges.

    What jobs need let through is collected for the owner, as statements for the policy of each endpoint:
    `statements_for_owner`. A warning tells so until it is acknowledged. The security group must let 443 out to the
    endpoints and to S3, and nothing in. Where its routes lead, what the group lets through and whether flows are logged
    is not seen from here: the reason stands for that, and the rules about it are acknowledged with it.

    Rules that `connections` adds to the security group stand in this stack.

    ```python
    import aws_cdk as cdk
    from emrguard import ApplicationKey, DataBucket, IsolatedNetwork, JobLogs, SparkApplication

    stack = cdk.Stack(cdk.App(), "Flights")
    key = ApplicationKey(stack, "Key", tenant="flights")
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    network = IsolatedNetwork.from_network_attributes(
        stack,
        "Network",
        tenant="flights",
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        security_group_id="sg-0123456789abcdef0",
        key=key,
        data=data,
        logs=logs,
        because="the network team makes a closed segment for each tenant, and reviews it",
    )
    SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key)
    for service, statements in network.statements_for_owner().items():
        cdk.CfnOutput(stack, f"EndpointPolicy{service.title().replace('-', '')}", value=statements)
    cdk.Annotations.of(network).acknowledge_warning("emrguard:imported-vpc")
    ```

    Args:
        tenant: name of the tenant whose workers run there.
        vpc_id: id of the VPC.
        subnet_ids: ids of the workers' subnets, private ones in at least two zones.
        security_group_id: id of the workers' security group.
        key: the tenant's key.
        data: the tenant's bucket.
        logs: where the tenant's jobs log to.
        because: why it is as closed as an `IsolatedNetwork`; goes into the template.

    Raises:
        ArgumentError: an id has another form, a subnet stands twice or alone, the group is another tenant's, or the
            reason says nothing.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        vpc_id: str,
        subnet_ids: Sequence[str],
        security_group_id: str,
        key: IApplicationKey,
        data: IDataBucket,
        logs: IJobLogs,
        because: str,
    ) -> None:
        check(scope, id, "vpc_id", vpc_id, _VPC, "write an id such as vpc-0123456789abcdef0")
        if isinstance(subnet_ids, str) or len(set(subnet_ids)) < 2 or len(set(subnet_ids)) != len(subnet_ids):
            mend = "write a list of two subnets or more, in different zones, each once"
            raise ArgumentError(f"{scope.node.path}/{id}", "subnet_ids", subnet_ids, mend)
        for subnet in subnet_ids:
            check(scope, id, "subnet_ids", subnet, _SUBNET, "write ids such as subnet-0123456789abcdef0")
        check(scope, id, "security_group_id", security_group_id, _GROUP, "write an id such as sg-0123456789abcdef0")
        Construct.__init__(self, scope, id)
        self.tenant = _arguments.tenant_name(self, tenant)
        """Name of the tenant whose workers run there."""
        self._owner = Owner(tenant=tenant)
        self._place = place_of(self, within=scope)
        self._key, self._data, self._logs = key, data, logs
        self._connections = None
        self._addresses = None
        self.vpc_id = vpc_id
        """Id of the VPC."""
        self.subnet_ids = list(subnet_ids)
        """Ids of the workers' subnets."""
        self.security_group_id = security_group_id
        """Id of the workers' security group."""
        self._claim_group()
        elsewhere = _Elsewhere(self, because, vpc=vpc_id, security_group=security_group_id, for_tenant=tenant)
        self._endpoints, self._for_owner = elsewhere, elsewhere.for_owner
        self._accepted = dict.fromkeys(_UNSEEN, self._for_owner.reason)
        self._allow_basics()

    def _claim_group(self) -> None:
        """A security group has the workers of one tenant."""
        root = cdk.Stage.of(self)
        claimed = {} if root is None else _GROUPS.setdefault(root, {})
        other = claimed.setdefault((self._place.account, self.security_group_id), self.tenant)
        if other != self.tenant:
            mend = f"it has the workers of {other}: ask for one of {self.tenant}'s own"
            raise ArgumentError(self.node.path, "security_group_id", self.security_group_id, mend)

    def statements_for_owner(self) -> dict[str, str]:
        """What the policies of the endpoints must let through for what was granted so far: JSON, by service.

        To be handed over, by a `CfnOutput` for each. A service that is not named needs no endpoint.
        """
        return self._for_owner.by_place()
