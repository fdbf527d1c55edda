"""The role that one tenant's jobs run with."""

from __future__ import annotations

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions, _arguments, _submitting
from emrguard._granting import NO_RESOURCE
from emrguard._grants_abroad import AbroadGrants
from emrguard._grants_lake import LakeGrants
from emrguard._grants_stores import StoreGrants
from emrguard._grants_streams import StreamGrants
from emrguard._handing_over import HandedOver
from emrguard._kept import place_of, unresolved
from emrguard._manifest import Owner
from emrguard.exceptions import ArgumentError
from emrguard.interfaces import INetwork

SERVICE = "emr-serverless.amazonaws.com"

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/(?P<name>[A-Za-z0-9+=,.@_/-]+)")
_NAMESPACE = re.compile(r"[A-Za-z0-9._/#:-]{1,255}")

LONGEST_RUN_POLICY = 2048
"""Characters that StartJobRun takes as `executionIamPolicy.policy`."""


class ExecutionRole(LakeGrants, StoreGrants, StreamGrants, AbroadGrants):
    """A job runtime role that only EMR Serverless can assume, for applications of this account. It may do nothing yet.

    Grant it what its jobs need: `data.grant_read(role, "input/")`, `logs.grant_write(role)`, and for other services by
    the methods of this class. As it is an `iam.Role`, CDK's own grants take it, too; mind that CDK's grants on buckets
    are wider than they look, and open no way through the network.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-runtime-role.html

    ```python
    import aws_cdk as cdk
    from emrguard import ApplicationKey, DataBucket, ExecutionRole

    stack = cdk.Stack(cdk.App(), "Flights")
    data = DataBucket(stack, "Data", tenant="flights", key=ApplicationKey(stack, "Key", tenant="flights"))
    role = ExecutionRole(stack, "ExecutionRole", tenant="flights")
    data.grant_read(role, "input/")
    data.grant_read_write(role, "output/")
    role.grant_glue_read("flights", ["airports", "airlines"])
    ```

    Args:
        tenant: name of the tenant that owns the role.
        require_source_arn: also demand that the request names an application of this account and Region
            (`aws:SourceArn`). Default False: EMR Serverless documents `aws:SourceAccount` for this call, but not
            `aws:SourceArn`; where it is not sent, no job could start.
        network: where jobs run. Each grant of this class then also lets its requests through the network, by the VPC
            endpoint of the service; see `IsolatedNetwork.allow_service`. Default none: see to the endpoints yourself.
        permissions_boundary: the most that the role can ever do, whatever it is granted; default none. `emrguard
            policies boundary` writes one that leaves all that the grants of this class give.

    Raises:
        ArgumentError: the tenant is no name, or the network is another tenant's.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        require_source_arn: bool = False,
        network: INetwork | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
    ) -> None:
        place = place_of(scope)
        if network is not None and network.tenant != tenant:
            path = f"{scope.node.path}/{id}"
            mend = f"pass the network of {tenant}: what is granted would be let through where its jobs do not run"
            raise ArgumentError(path, "network", f"that of {network.tenant}", mend)
        conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": place.account}}
        if require_source_arn:
            conditions["ArnLike"] = {"aws:SourceArn": place.arn("emr-serverless", "/applications/*")}
        super().__init__(
            scope,
            id,
            description=f"Jobs of tenant {_arguments.tenant_name(scope, tenant)} on EMR Serverless",
            assumed_by=iam.ServicePrincipal(SERVICE, conditions=conditions),
            permissions_boundary=permissions_boundary,
        )
        self._network = network
        self._for_owners = {}
        Owner(tenant=tenant).mark_role(self, "execution-role", within=scope)

    @staticmethod
    def from_role_arn(  # type: ignore[override]  # CDK's own asks for no reason, and knows no tenant
        scope: Construct, id: str, role_arn: str, *, tenant: str, because: str, network: INetwork | None = None
    ) -> ExecutionRole:
        """A role of this account that is there already, such as one that the security team makes.

        Nothing is created, and nothing is attached to it. What is granted to it is written down for its owner: `cdk
        synth` lists, in `iam-policy-report.txt` of its output, the policy and the trust policy that the role must have
        (CDK's `Role.customize_roles`). Key and bucket policies of the app name the role as they do one of the app's
        own, and so do the endpoints of the network.

        What else the role may do, and who else may assume it, is unknown: the audit lists the reason, and a proof over
        tenants stays undecided where one of them passes the role.

        ```python
        import aws_cdk as cdk
        from emrguard import ApplicationKey, DataBucket, ExecutionRole

        stack = cdk.Stack(cdk.App(), "Flights", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        data = DataBucket(stack, "Data", tenant="flights", key=ApplicationKey(stack, "Key", tenant="flights"))
        role = ExecutionRole.from_role_arn(
            stack,
            "Jobs",
            "arn:aws:iam::111122223333:role/teams/FlightsJobs",
            tenant="flights",
            because="the security team makes all roles, from the policy report of this app",
        )
        data.grant_read(role, "input/")
        ```

        Args:
            scope: where it is imported.
            id: id of the import.
            role_arn: ARN of the role, plain text; of the account of the stack, as EMR Serverless demands.
            tenant: name of the tenant whose jobs run as it.
            because: why it is trusted; goes into the template.
            network: see `ExecutionRole`.

        Raises:
            ArgumentError: it is no ARN of a role of this account, the reason says nothing, or the network is another
                tenant's.
        """
        path, own = f"{scope.node.path}/{id}", cdk.Stack.of(scope).account
        found = _ROLE_ARN.fullmatch(role_arn)
        if found is None or (not unresolved(own) and found["account"] != own):
            mend = "write arn:aws:iam::<account>:role/<name>, of the account of the stack, as plain text"
            raise ArgumentError(path, "role_arn", role_arn, mend)
        holder = Construct(scope, id)
        iam.Role.customize_roles(holder, use_precreated_roles={f"{path}/Role": found["name"]})
        role = ExecutionRole(holder, "Role", tenant=tenant, network=network)
        HandedOver(holder, "execution-role", because, arn=role.role_arn, for_tenant=tenant)
        return role

    def grant_pass_to_emr_serverless(self, submitter: iam.IRole) -> iam.Grant:
        """Let a role submit jobs that run as this role: `iam:PassRole` to EMR Serverless and to no other service."""
        return _submitting.grant_pass(submitter, self)

    def grant_put_metrics(self, namespace: str) -> iam.Grant:
        """Let jobs put metrics into one namespace of CloudWatch.

        `cloudwatch:PutMetricData` knows no resource; the condition on the namespace is what limits it.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html

        In a VPC this needs the endpoint `monitoring`.

        Raises:
            ArgumentError: it is no name of a namespace, or one of AWS's own.
        """
        if not unresolved(namespace) and (not _NAMESPACE.fullmatch(namespace) or namespace.lower().startswith("aws/")):
            mend = "write a namespace of your own such as 'Flights/Jobs': no wildcard, and none of AWS's"
            raise ArgumentError(self.node.path, "namespace", namespace, mend)
        only = {"StringEquals": {"cloudwatch:namespace": namespace}}
        return self._allow_below(_actions.PUT_METRICS, "*", NO_RESOURCE, only)

    def scoped_down(self, statements: Sequence[iam.PolicyStatement]) -> str:
        """The policy of one job run, for `executionIamPolicy.policy` of StartJobRun (boto3, Step Functions).

        The run may do what both the role and this policy allow, so it can only have less than the role.
        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-iam-policy.html

        Returns:
            The policy as JSON without spaces; a token where it holds values that only the deployment knows.

        Raises:
            ArgumentError: there is no statement, one names a principal, or the text is longer than 2048 characters.
                Of values that only the deployment knows, the length is not counted: StartJobRun refuses what becomes
                longer by them.
        """
        path, where = self.node.path, "statements"
        if not statements:
            raise ArgumentError(path, where, [], "write at least one statement: without any the run may do nothing")
        if any(each.has_principal for each in statements):
            raise ArgumentError(path, where, "a statement with a principal", "leave it out: the run is the principal")
        stack = cdk.Stack.of(self)
        text = stack.to_json_string(iam.PolicyDocument(statements=list(statements)))
        resolved = stack.resolve(text)
        parts = [resolved] if isinstance(resolved, str) else resolved["Fn::Join"][1]
        length = sum(len(part) for part in parts if isinstance(part, str))
        if length > LONGEST_RUN_POLICY:
            mend = f"StartJobRun takes {LONGEST_RUN_POLICY}: name fewer resources, or a common prefix of them"
            raise ArgumentError(path, where, f"{length} characters", mend)
        return resolved if isinstance(resolved, str) else text
