"""The customer managed key of one tenant."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from emrguard import _actions, _arguments, _key_policy
from emrguard._manifest import Owner
from emrguard._regions import service_name


class ApplicationKey(Construct):
    """A KMS key that rotates every year and that only the tenant's own roles and its log services can use.

    The account's root gets administration only: no identity policy, not even an administrator's, is enough to encrypt
    or decrypt with it. Whoever may change the key policy (`kms:PutKeyPolicy`) can still open it; the audit trail shows
    that.

    EMR Serverless itself may use the key for what it keeps of the account's applications: managed logs and the disks of
    workers. The statement names `applications/*`, because the application's id is known only after the application,
    which needs the key, exists.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html

    The key is retained when its stack is deleted.

    ```python
    import aws_cdk as cdk

    from emrguard import ApplicationKey

    stack = cdk.Stack(cdk.App(), "Flights")
    ApplicationKey(stack, "Key", tenant="flights")
    ```

    Args:
        tenant: name of the tenant that owns the key; the alias is `alias/emrguard/<tenant>`.
    """

    def __init__(self, scope: Construct, id: str, *, tenant: str) -> None:
        super().__init__(scope, id)
        owner = Owner(tenant=_arguments.tenant_name(self, tenant))
        self._stack = cdk.Stack.of(self)
        self._log_groups: list[str] = []
        self._macie = False
        self._logs_statement: iam.PolicyStatement | None = None
        self._grants: dict[tuple[str, _actions.Actions], iam.Grant] = {}
        self.key = _key_policy.new_key(self, "Resource", f"Data and logs of tenant {tenant}", self._managed_logs())
        """The key itself. Its own `grant` methods change identity policies only, which this key does not heed."""
        alias = kms.Alias(self, "Alias", alias_name=f"alias/emrguard/{tenant}", target_key=self.key)
        owner.mark(self.key, "key")
        owner.mark(alias, "key")
        owner.tag(self)

    @property
    def key_arn(self) -> str:
        """ARN of the key. EMR Serverless accepts key ARNs only, never an alias."""
        return self.key.key_arn

    def grant_decrypt(self, role: iam.IRole) -> iam.Grant:
        """Let a role decrypt through S3 and EMR Serverless: it can read objects and logs, but has no direct use."""
        return self._grant(role, _actions.DECRYPT)

    def grant_encrypt_decrypt(self, role: iam.IRole) -> iam.Grant:
        """Let a role encrypt and decrypt through S3 and EMR Serverless, as writers of objects must.

        EMR Serverless rejects a job run when its submitter lacks these rights on the key of the logs.
        """
        return self._grant(role, (*_actions.DECRYPT, *_actions.ENCRYPT))

    def grant_disks(self, role: iam.IRole) -> iam.Grant:
        """Let a role submit jobs to workers whose disks the key encrypts. Jobs themselves need no right to that.

        EMR Serverless rejects a job run whose submitter lacks it.
        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/disk-encryption-cmk.html
        """
        return self._grant(role, (*_actions.DESCRIBE_KEY, *_actions.DECRYPT, *_actions.ENCRYPT), ("emr-serverless",))

    def allow_log_group(self, name: str) -> None:
        """Let CloudWatch Logs use the key for one more log group of this account and Region."""
        self._log_groups.append(
            self._stack.format_arn(
                service="logs", resource="log-group", resource_name=name, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
            )
        )
        if self._logs_statement is None:
            self._logs_statement = _key_policy.log_groups(self._stack.region, self._log_groups)
            self.key.add_to_resource_policy(self._logs_statement)
        else:
            self._logs_statement.add_condition("ArnEquals", {"kms:EncryptionContext:aws:logs:arn": self._log_groups})

    def allow_macie(self) -> str:
        """Let Amazon Macie of this account decrypt through S3; returns the ARN of Macie's service-linked role.

        The role is named by a condition, because a key policy can name roles that exist only, and Macie makes its role
        when it is turned on.
        https://docs.aws.amazon.com/macie/latest/user/discovery-supported-encryption-types.html
        """
        stack = self._stack
        role = stack.format_arn(
            service="iam",
            region="",
            resource="role",
            resource_name="aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie",
        )
        if not self._macie:
            self._macie = True
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="Macie",
                    principals=[iam.AnyPrincipal()],
                    actions=list(_actions.DECRYPT),
                    resources=["*"],
                    conditions={
                        "ArnEquals": {"aws:PrincipalArn": role},
                        "StringEquals": {
                            "kms:CallerAccount": stack.account,
                            "kms:ViaService": service_name("s3", stack.region),
                        },
                    },
                )
            )
        return role

    def _grant(
        self, role: iam.IRole, actions: _actions.Actions, services: Sequence[str] = ("s3", "emr-serverless")
    ) -> iam.Grant:
        # Each grant on a prefix asks for the key again: one statement is enough.
        wanted = (role.node.path, actions)
        if wanted not in self._grants:
            self._grants[wanted] = _key_policy.grant_through(self.key, role, actions, self._stack.region, services)
        return self._grants[wanted]

    def _managed_logs(self) -> iam.PolicyStatement:
        applications = self._stack.format_arn(service="emr-serverless", resource="/applications", resource_name="*")
        return iam.PolicyStatement(
            sid="ManagedLogs",
            principals=[iam.ServicePrincipal("emr-serverless.amazonaws.com")],
            actions=[*_actions.DECRYPT, *_actions.ENCRYPT],
            resources=["*"],
            conditions={
                "StringEquals": {"aws:SourceAccount": self._stack.account},
                "ArnLike": {"aws:SourceArn": applications},
            },
        )
