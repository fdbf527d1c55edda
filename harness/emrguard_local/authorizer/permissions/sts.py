"""STS. To assume a role its trust policy must let the caller in; identity policies count where it names the account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html

The federations (SAML, web identity) are not mapped.
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Table,
    Value,
    nothing,
    on_anything,
    request_tags,
    resource_tags,
    tag_list,
)


def _assume_role(asked: Asked) -> Iterable[Needed]:
    parameters, identity = asked.parameters, asked.call.identity
    arn = str(parameters.get("RoleArn", ""))
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[5].startswith("role/"):
        raise CannotTellError(f"{arn!r} is not the ARN of a role")
    role, account = asked.state.role(arn), parts[4]
    context = resource_tags(tag_list(role.tags), "iam") if role is not None else {}
    for name, key in (("ExternalId", "sts:ExternalId"), ("RoleSessionName", "sts:RoleSessionName")):
        if parameters.get(name) is not None:
            context[key] = str(parameters[name])
    source = parameters.get("SourceIdentity") or (identity.source_identity if identity is not None else None)
    if source:
        context["sts:SourceIdentity"] = str(source)
    tags = tag_list(parameters.get("Tags"))
    if identity is not None:
        tags |= {name: identity.session_tags[name] for name in identity.transitive_tags}
    context |= request_tags(tags)
    transitive = parameters.get("TransitiveTagKeys")
    if transitive:
        context["sts:TransitiveTagKeys"] = list(transitive)
    actions = ["sts:AssumeRole"]
    if tags or transitive:
        actions.append("sts:TagSession")
    if source:
        actions.append("sts:SetSourceIdentity")
    if parameters.get("ProvidedContexts"):
        actions.append("sts:SetContext")
    for action in actions:
        yield Needed(action, arn, context, "trust", role, account=account)


def _get_federation_token(asked: Asked) -> Iterable[Needed]:
    tags = tag_list(asked.parameters.get("Tags"))
    resource = f"arn:{asked.partition}:sts::{asked.account}:federated-user/{asked.parameters.get('Name', '')}"
    context: dict[str, Value] = request_tags(tags)
    yield Needed("sts:GetFederationToken", resource, context)
    if tags:
        yield Needed("sts:TagSession", resource, context)


TABLE: Table = {
    "AssumeRole": _assume_role,
    "DecodeAuthorizationMessage": on_anything("sts:DecodeAuthorizationMessage"),
    "GetAccessKeyInfo": on_anything("sts:GetAccessKeyInfo"),
    # Neither of these needs a permission, and no policy can forbid the first.
    "GetCallerIdentity": nothing,
    "GetFederationToken": _get_federation_token,
    "GetSessionToken": nothing,
}
