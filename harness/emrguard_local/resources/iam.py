"""AWS::IAM::Role, AWS::IAM::Policy and AWS::IAM::ManagedPolicy."""

from __future__ import annotations

import json
from typing import Any

from emrguard_local.resources.base import Created, Creation, handles, same_document
from emrguard_local.resources.shapes import TAGS, Document, Integer, ListOf, Text, record

_ROLE = record(
    ("AssumeRolePolicyDocument",),
    AssumeRolePolicyDocument=Document(),
    Description=Text(),
    ManagedPolicyArns=ListOf(Text()),
    MaxSessionDuration=Integer(),
    Path=Text(),
    PermissionsBoundary=Text(),
    Policies=ListOf(record(("PolicyName", "PolicyDocument"), PolicyName=Text(), PolicyDocument=Document())),
    RoleName=Text(),
    Tags=TAGS,
)


def _put_inline(creation: Creation, owner: str, owner_name: str, name: str, document: dict[str, Any]) -> None:
    """Put an inline policy on a role, user or group and read it back."""
    client = creation.client("iam")
    key = {f"{owner.capitalize()}Name": owner_name, "PolicyName": name}
    getattr(client, f"put_{owner}_policy")(**key, PolicyDocument=json.dumps(document))
    found = getattr(client, f"get_{owner}_policy")(**key)["PolicyDocument"]
    creation.verify(f"PolicyDocument of {name}", *same_document(document, found))


def _attach(creation: Creation, owner: str, owner_name: str, arn: str) -> None:
    """Attach a managed policy to a role, user or group and check that it is."""
    client = creation.client("iam")
    key = {f"{owner.capitalize()}Name": owner_name}
    getattr(client, f"attach_{owner}_policy")(**key, PolicyArn=arn)
    pages = client.get_paginator(f"list_attached_{owner}_policies").paginate(**key)
    attached = [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]
    if arn not in attached:
        raise creation.error(f"{arn} was not attached to {owner} {owner_name} by the local cloud")


@handles("AWS::IAM::Role", _ROLE, attributes=("Arn", "RoleId"))
def role(creation: Creation) -> Created:
    """CreateRole, inline policies and attachments; `Ref` is the role's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    """
    client = creation.client("iam")
    name = creation.get("RoleName") or creation.name(64)
    trust = creation["AssumeRolePolicyDocument"]
    asked = creation.given(
        Path="Path",
        Description="Description",
        MaxSessionDuration="MaxSessionDuration",
        PermissionsBoundary="PermissionsBoundary",
    )
    made = client.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=creation.tag_list(), **asked
    )["Role"]
    for policy in creation.get("Policies", []):
        _put_inline(creation, "role", name, policy["PolicyName"], policy["PolicyDocument"])
    for arn in creation.get("ManagedPolicyArns", []):
        _attach(creation, "role", name, arn)
    found = client.get_role(RoleName=name)["Role"]
    creation.verify("AssumeRolePolicyDocument", *same_document(trust, found["AssumeRolePolicyDocument"]))
    for key, value in asked.items():
        have = found.get(key)
        creation.verify(key, value, have.get("PermissionsBoundaryArn") if isinstance(have, dict) else have)
    creation.verify_tags({tag["Key"]: tag["Value"] for tag in found.get("Tags", [])})
    return Created(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


_HOLDERS = {"Roles": "role", "Users": "user", "Groups": "group"}


@handles(
    "AWS::IAM::Policy",
    record(
        ("PolicyName", "PolicyDocument"),
        PolicyName=Text(),
        PolicyDocument=Document(),
        Roles=ListOf(Text()),
        Users=ListOf(Text()),
        Groups=ListOf(Text()),
    ),
    attributes=("Id",),
)
def policy(creation: Creation) -> Created:
    """An inline policy on each role, user and group named; `Ref` is the policy's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html
    """
    holders = [(owner, name) for key, owner in _HOLDERS.items() for name in creation.get(key, [])]
    if not holders:
        raise creation.error("no Roles, Users or Groups: an inline policy needs at least one to be put on")
    for owner, name in holders:
        _put_inline(creation, owner, name, creation["PolicyName"], creation["PolicyDocument"])
    return Created(creation["PolicyName"], {"Id": creation["PolicyName"]})


@handles(
    "AWS::IAM::ManagedPolicy",
    record(
        ("PolicyDocument",),
        ManagedPolicyName=Text(),
        PolicyDocument=Document(),
        Description=Text(),
        Path=Text(),
        Roles=ListOf(Text()),
        Users=ListOf(Text()),
        Groups=ListOf(Text()),
    ),
    attributes=("PolicyArn", "PolicyId", "DefaultVersionId"),
)
def managed_policy(creation: Creation) -> Created:
    """CreatePolicy and its attachments; `Ref` is the policy's ARN.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    client = creation.client("iam")
    document = creation["PolicyDocument"]
    asked = creation.given(Description="Description", Path="Path")
    made = client.create_policy(
        PolicyName=creation.get("ManagedPolicyName") or creation.name(128),
        PolicyDocument=json.dumps(document),
        **asked,
    )["Policy"]
    arn = made["Arn"]
    for key, owner in _HOLDERS.items():
        for name in creation.get(key, []):
            _attach(creation, owner, name, arn)
    found = client.get_policy(PolicyArn=arn)["Policy"]
    creation.verify("ManagedPolicy", asked, found)
    version = client.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    creation.verify("PolicyDocument", *same_document(document, version["Document"]))
    return Created(arn, {"PolicyArn": arn, "PolicyId": made["PolicyId"], "DefaultVersionId": found["DefaultVersionId"]})


HANDLERS = (role, policy, managed_policy)
