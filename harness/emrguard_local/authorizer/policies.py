"""The policies that apply to a request, out of moto's backends. No document is parsed twice while it stays as it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint
from moto.iam.models import ManagedPolicy, Role
from moto.sns.models import Topic

from emrguard_local.authorizer.keys import KeyRef
from emrguard_local.authorizer.needed import Needed
from emrguard_local.authorizer.state import State
from emrguard_local.call import Identity
from emrguard_policies.iam.decide import Policies, ResourcePolicy
from emrguard_policies.iam.model import Policy, PolicyError, PolicyKind, parse

_CACHED = 4096


class UnreadablePolicyError(Exception):
    """A policy that applies to the request does not parse or is gone; the message names it and says why."""

    def __init__(self, by: str, message: str) -> None:
        super().__init__(message)
        self.by = by


class PolicyStore:
    """Collects policies."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._cache: dict[tuple[str, PolicyKind, str | bytes], Policy | PolicyError] = {}
        self._lock = threading.Lock()

    def of_identity(self, identity: Identity | None) -> Policies:
        """The policies of the caller: identity policies, permissions boundary, session policies.

        Raises:
            UnreadablePolicyError: one of them does not parse, or a boundary does not exist.
        """
        if identity is None:
            return Policies()
        principal = identity.principal
        session = identity.session_policies or None
        if principal.kind == "user":
            return Policies(identity=self._user(principal.arn), session=session)
        if principal.kind == "role-session":
            role = self._role(identity)
            if role is None:
                return Policies(session=session)
            own = self._attached(f"role {role.name}", role.policies, role.managed_policies.values())
            return Policies(identity=own, boundary=self._boundary(role), session=session)
        return Policies(session=session)

    def of_resource(self, needed: Needed, *, anonymous: bool) -> ResourcePolicy | None:
        """The policy on the resource of a permission.

        Raises:
            UnreadablePolicyError: it does not parse.
        """
        if needed.kind == "bucket":
            return self._bucket(needed.holder, anonymous=anonymous)
        if needed.kind == "key":
            return self._key(needed.holder, anonymous=anonymous)
        if needed.kind == "topic":
            topic: Topic | None = needed.holder
            if topic is None:
                return None
            return ResourcePolicy(self._parse(topic.policy, f"policy of topic {topic.name}", "resource"))
        if needed.kind == "trust":
            role: Role | None = needed.holder
            if role is None:
                return ResourcePolicy(None, gate=True)
            document = role.assume_role_policy_document
            return ResourcePolicy(self._parse(document, f"trust policy of role {role.name}", "resource"), gate=True)
        return None

    def of_endpoint(self, endpoint: VPCEndPoint) -> Policy:
        """The policy of a VPC endpoint.

        Raises:
            UnreadablePolicyError: it does not parse.
        """
        document: Any = endpoint.policy_document
        return self._parse(document, f"policy of VPC endpoint {endpoint.id}", "resource")

    def _bucket(self, bucket: Any, *, anonymous: bool) -> ResourcePolicy | None:
        if bucket is None or bucket.policy is None:
            return None
        block = bucket.public_access_block
        if anonymous and block is not None and str(block.restrict_public_buckets).lower() == "true":
            return None
        return ResourcePolicy(self._parse(bucket.policy, f"policy of bucket {bucket.name}", "resource"))

    def _key(self, ref: KeyRef, *, anonymous: bool) -> ResourcePolicy | None:
        # KMS answers nobody who has not signed, whatever a key policy says.
        if anonymous:
            return ResourcePolicy(None, gate=True)
        if ref.managed_by is not None:
            return ResourcePolicy(self._parse(_managed_key_policy(ref), f"policy of {ref.arn}", "resource"), gate=True)
        if ref.key is None:
            # Of a key that does not exist the caller may learn just that, if its own policies allow the action.
            missing_here = ref.known and ref.account == self._state.account_id
            return None if missing_here else ResourcePolicy(None, gate=True)
        return ResourcePolicy(self._parse(ref.key.policy, f"policy of key {ref.key.id}", "resource"), gate=True)

    def _user(self, arn: str) -> Sequence[Policy]:
        user = self._state.user(arn)
        if user is None:
            return ()
        found = self._attached(f"user {user.name}", user.policies, user.managed_policies.values())
        for group in list(self._state.iam.groups.values()):
            if user in group.users:
                found += self._attached(f"group {group.name}", group.policies, group.managed_policies.values())
        return found

    def _role(self, identity: Identity) -> Role | None:
        arn = identity.principal.role_arn or ""
        role = self._state.iam.roles.get(identity.user_id.partition(":")[0])
        return role if role is not None and role.arn == arn else self._state.role(arn)

    def _attached(self, owner: str, inline: dict[str, str], managed: Iterable[ManagedPolicy]) -> list[Policy]:
        found = [self._parse(text, f"{name} of {owner}", "identity") for name, text in list(inline.items())]
        return found + [self._managed(policy) for policy in list(managed)]

    def _managed(self, policy: ManagedPolicy) -> Policy:
        for version in policy.versions:
            if version.version_id == policy.default_version_id:
                return self._parse(version.document, policy.arn, "identity")
        raise UnreadablePolicyError("identity-based policy", f"{policy.arn} has no version {policy.default_version_id}")

    def _boundary(self, role: Role) -> Policy | None:
        arn = role.permissions_boundary_arn
        if not arn:
            return None
        policy = self._state.iam.managed_policies.get(arn)
        if policy is None:
            raise UnreadablePolicyError(
                "permissions boundary",
                f"the permissions boundary {arn} of role {role.name} is not in the local cloud; create it first",
            )
        return self._managed(policy)

    def _parse(self, document: str | bytes | dict[str, Any], name: str, kind: PolicyKind) -> Policy:
        text = json.dumps(document) if isinstance(document, dict) else document
        entry = (name, kind, text)
        found = self._cache.get(entry)
        if found is None:
            try:
                found = parse(text.decode() if isinstance(text, bytes) else text, name, kind)
            except UnicodeDecodeError as error:
                found = PolicyError(f"{name}: the policy is not UTF-8: {error}")
            except PolicyError as error:
                found = error
            with self._lock:
                if len(self._cache) >= _CACHED:
                    self._cache.clear()
                self._cache[entry] = found
        if isinstance(found, PolicyError):
            raise UnreadablePolicyError(f"{kind}-based policy", str(found))
        return found


def _managed_key_policy(ref: KeyRef) -> str:
    """The policy that AWS gives the keys that it manages: the account may use them through their service, no other way.

    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
    """
    partition = ref.arn.split(":", 2)[1]
    through = f"{ref.managed_by}.{ref.region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
    read = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    conditions = {"StringEquals": {"kms:CallerAccount": ref.account, "kms:ViaService": through}}
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": use, "Resource": "*", "Condition": conditions},
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{ref.account}:root"},
            "Action": read,
            "Resource": "*",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
