"""Identity and Access Management.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    on_anything,
    pass_role,
    request_tags,
    resource_tags,
    tag_keys,
    tag_list,
)


@dataclass(frozen=True, slots=True)
class _Target:
    """What a call is about: its ARN and the condition keys that it has by itself."""

    arn: str
    context: Mapping[str, Value]
    boundary: str | None = None


_Find = Callable[[Asked], _Target]


def _role_of_name(asked: Asked, name: str) -> _Target:
    role = asked.state.role_named(name)
    if role is None:
        return _Target(asked.iam_arn(f"role/{name}"), {})
    return _Target(role.arn, resource_tags(tag_list(role.tags), "iam"), role.permissions_boundary_arn)


def _role(asked: Asked) -> _Target:
    return _role_of_name(asked, str(asked.parameters["RoleName"]))


def _user_of_name(asked: Asked, name: str) -> _Target:
    user = asked.state.iam.users.get(name)
    if user is None:
        return _Target(asked.iam_arn(f"user/{name}"), {})
    return _Target(user.arn, resource_tags(tag_list(user.tags), "iam"))


def _user(asked: Asked) -> _Target:
    """The user that the call names; without a name, the caller."""
    name = asked.parameters.get("UserName")
    return _caller(asked) if name is None else _user_of_name(asked, str(name))


def _caller(asked: Asked) -> _Target:
    principal = asked.call.identity.principal if asked.call.identity is not None else None
    if principal is None or principal.kind not in ("user", "root"):
        raise CannotTellError("it names no user, and the caller is none")
    user = asked.state.user(principal.arn)
    tags = tag_list(user.tags) if user is not None else {}
    return _Target(principal.arn, resource_tags(tags, "iam"))


def _user_of_key(asked: Asked) -> _Target:
    """The user that has the access key."""
    wanted = str(asked.parameters["AccessKeyId"])
    for name, user in list(asked.state.iam.users.items()):
        if any(key.access_key_id == wanted for key in user.access_keys):
            return _user_of_name(asked, name)
    return _Target(asked.iam_arn("user/*"), {})


def _group(asked: Asked) -> _Target:
    name = str(asked.parameters["GroupName"])
    group = asked.state.iam.groups.get(name)
    return _Target(group.arn if group is not None else asked.iam_arn(f"group/{name}"), {})


def _policy(asked: Asked) -> _Target:
    arn = str(asked.parameters["PolicyArn"])
    policy = asked.state.iam.managed_policies.get(arn)
    tags = tag_list(policy.get_tags()) if policy is not None else {}
    return _Target(arn, resource_tags(tags))


def _profile(asked: Asked) -> _Target:
    name = str(asked.parameters["InstanceProfileName"])
    # Moto has them by their id.
    profiles = list(asked.state.iam.instance_profiles.values())
    found = next((profile for profile in profiles if profile.name == name), None)
    if found is None:
        return _Target(asked.iam_arn(f"instance-profile/{name}"), {})
    return _Target(found.arn, resource_tags(tag_list(found.tags)))


def _device(asked: Asked) -> _Target:
    return _Target(str(asked.parameters["SerialNumber"]), {})


def _new(kind: str, parameter: str) -> _Find:
    """The resource that a call makes, from its path and name."""

    def find(asked: Asked) -> _Target:
        path = str(asked.parameters.get("Path") or "/")
        return _Target(asked.iam_arn(f"{kind}{path}{asked.parameters[parameter]}"), {})

    return find


def _on(action: str, find: _Find) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        target = find(asked)
        return (Needed(f"iam:{action}", target.arn, target.context),)

    return rule


def _writes(action: str, find: _Find) -> Rule:
    """Policies of a principal, for which the boundary of the principal and the managed policy are known."""

    def rule(asked: Asked) -> Iterable[Needed]:
        target = find(asked)
        context = dict(target.context)
        if target.boundary:
            context["iam:PermissionsBoundary"] = target.boundary
        if asked.parameters.get("PolicyArn"):
            context["iam:PolicyARN"] = str(asked.parameters["PolicyArn"])
        return (Needed(f"iam:{action}", target.arn, context),)

    return rule


def _bounds(action: str, find: _Find) -> Rule:
    """A new permissions boundary: the condition key is the one that the call sets."""

    def rule(asked: Asked) -> Iterable[Needed]:
        target = find(asked)
        context = {**target.context, "iam:PermissionsBoundary": str(asked.parameters["PermissionsBoundary"])}
        return (Needed(f"iam:{action}", target.arn, context),)

    return rule


def _creates(action: str, find: _Find, tagging: str | None = None) -> Rule:
    """Creation, which asks for the tagging as well when it brings tags."""

    def rule(asked: Asked) -> Iterable[Needed]:
        arn = find(asked).arn
        context = request_tags(tag_list(asked.parameters.get("Tags")))
        bounded = dict(context)
        if asked.parameters.get("PermissionsBoundary"):
            bounded["iam:PermissionsBoundary"] = str(asked.parameters["PermissionsBoundary"])
        yield Needed(f"iam:{action}", arn, bounded)
        if context and tagging is not None:
            yield Needed(f"iam:{tagging}", arn, context)

    return rule


def _tags(action: str, find: _Find) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        target = find(asked)
        context = {**target.context, **request_tags(tag_list(asked.parameters.get("Tags")))}
        return (Needed(f"iam:{action}", target.arn, context),)

    return rule


def _untags(action: str, find: _Find) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        target = find(asked)
        names = [str(each) for each in asked.parameters["TagKeys"]]
        return (Needed(f"iam:{action}", target.arn, {**target.context, **tag_keys(names)}),)

    return rule


def _renames(action: str, find: _Find, kind: str, parameter: str) -> Rule:
    """A new name or path must be allowed for the old ARN and for the new one."""

    def rule(asked: Asked) -> Iterable[Needed]:
        target = find(asked)
        yield Needed(f"iam:{action}", target.arn, target.context)
        path, _, name = target.arn.split(":", 5)[5].removeprefix(kind).rpartition("/")
        new_path = str(asked.parameters.get("NewPath") or f"{path}/")
        renamed = asked.iam_arn(f"{kind}{new_path}{asked.parameters.get(parameter) or name}")
        if renamed != target.arn:
            yield Needed(f"iam:{action}", renamed, target.context)

    return rule


def _add_role_to_profile(asked: Asked) -> Iterator[Needed]:
    target = _profile(asked)
    yield Needed("iam:AddRoleToInstanceProfile", target.arn, target.context)
    yield pass_role(asked, _role(asked).arn, "ec2.amazonaws.com")


def _create_service_linked_role(asked: Asked) -> Iterable[Needed]:
    service = str(asked.parameters["AWSServiceName"])
    # The service chooses the name.
    arn = asked.iam_arn(f"role/aws-service-role/{service}/AWSServiceRoleFor*")
    return (Needed("iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": service}),)


def _delete_service_linked_role(asked: Asked) -> Iterable[Needed]:
    target = _role(asked)
    context = dict(target.context)
    parts = target.arn.split("/")
    if len(parts) == 4 and parts[1] == "aws-service-role":
        context["iam:AWSServiceName"] = parts[2]
    return (Needed("iam:DeleteServiceLinkedRole", target.arn, context),)


def _deletion_status(asked: Asked) -> Iterable[Needed]:
    # `task/aws-service-role/<service>/<role>/<id>`
    parts = str(asked.parameters["DeletionTaskId"]).split("/")
    resource = "/".join(["role", *parts[1:4]]) if len(parts) == 5 and parts[0] == "task" else "role/*"
    return (Needed("iam:GetServiceLinkedRoleDeletionStatus", asked.iam_arn(resource)),)


_ACCOUNT_WIDE = (
    "CreateAccountAlias",
    "DeleteAccountAlias",
    "DeleteAccountPasswordPolicy",
    "GenerateCredentialReport",
    "GetAccountAuthorizationDetails",
    "GetAccountPasswordPolicy",
    "GetAccountSummary",
    "GetCredentialReport",
    "ListAccountAliases",
    "ListGroups",
    "ListInstanceProfiles",
    "ListOpenIDConnectProviders",
    "ListPolicies",
    "ListRoles",
    "ListSAMLProviders",
    "ListServerCertificates",
    "ListUsers",
    "ListVirtualMFADevices",
    "UpdateAccountPasswordPolicy",
)

TABLE: Table = {
    # The account
    **{operation: on_anything(f"iam:{operation}") for operation in _ACCOUNT_WIDE},
    # Roles
    "AttachRolePolicy": _writes("AttachRolePolicy", _role),
    "CreateRole": _creates("CreateRole", _new("role", "RoleName"), "TagRole"),
    "CreateServiceLinkedRole": _create_service_linked_role,
    "DeleteRole": _on("DeleteRole", _role),
    "DeleteRolePermissionsBoundary": _writes("DeleteRolePermissionsBoundary", _role),
    "DeleteRolePolicy": _writes("DeleteRolePolicy", _role),
    "DeleteServiceLinkedRole": _delete_service_linked_role,
    "DetachRolePolicy": _writes("DetachRolePolicy", _role),
    "GetRole": _on("GetRole", _role),
    "GetRolePolicy": _on("GetRolePolicy", _role),
    "GetServiceLinkedRoleDeletionStatus": _deletion_status,
    "ListAttachedRolePolicies": _on("ListAttachedRolePolicies", _role),
    "ListInstanceProfilesForRole": _on("ListInstanceProfilesForRole", _role),
    "ListRolePolicies": _on("ListRolePolicies", _role),
    "ListRoleTags": _on("ListRoleTags", _role),
    "PutRolePermissionsBoundary": _bounds("PutRolePermissionsBoundary", _role),
    "PutRolePolicy": _writes("PutRolePolicy", _role),
    "TagRole": _tags("TagRole", _role),
    "UntagRole": _untags("UntagRole", _role),
    "UpdateAssumeRolePolicy": _on("UpdateAssumeRolePolicy", _role),
    "UpdateRole": _on("UpdateRole", _role),
    "UpdateRoleDescription": _on("UpdateRoleDescription", _role),
    # Users
    "AttachUserPolicy": _writes("AttachUserPolicy", _user),
    "CreateUser": _creates("CreateUser", _new("user", "UserName"), "TagUser"),
    "DeleteUser": _on("DeleteUser", _user),
    "DeleteUserPermissionsBoundary": _writes("DeleteUserPermissionsBoundary", _user),
    "DeleteUserPolicy": _writes("DeleteUserPolicy", _user),
    "DetachUserPolicy": _writes("DetachUserPolicy", _user),
    "GetUser": _on("GetUser", _user),
    "GetUserPolicy": _on("GetUserPolicy", _user),
    "ListAttachedUserPolicies": _on("ListAttachedUserPolicies", _user),
    "ListGroupsForUser": _on("ListGroupsForUser", _user),
    "ListUserPolicies": _on("ListUserPolicies", _user),
    "ListUserTags": _on("ListUserTags", _user),
    "PutUserPermissionsBoundary": _bounds("PutUserPermissionsBoundary", _user),
    "PutUserPolicy": _writes("PutUserPolicy", _user),
    "TagUser": _tags("TagUser", _user),
    "UntagUser": _untags("UntagUser", _user),
    "UpdateUser": _renames("UpdateUser", _user, "user", "NewUserName"),
    # Access keys and passwords
    "ChangePassword": _on("ChangePassword", _caller),
    "CreateAccessKey": _on("CreateAccessKey", _user),
    "CreateLoginProfile": _on("CreateLoginProfile", _user),
    "DeleteAccessKey": _on("DeleteAccessKey", _user),
    "DeleteLoginProfile": _on("DeleteLoginProfile", _user),
    "GetAccessKeyLastUsed": _on("GetAccessKeyLastUsed", _user_of_key),
    "GetLoginProfile": _on("GetLoginProfile", _user),
    "ListAccessKeys": _on("ListAccessKeys", _user),
    "UpdateAccessKey": _on("UpdateAccessKey", _user),
    "UpdateLoginProfile": _on("UpdateLoginProfile", _user),
    # MFA devices
    "CreateVirtualMFADevice": _creates("CreateVirtualMFADevice", _new("mfa", "VirtualMFADeviceName"), "TagMFADevice"),
    "DeactivateMFADevice": _on("DeactivateMFADevice", _user),
    "DeleteVirtualMFADevice": _on("DeleteVirtualMFADevice", _device),
    "EnableMFADevice": _on("EnableMFADevice", _user),
    "GetMFADevice": _on("GetMFADevice", _user),
    "ListMFADeviceTags": _on("ListMFADeviceTags", _device),
    "ListMFADevices": _on("ListMFADevices", _user),
    "ResyncMFADevice": _on("ResyncMFADevice", _user),
    "TagMFADevice": _tags("TagMFADevice", _device),
    "UntagMFADevice": _untags("UntagMFADevice", _device),
    # Groups
    "AddUserToGroup": _on("AddUserToGroup", _group),
    "AttachGroupPolicy": _writes("AttachGroupPolicy", _group),
    "CreateGroup": _creates("CreateGroup", _new("group", "GroupName")),
    "DeleteGroup": _on("DeleteGroup", _group),
    "DeleteGroupPolicy": _on("DeleteGroupPolicy", _group),
    "DetachGroupPolicy": _writes("DetachGroupPolicy", _group),
    "GetGroup": _on("GetGroup", _group),
    "GetGroupPolicy": _on("GetGroupPolicy", _group),
    "ListAttachedGroupPolicies": _on("ListAttachedGroupPolicies", _group),
    "ListGroupPolicies": _on("ListGroupPolicies", _group),
    "PutGroupPolicy": _on("PutGroupPolicy", _group),
    "RemoveUserFromGroup": _on("RemoveUserFromGroup", _group),
    "UpdateGroup": _renames("UpdateGroup", _group, "group", "NewGroupName"),
    # Managed policies
    "CreatePolicy": _creates("CreatePolicy", _new("policy", "PolicyName"), "TagPolicy"),
    "CreatePolicyVersion": _on("CreatePolicyVersion", _policy),
    "DeletePolicy": _on("DeletePolicy", _policy),
    "DeletePolicyVersion": _on("DeletePolicyVersion", _policy),
    "GetPolicy": _on("GetPolicy", _policy),
    "GetPolicyVersion": _on("GetPolicyVersion", _policy),
    "ListEntitiesForPolicy": _on("ListEntitiesForPolicy", _policy),
    "ListPolicyTags": _on("ListPolicyTags", _policy),
    "ListPolicyVersions": _on("ListPolicyVersions", _policy),
    "SetDefaultPolicyVersion": _on("SetDefaultPolicyVersion", _policy),
    "TagPolicy": _tags("TagPolicy", _policy),
    "UntagPolicy": _untags("UntagPolicy", _policy),
    # Instance profiles
    "AddRoleToInstanceProfile": _add_role_to_profile,
    "CreateInstanceProfile": _creates(
        "CreateInstanceProfile", _new("instance-profile", "InstanceProfileName"), "TagInstanceProfile"
    ),
    "DeleteInstanceProfile": _on("DeleteInstanceProfile", _profile),
    "GetInstanceProfile": _on("GetInstanceProfile", _profile),
    "ListInstanceProfileTags": _on("ListInstanceProfileTags", _profile),
    "RemoveRoleFromInstanceProfile": _on("RemoveRoleFromInstanceProfile", _profile),
    "TagInstanceProfile": _tags("TagInstanceProfile", _profile),
    "UntagInstanceProfile": _untags("UntagInstanceProfile", _profile),
}
