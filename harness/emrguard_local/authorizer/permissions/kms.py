"""KMS. Every action on a key is judged by its key policy as well, which alone can let identity policies count.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html

Custom key stores and the import of key material are not mapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emrguard_local.authorizer import keys
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
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
_PLAIN = {
    "BypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck",
    "EncryptionAlgorithm": "kms:EncryptionAlgorithm",
    "GranteePrincipal": "kms:GranteePrincipal",
    "KeyAgreementAlgorithm": "kms:KeyAgreementAlgorithm",
    "KeyPairSpec": "kms:DataKeyPairSpec",
    "MacAlgorithm": "kms:MacAlgorithm",
    "MessageType": "kms:MessageType",
    "PendingWindowInDays": "kms:ScheduleKeyDeletionPendingWindowInDays",
    "PrimaryRegion": "kms:PrimaryRegion",
    "ReplicaRegion": "kms:ReplicaRegion",
    "RetiringPrincipal": "kms:RetiringPrincipal",
    "RotationPeriodInDays": "kms:RotationPeriodInDays",
    "SigningAlgorithm": "kms:SigningAlgorithm",
}


def _context(parameters: Mapping[str, Any]) -> dict[str, Value]:
    """The condition keys that the parameters of a call on a key give."""
    made: dict[str, Value] = {key: _text(parameters[name]) for name, key in _PLAIN.items() if name in parameters}
    made |= keys.encryption_context(parameters.get("EncryptionContext") or {})
    made |= request_tags(tag_list(parameters.get("Tags"), "TagKey", "TagValue"))
    if "TagKeys" in parameters:
        made |= tag_keys(parameters["TagKeys"])
    if "Operations" in parameters:
        made["kms:GrantOperations"] = [str(each) for each in parameters["Operations"]]
        made["kms:GrantIsForAWSResource"] = "false"
    constraints = parameters.get("Constraints")
    if constraints:
        made["kms:GrantConstraintType"] = next(iter(constraints))
    return made


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _named(asked: Asked, name: str = "KeyId") -> keys.KeyRef:
    given = asked.parameters.get(name)
    return keys.resolve(asked, str(given), asked.region) if given else keys.unknown(asked, asked.region)


def _key(action: str) -> Rule:
    return lambda asked: (keys.use(asked, action, _named(asked), _context(asked.parameters)),)


def _of_ciphertext(asked: Asked, blob: Any, name: str) -> keys.KeyRef:
    """The key of a ciphertext, which moto writes in front of it; by the parameter `name` where that is given."""
    if asked.parameters.get(name):
        given = _named(asked, name)
        if given.key is None or not isinstance(blob, bytes) or blob[:_KEY_ID_BYTES] == given.key.id.encode():
            return given
        # Moto decrypts with the key of the ciphertext, whatever key the caller names.
        return keys.unknown(asked, asked.region)
    if not isinstance(blob, bytes) or len(blob) < _KEY_ID_BYTES:
        return keys.unknown(asked, asked.region)
    key_id = blob[:_KEY_ID_BYTES].decode("ascii", "replace")
    found = keys.resolve(asked, key_id, asked.region)
    return found if found.key is not None else keys.unknown(asked, asked.region)


def _decrypt(asked: Asked) -> Iterable[Needed]:
    ref = _of_ciphertext(asked, asked.parameters.get("CiphertextBlob"), "KeyId")
    return (keys.use(asked, "kms:Decrypt", ref, _context(asked.parameters)),)


def _re_encrypt(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    source = _of_ciphertext(asked, parameters.get("CiphertextBlob"), "SourceKeyId")
    target = _named(asked, "DestinationKeyId")
    same = "true" if source.arn == target.arn else "false"
    for action, ref, pairs in (
        ("kms:ReEncryptFrom", source, parameters.get("SourceEncryptionContext")),
        ("kms:ReEncryptTo", target, parameters.get("DestinationEncryptionContext")),
    ):
        context = {**keys.encryption_context(pairs or {}), "kms:ReEncryptOnSameKey": same}
        yield keys.use(asked, action, ref, context)


def _create_key(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    tags = tag_list(parameters.get("Tags"), "TagKey", "TagValue")
    context: dict[str, Value] = {
        "kms:BypassPolicyLockoutSafetyCheck": _text(bool(parameters.get("BypassPolicyLockoutSafetyCheck"))),
        "kms:KeyOrigin": str(parameters.get("Origin", "AWS_KMS")),
        "kms:KeySpec": str(parameters.get("KeySpec") or parameters.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"),
        "kms:KeyUsage": str(parameters.get("KeyUsage", "ENCRYPT_DECRYPT")),
        "kms:MultiRegion": _text(bool(parameters.get("MultiRegion"))),
        "kms:CallerAccount": asked.account,
        **request_tags(tags),
    }
    yield Needed("kms:CreateKey", "*", context)
    if tags:
        # No key policy is asked: the key does not exist yet.
        yield Needed("kms:TagResource", asked.arn("kms", "key/*"), context)


def _alias(action: str, *, moves: bool = False) -> Rule:
    """Actions on an alias need the right on the alias, by identity policies alone, and on its key, old and new."""

    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        name = str(parameters.get("AliasName", ""))
        context: dict[str, Value] = {"kms:CallerAccount": asked.account}
        yield Needed(action, asked.arn("kms", name), context)
        if moves or "TargetKeyId" not in parameters:
            current = keys.resolve(asked, name, asked.region)
            if current.key is not None:
                yield keys.use(asked, action, current)
        if "TargetKeyId" in parameters:
            yield keys.use(asked, action, _named(asked, "TargetKeyId"))

    return rule


def _retire_grant(asked: Asked) -> Iterable[Needed]:
    """Who holds only a grant that lets it be retired is refused: grants are not judged here."""
    token, backend = asked.parameters.get("GrantToken"), asked.state.kms(asked.region)
    ref = _named(asked)
    if token and backend is not None:
        held = (key for key in list(backend.keys.values()) for each in key.grants.values() if each.token == token)
        found = next(held, None)
        ref = keys.resolve(asked, found.id, asked.region) if found is not None else keys.unknown(asked, asked.region)
    return (keys.use(asked, "kms:RetireGrant", ref),)


TABLE: Table = {
    "CancelKeyDeletion": _key("kms:CancelKeyDeletion"),
    "CreateAlias": _alias("kms:CreateAlias"),
    "CreateGrant": _key("kms:CreateGrant"),
    "CreateKey": _create_key,
    "Decrypt": _decrypt,
    "DeleteAlias": _alias("kms:DeleteAlias"),
    "DeriveSharedSecret": _key("kms:DeriveSharedSecret"),
    "DescribeKey": _key("kms:DescribeKey"),
    "DisableKey": _key("kms:DisableKey"),
    "DisableKeyRotation": _key("kms:DisableKeyRotation"),
    "EnableKey": _key("kms:EnableKey"),
    "EnableKeyRotation": _key("kms:EnableKeyRotation"),
    "Encrypt": _key("kms:Encrypt"),
    "GenerateDataKey": _key("kms:GenerateDataKey"),
    "GenerateDataKeyPair": _key("kms:GenerateDataKeyPair"),
    "GenerateDataKeyPairWithoutPlaintext": _key("kms:GenerateDataKeyPairWithoutPlaintext"),
    "GenerateDataKeyWithoutPlaintext": _key("kms:GenerateDataKeyWithoutPlaintext"),
    "GenerateMac": _key("kms:GenerateMac"),
    "GenerateRandom": on_anything("kms:GenerateRandom"),
    "GetKeyPolicy": _key("kms:GetKeyPolicy"),
    "GetKeyRotationStatus": _key("kms:GetKeyRotationStatus"),
    "GetPublicKey": _key("kms:GetPublicKey"),
    "ListAliases": on_anything("kms:ListAliases"),
    "ListGrants": _key("kms:ListGrants"),
    "ListKeyPolicies": _key("kms:ListKeyPolicies"),
    "ListKeyRotations": _key("kms:ListKeyRotations"),
    "ListKeys": on_anything("kms:ListKeys"),
    "ListResourceTags": _key("kms:ListResourceTags"),
    "ListRetirableGrants": on_anything("kms:ListRetirableGrants"),
    "PutKeyPolicy": _key("kms:PutKeyPolicy"),
    "ReEncrypt": _re_encrypt,
    "ReplicateKey": _key("kms:ReplicateKey"),
    "RetireGrant": _retire_grant,
    "RevokeGrant": _key("kms:RevokeGrant"),
    "RotateKeyOnDemand": _key("kms:RotateKeyOnDemand"),
    "ScheduleKeyDeletion": _key("kms:ScheduleKeyDeletion"),
    "Sign": _key("kms:Sign"),
    "TagResource": _key("kms:TagResource"),
    "UntagResource": _key("kms:UntagResource"),
    "UpdateAlias": _alias("kms:UpdateAlias", moves=True),
    "UpdateKeyDescription": _key("kms:UpdateKeyDescription"),
    "UpdatePrimaryRegion": _key("kms:UpdatePrimaryRegion"),
    "Verify": _key("kms:Verify"),
    "VerifyMac": _key("kms:VerifyMac"),
}
