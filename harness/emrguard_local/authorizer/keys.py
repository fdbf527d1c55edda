"""KMS keys as calls name them, and what is judged for the use of one.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moto.kms.models import Key, KmsBackend

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import Needed, Value, resource_tags

_AWS_MANAGED = "alias/aws/"


@dataclass(frozen=True, slots=True)
class KeyRef:
    """A key that a call names. `key` is None where it does not exist, `alias` the alias by which it is named.

    `known` is False where the call does not tell which key it is about. `managed_by` names the AWS service whose key
    in this account it is, such as `s3`.
    """

    arn: str
    account: str
    region: str
    key: Key | None
    alias: str | None = None
    known: bool = True
    managed_by: str | None = None


def resolve(asked: Asked, name: str, region: str) -> KeyRef:
    """The key of an id, an ARN, an alias or the ARN of an alias, in a Region unless the ARN says another one."""
    account, kind = asked.account, name
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        if len(parts) < 6 or parts[2] != "kms":
            return unknown(asked, region)
        region, account, kind = parts[3], parts[4], parts[5]
    if kind.startswith("alias/"):
        alias, key_id = kind, None
    else:
        alias, key_id = None, kind.removeprefix("key/")
    backend = asked.state.kms(region) if account == asked.account else None
    key = _key(backend, key_id, alias) if backend is not None else None
    aliases = [alias] if key is None and alias else list(key.aliases) if key is not None else []
    managed = next((each.removeprefix(_AWS_MANAGED) for each in aliases if each.startswith(_AWS_MANAGED)), None)
    arn = key.arn if key is not None else f"arn:{asked.partition}:kms:{region}:{account}:{alias or f'key/{key_id}'}"
    return KeyRef(arn, account, region, key, alias, managed_by=managed)


def unknown(asked: Asked, region: str) -> KeyRef:
    """The key of a call that does not tell its key: no policy allows its use."""
    arn = f"arn:{asked.partition}:kms:{region}:{asked.account}:key/unknown"
    return KeyRef(arn, asked.account, region, None, known=False)


def use(
    asked: Asked,
    action: str,
    ref: KeyRef,
    context: Mapping[str, Value] | None = None,
    *,
    via: str | None = None,
) -> Needed:
    """An action on a key. `via` is the short name of the service that uses the key for the caller, such as `s3`."""
    made: dict[str, Value] = {"kms:CallerAccount": _caller_account(asked), **_key_context(asked, ref)}
    if via is not None:
        made["kms:ViaService"] = f"{via}.{ref.region}.{_suffix(asked.partition)}"
    elif asked.call.invoked_by and asked.call.invoked_by.endswith(".amazonaws.com"):
        made["kms:ViaService"] = (
            f"{asked.call.invoked_by.removesuffix('.amazonaws.com')}.{ref.region}.{_suffix(asked.partition)}"
        )
    if context:
        made |= context
    principal = None if via is None else f"{via}.amazonaws.com"
    return Needed(action, ref.arn, made, "key", ref, principal, ref.account)


def encryption_context(pairs: Mapping[str, str]) -> dict[str, Value]:
    """The condition keys of an encryption context."""
    if not pairs:
        return {}
    made: dict[str, Value] = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    made["kms:EncryptionContextKeys"] = list(pairs)
    return made


def _key(backend: KmsBackend, key_id: str | None, alias: str | None) -> Key | None:
    # Moto's own look-up makes the key of an AWS alias that does not exist yet.
    if alias is None:
        return backend.keys.get(key_id or "")
    return next((key for key in list(backend.keys.values()) if alias in key.aliases), None)


def _key_context(asked: Asked, ref: KeyRef) -> dict[str, Value]:
    made: dict[str, Value] = {}
    if ref.alias is not None:
        made["kms:RequestAlias"] = ref.alias
    key = ref.key
    if key is None:
        return made
    made["kms:KeyOrigin"] = key.origin
    made["kms:KeySpec"] = key.key_spec
    made["kms:KeyUsage"] = key.key_usage
    made["kms:MultiRegion"] = "true" if key.multi_region else "false"
    made["kms:ResourceAliases"] = list(key.aliases)
    backend = asked.state.kms(ref.region)
    if backend is not None:
        made |= resource_tags(backend.tagger.get_tag_dict_for_resource(key.id))
    return made


def _caller_account(asked: Asked) -> str:
    identity = asked.call.identity
    return identity.principal.account or asked.account if identity is not None else ""


def _suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
