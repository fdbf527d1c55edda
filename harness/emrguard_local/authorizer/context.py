"""The global condition keys of a call, beside those that the engine itself takes from the principal.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC

from emrguard_local.call import Call

Value = str | list[str]
_IAM_REGIONS = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def of_call(call: Call) -> dict[str, Value]:
    """The keys of the call and of its identity. Loopback counts as TLS."""
    identity, time = call.identity, call.time.astimezone(UTC)
    context: dict[str, Value] = {
        "aws:CurrentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(time.timestamp())),
        "aws:RequestedRegion": _IAM_REGIONS.get(call.partition, "us-east-1") if call.service == "iam" else call.region,
        "aws:SecureTransport": "true",
        "aws:UserAgent": call.user_agent,
        "aws:ViaAWSService": "false",
    }
    referer = call.headers.get("referer")
    if referer is not None:
        context["aws:Referer"] = referer
    if identity is None:
        return _from(call.source_ip, context)
    if identity.principal.kind == "service":
        return context | {"aws:PrincipalServiceNamesList": [identity.principal.arn], **identity.context}
    if identity.user_id:
        context["aws:userid"] = identity.user_id
    if identity.principal.kind == "user":
        context["aws:username"] = identity.principal.arn.rsplit("/", 1)[-1]
    if identity.source_identity:
        context["aws:SourceIdentity"] = identity.source_identity
    if identity.session_issued_at is not None:
        context["aws:TokenIssueTime"] = identity.session_issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        context["aws:MultiFactorAuthPresent"] = "true" if identity.mfa else "false"
    elif identity.mfa:
        # Long-term credentials have the key only where the call itself brings a code.
        context["aws:MultiFactorAuthPresent"] = "true"
    context |= identity.context
    return through(context, call.invoked_by) if call.invoked_by else _from(call.source_ip, context)


def through(context: Mapping[str, Value], service: str) -> dict[str, Value]:
    """The keys when a service acts on with the caller's rights (a forward access session).

    The address is then that of the service, which nobody here knows: a condition on it does not hold.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    """
    called = context.get("aws:CalledVia", [])
    chain = [*([called] if isinstance(called, str) else called), service]
    made = dict(context)
    for key in ("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce"):
        made.pop(key, None)
    made["aws:ViaAWSService"] = "true"
    made["aws:CalledVia"] = chain
    made["aws:CalledViaFirst"] = chain[0]
    made["aws:CalledViaLast"] = service
    return made


def _from(address: str, context: dict[str, Value]) -> dict[str, Value]:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return context
    context["aws:SourceIp"] = address
    return context
