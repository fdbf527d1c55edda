"""Who an access key belongs to: IAM users of moto's IAM, and the sessions that STS hands out here."""

from __future__ import annotations

import json
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import IAMBackend, Role, User, iam_backends

from emrguard_local.call import Identity
from emrguard_local.credentials import Credentials
from emrguard_local.signature import SignatureError
from emrguard_policies.iam.decide import Principal
from emrguard_policies.iam.model import Policy

ADMIN = "admin"
_KEY_LETTERS = string.ascii_uppercase + "234567"
_SECRET_LETTERS = string.ascii_letters + string.digits + "+/"
_INVALID = "The security token included in the request is invalid."


@dataclass(frozen=True)
class Bearer:
    """An access key that is good: its secret and whose it is."""

    secret: str = field(repr=False)
    identity: Identity


@dataclass(frozen=True)
class _Session:
    credentials: Credentials
    identity: Identity
    owner_id: str
    """The unique id of the role or user; a session ends with its owner."""


class Identities:
    """The access keys of one account."""

    def __init__(self, account_id: str, partition: str) -> None:
        self._account_id = account_id
        self._partition = partition
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    @property
    def iam(self) -> IAMBackend:
        """Moto's IAM of the account."""
        return iam_backends[self._account_id][self._partition]

    def create_admin(self) -> Credentials:
        """Create the IAM user `admin`, who may do everything, and give its access key."""
        self.iam.create_user(self._region, ADMIN)
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        self.iam.put_user_policy(ADMIN, "administrator", json.dumps(document))
        key = self.iam.create_access_key(ADMIN, prefix="AKIA")
        return Credentials(key.access_key_id, key.secret_access_key)

    def bearer(self, access_key_id: str, session_token: str | None, now: datetime) -> Bearer:
        """Whose key it is.

        Raises:
            SignatureError: unknown or inactive key, wrong session token, expired or ended session.
        """
        session = self._sessions.get(access_key_id)
        if session is not None:
            return self._session_bearer(session, session_token, now)
        key = self.iam.access_keys.get(access_key_id)
        if key is None or key.status != "Active" or key.user_name is None:
            raise SignatureError("unknown-key", _INVALID)
        user = self._user(key.user_name)
        if user is None or not user.has_access_key(access_key_id):
            raise SignatureError("unknown-key", _INVALID)
        if session_token is not None:
            raise SignatureError("wrong-token", _INVALID)
        return Bearer(key.secret_access_key, self._user_identity(user, access_key_id))

    def _session_bearer(self, session: _Session, session_token: str | None, now: datetime) -> Bearer:
        credentials = session.credentials
        if session_token is None or not secrets.compare_digest(
            session_token.encode(), (credentials.session_token or "").encode()
        ):
            raise SignatureError("wrong-token", _INVALID)
        if credentials.expiration is not None and now >= credentials.expiration:
            with self._lock:
                self._sessions.pop(credentials.access_key_id, None)
            raise SignatureError("expired-token", "The provided token has expired.")
        identity = session.identity
        owner = self.iam.roles if identity.principal.kind == "role-session" else self._user_ids()
        if session.owner_id not in owner:
            raise SignatureError("unknown-key", _INVALID)
        issued = identity.session_issued_at
        if identity.mfa and issued is not None:
            age = str(int((now - issued).total_seconds()))
            identity = replace(identity, context={**identity.context, "aws:MultiFactorAuthAge": age})
        return Bearer(credentials.secret_access_key, identity)

    def _user_ids(self) -> set[str]:
        return {str(user.id) for user in list(self.iam.users.values())}

    def _user(self, name: str) -> User | None:
        return self.iam.users.get(name)

    def role(self, role_arn: str) -> Role | None:
        """The role with this ARN."""
        return next((role for role in list(self.iam.roles.values()) if role.arn == role_arn), None)

    def _user_identity(self, user: User, access_key_id: str) -> Identity:
        tags = self.iam.tagger.get_tag_dict_for_resource(user.arn)
        return Identity(
            principal=Principal("user", user.arn, self._account_id),
            access_key_id=access_key_id,
            context={
                "aws:userid": user.id,
                "aws:username": user.name,
                **{f"aws:PrincipalTag/{name}": value for name, value in tags.items()},
            },
            user_id=user.id,
        )

    def open_role_session(
        self,
        role: Role,
        session_name: str,
        *,
        seconds: int,
        now: datetime,
        mfa: bool = False,
        source_identity: str | None = None,
        tags: Mapping[str, str] | None = None,
        transitive: frozenset[str] = frozenset(),
        policies: tuple[Policy, ...] = (),
        context: Mapping[str, str] | None = None,
        subnet: str = "",
    ) -> tuple[Credentials, Identity]:
        """A new session of a role, for a caller who has been allowed to assume it."""
        tags = dict(tags or {})
        principal_tags = {tag["Key"]: tag["Value"] for tag in role.tags or []} | tags
        user_id = f"{role.id}:{session_name}"
        keys: dict[str, str | list[str]] = {
            "aws:userid": user_id,
            "aws:TokenIssueTime": _iso(now),
            "aws:MultiFactorAuthPresent": "true" if mfa else "false",
            **{f"aws:PrincipalTag/{name}": value for name, value in principal_tags.items()},
            **(context or {}),
        }
        if source_identity:
            keys["aws:SourceIdentity"] = source_identity
        arn = f"arn:{self._partition}:sts::{self._account_id}:assumed-role/{role.name}/{session_name}"
        identity = Identity(
            principal=Principal("role-session", arn, self._account_id, role.arn),
            access_key_id=_new_key_id(),
            context=keys,
            session_policies=policies,
            session_issued_at=now,
            mfa=mfa,
            source_identity=source_identity,
            user_id=user_id,
            session_tags=tags,
            transitive_tags=transitive,
            subnet=subnet,
        )
        return self._open(identity, role.id, seconds, now), identity

    def open_user_session(self, user: Identity, *, seconds: int, now: datetime, mfa: bool) -> Credentials:
        """A session of a user, as sts:GetSessionToken gives."""
        identity = replace(
            user,
            access_key_id=_new_key_id(),
            context={
                **user.context,
                "aws:TokenIssueTime": _iso(now),
                "aws:MultiFactorAuthPresent": "true" if mfa else "false",
            },
            session_issued_at=now,
            mfa=mfa,
        )
        return self._open(identity, user.user_id, seconds, now)

    def _open(self, identity: Identity, owner_id: str, seconds: int, now: datetime) -> Credentials:
        credentials = Credentials(
            identity.access_key_id,
            "".join(secrets.choice(_SECRET_LETTERS) for _ in range(40)),
            secrets.token_urlsafe(200),
            (now + timedelta(seconds=seconds)).replace(microsecond=0),
        )
        with self._lock:
            ended = [key for key, each in self._sessions.items() if _long_over(each, now)]
            for key in ended:
                del self._sessions[key]
            self._sessions[credentials.access_key_id] = _Session(credentials, identity, owner_id)
        return credentials

    @property
    def _region(self) -> str:
        return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(self._partition, "us-east-1")


def _long_over(session: _Session, now: datetime) -> bool:
    # An ended session is known for another hour, so that its bearer hears "expired" and not "unknown".
    expiration = session.credentials.expiration
    return expiration is not None and now - expiration > timedelta(hours=1)


def _new_key_id() -> str:
    return "ASIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_mfa(identity: Identity) -> Identity:
    """The identity of a call that carries a good code of an MFA device."""
    context: dict[str, Any] = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    return replace(identity, mfa=True, context={**identity.context, **context})
