"""The customer managed key of one tenant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

from emrguard import _actions, _arguments, _key_policy
from emrguard._handing_over import HandedOver, check
from emrguard._kept import ANYONE, as_json, place_of, statement, unresolved
from emrguard._manifest import Owner
from emrguard._regions import service_name
from emrguard.exceptions import ArgumentError
from emrguard_policies.nag import acknowledge

_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:(?P<region>[a-z0-9-]+):\d{12}:key/[A-Za-z0-9-]+")


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
        pending_window: how long AWS KMS waits before it deletes the key, where its removal policy has been changed to
            DESTROY and it leaves the stack: 7 to 30 days, default 30.
            https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html

    Raises:
        ArgumentError: the tenant is no name, or the window is outside of these limits.
    """

    def __init__(self, scope: Construct, id: str, *, tenant: str, pending_window: cdk.Duration | None = None) -> None:
        super().__init__(scope, id)
        owner = Owner(tenant=_arguments.tenant_name(self, tenant))
        self._place = place_of(self, within=scope)
        self._log_groups: list[str] = []
        self._macie = False
        self._logs_statement: iam.PolicyStatement | None = None
        self._grants: dict[tuple[iam.IRole, _actions.Actions], iam.Grant] = {}
        self._policy = _key_policy.new_policy(self._place, self._managed_logs())
        self.key: kms.IKey = _key_policy.new_key(
            self,
            "Resource",
            f"Data and logs of tenant {tenant}",
            self._policy,
            pending_window=_arguments.days(self, "pending_window", pending_window, 7, 30),
        )
        """The key itself. Its own `grant` methods change identity policies only, which this key does not heed."""
        alias = kms.Alias(self, "Alias", alias_name=f"alias/emrguard/{tenant}", target_key=self.key)
        owner.mark(self.key, "key")
        owner.mark(alias, "key")
        owner.tag(self, within=scope)
        self._key_arn = self.key.key_arn

    @staticmethod
    def from_key_arn(scope: Construct, id: str, key_arn: str, *, because: str) -> ImportedKey:
        """A key that is there already, such as one of the security team's account.

        Args:
            scope: where it is imported.
            id: id of the import.
            key_arn: ARN of the key, in the Region of the stack; no alias.
            because: why its owner may decide over the tenant's data; goes into the template.

        Raises:
            ArgumentError: it is no ARN of a key, the key is of another Region, or the reason says nothing.
        """
        return ImportedKey(scope, id, key_arn=key_arn, because=because)

    @property
    def key_arn(self) -> str:
        """ARN of the key. EMR Serverless accepts key ARNs only, never an alias."""
        return self._key_arn

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
        self._log_groups.append(self._place.arn("logs", f"log-group:{name}"))
        if self._logs_statement is None:
            self._logs_statement = statement(_key_policy.log_groups(self._place.region, self._log_groups))
            self._let(self._logs_statement)
        else:
            self._logs_statement.add_condition("ArnEquals", {"kms:EncryptionContext:aws:logs:arn": self._log_groups})

    def allow_macie(self) -> str:
        """Let Amazon Macie of this account decrypt through S3; returns the ARN of Macie's service-linked role.

        The role is named by a condition, because a key policy can name roles that exist only, and Macie makes its role
        when it is turned on.
        https://docs.aws.amazon.com/macie/latest/user/discovery-supported-encryption-types.html
        """
        place = self._place
        name = "aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"
        role = f"arn:{place.partition}:iam::{place.account}:role/{name}"
        if not self._macie:
            self._macie = True
            conditions = {
                "ArnEquals": {"aws:PrincipalArn": role},
                "StringEquals": {
                    "kms:CallerAccount": place.account,
                    "kms:ViaService": service_name("s3", place.region),
                },
            }
            self._let(statement(as_json(_actions.DECRYPT, ["*"], principal=ANYONE, conditions=conditions, sid="Macie")))
        return role

    def _let(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the policy of the key."""
        self._policy.add_statements(statement)

    def accept_for(self, resource: IConstruct) -> None:
        """Acknowledge on a resource what rules say of it because of this key: of an own one nothing."""

    def _grant(
        self, role: iam.IRole, actions: _actions.Actions, services: Sequence[str] = ("s3", "emr-serverless")
    ) -> iam.Grant:
        # Each grant on a prefix asks for the key again: one statement is enough.
        wanted = (role, actions)
        if wanted not in self._grants:
            through = _key_policy.through(self._place.region, services)
            self._let(_key_policy.use_through(role, actions, self._place.region, services))
            self._grants[wanted] = iam.Grant.add_to_principal(
                grantee=role, actions=list(actions), resource_arns=[self._key_arn], conditions=through
            )
        return self._grants[wanted]

    def _managed_logs(self) -> dict[str, Any]:
        return as_json(
            [*_actions.DECRYPT, *_actions.ENCRYPT],
            ["*"],
            principal={"Service": "emr-serverless.amazonaws.com"},
            conditions={
                "StringEquals": {"aws:SourceAccount": self._place.account},
                "ArnLike": {"aws:SourceArn": self._place.arn("emr-serverless", "/applications/*")},
            },
            sid="ManagedLogs",
        )


class ImportedKey(ApplicationKey):
    """A key that is there already: nothing is created. `ApplicationKey.from_key_arn` makes one.

    Its policy stays as its owner has it. `grant_…` and `allow_…` write the half that stands in the policies of roles,
    and collect the other half for the owner: `statements_for_owner`. A warning tells so until it is acknowledged. No
    rule and no proof sees who else may use the key: the reason stands for that.

    ```python
    import aws_cdk as cdk

    from emrguard import ApplicationKey, DataBucket, JobLogs

    stack = cdk.Stack(cdk.App(), "Flights")
    key = ApplicationKey.from_key_arn(
        stack,
        "Key",
        "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        because="the security team keeps all keys in an account of its own",
    )
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    cdk.CfnOutput(stack, "ForTheOwnerOfTheKey", value=key.statements_for_owner())
    cdk.Annotations.of(key).acknowledge_warning("emrguard:imported-key")
    ```

    Args:
        key_arn: ARN of the key, in the Region of the stack; no alias.
        because: why its owner may decide over the tenant's data; goes into the template.

    Raises:
        ArgumentError: it is no ARN of a key, the key is of another Region, or the reason says nothing.
    """

    def __init__(self, scope: Construct, id: str, *, key_arn: str, because: str) -> None:
        check(scope, id, "key_arn", key_arn, _KEY_ARN, "write arn:aws:kms:<region>:<account>:key/<id>, no alias")
        Construct.__init__(self, scope, id)
        self._place = place_of(self, within=scope)
        found, here = _KEY_ARN.fullmatch(key_arn), self._place.region
        if found is not None and not unresolved(here) and found["region"] != here:
            mend = f"use a key of the Region of the stack, {here}: the services take no other one"
            raise ArgumentError(self.node.path, "key_arn", key_arn, mend)
        self._log_groups = []
        self._macie = False
        self._logs_statement = None
        self._grants = {}
        self.key = kms.Key.from_key_arn(self, "Resource", key_arn)
        """The key itself."""
        self._key_arn = key_arn
        self._for_owner = HandedOver(self, "key", because, arn=key_arn)
        self._let(statement(self._managed_logs()))

    def statements_for_owner(self) -> str:
        """What the owner must add to the key's policy for all that is granted: statements, as JSON.

        To be handed over, by a `CfnOutput` for instance.
        """
        return self._for_owner.text()

    def accept_for(self, resource: IConstruct) -> None:
        """Acknowledge on a resource that the key is its owner's, for the reason given."""
        acknowledge(resource, "EMRG156", self._for_owner.reason)

    def _let(self, statement: iam.PolicyStatement) -> None:
        self._for_owner.add(statement)
