"""KMS. The policy of a key is the gate of everything that is done with it.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emrguard_local.authorizer import keys
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.keys import KeyRef
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    on_anything,
    request_tags,
    tag_keys,
    tag_list,
)

_KEY_ID_BYTES = 36
_CREATING = {
    "KeySpec": "kms:KeySpec",
    "KeyUsage": "kms:KeyUsage",
    "MultiRegion": "kms:MultiRegion",
    "Origin": "kms:KeyOrigin",
    "BypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck",
}
_BOOLEANS = {True: "true", False: "false"}


def _text(value: Any) -> str:
    return _BOOLEANS[value] if isinstance(value, bool) else str(value)


def _tags(asked: Asked) -> dict[str, Value]:
    return request_tags(tag_list(asked.parameters.get("Tags"), "TagKey", "TagValue"))


def _on_key(action: str, parameter: str = "KeyId", **context_of: str) -> Rule:
    """An action on the key that a parameter names; `context_of` maps parameters to condition keys."""

    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        context: dict[str, Value] = {
            key: _text(parameters[name]) for name, key in context_of.items() if parameters.get(name) is not None
        }
        ref = keys.resolve(asked, str(parameters[parameter]), asked.region)
        return (keys.use(asked, action, ref, context),)

    return rule


def _cryptographic(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        ref = keys.resolve(asked, str(asked.parameters["KeyId"]), asked.region)
        return (keys.use(asked, action, ref, _context(asked, "EncryptionContext")),)

    return rule


def _context(asked: Asked, parameter: str) -> dict[str, Value]:
    context = keys.encryption_context(asked.parameters.get(parameter) or {})
    for name, key in (("EncryptionAlgorithm", "kms:EncryptionAlgorithm"), ("SigningAlgorithm", "kms:SigningAlgorithm")):
        if asked.parameters.get(name):
            context[key] = str(asked.parameters[name])
    return context


def _encrypted_with(asked: Asked, name: str | None) -> KeyRef:
    """The key of a ciphertext: as the call says, or as moto writes it at the beginning of the ciphertext."""
    if name is None:
        blob = asked.parameters.get("CiphertextBlob")
        try:
            name = bytes(blob or b"")[:_KEY_ID_BYTES].decode("ascii")
        except (TypeError, UnicodeDecodeError) as error:
            raise CannotTellError("the ciphertext does not tell its key: give KeyId") from error
    return keys.resolve(asked, name, asked.region)


def _decrypt(asked: Asked) -> Iterable[Needed]:
    name = asked.parameters.get("KeyId")
    ref = _encrypted_with(asked, None if name is None else str(name))
    return (keys.use(asked, "kms:Decrypt", ref, _context(asked, "EncryptionContext")),)


def _re_encrypt(asked: Asked) -> Iterable[Needed]:
    name = asked.parameters.get("SourceKeyId")
    source = _encrypted_with(asked, None if name is None else str(name))
    target = keys.resolve(asked, str(asked.parameters["DestinationKeyId"]), asked.region)
    same: dict[str, Value] = {"kms:ReEncryptOnSameKey": _BOOLEANS[source.arn == target.arn]}
    yield keys.use(asked, "kms:ReEncryptFrom", source, _context(asked, "SourceEncryptionContext") | same)
    yield keys.use(asked, "kms:ReEncryptTo", target, _context(asked, "DestinationEncryptionContext") | same)


def _create_key(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    tags = _tags(asked)
    context = {key: _text(parameters[name]) for name, key in _CREATING.items() if parameters.get(name) is not None}
    yield Needed("kms:CreateKey", "*", {**context, **tags})
    if tags:
        yield Needed("kms:TagResource", "*", tags)


def _alias(asked: Asked) -> Needed:
    return Needed(f"kms:{asked.call.operation}", asked.arn("kms", str(asked.parameters["AliasName"])))


def _create_alias(asked: Asked) -> Iterable[Needed]:
    yield _alias(asked)
    yield from _on_key("kms:CreateAlias", "TargetKeyId")(asked)


def _of_alias(asked: Asked, action: str) -> Needed:
    ref = keys.resolve(asked, str(asked.parameters["AliasName"]), asked.region)
    return keys.use(asked, action, ref)


def _update_alias(asked: Asked) -> Iterable[Needed]:
    yield _alias(asked)
    yield _of_alias(asked, "kms:UpdateAlias")
    yield from _on_key("kms:UpdateAlias", "TargetKeyId")(asked)


def _delete_alias(asked: Asked) -> Iterable[Needed]:
    return (_alias(asked), _of_alias(asked, "kms:DeleteAlias"))


def _create_grant(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    context: dict[str, Value] = {
        "kms:GrantOperations": [str(each) for each in parameters.get("Operations") or ()],
        "kms:GranteePrincipal": str(parameters["GranteePrincipal"]),
        "kms:GrantIsForAWSResource": "false",
    }
    if parameters.get("RetiringPrincipal"):
        context["kms:RetiringPrincipal"] = str(parameters["RetiringPrincipal"])
    constraints: Mapping[str, Any] = parameters.get("Constraints") or {}
    if constraints:
        context["kms:GrantConstraintType"] = next(iter(constraints))
    ref = keys.resolve(asked, str(parameters["KeyId"]), asked.region)
    return (keys.use(asked, "kms:CreateGrant", ref, context),)


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        context = _tags(asked)
        if asked.parameters.get("TagKeys"):
            context |= tag_keys(asked.parameters["TagKeys"])
        ref = keys.resolve(asked, str(asked.parameters["KeyId"]), asked.region)
        return (keys.use(asked, action, ref, context),)

    return rule


_LOCKOUT = {"BypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck"}

TABLE: Table = {
    "CancelKeyDeletion": _on_key("kms:CancelKeyDeletion"),
    "CreateAlias": _create_alias,
    "CreateGrant": _create_grant,
    "CreateKey": _create_key,
    "Decrypt": _decrypt,
    "DeleteAlias": _delete_alias,
    "DescribeKey": _on_key("kms:DescribeKey"),
    "DisableKey": _on_key("kms:DisableKey"),
    "DisableKeyRotation": _on_key("kms:DisableKeyRotation"),
    "EnableKey": _on_key("kms:EnableKey"),
    "EnableKeyRotation": _on_key("kms:EnableKeyRotation", RotationPeriodInDays="kms:RotationPeriodInDays"),
    "Encrypt": _cryptographic("kms:Encrypt"),
    "GenerateDataKey": _cryptographic("kms:GenerateDataKey"),
    "GenerateDataKeyWithoutPlaintext": _cryptographic("kms:GenerateDataKeyWithoutPlaintext"),
    "GenerateMac": _cryptographic("kms:GenerateMac"),
    "GenerateRandom": on_anything("kms:GenerateRandom"),
    "GetKeyPolicy": _on_key("kms:GetKeyPolicy"),
    "GetKeyRotationStatus": _on_key("kms:GetKeyRotationStatus"),
    "GetPublicKey": _on_key("kms:GetPublicKey"),
    "ListAliases": on_anything("kms:ListAliases"),
    "ListGrants": _on_key("kms:ListGrants"),
    "ListKeyPolicies": _on_key("kms:ListKeyPolicies"),
    "ListKeyRotations": _on_key("kms:ListKeyRotations"),
    "ListKeys": on_anything("kms:ListKeys"),
    "ListResourceTags": _on_key("kms:ListResourceTags"),
    "PutKeyPolicy": _on_key("kms:PutKeyPolicy", **_LOCKOUT),
    "ReEncrypt": _re_encrypt,
    "RevokeGrant": _on_key("kms:RevokeGrant"),
    "RotateKeyOnDemand": _on_key("kms:RotateKeyOnDemand"),
    "ScheduleKeyDeletion": _on_key(
        "kms:ScheduleKeyDeletion", PendingWindowInDays="kms:ScheduleKeyDeletionPendingWindowInDays"
    ),
    "Sign": _cryptographic("kms:Sign"),
    "TagResource": _tagging("kms:TagResource"),
    "UntagResource": _tagging("kms:UntagResource"),
    "UpdateAlias": _update_alias,
    "UpdateKeyDescription": _on_key("kms:UpdateKeyDescription"),
    "Verify": _cryptographic("kms:Verify"),
    "VerifyMac": _cryptographic("kms:VerifyMac"),
}
