"""Requests put to a policy as it stands: what a Deny keeps out, and what an endpoint lets through.

A rule that reads a policy's text sees one form of a mistake; a request that gets through shows any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emrguard_policies.assembly import Resource
from emrguard_policies.iam import decide
from emrguard_policies.iam.decide import Principal, Request
from emrguard_policies.iam.model import Policy
from emrguard_policies.rules.base import Violation
from emrguard_policies.rules.context import Context, Document

STRANGER = "999988887777"
"""An account that is nobody's: the number of AWS's examples."""
_OBJECT = (
    "s3:AbortMultipartUpload", "s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion",
    "s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectAcl",
    "s3:ReplicateDelete", "s3:ReplicateObject", "s3:RestoreObject",
)  # fmt: skip
_BUCKET = ("s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions")


def role(account: str, arn: str = "") -> Principal:
    """A session of a role of an account, by default of one that no policy names."""
    arn = arn or f"arn:aws:iam::{account}:role/emrguard-probe"
    session = f"arn:aws:sts::{account}:assumed-role/{arn.rpartition('/')[2]}/probe"
    return Principal("role-session", session, account, arn)


def service(name: str) -> Principal:
    """A service of AWS that acts as itself."""
    return Principal("service", name, "")


def on_bucket(arn: str) -> list[tuple[str, str]]:
    """Everything that reads, lists, changes or deletes what a bucket holds, each with what it is asked on."""
    return [(action, f"{arn}/any/object") for action in _OBJECT] + [(action, arn) for action in _BUCKET]


def unread(bucket_policies: Iterable[Document]) -> list[Violation]:
    """What to say of bucket policies to which no request can be put."""
    return [
        Violation(each.resource, each.path, f"the bucket policy cannot be read: {each.problem}", undecided=True)
        for each in bucket_policies
        if each.policy is None
    ]


def unbarred(
    policies: Iterable[Policy], who: Principal, asked: Iterable[tuple[str, str]], account: str,
    context: Mapping[str, str | list[str]] | None = None,
) -> list[tuple[str, str]]:  # fmt: skip
    """Of some pairs of action and resource those that no Deny of some resource policies meets, asked for over TLS."""
    keys = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", **(context or {})}
    left = list(asked)
    for policy in policies:
        left = decide.unbarred(policy, Request(who, "", "", keys, account), left)
    return left


def passing(
    endpoint: Policy, who: Principal, asked: Iterable[tuple[str, str]], account: str,
    context: Mapping[str, str | list[str]],
) -> list[tuple[str, str]]:  # fmt: skip
    """Of some pairs of action and resource those that an endpoint policy lets through, over TLS.

    All other policies are taken to allow them; `account` owns the resources.
    """
    keys = {"aws:ResourceAccount": account, "aws:SecureTransport": "true", **context}
    return decide.let_through(endpoint, Request(who, "", "", keys, account), asked)


def own_account(context: Context, resource: Resource) -> str:
    """The account that a resource is deployed to; a symbol where the template is for any."""
    return context.resolver.account(resource.template)
