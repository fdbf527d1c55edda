"""Systems Manager's Parameter Store. The other parts of Systems Manager are not mapped.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from moto.ssm.models import Parameter

from emrguard_local.authorizer import keys
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    request_tags,
    tag_keys,
    tag_list,
)

_AWS_KEY = "alias/aws/ssm"


def _arn(asked: Asked, name: str) -> str:
    """The ARN of a parameter; its name can carry a version or a label, and can be an ARN itself."""
    if name.startswith("arn:"):
        return ":".join(name.split(":", 6)[:6])
    name = name.split(":", 1)[0]
    if name.startswith("/aws/service/"):
        return f"arn:{asked.partition}:ssm:{asked.region}::parameter{name}"
    return asked.arn("ssm", f"parameter/{name.removeprefix('/')}")


def _names(asked: Asked, parameter: str) -> Sequence[str]:
    given = asked.parameters.get(parameter)
    names = [str(each) for each in given] if isinstance(given, list) else [str(given)] if given else []
    if not names:
        raise CannotTellError(f"{parameter} is missing")
    return names


def _on(action: str, parameter: str = "Name") -> Rule:
    return lambda asked: [Needed(action, _arn(asked, name)) for name in _names(asked, parameter)]


def _get(action: str, parameter: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        names = _names(asked, parameter)
        recursive = "true" if asked.parameters.get("Recursive") else "false"
        for name in names:
            yield Needed(action, _arn(asked, name), {"ssm:Recursive": recursive})
        if asked.parameters.get("WithDecryption"):
            for name in names:
                yield from _decrypting(asked, _arn(asked, name), below=action == "ssm:GetParametersByPath")

    return rule


def _decrypting(asked: Asked, arn: str, *, below: bool) -> Iterator[Needed]:
    """The use of the keys of secure parameters: of the one with the ARN, or of all below it."""
    for versions in list(_parameters(asked)):
        if not versions:
            continue
        found = versions[-1]
        own = _arn(asked, found.name)
        if found.parameter_type == "SecureString" and (own.startswith(f"{arn.rstrip('/')}/") if below else own == arn):
            yield from _using(asked, "kms:Decrypt", str(found.keyid or _AWS_KEY), own)


def _parameters(asked: Asked) -> Iterable[list[Parameter]]:
    backend = asked.state.ssm(asked.region)
    return backend._parameters.values() if backend is not None else ()


def _using(asked: Asked, action: str, key: str, arn: str) -> Iterator[Needed]:
    ref = keys.resolve(asked, key, asked.region)
    if ref.managed_by is None:
        yield keys.use(asked, action, ref, keys.encryption_context({"PARAMETER_ARN": arn}), via="ssm")


def _put(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    arn = _arn(asked, _names(asked, "Name")[0])
    tags = tag_list(parameters.get("Tags"))
    context: dict[str, Value] = {
        **request_tags(tags),
        "ssm:Overwrite": "true" if parameters.get("Overwrite") else "false",
    }
    yield Needed("ssm:PutParameter", arn, context)
    if tags:
        yield Needed("ssm:AddTagsToResource", arn, context)
    if parameters.get("Type") == "SecureString":
        yield from _using(asked, "kms:Encrypt", str(parameters.get("KeyId") or _AWS_KEY), arn)


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        if parameters.get("ResourceType") != "Parameter":
            raise CannotTellError(f"the authorizer knows parameters only, not {parameters.get('ResourceType')!r}")
        context = request_tags(tag_list(parameters.get("Tags")))
        if "TagKeys" in parameters:
            context |= tag_keys(parameters["TagKeys"])
        return (Needed(action, _arn(asked, _names(asked, "ResourceId")[0]), context),)

    return rule


def _describe(asked: Asked) -> Iterable[Needed]:
    # The action has no resource; this one is what its refusals name.
    return (Needed("ssm:DescribeParameters", asked.arn("ssm", "*")),)


TABLE: Table = {
    "AddTagsToResource": _tagging("ssm:AddTagsToResource"),
    "DeleteParameter": _on("ssm:DeleteParameter"),
    "DeleteParameters": _on("ssm:DeleteParameters", "Names"),
    "DescribeParameters": _describe,
    "GetParameter": _get("ssm:GetParameter", "Name"),
    "GetParameterHistory": _get("ssm:GetParameterHistory", "Name"),
    "GetParameters": _get("ssm:GetParameters", "Names"),
    "GetParametersByPath": _get("ssm:GetParametersByPath", "Path"),
    "LabelParameterVersion": _on("ssm:LabelParameterVersion"),
    "ListTagsForResource": _tagging("ssm:ListTagsForResource"),
    "PutParameter": _put,
    "RemoveTagsFromResource": _tagging("ssm:RemoveTagsFromResource"),
    "UnlabelParameterVersion": _on("ssm:UnlabelParameterVersion"),
}
